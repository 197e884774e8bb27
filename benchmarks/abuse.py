"""Suspected orders found in simulated shops whose abusers are known, beside three naive rules. One command:

.venv/bin/python benchmarks/abuse.py [seeds] [--million]

The shop is that of reference "methods 5": 40,000 buyers over 120 days with two promotions, parcel lockers, rings and
solo abusers; extended by its hard cases: households, resellers, office group buys, size triers, low-and-slow rings,
masked identities, and base rates of .1, .3 and 1 % of orders.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
import polars as pl

from aftersales.measures.order_evidence import order_evidence
from aftersales.measures.recalibration import most_innocent
from aftersales.measures.suspects import suspects

DAYS, FIRST, UNTIL = 120, datetime(2026, 6, 1), date(2026, 9, 28)
PROMOTIONS = (48, 49, 109, 110)
PROVINCES, PRODUCTS, SKUS = 31, 300, 6
WAYS = ("returned", "undone", "refused")
SCHEMA = {
    "buyer": pl.Int64, "at": pl.Float64, "product": pl.Int64, "sku": pl.Int64, "address": pl.Int64,
    "province": pl.Int64, "asked": pl.Boolean, "way": pl.Int64, "reason": pl.Int64, "kind": pl.String,
}  # fmt: skip
REASONS = ("no_reason", "size", "quality", "damaged", "not_as_described", "wrong_order")
ABUSE = ("burst", "ring", "slow", "lockstep")


@dataclass
class Shop:
    """Orders gathered as columns; ``kind`` says what each is in truth."""

    draw: np.random.Generator
    buyers: int
    rows: list[pl.DataFrame] = field(default_factory=list)
    next_buyer: int = 0

    def add(self, kind: str, buyer: np.ndarray, at: np.ndarray, product: np.ndarray, asked: np.ndarray, *,
            address: np.ndarray, sku: np.ndarray | None = None, way: np.ndarray | None = None,
            reason: np.ndarray | None = None, province: np.ndarray | None = None) -> None:  # fmt: skip
        n, draw = len(buyer), self.draw
        cells = [
            buyer, at, product, draw.integers(0, SKUS, n) if sku is None else sku, address,
            address % PROVINCES if province is None else province, asked.astype(bool),
            draw.choice(3, n, p=[0.7, 0.22, 0.08]) if way is None else way,
            draw.integers(0, len(REASONS), n) if reason is None else reason, [kind] * n,
        ]  # fmt: skip
        self.rows.append(pl.DataFrame(dict(zip(SCHEMA, cells, strict=True)), schema=SCHEMA))

    def fresh(self, n: int) -> np.ndarray:
        first = self.next_buyer
        self.next_buyer += n
        return np.arange(first, first + n)


def simulated(seed: int, *, base_rate: float, slow_rate: float = 0.0, buyers: int = 40_000) -> pl.DataFrame:
    """All orders of a shop, with the truth in ``kind``. ``base_rate``: share of orders in bursts and rings."""
    draw = np.random.default_rng(seed)
    shop = Shop(draw, buyers)
    popular = draw.zipf(1.3, 20 * PRODUCTS) % PRODUCTS
    product_level = draw.beta(8, 92, PRODUCTS) / 0.08
    homes = int(0.75 * buyers)
    _honest(shop, popular, product_level, homes)
    honest = sum(r.height for r in shop.rows)
    _innocents(shop, popular, homes, max(1, buyers // 4000))
    _abusers(shop, popular, homes, base_rate * honest)
    _slow(shop, popular, homes, slow_rate * honest)
    return pl.concat(shop.rows).sample(fraction=1.0, shuffle=True, seed=seed).with_row_index("order_id")


def _honest(shop: Shop, popular: np.ndarray, level: np.ndarray, homes: int) -> None:
    draw, buyers = shop.draw, shop.buyers
    rate = draw.gamma(0.6, 0.03, buyers)
    counts = draw.poisson(rate * DAYS)
    who = np.repeat(shop.fresh(buyers), counts)
    day = draw.integers(0, DAYS, len(who))
    moved = draw.random(len(who)) < 0.15
    day = np.where(moved, draw.choice(PROMOTIONS, len(who)), day)
    hour = np.clip(draw.normal(15, 4.5, len(who)), 0, 23.99)
    product = draw.choice(popular, len(who))
    leaning = draw.beta(1.2, 12, buyers)[who]
    asked = draw.random(len(who)) < np.minimum(leaning * level[product], 1)
    home = draw.integers(0, homes, buyers)
    lockers = homes + draw.integers(0, max(1, round(60 * buyers / 40_000)), buyers)
    address = np.where(draw.random(buyers) < 0.2, lockers, home)[who]
    shop.add("honest", who, day + hour / 24, product, asked, address=address)


def _innocents(shop: Shop, popular: np.ndarray, homes: int, each: int) -> None:
    draw = shop.draw
    for number in range(each):
        # a reseller: steady, and sprees; hardly anything comes back
        n, spree = int(draw.integers(15, 40)), int(draw.integers(5, 12))
        at = np.r_[draw.uniform(0, DAYS, n), draw.uniform(5, DAYS - 5) + draw.uniform(0, 0.4, spree)]
        who = np.repeat(shop.fresh(1), n + spree)
        shop.add("reseller", who, at, draw.choice(popular, len(at)), draw.random(len(at)) < 0.04,
                 address=np.full(len(at), homes + 1000 + number))  # fmt: skip
        # an office: colleagues buy the same thing on one day
        n = int(draw.integers(6, 16))
        shop.add("office", shop.fresh(n), draw.uniform(5, DAYS - 5) + draw.uniform(0, 0.3, n),
                 np.full(n, draw.choice(popular)), draw.random(n) < 0.10,
                 address=np.full(n, homes + 2000 + number))  # fmt: skip
        # size triers: three to five sizes at once, one kept
        for _ in range(3):
            n = int(draw.integers(3, 6))
            shop.add("trier", np.repeat(shop.fresh(1), n), draw.integers(2, DAYS - 3) + 0.5 + draw.uniform(0, 0.02, n),
                     np.full(n, draw.choice(popular)), np.arange(n) > 0, address=np.full(n, draw.integers(0, homes)),
                     sku=np.arange(n), way=np.zeros(n, int), reason=np.ones(n, int))  # fmt: skip


def _abusers(shop: Shop, popular: np.ndarray, homes: int, wanted: float) -> None:
    """Rings of 4–10 accounts, 3–8 orders each in two days; solo abusers, 6–12 in one: 5 to 12 as in the reference."""
    draw, made, number = shop.draw, 0, 0
    while made < wanted:
        if number % 17 < 5:
            accounts = int(draw.integers(4, 11))
            each = draw.integers(3, 9, accounts)
            who = np.repeat(shop.fresh(accounts), each)
            own = draw.integers(0, homes, accounts)
            door = np.where(draw.random(accounts) < 0.85, homes + 4000 + number, own)
            n, kind, share, span = len(who), "ring", 0.85, 2.0
            address = np.repeat(door, each)
        else:
            n, kind, share, span = int(draw.integers(6, 13)), "burst", 0.80, 1.0
            who, address = np.repeat(shop.fresh(1), n), np.full(n, draw.integers(0, homes))
        at = draw.uniform(2, DAYS - 5) + draw.uniform(0, span, n)
        product = draw.choice(popular, int(draw.integers(1, 4)))
        shop.add(kind, who, at, draw.choice(product, n), draw.random(n) < share, address=address,
                 way=np.full(n, draw.choice(3)))  # fmt: skip
        made, number = made + n, number + 1


def _slow(shop: Shop, popular: np.ndarray, homes: int, wanted: float) -> None:
    """One order an account over four weeks, same product and reason; two in three to one door."""
    draw, made, number = shop.draw, 0, 0
    while made < wanted:
        n = int(draw.integers(6, 13))
        door = np.where(draw.random(n) < 2 / 3, homes + 8000 + number, draw.integers(0, homes, n))
        shop.add("slow", shop.fresh(n), draw.uniform(2, DAYS - 32) + draw.uniform(0, 28, n),
                 np.full(n, draw.choice(popular)), draw.random(n) < 0.9, address=door, way=np.zeros(n, int),
                 reason=np.full(n, draw.integers(2, 5)), province=np.full(n, draw.integers(0, PROVINCES)))  # fmt: skip
        made, number = made + n, number + 1


def with_lockstep(rows: pl.DataFrame, seed: int, *, rings: int = 6) -> pl.DataFrame:
    """Rings without a shared key: five to eight accounts, the same product within the hour on four days."""
    draw = np.random.default_rng(seed + 77)
    shop = Shop(draw, 0, next_buyer=int(rows["buyer"].max()) + 1)  # type: ignore[arg-type]
    for _ in range(rings):
        accounts = shop.fresh(int(draw.integers(5, 9)))
        homes = draw.integers(0, 30_000, len(accounts))
        for day in draw.choice(np.arange(2, DAYS - 3), 4, replace=False):
            n = len(accounts)
            shop.add("lockstep", accounts, day + 0.6 + draw.uniform(0, 0.03, n), np.full(n, draw.integers(0, PRODUCTS)),
                     draw.random(n) < 0.8, address=homes, way=np.zeros(n, int))  # fmt: skip
    more = pl.concat(shop.rows).with_row_index("order_id", offset=rows.height)
    return pl.concat([rows, more])


def tables(rows: pl.DataFrame, *, masked: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The shop as the orders and refunds tables hold it; ``masked``: without buyer, address and telephone."""
    text, gone = pl.String, pl.lit(None, dtype=pl.String)
    way = pl.col("way")
    orders = rows.select(
        pl.col("order_id").cast(text),
        buyer_key=gone if masked else pl.format("b{}", "buyer"),
        buyer_key_quality=pl.lit("masked" if masked else "full"),
        address_key=gone if masked else pl.format("a{}", "address"),
        phone_key=gone if masked else pl.format("t{}", "buyer"),
        province=pl.format("province {}", "province"), product_id=pl.format("p{}", "product"),
        sku=pl.format("s{}", "sku"), amount=pl.lit(100.0),
        created_at=pl.lit(FIRST) + pl.duration(seconds=(pl.col("at") * 86_400).cast(pl.Int64)),
        shipped_at=pl.lit(FIRST) + pl.duration(seconds=((pl.col("at") + 1) * 86_400).cast(pl.Int64)),
        status=pl.when("asked").then(pl.lit("closed_refunded")).otherwise(pl.lit("finished")),
    )  # fmt: skip
    named = pl.col("reason").replace_strict(dict(enumerate(REASONS)), return_dtype=text)
    refunds = rows.filter("asked").select(
        refund_id=pl.format("r{}", "order_id"), order_id=pl.col("order_id").cast(text),
        phase=pl.when(way == 1).then(pl.lit("before_shipping")).otherwise(pl.lit("after_receipt")),
        reason=pl.when(way == 2).then(pl.lit("refused_parcel")).otherwise(named),
        status=pl.lit("succeeded"), kind=pl.lit("refund_only"),
        applied_at=pl.lit(FIRST) + pl.duration(seconds=((pl.col("at") + 3) * 86_400).cast(pl.Int64)),
    )  # fmt: skip
    return orders, refunds


def listed(orders: pl.DataFrame, refunds: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return suspects(order_evidence(orders, refunds, until=date(2026, 11, 15)))


def naive(rows: pl.DataFrame) -> dict[str, pl.Series]:
    """The orders that three rules of thumb would name."""
    two_days = rows.sort("at").rolling("at_index", period="2d", group_by="buyer").agg(pl.len(), pl.col("order_id"))
    many = two_days.filter(pl.col("len") >= 5)["order_id"].explode().unique()
    share = rows.filter(pl.len().over("buyer") >= 3, pl.col("asked").mean().over("buyer") >= 0.5)["order_id"]
    door = rows.filter(pl.col("buyer").n_unique().over("address") >= 4)["order_id"]
    return {">=5 orders in 2 d": many, "refund share >=50 %, n>=3": share, "address shared by >=4": door}


def score(rows: pl.DataFrame, named: pl.Series, *, kinds: tuple[str, ...] = ABUSE) -> tuple[int, int, int]:
    """Orders rightly named, orders named, orders that should have been."""
    bad = rows.filter(pl.col("kind").is_in(kinds))["order_id"].cast(pl.String)
    any_bad = rows.filter(pl.col("kind").is_in(ABUSE))["order_id"].cast(pl.String)
    named = named.cast(pl.String).unique()
    return named.is_in(bad.implode()).sum(), len(named) - named.is_in(any_bad.implode()).sum(), len(bad)


def rates(scores: list[tuple[int, int, int]]) -> str:
    hit, wrong, bad = (sum(s[i] for s in scores) for i in range(3))
    return f"precision {hit / max(hit + wrong, 1):.3f}  recall {hit / max(bad, 1):.3f}  ({hit} of {bad}, {wrong} wrong)"


def _by_base_rate(seeds: range) -> None:
    for base in (0.01, 0.003, 0.001):
        ours, rules = [], {}
        for seed in seeds:
            rows = simulated(seed, base_rate=base)
            ours.append(score(rows, listed(*tables(rows))[1]["order_id"]))
            timed = rows.with_columns(
                at_index=pl.lit(FIRST) + pl.duration(seconds=(pl.col("at") * 86_400).cast(pl.Int64))
            )
            for rule, named in naive(timed).items():
                rules.setdefault(rule, []).append(score(rows, named))
        print(f"base rate {base:.1%}\n  this suite                 {rates(ours)}")
        for rule, scores in rules.items():
            print(f"  {rule:26} {rates(scores)}", flush=True)


def _hard(seeds: range) -> None:
    slow, masked, masked_slow, steps, quiet = [], [], [], [], []
    for seed in seeds:
        rows = simulated(1000 + seed, base_rate=0.0, slow_rate=0.003)
        slow.append(score(rows, listed(*tables(rows))[1]["order_id"], kinds=("slow",)))
        masked_slow.append(score(rows, listed(*tables(rows, masked=True))[1]["order_id"], kinds=("slow",)))
        rows = simulated(2000 + seed, base_rate=0.01)
        masked.append(score(rows, listed(*tables(rows, masked=True))[1]["order_id"]))
        rows = simulated(3000 + seed, base_rate=0.0)
        stepping = with_lockstep(rows, seed)
        steps.append(score(stepping, listed(*tables(stepping))[1]["order_id"]))
        quiet += [(listed(*tables(rows, masked=hidden))[0].height, rows.height) for hidden in (False, True)]
    print(f"low and slow                 {rates(slow)}")
    print(f"lockstep without shared key  {rates(steps)}")
    print(f"masked, bursts and rings     {rates(masked)}")
    print(f"masked, low and slow         {rates(masked_slow)}")
    print(f"no abuse: cases per 10,000   {1e4 * sum(q[0] for q in quiet) / sum(q[1] for q in quiet):.3f}", flush=True)


def _calibration(seeds: range) -> None:
    """Of cases shown as high (.9) how many are true; in how many shops innocent ones are at most as many as said."""
    for base in (0.01, 0.003):
        high = true = held = 0
        for seed in seeds:
            rows = simulated(4000 + seed, base_rate=base, slow_rate=base / 10)
            groups, members = listed(*tables(rows))
            bad = rows.select(pl.col("order_id").cast(pl.String), bad=pl.col("kind").is_in(ABUSE))
            judged = members.join(bad, on="order_id").group_by("group").agg(true=pl.col("bad").mean() >= 0.5)
            cases = groups.join(judged, on="group")
            sure = cases.filter(pl.col("probability") >= 0.9)
            high, true = high + sure.height, true + int(sure["true"].sum())
            held += int((~cases["true"]).sum()) <= most_innocent(cases["probability"])
        print(f"base rate {base:.1%}: of {high} cases shown as high {true / max(high, 1):.3f} are true; "
              f"innocent ones at most as many as said in {held} of {len(seeds)} shops", flush=True)  # fmt: skip


def _million() -> None:
    rows = simulated(1, base_rate=0.003, buyers=455_000).head(1_000_000)
    rows = rows.with_columns(buyer=pl.col("buyer") % 100_000)
    orders, refunds = tables(rows)
    started = time.perf_counter()
    groups, _ = listed(orders, refunds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{orders.height:,} orders, {rows['buyer'].n_unique():,} buyers: {time.perf_counter() - started:.1f} s, "
          f"peak {peak:.2f} GiB with the simulation, {groups.height} groups")  # fmt: skip


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("seeds", type=int, nargs="?", default=5, help="how many shops of each kind")
    asked.add_argument("--million", action="store_true", help="time and memory of a million orders instead")
    given = asked.parse_args()
    if given.million:
        _million()
    else:
        _by_base_rate(range(given.seeds))
        _hard(range(given.seeds))
        _calibration(range(given.seeds))
