"""Which slices of orders carry a week's rise in refund requests, in numbers: told in words by `drivers`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from aftersales.measures.chunks import Chunks, parts_of
from aftersales.measures.request_exposure import EVENT_COLUMNS, RequestTables, Span, daily_exposure, request_tables
from aftersales.measures.requests import has_refund_dates
from aftersales.measures.slices import driving_slices, segment_parts
from aftersales.tables.columns import Frame
from aftersales.words.periods import Week

# Enough weeks to know the usual, few enough that last season's ways are gone: the shorter end of the 8–12 weeks over
# which delays are taken to hold still (reference: methods 1).
BEFORE_WEEKS = 8
# With less than two weeks before there is nothing to call usual.
LEAST_BEFORE_DAYS = 14
DIMENSIONS = ("product_id", "sku", "batch", "warehouse", "courier", "province", "channel")

CONDITION = pl.Struct({"dimension": pl.String, "level": pl.String})
_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "segment": pl.String,
    "conditions": pl.List(CONDITION),
    "rate_before": pl.Float64,
    "rate_after": pl.Float64,
    "excess": pl.Float64,
    "share_of_change": pl.Float64,
    "since": pl.Date,
    "orders": pl.Float64,
    "refunds": pl.Float64,
    "expected": pl.Float64,
    "lift": pl.Float64,
    "p_value": pl.Float64,
    "held_out": pl.Boolean,
    "ties": pl.List(pl.String),
    "tied_conditions": pl.List(pl.List(CONDITION)),
    "titles": pl.List(pl.Struct({"product_id": pl.String, "title": pl.String})),
}
SEGMENTS_SCHEMA = pl.Schema(_COLUMNS)


def driving_segments(
    orders: Chunks, refunds: Frame, *, week: Week, dimensions: Sequence[str] = DIMENSIONS
) -> pl.DataFrame:
    """The slices of orders that carry the week's rise in refund requests over the eight weeks before, without words.

    Tables in: orders (which may come in parts) and refunds. Columns out: segment, conditions (its dimensions and
    levels; a null level is "not recorded"; none for the whole shop), rate_before and rate_after (first requests over
    order lines at risk, 0–1), excess (requests above the usual), share_of_change (of the shop's rise at an unchanged
    mix; null where the shop as a whole did not rise), since (the day from which requests were above), orders (order
    lines at risk in the week), refunds, expected, lift, p_value, held_out, ties (segments of the same orders),
    tied_conditions (of each), titles (of the products named). Largest excess first. No row where nothing stands out,
    where refunds carry no dates, or where less than two weeks lie before.

    >>> nothing = pl.DataFrame(schema={"order_id": pl.String, "paid": pl.Float64, "paid_at": pl.Datetime})
    >>> cases = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String, "applied_at": pl.Datetime})
    >>> driving_segments(nothing, cases, week=Week.parse("2026-W46")).columns[:2]
    ['segment', 'conditions']
    """
    nothing = pl.DataFrame(schema=SEGMENTS_SCHEMA)
    spans = _spans(refunds, week)
    if spans is None:
        return nothing
    before, after = spans
    tables = request_tables(orders, refunds, before=before, after=after, columns=dimensions)
    used = [d for d in dimensions if tables.exposures[d].n_unique() > 1]
    if not used:
        return nothing
    found = driving_slices(tables.exposures, tables.events, dimensions=used, event_dimension="reason")
    rows = [_row(slice_row, spans, tables) for slice_row in found.iter_rows(named=True)]
    titles = _titles(orders, {level for row in rows for level in _products(row)})
    for row in rows:
        known = [level for level in _products(row) if level in titles]
        row["titles"] = [{"product_id": level, "title": titles[level]} for level in known]
    return pl.DataFrame(rows, schema=SEGMENTS_SCHEMA)


def _row(slice_row: dict, spans: tuple[Span, Span], tables: RequestTables) -> dict:
    inside = [(c["dimension"], c["level"]) for c in slice_row["conditions"]]
    return {
        "segment": slice_row["segment"],
        "conditions": [{"dimension": d, "level": v} for d, v in inside],
        "rate_before": slice_row["rate_before"],
        "rate_after": slice_row["rate_after"],
        "excess": slice_row["excess"],
        "share_of_change": slice_row["share_of_rise"],
        "since": _since(tables, inside, spans),
        "orders": slice_row["exposure_after"],
        "refunds": slice_row["events_after"],
        "expected": slice_row["expected"],
        "lift": slice_row["lift"],
        "p_value": slice_row["p_value"],
        "held_out": slice_row["held_out"],
        "ties": slice_row["ties"],
        "tied_conditions": [_conditions(text) for text in slice_row["ties"]],
    }


def _conditions(segment: str) -> list[dict[str, str | None]]:
    """Those of a segment in text; none where a level's own text keeps it from being taken apart."""
    parts = segment_parts(segment)
    if not parts.keys() <= {*DIMENSIONS, "reason"}:
        return []
    return [{"dimension": name, "level": None if value == "unknown" else value} for name, value in parts.items()]


def _products(row: dict) -> Iterator[str]:
    """The products that a segment or what is tied with it names."""
    named = [*row["conditions"], *(c for tied in row["tied_conditions"] for c in tied)]
    products = (c["level"] for c in named if c["dimension"] == "product_id" and c["level"] is not None)
    yield from dict.fromkeys(products)


def _titles(orders: Chunks, products: Collection[str]) -> dict[str, str]:
    titles: dict[str, str] = {}
    for part in parts_of(orders) if products else ():
        if {"product_id", "title"} <= set(part.collect_schema().names()):
            known = part.select("product_id", "title").filter(pl.col("product_id").is_in(sorted(products))).drop_nulls()
            titles |= known.unique("product_id", keep="last", maintain_order=True).collect().iter_rows()
    return titles


def _spans(refunds: Frame, week: Week) -> tuple[Span, Span] | None:
    if not has_refund_dates(refunds):
        return None
    first = refunds.lazy().select(pl.col("applied_at").dt.date().min()).collect().item()
    start = max(week.shift(-BEFORE_WEEKS).monday, first)
    end = week.monday - timedelta(days=1)
    if (end - start).days + 1 < LEAST_BEFORE_DAYS:
        return None
    return (start, end), (week.monday, week.sunday)


def _since(tables: RequestTables, conditions: Sequence[tuple[str, str | None]], spans: tuple[Span, Span]) -> date:
    """The request day from which the segment's requests ran higher: the split of its days most in favour of a rise.

    The likelihood of two Poisson rates against one (Hinkley 1970), from the first of the usual days to the week's last.
    """
    first, last = spans[0][0], spans[1][1]
    days = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    alike = {d: pl.col(d).cast(pl.String).eq_missing(pl.lit(v)) for d, v in conditions}
    mine = tables.events.filter(pl.lit(value=True), *alike.values())
    counts = (
        pl.DataFrame({"asked_on": days})
        .join(mine.group_by("asked_on").agg(pl.col("events").sum()), on="asked_on", how="left", maintain_order="left")
        .get_column("events")
        .fill_null(0.0)
        .to_numpy()
    )
    of_orders = [e for d, e in alike.items() if d not in EVENT_COLUMNS]
    lines = tables.exposures.filter(pl.lit(value=True), *of_orders)
    at_risk = daily_exposure(RequestTables(lines, mine, tables.incidence), days=days)
    early, early_risk = np.cumsum(counts)[:-1], np.cumsum(at_risk)[:-1]
    late, late_risk = counts.sum() - early, at_risk.sum() - early_risk
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = counts.sum() / at_risk.sum()
        gain = np.where(early > 0, early * np.log(early / early_risk / pooled), 0.0)
        gain = gain + np.where(late > 0, late * np.log(late / late_risk / pooled), 0.0)
        up = late / late_risk > early / early_risk
    return days[int(np.argmax(np.where(up & np.isfinite(gain), gain, -1.0))) + 1]
