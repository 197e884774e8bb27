"""Synthetic difference-in-differences: one big unit against a weighted mixture of others.

Arkhangelsky, Athey, Hirshberg, Imbens and Wager 2021, American Economic Review 111(12): weights of units make the
controls run parallel to the treated unit before, weights of times pick the times before that resemble those after.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aftersales.words.errors import UsageError

Array = NDArray[np.float64]

# The paper's: time weights are not regularised but for a hair that makes them unique (algorithm 1, in units of noise).
TIME_RIDGE = 1e-6
# How hard the weights are held to sum to one, relative to the size of the data: a slack of a millionth moves nothing.
SUM_HELD = 1e4


class SyntheticEffect(NamedTuple):
    """``estimate``: treated minus synthetic after, less the same before. Weights sum to one; controls and times."""

    estimate: float
    unit_weights: Array
    time_weights: Array


def difference_in_differences(treated: Array, controls: Array, *, before: int) -> float:
    """Mean change of one unit (T,) less the mean change of all controls (N, T); the first ``before`` times are before.

    >>> difference_in_differences(np.array([5.0, 5.0, 2.0]), np.array([[4.0, 4.0, 5.0], [2.0, 2.0, 3.0]]), before=2)
    -4.0
    """
    gap = treated - controls.mean(axis=0)
    return float(gap[before:].mean() - gap[:before].mean())


def synthetic_effect(treated: Array, controls: Array, *, before: int) -> SyntheticEffect:
    """The synthetic difference-in-differences of one unit (T,) against controls (N, T).

    ``before`` is the number of times before the change. Raises `UsageError` with fewer than two controls, two times
    before, or none after.

    >>> steady = np.array([[4.0, 5.0, 4.0, 5.0], [2.0, 3.0, 2.0, 3.0], [9.0, 1.0, 5.0, 2.0]])
    >>> round(synthetic_effect(steady[:2].mean(axis=0) + [0, 0, -1, -1], steady, before=2).estimate, 2)
    -1.0
    """
    units, times = controls.shape
    if units < 2 or before < 2 or times <= before:
        raise UsageError(
            "A synthetic control needs two controls, two times before and one after",
            found=f"{units} controls, {before} times before, {times - before} after",
        )
    past, future = controls[:, :before], controls[:, before:].mean(axis=1)
    noise = float(np.diff(past, axis=1).std(ddof=1)) or 1e-12
    zeta = (times - before) ** 0.25 * noise
    unit_weights = _weights(past.T, treated[:before], ridge=zeta**2 * before)
    time_weights = _weights(past, future, ridge=(TIME_RIDGE * noise) ** 2 * units)
    gap = treated - unit_weights @ controls
    return SyntheticEffect(float(gap[before:].mean() - gap[:before] @ time_weights), unit_weights, time_weights)


def _weights(columns: Array, target: Array, *, ridge: float) -> Array:
    """Weights on the simplex that make the columns resemble the target up to a constant, with a ridge."""
    from scipy.optimize import nnls  # half a second to import: only where results are not kept

    centred, aim = columns - columns.mean(axis=0), target - target.mean()
    size = centred.shape[1]
    held = SUM_HELD * max(float(np.abs(centred).max()), ridge**0.5, 1e-12)
    rows = np.vstack([centred, np.sqrt(ridge) * np.eye(size), np.full((1, size), held)])
    found, _ = nnls(rows, np.concatenate([aim, np.zeros(size), [held]]), maxiter=50 * size)
    return found / found.sum()
