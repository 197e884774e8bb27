"""The refund rate by the week of asking, over delay-weighted exposure: the newest week's own rate, never immature.

Requests of one week come from the orders of many. Each order counts in a week by how likely a request is to come at the
age it then has, so a sales peak or a lull moves numerator and denominator alike.
"""

from __future__ import annotations

import polars as pl

from aftersales.findings.contract import SIGNAL_WEEKS
from aftersales.measures.chunks import Chunks, parts_of
from aftersales.measures.delays import delay_curve
from aftersales.measures.requests import has_refund_dates
from aftersales.measures.triangles import delay_triangle, with_stratum
from aftersales.stats.intervals import rate, wilson
from aftersales.tables.columns import Frame, steady_sum
from aftersales.words.periods import Week, week_label

MEASURE = "refund_request_rate"
# Below so many orders' worth of exposure a week is not drawn: the shop had hardly begun, or hardly sold.
LEAST_EXPOSURE = 1.0


def request_rate(orders: Chunks, refunds: Frame, *, week: Week, market: str) -> pl.DataFrame:
    """First refund requests of each week over the orders then at risk; no rows where refunds have no dates.

    Columns out: week (its Monday), events (orders that asked for the first time), exposure (orders, each weighted by
    the share of requests that come at its age), rate (0..1), low, high (Wilson 90 %). Sorted by week. Delays are those
    of the last twelve weeks, festival orders apart. Source: reference methods, section 1.

    >>> from datetime import datetime, timedelta
    >>> paid = [datetime(2026, 9, 7) + timedelta(weeks=i) for i in range(9)]
    >>> orders = pl.DataFrame({"order_id": [str(i) for i in range(9)], "paid": [10] * 9, "paid_at": paid})
    >>> refunds = pl.DataFrame({"refund_id": ["r"], "order_id": ["7"], "amount": [10], "status": ["succeeded"],
    ...     "applied_at": [paid[7] + timedelta(days=1)]})
    >>> request_rate(orders, refunds, week=Week.parse("2026-W45"), market="cn").select("events", "exposure").rows()[-2:]
    [(1, 1.0), (0, 1.0)]
    """
    if not has_refund_dates(refunds):
        return pl.DataFrame(
            schema={
                "week": pl.Date,
                "events": pl.Int64,
                "exposure": pl.Float64,
                "rate": pl.Float64,
                "low": pl.Float64,
                "high": pl.Float64,
            }
        )
    festive = [with_stratum(part, market) for part in parts_of(orders)]
    triangle = delay_triangle(festive, refunds, until=week.sunday, by=["stratum"])
    curve = delay_curve(triangle, by=["stratum"]).sort("stratum", "age")
    came = pl.col("share") - pl.col("share").shift(1, fill_value=0.0).over("stratum")
    weights = curve.select("stratum", "age", weight=came)
    at_risk = triangle.join(weights, on=["stratum", "age"], how="left").with_columns(
        week=pl.col("cohort") + pl.duration(weeks=pl.col("age"))
    )
    weeks = at_risk.group_by("week").agg(
        pl.col("events").sum(), exposure=steady_sum(pl.col("orders") * pl.col("weight").fill_null(0.0))
    )
    weeks = weeks.filter(pl.col("exposure") >= LEAST_EXPOSURE).sort("week")
    weeks = weeks.with_columns(rate=rate(pl.col("events"), pl.col("exposure")).clip(upper_bound=1))
    low, high = wilson(pl.col("rate"), pl.col("exposure"))
    return weeks.with_columns(low=low, high=high)


def as_seen(rates: pl.DataFrame, *, week: Week) -> pl.DataFrame:
    """The last sixty weeks as rows of `weekly_measures.observed_measures`."""
    first = week.shift(1 - SIGNAL_WEEKS).monday
    return rates.filter(pl.col("week") >= first).select(
        measure=pl.lit(MEASURE),
        scope=pl.lit("shop"),
        week=week_label("week"),
        unit=pl.lit("share_at_risk"),
        seen="rate",
        seen_low="low",
        seen_high="high",
        part=pl.col("events").cast(pl.Float64),
        whole="exposure",
        dated=pl.lit(True),
    )


def as_estimates(rates: pl.DataFrame) -> pl.DataFrame:
    """All weeks as rows of `estimates.weekly_estimates`: nothing is still to come, as the exposure knows the delays."""
    return rates.select(
        measure=pl.lit(MEASURE),
        scope=pl.lit("shop"),
        week="week",
        kind=pl.lit("count"),
        events=pl.col("events").cast(pl.Float64),
        exposure="exposure",
        maturity=pl.lit(1.0),
        maturity_error=pl.lit(0.0),
        value="rate",
        value_low="low",
        value_high="high",
        mature=pl.lit(True),
    )
