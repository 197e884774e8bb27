"""Judge one week of many count series at once: array in, array out; `surveillance` puts the tables round it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aftersales.measures.baselines import Outlook, outlook
from aftersales.stats.count_limits import limits, predictive_variance, tails
from aftersales.stats.level_shift import level_mean, present_level_start
from aftersales.words.periods import Week

Array = NDArray[np.float64]

# Fewer events than this in the latest four weeks raise no alarm, however rare (Farrington 1996; R's limit54)
FEWEST_EVENTS, OVER_WEEKS = 5, 4
# How far back a step of level is looked for: as many weeks as the signals table shows
LOOK_BACK_WEEKS = 60


class Judgement(NamedTuple):
    """One week of S series, in counts.

    mean, low, high: expected count and routine range (NaN without a baseline) · p_above, p_below · enough (S,): whether
    there were events enough to alarm · method (S,): rung of `baselines.METHODS` · dispersion (S,).
    """

    mean: Array
    low: Array
    high: Array
    p_above: Array
    p_below: Array
    enough: NDArray[np.bool_]
    method: NDArray[np.int64]
    dispersion: Array


def judged_counts(
    counts: Array,
    exposure: Array,
    usable: NDArray[np.bool_],
    *,
    weeks: Sequence[Week],
    at: int,
    alpha: float,
    exposure_error: Array | None = None,
    pools: NDArray[np.int64] | None = None,
    market: str | None,
) -> Judgement:
    """Judge week ``at`` of each series (S, T) against the weeks before it, at level ``alpha`` a side.

    ``usable`` (S, T) says which weeks are known and mature; ``exposure_error`` (S, T) is the relative standard error
    of each week's exposure (how sure the nowcast is of it; NaN: none). NaN p-values where the week or its baseline is
    unusable.
    """
    seen = outlook(counts, exposure, usable, weeks=weeks, at=at, pools=pools, market=market)
    expected = seen.expected
    exposure_rse = np.zeros((len(counts), 2))
    if exposure_error is not None:
        exposure_rse = np.nan_to_num(exposure_error[:, [max(at - 1, 0), at]])
    mean, before_mean = expected.mean[:, 1], expected.mean[:, 0]
    error = expected.error[:, 1]
    variance = predictive_variance(mean, np.hypot(error, mean * exposure_rse[:, 1]), expected.dispersion)
    mean_2 = mean + before_mean
    # both weeks' means come from one fit, and their maturities from one curve: these errors go together and add up
    error_2 = np.hypot(error + expected.error[:, 0], mean * exposure_rse[:, 1] + before_mean * exposure_rse[:, 0])
    variance_2 = predictive_variance(mean_2, error_2, expected.dispersion)
    before = np.where(usable[:, at - 1], counts[:, at - 1], np.nan) if at else np.full(len(counts), np.nan)
    known = usable[:, at] & expected.usable
    safe = [np.where(known, column, 1.0) for column in (counts[:, at], mean, variance)]
    fortnight = {"before": before, "mean_2": mean_2, "variance_2": variance_2, "df": expected.df}
    found = tails(*safe, **fortnight)
    range_ = limits(*safe[1:], **fortnight, alpha=alpha)

    def shown(column: Array) -> Array:
        return np.where(known, column, np.nan)

    return Judgement(
        mean=shown(mean),
        low=shown(range_.low),
        high=shown(range_.high),
        p_above=shown(found.above),
        p_below=shown(found.below),
        enough=enough_events(counts[:, : at + 1])[:, at],
        method=np.where(known, seen.method, 0),
        dispersion=expected.dispersion,
    )


def enough_events(counts: Array) -> NDArray[np.bool_]:
    """Whether the four weeks up to each week hold five events or more (S, T).

    >>> enough_events(np.array([[0.0, 4.0, 0.0, 1.0, 0.0, 0.0]])).tolist()
    [[False, False, False, True, True, False]]
    """
    summed = np.cumsum(np.pad(np.nan_to_num(counts), ((0, 0), (OVER_WEEKS, 0))), axis=1)
    return summed[:, OVER_WEEKS:] - summed[:, :-OVER_WEEKS] >= FEWEST_EVENTS


def level_since(
    counts: Array,
    exposure: Array,
    usable: NDArray[np.bool_],
    *,
    weeks: Sequence[Week],
    at: int,
    above: NDArray[np.bool_],
    pools: NDArray[np.int64] | None = None,
    market: str | None,
) -> NDArray[np.int64]:
    """Place of the week (S,) since which a series that is ``above`` (else below) its expectation has been so.

    Weeks are standardised by Anscombe's residual about the same expectation that judged week ``at``; a step is what
    `present_level_start` finds. Without a step in the verdict's direction it is the week itself.
    """
    first = max(0, at + 1 - LOOK_BACK_WEEKS)
    places = range(first, at + 1)
    seen: Outlook = outlook(counts, exposure, usable, weeks=weeks, at=at, ahead=places, pools=pools, market=market)
    mean = np.maximum(seen.expected.mean, 1e-9)
    residual = 1.5 * (np.cbrt(counts[:, first : at + 1]) ** 2 - np.cbrt(mean) ** 2) / np.cbrt(np.sqrt(mean))
    residual /= np.sqrt(seen.expected.dispersion)[:, None]
    residual = np.where(usable[:, first : at + 1], residual, np.nan)
    start = present_level_start(residual)
    agrees = (start > 0) & ((level_mean(residual, start) > 0) == above)
    return np.where(agrees, first + start, at)
