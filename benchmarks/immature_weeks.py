"""Payment weeks judged while refunds are still coming: false signals where the rate never changes but delays do.

    .venv/bin/python benchmarks/immature_weeks.py [--seeds 20] [--world steady|restless|slower|slowed]

A shop of a constant rate. Delays are the same all year (``steady``), stretched or shortened for all orders of a week by
a factor that wanders from week to week (``restless``), half again as long from three weeks ago (``slower``), or two
and a half times as long from nine weeks ago (``slowed``).
Every shop is judged at the end of four weeks. A false signal: a week called above or below; by weeks of age.
"""

from __future__ import annotations

import argparse
from datetime import datetime

import numpy as np
import polars as pl

from aftersales.findings.estimates import weekly_estimates
from aftersales.measures.surveillance import surveillance
from aftersales.words.periods import Week

FIRST, WEEKS, JUDGED = Week.parse("2025-W01"), 40, 4
AGES, RATE = 5, 0.1
WORLDS = ("steady", "restless", "slower", "slowed")


def shop(seed: int, *, world: str, orders: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders and refunds of `WEEKS` weeks; the refunds' days as they will all be known in the end."""
    draw = np.random.default_rng(seed)
    stretch = np.zeros(WEEKS)
    if world == "restless":
        for w in range(1, WEEKS):
            stretch[w] = 0.7 * stretch[w - 1] + draw.normal(0, 0.15)
    if world == "slower":
        stretch[WEEKS - 3 - JUDGED :] = np.log(1.5)
    if world == "slowed":
        stretch[WEEKS - 9 :] = np.log(2.5)
    week = np.repeat(np.arange(WEEKS), draw.poisson(orders, WEEKS))
    start = datetime.combine(FIRST.monday, datetime.min.time())
    seconds = (week * 7 * 86_400 + draw.integers(0, 7 * 86_400, len(week))).astype("int64")
    table = pl.select(
        paid_at=pl.lit(start) + pl.Series(seconds * 1_000_000).cast(pl.Duration("us")),
        order_id=pl.format("o{}", pl.int_range(len(week))),
    ).with_columns(line_id="order_id", paid=pl.lit(100.0))
    back = np.flatnonzero(draw.random(len(week)) < RATE)
    delay = draw.gamma(1.8, 5.0, len(back)) * np.exp(stretch[week[back]])
    refunds = table[back].select(
        "order_id", refund_id="order_id", amount="paid", status=pl.lit("succeeded"), kind=pl.lit("refund_only"),
        applied_at=pl.col("paid_at") + pl.Series((delay * 86_400e6).astype("int64")).cast(pl.Duration("us")),
        finished_at=pl.lit(None, pl.Datetime),
    )  # fmt: skip
    return table, refunds


def verdicts(seed: int, *, world: str, orders: int) -> pl.DataFrame:
    """The latest weeks of one shop in each of its last reports: measure, age (weeks), verdict, covered, score (the
    interval score of the 90 % interval, in points).
    """
    table, refunds = shop(seed, world=world, orders=orders)
    found = []
    for back in range(JUDGED):
        week = FIRST.shift(WEEKS - 1 - back)
        known = table.filter(pl.col("paid_at").dt.date() <= week.sunday)
        asked = refunds.filter(pl.col("applied_at").dt.date() <= week.sunday)
        estimates = weekly_estimates(known, asked, market="cn", week=week)
        rows = surveillance(estimates, market="cn", week=week, weeks=AGES)
        age = (pl.lit(week.monday) - pl.col("week")).dt.total_days() // 7
        found.append(rows.filter(pl.col("measure").str.starts_with("refund_rate")).with_columns(age=age))
    ended = table.with_columns(back=pl.col("order_id").is_in(refunds["order_id"].implode()))
    truth = ended.group_by(week=pl.col("paid_at").dt.date().dt.truncate("1w")).agg(truth=pl.col("back").mean())
    rows = pl.concat(found).join(truth, on="week")
    low, high, true = (100 * pl.col(c) for c in ("value_low", "value_high", "truth"))
    score = high - low + 2 / 0.1 * (pl.max_horizontal(low - true, 0) + pl.max_horizontal(true - high, 0))
    return rows.with_columns(covered=pl.col("truth").is_between("value_low", "value_high"), score=score)


def main() -> None:
    """Print false signals, coverage and interval score by weeks of age."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seeds", type=int, default=20)
    words.add_argument("--first", type=int, default=0)
    words.add_argument("--orders", type=int, default=1500)
    words.add_argument("--world", choices=WORLDS, action="append")
    given = words.parse_args()
    for world in given.world or WORLDS:
        seeds = range(given.first, given.first + given.seeds)
        rows = pl.concat([verdicts(seed, world=world, orders=given.orders) for seed in seeds])
        for measure in ("refund_rate_orders", "refund_rate_money"):
            said = []
            for age in range(AGES):
                of = rows.filter(pl.col("measure") == measure, pl.col("age") == age)
                wrong = of.filter(pl.col("verdict").is_in(["above", "below"])).height
                judged = of.filter(pl.col("verdict") != "not_enough_data").height
                said.append(
                    f"{wrong}/{judged} {of['covered'].mean():.2f} "
                    f"{100 * (of['value_high'] - of['value_low']).mean():.2f} {of['score'].mean():.2f}"
                )
            print(f"{world:9} {measure:18} false/judged, coverage, width, score by age: {'; '.join(said)}", flush=True)


if __name__ == "__main__":
    main()
