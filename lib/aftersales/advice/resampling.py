"""Resampling whole cases and buyers: how else the same past might have gone.

Every case is drawn a Poisson number of times with mean one, so that also the number of cases varies, as it does from
one month to the next (Chamandy et al. 2012, "Estimating uncertainty for massive data streams").
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersales.measures.tails import normal_at, student_at

Floats = NDArray[np.float64]

# The 5 % points of a thousand draws are within half a point.
DRAWS = 1000
LEVEL = 0.9


class Resampled(NamedTuple):
    """``draws`` (draws, columns): totals of each draw · ``totals`` (columns,): of what came · ``cases``: how many."""

    draws: Floats
    totals: Floats
    cases: int

    def share_interval(self, part: int, whole: int) -> tuple[float | None, float | None]:
        """The 90 % interval of one column's total over another's; (None, None) where there is nothing to divide by."""
        if self.cases < 2 or self.totals[whole] <= 0:
            return None, None
        there = self.draws[:, whole] > 0
        shares = self.draws[there, part] / self.draws[there, whole]
        low, high = interval(self.totals[part] / self.totals[whole], shares, cases=self.cases)
        return max(low, 0.0), min(high, 1.0)


def resampled_cases(case: pl.Series, values: Floats, *, rng: np.random.Generator, draws: int = DRAWS) -> Resampled:
    """Totals of the columns of ``values`` (orders, columns) under resampling of whole cases.

    >>> found = resampled_cases(pl.Series(["x", "x", "y"]), np.ones((3, 1)), rng=np.random.default_rng(1))
    >>> found.cases, found.totals.tolist(), found.draws.shape
    (2, [3.0], (1000, 1))
    """
    if not len(case):
        return Resampled(np.zeros((draws, values.shape[1])), np.zeros(values.shape[1]), 0)
    code = case.rank("dense").to_numpy().astype(np.int64) - 1
    cases = int(code.max()) + 1
    sums = np.column_stack([np.bincount(code, column, minlength=cases) for column in values.T])
    return Resampled(rng.poisson(1.0, (draws, cases)).astype(np.float64) @ sums, sums.sum(0), cases)


def good_draws(buyer: pl.Series, value: Floats, *, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
    """Totals (draws,) under resampling of buyers, however many: a Gamma of the resampling's own mean and variance.

    >>> good_draws(pl.Series(["x", "x", "y"]), np.zeros(3), rng=np.random.default_rng(1)).max()
    np.float64(0.0)
    """
    hit = np.flatnonzero(value)
    if not len(hit):
        return np.zeros(draws)
    code = buyer.gather(hit).rank("dense").to_numpy().astype(np.int64) - 1
    sums = np.bincount(code, value[hit])
    mean, variance = sums.sum(), (sums**2).sum()
    return rng.gamma(mean**2 / variance, variance / mean, draws)


def interval(value: float, draws: Floats, *, cases: int, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a total between the draws' quantiles, widened for few cases as Student's is against the normal.

    >>> low, high = interval(0.0, np.random.default_rng(1).normal(size=4000), cases=10)
    >>> round(high, 1), round(low, 1)
    (1.9, -1.9)
    """
    tail = (1 - level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    wider = 1.0
    if cases > 1:
        wider = float(student_at(1 - tail, cases - 1) / normal_at(tail)) * np.sqrt(cases / (cases - 1))
    return float(min(value, value + (low - value) * wider)), float(max(value, value + (high - value) * wider))
