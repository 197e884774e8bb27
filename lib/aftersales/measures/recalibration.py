"""Likelihoods learnt from outcomes: how past cases ended shifts the log odds stated for cases of their pattern.

A shift is kept where, week after week, those learnt from the weeks before told the next cases better than what was
stated (logarithmic score; Dawid 1984, JRSS A 147: the prequential principle). The shift of the odds alone is Cox 1958,
Biometrika 45; shifts of patterns shrink to the one of all cases, and that one to none.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from aftersales.measures.judging import SUREST

# standard deviations, beforehand, of the shift of all cases, and of a pattern's from that
_ALL, _OWN = 1.0, 0.5
_FEWEST = 8  # decided cases below which nothing is learnt: chosen by eye
SHIFTS = pl.Schema(
    {"pattern": pl.String, "decided": pl.Int64, "right": pl.Int64, "stated": pl.Float64, "shift": pl.Float64}
)


def likelihood_shifts(decided: pl.DataFrame) -> pl.DataFrame:
    """How far the log odds of each pattern are to be shifted, from cases whose outcome is known.

    Parameters
    ----------
    decided
        A row a case: pattern, probability (as it was stated; null is left out), right (Boolean: confirmed, not
        refuted), at (when that was known).

    Returns
    -------
    pl.DataFrame
        pattern (null: any that is not named), decided and right (cases), stated (the mean of what was stated), shift
        (to be added to the log odds; 0 where shifting would not have told later weeks better, or cases are fewer than
        eight). Most cases first, the row of all patterns last; no rows without a case.

    Examples
    --------
    >>> from datetime import datetime, timedelta
    >>> cases = pl.DataFrame({"pattern": ["ring"] * 40, "probability": [0.95] * 40, "right": [True, False] * 20,
    ...     "at": [datetime(2026, 1, 1) + timedelta(days=5 * i) for i in range(40)]})
    >>> shifts = likelihood_shifts(cases)
    >>> shifts.select("pattern", "decided", "right").rows(), round(shifts["shift"][0], 1)
    ([('ring', 40, 20), (None, 40, 20)], -2.9)

    """
    rows = decided.drop_nulls(["pattern", "probability", "right"]).sort("at", "pattern", "probability", "right")
    if rows.is_empty():
        return pl.DataFrame(schema=SHIFTS)
    odds = _log_odds(rows["probability"].to_numpy())
    right, patterns = rows["right"].to_numpy().astype(float), rows["pattern"].to_numpy()
    week = rows["at"].dt.truncate("1w").rank("dense").to_numpy()
    gain = np.zeros(len(odds))
    for now in range(2, int(week.max()) + 1):
        past, next_ones = week < now, week == now
        own, every = _fitted(odds[past], right[past], patterns[past])
        shift = np.array([own.get(name, every) for name in patterns[next_ones]])
        gain[next_ones] = _score(odds[next_ones] + shift, right[next_ones]) - _score(odds[next_ones], right[next_ones])
    own, every = _fitted(odds, right, patterns)
    better = len(odds) >= _FEWEST and gain.sum() > 0
    counts = (pl.len().alias("decided"), pl.col("right").sum(), pl.col("probability").mean().alias("stated"))
    told = (
        rows.group_by("pattern")
        .agg(counts)
        .sort("decided", "pattern", descending=[True, False])
        .with_columns(
            shift=pl.col("pattern").replace_strict(
                {name: shift if better else 0.0 for name, shift in own.items()}, return_dtype=pl.Float64
            )
        )
    )
    whole = rows.select(pl.lit(None, dtype=pl.String).alias("pattern"), *counts, shift=pl.lit(every if better else 0.0))
    return pl.concat([told, whole]).cast(SHIFTS)


def shifted(rows: pl.DataFrame, shifts: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Rows with a pattern, whose likelihoods in ``columns`` are shifted as outcomes taught; order and nulls stay.

    >>> shifts = pl.DataFrame({"pattern": ["ring", None], "shift": [-2.0, 0.0]})
    >>> rows = pl.DataFrame({"pattern": ["ring", "burst"], "probability": [0.95, 0.95]})
    >>> shifted(rows, shifts, "probability")["probability"].round(2).to_list()
    [0.72, 0.95]
    """
    if not shifts.height or (shifts["shift"] == 0).all():
        return rows
    by = dict(shifts.filter(pl.col("pattern").is_not_null()).select("pattern", "shift").iter_rows())
    every = shifts.filter(pl.col("pattern").is_null())["shift"].sum()
    shift = pl.col("pattern").replace_strict(by, default=every, return_dtype=pl.Float64)
    return rows.with_columns(
        pl.when(shift == 0)
        .then(pl.col(c))
        .otherwise((1 / (1 + (-((pl.col(c) / (1 - pl.col(c))).log() + shift)).exp())).clip(1 - SUREST, SUREST))
        .alias(c)
        for c in columns
    )


def most_innocent(likelihoods: pl.Series, *, level: float = 0.95) -> int:
    """How many of the cases are innocent at most, at that level, where each is one with what its likelihood lacks to 1.

    The distribution of the sum is exact (Poisson-binomial, by convolution).

    >>> most_innocent(pl.Series([0.99] * 100)), most_innocent(pl.Series([], dtype=pl.Float64))
    (3, 0)
    """
    chance = np.ones(1)
    for p in likelihoods.drop_nulls().to_numpy():
        chance = np.convolve(chance, (p, 1 - p))
    return int(np.searchsorted(np.cumsum(chance), level))


def _log_odds(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1 - SUREST, SUREST)
    return np.log(p / (1 - p))


def _score(odds: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The log score of each case."""
    return -np.logaddexp(0, np.where(right > 0, -odds, odds))


def _fitted(odds: np.ndarray, right: np.ndarray, patterns: np.ndarray) -> tuple[dict[str, float], float]:
    """The shift of each pattern, and of all cases together: the most likely ones."""
    every = _mode(odds, right, _ALL)
    return {
        name: every + _mode(odds[patterns == name] + every, right[patterns == name], _OWN)
        for name in sorted(set(patterns))
    }, every


def _mode(odds: np.ndarray, right: np.ndarray, spread: float) -> float:
    """The most likely shift, normal around none beforehand: Newton's steps on a concave function."""
    shift = 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-(odds + shift)))
        step = ((right - p).sum() - shift / spread**2) / ((p * (1 - p)).sum() + 1 / spread**2)
        shift += float(np.clip(step, -1, 1))
        if abs(step) < 1e-9:
            break
    return shift
