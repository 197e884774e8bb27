"""A purchase limit replayed on simulated shops whose answer is known. One command:

    .venv/bin/python benchmarks/replay_limit.py [--shops 200]

A shop has honest buyers, of whom some order often, and bad cases: buyers who place a burst of 1 + negative-binomial
many orders within two days, of losses that differ by case. The known answer is the expected share of bad orders, and
the expected money a month, that the limit stops, from 400,000 simulated cases. Shops with fewer than twenty cases in
the test part are drawn anew.
"""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from aftersales.advice.replay import replay
from aftersales.advice.replay_record import LEAST_CASES, OLDER_SHARE
from aftersales.advice.terms import Terms

LIMIT, WINDOW_DAYS, SHOP_DAYS = 3, 7, 180
CASES, HONEST = 110, 2500
START = datetime(2026, 1, 1)


def case_sizes(rng: np.random.Generator, number: int) -> np.ndarray:
    """Orders of each bad case: many of two or three, a few of dozens."""
    return 1 + rng.negative_binomial(0.8, 0.12, number)


def shop(rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders, and the bad ones with their cases and losses."""
    honest = 1 + rng.negative_binomial(0.5, 0.25, HONEST)
    sizes = case_sizes(rng, rng.poisson(CASES))
    begins = rng.random(len(sizes)) * SHOP_DAYS
    each = rng.gamma(4, 4, len(sizes))
    who = np.concatenate([np.repeat(np.arange(HONEST), honest), HONEST + np.repeat(np.arange(len(sizes)), sizes)])
    bad_days = np.repeat(begins, sizes) + rng.random(sizes.sum()) * 2
    days = np.concatenate([rng.random(honest.sum()) * SHOP_DAYS, bad_days])
    loss = np.concatenate([np.zeros(honest.sum()), np.repeat(each, sizes)])
    orders = pl.DataFrame({
        "order_id": np.arange(len(who)).astype(str), "buyer_key": who.astype(str), "loss": loss,
        "created_at": [START + timedelta(days=float(d)) for d in days], "amount": rng.gamma(4, 20, len(who)),
        "bad": who >= HONEST,
    })  # fmt: skip
    return orders.drop("loss", "bad"), orders.filter("bad").select("order_id", "loss", case_id="buyer_key")


def known_answer() -> tuple[float, float]:
    """Expected share of bad orders stopped, and money saved a month of thirty days."""
    sizes = case_sizes(np.random.default_rng(0), 400_000)
    stopped = np.maximum(sizes - LIMIT, 0)
    return stopped.sum() / sizes.sum(), stopped.mean() * 16 * CASES / SHOP_DAYS * 30


def covered(shops: int, *, seed: int = 1) -> tuple[float, float, float]:
    """Shares of shops whose intervals hold the known share and the known money, and the mean number of cases."""
    share, money = known_answer()
    rng = np.random.default_rng(seed)
    inside, cases = np.zeros(2), 0
    done = 0
    while done < shops:
        orders, bad = shop(rng)
        found = replay(
            orders, bad, rule="purchase_limit", thresholds=(LIMIT,), days=WINDOW_DAYS, terms=Terms(margin_share=0.1)
        )
        if found.bad_cases < LEAST_CASES:
            continue
        row = found.table.row(0, named=True)
        inside += [
            row["stopped_share_low"] <= share <= row["stopped_share_high"],
            row["saved_low"] <= money <= row["saved_high"],
        ]
        cases += found.bad_cases
        done += 1
    return inside[0] / shops, inside[1] / shops, cases / shops


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", type=int, default=200)
    share, money, cases = covered(parser.parse_args().shops)
    print(f"limit {LIMIT} in {WINDOW_DAYS} days, newest {1 - OLDER_SHARE:.0%} of {SHOP_DAYS} days, {cases:.0f} cases")
    print(f"share of bad orders stopped: truth inside the 90 % interval in {share:.1%}")
    print(f"money saved a month:         truth inside the 90 % interval in {money:.1%}")
