"""Survival estimates for durations: Kaplan-Meier with the open cases counted as running, and its quantiles."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from aftersales.measures.intervals import Z_90

Floats = NDArray[np.float64]


def kaplan_meier(durations: ArrayLike, ended: ArrayLike) -> pl.DataFrame:
    """The Kaplan-Meier curve: the share of cases that last longer than each time at which one ended.

    S(t) is the product over times u up to t of 1 - d(u)/n(u): d cases ended at u of the n that were still running
    before it; a case still open when last seen counts as running up to then. The standard error is Greenwood's, the
    90 % interval the log(-log) one, which stays between 0 and 1.

    Durations in any unit, at least 0; ``ended`` False for a case still open. Columns out: time, at_risk, ended,
    survival, std_error, low, high; sorted by time, one row a time at which a case ended; low and high are null where
    survival is 0. Sources: Kaplan and Meier 1958, JASA 53; Greenwood 1926; Kalbfleisch and Prentice 2002, 1.4.

    >>> kaplan_meier([1, 2, 3], [True, False, True]).select("time", "at_risk", "survival").rows()
    [(1.0, 3, 0.6666666666666667), (3.0, 1, 0.0)]
    """
    times, finished = np.asarray(durations, float), np.asarray(ended, bool)
    ends, n_ended = np.unique(times[finished], return_counts=True)
    at_risk = times.size - np.searchsorted(np.sort(times), ends, side="left")
    return pl.DataFrame({"time": ends, "at_risk": at_risk.astype(np.int64), "ended": n_ended.astype(np.int64)} | _curve(
        at_risk.astype(float), n_ended.astype(float)))  # fmt: skip


def _curve(at_risk: Floats, n_ended: Floats) -> dict[str, pl.Series]:
    survival = np.cumprod(1 - n_ended / at_risk)
    # the last step may reach 0, where Greenwood's sum and the logarithm have no value
    inner = survival > 0
    left = np.where(inner, at_risk - n_ended, 1.0)
    greenwood = np.cumsum(np.where(inner, n_ended / (at_risk * left), 0.0))
    log_survival = np.log(np.where(inner, survival, 0.5))
    log_survival = np.where(log_survival == 0, -1.0, log_survival)
    reach = Z_90 * np.sqrt(greenwood) / np.abs(log_survival)
    low, high = survival ** np.exp(reach), survival ** np.exp(-reach)
    known = pl.Series(inner)

    def where_known(values: Floats) -> pl.Series:
        return pl.select(pl.when(known).then(pl.Series(values))).to_series()

    return {
        "survival": pl.Series(survival),
        "std_error": where_known(survival * np.sqrt(greenwood)),
        "low": where_known(low),
        "high": where_known(high),
    }


def quantile(curve: pl.DataFrame, share: float) -> tuple[float | None, float | None, float | None]:
    """The time by which a share of the cases has ended, with its 90 % interval: (time, low, high).

    The first time at which survival is at most 1 - share; the interval holds the times at which the curve's own
    interval covers 1 - share. None where the curve does not come down so far: too many cases are still open to say.
    Source: Brookmeyer and Crowley 1982, Biometrics 38.

    >>> quantile(kaplan_meier([1, 2, 3], [True, True, True]), 0.5)[0]
    2.0
    """
    target = 1 - share + 1e-12  # survival is a product: 0.5 may come out as 0.5000000000000001

    # at the very end survival is 0 and has no interval; its lower limit is certainly below the target
    low_enough = (pl.col("low") <= target) | (pl.col("survival") == 0)
    found = [curve.filter(hit)["time"] for hit in (pl.col("survival") <= target, low_enough, pl.col("high") <= target)]
    time, low, high = (float(hits[0]) if hits.len() else None for hits in found)
    return time, low, high
