"""How long things take: hours from a start to an end, open cases counted as running until the day looked at.

Means over closed cases alone look best when the slow ones are still open; so nothing here leaves an open case out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from aftersales.measures.cohorts import all_periods, period_start, split_by
from aftersales.measures.inputs import zone_of
from aftersales.stats.intervals import Z_90
from aftersales.words.periods import in_zone

HOURS = 3600e6  # microseconds in an hour
OUT = (
    "cases", "closed", "open", "without_end", "median_hours", "median_low", "median_high",
    "p90_hours", "p90_low", "p90_high",
)  # fmt: skip


def end_of_day(until: date, zone: str | None) -> datetime:
    """Midnight at the end of a day, in the zone of the times it is compared with.

    >>> end_of_day(date(2026, 11, 15), None)
    datetime.datetime(2026, 11, 16, 0, 0)
    """
    end = datetime.combine(until + timedelta(days=1), time())
    return in_zone(end, ZoneInfo(zone)) if zone else end


def duration_summary(
    cases: pl.LazyFrame, *, start: str, end: str, is_open: pl.Expr, by: str | Sequence[str] | None = None, until: date
) -> pl.DataFrame:
    """Median and 90th percentile of hours from ``start`` to ``end``, as survival estimates with 90 % intervals.

    Looked at are the cases that started up to ``until``. One that ended later, or that ``is_open``, runs until the end
    of that day. One that ended at a time nobody recorded, or before it started, tells nothing and is counted in
    ``without_end``.

    Columns out: cohort (Date, of the start; only with a period in ``by``), the columns of ``by``, cases (closed + open
    + without_end), closed, open, without_end, median_hours, median_low, median_high, p90_hours, p90_low, p90_high
    (null where too many are open, or nothing was). Sorted by cohort and columns; a period in which nothing started is
    a row of zeros.

    >>> cases = pl.LazyFrame({"a": [datetime(2026, 11, 9)] * 3, "b": [datetime(2026, 11, 9, 6),
    ...     datetime(2026, 11, 9, 12), None]})
    >>> duration_summary(cases, start="a", end="b", is_open=pl.col("b").is_null(), until=date(2026, 11, 15)).select(
    ...     "closed", "open", "median_hours", "p90_hours").rows()
    [(2, 1, 12.0, None)]
    """
    period, columns = split_by(by) if by else (None, [])
    spans = _spans(cases, start=start, end=end, is_open=is_open, until=until)
    if period:
        spans = spans.with_columns(cohort=period_start("_start", period))
    groups = [*(["cohort"] if period else []), *columns]
    rows = spans.select(*groups, "_hours", "_ended").collect(engine="streaming")
    parts = rows.partition_by(groups, as_dict=True) if groups else {(): rows}
    if period:
        wanted = all_periods(rows["cohort"].min(), until, period)  # type: ignore[arg-type]
        keys = wanted.join(rows.select(columns).unique(), how="cross").rows() if columns else wanted.rows()
    else:
        keys = list(parts)
    empty = rows.clear()
    schema = {g: rows.schema[g] for g in groups} | dict.fromkeys(OUT[:4], pl.Int64) | dict.fromkeys(OUT[4:], pl.Float64)
    found = [[*key, *_summary(parts.get(key, empty))] for key in keys]
    table = pl.DataFrame(found, schema=schema, orient="row")
    return table.sort(groups) if groups else table


def _spans(cases: pl.LazyFrame, *, start: str, end: str, is_open: pl.Expr, until: date) -> pl.LazyFrame:
    """Hours and whether the case ended, null hours where the end is unknown."""
    edge = pl.lit(end_of_day(until, zone_of(cases, start))).cast(cases.collect_schema()[start])
    running = (pl.col("_end") >= edge).fill_null(value=False) | (pl.col("_end").is_null() & pl.col("_open"))
    stop = pl.when(running).then(edge).otherwise(pl.col("_end"))
    hours = (stop - pl.col("_start")).dt.total_microseconds() / HOURS
    return (
        cases.with_columns(_start=pl.col(start), _end=pl.col(end), _open=is_open)
        .filter(pl.col("_start") < edge)
        .with_columns(_hours=hours, _ended=~running)
        .with_columns(_hours=pl.when(pl.col("_hours") >= 0).then(pl.col("_hours")))
    )


def _summary(rows: pl.DataFrame) -> list[float | int | None]:
    known = rows.drop_nulls("_hours")
    closed = int(known["_ended"].sum())
    counts = [rows.height, closed, known.height - closed, rows.height - known.height]
    if not closed:
        return [*counts, *[None] * 6]
    curve = kaplan_meier(known["_hours"].to_numpy(), known["_ended"].to_numpy())
    return [*counts, *quantile(curve, 0.5), *quantile(curve, 0.9)]


# Survival estimates for durations: Kaplan-Meier with the open cases counted as running, and its quantiles.


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
    return pl.DataFrame(
        {"time": ends, "at_risk": at_risk.astype(np.int64), "ended": n_ended.astype(np.int64)}
        | _curve(at_risk.astype(float), n_ended.astype(float))
    )


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
