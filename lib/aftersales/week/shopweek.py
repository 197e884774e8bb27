"""One shop's week: its pinned tables and what is computed from them, in no language yet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from aftersales.sources.model_file import model_print, stored_model
from aftersales.sources.settings import Settings, Shop
from aftersales.week.advice_results import AdviceResults
from aftersales.week.cache import code_version
from aftersales.week.driver_results import DriverResults
from aftersales.week.harm_results import HarmResults
from aftersales.week.health_results import HealthResults
from aftersales.week.options import DEFAULTS, Options
from aftersales.week.product_results import ProductResults
from aftersales.week.refund_results import RefundResults
from aftersales.week.service_results import ServiceResults
from aftersales.week.suspect_results import ComplaintSuspects, SuspectResults
from aftersales.week.tables import Tables
from aftersales.week.where import PartOfTables, Where
from aftersales.words.periods import Week


@dataclass(frozen=True, eq=False)
class ShopWeek(
    HealthResults,
    RefundResults,
    ServiceResults,
    ProductResults,
    DriverResults,
    SuspectResults,
    ComplaintSuspects,
    HarmResults,
    AdviceResults,
):
    """One shop, one week, one state of the store; every result is computed at most once.

    Results are attributes, a group a page (`RefundResults`, `ProductResults` …); each documents its columns. ``tables``
    holds the pinned tables by name, lazily; ``shop`` and ``settings`` are what shops.toml says.
    """

    settings: Settings
    shop: Shop
    week: Week
    tables: Tables
    options: Options = DEFAULTS
    plain_week: ShopWeek | None = None
    whole_shop: ShopWeek | None = None

    def varied(self, **options: Any) -> ShopWeek:
        """The same week with these parameters (`Options`) changed; what they leave as it is stays computed once."""
        plain, wanted = self.plain_week or self, replace(self.options, **options)
        if wanted == plain.options:
            return plain
        known: dict[Options, ShopWeek] = plain.__dict__.setdefault("_varied", {})
        return known.setdefault(wanted, replace(plain, options=wanted, plain_week=plain))

    def only(self, options: Iterable[str] = (), *, whole: bool = False) -> ShopWeek:
        """The week with no parameters of its own but the named ones; with ``whole`` that of the whole shop."""
        plain = self.plain_week or self
        start = plain.whole_shop or plain if whole else plain
        return start.varied(**{name: getattr(self.options, name) for name in options})

    def part(self, where: Where) -> ShopWeek:
        """The week of the orders that match. Damage of the data and suspicion are judged on the whole shop.

        Raises `UsageError` for a value that no order has.
        """
        if not where:
            return self
        whole = self.only(whole=True)
        known: dict[Where, ShopWeek] = whole.__dict__.setdefault("_parts", {})
        if where not in known:
            tables = PartOfTables(self.tables.store, self.tables.commit, where)
            tables.check()
            known[where] = replace(whole, tables=tables, whole_shop=whole)
        return known[where]

    @property
    def where(self) -> Where:
        """Which orders it is of; empty for the whole shop."""
        return self.tables.where if isinstance(self.tables, PartOfTables) else Where()

    @cached_property
    def key(self) -> str:
        """What the results depend on, as a short hash: tables, week, code, text model, configuration of the shop."""
        return _hash(
            self.tables.commit.versions,
            str(self.week),
            code_version(),
            model_print(self.packed_model),
            self.shop.model_dump(mode="json", exclude={"managers", "analysts", "people", "language", "notebooks"}),
        )

    @cached_property
    def packed_model(self) -> bytes | None:  # type: ignore[override]
        """The trained text model as it lies beside the store; None where none was trained."""
        return stored_model(self.tables.store.store_path)

    @cached_property
    def results_folder(self) -> Path | None:
        """Where results are kept on disk; nowhere where the store is in object storage."""
        folder = self.tables.store.folder
        if folder.remote:
            return None
        kept = folder.local / "results" / self.key
        own = self.where or self.plain_week is not None
        return kept / _hash(asdict(self.options), self.where.parts) if own else kept


def _hash(*parts: Any) -> str:
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()
