"""What each kind of export file can tell: its canonical fields, their types, and which of them a row cannot do without.

A field is written ``type`` plus marks: ``*`` a row without it is set aside, ``!`` a row where it cannot be read is set
aside, ``?`` a file without it is worth a word. A ``value`` or ``flag`` names the value map that reads its words unless
the layout names another. Fields that begin with ``_`` only help to work out others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from aftersales.tables import values
from aftersales.tables.columns import MONEY

TYPES = (
    "id", "text", "money", "time", "day", "count", "number", "flag", "province", "address", "value", "currency",
)  # fmt: skip
# What the words of a value map may mean. "" is nothing; "closed" and "onsale" are finished by `derive`.
MEANINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "order_status": (*values.ORDER_STATUS, "closed", ""),
        "item_refund_status": (*values.REFUND_STATUS, "none", "unknown", ""),
        "refund_status": (*values.REFUND_STATUS, ""),
        "refund_kind": (*values.REFUND_KIND, ""),
        "refund_phase": (*values.REFUND_PHASE, "onsale", ""),
        "goods_status": (*values.GOODS_STATUS, ""),
        "platform_involved": ("true", "false", ""),
        "full_refund": ("true", "false", ""),
        "fault": (*values.FAULT, ""),
        "reason": (*values.REASONS, ""),
        "sender": (*values.SENDER, ""),
        "parcel_event": (*values.PARCEL_EVENT, ""),
        "case_state": (*values.CASE_STATE, ""),
        "case_member": ("order", "complaint", ""),
    }
)


@dataclass(frozen=True)
class Field:
    """One canonical field: its type, the value map of its words, and what its absence means."""

    name: str
    type: str
    words: str | None
    present: bool
    readable: bool
    matters: bool

    def dtype(self, zone: str) -> pl.DataType:
        """The polars type of the finished column."""
        known: dict[str, pl.DataType] = {
            "money": MONEY,
            "time": pl.Datetime("us", zone),
            "day": pl.Date(),
            "count": pl.Int64(),
            "number": pl.Float64(),
            "flag": pl.Boolean(),
        }
        return known.get(self.type, pl.String())


def _fields(text: str) -> Mapping[str, Field]:
    fields = {}
    for item in text.split():
        name, kind = item.split(":")
        bare, _, words = kind.rstrip("*!?").partition("=")
        fields[name] = Field(
            name,
            bare,
            words or None,
            present="*" in kind,
            readable="!" in kind or "*" in kind,
            matters="?" in kind or "*" in kind,
        )
    return MappingProxyType(fields)


KINDS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        "order_report": _fields(
            """order_id:id* buyer:text? payable:money! shipping_fee:money total:money! paid_net:money! refunded:money!
            status:value=order_status? close_reason:text receiver:text address:address? province:province? phone:text
            mobile:text created_at:time!? paid_at:time!? shipped_at:time? confirmed_at:time title:text? quantity:count
            tracking_no:id courier:text? channel:text shop_name:text buyer_message:text seller_note:text
            merchant_code:id warehouse:text currency:currency"""
        ),
        "item_report": _fields(
            """line_id:id* order_id:id* title:text? price:money quantity:count merchant_code:id? sku_code:id sku:text?
            status:value=order_status payable:money! paid_net:money!? refund_status:value=item_refund_status?
            refunded:money!? created_at:time!? paid_at:time!? shipped_at:time? ship_by:time? tracking_no:id courier:text
            product_id:id? channel:text seller_note:text buyer:text currency:currency"""
        ),
        "refund_report": _fields(
            """refund_id:id* order_id:id* line_id:id product_id:id? merchant_code:id title:text buyer:text paid_at:time
            paid:money amount:money!? kind:value=refund_kind? phase:value=refund_phase status:value=refund_status?
            goods_status:value=goods_status? platform_involved:flag=platform_involved? fault:value=fault?
            full:flag=full_refund reason_raw:text? reason:value=reason note:text? applied_at:time!? deadline_at:time?
            finished_at:time evidence_due_at:time approved_at:time returned_at:time return_courier:text
            return_tracking_no:id seller_note:text reason_label:text _shipped_info:text currency:currency"""
        ),
        "daily_traffic": _fields("day:day* visitors:count!? buyers:count score:number"),
        "money_log": _fields(
            """at:time!? order_id:id line_id:id entry_id:id* kind:text? income:money!? expense:money!? note:text"""
        ),
        "complaints": _fields(
            """complaint_id:id* order_id:id? filed_at:time!? kind:text? channel:text text:text? demand:text
            amount_demanded:money first_response_at:time platform_involved_at:time evidence_due_at:time verdict:text
            fault:value=fault closed_at:time compensation:money! note:text"""
        ),
        "messages": _fields(
            "conversation_id:id order_id:id? buyer:text? sender:value=sender? sent_at:time* text:text?"
        ),
        "parcels": _fields("tracking_no:id* courier:text at:time* event:value=parcel_event? place:text note:text"),
        "evidence": _fields("order_id:id* kind:text? path:text* taken_at:time? source:text note:text"),
        "traffic": _fields("day:day* visitors:count!? buyers:count score:number"),
        "products": _fields(
            """product_id:id* merchant_code:id from_day:day category:text? batch:text supplier:text unit_cost:money?"""
        ),
        "cases": _fields("case_id:id* at:time*! state:value=case_state* note:text by:text"),
        "case_members": _fields("case_id:id* kind:value=case_member* member_id:id* pattern:text"),
        "decisions": _fields(
            """decision_id:id* suggestion_id:id lever:text? scope:text owner:text? decided_on:day effective_from:day!?
            measure:text? expected_low:number expected_high:number"""
        ),
    }
)

# What a row of a kind cannot do without, beside what is marked ``*``: one field of each list.
ESSENTIAL: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "order_report": {
            "time": ("created_at", "paid_at"),
            "money": ("paid_net", "payable", "total"),
        },
        "item_report": {"money": ("paid_net", "payable", "price")},
        "refund_report": {"outcome": ("amount", "status"), "time": ("applied_at", "finished_at")},
    }
)
