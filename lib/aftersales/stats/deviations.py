"""How far each rate lies from the expected, on the log odds: a prior of ordinary deviations and of rare, large ones.

Requests are binomial around a rate; its log odds are the expected ones (known with an error), plus a deviation. Most
deviations are ordinary (normal, their spread fitted to the counts); a few belong to broken products (rare, larger, how
large is open). On the odds a margin means the same in a shop of 1 % and in one of 60 %. Posteriors are sums over a grid
around each part's own mode. Sources: DuMouchel 1999, The American Statistician 53(3) (two-part prior); Newton et al.
2004, Biostatistics 5(2); Tierney and Kadane 1986, JASA 81 (Laplace's approximation, for the fit of the prior).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, gammaincinv, logit, logsumexp, ndtr

# Before anything is seen: one product in fifty is broken (the reference's benchmark), at three times the ordinary odds,
# and with nine chances in ten between one and nine times.
BROKEN_SHARE, BROKEN_LIFT, BROKEN_SPREAD = 0.02, 1.1, 0.7
# The share of broken ones is held to that as by this many products that were looked at before.
SHARE_HELD_BY = 100.0
OWN_SPREADS = (0.03, 0.06, 0.1, 0.15, 0.2, 0.27, 0.35, 0.45, 0.6, 0.8, 1.0)
LEAST_WEIGHT = 0.03  # of a spread that is kept
CLOSER = (0.8, 0.87, 0.93, 1.0, 1.08, 1.16, 1.25)
SHARES = np.array([0.001, 0.003, 0.006, 0.01, 0.02, 0.04, 0.08, 0.15])
GRID = 41
REACH = 5.5  # standard deviations on either side of the mode
STEPS = 12
FITTED_ON = 4_000  # rows; more do not move the prior
CHUNK = 20_000
MOST_LOG_ODDS = 14.0


class Fault(NamedTuple):
    """Broken rows: their mean deviation and its spread (log odds), and which share of rows is expected to be broken."""

    lift: float = BROKEN_LIFT
    spread: float = BROKEN_SPREAD
    share: float = BROKEN_SHARE


BROKEN = Fault()


class DeviationPrior(NamedTuple):
    """``spreads`` that ordinary deviations may have, each with its weight; ``share`` of broken rows, their mean
    ``lift`` and ``spread``.
    """

    spreads: tuple[float, ...]
    weights: tuple[float, ...]
    share: float
    lift: float = BROKEN_LIFT
    spread: float = BROKEN_SPREAD

    @property
    def own(self) -> float:
        """The spread of ordinary deviations, on average."""
        return sum(s * w for s, w in zip(self.spreads, self.weights, strict=True))


class Judged(NamedTuple):
    """Rates 0..1 (posterior mean, central interval), and the probability of a deviation beyond the bound."""

    rate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    probability: np.ndarray


class Counts(NamedTuple):
    """Events, exposure (orders that had time to ask), expected log odds and their standard error; arrays of one length.

    ``views``: how many ways the same product is looked at; one broken product in fifty is one view in so many more.
    """

    events: np.ndarray
    exposure: np.ndarray
    log_odds: np.ndarray
    std_err: np.ndarray
    views: np.ndarray


def fit_deviation_prior(counts: Counts, *, fault: Fault = BROKEN) -> DeviationPrior:
    """What the counts say of the spread of ordinary deviations, and the likeliest share of broken rows.

    ``fault`` is how far broken rows lie.

    Few products leave the spread open: each that the counts do not rule out keeps its weight, so that intervals are as
    wide as what is known of it.

    >>> rng = np.random.default_rng(1)
    >>> n, eta = np.full(600, 200.0), np.full(600, -2.0)
    >>> r = rng.binomial(200, expit(eta + rng.normal(0, 0.2, 600))).astype(float)
    >>> prior = fit_deviation_prior(Counts(r, n, eta, np.zeros(600), np.ones(600)))
    >>> 0.13 < prior.own < 0.28
    True
    """
    speaks = np.flatnonzero(counts.exposure > 0)
    if not len(speaks):
        return DeviationPrior((0.27,), (1.0,), fault.share, fault.lift, fault.spread)
    if len(speaks) > FITTED_ON:
        speaks = speaks[:: len(speaks) // FITTED_ON + 1]
    some = Counts(*(c[speaks] for c in counts))
    charge = _charged(SHARES[:, None], some.views)
    broken = _log_evidence(some, np.full(len(speaks), fault.lift), fault.spread)
    before = _share_prior(fault.share)
    tried: dict[float, np.ndarray] = {}
    spreads: tuple[float, ...] = OWN_SPREADS
    for _ in range(2):  # on the grid, then closer around its best
        for own in set(spreads) - set(tried):
            ordinary = _log_evidence(some, centred(some, own), own)
            tried[own] = np.logaddexp(np.log1p(-charge) + ordinary, np.log(charge) + broken).sum(axis=1) + before
        best = max(tried, key=lambda own: tried[own].max())
        spreads = tuple(best * ratio for ratio in CLOSER)
    share = int(np.argmax(tried[best]))
    # each spread stands for the part of the scale around it
    owns = np.array(sorted(tried))
    log = np.array([tried[own][share] for own in owns]) + np.log(np.gradient(np.log(owns)))
    weight = np.exp(log - logsumexp(log))
    kept = weight >= LEAST_WEIGHT
    weights = weight[kept] / weight[kept].sum()
    return DeviationPrior(
        tuple(owns[kept].tolist()), tuple(weights.tolist()), float(SHARES[share]), fault.lift, fault.spread
    )


def _share_prior(share: float) -> np.ndarray:
    """A beta distribution around the share to be expected, as by `SHARE_HELD_BY` products."""
    return SHARE_HELD_BY * (share * np.log(SHARES) + (1 - share) * np.log1p(-SHARES))


def _charged(share: np.ndarray | float, views: np.ndarray) -> np.ndarray:
    return share / np.maximum(views, 1.0)


def judge(counts: Counts, prior: DeviationPrior, bound: np.ndarray, *, level: float = 0.9) -> Judged:
    """The posterior of each row: its rate, and the probability that it deviates by more than ``bound`` log odds.

    >>> two = Counts(np.array([12.0, 60.0]), np.array([100.0, 100.0]), np.full(2, -2.0), np.full(2, 0.1), np.ones(2))
    >>> judge(two, DeviationPrior((0.2,), (1.0,), 0.02), np.full(2, 0.4)).probability.round(2).tolist()
    [0.01, 1.0]
    """
    parts = [
        _judge(Counts(*(c[i : i + CHUNK] for c in counts)), prior, bound[i : i + CHUNK], level)
        for i in range(0, len(counts.events), CHUNK)
    ]
    return (
        Judged(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        if parts
        else Judged(*[np.empty(0)] * 4)
    )


def _judge(counts: Counts, prior: DeviationPrior, bound: np.ndarray, level: float) -> Judged:
    share = _charged(prior.share, counts.views)
    at, mass, beyond = [], [], []
    parts = [((1 - share) * w, centred(counts, s), s) for s, w in zip(prior.spreads, prior.weights, strict=True)]
    for weight, lift, spread in (*parts, (share, np.full(len(share), prior.lift), prior.spread)):
        theta, log_mass = _grid(counts, lift, spread)
        at.append(theta)
        mass.append(log_mass + np.log(weight)[:, None])
        # of a log odds, which part is the product's own and which an error of the expectation
        own_share = spread**2 / (spread**2 + counts.std_err**2)
        step = (theta[:, 1] - theta[:, 0])[:, None]
        error = np.sqrt((own_share * counts.std_err**2)[:, None] + (step / 2) ** 2)
        own = lift[:, None] + own_share[:, None] * (theta - (counts.log_odds + lift)[:, None])
        beyond.append(ndtr((own - bound[:, None]) / error))
    theta, log_mass, over = (np.concatenate(x, axis=1) for x in (at, mass, beyond))
    weight = np.exp(log_mass - logsumexp(log_mass, axis=1)[:, None])
    rate = (weight * expit(theta)).sum(axis=1)
    probability = (weight * over).sum(axis=1)
    order = np.argsort(theta, axis=1)
    theta, weight = (np.take_along_axis(x, order, axis=1) for x in (theta, weight))
    below = np.cumsum(weight, axis=1) - weight / 2
    low, high = (_quantile(theta, below, q) for q in ((1 - level) / 2, (1 + level) / 2))
    return Judged(rate, expit(low), expit(high), np.clip(probability, 0, 1))


def _quantile(theta: np.ndarray, below: np.ndarray, q: float) -> np.ndarray:
    rows = np.arange(len(theta))
    right = np.clip((below < q).sum(axis=1), 1, theta.shape[1] - 1)
    lower, upper = below[rows, right - 1], below[rows, right]
    part = np.clip((q - lower) / np.maximum(upper - lower, 1e-12), 0, 1)
    return theta[rows, right - 1] + part * (theta[rows, right] - theta[rows, right - 1])


def centred(counts: Counts, spread: float) -> np.ndarray:
    """Where deviations of that spread must lie so that their rates, not their log odds, are the expected on average."""
    return -(spread**2) * (1 - 2 * expit(counts.log_odds)) / 2


def _log_likelihood(theta: np.ndarray, counts: Counts) -> np.ndarray:
    """Of a share; orders whose time is not up count in part, and never less than what was asked for."""
    shape = (slice(None),) + (None,) * (theta.ndim - 1)
    events, others = counts.events[shape], np.maximum(counts.exposure - counts.events, 0.0)[shape]
    return -events * np.logaddexp(0, -theta) - others * np.logaddexp(0, theta)


def _mode(counts: Counts, lift: np.ndarray, spread: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mode and standard deviation of the log odds, and the prior's mean and variance, by Newton's method."""
    mean, variance = counts.log_odds + lift, counts.std_err**2 + spread**2
    orders = np.maximum(counts.exposure, counts.events)
    # between the prior's mean and what was seen, as their weights have it
    seen = logit((counts.events + 0.5) / (orders + 1))
    chance = 1 / (counts.events + 0.5) + 1 / (orders - counts.events + 0.5)
    theta = np.where(orders > 0, (mean / variance + seen / chance) / (1 / variance + 1 / chance), mean)
    for _ in range(STEPS):
        p = expit(theta)
        slope = counts.events - orders * p - (theta - mean) / variance
        curve = orders * p * (1 - p) + 1 / variance
        move = np.clip(slope / curve, -1.5, 1.5)
        theta = np.clip(theta + move, -MOST_LOG_ODDS, MOST_LOG_ODDS)
        if np.abs(move).max(initial=0.0) < 1e-6:
            break
    p = expit(theta)
    return theta, 1 / np.sqrt(orders * p * (1 - p) + 1 / variance), mean, variance


def _log_prior(theta: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return -((theta - mean) ** 2) / (2 * variance) - np.log(2 * np.pi * variance) / 2


def _grid(counts: Counts, lift: np.ndarray, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Log odds around the mode, and the log of likelihood times prior times the step."""
    mode, width, mean, variance = _mode(counts, lift, spread)
    theta = mode[:, None] + width[:, None] * np.linspace(-REACH, REACH, GRID)
    step = np.log(width * 2 * REACH / (GRID - 1))
    log = _log_likelihood(theta, counts) + _log_prior(theta, mean[:, None], variance[:, None])
    return theta, log + step[:, None]


def _log_evidence(counts: Counts, lift: np.ndarray, spread: float) -> np.ndarray:
    """The log probability of the counts where deviations are normal, by Laplace's approximation."""
    mode, width, mean, variance = _mode(counts, lift, spread)
    return _log_likelihood(mode, counts) + _log_prior(mode, mean, variance) + np.log(width) + np.log(2 * np.pi) / 2


def error_of_few(events: np.ndarray) -> np.ndarray:
    """The error, on the log odds, of a rate read off so many events plus one, wide enough above: the rule of three.

    >>> error_of_few(np.array([0.0, 100.0])).round(2).tolist()
    [0.67, 0.09]
    """
    count = np.asarray(events, float) + 1
    return np.log(gammaincinv(count, 0.95) / count) / 1.645
