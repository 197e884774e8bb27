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
            "dated": True,
            "lacks": "",
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
    lines = compose.order_lines(
        rows("order_records", *heads),
        rows("item_records", *items),
        products=pl.DataFrame(products, schema=KEPT["products"].types(ZONE), orient="row").lazy()
        if products
        else empty["products"],
        parcels=parcels if isinstance(parcels, pl.LazyFrame) else empty["parcels"],
    )
    orders = lines.drop(compose.TOLD)
    cases = compose.refunds(rows("refund_records", *refunds), lines.lazy())
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
        "refund_status": "succeeded",
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
def test_the_later_export_wins_in_every_field_and_only_missing_columns_are_filled(order):
    net = {"refunded": money("0"), "paid_net": money("100")}
    versions = [
        HEAD | {"status": "paid", "courier": "圆通速递", "warehouse": "杭州", "as_of": datetime(2026, 1, 2)} | net,
        HEAD | {"status": "finished", "as_of": datetime(2026, 1, 20), "province": None},
        # a later export takes the refund and the courier back, and knows nothing of warehouses
        HEAD | {"status": "shipped", "lacks": ",warehouse,", "as_of": datetime(2026, 2, 1)} | net,
    ]
    versions = [version | {"file": f"fixed{number}"} for number, version in enumerate(versions)]
    versions[0]["lacks"] = versions[1]["lacks"] = ",channel,"
    versions[1]["lacks"] = ",warehouse,"
    orders, refunds, _ = made(heads=[versions[i] for i in order])
    assert orders.select("status", "courier", "warehouse", "province", "paid").rows() == [
        ("shipped", None, "杭州", "湖北省", money("100.00"))
    ]
    assert refunds.is_empty()


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_without_export_times_the_further_state_wins_and_then_the_later_import(order):
    guessed = HEAD | {"dated": False}
    versions = [
        guessed | {"status": "finished", "file": "a", "as_of": datetime(2026, 1, 5)},
        guessed | {"status": "paid", "file": "b", "as_of": datetime(2026, 1, 9)},
    ]
    orders, _, _ = made(heads=[versions[i] for i in order])
    assert orders["status"].to_list() == ["finished"]
    same = [guessed | {"file": n, "title": n, "import_id": i, "as_of": None} for n, i in (("a", "2"), ("b", "1"))]
    orders, _, _ = made(heads=[same[i] for i in order])
    assert orders["title"].to_list() == ["a"]


def test_a_file_imported_again_under_its_name_replaces_what_it_held_whatever_the_state():
    first = HEAD | {"file": "a", "import_id": "1", "dated": False}
    corrected = first | {"import_id": "2", "status": "paid", "refunded": None, "paid_net": money("100")}
    orders, refunds, _ = made(heads=[first, corrected])
    assert orders["status"].to_list() == ["paid"]
    assert refunds.is_empty()


def test_a_line_that_was_closed_stays_closed_in_an_order_that_goes_on():
    line = {"line_id": "l", "order_id": "1", "status": "closed_refunded", "as_of": datetime(2026, 1, 1)}
    orders, _, _ = made(heads=[HEAD | {"status": "finished", "as_of": datetime(2026, 1, 9)}], items=[line])
    assert orders["status"].to_list() == ["closed_refunded"]
    orders, _, _ = made(heads=[HEAD | {"status": "shipped", "as_of": datetime(2026, 1, 9)}],
                        items=[line | {"status": "paid"}])  # fmt: skip
    assert orders["status"].to_list() == ["shipped"]


LINE = {"line_id": "l", "order_id": "1", "payable": money("50"), "paid_net": money("50"), "refunded": money("50")}


@pytest.mark.parametrize(
    ("state", "amount", "status", "told", "refunded"),
    [
        ("succeeded", "50", "succeeded", "50.00", "50.00"),
        ("requested", "50", "requested", "50.00", "0.00"),
        ("refused", "50", "refused", "50.00", "0.00"),
        ("closed", "50", "closed", "50.00", "0.00"),
        ("succeeded", None, "succeeded", None, None),  # went back, but how much is not known
        ("succeeded", "0", "succeeded", None, None),
        ("unknown", "50", None, "50.00", None),
        ("none", "20", "no case", None, "0.00"),  # a price reduction
        (None, "50", "succeeded", "50.00", "50.00"),  # no state is told: the amount is all there is
        (None, None, "no case", None, None),
    ],
)
def test_the_state_of_a_refund_decides_and_not_the_amount(state, amount, status, told, refunded):
    line = LINE | {"refund_status": state, "refunded": money(amount) if amount else None}
    orders, refunds, _ = made(items=[line])
    cases = [(s, None if a is None else str(a)) for s, a in refunds.select("status", "amount").rows()]
    assert cases == ([] if status == "no case" else [(status, told)])
    assert orders["refunded"].to_list() == [None if refunded is None else money(refunded)]


def test_an_open_case_stands_as_a_later_item_report_has_it():
    line = LINE | {"refund_status": "none", "refunded": None, "as_of": datetime(2026, 1, 9)}
    case = {"refund_id": "r", "order_id": "1", "line_id": "l", "status": "requested", "amount": money("50")}
    for exported, status in ((datetime(2026, 1, 5), "closed"), (datetime(2026, 1, 10), "requested")):
        _, refunds, _ = made(items=[line], refunds=[case | {"as_of": exported}])
        assert refunds.select("refund_id", "status").rows() == [("r", status)]


def test_a_line_that_the_refund_report_does_not_mention_keeps_its_own_state():
    other = LINE | {"line_id": "m", "refund_status": "succeeded"}
    case = {"refund_id": "r", "order_id": "1", "line_id": "l", "status": "succeeded", "amount": money("50")}
    _, refunds, _ = made(items=[LINE | {"refund_status": "succeeded"}, other], refunds=[case])
    assert refunds["refund_id"].to_list() == ["of-m", "r"]


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
