"""The level a unit stood at when something was decided: its usual one, or that of a fault since a week.

A fault of three weeks fills a quarter of the twelve before; their mean is neither the fault nor the healthy level. Each
unit's posterior is therefore a mixture: no fault, or one since each of the last weeks, times each of a few sizes (a
change-point model with conjugate gamma levels; Barry and Hartigan 1993, JASA 88; mixtures are not biased by choosing
units for their spike). How common faults are is learnt from all units.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from aftersales.stats.gamma_prior import GammaPrior, fit_gamma_prior, posterior, posterior_mean

Array = NDArray[np.float64]

# Keeps the logarithm finite without a single refund; the bias of the log rate is then of second order (Haldane 1956).
HALF = 0.5
# A prior of rates has two parameters: from ten units on it says more than it invents.
LEAST_FOR_PRIOR = 10
# A healthy level needs four weeks; a fault older than eight is the level itself. Chosen, not fitted.
LEAST_HEALTHY = 4
# Sizes of a fault, as factors of the healthy rate, all as likely beforehand. Chosen, not fitted.
SIZES = np.geomspace(1.2, 6.0, 12)
# Before anything is seen, one unit in ten has a fault, worth ten units of evidence. Chosen, not fitted.
FAULTY, WORTH = 0.1, 10.0
# Median of a squared standard normal.
MEDIAN_SQUARE = 0.455
ROUNDS = 20
DRAWS = 4000


class Levels(NamedTuple):
    """By unit: ``mean`` rate now and ``unsure`` (its squared coefficient of variation); ``faulty`` (probability that it
    has a fault now), ``weeks`` (how long, the most probable), ``healthy`` and ``healthy_unsure`` (the level before it).
    ``spread`` of all: variance of weekly counts over that of chance.
    """

    mean: Array
    unsure: Array
    faulty: Array
    weeks: NDArray[np.int64]
    healthy: Array
    healthy_unsure: Array
    spread: float


def rates_before(events: Array, exposure: Array, prior: GammaPrior | None = None) -> tuple[Array, Array]:
    """Mean of each unit's rate given its counts and its squared coefficient of variation, shrunk towards the others.

    Plain under ten units. ``prior`` spares fitting one.

    >>> mean, _ = rates_before(np.array([30.0] + [10.0] * 11), np.full(12, 100.0))
    >>> bool(mean[0] < 0.3)
    True
    """
    r, e = np.asarray(events, float), np.asarray(exposure, float)
    if len(r) < LEAST_FOR_PRIOR or r.sum() <= 0:
        return (r + HALF) / (e + HALF), 1 / (r + HALF)
    found = posterior(prior or fit_gamma_prior(r, e), r, e)
    mean = posterior_mean(found)
    square = (found.weights * found.shapes * (found.shapes + 1) / found.rates**2).sum(1)
    return mean, square / mean**2 - 1


def levels_before(events: Array, exposure: Array) -> Levels:
    """The level of each unit at the end of its weeks, (units, weeks) of counts and matured orders.

    Weeks are first put on one footing where ten units or more show how all moved together; counts that scatter more
    than chance from week to week are worth less.

    >>> rows = np.full((12, 12), 24.0)
    >>> rows[0, -3:] = 60
    >>> found = levels_before(rows, np.full((12, 12), 200.0))
    >>> bool(found.faulty[0] > 0.99), int(found.weeks[0]), found.mean[[0, 1]].round(2).tolist()
    (True, 3, [0.3, 0.12])
    """
    r, e = np.asarray(events, float), np.asarray(exposure, float)
    prior = fit_gamma_prior(r.sum(1), e.sum(1)) if len(r) >= LEAST_FOR_PRIOR and r.sum() > 0 else None
    first = _levels(r, e * _together(r, e, np.ones(len(r), bool)), prior)
    # a second time, so that no faulty unit passes for what happened to all
    return _levels(r, e * _together(r, e, first.faulty <= HALF), prior)


def _levels(r: Array, e: Array, prior: GammaPrior | None) -> Levels:
    """The levels of weeks on one footing."""
    usual, unsure = rates_before(r.sum(1), e.sum(1), prior)
    spread = _spread(r, e)
    spans = range(1, r.shape[1] - LEAST_HEALTHY + 1)
    if not spans:
        none = np.zeros(len(r))
        return Levels(usual, unsure, none, none.astype(int), usual, unsure, spread)
    likely, means, squares, healthy = [], [], [], []
    for k in spans:
        level, doubt = rates_before(r[:, :-k].sum(1), e[:, :-k].sum(1), prior)
        healthy.append((level, doubt))
        # the gamma of the healthy level, counts worth what their scatter lets them be
        shape = 1 / (doubt * spread)
        rate = shape / level
        late, orders = r[:, -k:].sum(1) / spread, e[:, -k:].sum(1) / spread
        none_at_all = _evidence(late, orders, shape, rate, 1.0)
        for size in SIZES:
            likely.append(_evidence(late, orders, shape, rate, size) - none_at_all)
            mean = size * (shape + late) / (rate + size * orders)
            means.append(mean)
            squares.append(mean**2 * (1 + 1 / (shape + late)))
    odds = np.exp(np.clip(np.array(likely), -700, 500)) / (len(spans) * len(SIZES))
    share = FAULTY
    for _ in range(ROUNDS):
        total = odds.sum(0) * share
        faulty = total / (total + 1 - share)
        share = float((FAULTY * WORTH + faulty.sum()) / (WORTH + len(r)))
    weight = odds / odds.sum(0) * faulty
    mean = (weight * np.array(means)).sum(0) + (1 - faulty) * usual
    square = (weight * np.array(squares)).sum(0) + (1 - faulty) * usual**2 * (1 + unsure * spread)
    by_span = weight.reshape(len(spans), len(SIZES), -1).sum(1)
    at = by_span.argmax(0)
    units = np.arange(len(r))
    before = np.array([h[0] for h in healthy])[at, units], np.array([h[1] for h in healthy])[at, units]
    return Levels(mean, square / mean**2 - 1, faulty, at + 1, before[0], before[1] * spread, spread)


def cured_share(
    levels: Levels, at: int, *, events: float, exposure: float, drift: float = 0.0, level: float = 0.9
) -> tuple[float, float, float]:
    """The share of a unit's fault that is gone by its counts afterwards: middle, and interval of ``level``.

    1 is a complete cure, 0 none, below 0 worse than the fault. Drawn from the three levels, each as unsure as it is.

    >>> one = [np.array([x]) for x in (0.3, 0.001, 1.0, 3, 0.1, 0.001)]
    >>> share = cured_share(Levels(*one, 1.0), 0, events=200.0, exposure=1000.0)
    >>> round(share[0], 1), share[1] < 0.5 < share[2]
    (0.5, True)
    """
    rng = np.random.default_rng(1)
    fault = _draws(rng, levels.mean[at], levels.unsure[at])
    healthy = _draws(rng, levels.healthy[at], levels.healthy_unsure[at])
    after = _draws(rng, (events + HALF) / max(exposure, HALF), levels.spread / (events + HALF) + drift)
    there = fault > healthy
    low, middle, high = np.quantile(
        ((fault - after) / (fault - healthy))[there], [(1 - level) / 2, 0.5, (1 + level) / 2]
    )
    return float(middle), float(low), float(high)


def _draws(rng: np.random.Generator, mean: float, unsure: float) -> Array:
    """Gamma draws of a level by its mean and squared coefficient of variation."""
    return rng.gamma(1 / unsure, mean * unsure, DRAWS)


def _together(r: Array, e: Array, sound: NDArray[np.bool_]) -> Array:
    """How the sound units moved together, week by week, as a factor of exposure; 1 where too few can say."""
    r, e = r[sound], e[sound]
    if len(r) < LEAST_FOR_PRIOR:
        return np.ones(r.shape[1])
    due = e * ((r.sum(1) + HALF) / (e.sum(1) + HALF))[:, None]
    # each with the root of its orders, so that one large unit does not pass for all
    weight = 1 / np.sqrt(np.maximum(e.sum(1), 1.0))[:, None]
    return np.asarray(((weight * r).sum(0) + HALF * weight.mean()) / ((weight * due).sum(0) + HALF * weight.mean()))


def _spread(r: Array, e: Array) -> float:
    """Variance of counts from one week to the next over that of chance, 1 or more; a single step does not move it."""
    rate = (r.sum(1) + HALF) / (e.sum(1) + HALF)
    with np.errstate(divide="ignore", invalid="ignore"):
        weekly = np.where(e > 0, r / e, np.nan)
        chance = rate[:, None] * (1 / e[:, 1:] + 1 / e[:, :-1])
        squares = np.diff(weekly, axis=1) ** 2 / chance
    # counts near 0 say nothing of scatter
    known = squares[np.isfinite(squares) & (np.minimum(e[:, 1:], e[:, :-1]) * rate[:, None] >= 1)]
    return max(1.0, float(np.median(known)) / MEDIAN_SQUARE) if len(known) else 1.0


def _evidence(events: Array, exposure: Array, shape: Array, rate: Array, size: float) -> Array:
    """Log likelihood of a count whose rate is ``size`` times a gamma level, without what no size changes."""
    return np.asarray(
        gammaln(shape + events)
        + shape * np.log(rate)
        + events * np.log(size)
        - (shape + events) * np.log(rate + size * exposure)
    )
