"""The evidence index: which files the shop has kept for a case, each with its hash; which are named but not there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

import polars as pl

from aftersales.sources.storage import Folder

# The shop's evidence files lie in this folder of its exports.
FOLDER = "evidence"


@dataclass(frozen=True)
class EvidenceFile:
    """One evidence file. ``state``: there, missing (named, not there), outside (its name leads out of the folder),
    unlisted (in the folder under the order's number, named in no list). ``sha256`` and ``size`` only where it is there.
    """

    name: str
    order_id: str
    kind: str
    state: str
    sha256: str | None = None
    size: int | None = None
    taken_at: datetime | None = None
    source: str | None = None
    note: str | None = None
    listed_in: str | None = None
    listed_row: int | None = None


def evidence_index(listed: pl.DataFrame, *, folder: Folder, orders: Sequence[str]) -> tuple[EvidenceFile, ...]:
    """Every file that the shop's list names for the case, then those in the folder that bear an order's number.

    ``listed`` are the case's rows of the table ``evidence`` (with file and row); ``folder`` is the shop's evidence
    folder, which need not be there. By order, time and name. A file is read once, to be hashed.
    """
    there = _names(folder)
    found = [_listed(row, folder, there) for row in listed.iter_rows(named=True)]
    named = {f.name for f in found}
    for name in there:
        order = next((o for o in orders if o in PurePosixPath(name).name), None)
        if order is not None and name not in named:
            found.append(_hashed(EvidenceFile(name, order, _kind_of(name, order), "unlisted"), folder))
    return tuple(sorted(found, key=lambda f: (f.order_id, str(f.taken_at or "9"), f.name)))


def inside(name: str) -> str | None:
    """The name as a plain relative one; None where it would lead out of the evidence folder.

    >>> inside("a/b.png"), inside("../key"), inside("/etc/passwd"), inside("C:/x")
    ('a/b.png', None, None, None)
    """
    path = PurePosixPath(name.replace("\\", "/").strip())
    if path.is_absolute() or ".." in path.parts or not path.parts or ":" in path.parts[0] or "\x00" in name:
        return None
    return str(path)


def _names(folder: Folder) -> list[str]:
    if not folder.remote and not folder.local.is_dir():
        return []
    return [n for n in folder.names() if not PurePosixPath(n).name.startswith(".")]


def _listed(row: dict, folder: Folder, there: Sequence[str]) -> EvidenceFile:
    name = inside(row["path"])
    known = EvidenceFile(
        name or row["path"],
        row["order_id"],
        row["kind"] or "",
        "missing",
        taken_at=row["taken_at"],
        source=row["source"],
        note=row["note"],
        listed_in=row["file"],
        listed_row=row["row"],
    )
    if name is None or _leads_out(folder, name):
        return replace(known, state="outside")
    if name not in there:
        return known
    return _hashed(replace(known, state="there"), folder)


def _leads_out(folder: Folder, name: str) -> bool:
    """A link in the folder may point anywhere; what it points to must lie in the folder too."""
    if folder.remote:
        return False
    root = folder.local.resolve()
    return not (folder.local / name).resolve().is_relative_to(root)


def _hashed(file: EvidenceFile, folder: Folder) -> EvidenceFile:
    if _leads_out(folder, file.name):
        return replace(file, state="outside")
    content = folder.read(file.name)
    return replace(file, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def _kind_of(name: str, order: str) -> str:
    """The kind that a file's own name tells: what is left of it without the order's number."""
    return PurePosixPath(name).stem.replace(order, "").strip(" _-—") or ""
