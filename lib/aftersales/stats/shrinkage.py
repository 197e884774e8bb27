"""Small numbers: each product's refund rate pulled towards its category's as far as its own counts leave it open.

Counts over used-up exposure are Poisson around the rate, rates are Gamma within a category (`gamma_prior`), and what
the counts leave of the prior is the answer: a mean, an interval, and the probability of being worse than ordinary by a
margin. A margin, because with enough orders every product differs from the mean.
Sources: Efron and Morris 1975, JASA 70; DuMouchel 1999, The American Statistician 53(3); Newton et al. 2004,
Biostatistics 5(2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from aftersales.stats.gamma_prior import above, fit_gamma_prior, posterior, posterior_mean, posterior_quantile
from aftersales.words.errors import DataError, UsageError

# Worse means half as much again: below that a change of page or size chart is not worth a shop's afternoon.
WORSE = 1.5
LEVEL = 0.90
# A spread of rates cannot be read off fewer products: a category smaller than this borrows that of all the others.
LEAST_PRODUCTS = 30
# A category's own level is pulled to the shop's as by this many requests.
BORROWED_REQUESTS = 20.0
# The rule of three: where three requests were to be expected of a worse product, none at all is evidence (5 %) too.
ENOUGH_REQUESTS = 3.0
# A rate of orders is a share: its variance is Poisson's times one minus the rate, which is not let below this.
LEAST_VARIANCE = 0.2


def shrunk_rates(
    counts: pl.DataFrame,
    *,
    by: Sequence[str] = ("category",),
    events: str = "events",
    exposure: str = "exposure",
    expected: str | None = None,
    worse: float = WORSE,
    level: float = LEVEL,
) -> pl.DataFrame:
    """Each row's rate, shrunk within its group, with its interval and the probability that it is ``worse`` times usual.

    A row is whatever is judged: a product, an SKU, a batch, a product's requests for one reason. ``exposure`` is the
    used-up exposure of `effective_exposure`; rows are judged against the mean rate of their group's products, or
    against the column ``expected`` (a rate per exposure: the row's own past, or what its couriers let expect). A share
    varies less than a Poisson count; counts and exposures are both divided by one minus the expected rate (Wedderburn's
    quasi-likelihood), which for the worse rows errs to the safe side.

    Columns out: all that came in, and ``rate_seen`` (events over exposure), ``expected_rate``, ``rate`` (posterior
    mean), ``rate_low``, ``rate_high`` (central ``level``), ``probability_worse`` (of a rate above worse × expected),
    ``excess`` (events above the expected so far, from the posterior mean, 0 or more), ``enough`` (Bool: False says "not
    enough data"; such a row has the group's rate as its own). Rates are per exposure, 0..1 where it counts orders. Rows
    as they came. A group in which nothing was ever seen has null estimates. Raises `DataError` for missing columns or
    negative counts, `UsageError` for a margin that is not above 0.

    >>> counts = pl.DataFrame({"category": ["shoes"] * 3, "events": [2, 0, 30], "exposure": [40.0, 0.0, 100.0]})
    >>> shrunk_rates(counts).select("rate_seen", "enough").rows()
    [(0.05, True), (None, False), (0.3, True)]
    """
    _check(counts, [*by, events, exposure, *([expected] if expected else [])], events, exposure, worse)
    rows = counts.with_row_index("_row")
    r, e = _floats(rows, events), _floats(rows, exposure)
    given = _floats(rows, expected) if expected else None
    group = rows.select(pl.struct(by).rank("dense").cast(pl.Int64) - 1 if by else pl.lit(0)).to_series().to_numpy()
    group = np.broadcast_to(group, r.shape)
    usual = _usual(r, e, group) if given is None else given
    judged = (usual > 0) & (e >= 0)
    thin = 1 / np.maximum(1 - np.where(judged, usual, 0), LEAST_VARIANCE)
    rr, ee = r * thin, e * usual * thin
    out = {
        name: np.full(len(r), np.nan) for name in ("rate", "rate_low", "rate_high", "probability_worse", "reference")
    }
    for rows_of, prior_of in _prior_groups(group, judged, ee):
        if not (rr[prior_of].sum() > 0 and (ee[prior_of] > 0).any()):
            continue
        prior = fit_gamma_prior(rr[prior_of], ee[prior_of])
        found = posterior(prior, rr[rows_of], ee[rows_of])
        reference = prior.mean if given is None else 1.0
        out["reference"][rows_of] = reference
        out["rate"][rows_of] = posterior_mean(found)
        out["rate_low"][rows_of] = posterior_quantile(found, (1 - level) / 2)
        out["rate_high"][rows_of] = posterior_quantile(found, (1 + level) / 2)
        out["probability_worse"][rows_of] = above(found, worse * reference)
    return _answer(counts, r, e, usual, out, worse=worse)


def _answer(
    counts: pl.DataFrame, r: np.ndarray, e: np.ndarray, usual: np.ndarray, out: dict[str, np.ndarray], *, worse: float
) -> pl.DataFrame:
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = np.where(e > 0, r / e, np.nan)
    expected_rate = usual * out["reference"]
    rate = out["rate"] * usual
    telling = (e > 0) & ((e * expected_rate * worse >= ENOUGH_REQUESTS) | (r >= ENOUGH_REQUESTS))
    found = {
        "rate_seen": seen,
        "expected_rate": expected_rate,
        "rate": rate,
        "rate_low": out["rate_low"] * usual,
        "rate_high": out["rate_high"] * usual,
        "probability_worse": out["probability_worse"],
        "excess": np.maximum(rate - expected_rate, 0) * e,
    }
    columns = [pl.Series(name, values).fill_nan(None) for name, values in found.items()]
    return counts.with_columns(*columns, pl.Series("enough", telling & np.isfinite(rate)))


def _floats(rows: pl.DataFrame, column: str) -> np.ndarray:
    return rows[column].cast(pl.Float64).fill_null(0.0).to_numpy()


def _usual(r: np.ndarray, e: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The pooled rate of each row's group, pulled a little to that of all."""
    if not (r.sum() > 0 and e.sum() > 0):
        return np.zeros_like(r)
    overall = r.sum() / e.sum()
    rate = (np.bincount(group, r) + BORROWED_REQUESTS) / (np.bincount(group, e) + BORROWED_REQUESTS / overall)
    return rate[group]


def _prior_groups(group: np.ndarray, judged: np.ndarray, exposure: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows that share a prior, and the rows it is fitted on: small groups are one, fitted on everything."""
    speaks = judged & (exposure > 0)
    small = (np.bincount(group, speaks) < LEAST_PRODUCTS)[group]
    order = np.argsort(group, kind="stable")
    runs = np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else []
    large = [run[judged[run]] for run in runs if not small[run[0]]]
    pairs = [(run, run) for run in large]
    rest = np.flatnonzero(small & judged)
    return [*pairs, (rest, np.flatnonzero(speaks))] if len(rest) else pairs


def _check(counts: pl.DataFrame, needed: Sequence[str], events: str, exposure: str, worse: float) -> None:
    absent = [c for c in needed if c not in counts.columns]
    if absent:
        raise DataError(f"The counts lack {', '.join(absent)}", found=", ".join(counts.columns) or "no columns")
    if not worse > 0:
        raise UsageError("The margin must be above 0", found=str(worse), hint="1.5 means half as much again")
    if counts.select((pl.col(events, exposure) < 0).any()).row(0) != (False, False):
        raise DataError("Counts and exposures cannot be negative", hint="count requests, not differences")
