"""The sections of 04-complaint-trends: how many complain, of what, how fast they are answered, how it ends."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from aftersales.charts.durations import duration_strip
from aftersales.charts.figure import Chart
from aftersales.charts.heat import HeatTable
from aftersales.charts.mix import stacked_mix
from aftersales.charts.note import Note, Quotes
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.findings.signals import signal_headline
from aftersales.tables.columns import known_sum
from aftersales.week.loading import Report
from aftersales.week.sections.shown import explorer_link, lacking, measure_trend, only, signal_rows, with_prior_year
from aftersales.week.span import HALF_YEAR_WEEKS
from aftersales.words.language import catalogue, clock, names

MOST_WORDS = 5  # complaints quoted on the page
HOURS_A_BAND = 3  # eight bands a day: a shift is two or three of them, and a cell still holds something


def answer(report: Report) -> Verdict:
    """Where the complaint rate stands, the platform's part, and how long the shop takes to answer."""
    language, currency = report.language, report.data.shop.currency
    rows = signal_rows(report, "complaint_rate")
    if rows.is_empty():
        return Verdict(only(report, report.say("complaints.none")), language=language)
    points = []
    for measure in ("platform_involved_rate", "first_response_hours_median", "handling_hours_median"):
        found = signal_rows(report, measure)
        if not found.is_empty():
            points.append(Conclusion(signal_headline(found.row(-1, named=True), language, currency=currency)))
    headline = signal_headline(rows.row(-1, named=True), language, currency=currency)
    return Verdict(only(report, headline), tuple(points), language=language)


def rate(report: Report) -> Chart | Note:
    """Complaints over paid orders of the same payment week."""
    return measure_trend(
        report,
        "complaint_rate",
        id="complaint-rate",
        form="pct2",
        monthly=_months(report),
        caption=report.say("complaints.caption_rate"),
    )


def _months(report: Report) -> pl.DataFrame:
    return with_prior_year(report.data.complaint_rate_monthly.select(month="cohort", value="rate"))


def mix(report: Report, *, by: str = "channel") -> Chart | Note:
    """Where complaints come in or what they are about (``by`` "kind"), week by week over half a year."""
    rows = report.data.complaints_by_channel if by == "channel" else report.data.complaints_by_kind
    if rows.is_empty():
        return lacking(report, "complaints.none")
    prefix = "complaints.channel" if by == "channel" else "reason"
    shown = rows.select("week", part=_worded(report, by, prefix), count="complaints")
    weekly = stacked_mix(
        shown,
        id="complaint-channels",
        name=report.say("complaints.complaints"),
        language=report.language,
        caption=report.say("complaints.caption_counts"),
    )
    return replace(weekly, link=explorer_link(report, measure="complaints", weeks=HALF_YEAR_WEEKS))


def kinds(report: Report) -> Table | Note:
    """What is complained of over the weeks looked back to, with counts."""
    rows = report.data.complaints_by_kind.filter(pl.col("week") >= report.data.service_since)
    if rows.is_empty():
        return lacking(report, "complaints.none")
    told = pl.col("compensation").filter(pl.col("complaints") > 0)  # a week without complaints says nothing of sums
    shown = (
        rows.group_by("kind")
        .agg(pl.col("complaints").sum(), known_sum(told))
        .with_columns(whole=pl.col("complaints").sum())
        .with_columns(share=pl.col("complaints") / pl.col("whole"))
        # by code, so that rows stand alike in both languages
        .filter(pl.col("complaints") > 0)
        .sort(["complaints", "kind"], descending=[True, False])
        .with_columns(kind=_worded(report, "kind", "reason"))
    )
    word = report.say
    columns = (
        Column("kind", word("complaints.column.kind")),
        Column("complaints", word("complaints.column.complaints"), "int"),
        Column("share", word("complaints.column.share"), "pct"),
        Column("compensation", word("complaints.column.compensation"), "money"),
    )
    return Table(
        shown,
        columns,
        language=report.language,
        id="complaint-kinds",
        currency=report.data.shop.currency,
        caption=word(
            "complaints.caption_kinds",
            whole=int(shown["whole"].max() or 0),  # type: ignore[arg-type]
            weeks=report.data.options.service_weeks,
        ),
    )


def _worded(report: Report, column: str, prefix: str) -> pl.Expr:
    """Codes of our own in the report's language; the shop's own words as they are."""
    known = {
        k.removeprefix(f"{prefix}."): v[report.language] for k, v in catalogue().items() if k.startswith(f"{prefix}.")
    }
    return pl.col(column).replace({**names(report.language), **known})


def first_response(report: Report) -> Chart | Note:
    """Hours to the first answer, by week of filing."""
    return _strip(report, report.data.first_response_weekly, "first_response", "complaints.no_answers")


def closing(report: Report) -> Chart | Note:
    """Hours to the close of a complaint, by week of filing."""
    return _strip(report, report.data.closing_weekly, "closing", "complaints.none")


def handling(report: Report) -> Chart | Note:
    """Hours from request to end of a refund, by week of request."""
    return _strip(report, report.data.handling_weekly, "handling", "refunds.undated")


def _strip(report: Report, rows: pl.DataFrame, name: str, lacks: str) -> Chart | Note:
    if rows.is_empty() or rows["median_hours"].is_null().all():
        return lacking(report, lacks)
    shown = rows.select(week="cohort", p50_hours="median_hours", p90_hours="p90_hours")
    return duration_strip(
        shown,
        id=f"hours-{name.replace('_', '-')}",
        name=report.say(f"complaints.hours.{name}"),
        language=report.language,
    )


def when(report: Report) -> HeatTable | Note:
    """When complaints come in: hour of the day by weekday, over the weeks looked back to."""
    told = report.data.complaint_hours
    rows, without = told.drop_nulls("hour"), told.filter(pl.col("hour").is_null())["complaints"].sum()
    if not rows["complaints"].sum():
        return lacking(
            report, "complaints.no_hours" if without else "complaints.none", weeks=report.data.options.service_weeks
        )
    bands = (
        rows.with_columns(start=pl.col("hour") // HOURS_A_BAND * HOURS_A_BAND)
        .group_by("weekday", "start", maintain_order=True)
        .agg(pl.col("complaints").sum())
    )
    days = [report.say(f"complaints.weekday.{n}") for n in range(1, 8)]
    shown = bands.sort("start", "weekday").select(
        row=pl.format("{}–{}", pl.col("start"), pl.col("start") + HOURS_A_BAND),
        column=pl.col("weekday").replace_strict(dict(zip(range(1, 8), days, strict=True)), return_dtype=pl.String),
        value="complaints",
    )
    weeks = report.data.options.service_weeks
    top = shown.sort("value", descending=True, maintain_order=True).row(0, named=True)
    title = report.say(
        "complaints.busiest", day=top["column"], hours=top["row"], n=top["value"], whole=shown["value"].sum()
    )
    return HeatTable(
        shown,
        id="complaint-hours",
        language=report.language,
        title=title,
        columns=days,
        corner=report.say("complaints.column.hour"),
        caption=report.say(f"complaints.caption_when{'_known' if without else ''}", n=without, weeks=weeks),
    )


def outcomes(report: Report) -> Table | Note:
    """How the closed complaints of the weeks looked back to were judged."""
    rows = report.data.complaint_verdicts
    if not rows["whole"].sum():
        return lacking(report, "complaints.none_closed", weeks=report.data.options.service_weeks)
    word = report.say
    shown = rows.with_columns(_worded(report, "fault", "fault").replace({"unknown": word("complaints.not_judged")}))
    columns = (
        Column("fault", word("complaints.column.fault")),
        Column("complaints", word("complaints.column.complaints"), "int"),
        Column("share", word("complaints.column.share"), "pct"),
        Column("low", word("complaints.column.low"), "pct"),
        Column("high", word("complaints.column.high"), "pct"),
        Column("compensation", word("complaints.column.compensation"), "money"),
    )
    return Table(
        shown,
        columns,
        language=report.language,
        id="complaint-outcomes",
        currency=report.data.shop.currency,
        caption=word("complaints.caption_outcomes", whole=rows["whole"][0], weeks=report.data.options.service_weeks),
    )


def platform(report: Report) -> Chart | Note:
    """How often the platform stepped in."""
    months = report.data.platform_monthly.select(month="cohort", value="rate")
    return measure_trend(
        report,
        "platform_involved_rate",
        id="platform-rate",
        form="pct2",
        monthly=months,
        caption=report.say("complaints.caption_platform"),
    )


def voices(report: Report, *, top: int = MOST_WORDS) -> Quotes | Note:
    """What the ``top`` newest complaints say, in the buyers' own words."""
    rows = report.data.complaint_words.head(top)
    if rows.is_empty():
        return lacking(report, "complaints.no_words")
    said = rows.with_columns(_worded(report, "channel", "complaints.channel"))
    quotes = [(text, f"{clock(at)} · {channel or '–'}") for at, channel, _, text, _ in said.iter_rows()]
    return Quotes(tuple(quotes), language=report.language)
