"""All that the tables hold about a case, each row with the file and the row it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from aftersales.cases.case import Case
from aftersales.tables.columns import Frame

# Tables whose rows were read as they stand; where each came from is told by the lineage, under its key.
_DIRECT_KEYS = {
    "messages": "message_id", "parcels": "event_id", "money": "entry_id", "evidence": "order_id|path",
}  # fmt: skip
_RECORDS = ("order_records", "item_records", "refund_records", "complaint_records")


class Tables(Protocol):
    """The store's tables by name, lazily."""

    def __getitem__(self, name: str, /) -> Frame:
        """One table."""
        ...

    def scan(self, name: str, /) -> Frame:
        """One table for a single look, which is not held."""
        ...


@dataclass(frozen=True, eq=False)
class Records:
    """Small frames, one a table, of the case's orders and complaints alone.

    ``orders``, ``refunds``, ``complaints`` are as composed; ``order_records``, ``item_records``, ``refund_records`` and
    ``complaint_records`` are the rows as read (with file, row, as_of); the other four carry file and row (null where
    the lineage does not tell). Sorted by time, then key.
    """

    orders: pl.DataFrame
    refunds: pl.DataFrame
    complaints: pl.DataFrame
    messages: pl.DataFrame
    parcels: pl.DataFrame
    evidence: pl.DataFrame
    money: pl.DataFrame
    order_records: pl.DataFrame
    item_records: pl.DataFrame
    refund_records: pl.DataFrame
    complaint_records: pl.DataFrame


def case_records(tables: Tables, case: Case) -> Records:
    """The rows of a case. Only what concerns the case is read."""
    numbers = list(case.orders)
    complaints = _of(tables, "complaints", pl.col("complaint_id").is_in(list(case.complaints)))
    named = complaints["order_id"].drop_nulls().to_list()
    wanted = sorted({*numbers, *named})
    mine = pl.col("order_id").is_in(wanted)
    orders, refunds = _of(tables, "orders", mine), _of(tables, "refunds", mine)
    if not case.complaints:
        complaints = _of(tables, "complaints", mine)
    parcels = pl.concat([orders["tracking_no"], refunds["return_tracking_no"]]).drop_nulls().unique().to_list()
    direct = {
        "messages": _of(tables, "messages", mine), "money": _of(tables, "money", mine),
        "evidence": _of(tables, "evidence", mine),
        "parcels": _of(tables, "parcels", pl.col("tracking_no").is_in(parcels)),
    }  # fmt: skip
    placed = _placed(direct, tables.scan("lineage"))
    read = {name: _of(tables, name, _about(name, mine, complaints)) for name in _RECORDS}
    return Records(
        orders=orders.sort("created_at", "line_id"),
        refunds=refunds.sort("applied_at", "refund_id"),
        complaints=complaints.sort("filed_at", "complaint_id"),
        messages=placed["messages"].sort("sent_at"),
        parcels=placed["parcels"].sort("at", "event_id"),
        evidence=placed["evidence"].sort("taken_at", "path"),
        money=placed["money"].sort("at", "entry_id"),
        **read,
    )


def _of(tables: Tables, name: str, condition: pl.Expr) -> pl.DataFrame:
    return tables.scan(name).lazy().filter(condition).collect(engine="streaming")


def _about(name: str, mine: pl.Expr, complaints: pl.DataFrame) -> pl.Expr:
    if name == "complaint_records":
        return pl.col("complaint_id").is_in(complaints["complaint_id"].to_list())
    return mine


def _placed(direct: Mapping[str, pl.DataFrame], lineage: Frame) -> dict[str, pl.DataFrame]:
    """Rows of each table with the file and row they were read from last; the lineage, a long table, is read once."""
    keyed = {
        name: rows.with_columns(
            key=pl.concat_str([pl.col(k).fill_null("") for k in _DIRECT_KEYS[name].split("|")], separator="|")
        )
        for name, rows in direct.items()
    }
    keys = pl.concat([rows["key"] for rows in keyed.values()]).implode()
    told = lineage.lazy().filter(pl.col("table").is_in(list(keyed)), pl.col("key").is_in(keys))
    last = told.select("table", "key", "file", "row", "import_id").collect(engine="streaming")
    last = last.sort("import_id", "file", "row").unique(["table", "key"], keep="last", maintain_order=True)
    return {
        name: rows.join(
            last.filter(table=name).select("key", "file", "row"), on="key", how="left", maintain_order="left"
        ).drop("key")
        for name, rows in keyed.items()
    }


def origin(records: pl.DataFrame, key: str, value: str, field: str | None = None) -> tuple[str | None, int | None]:
    """File and row of the newest record of that key, of those that hold ``field`` where any does.

    >>> from datetime import datetime
    >>> rows = pl.DataFrame({"order_id": ["1", "1"], "as_of": [datetime(2026, 11, 1), datetime(2026, 11, 8)],
    ...     "file": ["a.csv", "b.csv"], "row": [2, 9], "paid_at": [datetime(2026, 10, 30), None]})
    >>> origin(rows, "order_id", "1"), origin(rows, "order_id", "1", "paid_at")
    (('b.csv', 9), ('a.csv', 2))
    """
    own = records.filter(pl.col(key) == value).sort("as_of", "file", "row", nulls_last=False)
    if field is not None and own[field].is_not_null().any():
        own = own.filter(pl.col(field).is_not_null())
    return (own["file"][-1], int(own["row"][-1])) if own.height else (None, None)
