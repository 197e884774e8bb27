"""How surprising a week's count is: negative-binomial tails of the week alone and of the fortnight it ends.

A fault rarely keeps to one calendar week, and the refunds of a bad batch are spread by delivery and by thought. So each
week is tested twice, alone and together with the week before, and the level is split between the two tests.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc, ndtr, ndtri, stdtr, stdtrit

from aftersales.stats.tails import both_below, negative_binomial_cdf, negative_binomial_ppf

Array = NDArray[np.float64]

# Share of the level spent on the week alone; the fortnight has the rest.
# Chosen by looking at the 42 scenarios of `benchmarks/noufaily.py`, where 1/2, 1/4 and 1/10 were tried: outbreaks
# there are spread over two to three weeks. 1/10 finds a little more and would miss a spike of one week in a shop.
WEEK_SHARE = 0.25
# Below this excess over Poisson's variance the negative binomial is Poisson to six digits
SMALLEST_EXCESS = 1e-6
SMALLEST_MEAN = 1e-9
FINAL_QUANTILES = (0.05, 0.95)  # 90 %, as findings/signals promises
# A week and the fortnight it ends: one of two equal, independent parts
CORRELATION = np.sqrt(0.5)
# The two tests' joint level is tabulated for single levels between these, evenly in their logarithm
TABLE_LOW, TABLE_HIGH, TABLE_STEPS = 1e-12, 1.0, 97


class Tails(NamedTuple):
    """P-values (S,) of a count being so high (``above``) or so low (``below``), both windows taken together."""

    above: Array
    below: Array


class Limits(NamedTuple):
    """The smallest and largest count (S,) that would still be routine."""

    low: Array
    high: Array


def predictive_variance(mean: Array, error: Array, dispersion: Array) -> Array:
    """Variance (S,) of a new count: the scatter of counts, and the error of their mean."""
    return dispersion * mean + error**2


def negative_binomial_tails(count: Array, mean: Array, variance: Array) -> tuple[Array, Array]:
    """P(Y >= count) and P(Y <= count) of a negative binomial with that mean and variance, elementwise.

    >>> above, below = negative_binomial_tails(np.array([12.0]), np.array([5.0]), np.array([7.5]))
    >>> float(above[0].round(4)), float(below[0].round(4))
    (0.0212, 0.9884)
    """
    size, chance = _size_and_chance(mean, variance)
    above = np.where(count > 0, betaincc(size, np.maximum(count, 1e-9), chance), 1.0)
    return above, negative_binomial_cdf(count, size, chance)


def tails(
    count: Array, mean: Array, variance: Array, *, before: Array, mean_2: Array, variance_2: Array, df: Array
) -> Tails:
    """P-values of this week's count, the week alone and the fortnight taken together (`joint_level`).

    ``before`` is the count of the week before (NaN: unknown, then the week alone is tested, at its own share),
    ``mean_2`` and ``variance_2`` belong to the sum of both weeks. ``df`` (S,) is that of the dispersion: a tail by
    a dispersion known from few weeks is Student's, not the normal law's. A fortnight speaks only where this week lies
    on the same side of its own mean: a spike that is over must not be reported again.
    """
    above_1, below_1 = negative_binomial_tails(count, mean, variance)
    above_2, below_2 = negative_binomial_tails(
        count + np.nan_to_num(before), np.nan_to_num(mean_2, nan=1.0), np.nan_to_num(variance_2, nan=1.0)
    )
    known = np.isfinite(before) & np.isfinite(mean_2) & np.isfinite(variance_2)
    above_2 = np.where(known & (count > mean), above_2, 1.0)
    below_2 = np.where(known & (count < mean), below_2, 1.0)
    return Tails(_together(above_1, above_2, df), _together(below_1, below_2, df))


def limits(
    mean: Array,
    variance: Array,
    *,
    before: Array,
    mean_2: Array,
    variance_2: Array,
    df: Array,
    alpha: float,
) -> Limits:
    """The counts between which this week is routine at level ``alpha`` a side; the exact counterpart of `tails`.

    >>> one = np.array([5.0])
    >>> many = np.array([1000.0])
    >>> found = limits(one, one * 1.5, before=one, mean_2=2 * one, variance_2=3 * one, df=many, alpha=0.01)
    >>> float(found.low[0]), float(found.high[0])
    (0.0, 15.0)
    """
    each = single_level(alpha)
    week, both = (ndtr(stdtrit(np.maximum(df, 1.0), each * share)) for share in (WEEK_SHARE, 1.0 - WEEK_SHARE))
    low_1, high_1 = _quantiles(mean, variance, week)
    known = np.isfinite(before) & np.isfinite(mean_2) & np.isfinite(variance_2)
    low_2, high_2 = _quantiles(np.nan_to_num(mean_2, nan=1.0), np.nan_to_num(variance_2, nan=1.0), both)
    earlier = np.nan_to_num(before)
    high = np.where(known, np.minimum(high_1, np.maximum(high_2 - earlier, mean)), high_1)
    low = np.where(known, np.maximum(low_1, np.minimum(low_2 - earlier, mean)), low_1)
    return Limits(np.maximum(low, 0.0), high)


def delta_limits(mean: Array, error: Array, dispersion: Array, *, alpha: float) -> Limits:
    """Farrington's 1996 limits: normal on the 2/3-power scale, one-sided ``alpha`` each side.

    Source: Farrington et al. 1996, J R Stat Soc A 159:547, as in Noufaily et al. 2013; the transformation takes the
    skewness out of a Poisson-like count.

    >>> one = np.ones(1)
    >>> [float(side[0].round(2)) for side in delta_limits(5 * one, 0.5 * one, one, alpha=0.01)]
    [0.78, 11.19]
    """
    scatter = dispersion + error**2 / mean
    spread = ndtri(1.0 - alpha) * np.sqrt(4.0 / 9.0 * np.cbrt(mean) * scatter)
    centre = np.cbrt(mean) ** 2
    return Limits(np.maximum(centre - spread, 0.0) ** 1.5, (centre + spread) ** 1.5)


def final_value_range(
    events: Array, exposure: Array, maturity: Array, *, dispersion: Array, exposure_rse: Array
) -> tuple[Array, Array]:
    """Where a week's rate will end up once it is mature, with 90 % chance: (low, high), each (S,).

    ``exposure`` is matured, orders x ``maturity``; ``exposure_rse`` its relative standard error (NaN: none).
    What is still to come is negative binomial about the rate seen so far, and as unsure as that rate. A mature week's
    range is the rate itself: nothing is to come. NaN where the maturity is unknown.

    >>> one = np.ones(1)
    >>> low, high = final_value_range(50 * one, 500 * one, 0.5 * one, dispersion=one, exposure_rse=0 * one)
    >>> float(low[0]), float(high[0])
    (0.085, 0.118)
    """
    orders = exposure / maturity
    # half an event, so that a week without any does not promise none to come
    rate = (events + 0.5) / exposure
    coming = np.maximum(orders - exposure, 0.0) * rate
    unsure = coming * np.hypot(
        np.sqrt(dispersion / (events + 0.5)), np.nan_to_num(exposure_rse) / np.maximum(1 - maturity, 0.01)
    )
    known = np.isfinite(coming) & (coming > 0)
    mean, variance = (np.where(known, x, 1.0) for x in (coming, dispersion * coming + unsure**2))
    size, chance = _size_and_chance(mean, variance)
    low, high = (np.where(known, negative_binomial_ppf(size, chance, below=q), 0.0) for q in FINAL_QUANTILES)
    return (events + low) / orders, (events + high) / orders


def joint_level(level: Array) -> Array:
    """Chance that either test speaks in a routine week, the week at a quarter of ``level``, the fortnight at the rest.

    Both statistics taken as normal with correlation sqrt(1/2). It lies below ``level``, which is Bonferroni's bound.

    >>> float(joint_level(np.array([0.01]))[0].round(5))
    0.00907
    """
    table = _joint_table()
    return np.exp(np.interp(np.log(np.maximum(level, TABLE_LOW)), *table))


def single_level(alpha: float) -> float:
    """The ``level`` at which `joint_level` is alpha.

    >>> round(single_level(0.01), 5)
    0.01105
    """
    level, joint = _joint_table()
    return float(np.exp(np.interp(np.log(max(alpha, TABLE_LOW)), joint, level)))


@cache
def _joint_table() -> tuple[Array, Array]:
    level = np.linspace(np.log(TABLE_LOW), np.log(TABLE_HIGH), TABLE_STEPS)
    week, fortnight = np.exp(level) * WEEK_SHARE, np.exp(level) * (1.0 - WEEK_SHARE)
    # the chance that both speak, from the lower tails, which keep their digits where 1 - p would lose them
    either = week + fortnight - both_below(ndtri(week), ndtri(fortnight), CORRELATION)
    return level, np.log(either)


def _together(alone: Array, fortnight: Array, df: Array) -> Array:
    alone, fortnight = (stdtr(np.maximum(df, 1.0), ndtri(tail)) for tail in (alone, fortnight))
    return joint_level(np.minimum(np.minimum(alone / WEEK_SHARE, fortnight / (1.0 - WEEK_SHARE)), 1.0))


def _size_and_chance(mean: Array, variance: Array) -> tuple[Array, Array]:
    mean = np.maximum(mean, SMALLEST_MEAN)
    excess = np.maximum(variance - mean, SMALLEST_EXCESS * mean)
    return mean**2 / excess, mean / (mean + excess)


def _quantiles(mean: Array, variance: Array, level: Array) -> tuple[Array, Array]:
    size, chance = _size_and_chance(mean, variance)
    low = negative_binomial_ppf(size, chance, below=level)
    # a count is too low where P(Y <= count) <= level: the first count above that is the limit
    at_limit = negative_binomial_cdf(low, size, chance) <= level
    return low + at_limit, negative_binomial_ppf(size, chance, above=level)
