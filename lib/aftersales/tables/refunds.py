"""refunds: one row a refund case."""

from __future__ import annotations

import dataframely as dy

from aftersales.tables.columns import LocalTime, key, money, one_of, optional_text
from aftersales.tables.values import FAULT, GOODS_STATUS, REASONS, REFUND_KIND, REFUND_PHASE, REFUND_STATUS


class Refunds(dy.Schema):
    """One row a refund case, whatever became of it.

    ``source`` says what the row was read from: ``refund_report``; or ``order_report`` / ``item_report`` where those
    alone tell of the refund, by amount, without dates and reasons (``refund_id`` is then made of the order's id).
    ``order_known`` is false until the order's own row arrives. ``returned_at`` is when the buyer sent the goods back
    and filled in ``return_tracking_no``, ``approved_at`` when the return was agreed to.
    """

    refund_id = key()
    order_id = dy.String(min_length=1)
    line_id = optional_text()
    product_id = optional_text()
    applied_at = LocalTime()
    deadline_at = LocalTime()
    evidence_due_at = LocalTime()
    approved_at = LocalTime()
    returned_at = LocalTime()
    finished_at = LocalTime()
    kind = one_of(REFUND_KIND)
    phase = one_of(REFUND_PHASE)
    status = one_of(REFUND_STATUS)
    amount = money()
    full = dy.Bool(nullable=True)
    reason_raw = optional_text()
    reason = one_of(REASONS)
    fault = one_of(FAULT)
    note = optional_text()
    goods_status = one_of(GOODS_STATUS)
    platform_involved = dy.Bool(nullable=True)
    return_courier = optional_text()
    return_tracking_no = optional_text()
    source = one_of(("refund_report", "order_report", "item_report"), nullable=False)
    order_known = dy.Bool(nullable=False)
