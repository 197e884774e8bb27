"""Making a shop ready to report: import what is new, choose commit and week. Light: it runs in its own processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from aftersales.sources.identity import fingerprint, installation_key
from aftersales.sources.importing import import_files, nothing_new
from aftersales.sources.settings import Shop, load_settings
from aftersales.sources.store import Commit, ShopStore, check_key
from aftersales.week.tables import Tables, week_of
from aftersales.words.errors import AftersalesError, DataError, of_the_machine


@dataclass(frozen=True)
class Prepared:
    """A shop ready to report: its week, the store's commit and its order lines; or the sentence why not."""

    shop: Shop
    week: str = ""
    commit: int = -1
    lines: int = 0
    said: tuple[str, ...] = ()
    reason: str | None = None


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

    A file that cannot be read stops the shop's report: numbers with a part of the data missing are no numbers.
    """
    settings = load_settings(config)
    shop = settings.shop(shop_id)
    said: tuple[str, ...] = ()
    try:
        if with_import:
            account = import_files(settings, shop, now=now)
            if account.files:
                said = tuple(account.lines(shop.language[0]))
            if account.failed:
                more = f" (and {len(account.failed) - 1} more)" if len(account.failed) > 1 else ""
                first = account.failed[0]
                raise DataError(f"{first.file} was not imported: {first.error}".rstrip(".") + more)
        store = ShopStore(settings.store_path, shop.id, shop.zone)
        commit: Commit = store.as_of(as_of) if as_of else store.head()
        check_key([commit], fingerprint(installation_key(settings.store_path)))
        tables = Tables(store, commit)
        return Prepared(shop, str(week_of(week, tables, shop, now=now)), commit.number, tables.rows("orders"), said)
    except AftersalesError as error:
        return Prepared(shop, said=said, reason=str(error))
    except Exception as error:  # a full disk, say: the other shops go on
        machine = of_the_machine(error)
        words = (str(error).strip() or "no words").splitlines()[0][:300]
        return Prepared(shop, said=said, reason=str(machine or f"{type(error).__name__}: {words}"))
