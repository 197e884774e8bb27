"""The sections of 07-malicious-complaints: which complaints the records contradict, why, and what to do first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from aftersales.charts.case_card import CaseCard
from aftersales.charts.markup import anchor
from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.findings.products import with_product_headlines
from aftersales.measures.recalibration import most_innocent
from aftersales.tables.columns import known_total
from aftersales.week.loading import Report
from aftersales.week.result import Result
from aftersales.week.sections.shown import lacking, only_cases
from aftersales.week.span import QUARTER_WEEKS

# Each told complaint is a card; the rest stand in the table.
MOST_TOLD = 6
MOST_ROWS = 30


@dataclass(frozen=True, eq=False, repr=False)
class SuspiciousComplaints(Result):
    """Complaints that the records contradict, with the sections of their page.

    Of the list of twelve weeks, complaints filed in the last ``weeks``, of these ``patterns`` (empty: all), at least
    ``min_likelihood`` sure; where ``of_orders`` holds a table of orders, those about one of these.
    """

    report: Report
    weeks: int = QUARTER_WEEKS
    patterns: tuple[str, ...] = ()
    min_likelihood: float = 0.0
    of_orders: tuple[pl.LazyFrame, ...] = ()

    @cached_property
    def table(self) -> pl.DataFrame:
        """A row a complaint, with its ``state`` and whether that is ``decided``, in the order to work through them."""
        data = self.report.data
        rows = data.with_state(self._chosen(data.suspicious_complaints(self.report.language).lazy()).collect())
        rows = rows.filter(pl.col("probability") >= self.min_likelihood) if self.min_likelihood else rows
        rows = rows.filter(pl.col("pattern").is_in(self.patterns)) if self.patterns else rows
        waits = (pl.col("evidence_due_at").dt.date() > data.until).fill_null(value=False) & ~pl.col("decided")
        due = pl.when(waits).then("evidence_due_at")
        order = ("decided", due, "probability", "complaint_id")
        return rows.sort(*order, descending=[False, False, True, False], nulls_last=True)

    @cached_property
    def looked_at(self) -> int:
        """Complaints filed in these weeks."""
        filed = self._chosen(self.report.data.tables["complaints"])
        return int(filed.select(pl.len()).collect().item())

    @property
    def _since(self) -> date:
        return self.report.data.week.shift(1 - self.weeks).monday

    def _chosen(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Complaints of these weeks and orders."""
        rows = rows.filter(pl.col("filed_at").dt.date().is_between(self._since, self.report.data.until))
        return (
            rows.join(self.of_orders[0], on="order_id", how="semi", maintain_order="left") if self.of_orders else rows
        )

    @property
    def _open(self) -> pl.DataFrame:
        return self.table.filter(~pl.col("decided"))

    @property
    def definition(self) -> str:
        """How the list is sorted and what its likelihood means."""
        return self.report.say("suspected_complaint.page.caption")

    @property
    def caveats(self) -> tuple[str, ...]:
        """How many may be true, and which checks could not be made."""
        return self.innocents().text, *(note.text for note in self.unknown().items)

    def plot(self) -> Stack | Note:
        """The first open complaints, a card each."""
        return self.told()

    def shown(self) -> tuple[Any, ...]:
        """The answer and the list."""
        return self.answer(), self.complaint_list()

    def answer(self) -> Verdict:
        """How many complaints the records contradict, what the open ones ask for, which come first."""
        report, rows, waiting = self.report, self.table, self._open
        if rows.is_empty():
            return Verdict(self._only(self._why_empty()), language=report.language)
        told = {"n": rows.height, "whole": self.looked_at, "weeks": self.weeks}
        if waiting.is_empty():
            return Verdict(
                self._only(report.say("suspected_complaint.page.all_closed", **told)), language=report.language
            )
        headline = report.say(
            "suspected_complaint.page.verdict",
            **told,
            waiting=waiting.height,
            money=known_total(waiting["asked"]),
            open=waiting.filter(pl.col("evidence_due_at").dt.date() > report.data.until).height,
        )
        points = [Conclusion(_title(report, row), do=row["next_step"]) for row in waiting.head(3).iter_rows(named=True)]
        return Verdict(self._only(headline), tuple(points), language=report.language)

    def _only(self, headline: str) -> str:
        """The headline with what the list is limited to."""
        return only_cases(
            self.report,
            headline,
            named="suspected_complaint.pattern",
            patterns=self.patterns,
            least=self.min_likelihood,
        )

    def innocents(self) -> Note:
        """How many of the open ones on the list are expected to be innocent."""
        rows = self._open
        if rows.is_empty():
            return Note(self._why_empty(), language=self.report.language, look="plain")
        expected = float((1 - rows["probability"]).sum())
        most = most_innocent(rows["probability"])
        said = self.report.say("suspected_complaint.page.innocents", n=rows.height, expected=expected, most=most)
        return Note(said, language=self.report.language, look="plain")

    def complaint_list(self) -> Table:
        """The list: what can still be answered first, by its deadline, then the likeliest; closed complaints follow."""
        word, rows = self.report.say, self.table
        patterns = [word(f"suspected_complaint.pattern.{p}") for p in rows["pattern"]]
        faults = [word(f"suspected_complaint.fault.{f or 'unknown'}") for f in rows["fault"]]
        grounds = [word(f"suspected_complaint.ground.{g or 'unknown'}") for g in rows["fault_ground"]]
        rows = rows.with_columns(
            pattern_word=pl.Series(patterns, dtype=pl.String),
            fault_word=pl.Series(faults, dtype=pl.String),
            ground_word=pl.Series(grounds, dtype=pl.String),
            probability=pl.when(~pl.col("decided")).then("probability"),
            place=pl.Series([anchor("complaint", one) for one in rows["complaint_id"]], dtype=pl.String),
        )
        columns = (
            Column("pattern_word", word("suspected_complaint.column.pattern"), strong=True, below="complaint_id"),
            Column("state", word("suspects.column.state"), "word", prefix="case.state."),
            Column("filed_at", word("suspected_complaint.column.filed"), "clock"),
            Column("evidence_due_at", word("suspected_complaint.column.due"), "clock"),
            Column("asked", word("suspected_complaint.column.asked"), "money"),
            Column("value", word("suspected_complaint.column.value"), "money"),
            Column("fault_word", word("suspected_complaint.column.fault"), below="ground_word"),
            Column("probability", word("suspected_complaint.column.probability"), "likelihood", align="left"),
        )
        return Table(
            rows.head(MOST_ROWS),
            columns,
            language=self.report.language,
            id="suspected-complaints",
            total=rows.height,
            currency=self.report.data.shop.currency,
            empty=self._why_empty(),
            caption=word("suspected_complaint.page.caption"),
            anchor="place",
        )

    def told(self) -> Stack | Note:
        """The first open complaints, a card each: contradictions, what speaks for the buyer, what to do next."""
        rows = self._open.head(MOST_TOLD)
        if rows.is_empty():
            return Note(self._why_empty(), language=self.report.language, look="plain")
        say, bad_goods = self.report.say, _bad_goods(self.report, rows["order_id"].drop_nulls())
        return Stack(
            [
                CaseCard(
                    say("suspected_complaint.page.title", title=_title(self.report, row), order=row["order_id"] or "–"),
                    row["complaint_id"],
                    grounds=row["contradictions"],
                    innocent=[*bad_goods.get(row["order_id"], ()), *row["innocent_explanations"]],
                    do=row["next_step"],
                    language=self.report.language,
                )
                for row in rows.iter_rows(named=True)
            ]
        )

    def unknown(self) -> Stack:
        """Which checks had to be left out for want of a file."""
        absent = [t for t in ("complaints", "parcels", "messages") if not self.report.data.rows_of(t)]
        keys = [f"suspected_complaint.page.no_{t}" for t in absent] or ["suspected_complaint.page.all_files"]
        return Stack([lacking(self.report, key, weeks=self.weeks) for key in keys])

    def _why_empty(self) -> str:
        if self.table.height:
            return self.report.say("suspected_complaint.page.none_open")
        key = "none" if self.looked_at else "no_complaints"
        return self.report.say(f"suspected_complaint.page.{key}", weeks=self.weeks)


def _bad_goods(report: Report, orders: pl.Series) -> dict[str, list[str]]:
    """By order, what of it stands on the list of problem products: a complaint about that may well be true."""
    data, scope = report.data, ("sku", "batch")
    told = with_product_headlines(data.problem_products, language=report.language, currency=data.shop.currency)
    listed = told.select("product_id", "headline", *(pl.col(c).alias(f"listed_{c}") for c in scope))
    held = data.tables["orders"].filter(pl.col("order_id").is_in(orders.implode()))
    held = held.select("order_id", "product_id", *scope).unique().join(listed.lazy(), on="product_id")
    same = (pl.col(f"listed_{c}").is_null() | pl.col(c).is_null() | (pl.col(c) == pl.col(f"listed_{c}")) for c in scope)
    said: dict[str, list[str]] = {}
    for order, headline in held.filter(*same).select("order_id", "headline").unique().sort(pl.all()).collect().rows():
        said.setdefault(order, []).append(report.say("suspected_complaint.innocent.bad_goods", told=headline))
    return said


def _title(report: Report, row: dict[str, object]) -> str:
    pattern = report.say(f"suspected_complaint.pattern.{row['pattern']}")
    key = "suspected_complaint.page.case" if row["asked"] is None else "suspected_complaint.page.case_asked"
    values = {} if row["asked"] is None else {"asked": row["asked"]}
    title = report.say(key, pattern=pattern, day=row["filed_at"], **values)
    return title[:1].upper() + title[1:]
