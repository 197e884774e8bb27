"""How much is known yet: the share of bad orders that have come to light by the age an order has.

A parcel is refused a week after the order, a case is won a month after. Of young orders fewer are known to be bad, and
a replay that counted them as they stand would call every rule too dear.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.float64]

# A share smaller than this is no base to reckon from: it would multiply a handful of orders.
LEAST_SHARE = 0.2


def known_share(delays: Days, ages: Days, asked: Days) -> NDArray[np.float64]:
    """The share (0..1) of bad orders known by each age of ``asked``, in days; all ones without any delay.

    ``delays`` (days from order to knowledge) are those that are known; ``ages`` how old each of these orders is. An
    order of age a can only show delays up to a: the product-limit estimate for such right-truncated delays (Lagakos,
    Barraj and De Gruttola 1988, Biometrika 75) allows for it. It is the share of those known by the oldest age seen.

    >>> known_share(np.array([1.0, 1, 5, 9]), np.array([20.0, 3, 20, 20]), np.array([0.0, 2, 6, 30])).round(2).tolist()
    [0.0, 0.33, 0.67, 1.0]
    """
    delays, ages = np.asarray(delays, float), np.asarray(ages, float)
    fits = np.isfinite(delays) & (delays >= 0) & (delays <= ages)
    delays, ages = np.sort(delays[fits]), np.sort(ages[fits])
    if not len(delays):
        return np.ones(len(asked))
    steps, counts = np.unique(delays, return_counts=True)
    # at risk in reversed time: known by this delay, and old enough to have shown it
    known = np.searchsorted(delays, steps, side="right")
    too_young = np.searchsorted(ages, steps, side="left")
    at_risk = np.maximum(known - too_young, counts)
    kept = 1 - counts / at_risk
    # F just below each step is the product of what is kept at it and at all later ones
    below = np.concatenate([np.cumprod(kept[::-1])[::-1], [1.0]])
    return below[np.searchsorted(steps, asked, side="right")]
