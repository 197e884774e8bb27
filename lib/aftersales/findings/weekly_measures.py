"""The registry of weekly measures, and what they show week by week, as counted so far: the ground signals stand on.

A new one is its function in `measures`, its entry in `WEEKLY`, and its name under ``[measure]`` in the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

import polars as pl

from aftersales.findings.contract import SIGNAL_WEEKS
from aftersales.measures.chunks import Chunks, whole_of
from aftersales.measures.cohorts import all_periods, paid_lines
from aftersales.measures.coverage import refund_span
from aftersales.measures.inputs import columns_of
from aftersales.measures.rates import refund_rate
from aftersales.measures.requests import has_refund_dates
from aftersales.measures.service import complaint_rate, first_response_hours, handling_hours, platform_involved_rate
from aftersales.tables.columns import Frame
from aftersales.tables.complaints import Complaints
from aftersales.tables.refunds import Refunds
from aftersales.words.errors import unknown
from aftersales.words.periods import Week, week_label

Unit = Literal["share_of_orders", "share_of_money", "hours"]
# The platform steps in after the shop's own days to answer have passed; two weeks covers the longest of the usual
# clocks (reference "domain", d5, none of them official). The export does not say when it stepped in.
PLATFORM_DAYS = 14


@dataclass(frozen=True)
class Given:
    """What a weekly measure is counted from: the shop's tables, the groups, and the days of the cohorts."""

    orders: Chunks
    refunds: Frame
    complaints: Frame | None
    by: Sequence[str]
    since: date
    until: date

    @cached_property
    def refunded(self) -> pl.DataFrame:
        """The refund rate, by orders and by money; nothing seen in weeks before the refund report begins."""
        rates = refund_rate(self.orders, self.refunds, by=self.by, until=self.until, since=self.since)
        return _from_first(rates, _refunds_from(whole_of(self.orders), self.refunds, self.until))


@dataclass(frozen=True)
class WeeklyMeasure:
    """One weekly measure.

    ``unit`` of its value · ``form`` in which it is written, ``page`` that shows it · ``needs`` these files ·
    ``counted`` gives its table by cohort (None where the files cannot tell; of hours by week alone), in which ``of``
    names value, low, high, part and whole · ``requests``: of a rate, the rows whose delays tell what is still to come ·
    ``rests_on`` days of these kinds of data; ``later``, also on those of the weeks after (`damage`) ·
    ``of_refunds``: it counts refund requests, and is dated only where they are.
    """

    unit: Unit
    form: str
    page: str
    needs: Literal["refunds", "complaints"] = "refunds"
    counted: Callable[[Given], pl.DataFrame | None] | None = None
    of: tuple[str, ...] = ()
    requests: Callable[[Frame, Frame | None], Frame] | None = None
    rests_on: tuple[str, ...] = ()
    later: bool = False
    of_refunds: bool = False


def _complained(given: Given) -> pl.DataFrame | None:
    first = None if given.complaints is None else _complaints_from(given.complaints, given.until)
    if given.complaints is None or first is None:
        return None
    rates = complaint_rate(given.orders, given.complaints, by=given.by, until=given.until, since=given.since)
    return _from_first(rates, first)


def _involved(given: Given) -> pl.DataFrame:
    return platform_involved_rate(
        given.orders, given.refunds, given.complaints, by=given.by, until=given.until, since=given.since
    )


def _steps(refunds: Frame, complaints: Frame | None) -> pl.LazyFrame:
    """The refunds and complaints the platform stepped into, refunds counted from when it would have shown."""
    names = ["refund_id", "order_id", "applied_at", "platform_involved"]
    shown = pl.col("applied_at") + pl.duration(days=PLATFORM_DAYS)
    involved = columns_of(refunds, Refunds, names, needed=["order_id"]).filter("platform_involved")
    involved = involved.select("refund_id", "order_id", applied_at=shown)
    if complaints is None:
        return involved
    told = columns_of(complaints, Complaints, ["complaint_id", "order_id", "platform_involved_at"], needed=["order_id"])
    told = told.drop_nulls("platform_involved_at").select(
        pl.col("complaint_id").alias("refund_id"),
        "order_id",
        pl.col("platform_involved_at").cast(involved.collect_schema()["applied_at"]).alias("applied_at"),
    )
    return pl.concat([involved, told])


def _filed(refunds: Frame, complaints: Frame | None) -> pl.LazyFrame:
    assert complaints is not None  # the measure needs them
    return complaints.lazy().select(refund_id="complaint_id", order_id="order_id", applied_at="filed_at")


def _handled(given: Given) -> pl.DataFrame:
    return handling_hours(given.refunds, by="week", until=given.until, since=given.since)


def _answered(given: Given) -> pl.DataFrame | None:
    if given.complaints is None:
        return None
    return first_response_hours(given.complaints, by="week", until=given.until, since=given.since)


_BY_ORDERS = ("rate_orders", "low", "high", "refund_orders", "paid_orders")
_BY_MONEY = ("rate_money", "money_low", "money_high", "refund_money", "paid_money")
_COMPLAINED = ("rate", "low", "high", "complaint_orders", "paid_orders")
_STEPPED_IN = ("rate", "low", "high", "involved_orders", "paid_orders")
_MEDIAN = ("median_hours", "median_low", "median_high", "closed", "cases")
_REFUNDS, _COMPLAINTS = ("orders", "refunds"), ("orders", "complaints")


def _as_they_are(refunds: Frame, complaints: Frame | None) -> Frame:
    return refunds


# Every measure that has signals, in the order in which they are shown; the first is counted by `request_rate`.
WEEKLY: Mapping[str, WeeklyMeasure] = {
    "refund_request_rate": WeeklyMeasure("share_of_orders", "pct", "refund-trends", rests_on=_REFUNDS),
    "refund_rate_orders": WeeklyMeasure(
        "share_of_orders", "pct", "refund-trends", counted=lambda given: given.refunded, of=_BY_ORDERS,
        requests=_as_they_are, rests_on=_REFUNDS, later=True, of_refunds=True,
    ),
    "refund_rate_money": WeeklyMeasure(
        "share_of_money", "pct", "refund-trends", counted=lambda given: given.refunded, of=_BY_MONEY,
        requests=_as_they_are, rests_on=_REFUNDS, later=True, of_refunds=True,
    ),
    "complaint_rate": WeeklyMeasure(
        "share_of_orders", "pct2", "complaint-trends", needs="complaints", counted=_complained, of=_COMPLAINED,
        requests=_filed, rests_on=_COMPLAINTS, later=True,
    ),
    "platform_involved_rate": WeeklyMeasure(
        "share_of_orders", "pct2", "complaint-trends", counted=_involved, of=_STEPPED_IN, requests=_steps,
        rests_on=_REFUNDS, later=True,
    ),
    "handling_hours_median": WeeklyMeasure(
        "hours", "hours", "complaint-trends", counted=_handled, of=_MEDIAN, rests_on=("refunds",)
    ),
    "first_response_hours_median": WeeklyMeasure(
        "hours", "hours", "complaint-trends", needs="complaints", counted=_answered, of=_MEDIAN
    ),
}  # fmt: skip
# The columns that a scope other than the whole shop may be taken from, and the scope's word in the findings.
SCOPES = {
    "product_id": "product", "category": "category", "province": "province", "courier": "courier",
    "warehouse": "warehouse", "channel": "channel",
}  # fmt: skip


def observed_measures(
    orders: Chunks, refunds: Frame, *, complaints: Frame | None = None, week: Week, by: str | None = None
) -> pl.DataFrame:
    """Every measure in every week up to the report's (at most 60), as counted on its Sunday.

    Rates belong to the week their orders were paid in, hours to the week the request or complaint was made in. With
    ``by`` (a column of the orders table) one scope a value, rates only.

    Columns out: measure, scope ("shop", or "province=…"), week ("2026-W46"), unit (`WEEKLY`), seen (rate 0..1, or
    hours; null in a week with nothing to count), seen_low, seen_high (90 %), part, whole (what was counted: orders or
    money with a refund, and all; cases closed, and all), dated (Bool: the files say when refunds were asked for). A
    measure that the files cannot tell in any week is left out; weeks before refunds or complaints were recorded have
    nothing seen. Sorted by measure (in the order of `WEEKLY`), scope,
    week.

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, 9)] * 3
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [10, 20, 10], "paid_at": at})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["b"], "amount": [20]})
    >>> observed = observed_measures(orders, refunds, week=Week.parse("2026-W46"))
    >>> observed.select("measure", "week", "seen", "dated").rows()
    [('refund_rate_orders', '2026-W46', 0.3333333333333333, False), ('refund_rate_money', '2026-W46', 0.5, False)]
    """
    if by is not None and by not in SCOPES:
        raise unknown("scope of signals", by, SCOPES)
    until = week.sunday
    first = paid_lines(whole_of(orders), until=until).select(pl.col("day").min()).collect(engine="streaming").item()
    since = max(Week.of(first), week.shift(1 - SIGNAL_WEEKS)).monday if first else week.monday
    groups = ["week"] if by is None else ["week", by]
    given = Given(orders, refunds, complaints, groups, since, until)
    tables = []
    for name, measure in WEEKLY.items():
        hours = measure.unit == "hours"
        if measure.counted is None or (hours and by is not None):
            continue
        table = measure.counted(given)
        if table is not None:
            tables.append(_rows(_every(table, given) if hours else table, name, by=by))
    dated = has_refund_dates(refunds)
    known = [t for t in tables if t["seen"].is_not_null().any()]
    if not known:
        return pl.DataFrame(schema=_SCHEMA)
    of_refunds = [name for name, measure in WEEKLY.items() if measure.of_refunds]
    rows = pl.concat(known).with_columns(dated=~pl.col("measure").is_in(of_refunds) | dated)
    order = pl.col("measure").cast(pl.Enum(list(WEEKLY)))
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


def _every(hours: pl.DataFrame, given: Given) -> pl.DataFrame:
    weeks = all_periods(given.since, given.until, "week")
    every = weeks.join(hours, on="cohort", how="left", maintain_order="left")
    return every.with_columns(pl.col("closed", "cases").fill_null(0))


def _rows(table: pl.DataFrame, measure: str, *, by: str | None = None) -> pl.DataFrame:
    seen, low, high, part, whole = WEEKLY[measure].of
    scope = pl.lit("shop") if by is None else pl.format("{}={}", pl.lit(SCOPES[by]), pl.col(by).fill_null("unknown"))
    return table.select(
        measure=pl.lit(measure),
        scope=scope,
        week=week_label("cohort"),
        unit=pl.lit(WEEKLY[measure].unit),
        seen=pl.col(seen),
        seen_low=pl.col(low),
        seen_high=pl.col(high),
        part=pl.col(part).cast(pl.Float64),
        whole=pl.col(whole).cast(pl.Float64),
    )


_SCHEMA = {
    "measure": pl.String, "scope": pl.String, "week": pl.String, "unit": pl.String, "seen": pl.Float64,
    "seen_low": pl.Float64, "seen_high": pl.Float64, "part": pl.Float64, "whole": pl.Float64, "dated": pl.Boolean,
}  # fmt: skip
