"""Rates of products, SKUs and batches against the expected: how sure it is that one is worse by a margin that matters.

What counts as worse: half as much again as expected; or, where rates are high and half as much again is out of reach,
five points more, if that is also further than like products usually lie apart (one in twenty of ordinary ones does).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import polars as pl
from scipy.special import expit, logit

from aftersales.measures.kinds import EDGE
from aftersales.stats.deviations import BROKEN, Counts, DeviationPrior, Fault, fit_deviation_prior, judge
from aftersales.stats.shrinkage import ENOUGH_REQUESTS, LEAST_PRODUCTS, LEVEL, WORSE

# Five more of a hundred orders refunded are worth a shop's afternoon whatever is usual.
POINTS = 0.05
# Of ordinary products one in twenty lies further from its kind.
ORDINARY_SPREADS = 1.645


class Bound(Protocol):
    """From which deviation on (log odds) rates count as worse than ``usual``, where ordinary ones spread by ``own``."""

    def __call__(self, usual: np.ndarray, own: float, *, worse: float) -> np.ndarray:
        """Deviations, one a usual rate."""
        ...


def worse_bound(usual: np.ndarray, own: float, *, worse: float = WORSE) -> np.ndarray:
    """From which deviation on (log odds) a rate counts as worse than ``usual``, where ordinary ones spread by ``own``.

    >>> worse_bound(np.array([0.08, 0.6]), 0.15).round(2).tolist()
    [0.45, 0.25]
    """
    half_more, points = margins(usual, worse=worse, points=POINTS)
    return np.minimum(half_more, np.maximum(points, ORDINARY_SPREADS * own))


def margins(usual: np.ndarray, *, worse: float, points: float) -> tuple[np.ndarray, np.ndarray]:
    """How far (log odds) ``worse`` times a rate lies above it, and a rate so many ``points`` (0..1) higher.

    >>> [m.round(2).tolist() for m in margins(np.array([0.08]), worse=1.5, points=0.05)]
    [[0.45], [0.54]]
    """
    at = logit(np.clip(usual, EDGE, 1 - EDGE))
    more, higher = (logit(np.clip(rate, EDGE, 1 - EDGE)) - at for rate in (worse * usual, usual + points))
    return more, higher


def rate_counts(views: pl.DataFrame) -> Counts:
    """The arrays that views are judged by; ``usual`` null counts as unknown, its rows are left to the caller."""
    number = {c: views[c].cast(pl.Float64).fill_null(0.0).to_numpy() for c in ("refunds", "exposure", "usual")}
    err = views["usual_err"].cast(pl.Float64).fill_null(0.0).to_numpy() if "usual_err" in views.columns else None
    looks = views["looks"].cast(pl.Float64).to_numpy() if "looks" in views.columns else np.ones(views.height)
    return Counts(
        number["refunds"],
        number["exposure"],
        logit(np.clip(number["usual"], EDGE, 1 - EDGE)),
        np.zeros(views.height) if err is None else err,
        looks,
    )


def group_prior(counts: Counts, rows: np.ndarray, known: np.ndarray, *, fault: Fault = BROKEN) -> DeviationPrior | None:
    """The prior of some rows; fewer than thirty borrow that of all; None where nothing was ever requested."""
    fitted_on = rows if len(rows) >= LEAST_PRODUCTS else known
    if not counts.events[fitted_on].sum() > 0:
        return None
    return fit_deviation_prior(Counts(*(c[fitted_on] for c in counts)), fault=fault)


def product_rates(
    views: pl.DataFrame,
    *,
    by: str = "prior",
    worse: float = WORSE,
    level: float = LEVEL,
    bound: Bound = worse_bound,
    fault: Fault = BROKEN,
    where: str | None = None,
) -> pl.DataFrame:
    """Each view's rate with its interval and the probability that it is worse than expected (`worse_bound`).

    Columns in: ``refunds``, ``exposure`` (matured orders), ``usual`` (expected rate 0..1, null where unknown),
    ``usual_err`` (standard error of its log odds; taken as 0 where absent), ``by`` (views that share a prior; fewer
    than thirty borrow that of all), ``product_id`` (where there: its views share one product's chance of being broken).
    ``bound`` says from which deviation on a rate counts as worse, as `worse_bound` does; ``fault``
    how far broken ones lie. Of a Boolean column ``where`` only true rows are judged; the others shape the prior alone.
    Columns out: all that came in, and rate_seen, expected_rate, bound_rate (from which it counts as worse), rate
    (posterior mean), rate_low, rate_high (central ``level``), all 0..1, probability_worse, excess (requests so far
    above the expected, from the posterior mean, 0 or more), enough (Bool: a worse product would have shown three
    requests, or three were counted). Rows as they came; null where nothing is expected.

    >>> views = pl.DataFrame({"prior": ["a"] * 3, "refunds": [4, 30, 2], "exposure": [50.0, 60.0, 3.0],
    ...     "usual": [0.08, 0.08, 0.08]})
    >>> product_rates(views).select(pl.col("rate_seen").round(2), "enough").rows()
    [(0.08, True), (0.5, True), (0.67, False)]
    """
    if "product_id" in views.columns:
        views = views.with_columns(looks=pl.len().over("product_id", by))
    counts = rate_counts(views)
    usual = views["usual"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    known = (usual > 0) & (counts.exposure > 0)
    names = ("rate", "rate_low", "rate_high", "probability_worse", "bound_rate")
    out = {name: np.full(views.height, np.nan) for name in names}
    group = views[by].rank("dense").to_numpy()
    speaking = np.flatnonzero(known)
    wanted = views[where].to_numpy() if where else np.ones(views.height, dtype=bool)
    for value in np.unique(group[known]):
        rows = np.flatnonzero(known & (group == value))
        prior = group_prior(counts, rows, speaking, fault=fault)
        if prior is None:
            continue
        rows = rows[wanted[rows]]
        own = Counts(*(c[rows] for c in counts))
        beyond = bound(usual[rows], prior.own, worse=worse)
        found = judge(own, prior, beyond, level=level)
        for name, values in zip(names, (*found, expit(own.log_odds + beyond)), strict=True):
            out[name][rows] = values
    with np.errstate(invalid="ignore", divide="ignore"):
        raw = np.where(counts.exposure > 0, np.minimum(counts.events / counts.exposure, 1.0), np.nan)
    expected = np.where(known, usual, np.nan)
    excess = np.maximum(out["rate"] - expected, 0) * counts.exposure
    telling = (counts.exposure * np.nan_to_num(usual) * worse >= ENOUGH_REQUESTS) | (counts.events >= ENOUGH_REQUESTS)
    columns = {"rate_seen": raw, "expected_rate": expected} | out | {"excess": excess}
    return views.drop("looks", strict=False).with_columns(
        *(pl.Series(name, values).fill_nan(None) for name, values in columns.items()),
        pl.Series("enough", telling & np.isfinite(out["rate"])),
    )
