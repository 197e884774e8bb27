"""Money that no file tells is not known, which is not zero: sums, weeks with gaps, sentences of papers."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from aftersales.measures.rates import refund_rate
from aftersales.measures.reasons import refund_mix, weekly_requests
from aftersales.measures.sales import product_sales
from aftersales.measures.service import complaint_outcomes, weekly_complaints
from aftersales.measures.triangles import delay_triangle

UNTIL = date(2026, 11, 22)
AT = [datetime(2026, 11, 3), datetime(2026, 11, 17)]
REFUNDS = pl.DataFrame(
    {
        "refund_id": ["1", "2"],
        "order_id": ["a", "b"],
        "reason": ["size", "size"],
        "status": ["succeeded"] * 2,
        "applied_at": AT,
    }
)
COMPLAINTS = pl.DataFrame(
    {
        "complaint_id": ["1", "2"],
        "order_id": ["a", "b"],
        "filed_at": AT,
        "closed_at": AT,
        "kind": ["x", "x"],
        "fault": ["seller"] * 2,
    }
)


def test_refunds_without_amounts_have_counts_and_no_sum():
    [row] = refund_mix(REFUNDS, until=UNTIL).to_dicts()
    assert (row["cases"], row["amount"], row["whole_amount"], row["share_amount"]) == (2, None, None, None)
    known = refund_mix(REFUNDS.with_columns(amount=pl.Series([5, None])), until=UNTIL)
    assert float(known["amount"][0]) == 5


def test_a_week_without_requests_is_zero_and_one_of_unknown_amounts_is_unknown():
    weeks = weekly_requests(REFUNDS, until=UNTIL)
    assert weeks["cases"].to_list() == [1, 0, 1]
    assert weeks["amount"].to_list() == [None, 0, None]


def test_compensation_that_no_file_tells_is_unknown():
    weeks = weekly_complaints(COMPLAINTS, until=UNTIL)
    assert weeks["compensation"].to_list() == [None, 0, None]
    outcomes = dict(complaint_outcomes(COMPLAINTS, until=UNTIL).select("fault", "compensation").iter_rows())
    assert (outcomes["seller"], outcomes["buyer"]) == (None, 0)


def test_orders_without_money_or_units_are_counted_and_not_summed():
    orders = pl.DataFrame({"order_id": ["a", "b"], "product_id": ["p", "p"], "created_at": AT, "paid_at": AT})
    orders = orders.with_columns(paid=pl.lit(None, dtype=pl.Int64))
    sales = product_sales(orders, since=date(2026, 11, 1), until=UNTIL)
    assert sales.select("orders", "amount").rows() == [(2, None), (2, None)]
    rates = refund_rate(orders, REFUNDS, until=UNTIL, by="week")
    assert rates["paid_orders"].to_list() == [1, 0, 1]
    assert rates["paid_money"].to_list() == [None, 0, None]
    assert rates["paid_units"].to_list() == [None, 0, None]
    assert rates["rate_money"].to_list() == [None, None, None]


def test_an_order_that_paid_nobody_knows_what_is_in_neither_part_of_a_share():
    orders = pl.DataFrame({"order_id": ["a", "b"], "paid_at": AT[:1] * 2, "paid": pl.Series([None, 100])})
    refunds = REFUNDS.with_columns(applied_at=pl.lit(AT[0]), amount=pl.Series([80, 20]))
    week = refund_rate(orders, refunds, until=UNTIL).row(0, named=True)
    assert (week["rate_orders"], week["rate_money"], float(week["refund_money"])) == (1, 0.2, 100)
    cells = delay_triangle(orders, refunds, until=UNTIL, count="money")
    assert cells.filter(age=0).select("orders", "events").rows() == [(100, 20)]
