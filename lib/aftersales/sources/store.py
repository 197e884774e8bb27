"""The store: Delta tables under <store>/<shop>/<table>, and commits that name the versions belonging together.

Each table is atomic by itself; an import touches several, so it ends with a row in ``commits``. Readers pin one commit
and never see half an import. What a killed import left behind is rolled back by the next one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from deltalake import write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from aftersales.sources.delta import open_table, scan_table, storage_options
from aftersales.sources.places import Folder, said_by_storage
from aftersales.sources.records import KEPT, Kept
from aftersales.words.errors import QuestionError, SetupError

STORE_FORMAT = 1
COMMITS = "commits"
NO_MONTH = "none"  # where rows lie whose time is not known
_COMMIT_TYPES: dict[str, Any] = {
    "commit": pl.Int64,
    "parent": pl.Int64,
    "made_at": pl.Datetime("us", "UTC"),
    "action": pl.String,
    "import_id": pl.String,
    "versions": pl.String,
    "key_fingerprint": pl.String,
    "store_format": pl.Int64,
    "account": pl.String,
}


@dataclass(frozen=True)
class Commit:
    """One state of a shop's tables: the version of each, and what made it."""

    number: int
    parent: int | None
    made_at: datetime
    action: str
    import_id: str
    versions: Mapping[str, int]
    key_fingerprint: str
    account: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class ShopStore:
    """The tables of one shop."""

    store_path: str
    shop_id: str
    zone: str = "Asia/Shanghai"

    @property
    def folder(self) -> Folder:
        """Where this shop's tables lie."""
        return Folder(Folder(self.store_path).join(self.shop_id))

    def path(self, table: str) -> str:
        """Path or URL of one table."""
        return self.folder.join(table)

    # -- commits ---------------------------------------------------------------------------------------------------

    def commits(self) -> list[Commit]:
        """All commits, oldest first; none where the shop has no store yet."""
        if self.version(COMMITS) is None:
            return []
        frame = scan_table(self.path(COMMITS)).collect()
        return [_commit(row) for row in frame.sort("commit").iter_rows(named=True)]

    def head(self) -> Commit:
        """The newest commit; `QuestionError` where nothing was imported yet."""
        commits = self.commits()
        if not commits:
            raise QuestionError(
                f"Nothing has been imported for the shop '{self.shop_id}' yet",
                hint=f"run `aftersales import {self.shop_id}`",
            )
        return commits[-1]

    def commit(self, number: int) -> Commit:
        """The commit of that number."""
        for commit in self.commits():
            if commit.number == number:
                return commit
        raise QuestionError(f"The shop '{self.shop_id}' has no commit {number}")

    def as_of(self, day: date) -> Commit:
        """The newest commit made on or before that day (the shop's calendar); `QuestionError` where there is none."""
        end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(self.zone))
        commits = self.commits()
        made = [c for c in commits if c.made_at < end]
        if not made:
            found = (
                f"the first was made on {commits[0].made_at.astimezone(ZoneInfo(self.zone)):%Y-%m-%d}"
                if commits
                else "none"
            )
            raise QuestionError(f"The shop '{self.shop_id}' had no import by {day}", found=found)
        return made[-1]

    def write_commit(self, commit: Commit) -> None:
        """Append one commit: from here on readers see its versions."""
        write_deltalake(
            self.path(COMMITS), self.commit_rows([commit]), mode="append", storage_options=storage_options()
        )

    def keep_commits(self, commits: Sequence[Commit]) -> None:
        """Leave only these commits, in one step; the first of them has nothing before it any more."""
        first, *others = commits
        rows = self.commit_rows([replace(first, parent=None), *others])
        write_deltalake(self.path(COMMITS), rows, mode="overwrite", storage_options=storage_options())

    def commit_rows(self, commits: Sequence[Commit]) -> pl.DataFrame:
        """Commits as rows of their table."""
        rows = [
            {
                "commit": commit.number,
                "parent": commit.parent,
                "made_at": commit.made_at.astimezone(UTC),
                "action": commit.action,
                "import_id": commit.import_id,
                "versions": json.dumps(dict(sorted(commit.versions.items()))),
                "key_fingerprint": commit.key_fingerprint,
                "store_format": STORE_FORMAT,
                "account": json.dumps(list(commit.account), ensure_ascii=False, default=str),
            }
            for commit in commits
        ]
        return pl.DataFrame(rows, schema=_COMMIT_TYPES)

    def vacuum(self, table: str, *, keep_versions: Sequence[int] = ()) -> None:
        """Remove the files that no version needs but the newest and ``keep_versions``."""
        open_table(self.path(table)).vacuum(
            retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True,
            keep_versions=list(keep_versions) or None,
        )  # fmt: skip

    # -- tables ----------------------------------------------------------------------------------------------------

    def table(
        self, name: str, commit: Commit | None = None, *, with_month: bool = False,
        months: Collection[str] | None = None,
    ) -> pl.LazyFrame:  # fmt: skip
        """One table at a commit (the newest without one), lazily, its times in the shop's zone.

        With ``months`` (written 2026-11) the files of those alone are read.
        """
        pinned = commit or self.head()
        kept = KEPT[name]
        types = kept.types(self.zone)
        if not with_month:
            types.pop("month", None)
        if name not in pinned.versions:
            return pl.LazyFrame(schema=types)
        frame = scan_table(self.path(name), version=pinned.versions[name])
        if months is not None:
            frame = frame.filter(pl.col("month").is_in(list(months)))
        return frame.select(
            pl.col(c).cast(t) if not isinstance(t, pl.Datetime) else _local(c, t) for c, t in types.items()
        )

    def month_spans(self, name: str, columns: Sequence[str], commit: Commit) -> pl.DataFrame:
        """The lowest and highest text of columns in each month of a table: column, month, low, high.

        Read off its files' statistics, which the table's log holds.
        """
        spans = pl.DataFrame(schema=dict.fromkeys(("column", "month", "low", "high"), pl.String))
        if name not in commit.versions:
            return spans
        table = open_table(self.path(name), version=commit.versions[name])
        files = pl.DataFrame(table.get_add_actions(flatten=True))
        by_month = [
            files.group_by(month="partition.month")
            .agg(low=pl.col(f"min.{c}").min(), high=pl.col(f"max.{c}").max())
            .select(pl.lit(c).alias("column"), "month", "low", "high")
            for c in columns
            if f"min.{c}" in files.columns
        ]
        return pl.concat([spans, *by_month]).sort("column", "month")

    def version(self, name: str) -> int | None:
        """The newest version of one table, whether committed or not; None where it is not there."""
        try:
            return open_table(self.path(name)).version()
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            if not self.folder.remote:
                raise
            raise SetupError(
                f"The store {self.store_path} cannot be reached", found=said_by_storage(error),
                hint="look at AWS_ENDPOINT_URL, AWS_REGION and the credentials in the environment",
            ) from None  # fmt: skip

    def create_missing(self) -> dict[str, int]:
        """Create every table that is not there yet, empty; the versions of all."""
        versions = {}
        for name, kept in KEPT.items():
            version = self.version(name)
            if version is None:
                self._write(name, kept.empty(self.zone), kept)
                version = self.version(name)
            versions[name] = version or 0
        return versions

    def append(self, name: str, rows: pl.DataFrame) -> None:
        """Add rows to a table; columns are brought into the table's order and types."""
        if rows.height:
            self._write(name, self._shaped(name, rows), KEPT[name])

    def upsert(self, name: str, rows: pl.DataFrame, *, gone: pl.DataFrame | None = None) -> None:
        """Update rows of equal key, insert the new, delete those named by key (and month) in ``gone``: one atomic step.

        Keys must not repeat within ``rows``. Only the months that occur are read and rewritten.
        """
        kept = KEPT[name]
        source = self._shaped(name, rows).with_columns(_gone=pl.lit(False))
        if gone is not None and gone.height:
            source = pl.concat([source, gone.with_columns(_gone=pl.lit(True))], how="diagonal_relaxed")
        if not source.height:
            return
        table = open_table(self.path(name))
        columns = [c for c in source.columns if c != "_gone"]
        match = [f"t.{c} = s.{c}" for c in kept.key]
        if kept.month_of:
            months = ", ".join(f"'{m}'" for m in sorted(source["month"].unique().to_list()))
            match += ["t.month = s.month", f"t.month IN ({months})"]
        (
            table.merge(source, predicate=" AND ".join(match), source_alias="s", target_alias="t")
            .when_matched_delete("s._gone")
            .when_matched_update({c: f"s.{c}" for c in columns}, predicate="NOT s._gone")
            .when_not_matched_insert({c: f"s.{c}" for c in columns}, predicate="NOT s._gone")
            .execute()
        )

    def roll_back(self, versions: Mapping[str, int]) -> dict[str, int]:
        """Bring every table back to the content of those versions; the versions that then hold it."""
        now: dict[str, int] = {}
        for name in KEPT:
            current = self.version(name)
            if current is None:
                continue
            wanted = versions.get(name, 0)
            if current != wanted and not self._same(name, current, wanted):
                open_table(self.path(name)).restore(wanted)
                current = self.version(name) or 0
            now[name] = current if current != wanted else wanted
        return now

    def _same(self, name: str, current: int, wanted: int) -> bool:
        files = [set(open_table(self.path(name), version=v).file_uris()) for v in (current, wanted)]
        return files[0] == files[1]

    def _shaped(self, name: str, rows: pl.DataFrame) -> pl.DataFrame:
        kept = KEPT[name]
        types = kept.types(self.zone)
        if kept.month_of:
            rows = rows.with_columns(month=month_of(kept.month_of))
        return rows.select(pl.col(c).cast(t) for c, t in types.items())

    def _write(self, name: str, rows: pl.DataFrame, kept: Kept) -> None:
        cut = ["month"] if kept.month_of else None
        write_deltalake(
            self.path(name), rows, mode="append", partition_by=cut, storage_options=storage_options(), name=name
        )


def month_of(column: str) -> pl.Expr:
    """The month (2026-11) of a local time; rows without one lie together under ``none``."""
    return pl.col(column).dt.strftime("%Y-%m").fill_null(NO_MONTH)


def check_key(commits: Sequence[Commit], print_now: str) -> None:
    """Refuse another installation key than the one the shop's buyers were hashed with."""
    if commits and commits[-1].key_fingerprint != print_now:
        raise SetupError(
            "The installation key is not the one this store was written with: the same buyer would get another name",
            found=f"fingerprint {print_now}, the store has {commits[-1].key_fingerprint}",
            hint="put the kept copy of aftersales.key back beside the store; if it is lost, remove the store and "
            "import all files again",
        )


def _local(column: str, kind: pl.Datetime) -> pl.Expr:
    return pl.col(column).dt.cast_time_unit("us").dt.convert_time_zone(kind.time_zone or "UTC")


def _commit(row: Mapping[str, Any]) -> Commit:
    if row["store_format"] > STORE_FORMAT:
        raise SetupError(
            "The store was written by a newer version of this program",
            found=f"format {row['store_format']}, this program knows {STORE_FORMAT}",
            hint="update the program",
        )
    return Commit(
        number=row["commit"], parent=row["parent"], made_at=row["made_at"], action=row["action"],
        import_id=row["import_id"], versions=json.loads(row["versions"]), key_fingerprint=row["key_fingerprint"],
        account=tuple(json.loads(row["account"])),
    )  # fmt: skip
