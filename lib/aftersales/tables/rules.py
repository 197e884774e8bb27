"""Rules that hold between tables, as expressions of what breaks them. Rows that break one are kept, and told."""

from __future__ import annotations

import polars as pl

from aftersales.tables.columns import MONEY, Frame
from aftersales.tables.values import REFUND_OPEN


def refunded_beyond_paid(orders: Frame, refunds: Frame) -> pl.LazyFrame:
    """The orders of which more money was refunded, or is being asked for, than was paid, shipping included.

    Columns out: order_id, paid (gross), refunded (succeeded and open cases). Sorted by order_id; orders without a known
    payment are left out, as nothing can be said of them.

    >>> orders = pl.DataFrame({"order_id": ["a", "b"], "paid": [10, 10]})
    >>> refunds = pl.DataFrame({"order_id": ["a", "b", "b"], "amount": [10, 8, 8], "status": ["succeeded"] * 3})
    >>> refunded_beyond_paid(orders, refunds).collect().select("order_id").to_series().to_list()
    ['b']
    """
    counted = pl.col("status").is_in([*REFUND_OPEN, "succeeded"])
    asked = refunds.lazy().filter(counted).group_by("order_id").agg(refunded=pl.col("amount").cast(MONEY).sum())
    paid = orders.lazy().group_by("order_id").agg(paid=pl.col("paid").cast(MONEY).sum()).filter(pl.col("paid") > 0)
    return paid.join(asked, on="order_id").filter(pl.col("refunded") > pl.col("paid")).sort("order_id")


def before_its_order(orders: Frame, refunds: Frame) -> pl.LazyFrame:
    """The refund cases asked for before their order was created: a sign of a wrong clock or a wrong file.

    Columns out: refund_id, order_id, applied_at, created_at. Sorted by refund_id.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a"], "created_at": [datetime(2026, 11, 9)]})
    >>> refunds = pl.DataFrame({"refund_id": ["r"], "order_id": ["a"], "applied_at": [datetime(2026, 11, 8)]})
    >>> before_its_order(orders, refunds).collect().height
    1
    """
    created = orders.lazy().group_by("order_id").agg(pl.col("created_at").min())
    both = refunds.lazy().select("refund_id", "order_id", "applied_at").join(created, on="order_id")
    return both.filter(pl.col("applied_at") < pl.col("created_at")).sort("refund_id")
