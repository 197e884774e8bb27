"""What a week's count should have been: Farrington's flexible regression, for many series at once.

Quasi-Poisson regression with exposure; weeks that were themselves outbreaks are weighted down by their Anscombe
residuals and the model fitted again; a trend stays only where it is significant and does not run away.
Sources: Farrington et al. 1996, J R Stat Soc A 159:547; Noufaily et al. 2013, Stat Med 32:1206.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtr
from threadpoolctl import threadpool_limits

from aftersales.stats.count_limits import delta_limits
from aftersales.stats.quasipoisson import Array, QuasiPoissonFit, leverage, prediction, quasi_poisson

# Noufaily 2013: only clear outliers lose weight; the 1 of 1996 weighted down ordinary weeks and biased the dispersion
DOWN_WEIGHT_ABOVE = 2.58
TREND_LEVEL = 0.05  # a trend without significance at this level is left out, as in R's surveillance
# A series without a single event still has a rate: Jeffreys' prior for a Poisson rate is half an event
NO_EVENT_PRIOR = 0.5
# Series a batch: arrays of 1 MB stay in the processor's cache; fastest of 128 to 2048 in the speed benchmark
BATCH = 512


class Expected(NamedTuple):
    """Expected counts of S series in A weeks.

    mean (S, A) · error (S, A): standard error of the mean · dispersion (S,) · df (S,) · trend (S,): whether a
    trend is in · usable (S,): False where there were too few weeks to say anything.
    """

    mean: Array
    error: Array
    dispersion: Array
    df: Array
    trend: NDArray[np.bool_]
    usable: NDArray[np.bool_]


class Ahead(NamedTuple):
    """The weeks to predict: their design rows (A, p), trend values (A,) and exposure (S, A)."""

    design: Array
    trend: Array
    exposure: Array


def expected_counts(
    counts: Array,
    exposure: Array,
    usable: NDArray[np.bool_],
    *,
    design: Array,
    trend: Array,
    ahead: Ahead,
    precision: Array | None = None,
    trend_allowed: bool = True,
    working_scale: bool = False,
) -> Expected:
    """Expected counts of the weeks ahead from a baseline of S series and T weeks.

    ``counts``, ``exposure`` and ``usable`` are (S, T); ``design`` (T, p) begins with a column of ones and holds no
    trend; ``trend`` (T,) is added as a last column where ``trend_allowed``; ``precision`` (p,) is the prior's on the
    design's columns (`quasi_poisson`). The last week ahead decides whether a
    trend runs away: it must not predict a rate above the highest ever seen (Noufaily's guard).
    ``working_scale`` takes standard errors and the trend's test from working instead of Pearson residuals, as R's
    surveillance does; it understates errors where counts are above one, so nothing but the comparison with R uses it.
    """
    found = unknown_yet(len(counts), len(ahead.trend))

    def fill(rows: slice) -> None:
        part = _expected(
            counts[rows],
            exposure[rows],
            usable[rows],
            design=design,
            trend=trend,
            ahead=Ahead(ahead.design, ahead.trend, ahead.exposure[rows]),
            precision=np.zeros(design.shape[1]) if precision is None else precision,
            trend_allowed=trend_allowed,
            working_scale=working_scale,
        )
        for whole, piece in zip(found, part, strict=True):
            whole[rows] = piece

    batches = [slice(at, at + BATCH) for at in range(0, len(counts), BATCH)]
    if len(batches) <= 1:
        for rows in batches:
            fill(rows)
        return found
    # as many threads as this worker was given for tables; numpy's own would quarrel over these small products
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        list(threads.map(fill, batches))
    return found


def unknown_yet(series: int, weeks: int) -> Expected:
    """Expectations of nothing: NaN means, unit dispersion, none usable; to be filled series by series."""
    nothing = np.full((series, weeks), np.nan)
    none = np.zeros(series, bool)
    return Expected(nothing, nothing.copy(), np.ones(series), np.ones(series), none, none.copy())


def anscombe_weights(counts: Array, weights: Array, fit: QuasiPoissonFit, *, design: Array) -> Array:
    """Weights (S, T) for the second fit: residual^-2 above 2.58, else 1, scaled so that they sum to the weeks used."""
    mean = np.maximum(fit.fitted, 1e-12)
    bound = leverage(fit, weights, design=design)
    bound -= 1.0
    bound *= -fit.dispersion[:, None]
    # Anscombe's residual never exceeds Pearson's, which needs no cube root: most weeks are done with here
    away = counts - mean
    far = np.nonzero((away > 0) & (away**2 > DOWN_WEIGHT_ABOVE**2 * bound * mean))
    y, m = counts[far], mean[far]
    residual = 1.5 * (np.cbrt(y) ** 2 / np.cbrt(np.sqrt(m)) - np.sqrt(m)) / np.sqrt(bound[far])
    lower = weights.copy()
    lower[far] *= np.where(residual > DOWN_WEIGHT_ABOVE, np.maximum(residual, 1.0) ** -2.0, 1.0)
    total = lower.sum(axis=1, keepdims=True)
    return lower * weights.sum(axis=1, keepdims=True) / np.maximum(total, 1e-300)


class _Fitted(NamedTuple):
    fit: QuasiPoissonFit
    scale: Array  # (S,): what the standard errors are multiplied with


def _reweighted(
    counts: Array,
    exposure: Array,
    weights: Array,
    design: Array,
    *,
    precision: Array,
    start: Array | None,
    working_scale: bool,
) -> _Fitted:
    first = quasi_poisson(counts, exposure, weights, design=design, precision=precision, start=start)
    lower = anscombe_weights(counts, weights, first, design=design)
    touched = np.flatnonzero((lower != weights).any(axis=1))
    second = quasi_poisson(
        counts[touched],
        exposure[touched],
        lower[touched],
        design=design,
        precision=precision,
        start=first.coefficients[touched],
    )
    for whole, part in zip(first, second, strict=True):
        whole[touched] = part
    if not working_scale:
        return _Fitted(first, first.dispersion)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.where(lower > 0, lower * (counts / first.fitted - 1.0) ** 2, 0.0).sum(axis=1)
    return _Fitted(first, squares / np.maximum(first.df, 1))


def _expected(
    counts: Array,
    exposure: Array,
    usable: NDArray[np.bool_],
    *,
    design: Array,
    trend: Array,
    ahead: Ahead,
    precision: Array,
    trend_allowed: bool,
    working_scale: bool,
) -> Expected:
    weights = usable.astype(float)
    counts = np.where(usable, counts, 0.0)
    keeps = np.zeros(len(counts), bool)
    start = None
    if trend_allowed:
        centre = trend.mean()
        sloped = np.column_stack([design, trend - centre])
        sloped_ahead = np.column_stack([ahead.design, ahead.trend - centre])
        with_trend = _reweighted(
            counts,
            exposure,
            weights,
            sloped,
            precision=np.append(precision, 0.0),
            start=None,
            working_scale=working_scale,
        )
        keeps = _trend_holds(counts, exposure, usable, with_trend, sloped_ahead)
        start = with_trend.fit.coefficients[~keeps, :-1]
    flat = _reweighted(
        counts[~keeps],
        exposure[~keeps],
        weights[~keeps],
        design,
        precision=precision,
        start=start,
        working_scale=working_scale,
    )
    found = unknown_yet(*ahead.exposure.shape)
    found.trend[:] = keeps
    _fill(found, ~keeps, flat, ahead.design, ahead.exposure)
    if keeps.any():
        kept = _Fitted(_taken(with_trend.fit, keeps), with_trend.scale[keeps])
        _fill(found, keeps, kept, sloped_ahead, ahead.exposure)
    _fill_empty(found, counts, np.where(usable, exposure, 0.0).sum(axis=1), ahead.exposure)
    return found


def _taken(fit: QuasiPoissonFit, rows: NDArray[np.bool_]) -> QuasiPoissonFit:
    return QuasiPoissonFit(
        fit.coefficients[rows],
        fit.fitted[rows],
        fit.covariance[rows],
        fit.dispersion[rows],
        fit.df[rows],
        fit.solvable[rows],
    )


def _trend_holds(
    counts: Array,
    exposure: Array,
    usable: NDArray[np.bool_],
    fitted: _Fitted,
    rows: Array,
) -> NDArray[np.bool_]:
    fit = fitted.fit
    error = np.sqrt(np.maximum(fit.covariance[:, -1, -1] * fitted.scale, 1e-300))
    p_value = 2.0 * stdtr(np.maximum(fit.df, 1), -np.abs(fit.coefficients[:, -1] / error))
    rate, _ = prediction(fit, np.ones(len(counts)), row=rows[-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        highest = np.where(usable, counts / exposure, 0.0).max(axis=1)
    return fit.solvable & (p_value < TREND_LEVEL) & (rate <= highest)


def _fill(found: Expected, which: NDArray[np.bool_], fitted: _Fitted, rows: Array, exposure: Array) -> None:
    fit = fitted.fit
    for column, row in enumerate(rows):
        found.mean[which, column], found.error[which, column] = prediction(
            fit, exposure[which, column], row=row, scale=fitted.scale
        )
    found.dispersion[which], found.df[which] = fit.dispersion, fit.df
    found.usable[which] = fit.solvable


def _fill_empty(found: Expected, counts: Array, total_exposure: Array, exposure: Array) -> None:
    empty = ~found.usable & (found.df > 0) & (counts.sum(axis=1) == 0) & (total_exposure > 0)
    rate = NO_EVENT_PRIOR / total_exposure[empty]
    found.mean[empty] = rate[:, None] * exposure[empty]
    found.error[empty] = found.mean[empty] / np.sqrt(NO_EVENT_PRIOR)
    found.dispersion[empty], found.usable[empty] = 1.0, True


def reference_weeks(mondays: list[date], *, at: int, years: int, half_width: int) -> list[int]:
    """Places of the weeks within ``half_width`` of the same week in each of the ``years`` before week ``at``.

    The same week is the one whose Monday is nearest to the date a year (two, three …) before.

    >>> mondays = [date(2020, 1, 6) + timedelta(weeks=i) for i in range(120)]
    >>> reference_weeks(mondays, at=110, years=2, half_width=1)
    [5, 6, 7, 57, 58, 59]
    """
    now, first = mondays[at], mondays[0]
    found: list[int] = []
    for back in range(years, 0, -1):
        # 29 February has no counterpart; R's seq.Date moves it to 1 March
        leap = (now.month, now.day) == (2, 29)
        same = date(now.year - back, 3, 1) if leap else now.replace(year=now.year - back)
        centre = round((same - first) / timedelta(weeks=1))
        found += range(centre - half_width, centre + half_width + 1)
    return [place for place in found if 0 <= place < at]


def classic_upper_limits(
    counts: Array, mondays: list[date], *, judged: list[int], years: int = 3, half_width: int = 3, alpha: float = 0.01
) -> Array:
    """Upper limits of one series (T,) at the ``judged`` weeks, as R's farringtonFlexible gives them (delta method).

    Baseline: the weeks within ``half_width`` of the same week in the last ``years``. Kept for comparison with R; our
    own verdicts use every week with a seasonal term, and negative-binomial limits.
    """
    found = np.empty(len(judged))
    for i, at in enumerate(judged):
        places = reference_weeks(mondays, at=at, years=years, half_width=half_width)
        y = counts[None, places]
        time = np.array(places, float)
        ahead = Ahead(np.ones((1, 1)), np.array([float(at)]), np.ones((1, 1)))
        expected = expected_counts(
            y,
            np.ones_like(y),
            np.ones_like(y, bool),
            design=np.ones((len(places), 1)),
            trend=time,
            ahead=ahead,
            trend_allowed=years >= 3,
            working_scale=True,
        )
        found[i] = delta_limits(expected.mean[:, 0], expected.error[:, 0], expected.dispersion, alpha=alpha).high[0]
    return found
