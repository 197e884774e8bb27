"""What each weekly measure will come to once its week is settled, ready to be judged by `measures.surveillance`.

Rates by payment week are nowcast on delay triangles, festival orders apart; hours are survival medians, which need no
nowcast. The table that comes out is both the estimate that signals show and what surveillance judges.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from aftersales.findings.weekly_measures import WEEKLY, Given
from aftersales.measures.chunks import Chunks, parts_of
from aftersales.measures.maturity_stages import MATURE_FROM
from aftersales.measures.nowcast import nowcast
from aftersales.measures.requests import has_refund_dates
from aftersales.measures.triangles import delay_triangle, with_stratum
from aftersales.tables.columns import Frame
from aftersales.words.periods import Week
from aftersales.words.promotions import festivals, promotion_of_week

# The longest history that the fullest baseline reads: five years, as `stats.farrington` does.
HISTORY_WEEKS = 260

_SCHEMA = {
    "measure": pl.String, "scope": pl.String, "week": pl.Date, "kind": pl.String, "events": pl.Float64,
    "exposure": pl.Float64, "maturity": pl.Float64, "maturity_error": pl.Float64, "value": pl.Float64,
    "value_low": pl.Float64, "value_high": pl.Float64, "mature": pl.Boolean,
}  # fmt: skip


def weekly_estimates(
    orders: Chunks, refunds: Frame, *, complaints: Frame | None = None, week: Week, market: str
) -> pl.DataFrame:
    """Every weekly measure of the shop with what it will come to, up to ``week``; empty without refund dates.

    Columns out: measure, scope ("shop"), week (Monday), kind (count or value, see `surveillance`), events (counted so
    far), exposure (paid orders times the share of delays that has passed), maturity (that share; for hours 1 where the
    median is known), value, value_low, value_high (rate 0..1 or hours, 90 %), mature (Bool). Sorted by measure, week.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [10, 20, 10],
    ...     "paid_at": [datetime(2026, 11, 2)] * 3})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["b"], "amount": [20], "kind": ["refund_only"],
    ...     "status": ["succeeded"], "applied_at": [datetime(2026, 11, 3)], "finished_at": [datetime(2026, 11, 4)]})
    >>> found = weekly_estimates(orders, refunds, week=Week.parse("2026-W46"), market="cn")
    >>> found.filter(measure="refund_rate_orders").select("week", "events", "mature").rows()
    [(datetime.date(2026, 11, 2), 1.0, False)]
    """
    until = week.sunday
    since = week.shift(1 - HISTORY_WEEKS).monday
    lately = [with_stratum(part.filter(pl.col("paid_at").dt.date() >= since), market) for part in parts_of(orders)]
    found = []
    told = {"refunds": has_refund_dates(refunds), "complaints": complaints is not None}
    given = Given(lately, refunds, complaints, ("week",), since, until)
    for name, measure in WEEKLY.items():
        if measure.counted is None or not told[measure.needs]:
            continue
        if measure.requests is not None:
            asked, money = measure.requests(refunds, complaints), measure.unit == "share_of_money"
            found.append(_rate(lately, asked, name, until=until, market=market, money=money))
        elif measure.unit == "hours" and (hours := measure.counted(given)) is not None:
            found.append(_hours(hours, name))
    known = [f for f in found if not f.is_empty()]
    if not known:
        return pl.DataFrame(schema=_SCHEMA)
    return pl.concat(known).select(list(_SCHEMA)).sort("measure", "week")


def _rate(
    festive: Chunks, refunds: Frame, measure: str, *, until: date, market: str, money: bool = False
) -> pl.DataFrame:
    by = ["stratum"]
    triangle = delay_triangle(festive, refunds, until=until, by=by, count="money" if money else "orders")
    unit = _typical(refunds) if money else 1.0
    cohorts = nowcast(triangle, by=by, unit=unit, set_aside=_pauses(triangle, market))
    width = [(pl.col("value") - pl.col("low")), (pl.col("high") - pl.col("value"))]
    weeks = cohorts.group_by("cohort", maintain_order=True).agg(
        pl.col("orders", "seen", "value").sum(),
        exposure=(pl.col("orders") * pl.col("maturity")).sum(),
        # the strata's errors are their own: they add in squares
        below=width[0].pow(2).sum().sqrt(),
        above=width[1].pow(2).sum().sqrt(),
        # past nowcasts missed what was to come by one part in the root of their size, beyond the scatter of counts
        exposure_rse=(pl.col("orders") * pl.col("maturity") * (1 - pl.col("maturity")) / pl.col("size").sqrt())
        .pow(2)
        .sum()
        .sqrt(),
        unknown=pl.col("maturity").is_null().any(),
    )
    share = pl.col("value") / pl.col("orders")
    maturity = pl.when(~pl.col("unknown"), pl.col("orders") > 0).then(pl.col("exposure") / pl.col("orders"))
    return weeks.select(
        measure=pl.lit(measure),
        scope=pl.lit("shop"),
        week="cohort",
        kind=pl.lit("value" if money else "count"),
        events=pl.col("seen").cast(pl.Float64),
        exposure=pl.col("exposure").cast(pl.Float64),
        maturity=maturity.clip(0, 1),
        maturity_error=pl.when(pl.col("exposure") > 0).then(pl.col("exposure_rse") / pl.col("exposure")),
        value=pl.when(pl.col("orders") > 0).then(share.clip(0, 1)),
        value_low=pl.when(pl.col("orders") > 0).then((share - pl.col("below") / pl.col("orders")).clip(0, 1)),
        value_high=pl.when(pl.col("orders") > 0).then((share + pl.col("above") / pl.col("orders")).clip(0, 1)),
        mature=(maturity >= MATURE_FROM).fill_null(value=False),
    )


def _pauses(triangle: pl.DataFrame, market: str) -> list[date]:
    """The weeks in which the market's couriers pause (Spring Festival): nothing is learnt from them."""
    cohorts = triangle["cohort"].unique().to_list()
    pauses = {name for name, festival in festivals(market).items() if festival.pause}
    return [c for c in cohorts if pauses and promotion_of_week(Week(c), market) in pauses]


def _typical(refunds: Frame) -> float:
    """The money of one typical request, so that the spread of money is judged in requests."""
    # whole cents: the mean of floats differs in its last digit with the number of cores
    cents = (pl.col("amount") * 100).round().cast(pl.Int64)
    total, known = refunds.lazy().select(cents.sum(), known=cents.count()).collect().row(0)
    return total / known / 100 if total else 1.0


def _hours(hours: pl.DataFrame, measure: str) -> pl.DataFrame:
    known = pl.col("median_hours").is_not_null() & pl.col("median_high").is_not_null()
    return hours.select(
        measure=pl.lit(measure),
        scope=pl.lit("shop"),
        week="cohort",
        kind=pl.lit("value"),
        events=pl.col("closed").cast(pl.Float64),
        exposure=pl.col("cases").cast(pl.Float64),
        maturity=pl.when(known).then(1.0).otherwise(0.0),
        maturity_error=pl.lit(0.0),
        value="median_hours",
        value_low="median_low",
        value_high="median_high",
        mature=known,
    )
