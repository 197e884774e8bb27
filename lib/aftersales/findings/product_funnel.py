"""All products in one picture: how far each lies from its expected rate, and from where on it is put on the list."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from aftersales.findings.product_rates import Evidence, evidence, group_prior
from aftersales.findings.product_views import LEAST_EXCESS
from aftersales.measures.gamma_prior import GammaPrior, above, posterior, posterior_mean
from aftersales.measures.shrinkage import ENOUGH_REQUESTS, WORSE
from aftersales.measures.triangles import ANY

GRID_POINTS = 80
# Forty halvings bring a count between nought and all its orders to far below one request.
HALVINGS = 40


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
    """The products of `product_views` against their categories, on the scale of the shop's own rate.

    Categories differ, so a product's rate is shown as the shop's rate times its lift over what its category lets
    expect, at the size at which the shop would expect as many requests (indirect standardisation). There one curve
    holds for all products: the least rate at which the view fires. ``outside`` is that the view fires, by the very
    rule of the list. Points: product_id, name (title), part (requests), whole (matured orders on that scale), rate.
    """
    known = views.filter(pl.col("expected_rate") > 0, pl.col("exposure") > 0)
    kind = (pl.col("against") == "category") & (pl.col("reason") == ANY)
    products = known.filter(kind, pl.col("level") == "product")
    if products.is_empty():
        return Funnel(pl.DataFrame(schema=_POINTS), pl.DataFrame(schema=_LIMITS), 0.0)
    centre = float(products["refunds"].sum()) / float(products["exposure"].sum())
    unit = float(evidence(np.zeros(1), np.ones(1), np.array([centre])).exposure[0])
    seen = _evidence(products)
    whole = np.maximum(seen.exposure / unit, 1.0)
    points = products.select("product_id", name="title", part="refunds", outside="fires").with_columns(
        whole=pl.Series(whole), rate=pl.Series(np.minimum(centre * seen.events / seen.exposure, 1.0))
    )
    grid = np.geomspace(whole.min(), max(whole.max(), whole.min() + 1), GRID_POINTS)
    prior = group_prior(_evidence(known), np.flatnonzero(known.select(kind).to_series().to_numpy()), worse=worse)
    assert prior is not None  # a product with an expected rate has others that were asked back
    high = centre * _least_lift(prior, grid * unit, thin=unit / centre, cut=float(products["cut"][0]), worse=worse)
    limits = pl.DataFrame({"whole": grid, "low": np.zeros(GRID_POINTS), "high": np.minimum(high, 1.0)})
    return Funnel(points, limits, centre)


def _evidence(views: pl.DataFrame) -> Evidence:
    return evidence(*(views[c].cast(pl.Float64).to_numpy() for c in ("refunds", "exposure", "expected_rate")))


def _least_lift(prior: GammaPrior, expected: np.ndarray, *, thin: float, cut: float, worse: float) -> np.ndarray:
    """The least lift over the expected at which a product of each size is listed, by halving."""
    low, high = np.zeros_like(expected), np.full_like(expected, 1.0) * np.maximum(expected * 50, 50.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        found = posterior(prior, middle, expected)
        excess = (posterior_mean(found) - 1) * expected / thin
        enough = (expected / thin * worse >= ENOUGH_REQUESTS) | (middle / thin >= ENOUGH_REQUESTS)
        fires = (above(found, worse) >= cut) & (excess >= LEAST_EXCESS) & enough
        low, high = np.where(fires, low, middle), np.where(fires, middle, high)
    return high / expected
