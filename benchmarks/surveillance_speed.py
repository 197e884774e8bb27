"""Seconds to judge one week of 100,000 count series with five years behind each, season, trend and festivals fitted.

Run: python benchmarks/surveillance_speed.py [--series 100000]
Targets: 60 s, aim 15 s.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import date

import numpy as np

from aftersales.measures.count_verdicts import judged_counts
from aftersales.words.periods import Week

WEEKS = 290  # five years and the half-year guard
ALPHA = 0.001


def seconds(series: int, seed: int = 1) -> tuple[float, float, float]:
    """Wall and processor seconds for one week, and the share of quiet series called unusual on either side."""
    random = np.random.default_rng(seed)
    weeks = [Week.of(date(2020, 6, 1)).shift(i) for i in range(WEEKS)]
    orders = random.poisson(random.lognormal(4.5, 1.0, (series, 1)), (series, WEEKS)).astype(float)
    rate = random.gamma(6, 0.01, (series, 1))
    refunds = random.negative_binomial(np.maximum(orders, 1) * rate / 0.5, 1 / 1.5).astype(float)
    usable = orders > 0
    start, processor = time.perf_counter(), time.process_time()
    found = judged_counts(refunds, orders, usable, market="cn", weeks=weeks, at=WEEKS - 1, alpha=ALPHA)
    took, worked = time.perf_counter() - start, time.process_time() - processor
    flagged = (np.minimum(found.p_above, found.p_below) <= ALPHA).mean()
    return took, worked, float(flagged)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=100_000)
    asked = parser.parse_args()
    took, worked, flagged = seconds(asked.series)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{asked.series:,} series x 1 week ({WEEKS} weeks behind): {took:.1f} s ({worked:.1f} s of processor), "
        f"{1e3 * took / asked.series:.3f} ms a series; peak {peak:.1f} GB; flagged {flagged:.4%} at {ALPHA:.2%} a side"
    )


if __name__ == "__main__":
    main()
