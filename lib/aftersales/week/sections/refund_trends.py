"""The sections of 03-refund-trends: where refunds are going, why they are asked for, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from aftersales.charts.cohort import cohort_curves
from aftersales.charts.daily import daily_bars
from aftersales.charts.figure import Chart
from aftersales.charts.heat import HeatTable
from aftersales.charts.intervals import interval_rows, province_bars
from aftersales.charts.mix import stacked_mix
from aftersales.charts.note import Note
from aftersales.charts.reasons import reason_bars
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.charts.waterfall import waterfall
from aftersales.charts.weekly import weekly_trend
from aftersales.findings.signals import signal_headline
from aftersales.week.loading import Report
from aftersales.week.sections.shown import explorer_link, lacking, measure_trend, only, signal_rows, with_prior_year
from aftersales.week.span import HALF_YEAR_WEEKS, QUARTER_WEEKS
from aftersales.words.language import day, names

MOST_PROVINCES = 15
MOST_REASONS = 10
COST_WEEKS = 6


def answer(report: Report) -> Verdict:
    """Where the refund rate stands, by orders and by money, and the reason most asked for."""
    by_orders, by_money = (signal_rows(report, m) for m in (_leading(report), "refund_rate_money"))
    if by_orders.is_empty():
        return Verdict(only(report, report.say("refunds.nothing")), language=report.language)
    currency = report.data.shop.currency
    said = [
        signal_headline(rows.row(-1, named=True), report.language, currency=currency)
        for rows in (by_orders, by_money)
        if rows.height  # files without money have no rate of money
    ]
    points = [*(Conclusion(more) for more in said[1:]), *_reason_point(report)]
    month = _last_month(report)
    if month is not None:
        points.append(Conclusion(report.say("refunds.month", **month)))
    return Verdict(only(report, said[0]), tuple(points), language=report.language)


def _leading(report: Report) -> str:
    """The rate by week of request where the files have dates; else the one by week of payment, as counted."""
    return "refund_request_rate" if not signal_rows(report, "refund_request_rate").is_empty() else "refund_rate_orders"


def _reason_point(report: Report) -> list[Conclusion]:
    reasons = report.data.reasons
    if reasons.is_empty():
        return [] if report.data.dated else [Conclusion(report.say("refunds.undated"))]
    top = reasons.row(0, named=True)
    return [
        Conclusion(
            report.say(
                "refunds.top_reason", reason=f"reason.{top['reason']}", share=top["share_cases"], part=top["cases"],
                whole=top["whole_cases"],
            )
        )
    ]  # fmt: skip


def _last_month(report: Report) -> dict[str, object] | None:
    months = report.data.refund_rate_monthly.filter(pl.col("paid_orders") > 0)
    whole = months.filter("whole")
    if whole.is_empty():
        return None
    row = whole.row(-1, named=True)
    return {
        "month": row["cohort"], "rate": row["rate_money"], "refunded": row["refund_money"], "paid": row["paid_money"],
    }  # fmt: skip


def rate_by_request(report: Report) -> Chart | Note:
    """The refund rate by week of request: the newest week's own rate."""
    return measure_trend(
        report,
        "refund_request_rate",
        id="refund-request-rate",
        monthly=months_by_request(report),
        caption=report.say("refunds.caption_request"),
    )


def months_by_request(report: Report) -> pl.DataFrame:
    """Months of `request_rate_monthly` with the same month of the year before."""
    return with_prior_year(report.data.request_rate_monthly)


def rate_by_orders(report: Report) -> Chart | Note:
    """The refund rate by orders: six weeks, twelve months, the year before."""
    return measure_trend(
        report,
        "refund_rate_orders",
        id="refund-rate-orders",
        monthly=_months(report, "rate_orders"),
        caption=report.say("refunds.caption_orders"),
    )


def rate_by_money(report: Report) -> Chart | Note:
    """The refund rate by money."""
    return measure_trend(
        report,
        "refund_rate_money",
        id="refund-rate-money",
        monthly=_months(report, "rate_money"),
        caption=report.say("refunds.caption_money"),
    )


def _months(report: Report, rate: str) -> pl.DataFrame:
    return with_prior_year(report.data.refund_rate_monthly.select(month="cohort", value=rate))


def weeks(report: Report, *, weeks: int = HALF_YEAR_WEEKS) -> Chart:
    """The last payment weeks: orders with a refund, and the rate with its interval."""
    data = report.data
    signal = signal_rows(report, "refund_rate_orders").select("week", "mature", "verdict", "normal_low", "normal_high")
    rows = data.refund_rate_weekly.select(
        week=pl.col("cohort").dt.strftime("%G-W%V"),
        part="refund_orders",
        whole="paid_orders",
        rate="rate_orders",
        rate_low="low",
        rate_high="high",
    ).join(signal, on="week", how="left", maintain_order="left")
    trend = weekly_trend(
        rows.tail(weeks),
        id="refund-weeks",
        name=report.say("measure.refund_rate_orders"),
        count_name=report.say("refunds.refund_orders"),
        language=report.language,
        caption=report.say("refunds.caption_orders"),
    )
    return replace(trend, link=explorer_link(report, measure="refund_rate", weeks=weeks))


def cohorts(report: Report) -> Chart | Note:
    """Each payment week's refunds by age: young weeks beside older ones at the same age."""
    rows = report.data.cohorts
    if rows.is_empty():
        return lacking(report, "refunds.undated")
    shown = rows.with_columns(cohort=pl.Series([day(d, report.language) for d in rows["cohort"]], dtype=pl.String))
    return cohort_curves(
        shown.select("cohort", "age_days", "share"),
        id="refund-cohorts",
        name=report.say("measure.refund_rate_orders"),
        language=report.language,
        caption=report.say("refunds.caption_cohorts"),
    )


def without_suspected(report: Report) -> Note:
    """The quarter's rate with all orders; beside it without those that stand out by timing and shared keys alone."""
    every, without = report.data.quarter_with_and_without.iter_rows(named=True)
    if every["rate"] is None or without["rate"] is None:
        return lacking(report, "refunds.nothing")
    key = "refunds.without_suspected" if without["set_aside"] else "refunds.none_suspected"
    values = {f"all_{k}": v for k, v in every.items()} | {f"kept_{k}": v for k, v in without.items()}
    return Note(report.say(key, **values), language=report.language, look="plain")


def months(report: Report) -> Table:
    """Refunds by payment month, by orders and by money, with counts; months without an order stay as gaps."""
    rows = report.data.refund_rate_monthly.reverse()
    word = report.say
    columns = (
        Column("cohort", word("refunds.column.month"), "month", align="left"),
        Column("paid_orders", word("refunds.column.paid_orders"), "int"),
        Column("refund_orders", word("refunds.column.refund_orders"), "int"),
        Column("rate_orders", word("refunds.column.rate_orders"), "pct", strong=True),
        Column("paid_money", word("refunds.column.paid_money"), "money"),
        Column("refund_money", word("refunds.column.refund_money"), "money"),
        Column("rate_money", word("refunds.column.rate_money"), "pct", strong=True),
    )
    return Table(
        rows,
        columns,
        language=report.language,
        id="refund-months",
        currency=report.data.shop.currency,
        caption=word("refunds.caption_months"),
    )


def days(report: Report) -> Chart:
    """The last six weeks day by day; a day without a paid order is a gap."""
    rows = report.data.refund_rate_daily
    return daily_bars(
        rows.select(day="cohort", part="refund_orders", whole="paid_orders", rate="rate_orders"),
        id="refund-days",
        name=report.say("measure.refund_rate_orders"),
        count_name=report.say("refunds.paid_orders"),
        language=report.language,
        caption=report.say("refunds.caption_days"),
    )


def reasons(report: Report, *, id: str = "refund-reasons", most: int = MOST_REASONS) -> Chart | Note:
    """This week's requests by reason against the six weeks before, the ``most`` asked for."""
    rows = report.data.reasons_against_usual
    if rows.is_empty():
        return lacking(report, "refunds.no_reasons")
    shown = rows.select("reason", now="cases", usual="usual_cases", signal=pl.col("differs") & (pl.col("change") > 0))
    bars = reason_bars(shown, id=id, language=report.language, most=most, caption=report.say("refunds.caption_reasons"))
    return replace(bars, link=explorer_link(report, measure="requests"))


def requests(report: Report, *, by: str, weeks: int = HALF_YEAR_WEEKS) -> Chart | Note:
    """Requests by week, divided by phase (before shipping, in transit, after receipt), kind or reason."""
    rows = report.data.requests_by(by, weeks=weeks)  # type: ignore[arg-type]
    if rows.is_empty():
        return lacking(report, "refunds.undated")
    return stacked_mix(
        rows.select("week", part=by, count="cases"),
        id=f"refund-{by}s",
        prefix=f"{by}.",
        name=report.say("refunds.requests"),
        language=report.language,
        caption=report.say("refunds.caption_requests"),
    )


def parts(report: Report, *, by: str = "province", weeks: int = QUARTER_WEEKS) -> Chart | Note:
    """Provinces, couriers … against the whole shop, with counts and intervals; small ones drawn to the shop's rate."""
    rows = report.data.rate_by(by, weeks=weeks).filter(pl.col(by).is_not_null())
    if rows.height < 2:
        no_parts = report.say(f"refunds.parts.{by}")
        return lacking(report, "refunds.no_provinces" if by == "province" else "refunds.no_parts", parts=no_parts)
    spoken = report.data.titles if by == "product_id" else names(report.language)
    shown = rows.select(
        name=pl.col(by).replace(spoken),
        part="refund_orders",
        whole="paid_orders",
        rate="shrunk_rate",
        rate_low="shrunk_low",
        rate_high="shrunk_high",
        base="shop_rate",
    )
    what = report.say(f"refunds.parts.{by}")
    look: dict[str, Any] = {
        "id": "refund-regions", "language": report.language, "most": MOST_PROVINCES,
        "caption": report.say("refunds.caption_parts", parts=what, weeks=weeks),
    }  # fmt: skip
    if by == "province":
        bars = province_bars(shown, market=report.data.shop.market, **look)
    else:
        bars = interval_rows(shown, base_name=report.say("refunds.parts.all"), what=what, **look)
    return replace(bars, link=explorer_link(report, measure="refund_rate", weeks=weeks))


def pairs(report: Report, rows: pl.DataFrame, *, by: Sequence[str], weeks: int) -> Chart | Note:
    """Cells of two columns against all of them, with counts and intervals; ``rows`` as of `measures.refund_rate`."""
    what = " × ".join(report.say(f"refunds.parts.{one}") for one in by)
    known = rows.drop_nulls([*by, "rate_orders"]).sort("refund_orders", *by, descending=[True, False, False])
    if known.height < 2:
        return lacking(report, "refunds.no_parts", parts=what)
    spoken = [report.data.titles if one == "product_id" else names(report.language) for one in by]
    shown = known.select(
        name=pl.concat_str([pl.col(one).replace(told) for one, told in zip(by, spoken, strict=True)], separator=" × "),
        part="refund_orders",
        whole="paid_orders",
        rate="rate_orders",
        rate_low="low",
        rate_high="high",
        base=pl.col("refund_orders").sum() / pl.col("paid_orders").sum(),
    )
    return interval_rows(
        shown,
        id="refund-pairs",
        language=report.language,
        base_name=report.say("refunds.parts.all"),
        what=what,
        most=MOST_PROVINCES,
        caption=report.say("refunds.caption_pairs", parts=what, weeks=weeks),
    )


def change(report: Report) -> Chart | Note:
    """The step from last week's requests to this week's: more orders, other orders, or another rate."""
    rows = report.data.change_by_product
    if rows.is_empty():
        return lacking(report, "refunds.undated")
    parts = rows.select(pl.col("volume", "mix", "rate", "events_before", "events_after").cast(pl.Float64)).sum()
    steps = pl.DataFrame(
        {
            "step": [report.say(f"refunds.step.{p}") for p in ("volume", "mix", "rate")],
            "change": [parts[p][0] for p in ("volume", "mix", "rate")],
        }
    )
    return waterfall(
        steps,
        id="refund-change",
        language=report.language,
        name=report.say("refunds.lines"),
        start=parts["events_before"][0],
        end=parts["events_after"][0],
        form="int",
        change_form="plus",
        start_name=report.say("refunds.last_week"),
        end_name=report.say("refunds.this_week"),
        caption=report.say("refunds.caption_change"),
    )


def couriers_by_province(report: Report, *, weeks: int = QUARTER_WEEKS) -> HeatTable | Note:
    """Refund rates of provinces by courier; cells too small are muted."""
    rows = report.data.province_courier(weeks=weeks)
    if rows["few"].all():
        return lacking(report, "refunds.no_couriers")
    largest = (
        rows.group_by("province")
        .agg(pl.col("paid_orders").sum())
        .sort("paid_orders", "province", descending=[True, False])
    )
    spoken = names(report.language)
    most = largest.head(MOST_PROVINCES)["province"]
    shown = rows.filter(pl.col("province").is_in(most.implode())).select(
        row=pl.col("province").replace(spoken), column=pl.col("courier").replace(spoken), value="shrunk_rate", few="few"
    )
    top = rows.filter(~pl.col("few")).sort("shrunk_rate", "province", descending=[True, False]).row(0, named=True)
    title = report.say(
        "refunds.worst_cell",
        province=top["province"],
        courier=top["courier"],
        rate=top["shrunk_rate"],
        part=top["refund_orders"],
        whole=top["paid_orders"],
    )
    return HeatTable(
        shown,
        id="refund-couriers",
        language=report.language,
        title=title,
        form="pct",
        rows=most.replace(spoken).to_list(),
        columns=sorted(shown["column"].unique()),
        corner=report.say("refunds.column.province"),
        caption=report.say("refunds.caption_couriers", weeks=weeks),
    )


def costs(report: Report, *, weeks: int = COST_WEEKS) -> Table:
    """What refunds cost beside the money handed back, week by week, with the parts."""
    rows = report.data.costs_weekly.tail(weeks).reverse()
    word = report.say
    parts = (
        "freight_out",
        "freight_back",
        "handling",
        "goods_not_resold",
        "goods_kept",
        "freight_ledger",
        "compensation",
    )
    columns = (
        Column("cohort", word("refunds.column.week"), "date", align="left"),
        Column("cases", word("refunds.column.cases"), "int"),
        Column("refund_money", word("refunds.column.refund_money"), "money"),
        *(Column(p, word(f"refunds.cost.{p}"), "money") for p in parts),
        Column("net_loss", word("refunds.cost.net_loss"), "money", strong=True),
    )
    return Table(
        rows,
        columns,
        language=report.language,
        id="refund-costs",
        currency=report.data.shop.currency,
        caption=word("refunds.caption_costs"),
    )
