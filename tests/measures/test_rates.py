"""The refund rate: what is counted, what is not, and that the parts make the whole."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.measures.cohorts import all_periods, split_by
from aftersales.measures.rates import refund_rate
from aftersales.measures.requests import has_refund_dates
from aftersales.stats.intervals import effective_size, wilson
from aftersales.tables.orders import Orders
from aftersales.tables.refunds import Refunds
from aftersales.words.errors import DataError, UsageError

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
START = datetime(2026, 9, 1, 12)
UNTIL = date(2026, 11, 1)
PROVINCES = ("浙江省", "新疆维吾尔自治区", None)


def table(schema, rows):
    """Rows given as dicts, as the store would hand them over."""
    local = pl.DataFrame(rows, infer_schema_length=None)
    kinds = {name: column.dtype for name, column in schema.columns().items()}
    moments = [c for c in local.columns if isinstance(kinds[c], pl.Datetime)]
    local = local.with_columns(pl.col(moments).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
    empty = pl.DataFrame(schema=kinds)
    return pl.concat([empty, local.cast({c: kinds[c] for c in local.columns if c not in moments})], how="diagonal")


def order(order_id="a", line=1, *, paid="10.00", at=START, **more):
    return {"order_id": order_id, "line_id": f"{order_id}-{line}", "paid": Decimal(paid), "paid_at": at} | more


def refund(refund_id, order_id="a", *, amount="10.00", at=START, status="succeeded", **more):
    return {
        "refund_id": refund_id, "order_id": order_id, "amount": Decimal(amount), "applied_at": at, "status": status,
    } | more  # fmt: skip


def rates(orders, refunds, **options):
    options = {"by": "month", "until": UNTIL} | options
    return refund_rate(table(Orders, orders), table(Refunds, refunds), **options)


@st.composite
def shops(draw):
    """A shop of up to 30 orders with up to three lines each, and refund cases of every sort on them."""
    orders, refunds = [], []
    for o in range(draw(st.integers(1, 30))):
        at = START + timedelta(hours=draw(st.integers(0, 24 * 60)))
        province, n_lines = draw(st.sampled_from(PROVINCES)), draw(st.integers(1, 3))
        for line in range(n_lines):
            cents = draw(st.integers(0, 20_000))
            orders.append(order(f"o{o}", line, paid=f"{cents / 100:.2f}", at=at, province=province,
                                product_id=draw(st.sampled_from("pqr")), quantity=draw(st.integers(1, 3))))  # fmt: skip
        for case in range(draw(st.sampled_from([0, 0, 1, 1, 2, 3]))):
            asked = draw(st.one_of(st.none(), st.integers(0, 24 * 80)))
            refunds.append(
                refund(
                    f"r{o}-{case}", f"o{o}", amount=f"{draw(st.integers(0, 30_000)) / 100:.2f}",
                    at=None if asked is None else at + timedelta(hours=asked),
                    status=draw(st.sampled_from(["requested", "succeeded", "closed", "refused"])),
                    kind=draw(st.sampled_from(["refund_only", "return_refund", "exchange", None])),
                    phase=draw(st.sampled_from(["before_shipping", "in_transit", "after_receipt", None])),
                    line_id=draw(st.sampled_from([None, f"o{o}-0"])),
                    product_id=draw(st.sampled_from([None, "p", "z"])),
                )
            )  # fmt: skip
    return table(Orders, orders), table(Refunds, refunds or [refund("none", "nowhere")])


def counted_by_hand(orders, refunds):
    """The definition in plain Python: orders, refund orders, gross paid, refunded money, whole shop."""
    paid: dict[str, Decimal] = {}
    for row in orders.filter(pl.col("paid_at").dt.date() <= UNTIL).iter_rows(named=True):
        paid[row["order_id"]] = paid.get(row["order_id"], Decimal(0)) + row["paid"]
    asked: dict[str, Decimal] = {}
    for row in refunds.iter_rows(named=True):
        late = row["applied_at"] is not None and row["applied_at"].date() > UNTIL
        if row["order_id"] in paid and not late and row["kind"] in {None, "refund_only", "return_refund"}:
            amount = Decimal(0) if row["status"] in {"closed", "refused"} else row["amount"]
            asked[row["order_id"]] = asked.get(row["order_id"], Decimal(0)) + amount
    money = sum((min(m, paid[o]) for o, m in asked.items()), Decimal(0))
    return len(paid), len(asked), sum(paid.values(), Decimal(0)), money


@pytest.mark.slow
@settings(max_examples=40)
@given(shops())
def test_the_counts_are_those_of_the_definition_and_the_parts_make_the_whole(shop):
    orders, refunds = shop
    expected = counted_by_hand(orders, refunds)
    for by in ("day", "week", "month", "province", ["week", "province"]):
        found = refund_rate(orders, refunds, by=by, until=UNTIL)
        sums = found.select("paid_orders", "refund_orders", "paid_money", "refund_money").sum().row(0)
        assert sums == expected
    parts = ["orders_before_shipping", "orders_in_transit", "orders_after_receipt", "orders_unknown"]
    states = ["orders_succeeded", "orders_open", "orders_refused", "orders_closed"]
    week = refund_rate(orders, refunds, by="week", until=UNTIL)
    for names in (parts, states):
        assert week.select(pl.sum_horizontal(names)).to_series().to_list() == week["refund_orders"].to_list()


@settings(max_examples=40)
@given(shops())
def test_by_product_money_still_adds_up_to_the_cent_and_every_rate_is_a_rate(shop):
    orders, refunds = shop
    found = refund_rate(orders, refunds, by="product_id", until=UNTIL)
    assert found.select("paid_money", "refund_money").sum().row(0) == counted_by_hand(orders, refunds)[2:]
    for name, low, high in [("orders", "low", "high"), ("units", "units_low", "units_high"),
                            ("money", "money_low", "money_high")]:  # fmt: skip
        within = found.filter(pl.col(f"rate_{name}").is_not_null()).select(
            ((pl.col(low) >= 0) & (pl.col(low) <= pl.col(f"rate_{name}")) & (pl.col(f"rate_{name}") <= pl.col(high))
             & (pl.col(high) <= 1)).all())  # fmt: skip
        # money shared over the lines of an order may pass one line's own money, never the order's
        assert within.item() or name == "money"


@settings(max_examples=30)
@given(shops(), st.integers(5, 50))
def test_an_earlier_day_sees_only_what_was_there_by_then(shop, days):
    orders, refunds = shop
    then = (START + timedelta(days=days)).date()
    cut_orders = orders.filter(pl.col("paid_at").dt.date() <= then)
    cut_refunds = refunds.filter(pl.col("applied_at").is_null() | (pl.col("applied_at").dt.date() <= then))
    assert refund_rate(orders, refunds, until=then).equals(refund_rate(cut_orders, cut_refunds, until=then))


def test_the_order_of_the_rows_does_not_matter():
    orders = [order("a", 1, paid="3.33"), order("a", 2, paid="3.33"), order("b"), order("c")]
    refunds = [refund("1", amount="5"), refund("2", amount="4"), refund("3", "b", status="closed")]
    straight = rates(orders, refunds)
    assert straight.equals(rates(orders[::-1], refunds[::-1]))
    assert straight["refund_money"].to_list()[0] == Decimal("6.66")


def test_several_cases_of_an_order_count_once_and_never_for_more_than_it_paid():
    found = rates([order(paid="10")], [refund("1", amount="8"), refund("2", amount="8")]).row(0, named=True)
    assert (found["refund_orders"], found["refund_money"], found["rate_money"]) == (1, Decimal("10.00"), 1.0)


def test_a_withdrawn_request_is_an_asked_for_refund_but_no_money():
    found = rates([order(), order("b")], [refund("1", status="closed")]).row(0, named=True)
    assert (found["refund_orders"], found["orders_closed"], found["refund_money"]) == (1, 1, Decimal(0))


def test_a_refund_asked_for_again_after_withdrawal_stands_as_the_better_of_the_two():
    cases = [refund("1", status="closed"), refund("2", at=START + timedelta(days=1))]
    found = rates([order()], cases).row(0, named=True)
    assert (found["refund_orders"], found["orders_succeeded"], found["refund_money"]) == (1, 1, Decimal(10))


def test_what_finished_later_was_still_open_then():
    cases = [refund("1", at=START, finished_at=START + timedelta(days=9), status="closed")]
    early = rates([order()], cases, until=START.date() + timedelta(days=3)).row(0, named=True)
    late = rates([order()], cases, until=START.date() + timedelta(days=12)).row(0, named=True)
    assert (early["orders_open"], early["refund_money"]) == (1, Decimal(10))
    assert (late["orders_closed"], late["refund_money"]) == (1, Decimal(0))


def test_the_phase_is_that_of_the_first_request():
    cases = [
        refund("2", at=START + timedelta(days=9), phase="after_receipt"),
        refund("1", phase="before_shipping"),
    ]
    found = rates([order(), order("b")], cases).row(0, named=True)
    assert (found["orders_before_shipping"], found["orders_after_receipt"]) == (1, 0)
    assert (found["rate_before_shipping"], found["rate_after_shipping"]) == (0.5, 0.0)


def test_an_exchange_is_no_refund_and_an_unpaid_order_no_order():
    unpaid = order("x", paid="0", at=None, status="closed_unpaid", created_at=START)
    found = rates([order(), unpaid], [refund("1", kind="exchange"), refund("2", "x")]).row(0, named=True)
    assert (found["paid_orders"], found["refund_orders"]) == (1, 0)


def test_a_request_on_one_line_counts_for_its_product_alone():
    orders = [order("a", 1, product_id="p", quantity=2), order("a", 2, product_id="q", quantity=5)]
    by_line = rates(orders, [refund("1", line_id="a-1", amount="4")], by="product_id")
    by_product = rates(orders, [refund("1", product_id="p", amount="4")], by="product_id")
    assert by_line.equals(by_product)
    assert by_line.select("product_id", "refund_orders", "refund_units").rows() == [("p", 1, 2.0), ("q", 0, 0.0)]


def test_weeks_without_a_paid_order_are_rows_with_no_rate():
    found = rates([order(), order("b", at=START + timedelta(days=21))], [refund("1")], by="week", until=UNTIL)
    assert found["cohort"].diff().drop_nulls().unique().to_list() == [timedelta(days=7)]
    assert found["paid_orders"].to_list() == [1, 0, 0, 1, 0, 0, 0, 0, 0]
    assert found["rate_orders"].is_null().to_list() == (found["paid_orders"] == 0).to_list()


def test_a_week_still_running_is_marked():
    found = rates([order()], [refund("1")], by="week", until=START.date())
    assert found["whole"].to_list() == [False]


def test_empty_tables_give_empty_rates():
    none = refund_rate(pl.DataFrame(schema=Orders.create_empty().schema), Refunds.create_empty(), until=UNTIL)
    assert none.is_empty()
    assert {"cohort", "rate_orders", "refund_money"} <= set(none.columns)


def test_a_question_that_cannot_be_answered_says_why():
    with pytest.raises(UsageError, match=r"no column 'provinc'.*province"):
        rates([order()], [refund("1")], by="provinc")
    with pytest.raises(UsageError, match="at most one of day, week and month"):
        split_by(["day", "week"])
    with pytest.raises(DataError, match="lacks paid_at"):
        refund_rate(pl.DataFrame({"order_id": ["a"], "paid": [1]}), Refunds.create_empty(), until=UNTIL)


def test_wilson_covers_as_often_as_it_says():
    # exact coverage at n = 50 over many true rates: the mean is at the level, none far below (Brown 2001)
    from scipy.stats import binom

    n = 50
    ends = pl.DataFrame({"x": range(n + 1)}).with_columns(n=pl.lit(n))
    low, high = wilson(pl.col("x") / pl.col("n"), pl.col("n"))
    ends = ends.select("x", low=low, high=high)
    covers = []
    for p in (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9):
        inside = ((ends["low"] <= p) & (p <= ends["high"])).to_numpy()
        covers.append(float(binom.pmf(range(n + 1), n, p)[inside].sum()))
    assert 0.88 < sum(covers) / len(covers) < 0.95
    assert min(covers) > 0.85


def test_equal_orders_are_worth_their_number():
    assert (
        pl.DataFrame({"w": [7.0] * 9}).select(effective_size(pl.col("w").sum(), (pl.col("w") ** 2).sum())).item() == 9
    )


def test_months_run_unbroken_over_the_turn_of_the_year():
    months = all_periods(date(2026, 11, 30), date(2027, 2, 1), "month")["cohort"]
    assert months.to_list() == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)]


@pytest.fixture(scope="module")
def tmall():
    path = DATA / "tmall_order_report.csv"
    if not path.exists():
        pytest.skip("the real Tmall order report is not on this machine")
    report = pl.read_csv(path, schema_overrides={"订单编号": pl.String})
    report = report.rename({c: c.strip() for c in report.columns})
    at = pl.col("订单付款时间").str.to_datetime(time_unit="us").dt.replace_time_zone("Asia/Shanghai")
    gross = pl.when(at.is_not_null()).then(pl.col("总金额"))
    orders = report.select(order_id="订单编号", line_id="订单编号", province="收货地址", paid=gross, paid_at=at)
    refunds = report.filter(pl.col("退款金额") > 0).select(
        refund_id="订单编号", order_id="订单编号", amount="退款金额", status=pl.lit("succeeded"),
        source=pl.lit("order_report"),
    )  # fmt: skip
    cents = pl.Decimal(18, 2)
    return orders.with_columns(pl.col("paid").cast(cents)), refunds.with_columns(pl.col("amount").cast(cents))


def test_a_real_order_report_is_counted_over_gross_paid(tmall):
    orders, refunds = tmall
    assert not has_refund_dates(refunds)
    months = refund_rate(orders, refunds, by="month", until=date(2020, 3, 1))
    counts = months.select("paid_orders", "refund_orders", "paid_money", "refund_money").sum().row(0)
    assert counts == (24_087, 5_646, Decimal("2474823.07"), Decimal("572335.92"))
    assert float(counts[3] / counts[2]) == pytest.approx(0.231, abs=0.0005)


def test_a_day_without_payments_is_a_gap_in_the_real_report_too(tmall):
    days = refund_rate(*tmall, by="day", until=date(2020, 2, 29))
    assert days["cohort"].to_list() == [date(2020, 2, 1) + timedelta(days=d) for d in range(29)]
    seen = dict(days.select("cohort", "paid_orders").iter_rows())
    assert (seen[date(2020, 2, 8)], seen[date(2020, 2, 16)]) == (2, 0)
    assert days.filter(cohort=date(2020, 2, 16))["rate_money"].to_list() == [None]
