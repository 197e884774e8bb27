"""Charts of individuals for measures that are not counts: XmR, and Laney's p′ for shares of large numbers.

Sources: Wheeler & Chambers 1992, Understanding Statistical Process Control; Laney 2002, Quality Engineering 14:531.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Array = NDArray[np.float64]

# E|x1 - x2| of two normal values is 1.128 sigma (d2 for n = 2); three sigma are then 3 / 1.128 = 2.66 moving ranges
RANGE_PER_SIGMA = 1.128
# 1.4826 x median absolute deviation is sigma for normal values
MAD_PER_SIGMA = 1.4826
# A mean moving range of n values knows sigma like a variance with about 0.62 (n - 1) degrees of freedom
# (Wheeler, Advanced Topics in SPC, 1995, table 23)
FREEDOM_PER_RANGE = 0.62
# Below ten values limits are a guess (methods: "XmR with >= 10 points")
FEWEST_VALUES = 10


class ControlChart(NamedTuple):
    """Centre, sigma of a single value, limits and p-values (S,) of the judged value; NaN where values were too few."""

    centre: Array
    sigma: Array
    low: Array
    high: Array
    p_above: Array
    p_below: Array


def individuals(history: Array, value: Array, *, alpha: float, error: Array | None = None) -> ControlChart:
    """Judge ``value`` (S,) against the ``history`` (S, T; NaN: unknown) before it, level ``alpha`` a side.

    ``error`` (S,) is the relative standard error of a value that is an estimate (NaN: none).

    Sigma is the mean moving range over 1.128, or the spread of the whole history (by its median absolute deviation)
    where that is larger, as it is in a series that wanders. Limits are Student's, for a new value: with a long quiet
    history and alpha = .00135 they are the textbook's mean ± 2.66 mean moving ranges. Hours and money are skewed: where
    all values are positive and their logarithms are less skewed, the chart is drawn of the logarithms (centre and
    limits are given back in the value's unit, sigma as a share of the centre times the centre).

    >>> quiet = np.tile([9.0, 11.0], 500)[None, :]
    >>> chart = individuals(quiet, np.array([16.0]), alpha=0.00135)
    >>> [round(float(side[0]), 1) for side in (chart.low, chart.high)], bool(chart.p_above[0] < 0.00135)
    ([4.7, 15.3], True)
    """
    known = np.isfinite(history)
    many = known.sum(axis=1)
    by_log = _less_skewed_by_log(history, known) & ~(value <= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        history = np.where(by_log[:, None], np.log(history), history)
        error = np.where(by_log, 1.0, np.abs(value)) * np.nan_to_num(0.0 if error is None else error)
        value = np.where(by_log, np.log(value), value)
    centre = np.where(known, history, 0.0).sum(axis=1) / np.maximum(many, 1)
    chart = _student_chart(centre, _sigma(history, known), many, value, alpha, error=error)
    with np.errstate(over="ignore"):
        centre, low, high = (
            np.where(by_log, np.exp(np.where(by_log, column, 0.0)), column)
            for column in (chart.centre, chart.low, chart.high)
        )
    return chart._replace(centre=centre, low=low, high=high, sigma=chart.sigma * np.where(by_log, centre, 1.0))


def laney_shares(events: Array, numbers: Array, event: Array, number: Array, *, alpha: float) -> ControlChart:
    """Judge the share ``event / number`` (S,) against earlier weeks' ``events`` and ``numbers`` (S, T), as p′.

    Each week's share becomes a z-value by the binomial law, and an XmR chart of the z-values says how much wider than
    binomial the weeks scatter. Limits are in shares, kept within 0..1.

    >>> n = np.full((1, 20), 1000.0)
    >>> chart = laney_shares(np.tile([190.0, 210.0], 10)[None, :], n, np.array([260.0]), n[:, 0], alpha=0.01)
    >>> round(float(chart.centre[0]), 3), bool(chart.p_above[0] < 0.01)
    (0.2, True)
    """
    known = np.isfinite(events) & (numbers > 0)
    events, numbers = np.where(known, events, 0.0), np.where(known, numbers, 0.0)
    # half an event either way keeps a share of 0 or 1 from claiming to know everything
    share = (events.sum(axis=1) + 0.5) / (numbers.sum(axis=1) + 1.0)
    binomial = np.sqrt(share * (1.0 - share))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(known, (events / numbers - share[:, None]) / (binomial[:, None] / np.sqrt(numbers)), np.nan)
        now = (event / number - share) * np.sqrt(number) / binomial
        wide = np.maximum(_sigma(z, known), 1.0)
        chart = _student_chart(np.zeros_like(share), wide, known.sum(axis=1), now, alpha)
        unit = binomial / np.sqrt(number)
    low, high = (np.clip(share + side * unit, 0.0, 1.0) for side in (chart.low, chart.high))
    return ControlChart(share, wide * unit, low, high, chart.p_above, chart.p_below)


def _less_skewed_by_log(history: Array, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    positive = np.asarray(known.any(axis=1) & (np.where(known, history, 1.0) > 0).all(axis=1))
    logarithm = np.log(np.where(known & positive[:, None], history, 1.0))
    return positive & (np.abs(_skewness(logarithm, known)) < np.abs(_skewness(history, known)))


def _skewness(values: Array, known: NDArray[np.bool_]) -> Array:
    many = np.maximum(known.sum(axis=1), 1)
    away = np.where(known, values, 0.0)
    away = np.where(known, away - (away.sum(axis=1) / many)[:, None], 0.0)
    second = (away**2).sum(axis=1) / many
    return (away**3).sum(axis=1) / many / np.maximum(second**1.5, 1e-300)


def _sigma(values: Array, known: NDArray[np.bool_]) -> Array:
    moving = np.abs(np.diff(values, axis=1))
    pairs = np.isfinite(moving)
    by_range = np.where(pairs, moving, 0.0).sum(axis=1) / np.maximum(pairs.sum(axis=1), 1) / RANGE_PER_SIGMA
    filled = np.where(known.any(axis=1, keepdims=True), values, 0.0)
    middle = np.nanmedian(filled, axis=1, keepdims=True)
    by_spread = MAD_PER_SIGMA * np.nanmedian(np.abs(filled - middle), axis=1)
    return np.maximum(by_range, by_spread)


def _student_chart(
    centre: Array, sigma: Array, many: NDArray[np.int64], value: Array, alpha: float, *, error: Array | float = 0.0
) -> ControlChart:
    df = np.maximum(FREEDOM_PER_RANGE * (many - 1.0), 1.0)
    spread = np.hypot(sigma * np.sqrt(1.0 + 1.0 / np.maximum(many, 1)), error)
    reach = stdtrit(df, 1.0 - alpha) * spread
    with np.errstate(divide="ignore", invalid="ignore"):
        # a history without any scatter: the smallest difference is beyond it, equality is not
        away = np.where(value == centre, 0.0, (value - centre) / spread)
    enough = (many >= FEWEST_VALUES) & np.isfinite(value)
    columns = (centre, sigma, centre - reach, centre + reach, stdtr(df, -away), stdtr(df, away))
    return ControlChart(*(np.where(enough, column, np.nan) for column in columns))
