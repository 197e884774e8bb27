"""Placebo inference: how far units move that nothing was done to.

Valid with few points and without a model of the noise: naive standard errors of such comparisons reject far too often
(Bertrand, Duflo and Mullainathan 2004, QJE 119(1)). Source: permutation inference for synthetic controls, Abadie,
Diamond and Hainmueller 2010, JASA 105; the ranks as in conformal prediction, which count the treated unit itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVEL = 0.9
# Below this number of placebos no interval of 90 % exists: the widest of them covers B / (B + 1) both ways.
LEAST_PLACEBOS = 9
# From here on each tail of 5 % holds at least two placebos, and the tails may differ: changes of small counts are skew.
SIGNED_FROM = 39


def placebo_p(estimate: float, placebos: Array) -> float:
    """The share of moves as large, the estimate's own among them: ``(1 + #{|placebo| >= |estimate|}) / (1 + B)``.

    >>> placebo_p(-0.5, np.array([0.1, -0.2, 0.6]))
    0.5
    """
    return float((1 + (np.abs(placebos) >= abs(estimate)).sum()) / (1 + len(placebos)))


def placebo_interval(
    estimate: float, placebos: Array, *, scale: float = 1.0, level: float = LEVEL
) -> tuple[float, float]:
    """The interval of effects that, taken off the estimate, leave a move as ordinary as the placebos.

    ``placebos`` are in units of ``scale`` (the estimate's own error), so that large units do not lend small ones their
    steadiness. With 39 placebos and more each tail has its own quantile, with fewer both share that of the sizes; with
    fewer than nine, or than the level asks for, the interval is endless.

    >>> placebo_interval(-0.5, np.linspace(-0.2, 0.2, 19)) == (-0.7, -0.3)
    True
    >>> placebo_interval(-0.5, np.array([0.1, -0.1]))
    (-inf, inf)
    """
    count = len(placebos)
    if count < LEAST_PLACEBOS or level * (count + 1) > count + 1e-9:
        return -np.inf, np.inf
    tail = (1 - level) / 2
    if count < SIGNED_FROM:
        sizes = np.sort(np.abs(placebos))
        # the rank that leaves at most 1 - level beyond it, the treated unit counted
        reach = float(sizes[min(int(np.ceil(level * (count + 1))), count) - 1]) * scale
        return estimate - reach, estimate + reach
    ordered = np.sort(placebos)
    rank = int(tail * (count + 1))
    low, high = ordered[rank - 1], ordered[count - rank]
    return float(estimate - high * scale), float(estimate - low * scale)
