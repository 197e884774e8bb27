"""How long the rates of 20,000 products over 26 weeks take: exposure, prior, intervals and the cut. One command:

.venv/bin/python benchmarks/rates_speed.py
"""

from __future__ import annotations

import time
from itertools import pairwise

from simulated_products import UNTIL, delay_curve_known, simulated

from aftersales.measures.maturity import effective_exposure
from aftersales.stats.false_discoveries import bayes_fdr
from aftersales.stats.shrinkage import shrunk_rates

RUNS = 7


def main() -> None:
    counts, _ = simulated(0)
    curve = delay_curve_known()
    parts: dict[str, list[float]] = {"exposure": [], "shrinkage": [], "cut": [], "together": []}
    for _run in range(RUNS):
        marks = [time.perf_counter()]
        rows = effective_exposure(counts, curve, until=UNTIL, by=["product_id"])
        marks.append(time.perf_counter())
        rows = shrunk_rates(rows, by=())
        marks.append(time.perf_counter())
        bayes_fdr(rows)
        marks.append(time.perf_counter())
        for name, spent in zip(list(parts)[:3], [b - a for a, b in pairwise(marks)], strict=True):
            parts[name].append(spent)
        parts["together"].append(marks[-1] - marks[0])
    print(f"{counts.height:,} rows of product and week, seconds of {RUNS} runs")
    for name, spent in parts.items():
        print(f"{name:10} best {min(spent):.3f}  middle {sorted(spent)[RUNS // 2]:.3f}")


if __name__ == "__main__":
    main()
