"""Difference-in-differences of refund rates, on the log scale, against units that nothing was done to.

A product is treated because its rate was high, and a high rate falls by itself (regression to the mean). What stands as
"before" is therefore the posterior of its rate, shrunk towards the other units: a posterior given all that was seen is
not biased by choosing on what was seen (Dawid 1994, "Selection paradoxes of Bayesian inference"). On top, units are
compared with those whose earlier rate was nearest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from aftersales.stats.fault_level import HALF, rates_before
from aftersales.stats.placebo import LEVEL, placebo_interval, placebo_p

Array = NDArray[np.float64]

# As many comparisons as give each 5 % tail four placebos, and near enough to be comparable.
MOST_CONTROLS = 80
ANSCOMBE = 3 / 8
# A unit of which not even one request is due cannot show that it moved.
LEAST_DUE = 1.0
# Of less than this most counts are zero or one, whose scores lie closer together than chance's.
FEW_DUE = 5.0
ROUNDS = 8
# A rate cut or raised 400-fold: beyond, an effect is without end. Forty halvings find it to eleven digits.
LARGEST_EFFECT = 6.0
HALVINGS = 40


class Comparison(NamedTuple):
    """One unit's change against its controls.

    ``change``, ``low``, ``high`` (90 %): difference of log rates · ``error``: its standard error, chance and drift ·
    ``p`` · ``placebos``: the controls' own changes in units of their errors · ``moves``: the same as differences of log
    rates · ``controls``: their places · ``common``: the ratio by which the
    controls moved together · ``drift``: the variance (log scale) of their moves beyond chance.
    """

    change: float
    low: float
    high: float
    error: float
    p: float
    placebos: Array
    moves: Array
    controls: NDArray[np.int64]
    common: float = 1.0
    drift: float = 0.0


def log_rate(events: Array, exposure: Array) -> Array:
    """log((r + .5) / (e + .5)): finite also without a single event.

    >>> log_rate(np.array([0.0]), np.array([4.5])).round(3).tolist()
    [-2.303]
    """
    return np.log((np.asarray(events, float) + HALF) / (np.asarray(exposure, float) + HALF))


def compare_change(
    events_before: Array,
    exposure_before: Array,
    events_after: Array,
    exposure_after: Array,
    *,
    treated: int = 0,
    level: tuple[Array, Array] | None = None,
    interval: float = LEVEL,
) -> Comparison:
    """The change of one unit's log rate, less that of the units most like it before, with placebo inference.

    All arrays (units,); exposure is matured orders. Each control stands once in the treated unit's place; every change
    is measured in its own error (chance of both counts, and the drift that the controls show beyond chance), on the
    root scale; the interval holds the effects under which the count would lie no further out than
    ``interval`` of the controls'. ``level`` is what stands as each unit's rate before and its squared coefficient of
    variation, where that is not simply all that came before (`levels_before`).

    >>> rng = np.random.default_rng(2)
    >>> after = rng.poisson(100.0, 60).astype(float)
    >>> after[0] = 50
    >>> found = compare_change(rng.poisson(300.0, 60).astype(float), np.full(60, 3000.0), after, np.full(60, 1000.0))
    >>> found.high < 0, found.p < 0.05
    (True, True)
    """
    before, unsure = level or rates_before(events_before, exposure_before)
    later = np.asarray(events_after, float)
    due = before * np.asarray(exposure_after, float)
    controls = _nearest(before, due, treated)
    if not len(controls):
        return Comparison(0.0, -np.inf, np.inf, np.inf, 1.0, np.zeros(0), np.zeros(0), controls)
    r, m, u = later[controls], due[controls], unsure[controls]
    common, drift, weights = _common_change(r, m, u)
    # each placebo against the others, itself left out
    told = weights * m * common
    rest = np.maximum(told.sum() - told, 1e-9)
    others = ((weights * r).sum() - weights * r) / np.maximum((weights * m).sum() - weights * m, 1e-9)
    placebos = _score(r, m * others, u + drift + 1 / rest)

    own = float(due[treated] * common)
    own_unsure = float(unsure[treated] + drift + 1 / told.sum())
    score = float(_score(later[treated], own, own_unsure))
    few = float(np.median(m * common)) < FEW_DUE
    low, high = _interval(later[treated], own, own_unsure, placebos, interval, few=few)
    estimate = float(_log_change(later[treated], own))
    error = float(np.sqrt(own_unsure + 1 / (own + HALF)))
    moves = _log_change(r, m * others)
    return Comparison(
        estimate,
        min(low, estimate),
        max(high, estimate),
        error,
        placebo_p(score, placebos),
        placebos,
        moves,
        controls,
        common,
        drift,
    )


def _common_change(r: Array, m: Array, u: Array) -> tuple[float, float, Array]:
    """The ratio of what came to what was due over all controls, the drift beyond chance, and the controls' weights.

    Counts, not logarithms, are averaged: the logarithm of a count near 0 says nothing of its mean. Variance of a count
    is m + m^2 (u + drift), the drift by moments; a few rounds settle it (Breslow 1984, Applied Statistics 33).
    """
    drift, common = 0.0, 1.0
    weights = np.ones_like(m)
    for _ in range(ROUNDS):
        weights = 1 / (1 + m * common * (u + drift))
        common = float(((weights * r).sum() + HALF) / ((weights * m).sum() + HALF))
        mean = m * common
        excess = ((weights * (r - mean)) ** 2 - weights**2 * (mean + mean**2 * u)).sum()
        drift = float(max(0.0, excess / max((weights**2 * mean**2).sum(), 1e-12)))
    return common, drift, weights


def _score(events: Array | float, expected: Array | float, unsure: Array | float) -> Array:
    """How far a count lies from the expected one, in errors: on the root scale, where small counts are not skew.

    ``unsure`` is the variance of the logarithm of what was expected. Source: Anscombe 1948, Biometrika 35.
    """
    gap = 2 * (np.sqrt(np.add(events, ANSCOMBE)) - np.sqrt(np.add(expected, ANSCOMBE)))
    return np.asarray(gap / np.sqrt(1 + np.multiply(expected, unsure)))


def _log_change(events: Array | float, expected: Array | float) -> Array:
    """Log ratio of a count to the expected one: the effect under which its score is zero, so that every interval of
    scores holds it. Half an event on both sides would draw a rise from next to nothing below its own interval; it only
    gives a count of zero a logarithm.
    """
    events, expected = np.asarray(events, float), np.asarray(expected, float)
    none = events == 0
    due = np.maximum(np.where(none, expected + HALF, expected), np.exp(-LARGEST_EFFECT))
    ratio = np.where(none, HALF, events) / due
    return np.clip(np.log(ratio), -LARGEST_EFFECT, LARGEST_EFFECT)


def compare_own(
    events: float, expected: float, unsure: float, *, spread: float, level: float = LEVEL
) -> tuple[float, float, float]:
    """Log ratio of a count to what was expected by its own past, with its interval of ``level``.

    ``spread`` is the variance of weekly counts over that of chance.

    >>> change, low, high = compare_own(50.0, 100.0, 0.01, spread=1.0)
    >>> round(change, 2), high < 0
    (-0.69, True)
    """
    reach = float(ndtri((1 + level) / 2)) * np.sqrt(spread)
    low, high = _ends(events, expected, unsure, -reach, reach)
    estimate = float(_log_change(events, expected))
    return estimate, min(low, estimate), max(high, estimate)


def _interval(
    events: float, expected: float, unsure: float, placebos: Array, level: float, *, few: bool
) -> tuple[float, float]:
    """The effects (log) under which the count would lie no further out than that share of the placebos.

    Placebos of ``few`` events each say nothing of how far out a larger count may lie: there chance alone gives the
    least reach.
    """
    # minus the interval around nothing: the scores at which a move stops being ordinary
    reach_low, reach_high = placebo_interval(0.0, -placebos, level=level)
    if not np.isfinite(reach_low):
        return -np.inf, np.inf
    least = float(ndtri((1 + level) / 2)) if few else 0.0
    return _ends(events, expected, unsure, min(reach_low, -least), max(reach_high, least))


def _ends(events: float, expected: float, unsure: float, reach_low: float, reach_high: float) -> tuple[float, float]:
    """The effects (log) under which the count's score would lie at either reach."""
    ends = []
    for bound in (reach_high, reach_low):
        bottom, top = -LARGEST_EFFECT, LARGEST_EFFECT
        for _ in range(HALVINGS):
            middle = (bottom + top) / 2
            # the larger the effect assumed, the lower the count looks beside it
            bottom, top = (
                (middle, top) if _score(events, expected * np.exp(middle), unsure) > bound else (bottom, middle)
            )
        ends.append((bottom + top) / 2)
    return ends[0], ends[1]


def _nearest(before: Array, due: Array, treated: int) -> NDArray[np.int64]:
    """The units whose rate before was nearest, among those of which enough was due to show a change."""
    there = np.flatnonzero((np.arange(len(before)) != treated) & (due >= LEAST_DUE))
    order = np.argsort(np.abs(np.log(before[there] / before[treated])), kind="stable")
    return np.sort(there[order[:MOST_CONTROLS]])
