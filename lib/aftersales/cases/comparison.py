"""The case beside ordinary orders: what became of other buyers' orders for the same products."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from aftersales.measures.order_evidence import placed_at
from aftersales.stats.intervals import rate, wilson

# Other orders are looked at over half a year up to the case's last: long enough for counts, short enough to be alike.
BACK = timedelta(weeks=26)


@dataclass(frozen=True)
class Share:
    """How many of a group of orders came to nothing or were asked back, with Wilson's 90 % interval."""

    part: int
    whole: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Comparison:
    """The case's orders, and other buyers' orders for the same products in the half-year up to the case's last."""

    own: Share
    others: Share
    products: int
    first: date
    last: date


def comparison(evidence: pl.DataFrame, orders: tuple[str, ...]) -> Comparison | None:
    """``evidence`` has a row an order (order_id, product_id, at, asked, buyer: `order_evidence`).

    None where the case's orders are not there or their products unknown. Orders of the case's own buyers are not among
    the others. An order still open counts as what it is so far, on both sides.

    >>> rows = pl.DataFrame({"order_id": ["1", "2", "3"], "product_id": ["p"] * 3, "buyer": ["x", "y", "z"],
    ...     "at": [1_762_700_000] * 3, "asked": [True, False, True]})
    >>> found = comparison(rows, ("1",))
    >>> (found.own.part, found.own.whole, found.others.part, found.others.whole)
    (1, 1, 1, 2)
    """
    own = evidence.filter(pl.col("order_id").is_in(list(orders)))
    products = own["product_id"].drop_nulls().unique()
    if own.is_empty() or products.is_empty():
        return None
    last = own.select(placed_at().max()).item()
    first = last - BACK  # type: ignore[operator]
    near = evidence.filter(
        pl.col("product_id").is_in(products.implode()),
        placed_at().is_between(first, last),
        ~pl.col("order_id").is_in(list(orders)),
    )
    theirs = own["buyer"].drop_nulls().unique()
    others = near.filter(~pl.col("buyer").is_in(theirs.implode()).fill_null(value=False))
    return Comparison(_share(own), _share(others), products.len(), first.date(), last.date())  # type: ignore[union-attr]


def _share(rows: pl.DataFrame) -> Share:
    counts = rows.select(part=pl.col("asked").sum().cast(pl.Int64), whole=pl.len().cast(pl.Int64))
    counts = counts.with_columns(rate=rate(pl.col("part"), pl.col("whole")))
    low, high = wilson(pl.col("rate"), pl.col("whole"))
    return Share(*counts.select("part", "whole", "rate", low.alias("low"), high.alias("high")).row(0))
