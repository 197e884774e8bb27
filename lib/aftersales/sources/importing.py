"""The one door into the store: read new files, hash people, keep every version, compose the tables, commit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from aftersales.sources.account import FileAccount, ImportAccount
from aftersales.sources.archives import members
from aftersales.sources.child import in_child
from aftersales.sources.crosschecks import (
    CONFIRMED,
    HELD,
    Facts,
    Held,
    gap_notes,
    stored_facts,
    stranger_notes,
    unfit,
    with_strangers,
)
from aftersales.sources.export_folder import found_files, given_files, shown_name
from aftersales.sources.history import check_key
from aftersales.sources.identity import fingerprint, installation_key
from aftersales.sources.intake import Progress, Taking, known_files, reader_of
from aftersales.sources.layout import load_layouts
from aftersales.sources.lock import import_lock
from aftersales.sources.odd_columns import notes_of, odd_columns, stored_columns
from aftersales.sources.rebuild import compose_tables
from aftersales.sources.record_writer import RecordWriter
from aftersales.sources.records import RECORDS
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.store import Commit, ShopStore
from aftersales.sources.unread_files import keep_left_out, kept_left_out, names_shown
from aftersales.words.errors import DataError, UsageError
from aftersales.words.language import LANGUAGES
from aftersales.words.periods import shop_time

CLOCK_TOLERANCE = timedelta(minutes=5)  # clocks of several machines differ by seconds


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
        named = given_files(files, settings, shop) if files else found_files(settings, shop)
        import_id = f"{head.number + 1:06d}"
        layouts, digest = load_layouts([Path(settings.place(p)) for p in shop.layouts]), _layouts_digest(settings, shop)
        confirmed = named_files(store.table("held", head).collect(), confirm)
        kept, standing = RecordWriter(store, head, import_id), kept_left_out(store, head)
        taking = Taking(shop, store, head, key, import_id, layouts, kept, progress, now, digest)
        taking.left_out.update(standing if files else {})
        taking.take_all(named, standing)
        unchanged, failed = taking.unchanged, taking.failed
        if not kept.files and not confirmed and taking.left_out == standing:
            return ImportAccount(shop.id, import_id, tuple(failed), None, unchanged, behind, others=taking.others)
        progress("writing to the store")
        odd = odd_columns(taking.columns, stored_columns(store, head, taking.columns))
        kept.flush()
        strange = stranger_notes(store, store.written(head), taking.facts)
        notes = [notes_of(odd), gap_notes(store, head, taking.facts), strange]
        told = {name: [n for found in notes for n in found.get(name, ())] for name in kept.files}
        accounts = [*failed, *kept.finish(told)]
        keep_left_out(store, standing, taking.left_out, import_id)
        progress("checking the files against each other")
        written = store.written(head)
        first_orders = "order_report" in kept.kinds and store.table("order_records", head).head(1).collect().is_empty()
        new, moved = hold(
            store,
            written,
            with_strangers(taking.facts, odd),
            shop=shop,
            confirm=confirmed,
            import_id=import_id,
            first_orders=first_orders,
        )
        accounts = _with_alarms(accounts, new, shop)
        touched = [*kept.touched, orders_of(store, written, moved)] if moved else kept.touched
        progress("composing the tables")
        held = store.table("held", store.written(head)).filter(pl.col("state") == HELD).collect()["file"]
        if touched:
            compose_tables(store, head, touched, direct=kept.direct, held=held.to_list())
        commit = Commit(
            number=head.number + 1,
            parent=head.number,
            made_at=now or datetime.now(UTC),
            action="import",
            import_id=import_id,
            versions=store.create_missing(),
            key_fingerprint=fingerprint(key),
            account=tuple({k: v for k, v in asdict(a).items() if k not in ("sha256", "layouts")} for a in accounts),
        )
        store.write_commit(commit)
    counted = tuple(f for f in moved if f not in set(held))
    return ImportAccount(shop.id, import_id, tuple(accounts), commit.number, unchanged, behind, counted, taking.others)


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
    except UsageError:
        return False
    check_key([head], fingerprint(installation_key(settings.store_path)))
    known, digest, left_out = known_files(store, head), _layouts_digest(settings, shop), kept_left_out(store, head)
    reader = reader_of(load_layouts([Path(settings.place(p)) for p in shop.layouts]))
    found = found_files(settings, shop)
    if any(name.split("/")[0] not in found and name not in found for name in left_out):
        return False
    for name, one in found.items():
        before = left_out.get(name)
        if not one.is_export:
            if before is None:
                return False
            continue
        sha256 = hashlib.sha256(one.load()).hexdigest()
        if known.get(name) != (sha256, digest) and (
            before is None or (before.sha256, before.reader) != (sha256, reader)
        ):
            return False
    return True


def _layouts_digest(settings: Settings, shop: Shop) -> str:
    """What the shop's own layout files say, as one hash; a file read with other layouts is read again."""
    texts = [Path(settings.place(p)).read_bytes() for p in shop.layouts]
    return hashlib.sha256(b"\0".join(texts)).hexdigest() if texts else ""


def export_bytes(settings: Settings, shop: Shop, name: str) -> bytes:
    """The bytes of a file by the name the store knows it by, also of one in an archive (`DataError`: it is gone)."""
    found, key = found_files(settings, shop), installation_key(settings.store_path)
    if name in found:
        return found[name].load()
    archive = next((n for n in found if name.startswith(f"{n}/")), None)
    inside = None
    if archive is not None:
        content = found[archive].load()
        inside = in_child(members, content, archive, file=archive, size=len(content))
    for member in inside or ():
        if f"{archive}/{shown_name(member.name, key=key)}" == name and isinstance(member.content, bytes):
            return member.content
    raise DataError(f"There is no file {name}", hint="check its name and folder", code="gone")


def _clock_behind(head: Commit, shop: Shop, now: datetime | None) -> datetime | None:
    """When the last commit was made, in the shop's zone, if by this machine's clock it is yet to come."""
    ahead = head.made_at - (now or datetime.now(UTC))
    return head.made_at.astimezone(shop.tz) if ahead > CLOCK_TOLERANCE else None


def undo_import(settings: Settings, shop: Shop, *, import_id: str | None = None, now: datetime | None = None) -> Commit:
    """Take back the last import that stands: the tables hold again what they held before it. Gives the new commit.

    Raises `UsageError` right after an undo, which may be the same command given again: there ``import_id`` has to
    name the import. Also where that import, or the last change that stands, is none that can be taken back.
    """
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    with import_lock(store.folder):
        commits = store.commits()
        if commits:
            store.drop_uncommitted(commits[-1].versions)
        undone = _to_undo(commits, shop, import_id)
        before = store.commit(undone.parent or 0)
        versions = store.roll_back(before.versions)
        commit = Commit(
            number=commits[-1].number + 1,
            parent=before.parent,
            made_at=now or datetime.now(UTC),
            action=f"undo {undone.import_id}",
            import_id=before.import_id,
            versions=versions,
            key_fingerprint=undone.key_fingerprint,
            account=before.account,
        )
        store.write_commit(commit)
    return commit


def _to_undo(commits: Sequence[Commit], shop: Shop, import_id: str | None) -> Commit:
    """The import to take back: the last change that the tables hold, which no undo has taken off again."""
    standing: list[Commit] = []
    for commit in commits:
        if commit.action.startswith("undo"):
            del standing[-1:]
        else:
            standing.append(commit)
    if not standing or standing[-1].parent is None:
        raise UsageError(f"There is no import of the shop '{shop.id}' left to take back")
    last, head = standing[-1], commits[-1]
    if import_id is not None and f"undo {import_id}" in {c.action for c in commits}:
        raise UsageError(f"Import {import_id} of the shop '{shop.id}' has been taken back already")
    if last.action != "import":
        raise UsageError(
            "The last change of the store is no import, and taking one back would take it along",
            found=last.action,
            hint="import a corrected file instead: the later state wins",
        )
    files = names_shown([str(f["file"]) for f in last.account if not f.get("error")], "en")
    told = f"import {last.import_id} of {last.made_at.astimezone(shop.tz):%Y-%m-%d %H:%M} ({files})"
    if import_id is None and head.action.startswith("undo"):
        raise UsageError(
            f"The last import of the shop '{shop.id}' has been taken back already",
            found=head.action,
            hint=f"to take back the one before it too, {told}, name it: "
            f"`aftersales import {shop.id} --undo --id {last.import_id}`",
        )
    if import_id not in (None, last.import_id):
        raise UsageError(f"Import {import_id} is not the last that stands", found=told, hint="take that one back first")
    return last


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
    found = given_files(files, settings, shop) if files else found_files(settings, shop)
    return {name: one.load for name, one in found.items() if one.is_export}


# Which files are held back after an import: new ones that do not fit, those confirmed, those that fit by now.


def named_files(held: pl.DataFrame, confirm: Sequence[str]) -> list[str]:
    """The files held back that are to be confirmed, by name or the end of it; `UsageError` for any other."""
    waiting = held.filter(pl.col("state") == HELD)["file"].to_list()
    found = []
    for name in confirm:
        fits = [f for f in waiting if f == name or f.rsplit("/", 1)[-1] == name.replace("\\", "/").rsplit("/", 1)[-1]]
        if len(fits) != 1:
            raise UsageError(
                f"No file '{name}' is held back",
                found=", ".join(waiting) or "none is held back",
                hint="only files held back can be confirmed",
            )
        found += fits
    return found


def hold(
    store: ShopStore,
    now: Commit,
    new: Sequence[Facts],
    *,
    shop: Shop,
    confirm: Sequence[str],
    import_id: str,
    first_orders: bool,
) -> tuple[list[Held], list[str]]:
    """Bring the ``held`` table up to date; the files newly held back, and those whose rows count from now on.

    ``first_orders``: the shop's first order report came with this import, so that what stood without one is looked at.
    """
    table = store.table("held", now).collect()
    fresh = {f.file: f.sha256 for f in new}
    agreed = {
        row["file"]
        for row in table.iter_rows(named=True)
        if row["state"] == CONFIRMED and fresh.get(row["file"], row["sha256"]) == row["sha256"]
    } | set(confirm)
    waiting = table.filter(pl.col("state") == HELD, ~pl.col("file").is_in([*fresh, *confirm]))
    again = dict(waiting.filter(pl.col("reason") == "orders_unknown").select("file", "sha256").iter_rows())
    if first_orders:
        tables = [store.table(name, now).select("file").unique() for name in ("item_records", "refund_records")]
        files = store.table("files", now).select("file", "sha256").join(pl.concat(tables), on="file", how="semi")
        again |= {file: sha for file, sha in files.collect().iter_rows() if file not in fresh}
    asked = [f for f in [*new, *stored_facts(store, now, again)] if f.file not in agreed]
    out = unfit(store, now, asked, shop=shop)
    held = {h.file for h in out}
    rows = [{**asdict(h), "state": HELD, "import_id": import_id} for h in out]
    rows += [
        {**row, "state": CONFIRMED, "import_id": import_id}
        for row in table.iter_rows(named=True)
        if row["file"] in confirm
    ]
    gone = table.filter(~pl.col("file").is_in([*held, *agreed]), pl.col("file").is_in([f.file for f in asked]))
    store.upsert("held", pl.DataFrame(rows, schema=table.schema), gone=gone.select("file"))
    stood = set(table.filter(pl.col("state") == HELD)["file"])
    released = [f for f in stood & (set(again) | set(confirm)) if f not in held]
    return [h for h in out if h.file not in stood or h.file in fresh], [*released, *(held & set(again) - stood)]


def orders_of(store: ShopStore, now: Commit, files: Sequence[str]) -> pl.DataFrame:
    """The orders that files in the store speak of: order_id, month (null where only a refund or complaint names it)."""
    found = [pl.DataFrame(schema={"order_id": pl.String, "month": pl.String})]
    for name in RECORDS:
        rows = store.table(name, now, with_month=True).filter(pl.col("file").is_in(files))
        dated = name in ("order_records", "item_records")
        month = pl.col("month") if dated else pl.lit(None, dtype=pl.String)
        found.append(rows.select("order_id", month=month).unique().collect(engine="streaming"))
    return pl.concat(found)
