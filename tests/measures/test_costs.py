"""What refunds cost: only what happened costs, the parts make the loss, the ledger replaces what was assumed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.measures.costs import PARTS, refund_costs

START = datetime(2026, 9, 7, 9)
UNTIL = date(2026, 10, 4)
NUMBERS = {"freight_out": Decimal("5.00"), "freight_back": Decimal("6.00"), "handling": Decimal("2.00")}
ORDERS = pl.DataFrame(
    {
        "order_id": [f"o{i}" for i in range(8)],
        "paid": [100] * 8,
        "paid_at": [START + timedelta(days=i) for i in range(8)],
    }
)


def cases(rows):
    """Refund cases from (order, kind, phase, status, amount, days after the start or None)."""
    moment = pl.Datetime("us")
    return pl.DataFrame(
        {
            "refund_id": [str(i) for i in range(len(rows))],
            "order_id": [r[0] for r in rows],
            "kind": [r[1] for r in rows],
            "phase": [r[2] for r in rows],
            "status": [r[3] for r in rows],
            "amount": [Decimal(r[4]) for r in rows],
            "applied_at": [None if r[5] is None else START + timedelta(days=r[5]) for r in rows],
        },
        schema_overrides={"kind": pl.String, "phase": pl.String, "applied_at": moment, "amount": pl.Decimal(18, 2)},
    )


def ledger(rows):
    """Ledger lines from (order, kind, income, expense), all on the sixth day."""
    return pl.DataFrame(
        {
            "order_id": [r[0] for r in rows],
            "kind": [r[1] for r in rows],
            "income": [Decimal(r[2]) for r in rows],
            "expense": [Decimal(r[3]) for r in rows],
            "at": [START + timedelta(days=5)] * len(rows),
        },
        schema_overrides={"order_id": pl.String},
    )


def costs(rows, **more):
    return refund_costs(ORDERS, cases(rows), **(NUMBERS | {"share_not_resold": 0.1, "until": UNTIL} | more))


def whole(rows, **more):
    """The parts of the loss over all weeks, those that are not nothing."""
    sums = costs(rows, **more).select(*PARTS, "recovered", "net_loss").sum().row(0, named=True)
    return {name: float(value) for name, value in sums.items() if value}


def test_a_return_costs_both_freights_handling_and_what_cannot_be_resold():
    assert whole([("o1", "return_refund", "after_receipt", "succeeded", 100, 3)]) == {
        "freight_out": 5, "freight_back": 6, "handling": 2, "goods_not_resold": 10, "net_loss": 23,
    }  # fmt: skip


def test_a_cancel_before_shipping_costs_handling_alone():
    assert whole([("o1", "refund_only", "before_shipping", "succeeded", 100, 0)]) == {"handling": 2, "net_loss": 2}


def test_goods_that_stay_with_the_buyer_are_lost_whole_and_part_refunds_only_their_money():
    kept = whole([("o1", "refund_only", "after_receipt", "succeeded", 100, 3)], goods_cost_share=0.4)
    assert kept == {"freight_out": 5, "handling": 2, "goods_kept": 40, "net_loss": 47}
    part = whole([("o1", "refund_only", "after_receipt", "succeeded", 15, 3)], goods_cost_share=0.4)
    assert part == {"handling": 2, "goods_kept": 15, "net_loss": 17}


def test_a_parcel_turned_round_comes_back():
    assert whole([("o1", "refund_only", "in_transit", "succeeded", 100, 3)])["freight_back"] == 6


def test_open_and_withdrawn_requests_have_cost_nothing_yet():
    rows = [("o1", "return_refund", "after_receipt", s, 100, 3) for s in ("closed", "requested", "refused")]
    found = costs(rows)
    assert whole(rows) == {}
    # a refused request is neither open nor paid out
    assert found.select("open_cases", "open_money").sum().row(0) == (1, Decimal("100.00"))


def test_open_requests_put_no_more_at_risk_than_the_order_paid():
    found = costs([("o1", "return_refund", "after_receipt", "requested", 100, day) for day in (3, 4)])
    assert found.select("open_cases", "open_money").sum().row(0) == (2, Decimal("100.00"))


def test_the_freight_out_of_an_order_is_lost_once():
    rows = [("o1", "return_refund", "after_receipt", "succeeded", 40, d) for d in (3, 4)]
    parts = whole(rows)
    assert (parts["freight_out"], parts["freight_back"]) == (5, 12)


def test_a_refund_without_phase_is_counted_and_said_to_be_unpriced():
    found = costs([("o1", None, None, "succeeded", 100, None)])
    assert found.filter(pl.col("cases") > 0).select("cohort", "cases_unpriced", "net_loss").rows() == [
        (START.date(), 1, Decimal("2.00"))
    ]


def test_the_ledger_replaces_assumed_freight_and_brings_compensation():
    rows = [("o1", "return_refund", "after_receipt", "succeeded", 100, 3),
            ("o2", "return_refund", "after_receipt", "succeeded", 100, 3)]  # fmt: skip
    lines = [("o1", "退货运费", 0, 9), ("o1", "退货运费险保费", 0, 1), ("o7", "运费", 0, 50), ("o3", "赔付", 0, 30),
             (None, "物流赔付", 12, 0)]  # fmt: skip
    assert whole(rows, money=ledger(lines)) == {
        "freight_out": 10, "freight_back": 6, "handling": 4, "goods_not_resold": 20, "freight_ledger": 9,
        "compensation": 30, "recovered": 12, "net_loss": 67,
    }  # fmt: skip


def test_an_order_that_the_ledger_knows_bears_the_freight_it_names_and_no_more():
    rows = [("o1", "return_refund", "after_receipt", "succeeded", 100, 3)]
    paid_back = whole(rows, money=ledger([("o1", "交易收款", 100, 0)]))
    assert "freight_back" not in paid_back
    assert paid_back["freight_out"] == 5
    sent = whole(rows, money=ledger([("o1", "发货运费", 0, 4)]))
    assert (sent.get("freight_out"), sent["freight_ledger"]) == (None, 4)
    later = [("o1", "return_refund", "after_receipt", "succeeded", 100, 9)]
    assert whole(later, money=ledger([("o1", "交易收款", 100, 0)]))["freight_back"] == 6


def test_an_empty_ledger_changes_nothing():
    rows = [("o1", "return_refund", "after_receipt", "succeeded", 100, 3)]
    assert costs(rows).equals(costs(rows, money=ledger([])))


row = st.tuples(
    st.sampled_from([f"o{i}" for i in range(9)]),
    st.sampled_from(["refund_only", "return_refund", "exchange", None]),
    st.sampled_from(["before_shipping", "in_transit", "after_receipt", None]),
    st.sampled_from(["succeeded", "closed", "requested"]),
    st.integers(0, 150),
    st.one_of(st.none(), st.integers(0, 40)),
)


@settings(max_examples=40)
@given(st.lists(row, max_size=25), st.floats(0, 1))
def test_the_loss_is_the_sum_of_its_parts_and_the_weeks_make_the_months(rows, share):
    weeks, months = costs(rows, share_not_resold=share), costs(rows, share_not_resold=share, by="month")
    for table in (weeks, months):
        total = table.select(pl.sum_horizontal(PARTS) - pl.col("recovered").fill_null(0)).to_series()
        assert total.cast(pl.Decimal(18, 2)).to_list() == table["net_loss"].to_list()
        assert (table["net_loss"] >= 0).all()
        assert (table["cases_unpriced"] <= table["cases"]).all()
    numbers = [c for c in weeks.columns if c not in {"cohort", "whole"}]
    assert weeks.select(numbers).sum().row(0) == months.select(numbers).sum().row(0)
