"""Weeks of units: first refund requests and matured orders by payment week of each product, province, courier …"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from aftersales.advice.known_share import known_share
from aftersales.measures.cohorts import paid_lines
from aftersales.measures.delays import delay_curve
from aftersales.measures.inputs import columns_of, local_time
from aftersales.measures.maturity import with_maturity
from aftersales.measures.requests import refund_requests, touched_lines
from aftersales.measures.triangles import delay_triangle, with_stratum
from aftersales.tables.columns import Frame, steady_sum
from aftersales.tables.orders import Orders
from aftersales.words.periods import Week, week_start

# Decisions are judged by twelve weeks before and eight after; a year holds every decision a shop still asks about.
BACK_WEEKS = 60
SHOP = "shop"
COLUMNS = {
    "unit": pl.String, "week": pl.Date, "events": pl.Int64, "orders": pl.Int64, "exposure": pl.Float64,
    "maturity": pl.Float64,
}  # fmt: skip


def unit_weeks(
    orders: Frame, refunds: Frame, *, week: Week, market: str, by: str | None, reasons: Sequence[str] = ()
) -> pl.DataFrame:
    """One row a unit and payment week of the last sixty, for `decision_effect`; ``by`` None takes the shop as one unit.

    An order counts once for each unit it holds; its first request that touches the unit counts (with ``reasons``: its
    first for one of them). Maturity is that of all requests, festival orders apart; null where refunds have no dates.

    Columns out: unit, week (Monday), events, orders, exposure (orders × maturity), maturity (0..1). Sorted by unit and
    week.

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, d) for d in (2, 3, 9)]
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [9, 9, 9], "paid_at": at,
    ...     "province": ["x", "x", "y"]})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["b"], "amount": [9], "applied_at": at[2:]})
    >>> found = unit_weeks(orders, refunds, week=Week.parse("2026-W46"), market="cn", by="province")
    >>> found.select("unit", "events", "orders").rows()
    [('x', 1, 2), ('y', 0, 1)]
    """
    until = week.sunday
    festive = with_stratum(orders, market)
    columns = ["stratum", *([by] if by else [])]
    since = week.shift(1 - BACK_WEEKS).monday
    lines = paid_lines(festive, until=until, since=since, columns=columns).with_columns(
        cohort=week_start("day"), unit=pl.col(by).cast(pl.String) if by else pl.lit(SHOP)
    )
    lines = lines.filter(pl.col("unit").is_not_null())
    whole = lines.group_by("order_id", "unit").agg(pl.col("stratum").first(), pl.col("cohort").min())
    counts = whole.group_by("unit", "stratum", "cohort").agg(orders=pl.len().cast(pl.Int64))
    asked = touched_lines(refund_requests(refunds, until=until), lines).filter(pl.col("applied_at").is_not_null())
    if reasons:
        asked = asked.filter(pl.col("reason").is_in(list(reasons)))
    first = asked.group_by("order_id", "unit").agg(pl.col("stratum").first(), pl.col("cohort").min())
    events = first.group_by("unit", "stratum", "cohort").agg(events=pl.len().cast(pl.Int64))
    table = counts.join(events, on=["unit", "stratum", "cohort"], how="left").with_columns(
        pl.col("events").fill_null(0)
    )
    matured = _matured(table.collect(), festive, refunds, week=week)
    exposure = steady_sum(pl.col("orders") * pl.col("maturity"))
    known = pl.col("maturity").is_not_null().all()
    return (
        matured.group_by("unit", week="cohort")
        .agg(pl.col("events", "orders").sum(), exposure=pl.when(known).then(exposure))
        .with_columns(maturity=pl.col("exposure") / pl.col("orders"))
        .select(list(COLUMNS))
        .cast(COLUMNS)  # type: ignore[arg-type]
        .sort("unit", "week")
    )


def bad_order_weeks(orders: Frame, bad: pl.DataFrame, *, week: Week) -> pl.DataFrame:
    """The same for bad orders on record (`known_bad`) over all orders placed, by week of placing; the shop is one unit.

    A case counts once a week: a ring of fifty orders is one piece of evidence. Maturity is the share of bad orders that
    is known by the age of a week's orders (`known_share`).

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, d) for d in (2, 3, 9)]
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "created_at": at})
    >>> bad = pl.DataFrame({"order_id": ["b"], "case_id": ["b"], "known_at": [datetime(2026, 11, 4)]})
    >>> bad_order_weeks(orders, bad, week=Week.parse("2026-W46")).select("events", "orders", "maturity").rows()
    [(1, 2, 1.0), (0, 1, 1.0)]
    """
    until, since = week.sunday, week.shift(1 - BACK_WEEKS).monday
    lines = columns_of(orders, Orders, ["order_id", "created_at"], needed=["order_id", "created_at"])
    made = local_time(pl.col("created_at").min())
    heads = lines.group_by("order_id").agg(created=made).sort("order_id").collect().drop_nulls("created")
    heads = heads.filter(pl.col("created").dt.date().is_between(since, until)).join(
        bad.select("order_id", "known_at", case="case_id"), on="order_id", how="left", maintain_order="left"
    )
    end = pl.lit(until).cast(pl.Datetime("us")) + pl.duration(days=1)
    days = heads.with_columns(
        age=(end - pl.col("created")).dt.total_seconds() / 86_400,
        delay=(pl.col("known_at") - pl.col("created")).dt.total_seconds() / 86_400,
    )
    told = days.drop_nulls("delay")
    known = known_share(told["delay"].to_numpy(), told["age"].to_numpy(), days["age"].to_numpy())
    return (
        days.with_columns(known=pl.Series(known))
        .group_by(unit=pl.lit(SHOP), week=week_start("created"), maintain_order=True)
        .agg(
            events=pl.col("case").drop_nulls().n_unique(),
            orders=pl.len(),
            exposure=steady_sum(pl.col("known")),
            maturity=pl.col("known").mean(),
        )
        .select(list(COLUMNS))
        .cast(COLUMNS)  # type: ignore[arg-type]
        .sort("week")
    )


def _matured(counts: pl.DataFrame, festive: pl.LazyFrame, refunds: Frame, *, week: Week) -> pl.DataFrame:
    """Counts with the share of delays passed by stratum; a stratum too young to know takes the other's."""
    until = week.sunday
    triangle = delay_triangle(festive, refunds, until=until, by=["stratum"])
    if triangle.is_empty() or not triangle["events"].sum():
        return counts.with_columns(maturity=pl.lit(None, dtype=pl.Float64))
    own = with_maturity(counts, delay_curve(triangle, by=["stratum"]), until=until, by=["stratum"])
    cells = triangle.group_by("outcome", "cohort", "age", maintain_order=True).agg(pl.col("events", "orders").sum())
    overall = with_maturity(counts, delay_curve(cells), until=until)
    return own.with_columns(maturity=pl.coalesce("maturity", overall["maturity"]))
