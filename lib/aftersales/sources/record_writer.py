"""Rows of one file after another into the store, some hundred thousand at a time, with the account of every file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from aftersales.sources.account import FileAccount, files_table
from aftersales.sources.masking import masked_texts
from aftersales.sources.notes import note
from aftersales.sources.read import Reading
from aftersales.sources.rebuild import touched_orders
from aftersales.sources.records import DIRECT, NO_MONTH, RECORDS
from aftersales.sources.store import Commit, ShopStore
from aftersales.sources.to_records import joined_key, moments_of

# Rows of files held before they are written, so that a large import takes no more memory than one of a large file.
ROWS_HELD = 500_000


@dataclass(frozen=True)
class _File:
    """What is still to be said of one file, its rows gone into the store."""

    file: str
    sha256: str
    layout: str
    rows_read: int
    aside: pl.DataFrame
    notes: tuple[str, ...]
    layouts: str
    ends: tuple
    rows: Mapping[str, pl.DataFrame]


@dataclass
class RecordWriter:
    """What an import writes: records as files come, the rows of tables that stand for themselves at the end.

    Those are few beside the records.
    """

    store: ShopStore
    head: Commit
    import_id: str
    files: list[str] = field(default_factory=list)
    again: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    touched: list[pl.DataFrame] = field(default_factory=list)
    direct: dict[str, pl.DataFrame] = field(default_factory=dict)
    _held: list[_File] = field(default_factory=list)
    _late: list[_File] = field(default_factory=list)
    _accounts: dict[str, FileAccount] = field(default_factory=dict)

    def add(
        self,
        file: str,
        sha256: str,
        readings: Sequence[Reading],
        rows: Mapping[str, pl.DataFrame],
        *,
        layouts: str = "",
        again: bool = False,
    ) -> None:
        """Take the rows of one file; written where enough have come together. ``again``: its name is known already."""
        aside = [
            r.set_aside.with_columns(masked_texts(r.set_aside["cells"]), import_id=pl.lit(self.import_id))
            for r in readings
        ]
        left_out = self._left_out(file, rows) if again else ()
        if again:
            self.again.add(file)
        one = _File(
            file,
            sha256,
            layout=" + ".join(dict.fromkeys(r.layout for r in readings)),
            rows_read=sum(r.rows_read for r in readings),
            aside=pl.concat(aside, how="vertical_relaxed"),
            notes=(*dict.fromkeys(n for r in readings for n in r.notes), *left_out),
            layouts=layouts,
            ends=tuple(m for r in readings for m in moments_of(r.frame)),
            rows=rows,
        )
        self.files.append(file)
        self.kinds.update(r.kind for r in readings)
        self.touched.append(touched_orders(rows))
        (self._held if rows.keys() <= RECORDS.keys() else self._late).append(one)
        if sum(frame.height for held in self._held for frame in held.rows.values()) >= ROWS_HELD:
            self._write(self._held)
            self._held.clear()

    def _left_out(self, file: str, rows: Mapping[str, pl.DataFrame]) -> Iterator[str]:
        """A note on what the file held under its name before and holds no more: kept, until somebody withdraws it."""
        held = self.store.table("lineage", self.head).filter(pl.col("file") == file).select("table", "key").unique()
        now = pl.concat(_lineage_keys(table, frame) for table, frame in rows.items())
        gone = held.collect().join(now, on=["table", "key"], how="anti").sort("table", "key")
        if gone.height:
            yield note("left_out", rows=gone.height, example=gone["key"][0], file=file)

    def flush(self) -> None:
        """Write the rows that are held."""
        self._write([*self._held, *self._late])
        self._held.clear()
        self._late.clear()

    def finish(self, notes: Mapping[str, Sequence[str]]) -> list[FileAccount]:
        """Write what is held; the account of every file, in their order, with more ``notes`` by file."""
        self.flush()
        accounts = [self._accounts[name] for name in self.files]
        accounts = [replace(a, notes=(*a.notes, *notes.get(a.file, ()))) for a in accounts]
        if not accounts:
            return []
        self.store.upsert("files", files_table(accounts, import_id=self.import_id, zone=self.store.zone))
        return accounts

    def _write(self, files: Sequence[_File]) -> None:
        seen: dict[str, pl.Series] = {}
        for table in sorted({t for one in files for t in one.rows}):
            rows = pl.concat([one.rows[table] for one in files if table in one.rows], how="vertical_relaxed")
            versioned = table in RECORDS or DIRECT[table].versions
            seen[table] = self._record(table, rows) if versioned else self._direct(table, rows)
        lineage = []
        for one in files:
            parts = pl.concat(_lineage(table, rows, seen) for table, rows in one.rows.items())
            lineage.append(parts)
            self._accounts[one.file] = _account(one, parts)
        if files:
            self.store.append("lineage", pl.concat(lineage))
            self.store.append("set_aside", pl.concat([one.aside for one in files], how="vertical_relaxed"))

    def _standing(self, table: str) -> pl.LazyFrame:
        return self.store.table(table, self.store.written(self.head), with_month=True)

    def _record(self, table: str, rows: pl.DataFrame) -> pl.Series:
        """Append what each file says of a key, equal rows of one file once; the keys that were there."""
        kept = (RECORDS | DIRECT)[table]
        if table in DIRECT:
            self.direct[table] = rows
        known = self._keys_there(table, rows)
        versions = [*kept.key, "file", "content"]
        rows = rows.unique(versions, keep="first", maintain_order=True)
        # what a file says again under its old name is that row once more, as of now; otherwise a file that is
        # downloaded anew each week would fill the store with itself
        once_more = pl.col("file").is_in(sorted(self.again))
        self.store.upsert(table, rows.filter(once_more), key=versions)
        self.store.append(table, rows.filter(~once_more))
        return known

    def _direct(self, table: str, rows: pl.DataFrame) -> pl.Series:
        """Write the rows whose key, which is their content, is not there yet; the keys that were there."""
        self.direct[table] = rows
        kept = DIRECT[table]
        known = self._keys_there(table, rows)
        fresh = rows.unique(kept.key, keep="first", maintain_order=True)
        self.store.append(table, fresh.filter(~fresh.select(joined_key(kept.key)).to_series().is_in(known.implode())))
        return known

    def _keys_there(self, table: str, rows: pl.DataFrame) -> pl.Series:
        kept = (RECORDS | DIRECT)[table]
        standing = self._standing(table)
        if kept.month_of and NO_MONTH not in (months := rows["month"].unique().to_list()):
            # a record's time does not change, so its other versions lie in the same months
            standing = standing.filter(pl.col("month").is_in([*months, NO_MONTH]))
        given = rows.lazy().select(kept.key).unique()
        known = standing.select(kept.key).join(given, on=kept.key, how="semi", nulls_equal=True).unique()
        return known.select(joined_key(kept.key)).collect(engine="streaming").to_series()


def _lineage_keys(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    key = (RECORDS | DIRECT)[table].key
    return rows.select(table=pl.lit(table), key=joined_key(key)).unique()


def _lineage(table: str, rows: pl.DataFrame, seen: dict[str, pl.Series]) -> pl.DataFrame:
    """One row a row of the file, whether a row of its key was there; with ``counted``."""
    kept = (RECORDS | DIRECT)[table]
    keyed = rows.select(
        pl.lit(table).alias("table"), joined_key(kept.key).alias("key"), "file", "row", "import_id", "counted"
    )
    merged = keyed.with_columns(merged=pl.col("key").is_in(seen[table].implode()) | ~pl.col("key").is_first_distinct())
    seen[table] = pl.concat([seen[table], merged["key"].unique()])
    return merged


def _account(one: _File, lineage: pl.DataFrame) -> FileAccount:
    reasons = one.aside.group_by("reason").len().sort("len", "reason", descending=[True, False])
    own = lineage.filter("counted")
    merged = int(own["merged"].sum())
    return FileAccount(
        file=one.file,
        layout=one.layout,
        rows_read=one.rows_read,
        rows_taken=own.height - merged,
        rows_merged=merged,
        rows_set_aside=one.aside.height,
        reasons=tuple(reasons.iter_rows()),
        notes=one.notes,
        first_at=min(one.ends, default=None),
        last_at=max(one.ends, default=None),
        sha256=one.sha256,
        layouts=one.layouts,
    )
