"""complaints: one row a complaint."""

from __future__ import annotations

import dataframely as dy

from aftersales.tables.columns import LocalTime, key, money, one_of, optional_text
from aftersales.tables.values import FAULT


class Complaints(dy.Schema):
    """One row a complaint: from our template, or a dispute read off the refund report (``source`` says which)."""

    complaint_id = key()
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
    source = one_of(("template", "refund_report"), nullable=False)
    order_known = dy.Bool(nullable=False)
