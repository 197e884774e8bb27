"""Visitors before and after an attack, held against how visitors move by themselves. An association, never a cause.

Each day is compared with the same weekday's usual number in the eight weeks before, weeks that a sale sways left out on
both sides.
How far the shop's visitors move without any attack is read off its own past, at every other day taken for a start
(placebo inference; reference "methods" 7).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from aftersales.measures.inputs import columns_of
from aftersales.tables.columns import Frame
from aftersales.tables.small import Traffic
from aftersales.words.periods import Week
from aftersales.words.promotions import promotion_of_week

BEFORE_DAYS = 56
AFTER_DAYS = 14
# Half of either stretch must be there: below it one odd day decides.
LEAST_BEFORE, LEAST_AFTER = 28, 7
# Eight stretches of the past that do not overlap are the fewest whose range says how far visitors move.
LEAST_PLACEBO_DAYS = 8 * AFTER_DAYS
LOW, HIGH = 0.05, 0.95

_TYPES: dict[str, Any] = {
    "case_id": pl.String, "first_day": pl.Date, "days_after": pl.Int64, "usual": pl.Float64, "visitors": pl.Float64,
    "change": pl.Float64, "change_low": pl.Float64, "change_high": pl.Float64, "placebo_days": pl.Int64,
    "verdict": pl.String,
}  # fmt: skip
VISITORS_SCHEMA = pl.Schema(_TYPES)


def visitors_after(
    traffic: Frame, attacks: pl.DataFrame, *, until: date, market: str, others: Sequence[date] = ()
) -> pl.DataFrame:
    """Visitors of the two weeks from each attack's first day on, against what was usual before it.

    ``attacks`` has case_id and first_day; ``others`` are first days of further attacks, which keep the past clean that
    is compared with. Columns out: case_id, first_day, days_after (counted), usual (visitors a day to be expected by
    weekday; geometric mean), visitors (a day, likewise), change (visitors over usual, less one), change_low and
    change_high (90 %, from how such changes spread at days without an attack), placebo_days (how many of these),
    verdict (fell, rose, as_usual: within what visitors do by themselves; cannot_tell: too few days on a side, or too
    short a past). In the order of ``attacks``.

    >>> days = [date(2025, 7, 1) + timedelta(days=i) for i in range(420)]
    >>> traffic = pl.DataFrame({"day": days, "visitors": [1000 if i < 400 else 700 for i in range(420)]})
    >>> attacks = pl.DataFrame({"case_id": ["a"], "first_day": [days[400]]})
    >>> found = visitors_after(traffic, attacks, until=days[-1], market="cn")
    >>> found.select(pl.col("change").round(2), "verdict").rows()
    [(-0.3, 'fell')]
    """
    line = _line(traffic, until, market)
    if line is None or attacks.is_empty():
        empty = attacks.select("case_id", "first_day").with_columns(days_after=0, verdict=pl.lit("cannot_tell"))
        return empty.with_columns(
            pl.lit(None, dtype=t).alias(c) for c, t in VISITORS_SCHEMA.items() if c not in empty.columns
        ).select(pl.col(c).cast(t) for c, t in VISITORS_SCHEMA.items())
    first, level = line
    starts = [(day - first).days for day in attacks["first_day"]]
    struck = sorted({*starts, *((day - first).days for day in others)})
    calm = [s for s in range(len(level)) if not any(abs(s - a) < AFTER_DAYS for a in struck)]
    placebo = np.array([c for s in calm if s + AFTER_DAYS <= len(level) and (c := _change(level, s)[0]) is not None])
    enough = len(placebo) >= LEAST_PLACEBO_DAYS
    low, high = (float(np.quantile(placebo, q)) for q in (LOW, HIGH)) if enough else (None, None)
    found = [_row(level, start, low=low, high=high) | {"placebo_days": len(placebo)} for start in starts]
    table = pl.DataFrame(found, schema={c: t for c, t in _TYPES.items() if c not in ("case_id", "first_day")})
    return attacks.select("case_id", "first_day").hstack(table).select(list(VISITORS_SCHEMA))


def visitors_after_all(traffic: Frame, first_days: Sequence[date], *, until: date, market: str) -> dict[str, Any]:
    """The mean change over all attacks together, against the same days moved along the shop's past as one.

    One attack is lost in how visitors move by themselves; many together may not be. The first days keep their
    distances while they are moved (attacks come in clusters, and clusters share their days), so that the spread of the
    means is that of days without a reason. Returns attacks (with enough days on both sides), change, change_low,
    change_high (90 %), shifts (how many moves), verdict (as `visitors_after`); null where it cannot be told.

    >>> nobody = pl.DataFrame(schema={"day": pl.Date, "visitors": pl.Int64})
    >>> visitors_after_all(nobody, [], until=date(2026, 11, 22), market="cn")["verdict"]
    'cannot_tell'
    """
    nothing = {"attacks": 0, "change": None, "change_low": None, "change_high": None, "shifts": 0,
               "verdict": "cannot_tell"}  # fmt: skip
    line = _line(traffic, until, market)
    if line is None or not first_days:
        return nothing
    first, level = line
    changes = np.array([np.nan if (c := _change(level, s)[0]) is None else c for s in range(len(level))])
    starts = np.array([(day - first).days for day in first_days])
    starts = starts[(starts >= 0) & (starts < len(level))]
    own = changes[starts][np.isfinite(changes[starts])]
    means = []
    for shift in range(AFTER_DAYS, len(level) - AFTER_DAYS):
        moved = changes[(starts + shift) % len(level)]
        moved = moved[np.isfinite(moved)]
        if len(moved) >= max(len(own) / 2, 1):
            means.append(float(moved.mean()))
    if not len(own) or len(means) < LEAST_PLACEBO_DAYS:
        return nothing | {"attacks": len(own), "shifts": len(means)}
    change, low, high = float(own.mean()), float(np.quantile(means, LOW)), float(np.quantile(means, HIGH))
    return {"attacks": len(own), "shifts": len(means)} | _against(change, low, high)


def _against(change: float, low: float, high: float) -> dict[str, Any]:
    """A log change beside what days without an attack show, as relative change with its ends, and the verdict."""
    return {
        "change": float(np.expm1(change)), "change_low": float(np.expm1(change - high)),
        "change_high": float(np.expm1(change - low)),
        "verdict": "fell" if change < low else "rose" if change > high else "as_usual",
    }  # fmt: skip


def _line(traffic: Frame, until: date, market: str) -> tuple[date, np.ndarray] | None:
    """The first day, and the logarithm of visitors day by day; unknown where a sale sways the week or no row is."""
    rows = columns_of(traffic, Traffic, ["day", "visitors"], needed=["day"])
    known = rows.filter(pl.col("day") <= until, pl.col("visitors") > 0).sort("day").collect()
    if known.is_empty():
        return None
    first = known["day"][0]
    level = np.full((known["day"][-1] - first).days + 1, np.nan)
    level[(known["day"] - first).dt.total_days().to_numpy()] = np.log(known["visitors"].to_numpy().astype(float))
    swayed = {}
    for place in range(len(level)):
        week = Week.of(first + timedelta(days=place))
        if week not in swayed:
            swayed[week] = promotion_of_week(week, market) is not None
        if swayed[week]:
            level[place] = np.nan
    return first, level


def _change(level: np.ndarray, start: int) -> tuple[float | None, int, float | None]:
    """Mean log change of the days from ``start`` on, how many count, and the usual log level on these."""
    if start - BEFORE_DAYS < 0 or start >= len(level):
        return None, 0, None
    before = level[start - BEFORE_DAYS : start].reshape(-1, 7)
    after = level[start : start + AFTER_DAYS]
    if np.isfinite(before).sum() < LEAST_BEFORE:
        return None, int(np.isfinite(after).sum()), None
    seen = np.isfinite(before).sum(axis=0)
    by_weekday = np.where(seen > 0, np.nansum(before, axis=0) / np.maximum(seen, 1), np.nan)
    usual = np.tile(by_weekday, AFTER_DAYS // 7)[: len(after)]
    both = np.isfinite(after) & np.isfinite(usual)
    if both.sum() < LEAST_AFTER:
        return None, int(both.sum()), None
    return float((after - usual)[both].mean()), int(both.sum()), float(usual[both].mean())


def _row(level: np.ndarray, start: int, *, low: float | None, high: float | None) -> dict[str, Any]:
    change, days, usual = _change(level, start)
    if change is None or usual is None or low is None or high is None:
        return {"days_after": days, "verdict": "cannot_tell"}
    worth = {"days_after": days, "usual": float(np.exp(usual)), "visitors": float(np.exp(usual + change))}
    return worth | _against(change, low, high)
