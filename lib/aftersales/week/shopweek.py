"""One shop's week: its pinned tables and what is computed from them, in no language yet."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from aftersales.sources.model_file import model_print, stored_model
from aftersales.sources.settings import Settings, Shop
from aftersales.week.advice_results import AdviceResults
from aftersales.week.complaint_suspects import ComplaintSuspects
from aftersales.week.driver_results import DriverResults
from aftersales.week.harm_results import HarmResults
from aftersales.week.health_results import HealthResults
from aftersales.week.kept import code_version
from aftersales.week.product_results import ProductResults
from aftersales.week.refund_results import RefundResults
from aftersales.week.service_results import ServiceResults
from aftersales.week.suspect_results import SuspectResults
from aftersales.week.tables import Tables
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

    @cached_property
    def key(self) -> str:
        """What the results depend on, as a short hash: tables, week, code, text model, configuration of the shop."""
        parts = [
            self.tables.commit.versions, str(self.week), code_version(), model_print(self.packed_model),
            self.shop.model_dump(mode="json", exclude={"managers", "analysts", "people", "language"}),
        ]  # fmt: skip
        return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()

    @cached_property
    def packed_model(self) -> bytes | None:  # type: ignore[override]
        """The trained text model as it lies beside the store; None where none was trained."""
        return stored_model(self.tables.store.store_path)

    @cached_property
    def results_folder(self) -> Path | None:
        """Where results are kept on disk; nowhere where the store is in object storage."""
        folder = self.tables.store.folder
        return None if folder.remote else folder.local / "results" / self.key
