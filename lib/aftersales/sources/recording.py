"""What people decide, written into the store: a row of a small table, in a commit of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import polars as pl

from aftersales.sources.identity import fingerprint, installation_key
from aftersales.sources.importing import store_to_build_on
from aftersales.sources.lock import import_lock
from aftersales.sources.records import DIRECT
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.store import Commit, ShopStore


def record(
    settings: Settings, shop: Shop, table: str, rows: pl.DataFrame, *, action: str, now: datetime | None = None
) -> Commit:
    """Add rows to a table with versions (decisions, cases), newer than any; the commit that holds them.

    ``rows`` has the table's columns; missing ones are null. The schema is checked; a broken rule is its own error.
    """
    return record_all(settings, shop, {table: rows}, action=action, now=now)


def record_all(
    settings: Settings, shop: Shop, tables: Mapping[str, pl.DataFrame], *, action: str, now: datetime | None = None
) -> Commit:
    """The same for rows of several tables that belong together: one commit holds them all, or none."""
    checked = {name: _checked(name, rows, shop) for name, rows in tables.items()}
    key_print = fingerprint(installation_key(settings.store_path))
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    with import_lock(store.folder):
        head = store_to_build_on(store, key_print=key_print, now=now)
        made_at = now or datetime.now(UTC)
        for name, rows in checked.items():
            said = {"import_id": pl.lit(f"{head.number + 1:06d}"), "as_of": pl.lit(made_at.astimezone(shop.tz))}
            store.append(name, rows.with_columns(**said, row=pl.int_range(pl.len()), dated=pl.lit(value=True)))
        commit = Commit(
            number=head.number + 1,
            parent=head.number,
            made_at=made_at,
            action=action,
            import_id=head.import_id,
            versions=store.create_missing(),
            key_fingerprint=key_print,
            account=head.account,
        )
        store.write_commit(commit)
    return commit


def _checked(table: str, rows: pl.DataFrame, shop: Shop) -> pl.DataFrame:
    kept = DIRECT[table]
    types = kept.types(shop.zone)
    filled = rows.with_columns(pl.lit(None).alias(c) for c in types if c not in rows.columns and c != "month")
    return kept.schema.validate(filled.select(pl.col(c).cast(types[c]) for c in kept.schema.column_names()))
