"""What a week's pages on actions need: rules replayed, suggestions, and the ledger's decisions judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import polars as pl

from aftersales.advice.courier_swap import courier_swaps
from aftersales.advice.decisions import judged_decisions, with_decision_headlines, with_levers
from aftersales.advice.known_bad import known_bad, never_paid, shipped_in_vain
from aftersales.advice.order_rules import order_facts
from aftersales.advice.refund_rules import replay_auto_approve
from aftersales.advice.replay import replay
from aftersales.advice.replay_record import Replay, as_frame, of_frame
from aftersales.advice.standardise import Swap
from aftersales.advice.suggest import suggestions
from aftersales.advice.terms import Terms, assumed_terms
from aftersales.findings.products import with_product_headlines
from aftersales.findings.service import service_findings
from aftersales.measures.case_outcomes import confirmed_orders
from aftersales.measures.sales import product_sales
from aftersales.tables.columns import Frame
from aftersales.week.cache import cached_frame, chosen_frame, whole_frame
from aftersales.week.span import QUARTER_WEEKS, Span
from aftersales.words.language import Language
from aftersales.words.markets import price_level

# In the order in which a page shows them; together those that look at the same things of an order, for all of a large
# shop's facts at once take gigabytes.
TOGETHER = (
    ("purchase_limit", "manual_review", "minimum_order", "region_restriction"),
    ("hold_before_shipping", "close_unpaid_sooner"),
)
REPLAYED = tuple(rule for rules in TOGETHER for rule in rules)

_OF_ORDERS = (
    "order_id", "buyer_key", "address_key", "phone_key", "province", "product_id", "created_at", "paid_at",
    "shipped_at", "amount", "paid", "status",
)  # fmt: skip


class AdviceResults(Span):
    """Advice of a shop's week."""

    problem_products: pl.DataFrame
    signals: pl.DataFrame
    all_drivers: Callable[[Language], pl.DataFrame]
    suspicious_orders: Callable[[Language], pl.DataFrame]
    suspicious_complaints: Callable[[Language], pl.DataFrame]

    @property
    def cost_of_a_refund(self) -> float:
        """Freight out and back and handling, as the shop's settings say."""
        costs = self.shop.costs
        return float(costs.freight_out + costs.freight_back + costs.handling)

    @cached_property
    def terms(self) -> Terms:
        """The money of advice; what a bad order costs is the shop's own."""
        level = price_level(self.shop.currency)
        return assumed_terms(loss_per_bad=self.cost_of_a_refund, price_level=level)

    @whole_frame
    def bad_orders(self) -> pl.DataFrame:
        """Bad orders on record: decided cases, the platform, the seller's close reason, refused parcels; no score."""
        costs = self.shop.costs
        return known_bad(
            self.tables.parts("orders"),
            self.tables["refunds"],
            until=self.until,
            parcels=self.tables["parcels"],
            confirmed=confirmed_orders(self.tables["cases"], self.tables["case_members"], until=self.until),
            freight_out=costs.freight_out,
            freight_back=costs.freight_back,
            handling=costs.handling,
        )

    @property
    def recent_orders(self) -> pl.LazyFrame:
        """Order lines of sixty weeks, with what the replays look at."""
        return self._recent(self.tables["orders"])

    def _recent(self, orders: Frame) -> pl.LazyFrame:
        columns = [c for c in _OF_ORDERS if c in orders.collect_schema()]
        return orders.lazy().filter(pl.col("created_at").dt.date().is_between(self.since, self.until)).select(columns)

    @cached_frame
    def never_paid(self) -> pl.DataFrame:
        """Orders placed and never paid, with what their locked stock lost."""
        return never_paid(self.recent_orders, until=self.until, locked_share=self.terms.locked_share)

    @cached_property
    def replays(self) -> Mapping[str, Replay]:
        """Each rule over the shop's past, by name."""
        return of_frame(self.replayed)

    @chosen_frame("rule", "thresholds")
    def replayed(self) -> pl.DataFrame:
        """The replays as one frame."""
        refunds, recent, chosen = self.tables["refunds"], self.recent_orders, self.options
        own = {chosen.rule: chosen.thresholds} if chosen.thresholds else {}
        of = {
            "hold_before_shipping": shipped_in_vain(recent, refunds, until=self.until, loss=self.cost_of_a_refund),
            "close_unpaid_sooner": self.never_paid,
            # what was won had been found by a search that looks at the same facts as the score
            "manual_review": self.bad_orders.filter(pl.col("source") != "case"),
        }
        found: dict[str, Replay] = {}
        for rules in TOGETHER:
            facts = order_facts([self._recent(part) for part in self.tables.parts("orders")], refunds, rules=rules)
            for rule in rules:
                bad = of.get(rule, self.bad_orders)
                found[rule] = replay(
                    None,
                    bad,
                    rule=rule,
                    terms=self.terms,
                    facts=facts,
                    known_until=self.until,
                    thresholds=own.get(rule),
                )
            del facts
        handling = self.shop.costs.handling
        found["auto_approve"] = replay_auto_approve(
            refunds, until=self.until, since=self.since, handling=handling, thresholds=own.get("auto_approve")
        )
        return as_frame(found)

    def service_findings(self, language: Language) -> pl.DataFrame:
        """What stands out in service, told in that language."""
        return service_findings(
            self.signals,
            self.tables["complaints"],
            self.suspicious_complaints(language),
            self.suspicious_orders(language),
            self.never_paid,
            week=self.week,
            language=language,
            currency=self.shop.currency,
        )

    @cached_property
    def swaps(self) -> Mapping[str, tuple[str, Swap]]:
        """By segment that names a courier, the one to change to; the same in every language."""
        return courier_swaps(
            self.tables["orders"],
            self.tables["refunds"],
            self.all_drivers(self.shop.language[0]),
            since=self.quarter,
            until=self.until,
        )

    @cached_frame
    def quarter_sales(self) -> pl.DataFrame:
        """Orders of twelve weeks and their money, by product and in all (`product_sales`)."""
        return product_sales(self.tables.parts("orders"), since=self.quarter, until=self.until)

    @cached_property
    def prices(self) -> dict[str, float]:
        """What an order of each product came to on average, over twelve weeks."""
        known = self.quarter_sales.drop_nulls("product_id")
        return dict(known.select("product_id", pl.col("amount") / pl.col("orders")).iter_rows())

    @property
    def orders_a_week(self) -> float:
        """Orders created in a week, on average over twelve."""
        return float(self.quarter_sales.filter(pl.col("product_id").is_null())["orders"].sum()) / QUARTER_WEEKS

    @cached_property
    def suggestions_zh(self) -> pl.DataFrame:
        """What to do, told in Chinese."""
        return self._suggested("zh")

    @cached_property
    def suggestions_en(self) -> pl.DataFrame:
        """The same, told in English."""
        return self._suggested("en")

    def suggestions(self, language: Language) -> pl.DataFrame:
        """What to do, told in that language. Not kept on disk: owners' names are no part of what results go by."""
        return self.suggestions_zh if language == "zh" else self.suggestions_en

    def _suggested(self, language: Language) -> pl.DataFrame:
        products = with_product_headlines(self.problem_products, language=language, currency=self.shop.currency)
        drivers = self.all_drivers(language)
        return suggestions(
            products,
            drivers,
            self.suspicious_orders(language),
            week=self.week,
            shop=self.shop.id,
            service=self.service_findings(language),
            people=self.shop.people,
            replays=self.replays,
            swaps=self.swaps,
            decisions=self.ledger,
            prices=self.prices,
            orders_a_week=self.orders_a_week,
            terms=self.terms,
            capacity_days=self.options.capacity_days,
            cost_per_refund=self.cost_of_a_refund,
            loss_per_bad=self.cost_of_a_refund,
            language=language,
            currency=self.shop.currency,
            market=self.shop.market,
        )

    @cached_property
    def ledger(self) -> pl.DataFrame:
        """Decisions taken up to the week, with what suggestions call them (`with_levers`)."""
        rows = self.tables["decisions"].lazy()
        taken = rows.filter(pl.col("decided_on").is_null() | (pl.col("decided_on") <= self.until)).collect()
        return with_levers(taken, self.tables["orders"] if taken.height else self.tables["orders"].head(0))

    @chosen_frame("weeks_after", "level")
    def judged_decisions(self) -> pl.DataFrame:
        """Whether decisions worked, in no language yet."""
        return judged_decisions(
            self.ledger,
            self.tables["orders"],
            self.tables["refunds"],
            week=self.week,
            market=self.shop.market,
            bad=self.bad_orders,
            weeks_after=self.options.weeks_after,
            level=self.options.level,
        )

    def decisions(self, language: Language) -> pl.DataFrame:
        """Whether decisions worked, told in that language."""
        return with_decision_headlines(self.judged_decisions, language=language, level=self.options.level)
