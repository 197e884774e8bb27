"""The prior of empirical Bayes for rates: one Gamma, or an ordinary and a worse one, fitted to the counts themselves.

Counts are Poisson around exposure times rate, so that a Gamma of rates makes them negative binomial and every
likelihood is closed. A single Gamma shrinks true outliers too far; a second one is taken only where the Bayesian
information criterion wants its three parameters. Sources: Efron and Morris 1975, JASA 70; Schwarz 1978, Annals of
Statistics 6(2); DuMouchel 1999, The American Statistician 53(3) (the two-Gamma prior).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import digamma, expit, gammainc, gammaincc, gammaln, ndtri

# Products with the same count and exposures within this ratio are fitted as one row: the likelihood moves by far less
# than one unit, and twenty thousand products become a few thousand rows.
SAME_EXPOSURE = 0.02
# A Gamma narrower than a hundred thousand prior requests, or wider than a twentieth of one, is no longer identified.
SHAPES = (0.05, 1e5)
# A 90 % interval then holds between 89.9 and 90.1 %; most products need two steps.
QUANTILE_ERROR = 5e-4
MOST_STEPS = 60
# Where the search for a second Gamma begins: as wide as the first, at nearly three times its rate.
WORSE_START = np.array([0.1, 0.1, 1.0, 0.0])
# In units of log likelihood: far below what the criterion weighs. A tolerance relative to its size stops too early.
LIKELIHOOD_ERROR = 1e-4


class GammaPrior(NamedTuple):
    """A mixture of Gammas: weights, shapes and rates (per unit of exposure), one or two each, lower mean first."""

    weights: np.ndarray
    shapes: np.ndarray
    rates: np.ndarray

    @property
    def mean(self) -> float:
        """The mean rate under the prior."""
        return float((self.weights * self.shapes / self.rates).sum())


class Posterior(NamedTuple):
    """A mixture of Gammas for each product: arrays (products, components)."""

    weights: np.ndarray
    shapes: np.ndarray
    rates: np.ndarray


def fit_gamma_prior(events: np.ndarray, exposure: np.ndarray) -> GammaPrior:
    """The prior that makes the counts likeliest; rows without exposure do not speak.

    >>> rng = np.random.default_rng(1)
    >>> exposure = np.full(2000, 50.0)
    >>> prior = fit_gamma_prior(rng.poisson(rng.gamma(8, 0.01, 2000) * exposure), exposure)
    >>> len(prior.weights), round(prior.mean, 2)
    (1, 0.08)
    """
    r, e, n = _cells(np.asarray(events, float), np.asarray(exposure, float))
    rate = (n * r).sum() / (n * e).sum()
    # the method of moments starts the search: variance of counts past Poisson's
    extra = (n * ((r - e * rate) ** 2 - e * rate)).sum() / (n * e**2).sum()
    shape = float(np.clip(rate**2 / extra if extra > 0 else 100.0, 2 * SHAPES[0], 1e3))
    one = _climb(np.log([shape, shape / rate]), r, e, n)
    two = _climb(np.append(np.tile(one.x, 2) + WORSE_START, -2.5), r, e, n)
    penalty = 3 / 2 * np.log(n.sum())
    return _prior(two.x if one.fun - two.fun > penalty else one.x)


def _cells(events: np.ndarray, exposure: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Events, mean exposure and number of the products that share a count and, nearly, an exposure."""
    there = exposure > 0
    r, e = events[there], exposure[there]
    width = np.log1p(SAME_EXPOSURE)
    cell = np.round(np.log(e) / width) * 1e7 + np.round(r * 16)
    _, which, n = np.unique(cell, return_inverse=True, return_counts=True)
    return np.bincount(which, r) / n, np.bincount(which, e) / n, n.astype(float)


def _climb(start: np.ndarray, r: np.ndarray, e: np.ndarray, n: np.ndarray):  # type: ignore[no-untyped-def]
    from scipy.optimize import minimize  # half a second to import: only where results are not kept

    low, high = np.log(SHAPES)
    pairs = len(start) // 2
    bounds = [(low, high), (-40.0, 40.0)] * pairs + [(-9.0, 0.0)] * (len(start) % 2)
    options = {"maxiter": 200, "ftol": LIKELIHOOD_ERROR}
    return minimize(_cost, start, args=(r, e, n), jac=True, method="SLSQP", bounds=bounds, options=options)


def _prior(x: np.ndarray) -> GammaPrior:
    pairs = np.exp(x[: 2 * (len(x) // 2)].reshape(-1, 2))
    share = expit(x[-1]) if len(x) % 2 else None
    weights = np.array([1.0]) if share is None else np.array([1 - share, share])
    order = np.argsort(pairs[:, 0] / pairs[:, 1])
    return GammaPrior(weights[order], pairs[order, 0], pairs[order, 1])


def _cost(x: np.ndarray, r: np.ndarray, e: np.ndarray, n: np.ndarray) -> tuple[float, np.ndarray]:
    """Minus the log likelihood of the counts, and its gradient in log shape, log rate (and logit weight)."""
    pairs = np.exp(x[: 2 * (len(x) // 2)].reshape(-1, 2))
    mixed = len(pairs) > 1
    # many products share a count: the costly functions are taken once for each
    values, which = np.unique(r, return_inverse=True)
    logs, slopes = [], []
    for a, b in pairs:
        kept = b / (b + e)
        fall = np.log(kept)
        grown = (gammaln(values + a) - gammaln(a))[which]
        logs.append(grown + a * fall + r * np.log(e / (b + e)))
        slopes.append((a * ((digamma(values + a) - digamma(a))[which] + fall), a - (r + a) * kept))
    share = expit(x[-1]) if mixed else 0.0
    if mixed:
        logs = [logs[0] + np.log1p(-share), logs[1] + np.log(share)]
    total = np.logaddexp(*logs) if mixed else logs[0]
    belongs = [np.exp(one - total) * n for one in logs] if mixed else [n]
    slope = [float(belongs[j] @ s) for j, pair in enumerate(slopes) for s in pair]
    if mixed:
        slope.append(float((belongs[1] - n * share).sum()))
    return -float(n @ total), -np.array(slope)


def posterior(prior: GammaPrior, events: np.ndarray, exposure: np.ndarray) -> Posterior:
    """What the counts make of the prior: Gammas again, with new weights.

    >>> prior = GammaPrior(np.array([1.0]), np.array([4.0]), np.array([50.0]))
    >>> found = posterior(prior, np.array([0, 6]), np.array([0.0, 50.0]))
    >>> posterior_mean(found).tolist()
    [0.08, 0.1]
    """
    r, e = np.asarray(events, float)[:, None], np.asarray(exposure, float)[:, None]
    a, b = prior.shapes[None, :], prior.rates[None, :]
    if len(prior.weights) == 1:
        return Posterior(np.ones_like(r), r + a, e + b)
    density = np.log(prior.weights) - gammaln(a) + a * np.log(b) + gammaln(r + a) - (r + a) * np.log(b + e)
    weights = np.exp(density - density.max(axis=1, keepdims=True))
    return Posterior(weights / weights.sum(axis=1, keepdims=True), r + a, e + b)


def posterior_mean(found: Posterior) -> np.ndarray:
    """The mean rate of each product."""
    return (found.weights * found.shapes / found.rates).sum(1)


def above(found: Posterior, bound: np.ndarray | float) -> np.ndarray:
    """The probability that each product's rate is above a bound (one, or one a product).

    >>> round(float(above(Posterior(*np.array([[[1.0]], [[1.0]], [[1.0]]])), 0.6931)[0]), 3)
    0.5
    """
    at = np.broadcast_to(np.asarray(bound, float), found.weights.shape[:1])[:, None]
    return (found.weights * gammaincc(found.shapes, found.rates * at)).sum(1)


def posterior_quantile(found: Posterior, probability: float) -> np.ndarray:
    """The rate below which each product lies with that probability, to within `QUANTILE_ERROR` of it.

    Starts at Wilson and Hilferty's quantile of the one Gamma of the same mean and variance, and goes on by Newton's
    method on the log scale, kept between the bounds that earlier steps have shown, for the products not there yet.

    >>> posterior_quantile(Posterior(*np.array([[[1.0]], [[1.0]], [[2.0]]])), 0.5).round(3).tolist()
    [0.347]
    """
    w, a, b = found
    mean = (w * a / b).sum(1)
    shape = mean**2 / ((w * a * (a + 1) / b**2).sum(1) - mean**2)
    root = 1 - 1 / (9 * shape) + ndtri(probability) / (3 * np.sqrt(shape))
    at = mean * np.maximum(root, 0.05) ** 3
    bottom, top = np.zeros_like(at), np.full_like(at, np.inf)
    left = np.arange(len(at))
    constant = a * np.log(b) - gammaln(a)
    for _ in range(MOST_STEPS):
        x, wl, al, bl = at[left], w[left], a[left], b[left]
        gap = (wl * gammainc(al, bl * x[:, None])).sum(1) - probability
        far = np.abs(gap) > QUANTILE_ERROR
        if not far.any():
            break
        left, x, gap, wl, al, bl = left[far], x[far], gap[far], wl[far], al[far], bl[far]
        bottom[left], top[left] = np.where(gap < 0, x, bottom[left]), np.where(gap < 0, top[left], x)
        # d/d log x of the distribution function is x times its density
        slope = (wl * np.exp(al * np.log(x)[:, None] + constant[left] - bl * x[:, None])).sum(1)
        step = x * np.exp(np.clip(-gap / np.maximum(slope, 1e-300), -1.0, 1.0))
        middle = np.where(np.isfinite(top[left]), (bottom[left] + np.minimum(top[left], 1e300)) / 2, 2 * x)
        at[left] = np.where((step > bottom[left]) & (step < top[left]), step, middle)
    return at
