"""Rules on orders that can be replayed over history: which orders each would have stopped, held or looked at.

Each uses only what was known when it had to act: the order itself, earlier orders, and for a hold what had been asked
by the hold's end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersales.measures.chunks import in_parts, parts_for, parts_of
from aftersales.measures.inputs import columns_of
from aftersales.measures.order_evidence import key_number
from aftersales.tables.columns import Frame, known_sum
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
# What rules may look at beside an order's number, buyer, time of creation, amount, and whether it was paid.
_SEEN = ("address_key", "phone_key", "province", "paid_at", "shipped_at", "asked_at")
NEVER = np.iinfo(np.int64).min // 2


@dataclass(frozen=True)
class OrderRule:
    """A rule by its name: how it acts on an order it meets, and the thresholds tried, mildest first.

    refuse: the order does not come about · review: somebody looks at it · delay: it waits. ``spares`` is how much of a
    bad order's loss it spares, as a multiple (1: all of it; of days of locked stock, as many as are cut off). ``sees``
    names the columns of `order_facts` that it looks at beside those that every replay needs. ``money``: its
    thresholds are sums, here in yuan.
    """

    name: str
    act: Act
    thresholds: tuple[float, ...]
    met: Callable[..., Flags]
    sees: tuple[str, ...] = ()
    spares: Callable[[float], float] = lambda threshold: 1.0
    money: bool = False


def order_facts(
    orders: Frame | Sequence[Frame],
    refunds: Frame | None = None,
    *,
    scores: Frame | None = None,
    rules: Collection[str] | None = None,
) -> pl.DataFrame:
    """One row an order, by time of creation: what rules may know of it.

    ``orders`` may come in parts, as a large shop's months do. Columns out: order_id, buyer_key, address_key, phone_key
    (numbers, see `order_evidence.key_number`), province (Categorical), created_at, paid_at, shipped_at, amount
    (payable, else paid; Float64, null where neither is known), paid (whether it was; true where the table has no times
    of payment), asked_at (first refund request; null without), score (of ``scores``: order_id, score; not there
    without). Where ``rules`` are named, only what these look at: of a large shop every column takes a third of a
    gigabyte. Orders without a time of creation are left out.

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, 2), datetime(2026, 11, 1), datetime(2026, 11, 1)]
    >>> lines = pl.DataFrame({"order_id": ["b", "a", "a"], "created_at": at, "amount": [5, 2, 3]})
    >>> order_facts(lines).select("created_at", "amount").rows()
    [(datetime.datetime(2026, 11, 1, 0, 0), 5.0), (datetime.datetime(2026, 11, 2, 0, 0), 5.0)]
    """
    wanted = _SEEN if rules is None else tuple(c for c in _SEEN if any(c in ORDER_RULES[r].sees for r in rules))
    more = []
    if refunds is not None and "asked_at" in wanted:
        cases = columns_of(refunds, Refunds, ["order_id", "applied_at"], needed=["order_id", "applied_at"])
        more.append(cases.group_by("order_id").agg(asked_at=pl.col("applied_at").min()))
    if scores is not None:
        more.append(scores.lazy().group_by("order_id").agg(pl.col("score").cast(pl.Float64).max()))
    numbered = key_number(pl.col("order_id")).alias("order_id")
    known = [rows.with_columns(numbered).collect(engine="streaming") for rows in more]
    facts = pl.concat([_facts(part, known, wanted) for part in parts_of(orders)])
    return facts if facts["created_at"].is_sorted() else facts.sort("created_at", maintain_order=True)


def _facts(orders: Frame, known: Sequence[pl.DataFrame], wanted: Sequence[str]) -> pl.DataFrame:
    given = {"buyer_key", "created_at", "paid_at", *wanted}
    keys = [c for c in ("buyer_key", "address_key", "phone_key") if c in given]
    firsts = [c for c in (*keys, "province") if c in given]
    times = [c for c in ("created_at", "paid_at", "shipped_at") if c in given]
    # text is many times larger than its number
    lines = columns_of(
        orders, Orders, ["order_id", *firsts, *times, "amount", "paid"], needed=["order_id", "created_at"]
    )
    # of one second the lower number was first, as far as numbers they are
    turn = pl.coalesce(pl.col("order_id").cast(pl.UInt64, strict=False), pl.col("order_id").hash())
    lines = lines.with_columns(turn.alias("turn"), *(key_number(pl.col(key)).alias(key) for key in ("order_id", *keys)))
    price = known_sum(pl.coalesce("amount", "paid").cast(pl.Float64))
    facts = (
        lines.group_by("order_id")
        .agg(pl.col("turn", *firsts).first(), pl.col(times).min(), amount=price)
        .drop_nulls("created_at")
    )
    for rows in known:
        facts = facts.join(rows.lazy(), on="order_id", how="left")
    dated = "paid_at" in orders.collect_schema()
    facts = facts.with_columns(paid=pl.col("paid_at").is_not_null() if dated else pl.lit(value=True))
    if "asked_at" in wanted and not any("asked_at" in rows.columns for rows in known):
        facts = facts.with_columns(asked_at=pl.lit(None, dtype=facts.collect_schema()["created_at"]))
    if "province" in wanted:
        facts = facts.with_columns(pl.col("province").cast(pl.Categorical))
    unseen = [] if "paid_at" in wanted else ["paid_at"]
    return facts.drop(unseen).sort("created_at", "turn").drop("turn").collect(engine="streaming")


def over_limit(facts: pl.DataFrame, threshold: float, *, days: int, **_: object) -> Flags:
    """Orders refused by "at most ``threshold`` orders a buyer in ``days`` days".

    Refused orders do not count towards the limit, as on the platform. Orders of unknown buyers pass.

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, d) for d in (1, 2, 9, 9)]
    >>> facts = pl.DataFrame({"buyer_key": ["x", "x", "x", None], "created_at": at})
    >>> over_limit(facts, 1, days=7).tolist()
    [False, True, False, False]
    """
    flags = np.zeros(facts.height, bool)
    rows = facts.lazy().select("buyer_key", at=pl.col("created_at").dt.epoch("us")).with_row_index("row")
    for part in in_parts(rows.filter(pl.col("buyer_key").is_not_null()), "buyer_key", n=parts_for(facts.height)):
        flags[_refused(part, int(threshold), days * DAY_US)] = True
    return flags


def _refused(rows: pl.LazyFrame, limit: int, window: int) -> NDArray[np.int64]:
    """Which rows (row, buyer_key, at) the limit refuses; the rows hold all orders of their buyers."""
    # a buyer with no more orders than the limit can never be over it
    many = rows.group_by("buyer_key").len().filter(pl.col("len") > limit)
    turns = (
        rows.join(many, on="buyer_key", how="semi")
        .sort("buyer_key", "at", "row")
        .collect(engine="streaming")
        .with_columns(turn=pl.int_range(pl.len()).over("buyer_key"), buyer=pl.col("buyer_key").rank("dense") - 1)
        .sort("turn", "buyer")
    )
    row, at, turn, buyer = (turns[c].to_numpy().astype(np.int64) for c in ("row", "at", "turn", "buyer"))
    if not len(row):
        return row
    # the last `limit` orders that each buyer was allowed, as a ring; one round for every buyer's first order, second …
    recent = np.full((int(buyer.max()) + 1, limit), NEVER)
    place = np.zeros(len(recent), np.int64)
    refused = []
    for part in np.split(np.arange(len(turn)), np.flatnonzero(np.diff(turn)) + 1):
        who, when = buyer[part], at[part]
        allowed = when - recent[who, place[who]] >= window
        refused.append(row[part[~allowed]])
        let, moment = who[allowed], when[allowed]
        recent[let, place[let]] = moment
        place[let] = (place[let] + 1) % limit
    return np.concatenate(refused)


def under_minimum(facts: pl.DataFrame, threshold: float, **_: object) -> Flags:
    """Orders below a minimum value."""
    return facts.select((pl.col("amount") < threshold).fill_null(value=False)).to_series().to_numpy()


def above_score(facts: pl.DataFrame, threshold: float, **_: object) -> Flags:
    """Orders whose risk score lies above the threshold; without a score nobody looks."""
    return facts.select((pl.col("score") > threshold).fill_null(value=False)).to_series().to_numpy()


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
    every = facts.select("province").with_columns(bad=pl.Series(bad)).filter(pl.Series(older)).drop_nulls("province")
    table = every.group_by("province").agg(bad=pl.col("bad").sum(), orders=pl.len())
    table = table.with_columns(pl.col("province").cast(pl.String))
    usual = float(every["bad"].mean() or 0.0)  # type: ignore[arg-type]
    share = (pl.col("bad") + usual * PROVINCE_PRIOR_ORDERS) / (pl.col("orders") + PROVINCE_PRIOR_ORDERS)
    worst = table.with_columns(share=share).sort("share", "province", descending=[True, False])
    return worst["province"].head(number).to_list()


def restricted(facts: pl.DataFrame, threshold: float, *, bad: Flags, older: Flags, **_: object) -> Flags:
    """Orders from the ``threshold`` provinces with the largest share of bad orders in the older part."""
    provinces = worst_provinces(facts, int(threshold), bad=bad, older=older)
    return facts["province"].is_in(pl.Series(provinces, dtype=pl.String)).fill_null(value=False).to_numpy()


ORDER_RULES: Mapping[str, OrderRule] = MappingProxyType({
    rule.name: rule
    for rule in (
        OrderRule("purchase_limit", "refuse", (10, 8, 6, 5, 4, 3, 2, 1), over_limit),
        OrderRule("minimum_order", "refuse", (5, 10, 15, 20, 30, 50), under_minimum, money=True),
        OrderRule(
            "manual_review", "review", (0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3), above_score,
            sees=("address_key", "phone_key", "asked_at"),
        ),
        OrderRule(
            "hold_before_shipping", "delay", (1, 2, 4, 8, 12, 24), held, sees=("paid_at", "shipped_at", "asked_at"),
        ),
        OrderRule(
            "close_unpaid_sooner", "refuse", (48, 24, 12, 6, 2, 1, 0.5), closed_unpaid, sees=("paid_at",),
            spares=lambda hours: (CLOSES_AFTER_HOURS - hours) / 24,
        ),
        OrderRule("region_restriction", "refuse", (1, 2, 3, 5), restricted, sees=("province",)),
    )
})  # fmt: skip
