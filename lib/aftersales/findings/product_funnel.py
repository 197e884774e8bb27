"""All products in one picture: how far each lies from its expected rate, and from where on it is put on the list."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.special import expit, logit

from aftersales.findings.product_rates import group_prior, rate_counts, worse_bound
from aftersales.findings.product_views import LEAST_EXCESS
from aftersales.measures.kinds import EDGE
from aftersales.measures.triangles import ANY
from aftersales.stats.deviations import Counts, DeviationPrior, judge
from aftersales.stats.shrinkage import ENOUGH_REQUESTS, WORSE

GRID_POINTS = 80
# Thirty halvings bring a rate between 0 and 1 to far below one request.
HALVINGS = 30


_LIMITS = pl.Schema(dict.fromkeys(("whole", "low", "high"), pl.Float64))
_POINTS = pl.Schema({
    "product_id": pl.String, "name": pl.String, "part": pl.Int64, "outside": pl.Boolean, "whole": pl.Float64,
    "rate": pl.Float64,
})  # fmt: skip


class Funnel(NamedTuple):
    """``points``: name, part, whole, rate, outside; ``limits``: whole, low, high; ``centre``: the shop's rate."""

    points: pl.DataFrame
    limits: pl.DataFrame
    centre: float


def product_funnel(views: pl.DataFrame, *, worse: float = WORSE) -> Funnel:
    """The products of `product_views` against products like them, on the scale of the shop's own rate.

    Kinds of products differ, so a product's rate is shown as the shop's odds times its own odds over the expected, at
    the size at which the shop's rate would be known as well (indirect standardisation). There one curve holds for all
    products whose expectation is known as well as the median product's: the least rate at which the view fires.
    ``outside`` is that the view fires, by the very rule of the list. Points: product_id, name (title), part (requests),
    whole (matured orders on that scale), rate.
    """
    known = views.filter(pl.col("expected_rate") > 0, pl.col("exposure") > 0)
    kind = (pl.col("against") == "category") & (pl.col("reason") == ANY) & (pl.col("level") == "product")
    products = known.filter(kind)
    if products.is_empty():
        return Funnel(pl.DataFrame(schema=_POINTS), pl.DataFrame(schema=_LIMITS), 0.0)
    centre = float(products["refunds"].sum()) / float(products["exposure"].sum())
    all_counts = rate_counts(known.rename({"expected_rate": "usual"}))
    rows = np.flatnonzero(known.select(kind).to_series().to_numpy())
    counts = Counts(*(c[rows] for c in all_counts))
    usual = expit(counts.log_odds)
    whole = np.maximum(counts.exposure * usual * (1 - usual) / (centre * (1 - centre)), 1.0)
    seen = np.clip(counts.events / counts.exposure, 0, 1 - EDGE)
    odds = seen / (1 - seen) * np.exp(logit(centre) - counts.log_odds)
    points = products.select("product_id", name="title", part="refunds", outside="fires").with_columns(
        whole=pl.Series(whole), rate=pl.Series(odds / (1 + odds))
    )
    grid = np.geomspace(whole.min(), max(whole.max(), whole.min() + 1), GRID_POINTS)
    prior = group_prior(all_counts, rows, np.arange(known.height))
    assert prior is not None  # a product with an expected rate has others with requests
    err = float(np.median(counts.std_err))
    high = _least_rate(prior, grid, centre=centre, err=err, cut=float(products["cut"][0]), worse=worse)
    limits = pl.DataFrame({"whole": grid, "low": np.zeros(GRID_POINTS), "high": high})
    return Funnel(points, limits, centre)


def _least_rate(
    prior: DeviationPrior, whole: np.ndarray, *, centre: float, err: float, cut: float, worse: float
) -> np.ndarray:
    """The least rate at which a product of each size is listed, by halving."""
    low, high = np.full_like(whole, centre), np.ones_like(whole)
    same = np.ones_like(whole)
    bound = worse_bound(centre * same, prior.own, worse=worse)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        events = middle * whole
        found = judge(Counts(events, whole, logit(centre) * same, err * same, same), prior, bound)
        excess = (found.rate - centre) * whole
        enough = (whole * centre * worse >= ENOUGH_REQUESTS) | (events >= ENOUGH_REQUESTS)
        fires = (found.probability >= cut) & (excess >= LEAST_EXCESS) & enough
        low, high = np.where(fires, low, middle), np.where(fires, middle, high)
    return high
