"""What a week's count should have been, by as much history as there is: the ladder from full season to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aftersales.stats.farrington import NO_EVENT_PRIOR, Ahead, Expected, expected_counts, unknown_yet
from aftersales.words.periods import Week
from aftersales.words.promotions import festivals, promotion_shares

Array = NDArray[np.float64]

METHODS = ("none", "shrunk_rate", "trend", "seasonal")
NONE, SHRUNK, TREND, SEASONAL = range(4)
# Weeks of history from which each rung holds: two turns of the year for a season, half a year for a trend, ten points
# for any limits at all (reference: methods, section 3)
SEASONAL_FROM_WEEKS, TREND_FROM_WEEKS, SHRUNK_FROM_WEEKS = 104, 26, 10
# The latest weeks stay out of the baseline, lest an outbreak under way becomes the norm: half a year where the history
# can spare it (Noufaily 2013), else four weeks
LONG_HISTORY_WEEKS, LONG_GUARD_WEEKS, SHORT_GUARD_WEEKS = 156, 26, 4
BASELINE_WEEKS = 260  # five years, as in Farrington 1996: older habits say little about this year
# Two harmonics, year and half-year, against Noufaily's ten-period factor: the same peaks with four columns instead of
# nine; in benchmarks/noufaily.py it found 3 points more outbreaks at the same rate of false alarms
HARMONICS = 2
WEEKS_A_YEAR = 365.25 / 7
# Own assumption: a festival moves a rate by about a third either way, until its own weeks say otherwise. Without it a
# festival never seen before would have limits without end.
FESTIVAL_LOG_SD = 0.3


class Outlook(NamedTuple):
    """Expected counts of S series in the A weeks asked for, with the rung of `METHODS` each series stands on."""

    expected: Expected
    method: NDArray[np.int64]


def outlook(
    counts: Array,
    exposure: Array,
    usable: NDArray[np.bool_],
    *,
    weeks: Sequence[Week],
    at: int,
    ahead: Sequence[int] | None = None,
    pools: NDArray[np.int64] | None = None,
    market: str | None,
) -> Outlook:
    """Expected counts from the weeks before ``weeks[at]``.

    ``counts``, ``exposure``, ``usable`` are (S, T), T the number of ``weeks``, which follow one another. ``ahead`` are
    the places to predict (default: the week before, and the week itself), ``pools`` (S,) says which series are of one
    kind, so that those with a short history can borrow from one another (default: none can). The festivals allowed for
    are those of ``market`` (None: none are).
    """
    places = np.array([max(at - 1, 0), at] if ahead is None else list(ahead))
    history = usable[:, :at].sum(axis=1)
    method = np.select(
        [history >= SEASONAL_FROM_WEEKS, history >= TREND_FROM_WEEKS, history >= SHRUNK_FROM_WEEKS],
        [SEASONAL, TREND, SHRUNK],
        NONE,
    )
    guard = np.where(history >= LONG_HISTORY_WEEKS, LONG_GUARD_WEEKS, SHORT_GUARD_WEEKS)
    found = unknown_yet(len(counts), len(places))
    everything = (counts, exposure, usable)
    for rung, weeks_off in ((SEASONAL, LONG_GUARD_WEEKS), (SEASONAL, SHORT_GUARD_WEEKS), (TREND, SHORT_GUARD_WEEKS)):
        rows = np.flatnonzero((method == rung) & (guard == weeks_off))
        if rows.size:
            end = at - weeks_off
            span = slice(max(0, end - BASELINE_WEEKS), end)
            part = _regression(
                *(_taken(column, rows, span) for column in everything),
                weeks=weeks,
                span=span,
                ahead=places,
                ahead_exposure=_taken(exposure, rows, places),
                rung=rung,
                market=market,
            )
            _store(found, rows, part)
    rows = np.flatnonzero(method == SHRUNK)
    if rows.size:
        span = slice(0, max(at - 1, 0))
        kinds = np.arange(len(counts)) if pools is None else pools
        part = shrunk_rates(
            *(_taken(column, rows, span) for column in everything),
            ahead_exposure=_taken(exposure, rows, places),
            pools=kinds[rows],
        )
        _store(found, rows, part)
    return Outlook(found, np.where(found.usable, method, NONE))


def week_design(weeks: Sequence[Week], *, rung: int, market: str | None) -> tuple[Array, Array]:
    """Design rows (T, p) of the weeks and the prior precision (p,) of their coefficients.

    A column of ones; on the seasonal rung two harmonics of the year and one column a festival, else one for all sales
    and one for all pauses of couriers, each the share of the week's days that belong to it.

    >>> rows, precision = week_design([Week.parse("2026-W46")], rung=TREND, market="cn")
    >>> rows.round(2).tolist(), precision.round(1).tolist()
    ([[1.0, 0.43, 0.0]], [0.0, 11.1, 11.1])
    """
    columns = [np.ones(len(weeks))]
    if rung == SEASONAL:
        turn = 2.0 * np.pi * np.array([week.monday.toordinal() / 7.0 for week in weeks]) / WEEKS_A_YEAR
        columns += [wave(turn * j) for j in range(1, HARMONICS + 1) for wave in (np.cos, np.sin)]
    plain = len(columns)
    if market is not None:
        shares, kept = [promotion_shares(week, market) for week in weeks], festivals(market)
        sales, pauses = ([name for name in kept if kept[name].pause is pause] for pause in (False, True))
        together = [[name] for name in kept] if rung == SEASONAL else [names for names in (sales, pauses) if names]
        columns += [np.array([sum(share[name] for name in names) for share in shares]) for names in together]
    precision = np.zeros(len(columns))
    precision[plain:] = FESTIVAL_LOG_SD**-2
    return np.column_stack(columns), precision


def shrunk_rates(
    counts: Array, exposure: Array, usable: NDArray[np.bool_], *, ahead_exposure: Array, pools: NDArray[np.int64]
) -> Expected:
    """Expected counts (S, A) of series with 10 to 25 weeks: each one's rate, drawn towards those of its kind.

    Gamma-Poisson empirical Bayes by moments within each pool; the dispersion is the pool's, since ten weeks hardly tell
    one. A series alone in its pool keeps its own rate.
    """
    y, e = np.where(usable, counts, 0.0), np.where(usable, exposure, 0.0)
    events, total = y.sum(axis=1), np.maximum(e.sum(axis=1), 1e-300)
    weeks = usable.sum(axis=1)
    own = np.maximum(events, NO_EVENT_PRIOR) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        fitted = own[:, None] * e
        chi_square = np.where(usable & (fitted > 0), (y - fitted) ** 2 / fitted, 0.0).sum(axis=1)
    kinds, kind = np.unique(pools, return_inverse=True)

    def pooled(values: Array) -> Array:
        return np.bincount(kind, weights=values, minlength=len(kinds)).astype(np.float64)

    df = pooled(np.maximum(weeks - 1.0, 0.0))
    dispersion = np.maximum(pooled(chi_square) / np.maximum(df, 1.0), 1.0)
    number, all_events, all_exposure = pooled(np.ones(len(y))), pooled(events), pooled(total)
    rate = np.maximum(all_events, NO_EVENT_PRIOR) / all_exposure
    between = pooled(total * (events / total - rate[kind]) ** 2) - (number - 1.0) * dispersion * rate
    between /= np.maximum(all_exposure - pooled(total**2) / all_exposure, 1e-300)
    # never surer of the pool's rate than its own events allow
    between = np.maximum(between, dispersion * rate**2 / np.maximum(all_events, NO_EVENT_PRIOR))
    shape, scale = np.where(number > 2, rate**2 / between, 0.0), np.where(number > 2, rate / between, 0.0)
    seen = np.maximum(events, np.where(shape[kind] > 0, 0.0, NO_EVENT_PRIOR)) / dispersion[kind] + shape[kind]
    over = total / dispersion[kind] + scale[kind]
    mean = (seen / over)[:, None] * ahead_exposure
    error = (np.sqrt(seen) / over)[:, None] * ahead_exposure
    nothing = np.zeros(len(y), bool)
    return Expected(mean, error, dispersion[kind], df[kind], nothing, weeks > 1)


def _regression(
    counts: Array,
    exposure: Array,
    usable: NDArray[np.bool_],
    *,
    weeks: Sequence[Week],
    span: slice,
    ahead: NDArray[np.int64],
    ahead_exposure: Array,
    rung: int,
    market: str | None,
) -> Expected:
    design, precision = week_design(weeks[span], rung=rung, market=market)
    rows, _ = week_design([weeks[place] for place in ahead], rung=rung, market=market)
    # in years, so that a trend's coefficient is a change a year
    time = np.arange(len(weeks)) / WEEKS_A_YEAR
    return expected_counts(
        counts,
        exposure,
        usable,
        design=design,
        trend=time[span],
        ahead=Ahead(rows, time[ahead], ahead_exposure),
        precision=precision,
    )


def _taken(column: NDArray, rows: NDArray[np.int64], places: slice | NDArray[np.int64]) -> NDArray:
    # all rows in their order need no gathering: a view saves a copy of everything
    return column[:, places] if len(rows) == len(column) else column[rows][:, places]


def _store(found: Expected, rows: NDArray[np.int64], part: Expected) -> None:
    for whole, piece in zip(found, part, strict=True):
        whole[rows] = piece
