"""Making a shop ready to report: import what is new, choose commit and week. Light: it runs in its own processes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from aftersales.sources.account import FileAccount
from aftersales.sources.history import check_key
from aftersales.sources.identity import KEY_VARIABLE, fingerprint, installation_key
from aftersales.sources.importing import import_files, nothing_new
from aftersales.sources.settings import Settings, Shop, load_settings
from aftersales.sources.storage import Folder
from aftersales.sources.store import Commit, ShopStore
from aftersales.week.tables import Tables, week_of
from aftersales.words.errors import AftersalesError, DataError, error_in, of_the_machine
from aftersales.words.panics import panics_as_errors


@dataclass(frozen=True)
class Prepared:
    """A shop ready to report: its week, the store's commit and its order lines; or the sentence why not."""

    shop: Shop
    week: str = ""
    commit: int = -1
    lines: int = 0
    said: tuple[str, ...] = ()
    reason: str | None = None
    incomplete: bool = False


def without_news(
    config: Path,
    shop_ids: Sequence[str],
    week: str,
    as_of: date | None,
    with_import: bool,
    *,
    now: datetime | None = None,
) -> list[Prepared]:
    """Those of the shops that need no import and are ready, in a light look that changes nothing.

    Whoever is missing, be it for new files or for any trouble, is to be `prepared`.
    """
    settings = load_settings(config)
    found = []
    for shop_id in shop_ids:
        try:
            if with_import and not nothing_new(settings, settings.shop(shop_id)):
                continue
        except Exception:  # whatever it is, the import meets it too, and says so in words
            continue
        one = prepared(config, shop_id, week, as_of, with_import=False, now=now)
        found += [one] if one.reason is None else []
    return found


def prepared(
    config: Path, shop_id: str, week: str, as_of: date | None, with_import: bool, *, now: datetime | None = None
) -> Prepared:
    """Import one shop's new files and choose its commit and week; every failure becomes a sentence.

    A file that cannot be read costs itself only: the report is made of the rest, says so, and is marked ``incomplete``.
    Where a shop has no orders at all, the first such file is the reason.
    """
    settings = load_settings(config)
    shop = settings.shop(shop_id)
    said: list[str] = []
    try:
        with panics_as_errors():
            return _prepared(settings, shop, week, as_of, now, with_import=with_import, said=said)
    except AftersalesError as error:
        return Prepared(shop, said=tuple(said), reason=error_in(str(error), shop.language[0]))
    except Exception as error:  # a full disk, say: the other shops go on
        machine = of_the_machine(error)
        words = (str(error).strip() or "no words").splitlines()[0][:300]
        reason = error_in(str(machine), shop.language[0]) if machine else f"{type(error).__name__}: {words}"
        return Prepared(shop, said=tuple(said), reason=reason)


def _prepared(
    settings: Settings,
    shop: Shop,
    week: str,
    as_of: date | None,
    now: datetime | None,
    *,
    with_import: bool,
    said: list[str],
) -> Prepared:
    failed: tuple[FileAccount, ...] = ()
    if with_import:
        account = import_files(settings, shop, now=now)
        if account.files:
            said += account.lines(shop.language[0])
        failed = account.failed
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    commit: Commit = store.as_of(as_of) if as_of else store.head()
    # who only reads a store in object storage needs no key
    if KEY_VARIABLE in os.environ or not Folder(settings.store_path).remote:
        check_key([commit], fingerprint(installation_key(settings.store_path)))
    tables = Tables(store, commit)
    if tables.last_day is None and failed:
        raise DataError(f"No file could be read; the first: {failed[0].file}: {failed[0].error}")
    return Prepared(
        shop,
        str(week_of(week, tables, shop, now=now)),
        commit.number,
        tables.rows("orders"),
        tuple(said),
        incomplete=_incomplete(tables),
    )


def _incomplete(tables: Tables) -> bool:
    """Whether files of the shop could not be read, so that the report is made of the rest."""
    return tables["left_out"].filter(state="unreadable").select(pl.len()).collect().item() > 0
