"""The verdict on a decision: too early, worked, did not, harmed, or cannot tell; and why."""

from __future__ import annotations

from typing import Literal

import numpy as np

Verdict = Literal["too_early", "worked", "did_not", "harmed", "cannot_tell"]

# A month of weeks in which at least four fifths of the refunds to come have come: before that, fewer refunds are only
# refunds that have not been asked for yet.
WEEKS_AFTER = 4
MATURE_ENOUGH = 0.8


def verdict(low: float, high: float, *, expected: float) -> Verdict:
    """The verdict on a change whose 90 % interval is ``low`` to ``high``, where a fall is good.

    ``expected`` is the least that was hoped for, in the same unit, negative or 0. Worked: the interval lies below zero
    and reaches what was expected. Harmed: it lies above zero. Did not: it falls short of what was expected. Else it
    cannot be told: the interval holds both nothing and what was expected.

    >>> [verdict(*ends, expected=-0.2) for ends in ((-0.4, -0.1), (-0.1, 0.1), (0.1, 0.3), (-0.3, 0.1))]
    ['worked', 'did_not', 'harmed', 'cannot_tell']
    """
    if not (np.isfinite(low) and np.isfinite(high)):
        return "cannot_tell"
    if low > 0:
        return "harmed"
    if low > expected:
        return "did_not"
    return "worked" if high < 0 else "cannot_tell"
