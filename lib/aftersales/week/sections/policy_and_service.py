"""The sections of 08-policy-and-service: do what, worth how much, hurting whom, by whom, by when, and how to tell."""

from __future__ import annotations

import polars as pl

from aftersales.advice.levers import lever_table
from aftersales.charts.actions import action_table
from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.week.loading import Report
from aftersales.week.sections.shown import lacking
from aftersales.words.language import money


def answer(report: Report) -> Verdict:
    """How many actions fit into the week, what they may save a month, and which comes first."""
    rows = report.data.suggestions(report.language)
    if rows.is_empty():
        return Verdict(report.say("advice.page.none"), language=report.language)
    low, high = (rows[c].cast(pl.Float64).sum() for c in ("benefit_low", "benefit_high"))
    headline = report.say("advice.page.answer", count=rows.height, low=low, high=high)
    points = tuple(Conclusion(row["headline"]) for row in rows.head(3).iter_rows(named=True))
    return Verdict(headline, points, language=report.language)


def todo(report: Report) -> Table:
    """The actions with owner, day, measure and worth."""
    rows = report.data.suggestions(report.language)
    currency = report.data.shop.currency
    worth = [
        f"{money(low, report.language, currency=currency)} – {money(high, report.language, currency=currency)}"
        for low, high in rows.select("benefit_low", "benefit_high").iter_rows()
    ]
    watched = [report.say(f"advice.measure.{m}", scope=report.say("advice.page.it")) for m in rows["measure"]]
    frame = rows.select("action", "owner", "due").with_columns(
        measure=pl.Series(watched, dtype=pl.String), worth=pl.Series(worth, dtype=pl.String)
    )
    return action_table(frame, id="actions", language=report.language)


def how_to_tell(report: Report) -> Stack | Note:
    """For each action: the least effect that could be seen, what must not suffer, what disproves it, the command."""
    rows = report.data.suggestions(report.language)
    if rows.is_empty():
        return lacking(report, "advice.page.none")
    gap = "" if report.language == "zh" else " "
    notes = []
    for row in rows.iter_rows(named=True):
        seen = [report.say("advice.page.detectable", **row)] if row["detectable"] is not None else []
        said = [report.say("advice.page.about", **row), *seen, report.say("advice.page.tell", **row)]
        notes.append(Note(gap.join(said), language=report.language, look="plain"))
    return Stack(notes)


def replayed(report: Report) -> Stack:
    """What each order rule would have done on the shop's own past."""
    notes = []
    for name, found in report.data.replays.items():
        said = report.say(f"advice.lever.{name}.name") + ("：" if report.language == "zh" else ": ")
        text = said + found.headline(report.language, currency=report.data.shop.currency)
        notes.append(Note(text, language=report.language, look="plain"))
    return Stack(notes)


def limit_curve(report: Report) -> Table:
    """The purchase limit at each threshold: bad orders stopped, good ones hurt, and the money of both."""
    word = report.say
    found = report.data.replays["purchase_limit"]
    columns = (
        Column("threshold", word("advice.column.limit"), "int", strong=True),
        Column("bad_stopped", word("advice.column.bad"), "int"),
        Column("good_hurt", word("advice.column.good"), "int"),
        Column("saved", word("advice.column.saved"), "money"),
        Column("lost", word("advice.column.lost"), "money"),
        Column("break_even_substitution", word("advice.column.break_even"), "pct0"),
    )
    return Table(
        found.table, columns, language=report.language, id="purchase-limit", currency=report.data.shop.currency,
        caption=word("advice.page.curve"),
    )  # fmt: skip


def levers(report: Report) -> Table:
    """Every lever there is: when it applies, what it costs, and what would disprove it."""
    word = report.say
    columns = (
        Column("name", word("advice.column.lever"), strong=True), Column("when", word("advice.column.when")),
        Column("cost", word("advice.column.cost")), Column("disproof", word("advice.column.disproof")),
    )  # fmt: skip
    return Table(lever_table(report.language), columns, language=report.language, id="levers")
