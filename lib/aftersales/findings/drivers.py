"""drivers: what carries this week's rise in refunds, what has been worse for weeks, and what the change is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from aftersales.findings.driving_segments import DIMENSIONS, SEGMENTS_SCHEMA, driving_segments
from aftersales.findings.persistent_slices import PERSISTENT_SCHEMA
from aftersales.measures.chunks import Chunks
from aftersales.measures.mix import change_split
from aftersales.measures.request_exposure import EVENT_COLUMNS, request_tables
from aftersales.measures.slice_search import NEGLIGIBLE_SHARE
from aftersales.tables.columns import Frame
from aftersales.tables.orders import Orders
from aftersales.words.errors import unknown
from aftersales.words.language import Language, run_on, say
from aftersales.words.periods import Week

_CONTRACT = (
    "kind",
    "segment",
    "measure",
    "rate_before",
    "rate_after",
    "excess",
    "share_of_change",
    "since",
    "headline",
    "orders",
    "refunds",
    "expected",
    "lift",
    "p_value",
    "held_out",
    "ties",
    "spoken",
)
# what the search does not give is words
DRIVERS_SCHEMA = pl.Schema({name: SEGMENTS_SCHEMA.get(name, pl.String()) for name in _CONTRACT})
# what these have beside the others': over how many weeks counts are, and how sure it is
_OF_PERSISTENT = (
    "weeks", "rate_low", "rate_high", "probability_worse", "false_share", "money_at_stake", "main_reason",
    "weekly_rate",
)  # fmt: skip
_A_WEEK = {"excess_a_week": pl.Float64(), "money_a_week": pl.Float64()}
TOLD_PERSISTENT_SCHEMA = pl.Schema(
    dict(DRIVERS_SCHEMA)
    | {name: PERSISTENT_SCHEMA[name] for name in _OF_PERSISTENT}
    | _A_WEEK
    | {"spoken_ties": pl.List(pl.String)}
)


def drivers(
    orders: Chunks, refunds: Frame, *, week: Week, language: Language = "zh", dimensions: Sequence[str] = DIMENSIONS
) -> pl.DataFrame:
    """The slices of orders that carry the week's rise in refund requests over the eight weeks before, told.

    Tables in, order and what gives no row: as for `driving_segments`. Columns out: as for `told_drivers`.

    >>> nothing = pl.DataFrame(schema={"order_id": pl.String, "paid": pl.Float64, "paid_at": pl.Datetime})
    >>> cases = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String, "applied_at": pl.Datetime})
    >>> drivers(nothing, cases, week=Week.parse("2026-W46")).columns[:3]
    ['kind', 'segment', 'measure']
    """
    return told_drivers(driving_segments(orders, refunds, week=week, dimensions=dimensions), language=language)


def told_drivers(segments: pl.DataFrame, *, language: Language = "zh") -> pl.DataFrame:
    """The rows of `driving_segments` in words, sorted as they were.

    Columns out (the contract of ``drivers.parquet``): kind (``change``), segment, measure (``refund_rate``),
    rate_before, rate_after,
    excess, share_of_change, since, headline; and orders, refunds, expected, lift, p_value, held_out, ties, spoken (the
    segment in words).

    >>> told_drivers(pl.DataFrame(schema=SEGMENTS_SCHEMA)).schema == DRIVERS_SCHEMA
    True
    """
    rows = [_told(row, language) for row in segments.iter_rows(named=True)]
    return pl.DataFrame(rows, schema=DRIVERS_SCHEMA)


def told_persistent(slices: pl.DataFrame, *, language: Language = "zh", currency: str = "CNY") -> pl.DataFrame:
    """The rows of `persistent_slices` in words, sorted as they were.

    Columns out: those of `told_drivers` with kind ``persistent``: rate_before is the expected rate, rate_after the
    estimated one; orders, refunds, expected and excess are of ``weeks`` (4, 8 or 12); share_of_change, p_value and
    held_out are null. Then weeks, rate_low, rate_high, probability_worse, false_share, money_at_stake, main_reason,
    weekly_rate, excess_a_week, money_a_week (of the excess) and spoken_ties (the ties in words).

    >>> told_persistent(pl.DataFrame(schema=PERSISTENT_SCHEMA)).schema == TOLD_PERSISTENT_SCHEMA
    True
    """
    rows = []
    for row in slices.iter_rows(named=True):
        spoken = _spoken(row["conditions"], {}, language)
        ties = [_spoken(tied, {}, language) for tied in row["tied_conditions"]]
        a_week = float(row["money_at_stake"]) / row["weeks"]
        key = "drivers.persistent" if row["since"] is None else "drivers.persistent_since"
        said = say(
            key,
            language,
            currency=currency,
            segment=spoken,
            weeks=row["weeks"],
            after=row["rate_after"],
            before=row["rate_before"],
            since=row["since"],
            excess=row["excess"] / row["weeks"],
            money=a_week,
        )
        parts = [said, *([say("drivers.persistent_tie", language, ties=ties)] if ties else [])]
        words = {
            "kind": "persistent", "measure": "refund_rate", "spoken": spoken, "spoken_ties": ties,
            "excess_a_week": row["excess"] / row["weeks"], "money_a_week": a_week,
        }  # fmt: skip
        rows.append({**row, **words, "headline": run_on(parts, language)})
    kept = [{name: row.get(name) for name in TOLD_PERSISTENT_SCHEMA} for row in rows]
    return pl.DataFrame(kept, schema=TOLD_PERSISTENT_SCHEMA)


def change_parts(orders: Chunks, refunds: Frame, *, week: Week, by: str, money: bool = False) -> pl.DataFrame:
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


def _told(row: dict, language: Language) -> dict:
    titles = {t["product_id"]: t["title"] for t in row["titles"]}
    spoken = _spoken(row["conditions"], titles, language) or say("drivers.everywhere", language)
    # what cannot be taken apart is named as it is written
    ties = [
        _spoken(conditions, titles, language) or text
        for text, conditions in zip(row["ties"], row["tied_conditions"], strict=True)
    ]
    given = {name: row[name] for name in DRIVERS_SCHEMA.names() if name in row}
    told = {
        "kind": "change",
        "measure": "refund_rate",
        "headline": _headline(row, spoken, ties, language),
        "spoken": spoken,
    }
    return given | told


def _headline(row: dict, spoken: str, ties: list[str], language: Language) -> str:
    share, concentrated = row["share_of_change"], bool(row["conditions"])
    if not concentrated:
        key = "drivers.whole_shop"
    elif row["rate_before"] is None:
        key = "drivers.new_segment"
    elif share is None or share > 1:
        key = "drivers.segment"
    else:
        key = "drivers.segment_share"
    values = {
        "before": row["rate_before"], "after": row["rate_after"], "excess": row["excess"], "share": share,
        "since": row["since"], "segment": spoken,
    }  # fmt: skip
    parts = [say(key, language, **values)]
    if concentrated and share is not None and share >= 1 - NEGLIGIBLE_SHARE:
        parts.append(say("drivers.otherwise_usual", language))
    if ties:
        parts.append(say("drivers.tie", language, ties=ties))
    return run_on(parts, language)


def _spoken(conditions: Sequence[Mapping[str, str | None]], titles: Mapping[str, str], language: Language) -> str:
    words = []
    for dimension, level in ((str(c["dimension"]), c["level"]) for c in conditions):
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
