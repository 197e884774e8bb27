"""Noufaily's 42 scenarios: how often a quiet week is called unusual, how many planted outbreaks are found.

Run: python benchmarks/noufaily.py [--repetitions 100] [--seed 1]
Recipe: Noufaily et al. 2013, Stat Med 32:1206 (7 levels x trend or none x 0, 1, 2 harmonics; 624 weeks, the last 49
judged one by one, five years of baseline behind each; four past outbreaks and one current one in every series).
Targets at alpha .01: false alarms .007 to .013 overall, no level group above .02; outbreaks found .48, aim .55.
"""

from __future__ import annotations

import argparse
import time
from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersales.measures.count_verdicts import judged_counts
from aftersales.words.periods import Week

# theta, beta, gamma1, gamma2, phi of the seven groups
GROUPS = (
    (0.1, 0.0025, 0.6, 0.6, 1.5),
    (-2.0, 0.005, 0.1, 0.3, 2.0),
    (1.5, 0.003, 0.2, -0.4, 1.0),
    (0.5, 0.002, 0.5, 0.5, 5.0),
    (2.5, 0.001, 1.0, 0.1, 3.0),
    (3.75, 0.001, 0.1, -0.1, 1.1),
    (5.0, 0.0001, 0.05, 0.01, 1.2),
)
WEEKS, FIRST_PAST, FIRST_JUDGED = 624, 313, 576
ALPHA = 0.01
BACK = 300  # weeks handed over: five years of baseline, the half-year guard, and a margin


class Scenarios(NamedTuple):
    """counts and outbreak cases (S, 624), group (S,) 0..6 and the current outbreak's size k (S,) 1..10."""

    counts: NDArray[np.float64]
    outbreak: NDArray[np.int64]
    group: NDArray[np.int64]
    size: NDArray[np.int64]


def scenarios(repetitions: int, seed: int) -> Scenarios:
    """All 42 scenarios, so many series each; k runs through 1..10 evenly."""
    random = np.random.default_rng(seed)
    week = np.arange(1, WEEKS + 1)
    counts, outbreaks, groups, sizes = [], [], [], []
    for group, (theta, beta, gamma1, gamma2, phi) in enumerate(GROUPS):
        for trend, harmonics in ((t, m) for t in (0, 1) for m in (0, 1, 2)):
            log_mean = theta + trend * beta * week
            for j in range(1, harmonics + 1):
                turn = 2 * np.pi * j * week / 52
                log_mean = log_mean + gamma1 * np.cos(turn) + gamma2 * np.sin(turn)
            mean = np.exp(log_mean)
            for repetition in range(repetitions):
                size = 1 + repetition % 10
                y = random.poisson(mean) if phi == 1 else random.negative_binomial(mean / (phi - 1), 1 / phi)
                extra = np.zeros(WEEKS, np.int64)
                for k in (*random.choice([2, 3, 5, 10], 4), 0):
                    now = k == 0
                    first, last = (FIRST_JUDGED, WEEKS) if now else (FIRST_PAST, FIRST_JUDGED - 1)
                    start = random.integers(first, last + 1)
                    cases = random.poisson((size if now else k) * np.sqrt(phi * mean[start - 1]))
                    weeks = start + np.floor(random.lognormal(0, 0.5, cases)).astype(int)
                    np.add.at(extra, weeks[weeks <= last] - 1, 1)
                counts.append(y + extra)
                outbreaks.append(extra)
                groups.append(group)
                sizes.append(size)
    return Scenarios(np.array(counts, float), np.array(outbreaks), np.array(groups), np.array(sizes))


def alarms(counts: NDArray[np.float64], alpha: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Alarms above (S, 49) as the shop would get them, and without the rule of five events in four weeks."""
    weeks = [Week.of(date(2014, 1, 6)).shift(i) for i in range(WEEKS)]
    with_rule, without = [], []
    for judged in range(FIRST_JUDGED - 1, WEEKS):
        window = slice(judged - BACK, judged + 1)
        y = counts[:, window]
        ones = np.ones_like(y)
        found = judged_counts(y, ones, ones.astype(bool), market=None, weeks=weeks[window], at=BACK, alpha=alpha)
        without.append(found.p_above <= alpha)
        with_rule.append((found.p_above <= alpha) & found.enough)
    return np.array(with_rule).T, np.array(without).T


class Score(NamedTuple):
    """What the targets are about; ``found`` counts outbreaks of at least one case, ``found_of_all`` also empty ones."""

    false_rate: float
    worst_group: float
    groups: list[float]
    found: float
    found_of_all: float
    by_size: list[float]


def scored(alarm: NDArray[np.bool_], data: Scenarios) -> Score:
    """False alarms a quiet week, and the share of current outbreaks with an alarm in one of their weeks."""
    outbreak = data.outbreak[:, FIRST_JUDGED - 1 :] > 0
    groups = [float(alarm[data.group == g][~outbreak[data.group == g]].mean()) for g in range(len(GROUPS))]
    hit, real = (alarm & outbreak).any(axis=1), outbreak.any(axis=1)
    by_size = [float(hit[real & (data.size == k)].mean()) for k in range(1, 11)]
    return Score(
        float(alarm[~outbreak].mean()), max(groups), groups, float(hit[real].mean()), float(hit.mean()), by_size
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    data = scenarios(asked.repetitions, asked.seed)
    start = time.perf_counter()
    results = alarms(data.counts, ALPHA)
    seconds = time.perf_counter() - start
    print(f"{len(data.counts)} series x 49 weeks in {seconds:.0f} s, alpha {ALPHA}")
    rows = []
    for name, alarm in zip(("five in four weeks", "no such rule"), results, strict=True):
        score = scored(alarm, data)
        rows.append((name, score.false_rate, score.worst_group, score.found, score.found_of_all))
        print(name, "· false by group", [round(g, 4) for g in score.groups])
        print(name, "· found by k", [round(k, 2) for k in score.by_size])
    schema = ["alarm", "false_alarms", "worst_group", "found", "found_of_all"]
    with pl.Config(float_precision=4):
        print(pl.DataFrame(rows, schema=schema, orient="row"))


if __name__ == "__main__":
    main()
