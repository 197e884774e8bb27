"""The files of one import, taken one after another: each into the store, or among those left out with why."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from aftersales.sources.account import FileAccount
from aftersales.sources.archives import may_be_archive, members
from aftersales.sources.child import in_child, warm
from aftersales.sources.crosschecks import TABLES, Facts, facts_of, fits_platform
from aftersales.sources.erasure_list import without_erased_cells
from aftersales.sources.export_folder import ARCHIVES, EXPORTS, Found, shown_name
from aftersales.sources.identity import KEYS_VERSION
from aftersales.sources.impossible_dates import without_impossible
from aftersales.sources.layout import Layout, normalised
from aftersales.sources.masking import masked_error
from aftersales.sources.odd_columns import Columns, columns_of_file
from aftersales.sources.read import Reading, read_export
from aftersales.sources.record_writer import RecordWriter
from aftersales.sources.settings import Shop
from aftersales.sources.store import Commit, ShopStore
from aftersales.sources.to_records import kept_rows
from aftersales.sources.unread_files import LeftOut
from aftersales.words.errors import AftersalesError, DataError, of_the_machine
from aftersales.words.panics import panics_as_errors
from aftersales.words.periods import shop_time
from aftersales.words.plain import one_line

Progress = Callable[[str], None]
_NOTE_BYTES = 1 << 16
_OPENED_BY_CHILD = (".xlsx", ".xls", ".xlsm", *ARCHIVES)


@dataclass
class Taking:
    """The files of one import, taken one after another: each into the store, or among those left out with why."""

    shop: Shop
    store: ShopStore
    head: Commit
    key: bytes
    import_id: str
    layouts: Sequence[Layout]
    keeping: RecordWriter
    progress: Progress
    now: datetime | None
    digest: str
    failed: list[FileAccount] = field(default_factory=list)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    facts: list[Facts] = field(default_factory=list)
    columns: list[Columns] = field(default_factory=list)
    unchanged: int = 0

    def __post_init__(self) -> None:
        self.known = known_files(self.store, self.head)
        self.contents = {sha256: name for name, (sha256, _) in self.known.items()}
        self.erased = self.store.table("erased", self.head).collect()["mark"]
        self.reader = reader_of(self.layouts)
        # the shop's own layouts come first, and may be called like one of the package
        self.platform_of = {layout.name: layout.platform for layout in reversed(self.layouts)}

    @property
    def others(self) -> tuple[LeftOut, ...]:
        """Files that are no exports or are there twice."""
        return tuple(one for one in self.left_out.values() if one.state in ("not_export", "duplicate"))

    def take_all(self, named: Mapping[str, Found], standing: Mapping[str, LeftOut]) -> None:
        """Files before archives, so that one beside its unpacked file is known by the file's own name."""
        if any(name.lower().endswith(_OPENED_BY_CHILD) for name in named):
            warm()
        for name in sorted(named, key=lambda name: (name.lower().endswith(ARCHIVES), name)):
            self.progress(f"reading {name}")
            before = standing.get(name)
            self.left_out.pop(name, None)
            if not named[name].is_export:
                self._leave(LeftOut(name, "not_export", "not_export", f"{name} is not an export file"))
                continue
            try:
                with panics_as_errors():
                    content = named[name].load()
                    self._take(name, content, before, standing)
            except AftersalesError as error:
                self._leave(LeftOut.of(name, error))
            except Exception as error:
                if of_the_machine(error) is not None:
                    raise
                self._leave(LeftOut(name, "unreadable", "unforeseen", _unforeseen(name, error)))

    def _take(self, name: str, content: bytes, before: LeftOut | None, standing: Mapping[str, LeftOut]) -> None:
        sha256 = hashlib.sha256(content).hexdigest()
        if self.known.get(name) == (sha256, self.digest):
            self.unchanged += 1
            return
        if before is not None and (before.sha256, before.reader) == (sha256, self.reader):
            self._leave(before)
            inside = {n: one for n, one in standing.items() if n.startswith(f"{name}/")}
            for one in inside.values():
                self._leave(one)
            self.unchanged += before.state == "opened"
            return
        try:
            inner = in_child(members, content, name, file=name, size=len(content)) if may_be_archive(content) else None
            if inner is None:
                self._read(name, content, sha256)
                return
        except AftersalesError as error:
            left = LeftOut.of(name, error, sha256=sha256, reader=self.reader)
            self._leave(replace(left, state="not_export", code="note") if _is_note(name, content, error) else left)
            return
        self._leave(LeftOut(name, "opened", "opened", f"{len(inner)} files", sha256, self.reader))
        for member in inner:
            self._take_member(f"{name}/{shown_name(member.name, key=self.key)}", member.content, standing)

    def _take_member(self, name: str, content: bytes | AftersalesError, standing: Mapping[str, LeftOut]) -> None:
        if isinstance(content, AftersalesError):
            self._leave(LeftOut.of(name, content))
            return
        if not name.lower().endswith(EXPORTS):
            self._leave(LeftOut(name, "not_export", "not_export", f"{name} is not an export file"))
            return
        twin = self.contents.get(sha256 := hashlib.sha256(content).hexdigest())
        if twin is not None and twin != name:
            self._leave(LeftOut(name, "duplicate", "duplicate", twin, sha256, self.reader))
            return
        self._take(name, content, standing.get(name), standing)

    def _read(self, name: str, content: bytes, sha256: str) -> None:
        shop = self.shop
        found = read_export(
            name, layouts=self.layouts, zone=shop.zone, currency=shop.currency, shop=shop.name, content=content
        )
        now = shop_time(self.now, shop.tz)
        readings = tuple(without_impossible(one, now=now, zone=shop.zone) for one in found)
        check_owner(readings, shop)
        _check_platform(readings, shop, self.platform_of)
        rows = kept_rows(readings, key=self.key, import_id=self.import_id, zone=self.shop.zone, erased=self.erased)
        if self.erased.len():
            asides = (without_erased_cells(one.set_aside, self.erased, key=self.key) for one in readings)
            readings = tuple(replace(one, set_aside=aside) for one, aside in zip(readings, asides, strict=True))
        self.keeping.add(name, sha256, readings, rows, layouts=self.digest, again=name in self.known)
        self.facts.append(facts_of(name, sha256, readings, layouts=self.platform_of))
        self.columns += columns_of_file(name, readings)
        self.contents[sha256] = name

    def _leave(self, one: LeftOut) -> None:
        if one.code != "gone":
            self.left_out[one.file] = one
        if one.state == "unreadable":
            self.failed.append(FileAccount(one.file, error=one.why))


def reader_of(layouts: Sequence[Layout]) -> str:
    """What readings are told apart by: with other layouts, or keys of people made otherwise, a file is read again."""
    return hashlib.blake2b(repr((layouts, KEYS_VERSION)).encode(), digest_size=8).hexdigest()


def _is_note(name: str, content: bytes, error: AftersalesError) -> bool:
    """Whether a text that fits no layout is no table at all: no line of it has three cells."""
    if error.code not in ("unrecognised", "empty") or not name.lower().endswith(".txt"):
        return False
    return not re.search(rb"[,;\t][^\n]*[,;\t]", content[:_NOTE_BYTES])


def _unforeseen(name: str, error: BaseException) -> str:
    said = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return f"{name} was not read: the program failed with {type(error).__name__}: {masked_error(said)}"


def known_files(store: ShopStore, head: Commit) -> dict[str, tuple[str, str]]:
    """The SHA-256 of every file in the store and of the shop's layouts it was read with, by name."""
    files = store.table("files", head).select("file", "sha256", pl.col("layouts").fill_null("")).collect()
    return {name: (sha256, layouts) for name, sha256, layouts in files.iter_rows()}


def _check_platform(readings: Sequence[Reading], shop: Shop, platform_of: Mapping[str, str | None]) -> None:
    """Tables that stand for themselves are of one shop: another platform's are refused, not held back."""
    of = next((p for r in readings if (p := platform_of[r.layout])), None)
    if of and not any(r.kind in TABLES for r in readings) and not fits_platform(of, shop):
        raise DataError(
            f"The file {readings[0].file} is another platform's",
            found=f"{of}; this shop is of {shop.platform}",
            hint="put it into that shop's exports folder, or correct the platform in shops.toml",
        )


def check_owner(readings: Sequence[Reading], shop: Shop) -> None:
    """A file, most of whose rows name other shops, is another's; of any other their rows alone are set aside."""
    names = dict.fromkeys(r.shop_names[0] for r in readings if r.shop_names)
    if names and normalised(shop.name) not in map(normalised, names):
        raise DataError(
            f"The file {readings[0].file} is another shop's",
            found=f"shop name {'、'.join(one_line(n, longest=40) for n in list(names)[:3])}; this shop is {shop.name}",
            hint="put it into that shop's exports folder, or correct the name in shops.toml",
            code="other_shop",
        )
