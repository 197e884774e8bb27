"""The files of a shop checked against each other: what does not fit is held back from every figure until confirmed.

An item or refund report whose orders are mostly unknown is another shop's, or has come before its orders: its rows are
kept, out of the composed tables, and released by themselves when the orders arrive. So is the export of another
platform, and a file whose days lie far from all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import polars.selectors as cs

from aftersales.sources.notes import note
from aftersales.sources.odd_columns import Odd
from aftersales.sources.read import Reading
from aftersales.sources.records import NO_MONTH
from aftersales.sources.settings import Shop
from aftersales.sources.store import Commit, ShopStore
from aftersales.sources.to_records import moments_of
from aftersales.words.language import Language, say
from aftersales.words.markets import platforms, same_exports

# Orders looked up of a file: enough to tell most from few, quick in a store of any size.
SAMPLE = 400
# A file with fewer unknown orders is the edge of an export; more than the share, and it is not of this shop's orders.
UNKNOWN_ORDERS, UNKNOWN_SHARE = 5, 0.5
_FEW_UNKNOWN = 3  # so many are named, as is a file of fewer that knows none
# No shop's exports leave out more than a year and come back to it.
FAR = timedelta(days=400)
# Files of one shop follow each other; so many days between one and all others are named.
GAP = 60
# A refund is asked for at most so long after its order: 180 days of guarantee, and a margin.
_BEFORE_REFUND = timedelta(days=200)
_OF_ORDERS = {"item_report": ("order_records",), "refund_report": ("order_records", "item_records")}
# Rows about orders in tables that stand for themselves: named, never held, where the orders are not the shop's.
_ABOUT_ORDERS = ("complaints", "messages", "evidence", "money_log")
_OF_DAYS = ("complaints", "messages", "parcels", "money_log", "daily_traffic", "traffic")
TABLES = {"order_report": "order_records", "item_report": "item_records", "refund_report": "refund_records"}
HELD, CONFIRMED = "held", "confirmed"


@dataclass(frozen=True)
class Facts:
    """What a file is checked by: its platform, its kinds, some of its orders, its first and last day, its rows."""

    file: str
    sha256: str
    platform: str | None
    orders: Mapping[str, tuple[str, ...]]
    first: date | None
    last: date | None
    rows: int
    records: bool = True
    foreign: bool = False
    strange: bool = False


@dataclass(frozen=True)
class Held:
    """A file held back, and why: ``reason`` is a sentence of the catalogue, ``of`` what it is filled with."""

    file: str
    sha256: str
    reason: str
    unknown: int = 0
    orders: int = 0
    of: str = ""

    def words(self, language: Language, *, shop: str) -> str:
        """Why the file is held back and what to do."""
        return held_words(vars(self), language, shop=shop)


def held_words(row: Mapping[str, Any], language: Language, *, shop: str) -> str:
    """The sentence for a row of the ``held`` table.

    >>> row = {"file": "a.csv", "reason": "platform", "unknown": 0, "orders": 0, "of": "douyin"}
    >>> held_words(row, "en", shop="s")[:72]
    'a.csv is held back and in no figure: it is an export of Douyin, which is'
    """
    named = getattr(platforms().get(row["of"]), language, row["of"])
    return say(f"reading.held.{row['reason']}", language, shop=shop, **{**row, "of": named})


def facts_of(file: str, sha256: str, readings: Sequence[Reading], *, layouts: Mapping[str, str | None]) -> Facts:
    """The facts of a file just read; ``layouts`` gives each layout's platform."""
    orders = {r.kind: _some(r.frame["order_id"]) for r in readings if r.kind in (*_OF_ORDERS, *_ABOUT_ORDERS)}
    ends = [m.date() for r in readings if r.kind in (*TABLES, *_OF_DAYS) for m in moments_of(r.frame, past_only=True)]
    aside = [reason for r in readings for reason in r.set_aside["reason"]]
    return Facts(
        file,
        sha256,
        next((layouts[r.layout] for r in readings if layouts.get(r.layout)), None),
        orders,
        min(ends, default=None),
        max(ends, default=None),
        sum(r.frame.height for r in readings),
        records=any(r.kind in TABLES for r in readings),
        foreign=bool(aside) and set(aside) == {"other_currency"} and not any(r.frame.height for r in readings),
    )


def with_strangers(files: Sequence[Facts], odd: Sequence[Odd]) -> list[Facts]:
    """The facts, those of files marked whose products are none of the shop's."""
    strange = {one.file for one in odd if one.strange}
    return [replace(f, strange=f.file in strange) for f in files]


def _some(ids: pl.Series) -> tuple[str, ...]:
    found = ids.drop_nulls().unique(maintain_order=True)
    return tuple(found.gather_every(max(found.len() // SAMPLE, 1)).head(SAMPLE))


def stored_facts(store: ShopStore, now: Commit, files: Mapping[str, str]) -> list[Facts]:
    """The facts of files that are in the store already, given by name with their SHA-256."""
    found = []
    for file, sha256 in files.items():
        orders, ends = {}, []
        for kind in _OF_ORDERS:
            frame = store.table(TABLES[kind], now).filter(pl.col("file") == file)
            here = frame.select("order_id", cs.by_name(*_DATED, require_all=False)).collect(engine="streaming")
            if here.height:
                orders[kind] = _some(here["order_id"])
                ends += [m.date() for m in moments_of(here)]
        days = (min(ends, default=None), max(ends, default=None))
        found.append(Facts(file, sha256, None, orders, *days, rows=0))
    return found


_DATED = ("created_at", "paid_at", "applied_at")


def unfit(store: ShopStore, now: Commit, files: Sequence[Facts], *, shop: Shop) -> list[Held]:
    """Those of the files that do not fit the shop or its other files."""
    found = [h for f in files if (h := of_itself(f, shop))]
    found += _far_away(store, now, [f for f in files if f.file not in {h.file for h in found}])
    held = store.table("held", now).filter(pl.col("state") == HELD).select("file").collect()["file"]
    doubted = {h.file for h in found} | (set(held) - {f.file for f in files})
    # lines first: those of another shop must not vouch for its refunds
    for kind, tables in _OF_ORDERS.items():
        mine = [f for f in files if f.orders.get(kind) and f.file not in doubted]
        known = _known(store, now, mine, kind=kind, tables=tables, doubted=doubted) if mine else None
        for f in mine if known is not None else ():
            unknown, asked = len(set(f.orders[kind]) - known), len(f.orders[kind])  # type: ignore[operator]
            if unknown >= UNKNOWN_ORDERS and unknown > UNKNOWN_SHARE * asked:
                found.append(Held(f.file, f.sha256, "orders_unknown", unknown, asked))
                doubted.add(f.file)
    return found


def of_itself(f: Facts, shop: Shop) -> Held | None:
    """Why a file is held whatever the store holds: another platform's, in another currency, of other products."""
    if f.platform and not fits_platform(f.platform, shop):
        return Held(f.file, f.sha256, "platform", of=f.platform)
    if f.foreign:
        return Held(f.file, f.sha256, "currency", of=shop.currency)
    if f.strange:
        return Held(f.file, f.sha256, "products")
    return None


def fits_platform(platform: str, shop: Shop) -> bool:
    """Whether exports of that platform can be this shop's."""
    return shop.platform == "other" or same_exports(platform, shop.platform)


def stranger_notes(store: ShopStore, written: Commit, files: Sequence[Facts]) -> dict[str, list[str]]:
    """A note on each new file about orders of which the shop, which has orders, knows hardly any, and is not held."""
    found: dict[str, list[str]] = {}
    for kind, tables in {**dict.fromkeys(_ABOUT_ORDERS, ("order_records", "item_records")), **_OF_ORDERS}.items():
        mine = [f for f in files if f.orders.get(kind)]
        known = _known(store, written, mine, kind=kind, tables=tables, doubted=set()) if mine else None
        for f in mine if known is not None else ():
            unknown, asked = len(set(f.orders[kind]) - known), len(f.orders[kind])  # type: ignore[operator]
            if hardly_known(unknown, asked) and (kind in _ABOUT_ORDERS or unknown < UNKNOWN_ORDERS):
                found.setdefault(f.file, []).append(note("orders_unknown", unknown=unknown, orders=asked))
    return found


def hardly_known(unknown: int, orders: int) -> bool:
    """Whether the shop knows so few of a file's orders that it has to be named.

    >>> hardly_known(2, 2), hardly_known(2, 3), hardly_known(3, 5), hardly_known(0, 0)
    (True, False, True, False)
    """
    return unknown > UNKNOWN_SHARE * orders and (unknown >= _FEW_UNKNOWN or unknown == orders)


def gap_notes(store: ShopStore, head: Commit, files: Sequence[Facts]) -> dict[str, list[str]]:
    """A note on each new file whose days lie weeks apart from those of every other, where it is not held for that."""
    standing = store.table("files", head).select("file", "first_at", "last_at").drop_nulls().collect()
    dated = [f for f in files if f.first and f.last]
    spans = {name: (a.date(), b.date()) for name, a, b in standing.iter_rows()}
    spans |= {f.file: (f.first, f.last) for f in dated}
    found = {}
    for f in dated:
        gaps = [max((f.first - last).days, (first - f.last).days) for n, (first, last) in spans.items() if n != f.file]  # type: ignore[operator]
        if gaps and min(gaps) > GAP and (min(gaps) <= FAR.days or not f.records):
            found[f.file] = [note("days_apart", days=f"{f.first} – {f.last}", gap=min(gaps))]
    return found


def _far_away(store: ShopStore, now: Commit, files: Sequence[Facts]) -> Iterator[Held]:
    """Files whose days lie more than a year from those of every other file."""
    new = {f.file for f in files}
    standing = store.table("files", now).select("file", "first_at", "last_at").collect()
    spans = [
        (a.date(), b.date())
        for name, a, b in standing.iter_rows()
        if name not in new and isinstance(a, datetime) and isinstance(b, datetime)
    ]
    for f in sorted(files, key=lambda f: f.rows, reverse=True):
        if f.first is None or f.last is None or not f.records:
            continue
        if spans and all(f.first - last > FAR or first - f.last > FAR for first, last in spans):
            yield Held(f.file, f.sha256, "days", of=f"{f.first} – {f.last}")
        else:
            spans.append((f.first, f.last))


def _known(
    store: ShopStore, now: Commit, files: Sequence[Facts], *, kind: str, tables: Sequence[str], doubted: set[str]
) -> set[str] | None:
    """Which of the sampled orders other reports know; None where there is no report that could know a line's order."""
    asked = pl.LazyFrame({"order_id": sorted({i for f in files for i in f.orders[kind]})})
    firsts = [f.first for f in files if f.first]
    since = min(firsts) - _BEFORE_REFUND if len(firsts) == len(files) else None
    there: set[str] = set()
    anything = kind == "refund_report"
    for table in tables:
        rows = store.table(table, now, with_month=True).filter(~pl.col("file").is_in(sorted(doubted)))
        anything = anything or not rows.select("order_id").head(1).collect().is_empty()
        if since is not None:
            rows = rows.filter((pl.col("month") >= f"{since:%Y-%m}") | (pl.col("month") == NO_MONTH))
        rows = rows.join(asked, on="order_id", how="semi").select("order_id").unique()
        there |= set(rows.collect(engine="streaming")["order_id"])
    return there if anything else None
