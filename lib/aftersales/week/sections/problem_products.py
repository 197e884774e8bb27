"""The sections of 05-problem-products: which products come back too often, since when, why, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from aftersales.charts.figure import Chart
from aftersales.charts.funnel_plot import funnel_plot
from aftersales.charts.markup import anchor
from aftersales.charts.note import Note
from aftersales.charts.reasons import reason_bars
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.charts.weekly import weekly_trend
from aftersales.findings.product_counts import ALL, KEY
from aftersales.findings.product_rates import POINTS
from aftersales.findings.products import compared_with, kind_words, product_name, with_product_headlines
from aftersales.measures.maturity_stages import SHOWN_FROM
from aftersales.measures.triangles import ANY
from aftersales.tables.columns import known_total
from aftersales.week.loading import Report
from aftersales.week.result import Result
from aftersales.week.sections.shown import explorer_address, lacking, only
from aftersales.words.errors import unknown
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


@dataclass(frozen=True, eq=False, repr=False)
class ProblemProducts(Result):
    """Which products come back too often: the list, and its sections of the page.

    All products are judged together; ``category`` shows the list of one, ``top`` so many rows.
    """

    report: Report
    category: str = ""
    top: int = MOST_ROWS

    @cached_property
    def table(self) -> pl.DataFrame:
        """The list, most money first (`findings.products.problem_products`); headlines in the report's language."""
        rows = with_product_headlines(
            self.report.data.problem_products, language=self.report.language, currency=self.report.data.shop.currency
        )
        return self._of_category(rows)

    def _of_category(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of products of the category; all where none is chosen."""
        if not self.category:
            return rows
        views = pl.concat([self.report.data.product_views, self.report.data.product_views_before])
        known = views["category"].unique().drop_nulls().sort()
        if self.category not in known:
            raise unknown("category of products called", self.category, known)
        mine = views.filter(pl.col("category") == self.category)["product_id"].unique()
        return rows.filter(pl.col("product_id").is_in(mine.implode()))

    @property
    def definition(self) -> str:
        """How rates, intervals and money of the list are measured."""
        return self.report.say("products.caption_ranking")

    @property
    def caveats(self) -> tuple[str, ...]:
        """How many of the list may be ordinary, and what the files could not tell."""
        return (self.declared().text,)

    def plot(self) -> Chart | Note:
        """The funnel: all products by size and rate."""
        return self.funnel()

    def shown(self) -> tuple[Any, ...]:
        """The answer and the list."""
        return self.answer(), self.ranking()

    def answer(self) -> Verdict:
        """How many products come back too often, how few of them hold most of the money, and what to do first."""
        rows = self.table
        if rows.is_empty():
            none = self.report.say(f"products.{_why_empty(self.report)}")
            return Verdict(only(self.report, none, self.category), language=self.report.language)
        money = rows["money_at_stake"].cast(pl.Float64)
        whole = known_total(money)
        top = (
            min(int((money.fill_null(0).cum_sum() < (whole or 0) / 2).sum()) + 1, rows.height) if whole else rows.height
        )
        share = float(money.head(top).sum()) / whole if whole else 0.0
        key = "products.verdict" if top < rows.height else "products.verdict_all"
        headline = self.report.say(
            key, count=rows.height, excess=rows["excess_refunds"].sum(), money=whole, top=top, share=share
        )
        told = rows.head(MOST_CARDS).iter_rows(named=True)
        points = [Conclusion(row["headline"], do=self.report.say(_do(row))) for row in told]
        return Verdict(only(self.report, headline, self.category), tuple(points), language=self.report.language)

    def funnel(self) -> Chart | Note:
        """All products by size and rate, and the curve from which on one is listed."""
        found = self.report.data.product_funnel
        if found.points.is_empty():
            return lacking(self.report, f"products.{_why_empty(self.report)}")
        rows, points = self.table, self._of_category(found.points)
        inside = rows.join(points.filter("outside"), on="product_id", how="anti").height
        caption = [
            self.report.say("products.caption_funnel", worse=f"{self.report.data.options.worse_than:g}", points=POINTS)
        ]
        caption += [self.report.say("products.caption_inside", count=inside)] if inside else []
        return funnel_plot(
            points,
            found.limits,
            id="product-funnel",
            language=self.report.language,
            what=self.report.say("products.what"),
            centre=found.centre,
            caption=run_on(caption, self.report.language),
        )

    def ranking(self) -> Table:
        """The list, most money first: rate with interval against the expected, weeks, reason, money, since, state."""
        rows = _worded(self.report, self.table)
        shown = rows.head(self.top).with_columns(
            orders_behind=self._orders_behind(self.table.head(self.top)),
            place=_places(rows.head(self.top)),
        )
        word = self.report.say
        aside = rows["orders_set_aside"].sum() > 0
        columns = (
            Column("name", word("products.column.name"), below="view", href="orders_behind"),
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
            shown,
            columns,
            language=self.report.language,
            id="product-ranking",
            total=rows.height,
            currency=self.report.data.shop.currency,
            empty=self.report.say(f"products.{_why_empty(self.report)}"),
            caption=word("products.caption_ranking"),
            anchor="place",
        )

    def _orders_behind(self, rows: pl.DataFrame) -> pl.Series:
        """The address at which the explorer shows each row's product over the weeks that products are judged by."""
        weeks = self.report.data.options.product_weeks
        reasons = rows["reason"] if "reason" in rows.columns else [ANY] * rows.height
        links = [
            explorer_address(
                self.report,
                weeks=weeks,
                measure="refund_rate",
                product=product,
                **({} if reason == ANY else {"reason": reason}),
            )
            for product, reason in zip(rows["product_id"], reasons, strict=True)
        ]
        return pl.Series(links, dtype=pl.String)

    def cards(self) -> Stack | Note:
        """For the first products of the list: since when, and for which reasons."""
        rows = self.table.head(MOST_CARDS)
        if rows.is_empty():
            return lacking(self.report, f"products.{_why_empty(self.report)}")
        charts: list[Chart] = []
        for row, place in zip(rows.iter_rows(named=True), _places(rows), strict=True):
            charts.append(_onset(self.report, row, place))
            reasons = _reasons(self.report, row, place)
            charts += [reasons] if reasons else []
        return Stack(charts)

    def splits(self) -> Table | Note:
        """The SKUs and batches of each listed product with intervals: which of them explains it."""
        rows = self.table.head(self.top)
        views = self.report.data.product_views.filter(pl.col("against") == "category", pl.col("level") != "product")
        ranks = rows.with_row_index("rank").select("rank", "product_id", "reason", lead="batch", lead_sku="sku")
        found = views.join(ranks, on=["product_id", "reason"]).filter(pl.col("orders") > 0)
        if found.is_empty():
            return lacking(self.report, "products.no_splits")
        most = pl.col("excess").rank("ordinal", descending=True).over("rank", "level") <= MOST_SPLITS
        explains = (pl.col("batch") == pl.col("lead")) | (pl.col("sku") == pl.col("lead_sku"))
        shown = found.filter(most).sort("rank", "level", "rate", descending=[False, False, True])
        total, shown = shown.height, shown.head(MOST_SPLIT_ROWS)
        shown = shown.with_columns(
            split=pl.coalesce("batch", "sku"),
            level_word=pl.concat_str(pl.lit("products.split."), "level"),
            explains=pl.when(explains.fill_null(value=False)).then(pl.lit(self.report.say("products.explains"))),
            counts=pl.Series(
                [
                    self.report.say("products.counts", **r)
                    for r in shown.select("refunds", "orders").iter_rows(named=True)
                ],
                dtype=pl.String,
            ),
        )
        word = self.report.say
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
            shown,
            columns,
            language=self.report.language,
            id="product-splits",
            total=total,
            caption=word("products.caption_splits", weeks=self.report.data.options.product_weeks),
        )

    def gone(self) -> Table | Note:
        """What was on last week's list and is not on this one."""
        rows = self._of_category(self.report.data.gone_products)
        if rows.is_empty():
            return lacking(self.report, "products.none_gone")
        word = self.report.say
        columns = (
            Column("title", word("products.column.name")),
            Column("rate_before", word("products.column.rate_before"), "pct"),
            Column("rate", word("products.column.rate_now"), "bar", low="rate_low", high="rate_high",
                   usual="expected_rate"),
            Column("orders", word("products.column.orders"), "int"),
        )  # fmt: skip
        return Table(
            rows, columns, language=self.report.language, id="products-gone", caption=word("products.caption_gone")
        )

    def too_small(self) -> Table | Note:
        """Products too small to be judged, listed apart."""
        rows = self._of_category(self.report.data.unjudged_products)
        if rows.is_empty():
            return lacking(
                self.report, "products.none_small" if self.report.data.product_views.height else "products.undated"
            )
        word = self.report.say
        columns = (
            Column("title", word("products.column.name"), href="orders_behind"),
            Column("orders", word("products.column.orders"), "int"),
            Column("refunds", word("products.column.refunds"), "int"),
            Column("expected_rate", word("products.column.expected"), "pct"),
        )
        shown = rows.head(self.top)
        return Table(
            shown.with_columns(orders_behind=self._orders_behind(shown)),
            columns,
            language=self.report.language,
            id="products-small",
            total=rows.height,
            caption=word("products.caption_small"),
        )

    def declared(self) -> Note:
        """How many of the list are expected to be ordinary, and what the shop's files could not tell."""
        rows, views = self.table, self.report.data.product_views
        said = []
        if not rows.is_empty():
            share = 1 - float(rows["probability_worse"].mean())  # type: ignore[arg-type]
            said.append(
                self.report.say(
                    "products.declared",
                    count=rows.height,
                    ordinary=share * rows.height,
                    share=share,
                    target=self.report.data.options.fdr,
                )
            )
        if views.is_empty():
            said.append(self.report.say(f"products.{_why_empty(self.report)}"))
        elif (views["category"] == ALL).all():
            said.append(self.report.say("products.no_category"))
        aside = int(rows["orders_set_aside"].sum())
        said += [self.report.say("products.aside", count=aside)] if aside else []
        if not said:
            said.append(self.report.say("products.none"))
        return Note(run_on(said, self.report.language), language=self.report.language, look="plain")


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


def _worded(report: Report, rows: pl.DataFrame) -> pl.DataFrame:
    """The list with its names, views and states in the report's words."""
    names = [product_name(row, report.language) for row in rows.iter_rows(named=True)]
    seen = [_view(report, row) for row in rows.iter_rows(named=True)]
    counts = [report.say("products.counts", **row) for row in rows.select("refunds", "orders").iter_rows(named=True)]
    states = [report.say(f"products.state.{state}") for state in rows["state"]]
    return rows.with_columns(
        name=pl.Series(names, dtype=pl.String),
        view=pl.Series(seen, dtype=pl.String),
        counts=pl.Series(counts, dtype=pl.String),
        state_word=pl.Series(states, dtype=pl.String),
        tone=pl.col("state").replace_strict(_TONE, return_dtype=pl.String),
        fires=pl.lit(value=True),
        begun=_said(report, "products.begun", since=rows["since"]),
        too_many=_said(report, "products.too_many", excess=rows["excess_refunds"]),
        sure=_said(report, "products.sure", share=rows["probability_worse"]),
    )


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
    parts.append(
        report.say(
            f"products.against.{compared_with(row)}",
            words=words,
            count=row["like_products"],
            age=row["like_weeks"],
            weeks=report.data.options.product_weeks,
        )
    )
    return ("，" if report.language == "zh" else ", ").join(parts)


def _places(rows: pl.DataFrame) -> pl.Series:
    """The id of each row's place on a page: of its product, which is on the list once."""
    return pl.Series([anchor("product", product) for product in rows["product_id"]], dtype=pl.String)


def _onset(report: Report, row: dict[str, Any], place: str) -> Chart:
    weeks = report.data.problem_product_weeks.filter(pl.col("product_id") == row["product_id"])
    # where less than a fifth has had time to come, a week's rate is nothing but its interval
    told = pl.col("exposure") >= SHOWN_FROM * pl.col("orders")
    weeks = weeks.with_columns(pl.when(told).then(pl.col(c)).alias(c) for c in ("rate", "low", "high"))
    since = row["since"]
    later = pl.lit(value=False) if since is None else pl.col("week") >= since
    shown = weeks.select(
        "week",
        "rate",
        "mature",
        part="refunds",
        whole="orders",
        rate_low="low",
        rate_high="high",
        verdict=pl.when(later).then(pl.lit("above")).otherwise(pl.lit("routine")),
    )
    key = "products.onset" if since else "products.onset_unseen"
    name = product_name(row, report.language)
    about = "measure.refund_rate_orders" if row["reason"] == ANY else "products.rate_of_reason"
    return weekly_trend(
        shown,
        id=f"weeks-of-{place}",
        language=report.language,
        title=report.say(key, name=name, since=since),
        name=report.say(about, reason=f"reason.{row['reason']}"),
        count_name=report.say("products.asked"),
        caption=report.say("products.caption_onset"),
    )


def _reasons(report: Report, row: dict[str, Any], place: str) -> Chart | None:
    """Requests by reason in the view's own orders, against what its category lets expect of as many orders."""
    views = report.data.product_views.filter(pl.col("against") == "category", pl.col("reason") != ANY)
    own = views.filter(*(pl.col(c).eq_missing(pl.lit(row[c], dtype=pl.String)) for c in KEY))
    if own.is_empty():
        return None
    shown = own.select("reason", now="refunds", usual=pl.col("exposure") * pl.col("expected_rate"), signal="fires")
    return reason_bars(
        shown,
        id=f"reasons-of-{place}",
        language=report.language,
        usual_name=report.say("products.usual_reason"),
        title=report.say("products.reasons_of", name=product_name(row, report.language)),
        caption=report.say("products.caption_reasons", weeks=report.data.options.product_weeks),
    )
