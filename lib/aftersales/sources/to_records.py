"""Readings into rows for the store: people hashed, free text masked, versions marked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from aftersales.sources.erasure_list import without_erased
from aftersales.sources.identity import keyed_hash, with_person_keys
from aftersales.sources.masking import masked_texts
from aftersales.sources.read import Reading
from aftersales.sources.records import DIRECT, RECORDS, month_of
from aftersales.sources.versions import AHEAD, MARKS, lacks
from aftersales.words.errors import DataError
from aftersales.words.periods import in_zone

# What kind of file fills which table.
TABLE_OF = {
    "order_report": "order_records",
    "item_report": "item_records",
    "refund_report": "refund_records",
    "complaints": "complaint_records",
    "daily_traffic": "traffic",
    "money_log": "money",
    **{t: t for t in ("messages", "parcels", "evidence", "traffic", "products", "cases", "case_members", "decisions")},
}
_PEOPLE = ("buyer", "receiver", "address", "phone", "mobile")
_FREE_TEXT = ("note", "text", "close_reason", "demand", "reason_raw", "place", "event")


def joined_key(key: Sequence[str]) -> pl.Expr:
    """What ``lineage`` writes for a row's key: its parts joined by a bar."""
    return pl.concat_str([pl.col(c).cast(pl.String).fill_null("") for c in key], separator="|")


def kept_rows(
    readings: Sequence[Reading], *, key: bytes, import_id: str, zone: str, erased: pl.Series | None = None
) -> dict[str, pl.DataFrame]:
    """The rows of one file by table: the table's columns, then the marks of a version, then ``counted``.

    Records keep what every file says; direct tables get keys of their own where the file brings none. What was
    ``erased`` on request (its marks) does not come back. ``counted`` is false for rows made of others of the file.
    """
    found: dict[str, list[pl.DataFrame]] = {}
    for reading in readings:
        table = TABLE_OF.get(reading.kind)
        if table is None:
            raise DataError(f"The layout {reading.layout} is of an unknown kind", found=reading.kind)
        rows = _without_people(reading.frame, key=key)
        rows = rows.with_columns(masked_texts(rows[c]) for c in _FREE_TEXT if rows.schema.get(c) == pl.String)
        if erased is not None and erased.len():
            rows = without_erased(rows, erased, key=key)
        rows = _with_own_keys(rows, table)
        found.setdefault(table, []).append(_marked(rows, reading, table, import_id=import_id, zone=zone))
    return {t: pl.concat(frames, how="vertical_relaxed") for t, frames in found.items()}


def _without_people(frame: pl.DataFrame, *, key: bytes) -> pl.DataFrame:
    if "receiver" in frame.columns or {"phone", "mobile"} & set(frame.columns):
        missing = [pl.lit(None, dtype=pl.String).alias(c) for c in _PEOPLE if c not in frame.columns]
        return with_person_keys(frame.with_columns(missing), key=key)
    if "buyer" in frame.columns:
        name = frame["buyer"].str.strip_chars()
        whole = name.set(name.str.contains(r"[*＊]").fill_null(True) | (name == ""), None)
        return frame.drop("buyer").with_columns(keyed_hash(whole, key=key, purpose="buyer").alias("buyer_key"))
    return frame


def _with_own_keys(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """Messages, parcel events and ledger lines have no id of their own: their content is their id."""
    parts = {
        "messages": ("conversation_id", "order_id", "sender", "sent_at", "text"),
        "parcels": ("tracking_no", "at", "event", "place", "note"),
        "money": ("entry_id", "order_id", "line_id", "at", "kind", "income", "expense"),
    }.get(table)
    if parts:
        whole = rows.select(joined_key(parts)).to_series()
        ids = [hashlib.blake2b(v.encode(), digest_size=12).hexdigest() for v in whole]
        name = {"messages": "message_id", "parcels": "event_id", "money": "entry_id"}[table]
        return rows.with_columns(pl.Series(name, ids, dtype=pl.String))
    if table == "products":
        return rows.with_columns(
            pl.col("merchant_code").fill_null(""), pl.col("from_day").cast(pl.Date).fill_null(date(1970, 1, 1))
        )
    if table == "evidence":
        return rows.with_columns(pl.col("order_id").fill_null(""), pl.col("path").fill_null(""))
    return rows


def _marked(rows: pl.DataFrame, reading: Reading, table: str, *, import_id: str, zone: str) -> pl.DataFrame:
    kept = (RECORDS | DIRECT)[table]
    types = {c: t for c, t in kept.types(zone).items() if c not in (*MARKS, "month")}
    missing = [pl.lit(None).alias(c) for c in types if c not in rows.columns]
    shaped = rows.with_columns(missing).select("row", *(pl.col(c).cast(t) for c, t in types.items()))
    as_of = reading.exported_at or max(moments_of(reading.frame, past_only=True), default=None)
    if as_of is not None and not as_of.tzinfo:
        as_of = in_zone(as_of, ZoneInfo(zone))
    untold = [c for c in types if c not in reading.there and shaped[c].null_count() == shaped.height]
    marked = shaped.with_columns(
        file=pl.lit(reading.file),
        row=pl.col("row").cast(pl.Int64),
        import_id=pl.lit(import_id),
        as_of=pl.lit(as_of, dtype=pl.Datetime("us", zone)),
        dated=pl.lit(reading.exported_at is not None),
        lacks=pl.lit(lacks(untold)),
        content=shaped.select(list(types)).hash_rows(seed=0).reinterpret(signed=True),
        counted=pl.lit(not reading.derived),
    )
    if kept.month_of:
        marked = marked.with_columns(month=month_of(kept.month_of))
    return marked


def moments_of(frame: pl.DataFrame, *, past_only: bool = False) -> list[datetime]:
    """The first and last moment of each time column; ``past_only`` leaves out those that may lie ahead (deadlines)."""
    ahead = AHEAD if past_only else ()
    columns = [s for s in frame.select(pl.col(pl.Datetime)).iter_columns() if s.name not in ahead]
    ends = [m for s in columns for m in (s.min(), s.max())]
    return [m for m in ends if isinstance(m, datetime)]
