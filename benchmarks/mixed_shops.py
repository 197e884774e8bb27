"""Problem products in shops whose files name no categories, on worlds whose truth is known. One command:

    .venv/bin/python benchmarks/mixed_shops.py [--seeds N] [--world mixed|clean|high|small]

A shop sells several kinds of goods under titles made of a kind's words and others; rates belong to the kind, products
of a kind spread around it. Truth: a product is worse where its own rate is at least 1.15 times its kind's.
"""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from aftersales.findings.product_counts import product_counts
from aftersales.findings.product_views import product_views
from aftersales.words.periods import Week

WEEK = Week.parse("2026-W40")
KINDS = {  # words of the kind, rate, price
    "dress": (("连衣裙", "长裙", "半身裙"), 0.42, 180), "shirt": (("衬衫", "T恤", "针织衫"), 0.33, 90),
    "shoes": (("运动鞋", "帆布鞋", "皮鞋"), 0.24, 200), "snacks": (("坚果", "饼干", "果干"), 0.03, 40),
    "mugs": (("马克杯", "保温杯"), 0.08, 60), "cables": (("数据线", "充电器"), 0.05, 25),
}  # fmt: skip
FILLERS = (
    "新款",
    "夏季",
    "韩版",
    "百搭",
    "包邮",
    "大码",
    "2026",
    "春秋",
    "网红",
    "高级感",
    "学生",
    "简约",
    "ins风",
    "批发",
)
REASONS = ("size", "quality", "not_as_described", "no_longer_wanted")
TRUE_FROM = 1.15


def shop(
    seed: int, *, kinds: dict = KINDS, products: int = 180, orders: int = 40_000, faults: int = 6,
    lifts: tuple[float, ...] = (1.6, 2.2, 3.0), points: tuple[float, ...] = (), spread: float = 0.15, weeks: int = 40,
    least_orders: int = 60, least_excess: float = 15.0, categories: bool = False, returners: int = 0,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """Orders, refunds, and the truth: product_id, kind, rate, kind_rate, planted."""
    draw = np.random.default_rng(seed)
    names = list(kinds)
    kind = draw.choice(len(names), products)
    sells = draw.lognormal(0, 1.1, products)
    sells /= sells.sum()
    base = np.array([kinds[n][1] for n in names])[kind]
    odds = base / (1 - base) * np.exp(draw.normal(0, spread, products))
    rate = odds / (1 + odds)
    sold, bad = sells * orders * 12 / weeks, []
    for n in range(faults):  # faults that hold a loss: too many refunds by fifteen in twelve weeks
        broken = np.minimum(rate + points[n % len(points)] if points else base * lifts[n % len(lifts)], 0.95)
        big = np.flatnonzero((sold >= least_orders) & (sold * (broken - base) >= least_excess))
        big = big[~np.isin(big, bad)]
        if len(big):
            bad.append(int(draw.choice(big)))
            rate[bad[-1]] = broken[bad[-1]]
    planted = np.isin(np.arange(products), bad)
    titles = []
    for p in range(products):
        words = [str(draw.choice(kinds[names[kind[p]]][0])), *map(str, draw.choice(FILLERS, 3, replace=False))]
        draw.shuffle(words)
        titles.append("".join(words) + f" {draw.integers(1000, 9999)}")
    prices = np.array([kinds[n][2] for n in names])[kind] * np.exp(draw.normal(0, 0.3, products))
    start = datetime.combine(WEEK.monday - timedelta(weeks=weeks - 1), datetime.min.time())
    p = draw.choice(products, orders, p=sells)
    paid = draw.uniform(0, weeks * 7 * 24 * 3600, orders)
    began = draw.uniform(0, 1, products) < 0.9  # nine in ten were sold from the first week
    keep = began[p] | (paid > weeks * 7 * 24 * 3600 * 0.7)
    p, paid = p[keep], paid[keep]
    asks = draw.random(len(p)) < rate[p]
    buyer = draw.integers(0, len(p) // 2, len(p))
    late = np.flatnonzero(paid > (weeks - 12) * 7 * 24 * 3600)
    lately = np.bincount(p[late], minlength=products)
    for number, product in enumerate(np.flatnonzero((lately >= 100) & (lately <= 260) & ~planted)[:returners]):
        theirs = draw.choice(late[p[late] == product], 25, replace=False)  # one buyer, who returns 25 of these orders
        buyer[theirs], asks[theirs] = len(p) + number, True
    delay = draw.gamma(2.0, 3.5, len(p)) * 86400
    size = np.arange(len(p))
    stamp = pl.Series(paid.astype("int64") * 1_000_000).cast(pl.Duration("us"))
    when = pl.Series([start]).dt.replace_time_zone("Asia/Shanghai")
    variants = draw.integers(1, 4, (len(p), 2))
    frame = pl.DataFrame({
        "order_id": [f"o{i}" for i in size], "product_id": [f"p{i}" for i in p], "title": [titles[i] for i in p],
        "paid": np.round(prices[p], 2), "quantity": 1,
        "buyer_key": [f"b{i}" for i in buyer],
        "sku": [f"颜色:{c};尺码:{s}" if kind[i] < 3 else f"规格:{c}" for i, (c, s) in zip(p, variants, strict=True)],
        "_stamp": stamp,
    }).with_columns(paid_at=pl.lit(when).first() + pl.col("_stamp"))  # fmt: skip
    if categories:
        frame = frame.with_columns(category=pl.Series([names[kind[i]] for i in p]))
    asked = frame.with_columns(
        asks=pl.Series(asks),
        applied_at=pl.col("paid_at") + pl.Series((delay * 1e6).astype("int64")).cast(pl.Duration("us")),
    )
    reasons = draw.choice(REASONS, len(p), p=(0.35, 0.2, 0.15, 0.3))
    asked = asked.with_columns(reason=pl.Series(reasons)).filter("asks")
    end = datetime.combine(WEEK.sunday + timedelta(days=1), datetime.min.time())
    asked = asked.filter(pl.col("applied_at").dt.replace_time_zone(None) < end)
    refunds = asked.select(
        "order_id", "product_id", "applied_at", "reason", refund_id=pl.lit("r") + pl.col("order_id"), amount="paid",
        status=pl.lit("succeeded"), kind=pl.lit("return_refund"), line_id=pl.col("order_id"),
    )  # fmt: skip
    orders_ = frame.with_columns(line_id=pl.col("order_id"), status=pl.lit("finished")).drop("_stamp")
    truth = pl.DataFrame({"product_id": [f"p{i}" for i in range(products)], "kind": [names[k] for k in kind],
                          "true_rate": rate, "kind_rate": base, "planted": planted})  # fmt: skip
    return orders_, refunds, truth


WORLDS = {
    "mixed": {}, "clean": {"faults": 0}, "given": {"categories": True},
    "high": {"kinds": {"dress": (("连衣裙", "长裙"), 0.6, 180), "shirt": (("衬衫", "针织衫"), 0.58, 120)},
             "points": (0.10, 0.15, 0.25), "faults": 4, "least_orders": 250, "products": 60},
    "low": {"kinds": {"mugs": KINDS["mugs"], "cables": KINDS["cables"], "snacks": KINDS["snacks"]}, "faults": 6},
    "returner": {"faults": 0, "returners": 8},
    "onekind": {"kinds": {"dress": KINDS["dress"]}, "faults": 0, "products": 80},
}  # fmt: skip


def measured(seed: int, **world) -> dict[str, float]:  # type: ignore[no-untyped-def]
    orders, refunds, truth = shop(seed, **world)
    counts = product_counts(orders, refunds, market="cn", week=WEEK)
    views = product_views(orders, refunds, market="cn", week=WEEK, counts=counts)
    listed = views.filter("flagged", "leads").join(truth, on="product_id")
    worse = listed.filter(pl.col("true_rate") >= TRUE_FROM * pl.col("kind_rate"))
    whole = (
        views.filter(level="product", against="category", reason="any").drop_nulls("rate").join(truth, on="product_id")
    )
    whole = whole.filter("enough")
    covered = whole.select(pl.col("true_rate").is_between("rate_low", "rate_high").mean()).item()
    stated = listed.select((1 - pl.col("probability_worse")).sum()).item()
    planted = truth.filter("planted")
    error = whole.select((pl.col("expected_rate") / pl.col("kind_rate")).log().std()).item()
    return {"listed": listed.height, "worse": worse.height, "planted": planted.height,
            "found": planted.join(listed, on="product_id", how="semi").height, "stated_false": stated,
            "coverage": covered, "kind_error": error}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--world", choices=list(WORLDS), action="append")
    asked = parser.parse_args()
    for world in asked.world or WORLDS:
        rows = pl.DataFrame([measured(seed, **WORLDS[world]) for seed in range(asked.seeds)])
        total = rows.sum()
        worse = total["worse"][0] / max(1, total["listed"][0])
        print(f"{world:9} shops {asked.seeds}: listed {total['listed'][0]}, truly worse {worse:.2f}, "
              f"planted found {total['found'][0]} of {total['planted'][0]}, "
              f"stated false {total['stated_false'][0]:.1f}, 90 % coverage {rows['coverage'].mean():.3f}, "
              f"kind error {rows['kind_error'].mean():.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
