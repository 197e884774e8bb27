"""Keys that repeat within one file: lines of one order, parts of one case, states of one row, or nothing to rely on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from aftersales.sources import quarantine
from aftersales.sources.kinds import KINDS
from aftersales.sources.notes import note
from aftersales.sources.reading import Reading
from aftersales.sources.spread import spread
from aftersales.sources.versions import AHEAD, CASE_CONTENT, LINE_CONTENT

_ORDER_MONEY = ("payable", "total", "paid_net", "refunded", "shipping_fee")
_KEY = {
    "order_report": "order_id",
    "item_report": "line_id",
    "refund_report": "refund_id",
    "complaints": "complaint_id",
}
# What tells parts of one number apart, where they are of several lines or orders.
_PART = {
    "item_report": ("order_id", *LINE_CONTENT),
    "refund_report": ("order_id", *(c for c in CASE_CONTENT if c != "applied_at")),
    "complaints": ("order_id",),
}
# Kept by hand or a figure a day: two rows of one key contradict each other, and nothing tells which is right.
_ONE_ROW = {
    "daily_traffic": ("day",), "traffic": ("day",), "products": ("product_id", "merchant_code", "from_day"),
    "evidence": ("order_id", "path"), "cases": ("case_id", "at"), "case_members": ("case_id", "kind", "member_id"),
    "decisions": ("decision_id",),
}  # fmt: skip
# Two lines of an order may well cost the same; where those of nearly all orders do, the sum is the order's.
_DIFFER_FROM = 0.1


def told_apart(reading: Reading) -> list[Reading]:
    r"""The reading with every key that repeats in it understood, and said in its notes; lines of orders as items.

    >>> from aftersales.sources.read import read_export
    >>> rows = "1,cup,10,10\n1,pot,30,30\n2,pan,20,20\n"
    >>> file = "订单编号,商品标题,总金额,买家实付金额,订单创建时间\n" + rows.replace("\n", ",2026-11-09 10:00:00\n")
    >>> for part in read_export("a.csv", content=file.encode()):
    ...     print(part.kind, part.frame["order_id"].to_list(), [n for n in part.notes if "orders" in n])
    order_report ['2'] []
    item_report ['1', '1'] ['{"note": "lines_of_orders", "rows": 2, "orders": 1}']
    order_report ['1'] []
    """
    frame, kind = reading.frame, reading.kind
    if reading.unnumbered:
        fields = LINE_CONTENT if kind == "item_report" else (*_PART.get(kind, ()), "applied_at")
        frame = _by_content(frame, reading.unnumbered, [c for c in fields if c in frame.columns])
        return [replace(reading, frame=frame, unnumbered=None)]
    if kind in _ONE_ROW:
        return [_without_contradictions(reading, list(_ONE_ROW[kind]))]
    key = _KEY.get(kind)
    if key is None or not (again := frame[key].is_duplicated()).any():
        return [reading]
    repeated = frame.filter(again)
    if kind == "order_report":
        lines = _lines_of_orders(reading, repeated)
        return lines or [_noted(reading, repeated, key)]
    parts = repeated.filter(_differ(_PART[kind]).over(key))
    if parts.height:
        numbers = parts[key].n_unique()
        said = note("parts", numbers=numbers, rows=parts.height)
        parts = _by_content(_with_own_money(parts, kind), key, _PART[kind])
        frame = pl.concat([frame.join(parts, on="row", how="anti"), parts]).sort("row")
        reading = replace(reading, frame=frame, notes=(*reading.notes, said))
    return [_noted(reading, frame.filter(frame[key].is_duplicated()), key)]


def _differ(fields: Sequence[str]) -> pl.Expr:
    return pl.struct(fields).n_unique() > 1


def _by_content(rows: pl.DataFrame, key: str, fields: Sequence[str]) -> pl.DataFrame:
    """The rows with a key of their own: the one they have, a hash of their content, a number from the second like it.

    Never the place in the file, so that the same line of two exports is one, and two like lines of one export are two.
    """
    whole = pl.concat_str([pl.col(c).cast(pl.String).fill_null("") for c in fields if c != key], separator="\x1f")
    texts = rows.select(whole.alias("text"))["text"]
    distinct = texts.unique()
    short = [hashlib.blake2b(text.encode(), digest_size=5).hexdigest() for text in distinct.to_list()]
    keyed = rows.with_columns(_content=texts.replace_strict(distinct, pl.Series(short, dtype=pl.String)))
    time = pl.int_range(1, pl.len() + 1).over(key, "_content")
    again = pl.when(time > 1).then(pl.lit("-") + time.cast(pl.String)).otherwise(pl.lit(""))
    return keyed.with_columns((pl.col(key) + "-" + pl.col("_content") + again).alias(key)).drop("_content")


def _lines_of_orders(reading: Reading, repeated: pl.DataFrame) -> list[Reading]:
    """Rows of an order report that are lines of orders, as items and orders; none where they are states of orders."""
    money = [c for c in _ORDER_MONEY if c in reading.there]
    content = [c for c in ("merchant_code", "title", "quantity") if c in reading.there]
    states = [c for c, f in KINDS["order_report"].items() if f.type == "time" or c in ("status", "close_reason")]
    of_products = pl.any_horizontal(pl.lit(value=False), *(_differ([c]) for c in content))
    of_money = ~_differ(states) & pl.any_horizontal(pl.lit(value=False), *(_differ([c]) for c in money))
    if not repeated.group_by("order_id").agg(lines=of_products | of_money)["lines"].any():
        return []
    per_line = [c for c in money if _given_per_line(repeated, c)]
    per_order = [c for c in money if c not in per_line]
    items, item_fields = _as_items(repeated, per_line)
    heads = _as_orders(repeated, per_line)
    told = [
        note(f"money_per_{how}", fields=", ".join(some))
        for how, given in (("line", per_line), ("order", per_order))
        if (some := [c for c in given if (repeated[c] > 0).any()])
    ]
    said = (note("lines_of_orders", rows=repeated.height, orders=heads.height), *told)
    lines = replace(
        reading,
        kind="item_report",
        frame=items,
        rows_read=items.height,
        set_aside=quarantine.nothing(),
        missing=(),
        notes=said,
        there=frozenset(c for c in item_fields if c in reading.there or c in ("line_id", "payable")),
    )
    single = reading.frame.join(repeated, on="row", how="anti", maintain_order="left")
    rest = replace(reading, frame=single, rows_read=single.height + reading.set_aside.height)
    made = replace(
        lines,
        kind="order_report",
        frame=heads,
        rows_read=0,
        notes=(),
        derived=True,
        there=reading.there - {*per_line, *content},
    )
    return [rest, lines, made]


def _given_per_line(rows: pl.DataFrame, column: str) -> bool:
    """Whether a column of money is the line's: rows of one order differ in it, or it says nothing at all."""
    orders = rows.group_by("order_id").agg(
        some=(pl.col(column) > 0).any(), differs=pl.col(column).drop_nulls().n_unique() > 1
    )
    telling = orders.filter("some")
    return telling["differs"].sum() >= _DIFFER_FROM * telling.height


def _as_items(rows: pl.DataFrame, per_line: Sequence[str]) -> tuple[pl.DataFrame, list[str]]:
    """Rows of an order report as those of an item report, and the fields they tell."""
    fields = KINDS["item_report"]
    own = [c for c in ("payable", "paid_net", "refunded") if c in per_line]
    given = {
        c: pl.col(c)
        for c in fields
        if c in own or (c in rows.columns and c not in ("payable", "paid_net", "refunded", "buyer"))
    }
    if "total" in per_line and "payable" not in per_line:
        given["payable"] = pl.col("total")
    lines = rows.select("row", line_id=pl.col("order_id"), **given)
    lines = lines.with_columns(
        pl.lit(None, dtype=f.dtype("UTC")).alias(c)
        for c, f in fields.items()
        if c not in lines.columns and f.type != "time"
    )
    zone = rows.schema["created_at"]
    lines = lines.with_columns(pl.lit(None, dtype=zone).alias(c) for c, f in fields.items() if c not in lines.columns)
    return _by_content(lines.select("row", *fields), "line_id", LINE_CONTENT), ["line_id", *given]


def _as_orders(rows: pl.DataFrame, per_line: Sequence[str]) -> pl.DataFrame:
    """One row an order: what all its rows agree on; money given per line only where the order alone can hold it."""
    summed = [c for c in ("shipping_fee",) if c in per_line]
    nothing = [c for c in per_line if c not in summed]
    agreed = [c for c in rows.columns if c not in ("order_id", "row", *per_line)]
    one = rows.group_by("order_id", maintain_order=True).agg(
        pl.col("row").first(),
        *(pl.when(pl.col(c).drop_nulls().n_unique() == 1).then(pl.col(c).drop_nulls().first()) for c in agreed),
        *(pl.when(pl.col(c).is_not_null().all()).then(pl.col(c).sum()) for c in summed),
        *(pl.lit(None, dtype=rows.schema[c]).alias(c) for c in nothing),
    )
    return one.select(rows.columns)


def _with_own_money(parts: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Parts of refund cases with their own amounts: one that stands on every row of its case is shared out."""
    if kind != "refund_report" or not parts["amount"].drop_nulls().len():
        return parts
    orders = parts.group_by("refund_id").agg(differs=pl.col("amount").drop_nulls().n_unique() > 1)
    if orders["differs"].sum() >= _DIFFER_FROM * orders.height:
        return parts
    return spread(parts.lazy(), "amount", whole="amount", by="paid", over="refund_id").collect()


def _without_contradictions(reading: Reading, key: list[str]) -> Reading:
    """The reading without the rows of one key that say different things."""
    frame = reading.frame
    fields = [c for c in frame.columns if c != "row"]
    bad = frame.filter(frame.select(key).is_duplicated() & ~frame.select(fields).is_duplicated())
    bad = frame.join(bad.select(key), on=key, how="semi", nulls_equal=True, maintain_order="left")
    if not bad.height:
        return reading
    cells = ["{}"] * bad.height
    aside = quarantine.set_aside(
        bad["row"].to_list(),
        ["repeated_key"] * bad.height,
        [key[0]] * bad.height,
        cells,
        file=reading.file,
        layout=reading.layout,
    )
    return replace(
        reading,
        frame=frame.join(bad, on="row", how="anti", maintain_order="left"),
        set_aside=pl.concat([reading.set_aside, aside]).sort("row"),
    )


def _noted(reading: Reading, repeated: pl.DataFrame, key: str) -> Reading:
    """The reading with notes on rows that are there twice, and on rows of one key that nothing puts in order."""
    fields = [c for c in repeated.columns if c != "row"]
    states = repeated.unique(fields)
    said = []
    if twice := repeated.height - states.height:
        said.append(note("copies", rows=twice))
    told = [c for c, f in KINDS[reading.kind].items() if (f.type == "time" and c not in AHEAD) or c == "status"]
    tied = states.filter(pl.struct(key, *told).is_duplicated())
    if tied.height:
        said.append(note("tied", numbers=tied[key].n_unique(), example=tied[key].sort()[0]))
    return replace(reading, notes=(*reading.notes, *said)) if said else reading
