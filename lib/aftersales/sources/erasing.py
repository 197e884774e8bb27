"""One buyer's data erased on request: from every table, old version, log and kept result; and never read in again.

What stays is an anonymous sale: order number, product, amounts, times and province, which the shop's books need.
Whatever names the buyer, links two purchases, or holds their words goes. The export files are the shop's own; they are
named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from aftersales.sources.erasure_list import IDENTITIES, WORDS, marks
from aftersales.sources.identity import fingerprint, installation_key, keyed_hash
from aftersales.sources.importing import store_to_build_on
from aftersales.sources.lock import import_lock
from aftersales.sources.records import KEPT
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.store import Commit, ShopStore
from aftersales.sources.to_records import joined_key
from aftersales.words.errors import UsageError

GONE_WHOLE = ("messages", "evidence", "parcels")  # nothing of such a row is left without them
_IDS = ("line_id", "refund_id", "complaint_id", "tracking_no", "return_tracking_no")
_LEAST = 4  # shorter numbers stand in any cell


@dataclass(frozen=True)
class Traces:
    """What the store knows of one buyer: keys, orders and other ids, rows a table; and the export rows behind them."""

    shop: Shop
    buyer_keys: tuple[str, ...]
    ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    files: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def orders(self) -> tuple[str, ...]:
        """The buyer's orders."""
        return self.ids.get("order_id", ())


def traces(settings: Settings, shop: Shop, *, orders: Sequence[str] = (), buyer: str | None = None) -> Traces:
    """What there is of the buyer who is named as in the export, or who placed one of these orders.

    An order leads to all orders of the same buyer where the platform told who that was; where the name was masked, to
    itself alone. `UsageError` where the store knows neither.
    """
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    head = store.head()
    keys: set[str] = set()
    if buyer:
        key = installation_key(settings.store_path)
        keys |= set(keyed_hash(pl.Series([buyer.strip()]), key=key, purpose="buyer").to_list())
    known = store.table("order_records", head).select("order_id", "buyer_key")
    found = known.filter(pl.col("order_id").is_in(list(orders))).unique().collect()
    keys |= set(found["buyer_key"].drop_nulls().to_list())
    everywhere = [t for t in KEPT if {"buyer_key", "order_id"} <= set(KEPT[t].types(shop.zone))]
    of_buyer = [_theirs(store, head, table, sorted(keys)) for table in everywhere]
    ids = {"order_id": set(found["order_id"]).union(*of_buyer)}
    for name in _IDS:
        tables = [t for t in KEPT if {name, "order_id"} <= set(KEPT[t].types(shop.zone))]
        ids[name] = {v for t in tables for v in _values(store, head, t, name, sorted(ids["order_id"]))}
    ids["tracking_no"] |= ids.pop("return_tracking_no")
    ids["conversation_id"] = _conversations(store, head, sorted(ids["order_id"]), sorted(keys))
    members = store.table("case_members", head).filter(pl.col("member_id").is_in(sorted(set().union(*ids.values()))))
    ids["case_id"] = set(members.collect()["case_id"])
    told = Traces(shop, tuple(sorted(keys)), {n: tuple(sorted(v)) for n, v in ids.items()})
    counted = {t: _matching(store, head, t, told).select(pl.len()).collect().item() for t in _touched(store, head)}
    rows = {t: n for t, n in counted.items() if n}
    if not rows:
        asked = f"buyer '{buyer}'" if buyer else f"order {', '.join(orders)}"
        raise UsageError(
            f"The shop '{shop.id}' holds nothing of {asked}",
            found=f"{head.number + 1} states were looked at",
            hint="write name or number as the export file has it; a masked name (王**) leads to nobody, an order does",
        )
    return Traces(shop, told.buyer_keys, told.ids, rows, _export_rows(store, head, told))


def _conversations(store: ShopStore, head: Commit, orders: Sequence[str], keys: Sequence[str]) -> set[str]:
    """Conversations in which the buyer alone is named: what their other rows say was said to or by the buyer."""
    messages = store.table("messages", head).filter(pl.col("conversation_id").is_not_null())
    theirs = pl.col("order_id").is_in(orders) | pl.col("buyer_key").is_in(keys)
    others = pl.col("order_id").is_in(orders).not_() | (
        pl.col("order_id").is_null() & pl.col("buyer_key").is_in(keys).not_()
    )
    of = messages.group_by("conversation_id").agg(theirs=theirs.any(), others=others.any())
    return set(of.filter(pl.col("theirs") & ~pl.col("others")).collect()["conversation_id"])


def words_of(settings: Settings, shop: Shop, found: Traces) -> list[str]:
    """What the buyer wrote, in the store's own (masked) wording: to find where it is quoted."""
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    head = store.head()
    texts: set[str] = set()
    for table in _touched(store, head):
        columns = [c for c in WORDS if c in KEPT[table].types(store.zone)]
        for column in _matching(store, head, table, found).select(columns).collect().iter_columns() if columns else ():
            texts |= set(column.drop_nulls().to_list())
    return sorted(texts)


def erase(settings: Settings, shop: Shop, found: Traces, *, now: datetime | None = None) -> Commit:
    """Erase what was found; the commit after it, before which nothing can be repeated any more.

    Killed before its commit nothing has changed, and it is given again; killed after it, whoever takes the shop's lock
    next removes what is left of the past.
    """
    key = installation_key(settings.store_path)
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    with import_lock(store.folder):
        head = store_to_build_on(store, key_print=fingerprint(key), now=now)
        for table in _touched(store, head):
            _erase_in(store, table, found)
        _erase_names_in_lineage(store, found)
        parcels = found.ids.get("tracking_no", ())
        store.upsert("erased", marks(found.orders, found.buyer_keys, parcels, found.ids["conversation_id"], key=key))
        for table in head.versions:
            store.begin_log(table)
        done = _commit(store, head, now=now)
        store.write_commit(done)
        store.keep_commits([done.number], why="erase")
    return done


def _touched(store: ShopStore, head: Commit) -> list[str]:
    return [t for t in KEPT if t in head.versions and t != "erased" and _predicate_columns(t, store.zone)]


def _predicate_columns(table: str, zone: str) -> list[str]:
    columns = KEPT[table].types(zone)
    if table in ("lineage", "files"):
        return []
    own: list[str] = [c for c in ("order_id", "buyer_key") if c in columns]
    own = {"parcels": ["tracking_no"], "cases": ["case_id"]}.get(table, own)
    return [*own, *(c for c in ("cells",) if c in columns)]


def _matching(store: ShopStore, head: Commit, table: str, found: Traces) -> pl.LazyFrame:
    rows = store.table(table, head)
    tests = [pl.lit(False)]
    for column in _predicate_columns(table, store.zone):
        if column == "cells":
            tests.append(pl.col("cells").str.contains(_numbers_apart(found)))
        else:
            wanted = found.buyer_keys if column == "buyer_key" else found.ids.get(column, ())
            tests.append(pl.col(column).is_in(list(wanted)))
    if table == "messages":
        unnamed = pl.col("order_id").is_null() & pl.col("buyer_key").is_null()
        tests.append(unnamed & pl.col("conversation_id").is_in(list(found.ids["conversation_id"])))
    return rows.filter(pl.any_horizontal(tests))


def _numbers_apart(found: Traces) -> str:
    """A pattern for the buyer's numbers where they stand by themselves, in no longer number."""
    numbers = {n for name in ("order_id", *_IDS) for n in found.ids.get(name, ()) if len(n) >= _LEAST}
    return rf"(?:^|[^0-9A-Za-z])(?:{'|'.join(map(re.escape, sorted(numbers)))})(?:[^0-9A-Za-z]|$)" if numbers else "^$"


def _erase_in(store: ShopStore, table: str, found: Traces) -> None:
    delta = store.to_change(table)
    columns = KEPT[table].types(store.zone)
    tests = []
    for column in _predicate_columns(table, store.zone):
        if column == "cells":
            wanted = _matching(store, store.head(), table, found).select("cells").unique().collect()["cells"].to_list()
        else:
            wanted = list(found.buyer_keys if column == "buyer_key" else found.ids.get(column, ()))
        if wanted:
            tests.append(f"{column} IN ({', '.join(map(_quoted, wanted))})")
    if table == "messages" and (said_in := found.ids["conversation_id"]):
        named = ", ".join(map(_quoted, said_in))
        tests.append(f"(order_id IS NULL AND buyer_key IS NULL AND conversation_id IN ({named}))")
    if not tests:
        return
    if table in GONE_WHOLE:
        delta.delete(" OR ".join(tests), **store.signed)
        return
    changes = {c: "NULL" for c in (*IDENTITIES, *WORDS, "cells") if c in columns}
    if "buyer_key_quality" in columns:
        changes["buyer_key_quality"] = "'none'"
    if "content" in columns:
        changes["content"] = "0"  # a hash of all cells, the emptied ones too
    if changes:
        delta.update(updates=changes, predicate=" OR ".join(tests), **store.signed)


def _erase_names_in_lineage(store: ShopStore, found: Traces) -> None:
    """Evidence files are known there by order and path, and a path may hold a name."""
    delta = store.to_change("lineage")
    for order in found.orders:
        delta.update(
            updates={"key": _quoted(order)},
            predicate=f"\"table\" = 'evidence' AND starts_with(key, {_quoted(order + '|')})",
            **store.signed,
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _theirs(store: ShopStore, head: Commit, table: str, keys: Sequence[str]) -> set[str]:
    rows = store.table(table, head).filter(pl.col("buyer_key").is_in(list(keys)))
    return set(rows.select("order_id").drop_nulls().unique().collect()["order_id"])


def _values(store: ShopStore, head: Commit, table: str, column: str, orders: Sequence[str]) -> list[str]:
    rows = store.table(table, head).filter(pl.col("order_id").is_in(list(orders)))
    return rows.select(column).drop_nulls().unique().collect().to_series().to_list()


def _export_rows(store: ShopStore, head: Commit, found: Traces) -> dict[str, tuple[int, ...]]:
    """The rows of the export files in which the buyer stands, by file."""
    lineage = store.table("lineage", head).select("table", "key", "file", "row")
    others = []
    for table in _touched(store, head):
        rows = _matching(store, head, table, found)
        if {"file", "row"} <= set(KEPT[table].types(store.zone)):
            others.append(rows.select("file", "row").collect())
        elif KEPT[table].key:
            keys = rows.select(key=joined_key(KEPT[table].key))
            taken = lineage.filter(pl.col("table") == table).join(keys, on="key", how="semi")
            others.append(taken.select("file", "row").collect())
    places = pl.concat(others).unique().sort("file", "row")
    return {str(file): tuple(part["row"].to_list()) for (file,), part in places.group_by("file", maintain_order=True)}


def _commit(store: ShopStore, head: Commit, *, now: datetime | None) -> Commit:
    return Commit(
        number=head.number + 1,
        parent=head.number,
        made_at=now or datetime.now(UTC),
        action="erase",
        import_id=head.import_id,
        versions=store.create_missing(),
        key_fingerprint=head.key_fingerprint,
        account=head.account,
    )
