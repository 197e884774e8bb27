"""One made-up shop, whole: everything that happens in it, and what was planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from aftersales.words.errors import UsageError
from aftersales_demo.abuse import Planted, planted_orders
from aftersales_demo.course import refund_cases, settled
from aftersales_demo.faults import Fault, planned_faults
from aftersales_demo.goods import Goods, shelf
from aftersales_demo.honest import honest_buyers, honest_orders
from aftersales_demo.journey import journeys, priced
from aftersales_demo.moments import DAY, Ints, second_of
from aftersales_demo.people import people
from aftersales_demo.refund_requests import outcomes, requests
from aftersales_demo.spec import ShopSpec

FEWEST_WEEKS = 16  # planted buyers reach back up to twelve weeks, and need a past before that
TRACKING = {
    "中通快递": "7398",
    "圆通速递": "YT88",
    "韵达快递": "4630",
    "申通快递": "7738",
    "极兔速递": "JT54",
    "顺丰速运": "SF16",
}


@dataclass(frozen=True)
class Shop:
    """What happened, and will happen, in a made-up shop; times are seconds of local time (`moments.NEVER`: not).

    `now` is midnight after the last day: files are written as of then. `orders`, `lines` and `cases` (of refunds)
    refer to one another, to `buyers` and to ``goods.skus`` by row number; ids of the export files stand in `order_id`,
    `line_id` and `refund_id`.
    """

    spec: ShopSpec
    seed: int
    goods: Goods
    buyers: pl.DataFrame
    orders: pl.DataFrame
    lines: pl.DataFrame
    cases: pl.DataFrame
    faults: list[Fault]

    @property
    def now(self) -> int:
        """The first second after the last day."""
        return second_of(self.spec.last_day) + DAY


def stream(seed: int, part: str) -> np.random.Generator:
    """A random stream of its own for each part, so that a change in one part does not move the others."""
    return np.random.default_rng([seed, *part.encode()])


def simulate_shop(spec: ShopSpec, *, seed: int) -> Shop:
    """Simulate a shop. The same spec and seed give the same shop, row for row.

    Raises `UsageError` for a shop too small or too short-lived to hold what is planted.

    >>> shop = simulate_shop(ShopSpec(orders=300, weeks=20), seed=1)
    >>> len(shop.orders) >= 300, shop.orders["created"].is_sorted()
    (True, True)
    """
    if spec.weeks < FEWEST_WEEKS or spec.orders < 1:
        raise UsageError(
            "The shop to simulate is too small",
            found=f"{spec.orders} orders in {spec.weeks} weeks",
            hint=f"give at least 1 order and {FEWEST_WEEKS} weeks",
        )
    goods = shelf(spec, rng=stream(seed, f"goods {spec.shop_id}"))
    orders, lines, buyers = _all_orders(spec, goods, seed)
    rng = stream(seed, "journey")
    orders = orders.hstack(buyers["province", "days"][orders["buyer"]])
    orders = journeys(orders, spec, rng=rng)
    lines = _with_goods(lines, goods)
    lines, fee = priced(lines, orders, rng=rng)
    orders = orders.with_columns(fee)
    faults = planned_faults(spec, goods)
    seen = lines.hstack(orders["courier", "province", "shipped"][lines["order"]])
    rng = stream(seed, "refunds")
    way, line, reason, note = outcomes(orders, seen, faults, spec, rng=rng, fault_rng=stream(seed, "faults"))
    asked = requests(orders, lines, way=way, line=line, reason=reason, note=note, spec=spec, rng=rng)
    cases = refund_cases(asked, orders, lines, spec, rng=rng)
    orders, lines = settled(orders, lines, cases)
    return _with_ids(Shop(spec, seed, goods, buyers, orders, lines, cases, faults))


def _all_orders(spec: ShopSpec, goods: Goods, seed: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Honest and planted orders as one, by time, with their lines and all buyers."""
    buyers = people(honest_buyers(spec), rng=stream(seed, f"people {spec.shop_id}"))
    orders, lines = honest_orders(spec, goods, rng=stream(seed, "orders"))
    planted: Planted = planted_orders(spec, goods, rng=stream(seed, f"planted {spec.shop_id}"))
    after = planted.orders.with_columns(pl.col("buyer") + len(buyers))
    lines = pl.concat([lines, planted.lines.with_columns(pl.col("order") + len(orders))])
    orders = pl.concat([orders, after])
    by_time = orders["created"].arg_sort()
    place: Ints = np.empty(len(orders), dtype=np.int64)
    place[by_time.to_numpy()] = np.arange(len(orders))
    lines = lines.with_columns(order=pl.Series(place[lines["order"].to_numpy()])).sort("order", maintain_order=True)
    return orders[by_time], lines, pl.concat([buyers, planted.buyers.select(buyers.columns)])


def _with_goods(lines: pl.DataFrame, goods: Goods) -> pl.DataFrame:
    of_sku = goods.skus["product", "price_fen"][lines["sku"]]
    of_product = goods.products["category", "after_rate"][of_sku["product"]]
    return (
        lines.hstack(of_sku)
        .hstack(of_product)
        .with_columns(first_of_order=pl.col("order").is_first_distinct(), only_line=pl.len().over("order") == 1)
    )


def _with_ids(shop: Shop) -> Shop:
    """The ids as the platform gives them: 19 digits that grow with time and end in the buyer's own four."""
    orders = shop.orders.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    number = (
        2_300_000_000_000_000_000
        + (pl.col("created") - 1_700_000_000) * 10_000_000_000
        + pl.col("row") * 163_841 % 250_000 * 10_000
        + pl.col("buyer") * 7_919 % 10_000
    )
    digits = ((pl.col("row") * 7_368_787 + 1_234_567) % 1_000_000_000).cast(pl.String).str.zfill(9)
    orders = orders.with_columns(number=number, order_id=number.cast(pl.String)).with_columns(
        tracking_no=pl.when(pl.col("shipped") < 2**40).then(
            pl.col("courier").replace_strict(TRACKING, return_dtype=pl.String) + digits + "26"
        )
    )
    place = pl.int_range(pl.len()).over("order")
    lines = shop.lines.with_columns(orders["number"].gather(shop.lines["order"]), place=place).with_columns(
        order_id=pl.col("number").cast(pl.String),
        line_id=pl.when(pl.col("only_line"))
        .then(pl.col("number"))
        .otherwise(pl.col("number") + (pl.col("place") + 1) * 2_500_000_000)
        .cast(pl.String),
    )
    cases = shop.cases.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    refund = 17_000_000_000_000_000 + (pl.col("applied") - 1_700_000_000) * 10_000_000 + pl.col("row") % 10_000_000
    cases = cases.with_columns(
        refund_id=(refund * 10 + 5).cast(pl.String),
        order_id=lines["order_id"].gather(cases["line"]),
        line_id=lines["line_id"].gather(cases["line"]),
    )
    return Shop(
        shop.spec,
        shop.seed,
        shop.goods,
        shop.buyers,
        orders.drop("row"),
        lines.drop("number"),
        cases.drop("row"),
        shop.faults,
    )
