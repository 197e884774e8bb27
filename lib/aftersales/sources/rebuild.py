"""The composed tables after an import: made anew for the orders it touched, month by month, so that none is held whole.

An order's rows lie in the month it was created in (those without that time under ``none``), so a week's import reads
and rewrites the few months that its orders are of, whatever else the shop has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import polars as pl

from aftersales.sources import compose
from aftersales.sources.records import COMPOSED, NO_MONTH, RECORDS, month_of
from aftersales.sources.store import Commit, ShopStore

# Orders composed at once: a few gigabytes, whatever the shop's size.
ORDERS_AT_ONCE = 1_000_000
# Months of fewer orders are composed together: a small shop's history costs what one month does.
_FEW_ORDERS = 100_000
_OF_ORDERS = ("order_records", "item_records")  # their rows lie in the month of their order
_LATER, _DATELESS = ("refund_records", "refunds"), ("complaint_records", "complaints")
_TOUCHED = pl.Schema({"order_id": pl.String, "month": pl.String})


def touched_orders(rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The orders that rows for the store name: order_id, month (null where only a refund or complaint names it)."""
    found = [pl.DataFrame(schema=_TOUCHED)]
    for table in RECORDS.keys() & rows.keys():
        month = pl.col("month") if table in _OF_ORDERS else pl.lit(None, dtype=pl.String)
        found.append(rows[table].select("order_id", month=month))
    return _one_row_each(pl.concat(found))


def compose_tables(
    store: ShopStore,
    head: Commit,
    touched: Sequence[pl.DataFrame],
    *,
    direct: Mapping[str, pl.DataFrame],
    held: Sequence[str] = (),
) -> None:
    """Make orders, refunds and complaints anew for the orders that an import touched.

    ``touched`` is of `touched_orders`; ``direct`` holds the rows it wrote of the tables that stand for themselves:
    parcels and products change the orders they belong to. What the files ``held`` back say is left out.
    """
    now = store.written(head)
    orders = store.table("orders", now, with_month=True)
    whole = _one_row_each(pl.concat([*touched, *_of_direct(direct, orders)]))
    # a row without a time may be of an order whose time another file told
    unknown = whole.filter(pl.col("month").is_null() | (pl.col("month") == NO_MONTH)).select("order_id")
    if unknown.height:
        whole = _one_row_each(
            pl.concat([whole, _homes(unknown, orders, store.month_spans("orders", ["order_id"], now))])
        )
    whole = whole.with_columns(pl.col("month").fill_null(NO_MONTH))
    together = cross_month_orders(store, now, whole)
    if together.height:
        _compose(store, now, sorted(together["month"].unique()), together.select("order_id").unique(), held)
        whole = whole.join(together, on="order_id", how="anti")
    for months in _month_groups(whole):
        ids = whole.filter(pl.col("month").is_in(months)).select("order_id")
        _compose(store, now, months, ids, held)


def _month_groups(orders: pl.DataFrame) -> Iterator[list[str]]:
    """The months, in order, as many together as have few orders."""
    group, held = list[str](), 0
    for month, count in orders.group_by("month").len().sort("month").iter_rows():
        if group and held + count > _FEW_ORDERS:
            yield group
            group, held = [], 0
        group.append(month)
        held += count
    if group:
        yield group


def _one_row_each(orders: pl.DataFrame) -> pl.DataFrame:
    """One row an order, with its month where any row tells it."""
    dated = orders.filter(pl.col("month") != NO_MONTH)
    rest = orders.filter(pl.col("month").is_null() | (pl.col("month") == NO_MONTH))
    rest = rest.sort("month", nulls_last=True)  # a row under ``none`` is known to be there
    return pl.concat([dated, rest]).unique("order_id", keep="first", maintain_order=True)


def _of_direct(direct: Mapping[str, pl.DataFrame], orders: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    for name, by in (("parcels", "tracking_no"), ("products", "product_id")):
        if name in direct:
            keys = direct[name].select(by).unique().lazy()
            yield orders.join(keys, on=by, how="semi").select("order_id", "month").collect(engine="streaming")


def _homes(unknown: pl.DataFrame, orders: pl.LazyFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """The months of orders named without one: newest first, until all are found, in months whose span has any."""
    found = [pl.DataFrame(schema=_TOUCHED)]
    for month, low, high in spans.sort("month", descending=True).select("month", "low", "high").iter_rows():
        there = unknown.filter(pl.col("order_id").is_between(pl.lit(low), pl.lit(high)))
        if there.is_empty():
            continue
        of_month = orders.filter(pl.col("month") == month).select("order_id", "month")
        found.append(of_month.join(there.lazy(), on="order_id", how="semi").unique().collect(engine="streaming"))
        unknown = unknown.join(found[-1], on="order_id", how="anti")
        if not unknown.height:
            break
    return pl.concat(found)


def _compose(store: ShopStore, now: Commit, months: Sequence[str], ids: pl.DataFrame, held: Sequence[str]) -> None:
    """Compose orders whose records lie in these months, some at a time; the entangled all at once."""
    of_order = pl.col("month").is_in([*months, NO_MONTH])
    # refunds are asked for after the order; a month's margin for clocks. Those without a time lie under ``none``.
    later = pl.lit(value=True) if NO_MONTH in months else pl.col("month") >= _month_before(min(months))
    bounds = {"order_records": of_order, "item_records": of_order, "orders": of_order} | dict.fromkeys(_LATER, later)

    def rows_of(name: str, ids: pl.DataFrame) -> pl.LazyFrame:
        table = store.table(name, now, with_month=True)
        table = table.filter(bounds[name]) if name in bounds else table
        table = table.filter(~pl.col("file").is_in(held)) if name in RECORDS and held else table
        return table.join(ids.lazy(), on="order_id", how="semi")

    # few, and spread over all later months: looked up once
    few = {name: rows_of(name, ids).collect(engine="streaming").lazy() for name in (*_LATER, *_DATELESS)}
    at_once = ids.height if len(months) > 1 else ORDERS_AT_ONCE
    for start in range(0, ids.height, at_once):
        some = ids[start : start + at_once]
        mine = {name: few[name].join(some.lazy(), on="order_id", how="semi") for name in few}
        lines = compose.order_lines(
            rows_of("order_records", some),
            rows_of("item_records", some),
            products=store.table("products", now),
            parcels=store.table("parcels", now),
        )
        orders = lines.drop(compose.TOLD)
        _replace(store, "orders", orders, rows_of("orders", some))
        refunds = compose.refunds(mine["refund_records"], lines.lazy())
        _replace(store, "refunds", refunds, mine["refunds"])
        complaints = compose.complaints(mine["complaint_records"], refunds.lazy(), orders.lazy())
        _replace(store, "complaints", complaints, mine["complaints"])


def _month_before(month: str) -> str:
    return f"{date.fromisoformat(f'{month}-01') - timedelta(days=1):%Y-%m}"


def _replace(store: ShopStore, name: str, rows: pl.DataFrame, standing: pl.LazyFrame) -> None:
    """Bring a composed table to these rows for the touched orders: insert, update what changed, delete what is gone."""
    kept = COMPOSED[name]
    key = list(kept.key)
    place = [*key, *(["month"] if kept.month_of else [])]  # a row whose time became another lies elsewhere now
    rows = kept.schema.validate(rows, cast=False)
    old = standing.collect(engine="streaming")
    if not old.height:
        store.append(name, rows)
        return
    columns = rows.columns
    same = rows.join(old.select(columns), on=columns, how="semi", nulls_equal=True)
    changed = rows.join(same.select(key), on=key, how="anti")
    placed = rows.with_columns(month=month_of(kept.month_of)) if kept.month_of else rows
    gone = old.join(placed.select(place), on=place, how="anti").select(place)
    store.upsert(name, changed, gone=gone)


# Orders whose records lie in several months, or that share a line: both come of damaged files alone.


_SCHEMA = pl.Schema({"order_id": pl.String, "month": pl.String})
_NUMBERS = {"order_records": ("order_id",), "item_records": ("order_id", "line_id")}


def cross_month_orders(store: ShopStore, now: Commit, touched: pl.DataFrame) -> pl.DataFrame:
    """Orders that must be composed together, over all the months their records lie in: order_id, month (a row each).

    ``touched`` holds order_id and month of the orders an import touched; orders it did not touch are among the result
    where they share a line with one of those, since which of them the line belongs to may have changed.
    """
    months = _mixed_months(store, now, set(touched["month"].unique()))
    if not months:
        return pl.DataFrame(schema=_SCHEMA)
    heads = store.table("order_records", now, with_month=True).select("order_id", "month", number="order_id")
    items = store.table("item_records", now, with_month=True).select("order_id", "month", number="line_id")
    records = pl.concat([heads, items]).filter(pl.col("month").is_in(sorted(months)))

    asked = touched.select("order_id").unique()
    while True:  # an order's other lines may be shared with yet another one
        numbers = records.join(asked.lazy(), on="order_id", how="semi").select("number").unique()
        rows = records.join(numbers, on="number", how="semi").unique().collect(engine="streaming")
        dated = pl.col("month").filter(pl.col("month") != NO_MONTH)
        shared = (pl.col("order_id").n_unique() > 1) | (dated.n_unique() > 1)
        found = rows.filter(shared.over("number")).select("order_id").unique()
        more = found.join(asked, on="order_id", how="anti").height
        asked = found
        if not more:  # then the rows just read hold all that is there of them
            return rows.join(found, on="order_id", how="semi").select("order_id", "month").unique()


def _mixed_months(store: ShopStore, now: Commit, touched: set[str]) -> set[str]:
    """The touched months whose numbers mix with those of another month, and those others."""
    mixed: set[str] = set()
    for table, columns in _NUMBERS.items():
        spans = store.month_spans(table, columns, now)
        for column, month, low, high in spans.filter(pl.col("month").is_in(sorted(touched))).iter_rows():
            others = spans.filter(
                pl.col("column") == column, pl.col("month") != month, pl.col("low") <= high, pl.col("high") >= low
            )
            mixed |= {month, *others["month"]} if others.height else set()
    return mixed
