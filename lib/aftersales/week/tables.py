"""The tables of one pinned commit, and which weeks they have data for. Imports no measure, so that it opens fast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import polars as pl

from aftersales.measures.chunks import part_of
from aftersales.sources.settings import Shop
from aftersales.sources.store import Commit, ShopStore
from aftersales.words.errors import UsageError
from aftersales.words.periods import MADE_ON, TOLERANCE, Week, last_whole_week, shop_time

# A batch run pins the store's commit here, so that all its notebooks see one state.
COMMIT_VARIABLE = "AFTERSALES_COMMIT"
# Up to here a table is held in memory: one read serves all measures. Larger ones are scanned by each, streaming.
ROWS_IN_MEMORY = 750_000


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables of one commit, lazily."""

    store: ShopStore
    commit: Commit

    def __getitem__(self, name: str) -> pl.LazyFrame:
        return self._held(name)

    def scan(self, name: str) -> pl.LazyFrame:
        """One table for a single look: what is held already, else its files, which are not held then."""
        held: dict[str, pl.LazyFrame] = self.__dict__.get("_frames", {})
        return held[name] if name in held else self._cut(name, self.store.table(name, self.commit))

    def _cut(self, name: str, table: pl.LazyFrame) -> pl.LazyFrame:
        """The rows of a table that belong here: of the whole shop all."""
        return table

    def _held(self, name: str) -> pl.LazyFrame:
        frames: dict[str, pl.LazyFrame] = self.__dict__.setdefault("_frames", {})
        if name not in frames:
            scan = self._cut(name, self.store.table(name, self.commit))
            frames[name] = scan.collect().lazy() if self.rows(name) <= ROWS_IN_MEMORY else scan
        return frames[name]

    def rows(self, name: str) -> int:
        """How many rows a table has; its files are not read for it."""
        return int(self.store.table(name, self.commit).select(pl.len()).collect().item())

    def parts(self, name: str, *, held: bool = True) -> list[pl.LazyFrame]:
        """The table in parts of some two million rows, cut between months, earliest first; a small one in one.

        Each part reads the files of its months alone; rows without a month come last. A small table is held from then
        on, unless this is a single look (``held`` false).
        """
        cuts: dict[str, list[list[str]]] = self.__dict__.setdefault("_cuts", {})
        if name not in cuts:
            whole = self.store.table(name, self.commit, with_month=True)
            sizes = whole.group_by("month").agg(rows=pl.len()).sort("month").collect(engine="streaming")
            cut = sizes.with_columns(part=part_of(sizes["rows"])).group_by("part", maintain_order=True)
            cuts[name] = cut.agg("month")["month"].to_list()
        if len(cuts[name]) <= 1:
            return [self[name] if held else self.scan(name)]
        return [self._cut(name, self.store.table(name, self.commit, months=months)) for months in cuts[name]]

    @cached_property
    def last_day(self) -> date | None:
        """The latest day on which an order was created or paid, or a refund asked for; None in an empty shop.

        Days after the commit was made do not count: stores of old hold rows that are dated ahead of their import.
        """
        latest = {"orders": ("created_at", "paid_at"), "refunds": ("applied_at",)}
        made = (max(self.commit.made_at, MADE_ON) + TOLERANCE).astimezone(ZoneInfo(self.store.zone)).date()
        # read by itself: whoever asks for no more must not hold the tables
        orders, refunds = (
            self.store.table(name, self.commit)
            .select(pl.max_horizontal(pl.col(c).dt.date().filter(pl.col(c).dt.date() <= made).max() for c in columns))
            .collect(engine="streaming")
            .item()
            for name, columns in latest.items()
        )
        return max((d for d in (orders, refunds) if d), default=None)


def last_day_by(now: datetime | None, tables: Tables, shop: Shop) -> date | None:
    """The last day with data that is not after a moment somebody named; None in an empty shop."""
    if now is None or tables.last_day is None:
        return tables.last_day
    return min(tables.last_day, shop_time(now, shop.tz).date())


def week_of(text: str, tables: Tables, shop: Shop, *, now: datetime | None = None) -> Week:
    """The named week, or the shop's last whole one by ``now``; `UsageError` where the shop has no data for it."""
    last_day = last_day_by(now, tables, shop)
    if last_day is None or tables.last_day is None:
        raise UsageError(
            f"The shop '{shop.id}' has no orders yet",
            hint=f"run `aftersales import {shop.id}`; `aftersales status` names files that wait for their orders",
        )
    last = last_whole_week(last_day)
    week = Week.parse(text) if text else last
    if week == last:  # also where the files begin after it: a shop of three days has no whole week yet
        return last
    first_day = min((d for d in _first_days(tables) if d), default=tables.last_day)
    if week.monday > tables.last_day or week.sunday < first_day:
        raise UsageError(
            f"The shop '{shop.id}' has no data for week {week}",
            found=f"data from {first_day} to {tables.last_day}",
            hint=f"name a week from {Week.of(first_day)} to {Week.of(tables.last_day)}; the last whole one is {last}",
        )
    return week


def _first_days(tables: Tables) -> tuple[date | None, ...]:
    """The earliest day on which an order was created or paid, and a refund requested."""
    times = {"orders": pl.col("created_at", "paid_at"), "refunds": pl.col("applied_at")}
    scans = (tables.store.table(name, tables.commit).select(at.min().dt.date()) for name, at in times.items())
    return tuple(day for scan in scans for day in scan.collect(engine="streaming").row(0))
