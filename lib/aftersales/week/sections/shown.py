"""What several notebooks show alike: a measure's 6-12 chart, the line of provenance, notes on what the files lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import polars as pl

from aftersales.charts.figure import Chart
from aftersales.charts.note import Note, Provenance
from aftersales.charts.numbers import Unit
from aftersales.charts.trend import trend_6_12
from aftersales.findings.headline import JUDGED_WITHIN
from aftersales.week.loading import Report
from aftersales.words.language import enumerated
from aftersales.words.periods import Week
from aftersales.words.promotions import prior_year_week


def signal_rows(report: Report, measure: str, *, scope: str = "shop") -> pl.DataFrame:
    """One measure's weeks, with ``prior_year``: the value of the same week a year before, aligned on sales days."""
    rows = report.data.signals.filter((pl.col("measure") == measure) & (pl.col("scope") == scope)).sort("week")
    values = dict(zip(rows["week"], rows["value"], strict=True))
    before = [values.get(str(prior_year_week(Week.parse(w), report.data.shop.market))) for w in rows["week"]]
    return rows.with_columns(prior_year=pl.Series(before, dtype=pl.Float64), mature=pl.col("mature").fill_null(True))


def measure_unit(report: Report, form: str, row: Mapping[str, Any]) -> Unit:
    """The unit of a measure's week: its value and its normal range stand in one, wherever they are told."""
    sizes = [abs(row[c]) for c in ("value", "normal_high") if row.get(c) is not None]
    return Unit(form, report.language, report.data.shop.currency, like=max(sizes, default=None))


def with_prior_year(months: pl.DataFrame) -> pl.DataFrame:
    """Months (month, value) with ``prior_year``: the value of the same month a year before, null where unknown."""
    before = months.select(month=pl.col("month").dt.offset_by("12mo"), prior_year="value")
    return months.join(before, on="month", how="left")


def measure_trend(
    report: Report, measure: str, *, id: str, form: str = "pct", monthly: pl.DataFrame | None = None, caption: str = ""
) -> Chart | Note:
    """A measure's last six weeks and twelve months; a note where the shop's files cannot tell it."""
    rows = signal_rows(report, measure)
    if rows["value"].is_null().all():
        return lacking(report, "shown.no_measure", name=report.say(f"measure.{measure}"))
    settled = rows.filter("mature")["week"].max()
    if monthly is not None and settled is not None:  # a month is settled once its last week is
        ends = pl.col("month").cast(pl.Date).dt.month_end()
        monthly = monthly.with_columns(mature=ends <= Week.parse(str(settled)).sunday)
    return trend_6_12(
        rows,
        monthly,
        id=id,
        name=report.say(f"measure.{measure}"),
        language=report.language,
        form=form,
        currency=report.data.shop.currency,
        caption=caption,
        title=_title(report, rows, measure, form),
    )


def _title(report: Report, rows: pl.DataFrame, measure: str, form: str) -> str | None:
    """A young week's title tells the newest week that could be judged, then what the young one is expected to be.

    None leaves the title to the chart, which words the last week.
    """
    last = rows.row(-1, named=True)
    if last["verdict"] != "not_enough_data" or last["value"] is None or last["value"] == last["seen"]:
        return None
    unit = measure_unit(report, form, last)
    words = {
        "name": report.say(f"measure.{measure}"), "seen": unit.text(last["seen"]), "value": unit.text(last["value"]),
        "low": unit.text(last["value_low"]), "high": unit.text(last["value_high"]),
    }  # fmt: skip
    before = last_judged(report, rows)
    if before is None:
        return report.say("shown.expected", **words)
    return report.say(
        "shown.judged_then_expected",
        **words,
        week=before["week"],
        before=unit.text(before["value"]),
        verdict=f"verdict.{before['verdict']}",
    )


def last_judged(report: Report, rows: pl.DataFrame) -> dict[str, Any] | None:
    """The row of the newest week that could be judged, of one measure's weeks; none where it is too long ago."""
    judged = rows.filter(pl.col("verdict") != "not_enough_data").tail(1)
    if judged.is_empty() or judged["week"][0] < str(report.data.week.shift(1 - JUDGED_WITHIN)):
        return None
    return judged.row(0, named=True)


def page_title(report: Report, page: str) -> str:
    """The name of a page of this report."""
    return report.say(f"start_here.page.{page}.title")


def page_file(report: Report, page: str) -> str:
    """The file of a page of this report, as the run names it: the first language without suffix."""
    suffix = "" if report.language == report.data.shop.language[0] else f".{report.language}"
    return f"{page}{suffix}.html"


def more_link(report: Report, page: str) -> tuple[str, str]:
    """Words and address of the page that tells more."""
    return report.say("shown.page", page=page_title(report, page)), page_file(report, page)


def explorer_address(report: Report, *, weeks: int = 1, **filters: str) -> str:
    """Where the explorer shows the last ``weeks`` with these filters: ``measure``, ``product``, ``reason`` …"""
    last = report.data.week
    chosen = {**filters, "weeks": f"{last.shift(1 - weeks)}..{last}"}
    return f"{page_file(report, 'explorer')}#" + "&".join(f"{name}={quote(v, safe='.')}" for name, v in chosen.items())


def explorer_link(report: Report, *, weeks: int = 1, **filters: str) -> tuple[str, str]:
    """Words and address for a table or chart whose orders a reader may want to see."""
    return report.say("explorer.link"), explorer_address(report, weeks=weeks, **filters)


def only(report: Report, said: str, *parts: str) -> str:
    """A headline that names what it is limited to: the filter of the shop's orders, and any further parts."""
    where = report.data.where
    what = [where.said(report.language)] if where else []
    what += [part for part in parts if part]
    return report.say("shown.only", what=enumerated(what, report.language), said=said) if what else said


def only_cases(report: Report, said: str, *, named: str, patterns: Iterable[str], least: float) -> str:
    """A headline of cases that names the patterns (words under ``named``) and the likelihood they are limited to."""
    parts = [report.say(f"{named}.{pattern}") for pattern in patterns]
    return only(report, said, *parts, *([report.say("suspects.only_sure", share=least)] if least else []))


def lacking(report: Report, key: str, **values: object) -> Note:
    """A plain sentence in the place of a chart that the shop's files do not allow."""
    return Note(report.say(key, **values), language=report.language, look="plain")


def provenance(report: Report) -> Provenance:
    """The line every notebook ends with: which shop, week and state of the store its numbers come from."""
    data = report.data
    last = data.tables.last_day
    parts: tuple[tuple[str, str], ...] = (
        (report.say("shown.shop"), data.shop.name),
        (report.say("shown.week"), str(data.week)),
        (report.say("shown.data_to"), last.isoformat() if last else "–"),
        (report.say("shown.commit"), str(data.tables.commit.number)),
    )
    if where := data.where:
        parts += ((report.say("shown.part", what=where.said(report.language)), ""),)
    return Provenance(parts, language=report.language)
