"""What suspected and confirmed orders do to the shop's indicators: each with all orders, and without them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from aftersales.measures.inputs import columns_of
from aftersales.measures.requests import refund_requests
from aftersales.stats.intervals import rate, wilson
from aftersales.tables.columns import Frame
from aftersales.tables.complaints import Complaints
from aftersales.tables.orders import Orders

# What a platform's score and a shop's page are made of, as far as order and refund files can tell.
INDICATORS: dict[str, tuple[str, str]] = {
    "refund_requests": ("asked", "paid"), "cancelled_before_shipping": ("before", "paid"),
    "closed_unpaid": ("unpaid", "placed"), "refused_parcels": ("refused", "shipped"),
    "complaints": ("complained", "paid"), "platform_stepped_in": ("platform", "paid"),
}  # fmt: skip


def indicators_without(
    orders: Frame, refunds: Frame, complaints: Frame, *, aside: Mapping[str, pl.Series], since: date, until: date
) -> pl.DataFrame:
    """The shop's indicators over orders created in a span, with all orders and without each set of them.

    ``aside`` names sets of order ids; the first set of rows is "all". Columns out: indicator (`INDICATORS`), orders
    ("all", then the names), part, whole, rate, rate_low, rate_high (Wilson, 90 %), left_out (orders of the span that
    the set leaves out). Sorted by indicator, then as ``aside`` names them. Counted so far: refunds still to come are in
    neither.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c", "d"], "created_at": [datetime(2026, 11, 9)] * 4,
    ...     "paid_at": [datetime(2026, 11, 9)] * 4})
    >>> refunds = pl.DataFrame({"refund_id": ["1", "2"], "order_id": ["a", "b"]})
    >>> none = pl.DataFrame(schema={"complaint_id": pl.String, "order_id": pl.String})
    >>> table = indicators_without(orders, refunds, none, aside={"without": pl.Series(["a"])},
    ...     since=date(2026, 11, 2), until=date(2026, 11, 15))
    >>> table.filter(pl.col("indicator") == "refund_requests").select("orders", "part", "whole").rows()
    [('all', 2, 4), ('without', 1, 3)]
    """
    each = _orders(orders, refunds, complaints, since=since, until=until)
    parts = []
    for name, ids in {"all": pl.Series([], dtype=pl.String), **aside}.items():
        left = each.filter(~pl.col("order_id").is_in(ids.implode()))
        sums = left.select(pl.col(c).sum().cast(pl.Int64) for c in left.columns if c != "order_id").row(0, named=True)
        parts += [
            (indicator, name, sums[part], sums[whole], each.height - left.height)
            for indicator, (part, whole) in INDICATORS.items()
        ]
    table = pl.DataFrame(
        parts,
        orient="row",
        schema={"indicator": pl.String, "orders": pl.String, "part": pl.Int64, "whole": pl.Int64, "left_out": pl.Int64},
    )
    table = table.with_columns(rate=rate(pl.col("part"), pl.col("whole")))
    low, high = wilson(pl.col("rate"), pl.col("whole"))
    order = pl.col("indicator").replace_strict({n: i for i, n in enumerate(INDICATORS)}, return_dtype=pl.Int64)
    table = table.with_columns(rate_low=low, rate_high=high).sort(order, maintain_order=True)
    return table.select("indicator", "orders", "part", "whole", "rate", "rate_low", "rate_high", "left_out")


def _orders(orders: Frame, refunds: Frame, complaints: Frame, *, since: date, until: date) -> pl.DataFrame:
    """One row an order of the span, as truths: placed, paid, shipped, unpaid, asked, before, refused, platform."""
    columns = ["order_id", "created_at", "paid_at", "shipped_at", "status"]
    lines = columns_of(orders, Orders, columns, needed=["order_id"])
    day = pl.coalesce(pl.col("created_at", "paid_at").dt.date())
    heads = (
        lines.filter(day.is_between(since, until))
        .group_by("order_id")
        .agg(
            placed=pl.lit(True).first(),
            paid=pl.col("paid_at").is_not_null().any(),
            shipped=(pl.col("shipped_at").is_not_null() | pl.col("status").is_in(["shipped", "finished"])).any(),
            unpaid=(pl.col("status") == "closed_unpaid").any(),
        )
    )
    cases = (
        refund_requests(refunds, until=until)
        .group_by("order_id")
        .agg(
            asked=pl.lit(True).first(),
            before=(pl.col("phase") == "before_shipping").any(),
            refused=(pl.col("reason") == "refused_parcel").any(),
            platform=pl.col("platform_involved").any(),
        )
    )
    told = columns_of(complaints, Complaints, ["order_id", "filed_at"], needed=[])
    told = told.filter(pl.col("filed_at").is_null() | (pl.col("filed_at").dt.date() <= until))
    told = told.group_by("order_id").agg(complained=pl.lit(True).first())
    joined = heads.join(cases, on="order_id", how="left").join(told, on="order_id", how="left")
    return joined.with_columns(pl.exclude("order_id").fill_null(value=False)).collect(engine="streaming")
