"""Tails of the usual distributions by scipy.special: scipy.stats gives the same and takes a second to import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, gammaincinv, ndtr, ndtri, owens_t, pdtr, pdtrc, pdtrik, stdtr, stdtrit

MOST_COUNT = 1e12  # beyond it a quantile is infinite


def normal_sf(z: Any) -> Any:
    """The chance that a standard normal lies above ``z``.

    >>> round(float(normal_sf(1.96)), 3)
    0.025
    """
    return ndtr(-np.asarray(z, dtype=float))


def normal_isf(chance_above: Any) -> Any:
    """The point above which a standard normal lies with that chance.

    >>> round(float(normal_isf(0.025)), 2)
    1.96
    """
    return -ndtri(chance_above)


def student_sf(t: Any, df: Any) -> Any:
    """The chance that Student's t with so many degrees of freedom lies above ``t``.

    >>> round(float(student_sf(2.228, 10)), 3)
    0.025
    """
    return stdtr(df, -np.asarray(t, dtype=float))


def student_ppf(chance_below: Any, df: Any) -> Any:
    """The point below which Student's t lies with that chance.

    >>> round(float(student_ppf(0.975, 10)), 3)
    2.228
    """
    return stdtrit(df, chance_below)


def binomial_sf(count: ArrayLike, of: ArrayLike, chance: ArrayLike) -> Any:
    """The chance of more than ``count`` hits among ``of``; certain below zero, none from ``of`` on.

    >>> binomial_sf([-1, 1, 2], 2, 0.5).tolist()
    [1.0, 0.25, 0.0]
    """
    count, of = np.asarray(count, dtype=float), np.asarray(of, dtype=float)
    inside = (count >= 0) & (count < of)
    hits = np.where(inside, count, 0.0)
    above = betainc(hits + 1, np.where(inside, of, 1.0) - hits, chance)
    return np.where(inside, above, np.where(count < 0, 1.0, 0.0))


def poisson_sf(count: ArrayLike, mean: ArrayLike) -> Any:
    """The chance of more than ``count`` events where ``mean`` are expected; certain below zero.

    >>> poisson_sf([-1, 0], 1.0).round(3).tolist()
    [1.0, 0.632]
    """
    count = np.asarray(count, dtype=float)
    return np.where(count < 0, 1.0, pdtrc(np.maximum(count, 0.0), np.asarray(mean, dtype=float)))


def negative_binomial_sf(count: ArrayLike, size: ArrayLike, chance: ArrayLike) -> Any:
    """The chance of more than ``count`` failures before the ``size``-th success; certain below zero.

    >>> negative_binomial_sf([-1, 0], 2.0, 0.5).tolist()
    [1.0, 0.75]
    """
    count, size, chance = (np.asarray(v, dtype=float) for v in (count, size, chance))
    return np.where(count < 0, 1.0, betainc(np.maximum(count, 0.0) + 1, size, 1 - chance))


def negative_binomial_cdf(count: ArrayLike, size: ArrayLike, chance: ArrayLike) -> Any:
    """The chance of at most ``count`` failures before the ``size``-th success.

    >>> negative_binomial_cdf([0, 1], 2.0, 0.5).tolist()
    [0.25, 0.5]
    """
    count, size, chance = (np.asarray(v, dtype=float) for v in (count, size, chance))
    return np.where(count < 0, 0.0, betainc(size, np.maximum(count, 0.0) + 1, chance))


def negative_binomial_ppf(
    size: ArrayLike, chance: ArrayLike, *, below: ArrayLike | None = None, above: ArrayLike | None = None
) -> Any:
    """The least count that is not exceeded with chance ``below``, or that is exceeded with at most chance ``above``.

    >>> negative_binomial_ppf([2.0, 50.0], 0.5, below=0.05).tolist()
    [0.0, 34.0]
    >>> negative_binomial_ppf(2.0, 0.5, above=1e-9).tolist()
    34.0
    """
    size, chance = np.broadcast_arrays(np.asarray(size, dtype=float), np.asarray(chance, dtype=float))
    if above is None:
        return _least_count(lambda k: negative_binomial_cdf(k, size, chance) >= below, size.shape)
    return _least_count(lambda k: negative_binomial_sf(k, size, chance) <= above, size.shape)


def _least_count(reached: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """The least whole number, for each, from which on something holds; infinite where it never does."""
    low, high = np.full(shape, -1.0), np.zeros(shape)
    while not (there := reached(high)).all() and high.max(initial=0.0) < MOST_COUNT:
        low, high = np.where(there, low, high), np.where(there, high, 2 * high + 1)
    high = np.where(there, high, np.inf)
    while (open_ := np.isfinite(high) & (high - low > 1)).any():
        middle = np.where(open_, np.floor((low + np.where(open_, high, low)) / 2), 0.0)
        there = reached(middle)
        high, low = np.where(open_ & there, middle, high), np.where(open_ & ~there, middle, low)
    return high


def both_below(first: ArrayLike, second: ArrayLike, correlation: float) -> Any:
    """The chance that two standard normals of this correlation both lie below negative bounds (Owen 1956).

    >>> round(float(both_below(-1.0, -2.0, 0.0)), 6), round(float(both_below(-1.0, -1.0, 0.7)), 4)
    (0.003609, 0.084)
    """
    h, k = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    wide = np.sqrt(1 - correlation**2)
    apart = owens_t(h, (k / h - correlation) / wide) + owens_t(k, (h / k - correlation) / wide)
    return (ndtr(h) + ndtr(k)) / 2 - apart


def poisson_ppf(chance_below: float, mean: ArrayLike) -> Any:
    """The least count that is not exceeded with that chance where ``mean`` are expected.

    >>> poisson_ppf(0.95, [0.01, 3.0, 100.0]).tolist()
    [0.0, 6.0, 117.0]
    """
    mean = np.asarray(mean, dtype=float)
    up = np.ceil(pdtrik(chance_below, mean))
    down = np.maximum(up - 1, 0.0)
    return np.where(pdtr(down, mean) >= chance_below, down, up)


def count_limits_of(count: int, level: float = 0.9) -> tuple[float, float]:
    """Exact limits of the mean behind a count (Garwood 1936, Biometrika 28).

    >>> [round(end, 2) for end in count_limits_of(3)], round(count_limits_of(0)[1], 2)
    ([0.82, 7.75], 3.0)
    """
    tail = (1 - level) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    return low, float(gammaincinv(count + 1, 1 - tail))
