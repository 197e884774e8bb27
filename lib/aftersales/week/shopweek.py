"""One shop's week: its pinned tables and what is computed from them, in no language yet."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from aftersales.sources.settings import Settings, Shop
from aftersales.sources.store import Commit, ShopStore
from aftersales.week.driver_results import DriverResults
from aftersales.week.health_results import HealthResults
from aftersales.week.kept import code_version
from aftersales.week.product_results import ProductResults
from aftersales.week.refund_results import RefundResults
from aftersales.week.service_results import ServiceResults
from aftersales.words.errors import QuestionError
from aftersales.words.periods import Week, last_whole_week

# Up to here a table is held in memory: one read serves all measures. Larger ones are scanned by each, streaming.
ROWS_IN_MEMORY = 2_000_000


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables of one commit, lazily."""

    store: ShopStore
    commit: Commit

    def __getitem__(self, name: str) -> pl.LazyFrame:
        return self._held(name)

    def _held(self, name: str) -> pl.LazyFrame:
        frames: dict[str, pl.LazyFrame] = self.__dict__.setdefault("_frames", {})
        if name not in frames:
            scan = self.store.table(name, self.commit)
            rows = scan.select(pl.len()).collect().item()
            frames[name] = scan.collect().lazy() if rows <= ROWS_IN_MEMORY else scan
        return frames[name]

    @cached_property
    def last_day(self) -> date | None:
        """The latest day on which an order was created or paid, or a refund asked for; None in an empty shop."""
        orders = (
            self["orders"].select(pl.max_horizontal(pl.col("created_at", "paid_at").max().dt.date())).collect().item()
        )
        refunds = self["refunds"].select(pl.col("applied_at").max().dt.date()).collect().item()
        return max((d for d in (orders, refunds) if d), default=None)


@dataclass(frozen=True, eq=False)
class ShopWeek(HealthResults, RefundResults, ServiceResults, ProductResults, DriverResults):
    """One shop, one week, one state of the store; every result is computed at most once."""

    settings: Settings
    shop: Shop
    week: Week
    tables: Tables

    @cached_property
    def key(self) -> str:
        """What the results depend on, as a short hash: tables, week, code, configuration of the shop."""
        parts = [
            self.tables.commit.versions, str(self.week), code_version(),
            self.shop.model_dump(mode="json", exclude={"managers", "analysts", "people", "language"}),
        ]  # fmt: skip
        return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()

    @cached_property
    def results_folder(self) -> Path | None:
        """Where results are kept on disk; nowhere where the store is in object storage."""
        folder = self.tables.store.folder
        return None if folder.remote else folder.local / "results" / self.key


def week_of(text: str, tables: Tables, shop: Shop) -> Week:
    """The named week, or the shop's last whole one; `QuestionError` where the shop has no data for it."""
    if tables.last_day is None:
        raise QuestionError(f"The shop '{shop.id}' has no orders yet", hint=f"run `aftersales import {shop.id}`")
    last = last_whole_week(tables.last_day)
    if not text:
        return last
    week = Week.parse(text)
    first = tables["orders"].select(pl.col("created_at", "paid_at").min().dt.date()).collect()
    first_day = min((d for d in first.row(0) if d), default=tables.last_day)
    if week.monday > tables.last_day or week.sunday < first_day:
        raise QuestionError(
            f"The shop '{shop.id}' has no data for week {week}",
            found=f"data from {first_day} to {tables.last_day}",
            hint=f"the last whole week is {last}",
        )
    return week
