"""What a young week says of itself: whether its refunds come slower or faster than usual, and are more or fewer.

A delay curve of many weeks is right on average only. In a week when couriers are late every request comes later: fewer
at first, more in the end, and what is still to come at three weeks of age moves several times as much as the delays do.
So each week has a *pace* (all its delays are e^pace times the usual ones, as in an accelerated failure time model) that
resembles the pace of the week before, and a *level* of its own (a gamma factor on its requests). Neither is estimated
and then believed: a week's requests so far weigh every pace on a grid, by a forward filter over the weeks, and the
level is integrated out (gamma and Poisson). How much weeks differ in pace and level is not known either: `to_come`
answers under every combination of `WANDERING` and `LEVELS`, and its caller weighs these by past nowcasts.
Sources: Kalbfleisch and Prentice 2002, Statistical Analysis of Failure Time Data, ch. 7; Rabiner 1989, Proc. IEEE 77
(forward filter); Jewell 1974, ASTIN Bulletin 8 (credibility).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Logarithms of the stretch: delays from a third to three times the usual.
PACES = np.linspace(-1.2, 1.2, 49)
# (spread of the pace between weeks, share of it that stays until the next week); the first: all weeks have one pace.
WANDERING = ((0.0, 0.0), *((spread, stays) for spread in (0.07, 0.15, 0.3, 0.6) for stays in (0.0, 0.9)))
# (shape of the gamma factor on a week's requests, relative noise of a single cell beyond counts). A shape of 2 leaves
# the level open: only how the requests are spread over the ages then tells the pace.
LEVELS = tuple((shape, noise) for shape in (np.inf, 50.0, 10.0, 2.0) for noise in (0.05, 0.2))
# A request where none was expected is unlikely, not impossible.
_LEAST_EXPECTED = 0.02
_USUAL = len(PACES) // 2


class Expected(NamedTuple):
    """What is still to come under each combination, by (curve, week, wandering, level)."""

    mean: np.ndarray
    relative_variance: np.ndarray  # of the mean, beyond the counts' own scatter
    reached: np.ndarray  # share of a week's requests that come at the ages shown so far, 0..1


def stretched(curve: np.ndarray) -> np.ndarray:
    """Requests by age where all delays are e^pace as long; (paces, ages), each row with the curve's own total.

    Between the ages the cumulative hazard is a power of time (a Weibull curve from one age to the next). Orders of a
    week are half a week old, on average, when it ends.

    >>> curve = np.array([0.05, 0.03, 0.015, 0.005])
    >>> stretched(curve)[[0, 24, 48]].round(3).tolist()
    [[0.084, 0.016, 0.0, 0.0], [0.05, 0.03, 0.015, 0.005], [0.024, 0.023, 0.014, 0.039]]
    """
    whole = curve.sum()
    same = np.repeat(curve[None], len(PACES), axis=0)
    if whole <= 0:
        return same
    arrived = curve.cumsum() / whole
    use = (arrived > 1e-9) & (arrived < 1 - 1e-6) & (np.diff(arrived, prepend=0.0) > 0)
    use &= arrived >= np.maximum.accumulate(arrived)
    if use.sum() < 2:
        return same
    at = np.log(np.arange(1, len(curve) + 1) - 0.5)
    x, y = at[use], np.log(-np.log1p(-arrived[use]))
    times = at[None, :] - PACES[:, None]
    first, last = (y[1] - y[0]) / (x[1] - x[0]), (y[-1] - y[-2]) / (x[-1] - x[-2])
    hazard = np.interp(times, x, y)
    hazard = np.where(times < x[0], y[0] + first * (times - x[0]), hazard)
    hazard = np.where(times > x[-1], y[-1] + last * (times - x[-1]), hazard)
    shares = -np.expm1(-np.exp(np.minimum(hazard, 5.0)))
    shares[:, -1] = 1.0
    found = np.diff(np.maximum.accumulate(shares, axis=1), axis=1, prepend=0.0) * whole
    found[_USUAL] = curve
    return found


def to_come(expected: np.ndarray, seen: np.ndarray, shown: np.ndarray, told: np.ndarray, ahead: np.ndarray) -> Expected:
    """What each cohort will show at the ages ``ahead``, given what it and the cohorts before have shown.

    Parameters
    ----------
    expected : (curves, cohorts, paces, ages)
        Requests expected at each age under each pace of `PACES`, or under the one pace there is. Cohorts follow one
        another, oldest first; 0 where there is none.
    seen, shown, told, ahead : (curves, cohorts, ages)
        Requests; whether the age has been reached; whether its requests tell anything; whether it is asked about.

    """
    expected = np.maximum(expected, 0.0)
    counts = np.where(told, np.maximum(seen, 0.0), 0.0)
    usual = expected[:, :, expected.shape[2] // 2]
    logs = np.log(np.maximum(expected, _LEAST_EXPECTED))
    asked = np.einsum("mwpa,mwa->mwp", expected, ahead.astype(float))
    so_far = np.einsum("mwpa,mwa->mwp", expected, shown.astype(float)) / np.maximum(expected.sum(-1), 1e-12)
    # (curves, cohorts, levels, paces): how likely each pace makes what was seen, and the expected rest
    likely, rest, relative = [], [], []
    for shape, noise in LEVELS:
        weight = np.where(told, 1 / (1 + usual * noise**2), 0.0)
        came, due = weight * counts, np.einsum("mwa,mwpa->mwp", weight, expected)
        each = np.einsum("mwa,mwpa->mwp", came, logs)
        total = came.sum(-1)[..., None]
        if np.isinf(shape):
            likely.append(each - due)
            rest.append(asked)
            relative.append(np.zeros_like(total[..., 0]))
        else:
            likely.append(each - (shape + total) * np.log(shape + due))
            rest.append(asked * (shape + total) / (shape + due))
            relative.append(1 / (shape + total[..., 0]))
    like = np.stack(likely, axis=2)
    like = np.exp(like - like.max(-1, keepdims=True))
    return _filtered(like, np.stack(rest, axis=2), np.stack(relative, axis=2), so_far)


def _filtered(like: np.ndarray, rest: np.ndarray, relative: np.ndarray, so_far: np.ndarray) -> Expected:
    """The forward filter over cohorts: the weight of each pace of theirs, and the moments of the rest under them."""
    curves, cohorts, levels, paces = like.shape
    start, step = _moves() if paces > 1 else (np.ones((1, 1)), np.ones((1, 1, 1)))
    weights = np.broadcast_to(start[:, None], (len(start), curves * levels, paces))
    moments = []
    for week in range(cohorts):
        weights = (weights @ step if week else weights) * like[:, week].reshape(-1, paces)
        # a pace that was ruled out once may come back
        weights = weights + 1e-9 * start[:, None] * weights.max(-1, keepdims=True) + 1e-300
        weights = weights / weights.sum(-1, keepdims=True)
        each = weights.reshape(-1, curves, levels, paces)
        mean = rest[:, week]
        moments.append([(each * part).sum(-1) for part in (mean, mean**2, so_far[:, week, None])])
    mean, square, reached = np.array(moments).transpose(1, 3, 0, 2, 4)
    spread = square * (1 + relative[:, :, None]) / np.maximum(mean, 1e-12) ** 2 - 1
    return Expected(mean, np.where(mean > 0, np.maximum(spread, 0.0), 0.0), reached)


def _moves() -> tuple[np.ndarray, np.ndarray]:
    """How likely each pace is (wandering, paces), and to be followed by each (wandering, paces, paces)."""
    starts, steps = [], []
    for spread, stays in WANDERING:
        if spread == 0:
            start = (np.arange(len(PACES)) == _USUAL).astype(float)
            step = np.repeat(start[None], len(PACES), axis=0)
        else:
            # no narrower than the grid can tell
            new = max(spread * np.sqrt(1 - stays**2), 0.02)
            start = np.exp(-0.5 * (PACES / spread) ** 2)
            step = np.exp(-0.5 * ((PACES[None, :] - stays * PACES[:, None]) / new) ** 2)
        starts.append(start / start.sum())
        steps.append(step / step.sum(1, keepdims=True))
    return np.stack(starts), np.stack(steps)
