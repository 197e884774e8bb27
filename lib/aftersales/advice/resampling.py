"""Resampling whole cases and buyers: how else the same past might have gone.

Every case is drawn a Poisson number of times with mean one, so that also the number of cases varies, as it does from
one month to the next (Chamandy et al. 2012, "Estimating uncertainty for massive data streams"). A few large cases carry
most of a total, and whoever has seen none of them underrates both the total and its spread; so every draw is measured
in its own error (bootstrap-t: Efron and Tibshirani 1993, ch. 12; Hall 1988, Annals of Statistics 16).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersales.measures.tails import count_limits_of

Floats = NDArray[np.float64]

# The 5 % points of a thousand draws are within half a point.
DRAWS = 1000
LEVEL = 0.9
# Errors of draws that hold but a handful of cases say nothing: below this the draws themselves are taken.
FEW = 10


class Drawn(NamedTuple):
    """A total, its variance, and both in each draw."""

    total: float
    variance: float
    totals: Floats
    variances: Floats

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The 90 % interval of the total; the total itself twice where nothing varies."""
        tail = (1 - level) / 2
        there = self.variances > 0
        if self.variance <= 0 or not there.any():
            return self.total, self.total
        error = float(np.sqrt(self.variance))
        off = (self.totals[there] - self.total) / np.sqrt(self.variances[there])
        low, high = np.quantile(off, [tail, 1 - tail])
        return float(min(self.total, self.total - high * error)), float(max(self.total, self.total - low * error))

    def less(self, other: Drawn) -> Drawn:
        """This total less an independent one."""
        return Drawn(
            self.total - other.total, self.variance + other.variance, self.totals - other.totals,
            self.variances + other.variances,
        )  # fmt: skip


class Cases(NamedTuple):
    """``sums`` (cases, columns): what each case adds to a total · ``times`` (draws, cases): how often it is drawn."""

    sums: Floats
    times: Floats

    @property
    def number(self) -> int:
        """How many cases there are."""
        return len(self.sums)

    def drawn(self, column: int) -> Drawn:
        """One column's total under resampling."""
        x = self.sums[:, column]
        return Drawn(float(x.sum()), float((x**2).sum()), self.times @ x, self.times @ x**2)

    def interval(self, column: int) -> tuple[float, float]:
        """A column's 90 % interval, never narrower than the number of cases behind it leaves open.

        Half a dozen cases say little of how many more there might have been: Garwood's exact limits (1936, Biometrika
        28) of their number, times what one of them adds, are the least that is admitted.
        """
        found, behind = self.drawn(column), int((self.sums[:, column] > 0).sum())
        low, high = found.interval() if behind >= FEW else self.plain_interval(column)
        if not behind:
            return low, high
        least, most = (end * found.total / behind for end in count_limits_of(behind, LEVEL))
        return max(min(low, least), 0.0), max(high, most)

    def plain_interval(self, column: int) -> tuple[float, float]:
        """The draws' own quantiles of a column."""
        low, high = np.quantile(self.times @ self.sums[:, column], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return float(low), float(high)

    def share_interval(self, part: int, whole: int) -> tuple[float | None, float | None]:
        """The 90 % interval of one column's total over another's; (None, None) where there is nothing to divide by."""
        x, y = self.sums[:, part], self.sums[:, whole]
        if self.number < 2 or y.sum() <= 0:
            return None, None
        share, all_of = x.sum() / y.sum(), self.times @ y
        if share == 0:
            # none of so many: the largest share that leaves this outcome a chance of 5 %
            return 0.0, float(1 - ((1 - LEVEL) / 2) ** (1 / self.number))
        there = all_of > 0
        # the matrix of draws is large: it is copied only where a draw has to be left out
        times = self.times if there.all() else self.times[there]
        shares = (times @ x) / all_of[there]
        spread = times @ x**2 - 2 * shares * (times @ (x * y)) + shares**2 * (times @ y**2)
        found = Drawn(
            float(share), float(((x - share * y) ** 2).sum() / y.sum() ** 2), shares,
            np.maximum(spread, 0.0) / all_of[there] ** 2,
        )  # fmt: skip
        if (x > 0).sum() >= FEW:
            low, high = found.interval()
        else:
            low, high = (float(q) for q in np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
            # one case more or less among so many: the exact limits of how many add to it
            behind = int((x > 0).sum())
            least, most = (share * end / behind for end in count_limits_of(behind, LEVEL))
            low, high = min(low, least), max(high, most)
        return max(low, 0.0), min(high, 1.0)


class Resampling:
    """One resampling of cases, used for every total that is asked of them, so that totals differ by themselves alone.

    >>> found = Resampling(pl.Series(["x", "x", "y"]), rng=np.random.default_rng(1)).of(np.ones((3, 1)))
    >>> found.number, found.drawn(0).total, found.drawn(0).totals.shape
    (2, 3.0, (1000,))
    """

    def __init__(self, case: pl.Series, *, rng: np.random.Generator, draws: int = DRAWS) -> None:
        # numbered as they first come: buyers' names are hashes, whose order is another at every installation
        first = case.to_frame("case").with_row_index("at").select(pl.col("at").min().over("case")).to_series()
        self.code = first.rank("dense").cast(pl.Int64).to_numpy() - 1
        self.cases = int(self.code.max()) + 1 if len(case) else 0
        self.times = rng.poisson(1.0, (draws, self.cases)).astype(np.float64)

    def of(self, values: Floats) -> Cases:
        """Columns of ``values`` (orders, columns) summed by case, with how often each draw holds each case."""
        sums = [np.bincount(self.code, column, minlength=self.cases) for column in values.T]
        return Cases(np.column_stack(sums) if self.cases else np.zeros((0, values.shape[1])), self.times)


def resampled_buyers(buyer: pl.Series, value: Floats, *, rng: np.random.Generator, draws: int = DRAWS) -> Drawn:
    """A total under resampling of buyers, however many: draws from a Gamma of the resampling's own mean and variance.

    >>> resampled_buyers(pl.Series(["x", "x", "y"]), np.zeros(3), rng=np.random.default_rng(1)).interval()
    (0.0, 0.0)
    >>> low, high = resampled_buyers(pl.Series(range(90)), np.ones(90), rng=np.random.default_rng(1)).interval()
    >>> 73 < low < 77, 105 < high < 110
    (True, True)
    """
    hit = np.flatnonzero(value)
    if not len(hit):
        return Drawn(0.0, 0.0, np.zeros(draws), np.zeros(draws))
    code = buyer.gather(hit).rank("dense").to_numpy().astype(np.int64) - 1
    sums = np.bincount(code, value[hit])
    mean, variance = float(sums.sum()), float((sums**2).sum())
    totals = rng.gamma(mean**2 / variance, variance / mean, draws)
    # as many buyers more, as much more of the variance
    return Drawn(mean, variance, totals, variance * totals / mean)
