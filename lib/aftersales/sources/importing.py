"""The one door into the store: read new files, hash people, keep every version, compose the tables, commit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath

from aftersales.sources.account import FileAccount, ImportAccount
from aftersales.sources.composing import compose_tables
from aftersales.sources.dated import without_impossible
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
    now: datetime | None = None,
    progress: Progress = lambda _: None,
) -> ImportAccount:
    """Import the named files, or whatever is new or changed in the shop's exports folder.

    A file that cannot be read is named with its reason and does not keep the others out. Importing the same file again
    changes nothing. Rows more than a day after ``now`` (the clock) are set aside.

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
        layouts = load_layouts([Path(settings.place(p)) for p in shop.layouts])
        unchanged, failed, kept = 0, [], Keeping(store, head, import_id)
        for name, load in named.items():
            progress(f"reading {name}")
            try:
                content = _bytes_of(name, load)
                sha256 = hashlib.sha256(content).hexdigest()
                if known.get(name) == sha256:
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
                rows = kept_rows(readings, key=key, import_id=import_id, zone=shop.zone, erased=erased)
            except AftersalesError as error:
                failed.append(FileAccount(name, error=masked(str(error))))
                continue
            kept.add(name, sha256, readings, rows)
        if not kept.files:
            return ImportAccount(shop.id, import_id, tuple(failed), None, unchanged, behind)
        progress("writing to the store")
        accounts = [*failed, *kept.finish()]
        progress("composing the tables")
        compose_tables(store, head, kept.touched, direct=kept.direct)
        commit = Commit(
            number=head.number + 1, parent=head.number, made_at=now or datetime.now(UTC), action="import",
            import_id=import_id, versions=store.create_missing(), key_fingerprint=fingerprint(key),
            account=tuple({k: v for k, v in asdict(a).items() if k != "sha256"} for a in accounts),
        )  # fmt: skip
        store.write_commit(commit)
    return ImportAccount(shop.id, import_id, tuple(accounts), commit.number, unchanged, behind)


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
    known = _known(store, head)
    return all(known.get(name) == _sha256_of(name, load) for name, load in _found(settings, shop).items())


def _known(store: ShopStore, head: Commit) -> dict[str, str]:
    """The SHA-256 of every file in the store, by name."""
    return dict(store.table("files", head).select("file", "sha256").collect().iter_rows())


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


def _check_owner(readings: Sequence[Reading], shop: Shop) -> None:
    others = {n for r in readings for n in r.shop_names if n.strip() and n.strip() != shop.name.strip()}
    if others:
        raise DataError(
            f"The file {readings[0].file} is another shop's",
            found=f"shop name {'、'.join(sorted(others))}; this shop is {shop.name}",
            hint="put it into that shop's exports folder, or correct the name in shops.toml",
        )
