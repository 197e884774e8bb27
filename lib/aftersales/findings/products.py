"""problem_products: which products come back more than they should, since when, why, and what that costs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import polars as pl

from aftersales.findings.contract import contract_of
from aftersales.findings.finding import BETTER_FROM
from aftersales.findings.product_counts import ALL, KEY, ProductCounts, product_counts
from aftersales.findings.product_views import product_views
from aftersales.findings.product_weeks import onsets, product_weeks
from aftersales.measures.triangles import ANY
from aftersales.stats.false_discoveries import TARGET
from aftersales.stats.shrinkage import WORSE
from aftersales.tables.columns import MONEY, Frame
from aftersales.words.language import Language, say
from aftersales.words.periods import Week

# The eight weeks a sparkline can show at the size of a word.
SPARK_WEEKS = 8
# What a refund costs beside the money: freight and handling by the case, goods that cannot be sold again by the money.
# Goods refunded and kept are not added: the money handed back is what they cost already.
_BY_CASE = ("freight_out", "freight_back", "handling")

_COLUMNS: dict[str, Any] = {
    **contract_of("problem_products"),
    "level": pl.String, "sku": pl.String, "batch": pl.String, "against": pl.String, "reason": pl.String,
    "first": pl.Date, "exposure": pl.Float64, "views": pl.List(pl.String), "state": pl.String,
    "cost_per_refund": pl.Float64, "false_share": pl.Float64, "orders_set_aside": pl.Int64,
    "rate_set_aside": pl.Float64, "probability_set_aside": pl.Float64, "weekly_rate": pl.List(pl.Float64),
    "options": pl.String, "like_words": pl.List(pl.String), "like_products": pl.Int64, "like_weeks": pl.Int64,
}  # fmt: skip
PRODUCTS_SCHEMA = pl.Schema(_COLUMNS)


def problem_products(
    orders: Frame,
    refunds: Frame,
    *,
    week: Week,
    market: str,
    language: Language = "zh",
    currency: str = "CNY",
    worse: float = WORSE,
    target: float = TARGET,
    costs: pl.DataFrame | None = None,
    set_aside: Collection[str] | Frame | None = None,
    counts: ProductCounts | None = None,
    views: pl.DataFrame | None = None,
    before: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The rows of problem_products.parquet: products whose refund rate is worse than ``worse`` times the expected.

    Each product stands once, with the view that explains it best (`product_views`): of a batch, a SKU or the whole
    product; all requests or one reason; the last twelve weeks against its category's other products, or the last four
    against its own past. About ``target`` of the list is expected to be ordinary. Rates are first requests over orders
    that have had time to ask; ``rate`` is drawn towards the ordinary as far as small counts leave it open.

    ``costs`` (of `refund_costs`, any weeks) adds freight, handling and goods lost to the refunded money; without it
    money_at_stake is refunded money alone. ``set_aside`` names orders suspected to be malicious: rates keep them,
    rate_set_aside does not, and a product that is ordinary without them is not listed. ``counts``, ``views`` (of this
    week) and ``before`` (of the week before) are computed where they are not handed in.

    Columns out: the contract's; then level, sku, batch (of the view), against, reason (any, or the one), first (Date
    from which orders are counted), exposure (matured orders), views (all that fired, as text), state (new, still,
    better, against last week), cost_per_refund, false_share (of the whole list), orders_set_aside, rate_set_aside,
    probability_set_aside, weekly_rate (eight weeks), options (the SKU's own words), like_words and
    like_products (title words of the products it is compared with, and how many these are), like_weeks (where these are
    launches: so many first weeks of theirs). Most money first.
    main_reason is a code of the vocabulary, null where no reason is recorded; since is null where no step is seen. No
    rows where refunds have no dates.

    >>> orders = pl.DataFrame(schema={"order_id": pl.String, "paid": pl.Float64, "paid_at": pl.Datetime})
    >>> refunds = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String, "applied_at": pl.Datetime})
    >>> problem_products(orders, refunds, week=Week.parse("2026-W46"), market="cn").columns[:3]
    ['product_id', 'title', 'category']
    """
    if views is None or counts is None:
        counts = product_counts(orders, refunds, week=week, market=market)
        views = product_views(
            orders, refunds, week=week, market=market, worse=worse, target=target, counts=counts, set_aside=set_aside
        )
    if before is None:
        before = product_views(
            orders, refunds, week=week.shift(-1), market=market, worse=worse, target=target, set_aside=set_aside
        )
    rows = listed(views)
    if rows.is_empty():
        return pl.DataFrame(schema=PRODUCTS_SCHEMA)
    rows = _with_options(rows, counts)
    rows = with_money(_with_since(_with_reason(rows, views, counts), counts, week=week), costs)
    fired = views.filter("fires").group_by("product_id").agg(views=_spelt().sort())
    rows = rows.join(fired, on="product_id", how="left", maintain_order="left")
    rows = _with_state(rows, listed(before)).with_columns(false_share=1 - pl.col("probability_worse").mean())
    rows = rows.rename({"excess": "excess_refunds"}).with_columns(headline=pl.lit(None, dtype=pl.String))
    rows = rows.sort("money_at_stake", "product_id", descending=[True, False], nulls_last=True)
    return with_product_headlines(
        rows.select(list(PRODUCTS_SCHEMA)).cast(dict(PRODUCTS_SCHEMA)),  # type: ignore[arg-type]
        language=language,
        currency=currency,
    )


def listed(views: pl.DataFrame) -> pl.DataFrame:
    """The leading views of the products on the list."""
    return views.filter("flagged", "leads")


def gone_products(views: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Products on last week's list that are not on this week's, with their view's figures then and now.

    Columns out: product_id, title, level, sku, batch, against, reason, rate_before, expected_before, rate, rate_low,
    rate_high, expected_rate, orders (null where nothing is left of it in the window). Sorted by product_id.
    """
    key = [*KEY, "against", "reason"]
    left = listed(before).join(listed(views), on="product_id", how="anti")
    now = views.select(*key, "rate", "rate_low", "rate_high", "expected_rate", "orders")
    past = left.select(*key, "title", rate_before="rate", expected_before="expected_rate")
    found = past.join(now, on=key, how="left", nulls_equal=True)
    return found.select(
        "product_id",
        "title",
        *key[:1],
        *key[2:],
        "rate_before",
        "expected_before",
        "rate",
        "rate_low",
        "rate_high",
        "expected_rate",
        "orders",
    ).sort("product_id")


def unjudged_products(views: pl.DataFrame) -> pl.DataFrame:
    """Products too small to judge: no three requests seen, and none to be expected of a worse one.

    Columns out: product_id, title, category, orders, refunds, expected_rate. Most requests first, then orders.
    """
    whole = views.filter(pl.col("level") == "product", pl.col("against") == "category", pl.col("reason") == ANY)
    small = whole.filter(~pl.col("enough"), ~pl.col("flagged"))
    columns = ["product_id", "title", "category", "orders", "refunds", "expected_rate"]
    return small.select(columns).sort("refunds", "orders", "product_id", descending=[True, True, False])


def _spelt() -> pl.Expr:
    part = pl.coalesce("batch", "sku", pl.lit(""))
    return pl.concat_str("level", part, "against", "reason", separator="|")


def with_of_sku(rows: pl.DataFrame, counts: ProductCounts) -> pl.DataFrame:
    """Views with ``of_sku``: the SKU they are about, also where a batch is one SKU's; null where about none."""
    rows = rows.join(counts.batches, on=["product_id", "batch"], how="left", nulls_equal=True, maintain_order="left")
    return rows.with_columns(of_sku=pl.coalesce("sku", "of_sku"))


def _with_options(rows: pl.DataFrame, counts: ProductCounts) -> pl.DataFrame:
    """``of_sku`` (`with_of_sku`), and ``options``: what sets the SKU apart, in its own words."""
    rows = with_of_sku(rows, counts)
    skus = counts.units.filter(level="sku").group_by("product_id").agg(pl.col("sku").unique().sort())
    known = dict(skus.iter_rows())
    said = [_options(sku, known.get(p, [])) for p, sku in rows.select("product_id", "of_sku").iter_rows()]
    return rows.with_columns(options=pl.Series(said, dtype=pl.String))


def _options(sku: str | None, of_product: list[str]) -> str | None:
    """The values of ``colour:grey;size:M`` that not all SKUs of the product share."""
    if sku is None:
        return None
    parts = sku.replace("；", ";").split(";")
    shared = set.intersection(*(set(s.replace("；", ";").split(";")) for s in of_product)) if of_product else set()
    own = [p for p in parts if p not in shared] or parts
    return " ".join(p.replace("：", ":").rpartition(":")[2].strip() for p in own)


def _with_reason(rows: pl.DataFrame, views: pl.DataFrame, counts: ProductCounts) -> pl.DataFrame:
    """``main_reason``: the view's own; else the one furthest above its usual level there; else the most frequent."""
    each = views.filter(pl.col("reason") != ANY, pl.col("against") == "category", pl.col("refunds") > 0)
    beyond = each.with_columns(over=pl.col("refunds") - pl.col("exposure") * pl.col("expected_rate"))
    beyond = beyond.filter(pl.col("over") > 0).sort("over", "reason", descending=[True, False])
    most = beyond.group_by(KEY, maintain_order=True).agg(beyond=pl.col("reason").first())
    since = rows.select(pl.col("first").min()).item()
    often = counts.events.filter(pl.col("cohort") >= since, pl.col("reason") != "unknown")
    often = often.group_by(*KEY, "reason").agg(pl.col("events").sum())
    often = often.sort("events", "reason", descending=[True, False])
    frequent = often.group_by(KEY, maintain_order=True).agg(frequent=pl.col("reason").first())
    for table in (most, frequent):
        rows = rows.join(table, on=KEY, how="left", nulls_equal=True, maintain_order="left")
    own = pl.when(pl.col("reason") != ANY).then("reason")
    return rows.with_columns(main_reason=pl.coalesce(own, "beyond", "frequent"))


def series_scopes(rows: pl.DataFrame) -> pl.DataFrame:
    """The scope whose weeks tell a row's story: a batch has no weeks before it, so its SKU's or product's are taken."""
    sku = pl.when(pl.col("level") == "product").then(None).otherwise("of_sku")
    return rows.select(
        "product_id",
        "reason",
        sku=sku,
        batch=pl.lit(None, dtype=pl.String),
        level=pl.when(sku.is_not_null()).then(pl.lit("sku")).otherwise(pl.lit("product")),
    ).select(*KEY, "reason")


def _with_since(rows: pl.DataFrame, counts: ProductCounts, *, week: Week) -> pl.DataFrame:
    scopes = series_scopes(rows)
    weeks = product_weeks(counts, scopes, week=week)
    lately = weeks.filter(pl.col("week") > week.shift(-SPARK_WEEKS).monday)
    sparks = lately.group_by("product_id", maintain_order=True).agg(weekly_rate="rate")
    # the reason by itself steps up more sharply than all requests do
    of_reason = series_scopes(rows.with_columns(reason=pl.coalesce("main_reason", "reason")))
    sharp = onsets(product_weeks(counts, of_reason, week=week)).select("product_id", sharp="since")
    since = onsets(weeks).join(sharp, on="product_id").select("product_id", since=pl.coalesce("sharp", "since"))
    born = counts.units.filter(level="batch").group_by("product_id", "batch").agg(born=pl.col("cohort").min())
    for table, keys in ((since, ["product_id"]), (sparks, ["product_id"]), (born, ["product_id", "batch"])):
        rows = rows.join(table, on=keys, how="left", maintain_order="left", nulls_equal=True)
    # a batch that was bad from its first day began to be bad then
    begun = pl.when(pl.col("level") == "batch").then(pl.coalesce("since", "born")).otherwise("since")
    return rows.with_columns(since=begun)


def with_money(rows: pl.DataFrame, costs: pl.DataFrame | None) -> pl.DataFrame:
    """``cost_per_refund``: what a request for the product costs on average; ``money_at_stake``: those in excess."""
    cases = 0 if costs is None else int(costs["cases"].sum())
    by_case = by_money = 0.0
    if costs is not None and cases:
        by_case = sum(float(costs[part].sum()) for part in _BY_CASE) / cases
        money = float(costs["refund_money"].sum())
        by_money = float(costs["goods_not_resold"].sum()) / money if money else 0.0
    asked = pl.col("cents") / 100 * (1 + by_money) + pl.col("unclosed") * by_case
    each = pl.when(pl.col("refunds") > 0).then(asked / pl.col("refunds")).otherwise(0.0)
    stake = (pl.col("excess") * each).round(2).cast(MONEY)
    return rows.with_columns(cost_per_refund=each, money_at_stake=stake)


def _with_state(rows: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    past = before.select("product_id", past="excess")
    rows = rows.join(past, on="product_id", how="left", maintain_order="left")
    state = (
        pl.when(pl.col("past").is_null())
        .then(pl.lit("new"))
        .when(pl.col("excess") <= BETTER_FROM * pl.col("past"))
        .then(pl.lit("better"))
        .otherwise(pl.lit("still"))
    )
    return rows.with_columns(state=state)


def with_product_headlines(rows: pl.DataFrame, *, language: Language, currency: str = "CNY") -> pl.DataFrame:
    """The rows of `problem_products` with ``headline`` written anew in a language."""
    said = [product_headline(row, language, currency=currency) for row in rows.iter_rows(named=True)]
    return rows.with_columns(headline=pl.Series(said, dtype=pl.String))


def product_name(row: dict[str, Any], language: Language) -> str:
    """Title, and what sets the SKU apart."""
    if not row["options"]:
        return str(row["title"])
    return say("products.named", language, title=row["title"], options=row["options"])


def compared_with(row: dict[str, Any]) -> str:
    """What the row is held against: launches, its category or past, products of similar titles or the shop's others."""
    if row.get("like_weeks"):
        return "launch"
    if row["against"] == "category" and row["category"] == ALL:
        return "kind" if row.get("like_words") else "shop"
    return str(row["against"])


def kind_words(row: dict[str, Any], language: Language) -> str:
    """The title words that tell which products the row is compared with."""
    return ("、" if language == "zh" else ", ").join(row.get("like_words") or [])


def product_headline(row: dict[str, Any], language: Language, *, currency: str = "CNY") -> str:
    """The sentence of one row: rate with counts, what was to be expected, excess, onset, place, reason.

    >>> row = {"title": "Pillow", "category": "pillows", "options": "grey", "rate": 0.27, "orders": 252,
    ...     "refunds": 61, "against": "category", "expected_rate": 0.08, "excess_refunds": 41.2, "since": None,
    ...     "batch": "B1103", "reason": "any", "main_reason": "quality", "orders_set_aside": 0, "rate_set_aside": 0.27}
    >>> product_headline(row, "en")
    'Pillow (grey): refund rate estimated at 27.0% (61 of 252 orders so far), its category 8.0%, about 41 above ...'
    """
    values = dict(row) | {
        "name": product_name(row, language),
        "words": kind_words(row, language),
        "reason": f"reason.{row['main_reason']}",
    }
    keys = ["rate" if row["reason"] == ANY else "rate_of_reason", f"against_{compared_with(row)}", "excess"]
    keys += ["since"] if row["since"] else []
    keys += ["batch"] if row["batch"] else []
    keys += ["reason"] if row["main_reason"] and row["reason"] == ANY else []
    keys += ["set_aside"] if row["orders_set_aside"] else []
    parts = [say(f"products.headline.{key}", language, currency=currency, **values) for key in keys]
    return ("，" if language == "zh" else ", ").join(parts) + ("。" if language == "zh" else ".")
