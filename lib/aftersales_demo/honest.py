"""What honest buyers order: when, who, what, how many."""

from __future__ import annotations

import numpy as np
import polars as pl

from aftersales_demo.goods import Goods
from aftersales_demo.moments import DAY, Ints, day_weights, second_of, seconds_of_day
from aftersales_demo.spec import HONEST, ShopSpec

BUYERS_PER_ORDER = 0.55
LINES_SHARES = (0.86, 0.115, 0.025)  # one, two, three lines in an order
QUANTITY_SHARES = (0.88, 0.09, 0.03)

ORDERS_SCHEMA = {
    "created": pl.Int64, "buyer": pl.Int64, "fate": pl.Int64, "label": pl.String, "reason": pl.String,
    "note": pl.String, "close_reason": pl.String,
}  # fmt: skip
LINES_SCHEMA = {"order": pl.Int64, "sku": pl.Int64, "quantity": pl.Int64}


def honest_buyers(spec: ShopSpec) -> int:
    """How many honest buyers a shop of that size has."""
    return max(20, int(spec.orders * BUYERS_PER_ORDER))


def honest_orders(spec: ShopSpec, goods: Goods, *, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders (`ORDERS_SCHEMA`, one row an order, by time) and their lines (`LINES_SCHEMA`, order = row number)."""
    weights = day_weights(spec)
    per_day = rng.multinomial(spec.orders, weights / weights.sum())
    days = np.repeat(np.arange(len(weights)), per_day)
    created = np.sort(second_of(spec.first_day) + days * DAY + seconds_of_day(len(days), rng))
    orders = pl.DataFrame({"created": created, "buyer": _buyers(spec, rng)}).with_columns(
        fate=pl.lit(HONEST, pl.Int64),
        label=pl.lit(None, pl.String),
        reason=pl.lit(None, pl.String),
        note=pl.lit(None, pl.String),
        close_reason=pl.lit(None, pl.String),
    )
    return orders.select(list(ORDERS_SCHEMA)), _lines(spec, goods, (created - second_of(spec.first_day)) // DAY, rng)


def _buyers(spec: ShopSpec, rng: np.random.Generator) -> Ints:
    count = honest_buyers(spec)
    eager = rng.gamma(1.4, size=count).cumsum()
    return np.minimum(np.searchsorted(eager / eager[-1], rng.random(spec.orders)), count - 1)


def _lines(spec: ShopSpec, goods: Goods, day: Ints, rng: np.random.Generator) -> pl.DataFrame:
    order = np.repeat(np.arange(len(day)), 1 + rng.choice(3, size=len(day), p=LINES_SHARES))
    popularity = goods.products["popularity"].to_numpy()
    products = rng.choice(len(popularity), size=len(order), p=popularity / popularity.sum())
    # who would have bought what was not yet on the shelf buys what was there from the start
    old = np.flatnonzero((goods.products["launched"].to_numpy() == 0) & (popularity > 0))
    launched = goods.products["launched"].to_numpy()[products] <= day[order]
    products = np.where(launched, products, old[rng.integers(0, len(old), size=len(order))])
    first, kinds = _sku_ranges(goods)
    # the first SKU sells about twice as well as the last
    place = np.floor(kinds[products] * rng.random(len(order)) ** 1.35).astype(np.int64)
    lines = pl.DataFrame(
        {
            "order": order,
            "sku": first[products] + place,
            "quantity": 1 + rng.choice(3, size=len(order), p=QUANTITY_SHARES),
        },
        schema=LINES_SCHEMA,
    )
    return lines.unique(["order", "sku"], keep="first", maintain_order=True)


def _sku_ranges(goods: Goods) -> tuple[Ints, Ints]:
    ranges = goods.skus.group_by("product").agg(pl.col("sku").min(), pl.len().cast(pl.Int64).alias("kinds"))
    ranges = ranges.sort("product")
    return ranges["sku"].to_numpy(), ranges["kinds"].to_numpy()
