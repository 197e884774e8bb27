"""The sections of 09-did-it-work: which decisions worked, how that is known, and what cannot be told."""

from __future__ import annotations

import polars as pl

from aftersales.charts.actions import effect_table
from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.week.loading import Report
from aftersales.week.sections.shown import lacking
from aftersales.words.language import percent


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
    frame = rows.select(action=pl.concat_str(pl.col("lever", "scope").fill_null("–"), separator=" · "),
                        measure="measure", verdict="verdict").with_columns(told)  # fmt: skip
    return effect_table(frame, id="decisions", language=report.language)


def told(report: Report) -> Stack | Note:
    """Each decision in words: what happened, how sure that is, or why it cannot be said."""
    rows = report.data.decisions(report.language)
    if rows.is_empty():
        return lacking(report, "charts.effect.none")
    return Stack([Note(text, language=report.language, look="plain") for text in rows["headline"]])


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
