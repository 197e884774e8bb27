"""``load``: how a notebook, a mail or an analyst opens a shop's week."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass

from aftersales.sources.model_file import model_print, stored_model
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.week.shopweek import ShopWeek
from aftersales.week.tables import COMMIT_VARIABLE, Tables, week_of
from aftersales.words.errors import UsageError
from aftersales.words.language import LANGUAGES, Language, say

_HELD = 2  # weeks held open in one process; a worker goes through a shop's notebooks one after another
_open: OrderedDict[tuple[str, str, int, str, str], ShopWeek] = OrderedDict()


@dataclass(frozen=True, eq=False)
class Report:
    """A shop's week in one language: what a notebook calls ``report``, and every section takes.

    ``report.data`` (a `ShopWeek`) holds the results, computed when first asked for: ``report.data.signals``,
    ``report.data.problem_products``, ``report.data.tables["orders"]`` (lazy). Those told in words are methods that take
    the language, such as ``report.data.suggestions(report.language)``. Sections turn them into blocks that show
    themselves: ``asa.weekly_overview.tiles(report)``; ``asa.explore(…)`` makes any of them searchable.
    """

    data: ShopWeek
    language: Language

    def say(self, key: str, **values: object) -> str:
        """A sentence of the catalogue in the report's language, the shop's currency and its market's words."""
        shop = self.data.shop
        return say(key, self.language, currency=shop.currency, market=shop.market, **values)

    def __repr__(self) -> str:
        commit = self.data.tables.commit
        return f"<Report {self.data.shop.id} {self.data.week} {self.language}, data version {commit.number}>"


def load(shop: str, week: str = "", language: str = "", *, config: str | None = None) -> Report:
    """Open a shop's week.

    ``shop`` is an id of shops.toml; ``week`` is written 2026-W46 (empty: the shop's last whole week); ``language`` is
    zh or en (empty: the shop's first). Tables are read lazily and results are computed when first asked for, once.
    Raises `UsageError` for an unknown shop, week or language, `SetupError` for a broken configuration.
    """
    settings = load_settings(config)
    found = settings.shop(shop)
    chosen = language or found.language[0]
    if chosen not in LANGUAGES:
        raise UsageError(f"There is no language '{chosen}'", found=", ".join(LANGUAGES))
    store = ShopStore(settings.store_path, found.id, found.zone)
    pinned = os.environ.get(COMMIT_VARIABLE)
    # what a number names never changes: a pinned week that is open needs no look into the store
    number = int(pinned) if pinned else store.head().number
    key = (str(settings.file), found.id, number, week, model_print(stored_model(settings.store_path)))
    if key not in _open or _open[key].settings != settings:
        tables = Tables(store, store.commit(number))
        _open[key] = ShopWeek(settings, found, week_of(week, tables, found), tables)
        while len(_open) > _HELD:
            _open.popitem(last=False)
    _open.move_to_end(key)
    return Report(_open[key], chosen)  # type: ignore[arg-type]
