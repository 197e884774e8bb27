"""Refund requests by cohort and age: the triangle of how many days or weeks after payment (or delivery) they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

import polars as pl

from aftersales.measures.chunks import Chunks, parts_of, summed
from aftersales.measures.cohorts import paid_lines, period_start
from aftersales.measures.requests import refund_requests, touched_lines
from aftersales.tables.columns import Frame, known_sum
from aftersales.words.errors import UsageError
from aftersales.words.promotions import promotion_of_day

Grain = Literal["day", "week"]
DAYS = {"day": 1, "week": 7}
# Twelve weeks: the platforms close the ordinary claim some 15 days after confirmation, which follows delivery by weeks
# at most; later requests are rare and no longer concern the week of the report.
LONGEST_AGE = {"day": 84, "week": 12}
ANY = "any"


def with_stratum(orders: Frame, market: str) -> pl.LazyFrame:
    """The orders with ``stratum``: "promotion" where paid (else created) on a day of a festival of the market, else
    "ordinary".

    Festival orders ship later and come back more; their delays are a curve of their own. Lazily; rows as they came.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"paid_at": [datetime(2026, 11, 11), datetime(2026, 8, 3), None]})
    >>> with_stratum(orders, "cn").collect()["stratum"].to_list()
    ['promotion', 'ordinary', 'ordinary']
    """
    there = orders.collect_schema().names()
    times = [pl.col(c).dt.date() for c in ("paid_at", "created_at") if c in there]
    day = pl.coalesce(times).alias("day")
    days = orders.lazy().select(day.unique()).collect()["day"].drop_nulls().to_list()
    festive = [d for d in days if promotion_of_day(d, market) is not None]
    kind = pl.when(day.is_in(festive).fill_null(value=False)).then(pl.lit("promotion")).otherwise(pl.lit("ordinary"))
    return orders.lazy().with_columns(stratum=kind)


def delay_triangle(
    orders: Chunks,
    refunds: Frame,
    *,
    until: date,
    since: Literal["paid_at", "delivered_at"] = "paid_at",
    age: Grain = "week",
    by: Sequence[str] = (),
    outcome: Literal["kind", "phase", "reason"] | None = None,
    count: Literal["orders", "money"] = "orders",
    longest_age: int | None = None,
    refunds_from: date | None = None,
) -> pl.DataFrame:
    """Requests by cohort and age, over all orders of the cohort: one row a cell that the data reach.

    ``orders`` may come in parts that hold whole orders, as a large shop's months do; what is counted is added up.
    A cohort is the day or week of payment (or of delivery), its age the whole days or weeks from there to the
    request. By orders, the first request of an order counts, whatever came of it; by money, every request that was
    not withdrawn or rejected, over gross paid, of orders
    whose payment is known. With ``outcome`` each kind, phase or reason of the request is a table
    of its own over the same orders, so that their cumulative incidences add up. A request before the day of delivery
    is no event of a delivery table, but its order stays in the denominator. A last week or day that is not over by
    ``until`` is left out. Where the refund export begins later than the orders, ``refunds_from`` says when; cells
    before are left out.

    Columns out: those of ``by``, ``outcome`` (text; "any" where not asked for, "unknown" where null), ``cohort``
    (Date), ``age`` (days or weeks, from 0), ``orders`` (or money), ``events`` (requests at that age, or money).
    Sorted by ``by``, outcome, cohort, age. Raises `UsageError` for an unknown grain.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [9, 9, 9], "paid_at": [datetime(2026, 11, 2),
    ...     datetime(2026, 11, 3), datetime(2026, 11, 9)]})
    >>> refunds = pl.DataFrame({"refund_id": ["1", "2"], "order_id": ["a", "a"],
    ...     "applied_at": [datetime(2026, 11, 10), datetime(2026, 11, 12)]})
    >>> delay_triangle(orders, refunds, until=date(2026, 11, 15)).select("cohort", "age", "orders", "events").rows()
    [(datetime.date(2026, 11, 2), 0, 2, 0), (datetime.date(2026, 11, 2), 1, 2, 1),
     (datetime.date(2026, 11, 9), 0, 1, 0)]
    """
    if age not in DAYS:
        raise UsageError("An age is counted in days or weeks", found=str(age))
    last = _last_whole(until, age)
    longest = LONGEST_AGE[age] if longest_age is None else longest_age
    requests = refund_requests(refunds, until=until)
    found = []
    for part in parts_of(orders):
        lines = paid_lines(part, until=until, columns=list(dict.fromkeys([*by, since])))
        if since == "delivered_at":
            lines = lines.with_columns(day=pl.col("delivered_at").dt.date())
        lines = lines.filter(pl.col("day").is_not_null(), pl.col("day") < last + timedelta(days=DAYS[age]))
        units = (
            lines.group_by(*by, "order_id")
            .agg(pl.col("day").min(), cents=(known_sum(pl.col("paid")) * 100).round().cast(pl.Int64))
            .with_columns(cohort=period_start("day", age))
        )
        if count == "money":  # an order of which it is not known what it paid stands in neither part of a share
            units = units.filter(pl.col("cents").is_not_null())
        size = pl.len().cast(pl.Int64) if count == "orders" else pl.col("cents").sum()
        whole = units.group_by(*by, "cohort").agg(orders=size)
        events = _events(requests, lines, units, by=by, outcome=outcome, count=count, age=age)
        found.append(pl.collect_all([events, whole]))
    counted = summed([events for events, _ in found], [*by, "outcome", "cohort", "age"])
    cohorts = summed([whole for _, whole in found], [*by, "cohort"])
    if count == "money":  # whole cents add up to the same sum in any order, floats do not
        counted, cohorts = counted.with_columns(pl.col("events") / 100), cohorts.with_columns(pl.col("orders") / 100)
    return _cells(cohorts, counted, by=by, age=age, last=last, longest=longest, start=refunds_from)


def _last_whole(until: date, age: Grain) -> date:
    """The first day of the last period that is over by the end of ``until``."""
    if age == "day":
        return until
    return until - timedelta(days=(until.weekday() + 1) % 7 + 6)


def _events(
    requests: pl.LazyFrame,
    lines: pl.LazyFrame,
    units: pl.LazyFrame,
    *,
    by: Sequence[str],
    outcome: str | None,
    count: str,
    age: Grain,
) -> pl.LazyFrame:
    named = pl.lit(ANY) if outcome is None else pl.col(outcome).fill_null("unknown")
    touched = touched_lines(requests.filter(pl.col("applied_at").is_not_null()), lines).with_columns(outcome=named)
    if count == "orders":
        first = pl.all().sort_by("applied_at", "refund_id").first()
        cases = (
            touched.select(*by, "order_id", "refund_id", "applied_at", "outcome").group_by(*by, "order_id").agg(first)
        )
        amount = pl.len().cast(pl.Int64)
    else:
        cases = touched.filter(pl.col("state") != "closed").select(*by, "order_id", "applied_at", "outcome", "cents")
        amount = pl.col("cents").sum()
    lag = (period_start("applied_at", age) - pl.col("cohort")).dt.total_days() // DAYS[age]
    return (
        cases.join(units.select(*by, "order_id", "day", "cohort"), on=[*by, "order_id"], nulls_equal=True)
        .filter(pl.col("applied_at").dt.date() >= pl.col("day"))
        .with_columns(age=lag.cast(pl.Int64))
        .group_by(*by, "outcome", "cohort", "age")
        .agg(events=amount)
    )


def _cells(
    cohorts: pl.DataFrame,
    events: pl.DataFrame,
    *,
    by: Sequence[str],
    age: Grain,
    last: date,
    longest: int,
    start: date | None,
) -> pl.DataFrame:
    """Every cell that lies on or before the last whole period, with zeros where nothing was asked."""
    outcomes = events.select(pl.col("outcome").unique().sort()) if events.height else pl.DataFrame({"outcome": [ANY]})
    ages = pl.DataFrame({"age": range(longest + 1)}, schema={"age": pl.Int64})
    reported = pl.col("cohort") + pl.duration(days=pl.col("age") * DAYS[age])
    grid = cohorts.join(ages, how="cross").filter(reported <= last)
    if start is not None:
        grid = grid.filter(reported >= start)
    keys = [*by, "outcome", "cohort", "age"]
    return (
        grid.join(outcomes, how="cross")
        .join(events, on=keys, how="left", nulls_equal=True)
        .with_columns(pl.col("events").fill_null(0))
        .select(*keys, "orders", "events")
        .sort(keys)
    )
