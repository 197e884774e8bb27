"""Resampling whole cases and buyers: how else the same past might have gone.

Every case is drawn a Poisson number of times with mean one, so that also the number of cases varies, as it does from
one month to the next (Chamandy et al. 2012, "Estimating uncertainty for massive data streams"). A few large cases carry
most of a total, and whoever has seen none of them underrates both the total and its spread; so every draw is measured
in its own error (bootstrap-t: Efron and Tibshirani 1993, ch. 12; Hall 1988, Annals of Statistics 16).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersales.measures.chunks import in_parts, parts_for
from aftersales.stats.tails import count_limits_of

Floats = NDArray[np.float64]

# The 5 % points of a thousand draws are within half a point.
DRAWS = 1000
LEVEL = 0.9
# Errors of draws that hold but a handful of cases say nothing: below this the draws themselves are taken.
FEW = 10
# So many of the largest cases are drawn one by one. What hundreds of thousands of smaller ones add up to is normal,
# with the mean and variance that drawing them would give.
MOST_CASES = 20_000
_FEATURES = 20  # five columns and their products


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
            self.total - other.total,
            self.variance + other.variance,
            self.totals - other.totals,
            self.variances + other.variances,
        )


class Draws(NamedTuple):
    """How often cases are drawn: ``times`` (draws, cases) of those ``kept``, and the noise of all ``small`` ones."""

    kept: NDArray[np.int64]
    times: Floats
    small: NDArray[np.int64]
    noise: Floats | None


@dataclass(frozen=True)
class Cases:
    """``sums`` (cases, columns): what each case adds to a total · ``draws``: how often each is drawn."""

    sums: Floats
    draws: Draws

    @property
    def number(self) -> int:
        """How many cases there are."""
        return len(self.sums)

    def drawn(self, column: int) -> Drawn:
        """One column's total under resampling."""
        x = self.sums[:, column]
        return Drawn(float(x.sum()), float((x**2).sum()), self._totals(column), self._totals(column, column))

    def _totals(self, column: int, other: int | None = None) -> Floats:
        """In each draw, the total of a column, or of its product with another."""
        kept = self.sums[self.draws.kept]
        found = self.draws.times @ (kept[:, column] if other is None else kept[:, column] * kept[:, other])
        rest = self._rest
        return found if rest is None else found + rest[:, self._feature(column, other)]

    def _feature(self, column: int, other: int | None) -> int:
        columns = self.sums.shape[1]
        pairs = list(combinations_with_replacement(range(columns), 2))
        return column if other is None else columns + pairs.index((min(column, other), max(column, other)))

    @cached_property
    def _rest(self) -> Floats | None:
        """What the many small cases add in each draw to every column and product: normal, by their own moments."""
        if self.draws.noise is None:
            return None
        small = self.sums[self.draws.small]
        pairs = combinations_with_replacement(range(small.shape[1]), 2)
        each = np.column_stack([small, *(small[:, j] * small[:, k] for j, k in pairs)])
        # how often a case is drawn has mean and variance one, so sums of squares are covariances
        spread, way = np.linalg.eigh(each.T @ each)
        root = way * np.sqrt(np.maximum(spread, 0)) @ way.T
        return each.sum(axis=0) + self.draws.noise[:, : each.shape[1]] @ root

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
        low, high = np.quantile(self._totals(column), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return float(low), float(high)

    def share_interval(self, part: int, whole: int) -> tuple[float | None, float | None]:
        """The 90 % interval of one column's total over another's; (None, None) where there is nothing to divide by."""
        x, y = self.sums[:, part], self.sums[:, whole]
        if self.number < 2 or y.sum() <= 0:
            return None, None
        share, all_of = x.sum() / y.sum(), self._totals(whole)
        if share == 0:
            # none of so many: the largest share that leaves this outcome a chance of 5 %
            return 0.0, float(1 - ((1 - LEVEL) / 2) ** (1 / self.number))
        there = all_of > 0
        xs, ys, xx, xy, yy = (
            total[there]
            for total in (
                self._totals(part),
                all_of,
                self._totals(part, part),
                self._totals(part, whole),
                self._totals(whole, whole),
            )
        )
        shares = xs / ys
        spread = xx - 2 * shares * xy + shares**2 * yy
        found = Drawn(
            float(share),
            float(((x - share * y) ** 2).sum() / y.sum() ** 2),
            shares,
            np.maximum(spread, 0.0) / ys**2,
        )
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

    def __init__(
        self, case: pl.Series, *, rng: np.random.Generator, draws: int = DRAWS, weight: Floats | None = None
    ) -> None:
        # numbered as they first come: buyers' names are hashes, whose order is another at every installation
        first = case.to_frame("case").with_row_index("at").select(pl.col("at").min().over("case")).to_series()
        self.code = first.rank("dense").cast(pl.Int64).to_numpy() - 1
        self.cases = int(self.code.max()) + 1 if len(case) else 0
        kept, small = np.arange(self.cases), np.zeros(0, dtype=np.int64)
        if self.cases > MOST_CASES:
            worth = np.bincount(self.code, np.ones(len(case)) if weight is None else weight)
            order = np.argsort(-worth, kind="stable")
            kept, small = np.sort(order[:MOST_CASES]), np.sort(order[MOST_CASES:])
        times = rng.poisson(1.0, (draws, len(kept))).astype(np.float64)
        self.draws = Draws(kept, times, small, rng.standard_normal((draws, _FEATURES)) if len(small) else None)

    def of(self, values: Floats) -> Cases:
        """Columns of ``values`` (orders, columns) summed by case, with how often each draw holds each case."""
        sums = [np.bincount(self.code, column, minlength=self.cases) for column in values.T]
        return Cases(np.column_stack(sums) if self.cases else np.zeros((0, values.shape[1])), self.draws)


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
    rows = pl.DataFrame({"buyer": buyer.gather(hit), "value": value[hit]})
    mean = variance = 0.0
    for part in in_parts(rows, "buyer", n=parts_for(rows.height)):
        some = part.collect()
        code = some["buyer"].rank("dense").to_numpy().astype(np.int64) - 1
        sums = np.bincount(code, some["value"].to_numpy())
        mean, variance = mean + float(sums.sum()), variance + float((sums**2).sum())
    totals = rng.gamma(mean**2 / variance, variance / mean, draws)
    # as many buyers more, as much more of the variance
    return Drawn(mean, variance, totals, variance * totals / mean)
