"""The sections of 06-malicious-orders: which orders are suspected, why, what else they may be, and what to do first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from aftersales.charts.case_card import CaseCard
from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.findings.orders import expected_innocent, seller_agreement
from aftersales.tables.columns import known_sum, known_total
from aftersales.week.loading import Report
from aftersales.week.result import Result
from aftersales.week.sections.shown import lacking, only_cases
from aftersales.words.language import enumerated

# Each told case is a card; the rest stand in the table.
MOST_TOLD = 5
MOST_ROWS = 30
# Abuse of the trade that neither orders nor refunds show: coupons, gifts, reviews, insurance and what came back are in
# no export file that a layout reads.
UNSEEN = ("coupon", "gift", "review", "other_goods")
# and in China's trade, where platforms adjust prices after a sale and insure the freight of returns
UNSEEN_IN_CHINA = ("price_protection", "freight_insurance")


@dataclass(frozen=True, eq=False, repr=False)
class SuspiciousOrders(Result):
    """Orders suspected to be malicious, with the sections of their page.

    Of what the search found, cases of these ``patterns`` (empty: all) that are at least ``min_likelihood`` sure; where
    ``of_orders`` holds a table of orders, those with one of these.
    """

    report: Report
    patterns: tuple[str, ...] = ()
    min_likelihood: float = 0.0
    of_orders: tuple[pl.LazyFrame, ...] = ()

    @cached_property
    def table(self) -> pl.DataFrame:
        """A row an order of a case, with its case's ``state`` and whether that is ``decided``; surest case first."""
        return self.report.data.with_state(self._rows)

    @cached_property
    def _rows(self) -> pl.DataFrame:
        data = self.report.data
        rows = data.suspicious_orders(self.report.language)
        rows = rows.filter(pl.col("case_probability") >= self.min_likelihood) if self.min_likelihood else rows
        rows = rows.filter(pl.col("pattern").is_in(self.patterns)) if self.patterns else rows
        if not self.of_orders:
            return rows
        mine = self.of_orders[0].select("order_id").unique().collect()["order_id"]
        cases = rows.filter(pl.col("order_id").is_in(mine.implode()))["case_id"].unique()
        return rows.filter(pl.col("case_id").is_in(cases.implode()))

    @property
    def definition(self) -> str:
        """How the list of cases is sorted and what its likelihood means."""
        return self.report.say("suspects.caption_cases", weeks=self.report.data.options.suspect_weeks)

    @property
    def caveats(self) -> tuple[str, ...]:
        """How many may be innocent, and what can no longer be known."""
        return self.innocents().text, self.unknown().text

    def plot(self) -> Stack | Note:
        """The first open cases, a card each."""
        return self.told()

    def shown(self) -> tuple[Any, ...]:
        """The answer and the cases."""
        return self.answer(), self.case_list()

    def answer(self) -> Verdict:
        """How many open cases and orders are suspected, how much money hangs on them, and what to do first."""
        rows = self.table
        waiting = rows.filter(~pl.col("decided"))
        done = {"done": count} if (count := rows.filter("decided")["case_id"].n_unique()) else {}
        if waiting.is_empty():
            weeks = self.report.data.options.suspect_weeks
            none = self.report.say("suspects.all_decided" if done else "suspects.none", weeks=weeks, **done)
            return Verdict(self._only(none), language=self.report.language)
        cases = _cases(waiting)
        headline = self.report.say(
            "suspects.verdict_decided" if done else "suspects.verdict",
            cases=cases.height,
            money=_money(waiting),
            orders=waiting["order_id"].n_unique(),
            waiting=int(waiting["waiting"].sum()),
            **done,
        )
        first = _first(cases).head(3)
        points = [Conclusion(_title(self.report, row), do=row["next_step"]) for row in first.iter_rows(named=True)]
        return Verdict(self._only(headline), tuple(points), language=self.report.language)

    def _only(self, headline: str) -> str:
        """The headline with what the list is limited to."""
        return only_cases(
            self.report, headline, named="suspects.pattern", patterns=self.patterns, least=self.min_likelihood
        )

    def innocents(self) -> Note:
        """How many of the open cases on the list are expected to be innocent."""
        waiting = self.table.filter(~pl.col("decided"))
        return Note(
            expected_innocent(waiting, language=self.report.language), language=self.report.language, look="plain"
        )

    @cached_property
    def _cases_in_order(self) -> pl.DataFrame:
        return _first(_cases(self.table))

    def case_list(self) -> Table:
        """The cases: open ones first, of them those that still wait to be shipped, then by money."""
        word = self.report.say
        cases = self._cases_in_order
        named = [word(f"suspects.pattern.{pattern}") for pattern in cases["pattern"]]
        likely = pl.when(~pl.col("decided")).then("case_probability")
        cases = cases.with_columns(pattern_word=pl.Series(named, dtype=pl.String), case_probability=likely)
        columns = (
            Column("pattern_word", word("suspects.column.case"), strong=True, below="case_id"),
            Column("state", word("suspects.column.state"), "word", prefix="case.state."),
            Column("first_day", word("suspects.column.first"), "day"),
            Column("last_day", word("suspects.column.last"), "day"),
            Column("orders", word("suspects.column.orders"), "int"),
            Column("asked", word("suspects.column.asked"), "int"),
            Column("waiting", word("suspects.column.waiting"), "int"),
            Column("money", word("suspects.column.money"), "money"),
            Column("case_probability", word("suspects.column.probability"), "likelihood", align="left"),
        )
        return Table(
            cases.head(MOST_ROWS),
            columns,
            language=self.report.language,
            id="suspected-cases",
            total=cases.height,
            currency=self.report.data.shop.currency,
            empty=word("suspects.none"),
            caption=word("suspects.caption_cases", weeks=self.report.data.options.suspect_weeks),
            anchor="case_id",
        )

    def told(self) -> Stack | Note:
        """The first open cases, a card each: why each is on the list, what else it may be, and what to do next."""
        rows = self.table.filter(~pl.col("decided"))
        if rows.is_empty():
            return lacking(self.report, "suspects.none_open")
        return Stack(
            [
                CaseCard(
                    _title(self.report, row),
                    row["case_id"],
                    grounds=row["reasons"],
                    innocent=row["innocent_explanations"],
                    do=row["next_step"],
                    language=self.report.language,
                )
                for row in _first(_cases(rows)).head(MOST_TOLD).iter_rows(named=True)
            ]
        )

    def orders_listed(self) -> Table:
        """The orders of the cases, one row each, newest first."""
        word, rows = self.report.say, self._rows
        listed = self._cases_in_order.head(MOST_ROWS)["case_id"].to_list()
        newest = rows.sort("created_at", "order_id", descending=[True, False]).with_columns(
            outcome=pl.when("waiting")
            .then(pl.lit(word("suspects.outcome.waiting")))
            .when("asked")
            .then(pl.lit(word("suspects.outcome.asked")))
            .otherwise(pl.lit(word("suspects.outcome.kept"))),
            case=pl.when(pl.col("case_id").is_in(listed)).then("#" + pl.col("case_id")),
        )
        columns = (
            Column("order_id", word("suspects.column.order"), "code", below="case_id", href="case"),
            Column("created_at", word("suspects.column.placed"), "clock"),
            Column("province", word("suspects.column.province"), "name", align="left"),
            Column("outcome", word("suspects.column.outcome")),
            Column("money_at_risk", word("suspects.column.money"), "money"),
            Column("probability", word("suspects.column.probability"), "likelihood", align="left"),
        )
        return Table(
            newest.head(MOST_ROWS),
            columns,
            language=self.report.language,
            id="suspected-orders",
            total=newest.height,
            currency=self.report.data.shop.currency,
            empty=word("suspects.none"),
        )

    def return_numbers(self) -> Table:
        """What return numbers were checked for: shown, honest ones to be expected, and what cannot be assessed."""
        word, data = self.report.say, self.report.data
        counts = data.return_numbers.row(0, named=True)
        checks = data.return_checks.with_columns(
            name=pl.Series([word(f"suspects.return_check.{c}") for c in data.return_checks["check"]], dtype=pl.String),
            note=pl.Series([self._basis(row) for row in data.return_checks.iter_rows(named=True)], dtype=pl.String),
            assessed=pl.when(pl.col("assessed") > 0).then("assessed"),
            shown=pl.when(pl.col("assessed") > 0).then("shown"),
        )
        columns = (
            Column("name", word("suspects.column.check")), Column("assessed", word("suspects.column.assessed"), "int"),
            Column("shown", word("suspects.column.shown"), "int"),
            Column("expected_innocent", word("suspects.column.expected"), "few"),
            Column("note", word("suspects.column.basis")),
        )  # fmt: skip
        return Table(
            checks,
            columns,
            language=self.report.language,
            id="return-numbers",
            caption=word("suspects.caption_returns", **counts),
        )

    def _basis(self, row: dict[str, Any]) -> str:
        word = self.report.say
        if row["basis"]:
            return word(f"suspects.return_basis.{row['basis']}")
        if not row["lacking"]:
            return word("suspects.return_basis.none")
        return word(
            "suspects.return_lacks",
            needs=enumerated([word(f"suspects.return_needs.{n}") for n in row["lacking"]], self.report.language),
        )

    def not_assessed(self) -> Table:
        """Kinds of abuse that no export file shows, what each would need, and what is fair all the same."""
        word, parts = self.report.say, ("abuse", "needs", "innocent")
        kinds = (*UNSEEN, *(UNSEEN_IN_CHINA if self.report.data.shop.market == "cn" else ()))
        rows = pl.DataFrame([{part: word(f"suspects.unseen.{kind}.{part}") for part in parts} for kind in kinds])
        columns = tuple(Column(part, word(f"suspects.column.{part}")) for part in rows.columns)
        return Table(rows, columns, language=self.report.language, id="not-assessed")

    def seller_label(self) -> Note:
        """How the list agrees with the orders that the seller closed as malicious."""
        rows = self._rows
        counts = seller_agreement(rows, told=self.report.data.conduct_known["told"][0])
        key = "suspects.seller_agrees" if counts["told"] else "suspects.seller_silent"
        return lacking(self.report, key, weeks=self.report.data.options.suspect_weeks, **counts)

    def unknown(self) -> Note:
        """What can no longer be known where the platform masks buyers."""
        known = self.report.data.conduct_known.row(0, named=True)
        if known["share_masked"]:
            return lacking(self.report, "suspects.masked", share=known["share_masked"])
        return lacking(self.report, "suspects.unmasked" if known["with_keys"] else "suspects.no_keys")


def _cases(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("case_id", maintain_order=True).agg(
        pl.col("pattern", "reasons", "innocent_explanations", "next_step", "state", "decided").first(),
        pl.col("case_probability").first(),
        first_day=pl.col("created_at").min().dt.date(),
        last_day=pl.col("created_at").max().dt.date(),
        orders=pl.len(),
        asked=pl.col("asked").sum(),
        waiting=pl.col("waiting").sum(),
        money=known_sum(pl.col("money_at_risk")).cast(pl.Float64),  # to the cent, whatever the order of the rows
    )


def _first(cases: pl.DataFrame) -> pl.DataFrame:
    """What is open comes first, of it what can still be stopped, then the most money."""
    open_first = (pl.col("decided"), (pl.col("waiting") == 0) | pl.col("decided"))
    return cases.sort(*open_first, "money", "case_id", descending=[False, False, True, False], nulls_last=True)


def _title(report: Report, row: dict[str, object]) -> str:
    pattern = report.say(f"suspects.pattern.{row['pattern']}")
    title = report.say("suspects.case", pattern=pattern, **{k: row[k] for k in ("orders", "first_day", "money")})
    return title[:1].upper() + title[1:]


def _money(rows: pl.DataFrame) -> float | None:
    total = known_total(rows.unique("order_id")["money_at_risk"])
    return None if total is None else float(total)
