"""The sections of 09-did-it-work: which decisions worked, how that is known, and what cannot be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from shlex import quote
from typing import Any

import polars as pl

from aftersales.advice.decisions import decision_name, taken_back
from aftersales.advice.effect_weeks import EFFECT_WEEKS
from aftersales.advice.suggest import spoken_measure
from aftersales.charts.actions import effect_table
from aftersales.charts.before_after import before_after
from aftersales.charts.figure import Chart
from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.tables.ledger import finding_id
from aftersales.week.loading import Report
from aftersales.week.result import Result
from aftersales.week.sections.shown import lacking
from aftersales.words.errors import unknown
from aftersales.words.language import percent

# A page holds ten pictures before it grows too heavy; the newest decisions are the ones asked about.
MOST_PICTURES = 6


@dataclass(frozen=True, eq=False, repr=False)
class Decisions(Result):
    """Whether what was decided worked, with the sections of its page; ``chosen`` is the one that is drawn, if any."""

    report: Report
    chosen: str = ""

    @cached_property
    def table(self) -> pl.DataFrame:
        """A row a decision, newest first (`advice.decisions.judged_decisions`), told in the report's language."""
        rows = self.report.data.decisions(self.report.language)
        if self.chosen and self.chosen not in rows["decision_id"]:
            raise unknown("decision called", self.chosen, rows["decision_id"])
        return rows

    @property
    def newest(self) -> str:
        """The id of the newest decision; empty where there is none."""
        return self.table["decision_id"][0] if self.table.height else ""

    def __getitem__(self, decision_id: str) -> Decision:
        """One decision by its id."""
        found = Decisions(self.report, decision_id)
        return Decision(self.report, found.table.row(by_predicate=pl.col("decision_id") == decision_id, named=True))

    @property
    def definition(self) -> str:
        """How a decision is judged."""
        return self.report.say("advice.page.judged", level=self.report.data.options.level)

    def plot(self) -> Stack | Note:
        """The weeks around the decisions."""
        return self.pictures()

    def shown(self) -> tuple[Any, ...]:
        """The answer and the verdicts."""
        return self.answer(), self.verdicts()

    def answer(self) -> Verdict:
        """How many decisions worked, did not, or cannot be told."""
        rows = self.table
        if rows.is_empty():
            return Verdict(self.report.say("charts.effect.none"), language=self.report.language)
        counts = {
            v: int((rows["verdict"] == v).sum()) for v in ("worked", "did_not", "harmed", "too_early", "cannot_tell")
        }
        headline = self.report.say("advice.page.worked", count=rows.height, **counts)
        known = rows.filter(pl.col("change").is_not_null()).sort(pl.col("verdict") == "harmed", descending=True)
        points = [Conclusion(row["headline"], do=self._take_back(row)) for row in known.head(3).iter_rows(named=True)]
        return Verdict(headline, tuple(points), language=self.report.language)

    def _take_back(self, row: Mapping[str, Any]) -> str:
        """How to record that a decision which did harm is taken back; nothing for any other."""
        if row["verdict"] != "harmed" or row["decision_id"] in taken_back(self.report.data.ledger):
            return ""
        command = (
            f"aftersales decide {self.report.data.shop.id} {quote(row['decision_id'])} --withdraw --owner … --from …"
        )
        return self.report.say("advice.page.take_back", command=command)

    def verdicts(self) -> Table:
        """Each decision with its rate before and after, and the verdict."""
        rows = self.table
        told = [
            pl.Series(c, [None if r is None else percent(r) for r in rows[f"rate_{c}"]], dtype=pl.String)
            for c in ("before", "after")
        ]
        names = [decision_name(row, self.report.language).rstrip(": ：") for row in rows.iter_rows(named=True)]
        measures = [_measure(self.report, m) for m in rows["measure"]]
        frame = rows.select(
            "verdict", measure=pl.Series(measures, dtype=pl.String), action=pl.Series(names, dtype=pl.String)
        ).with_columns(told)
        return effect_table(frame, id="decisions", language=self.report.language)

    def pictures(self) -> Stack | Note:
        """The weeks around each decision that could be measured, and how far untouched ones moved meanwhile."""
        rows = self.table.filter(pl.col("weeks").list.len() > 0)
        rows = (rows.filter(decision_id=self.chosen) if self.chosen else rows).head(MOST_PICTURES)
        if rows.is_empty():
            return lacking(self.report, "charts.effect.none")
        return Stack([_picture(self.report, row) for row in rows.iter_rows(named=True)])

    def told(self) -> Stack | Note:
        """Decisions without a verdict, each with the reason in words."""
        rows = self.table.filter(pl.col("verdict").is_in(["too_early", "cannot_tell"]))
        if rows.is_empty():
            return lacking(self.report, "advice.page.all_told")
        return Stack([Note(text, language=self.report.language, look="plain") for text in rows["headline"]])

    def evidence(self) -> Table:
        """What each verdict rests on: weeks, units compared with, and how often untouched ones moved as far."""
        word = self.report.say
        rows = self.table
        method = [word(f"advice.method.{m}") if m else None for m in rows["method"]]
        columns = (
            Column("decision_id", word("advice.column.decision"), "code", strong=True),
            Column("effective_from", word("advice.column.from"), "day"),
            Column("method", word("advice.column.method")),
            Column("weeks_after", word("advice.column.weeks"), "int"),
            Column("controls", word("advice.column.controls"), "int"),
            Column("p_value", word("advice.column.p"), "pct0"),
        )
        frame = rows.with_columns(method=pl.Series(method, dtype=pl.String))
        return Table(
            frame, columns, language=self.report.language, id="decision-evidence", empty=word("charts.effect.none")
        )


@dataclass(frozen=True, eq=False, repr=False)
class Decision(Result):
    """One decision: its weeks before and after, and what it is compared with."""

    report: Report
    row: Mapping[str, Any]

    @cached_property
    def table(self) -> pl.DataFrame:
        """Its weeks: week, events, exposure, rate, low and high (where it would lie had nothing been done), mature."""
        return pl.DataFrame(self.row["weeks"], schema=EFFECT_WEEKS)

    @property
    def controls(self) -> pl.Series:
        """How far each unit moved that it is compared with, as relative changes."""
        return pl.Series("change", self.row["placebos"], dtype=pl.Float64)

    def placebo_test(self) -> float | None:
        """The share of untouched units that moved as far; None where there are none."""
        return self.row["p_value"]

    def answer(self) -> Verdict:
        """What came of it."""
        return Verdict(self.row["headline"], language=self.report.language)

    def plot(self) -> Chart | Note:
        """Before and after, with the band it would have kept to and the moves of untouched units."""
        return _picture(self.report, self.row) if self.table.height else lacking(self.report, "charts.effect.none")


def _measure(report: Report, measure: str | None) -> str | None:
    """A measure of the house as it is spoken; the shop's own as it stands."""
    return spoken_measure(measure, report.say("advice.page.it"), report.language) if measure else None


def _picture(report: Report, row: Mapping[str, Any]) -> Chart:
    frame = pl.DataFrame(row["weeks"], schema=EFFECT_WEEKS)
    ends = (row["change"], row["effect_low"], row["effect_high"])
    return before_after(
        frame,
        id=f"decision-{_slug(row['decision_id'])}",
        language=report.language,
        since=row["effective_from"],
        name=_measure(report, row["measure"]) or report.say("advice.page.it"),
        title=row["headline"],
        change=ends if None not in ends else None,
        placebos=row["placebos"],
        level=report.data.options.level,
    )


def _slug(decision_id: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", decision_id.lower()).strip("-") or finding_id("decision", decision_id)
