"""Every product, SKU and batch looked at from every side, each with its rate and its probability of being worse.

Sides: all requests and each reason by itself; against the other products of the category, and against its own past (a
good seller that broke last month). All views are cut by one budget of false discoveries, so that being looked at often
gives no product more chances to look bad by luck.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from scipy.special import expit, logit

from aftersales.findings.product_counts import ALL, KEY, ProductCounts, product_counts
from aftersales.findings.product_rates import product_rates
from aftersales.measures.chunks import Chunks, parts_of
from aftersales.measures.kinds import AGE_WEEKS, AGES, EDGE, AtAge, at_age, expected_by_kind, launch_ages
from aftersales.measures.triangles import ANY
from aftersales.stats.deviations import error_of_few
from aftersales.stats.false_discoveries import LEAST_PROBABILITY, TARGET, bayes_fdr
from aftersales.stats.shrinkage import BORROWED_REQUESTS, ENOUGH_REQUESTS, WORSE
from aftersales.tables.columns import Frame, known_sum
from aftersales.words.periods import Week

# The list holds what concerns these weeks (product definition).
WINDOW_WEEKS = 12
# "Broke last month": four weeks are enough to see a fault and few enough to act on it.
LATE_WEEKS = 4
# Half a year before them is the product's own past.
PAST_WEEKS = 26
# With fewer requests of other products, kinds cannot be told apart: all others together are the comparison.
LEAST_OF_OTHERS = 30
# Fewer than three requests too many are no loss that anybody should spend an afternoon on.
LEAST_EXCESS = 3.0
# The reasons that the goods, their page or their packing can give. A cancelled order or a parcel gone astray says
# nothing of the product by itself; "no longer wanted" may stand for a fault, and counts where all requests are taken.
PRODUCT_REASONS = (
    "quality", "not_as_described", "size", "damaged", "missing_or_empty", "wrong_item", "counterfeit",
    "allergy_food_safety",
)  # fmt: skip
# A narrower view (a batch, a SKU, the last month) explains a product if it holds this share of the excess.
EXPLAINS = 0.7
# … on at most this share of the product's orders: in a fault of the whole product every half holds half of the excess.
NARROW = 0.5
NARROWEST_FIRST = ("batch", "sku", "product")

_VIEW = [*KEY, "against", "reason"]
_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(KEY, pl.String), "against": pl.String, "reason": pl.String, "title": pl.String,
    "category": pl.String, "first": pl.Date, "orders": pl.Int64, "refunds": pl.Int64, "unclosed": pl.Int64,
    "cents": pl.Int64, "exposure": pl.Float64, "expected_rate": pl.Float64, "rate_seen": pl.Float64,
    "rate": pl.Float64, "rate_low": pl.Float64, "rate_high": pl.Float64, "probability_worse": pl.Float64,
    "excess": pl.Float64, "enough": pl.Boolean, "cut": pl.Float64, "fires": pl.Boolean, "leads": pl.Boolean,
    "false_share": pl.Float64, "flagged": pl.Boolean, "usual_err": pl.Float64, "bound_rate": pl.Float64,
    "like_words": pl.List(pl.String), "like_products": pl.Int64, "like_weeks": pl.Int64,
    "orders_set_aside": pl.Int64, "rate_set_aside": pl.Float64, "probability_set_aside": pl.Float64,
}  # fmt: skip
VIEWS_SCHEMA = pl.Schema(_COLUMNS)


def product_views(
    orders: Chunks,
    refunds: Frame,
    *,
    week: Week,
    market: str,
    weeks: int = WINDOW_WEEKS,
    worse: float = WORSE,
    target: float = TARGET,
    counts: ProductCounts | None = None,
    set_aside: Collection[str] | Frame | None = None,
) -> pl.DataFrame:
    """All views of all products of a week, and which of them fire.

    A view is a ``level`` (product, sku, batch) with its product_id, sku and batch, what it is held ``against``
    ("category": orders paid in the last ``weeks``; "past": the last four weeks, against the half-year before them),
    and a ``reason`` (any, or one). The expected rate is that of
    products of its kind, by category, title words, price and SKU attributes (`expected_by_kind`);
    against the past, the own former rate moved as the others' rates moved. Rates are first requests
    per matured order. A view fires where there is enough to judge by and its probability of a rate above worse ×
    expected reaches ``cut``; ``cut`` is set so that of the products with a view that fires a share of ``target`` is
    expected to be ordinary. One view of each product leads: the narrowest that holds the excess. ``flagged``: the
    product is on the list.

    With ``set_aside`` (order ids, or a frame with order_id) all rates still hold all orders; beside them stands what
    remains without these orders, and a view that then is more likely ordinary than not does not fire: whoever orders
    in bad faith makes no product bad. Nor does one buyer: of a buyer's requests for the same product two must be enough
    for a view to fire.

    Columns out: those of `VIEWS_SCHEMA`; first (Date, first Monday of the window), refunds (orders that asked),
    exposure (matured orders), excess (requests so far above the expected, from the shrunk rate), unclosed and cents
    (asked back), orders_set_aside (how many of the view's orders are set aside), rate_set_aside and
    probability_set_aside (of the others). Sorted by level, product, sku, batch, against, reason. No rows where refunds
    have no dates or the shop is too young to know its delays.

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, 2)] * 3
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [9, 9, 9], "paid_at": at, "product_id": ["p"] * 3})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["a"]})
    >>> product_views(orders, refunds, week=Week.parse("2026-W46"), market="cn").height
    0
    """
    if counts is None:
        counts = product_counts(orders, refunds, week=week, market=market)
    judged, names = _judged(counts, week=week, weeks=weeks, worse=worse), counts.names
    del counts  # a large shop's take gigabytes, and the others' are counted next
    if judged.is_empty():
        return pl.DataFrame(schema=VIEWS_SCHEMA)
    aside = _order_ids(set_aside)
    if aside.is_empty():
        without = judged
    else:
        rest = [part.join(aside.lazy(), on="order_id", how="anti") for part in parts_of(orders)]
        without = _judged(product_counts(rest, refunds, week=week, market=market), week=week, weeks=weeks, worse=worse)
    beside = without.select(*_VIEW, kept="orders", rate_set_aside="rate", probability_set_aside="probability_worse")
    judged = judged.join(beside, on=_VIEW, how="left", nulls_equal=True, maintain_order="left")
    judged = judged.with_columns(orders_set_aside=pl.col("orders") - pl.col("kept").fill_null(0))
    names = names.select("product_id", "title", "category")
    named = judged.join(names, on="product_id", how="left", maintain_order="left")
    return _cut(named, target=target).select(list(VIEWS_SCHEMA)).cast(dict(VIEWS_SCHEMA)).sort(_VIEW)  # type: ignore[arg-type]


def _order_ids(set_aside: Collection[str] | Frame | None) -> pl.DataFrame:
    if set_aside is None:
        return pl.DataFrame(schema={"order_id": pl.String})
    if isinstance(set_aside, pl.DataFrame | pl.LazyFrame):
        return set_aside.lazy().select("order_id").unique().collect()
    return pl.DataFrame({"order_id": sorted(set(set_aside))}, schema={"order_id": pl.String})


def _judged(counts: ProductCounts, *, week: Week, weeks: int, worse: float) -> pl.DataFrame:
    """All views with their rates; none where nothing can be known of delays."""
    if counts.maturity.is_empty() or counts.events.is_empty():
        return pl.DataFrame(schema=VIEWS_SCHEMA)
    window = week.shift(1 - weeks).monday
    late = week.shift(1 - LATE_WEEKS).monday
    before = week.shift(1 - LATE_WEEKS - PAST_WEEKS).monday
    ages = launch_ages(counts.units.filter(level="product"))
    units, events = (
        table.join(ages, on=["product_id", "cohort"], how="left", maintain_order="left")
        for table in (counts.units, counts.events)
    )
    counts = counts._replace(units=units, events=events)
    outcomes = _outcomes(counts, window)
    kinds = _kinds(counts, outcomes, until=week.sunday)
    recent, now, past = (
        _with_kind(_with_others(_cells(counts, first, last, outcomes), counts), kinds)
        for first, last in ((window, week.sunday), (late, week.sunday), (before, late - timedelta(days=1)))
    )
    stacked = pl.concat(
        [
            recent.with_columns(against=pl.lit("category"), first=pl.lit(window)).select(_STACK),
            _against_past(now, past).with_columns(against=pl.lit("past"), first=pl.lit(late)).select(_STACK),
        ]
    )
    # each level has a prior of its own: stacked in one, the same orders would speak for it several times
    kind = pl.when(pl.col("reason") == ANY).then(pl.lit("any")).otherwise(pl.lit("reason"))
    stacked = _with_part(stacked).with_columns(prior=pl.concat_str("against", kind, "level", separator="|"))
    rates = product_rates(stacked, worse=worse)
    if not (stacked["again"] > 0).any():
        return rates.with_columns(probability_capped="probability_worse")
    capped = stacked.with_columns(refunds=pl.col("refunds") - pl.col("again"), asked=pl.col("again") > 0)
    without = product_rates(capped, worse=worse, where="asked")["probability_worse"]
    return rates.with_columns(probability_capped=pl.coalesce(without, "probability_worse"))


_STACK = [
    *KEY, "against", "reason", "first", "orders", "refunds", "again", "unclosed", "cents", "exposure", "usual",
    "usual_err", "like_words", "like_products", "like_weeks",
]  # fmt: skip


def _with_part(stacked: pl.DataFrame) -> pl.DataFrame:
    """The views with ``part``, their share of the product's orders; a split that leaves nothing else is no split."""
    whole = stacked.filter(level="product").select("product_id", "against", "reason", product_orders="orders")
    known = stacked.join(whole, on=["product_id", "against", "reason"], maintain_order="left")
    known = known.with_columns(part=pl.col("orders") / pl.col("product_orders"))
    return known.filter((pl.col("level") == "product") | (pl.col("part") < 1)).drop("product_orders")


def _outcomes(counts: ProductCounts, since: date) -> list[str]:
    """Any request, and the reasons that products can give and that were named at least three times."""
    products = counts.events.filter(pl.col("level") == "product", pl.col("cohort") >= since)
    products = products.filter(pl.col("reason").is_in(PRODUCT_REASONS))
    often = products.group_by("reason").agg(pl.col("events").sum()).filter(pl.col("events") >= ENOUGH_REQUESTS)
    return [ANY, *sorted(often["reason"])]


def _by_age(counts: ProductCounts, first: date, last: date, outcomes: list[str]) -> pl.DataFrame:
    """What `_cells` counts, by the age of the product (null: sold for long, or unknown)."""
    key, inside = [*KEY, "age"], pl.col("cohort").is_between(first, last)
    maturity = counts.maturity.filter(pl.col("outcome").is_in(outcomes))
    wide = maturity.pivot("outcome", index=["stratum", "cohort"], values="maturity")
    known = [o for o in outcomes if o in wide.columns]
    # orders kept throughout: sums of shares then agree to the last digit, on any number of cores
    units = counts.units.filter(inside).join(wide, on=["stratum", "cohort"], maintain_order="left")
    exposures = units.group_by(key, maintain_order=True).agg(
        pl.col("orders").sum(), *((pl.col("orders") * pl.col(o)).sum().alias(o) for o in known)
    )
    exposures = exposures.unpivot(on=known, index=[*key, "orders"], variable_name="reason", value_name="exposure")
    events = counts.events.filter(inside)
    each = pl.concat([events, events.with_columns(reason=pl.lit(ANY))]).group_by(*key, "reason")
    counted = pl.col("events").sum().alias("refunds"), pl.col("again", "unclosed").sum()
    sums = each.agg(*counted, known_sum(pl.col("cents")), asked=pl.lit(value=True))
    found = exposures.join(sums, on=[*key, "reason"], how="left", nulls_equal=True, maintain_order="left")
    return found.with_columns(pl.col("refunds", "again", "unclosed").fill_null(0))


def _cells(counts: ProductCounts, first: date, last: date, outcomes: list[str]) -> pl.DataFrame:
    """One row a level's key and outcome: orders, exposure, refunds, unclosed and cents of the cohorts in a window.

    ``exposure_0`` and so on are what of the exposure falls on each age since the product's launch.
    """
    ages = {f"exposure_{age}": pl.col("exposure").filter(age=age).sum() for age in range(AGES)}
    sums = pl.col("orders", "exposure", "refunds", "again", "unclosed").sum()
    each = _by_age(counts, first, last, outcomes).group_by(*KEY, "reason", maintain_order=True)
    cells = each.agg(sums, known_sum(pl.col("cents").filter("asked")), **ages)
    return cells.filter(pl.col("exposure") > 0)


def _with_others(cells: pl.DataFrame, counts: ProductCounts) -> pl.DataFrame:
    """The cells with the others' events and exposure, in category and shop, the product left out."""
    names = counts.names.select("product_id", "category")
    products = cells.filter(level="product").join(names, on="product_id", maintain_order="left")
    sums = {
        f"{of}_{what}": pl.col(column).sum().over(over) - pl.col(column)
        for of, over in (("category", ["category", "reason"]), ("shop", ["reason"]))
        for what, column in (("events", "refunds"), ("exposure", "exposure"))
    }
    others = products.with_columns(**sums).select("product_id", "reason", *sums)
    return cells.join(others, on=["product_id", "reason"], maintain_order="left")


_KINDS: dict[str, Any] = {
    "product_id": pl.String, "reason": pl.String, "log_odds": pl.Float64, "err": pl.Float64, "alike": pl.Int64,
    "like_words": pl.List(pl.String),
}  # fmt: skip
_AT_AGE = (pl.Float64, pl.Float64, pl.Int64)


def _kinds(counts: ProductCounts, outcomes: list[str], *, until: date) -> pl.DataFrame:
    """What kind and age lead to expect, learnt from all weeks that are counted: one row a product and outcome.

    Columns out: product_id, reason, log_odds, err, like_words, alike; for each age shift, std_err, peers (with _0 …).
    Outcomes with few requests have no rows.
    """
    of_age = {f"{name}_{age}": kind for age in range(AGES) for name, kind in zip(AtAge._fields, _AT_AGE, strict=True)}
    found = [pl.DataFrame(schema=_KINDS | of_age)]
    ever = _by_age(counts, date.min, until, outcomes).filter(pl.col("exposure") > 0, level="product")
    for outcome in outcomes:
        cells = ever.filter(reason=outcome)
        if cells["refunds"].sum() < LEAST_OF_OTHERS:
            continue
        ages = {f"{c}_{age}": pl.col(c).filter(age=age).sum() for c in ("refunds", "exposure") for age in range(AGES)}
        each = cells.group_by("product_id", maintain_order=True)
        products = each.agg(pl.col("exposure").sum(), events=pl.col("refunds").sum(), **ages)
        products = products.join(counts.names, on="product_id", how="left", maintain_order="left")
        kinds = expected_by_kind(products.with_columns(pl.col("category").replace(ALL, None)))
        numbers = products.select(pl.col(list(ages)).cast(pl.Float64)).to_dict(as_series=False)
        events, exposure = ([np.array(numbers[f"{c}_{age}"]) for age in range(AGES)] for c in ("refunds", "exposure"))
        aged = [at_age(kinds, *of) for of in zip(events, exposure, strict=True)]
        known = products.select("product_id", reason=pl.lit(outcome)).with_columns(
            log_odds=kinds.log_odds,
            err=kinds.std_err,
            alike=kinds.alike,
            like_words=pl.Series(kinds.words, dtype=pl.List(pl.String)),
            **dict(zip(of_age, (column for age in aged for column in age), strict=True)),
        )
        found.append(known)
    return pl.concat(found)


def _with_kind(cells: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """The cells with what products like each lead to expect (`_kinds`): rate, its error, and what it rests on.

    The level is that of the weeks of the cells. Where the other products have few requests of a reason, or none, the
    comparison is all others, as if they had one more: a reason that a single product has is then the more remarkable,
    the more orders the others had without it. ``aged`` and ``aged_err``: log odds put down to the age since launch, and
    their error; ``like_weeks``: the age of the launches it is compared with (null: not compared with launches).
    """
    rows = cells.join(kinds, on=["product_id", "reason"], how="left", maintain_order="left")

    def number(column: str) -> np.ndarray:
        return rows[column].cast(pl.Float64).fill_null(0.0).to_numpy()

    others, exposed, kind, exposure = (number(c) for c in ("shop_events", "shop_exposure", "log_odds", "exposure"))
    parts = [number(f"exposure_{age}") / exposure for age in range(AGES)]
    young = sum(parts, np.zeros(rows.height))
    rate = (1 - young) * expit(kind)
    aged_err = np.zeros(rows.height)
    for age, part in enumerate(parts):
        rate, aged_err = rate + part * expit(kind + number(f"shift_{age}")), aged_err + part * number(f"std_err_{age}")
    aged = logit(np.clip(rate, EDGE, 1 - EDGE)) - kind
    many = (others >= LEAST_OF_OTHERS) & rows["log_odds"].is_not_null().to_numpy()
    level = np.zeros(rows.height)
    for outcome in rows["reason"].unique():
        of_outcome = (rows["reason"] == outcome).to_numpy()
        of = of_outcome & many & (rows["level"] == "product").to_numpy()
        level[of_outcome] = _level((kind + aged)[of], number("refunds")[of], exposure[of])
    few = logit(np.clip((others + 1) / np.maximum(exposed, others + 2), EDGE, 1 - EDGE))
    log_odds = np.where(many, kind + aged + level, few)
    err = np.where(many, np.hypot(number("err"), aged_err), error_of_few(others))
    known, mostly = pl.Series(many), pl.Series(many & (young > 0.5))
    # the oldest age that it has reached, where most of its orders are of its first weeks
    oldest = [
        pl.when(mostly, pl.col(f"exposure_{age}") > 0, pl.col(f"peers_{age}") > 0).then(of)
        for age in reversed(range(AGES))
        for of in [pl.struct(weeks=pl.lit(AGE_WEEKS * (age + 1), pl.Int64), peers=f"peers_{age}")]
    ]
    peers = pl.coalesce(oldest).struct
    return rows.select(
        pl.col(cells.columns),
        usual=pl.Series(np.where(exposed > 0, expit(log_odds), np.nan)).fill_nan(None),
        usual_err=pl.Series(err),
        aged=pl.Series(np.where(many, aged, 0.0)),
        aged_err=pl.Series(np.where(many, aged_err, 0.0)),
        like_words=pl.when(known).then("like_words").otherwise(pl.lit([], dtype=pl.List(pl.String))),
        like_weeks=peers.field("weeks"),
        like_products=pl.when(known)
        .then(pl.coalesce(peers.field("peers"), "alike"))
        .otherwise(pl.col("product_id").n_unique().over("reason").cast(pl.Int64) - 1),
    )


def _level(log_odds: np.ndarray, events: np.ndarray, exposure: np.ndarray) -> float:
    """By how much the log odds of all products lie apart from those expected: the season's, not a product's.

    Each product speaks with the root of its orders, so that a broken big seller does not move what it is held against.
    """
    weight = exposure / np.maximum(np.sqrt(exposure), 1.0)
    share = np.where(exposure > 0, events / np.maximum(exposure, 1e-9), 0.0)
    level = 0.0
    for _ in range(20):
        p = expit(log_odds + level)
        level += float((weight * (share - p)).sum() / max((weight * p * (1 - p)).sum(), 1e-9))
    return level


def _against_past(now: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """The late cells with ``usual`` from the own past: its rate then, times how the others' rates have moved since."""
    others = ("category_events", "category_exposure", "shop_events", "shop_exposure")
    columns = {c: f"{c}_past" for c in ("refunds", "exposure", "usual", "usual_err", "aged", "aged_err", *others)}
    then = past.select(*KEY, "reason", **{new: old for old, new in columns.items()})
    # a batch has no past before itself; of a SKU and reason there are too few requests for one
    asked = (pl.col("level") == "product") | ((pl.col("level") == "sku") & (pl.col("reason") == ANY))
    both = now.filter(asked).join(then, on=[*KEY, "reason"], nulls_equal=True, maintain_order="left")
    usual, borrowed = pl.col("usual_past"), BORROWED_REQUESTS
    own = (pl.col("refunds_past") + borrowed) / (pl.col("exposure_past") + borrowed / usual)
    rate, rate_past = (pl.col(f"shop_events{t}") / pl.col(f"shop_exposure{t}") for t in ("", "_past"))
    shop_moved = rate / rate_past
    awaited = pl.col("category_exposure") * pl.col("category_events_past") / pl.col("category_exposure_past")
    awaited = pl.when(pl.col("category_exposure_past") > 0).then(awaited * shop_moved).otherwise(0.0)
    # a category that was not sold then cannot say how it moved: the shop's movement stands for it
    came = pl.when(awaited > 0).then("category_events").otherwise(0.0)
    moved = shop_moved * (came + borrowed) / (awaited + borrowed)
    # a past too small to have shown three requests is no past of its own
    has_past = (pl.col("exposure_past") * usual >= ENOUGH_REQUESTS) | (pl.col("refunds_past") >= ENOUGH_REQUESTS)
    known = has_past & (pl.col("shop_events") > 0) & (pl.col("shop_events_past") > 0)
    # as known as the requests it rests on: the own past's (and those lent), and the others' since then
    lent = borrowed / (pl.col("refunds_past") + borrowed)
    err = (
        1 / (pl.col("refunds_past") + borrowed) + (lent * pl.col("usual_err_past")) ** 2 + 1 / (came + borrowed)
    ).sqrt()
    # a product that has grown older is held against its past less what launches lose with age
    rate = (own * moved).clip(EDGE, 1 - EDGE)
    odds = rate / (1 - rate) * (pl.col("aged") - pl.col("aged_past")).exp()
    of_age = (pl.col("aged_err") ** 2 + pl.col("aged_err_past") ** 2).sqrt()
    return both.filter(known).with_columns(
        usual=odds / (1 + odds),
        usual_err=(err**2 + of_age**2).sqrt(),
        like_words=pl.lit([], pl.List(pl.String)),
        like_products=pl.lit(None, pl.Int64),
        like_weeks=pl.lit(None, pl.Int64),
    )


def _cut(judged: pl.DataFrame, *, target: float) -> pl.DataFrame:
    """One budget for all views: each product stands in it once, with the view that leads."""
    chance = pl.col("probability_worse")
    rows = judged.with_row_index("_row")
    enough = pl.col("enough") & (pl.col("excess") >= LEAST_EXCESS)
    holds = pl.min_horizontal("probability_set_aside", "probability_capped") >= LEAST_PROBABILITY
    rows = rows.with_columns(tells=(enough & holds & chance.is_not_null()).fill_null(value=False))
    leading = _leading(rows, target=target)
    listed = bayes_fdr(leading, target=target, eligible="tells")
    flagged = listed.filter("flagged")
    # views within the target by themselves are always within it together
    cut = min([1 - target, *flagged["probability_worse"].to_list()])
    share = listed.select("_row", "false_share", leads=pl.lit(value=True))
    rows = rows.join(share, on="_row", how="left", maintain_order="left")
    return rows.with_columns(
        leads=pl.col("leads").fill_null(value=False),
        cut=pl.lit(cut),
        fires=pl.col("tells") & (chance >= cut),
        flagged=pl.col("product_id").is_in(flagged["product_id"].implode()),
        category=pl.col("category").fill_null(ALL),
    )


def _leading(rows: pl.DataFrame, *, target: float) -> pl.DataFrame:
    """Each product's leading view: among the sure ones the narrowest that holds the excess, else the surest."""
    open_ = rows.filter("tells")
    sure = open_.filter(pl.col("probability_worse") >= 1 - target)
    # all requests together say more than one reason, where both are sure
    overall = (pl.col("reason") == ANY).any().over("product_id")
    sure = sure.filter((pl.col("reason") == ANY) | ~overall)
    wide = sure.filter(pl.col("excess") >= EXPLAINS * pl.col("excess").max().over("product_id"))
    lift = pl.col("rate") / pl.col("expected_rate")
    level = pl.col("level").replace_strict({n: i for i, n in enumerate(NARROWEST_FIRST)}, return_dtype=pl.Int64)
    level = pl.when(pl.col("part") <= NARROW).then(level).otherwise(len(NARROWEST_FIRST) - 1)
    narrow = wide.sort(level, lift, "_row", descending=[False, True, False]).unique(
        "product_id", keep="first", maintain_order=True
    )
    rest = open_.join(narrow, on="product_id", how="anti")
    best = rest.sort("probability_worse", "_row", descending=[True, False]).unique(
        "product_id", keep="first", maintain_order=True
    )
    return pl.concat([narrow, best])
