"""The share of paid orders that something happened to: the one shape behind complaint and platform rates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from aftersales.measures.cohorts import paid_lines, period_start, split_by, with_gaps
from aftersales.measures.intervals import rate, wilson
from aftersales.measures.parts import InParts, parts_of, summed


def order_share(
    orders: InParts,
    marked: pl.LazyFrame,
    *,
    by: str | Sequence[str] = "week",
    until: date,
    since: date | None = None,
    totals: Sequence[str] = (),
) -> pl.DataFrame:
    """Marked orders over paid orders, by payment cohort and columns of the orders table, which may come in parts.

    ``marked`` has one row a marked order: order_id and the columns of ``totals`` (numbers), which are added up.

    Columns out: cohort (Date; only with a period), the columns of ``by``, whole (the period ended by ``until``),
    paid_orders, marked_orders, rate (0-1, null without a paid order), low, high (Wilson 90 %), the totals. Sorted by
    cohort, columns; a period without a paid order is a row of zeros. By a column of the line an order counts once in
    each group it has a line in.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [10, 20, 10],
    ...     "paid_at": [datetime(2026, 11, 2)] * 3})
    >>> marked = pl.LazyFrame({"order_id": ["b"]})
    >>> order_share(orders, marked, until=date(2026, 11, 8)).select("paid_orders", "marked_orders").rows()
    [(3, 1)]
    """
    period, columns = split_by(by)
    hashed = pl.col("order_id").hash().alias("order")
    groups, found = [*(["cohort"] if period else []), *columns], []
    for part in parts_of(orders):
        heads = (
            paid_lines(part, until=until, since=since, columns=columns)
            .group_by(hashed, *columns)
            .agg(day=pl.col("day").min())
            .join(marked.select(hashed, *totals, marked=pl.lit(1)), on="order", how="left")
        )
        if period:
            heads = heads.with_columns(cohort=period_start("day", period))
        counted = heads.group_by(groups).agg(
            pl.len().cast(pl.Int64).alias("paid_orders"),
            pl.col("marked").sum().cast(pl.Int64).alias("marked_orders"),
            *(pl.col(t).sum() for t in totals),
        )
        found.append(counted.collect(engine="streaming"))
    counts = summed(found, groups)
    counts = with_gaps(counts, period=period, columns=columns, until=until) if period else counts.sort(groups)
    counts = counts.with_columns(rate=rate(pl.col("marked_orders"), pl.col("paid_orders")))
    low, high = wilson(pl.col("rate"), pl.col("paid_orders"))
    out = [*groups, *(["whole"] if period else []), "paid_orders", "marked_orders", "rate", "low", "high", *totals]
    return counts.with_columns(low=low, high=high).select(out)
