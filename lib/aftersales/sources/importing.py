"""The one door into the store: read new files, hash people, keep every version, compose the tables, commit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath

import polars as pl

from aftersales.sources.account import FileAccount, ImportAccount
from aftersales.sources.composing import compose_tables
from aftersales.sources.crosschecks import HELD, TABLES, Facts, Held, facts_of, fits_platform
from aftersales.sources.dated import without_impossible
from aftersales.sources.holding import hold, named_files, orders_of
from aftersales.sources.identity import fingerprint, installation_key
from aftersales.sources.keep import kept_rows
from aftersales.sources.keeping import Keeping
from aftersales.sources.layout import load_layouts
from aftersales.sources.lock import import_lock
from aftersales.sources.masking import masked, masked_name
from aftersales.sources.places import Folder
from aftersales.sources.read import Reading, read_export
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.store import Commit, ShopStore, check_key
from aftersales.words.errors import AftersalesError, DataError, QuestionError
from aftersales.words.language import LANGUAGES
from aftersales.words.periods import shop_time

READABLE = (".csv", ".xlsx", ".xls", ".txt", ".tsv", ".zip", ".rar", ".7z")
EVIDENCE_FOLDER = "evidence"  # the shop's evidence files lie there; they are not exports
CLOCK_TOLERANCE = timedelta(minutes=5)  # clocks of several machines differ by seconds
Progress = Callable[[str], None]


def import_files(
    settings: Settings,
    shop: Shop,
    files: Sequence[str] = (),
    *,
    confirm: Sequence[str] = (),
    now: datetime | None = None,
    progress: Progress = lambda _: None,
) -> ImportAccount:
    """Import the named files, or whatever is new or changed in the shop's exports folder.

    A file that cannot be read is named with its reason and does not keep the others out. Importing the same file again
    changes nothing. Rows more than a day after ``now`` (the clock) are set aside. A file that does not fit the shop's
    others is held back, out of the composed tables, until it is named in ``confirm``.

    Raises `AftersalesError` only where nothing can be imported at all.
    """
    key = installation_key(settings.store_path)
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    now = now and shop_time(now, shop.tz)
    with import_lock(store.folder):
        head = store_to_build_on(store, key_print=fingerprint(key), now=now)
        behind = _clock_behind(head, shop, now)
        named = _named(files, key) if files else _found(settings, shop)
        import_id = f"{head.number + 1:06d}"
        known = _known(store, head)
        erased = store.table("erased", head).collect()["mark"]
        layouts, digest = load_layouts([Path(settings.place(p)) for p in shop.layouts]), _layouts_digest(settings, shop)
        platform_of = {layout.name: layout.platform for layout in layouts}
        confirmed = named_files(store.table("held", head).collect(), confirm)
        unchanged, failed, kept, facts = 0, [], Keeping(store, head, import_id), list[Facts]()
        for name, load in named.items():
            progress(f"reading {name}")
            try:
                content = _bytes_of(name, load)
                sha256 = hashlib.sha256(content).hexdigest()
                if known.get(name) == (sha256, digest):
                    unchanged += 1
                    continue
                readings = tuple(
                    without_impossible(one, now=shop_time(now, shop.tz), zone=shop.zone)
                    for one in read_export(
                        name, layouts=layouts, zone=shop.zone, currency=shop.currency, content=content
                    )
                )
                del content
                _check_owner(readings, shop)
                _check_platform(readings, shop, platform_of)
                rows = kept_rows(readings, key=key, import_id=import_id, zone=shop.zone, erased=erased)
            except AftersalesError as error:
                failed.append(FileAccount(name, error=masked(str(error))))
                continue
            kept.add(name, sha256, readings, rows, layouts=digest, again=name in known)
            facts.append(facts_of(name, sha256, readings, layouts=platform_of))
        if not kept.files and not confirmed:
            return ImportAccount(shop.id, import_id, tuple(failed), None, unchanged, behind)
        progress("writing to the store")
        accounts = [*failed, *kept.finish()]
        progress("checking the files against each other")
        written = _as_written(store, head)
        first_orders = "order_report" in kept.kinds and store.table("order_records", head).head(1).collect().is_empty()
        new, moved = hold(
            store, written, facts, shop=shop, confirm=confirmed, import_id=import_id, first_orders=first_orders
        )
        accounts = _with_alarms(accounts, new, shop)
        touched = [*kept.touched, orders_of(store, written, moved)] if moved else kept.touched
        progress("composing the tables")
        held = store.table("held", _as_written(store, head)).filter(pl.col("state") == HELD).collect()["file"]
        compose_tables(store, head, touched, direct=kept.direct, held=held.to_list())
        commit = Commit(
            number=head.number + 1, parent=head.number, made_at=now or datetime.now(UTC), action="import",
            import_id=import_id, versions=store.create_missing(), key_fingerprint=fingerprint(key),
            account=tuple({k: v for k, v in asdict(a).items() if k not in ("sha256", "layouts")} for a in accounts),
        )  # fmt: skip
        store.write_commit(commit)
    counted = tuple(f for f in moved if f not in set(held))
    return ImportAccount(shop.id, import_id, tuple(accounts), commit.number, unchanged, behind, counted)


def _as_written(store: ShopStore, head: Commit) -> Commit:
    """The tables as they are now, this import's rows among them."""
    return Commit(head.number, None, head.made_at, "", "", {t: store.version(t) or 0 for t in head.versions}, "")


def _with_alarms(accounts: Sequence[FileAccount], held: Sequence[Held], shop: Shop) -> list[FileAccount]:
    """The accounts, those of files held back with why."""
    why = {h.file: {lang: h.words(lang, shop=shop.id) for lang in LANGUAGES} for h in held}
    there = {a.file for a in accounts}
    more = [FileAccount(h.file, alarm=why[h.file]) for h in held if h.file not in there]
    return [*(replace(a, alarm=why.get(a.file)) for a in accounts), *more]


def nothing_new(settings: Settings, shop: Shop) -> bool:
    """Whether an import without named files would find every file known by its contents; changes nothing.

    What an import that was killed left behind stays for the next import: a report reads a pinned commit.
    """
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    try:
        head = store.head()
    except QuestionError:
        return False
    check_key([head], fingerprint(installation_key(settings.store_path)))
    known, digest = _known(store, head), _layouts_digest(settings, shop)
    found = _found(settings, shop)
    return all(known.get(name) == (_sha256_of(name, load), digest) for name, load in found.items())


def _known(store: ShopStore, head: Commit) -> dict[str, tuple[str, str]]:
    """The SHA-256 of every file in the store and of the shop's layouts it was read with, by name."""
    files = store.table("files", head).select("file", "sha256", pl.col("layouts").fill_null("")).collect()
    return {name: (sha256, layouts) for name, sha256, layouts in files.iter_rows()}


def _layouts_digest(settings: Settings, shop: Shop) -> str:
    """What the shop's own layout files say, as one hash; a file read with other layouts is read again."""
    texts = [Path(settings.place(p)).read_bytes() for p in shop.layouts]
    return hashlib.sha256(b"\0".join(texts)).hexdigest() if texts else ""


def _sha256_of(name: str, load: Callable[[], bytes]) -> str:
    return hashlib.sha256(_bytes_of(name, load)).hexdigest()


def _clock_behind(head: Commit, shop: Shop, now: datetime | None) -> datetime | None:
    """When the last commit was made, in the shop's zone, if by this machine's clock it is yet to come."""
    ahead = head.made_at - (now or datetime.now(UTC))
    return head.made_at.astimezone(shop.tz) if ahead > CLOCK_TOLERANCE else None


def undo_import(settings: Settings, shop: Shop, *, now: datetime | None = None) -> Commit:
    """Take the last import back: the tables hold again what they held before it. Gives the new commit."""
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    with import_lock(store.folder):
        commits = store.commits()
        head = commits[-1] if commits else None
        if head is not None:
            store.drop_uncommitted(head.versions)
        if head is None or head.parent is None:
            raise QuestionError(f"There is no import of the shop '{shop.id}' left to take back")
        if not head.action.startswith(("import", "undo")):
            raise QuestionError(
                "The last change of the store is no import, and taking one back would take it along",
                found=head.action,
                hint="import a corrected file instead: the later state wins",
            )
        before = store.commit(head.parent)
        versions = store.roll_back(before.versions)
        commit = Commit(
            number=head.number + 1, parent=before.parent, made_at=now or datetime.now(UTC),
            action=f"undo {head.import_id}",
            import_id=before.import_id, versions=versions, key_fingerprint=head.key_fingerprint, account=before.account,
        )  # fmt: skip
        store.write_commit(commit)
    return commit


def store_to_build_on(store: ShopStore, *, key_print: str, now: datetime | None = None) -> Commit:
    """The commit to build on, under the shop's lock: what a killed import left behind is rolled back first.

    Another installation key than the store's is refused (`SetupError`); an empty store gets its first commit.
    """
    commits = store.commits()
    check_key(commits, key_print)
    if not commits:  # before any table, so that tables without a commit are never a store of ours
        store.write_commit(Commit(0, None, now or datetime.now(UTC), "create", "000000", {}, key_print))
        commits = store.commits()
    head = commits[-1]
    store.drop_uncommitted(head.versions)
    if store.finish_cleaning():
        head = store.head()
        store.drop_uncommitted(head.versions)
    store.check(head)
    return replace(head, versions={**store.create_missing(), **head.versions})


def named_loads(settings: Settings, shop: Shop, files: Sequence[str]) -> dict[str, Callable[[], bytes]]:
    """The files an import would look at, by name, each with how to read it."""
    return _named(files, installation_key(settings.store_path)) if files else _found(settings, shop)


def _named(files: Sequence[str], key: bytes) -> dict[str, Callable[[], bytes]]:
    names = [PurePosixPath(f).name if "://" in f else Path(f).name for f in files]
    return {masked_name(n, key=key): Path(f).read_bytes for n, f in zip(names, files, strict=True)}


def export_names(settings: Settings, shop: Shop) -> dict[str, str]:
    """The export files in the shop's folder: what an import without names would look at.

    By the name under which the store knows them, in which nobody is named; each with its real relative name.
    """
    names = [n for n in Folder(settings.place(shop.exports)).names() if n.lower().endswith(READABLE)]
    names = [n for n in names if EVIDENCE_FOLDER not in PurePosixPath(n).parts[:-1]]
    key = installation_key(settings.store_path)
    return {masked_name(n, key=key): n for n in names if not PurePosixPath(n).name.startswith((".", "~$"))}


def _found(settings: Settings, shop: Shop) -> dict[str, Callable[[], bytes]]:
    folder = Folder(settings.place(shop.exports))
    return {shown: partial(folder.read, name) for shown, name in export_names(settings, shop).items()}


def _bytes_of(name: str, load: Callable[[], bytes]) -> bytes:
    try:
        return load()
    except FileNotFoundError:
        raise DataError(f"There is no file {name}", hint="check its name and folder") from None
    except PermissionError:
        raise DataError(f"The file {name} may not be read", found="no permission", hint="allow reading it") from None
    except IsADirectoryError:
        raise DataError(f"{name} is a folder, not a file") from None
    except OSError as error:
        raise DataError(f"The file {name} cannot be read", found=error.strerror) from None


def _check_platform(readings: Sequence[Reading], shop: Shop, platform_of: Mapping[str, str | None]) -> None:
    """Tables that stand for themselves are of one shop: another platform's are refused, not held back."""
    of = next((p for r in readings if (p := platform_of[r.layout])), None)
    if of and not any(r.kind in TABLES for r in readings) and not fits_platform(of, shop):
        raise DataError(
            f"The file {readings[0].file} is another platform's", found=f"{of}; this shop is of {shop.platform}",
            hint="put it into that shop's exports folder, or correct the platform in shops.toml",
        )  # fmt: skip


def _check_owner(readings: Sequence[Reading], shop: Shop) -> None:
    others = {n for r in readings for n in r.shop_names if n.strip() and n.strip() != shop.name.strip()}
    if others:
        raise DataError(
            f"The file {readings[0].file} is another shop's",
            found=f"shop name {'、'.join(sorted(others))}; this shop is {shop.name}",
            hint="put it into that shop's exports folder, or correct the name in shops.toml",
        )
