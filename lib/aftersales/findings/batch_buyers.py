"""The other buyers of a bad batch: who has it, has said nothing yet, and should hear from the shop first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from aftersales.findings.products import listed
from aftersales.measures.inputs import columns_of, local_time
from aftersales.measures.order_evidence import named_buyer
from aftersales.tables.columns import Frame, known_sum
from aftersales.tables.complaints import Complaints
from aftersales.tables.orders import Orders
from aftersales.tables.refunds import Refunds

# Whose goods went out longer ago than the list of products looks back has kept them for a season.
WITHIN = timedelta(weeks=12)
_BATCHES: dict[str, Any] = {
    "product_id": pl.String, "batch": pl.String, "title": pl.String, "rate": pl.Float64, "expected_rate": pl.Float64,
    "orders": pl.Int64, "refunds": pl.Int64, "buyers": pl.Int64, "money": pl.Float64,
}  # fmt: skip
_BUYERS: dict[str, Any] = {
    "product_id": pl.String, "batch": pl.String, "order_id": pl.String, "buyer_key": pl.String,
    "title": pl.String, "shipped_at": pl.Datetime("us"), "money": pl.Float64,
}  # fmt: skip
BATCHES, BUYERS = pl.Schema(_BATCHES), pl.Schema(_BUYERS)


def batch_buyers(
    views: pl.DataFrame, orders: Frame, refunds: Frame, complaints: Frame, *, now: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bad batches on the list of problem products, and the orders that hold one and about which nobody has written.

    ``views`` is of `product_views`. Left out are orders with a refund request or complaint of any kind, never shipped,
    closed, or shipped more than twelve weeks before ``now``. First table: product_id, batch, title, rate,
    expected_rate, orders and refunds (of the judgement), buyers (orders to write to), money (paid for the batch's
    lines); most money first. Second: product_id, batch, order_id, buyer_key (null where masked), title, shipped_at
    (local), money; latest shipped first, as they have used it least.

    >>> from aftersales.findings.product_views import VIEWS_SCHEMA
    >>> none = pl.DataFrame(schema={"complaint_id": pl.String, "refund_id": pl.String, "order_id": pl.String})
    >>> [t.height for t in batch_buyers(pl.DataFrame(schema=VIEWS_SCHEMA), none, none, none,
    ...     now=datetime(2026, 11, 22))]
    [0, 0]
    """
    bad = listed(views).filter(pl.col("level") == "batch").select(
        "product_id", "batch", "title", "rate", "expected_rate", "orders", "refunds"
    )  # fmt: skip
    if bad.is_empty():
        return pl.DataFrame(schema=BATCHES), pl.DataFrame(schema=BUYERS)
    buyers = _silent(bad, orders, refunds, complaints, now=now)
    totals = buyers.group_by("product_id", "batch").agg(
        buyers=pl.len().cast(pl.Int64), money=known_sum(pl.col("money"))
    )
    batches = bad.join(totals, on=["product_id", "batch"], how="left").with_columns(
        pl.when(pl.col("buyers").is_null()).then(0.0).otherwise("money").alias("money"), pl.col("buyers").fill_null(0)
    )
    batches = batches.sort("money", "product_id", "batch", descending=[True, False, False])
    return batches.select(list(BATCHES)).cast(dict(BATCHES)), buyers  # type: ignore[arg-type]


def _silent(bad: pl.DataFrame, orders: Frame, refunds: Frame, complaints: Frame, *, now: datetime) -> pl.DataFrame:
    columns = ["order_id", "product_id", "batch", "buyer_key", "buyer_key_quality", "title", "shipped_at", "paid",
               "status"]  # fmt: skip
    lines = columns_of(orders, Orders, columns, needed=["order_id"])
    lines = lines.with_columns(local_time(pl.col("shipped_at")))
    sent = pl.col("shipped_at").is_between(now - WITHIN, now)
    lines = lines.filter(sent, pl.col("status").is_in(["shipped", "part_shipped", "finished"]))
    mine = lines.join(bad.lazy().select("product_id", "batch"), on=["product_id", "batch"], how="semi")
    asked = columns_of(refunds, Refunds, ["order_id"], needed=[])
    told = columns_of(complaints, Complaints, ["order_id"], needed=[])
    quiet = mine.join(asked, on="order_id", how="anti").join(told, on="order_id", how="anti")
    found = quiet.group_by("product_id", "batch", "order_id").agg(
        buyer_key=named_buyer().first(), title=pl.col("title").drop_nulls().first(),
        shipped_at=pl.col("shipped_at").max(), money=known_sum(pl.col("paid").cast(pl.Float64)),
    )  # fmt: skip
    found = found.sort("shipped_at", "order_id", descending=[True, False]).select(list(BUYERS))
    return found.collect().cast(dict(BUYERS))  # type: ignore[arg-type]
