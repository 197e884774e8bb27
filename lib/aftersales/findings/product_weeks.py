"""A product's weeks: its rate by payment week, and since when it has been what it is."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from aftersales.findings.product_counts import HISTORY_WEEKS, KEY, ProductCounts
from aftersales.measures.delays import ANY
from aftersales.measures.intervals import rate, wilson
from aftersales.measures.level_shift import level_mean, present_level_start
from aftersales.measures.maturity_stages import MATURE_FROM
from aftersales.words.periods import Week

_SCOPE = [*KEY, "reason"]


def product_weeks(
    counts: ProductCounts, scopes: pl.DataFrame, *, week: Week, weeks: int = HISTORY_WEEKS
) -> pl.DataFrame:
    """The last weeks of products, SKUs or batches, by the week of payment.

    ``scopes``: level, product_id, sku, batch, reason ("any", or one). Columns out: those, ``week`` (Date, Monday),
    orders, refunds (orders that asked so far), exposure (matured orders), usual (the whole shop's rate), rate (refunds
    over exposure, 0..1), low, high (Wilson 90 %), mature (Bool: four fifths of the delays have passed). Every week is a
    row; one without orders has null rates. Sorted by scope, week.
    """
    cohorts = pl.DataFrame({"cohort": [week.shift(-n).monday for n in range(weeks - 1, -1, -1)]})
    frame = scopes.select(_SCOPE).unique().join(cohorts, how="cross")
    outcomes = scopes["reason"].unique()
    maturity = counts.maturity.filter(pl.col("outcome").is_in(outcomes.implode())).rename({"outcome": "reason"})
    at_risk = counts.units.join(maturity, on=["stratum", "cohort"]).with_columns(
        exposure=pl.col("orders") * pl.col("maturity")
    )
    came = pl.concat([counts.events, counts.events.with_columns(reason=pl.lit(ANY))])
    came = came.group_by(*_SCOPE, "cohort").agg(refunds=pl.col("events").sum())
    units = at_risk.group_by(*_SCOPE, "cohort").agg(pl.col("orders", "exposure").sum())
    own = units.join(came, on=[*_SCOPE, "cohort"], how="left", nulls_equal=True)
    shop = own.filter(level="product").group_by("cohort", "reason")
    usual = shop.agg(usual=pl.col("refunds").sum() / pl.col("exposure").sum())
    found = frame.join(own, on=[*_SCOPE, "cohort"], how="left", nulls_equal=True).join(
        usual, on=["cohort", "reason"], how="left"
    )
    found = found.with_columns(pl.col("orders", "refunds").fill_null(0), pl.col("exposure").fill_null(0.0))
    found = found.with_columns(rate=rate(pl.col("refunds"), pl.col("exposure")).clip(0, 1))
    low, high = wilson(pl.col("rate"), pl.col("exposure"))
    mature = (pl.col("exposure") >= MATURE_FROM * pl.col("orders")) & (pl.col("orders") > 0)
    return found.with_columns(low=low, high=high, mature=mature).rename({"cohort": "week"}).sort(*_SCOPE, "week")


def onsets(weeks: pl.DataFrame) -> pl.DataFrame:
    """Since when each scope of `product_weeks` stands at its present, higher level.

    Counts over what the shop's own week lets expect, on the scale of their square roots (Freeman and Tukey 1950), are
    cut into levels (`present_level_start`). Columns out: the scope's, ``since`` (Date, the level's first Monday; null
    where it never changed, or fell).
    """
    parts = weeks.partition_by(_SCOPE, maintain_order=True)
    keys = weeks.select(_SCOPE).unique(maintain_order=True)
    if not parts:
        return keys.with_columns(since=pl.lit(None, dtype=pl.Date))
    residuals = np.stack([_residuals(part) for part in parts])
    start = present_level_start(residuals)
    after = level_mean(residuals, start)
    since: list[date | None] = []
    for part, values, first, level in zip(parts, residuals, start, after, strict=True):
        before = values[:first][np.isfinite(values[:first])]
        rose = len(before) > 0 and level > before.mean()
        since.append(part["week"][int(first)] if rose else None)
    return keys.with_columns(since=pl.Series(since, dtype=pl.Date))


def _residuals(part: pl.DataFrame) -> np.ndarray:
    refunds, exposure, usual = (part[c].cast(pl.Float64).to_numpy() for c in ("refunds", "exposure", "usual"))
    expected = exposure * usual
    known = (exposure > 0) & np.isfinite(expected)
    whole = expected[known].sum()
    # against its own mean, so that a product that was always a little worse shows no step
    expected = expected * (refunds[known].sum() / whole if whole > 0 else 1.0)
    found = np.sqrt(refunds) + np.sqrt(refunds + 1) - np.sqrt(4 * np.where(known, expected, 0) + 1)
    return np.where(known, found, np.nan)
