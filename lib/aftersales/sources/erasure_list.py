"""Who was erased on request, remembered by hashes alone, and left out of every file that is read again."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from aftersales.sources.identity import keyed_hash

# Columns that name a buyer or lead to one, and columns in which buyers write.
IDENTITIES = ("buyer_key", "address_key", "phone_key", "tracking_no", "return_tracking_no", "conversation_id")
WORDS = ("note", "text", "demand", "reason_raw", "close_reason", "place")
# What a row cannot be without, and has instead.
_INSTEAD = {"path": "", "tracking_no": "erased", "buyer_key_quality": "none"}
_BY = {"order_id": "order", "buyer_key": "buyer", "tracking_no": "parcel", "conversation_id": "conversation"}


def marks(
    orders: Iterable[str],
    buyer_keys: Iterable[str],
    parcels: Iterable[str],
    conversations: Iterable[str] = (),
    *,
    key: bytes,
) -> pl.DataFrame:
    """One ``mark`` an order, buyer key, parcel and conversation: a keyed hash that links to nothing stored.

    >>> marks(["77"], [], [], key=b"k")["mark"].str.len_chars().to_list()
    [24]
    """
    groups = {"order": orders, "buyer": buyer_keys, "parcel": parcels, "conversation": conversations}
    names = [f"{kind} {name}" for kind, group in groups.items() for name in group]
    return pl.DataFrame({"mark": keyed_hash(pl.Series(names, dtype=pl.String), key=key, purpose="erased")}).unique()


def without_erased(rows: pl.DataFrame, erased: pl.Series, *, key: bytes) -> pl.DataFrame:
    """Rows of a file that is read again, the erased ones without identities and words; same rows, same order.

    >>> again = pl.DataFrame({"order_id": ["77", "78"], "note": ["mine", "yours"]})
    >>> without_erased(again, marks(["77"], [], [], key=b"k")["mark"], key=b"k").rows()
    [('77', None), ('78', 'yours')]
    """
    gone = pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
    for column in [c for c in _BY if c in rows.columns]:
        marked = _marked(_BY[column], rows[column], erased, key=key)
        if column == "conversation_id":  # of a conversation the rows that name nobody; the others go by whom they name
            names = [pl.col(c) for c in ("order_id", "buyer_key") if c in rows.columns]
            marked &= rows.select(pl.all_horizontal(c.is_null() for c in [*names, pl.lit(None)])).to_series()
        gone |= marked
    if not gone.any():
        return rows
    instead = dict.fromkeys((*IDENTITIES, *WORDS)) | (
        _INSTEAD if "event" in rows.columns else {**_INSTEAD, "tracking_no": None}
    )
    return rows.with_columns(
        pl.when(gone).then(pl.lit(value, dtype=rows.schema[c])).otherwise(c).alias(c)
        for c, value in instead.items()
        if c in rows.columns
    )


def _marked(kind: str, names: pl.Series, erased: pl.Series, *, key: bytes) -> pl.Series:
    """Which names are an erased order's, buyer's, parcel's or conversation's (``kind``)."""
    named = names.to_frame("name").select(pl.lit(f"{kind} ") + pl.col("name")).to_series()
    return keyed_hash(named, key=key, purpose="erased").is_in(erased.implode()).fill_null(False)


def without_erased_cells(aside: pl.DataFrame, erased: pl.Series, *, key: bytes) -> pl.DataFrame:
    """Rows set aside that are read again, without cells where one of them is an erased order's or parcel's number.

    >>> aside = pl.DataFrame({"row": [2, 3], "cells": ['{"no": "7712345"}', '{"no": "77123456"}']})
    >>> without_erased_cells(aside, marks(["7712345"], [], [], key=b"k")["mark"], key=b"k")["cells"].to_list()
    [None, '{"no": "77123456"}']
    """
    numbers = aside.select("row", number=pl.col("cells").str.extract_all(r"[0-9A-Za-z][0-9A-Za-z-]{3,}"))
    numbers = numbers.explode("number").drop_nulls()
    gone = pl.repeat(False, numbers.height, dtype=pl.Boolean, eager=True)
    for kind in ("order", "parcel"):
        gone |= _marked(kind, numbers["number"], erased, key=key)
    rows = numbers.filter(gone)["row"].implode()
    return aside.with_columns(cells=pl.when(pl.col("row").is_in(rows).not_()).then("cells"))
