"""Orders, refund requests and maturity by product, SKU and batch: what the judgement of products rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

import polars as pl

from aftersales.measures.chunks import Chunks, parts_of
from aftersales.measures.cohorts import paid_lines
from aftersales.measures.delays import TRAILING, delay_curve
from aftersales.measures.maturity import with_maturity
from aftersales.measures.order_evidence import key_number, named_buyer
from aftersales.measures.requests import refund_requests, touched_lines
from aftersales.measures.triangles import ANY, LONGEST_AGE, delay_triangle, with_stratum
from aftersales.tables.columns import Frame, known_sum
from aftersales.words.periods import Week, week_start

# Sixty weeks: a year and the season's turn, as in signals.parquet; a size chart may have been wrong for most of it.
HISTORY_WEEKS = 60
LEVELS = {"product": ("product_id",), "sku": ("product_id", "sku"), "batch": ("product_id", "batch")}
KEY = ["level", "product_id", "sku", "batch"]
UNKNOWN = "unknown"
# A shop whose files name no category has one.
ALL = "all"
# A batch is one SKU's where nine in ten of its lines are: the product list may name batches by day, not by order.
NEARLY_ALL = 0.9
# One person's third request for the same product says more of the person. Chosen by sense, not fitted.
MOST_OF_A_BUYER = 2
_NAMED = ("title", "category", "sku", "merchant_code")
_LATEST = [pl.col(c).sort_by("day").drop_nulls().last() for c in _NAMED]


class ProductCounts(NamedTuple):
    """Counts of a shop's last sixty payment weeks, for every product, SKU and batch.

    ``units``: level (product, sku, batch), product_id, sku, batch (null above the level), stratum, cohort (Date, Monday
    of payment), orders. ``events``: the same keys, reason (of the order's first request for it), events (orders that
    asked), again (of those beyond their buyer's second for the same), unclosed (of those not withdrawn or rejected),
    cents (asked back in unclosed requests). ``maturity``: stratum, cohort, outcome (any, or a reason), maturity (0..1).
    ``names``: product_id, title, category ("all" where the files name none), price (mean paid for a unit; null where
    unknown), attributes (list of text: names of the SKU's attributes, letters that the merchant's code begins with).
    ``batches``: product_id, batch, of_sku (the SKU that nearly all of it is; null where none is).
    """

    units: pl.DataFrame
    events: pl.DataFrame
    maturity: pl.DataFrame
    names: pl.DataFrame
    batches: pl.DataFrame


def product_counts(orders: Chunks, refunds: Frame, *, week: Week, market: str) -> ProductCounts:
    """Count paid orders and first refund requests, as known by the end of the week.

    ``orders`` may come in parts that hold whole orders, as a large shop's months do; what is counted is added up.
    An order counts once for each product (SKU, batch) it holds; its first dated request that touches it counts, with
    that request's reason, whatever came of it. Lines without a product id are left out. ``maturity`` holds no rows
    where the refunds have no dates or the shop is too young to know its delays.

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, 2), datetime(2026, 11, 3), datetime(2026, 11, 4)]
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [10, 20, 10], "paid_at": at,
    ...     "product_id": ["p", "p", "q"]})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["b"], "amount": [20], "applied_at": at[2:]})
    >>> counts = product_counts(orders, refunds, week=Week.parse("2026-W46"), market="cn")
    >>> counts.units.select("product_id", "orders").rows(), counts.events.select("product_id", "events").rows()
    ([('p', 2), ('q', 1)], [('p', 1)])
    """
    until = week.sunday
    since = week.shift(1 - HISTORY_WEEKS).monday
    festive = [with_stratum(part, market) for part in parts_of(orders)]
    units, events, names, batches = _summed(_of_part(part, refunds, since=since, until=until) for part in festive)
    maturity = _maturity(festive, refunds, units, until=until, week=week)
    return ProductCounts(units, events, maturity, names, batches)


def _summed(counted: Iterable[tuple[pl.DataFrame, ...]]) -> tuple[pl.DataFrame, ...]:
    """What was counted of all parts: units, events, names, batches. The parts' own counts end here, with their room."""
    units, touched, names, batches = (pl.concat(of) for of in zip(*counted, strict=True))
    events = pl.concat([_events(touched, level) for level in LEVELS])
    whole = units.group_by(*KEY, "stratum", "cohort").agg(pl.col("orders").sum()).sort(*KEY, "stratum", "cohort")
    return whole, events, _names(names), _batches(batches)


def _of_part(orders: pl.LazyFrame, refunds: Frame, *, since: date, until: date) -> tuple[pl.DataFrame, ...]:
    """Of a part: units, the lines that requests touch, latest names by product, and lines by batch and SKU."""
    columns = ["sku", "batch", "title", "category", "merchant_code", "stratum", "buyer_key", "buyer_key_quality"]
    lines = paid_lines(orders, until=until, since=since, columns=columns).filter(pl.col("product_id").is_not_null())
    lines = lines.with_columns(cohort=week_start("day"))
    asked = touched_lines(refund_requests(refunds, until=until), lines).filter(pl.col("applied_at").is_not_null())
    touched = asked.select(
        "order_id",
        "product_id",
        "sku",
        "batch",
        "stratum",
        "cohort",
        "refund_id",
        "applied_at",
        "reason",
        "state",
        "cents",
        buyer=key_number(named_buyer()),
    ).collect(engine="streaming")
    priced = pl.col("paid") > 0
    money = pl.col("paid").filter(priced).cast(pl.Float64).sum()
    units_sold = pl.col("quantity").fill_null(1).filter(priced).sum()
    named = lines.group_by("product_id").agg(pl.col("day").max(), *_LATEST, money=money, units_sold=units_sold)
    parts = lines.drop_nulls(["batch", "sku"]).group_by("product_id", "batch", "sku").agg(lines=pl.len())
    wanted = [*(_units(lines, level) for level in LEVELS), named, parts]
    *units, names, batches = pl.collect_all(wanted, engine="streaming")
    return pl.concat(units), touched, names, batches


def _at(level: str) -> list[pl.Expr]:
    """The key of a level: columns below it are null, so that all levels stand in one frame."""
    below = [(pl.col(c) if c in LEVELS[level] else pl.lit(None, dtype=pl.String)).alias(c) for c in KEY[1:]]
    return [pl.lit(level).alias("level"), *below]


def _units(lines: pl.LazyFrame, level: str) -> pl.LazyFrame:
    keys = list(LEVELS[level])
    known = lines.filter(pl.col(keys[-1]).is_not_null())
    # their numbers, for texts take five times the room
    orders = pl.col("order_id").hash().n_unique().cast(pl.Int64)
    counted = known.group_by(*keys, "stratum", "cohort").agg(orders=orders)
    return counted.select(*_at(level), "stratum", "cohort", "orders")


def _events(touched: pl.DataFrame, level: str) -> pl.DataFrame:
    keys = list(LEVELS[level])
    known = touched.filter(pl.col(keys[-1]).is_not_null()).sort("applied_at", "refund_id")
    first = known.group_by("order_id", *keys, maintain_order=True).agg(
        pl.col("stratum", "reason", "applied_at", "buyer").first(),
        pl.col("cohort").min(),
        unclosed=(pl.col("state") != "closed").any(),
        cents=known_sum(pl.col("cents")),
    )
    place = pl.col("applied_at").rank("ordinal").over(*keys, "buyer")
    again = pl.when(pl.col("buyer").is_not_null()).then(place > MOST_OF_A_BUYER).otherwise(pl.lit(value=False))
    return (
        first.with_columns(pl.col("reason").fill_null(UNKNOWN), again=again)
        .group_by(*keys, "stratum", "cohort", "reason")
        .agg(
            events=pl.len().cast(pl.Int64),
            again=pl.col("again").sum().cast(pl.Int64),
            unclosed=pl.col("unclosed").sum().cast(pl.Int64),
            cents=known_sum(pl.col("cents")),
        )
        .select(*_at(level), "stratum", "cohort", "reason", "events", "again", "unclosed", "cents")
        .sort(*KEY, "stratum", "cohort", "reason")
    )


def _names(parts: pl.DataFrame) -> pl.DataFrame:
    named = parts.group_by("product_id").agg(*_LATEST, pl.col("money", "units_sold").sum())
    attributes = (
        pl.col("sku").fill_null("").str.extract_all(r"[^;；:：]+[:：]").list.eval(pl.element().str.strip_chars(" :："))
    )
    code = pl.col("merchant_code").fill_null("").str.extract_all(r"^[A-Za-z]+")
    return named.select(
        "product_id",
        pl.col("title").fill_null(pl.col("product_id")),
        pl.col("category").fill_null(ALL),
        price=pl.when(pl.col("units_sold") > 0, pl.col("money") > 0).then(pl.col("money") / pl.col("units_sold")),
        attributes=attributes.list.concat(code),
    )


def _batches(parts: pl.DataFrame) -> pl.DataFrame:
    lines = parts.group_by("product_id", "batch", "sku").agg(pl.col("lines").sum())
    whole = lines.group_by("product_id", "batch").agg(
        of_sku=pl.col("sku").sort_by("lines").last(), share=pl.col("lines").max() / pl.col("lines").sum()
    )
    of_sku = pl.when(pl.col("share") >= NEARLY_ALL).then("of_sku")
    return whole.select("product_id", "batch", of_sku=of_sku).sort("product_id", "batch")


def _maturity(
    festive: Sequence[pl.LazyFrame], refunds: Frame, units: pl.DataFrame, *, until: date, week: Week
) -> pl.DataFrame:
    """How much of the delays has passed, by stratum, cohort and outcome; where unknown, that of the larger group."""
    # the curve looks back over so many weeks of reports, on orders as much older as a request may be late
    first = week.shift(-(TRAILING["week"] + LONGEST_AGE["week"] + 2)).monday
    lately = [part.filter(pl.col("paid_at").dt.date() >= first) for part in festive]
    schema = {"stratum": pl.String, "cohort": pl.Date, "outcome": pl.String, "maturity": pl.Float64}
    overall = delay_triangle(lately, refunds, until=until, by=["stratum"])
    if overall.is_empty() or not overall["events"].sum():
        return pl.DataFrame(schema=schema)
    reasons = delay_triangle(lately, refunds, until=until, by=["stratum"], outcome="reason")
    curve = pl.concat([delay_curve(t, by=["stratum"]) for t in (overall, reasons)])
    grid = units.select("stratum", "cohort").unique()
    outcomes = curve.select("outcome").unique()
    own = with_maturity(grid.join(outcomes, how="cross"), curve, until=until, by=["stratum", "outcome"])
    own = own.select("stratum", "cohort", "outcome", "maturity")
    of_stratum = own.filter(outcome=ANY).select("stratum", "cohort", stratum_any="maturity")
    pooled = with_maturity(grid.select("cohort").unique(), delay_curve(overall), until=until).select(
        "cohort", pooled="maturity"
    )
    known = own.join(of_stratum, on=["stratum", "cohort"]).join(pooled, on="cohort")
    known = known.with_columns(maturity=pl.coalesce("maturity", "stratum_any", "pooled"))
    return known.select(list(schema)).drop_nulls().sort("stratum", "cohort", "outcome")
