"""The one door into the store: read new files, hash people, keep every version, compose the tables, commit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath

import polars as pl

from aftersales.sources import compose
from aftersales.sources.account import FileAccount, ImportAccount, files_table
from aftersales.sources.identity import fingerprint, installation_key
from aftersales.sources.keep import joined_key, kept_rows, moments_of
from aftersales.sources.layout import load_layouts
from aftersales.sources.lock import import_lock
from aftersales.sources.places import Folder
from aftersales.sources.read import Reading, read_export
from aftersales.sources.records import COMPOSED, DIRECT, RECORDS
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.store import Commit, ShopStore, check_key
from aftersales.words.errors import AftersalesError, DataError, QuestionError

READABLE = (".csv", ".xlsx", ".xls", ".txt", ".tsv", ".zip", ".rar", ".7z")
EVIDENCE_FOLDER = "evidence"  # the shop's evidence files lie there; they are not exports
CLOCK_TOLERANCE = timedelta(minutes=5)  # clocks of several machines differ by seconds
Progress = Callable[[str], None]


@dataclass(frozen=True)
class _Read:
    """One file that could be read: its readings as rows for the store."""

    file: str
    sha256: str
    readings: tuple[Reading, ...]
    rows: Mapping[str, pl.DataFrame]


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
    changes nothing. Raises `AftersalesError` only where nothing can be imported at all.
    """
    key = installation_key(settings.store_path)
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    with import_lock(store.folder):
        head = store_to_build_on(store, key_print=fingerprint(key), now=now)
        behind = _clock_behind(head, shop, now)
        named = _named(files) if files else _found(settings, shop)
        import_id = f"{head.number + 1:06d}"
        known = dict(store.table("files", head).select("file", "sha256").collect().iter_rows())
        unchanged, read, accounts = 0, [], []
        layouts = load_layouts([Path(settings.place(p)) for p in shop.layouts])
        for name, load in named.items():
            progress(f"reading {name}")
            try:
                content = _bytes_of(name, load)
                sha256 = hashlib.sha256(content).hexdigest()
                if known.get(name) == sha256:
                    unchanged += 1
                    continue
                readings = tuple(read_export(name, layouts=layouts, zone=shop.zone, content=content))
                _check_owner(readings, shop)
                rows = kept_rows(readings, key=key, import_id=import_id, sha256=sha256, zone=shop.zone)
                read.append(_Read(name, sha256, readings, rows))
            except AftersalesError as error:
                accounts.append(FileAccount(name, error=str(error)))
        if not read:
            return ImportAccount(shop.id, import_id, tuple(accounts), None, unchanged, behind)
        progress("writing to the store")
        accounts += _write(store, head, read, import_id)
        progress("composing the tables")
        _compose(store, head, read)
        commit = Commit(
            number=head.number + 1, parent=head.number, made_at=now or datetime.now(UTC), action="import",
            import_id=import_id, versions=store.create_missing(), key_fingerprint=fingerprint(key),
            account=tuple({k: v for k, v in asdict(a).items() if k != "sha256"} for a in accounts),
        )  # fmt: skip
        store.write_commit(commit)
    return ImportAccount(shop.id, import_id, tuple(accounts), commit.number, unchanged, behind)


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
    if commits:
        store.roll_back(commits[-1].versions)
        store.create_missing()
        return commits[-1]
    store.create_missing()
    versions = store.roll_back({})
    first = Commit(0, None, now or datetime.now(UTC), "create", "000000", versions, key_print)
    store.write_commit(first)
    return first


def _named(files: Sequence[str]) -> dict[str, Callable[[], bytes]]:
    return {PurePosixPath(f).name if "://" in f else Path(f).name: Path(f).read_bytes for f in files}


def export_names(settings: Settings, shop: Shop) -> list[str]:
    """The export files in the shop's folder, by relative name: what an import without names would look at."""
    names = [n for n in Folder(settings.place(shop.exports)).names() if n.lower().endswith(READABLE)]
    names = [n for n in names if EVIDENCE_FOLDER not in PurePosixPath(n).parts[:-1]]
    return [n for n in names if not PurePosixPath(n).name.startswith((".", "~$"))]


def _found(settings: Settings, shop: Shop) -> dict[str, Callable[[], bytes]]:
    folder = Folder(settings.place(shop.exports))
    return {n: partial(folder.read, n) for n in export_names(settings, shop)}


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


def _write(store: ShopStore, head: Commit, read: Sequence[_Read], import_id: str) -> list[FileAccount]:
    """Keep the rows of all files; the account of each file."""
    seen: dict[str, pl.Series] = {}
    accounts, lineage, aside = [], [], []
    tables = sorted({t for r in read for t in r.rows})
    for table in tables:
        rows = pl.concat([r.rows[table] for r in read if table in r.rows], how="vertical_relaxed")
        kept = (RECORDS | DIRECT)[table]
        standing = store.table(table, head, with_month=False)
        if table in RECORDS:
            stored = standing.select(*kept.key, "content").join(
                rows.lazy().select(kept.key).unique(), on=kept.key, how="semi"
            )
            known = stored.collect()
            seen[table] = known.select(kept.key[0]).to_series()
            fresh = rows.unique([*kept.key, "content"], keep="first", maintain_order=True)
            store.append(table, fresh.join(known, on=[*kept.key, "content"], how="anti"))
        else:
            keys = standing.select(kept.key).join(
                rows.lazy().select(kept.key).unique(), on=kept.key, how="semi", nulls_equal=True
            )
            seen[table] = keys.select(joined_key(kept.key)).collect().to_series()
            newest = rows.sort("as_of", "file_hash", "row", nulls_last=False).unique(
                kept.key, keep="last", maintain_order=True
            )
            store.upsert(table, newest)
    for one in read:
        merged_rows = 0
        for table, rows in one.rows.items():
            kept = (RECORDS | DIRECT)[table]
            keyed = rows.select(
                pl.lit(table).alias("table"), joined_key(kept.key).alias("key"), "file", "row", "import_id"
            )
            merged = keyed.with_columns(
                merged=pl.col("key").is_in(seen[table].implode()) | ~pl.col("key").is_first_distinct()
            )
            seen[table] = pl.concat([seen[table], merged["key"].unique()])
            lineage.append(merged)
            merged_rows += int(merged["merged"].sum())
        accounts.append(_account(one, merged_rows))
        aside += [r.set_aside.with_columns(import_id=pl.lit(import_id)) for r in one.readings]
    store.append("lineage", pl.concat(lineage))
    store.append("set_aside", pl.concat(aside, how="vertical_relaxed"))
    store.upsert("files", files_table(accounts, import_id=import_id, zone=store.zone))
    return accounts


def _account(one: _Read, merged: int) -> FileAccount:
    aside = pl.concat([r.set_aside for r in one.readings], how="vertical_relaxed")
    reasons = aside.group_by("reason").len().sort("len", "reason", descending=[True, False])
    moments = [m for r in one.readings for m in moments_of(r.frame)]
    return FileAccount(
        file=one.file,
        layout=" + ".join(dict.fromkeys(r.layout for r in one.readings)),
        rows_read=sum(r.rows_read for r in one.readings),
        rows_taken=sum(r.frame.height for r in one.readings) - merged,
        rows_merged=merged,
        rows_set_aside=aside.height,
        reasons=tuple(reasons.iter_rows()),
        notes=tuple(dict.fromkeys(n for r in one.readings for n in r.notes)),
        first_at=min(moments, default=None),
        last_at=max(moments, default=None),
        sha256=one.sha256,
    )


def _compose(store: ShopStore, head: Commit, read: Sequence[_Read]) -> None:
    """Make orders, refunds and complaints anew for every order that the import touched."""
    now = Commit(head.number, None, head.made_at, "", "", {t: store.version(t) or 0 for t in head.versions}, "")

    def table(name: str) -> pl.LazyFrame:
        return store.table(name, now, with_month=True)

    touched = _touched(read, table("orders")).lazy()
    mine = {t: table(t).join(touched, on="order_id", how="semi") for t in RECORDS}
    orders = compose.orders(
        mine["order_records"], mine["item_records"], products=table("products"), parcels=table("parcels")
    )
    _replace(store, "orders", orders, table("orders").join(touched, on="order_id", how="semi"))
    refunds = compose.refunds(mine["refund_records"], orders.lazy())
    _replace(store, "refunds", refunds, table("refunds").join(touched, on="order_id", how="semi"))
    complaints = compose.complaints(mine["complaint_records"], refunds.lazy(), orders.lazy())
    _replace(store, "complaints", complaints, table("complaints").join(touched, on="order_id", how="semi"))


def _touched(read: Sequence[_Read], orders: pl.LazyFrame) -> pl.DataFrame:
    """The orders whose rows may change: named by a record, by a parcel's number or by a product's entry."""
    found = [rows.select("order_id") for r in read for t, rows in r.rows.items() if t in RECORDS]
    for name, by in (("parcels", "tracking_no"), ("products", "product_id")):
        keys = [r.rows[name].select(by) for r in read if name in r.rows]
        if keys:
            found.append(orders.join(pl.concat(keys).unique().lazy(), on=by, how="semi").select("order_id").collect())
    return pl.concat(found).unique() if found else pl.DataFrame(schema={"order_id": pl.String})


def _replace(store: ShopStore, name: str, rows: pl.DataFrame, standing: pl.LazyFrame) -> None:
    """Bring a composed table to these rows for the touched orders: insert, update what changed, delete what is gone."""
    kept = COMPOSED[name]
    key = list(kept.key)
    rows = kept.schema.validate(rows, cast=False).sort(key)  # sums of floats depend on the order of their rows
    old = standing.collect()
    columns = rows.columns
    same = rows.join(old.select(columns), on=columns, how="semi", nulls_equal=True)
    changed = rows.join(same.select(key), on=key, how="anti")
    gone = old.join(rows.select(key), on=key, how="anti").select(*key, *(["month"] if kept.month_of else []))
    if not old.height:
        store.append(name, changed)
    else:
        store.upsert(name, changed, gone=gone)
