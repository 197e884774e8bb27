"""Orders and their money by product: how many a span of days brought, and what they came to."""

from __future__ import annotations

from datetime import date

import polars as pl

from aftersales.measures.chunks import Chunks, parts_of
from aftersales.measures.inputs import columns_of
from aftersales.tables.columns import known_sum
from aftersales.tables.orders import Orders


def product_sales(orders: Chunks, *, since: date, until: date) -> pl.DataFrame:
    """Orders created from ``since`` to ``until`` (local days, both included), paid or not, by product and in all.

    ``orders`` may come in parts that hold whole orders. Columns out: product_id (null: the whole shop), orders (an
    order counts once for each product it holds), amount (Float64, the known money of their lines; null where none
    is known).
    Sorted by product_id, the shop first. Without product ids the shop's row alone.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "b"], "product_id": ["p", "p", "q"], "amount": [10, 20, 5],
    ...     "created_at": [datetime(2026, 11, 9)] * 3})
    >>> product_sales(orders, since=date(2026, 11, 9), until=date(2026, 11, 15)).rows()
    [(None, 2, 35.0), ('p', 2, 30.0), ('q', 1, 5.0)]
    """
    found = []
    for part in parts_of(orders):
        columns = ["order_id", "product_id", "amount", "created_at"]
        lines = columns_of(part, Orders, columns, needed=["order_id"]).filter(
            pl.col("created_at").dt.date().is_between(since, until)
        )
        counted = pl.col("order_id").hash().n_unique().cast(pl.Int64).alias("orders"), known_sum(pl.col("amount"))
        shop = lines.select(pl.lit(None, dtype=pl.String).alias("product_id"), *counted)
        products = lines.drop_nulls("product_id").group_by("product_id").agg(*counted)
        found += pl.collect_all([shop, products], engine="streaming")
    # money adds up exactly as decimals, and in any order
    whole = pl.concat(found).group_by("product_id").agg(pl.col("orders").sum(), known_sum(pl.col("amount")))
    return whole.with_columns(pl.col("amount").cast(pl.Float64)).sort("product_id")
