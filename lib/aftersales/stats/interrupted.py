"""An interrupted series: one unit before and after, where there is nothing to compare it with.

Segmented quasi-Poisson regression with exposure as offset and one level term, no slope (Wagner et al. 2002, J Clin
Pharm Ther 27; no slope under about twelve points a side: Hawley et al. 2019). Its intervals are known to be too narrow
(Turner et al. 2021, BMC Med Res Methodol 21:181), so dates before the change at which nothing happened are tried too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aftersales.stats.placebo import LEAST_PLACEBOS, LEVEL
from aftersales.stats.quasipoisson import quasi_poisson
from aftersales.stats.tails import student_ppf, student_sf

Array = NDArray[np.float64]

# A level on less than four points is a handful of days' luck.
LEAST_EACH_SIDE = 4
# By so much (log scale) a rate drifts from one month to the next by itself, where no history tells. Chosen, not fitted.
OWN_DRIFT = 0.1


class Interruption(NamedTuple):
    """``change``, ``low``, ``high``: log rate ratio of after to before · ``error`` · ``placebo_break``: the series made
    a step as sure as chance allows at a date before, when nothing was done · ``dates_tried``: how many such dates.
    """

    change: float
    low: float
    high: float
    error: float
    placebo_break: bool
    dates_tried: int


def level_change(
    events: Array, exposure: Array, *, before: int, earlier: int = 0, level: float = LEVEL
) -> Interruption | None:
    """The step of a series (T,) after ``before`` points; None where a side has fewer than four points.

    The series may begin with ``earlier`` points more: steps of the same lengths at each date in them, when nothing was
    done, say by how much the step's own error is too small (seasons, promotions and slow drift among it).

    >>> found = level_change(np.array([10, 12, 9, 11, 10, 12, 5, 6, 4, 5.0]), np.full(10, 100.0), before=6)
    >>> found.high < 0, found.placebo_break
    (True, False)
    """
    history = events[: earlier + before], exposure[: earlier + before]
    events, exposure = events[earlier:], exposure[earlier:]
    if before < LEAST_EACH_SIDE or len(events) - before < LEAST_EACH_SIDE:
        return None
    step = _step(events, exposure, before)
    if step is None:
        return None
    change, error, df = step
    error = _honest(error, *history, before=before, after=len(events) - before)
    reach = float(student_ppf((1 + level) / 2, df)) * error
    dates = range(LEAST_EACH_SIDE, before - LEAST_EACH_SIDE + 1)
    tried = [s for s in (_step(events[:before], exposure[:before], at) for at in dates) if s is not None]
    # one budget for all dates tried (Bonferroni)
    bound = (1 - level) / max(len(tried), 1)
    placebo_break = any(2 * student_sf(abs(c) / e, f) < bound for c, e, f in tried)
    return Interruption(change, change - reach, change + reach, error, placebo_break, len(tried))


def _honest(error: float, events: Array, exposure: Array, *, before: int, after: int) -> float:
    """The step's error, enlarged by how much steps at dates when nothing was done exceed their own."""
    width = before + after
    spans = [slice(k, k + width) for k in range(len(events) - width + 1)]
    steps = [s for s in (_step(events[w], exposure[w], before) for w in spans) if s is not None and s[1] > 0]
    if len(steps) < LEAST_PLACEBOS:
        return float(np.hypot(error, OWN_DRIFT))
    return error * max(1.0, float(np.sqrt(np.mean([(change / own) ** 2 for change, own, _ in steps]))))


def _step(events: Array, exposure: Array, at: int) -> tuple[float, float, int] | None:
    design = np.column_stack([np.ones(len(events)), np.arange(len(events)) >= at]).astype(float)
    weights = (exposure > 0).astype(float)[None, :]
    # a side without a single event has no level on the log scale; half an event gives it one, as elsewhere
    counts = np.asarray(events, float)
    if counts[:at].sum() == 0 or counts[at:].sum() == 0:
        counts = counts + 0.5 / len(counts)
    fit = quasi_poisson(counts[None, :], np.asarray(exposure, float)[None, :], weights, design=design)
    if not fit.solvable[0]:
        return None
    error = float(np.sqrt(fit.covariance[0, 1, 1] * fit.dispersion[0]))
    return float(fit.coefficients[0, 1]), error, int(fit.df[0])
