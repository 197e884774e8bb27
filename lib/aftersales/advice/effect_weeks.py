"""A decision's weeks as a picture needs them: the unit's rate, and where it would lie had nothing been done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from aftersales.advice.verdicts import MATURE_ENOUGH
from aftersales.stats.fault_level import HALF, rates_before
from aftersales.stats.placebo import LEVEL
from aftersales.stats.tails import poisson_ppf

EFFECT_WEEKS = {
    "week": pl.Date, "events": pl.Int64, "exposure": pl.Float64, "rate": pl.Float64, "low": pl.Float64,
    "high": pl.Float64, "mature": pl.Boolean,
}  # fmt: skip


def effect_weeks(
    weeks: pl.DataFrame,
    *,
    unit: str,
    controls: Sequence[str],
    since: date,
    monday: date,
    until: date,
    fault: tuple[date, float] | None = None,
) -> pl.DataFrame:
    """The weeks of one unit from ``since`` up to ``until``; the change came in the week of ``monday``.

    ``weeks`` as in `decision_effect`. Columns out: week, events, exposure, rate (0..1), low and high (where nine in ten
    weeks would lie by chance had nothing been done: the unit's level before, moved as the controls moved together, with
    Poisson noise), mature (at least four fifths). Without controls the band stays at the level before. ``fault`` is the
    week since which a fault lasted and its rate: the band lies at that rate from there on, and at the healthy level
    before it. Sorted by week.

    >>> from datetime import timedelta
    >>> rows = [("a", date(2026, 8, 3) + timedelta(weeks=k), 30, 100.0, 1.0) for k in range(4)]
    >>> table = pl.DataFrame(rows, schema=["unit", "week", "events", "exposure", "maturity"], orient="row")
    >>> found = effect_weeks(table, unit="a", controls=(), since=date(2026, 8, 3), monday=date(2026, 8, 24),
    ...     until=date(2026, 8, 24))
    >>> found.select(pl.col("rate", "low", "high").round(2)).row(-1)
    (0.3, 0.21, 0.39)
    """
    span = weeks.filter(pl.col("week").is_between(since, until), pl.col("exposure") > 0)
    own = span.filter(pl.col("unit") == unit).sort("week")
    past = span.filter(pl.col("week") < (fault[0] if fault else monday))
    usual = _levels(past, [unit, *controls])
    if own.is_empty() or unit not in usual:
        return pl.DataFrame(schema=EFFECT_WEEKS)
    common = _common(span.filter(pl.col("unit").is_in(list(controls))), usual)
    due = np.array(
        [
            (fault[1] if fault and week >= fault[0] else usual[unit]) * common.get(week, 1.0) * exposure
            for week, exposure in own.select("week", "exposure").iter_rows()
        ]
    )
    exposure, tail = own["exposure"].to_numpy(), (1 - LEVEL) / 2
    return own.select(
        "week",
        pl.col("events").cast(pl.Int64),
        "exposure",
        rate=pl.col("events") / pl.col("exposure"),
        low=pl.Series(poisson_ppf(tail, due) / exposure),
        high=pl.Series(poisson_ppf(1 - tail, due) / exposure),
        mature=(pl.col("maturity") >= MATURE_ENOUGH).fill_null(value=False),
    ).with_columns(pl.col("rate", "low", "high").clip(0, 1))


def _levels(past: pl.DataFrame, units: Sequence[str]) -> dict[str, float]:
    """Each unit's rate before, shrunk towards the others."""
    sums = (
        past.filter(pl.col("unit").is_in(list(units)))
        .group_by("unit", maintain_order=True)
        .agg(pl.col("events").sum().cast(pl.Float64), pl.col("exposure").sum())
        .sort("unit")
    )
    if sums.is_empty():
        return {}
    mean, _ = rates_before(sums["events"].to_numpy(), sums["exposure"].to_numpy())
    return dict(zip(sums["unit"], mean.tolist(), strict=True))


def _common(controls: pl.DataFrame, level: dict[str, float]) -> dict[date, float]:
    """How the controls together moved, week by week, against their own levels before."""
    if controls.is_empty():
        return {}
    due = pl.col("unit").replace_strict(level, default=None, return_dtype=pl.Float64) * pl.col("exposure")
    by = controls.with_columns(due=due).group_by("week", maintain_order=True).agg(pl.col("events", "due").sum())
    return {week: (events + HALF) / (m + HALF) for week, events, m in by.select("week", "events", "due").iter_rows()}
