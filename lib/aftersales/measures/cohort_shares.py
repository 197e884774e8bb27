"""How a payment week's refunds come in with its age: the curves that young weeks are compared by."""

from __future__ import annotations

from datetime import date

import polars as pl

from aftersales.measures.chunks import Chunks, parts_of
from aftersales.measures.requests import has_refund_dates
from aftersales.measures.triangles import delay_triangle
from aftersales.tables.columns import Frame
from aftersales.words.periods import week_start

# By then nearly all first requests have come: fifteen days after confirmation, which comes by itself within weeks.
LONGEST_AGE_DAYS = 42
_NO_ROWS = pl.DataFrame(
    schema={
        "cohort": pl.Date, "age_days": pl.Int64, "orders": pl.Int64, "refund_orders": pl.Int64, "share": pl.Float64,
    }
)  # fmt: skip


def cohort_shares(orders: Chunks, refunds: Frame, *, since: date, until: date) -> pl.DataFrame:
    """The share of each payment week's orders that had asked for a refund by each age in days.

    Weeks paid from ``since`` on. An age is given only where every day of the week has reached it, so that a curve ends
    where its observation does. Columns out: cohort (Monday), age_days, orders, refund_orders (by that age), share
    (0..1). Sorted by cohort, age; no rows where refunds have no dates.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [9, 9, 9], "paid_at": [datetime(2026, 11, 2)] * 3})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["a"], "applied_at": [datetime(2026, 11, 3)]})
    >>> shares = cohort_shares(orders, refunds, since=date(2026, 11, 2), until=date(2026, 11, 4))
    >>> shares.select("age_days", "share").rows()
    [(0, 0.0), (1, 0.333...), (2, 0.333...)]
    """
    if not has_refund_dates(refunds):
        return _NO_ROWS.clone()
    lately = [part.filter(pl.col("paid_at").dt.date() >= since) for part in parts_of(orders)]
    cells = delay_triangle(lately, refunds, until=until, age="day", longest_age=LONGEST_AGE_DAYS)
    if cells.is_empty():
        return _NO_ROWS.clone()
    weeks = cells.with_columns(week=week_start("cohort"))
    days = weeks.group_by("week").agg(days=pl.col("cohort").n_unique())
    reached = (
        weeks.group_by("week", "age")
        .agg(pl.col("orders", "events").sum(), reached=pl.len())
        .join(days, on="week")
        .filter(pl.col("reached") == pl.col("days"))
        .sort("week", "age")
    )
    return reached.select(
        cohort="week",
        age_days=pl.col("age").cast(pl.Int64),
        orders="orders",
        refund_orders=pl.col("events").cum_sum().over("week"),
    ).with_columns(share=pl.col("refund_orders") / pl.col("orders"))
