"""The smallest effect that could be told from chance at all: shown when a decision is made, not after it."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from aftersales.advice.fault_level import HALF
from aftersales.advice.placebo import LEVEL
from aftersales.words.errors import QuestionError

# The usual chance of seeing an effect that is there.
POWER = 0.8
# Each step halves the distance or better; thirty leave nothing to see.
STEPS = 30


def detectable_effect(
    *, rate: float, orders_a_week: float, weeks_before: int = 12, weeks_after: int = 4, drift: float = 0.0,
    power: float = POWER, level: float = LEVEL,
) -> float:  # fmt: skip
    """The fall of a rate, as a share of it (0..1), that would be told from chance with probability ``power``.

    ``rate`` is the rate before (0..1), ``orders_a_week`` matured orders, ``drift`` the standard deviation (log scale)
    by which untouched units' rates move by themselves. An effect of 1 means: not even its vanishing would be seen.
    The two-sided normal formula for a difference of log rates, the later count being that under the effect.

    >>> [round(detectable_effect(rate=0.12, orders_a_week=n), 2) for n in (50, 200)]
    [0.47, 0.26]
    """
    if not (0 < rate <= 1 and orders_a_week > 0 and weeks_before > 0 and weeks_after > 0):
        raise QuestionError("A detectable effect needs a rate above 0, orders and weeks", found=f"rate {rate}")
    before = 1 / (rate * orders_a_week * weeks_before + HALF) + drift**2
    later = rate * orders_a_week * weeks_after
    reach, chance = -float(ndtri((1 - level) / 2)), float(ndtri(power))
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        shown = -np.log1p(-middle) - reach * np.sqrt(before + 1 / (later + HALF))
        seen = shown >= chance * np.sqrt(before + 1 / (later * (1 - middle) + HALF))
        low, high = (low, middle) if seen else (middle, high)
    return high
