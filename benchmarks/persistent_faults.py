"""Faults that stay for twelve weeks in a courier, a lane or a province: in how many weeks does the list name them?

    .venv/bin/python benchmarks/persistent_faults.py [--seeds N] [--world NAME] [--orders A_WEEK]

A shop of five kinds of goods (3 to 25 % of orders come back) without categories, 30 provinces, six couriers and three
warehouses; products, provinces, couriers and warehouses differ by nature as well. A fault begins sixteen weeks into
the history and stays; each of the next twelve weeks is judged as that week's report would, the first two too early to
count. Worlds: `lane` one courier in one province, +38 points; `courier` one courier everywhere, +4 points; `only` the
courier that alone serves a province, there +20 points; `twin` a courier that serves that one province alone, +20;
`quiet` no fault; `mix` a province that comes to buy what comes back more often; `product` one product at 2.5 times its
rate, sold mostly through one warehouse. Hit: a row whose segment or ties name the fault and nothing beside it. False: a
name that is neither, nor by nature 1.15 times as bad as others.
"""

from __future__ import annotations

import argparse
import time
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from aftersales.findings.persistent_slices import persistent_slices
from aftersales.findings.product_counts import product_counts
from aftersales.findings.product_views import product_views
from aftersales.words.periods import Week

FIRST = Week.parse("2026-W10")
BEFORE, FAULT_WEEKS, FROM_WEEK = 16, 12, 3
KINDS = {  # words, share of orders refunded
    "dress": ("雪纺连衣裙", 0.25), "boots": ("马丁短靴", 0.12), "lamp": ("床头台灯", 0.06),
    "tea": ("乌龙茶叶", 0.03), "case": ("磁吸手机壳", 0.05),
}  # fmt: skip
WORLDS = ("lane", "courier", "only", "twin", "quiet", "mix", "product")
PROVINCES, COURIERS, WAREHOUSES, PRODUCTS = 30, 6, 3, 90
TRUE_FROM = 1.15
NATURE = 0.08  # spread of provinces, couriers, warehouses on the log odds
TRUTH = {
    "lane": {"courier=C1 & province=P04"}, "courier": {"courier=C1"},
    "only": {"province=P05", "courier=C2 & province=P05"}, "twin": {"courier=C6", "province=P05"},
}  # fmt: skip


def shop(
    seed: int, world: str, *, a_week: int = 2500, nature: float = NATURE
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, float]]:
    """Orders and refunds of a shop in that world, and by how much each single slice differs by nature (log odds)."""
    draw = np.random.default_rng([seed, WORLDS.index(world)])
    weeks = BEFORE + FAULT_WEEKS
    n = a_week * weeks
    day = np.sort(draw.integers(0, 7 * weeks, n))
    kind = draw.choice(len(KINDS), PRODUCTS)
    sells = draw.lognormal(0, 1, PRODUCTS)
    sizes = np.arange(1, PROVINCES + 1) ** -0.6
    province = draw.choice(PROVINCES, n, p=sizes / sizes.sum())
    taste = np.ones((PROVINCES, PRODUCTS)) * sells
    taste[7] *= np.where(kind == 0, 4.0, 1.0)  # a province that has always bought more dresses
    if world == "mix":
        taste[4] *= np.where(kind == 0, 0.3, 1.0)
    product = np.empty(n, np.int64)
    for p in range(PROVINCES):
        for late in (False, True):
            rows = np.flatnonzero((province == p) & ((day >= 7 * BEFORE) == late))
            liked = taste[p] * (np.where(kind == 0, 20.0, 1.0) if world == "mix" and p == 4 and late else 1.0)
            product[rows] = draw.choice(PRODUCTS, len(rows), p=liked / liked.sum())
    serves = draw.random((PROVINCES, COURIERS)) < 0.7
    serves[np.arange(PROVINCES), draw.integers(0, COURIERS, PROVINCES)] = True
    serves[4, 1] = serves[3, 1] = True
    likes = serves * draw.dirichlet(np.full(COURIERS, 4.0), PROVINCES) * np.r_[1, 1.5, np.ones(COURIERS - 2)]
    if world == "only":
        likes[5] = np.eye(COURIERS)[2]
    likes = np.hstack([likes / likes.sum(axis=1, keepdims=True), np.zeros((PROVINCES, 1))])
    if world == "twin":
        likes[5] = np.eye(COURIERS + 1)[COURIERS]
    courier = (draw.random(n)[:, None] > likes.cumsum(axis=1)[province]).sum(axis=1)
    warehouse = draw.choice(WAREHOUSES, n, p=[0.5, 0.3, 0.2])
    base = np.array([rate for _, rate in KINDS.values()])[kind]
    odds = np.log(base / (1 - base)) + draw.normal(0, 0.15, PRODUCTS)
    if world == "product":
        bad = int(np.flatnonzero(kind == 2)[0])
        warehouse = np.where((product == bad) & (draw.random(n) < 0.9), 2, warehouse)
    places = {"province=P": province, "courier=C": courier, "warehouse=W": warehouse}
    natures = {
        d: draw.normal(0, nature, size) for d, size in zip(places, (PROVINCES, COURIERS + 1, WAREHOUSES), strict=True)
    }
    logit = odds[product] + sum(natures[d][at] for d, at in places.items())
    rate = 1 / (1 + np.exp(-logit))
    begun = day >= 7 * BEFORE
    hit = {
        "lane": ((courier == 1) & (province == 4), 0.38), "courier": (courier == 1, 0.04),
        "only": (province == 5, 0.20), "twin": (province == 5, 0.20),
    }  # fmt: skip
    if world in hit:
        rate = np.minimum(rate + hit[world][1] * (hit[world][0] & begun), 0.95)
    if world == "product":
        rate = np.where((product == bad) & begun, np.minimum(rate * 2.5, 0.95), rate)
    asks = draw.random(n) < rate
    early = draw.random(n) < 0.15  # asked before shipping: no courier is known
    shipped = day + draw.integers(0, 3, n)
    asked = np.where(early, day, shipped + 2 + draw.geometric(0.18, n))
    start = datetime.combine(FIRST.monday, datetime.min.time())
    hour = draw.choice(24, n, p=np.r_[np.full(8, 1), np.full(16, 4)] / 72)
    at = [start + timedelta(days=int(d), hours=int(h)) for d, h in zip(day, hour, strict=True)]
    ids = [f"{world}{k}" for k in range(n)]
    titles = [f"{list(KINDS.values())[k][0]}{i:02d}款" for i, k in enumerate(kind)]
    colour, size = draw.choice(list("红黄蓝黑"), n), draw.choice(["S", "M", "L"], n)
    orders = pl.DataFrame({
        "order_id": ids, "line_id": ids, "created_at": at, "paid_at": at, "paid": 50.0,
        "product_id": [f"G{p:03d}" for p in product], "title": [titles[p] for p in product],
        "sku": [f"颜色:{c};尺码:{s}" for c, s in zip(colour, size, strict=True)],
        "province": [f"P{p:02d}" for p in province], "warehouse": [f"W{w}" for w in warehouse],
        "channel": draw.choice(["shop", "live", "ads"], n, p=[0.7, 0.2, 0.1]),
        "shipped_on": shipped, "courier": [f"C{c}" for c in courier], "early": early & asks,
    })  # fmt: skip
    refunds = orders.select(
        "order_id", "line_id", "product_id", refund_id="line_id", amount="paid", status=pl.lit("succeeded")
    )
    reasons = draw.choice(["quality", "size", "damaged", "no_reason"], n)
    refunds = refunds.with_columns(
        applied_at=pl.Series([start + timedelta(days=int(d), hours=20) for d in asked]), reason=pl.Series(reasons)
    ).filter(asks)
    names = {
        f"{d}{k:02d}" if d == "province=P" else f"{d}{k}": float(v[k])
        for d, v in natures.items()
        for k in range(len(v))
    }
    return orders, refunds, names


def as_of(orders: pl.DataFrame, week: Week) -> pl.DataFrame:
    """The orders as that week's files would have them: without the courier of what is not shipped."""
    until = (week.sunday - FIRST.monday).days
    there = orders.filter(pl.col("paid_at").dt.date() <= week.sunday)
    gone = (pl.col("shipped_on") > until) | pl.col("early")
    return there.with_columns(courier=pl.when(~gone).then("courier")).drop("shipped_on", "early")


def _worse(names: set[str], natures: dict[str, float]) -> bool:
    """Whether one of the names is by nature, without any fault, at least 1.15 times as often refunded as others."""
    return any(natures.get(name, 0.0) >= np.log(TRUE_FROM) for name in names)


def listed(orders: pl.DataFrame, refunds: pl.DataFrame, week: Week) -> tuple[pl.DataFrame, float]:
    """That week's list, and the seconds that it took beside the products'."""
    seen = as_of(orders, week)
    asked = refunds.filter(pl.col("applied_at").dt.date() <= week.sunday)
    counts = product_counts(seen, asked, week=week, market="us")
    views = product_views(seen, asked, week=week, market="us", counts=counts)
    start = time.perf_counter()
    found = persistent_slices(seen, asked, week=week, market="us", views=views, maturity=counts.maturity)
    return found, time.perf_counter() - start


def measured(seed: int, world: str, a_week: int) -> dict[str, object]:
    """Weeks named of those from the third on, false names, those that were stated, and the seconds a week.

    Where nothing is to be named every fourth week is looked at: its list covers the twelve weeks before.
    """
    orders, refunds, natures = shop(seed, world, a_week=a_week)
    truth = TRUTH.get(world, set())
    hits, ties, others, stated, seconds, since = 0, 0, [], 0.0, [], []
    for k in range(FROM_WEEK - 1, FAULT_WEEKS) if truth else range(-4, FAULT_WEEKS, 4):
        found, took = listed(orders, refunds, FIRST.shift(BEFORE + k))
        seconds.append(took)
        named = [{row["segment"], *row["ties"]} for row in found.iter_rows(named=True)]
        mine = [s for s in named if s & truth]
        others += [found["segment"][i] for i, s in enumerate(named) if not s & truth and not _worse(s, natures)]
        stated += float((1 - found["probability_worse"]).sum())
        if mine:
            hits += 1
            ties += len(mine[0]) > 1
            row = next(r for r in found.iter_rows(named=True) if {r["segment"], *r["ties"]} & truth)
            since.append(row["since"] and (row["since"] - FIRST.shift(BEFORE).monday).days // 7)
    return {"world": world, "seed": seed, "hits": hits, "ties": ties, "others": others, "stated": stated,
            "seconds": float(np.median(seconds)), "since": since}  # fmt: skip


def main() -> None:
    """Print a line a world."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seeds", type=int, default=5)
    words.add_argument("--first-seed", type=int, default=0)
    words.add_argument("--world", choices=WORLDS, action="append")
    words.add_argument("--orders", type=int, default=2500)
    words.add_argument("--verbose", action="store_true")
    asked = words.parse_args()
    for world in asked.world or WORLDS:
        seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
        rows = []
        for seed in seeds:
            rows.append(measured(seed, world, asked.orders))
            if asked.verbose:
                print("  ", rows[-1], flush=True)
        print(
            f"{world:8} shops {len(rows)}: weeks named of {FAULT_WEEKS - FROM_WEEK + 1} {[r['hits'] for r in rows]}, "
            f"with tie {[r['ties'] for r in rows]}, other names {sum(len(r['others']) for r in rows)}, "
            f"stated false {sum(r['stated'] for r in rows):.1f}, {np.median([r['seconds'] for r in rows]):.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
