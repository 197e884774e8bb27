"""drivers: what carries this week's rise in refunds, and what the change is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from aftersales.measures.mix import change_split
from aftersales.measures.parts import InParts, parts_of
from aftersales.measures.request_exposure import EVENT_COLUMNS, RequestTables, Span, daily_exposure, request_tables
from aftersales.measures.requests import has_refund_dates
from aftersales.measures.slice_search import NEGLIGIBLE_SHARE
from aftersales.measures.slices import driving_slices
from aftersales.tables.columns import Frame
from aftersales.tables.orders import Orders
from aftersales.words.errors import unknown
from aftersales.words.language import Language, run_on, say
from aftersales.words.periods import Week

# Enough weeks to know the usual, few enough that last season's ways are gone: the shorter end of the 8–12 weeks over
# which delays are taken to hold still (reference: methods 1).
BEFORE_WEEKS = 8
# With less than two weeks before there is nothing to call usual.
LEAST_BEFORE_DAYS = 14
DIMENSIONS = ("product_id", "sku", "batch", "warehouse", "courier", "province", "channel")

_CONTRACT: dict[str, pl.DataType | type[pl.DataType]] = {
    "segment": pl.String,
    "measure": pl.String,
    "rate_before": pl.Float64,
    "rate_after": pl.Float64,
    "excess": pl.Float64,
    "share_of_change": pl.Float64,
    "since": pl.Date,
    "headline": pl.String,
    "orders": pl.Float64,
    "refunds": pl.Float64,
    "expected": pl.Float64,
    "lift": pl.Float64,
    "p_value": pl.Float64,
    "held_out": pl.Boolean,
    "ties": pl.List(pl.String),
    "spoken": pl.String,
}
DRIVERS_SCHEMA = pl.Schema(_CONTRACT)


def drivers(
    orders: InParts, refunds: Frame, *, week: Week, language: Language = "zh", dimensions: Sequence[str] = DIMENSIONS
) -> pl.DataFrame:
    """The slices of orders that carry the week's rise in refund requests over the eight weeks before.

    Tables in: orders (which may come in parts) and refunds. Columns out (the contract of ``drivers.parquet``): segment,
    measure (``refund_rate``), rate_before and rate_after (first requests over order lines at risk, 0–1), excess
    (requests above the usual), share_of_change (of the shop's rise at an unchanged mix; null where the shop as a whole
    did not rise), since (the day from which requests were above), headline; and orders (order lines at risk in the
    week), refunds, expected, lift, p_value, held_out, ties, spoken (the segment in words). Largest excess first. No row
    where nothing stands out, where refunds carry no dates, or where less than two weeks lie before.

    >>> nothing = pl.DataFrame(schema={"order_id": pl.String, "paid": pl.Float64, "paid_at": pl.Datetime})
    >>> cases = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String, "applied_at": pl.Datetime})
    >>> drivers(nothing, cases, week=Week.parse("2026-W46")).columns[:3]
    ['segment', 'measure', 'rate_before']
    """
    spans = _spans(refunds, week)
    if spans is None:
        return pl.DataFrame(schema=DRIVERS_SCHEMA)
    before, after = spans
    tables = request_tables(orders, refunds, before=before, after=after, columns=dimensions)
    used = [d for d in dimensions if tables.exposures[d].n_unique() > 1]
    if not used:
        return pl.DataFrame(schema=DRIVERS_SCHEMA)
    found = driving_slices(tables.exposures, tables.events, dimensions=used, event_dimension="reason")
    if not found.height:
        return pl.DataFrame(schema=DRIVERS_SCHEMA)
    titles = _titles(orders)
    rows = [_row(r, spans, tables, titles, language) for r in found.iter_rows(named=True)]
    return pl.DataFrame(rows, schema=DRIVERS_SCHEMA)


def change_parts(orders: InParts, refunds: Frame, *, week: Week, by: str, money: bool = False) -> pl.DataFrame:
    """The week's refund requests (or with `money` the money asked for) against the week before, by segment, exactly.

    `by` is a column of the orders, such as product_id, courier, province or channel, or of the refunds: reason, kind,
    phase. Columns out as for `change_split`; exposures are order lines at risk. Rows sum to the shop's change.
    """
    known = {*Orders.columns(), *EVENT_COLUMNS}
    if by not in known:
        raise unknown("column to split by", by, sorted(known))
    earlier = week.shift(-1)
    columns, event_by = ([], [by]) if by in EVENT_COLUMNS else ([by], [])
    tables = request_tables(
        orders,
        refunds,
        before=(earlier.monday, earlier.sunday),
        after=(week.monday, week.sunday),
        columns=columns,
        money=money,
    )
    in_words = pl.col(columns).cast(pl.String)
    exposures, events = (table.with_columns(in_words) for table in (tables.exposures, tables.events))
    return change_split(exposures, events, by=columns, event_by=event_by)


def change_headline(parts: pl.DataFrame, *, language: Language = "zh") -> str:
    """One sentence on a table of `change_split` over counts: the change, and how much of it is volume, mix and rate."""
    change, volume, mix, rate = (float(parts[c].cast(pl.Float64).sum()) for c in ("change", "volume", "mix", "rate"))
    return say("drivers.change", language, change=change, volume=volume, mix=mix, rate=rate)


def _spans(refunds: Frame, week: Week) -> tuple[Span, Span] | None:
    if not has_refund_dates(refunds):
        return None
    first = refunds.lazy().select(pl.col("applied_at").dt.date().min()).collect().item()
    start = max(week.shift(-BEFORE_WEEKS).monday, first)
    end = week.monday - timedelta(days=1)
    if (end - start).days + 1 < LEAST_BEFORE_DAYS:
        return None
    return (start, end), (week.monday, week.sunday)


def _titles(orders: InParts) -> Mapping[str, str]:
    titles: dict[str, str] = {}
    for part in parts_of(orders):
        if {"product_id", "title"} <= set(part.collect_schema().names()):
            known = part.select("product_id", "title").drop_nulls()
            titles |= known.unique("product_id", keep="last", maintain_order=True).collect().iter_rows()
    return titles


def _row(
    slice_row: dict,
    spans: tuple[Span, Span],
    tables: RequestTables,
    titles: Mapping[str, str],
    language: Language,
) -> dict:
    inside = [(c["dimension"], c["level"]) for c in slice_row["conditions"]]
    since = _since(tables, inside, spans)
    values = {
        "before": slice_row["rate_before"],
        "after": slice_row["rate_after"],
        "excess": slice_row["excess"],
        "share": slice_row["share_of_rise"],
        "since": since,
        "segment": _spoken(inside, titles, language),
    }
    return {
        "segment": slice_row["segment"],
        "measure": "refund_rate",
        "rate_before": slice_row["rate_before"],
        "rate_after": slice_row["rate_after"],
        "excess": slice_row["excess"],
        "share_of_change": slice_row["share_of_rise"],
        "since": since,
        "headline": _headline(
            values, bool(inside), [_spoken_text(t, titles, language) for t in slice_row["ties"]], language
        ),
        "orders": slice_row["exposure_after"],
        "refunds": slice_row["events_after"],
        "expected": slice_row["expected"],
        "lift": slice_row["lift"],
        "p_value": slice_row["p_value"],
        "held_out": slice_row["held_out"],
        "ties": slice_row["ties"],
        "spoken": values["segment"],
    }


def _headline(values: dict, concentrated: bool, ties: list[str], language: Language) -> str:
    share = values["share"]
    if not concentrated:
        key = "drivers.whole_shop"
    elif values["before"] is None:
        key = "drivers.new_segment"
    elif share is None or share > 1:
        key = "drivers.segment"
    else:
        key = "drivers.segment_share"
    parts = [say(key, language, **values)]
    if concentrated and share is not None and share >= 1 - NEGLIGIBLE_SHARE:
        parts.append(say("drivers.otherwise_usual", language))
    if ties:
        parts.append(say("drivers.tie", language, ties=ties))
    return run_on(parts, language)


def _spoken(conditions: Sequence[tuple[str, str | None]], titles: Mapping[str, str], language: Language) -> str:
    words = []
    for dimension, level in conditions:
        if level is None:
            value = say("drivers.level_unknown", language)
        elif dimension == "reason":
            value = say(f"reason.{level}", language)
        elif dimension == "product_id":
            value = titles.get(level, level)
        else:
            value = level
        words.append(say(f"drivers.dimension.{dimension}", language, value=value))
    return " × ".join(words)


def _spoken_text(segment: str, titles: Mapping[str, str], language: Language) -> str:
    """A segment written ``batch=B1 & reason=quality`` as it is spoken."""
    parts = [part.partition("=") for part in segment.split(" & ")]
    known = [
        (name, value if value != "unknown" else None)
        for name, _, value in parts
        if name in DIMENSIONS or name == "reason"
    ]
    return _spoken(known, titles, language) if len(known) == len(parts) else segment


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
