"""`aftersales import --withdraw`: what an edited file held before and holds no more goes, once that is confirmed."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from aftersales.sources.identity import fingerprint, installation_key
from aftersales.sources.importing import store_to_build_on
from aftersales.sources.lock import import_lock
from aftersales.sources.rebuild import compose_tables, touched_orders
from aftersales.sources.records import DIRECT, RECORDS
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.store import Commit, ShopStore
from aftersales.sources.to_records import joined_key
from aftersales.words.errors import UsageError


def withdraw(settings: Settings, shop: Shop, file: str, *, now: datetime | None = None) -> tuple[Commit, int]:
    """Drop the rows that ``file`` held in earlier imports and not in its last one; the commit, and how many they were.

    What another file says of the same row stays. Raises `UsageError` where the file is not known.
    """
    key_print = fingerprint(installation_key(settings.store_path))
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    with import_lock(store.folder):
        head = store_to_build_on(store, key_print=key_print, now=now)
        files = store.table("files", head).collect()
        of_file = files.filter(pl.col("file") == file)
        if of_file.is_empty():
            raise UsageError(
                f"The shop '{shop.id}' has imported no file {file}",
                found=", ".join(files["file"].sort()[:10]) or "none",
            )
        lineage = store.table("lineage", head).select("table", "key", "file", "import_id")
        old = (pl.col("file") == file) & (pl.col("import_id") != of_file["import_id"][0])
        held, others = lineage.filter(old), lineage.filter(~old)
        gone = held.join(others, on=["table", "key"], how="anti").select("table", "key").unique().collect()
        touched, direct = [], {"products": store.table("products", head).collect()}
        versioned = [*RECORDS, *(name for name, kept in DIRECT.items() if kept.versions)]
        for table in sorted(set(held.select("table").collect()["table"].unique())):
            if table in RECORDS:
                rows = store.table(table, head, with_month=True).filter(old).collect()
                touched.append(touched_orders({table: rows}))
            if table in versioned:
                _delete(store, table, file, of_file["import_id"][0])
            else:
                direct[table] = _without(store, head, table, gone.filter(table=table)["key"])
        compose_tables(store, head, touched, direct=direct)
        commit = Commit(
            number=head.number + 1,
            parent=head.number,
            made_at=now or datetime.now(UTC),
            action=f"withdraw {file}",
            import_id=head.import_id,
            versions=store.create_missing(),
            key_fingerprint=key_print,
            account=head.account,
        )
        store.write_commit(commit)
    return commit, gone.height


def _delete(store: ShopStore, table: str, file: str, last_import: str) -> None:
    """Drop what the file said in imports before its last; what it holds still was written again by that one."""
    quoted = file.replace("'", "''")
    delta = store.to_change(table)
    delta.delete(f"file = '{quoted}' AND import_id <> '{last_import}'", **store.signed)


def _without(store: ShopStore, head: Commit, table: str, keys: pl.Series) -> pl.DataFrame:
    """Drop the rows of those keys from a table without versions; the rows dropped."""
    kept = DIRECT[table]
    rows = store.table(table, head, with_month=True).filter(joined_key(kept.key).is_in(keys.implode())).collect()
    place = [*kept.key, *(["month"] if kept.month_of else [])]
    store.upsert(table, rows.clear(), gone=rows.select(place))
    return rows
