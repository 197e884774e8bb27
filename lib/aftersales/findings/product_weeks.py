"""A product's weeks: its rate by payment week, and since when it has been what it is."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersales.findings.product_counts import HISTORY_WEEKS, KEY, ProductCounts
from aftersales.measures.maturity_stages import MATURE_FROM
from aftersales.measures.triangles import ANY
from aftersales.stats.intervals import rate, wilson
from aftersales.stats.level_shift import PENALTY
from aftersales.tables.columns import steady_sum
from aftersales.words.periods import Week

# Nothing is expected where nothing was sold: kept from a division by nought.
LEAST_EXPECTED = 1e-6
_SCOPE = [*KEY, "reason"]


def product_weeks(
    counts: ProductCounts, scopes: pl.DataFrame, *, week: Week, weeks: int = HISTORY_WEEKS
) -> pl.DataFrame:
    """The last weeks of products, SKUs or batches, by the week of payment.

    ``scopes``: level, product_id, sku, batch, reason ("any", or one). Columns out: those, ``week`` (Date, Monday),
    orders, refunds (orders that asked so far), exposure (matured orders), usual (the whole shop's rate that week; of
    one reason, its rate over all weeks), rate (refunds over exposure, 0..1), low, high (Wilson 90 %), mature (Bool:
    four fifths of the delays have passed). Every week is a row; one without orders has null rates. Sorted by scope,
    week.
    """
    cohorts = pl.DataFrame({"cohort": [week.shift(-n).monday for n in range(weeks - 1, -1, -1)]})
    frame = scopes.select(_SCOPE).unique().join(cohorts, how="cross")
    outcomes = scopes["reason"].unique()
    maturity = counts.maturity.filter(pl.col("outcome").is_in(outcomes.implode())).rename({"outcome": "reason"})
    # SKUs and batches of others are of no use here; their products stand for the shop
    told = (pl.col("level") == "product") | pl.col("product_id").is_in(scopes["product_id"].unique().implode())
    events = counts.events.filter(told)
    at_risk = (
        counts.units.filter(told)
        .join(maturity, on=["stratum", "cohort"], maintain_order="left")
        .with_columns(exposure=pl.col("orders") * pl.col("maturity"))
    )
    came = pl.concat([events, events.with_columns(reason=pl.lit(ANY))])
    came = came.group_by(*_SCOPE, "cohort").agg(refunds=pl.col("events").sum())
    units = at_risk.group_by(*_SCOPE, "cohort", maintain_order=True).agg(pl.col("orders", "exposure").sum())
    own = units.join(came, on=[*_SCOPE, "cohort"], how="left", nulls_equal=True, maintain_order="left")
    shop = own.filter(level="product").group_by("cohort", "reason")
    usual = (
        shop.agg(pl.col("refunds").sum(), steady_sum(pl.col("exposure")))
        .with_columns(
            # one reason's requests are too few in a week to tell the shop's own ups and downs from chance
            usual=pl.when(pl.col("reason") == ANY)
            .then(pl.col("refunds") / pl.col("exposure"))
            .otherwise(pl.col("refunds").sum().over("reason") / steady_sum(pl.col("exposure")).over("reason"))
        )
        .select("cohort", "reason", "usual")
    )
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

    Counts over what the shop's own weeks let expect are cut into levels (`present_ratio_start`). Columns out: the
    scope's, ``since`` (Date, the level's first Monday; null where it never changed, or fell).
    """
    keys = weeks.select(_SCOPE).unique(maintain_order=True)
    if keys.is_empty():
        return keys.with_columns(since=pl.lit(None, dtype=pl.Date))
    expected = pl.col("exposure") * pl.col("usual").fill_null(0.0)
    tall = weeks.with_columns(expected=expected).partition_by(_SCOPE, maintain_order=True)
    refunds, awaited = (
        np.stack([part[c].cast(pl.Float64).to_numpy() for part in tall]) for c in ("refunds", "expected")
    )
    since: list[date | None] = []
    for part, came, due, first in zip(tall, refunds, awaited, present_ratio_start(refunds, awaited), strict=True):
        before, after = due[:first].sum(), due[first:].sum()
        rose = before > 0 and after > 0 and came[first:].sum() / after > came[:first].sum() / before
        since.append(part["week"][int(first)] if rose else None)
    return keys.with_columns(since=pl.Series(since, dtype=pl.Date))


def present_ratio_start(counts: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place of the first week of the last level of each series of counts (S, T) over the expected; 0 where none.

    As `present_level_start`, with the deviance of Poisson counts for squares: young weeks and sales weeks then weigh as
    much as they can tell. Same penalty a step.

    >>> present_ratio_start(np.array([[1, 2, 1, 1, 16, 1.0]]), np.array([[2, 2, 2, 2, 4, 0.2]])).tolist()
    [4]
    """
    series, weeks = counts.shape
    start = np.zeros((series, 1))
    came = np.concatenate([start, counts.cumsum(axis=1)], axis=1)
    due = np.concatenate([start, expected.cumsum(axis=1)], axis=1)
    penalty = PENALTY * np.log(max(weeks, 2))
    best = np.zeros((series, weeks + 1))
    best[:, 0] = -penalty
    last = np.zeros(series, np.int64)
    for end in range(1, weeks + 1):
        many = came[:, end, None] - came[:, :end]
        ratio = many / np.maximum(due[:, end, None] - due[:, :end], LEAST_EXPECTED)
        gain = np.where(many > 0, many * np.log(np.maximum(ratio, LEAST_EXPECTED)), 0.0)
        whole = best[:, :end] - 2 * gain + penalty
        last = whole.argmin(axis=1)
        best[:, end] = whole[np.arange(series), last]
    return last
