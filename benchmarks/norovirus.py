"""Seven-day nowcasts of the public reporting-delay data, scored by the weighted interval score. One command:

.venv/bin/python benchmarks/norovirus.py
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from aftersales.measures.nowcast import nowcast, quantile

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "norovirus_reporting_delay.parquet"
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
FIRST, LAST = date(2023, 10, 8), date(2024, 3, 10)


def triangle(path: Path = DATA) -> pl.DataFrame:
    """Counts by specimen day and delay, as one order a day, so that the rate is the day's count."""
    return pl.read_parquet(path).select(
        cohort=pl.col("specimen_date").str.to_date(),
        age="days_to_reported",
        orders=pl.lit(1, dtype=pl.Int64),
        events="target",
    ).drop_nulls("events")  # fmt: skip


def interval_score(quantiles: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The weighted interval score (Bracher et al. 2021) of five quantiles, one row a forecast."""
    score = 0.5 * np.abs(truth - quantiles[:, 2])
    for low, high, alpha in ((0, 4, 0.1), (1, 3, 0.5)):
        below, above = quantiles[:, low] - truth, truth - quantiles[:, high]
        width = quantiles[:, high] - quantiles[:, low]
        score += alpha / 2 * width + np.maximum(below, 0) + np.maximum(above, 0)
    return score / 2.5


def measured(cells: pl.DataFrame, days: list[date]) -> pl.DataFrame:
    """One row a nowcast day and specimen day: score, and whether the middle 90 % and 50 % held the truth."""
    truth = cells.group_by("cohort").agg(truth=pl.col("events").sum())
    rows = []
    for day in days:
        known = cells.filter(pl.col("cohort") + pl.duration(days=pl.col("age")) <= day)
        last = nowcast(known, age="day").tail(7).join(truth, on="cohort", how="left", maintain_order="left")
        come, size, seen = (last[c].to_numpy() for c in ("to_come", "size", "seen"))
        found = np.stack([seen + quantile(come, size, p) for p in LEVELS], axis=1)
        final = last["truth"].to_numpy()
        rows.append(last.select("cohort", "seen", "value", "truth").with_columns(
            day=pl.lit(day), score=interval_score(found, final),
            inside_90=(final >= found[:, 0]) & (final <= found[:, 4]),
            inside_50=(final >= found[:, 1]) & (final <= found[:, 3])))  # fmt: skip
    return pl.concat(rows)


def main() -> None:
    days = [FIRST + timedelta(weeks=w) for w in range((LAST - FIRST).days // 7 + 1)]
    found = measured(triangle(), days)
    partial = (found["truth"] - found["seen"]).abs().mean()
    print(f"{len(days)} nowcasts of 7 days; counts so far taken for final: {partial:.2f}")
    print(f"mean WIS {found['score'].mean():.3f} (must be 3.1 or less; epinowcast 3.03, GAM 2.29)")
    print(f"inside the 90 % interval {found['inside_90'].mean():.3f}, inside the 50 % {found['inside_50'].mean():.3f}")


if __name__ == "__main__":
    main()
