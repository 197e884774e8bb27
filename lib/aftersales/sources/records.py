"""What the store keeps: the records as they were read, and the tables made of them. One row of this list a table."""

from __future__ import annotations

from dataclasses import dataclass

import dataframely as dy
import polars as pl

from aftersales.sources.versions import with_marks
from aftersales.tables.columns import LocalTime, money, one_of, optional_text
from aftersales.tables.complaints import Complaints
from aftersales.tables.conversations import Messages
from aftersales.tables.ledger import Erased, Files, Held, LeftOut, Lineage, SetAside
from aftersales.tables.orders import Orders
from aftersales.tables.parcels import Parcels
from aftersales.tables.refunds import Refunds
from aftersales.tables.small import CaseMembers, Cases, Decisions, Evidence, Money, Products, Traffic
from aftersales.tables.values import (
    FAULT,
    GOODS_STATUS,
    KEY_QUALITY,
    ORDER_STATUS,
    REASONS,
    REFUND_KIND,
    REFUND_PHASE,
    REFUND_STATUS,
)


class _Version(dy.Schema):
    """What every record as read carries: where it stood, and by what it is judged newer than another version."""

    file = dy.String()
    row = dy.Int64()
    import_id = dy.String()
    as_of = LocalTime()  # when the file was exported: its name's time, else the latest moment in it
    dated = dy.Bool()  # whether the file says when it was exported
    lacks = dy.String()  # the fields that the file has no column for: see `versions.lacks`
    content = dy.Int64()  # hash of the row's content: equal rows of one file are kept once


class OrderRecords(_Version):
    """A row of an order report."""

    order_id = dy.String()
    buyer_key = optional_text()
    buyer_key_quality = one_of(KEY_QUALITY)
    address_key = optional_text()
    phone_key = optional_text()
    province = optional_text()
    payable = money()
    shipping_fee = money()
    total = money()
    paid_net = money()
    refunded = money()
    status = one_of(ORDER_STATUS)
    close_reason = optional_text()
    created_at = LocalTime()
    paid_at = LocalTime()
    shipped_at = LocalTime()
    confirmed_at = LocalTime()
    title = optional_text()
    quantity = dy.Int64(nullable=True)
    tracking_no = optional_text()
    courier = optional_text()
    channel = optional_text()
    merchant_code = optional_text()
    warehouse = optional_text()


class ItemRecords(_Version):
    """A row of an item report."""

    line_id = dy.String()
    order_id = dy.String()
    buyer_key = optional_text()
    title = optional_text()
    quantity = dy.Int64(nullable=True)
    price = money()
    merchant_code = optional_text()
    sku_code = optional_text()
    sku = optional_text()
    status = one_of(ORDER_STATUS)
    payable = money()
    paid_net = money()
    refund_status = optional_text()
    refunded = money()
    created_at = LocalTime()
    paid_at = LocalTime()
    shipped_at = LocalTime()
    ship_by = LocalTime()
    tracking_no = optional_text()
    courier = optional_text()
    product_id = optional_text()
    channel = optional_text()


class RefundRecords(_Version):
    """A row of a refund report."""

    refund_id = dy.String()
    order_id = dy.String()
    line_id = optional_text()
    product_id = optional_text()
    merchant_code = optional_text()
    title = optional_text()
    buyer_key = optional_text()
    paid_at = LocalTime()
    paid = money()
    amount = money()
    kind = one_of(REFUND_KIND)
    phase = one_of(REFUND_PHASE)
    status = one_of(REFUND_STATUS)
    goods_status = one_of(GOODS_STATUS)
    platform_involved = dy.Bool(nullable=True)
    fault = one_of(FAULT)
    full = dy.Bool(nullable=True)
    reason_raw = optional_text()
    reason = one_of(REASONS)
    note = optional_text()
    applied_at = LocalTime()
    deadline_at = LocalTime()
    approved_at = LocalTime()
    returned_at = LocalTime()
    finished_at = LocalTime()
    evidence_due_at = LocalTime()
    return_courier = optional_text()
    return_tracking_no = optional_text()


class ComplaintRecords(_Version):
    """A row of the complaints template."""

    complaint_id = dy.String()
    order_id = optional_text()
    filed_at = LocalTime()
    kind = optional_text()
    channel = optional_text()
    text = optional_text()
    demand = optional_text()
    amount_demanded = money()
    first_response_at = LocalTime()
    platform_involved_at = LocalTime()
    evidence_due_at = LocalTime()
    verdict = optional_text()
    fault = one_of(FAULT)
    closed_at = LocalTime()
    compensation = money()


NO_MONTH = "none"  # where rows lie whose time is not known


def month_of(column: str) -> pl.Expr:
    """The month (2026-11) of a local time; rows without one lie together under ``none``."""
    return pl.col(column).dt.strftime("%Y-%m").fill_null(NO_MONTH)


@dataclass(frozen=True)
class Kept:
    """One kept table: its schema, what identifies a row, and the time by whose month it is cut into files.

    Of a table with ``versions`` the store holds what every file says of a row; who reads it gets the newest.
    """

    schema: type[dy.Schema]
    key: tuple[str, ...]
    month_of: str | None = None
    versions: bool = False

    def empty(self, zone: str) -> pl.DataFrame:
        """The table as stored, without rows."""
        return pl.DataFrame(schema=self.stored(zone))

    def stored(self, zone: str) -> dict[str, pl.DataType]:
        """Column to type as they lie in the store."""
        types = self.types(zone)
        if self.versions:
            types |= Kept(_Version, ()).types(zone)
        return types

    def shaped(self, rows: pl.DataFrame, zone: str) -> pl.DataFrame:
        """Rows with the columns and types that lie in the store."""
        if self.month_of:
            rows = rows.with_columns(month=month_of(self.month_of))
        if self.versions:
            rows = with_marks(rows.lazy()).collect()
        return rows.select(pl.col(c).cast(t) for c, t in self.stored(zone).items())

    def types(self, zone: str) -> dict[str, pl.DataType]:
        """Column to type, in order, times in that zone."""
        found: dict[str, pl.DataType] = {}
        for name, column in self.schema.columns().items():
            found[name] = pl.Datetime("us", zone) if isinstance(column, LocalTime) else column.dtype
        if self.month_of:
            found["month"] = pl.String()
        return found


# Records as read: what every file says of a row is kept, so that the state that wins never depends on import order.
RECORDS: dict[str, Kept] = {
    "order_records": Kept(OrderRecords, ("order_id",), "created_at"),
    "item_records": Kept(ItemRecords, ("line_id",), "created_at"),
    "refund_records": Kept(RefundRecords, ("refund_id",), "applied_at"),
    "complaint_records": Kept(ComplaintRecords, ("complaint_id",)),
}
# Tables made from records, for the orders that an import touched.
COMPOSED: dict[str, Kept] = {
    "orders": Kept(Orders, ("line_id",), "created_at"),
    "refunds": Kept(Refunds, ("refund_id",), "applied_at"),
    "complaints": Kept(Complaints, ("complaint_id",)),
}
# Tables whose rows stand for themselves; what has no number of its own is known by its content, and never changes.
DIRECT: dict[str, Kept] = {
    "messages": Kept(Messages, ("message_id",), "sent_at"),
    "parcels": Kept(Parcels, ("event_id",), "at"),
    "evidence": Kept(Evidence, ("order_id", "path"), versions=True),
    "traffic": Kept(Traffic, ("day",), versions=True),
    "money": Kept(Money, ("entry_id",), "at"),
    "products": Kept(Products, ("product_id", "merchant_code", "from_day"), versions=True),
    "cases": Kept(Cases, ("case_id", "at"), versions=True),
    "case_members": Kept(CaseMembers, ("case_id", "kind", "member_id"), versions=True),
    "decisions": Kept(Decisions, ("decision_id",), versions=True),
}
BOOKS: dict[str, Kept] = {
    "lineage": Kept(Lineage, ()),
    "set_aside": Kept(SetAside, ()),
    "files": Kept(Files, ("file",)),
    "left_out": Kept(LeftOut, ("file",)),
    "erased": Kept(Erased, ("mark",)),
    "held": Kept(Held, ("file",)),
}
KEPT: dict[str, Kept] = RECORDS | COMPOSED | DIRECT | BOOKS
