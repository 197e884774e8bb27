"""A change of courier or product by standardisation: what the same orders' rate would have been with another one.

The g-formula (Robins 1986; Hernan and Robins 2020, ch. 13): the other courier's rate within each stratum, weighted by
the orders as they are. Cells are shrunk towards that courier's own rate; strata where the other one has hardly been
tried are left out, and the share of orders that remains is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from aftersales.stats.gamma_prior import GammaPrior, Posterior, fit_gamma_prior, posterior
from aftersales.words.errors import DataError, UsageError, unknown

# Matured orders that both must have in a stratum to be compared there: at a rate of 10 % about three requests.
LEAST_SUPPORT = 30.0
# Under ten strata the spread of rates cannot be learnt: they are then held to be about as alike as provinces are.
LEAST_STRATA = 10
PRIOR_ORDERS = 100.0
DRAWS = 2000
COLUMNS = ("option", "stratum", "events", "exposure")


@dataclass(frozen=True, eq=False)
class Swap:
    """Rates (0..1) of the orders compared, as they were and as they would have been, and the difference (90 %).

    ``overlap`` is the share of the option's orders that lie in strata where both were used; null rates where it is 0.
    ``orders_a_week``: all orders of the option a week, where known. ``table``: stratum, exposure, rate_now, rate_then;
    largest stratum first.
    """

    overlap: float
    orders: float
    rate_now: float | None
    rate_then: float | None
    change: float | None
    change_low: float | None
    change_high: float | None
    table: pl.DataFrame
    orders_a_week: float | None = None


def swapped_rate(cells: pl.DataFrame, *, now: str, then: str, seed: int = 1) -> Swap:
    """What the rate of the orders of ``now`` would have been with ``then`` instead.

    ``cells`` has one row an option (courier, product …) and stratum (province, product …): option, stratum, events
    (refund requests), exposure (matured orders). Raises `DataError` for absent columns, `UsageError` for an option
    that is not there or is the same.

    >>> rows = [("A", s, 24, 100.0) for s in "xyz"] + [("B", "x", 10, 100.0), ("B", "y", 8, 100.0)]
    >>> swap = swapped_rate(pl.DataFrame(rows, schema=COLUMNS, orient="row"), now="A", then="B")
    >>> round(swap.overlap, 2), round(swap.change, 2), swap.change_high < 0
    (0.67, -0.15, True)
    """
    absent = [c for c in COLUMNS if c not in cells.columns]
    if absent:
        raise DataError(f"The cells lack {', '.join(absent)}", found=", ".join(cells.columns) or "no columns")
    for option in (now, then):
        if option not in cells["option"]:
            raise unknown("option", option, cells["option"].unique().sort())
    if now == then:
        raise UsageError("A swap needs two different options", found=now)
    ours, theirs = (cells.filter(pl.col("option") == o, pl.col("exposure") > 0) for o in (now, then))
    both = ours.join(theirs, on="stratum", suffix="_then").filter(
        pl.min_horizontal("exposure", "exposure_then") >= LEAST_SUPPORT
    )
    both = both.sort("exposure", "stratum", descending=[True, False])
    total, kept = float(ours["exposure"].sum()), float(both["exposure"].sum())
    overlap = min(kept / total, 1.0) if total > 0 else 0.0
    if both.is_empty():
        empty = pl.DataFrame(
            schema={"stratum": pl.String, **dict.fromkeys(("exposure", "rate_now", "rate_then"), pl.Float64)}
        )
        return Swap(overlap, 0.0, None, None, None, None, None, empty)
    rng = np.random.default_rng(seed)
    weight = both["exposure"].to_numpy() / kept
    known = [_cells(both, ours, ""), _cells(both, theirs, "_then")]
    means = [(p.weights * p.shapes / p.rates).sum(1) for p in known]
    level = [float(weight @ m) for m in means]
    draws = [_drawn(p, rng) @ weight for p in known]
    low, high = np.quantile(draws[1] - draws[0], [0.05, 0.95])
    table = both.select("stratum", "exposure", rate_now=pl.Series(means[0]), rate_then=pl.Series(means[1]))
    return Swap(overlap, kept, level[0], level[1], level[1] - level[0], float(low), float(high), table)


def _cells(both: pl.DataFrame, own: pl.DataFrame, suffix: str) -> Posterior:
    """Each stratum's rate, shrunk towards the option's own."""
    r, e = (own[c].cast(pl.Float64).to_numpy() for c in ("events", "exposure"))
    if len(r) >= LEAST_STRATA and r.sum() > 0:
        prior = fit_gamma_prior(r, e)
    else:
        usual = (r.sum() + 0.5) / (e.sum() + 0.5)
        prior = GammaPrior(np.ones(1), np.array([usual * PRIOR_ORDERS]), np.array([PRIOR_ORDERS]))
    events, exposure = (both[f"{c}{suffix}"].cast(pl.Float64).to_numpy() for c in ("events", "exposure"))
    return posterior(prior, events, exposure)


def _drawn(found: Posterior, rng: np.random.Generator) -> np.ndarray:
    """Rates drawn from each stratum's posterior (draws, strata)."""
    strata, parts = found.weights.shape
    pick = (rng.random((DRAWS, strata, 1)) > found.weights.cumsum(1)).sum(2).clip(max=parts - 1)
    at = np.arange(strata)
    return rng.gamma(found.shapes[at, pick], 1 / found.rates[at, pick])
