"""Rates of products among which a few are broken: the ordinary ones' prior, and a rare, wide one for the broken.

A prior fitted to a shelf of sixty products, three of them broken, fits neither kind: one Gamma draws the broken ones to
the middle, and a second one fitted to three products is as narrow as these three happen to be alike. So the ordinary
prior is fitted (`fit_gamma_prior`), and what it says of broken products is held to what is known of them beforehand:
they are rare, and how bad they are is anybody's guess. Source: DuMouchel 1999, The American Statistician 53(3).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from aftersales.measures.gamma_prior import (
    GammaPrior,
    above,
    fit_gamma_prior,
    posterior,
    posterior_mean,
    posterior_quantile,
)
from aftersales.measures.shrinkage import ENOUGH_REQUESTS, LEAST_PRODUCTS, LEAST_VARIANCE, LEVEL, WORSE

# Before anything is seen: one product in fifty is broken (the share of bad ones in the reference's benchmark), at three
# times the ordinary rate, and with nine chances in ten between one half and seven times.
BROKEN_SHARE, BROKEN_LIFT, BROKEN_SHAPE = 0.02, 3.0, 2.0


class Evidence(NamedTuple):
    """Counts and exposures relative to what is expected, thinned for the smaller variance of a share."""

    events: np.ndarray
    exposure: np.ndarray


def evidence(refunds: np.ndarray, exposure: np.ndarray, usual: np.ndarray) -> Evidence:
    """Requests and expected requests of each row, both over one minus the expected rate (as in `shrunk_rates`)."""
    thin = 1 / np.maximum(1 - usual, LEAST_VARIANCE)
    return Evidence(refunds * thin, exposure * usual * thin)


def product_prior(seen: Evidence, *, worse: float = WORSE) -> GammaPrior:
    """The prior of rates relative to the expected, ordinary and broken.

    >>> rng = np.random.default_rng(1)
    >>> expected = np.full(300, 20.0)
    >>> prior = product_prior(Evidence(rng.poisson(rng.gamma(50, 1 / 50, 300) * expected).astype(float), expected))
    >>> len(prior.weights), float(prior.weights[1])
    (2, 0.02)
    """
    fitted = fit_gamma_prior(seen.events, seen.exposure)
    lift = fitted.shapes / fitted.rates
    broken = lift > worse
    shapes = np.where(broken, np.minimum(fitted.shapes, BROKEN_SHAPE), fitted.shapes)
    if broken.any():
        return GammaPrior(fitted.weights, shapes, shapes / lift)
    weights = np.append(fitted.weights * (1 - BROKEN_SHARE), BROKEN_SHARE)
    return GammaPrior(weights, np.append(shapes, BROKEN_SHAPE), np.append(fitted.rates, BROKEN_SHAPE / BROKEN_LIFT))


def group_prior(seen: Evidence, rows: np.ndarray, *, worse: float = WORSE) -> GammaPrior | None:
    """The prior of some rows; fewer than thirty borrow that of all; None where nothing was ever asked for."""
    fitted_on = rows if len(rows) >= LEAST_PRODUCTS else np.flatnonzero(seen.exposure > 0)
    if not seen.events[fitted_on].sum() > 0:
        return None
    return product_prior(Evidence(seen.events[fitted_on], seen.exposure[fitted_on]), worse=worse)


def product_rates(
    views: pl.DataFrame, *, by: str = "prior", worse: float = WORSE, level: float = LEVEL
) -> pl.DataFrame:
    """Each view's rate with its interval and the probability of a rate above ``worse`` times the expected.

    Columns in: ``refunds``, ``exposure`` (matured orders), ``usual`` (expected rate 0..1, null where unknown), ``by``
    (views that share a prior; fewer than thirty borrow that of all). Columns out: all that came in, and rate_seen,
    expected_rate, rate (posterior mean), rate_low, rate_high (central ``level``), all 0..1, probability_worse, excess
    (requests so far above the expected, from the posterior mean, 0 or more), enough (Bool: a worse product would have
    shown three requests, or three were seen). Rows as they came; null where nothing is expected.

    >>> views = pl.DataFrame({"prior": ["a"] * 3, "refunds": [4, 30, 2], "exposure": [50.0, 60.0, 3.0],
    ...     "usual": [0.08, 0.08, 0.08]})
    >>> product_rates(views).select(pl.col("rate_seen").round(2), "enough").rows()
    [(0.08, True), (0.5, True), (0.67, False)]
    """
    refunds, exposure = (views[c].cast(pl.Float64).to_numpy() for c in ("refunds", "exposure"))
    usual = views["usual"].cast(pl.Float64).fill_null(0.0).to_numpy()
    seen = evidence(refunds, exposure, usual)
    known = seen.exposure > 0
    names = ("rate", "rate_low", "rate_high", "probability_worse")
    out = {name: np.full(views.height, np.nan) for name in names}
    group = views[by].rank("dense").to_numpy()
    for value in np.unique(group[known]):
        rows = np.flatnonzero(known & (group == value))
        prior = group_prior(seen, rows, worse=worse)
        if prior is None:
            continue
        found = posterior(prior, seen.events[rows], seen.exposure[rows])
        out["rate"][rows] = posterior_mean(found)
        out["rate_low"][rows] = posterior_quantile(found, (1 - level) / 2)
        out["rate_high"][rows] = posterior_quantile(found, (1 + level) / 2)
        out["probability_worse"][rows] = above(found, worse)
    with np.errstate(invalid="ignore", divide="ignore"):
        raw = np.where(exposure > 0, refunds / exposure, np.nan)
    # a share cannot pass one, though a Gamma may
    rates = {"rate_seen": raw, "expected_rate": np.where(known, usual, np.nan)}
    rates |= {name: out[name] * usual for name in names[:3]}
    shares = {name: np.clip(values, 0, 1) for name, values in rates.items()}
    excess = np.maximum(shares["rate"] - usual, 0) * exposure
    telling = (exposure * usual * worse >= ENOUGH_REQUESTS) | (refunds >= ENOUGH_REQUESTS)
    columns = shares | {"probability_worse": out["probability_worse"], "excess": excess}
    return views.with_columns(
        *(pl.Series(name, values).fill_nan(None) for name, values in columns.items()),
        pl.Series("enough", telling & np.isfinite(out["rate"])),
    )
