"""A constant true refund rate through a fourfold sales peak: does anything raise an alarm, is there a wave?

Run: python benchmarks/promotion_peak.py [--shops 200]
Orders run at one level, four times that in the two weeks of Double 11, with weekday and chance; every order is refunded
with the same probability and the same delay. Each week is counted as a seller would see it on its last Sunday: refunds
asked for so far by the orders of the week, over orders x F(age), and by request week over delay-weighted orders. The
plain ratio, refunds asked for over orders paid in the same week, stands beside them.
"""

from __future__ import annotations

import argparse
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersales.measures.surveillance import surveillance
from aftersales.words.periods import Week

RATE, PEAK, ORDERS_A_WEEK = 0.08, 4.0, 1500.0
WEEKS, PEAK_WEEKS = 70, (55, 56)
FIRST = Week.of(date(2025, 10, 20))  # week 55 of it is Double 11 of 2026
# refunds by weeks after the order: mean about two weeks, gone after eight
DELAY = np.array([0.16, 0.30, 0.24, 0.13, 0.08, 0.05, 0.03, 0.01])
ALPHA = 0.005
JUDGED = range(48, WEEKS)


def triangles(shops: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Orders (shops, weeks) and refunds by order week and weeks of delay (shops, weeks, 8)."""
    random = np.random.default_rng(seed)
    level = np.full(WEEKS, ORDERS_A_WEEK)
    level[list(PEAK_WEEKS)] *= PEAK
    orders = random.poisson(level * random.lognormal(0, 0.05, (shops, WEEKS)))
    refunds = random.poisson(orders[:, :, None] * RATE * DELAY)
    return orders.astype(float), refunds.astype(float)


def series(orders: NDArray[np.float64], refunds: NDArray[np.float64], as_of: int) -> dict[str, pl.DataFrame]:
    """The tables a seller would judge on the Sunday of week ``as_of``: by order week and by request week."""
    shops = len(orders)
    grown = np.minimum(as_of - np.arange(as_of + 1), len(DELAY) - 1)
    matured = np.cumsum(DELAY)[grown]
    events = np.cumsum(refunds, axis=2)[:, np.arange(as_of + 1), grown]
    asked = np.zeros((shops, as_of + 1))
    weighted = np.zeros((shops, as_of + 1))
    for delay, share in enumerate(DELAY):
        asked[:, delay:] += refunds[:, : as_of + 1 - delay, delay]
        weighted[:, delay:] += share * orders[:, : as_of + 1 - delay]
    edge = np.arange(as_of + 1) >= len(DELAY)  # the first weeks lack their earlier orders
    return {
        "by order week": _frame(events, orders[:, : as_of + 1] * matured, np.broadcast_to(matured, events.shape)),
        "by request week": _frame(asked, weighted, np.broadcast_to(np.where(edge, 1.0, np.nan), asked.shape)),
        "plain ratio": _frame(asked, orders[:, : as_of + 1], np.ones_like(asked)),
    }


def _frame(events: NDArray, exposure: NDArray, maturity: NDArray) -> pl.DataFrame:
    shops, weeks = events.shape
    mondays = [FIRST.shift(i).monday for i in range(weeks)]
    return pl.DataFrame(
        {
            "measure": "refund_rate",
            "scope": np.repeat([f"shop={i}" for i in range(shops)], weeks),
            "week": mondays * shops,
            "kind": "count",
            "events": events.ravel(),
            "exposure": exposure.ravel(),
            "maturity": pl.Series(maturity.ravel(), nan_to_null=True),
            "value": pl.Series([None] * events.size, dtype=pl.Float64),
        }
    )


def outcome(shops: int, seed: int = 1) -> pl.DataFrame:
    """One row a way of counting: share of judged shop-weeks flagged, and the wave of the mean rate (max over min)."""
    orders, refunds = triangles(shops, seed)
    verdicts: dict[str, list[pl.DataFrame]] = {}
    for as_of in JUDGED:
        for name, table in series(orders, refunds, as_of).items():
            found = surveillance(table, market="cn", week=FIRST.shift(as_of), alpha=ALPHA, weeks=3)
            # a week is judged when it is half mature, which the two latest order weeks are not
            ready = (
                found.filter(pl.col("verdict") != "not_enough_data")
                .group_by("scope")
                .agg(pl.all().sort_by("week").last())
            )
            verdicts.setdefault(name, []).append(ready)
    rows = []
    for name, parts in verdicts.items():
        found = pl.concat(parts)
        by_week = found.group_by("week").agg(pl.col("value").mean())["value"]
        flagged = found.filter(pl.col("verdict").is_in(["above", "below"]))
        rows.append((name, len(found), len(flagged) / len(found), by_week.max() / by_week.min()))
    return pl.DataFrame(rows, schema=["counted", "judged", "flagged", "wave"], orient="row")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=200)
    asked = parser.parse_args()
    print(f"level {ALPHA} a side, so {2 * ALPHA:.1%} of quiet weeks at most; true rate {RATE:.0%} throughout")
    with pl.Config(float_precision=4):
        print(outcome(asked.shops))


if __name__ == "__main__":
    main()
