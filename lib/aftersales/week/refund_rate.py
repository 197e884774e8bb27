"""`Shop.refund_rate`: which table and picture answer for each way to split it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import polars as pl

from aftersales.measures.rates import refund_rate
from aftersales.week.loading import Report
from aftersales.week.options import checked
from aftersales.week.result import Drawn, Result
from aftersales.week.sections import refund_trends
from aftersales.week.span import HALF_YEAR_WEEKS, QUARTER_WEEKS
from aftersales.week.where import COLUMNS
from aftersales.words.errors import unknown

_PERIODS = ("request_week", "week", "month", "day")
_COLUMNS = tuple("product_id" if name == "product" else name for name in COLUMNS)


def refund_rate_by(report: Report, by: str | Sequence[str], *, weeks: int | None, caveats: tuple[str, ...]) -> Result:
    """The refund rate split by one column, by two, or by week, month or day; `UsageError` for another."""
    if not isinstance(by, str):
        return _by_two(report, tuple(by), weeks=weeks or QUARTER_WEEKS, caveats=caveats)
    by = "product_id" if by == "product" else by
    if by not in (*_PERIODS, *_COLUMNS):
        raise unknown("way to split the refund rate called", by, (*_PERIODS, *_COLUMNS))
    checked("refund-trends", weeks=weeks or HALF_YEAR_WEEKS)
    data, say = report.data, report.say
    answer = partial(refund_trends.answer, report)
    if by == "request_week":
        draw: Callable[[], Any] = partial(refund_trends.rate_by_request, report)
        rows = data.request_rate_weekly.tail(weeks or HALF_YEAR_WEEKS)
        return Drawn(rows, draw, answer, definition=say("refunds.caption_request"), caveats=caveats)
    if by == "week":
        draw = partial(refund_trends.weeks, report, weeks=weeks or HALF_YEAR_WEEKS)
        rows = data.refund_rate_weekly.tail(weeks or HALF_YEAR_WEEKS)
        return Drawn(rows, draw, answer, definition=say("refunds.caption_orders"), caveats=caveats)
    if by in ("month", "day"):
        rows = data.refund_rate_monthly if by == "month" else data.refund_rate_daily
        months: Callable[[Report], Any] = refund_trends.months
        draw = partial(months if by == "month" else refund_trends.days, report)
        return Drawn(rows, draw, answer, definition=say("refunds.caption_orders"), caveats=caveats)
    rows = data.rate_by(by, weeks=weeks or QUARTER_WEEKS)
    if by == "product_id":
        title = pl.col("product_id").replace_strict(data.titles, default=None, return_dtype=pl.String)
        rows = rows.select("product_id", title.alias("title"), pl.exclude("product_id"))
    draw = partial(refund_trends.parts, report, by=by, weeks=weeks or QUARTER_WEEKS)
    what = say(f"refunds.parts.{by}")
    definition = say("refunds.caption_parts", parts=what, weeks=weeks or QUARTER_WEEKS)
    return Drawn(rows, draw, definition=definition, caveats=caveats)


def _by_two(report: Report, by: tuple[str, ...], *, weeks: int, caveats: tuple[str, ...]) -> Result:
    wrong = next((one for one in by if one not in _COLUMNS), None)
    if wrong is not None:
        raise unknown("column to split the refund rate by called", wrong, _COLUMNS)
    if set(by) == {"province", "courier"}:
        draw = partial(refund_trends.couriers_by_province, report, weeks=weeks)
        definition = report.say("refunds.caption_couriers", weeks=weeks)
        return Drawn(report.data.province_courier(weeks=weeks), draw, definition=definition, caveats=caveats)
    since, tables = report.data.week.shift(1 - weeks).monday, report.data.tables
    rows = refund_rate(tables.parts("orders"), tables["refunds"], by=by, until=report.data.until, since=since)
    what = " × ".join(report.say(f"refunds.parts.{one}") for one in by)
    pair = partial(refund_trends.pairs, report, rows, by=by, weeks=weeks)
    return Drawn(rows, pair, definition=report.say("refunds.caption_pairs", parts=what, weeks=weeks), caveats=caveats)
