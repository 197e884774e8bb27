"""The store: Delta tables under <store>/<shop>/<table>, and commits that name the versions belonging together.

Each table is atomic by itself; an import touches several, so it ends with a commit (`sources.history`). Readers pin one
commit, never see half an import, and read no file that is not what the commit recorded (`sources.proof`). What a killed
import left behind is rolled back by the next one.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import polars as pl
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, write_deltalake
from deltalake.exceptions import DeltaError

from aftersales.sources.delta import open_table, scan_table, storage_options
from aftersales.sources.history import COMMITS, Commit, Files, Head, History, damage, of_format_1, way_back
from aftersales.sources.proof import LOG, Differs, Prover
from aftersales.sources.records import KEPT, Kept
from aftersales.sources.storage import TROUBLE, Folder, store_unreachable, sync
from aftersales.sources.versions import newest, of_today
from aftersales.words.errors import DamageError, SetupError, UsageError
from aftersales.words.periods import in_zone

_HOOKS = PostCommitHookProperties(cleanup_expired_logs=False)  # any kept commit may need them
WRITER = "aftersalesWriter"  # whose change it is, in the log of each table


@dataclass(frozen=True)
class ShopStore:
    """The tables of one shop."""

    store_path: str
    shop_id: str
    zone: str = "Asia/Shanghai"
    writer: str = field(default_factory=lambda: uuid4().hex, compare=False, repr=False)

    @property
    def folder(self) -> Folder:
        """Where this shop's tables lie."""
        return Folder(Folder(self.store_path).join(self.shop_id))

    def path(self, table: str) -> str:
        """Path or URL of one table."""
        return self.folder.join(table)

    # -- commits ---------------------------------------------------------------------------------------------------

    @property
    def history(self) -> History:
        """Where the commits lie."""
        return History(Folder(self.store_path), self.shop_id)

    def commits(self) -> list[Commit]:
        """All kept commits, oldest first; none where the shop has no store yet."""
        head = self._listed()
        return self._of_format_1() if head is None else [self._read(head, n) for n in sorted(head.entries)]

    def head(self) -> Commit:
        """The newest commit; `UsageError` where nothing was imported yet."""
        head = self._listed()
        if head is not None:
            return self._read(head, head.last)
        if not (commits := self._of_format_1()):
            raise UsageError(
                f"Nothing has been imported for the shop '{self.shop_id}' yet",
                hint=f"run `aftersales import {self.shop_id}`",
            )
        return commits[-1]

    def commit(self, number: int) -> Commit:
        """The commit of that number."""
        head = self._listed()
        if head is not None and number in head.entries:
            return self._read(head, number)
        for commit in self._of_format_1() if head is None else ():
            if commit.number == number:
                return commit
        raise UsageError(f"The shop '{self.shop_id}' has no commit {number}")

    def as_of(self, day: date) -> Commit:
        """The newest commit made on or before that day (the shop's calendar); `UsageError` where there is none."""
        end = in_zone(datetime.combine(day + timedelta(days=1), time()), ZoneInfo(self.zone))
        head = self._listed()
        made_at = (
            {c.number: c.made_at for c in self._of_format_1()}
            if head is None
            else {n: e.made_at for n, e in head.entries.items()}
        )
        made = [n for n, at in made_at.items() if at < end]
        if not made:
            first = min(made_at, default=None)
            found = (
                "none"
                if first is None
                else f"the first was made on {made_at[first].astimezone(ZoneInfo(self.zone)):%Y-%m-%d}"
            )
            raise UsageError(f"The shop '{self.shop_id}' had no import by {day}", found=found)
        return self.commit(max(made))

    def write_commit(self, commit: Commit) -> None:
        """Append one commit, its files on the disk before it: from here on readers see its versions.

        `SetupError` where another run has written to the store in the meantime: one commit has one writer.
        """
        head = self._listed()
        if head is None and self._log_names(COMMITS):
            head = self.history.adopt(self._of_format_1())
        known: Files = head.files if head else {}
        before = self._read(head, head.last) if head and head.entries else None
        seals, found = {}, {}
        for name, version in commit.versions.items():
            if before and name in before.seals and before.versions[name] == version:
                seals[name] = before.seals[name]
                continue
            self._check_writer(name, (before.versions.get(name, -1) if before else -1) + 1, version)
            try:
                seals[name], new = self._prover.seal(name, version, known)
            except Differs as error:
                raise damage(Folder(self.store_path), self.shop_id, str(error)) from None
            found.update(new)
        self._sync(found)
        self.__dict__["_known"] = self.history.append(head, replace(commit, seals=seals), found).files
        self._prover.remember()

    def keep_commits(self, numbers: Collection[int], *, why: str) -> None:
        """Keep only these commits; ``why`` is tidy (their files stay) or erase (older logs and results go as well).

        Killed in between, the next run under the shop's lock completes it (`finish_cleaning`).
        """
        head = self._listed()
        assert head is not None
        self.history.write(replace(head, entries={n: head.entries[n] for n in numbers}, cleaning=why))
        self.finish_cleaning()

    def finish_cleaning(self) -> bool:
        """Complete the removal of old states that was begun; whether there was anything to do. Under the lock only."""
        head = self._listed()
        if head is None:
            return False
        last = self._read(head, head.last)
        if not head.cleaning and last.action == "erase" and len(head.entries) > 1:
            self.keep_commits([last.number], why="erase")  # killed between its commit and this
            return True
        if not head.cleaning:
            return False
        self.history.drop_unlisted(head)
        kept = [self._read(head, n) for n in sorted(head.entries)]
        for name in last.versions:
            versions = sorted({c.versions[name] for c in kept if name in c.versions})
            self.to_change(name).vacuum(
                retention_hours=0,
                enforce_retention_duration=False,
                dry_run=False,
                full=True,
                keep_versions=versions,
                post_commithook_properties=_HOOKS,
            )
            if head.cleaning == "erase":
                self._drop_logs(name, range(versions[0]))
        self.drop_uncommitted(last.versions)  # what the vacuum noted in the logs
        if head.cleaning == "erase" and not self.folder.remote:
            shutil.rmtree(self.folder.local / "results", ignore_errors=True)
        there = self.folder.stamps(head.files.keys())
        self.history.write(replace(head, files={n: v for n, v in head.files.items() if n in there}, cleaning=""))
        return True

    @property
    def cleaning(self) -> bool:
        """Whether the removal of old states was begun and not ended."""
        head = self._listed()
        return head is not None and bool(head.cleaning)

    def verify(self, commit: Commit) -> list[str]:
        """What is not as recorded in the tables of a commit, a few words each."""
        said = []
        for name, seal in commit.seals.items():
            try:
                self._prover.check(name, seal, self._known)
            except Differs as error:
                said.append(str(error))
        return said

    def forget_verified(self) -> None:
        """Have every file read again, whether it was verified before or not."""
        self._prover.forget()

    def check(self, commit: Commit) -> None:
        """Every table of a commit verified before it is built on; `DamageError` names the first that is not whole."""
        if said := self.verify(commit):
            raise self._damaged(said[0], commit)

    def _listed(self) -> Head | None:
        """The kept commits; None where there are none, or in a store of format 1."""
        try:
            head = self.history.head()
        except DamageError:
            if self._log_names(COMMITS) and not self.history.written():
                return None  # the move to this format was interrupted
            raise
        except SetupError:
            raise
        except TROUBLE as error:
            raise store_unreachable(self.store_path, error) from None
        return head

    def _read(self, head: Head, number: int) -> Commit:
        try:
            return self.history.read(head, number)
        except DamageError as error:
            raise self._damaged(error.found or "", None, before=number) from None

    def _of_format_1(self) -> list[Commit]:
        """The commits of a store that was written before commits had checksums: rows of a Delta table."""
        if not self._log_names(COMMITS):
            if any(self._log_names(name) for name in KEPT):
                raise damage(Folder(self.store_path), self.shop_id, "its tables are there, its commits are gone")
            return []
        return of_format_1(scan_table(self.path(COMMITS)).collect())

    @cached_property
    def _prover(self) -> Prover:
        return Prover(self.folder, lambda name, v: open_table(self.path(name), version=v))

    @cached_property
    def _known(self) -> Files:
        head = self._listed()
        return head.files if head else {}

    def _proved(self, name: str, commit: Commit, months: Collection[str] | None) -> DeltaTable:
        seal = commit.seals.get(name)
        if seal is None:  # uncommitted, or of a store of format 1
            return open_table(self.path(name), version=commit.versions[name])
        try:
            return self._prover.check(name, seal, self._known, months=months)
        except Differs:
            self.__dict__.pop("_known", None)  # it may have been read before another process committed
        try:
            return self._prover.check(name, seal, self._known, months=months)
        except Differs as error:
            raise self._damaged(str(error), commit) from None

    def _damaged(self, found: str, commit: Commit | None, *, before: int | None = None) -> DamageError:
        """The sentence for damage, with the newest earlier commit that is whole."""
        what = f"{found} (commit {commit.number})" if commit else found
        return damage(
            Folder(self.store_path),
            self.shop_id,
            what,
            back=self._way_back(before if commit is None else commit.number),
        )

    def _way_back(self, before: int | None) -> str:
        head = self._listed()
        if head is None:
            return ""
        return way_back(
            head,
            before=before,
            zone=self.zone,
            shop_id=self.shop_id,
            whole=lambda number: not self.verify(self.history.read(head, number)),
        )

    def _check_writer(self, name: str, first: int, last: int) -> None:
        """Whether every change of a table since the last commit was made by this very run, by the table's log."""
        for number in range(first, last + 1):
            log = self.folder.read(f"{name}/{LOG}/{number:020d}.json")
            if f'"{WRITER}":"{self.writer}"'.encode() not in log:
                raise SetupError(
                    f"Another run is writing to the store of the shop '{self.shop_id}'; nothing was committed",
                    found=f"change {number} of the table {name} is not this run's",
                    hint="wait until the other run has ended, then run the same command again",
                )

    def _sync(self, files: Iterable[str]) -> None:
        if not self.folder.remote:
            paths = [self.folder.local / name for name in files]
            sync([*paths, *sorted({p for path in paths for p in (path.parent, path.parent.parent)})])

    def _log_names(self, table: str) -> list[str]:
        if not self.folder.remote and not (self.folder.local / table / LOG).is_dir():
            return []
        return self.folder.names(f"{table}/{LOG}/")

    def _drop_logs(self, table: str, numbers: Collection[int], *, newest_first: bool = False) -> None:
        for name in sorted(self._log_names(table), reverse=newest_first):
            number = name.rpartition("/")[2].split(".", 1)[0]
            if number.isdigit() and int(number) in numbers:
                self.folder.remove(name)

    # -- tables ----------------------------------------------------------------------------------------------------

    def table(
        self,
        name: str,
        commit: Commit | None = None,
        *,
        with_month: bool = False,
        months: Collection[str] | None = None,
    ) -> pl.LazyFrame:
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
        frame = pl.scan_delta(self._proved(name, pinned, months), storage_options=storage_options())
        if months is not None:
            frame = frame.filter(pl.col("month").is_in(list(months)))
        frame = of_today(frame, kept.stored(self.zone))
        if kept.versions:
            frame = newest(frame, key=kept.key)
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
        table = self._proved(name, commit, months=())  # of its files the log alone is read
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
            return self._newest(name)
        except (DeltaError, OSError) as error:
            if self.folder.remote:
                raise store_unreachable(self.store_path, error) from None
        # the library's note of its newest checkpoint may be wrong; without it the names in the log tell
        self.folder.remove(f"{name}/{LOG}/_last_checkpoint")
        return self._newest(name)

    def written(self, head: Commit) -> Commit:
        """The tables of a commit as this run, which holds the shop's lock, has written them since."""
        for name in head.versions.keys() - self._newest_of.keys():
            self._newest_of[name] = self.version(name) or 0
        versions = {name: self._newest_of[name] for name in head.versions}
        seals = {name: seal for name, seal in head.seals.items() if versions[name] == seal.version}
        return Commit(head.number, None, head.made_at, "", "", versions, "", seals=seals)

    @cached_property
    def _newest_of(self) -> dict[str, int]:
        """Versions looked up since this run last wrote to the table."""
        return {}

    def to_change(self, name: str) -> DeltaTable:
        """The newest version of one table, opened to be changed."""
        self._newest_of.pop(name, None)
        return open_table(self.path(name))

    def _newest(self, name: str) -> int | None:
        log = [n.rpartition("/")[2] for n in self._log_names(name)]
        if "_last_checkpoint" not in log:  # the names of its changes alone tell
            return max((int(n[:-5]) for n in log if n.endswith(".json") and n[:-5].isdigit()), default=None)
        return open_table(self.path(name)).version()

    def create_missing(self) -> dict[str, int]:
        """Create every table that is not there yet, empty; the versions of all."""
        versions = {}
        for name, kept in KEPT.items():
            version = self.version(name)
            if version is None:
                self._write(name, kept.empty(self.zone), kept)
                version = self.version(name)
            versions[name] = self._newest_of[name] = version or 0
        return versions

    def append(self, name: str, rows: pl.DataFrame) -> None:
        """Add rows to a table; columns are brought into the table's order and types."""
        if rows.height:
            self._write(name, KEPT[name].shaped(rows, self.zone), KEPT[name])

    def upsert(
        self, name: str, rows: pl.DataFrame, *, gone: pl.DataFrame | None = None, key: Sequence[str] = ()
    ) -> None:
        """Update rows of equal key, insert the new, delete those named by key (and month) in ``gone``: one atomic step.

        ``key`` stands for the table's own where it is given. Keys must not repeat within ``rows``. Only the months
        that occur are read and rewritten.
        """
        kept = KEPT[name]
        source = KEPT[name].shaped(rows, self.zone).with_columns(_gone=pl.lit(False))
        if gone is not None and gone.height:
            source = pl.concat([source, gone.with_columns(_gone=pl.lit(True))], how="diagonal_relaxed")
        if not source.height:
            return
        table = self.to_change(name)
        columns = [c for c in source.columns if c != "_gone"]
        match = [f"t.{c} = s.{c}" for c in key or kept.key]
        if kept.month_of:
            months = ", ".join(f"'{m}'" for m in sorted(source["month"].unique().to_list()))
            match += ["t.month = s.month", f"t.month IN ({months})"]
        (
            table.merge(
                source,
                predicate=" AND ".join(match),
                source_alias="s",
                target_alias="t",
                merge_schema=True,
                **self.signed,
            )
            .when_matched_delete("s._gone")
            .when_matched_update({c: f"s.{c}" for c in columns}, predicate="NOT s._gone")
            .when_not_matched_insert({c: f"s.{c}" for c in columns}, predicate="NOT s._gone")
            .execute()
        )

    def begin_log(self, name: str) -> None:
        """Let a table's log begin anew at a version of the same content, so that older entries can be removed."""
        self._write(name, KEPT[name].empty(self.zone), KEPT[name])
        self.to_change(name).create_checkpoint()

    def drop_uncommitted(self, versions: Mapping[str, int]) -> None:
        """Take away every change of the tables after those versions, which no commit names. Under the lock only.

        Their log entries go, however torn; their data files go with the next tidying.
        """
        self._newest_of.clear()
        for name in KEPT:
            numbers = [n.rpartition("/")[2].split(".", 1)[0] for n in self._log_names(name)]
            later = [int(n) for n in numbers if n.isdigit() and int(n) > versions.get(name, -1)]
            if later:
                self.folder.remove(f"{name}/{LOG}/_last_checkpoint")
                self._drop_logs(name, set(later), newest_first=True)  # killed in between, no gap is left
        self.history.sweep()

    def roll_back(self, versions: Mapping[str, int]) -> dict[str, int]:
        """Bring every table back to the content of those versions; the versions that then hold it."""
        now: dict[str, int] = {}
        for name in KEPT:
            current = self.version(name)
            if current is None:
                continue
            wanted = versions.get(name, 0)
            if current != wanted and not self._same(name, current, wanted):
                self.to_change(name).restore(wanted, **self.signed)
                current = self.version(name) or 0
            now[name] = current
        return now

    def _same(self, name: str, current: int, wanted: int) -> bool:
        files = [set(open_table(self.path(name), version=v).file_uris()) for v in (current, wanted)]
        return files[0] == files[1]

    @property
    def signed(self) -> dict[str, Any]:
        """What every change of a table carries: whose it is; and old log entries are never removed by the way."""
        return {
            "commit_properties": CommitProperties(custom_metadata={WRITER: self.writer}),
            "post_commithook_properties": _HOOKS,
        }

    def _write(self, name: str, rows: pl.DataFrame, kept: Kept) -> None:
        cut = ["month"] if kept.month_of else None
        self._newest_of.pop(name, None)
        write_deltalake(
            self.path(name),
            rows,
            mode="append",
            partition_by=cut,
            storage_options=storage_options(),
            name=name,
            schema_mode="merge",
            **self.signed,
        )


def _local(column: str, kind: pl.Datetime) -> pl.Expr:
    return pl.col(column).dt.cast_time_unit("us").dt.convert_time_zone(kind.time_zone or "UTC")
