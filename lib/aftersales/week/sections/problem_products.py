"""The sections of 05-problem-products: which products come back too often, since when, why, and what that costs."""

from __future__ import annotations

from typing import Any

import polars as pl

from aftersales.charts.figure import Chart
from aftersales.charts.funnel_plot import funnel_plot
from aftersales.charts.note import Note
from aftersales.charts.reasons import reason_bars
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.charts.weekly import weekly_trend
from aftersales.findings.product_counts import ALL, KEY
from aftersales.findings.product_rates import POINTS
from aftersales.findings.products import compared_with, kind_words, product_name, with_product_headlines
from aftersales.measures.false_discoveries import TARGET
from aftersales.measures.maturity_stages import SHOWN_FROM
from aftersales.measures.shrinkage import WORSE
from aftersales.measures.triangles import ANY
from aftersales.tables.columns import known_total
from aftersales.week.loading import Report
from aftersales.week.sections.shown import lacking
from aftersales.words.language import run_on

# Each shown product costs the reader two charts; the rest stand in the tables.
MOST_CARDS = 3
MOST_ROWS = 20
MOST_SPLITS = 6  # SKUs and batches shown a product, those with most excess first
MOST_SPLIT_ROWS = (
    24  # of all products together, those of the first products: a page must stay light in a large shop too
)
_TONE = {"new": "signal", "still": "plain", "better": "good"}
_DONE_BY_REASON = ("size", "quality", "not_as_described", "damaged", "missing_or_empty", "wrong_item")


def answer(report: Report) -> Verdict:
    """How many products come back too often, how few of them hold most of the money, and what to do first."""
    rows = report.data.problem_products
    if rows.is_empty():
        return Verdict(report.say(f"products.{_why_empty(report)}"), language=report.language)
    money = rows["money_at_stake"].cast(pl.Float64)
    whole = known_total(money)
    top = min(int((money.fill_null(0).cum_sum() < (whole or 0) / 2).sum()) + 1, rows.height) if whole else rows.height
    share = float(money.head(top).sum()) / whole if whole else 0.0
    key = "products.verdict" if top < rows.height else "products.verdict_all"
    headline = report.say(
        key, count=rows.height, excess=rows["excess_refunds"].sum(), money=whole, top=top, share=share
    )
    told = with_product_headlines(rows.head(MOST_CARDS), language=report.language, currency=report.data.shop.currency)
    points = [Conclusion(row["headline"], do=report.say(_do(row))) for row in told.iter_rows(named=True)]
    return Verdict(headline, tuple(points), language=report.language)


def _why_empty(report: Report) -> str:
    """Why the list is empty: no dates, nothing to judge by, or nothing found."""
    if not report.data.dated:
        return "undated"
    return "none" if report.data.product_views["enough"].any() else "too_little"


def _do(row: dict[str, Any]) -> str:
    if row["batch"]:
        return "products.do.batch"
    known = row["main_reason"] in _DONE_BY_REASON
    return f"products.do.{row['main_reason'] if known else 'other'}"


def funnel(report: Report) -> Chart | Note:
    """All products by size and rate, and the curve from which on one is listed."""
    found = report.data.product_funnel
    if found.points.is_empty():
        return lacking(report, f"products.{_why_empty(report)}")
    rows = report.data.problem_products
    inside = rows.join(found.points.filter("outside"), on="product_id", how="anti").height
    caption = [report.say("products.caption_funnel", worse=WORSE, points=POINTS)]
    caption += [report.say("products.caption_inside", count=inside)] if inside else []
    return funnel_plot(
        found.points, found.limits, id="product-funnel", language=report.language, what=report.say("products.what"),
        centre=found.centre, caption=run_on(caption, report.language),
    )  # fmt: skip


def _worded(report: Report, rows: pl.DataFrame) -> pl.DataFrame:
    """The list with its names, views and states in the report's words."""
    names = [product_name(row, report.language) for row in rows.iter_rows(named=True)]
    seen = [_view(report, row) for row in rows.iter_rows(named=True)]
    counts = [report.say("products.counts", **row) for row in rows.select("refunds", "orders").iter_rows(named=True)]
    states = [report.say(f"products.state.{state}") for state in rows["state"]]
    return rows.with_columns(
        name=pl.Series(names, dtype=pl.String), view=pl.Series(seen, dtype=pl.String),
        counts=pl.Series(counts, dtype=pl.String), state_word=pl.Series(states, dtype=pl.String),
        tone=pl.col("state").replace_strict(_TONE, return_dtype=pl.String), fires=pl.lit(value=True),
        begun=_said(report, "products.begun", since=rows["since"]),
        too_many=_said(report, "products.too_many", excess=rows["excess_refunds"]),
sure=_said(report, "products.sure", share=rows["probability_worse"]),
    )  # fmt: skip


def _said(report: Report, key: str, **column: pl.Series) -> pl.Series:
    """One sentence a value of the column, null where the value is."""
    ((name, values),) = column.items()
    return pl.Series([None if v is None else report.say(key, **{name: v}) for v in values], dtype=pl.String)


def _view(report: Report, row: dict[str, Any]) -> str:
    """What the row's rate is of: the batch, SKU or product, all requests or one reason, against what."""
    parts = [report.say(f"products.level.{row['level']}", batch=row["batch"], options=row["options"])]
    if row["reason"] != ANY:
        parts.append(report.say("products.of_reason", reason=f"reason.{row['reason']}"))
    words = kind_words(row, report.language)
    parts.append(report.say(f"products.against.{compared_with(row)}", words=words, count=row["like_products"]))
    return ("，" if report.language == "zh" else ", ").join(parts)


def ranking(report: Report) -> Table:
    """The list, most money first: rate with interval against the expected, eight weeks, reason, money, since, state."""
    rows = _worded(report, report.data.problem_products)
    word = report.say
    aside = rows["orders_set_aside"].sum() > 0
    columns = (
        Column("name", word("products.column.name"), below="view"),
        Column("state_word", word("products.column.state"), "chip", tone="tone", below="sure"),
        Column("rate", word("products.column.rate"), "pct", strong=True, below="counts"),
        Column("rate", word("products.column.interval"), "bar", low="rate_low", high="rate_high",
               usual="expected_rate", signal="fires"),
        *([Column("rate_set_aside", word("products.column.rate_set_aside"), "pct")] if aside else []),
        Column("weekly_rate", word("products.column.weeks"), "spark", signal="fires"),
        Column("main_reason", word("products.column.reason"), "word", prefix="reason.", below="begun"),
        Column("money_at_stake", word("products.column.money"), "money", strong=True, below="too_many"),
    )  # fmt: skip
    return Table(
        rows.head(MOST_ROWS), columns, language=report.language, id="product-ranking", total=rows.height,
        currency=report.data.shop.currency, empty=report.say(f"products.{_why_empty(report)}"),
        caption=word("products.caption_ranking"),
    )  # fmt: skip


def cards(report: Report) -> Stack | Note:
    """For the first products of the list: since when, and for which reasons."""
    rows = report.data.problem_products.head(MOST_CARDS)
    if rows.is_empty():
        return lacking(report, f"products.{_why_empty(report)}")
    charts: list[Chart] = []
    for rank, row in enumerate(rows.iter_rows(named=True), start=1):
        charts.append(_onset(report, row, rank))
        reasons = _reasons(report, row, rank)
        charts += [reasons] if reasons else []
    return Stack(charts)


def _onset(report: Report, row: dict[str, Any], rank: int) -> Chart:
    weeks = report.data.problem_product_weeks.filter(pl.col("product_id") == row["product_id"])
    # where less than a fifth has had time to come, a week's rate is nothing but its interval
    told = pl.col("exposure") >= SHOWN_FROM * pl.col("orders")
    weeks = weeks.with_columns(pl.when(told).then(pl.col(c)).alias(c) for c in ("rate", "low", "high"))
    since = row["since"]
    later = pl.lit(value=False) if since is None else pl.col("week") >= since
    shown = weeks.select(
        "week", "rate", "mature", part="refunds", whole="orders", rate_low="low", rate_high="high",
        verdict=pl.when(later).then(pl.lit("above")).otherwise(pl.lit("routine")),
    )  # fmt: skip
    key = "products.onset" if since else "products.onset_unseen"
    name = product_name(row, report.language)
    about = "measure.refund_rate_orders" if row["reason"] == ANY else "products.rate_of_reason"
    return weekly_trend(
        shown, id=f"product-weeks-{rank}", language=report.language, title=report.say(key, name=name, since=since),
        name=report.say(about, reason=f"reason.{row['reason']}"), count_name=report.say("products.asked"),
        caption=report.say("products.caption_onset"),
    )  # fmt: skip


def _reasons(report: Report, row: dict[str, Any], rank: int) -> Chart | None:
    """Requests by reason in the view's own orders, against what its category lets expect of as many orders."""
    views = report.data.product_views.filter(pl.col("against") == "category", pl.col("reason") != ANY)
    own = views.filter(*(pl.col(c).eq_missing(pl.lit(row[c], dtype=pl.String)) for c in KEY))
    if own.is_empty():
        return None
    shown = own.select(
        "reason", now="refunds", usual=pl.col("exposure") * pl.col("expected_rate"), signal="fires"
    )  # fmt: skip
    return reason_bars(
        shown, id=f"product-reasons-{rank}", language=report.language, usual_name=report.say("products.usual_reason"),
        title=report.say("products.reasons_of", name=product_name(row, report.language)),
        caption=report.say("products.caption_reasons"),
    )  # fmt: skip


def splits(report: Report) -> Table | Note:
    """The SKUs and batches of each listed product with intervals: which of them explains it."""
    rows = report.data.problem_products.head(MOST_ROWS)
    views = report.data.product_views.filter(pl.col("against") == "category", pl.col("level") != "product")
    ranks = rows.with_row_index("rank").select("rank", "product_id", "reason", lead="batch", lead_sku="sku")
    found = views.join(ranks, on=["product_id", "reason"]).filter(pl.col("orders") > 0)
    if found.is_empty():
        return lacking(report, "products.no_splits")
    most = pl.col("excess").rank("ordinal", descending=True).over("rank", "level") <= MOST_SPLITS
    explains = (pl.col("batch") == pl.col("lead")) | (pl.col("sku") == pl.col("lead_sku"))
    shown = found.filter(most).sort("rank", "level", "rate", descending=[False, False, True])
    total, shown = shown.height, shown.head(MOST_SPLIT_ROWS)
    shown = shown.with_columns(
        split=pl.coalesce("batch", "sku"), level_word=pl.concat_str(pl.lit("products.split."), "level"),
        explains=pl.when(explains.fill_null(value=False)).then(pl.lit(report.say("products.explains"))),
        counts=pl.Series([report.say("products.counts", **r) for r in
                          shown.select("refunds", "orders").iter_rows(named=True)], dtype=pl.String),
    )  # fmt: skip
    word = report.say
    columns = (
        Column("title", word("products.column.name")),
        Column("level_word", word("products.column.split"), "word"),
        Column("split", word("products.column.which"), below="explains"),
        Column("rate", word("products.column.rate"), "pct", strong=True, below="counts"),
        Column("rate", word("products.column.interval"), "bar", low="rate_low", high="rate_high",
               usual="expected_rate", signal="fires"),
        Column("excess", word("products.column.excess"), "num1"),
    )  # fmt: skip
    return Table(
        shown, columns, language=report.language, id="product-splits", total=total,
        caption=word("products.caption_splits"),
    )  # fmt: skip


def gone(report: Report) -> Table | Note:
    """What was on last week's list and is not on this one."""
    rows = report.data.gone_products
    if rows.is_empty():
        return lacking(report, "products.none_gone")
    word = report.say
    columns = (
        Column("title", word("products.column.name")),
        Column("rate_before", word("products.column.rate_before"), "pct"),
        Column("rate", word("products.column.rate_now"), "bar", low="rate_low", high="rate_high",
               usual="expected_rate"),
        Column("orders", word("products.column.orders"), "int"),
    )  # fmt: skip
    return Table(rows, columns, language=report.language, id="products-gone", caption=word("products.caption_gone"))


def too_small(report: Report) -> Table | Note:
    """Products too small to be judged, listed apart."""
    rows = report.data.unjudged_products
    if rows.is_empty():
        return lacking(report, "products.none_small" if report.data.product_views.height else "products.undated")
    word = report.say
    columns = (
        Column("title", word("products.column.name")),
        Column("orders", word("products.column.orders"), "int"),
        Column("refunds", word("products.column.refunds"), "int"),
        Column("expected_rate", word("products.column.expected"), "pct"),
    )
    return Table(
        rows.head(MOST_ROWS), columns, language=report.language, id="products-small", total=rows.height,
        caption=word("products.caption_small"),
    )  # fmt: skip


def declared(report: Report) -> Note:
    """How many of the list are expected to be ordinary, and what the shop's files could not tell."""
    rows, views = report.data.problem_products, report.data.product_views
    said = []
    if not rows.is_empty():
        share = float(rows["false_share"][0])
        said.append(
            report.say("products.declared", count=rows.height, ordinary=share * rows.height, share=share, target=TARGET)
        )
    if views.is_empty():
        said.append(report.say(f"products.{_why_empty(report)}"))
    elif (views["category"] == ALL).all():
        said.append(report.say("products.no_category"))
    aside = int(rows["orders_set_aside"].sum())
    said += [report.say("products.aside", count=aside)] if aside else []
    if not said:
        said.append(report.say("products.none"))
    return Note(run_on(said, report.language), language=report.language, look="plain")
