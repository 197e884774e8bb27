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
from scipy.special import digamma, polygamma

from aftersales.advice.placebo import placebo_interval, placebo_p
from aftersales.measures.gamma_prior import fit_gamma_prior, posterior

Array = NDArray[np.float64]

# A prior of rates has two parameters: from ten units on it says more than it invents.
LEAST_FOR_PRIOR = 10
# As many comparisons as give each 5 % tail four placebos, and near enough to be comparable.
MOST_CONTROLS = 80
# Keeps the logarithm finite without a single refund; the bias of the log rate is then of second order (Haldane 1956).
HALF = 0.5
ANSCOMBE = 3 / 8
# A rate cut or raised 400-fold: beyond, an effect is without end. Forty halvings find it to eleven digits.
LARGEST_EFFECT = 6.0
HALVINGS = 40


class Comparison(NamedTuple):
    """One unit's change against its controls.

    ``change``, ``low``, ``high`` (90 %): difference of log rates · ``error``: its standard error, chance and drift ·
    ``p`` · ``placebos``: the controls' own changes in units of their errors · ``controls``: their places.
    """

    change: float
    low: float
    high: float
    error: float
    p: float
    placebos: Array
    controls: NDArray[np.int64]


def log_rate(events: Array, exposure: Array) -> Array:
    """log((r + .5) / (e + .5)): finite also without a single event.

    >>> log_rate(np.array([0.0]), np.array([4.5])).round(3).tolist()
    [-2.303]
    """
    return np.log((np.asarray(events, float) + HALF) / (np.asarray(exposure, float) + HALF))


def log_rates_before(events: Array, exposure: Array) -> tuple[Array, Array]:
    """Mean and variance of each unit's log rate given its counts, shrunk towards the others; plain under ten units.

    >>> mean, _ = log_rates_before(np.array([30.0] + [10.0] * 11), np.full(12, 100.0))
    >>> bool(np.exp(mean[0]) < 0.3)
    True
    """
    r, e = np.asarray(events, float), np.asarray(exposure, float)
    if len(r) < LEAST_FOR_PRIOR or r.sum() <= 0:
        return log_rate(r, e), 1 / (r + HALF)
    found = posterior(fit_gamma_prior(r, e), r, e)
    means = digamma(found.shapes) - np.log(found.rates)
    mean = (found.weights * means).sum(1)
    within = polygamma(1, found.shapes)
    return mean, (found.weights * (within + (means - mean[:, None]) ** 2)).sum(1)


def compare_change(
    events_before: Array,
    exposure_before: Array,
    events_after: Array,
    exposure_after: Array,
    *,
    treated: int = 0,
) -> Comparison:
    """The change of one unit's log rate, less that of the units most like it before, with placebo inference.

    All arrays (units,); exposure is matured orders. Each control stands once in the treated unit's place; every change
    is measured in its own error (chance of both counts, and the drift that the controls show beyond chance), on the
    root scale; the interval holds the effects under which the count would lie no further out than 90 % of
    the controls'.

    >>> rng = np.random.default_rng(2)
    >>> after = rng.poisson(100.0, 60).astype(float)
    >>> after[0] = 50
    >>> found = compare_change(rng.poisson(300.0, 60).astype(float), np.full(60, 3000.0), after, np.full(60, 1000.0))
    >>> found.high < 0, found.p < 0.05
    (True, True)
    """
    before, before_variance = log_rates_before(events_before, exposure_before)
    change = log_rate(events_after, exposure_after) - before
    # chance in the later count is that of the count expected, not of the one that came: a low count is not a sure one
    chance = before_variance + 1 / (np.exp(before) * exposure_after + HALF)
    controls = _nearest(before, exposure_after, treated)
    d, v = change[controls], chance[controls]
    drift = _drift(d, v)
    weights = 1 / (v + drift)
    total = weights.sum()
    # each placebo against the others, itself left out
    rest = total - weights
    unsure = before_variance[controls] + drift + 1 / rest
    expected = np.exp(before[controls] + (weights @ d - weights * d) / rest) * exposure_after[controls]
    placebos = _score(np.asarray(events_after, float)[controls], expected, unsure)

    common = float(weights @ d / total)
    own = float(np.exp(before[treated] + common) * exposure_after[treated])
    own_unsure = float(before_variance[treated] + drift + 1 / total)
    score = float(_score(float(events_after[treated]), own, own_unsure))
    low, high = _interval(float(events_after[treated]), own, own_unsure, placebos)
    estimate = float(change[treated] - common)
    error = float(np.sqrt(own_unsure + 1 / (own + HALF)))
    return Comparison(
        estimate, min(low, estimate), max(high, estimate), error, placebo_p(score, placebos), placebos, controls
    )


def _score(events: Array | float, expected: Array | float, unsure: Array | float) -> Array:
    """How far a count lies from the expected one, in errors: on the root scale, where small counts are not skew.

    ``unsure`` is the variance of the logarithm of what was expected. Source: Anscombe 1948, Biometrika 35.
    """
    gap = 2 * (np.sqrt(np.add(events, ANSCOMBE)) - np.sqrt(np.add(expected, ANSCOMBE)))
    return np.asarray(gap / np.sqrt(1 + np.multiply(expected, unsure)))


def _interval(events: float, expected: float, unsure: float, placebos: Array) -> tuple[float, float]:
    """The effects (log) under which the count would lie no further out than the placebos' 90 %."""
    # minus the interval around nothing: the scores at which a move stops being ordinary
    reach_low, reach_high = placebo_interval(0.0, -placebos)
    if not np.isfinite(reach_low):
        return -np.inf, np.inf
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


def _nearest(before: Array, exposure_after: Array, treated: int) -> NDArray[np.int64]:
    there = np.flatnonzero((np.arange(len(before)) != treated) & (exposure_after > 0))
    order = np.argsort(np.abs(before[there] - before[treated]), kind="stable")
    return np.sort(there[order[:MOST_CONTROLS]])


def _drift(change: Array, chance: Array) -> float:
    """Variance of the controls' changes beyond chance (DerSimonian and Laird 1986, Controlled Clinical Trials 7)."""
    w = 1 / chance
    centre = (w @ change) / w.sum()
    excess = float(w @ (change - centre) ** 2) - (len(change) - 1)
    return max(0.0, excess / float(w.sum() - (w**2).sum() / w.sum()))
