"""Rules on orders that can be replayed over history: which orders each would have stopped, held or looked at.

Each uses only what was known when it had to act: the order itself, earlier orders, and for a hold what had been asked
by the hold's end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersales.measures.inputs import columns_of
from aftersales.tables.columns import Frame
from aftersales.tables.orders import Orders
from aftersales.tables.refunds import Refunds

Flags = NDArray[np.bool_]
Act = Literal["refuse", "review", "delay"]

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
# Orders that a province is credited with at the shop's share beside its own: two bad ones out of three say little.
PROVINCE_PRIOR_ORDERS = 50
# The platform closes an unpaid order by itself after three days; closing it sooner frees the days in between.
CLOSES_AFTER_HOURS = 72
NEVER = np.iinfo(np.int64).min // 2


@dataclass(frozen=True)
class OrderRule:
    """A rule by its name: how it acts on an order it meets, and the thresholds tried, mildest first.

    refuse: the order does not come about · review: somebody looks at it · delay: it waits. ``spares`` is how much of a
    bad order's loss it spares, as a multiple (1: all of it; of days of locked stock, as many as are cut off).
    """

    name: str
    act: Act
    thresholds: tuple[float, ...]
    met: Callable[..., Flags]
    spares: Callable[[float], float] = lambda threshold: 1.0


def order_facts(orders: Frame, refunds: Frame | None = None, *, scores: Frame | None = None) -> pl.DataFrame:
    """One row an order, by time of creation: what rules may know of it.

    Columns out: order_id, buyer_key, address_key, phone_key, province, created_at, paid_at, shipped_at, amount
    (payable, else paid; Float64), paid (whether it was; true where the table has no times of payment), asked_at (first
    refund request; null without), score (of ``scores``: order_id, score; null without). Orders without a time of
    creation are left out.

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, 2), datetime(2026, 11, 1), datetime(2026, 11, 1)]
    >>> lines = pl.DataFrame({"order_id": ["b", "a", "a"], "created_at": at, "amount": [5, 2, 3]})
    >>> order_facts(lines).select("order_id", "amount").rows()
    [('a', 5.0), ('b', 5.0)]
    """
    keys = ["buyer_key", "address_key", "phone_key", "province"]
    known = ["order_id", *keys, "created_at", "paid_at", "shipped_at", "amount", "paid"]
    lines = columns_of(orders, Orders, known, needed=["order_id", "created_at"])
    price = pl.coalesce("amount", "paid").cast(pl.Float64).sum()
    facts = (
        lines.group_by("order_id")
        .agg(pl.col(keys).first(), pl.col("created_at", "paid_at", "shipped_at").min(), amount=price)
        .drop_nulls("created_at")
    )
    dated = "paid_at" in orders.collect_schema()
    facts = facts.with_columns(paid=pl.col("paid_at").is_not_null() if dated else pl.lit(value=True))
    zone = pl.lit(None, dtype=facts.collect_schema()["created_at"])
    if refunds is None:
        facts = facts.with_columns(asked_at=zone)
    else:
        cases = columns_of(refunds, Refunds, ["order_id", "applied_at"], needed=["order_id", "applied_at"])
        facts = facts.join(
            cases.group_by("order_id").agg(asked_at=pl.col("applied_at").min()), on="order_id", how="left"
        )
    if scores is None:
        facts = facts.with_columns(score=pl.lit(None, dtype=pl.Float64))
    else:
        best = scores.lazy().group_by("order_id").agg(pl.col("score").cast(pl.Float64).max())
        facts = facts.join(best, on="order_id", how="left")
    return facts.sort("created_at", "order_id").collect()


def over_limit(facts: pl.DataFrame, threshold: float, *, days: int, **_: object) -> Flags:
    """Orders refused by "at most ``threshold`` orders a buyer in ``days`` days".

    Refused orders do not count towards the limit, as on the platform. Orders of unknown buyers pass.

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, d) for d in (1, 2, 9, 9)]
    >>> facts = pl.DataFrame({"buyer_key": ["x", "x", "x", None], "created_at": at})
    >>> over_limit(facts, 1, days=7).tolist()
    [False, True, False, False]
    """
    limit, window = int(threshold), days * DAY_US
    flags = np.zeros(facts.height, bool)
    rows = (
        facts.select("buyer_key", at=pl.col("created_at").dt.epoch("us"))
        .with_row_index("row")
        .drop_nulls("buyer_key")
        .sort("buyer_key", "at", "row")
        .with_columns(turn=pl.int_range(pl.len()).over("buyer_key"), many=pl.len().over("buyer_key"))
        # a buyer with no more orders than the limit can never be over it
        .filter(pl.col("many") > limit)
        .with_columns(buyer=pl.col("buyer_key").rank("dense") - 1)
        .sort("turn", "buyer")
    )
    if rows.is_empty():
        return flags
    row, at, turn, buyer = (rows[c].to_numpy().astype(np.int64) for c in ("row", "at", "turn", "buyer"))
    # the last `limit` orders that each buyer was allowed, as a ring; one round for every buyer's first order, second …
    recent = np.full((int(buyer.max()) + 1, limit), NEVER)
    place = np.zeros(len(recent), np.int64)
    for part in np.split(np.arange(len(turn)), np.flatnonzero(np.diff(turn)) + 1):
        who, when = buyer[part], at[part]
        allowed = when - recent[who, place[who]] >= window
        flags[row[part[~allowed]]] = True
        let, moment = who[allowed], when[allowed]
        recent[let, place[let]] = moment
        place[let] = (place[let] + 1) % limit
    return flags


def under_minimum(facts: pl.DataFrame, threshold: float, **_: object) -> Flags:
    """Orders below a minimum value."""
    return (facts["amount"].fill_null(np.inf) < threshold).to_numpy()


def above_score(facts: pl.DataFrame, threshold: float, **_: object) -> Flags:
    """Orders whose risk score lies above the threshold; without a score nobody looks."""
    return (facts["score"].fill_null(-np.inf) > threshold).to_numpy()


def held(facts: pl.DataFrame, threshold: float, **_: object) -> Flags:
    """Paid orders shipped sooner than ``threshold`` hours after payment: those that a hold would have kept back."""
    wait = (pl.col("shipped_at") - pl.col("paid_at")).dt.total_seconds() < threshold * 3600
    return facts.select(wait.fill_null(value=False)).to_series().to_numpy()


def saved_by_hold(facts: pl.DataFrame, threshold: float) -> Flags:
    """Of those held: orders whose refund was asked for after shipping, but before the hold would have ended."""
    asked = (pl.col("asked_at") - pl.col("paid_at")).dt.total_seconds() <= threshold * 3600
    return (
        held(facts, threshold)
        & facts.select((asked & (pl.col("asked_at") > pl.col("shipped_at"))).fill_null(value=False))
        .to_series()
        .to_numpy()
    )


def closed_unpaid(facts: pl.DataFrame, threshold: float, **_: object) -> Flags:
    """Orders not paid within ``threshold`` hours: those that closing sooner would have closed."""
    wait = (pl.col("paid_at") - pl.col("created_at")).dt.total_seconds() > threshold * 3600
    return facts.select(wait.fill_null(value=True)).to_series().to_numpy()


def worst_provinces(facts: pl.DataFrame, number: int, *, bad: Flags, older: Flags) -> list[str]:
    """The provinces with the largest share of bad orders in the older part, worst first."""
    table = facts.select("province").with_columns(bad=pl.Series(bad)).filter(pl.Series(older)).drop_nulls("province")
    usual = float(table["bad"].mean() or 0.0)  # type: ignore[arg-type]
    share = (pl.col("bad").sum() + usual * PROVINCE_PRIOR_ORDERS) / (pl.len() + PROVINCE_PRIOR_ORDERS)
    worst = table.group_by("province").agg(share=share).sort("share", "province", descending=[True, False])
    return worst["province"].head(number).to_list()


def restricted(facts: pl.DataFrame, threshold: float, *, bad: Flags, older: Flags, **_: object) -> Flags:
    """Orders from the ``threshold`` provinces with the largest share of bad orders in the older part."""
    provinces = worst_provinces(facts, int(threshold), bad=bad, older=older)
    return facts["province"].is_in(provinces).fill_null(value=False).to_numpy()


ORDER_RULES: Mapping[str, OrderRule] = MappingProxyType({
    rule.name: rule
    for rule in (
        OrderRule("purchase_limit", "refuse", (10, 8, 6, 5, 4, 3, 2, 1), over_limit),
        OrderRule("minimum_order", "refuse", (5, 10, 15, 20, 30, 50), under_minimum),
        OrderRule("manual_review", "review", (0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3), above_score),
        OrderRule("hold_before_shipping", "delay", (1, 2, 4, 8, 12, 24), held),
        OrderRule(
            "close_unpaid_sooner", "refuse", (48, 24, 12, 6, 2, 1, 0.5), closed_unpaid,
            lambda hours: (CLOSES_AFTER_HOURS - hours) / 24,
        ),
        OrderRule("region_restriction", "refuse", (1, 2, 3, 5), restricted),
    )
})  # fmt: skip
