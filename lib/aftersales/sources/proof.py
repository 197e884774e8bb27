"""Whether a table's files are what a commit recorded: its log, its data files, each by size and SHA-256.

A file that was verified is remembered by its inode, size and times (in object storage by its ETag), so that looking at
it again costs one look at the folder. `aftersales doctor --deep` reads every byte.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import polars as pl
from deltalake import DeltaTable

from aftersales.sources.history import Files, Seal
from aftersales.sources.storage import TROUBLE, Folder

REMEMBERED = "verified.json"
LOG = "_delta_log"
_LOG_FILE = re.compile(r"(\d{20})\.(json|checkpoint.*\.parquet)")


class Differs(Exception):
    """What is not as recorded, in a few words."""


@dataclass(frozen=True)
class Prover:
    """The files of one shop, held against what was recorded of them."""

    folder: Folder
    open_table: Callable[[str, int], DeltaTable]

    @cached_property
    def _opened(self) -> dict[str, tuple[DeltaTable, pl.DataFrame]]:
        """Tables whose logs were verified already, and their files, by digest."""
        return {}

    @cached_property
    def _seen(self) -> dict[str, list[str]]:
        """Stamp and SHA-256 of files that were verified before, by path."""
        try:
            seen = json.loads(self.folder.read(REMEMBERED))
        except (*TROUBLE, ValueError):
            return {}
        return seen if isinstance(seen, dict) else {}

    def forget(self) -> None:
        """Read every byte again from here on."""
        self.__dict__["_seen"] = {}
        self._opened.clear()

    def seal(self, table: str, version: int, known: Files) -> tuple[Seal, dict[str, tuple[int, str]]]:
        """What to record of a table's version, and the checksums of its files that are not ``known`` yet."""
        listed = _files_of(table, self.open_table(table, version))
        paths = [*self._log(table, version), *listed["file"]]
        new = [p for p in paths if p not in known]
        stamps, found = self.folder.stamps(new), {}
        for path in new:
            if path not in stamps:
                raise Differs(f"{path} is gone")
            found[path] = (stamps[path][0], self.folder.sha256(path))
            self._seen[path] = [stamps[path][1], found[path][1]]
        rows = int(listed["rows"].sum())
        return Seal(version, rows, listed.height, _digest(paths, {**known, **found})), found

    def check(self, table: str, seal: Seal, known: Files, *, months: Collection[str] | None = None) -> DeltaTable:
        """The table at the sealed version, verified; of ``months`` alone where given. `Differs` says what is not so."""
        opened, listed = self._opened.get(seal.digest) or self._listed(table, seal, known)
        self._opened[seal.digest] = opened, listed
        wanted = listed if months is None else listed.filter(pl.col("month").is_in(list(months)))
        self._verify(wanted["file"], known)
        return opened

    def _listed(self, table: str, seal: Seal, known: Files) -> tuple[DeltaTable, pl.DataFrame]:
        log = self._log(table, seal.version)
        self._verify(log, known)
        try:
            opened = self.open_table(table, seal.version)
            listed = _files_of(table, opened)
        except Exception as error:
            raise Differs(f"the log of {table} cannot be read at version {seal.version}") from error
        paths = [*log, *listed["file"]]
        unknown = next((p for p in paths if p not in known), None)
        if unknown:
            raise Differs(f"the log of {table} lists {unknown}, which no commit recorded")
        if _digest(paths, known) != seal.digest:
            raise Differs(f"{table} lists other files than were recorded, {listed.height} of {seal.files}")
        return opened, listed

    def remember(self) -> None:
        """Keep in mind what was verified; where that cannot be written it is verified again the next time."""
        with suppress(*TROUBLE):
            self.folder.write(REMEMBERED, json.dumps(self._seen, separators=(",", ":")).encode())

    def _log(self, table: str, version: int) -> list[str]:
        """The files of the log that a version is read from: the newest checkpoint up to it, and what follows."""
        parts = [(int(m[1]), m[2], n) for n in self._names(table) if (m := _LOG_FILE.fullmatch(n.rpartition("/")[2]))]
        since = max((n for n, kind, _ in parts if kind != "json" and n <= version), default=-1)
        last = {n for n, kind, _ in parts if kind == "json"}
        for number in range(since + 1, version + 1):
            if number not in last:
                raise Differs(f"{table}/{LOG}/{number:020d}.json is gone")
        return [
            name for number, kind, name in parts if since <= number <= version and (kind == "json" or number == since)
        ]

    def _names(self, table: str) -> list[str]:
        if not self.folder.remote and not (self.folder.local / table / LOG).is_dir():
            raise Differs(f"the folder {table} is gone, or its log")
        return self.folder.names(f"{table}/{LOG}/")

    def _verify(self, paths: Iterable[str], known: Files) -> None:
        paths = list(paths)
        stamps, read = self.folder.stamps(paths), False
        for path in paths:
            if path not in stamps:
                raise Differs(f"{path} is gone")
            if path not in known:
                raise Differs(f"{path} was recorded by no commit")
            size, sha256 = known[path]
            if stamps[path][0] != size:
                raise Differs(f"{path} has {stamps[path][0]:,} bytes, {size:,} were written")
            seen = [stamps[path][1], sha256]
            if self._seen.get(path) == seen:
                continue
            if self.folder.sha256(path) != sha256:
                self._seen.pop(path, None)
                raise Differs(f"{path} is not what was written, though its size is")
            self._seen[path], read = seen, True
        if read:
            self.remember()


def _files_of(table: str, opened: DeltaTable) -> pl.DataFrame:
    """The data files of a table's version: file (path in the shop's folder), rows, month (null without months)."""
    listed = pl.DataFrame(opened.get_add_actions(flatten=True))
    month = pl.col("partition.month") if "partition.month" in listed.columns else pl.lit(None, dtype=pl.String)
    if not listed.height:
        return pl.DataFrame(schema={"file": pl.String, "rows": pl.Int64, "month": pl.String})
    return listed.select(
        file=pl.lit(f"{table}/") + pl.col("path"), rows=pl.col("num_records").cast(pl.Int64), month=month
    )


def _digest(paths: Collection[str], known: Files) -> str:
    lines = [f"{path} {known[path][0]} {known[path][1]}" for path in sorted(paths)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
