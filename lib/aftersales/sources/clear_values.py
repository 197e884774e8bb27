"""Clear values of a few people, read again from the export files by file and row: for a platform's dossier."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from aftersales.sources.importing import export_bytes
from aftersales.sources.layout import load_layouts
from aftersales.sources.read import read_export
from aftersales.sources.settings import Settings, Shop
from aftersales.words.errors import AftersalesError

PEOPLE = ("buyer", "receiver", "mobile", "phone", "address")
_SCHEMA = {"order_id": pl.String, **dict.fromkeys(PEOPLE, pl.String), "file": pl.String, "row": pl.Int64}


@dataclass(frozen=True, eq=False)
class ClearValues:
    """``rows``: order_id, buyer, receiver, mobile, phone, address (as the file has them), file, row.

    ``unread`` names the files that are gone or not what they were when they were imported: their rows are not here.
    """

    rows: pl.DataFrame
    unread: tuple[str, ...] = ()


def clear_values(settings: Settings, shop: Shop, wanted: pl.DataFrame, *, hashes: Mapping[str, str]) -> ClearValues:
    """People of the rows named by ``wanted`` (order_id, file, row), from the shop's exports folder.

    ``hashes`` gives each file's SHA-256 at its import; a file that has another one now has other rows, and is not read.
    Nothing of what is read is kept anywhere. Sorted by order_id, file, row.
    """
    layouts = load_layouts([Path(settings.place(p)) for p in shop.layouts])
    found, unread = [pl.DataFrame(schema=_SCHEMA)], []
    for (name,), rows in wanted.sort("file", "row").group_by("file", maintain_order=True):
        file = str(name)
        try:
            content = export_bytes(settings, shop, file)
            if hashlib.sha256(content).hexdigest() != hashes.get(file):
                unread.append(file)
                continue
            readings = read_export(file, layouts=layouts, zone=shop.zone, content=content)
        except (AftersalesError, OSError):
            unread.append(file)
            continue
        for reading in readings:
            there = [c for c in PEOPLE if c in reading.frame.columns]
            if not there:
                continue
            missing = [pl.lit(None, dtype=pl.String).alias(c) for c in PEOPLE if c not in there]
            own = rows.select("order_id", "row").join(reading.frame.select("row", "order_id", *there),
                                                      on=["order_id", "row"])  # fmt: skip
            found.append(own.with_columns(missing, file=pl.lit(file)).select(list(_SCHEMA)))
    return ClearValues(pl.concat(found).sort("order_id", "file", "row"), tuple(unread))
