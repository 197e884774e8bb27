"""False signals of shops in which nothing is wrong: made-up shops without faults or abuse, many seeds.

    .venv/bin/python benchmarks/quiet_shops.py [--seeds 50] [--orders 20000]

Every shop's weekly signals are judged in each of its last four weeks as that week's report would; a signal is a measure
called above or below in the newest week that could be judged. The declared budget is one in four weeks a shop.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context

import polars as pl

from aftersales.findings.estimates import weekly_estimates
from aftersales.findings.request_rate import as_estimates, request_rate
from aftersales.measures.signal_budget import WEEKS_PER_FALSE_SIGNAL
from aftersales.measures.surveillance import surveillance
from aftersales.words.periods import Week, last_whole_week
from aftersales_demo import ShopSpec, shop_tables, simulate_shop

WEEKS = 4


def false_signals(seed: int, orders: int) -> tuple[int, int, list[str]]:
    """Signals of one quiet shop over four weekly reports, newly raised only; how many were judged; which measures."""
    spec = ShopSpec(orders=orders, faults=False, abuse=False, innocents=False, last_day=date(2026, 11, 22))
    tables = shop_tables(simulate_shop(spec, seed=seed))
    last = last_whole_week(date(2026, 11, 22))
    raised: list[str] = []
    judged = 0
    for back in range(WEEKS):
        rows = _judged(tables, last.shift(-back))
        judged += rows.filter(pl.col("verdict") != "not_enough_data").height
        raised += rows.filter(pl.col("verdict").is_in(["above", "below"]))["measure"].to_list()
    return len(raised), judged, raised


def _judged(tables: dict[str, pl.DataFrame], week: Week) -> pl.DataFrame:
    orders, refunds = tables["orders"], tables["refunds"]
    estimates = pl.concat(
        [
            weekly_estimates(orders, refunds, market="cn", week=week),
            as_estimates(request_rate(orders, refunds, market="cn", week=week)),
        ]
    )
    found = surveillance(estimates, market="cn", week=week, weeks=4)
    # the week whose verdict is new in this report: the newest of each measure that could be judged
    known = found.filter(pl.col("verdict") != "not_enough_data")
    return known.sort("week").group_by("measure", maintain_order=True).last()


def main() -> None:
    """Count over all seeds and hold the count against the budget."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seeds", type=int, default=50)
    words.add_argument("--orders", type=int, default=20_000)
    asked = words.parse_args()
    seeds = range(1, asked.seeds + 1)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(false_signals, seeds, [asked.orders] * len(seeds)))
    signals = sum(f[0] for f in found)
    judged = sum(f[1] for f in found)
    by_measure = pl.Series("measure", [m for f in found for m in f[2]], dtype=pl.String).value_counts(sort=True)
    print(f"{asked.seeds} shops x {WEEKS} weeks, {judged} verdicts, {signals} false signals")
    print(f"a shop in {WEEKS} weeks: {signals / asked.seeds:.2f} (budget {WEEKS / WEEKS_PER_FALSE_SIGNAL:.2f})")
    for name, count in by_measure.iter_rows():
        print(f"  {name}: {count}")


if __name__ == "__main__":
    main()
