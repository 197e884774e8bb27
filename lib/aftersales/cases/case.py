"""A case and its names: a case's id from a page, or the number of an order, a complaint or a refund."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

import polars as pl

from aftersales.tables.columns import Frame
from aftersales.tables.ledger import finding_id
from aftersales.words.errors import UsageError

Kind = Literal["orders", "complaint", "order"]
# A case about one order that no search put on a list: its name is this and the order's number.
ORDER_PREFIX = "order-"


@dataclass(frozen=True)
class Case:
    """What a case holds. ``kind``: orders (suspected orders), complaint, or order (one that somebody named).

    ``pattern`` is the finding's own (burst, ring, not_received_but_signed …); complaint or order where nothing is
    suspected. ``orders`` and ``complaints`` are sorted ids.
    """

    id: str
    kind: Kind
    pattern: str
    orders: tuple[str, ...]
    complaints: tuple[str, ...] = ()

    def members(self) -> pl.DataFrame:
        """The rows of the table ``case_members`` for it."""
        rows = [("order", o) for o in self.orders] + [("complaint", c) for c in self.complaints]
        kinds, ids = zip(*rows, strict=True) if rows else ((), ())
        return pl.DataFrame(
            {"case_id": [self.id] * len(rows), "kind": kinds, "member_id": ids, "pattern": [self.pattern] * len(rows)},
            schema={"case_id": pl.String, "kind": pl.String, "member_id": pl.String, "pattern": pl.String},
        )


def named_case(
    name: str,
    *,
    listed_orders: pl.DataFrame,
    listed_complaints: pl.DataFrame,
    members: Frame,
    orders: Frame,
    complaints: Frame,
    refunds: Frame,
) -> Case:
    """The case that a name means.

    ``listed_orders`` has case_id, order_id, pattern (rows of suspicious_orders); ``listed_complaints`` case_id,
    complaint_id, order_id, pattern; ``members`` is what cases held when a state was recorded. A name is, in this order:
    a case's id; ``order-`` and an order's number (that order alone); an order's number (its case where it is on a list,
    else itself alone); a complaint's number; a refund's number (its order). `UsageError` where it is none of them.

    >>> listed = pl.DataFrame({"case_id": ["suspect-1"] * 2, "order_id": ["7", "8"], "pattern": ["ring"] * 2})
    >>> none = pl.DataFrame(schema={"case_id": pl.String, "complaint_id": pl.String, "order_id": pl.String,
    ...     "pattern": pl.String, "refund_id": pl.String, "kind": pl.String, "member_id": pl.String})
    >>> shop = {"listed_orders": listed, "listed_complaints": none, "members": none, "complaints": none,
    ...     "orders": pl.DataFrame({"order_id": ["7", "8", "9"]}), "refunds": none}
    >>> named_case("suspect-1", **shop).orders, named_case("8", **shop).id, named_case("9", **shop).id
    (('7', '8'), 'suspect-1', 'order-9')
    """
    text = name.strip()
    kept = members.lazy().filter(pl.col("case_id") == text).collect()
    found = _listed(text, listed_orders, listed_complaints)
    if kept.height:
        return _with_kept(text, kept, found)
    if found is not None:
        return found
    if text.startswith(ORDER_PREFIX) and _has(orders, "order_id", text.removeprefix(ORDER_PREFIX)):
        return _alone(text.removeprefix(ORDER_PREFIX), complaints)
    if _has(orders, "order_id", text):
        of = listed_orders.filter(pl.col("order_id") == text)["case_id"].to_list()
        of += listed_complaints.filter(pl.col("order_id") == text)["case_id"].to_list()
        found = _listed(of[0], listed_orders, listed_complaints) if of else None
        return found or _alone(text, complaints)
    if (complaint := _complaint(text, listed_complaints, complaints)) is not None:
        return _listed(complaint.id, listed_orders, listed_complaints) or complaint
    order = refunds.lazy().filter(pl.col("refund_id") == text).select("order_id").head(1).collect()
    if order.height:
        return named_case(
            order.item(),
            listed_orders=listed_orders,
            listed_complaints=listed_complaints,
            members=members,
            orders=orders,
            complaints=complaints,
            refunds=refunds.lazy().clear(),
        )
    known = [*listed_orders["case_id"].unique().sort(), *listed_complaints["case_id"].unique().sort()]
    near = get_close_matches(text, known, n=3)
    raise UsageError(
        f"There is no case, order, complaint or refund '{text}'",
        found=f"{len(known)} suspected cases" + (f", like {', '.join(near)}" if near else ""),
        hint="take the case's id from the pages 06 and 07, or give an order's, a complaint's or a refund's number",
    )


def _listed(id_: str, listed_orders: pl.DataFrame, listed_complaints: pl.DataFrame) -> Case | None:
    """The case of that id as the lists hold it now."""
    rows = listed_orders.filter(pl.col("case_id") == id_)
    if rows.height:
        return Case(id_, "orders", rows["pattern"][0], tuple(rows["order_id"].unique().sort()))
    rows = listed_complaints.filter(pl.col("case_id") == id_)
    if rows.height:
        orders, filed = rows["order_id"].drop_nulls().unique().sort(), rows["complaint_id"].unique().sort()
        return Case(id_, "complaint", rows["pattern"][0], tuple(orders), tuple(filed))
    return None


def _with_kept(id_: str, kept: pl.DataFrame, found: Case | None) -> Case:
    """What a recorded case held then, and what has joined it since."""
    orders = set(kept.filter(pl.col("kind") == "order")["member_id"])
    filed = set(kept.filter(pl.col("kind") == "complaint")["member_id"])
    if found is not None:
        return replace(
            found,
            orders=tuple(sorted(orders | set(found.orders))),
            complaints=tuple(sorted(filed | set(found.complaints))),
        )
    kind: Kind = "order" if id_.startswith(ORDER_PREFIX) else "complaint" if filed else "orders"
    return Case(id_, kind, kept["pattern"][0] or kind, tuple(sorted(orders)), tuple(sorted(filed)))


def _alone(order_id: str, complaints: Frame) -> Case:
    filed = complaints.lazy().filter(pl.col("order_id") == order_id).select("complaint_id").collect()
    return Case(f"{ORDER_PREFIX}{order_id}", "order", "order", (order_id,), tuple(filed.to_series().sort()))


def _complaint(text: str, listed_complaints: pl.DataFrame, complaints: Frame) -> Case | None:
    """A complaint by its number, or by the case id that its number gives; listed in copied words, that list's case."""
    of = listed_complaints.filter(pl.col("complaint_id") == text)["case_id"].to_list()
    ids = complaints.lazy().select("complaint_id", "order_id")
    if of:
        rows = listed_complaints.filter(pl.col("case_id") == of[0])
        return Case(of[0], "complaint", rows["pattern"][0], ())
    if not text.startswith(finding_id("complaint")[:-8]):
        row = ids.filter(pl.col("complaint_id") == text).collect()
    else:
        every = ids.collect()
        hashed = [finding_id("complaint", c) == text for c in every["complaint_id"]]
        row = every.filter(pl.Series(hashed, dtype=pl.Boolean))
        if row.is_empty():
            row = every.filter(pl.col("complaint_id") == text)
    if row.is_empty():
        return None
    number, order = row.row(0)
    return Case(finding_id("complaint", number), "complaint", "complaint", (order,) if order else (), (number,))


def _has(table: Frame, column: str, value: str) -> bool:
    return table.lazy().filter(pl.col(column) == value).head(1).collect().height > 0
