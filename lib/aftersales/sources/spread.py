"""Money that a file gives once for a whole order, spread over its lines to the cent."""

from __future__ import annotations

import polars as pl

from aftersales.tables.columns import MONEY


def spread(whole: str, *, by: str, over: str) -> pl.Expr:
    """The whole order's money on each of its lines, in proportion to ``by``, so that the parts sum to the whole.

    ``whole`` holds the same value on every line of an order, ``over`` names the order. Cents left by rounding down go
    to the largest remainders, earlier lines first (Hamilton's method); where the weights are missing or all zero, the
    lines share equally. A missing whole stays missing. Gives Decimal(18, 2).

    >>> lines = pl.DataFrame({"order": ["a", "a", "a"], "fee": ["10.00"] * 3, "amount": ["1", "1", "1"]})
    >>> lines = lines.with_columns(pl.col("fee", "amount").cast(pl.Decimal(18, 2)))
    >>> [str(x) for x in lines.select(spread("fee", by="amount", over="order")).to_series()]
    ['3.34', '3.33', '3.33']
    """
    cents = (pl.col(whole) * 100).cast(pl.Int64)
    weight = (pl.col(by).fill_null(0) * 100).cast(pl.Int64)
    total = weight.sum().over(over)
    lines = pl.len().over(over).cast(pl.Int64)
    part = pl.when(total > 0).then(weight).otherwise(1)
    parts = pl.when(total > 0).then(total).otherwise(lines)
    # whole cents times weight may pass 2^63 for absurd sums; 128 bits hold any two Decimal(18, 2)
    product = cents.cast(pl.Int128) * part.cast(pl.Int128)
    floor = (product // parts.cast(pl.Int128)).cast(pl.Int64)
    remainder = (product % parts.cast(pl.Int128)).cast(pl.Float64) / parts.cast(pl.Float64)
    left = cents - floor.sum().over(over)
    rank = remainder.rank("ordinal", descending=True).over(over)
    return ((floor + (rank <= left).cast(pl.Int64)).cast(pl.Decimal(20, 2)) / 100).cast(MONEY)
