"""A shop's commits: one record a file, chained by hashes, and a head beside the shop's folder that lists them all.

``<shop>/commits/000012.json`` is written only if it is not there yet; from then on the commit is made, and a second
writer of the same number fails. It holds the hash of the record before it. ``<shop>.head.json`` beside the shop's
folder lists every kept commit with its hash, and the checksum of every file: lost or older records are noticed by it. A
head that was not written any more, because its writer was killed, is completed from the chained records.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from obstore.exceptions import NotFoundError

from aftersales.sources.storage import Folder
from aftersales.words.errors import AftersalesError, DamageError, SetupError

STORE_FORMAT = 2  # 1: commits in a Delta table, without checksums
COMMITS = "commits"
_RECORD = re.compile(rf"{COMMITS}/(\d{{6,}})\.json")
Files = Mapping[str, tuple[int, str]]  # size and SHA-256 by path within the shop's folder


@dataclass(frozen=True)
class Seal:
    """What a commit records of one table: its version, rows, files, and one digest of all its files and its log."""

    version: int
    rows: int
    files: int
    digest: str


@dataclass(frozen=True)
class Commit:
    """One state of a shop's tables: the version of each, what made it, and how it is proved."""

    number: int
    parent: int | None
    made_at: datetime
    action: str
    import_id: str
    versions: Mapping[str, int]
    key_fingerprint: str
    account: tuple[Mapping[str, Any], ...] = ()
    seals: Mapping[str, Seal] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Entry:
    """One commit in the head: when it was made, and the hash of its record."""

    made_at: datetime
    sha256: str


@dataclass(frozen=True)
class Head:
    """The kept commits by number, the checksums of all files, and which removal of old states is under way."""

    entries: Mapping[int, Entry]
    files: Files
    cleaning: str = ""  # tidy or erase while old states are being removed: the next run completes it

    @property
    def last(self) -> int:
        """The number of the newest commit; -1 where there is none."""
        return max(self.entries, default=-1)


@dataclass(frozen=True)
class History:
    """Where the commits of one shop lie."""

    store: Folder
    shop_id: str

    @property
    def head_name(self) -> str:
        """The head's file name, beside the shop's folder."""
        return f"{self.shop_id}.head.json"

    @property
    def folder(self) -> Folder:
        """The shop's folder."""
        return Folder(self.store.join(self.shop_id))

    def head(self) -> Head | None:
        """The kept commits; None where nothing was ever committed. `DamageError` where commits are lost."""
        for _ in range(3):  # a reader may come between two steps of a writer
            written = self.written()
            try:
                return self._completed(written)
            except DamageError:
                if self.written() == written:
                    raise
        return self._completed(self.written())

    def read(self, head: Head, number: int) -> Commit:
        """One commit out of its record, which must be the one that the head lists."""
        commit, _, _ = self._record(number, head.entries[number].sha256)
        return commit

    def append(self, head: Head | None, commit: Commit, files: Files) -> Head:
        """Write a commit after the last one, with the files that are new in it; whoever comes second fails."""
        before = head or Head({}, {})
        previous = before.entries[before.last].sha256 if before.entries else None
        content = _content(commit, previous, files)
        taken = commit.number <= before.last or not self.folder.write_new(record_name(commit.number), content)
        if taken:
            raise SetupError(
                f"Another run changed the store of the shop '{self.shop_id}' meanwhile, so nothing was committed",
                found=f"commit {commit.number} is there already",
                hint="run the same command again; give every machine the same clock and a steady network",
            )
        entry = Entry(commit.made_at, _sha256(content))
        after = replace(before, entries={**before.entries, commit.number: entry}, files={**before.files, **files})
        self.write(after)
        return after

    def adopt(self, commits: Sequence[Commit]) -> Head:
        """Write records and head for the commits of a store that had none yet; done again where it was interrupted."""
        head = Head({}, {})
        for commit in commits:
            content = _content(commit, head.entries[head.last].sha256 if head.entries else None, {})
            self.folder.write(record_name(commit.number), content, lasting=True)
            head = replace(head, entries={**head.entries, commit.number: Entry(commit.made_at, _sha256(content))})
        self.write(head)
        return head

    def write(self, head: Head) -> None:
        """Write the head, whole or not at all."""
        body = {
            "store_format": STORE_FORMAT,
            "commits": {
                str(n): {"made_at": e.made_at.astimezone(UTC).isoformat(), "sha256": e.sha256}
                for n, e in sorted(head.entries.items())
            },
            "files": {name: list(head.files[name]) for name in sorted(head.files)},
            "cleaning": head.cleaning,
        }
        self.store.write(self.head_name, _json({**body, "checksum": _sha256(_json(body))}), lasting=True)

    def sweep(self) -> None:
        """Remove what a killed run left among the records, and the commits of format 1 once they are adopted."""
        if self.written() is None:
            return
        for name in self.folder.names(f"{COMMITS}/"):
            if not _RECORD.fullmatch(name):
                self.folder.remove(name)

    def drop_unlisted(self, head: Head) -> None:
        """Remove the records of commits that are not kept any more."""
        for number in self._numbers():
            if number not in head.entries and number < head.last:
                self.folder.remove(record_name(number))

    def written(self) -> bytes | None:
        """The head as it lies there; None where it does not."""
        return _bytes_of(self.store, self.head_name)

    def _numbers(self) -> list[int]:
        if not self.folder.remote and not self.folder.local.is_dir():
            return []
        found = (_RECORD.fullmatch(name) for name in self.folder.names(f"{COMMITS}/"))
        return sorted(int(match[1]) for match in found if match)

    def _completed(self, written: bytes | None) -> Head | None:
        numbers = self._numbers()
        if written is None and not numbers:
            return None
        if written is None and numbers != [0]:  # of the very first commit the head may not be written yet
            raise self._damage(f"{self.head_name} is gone, the list of its {len(numbers)} commits")
        head = Head({}, {}) if written is None else self._parsed(written)
        if max(numbers, default=-1) < head.last:
            raise self._damage(f"{record_name(head.last)} is gone, the newest commit", head)
        for number in numbers:
            if number <= head.last:
                continue
            before = head.entries[head.last].sha256 if head.entries else None
            commit, previous, files = self._record(number, None)
            if number != head.last + 1 or previous != before:
                raise self._damage(f"{record_name(number)} does not follow commit {head.last}", head)
            sha256 = _sha256(self.folder.read(record_name(number)))
            head = replace(
                head, entries={**head.entries, number: Entry(commit.made_at, sha256)}, files={**head.files, **files}
            )
        return head

    def _parsed(self, written: bytes) -> Head:
        try:
            body = json.loads(written)
            checksum = body.pop("checksum")
            _known_format(body["store_format"])
            if checksum != _sha256(_json(body)):
                raise ValueError
            entries = {
                int(n): Entry(datetime.fromisoformat(e["made_at"]), e["sha256"]) for n, e in body["commits"].items()
            }
            return Head(entries, {name: (size, sha) for name, (size, sha) in body["files"].items()}, body["cleaning"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._damage(f"{self.head_name} is not what was written, {len(written):,} bytes") from None

    def _record(self, number: int, sha256: str | None) -> tuple[Commit, str | None, Files]:
        name = record_name(number)
        content = _bytes_of(self.folder, name)
        if content is None:
            raise self._damage(f"{name} is gone")
        if sha256 is not None and _sha256(content) != sha256:
            raise self._damage(f"{name} is not what was written, {len(content):,} bytes")
        try:
            row = json.loads(content)
            _known_format(row["store_format"])
            seals = {t: Seal(**seal) for t, seal in row["tables"].items() if "digest" in seal}
            commit = Commit(
                number=row["commit"],
                parent=row["parent"],
                made_at=datetime.fromisoformat(row["made_at"]),
                action=row["action"],
                import_id=row["import_id"],
                versions={t: seal["version"] for t, seal in row["tables"].items()},
                key_fingerprint=row["key_fingerprint"],
                account=tuple(row["account"]),
                seals=seals,
            )
            return commit, row["previous"], {n: (size, sha) for n, (size, sha) in row["files"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._damage(f"{name} cannot be read, {len(content):,} bytes") from None

    def _damage(self, found: str, head: Head | None = None) -> DamageError:
        return damage(self.store, self.shop_id, found, back=_earlier(head))


def of_format_1(rows: pl.DataFrame) -> list[Commit]:
    """The commits of a store that was written before commits had checksums, from the rows of its Delta table."""
    return [
        Commit(
            number=row["commit"],
            parent=row["parent"],
            made_at=row["made_at"],
            action=row["action"],
            import_id=row["import_id"],
            versions=json.loads(row["versions"]),
            key_fingerprint=row["key_fingerprint"],
            account=tuple(json.loads(row["account"])),
        )
        for row in rows.sort("commit").iter_rows(named=True)
    ]


def check_key(commits: Sequence[Commit], print_now: str) -> None:
    """Refuse another installation key than the one the shop's buyers were hashed with."""
    if commits and commits[-1].key_fingerprint != print_now:
        raise SetupError(
            "The installation key is not the one this store was written with: the same buyer would get another name",
            found=f"fingerprint {print_now}, the store has {commits[-1].key_fingerprint}",
            hint="put the kept copy of aftersales.key back beside the store; if it is lost, remove the store and "
            "import all files again",
        )


def damage(store: Folder, shop_id: str, found: str, *, back: str = "") -> DamageError:
    """The sentence for a damaged store, with the way ``back`` where there is an earlier whole commit."""
    return DamageError(
        f"The store of the shop '{shop_id}' is damaged, so nothing is computed from it",
        found=found,
        hint=f"{back}put the file back from a backup; or move {store.join(shop_id)} and {shop_id}.head.json away and "
        f"run `aftersales import {shop_id}` with all its export files; `aftersales doctor --deep` lists all damage",
    )


def way_back(head: Head, *, before: int | None, zone: str, shop_id: str, whole: Callable[[int], bool]) -> str:
    """How to report from the newest commit that is whole, of those before ``before``; the words to begin a hint with.

    Only the last commit up to a day can be named by that day. ``whole`` tells whether a commit's tables are what it
    recorded; what it raises counts as damage.
    """
    days = {n: e.made_at.astimezone(ZoneInfo(zone)).date() for n, e in sorted(head.entries.items())}
    for number in [n for n in reversed(days) if before is None or n < before]:
        day = days[number]
        try:
            found = number == max(n for n, d in days.items() if d <= day) and whole(number)
        except AftersalesError:
            continue
        if found:
            return (
                f"commit {number} of {day} is whole, `aftersales weekly --no-import --shop {shop_id} "
                f"--as-of {day}` reports from it; to go on, "
            )
    return "no earlier day is whole; "


def record_name(number: int) -> str:
    """The file of one commit, within the shop's folder.

    >>> record_name(12)
    'commits/000012.json'
    """
    return f"{COMMITS}/{number:06d}.json"


def _earlier(head: Head | None) -> str:
    return "" if head is None or len(head.entries) < 2 else "an earlier day may be whole (`--as-of DAY`); "


def _known_format(found: int) -> None:
    if found > STORE_FORMAT:
        raise SetupError(
            "The store was written by a newer version of this program",
            found=f"format {found}, this program knows {STORE_FORMAT}",
            hint="update the program",
        )


def _content(commit: Commit, previous: str | None, files: Files) -> bytes:
    tables = {
        table: vars(commit.seals[table]) if table in commit.seals else {"version": version}
        for table, version in sorted(commit.versions.items())
    }
    return _json(
        {
            "commit": commit.number,
            "parent": commit.parent,
            "previous": previous,
            "made_at": commit.made_at.astimezone(UTC).isoformat(),
            "action": commit.action,
            "import_id": commit.import_id,
            "key_fingerprint": commit.key_fingerprint,
            "store_format": STORE_FORMAT,
            "tables": tables,
            "account": list(commit.account),
            "files": {n: list(files[n]) for n in sorted(files)},
        }
    )


def _bytes_of(folder: Folder, name: str) -> bytes | None:
    try:
        return folder.read(name)
    except (FileNotFoundError, NotADirectoryError, NotFoundError):
        return None


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":")).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
