"""The sections of 02-weekly-overview, the page managers open: verdict, tiles, exceptions, and all the rest small."""

from __future__ import annotations

from typing import Any

import polars as pl

from aftersales.charts.figure import Chart
from aftersales.charts.note import Note
from aftersales.charts.numbers import Unit
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.tiles import Tile, Tiles, tile_state
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.findings.headline import week_verdict
from aftersales.findings.products import product_headline
from aftersales.findings.signals import signal_headline
from aftersales.measures.signal_budget import WEEKS_PER_FALSE_SIGNAL
from aftersales.week.loading import Report
from aftersales.week.sections import problem_products, refund_trends
from aftersales.week.sections.shown import lacking, measure_trend, signal_rows
from aftersales.words.promotions import promotion_title

RECENT = 8  # points of a tile's little line
MOST_REASONS = 7  # a manager reads the first few; all stand on the page of refund trends
# How each measure is written, and where its page is: the order is that of the tiles.
SHOWN = {
    "refund_request_rate": ("pct", "refund-trends"),
    "refund_rate_orders": ("pct", "refund-trends"),
    "refund_rate_money": ("pct", "refund-trends"),
    "complaint_rate": ("pct2", "complaint-trends"),
    "platform_involved_rate": ("pct2", "complaint-trends"),
    "handling_hours_median": ("hours", "complaint-trends"),
    "first_response_hours_median": ("hours", "complaint-trends"),
}


def answer(report: Report) -> Verdict:
    """The week in one sentence, then at most three conclusions, each ending in what to do."""
    found = week_verdict(report.data.signals, week=report.data.week)
    currency = report.data.shop.currency
    points = _signal_points(report, leave_out=found.table)
    points = _product_points(report) + points[:1] + _reason_points(report) + points[1:]
    caution = found.caution(report.language, currency=currency)
    if caution:
        points.append(Conclusion(caution, do=report.say("overview.do.routine")))
    return Verdict(found.headline(report.language, currency=currency), tuple(points), language=report.language)


def _this_week(report: Report) -> pl.DataFrame:
    return report.data.signals.filter((pl.col("week") == str(report.data.week)) & (pl.col("scope") == "shop"))


def outside(report: Report) -> list[dict[str, Any]]:
    """The signals of the newest week that could be judged, for each measure that lies outside its range.

    A young week says nothing yet; the last settled one, at most three weeks back, speaks for it.
    """
    recent = [str(report.data.week.shift(-i)) for i in range(4)]
    rows = report.data.signals.filter(pl.col("week").is_in(recent) & (pl.col("verdict") != "not_enough_data"))
    newest = rows.sort("week").group_by("measure", maintain_order=True).last()
    known = [
        row for row in newest.iter_rows(named=True) if row["verdict"] in ("above", "below") and row["measure"] in SHOWN
    ]
    return sorted(known, key=lambda row: list(SHOWN).index(row["measure"]))


def _signal_points(report: Report, *, leave_out: pl.DataFrame) -> list[Conclusion]:
    currency = report.data.shop.currency
    told = set(leave_out.filter(pl.col("verdict").is_in(["above", "below"]))["measure"].head(1))
    points = []
    for row in outside(report):
        if row["measure"] in told:
            continue
        page = report.say(f"page.{SHOWN[row['measure']][1]}")
        key = "look" if row["verdict"] == "above" else "keep"
        points.append(
            Conclusion(
                signal_headline(row, report.language, currency=currency), do=report.say(f"overview.do.{key}", page=page)
            )
        )
    return points


def _reason_points(report: Report) -> list[Conclusion]:
    rows = report.data.reasons_against_usual
    if rows.is_empty():
        return []
    more = rows.filter(pl.col("differs") & (pl.col("change") > 0)).sort("change", descending=True)
    return [
        Conclusion(
            report.say(
                "overview.reason", reason=f"reason.{row['reason']}", cases=row["cases"], usual=row["usual_cases"],
                share=row["share"], usual_share=row["usual_share"],
            ),
            do=report.say("overview.do.reason"),
        )
        for row in more.head(1).iter_rows(named=True)
    ]  # fmt: skip


def _product_points(report: Report) -> list[Conclusion]:
    """The product with most money at stake, if any is listed."""
    rows, page = report.data.problem_products.head(1), report.say("page.problem-products")
    currency = report.data.shop.currency
    return [
        Conclusion(
            product_headline(row, report.language, currency=currency), do=report.say("overview.do.product", page=page)
        )
        for row in rows.iter_rows(named=True)
    ]


def promotion(report: Report) -> Note:
    """Which days this page is about, and whether a sales festival lies on them."""
    title = promotion_title(report.data.week, report.language)
    week = report.data.week
    key = "overview.days" if title is None else "overview.days_of"
    return Note(report.say(key, first=week.monday, last=week.sunday, festival=title or ""), language=report.language)


def tiles(report: Report) -> Tiles | Note:
    """Every measure of the shop: where it stands, and its last weeks against their normal range."""
    made = [t for m in SHOWN if (t := _tile(report, m)) is not None]
    if not made:
        return lacking(report, "refunds.nothing")
    return Tiles(tuple(made), language=report.language)


def _tile(report: Report, measure: str) -> Tile | None:
    rows = signal_rows(report, measure)
    if rows.is_empty() or rows["value"].is_null().all():
        return None
    unit = Unit(SHOWN[measure][0], report.language, report.data.shop.currency)
    last = rows.row(-1, named=True)
    before = rows["value"][-2] if rows.height > 1 else None
    difference = "pp" if unit.form.startswith("pct") else "hours"
    versus = [
        (report.say(f"overview.versus.{name}"), _change(report, last["value"], other, difference))
        for name, other in (("last_week", before), ("last_year", last["prior_year"]))
        if other is not None and last["value"] is not None
    ]
    waiting = last["seen"] is not None and last["value"] is not None and abs(last["value"] - last["seen"]) > 1e-9
    note = report.say("overview.expected", seen=unit.text(last["seen"])) if waiting else ""
    return Tile(
        report.say(f"measure.{measure}"), unit.text(last["value"]) if last["value"] is not None else "–",
        tile_state(last["verdict"]), tuple(versus), rows["value"].tail(RECENT).to_list(),
        (last["normal_low"], last["normal_high"]), note,
    )  # fmt: skip


def _change(report: Report, value: float, other: float, form: str) -> str:
    return report.say(f"overview.change.{form}", change=value - other)


def exceptions(report: Report) -> Stack:
    """A 6-12 chart for each measure outside its normal range; a sentence where there is none."""
    rows = outside(report)
    if not rows:
        judged = _this_week(report).filter(pl.col("verdict") == "routine").height
        return Stack(
            (Note(report.say("overview.no_exception", judged=judged), language=report.language, look="plain"),)
        )
    return Stack(tuple(_exception(report, row["measure"]) for row in rows))


def _exception(report: Report, measure: str) -> Chart | Note:
    monthly = refund_trends.months_by_request(report) if measure == "refund_request_rate" else None
    name = f"exception-{measure.replace('_', '-')}"
    return measure_trend(report, measure, id=name, form=SHOWN[measure][0], monthly=monthly)


def drivers(report: Report) -> Table | Note:
    """Where the week's rise sits: slices of products, reasons, couriers and places, with counts."""
    if not report.data.dated:
        return lacking(report, "refunds.undated")
    rows = report.data.drivers(report.language)
    if rows.is_empty():
        return Note(report.say("overview.no_driver"), language=report.language, look="plain")
    word = report.say
    columns = (
        Column("headline", word("overview.column.driver")),
        Column("state", word("overview.column.state"), "word", prefix="state."),
        Column("refunds", word("overview.column.requests"), "int"),
        Column("expected", word("overview.column.usual"), "num1"),
        Column("excess", word("overview.column.excess"), "num1", strong=True),
        Column("rate_before", word("overview.column.before"), "pct"),
        Column("rate_after", word("overview.column.after"), "pct"),
        Column("since", word("overview.column.since"), "day"),
    )
    return Table(
        rows, columns, language=report.language, id="overview-drivers", caption=word("overview.caption_drivers")
    )


def products(report: Report) -> Table | Note:
    """The products that come back too often, most money first."""
    return problem_products.ranking(report)


def reasons(report: Report) -> Chart | Note:
    """This week's requests by reason against the six weeks before, fewer of them than on their own page."""
    return refund_trends.reasons(report, id="overview-reasons", most=MOST_REASONS)


def routine(report: Report) -> Table | Note:
    """All measures of the week, small: value, normal range, verdict and the last weeks."""
    rows = []
    for measure, (form, _) in SHOWN.items():
        weeks = signal_rows(report, measure)
        if weeks.is_empty():
            continue
        unit = Unit(form, report.language, report.data.shop.currency)
        last = weeks.row(-1, named=True)
        known = last["normal_low"] is not None
        rows.append(
            {
                "name": report.say(f"measure.{measure}"),
                "value": unit.text(last["value"]) if last["value"] is not None else "–",
                "range": f"{unit.text(last['normal_low'])}–{unit.text(last['normal_high'])}" if known else "–",
                "verdict": report.say(f"verdict.{last['verdict']}"),
                "tone": "signal" if last["verdict"] == "above" else "good" if last["verdict"] == "below" else "plain",
                "recent": weeks["value"].tail(26).to_list(),
            }
        )
    if not rows:
        return lacking(report, "refunds.nothing")
    word = report.say
    columns = (
        Column("name", word("overview.column.measure")),
        Column("value", word("overview.column.value"), align="right", strong=True),
        Column("range", word("overview.column.range"), align="right"),
        Column("verdict", word("overview.column.verdict"), "chip", tone="tone"),
        Column("recent", word("overview.column.recent"), "spark"),
    )
    return Table(
        pl.DataFrame(rows), columns, language=report.language, id="overview-measures",
        caption=word("overview.budget", weeks=int(WEEKS_PER_FALSE_SIGNAL)),
    )  # fmt: skip
