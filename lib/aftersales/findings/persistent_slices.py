"""Which couriers, provinces, warehouses … have been worse than their orders let expect for weeks, in numbers.

What a week's rise is made of (`driving_segments`) forgets a fault as it becomes the usual. Here every slice is held
against its main effects over the last twelve, eight and four weeks, judged as products are (one prior a level, a
margin on the odds, one budget of false discoveries, money), and named one after the other: what an earlier one explains
is no finding of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from aftersales.findings.driving_segments import CONDITION
from aftersales.findings.product_counts import product_counts
from aftersales.findings.product_rates import ORDINARY_SPREADS, POINTS, margins, product_rates
from aftersales.findings.product_views import (
    EXPLAINS,
    LATE_WEEKS,
    LEAST_EXCESS,
    NARROW,
    WINDOW_WEEKS,
    product_views,
)
from aftersales.findings.product_weeks import present_ratio_start
from aftersales.findings.products import with_money
from aftersales.measures.chunks import Chunks, parts_of
from aftersales.measures.cohorts import paid_lines
from aftersales.measures.maturity_stages import SHOWN_FROM
from aftersales.measures.request_exposure import first_requests
from aftersales.measures.requests import has_refund_dates
from aftersales.measures.slice_effects import (
    Conditions,
    Effects,
    Named,
    SliceLines,
    main_effects,
    rows_of,
    slice_counts,
    slice_lines,
    ties_of,
)
from aftersales.measures.slices import segment_text
from aftersales.measures.triangles import ANY, with_stratum
from aftersales.stats.deviations import BROKEN, Fault
from aftersales.stats.false_discoveries import TARGET, bayes_fdr
from aftersales.stats.intervals import rate
from aftersales.tables.columns import MONEY, Frame
from aftersales.words.periods import Week, week_start

DIMENSIONS = ("courier", "province", "channel", "warehouse", "hour", "attribute")
# Of two of these a fault may be in the pair alone: a lane, a warehouse's courier.
PAIRED = ("courier", "province", "channel", "warehouse")
HOURS = 4  # a band of the day
# Twelve weeks, four, and eight between: a fault of two months is diluted in the one and short of orders in the other.
WINDOWS = (WINDOW_WEEKS, (WINDOW_WEEKS + LATE_WEEKS) // 2, LATE_WEEKS)
MOST_ATTRIBUTES = 3  # of SKUs, those that most lines have
MOST_SLICES = 12  # more than a page can carry
# A slice holds the orders of many products: a seventh more costs as much as half as much again of one product. From
# there on the project counts a product as truly worse than its kind; slices that lie no further apart are ordinary.
SLICE_WORSE = 1.15
# Where the log likelihood gains less by a slice of its own, the counts cannot outweigh that one in fifty is broken.
LEAST_GAIN = 2.0
# … and most of what goes through a courier or a province goes well: the fault of a single level lies half as far, on
# the log odds, as that of a product or a lane. A shop has few couriers, warehouses and channels: one level in twenty.
MILD = Fault(BROKEN.lift / 2, BROKEN.spread / 2, 0.05)

_COLUMNS: dict[str, Any] = {
    "segment": pl.String, "conditions": pl.List(CONDITION), "weeks": pl.Int64, "orders": pl.Float64,
    "refunds": pl.Float64, "expected": pl.Float64, "excess": pl.Float64, "rate_before": pl.Float64,
    "rate_after": pl.Float64, "rate_low": pl.Float64, "rate_high": pl.Float64, "lift": pl.Float64,
    "probability_worse": pl.Float64, "false_share": pl.Float64, "money_at_stake": MONEY, "since": pl.Date,
    "main_reason": pl.String, "ties": pl.List(pl.String), "tied_conditions": pl.List(pl.List(CONDITION)),
    "weekly_rate": pl.List(pl.Float64),
}  # fmt: skip
PERSISTENT_SCHEMA = pl.Schema(_COLUMNS)


def persistent_slices(
    orders: Chunks,
    refunds: Frame,
    *,
    week: Week,
    market: str,
    views: pl.DataFrame | None = None,
    maturity: pl.DataFrame | None = None,
    costs: pl.DataFrame | None = None,
    set_aside: Frame | None = None,
    target: float = TARGET,
) -> pl.DataFrame:
    """The slices of orders whose refund rate has been above what their products and other levels let expect.

    Looked at: each known courier, province, channel, warehouse, four hours of the day and SKU attribute, and each pair
    of `PAIRED`, over orders paid in the last twelve, eight and four weeks; young orders count by their maturity.
    ``views`` (of `product_views`: what each product is expected to show) and ``maturity`` (of `product_counts`) of the
    week are computed where they are not handed in; ``costs`` as for `problem_products`; orders ``set_aside`` (order_id)
    are left out. A slice whose excess is one listed product's is left to that product. About ``target`` of the list is
    expected to be ordinary.

    Columns out: segment, conditions (dimension, level), weeks (4, 8 or 12), orders (order lines), refunds (first
    requests so far), expected (of as many matured orders), excess (requests above expected, from the posterior mean),
    rate_before (expected), rate_after (posterior mean), rate_low, rate_high (90 %; rates 0..1), lift,
    probability_worse, false_share (of the whole list), money_at_stake (of the excess), since (Monday; null where no
    step is seen within twelve weeks), main_reason (furthest above its usual share), ties (segments that hold the same
    orders), tied_conditions, weekly_rate (of the twelve weeks; null where too young). Most money first. No rows where
    refunds have no dates.

    >>> orders = pl.DataFrame(schema={"order_id": pl.String, "paid": pl.Float64, "paid_at": pl.Datetime})
    >>> refunds = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String, "applied_at": pl.Datetime})
    >>> persistent_slices(orders, refunds, week=Week.parse("2026-W46"), market="cn").columns[:3]
    ['segment', 'conditions', 'weeks']
    """
    nothing = pl.DataFrame(schema=PERSISTENT_SCHEMA)
    if not has_refund_dates(refunds):
        return nothing
    if views is None or maturity is None:
        counts = product_counts(orders, refunds, week=week, market=market)
        maturity = counts.maturity
        views = product_views(orders, refunds, week=week, market=market, counts=counts)
    if maturity.is_empty() or views.is_empty():
        return nothing
    frame, asked = _lines(orders, refunds, week=week, market=market, set_aside=set_aside)
    frame = _with_expected(frame, views, maturity)
    if not frame["events"].sum() > 0:
        return nothing
    attributes = [c for c in frame.columns if c.startswith("attribute:")]
    dimensions = [*(d for d in DIMENSIONS if d in frame.columns), *attributes]
    lines = slice_lines(frame, dimensions=dimensions, weeks=WINDOWS, paired=PAIRED, fitted=["paid_in", "product_then"])
    rows, effects = _named_slices(lines, target=target)
    if rows.is_empty():
        return nothing
    problem = views.filter("flagged")["product_id"].unique().to_list()
    told = []
    for row in rows.iter_rows(named=True):
        slice_ = _slice_of(row)
        of = _lines_of(frame, lines, effects, row)
        if _is_one_products(of.filter("counted"), problem, row):
            continue
        named = _named(lines, slice_[0])
        ties = [_named(lines, tied) for tied in ties_of(lines, slice_[0])]
        told.append(
            {
                **row,
                "segment": segment_text(named),
                "conditions": _conditions(named),
                "expected": row["usual"] * row["exposure"],
                "rate_before": row["usual"],
                "rate_after": row["rate"],
                "lift": row["rate"] / row["usual"],
                "ties": [segment_text(t) for t in ties],
                "tied_conditions": [_conditions(t) for t in ties],
                **_weeks(of, week),
                **_asked(of.filter("counted"), asked),
            }
        )
    if not told:
        return nothing
    found = with_money(pl.DataFrame(told, infer_schema_length=None), costs)
    found = found.with_columns(false_share=1 - pl.col("probability_worse").mean())
    found = found.sort("money_at_stake", "segment", descending=[True, False])
    return found.select(list(PERSISTENT_SCHEMA)).cast(dict(PERSISTENT_SCHEMA))  # type: ignore[arg-type]


def slice_bound(usual: np.ndarray, own: float, *, worse: float) -> np.ndarray:
    """From which deviation on (log odds) a slice counts as worse: by a margin, and beyond most ordinary ones.

    >>> slice_bound(np.array([0.08, 0.6]), 0.05, worse=1.15).round(2).tolist()
    [0.15, 0.11]
    """
    more, higher = margins(usual, worse=worse, points=POINTS / 2)
    return np.maximum(np.minimum(more, higher), ORDINARY_SPREADS * own)


def _lines(
    orders: Chunks, refunds: Frame, *, week: Week, market: str, set_aside: Frame | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The order lines of twelve weeks with their dimensions, and the first requests on them."""
    first, last = week.shift(1 - WINDOW_WEEKS).monday, week.sunday
    columns = ["courier", "province", "channel", "warehouse", "sku", "created_at", "stratum"]
    held, asked = [], []
    for part in parts_of(orders):
        paid = paid_lines(with_stratum(part, market), until=last, since=first, columns=columns)
        if set_aside is not None:
            paid = paid.join(set_aside.lazy().select("order_id"), on="order_id", how="anti")
        lines = paid.with_columns(
            *(pl.col(c).cast(pl.Categorical) for c in ("sku", *PAIRED)),
            cohort=week_start("day"),
            hour=_band(pl.col("created_at").dt.hour()),
        ).collect(engine="streaming")
        keys = lines.select("order_id", "line_id", "product_id", "quantity", "paid", "day")
        requests = first_requests(keys, refunds, first=first, last=last)
        asked.append(requests.select("line_id", "events", "reason", "cents", "state"))
        held.append(lines.drop("order_id", "quantity", "paid", "day", "created_at"))
    requests = pl.concat(asked)
    events = requests.group_by("line_id").agg(pl.col("events").sum())
    frame = pl.concat(held).join(events, on="line_id", how="left", maintain_order="left")
    age = (pl.lit(week.monday) - pl.col("cohort")).dt.total_days() // 7
    frame = frame.with_columns(pl.col("events").fill_null(0.0), age=age)
    return _with_attributes(frame), requests


def _band(hour: pl.Expr) -> pl.Expr:
    bands = {h: f"{h // HOURS * HOURS:02d}-{h // HOURS * HOURS + HOURS:02d}" for h in range(24)}
    return hour.cast(pl.Int64).replace_strict(bands, default=None, return_dtype=pl.String)


def _with_attributes(frame: pl.DataFrame) -> pl.DataFrame:
    """A column ``attribute:<name>`` for each of the attributes that most lines have, read from SKUs (``size:M``).

    A value that a single product has is that product's matter, and null here.
    """
    skus = frame.group_by("sku").agg(lines=pl.len(), products=pl.col("product_id").unique())
    pairs = skus.with_columns(text=pl.col("sku").cast(pl.String).str.replace_all("；", ";").str.replace_all("：", ":"))
    pairs = pairs.with_columns(part=pl.col("text").str.split(";")).explode("part")
    pairs = pairs.filter(pl.col("part").str.contains(":")).with_columns(
        name=pl.col("part").str.split_exact(":", 1).struct.field("field_0").str.strip_chars(),
        value=pl.col("part").str.split_exact(":", 1).struct.field("field_1").str.strip_chars(),
    )
    shared = pairs.explode("products").group_by("name", "value").agg(several=pl.col("products").n_unique() > 1)
    pairs = pairs.join(shared.filter("several"), on=["name", "value"])
    most = pairs.group_by("name").agg(pl.col("lines").sum()).sort("lines", "name", descending=[True, False])
    for name in most["name"].head(MOST_ATTRIBUTES):
        of = pairs.filter(pl.col("name") == name).unique("sku", keep="first", maintain_order=True)
        column = of.select("sku", pl.concat_str("name", "value", separator=":").alias(f"attribute:{name}"))
        frame = frame.join(column, on="sku", how="left", maintain_order="left")
    return frame.drop("sku")


def _with_expected(frame: pl.DataFrame, views: pl.DataFrame, maturity: pl.DataFrame) -> pl.DataFrame:
    """``exposure`` from the delays known, ``expected`` from the products' own rates, and the groups only fitted."""
    whole = views.filter(level="product", against="category", reason=ANY).drop_nulls("rate")
    shop = float(whole["refunds"].sum()) / max(float(whole["exposure"].sum()), 1e-9)
    known = maturity.filter(outcome=ANY).select("stratum", "cohort", "maturity")
    plain = known.group_by("cohort").agg(any_maturity=pl.col("maturity").max())
    joined = frame.join(whole.select("product_id", "rate"), on="product_id", how="left", maintain_order="left")
    joined = joined.join(known, on=["stratum", "cohort"], how="left", maintain_order="left")
    joined = joined.join(plain, on="cohort", how="left", maintain_order="left")
    exposure = pl.coalesce("maturity", "any_maturity").fill_null(0.0)
    return joined.with_columns(
        exposure=exposure,
        expected=exposure * pl.col("rate").fill_null(shop),
        paid_in=pl.concat_str("stratum", pl.col("cohort").cast(pl.String), separator="|"),
        product_then=pl.concat_str(pl.col("product_id").fill_null(""), pl.col("age") < LATE_WEEKS, separator="|"),
    )


def _named_slices(lines: SliceLines, *, target: float) -> tuple[pl.DataFrame, Effects]:
    """The slices to list, judged with one another accounted for, and the effects they were judged under."""
    named: list[Named] = []
    shut: set[Conditions] = set()
    effects = main_effects(lines)
    while True:
        rows = _judged(slice_counts(lines, effects), named, shut, target=target)
        open_ = rows.filter(pl.col("flagged") & ~pl.col("named"))
        if open_.is_empty() or len(named) == MOST_SLICES:
            break
        best = _slice_of(open_.row(int(open_["gain"].arg_max() or 0), named=True))
        named.append(best)
        shut |= {best[0], *ties_of(lines, best[0])}
        effects = main_effects(lines, named, start=effects)
    kept = rows.filter("flagged", "named")
    if 0 < kept.height < len(named):  # some were explained by those named later
        named = [_slice_of(row) for row in kept.iter_rows(named=True)]
        effects = main_effects(lines, named)
        shut = {conditions for conditions, _ in named}
        rows = _judged(slice_counts(lines, effects), named, shut, target=target)
        kept = rows.filter("flagged", "named")
    return kept, effects


def _judged(counts: pl.DataFrame, named: Sequence[Named], shut: set[Conditions], *, target: float) -> pl.DataFrame:
    """The slices with rate, probability, what they gain on the likelihood, and which of them are ``flagged``."""
    one_level = pl.col("second").is_null()
    rows = counts.with_columns(
        prior=pl.concat_str(pl.when(one_level).then(pl.lit("one")).otherwise(pl.lit("two")), "weeks", separator="|"),
        named=pl.any_horizontal(pl.lit(value=False), *(_is(c) & (pl.col("weeks") == weeks) for c, weeks in named)),
    )
    rows = rows.with_columns(shut=~pl.col("named") & pl.any_horizontal(pl.lit(value=False), *(_is(c) for c in shut)))
    due = (pl.col("usual") * pl.col("exposure")).clip(lower_bound=1e-9)
    came = pl.col("refunds")
    gain = pl.when(came > due).then(came * (came / due).log() - came + due).otherwise(0.0)
    rows = rows.with_columns(gain=gain).with_columns(telling=pl.col("gain") >= LEAST_GAIN)
    rows = pl.concat(
        [
            product_rates(rows.filter(which), worse=SLICE_WORSE, bound=slice_bound, fault=fault, where="telling")
            for which, fault in ((one_level, MILD), (~one_level, BROKEN))
        ]
    )
    tells = pl.col("enough") & (pl.col("excess") >= LEAST_EXCESS) & ~pl.col("shut")
    rows = rows.with_columns(tells=tells.fill_null(value=False))
    return bayes_fdr(rows, target=target, eligible="tells")


def _is(conditions: Conditions) -> pl.Expr:
    """Whether a row is of that slice, over whatever weeks."""
    (first, level), *more = conditions
    second, other = more[0] if more else (None, None)
    return (
        (pl.col("first") == first)
        & (pl.col("first_code") == level)
        & pl.col("second").eq_missing(pl.lit(second, dtype=pl.String))
        & pl.col("second_code").eq_missing(pl.lit(other, dtype=pl.Int64))
    )


def _slice_of(row: dict[str, Any]) -> Named:
    parts = [(row["first"], row["first_code"])]
    if row["second"] is not None:
        parts.append((row["second"], row["second_code"]))
    return tuple(parts), row["weeks"]


def _named(lines: SliceLines, conditions: Conditions) -> list[tuple[str, str | None]]:
    return [(d.partition(":")[0], lines.levels[d][level]) for d, level in conditions]


def _conditions(named: Sequence[tuple[str, str | None]]) -> list[dict[str, str | None]]:
    return [{"dimension": d, "level": level} for d, level in named]


def _lines_of(frame: pl.DataFrame, lines: SliceLines, effects: Effects, row: dict[str, Any]) -> pl.DataFrame:
    """A named slice's lines of all twelve weeks: ``due`` without the slice, and ``counted`` where in its window."""
    conditions, weeks = _slice_of(row)
    inside = rows_of(lines, (conditions, lines.longest))
    counted = frame["age"].to_numpy()[inside] < weeks
    due = effects.expected[inside] / np.where(counted, effects.named[conditions, weeks], 1.0)
    due *= row["usual"] * row["exposure"] / due[counted].sum()
    return frame[inside].with_columns(due=pl.Series(due), counted=pl.Series(counted))


def _is_one_products(of: pl.DataFrame, problem: Sequence[str], row: dict[str, Any]) -> bool:
    """Whether one product holds the excess on a small part of the slice's orders, and is told of as a product.

    A SKU attribute whose excess is one product's is that product's SKU.
    """
    sums = of.group_by("product_id").agg(pl.col("events", "due").sum())
    sums = sums.with_columns(over=pl.col("events") - pl.col("due"))
    top = sums.sort("over", "product_id", descending=[True, False]).row(0, named=True)
    over, due = float(sums["over"].sum()), float(sums["due"].sum())
    alone = top["over"] >= EXPLAINS * over and top["due"] <= NARROW * due
    return alone and (top["product_id"] in problem or row["first"].startswith("attribute"))


def _weeks(of: pl.DataFrame, week: Week) -> dict[str, Any]:
    """The slice's ``weekly_rate``, and ``since``, the Monday of its present level (null where it has but one)."""
    weeks = pl.DataFrame({"cohort": [week.shift(-n).monday for n in range(WINDOW_WEEKS - 1, -1, -1)]})
    sums = of.group_by("cohort").agg(pl.col("events", "due", "exposure").sum(), orders=pl.len())
    sums = weeks.join(sums, on="cohort", how="left", maintain_order="left")
    known = pl.col("exposure") >= SHOWN_FROM * pl.col("orders")
    rates = sums.select(pl.when(known).then(rate(pl.col("events"), pl.col("exposure")).clip(0, 1))).to_series()
    came, due = (sums[c].fill_null(0.0).to_numpy() for c in ("events", "due"))
    start = int(present_ratio_start(came[None, :], due[None, :])[0])
    before, after = due[:start].sum(), due[start:].sum()
    rose = before > 0 and after > 0 and came[start:].sum() / after > came[:start].sum() / before
    return {"since": sums["cohort"][start] if rose else None, "weekly_rate": rates.to_list()}


def _asked(of: pl.DataFrame, asked: pl.DataFrame) -> dict[str, Any]:
    """Of a slice's requests: the reason furthest above its usual share, money and how many were not withdrawn."""
    usual = asked.group_by("reason").agg(share=pl.col("events").sum() / asked["events"].sum())
    own = asked.join(of.select("line_id"), on="line_id", how="semi")
    by_reason = own.group_by("reason").agg(pl.col("events").sum()).join(usual, on="reason", nulls_equal=True)
    over = by_reason.drop_nulls("reason").with_columns(over=pl.col("events") - of["due"].sum() * pl.col("share"))
    over = over.sort("over", "reason", descending=[True, False])
    unclosed = own.filter(pl.col("state") != "closed")
    return {
        "main_reason": over["reason"].first(), "cents": int(own["cents"].sum()),
        "unclosed": float(unclosed["events"].sum()),
    }  # fmt: skip
