"""The small tables a shop may add: evidence files, daily traffic, money ledger, products; and cases, decisions."""

from __future__ import annotations

import dataframely as dy

from aftersales.tables.columns import LocalTime, key, money, one_of, optional_text
from aftersales.tables.values import CASE_STATE


class Evidence(dy.Schema):
    """One row an evidence file in the shop's evidence folder."""

    order_id = key()
    path = key()
    kind = optional_text()
    sha256 = optional_text()
    taken_at = LocalTime()
    source = optional_text()
    note = optional_text()


class Traffic(dy.Schema):
    """One row a day of the shop's traffic."""

    day = dy.Date(primary_key=True)
    visitors = dy.Int64(nullable=True, min=0)
    buyers = dy.Int64(nullable=True, min=0)
    score = dy.Float64(nullable=True)


class Money(dy.Schema):
    """One row a ledger line of 千牛动账: real compensation, freight, commissions."""

    entry_id = key()
    order_id = optional_text()
    line_id = optional_text()
    at = LocalTime()
    kind = optional_text()
    income = money()
    expense = money()
    note = optional_text()


class Products(dy.Schema):
    """One row a product, merchant code and starting day: category, batch, supplier and unit cost.


    A line takes the row of its own merchant code (else the one without), the latest that starts on or before it
    shipped.
    """

    product_id = key()
    merchant_code = dy.String(primary_key=True)
    from_day = dy.Date(primary_key=True)
    category = optional_text()
    batch = optional_text()
    supplier = optional_text()
    unit_cost = money()


class Cases(dy.Schema):
    """One row a state that a case entered."""

    case_id = key()
    at = LocalTime(primary_key=True, nullable=False)
    state = one_of(CASE_STATE, nullable=False)
    note = optional_text()
    by = optional_text()


class CaseMembers(dy.Schema):
    """One row an order or complaint that a case held when a state of it was recorded.

    The search for suspects may draw the same case differently once more data are there; what was won or cleared stays
    what it was then. ``kind`` is order or complaint; ``pattern`` is the case's pattern, the same in all its rows.
    """

    case_id = key()
    kind = dy.String(primary_key=True, check={"known_value": lambda c: c.is_in(["order", "complaint"])})
    member_id = key()
    pattern = optional_text()


class Decisions(dy.Schema):
    """One row a decision taken."""

    decision_id = key()
    suggestion_id = optional_text()
    lever = optional_text()
    scope = optional_text()
    owner = optional_text()
    decided_on = dy.Date(nullable=True)
    effective_from = dy.Date(nullable=True)
    measure = optional_text()
    expected_low = dy.Float64(nullable=True)
    expected_high = dy.Float64(nullable=True)
