"""The sections of 09-did-it-work: which decisions worked, how that is known, and what cannot be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from aftersales.advice.decisions import decision_name
from aftersales.advice.effect_weeks import EFFECT_WEEKS
from aftersales.advice.suggest import spoken_measure
from aftersales.charts.actions import effect_table
from aftersales.charts.before_after import before_after
from aftersales.charts.figure import Chart
from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.findings.finding import finding_id
from aftersales.week.loading import Report
from aftersales.week.sections.shown import lacking
from aftersales.words.language import percent

# A page holds ten pictures before it grows too heavy; the newest decisions are the ones asked about.
MOST_PICTURES = 6


def answer(report: Report) -> Verdict:
    """How many decisions worked, did not, or cannot be told."""
    rows = report.data.decisions(report.language)
    if rows.is_empty():
        return Verdict(report.say("charts.effect.none"), language=report.language)
    counts = {v: int((rows["verdict"] == v).sum()) for v in ("worked", "did_not", "harmed", "too_early", "cannot_tell")}
    headline = report.say("advice.page.worked", count=rows.height, **counts)
    points = [
        Conclusion(row["headline"]) for row in rows.filter(pl.col("change").is_not_null()).head(3).iter_rows(named=True)
    ]
    return Verdict(headline, tuple(points), language=report.language)


def verdicts(report: Report) -> Table:
    """Each decision with its rate before and after, and the verdict."""
    rows = report.data.decisions(report.language)
    told = [pl.Series(c, [None if r is None else percent(r) for r in rows[f"rate_{c}"]], dtype=pl.String)
            for c in ("before", "after")]  # fmt: skip
    names = [decision_name(row, report.language).rstrip(": ：") for row in rows.iter_rows(named=True)]
    frame = rows.select("verdict", measure=pl.Series([_measure(report, m) for m in rows["measure"]], dtype=pl.String),
                        action=pl.Series(names, dtype=pl.String)).with_columns(told)  # fmt: skip
    return effect_table(frame, id="decisions", language=report.language)


def _measure(report: Report, measure: str | None) -> str | None:
    """A measure of the house as it is spoken; the shop's own as it stands."""
    return spoken_measure(measure, report.say("advice.page.it"), report.language) if measure else None


def told(report: Report) -> Stack | Note:
    """Decisions without a verdict, each with the reason in words."""
    rows = report.data.decisions(report.language).filter(pl.col("verdict").is_in(["too_early", "cannot_tell"]))
    if rows.is_empty():
        return lacking(report, "advice.page.all_told")
    return Stack([Note(text, language=report.language, look="plain") for text in rows["headline"]])


def pictures(report: Report) -> Stack | Note:
    """The weeks around each decision that could be measured, and how far untouched ones moved meanwhile."""
    rows = report.data.decisions(report.language).filter(pl.col("weeks").list.len() > 0).head(MOST_PICTURES)
    if rows.is_empty():
        return lacking(report, "charts.effect.none")
    return Stack([_picture(report, row) for row in rows.iter_rows(named=True)])


def _picture(report: Report, row: Mapping[str, Any]) -> Chart:
    frame = pl.DataFrame(row["weeks"], schema=EFFECT_WEEKS)
    ends = (row["change"], row["effect_low"], row["effect_high"])
    return before_after(
        frame, id=f"decision-{_slug(row['decision_id'])}", language=report.language, since=row["effective_from"],
        name=_measure(report, row["measure"]) or report.say("advice.page.it"), title=row["headline"],
        change=ends if None not in ends else None, placebos=row["placebos"],
    )  # fmt: skip


def _slug(decision_id: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", decision_id.lower()).strip("-") or finding_id("decision", decision_id)


def evidence(report: Report) -> Table:
    """What each verdict rests on: weeks, units compared with, and how often untouched ones moved as far."""
    word = report.say
    rows = report.data.decisions(report.language)
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
    return Table(frame, columns, language=report.language, id="decision-evidence", empty=word("charts.effect.none"))
