"""A dossier packed: page, annexes, evidence and a manifest of SHA-256; the same bytes whenever nothing has changed."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from aftersales.cases.dossier import Dossier
from aftersales.cases.quoting import of_frame, spreadsheet
from aftersales.cases.rows import order_rows, reference
from aftersales.sources.storage import Folder
from aftersales.words.language import clock, say
from aftersales_app.cases.page import Copy, page

MANIFEST = "manifest.json"
FORMAT = "aftersales-dossier/2"
# A zip's own times would differ from run to run.
_TIMELESS = (1980, 1, 1, 0, 0, 0)
_FIRST_DAY = 33  # the same day as a zip writes it
_LISTED, END = struct.Struct("<4s4B4HL2L5H2L"), struct.Struct("<4s4H2LH")


def packed(
    told: Dossier,
    *,
    copy: Copy,
    version: str,
    evidence_folder: Folder,
    buyers: pl.DataFrame | None = None,
    unread: tuple[str, ...] = (),
    hide: tuple[str, ...] = (),
) -> tuple[str, bytes, str]:
    """The copy's page, its zip, and the digest of its manifest.

    Only the platform's zip holds the evidence files themselves and the buyers' clear values; the internal one lists the
    files with their hashes. ``buyers``, ``unread`` and ``hide`` are as in `page`.
    """
    annexes = _annexes(told, copy, buyers, hide)
    if copy == "platform":
        for file in told.evidence:
            if file.sha256 is not None:
                annexes[f"evidence/{file.name}"] = evidence_folder.read(file.name)
    named = {name: sha256_of(content) for name, content in annexes.items() if not name.startswith("evidence/")}
    shown = page(told, copy=copy, version=version, annex=named, buyers=buyers, unread=unread, hide=hide)
    files = {f"{copy}.html": shown.encode(), **annexes}
    manifest = manifest_of(
        files, case=reference(told.case.id, copy=copy), copy=copy, shop=told.shop, until=f"{told.known_until:%Y-%m-%d}"
    )
    return shown, zipped({**files, MANIFEST: manifest}), sha256_of(manifest)


def sha256_of(content: bytes) -> str:
    """SHA-256 in hexadecimal.

    >>> sha256_of(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(content).hexdigest()


def manifest_of(files: Mapping[str, bytes], **about: str) -> bytes:
    """The manifest: each file's name, SHA-256 and size, and a digest over all of it but itself."""
    listed = [{"name": n, "sha256": sha256_of(c), "bytes": len(c)} for n, c in sorted(files.items())]
    told: dict[str, Any] = {"format": FORMAT, **about, "files": listed}
    told["digest"] = digest_of(told)
    return manifest_text(told)


def manifest_text(told: Mapping[str, Any]) -> bytes:
    """A manifest in the one spelling that is written."""
    return (json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def digest_of(told: Mapping[str, Any]) -> str:
    """The digest that a manifest carries of itself: SHA-256 of its other entries in one fixed spelling."""
    rest = {k: v for k, v in told.items() if k != "digest"}
    return sha256_of(json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip whose bytes depend on names and contents alone, and that anybody can write again from its manifest.

    Nothing is compressed: compressors differ from machine to machine, and what stands in the archive as it is cannot
    unpack to more than it is.
    """
    out, entries = io.BytesIO(), []
    for name, content in sorted(files.items()):
        entries.append(entry_of(name, len(content), zlib.crc32(content), offset=out.tell()))
        out.write(entries[-1].FileHeader())
        out.write(content)
    out.write(directory_of(entries))
    return out.getvalue()


def entry_of(name: str, size: int, crc: int, *, offset: int = 0) -> zipfile.ZipInfo:
    """The entry of a file of a dossier: stored, without a time, readable by everybody, nothing else."""
    entry = zipfile.ZipInfo(name, _TIMELESS)
    entry.external_attr, entry.create_system = 0o644 << 16, 3
    entry.file_size = entry.compress_size = size
    entry.CRC, entry.header_offset = crc, offset
    return entry


def directory_of(entries: Sequence[zipfile.ZipInfo]) -> bytes:
    """The list of files that ends a zip: central directory and end record (APPNOTE 4.3.12 and 4.3.16)."""
    listed = b""
    for entry in entries:
        name = entry.filename.encode()
        flags = 0 if entry.filename.isascii() else 0x800
        listed += (
            _LISTED.pack(
                b"PK\x01\x02",
                20,
                entry.create_system,
                20,
                0,
                flags,
                zipfile.ZIP_STORED,
                0,
                _FIRST_DAY,
                entry.CRC,
                entry.file_size,
                entry.file_size,
                len(name),
                0,
                0,
                0,
                0,
                entry.external_attr,
                entry.header_offset,
            )
            + name
        )
    last = entries[-1]
    begins = last.header_offset + len(last.FileHeader()) + last.file_size
    return listed + END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(listed), begins, 0)


def _annexes(told: Dossier, copy: Copy, buyers: pl.DataFrame | None, hide: tuple[str, ...]) -> dict[str, bytes]:
    """The tables of the dossier as spreadsheets."""
    language = told.language

    def named(*columns: str) -> list[str]:
        return [say(f"dossier.column.{c}", language) for c in columns]

    mine = told.timeline if copy == "internal" else told.timeline.filter(pl.col("source") != "case")
    sources = [say(f"dossier.source.{s}", language) for s in mine["source"]]
    entries = of_frame(
        mine.with_columns(source=pl.Series(sources, dtype=pl.String)).select(
            "at", "source", "order_id", "text", "file", "row"
        )
    )
    files = [
        (
            f.order_id,
            f.kind,
            f.name,
            say(f"dossier.file_state.{f.state}", language),
            clock(f.taken_at) if f.taken_at else "",
            f.source,
            f.note if copy == "internal" else "",
            f.sha256,
            f.listed_in,
            f.listed_row,
        )
        for f in told.evidence
    ]
    said = told.records.messages.with_columns(
        sender=pl.Series(
            [say(f"dossier.sender.{s or 'unknown'}", language) for s in told.records.messages["sender"]],
            dtype=pl.String,
        )
    ).select("sent_at", "order_id", "sender", "text", "file", "row")
    found: dict[str, tuple[list[str], Sequence[Sequence[object]]]] = {
        "timeline.csv": (named("at", "source", "order", "event", "file", "row"), entries),
        "evidence.csv": (named("order", "kind", "file", "state", "taken", "source", "text", "sha256", "from", "row"),
                         files),
        "messages.csv": (named("at", "order", "who", "text", "file", "row"), of_frame(said)),
        "claims.csv": (named("claim", "record"), told.claims.select("claim", "record").rows()),
    }  # fmt: skip
    member = ("buyer",) if buyers is not None else ()
    found["orders.csv"] = (named("order", "placed", *member, "amount", "paid", "shipped", "outcome"),
                           order_rows(told, buyers))  # fmt: skip
    if buyers is not None:
        people = buyers.select("order_id", "buyer", "receiver", "mobile", "phone", "address", "file", "row")
        found["buyers.csv"] = (named("order", "buyer", "receiver", "phone", "phone", "address", "file", "row"),
                               people.rows())  # fmt: skip
    return {n: spreadsheet(columns, rows, language=language, hide=hide) for n, (columns, rows) in found.items() if rows}
