"""New products whose first weeks are worse than their later ones: which are listed, and are the bad ones found?

    .venv/bin/python benchmarks/launches.py [--seeds 4] [--world all|one|none]

A shop of four kinds of goods; two products in five were launched in the course of the year. In their first eight weeks
the odds of a request are higher for every new product of a kind (1.6 times at first, falling evenly to none), whatever
the product (``all``), in one kind alone (``one``), or nowhere (``none``). Some of those launched in the last ten weeks
are truly bad: 2.5 or 4 times the odds of their kind, the launch beside it. Innocent: an own rate of its kind.
"""

from __future__ import annotations

import argparse
from datetime import datetime

import numpy as np
import polars as pl

from aftersales.findings.product_views import product_views
from aftersales.words.periods import Week

WEEK, WEEKS, NEW_WEEKS = Week.parse("2026-W40"), 56, 12
KINDS = {"coat": 0.30, "jeans": 0.22, "lamp": 0.09, "tea": 0.04}
WORLDS = {"all": tuple(KINDS), "one": ("coat",), "none": ()}


def shop(
    seed: int, *, launched: tuple[str, ...], bad: int, products: int = 200, orders: int = 200_000, peak: float = 1.6,
    spread: float = 0.15, fades: int = 8, categories: bool = True,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """Orders, refunds and the truth: product_id, launch (week of the year), bad."""
    draw = np.random.default_rng(seed)
    kind = draw.choice(list(KINDS), products)
    launch = np.where(draw.random(products) < 0.4, draw.integers(1, WEEKS - 2, products), -60)
    young = np.flatnonzero((launch >= WEEKS - 10) & (launch < WEEKS - 3))
    is_bad = np.isin(np.arange(products), young[:bad])
    base = np.array([KINDS[k] for k in kind])
    lift = np.where(np.cumsum(is_bad) % 2, 2.5, 4.0)
    log_odds = np.log(base / (1 - base)) + np.where(is_bad, np.log(lift), draw.normal(0, spread, products))
    sells = draw.lognormal(0, 0.7, products)
    product = draw.choice(products, 2 * orders, p=sells / sells.sum())
    week = draw.uniform(0, WEEKS, 2 * orders)
    kept = np.flatnonzero(week >= launch[product])[:orders]
    product, week = product[kept], week[kept]
    age = week - launch[product]
    first_weeks = np.log(1 + (peak - 1) * np.clip(1 - age / fades, 0, 1)) * np.isin(kind, launched)[product]
    back = draw.random(orders) < 1 / (1 + np.exp(-log_odds[product] - first_weeks))
    start = datetime.combine(WEEK.shift(1 - WEEKS).monday, datetime.min.time())
    day_us = 86_400_000_000
    paid_at = pl.lit(start) + pl.Series((week * 7 * day_us).astype("int64")).cast(pl.Duration("us"))
    delay = pl.Series((draw.gamma(2.0, 3.5, orders) * day_us).astype("int64")).cast(pl.Duration("us"))
    table = pl.select(paid_at=paid_at, delay=delay, back=pl.Series(back)).with_columns(
        pl.Series("product_id", [f"p{p}" for p in product]), pl.Series("title", [f"{kind[p]} no {p}" for p in product]),
        pl.Series("category", kind[product] if categories else [None] * orders, dtype=pl.String), paid=pl.lit(100.0),
        order_id=pl.format("o{}", pl.int_range(orders)), status=pl.lit("finished"),
    ).with_columns(line_id="order_id")  # fmt: skip
    refunds = table.filter("back").select(
        "order_id", "product_id", "line_id", refund_id="order_id", applied_at=pl.col("paid_at") + pl.col("delay"),
        reason=pl.lit("quality"), amount="paid", status=pl.lit("succeeded"), kind=pl.lit("return_refund"),
    )  # fmt: skip
    refunds = refunds.filter(pl.col("applied_at").dt.date() <= WEEK.sunday)
    truth = pl.DataFrame({"product_id": [f"p{p}" for p in range(products)], "launch": launch, "bad": is_bad})
    return table.drop("back", "delay"), refunds, truth


def measured(seed: int, **world) -> dict[str, int]:  # type: ignore[no-untyped-def]
    """What one shop's list holds: innocent launches, bad launches, others; how many of each there are."""
    orders, refunds, truth = shop(seed, **world)
    views = product_views(orders, refunds, market="cn", week=WEEK)
    listed = truth.join(views.filter("flagged", "leads"), on="product_id", how="semi")
    new = pl.col("launch") >= WEEKS - NEW_WEEKS
    counts = {"innocent": new & ~pl.col("bad"), "bad": pl.col("bad"), "old": ~new & ~pl.col("bad")}
    return {f"{name}_{of}": table.filter(which).height
            for name, which in counts.items() for of, table in (("listed", listed), ("all", truth))}  # fmt: skip


def main() -> None:
    """Print one line a world, with bad launches and without."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seeds", type=int, default=4)
    words.add_argument("--first", type=int, default=0)
    words.add_argument("--world", choices=list(WORLDS), action="append")
    words.add_argument("--untold", action="store_true", help="the files name no categories")
    words.add_argument("--peak", type=float, default=1.6, help="odds of the first day beside the later ones")
    given = words.parse_args()
    for world in given.world or WORLDS:
        for bad in (0, 4):
            rows = [measured(seed, launched=WORLDS[world], bad=bad, peak=given.peak, categories=not given.untold)
                    for seed in range(given.first, given.first + given.seeds)]  # fmt: skip
            total = pl.DataFrame(rows).sum().row(0, named=True)
            said = ", ".join(f"{n} {total[f'{n}_listed']} of {total[f'{n}_all']}" for n in ("innocent", "bad", "old"))
            print(f"launches dearer in {world:4} {given.seeds} shops, listed: {said}", flush=True)


if __name__ == "__main__":
    main()
