"""The health of a shop's data: what was read, what is missing, and what each absence costs the reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import polars as pl

from aftersales.findings.finding import Finding
from aftersales.measures.chunks import Chunks, whole_of
from aftersales.measures.coverage import buyer_keys, empty_days, known_orders, last_day_cut, refund_span
from aftersales.measures.inputs import columns_of
from aftersales.measures.requests import has_refund_dates
from aftersales.sources.notes import INFORMS
from aftersales.tables.columns import MONEY, Frame
from aftersales.tables.complaints import Complaints
from aftersales.tables.conversations import Messages
from aftersales.tables.ledger import Files, Held, LeftOut, Lineage, SetAside
from aftersales.tables.orders import Orders
from aftersales.tables.parcels import Parcels
from aftersales.tables.refunds import Refunds
from aftersales.tables.small import Evidence, Money, Products, Traffic
from aftersales.tables.values import REFUND_OPEN

# Tables that a shop may add, in the order of what their absence costs.
OPTIONAL = {
    "complaints": Complaints, "parcels": Parcels, "messages": Messages, "evidence": Evidence, "traffic": Traffic,
    "money": Money, "products": Products,
}  # fmt: skip
_SCHEMAS = OPTIONAL | {
    "orders": Orders, "refunds": Refunds, "files": Files, "set_aside": SetAside, "held": Held, "lineage": Lineage,
    "left_out": LeftOut,
}  # fmt: skip
# What `data_health` looks at of a shop's tables; the records as they were read are no business of its.
HEALTH_TABLES = tuple(name for name in _SCHEMAS if name != "lineage")
# Below this share of orders with a buyer's full name, most buyers cannot be told apart.
FULL_NAMES_FROM = 0.5
# A handful of strays is the edge of an export; one refund in a hundred without its order moves a rate.
UNKNOWN_FROM = 0.01


def file_account(files: Frame, set_aside: Frame, lineage: Frame | None = None) -> pl.DataFrame:
    """What became of the rows of every file: read = taken + merged + set aside.

    Columns out: file, layout, rows_read, rows_taken, rows_merged, rows_set_aside, balanced (Bool), share_set_aside,
    main_reason (the commonest why, null where nothing was set aside), rows_traced (rows of the file that ``lineage``
    knows; null without it), first_at, last_at, notes. Sorted by rows set aside, most first, then file.

    >>> files = pl.DataFrame({"file": ["a", "b", "c"], "rows_read": [9, 5, 4], "rows_taken": [7, 5, 4],
    ...     "rows_merged": [0, 0, 0], "rows_set_aside": [2, 0, 0]})
    >>> why = pl.DataFrame({"file": ["a", "a"], "reason": ["no order id", "no order id"]})
    >>> file_account(files, why).select("file", "balanced", "main_reason").rows()
    [('a', True, 'no order id'), ('b', True, None), ('c', True, None)]
    """
    counts = ["rows_read", "rows_taken", "rows_merged", "rows_set_aside"]
    whole = _whole("files", files)
    why = _whole("set_aside", set_aside).group_by("file", "reason").agg(n=pl.len())
    main = (
        why.sort("file", "n", "reason", descending=[False, True, False]).group_by("file", maintain_order=True).first()
    )
    traced = _whole("lineage", lineage).group_by("file").agg(rows_traced=pl.col("row").n_unique().cast(pl.Int64))
    account = (
        whole.join(main.select("file", main_reason="reason"), on="file", how="left")
        .join(traced, on="file", how="left")
        .with_columns(
            balanced=pl.col("rows_read") == pl.sum_horizontal(counts[1:]),
            share_set_aside=pl.when(pl.col("rows_read") > 0).then(pl.col("rows_set_aside") / pl.col("rows_read")),
            rows_traced=pl.lit(None, dtype=pl.Int64) if lineage is None else pl.col("rows_traced").fill_null(0),
        )
        .collect(engine="streaming")
    )
    out = [
        "file",
        "layout",
        *counts,
        "balanced",
        "share_set_aside",
        "main_reason",
        "rows_traced",
        "first_at",
        "last_at",
    ]
    return account.select(*out, "notes").sort(["rows_set_aside", "file"], descending=[True, False])


def data_health(
    tables: Mapping[str, Chunks],
    *,
    until: date,
    market: str,
    without_orders: pl.DataFrame | None = None,
    told_apart: pl.DataFrame | None = None,
) -> list[Finding]:
    """What is missing or odd in a shop's data, each with what it costs; one finding that says so where nothing is.

    ``tables`` are the shop's tables by name, absent ones may be left out: orders, refunds, complaints, messages,
    parcels, evidence, traffic, money, products, files, set_aside; orders may come in parts. Who has `empty_days` and
    `buyer_keys` of these orders at hand gives them as ``without_orders`` and ``told_apart``; else they are counted.
    ``headline`` says what is the case, ``caution`` what it costs. Their order: what was lost in reading, holes in the
    days, refunds and orders that do not meet, buyers, then the files that were never there.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "created_at": [datetime(2026, 11, 9)] * 3})
    >>> found = data_health({"orders": orders}, until=date(2026, 11, 15), market="cn")
    >>> found[0].headline("en")
    'There are no refunds in the files.'
    """
    found = [
        *_unread(tables),
        *_held(tables),
        *_reading(tables),
        *_days(tables, until, market, without_orders),
        *_refunds(tables, until),
        *_rules(tables),
        *_buyers(tables, told_apart),
        *_absent(tables),
    ]
    if found:
        return found
    account = file_account(whole_of(tables["files"]), whole_of(tables["set_aside"]))
    return [Finding("healthy", "shop", "health.no_finding", {}, account)]


def _whole(name: str, table: Chunks | None) -> pl.LazyFrame:
    """A table with all columns of its schema, typed, also where the shop has none of it."""
    schema = _SCHEMAS[name]
    if table is None:
        return schema.create_empty().lazy()
    return columns_of(whole_of(table), schema, schema.columns(), needed=())


def _rows(tables: Mapping[str, Chunks], name: str) -> int:
    return 0 if name not in tables else int(whole_of(tables[name]).select(pl.len()).collect(engine="streaming").item())


def _finding(kind: str, scope: str, table: pl.DataFrame, size: float, **values: Any) -> Finding:
    """A finding of the files themselves: sentence health.<kind>, what it costs health.cost.<kind>."""
    return Finding(kind, scope, f"health.{kind}", values, table, size=size, caveat=f"health.cost.{kind}")


def _held(tables: Mapping[str, Chunks]) -> Iterator[Finding]:
    """Files held back because they do not fit the shop's others."""
    held = _whole("held", tables.get("held")).filter(pl.col("state") == "held").sort("file").collect()
    for row in held.iter_rows(named=True):
        values = {k: row[k] for k in ("file", "unknown", "orders", "of")}
        yield _finding(f"held_{row['reason']}", row["file"], held.filter(file=row["file"]), 1.0, **values)


def _unread(tables: Mapping[str, Chunks]) -> Iterator[Finding]:
    rows = _whole("left_out", tables.get("left_out")).filter(state="unreadable").sort("file").collect()
    if rows.height:
        first = rows.row(0, named=True)
        kind = "unread_file" if rows.height == 1 else "unread_files"
        yield _finding(
            kind,
            "shop",
            rows,
            rows.height,
            files=rows.height,
            file=first["file"],
            why=f"reading.left_out.{first['code']}",
        )


def _reading(tables: Mapping[str, Chunks]) -> Iterator[Finding]:
    account = file_account(_whole("files", tables.get("files")), _whole("set_aside", tables.get("set_aside")))
    for row in account.filter(pl.col("rows_set_aside") > 0).iter_rows(named=True):
        values = {k: row[k] for k in ("file", "rows_read", "rows_set_aside", "main_reason")}
        # a reason that was not written down is still a row that was not taken
        values["main_reason"] = values["main_reason"] or "–"
        yield _finding("set_aside", row["file"], account.filter(file=row["file"]), row["rows_set_aside"], **values)
    yield from _notes(account)
    for row in account.filter(~pl.col("balanced")).iter_rows(named=True):
        yield _finding("unbalanced", row["file"], account.filter(file=row["file"]), row["rows_read"], file=row["file"])


def _notes(account: pl.DataFrame) -> Iterator[Finding]:
    """What was left open in reading files, a finding a kind of note: its largest case, and how many files have it."""
    told = account.select("file", note=pl.col("notes").str.split("\n")).explode("note")
    code = pl.col("note").str.extract(r'^\{"note": "(\w+)"')
    size = pl.col("note").str.extract(r'"(?:rows|cells|numbers)": (\d+)').cast(pl.Int64).fill_null(1)
    told = told.with_columns(code=code, size=size).filter(~pl.col("code").is_in(INFORMS)).sort("size", descending=True)
    for _, notes in told.group_by("code", maintain_order=True):
        first = notes.row(0, named=True)
        kind = "noted" if notes.height == 1 else "noted_more"
        values = {"file": first["file"], "said": first["note"], "more": notes.height - 1}
        yield Finding(
            kind, first["code"], f"health.{kind}", values, notes, size=first["size"], caveat="health.cost.noted"
        )


def _days(
    tables: Mapping[str, Chunks], until: date, market: str, without_orders: pl.DataFrame | None
) -> Iterator[Finding]:
    if "orders" not in tables:
        return
    runs = without_orders
    if runs is None:
        runs = empty_days(tables["orders"], until=until, market=market)
    for row in runs.filter("odd").iter_rows(named=True):
        table = pl.DataFrame([row])
        kind = "gap_day" if row["days"] == 1 else "gap"
        yield _finding(kind, f"{row['first_day']}", table, row["days"], **row)
    cut = last_day_cut(whole_of(tables["orders"]), until=until).filter("odd")
    for row in cut.iter_rows(named=True):
        yield _finding("cut_day", "orders", cut, row["expected"], **row)


def _refunds(tables: Mapping[str, Chunks], until: date) -> Iterator[Finding]:
    n_refunds = _rows(tables, "refunds")
    if not n_refunds:
        yield _finding("no_refunds", "refunds", pl.DataFrame({"refunds": [0]}), 1.0)
        return
    refunds = whole_of(tables["refunds"])
    if not has_refund_dates(refunds):
        yield _finding("no_refund_dates", "refunds", pl.DataFrame({"refunds": [n_refunds]}), 1.0, refunds=n_refunds)
    elif "orders" in tables:
        span = refund_span(whole_of(tables["orders"]), refunds, until=until).filter("odd")
        for row in span.iter_rows(named=True):
            yield _finding(f"refunds_{row['edge']}", "refunds", span.filter(edge=row["edge"]), row["days"], **row)
    for name in ("refunds", "complaints"):
        table = whole_of(tables[name]) if _rows(tables, name) else None
        if table is not None and "order_known" in table.collect_schema().names():
            known = known_orders(table)
            row = known.row(0, named=True)
            if row["unknown"] and row["share_unknown"] >= UNKNOWN_FROM:
                yield _finding(f"unknown_{name}", name, known, row["unknown"], **row)


def _rules(tables: Mapping[str, Chunks]) -> Iterator[Finding]:
    """What breaks a rule between tables."""
    if "orders" not in tables or "refunds" not in tables:
        return
    orders = columns_of(whole_of(tables["orders"]), Orders, ["order_id", "paid", "created_at"], needed=["order_id"])
    asked = ["refund_id", "order_id", "amount", "status", "applied_at"]
    refunds = columns_of(whole_of(tables["refunds"]), Refunds, asked, needed=["order_id"])
    orders = orders.join(refunds.select("order_id"), on="order_id", how="semi")  # the others can break no such rule
    told = refunds.filter(pl.col("status").is_null() | pl.col("status").is_in([*REFUND_OPEN, "succeeded"]))
    count, of = told.select(pl.col("amount").null_count(), pl.len()).collect(engine="streaming").row(0)
    if count and "amount" in whole_of(tables["refunds"]).collect_schema().names():
        table = pl.DataFrame({"refunds": [of], "without_amount": [count]})
        yield _finding("no_amounts", "refunds", table, count, count=count, of=of)
    checks = {"beyond_paid": refunded_beyond_paid(orders, refunds)}
    if has_refund_dates(whole_of(tables["refunds"])):
        checks["before_order"] = before_its_order(orders, refunds)
    for kind, broken in checks.items():
        rows = broken.collect(engine="streaming")
        if rows.height:
            yield _finding(kind, "shop", rows, rows.height, count=rows.height, example=rows["order_id"][0])


def _buyers(tables: Mapping[str, Chunks], told_apart: pl.DataFrame | None) -> Iterator[Finding]:
    if not _rows(tables, "orders"):
        return
    keys = buyer_keys(tables["orders"]) if told_apart is None else told_apart
    shares = dict(keys.select("quality", "share").iter_rows())
    if shares["none"] == 1:
        yield _finding("no_buyers", "orders", keys, 1.0)
    elif shares["full"] < FULL_NAMES_FROM:
        yield _finding("masked_buyers", "orders", keys, 1 - shares["full"], share=1 - shares["full"])
    products = whole_of(tables["orders"])
    there = "product_id" in products.collect_schema().names()
    if not there or not products.select(pl.col("product_id").is_not_null().any()).collect(engine="streaming").item():
        yield _finding("no_products", "orders", keys, 1.0)


def _absent(tables: Mapping[str, Chunks]) -> Iterator[Finding]:
    for name in OPTIONAL:
        if not _rows(tables, name):
            yield _finding(f"absent_{name}", name, pl.DataFrame({"table": [name], "rows": [0]}), 0.0)


# Rules that hold between tables, as expressions of what breaks them. Rows that break one are kept, and told.


def refunded_beyond_paid(orders: Frame, refunds: Frame) -> pl.LazyFrame:
    """The orders of which more money was refunded, or is being asked for, than was paid, shipping included.

    Columns out: order_id, paid (gross), refunded (succeeded and open cases). Sorted by order_id; orders without a known
    payment are left out, as nothing can be said of them.

    >>> orders = pl.DataFrame({"order_id": ["a", "b"], "paid": [10, 10]})
    >>> refunds = pl.DataFrame({"order_id": ["a", "b", "b"], "amount": [10, 8, 8], "status": ["succeeded"] * 3})
    >>> refunded_beyond_paid(orders, refunds).collect().select("order_id").to_series().to_list()
    ['b']
    """
    counted = pl.col("status").is_in([*REFUND_OPEN, "succeeded"])
    asked = refunds.lazy().filter(counted).group_by("order_id").agg(refunded=pl.col("amount").cast(MONEY).sum())
    paid = orders.lazy().group_by("order_id").agg(paid=pl.col("paid").cast(MONEY).sum()).filter(pl.col("paid") > 0)
    return paid.join(asked, on="order_id").filter(pl.col("refunded") > pl.col("paid")).sort("order_id")


def before_its_order(orders: Frame, refunds: Frame) -> pl.LazyFrame:
    """The refund cases asked for before their order was created: a sign of a wrong clock or a wrong file.

    Columns out: refund_id, order_id, applied_at, created_at. Sorted by refund_id.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a"], "created_at": [datetime(2026, 11, 9)]})
    >>> refunds = pl.DataFrame({"refund_id": ["r"], "order_id": ["a"], "applied_at": [datetime(2026, 11, 8)]})
    >>> before_its_order(orders, refunds).collect().height
    1
    """
    created = orders.lazy().group_by("order_id").agg(pl.col("created_at").min())
    both = refunds.lazy().select("refund_id", "order_id", "applied_at").join(created, on="order_id")
    return both.filter(pl.col("applied_at") < pl.col("created_at")).sort("refund_id")
