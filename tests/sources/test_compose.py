"""Tables out of records: gross money, ties, states, and the same answer whatever came first."""

from datetime import date, datetime
from decimal import Decimal
from itertools import permutations

import polars as pl
import pytest

from aftersales.sources import compose
from aftersales.sources.records import KEPT
from aftersales.tables.complaints import Complaints
from aftersales.tables.orders import Orders
from aftersales.tables.refunds import Refunds

ZONE = "Asia/Shanghai"


def rows(table, *given):
    """Records with the given fields, the rest null; later rows stand in later files."""
    types = KEPT[table].types(ZONE)
    filled = []
    for number, row in enumerate(given):
        base = dict.fromkeys(types) | {
            "file": f"f{number}",
            "row": 2,
            "import_id": "1",
            "file_hash": f"h{number}",
            "content": number,
        }
        base |= {"as_of": datetime(2026, 1, 1 + number)}
        filled.append(base | row)
    frame = pl.DataFrame(
        filled, schema={c: pl.Datetime("us") if isinstance(t, pl.Datetime) else t for c, t in types.items()}
    )
    return frame.with_columns(pl.col(pl.Datetime).dt.replace_time_zone(ZONE)).lazy()


def money(text):
    return Decimal(text)


HEAD = {
    "order_id": "1", "status": "finished", "payable": money("90"), "shipping_fee": money("10"), "total": money("100"),
    "paid_net": money("70"), "refunded": money("30"), "created_at": datetime(2026, 1, 1), "paid_at": datetime(2026, 1, 1, 1),
    "buyer_key": "b", "buyer_key_quality": "full", "province": "湖北省",
}  # fmt: skip


def made(heads=(), items=(), refunds=(), products=(), parcels=(), complaints=()):
    empty = {t: KEPT[t].empty(ZONE).lazy() for t in ("products", "parcels")}
    orders = compose.orders(
        rows("order_records", *heads),
        rows("item_records", *items),
        products=pl.DataFrame(products, schema=KEPT["products"].types(ZONE), orient="row").lazy()
        if products
        else empty["products"],
        parcels=parcels if isinstance(parcels, pl.LazyFrame) else empty["parcels"],
    )
    cases = compose.refunds(rows("refund_records", *refunds), orders.lazy())
    said = compose.complaints(rows("complaint_records", *complaints), cases.lazy(), orders.lazy())
    return Orders.validate(orders), Refunds.validate(cases), Complaints.validate(said)


def test_an_order_report_alone_gives_gross_money_and_refunds_by_amount():
    orders, refunds, _ = made(heads=[HEAD])
    assert orders.select("line_id", "paid", "amount").rows() == [("1", money("100.00"), money("90.00"))]
    assert refunds.select("amount", "source", "applied_at", "reason").rows() == [
        (money("30.00"), "order_report", None, None)
    ]


def test_items_share_the_orders_money_to_the_cent_and_the_placeholder_line_goes():
    items = [
        {"line_id": f"1-{n}", "order_id": "1", "payable": money("30"), "quantity": 1, "product_id": f"p{n}"}
        for n in range(3)
    ]
    orders, refunds, _ = made(heads=[HEAD], items=items)
    assert orders["line_id"].to_list() == ["1-0", "1-1", "1-2"]
    assert orders["paid"].sum() == money("100.00")
    assert orders["shipping_fee"].sum() == money("10.00")
    assert orders["buyer_key"].unique().to_list() == ["b"]
    assert refunds["amount"].sum() == money("30.00")


def test_an_item_report_alone_never_counts_a_refund_twice():
    net = {
        "line_id": "l",
        "order_id": "1",
        "payable": money("50"),
        "paid_net": money("20"),
        "refunded": money("30"),
        "refund_status": "退款成功",
    }
    gross = net | {"line_id": "m", "paid_net": money("50")}
    orders, refunds, _ = made(items=[net, gross])
    assert orders["paid"].to_list() == [money("50.00")] * 2
    assert refunds["source"].unique().to_list() == ["item_report"]


def test_closed_before_payment_has_no_money():
    orders, refunds, _ = made(
        heads=[HEAD | {"status": "closed_unpaid", "paid_at": None, "paid_net": money("0"), "refunded": money("0")}]
    )
    assert orders["paid"].to_list() == [money("0.00")]
    assert refunds.is_empty()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_later_state_wins_and_blanks_are_filled_whatever_came_first(order):
    versions = [
        HEAD
        | {
            "status": "paid",
            "refunded": money("0"),
            "paid_net": money("100"),
            "courier": "圆通速递",
            "as_of": datetime(2026, 1, 2),
        },
        HEAD | {"status": "finished", "refunded": money("0"), "paid_net": money("100"), "as_of": datetime(2026, 2, 1)},
        HEAD | {"status": "finished", "as_of": datetime(2026, 1, 20), "province": None},
    ]
    for number, version in enumerate(versions):
        version |= {"file_hash": f"fixed{number}"}
    orders, refunds, _ = made(heads=[versions[i] for i in order])
    assert orders.select("status", "courier", "province", "paid").rows() == [
        ("finished", "圆通速递", "湖北省", money("100.00"))
    ]
    assert refunds["amount"].to_list() == [money("30.00")]


ITEMS = [
    {
        "line_id": "a",
        "order_id": "1",
        "payable": money("60"),
        "product_id": "p1",
        "merchant_code": "M1",
        "title": "枕头",
    },
    {
        "line_id": "b",
        "order_id": "1",
        "payable": money("30"),
        "product_id": "p2",
        "merchant_code": "M2",
        "title": "被子",
    },
]
CASE = {
    "refund_id": "r",
    "order_id": "1",
    "amount": money("30"),
    "status": "succeeded",
    "applied_at": datetime(2026, 1, 5),
}


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({"line_id": "b"}, "b"),
        ({"product_id": "p1"}, "a"),
        ({"merchant_code": "M2"}, "b"),
        ({"title": "枕头"}, "a"),
        ({}, None),
        ({"title": "别的"}, None),
    ],
)
def test_a_refund_is_tied_to_the_one_line_that_fits_else_stays_with_the_order(told, line):
    _, refunds, _ = made(
        heads=[HEAD | {"shipping_fee": None, "total": money("90"), "paid_net": money("60")}],
        items=ITEMS,
        refunds=[CASE | told | {"amount": money("7")}],
    )
    assert refunds["line_id"].to_list() == [line]


def test_two_equal_lines_leave_the_refund_with_the_order():
    twins = [ITEMS[0], ITEMS[0] | {"line_id": "c"}]
    _, refunds, _ = made(heads=[HEAD], items=twins, refunds=[CASE | {"product_id": "p1"}])
    assert refunds["line_id"].to_list() == [None]


def test_a_refund_of_an_unknown_order_is_kept_and_marked_and_the_report_replaces_the_amount_told():
    _, refunds, _ = made(refunds=[CASE])
    assert refunds.select("order_known", "status").rows() == [(False, "succeeded")]
    _, refunds, _ = made(heads=[HEAD], refunds=[CASE])
    assert refunds.select("refund_id", "order_known", "source").rows() == [("r", True, "refund_report")]


def test_category_and_batch_by_code_and_starting_day_and_delivery_by_first_sign_off():
    products = [
        ("p1", "", date(1970, 1, 1), "家纺", "旧", None, None),
        ("p1", "M1", date(2026, 1, 10), "家纺", "B1103", None, None),
    ]
    items = [
        ITEMS[0] | {"shipped_at": datetime(2026, 1, 9), "tracking_no": "T1"},
        ITEMS[0] | {"line_id": "c", "shipped_at": datetime(2026, 1, 11)},
    ]
    parcels = pl.DataFrame(
        {
            "event_id": ["1", "2"],
            "tracking_no": ["T1", "T1"],
            "at": [datetime(2026, 1, 12), datetime(2026, 1, 11)],
            "event": "signed",
        }
    ).with_columns(pl.col("at").dt.replace_time_zone(ZONE))
    orders, _, _ = made(items=items, products=products, parcels=parcels.lazy())
    assert orders.select("line_id", "category", "batch").rows() == [("a", "家纺", "旧"), ("c", "家纺", "B1103")]
    assert orders["delivered_at"].dt.replace_time_zone(None).to_list() == [datetime(2026, 1, 11), None]


def test_disputes_are_read_off_the_refund_report_once():
    disputed = CASE | {
        "platform_involved": True,
        "evidence_due_at": datetime(2026, 1, 9),
        "note": "没收到",
        "fault": "seller",
    }
    _, _, complaints = made(heads=[HEAD], refunds=[disputed, CASE | {"refund_id": "quiet"}])
    assert complaints.select("complaint_id", "source", "text", "fault").rows() == [
        ("refund-r", "refund_report", "没收到", "seller")
    ]
    own = {"complaint_id": "c1", "order_id": "1", "filed_at": datetime(2026, 1, 6)}
    _, _, complaints = made(heads=[HEAD], refunds=[disputed], complaints=[own])
    assert complaints.select("complaint_id", "source", "order_known").rows() == [("c1", "template", True)]


def test_an_item_under_a_damaged_order_number_does_not_take_the_place_of_the_order_it_is_numbered_like():
    item = {
        "line_id": "1",
        "order_id": "1x",
        "title": "枕头",
        "created_at": datetime(2026, 1, 1),
        "payable": money("90"),
    }
    orders, _, _ = made(heads=[HEAD], items=[item])
    assert orders.select("line_id", "order_id").rows() == [("1", "1x"), ("1-order", "1")]
