"""What a week's pages on actions need: rules replayed, suggestions, and the ledger's decisions judged."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import polars as pl

from aftersales.advice.decisions import decision_verdicts
from aftersales.advice.replay import Replay, Terms, replay
from aftersales.advice.suggest import suggestions
from aftersales.week.kept import kept_frame
from aftersales.week.span import Span
from aftersales.words.language import Language

# Rules whose bad orders can be known without a score; the rest need scores or regions that a page must ask about.
REPLAYED = ("purchase_limit", "minimum_order", "hold_before_shipping", "close_unpaid_sooner")


class AdviceResults(Span):
    """Advice of a shop's week."""

    problem_products: pl.DataFrame

    @property
    def cost_of_a_refund(self) -> float:
        """Freight out and back and handling, as the shop's settings say."""
        costs = self.shop.costs
        return float(costs.freight_out + costs.freight_back + costs.handling)

    @cached_property
    def bad_orders(self) -> pl.DataFrame:
        """Orders that the seller closed as malicious: known by people, not by the search for suspects."""
        evidence: pl.DataFrame = self.order_evidence  # type: ignore[attr-defined]
        told = evidence.filter(pl.col("seller_says"))
        return told.select("order_id", case_id=pl.coalesce("buyer", "order_id").cast(pl.String)).unique("order_id")

    @cached_property
    def replays(self) -> Mapping[str, Replay]:
        """Each rule over the shop's past orders."""
        terms = Terms(loss_per_bad=self.cost_of_a_refund)
        orders, refunds = self.tables["orders"], self.tables["refunds"]
        recent = orders.lazy().filter(pl.col("created_at").dt.date().is_between(self.since, self.until))
        return {
            rule: replay(recent, self.bad_orders, rule=rule, terms=terms, refunds=refunds, known_until=self.until)
            for rule in REPLAYED
        }

    def suggestions(self, language: Language) -> pl.DataFrame:
        """What to do, told in that language."""
        return suggestions(
            self.problem_products, self.drivers(language), self.suspicious_orders(language),  # type: ignore[attr-defined]
            week=self.week, shop=self.shop.id, people=self.shop.people, replays=self.replays,
            cost_per_refund=self.cost_of_a_refund, loss_per_bad=self.cost_of_a_refund, language=language,
            currency=self.shop.currency,
        )  # fmt: skip

    @kept_frame
    def decisions_zh(self) -> pl.DataFrame:
        """Whether decisions worked, told in Chinese."""
        return self._judged("zh")

    @kept_frame
    def decisions_en(self) -> pl.DataFrame:
        """The same, told in English."""
        return self._judged("en")

    def decisions(self, language: Language) -> pl.DataFrame:
        """Whether decisions worked, told in that language."""
        return self.decisions_zh if language == "zh" else self.decisions_en

    def _judged(self, language: Language) -> pl.DataFrame:
        known = (
            self.tables["decisions"]
            .lazy()
            .filter(pl.col("decided_on").is_null() | (pl.col("decided_on") <= self.until))
        )
        return decision_verdicts(
            known, self.tables["orders"], self.tables["refunds"], week=self.week, language=language
        )
