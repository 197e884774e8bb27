"""Money that a file gives once for a whole order, spread over its lines to the cent."""

from __future__ import annotations

import polars as pl

from aftersales.tables.columns import MONEY


def spread(lines: pl.LazyFrame, name: str, *, whole: str, by: str, over: str) -> pl.LazyFrame:
    """The lines with a column ``name``: the whole order's money on each of its lines, so that the parts sum to it.

    In proportion to ``by``. ``whole`` holds the same value on every line of an order, ``over`` names the order. Cents
    left by rounding down go to the largest remainders, earlier lines first (Hamilton's method); where the weights are
    missing or all zero, the lines share equally. A missing whole stays missing. Gives Decimal(18, 2); rows keep their
    order.

    >>> lines = pl.LazyFrame({"order": ["a", "a", "a"], "fee": ["10.00"] * 3, "amount": ["1", "1", "1"]})
    >>> lines = lines.with_columns(pl.col("fee", "amount").cast(pl.Decimal(18, 2)))
    >>> [str(x) for x in spread(lines, "part", whole="fee", by="amount", over="order").collect()["part"]]
    ['3.34', '3.33', '3.33']
    """
    # step by step: one expression of all would reckon its sums over the order many times
    steps = lines.with_columns(
        _cents=(pl.col(whole) * 100).cast(pl.Int64), _part=(pl.col(by).fill_null(0) * 100).cast(pl.Int64)
    )
    steps = steps.with_columns(_all=pl.col("_part").sum().over(over), _lines=pl.len().over(over).cast(pl.Int64))
    some = pl.col("_all") > 0
    steps = steps.with_columns(
        _part=pl.when(some).then("_part").otherwise(1), _all=pl.when(some).then("_all").otherwise("_lines")
    )
    # whole cents times weight may pass 2^63 for absurd sums; 128 bits hold any two Decimal(18, 2)
    product, parts = pl.col("_cents").cast(pl.Int128) * pl.col("_part").cast(pl.Int128), pl.col("_all").cast(pl.Int128)
    steps = steps.with_columns(
        _floor=(product // parts).cast(pl.Int64), _rest=(product % parts).cast(pl.Float64) / parts.cast(pl.Float64)
    )
    steps = steps.with_columns(
        _left=pl.col("_cents") - pl.col("_floor").sum().over(over),
        _rank=pl.col("_rest").rank("ordinal", descending=True).over(over),
    )
    given = pl.col("_floor") + (pl.col("_rank") <= pl.col("_left")).cast(pl.Int64)
    money = (given.cast(pl.Decimal(20, 2)) / 100).cast(MONEY)
    return steps.with_columns(money.alias(name)).drop(
        "_cents", "_part", "_all", "_lines", "_floor", "_rest", "_left", "_rank"
    )
