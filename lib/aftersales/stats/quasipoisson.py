"""Quasi-Poisson regression of many count series at once on one shared design.

log E[y] = log(exposure) + X b, Var[y] = dispersion x E[y], fitted by iteratively re-weighted least squares
(McCullagh & Nelder 1989, ch. 9). All series share the rows of X, so the normal equations of all of them are one
matrix product with the pairwise products of X's columns: that is what makes 100,000 series a matter of seconds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_ITERATIONS = 30  # R's glm allows 25; a well-posed Poisson fit needs 4 to 6
# Deviance still to be gained before the last step; one step further it is gone to ten digits. R's glm stops at a
# relative change of 1e-8
TOLERANCE = 1e-5
# exp(±25): an empty season's rate runs off to zero and would never settle
LARGEST_LINEAR_PREDICTOR = 25.0
# Relative to each column's own information: keeps a season without a single event solvable, moves nothing else
RIDGE = 1e-9


class QuasiPoissonFit(NamedTuple):
    """The fits of S series with T rows and p columns.

    coefficients (S, p) · fitted (S, T): expected counts · covariance (S, p, p): inverse information, not yet times the
    dispersion · dispersion (S,): Pearson chi-square over degrees of freedom, at least 1 · df (S,): rows used less
    columns · solvable (S,): False where the series has too few rows or no event; its numbers then mean nothing.
    """

    coefficients: Array
    fitted: Array
    covariance: Array
    dispersion: Array
    df: Array
    solvable: NDArray[np.bool_]


def quasi_poisson(
    counts: Array,
    exposure: Array,
    weights: Array,
    *,
    design: Array,
    precision: Array | None = None,
    start: Array | None = None,
) -> QuasiPoissonFit:
    """Fit every row of ``counts`` (S, T) on ``design`` (T, p) with exposure (S, T) and prior weights (S, T).

    A weight of 0 leaves a point out; exposure must be positive where the weight is. Counts may be fractions.
    ``precision`` (p,) is that of a normal prior with mean 0 on each coefficient (0: none; default none at all).
    ``start`` (S, p) are coefficients to begin with, from a fit not far away.

    >>> y = np.array([[2.0, 4.0, 6.0, 8.0]])
    >>> fit = quasi_poisson(y, np.full((1, 4), 100.0), np.ones((1, 4)), design=np.ones((4, 1)))
    >>> float(np.exp(fit.coefficients[0, 0]).round(4)), float(fit.dispersion[0].round(3))
    (0.05, 1.333)
    """
    series, columns = counts.shape[0], design.shape[1]
    prior_precision = np.zeros(columns) if precision is None else precision
    upper = np.triu_indices(columns)
    products = np.ascontiguousarray(design[:, upper[0]] * design[:, upper[1]])
    with np.errstate(divide="ignore"):
        offset = np.where(weights > 0, np.log(np.maximum(exposure, 1e-300)), 0.0)
    counts = np.where(weights > 0, counts, 0.0)
    df = (weights > 0).sum(axis=1) - columns
    solvable = (df > 0) & (counts.sum(axis=1) > 0)

    coefficients = np.zeros((series, columns)) if start is None else start.copy()
    fitted = np.zeros_like(counts)
    active = np.flatnonzero(solvable)
    fresh = start is None
    if start is not None:
        fitted[active] = np.exp(_bounded(start[active] @ design.T) + offset[active])
    for _ in range(MAX_ITERATIONS):
        if not active.size:
            break
        rows = slice(None) if active.size == series else active
        y, prior, off = counts[rows], weights[rows], offset[rows]
        # as in R's glm the first step begins at the counts themselves, a tenth added so that zeros have a logarithm
        mean = y + 0.1 if fresh else fitted[rows]
        working = prior * mean
        score = prior * y
        score -= working
        if fresh:
            score += working * (np.log(mean) - off)
        information = _symmetric(working @ products, columns, upper)
        _add_prior(information, prior_precision)
        pull = (score @ design) - coefficients[rows] * prior_precision
        step = np.linalg.solve(information, pull[:, :, None])[:, :, 0]
        beta = coefficients[rows] + step
        linear = _bounded(beta @ design.T)
        linear += off
        np.exp(linear, out=linear)
        coefficients[rows], fitted[rows] = beta, linear
        # Newton's decrement is what the deviance still had to fall; the next step would leave about its square
        settled = (step * pull).sum(axis=1) < TOLERANCE
        active = active if fresh else active[~settled]
        fresh = False
    information = _symmetric((weights * fitted) @ products, columns, upper)
    _add_prior(information, prior_precision)
    information[~solvable] = np.eye(columns)
    covariance = np.asarray(np.linalg.inv(information), np.float64)
    dispersion = pearson_dispersion(counts, fitted, weights, df)
    return QuasiPoissonFit(coefficients, fitted, covariance, dispersion, df, solvable)


def pearson_dispersion(counts: Array, fitted: Array, weights: Array, df: Array) -> Array:
    """Pearson chi-square over degrees of freedom, at least 1 (S,): counts scatter no less than Poisson's law."""
    with np.errstate(divide="ignore", invalid="ignore"):
        chi_square = np.where(weights > 0, weights * (counts - fitted) ** 2 / fitted, 0.0).sum(axis=1)
    return np.maximum(np.nan_to_num(chi_square / np.maximum(df, 1), nan=1.0, posinf=1.0), 1.0)


def leverage(fit: QuasiPoissonFit, weights: Array, *, design: Array) -> Array:
    """The diagonal of each fit's hat matrix (S, T): how far a point pulls its own fitted value; in 0..1."""
    columns = design.shape[1]
    upper = np.triu_indices(columns)
    products = design[:, upper[0]] * design[:, upper[1]]
    twice = np.where(upper[0] == upper[1], 1.0, 2.0)
    flat = fit.covariance[:, upper[0], upper[1]] * twice
    return np.clip(weights * fit.fitted * (flat @ products.T), 0.0, 1.0 - 1e-9)


def prediction(fit: QuasiPoissonFit, exposure: Array, *, row: Array, scale: Array | None = None) -> tuple[Array, Array]:
    """Expected counts (S,) at one design row (p,) and their standard errors (S,), on the scale of the counts.

    ``scale`` (S,) stands in for the dispersion in the standard errors.

    >>> y = np.array([[2.0, 4.0, 6.0, 8.0]])
    >>> fit = quasi_poisson(y, np.full((1, 4), 100.0), np.ones((1, 4)), design=np.ones((4, 1)))
    >>> mean, error = prediction(fit, np.array([200.0]), row=np.array([1.0]))
    >>> float(mean[0].round(3)), float(error[0].round(3))
    (10.0, 2.582)
    """
    linear = _bounded(fit.coefficients @ row)
    mean = exposure * np.exp(linear)
    variance = np.einsum("i,sij,j->s", row, fit.covariance, row)
    variance *= fit.dispersion if scale is None else scale
    return mean, mean * np.sqrt(np.maximum(variance, 0.0))


def _bounded(linear: Array) -> Array:
    return np.clip(linear, -LARGEST_LINEAR_PREDICTOR, LARGEST_LINEAR_PREDICTOR, out=linear)


def _symmetric(flat: Array, columns: int, upper: tuple) -> Array:
    full = np.empty((flat.shape[0], columns, columns))
    full[:, upper[0], upper[1]] = flat
    full[:, upper[1], upper[0]] = flat
    return full


def _add_prior(information: Array, precision: Array) -> None:
    diagonal = np.einsum("sii->si", information)
    diagonal += RIDGE * diagonal + 1e-12 + precision
