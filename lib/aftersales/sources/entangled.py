"""Orders whose records lie in several months, or that share a line: both come of damaged files alone.

Shops number orders and lines in the order of time, so the months of a table hold numbers that do not mix, and the
lowest and highest number of each data file, which the store keeps, tell so without a row being read. Only the months
whose numbers mix are looked into.
"""

from __future__ import annotations

import polars as pl

from aftersales.sources.store import NO_MONTH, Commit, ShopStore

_SCHEMA = pl.Schema({"order_id": pl.String, "month": pl.String})
_NUMBERS = {"order_records": ("order_id",), "item_records": ("order_id", "line_id")}


def entangled_orders(store: ShopStore, now: Commit, touched: pl.DataFrame) -> pl.DataFrame:
    """Orders that must be composed together, over all the months their records lie in: order_id, month (a row each).

    ``touched`` holds order_id and month of the orders an import touched; orders it did not touch are among the result
    where they share a line with one of those, since which of them the line belongs to may have changed.
    """
    months = _mixed_months(store, now, set(touched["month"].unique()))
    if not months:
        return pl.DataFrame(schema=_SCHEMA)
    heads = store.table("order_records", now, with_month=True).select("order_id", "month", number="order_id")
    items = store.table("item_records", now, with_month=True).select("order_id", "month", number="line_id")
    records = pl.concat([heads, items]).filter(pl.col("month").is_in(sorted(months)))

    asked = touched.select("order_id").unique()
    while True:  # an order's other lines may be shared with yet another one
        numbers = records.join(asked.lazy(), on="order_id", how="semi").select("number").unique()
        rows = records.join(numbers, on="number", how="semi").unique().collect(engine="streaming")
        dated = pl.col("month").filter(pl.col("month") != NO_MONTH)
        shared = (pl.col("order_id").n_unique() > 1) | (dated.n_unique() > 1)
        found = rows.filter(shared.over("number")).select("order_id").unique()
        more = found.join(asked, on="order_id", how="anti").height
        asked = found
        if not more:  # then the rows just read hold all that is there of them
            return rows.join(found, on="order_id", how="semi").select("order_id", "month").unique()


def _mixed_months(store: ShopStore, now: Commit, touched: set[str]) -> set[str]:
    """The touched months whose numbers mix with those of another month, and those others."""
    mixed: set[str] = set()
    for table, columns in _NUMBERS.items():
        spans = store.month_spans(table, columns, now)
        for column, month, low, high in spans.filter(pl.col("month").is_in(sorted(touched))).iter_rows():
            others = spans.filter(
                pl.col("column") == column, pl.col("month") != month, pl.col("low") <= high, pl.col("high") >= low
            )
            mixed |= {month, *others["month"]} if others.height else set()
    return mixed
