"""What the shop's measures show week by week, as counted so far: the ground that signals stand on."""

from __future__ import annotations

from datetime import date
from typing import Literal

import polars as pl

from aftersales.findings.contract import SIGNAL_WEEKS
from aftersales.measures.cohorts import all_periods, paid_lines
from aftersales.measures.coverage import refund_span
from aftersales.measures.parts import InParts, whole_of
from aftersales.measures.rates import refund_rate
from aftersales.measures.requests import has_refund_dates
from aftersales.measures.service import complaint_rate, first_response_hours, handling_hours, platform_involved_rate
from aftersales.tables.columns import Frame
from aftersales.words.errors import unknown
from aftersales.words.periods import Week, week_label

Unit = Literal["share_of_orders", "share_of_money", "hours"]
# Every measure that has signals, with what it is made of.
MEASURES: dict[str, Unit] = {
    "refund_rate_orders": "share_of_orders",
    "refund_rate_money": "share_of_money",
    "complaint_rate": "share_of_orders",
    "platform_involved_rate": "share_of_orders",
    "handling_hours_median": "hours",
    "first_response_hours_median": "hours",
}
# The columns that a scope other than the whole shop may be taken from, and the scope's word in the findings.
SCOPES = {
    "product_id": "product", "category": "category", "province": "province", "courier": "courier",
    "warehouse": "warehouse", "channel": "channel",
}  # fmt: skip


def seen_measures(
    orders: InParts, refunds: Frame, *, complaints: Frame | None = None, week: Week, by: str | None = None
) -> pl.DataFrame:
    """Every measure in every week up to the report's (at most 60), as counted on its Sunday.

    Rates belong to the week their orders were paid in, hours to the week the request or complaint was made in. With
    ``by`` (a column of the orders table) one scope a value, rates only.

    Columns out: measure, scope ("shop", or "province=…"), week ("2026-W46"), unit (`MEASURES`), seen (rate 0..1, or
    hours; null in a week with nothing to count), seen_low, seen_high (90 %), part, whole (what was counted: orders or
    money with a refund, and all; cases closed, and all), dated (Bool: the files say when refunds were asked for). A
    measure that the files cannot tell in any week is left out; weeks before refunds or complaints were recorded have
    nothing seen. Sorted by measure (in the order of `MEASURES`), scope,
    week.

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, 9)] * 3
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [10, 20, 10], "paid_at": at})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["b"], "amount": [20]})
    >>> seen_measures(orders, refunds, week=Week.parse("2026-W46")).select("measure", "week", "seen", "dated").rows()
    [('refund_rate_orders', '2026-W46', 0.3333333333333333, False), ('refund_rate_money', '2026-W46', 0.5, False)]
    """
    if by is not None and by not in SCOPES:
        raise unknown("scope of signals", by, SCOPES)
    until = week.sunday
    first = paid_lines(whole_of(orders), until=until).select(pl.col("day").min()).collect(engine="streaming").item()
    since = max(Week.of(first), week.shift(1 - SIGNAL_WEEKS)).monday if first else week.monday
    groups = ["week"] if by is None else ["week", by]
    refunded = refund_rate(orders, refunds, by=groups, until=until, since=since)
    refunded = _from_first(refunded, _refunds_from(whole_of(orders), refunds, until))
    by_money = ("rate_money", "money_low", "money_high", "refund_money", "paid_money")
    by_orders = ("rate_orders", "low", "high", "refund_orders", "paid_orders")
    tables = [
        _rows(refunded, "refund_rate_orders", of=by_orders, by=by),
        _rows(refunded, "refund_rate_money", of=by_money, by=by),
    ]
    dated = has_refund_dates(refunds)
    complained_from = None if complaints is None else _complaints_from(complaints, until)
    if complaints is not None and complained_from is not None:
        rates = complaint_rate(orders, complaints, by=groups, until=until, since=since)
        rates = _from_first(rates, complained_from)
        of = ("rate", "low", "high", "complaint_orders", "paid_orders")
        tables.append(_rows(rates, "complaint_rate", of=of, by=by))
    involved = platform_involved_rate(orders, refunds, complaints, by=groups, until=until, since=since)
    of = ("rate", "low", "high", "involved_orders", "paid_orders")
    tables.append(_rows(involved, "platform_involved_rate", of=of, by=by))
    if by is None:
        tables += _hours(refunds, complaints, since=since, until=until)
    known = [t for t in tables if t["seen"].is_not_null().any()]
    if not known:
        return pl.DataFrame(schema=_SCHEMA)
    rows = pl.concat(known).with_columns(dated=~pl.col("measure").str.starts_with("refund_rate") | dated)
    order = pl.col("measure").cast(pl.Enum(list(MEASURES)))
    return rows.sort(order, "scope", "week").select(list(_SCHEMA))


def _refunds_from(orders: Frame, refunds: Frame, until: date) -> date | None:
    """The first day of the refund report, where it plainly begins later than the orders do."""
    cut = refund_span(orders, refunds, until=until).filter("odd", edge="start")
    return cut.item(0, "refunds_day") if cut.height else None


def _complaints_from(complaints: Frame, until: date) -> date | None:
    """The first day with a complaint on record; before it nobody wrote complaints down."""
    day = pl.col("filed_at").dt.date()
    return complaints.lazy().select(day.filter(day <= until).min()).collect(engine="streaming").item()


def _from_first(rates: pl.DataFrame, first: date | None) -> pl.DataFrame:
    """Rates without those of weeks that ended before anything was recorded: nothing seen there is not a zero."""
    if first is None:
        return rates
    shares = [c for c, kind in rates.schema.items() if kind == pl.Float64]
    known = pl.col("cohort").dt.offset_by("6d") >= first
    return rates.with_columns(pl.when(known).then(pl.col(c)).alias(c) for c in shares)


def _hours(refunds: Frame, complaints: Frame | None, *, since: date, until: date) -> list[pl.DataFrame]:
    of = ("median_hours", "median_low", "median_high", "closed", "cases")
    hours = handling_hours(refunds, by="week", until=until, since=since)
    weeks = all_periods(since, until, "week")
    found = [_rows(_every(weeks, hours), "handling_hours_median", of=of)]
    if complaints is not None:
        hours = first_response_hours(complaints, by="week", until=until, since=since)
        found.append(_rows(_every(weeks, hours), "first_response_hours_median", of=of))
    return found


def _every(weeks: pl.DataFrame, hours: pl.DataFrame) -> pl.DataFrame:
    every = weeks.join(hours, on="cohort", how="left", maintain_order="left")
    return every.with_columns(pl.col("closed", "cases").fill_null(0))


def _rows(
    table: pl.DataFrame, measure: str, *, of: tuple[str, str, str, str, str], by: str | None = None
) -> pl.DataFrame:
    seen, low, high, part, whole = of
    scope = pl.lit("shop") if by is None else pl.format("{}={}", pl.lit(SCOPES[by]), pl.col(by).fill_null("unknown"))
    return table.select(
        measure=pl.lit(measure), scope=scope, week=week_label("cohort"), unit=pl.lit(MEASURES[measure]),
        seen=pl.col(seen), seen_low=pl.col(low), seen_high=pl.col(high), part=pl.col(part).cast(pl.Float64),
        whole=pl.col(whole).cast(pl.Float64),
    )  # fmt: skip


_SCHEMA = {
    "measure": pl.String, "scope": pl.String, "week": pl.String, "unit": pl.String, "seen": pl.Float64,
    "seen_low": pl.Float64, "seen_high": pl.Float64, "part": pl.Float64, "whole": pl.Float64, "dated": pl.Boolean,
}  # fmt: skip
