"""Forged returns: what each contradiction looks like, and its innocent look-alikes; how sure, and what is unknown."""

from __future__ import annotations

import importlib.util
import sys
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from aftersales.measures.return_parcels import CHECKS, return_parcels
from aftersales.measures.return_records import return_numbers
from aftersales.measures.waybills import odd_forms, slips_apart, waybill

UNTIL = date(2026, 11, 15)
START = datetime(2026, 9, 1, 9, 17)
DAY = timedelta(days=1)
HOME, DOOR = "浙江省金华市义乌市", "广东省广州市天河区"


@cache
def base() -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """An honest shop: 500 orders, 120 returns, every parcel traced."""
    draw = np.random.default_rng(7)
    numbers = iter(draw.choice(10**11, size=2_000, replace=False))
    orders, refunds, parcels = [], [], []
    for n in range(500):
        at = START + timedelta(days=float(draw.uniform(0, 40)))
        one = order(f"o{n}", at=at, buyer=f"b{n}", number=f"YT{next(numbers):013d}")
        orders.append(one)
        parcels += trace(one["tracking_no"], at + DAY / 2, HOME, at + 3 * DAY, DOOR)
        if n < 120:
            refunds.append(refund(f"o{n}", at=at + 4 * DAY, number=f"YT{next(numbers):013d}"))
            parcels += trace(refunds[-1]["return_tracking_no"], at + 5.2 * DAY, DOOR, at + 8 * DAY, HOME)
    return orders, refunds, parcels


def order(
    name: str, *, at: datetime, buyer: str | None, number: str | None = "YT7700000000001", **more: Any
) -> dict[str, Any]:
    """An order shipped half a day after it was placed, delivered on the third."""
    return {
        "order_id": name, "buyer_key": buyer, "buyer_key_quality": "full", "address_key": buyer and f"a{buyer}",
        "phone_key": None, "province": "广东省", "tracking_no": number, "courier": "圆通速递", "created_at": at,
        "shipped_at": at + DAY / 2, "delivered_at": at + 3 * DAY, "status": "finished", "amount": 80.0,
    } | more  # fmt: skip


def refund(name: str, *, at: datetime, number: str | None, **more: Any) -> dict[str, Any]:
    """A return applied for at a moment, filled in a day later, paid on the fifth."""
    return {
        "refund_id": f"r-{name}", "order_id": name, "kind": "return_refund", "status": "succeeded", "amount": 80.0,
        "applied_at": at, "returned_at": at + DAY, "finished_at": at + 5 * DAY, "return_courier": "圆通速递",
        "return_tracking_no": number,
    } | more  # fmt: skip


def trace(number: str, at: datetime, start: str, end: datetime, to: str) -> list[dict[str, Any]]:
    """First scan and signature."""
    return [{"tracking_no": number, "at": at, "event": "picked_up", "place": start},
            {"tracking_no": number, "at": end, "event": "signed", "place": to}]  # fmt: skip


def found(orders=(), refunds=(), parcels=(), *, events: bool = True, seed: int = 0) -> pl.DataFrame:
    """Returns of the honest shop and these, the rows in another order each time."""
    tables = [
        pl.DataFrame([*own, *more], infer_schema_length=None)
        for own, more in zip(base(), (orders, refunds, parcels), strict=True)
    ]
    tables = [t.sample(fraction=1, shuffle=True, seed=seed) for t in tables]
    return return_parcels(tables[0], tables[1], tables[2] if events else None, until=UNTIL)[0]


def checks(rows: pl.DataFrame, name: str) -> set[str]:
    """What the return of an order shows, of what can stand alone."""
    return {c for c in rows.filter(pl.col("order_id") == name)["checks"].item() if CHECKS[c][1]}


AT = START + 20 * DAY
FREE = "YT0000000000501"  # nobody's so far
THEIRS = [order("x", at=AT, buyer="mallory"), order("y", at=AT + DAY, buyer="trent", number="YT7700000000002")]


def both(first: str | None, second: str | None, **more: Any) -> list[dict[str, Any]]:
    return [refund("x", at=AT + 4 * DAY, number=first), refund("y", at=AT + 6 * DAY, number=second, **more)]


def test_an_honest_shop_shows_nothing_that_stands_alone():
    rows = found()
    assert rows.height == 120
    assert not any(CHECKS[c][1] for c in rows["checks"].explode().drop_nulls())
    assert not rows["listed"].any()


@pytest.mark.parametrize("events", [True, False])
@pytest.mark.parametrize(
    "written",
    [FREE, FREE.lower(), " YT 0000-0000 00501 ", "ＹＴ００００００００００５０１", f"圆通{FREE}", f'="{FREE}"'],
)
def test_a_number_used_by_several_buyers_is_seen_however_it_is_written(written, events):
    rows = found(THEIRS, both(FREE, written), trace(FREE, AT + 5.5 * DAY, DOOR, AT + 8 * DAY, HOME), events=events)
    assert checks(rows, "x") == set()  # who used it first shows nothing
    assert checks(rows, "y") == {"several_buyers"}
    later = rows.filter(pl.col("order_id") == "y")
    assert (later["other_order"].item(), later["other_at"].item()) == ("x", AT + 5 * DAY)


@pytest.mark.parametrize(
    ("same", "gap"),
    [({"buyer_key": "mallory"}, 1), ({"address_key": "amallory"}, 1), ({"phone_key": "p", "address_key": None}, 1)],
)
def test_one_parcel_for_two_orders_of_a_household_is_innocent_and_a_later_order_is_not(same, gap):
    first = THEIRS[0] | ({"phone_key": "p"} if "phone_key" in same else {})
    for days, expected in ((gap, set()), (14, {"reused"})):
        second = order("y", at=AT + days * DAY, buyer="trent", number="YT7700000000002") | same
        uses = [refund("x", at=AT + 4 * DAY, number=FREE), refund("y", at=AT + (days + 4) * DAY, number=FREE)]
        rows = found([first, second], uses, trace(FREE, AT + 5.5 * DAY, DOOR, AT + 8 * DAY, HOME))
        assert checks(rows, "y") - {"before_shipping"} == expected


def test_a_second_request_for_the_same_order_is_the_same_parcel():
    again = refund("x", at=AT + 30 * DAY, number=FREE) | {"refund_id": "r-again"}
    rows = found(
        THEIRS[:1],
        [refund("x", at=AT + 4 * DAY, number=FREE), again],
        trace(FREE, AT + 5 * DAY, DOOR, AT + 7 * DAY, HOME),
    )
    row = rows.filter(pl.col("order_id") == "x")
    assert row["refund_ids"].item().to_list() == ["r-again", "r-x"]
    assert checks(rows, "x") == set()


def test_strangers_without_keys_in_one_province_may_be_a_household():
    orders = [one | {"address_key": None} for one in THEIRS]
    rows = found(orders, both(FREE, FREE), trace(FREE, AT + 5.5 * DAY, DOOR, AT + 8 * DAY, HOME))
    assert checks(rows, "y") == set()
    apart = found(
        [orders[0], orders[1] | {"province": "四川省"}],
        both(FREE, FREE),
        trace(FREE, AT + 5.5 * DAY, DOOR, AT + 8 * DAY, HOME),
    )
    assert checks(apart, "y") == {"several_buyers"}


def test_a_number_that_the_courier_uses_again_after_months_is_innocent():
    old = [order("x", at=AT - 120 * DAY, buyer="mallory"), THEIRS[1]]
    uses = [refund("x", at=AT - 116 * DAY, number=FREE), refund("y", at=AT + 6 * DAY, number=FREE)]
    events = trace(FREE, AT - 115 * DAY, DOOR, AT - 112 * DAY, HOME) + trace(
        FREE, AT + 7.2 * DAY, DOOR, AT + 9 * DAY, HOME
    )
    assert checks(found(old, uses, events), "y") == set()


def test_another_buyers_delivery_number_is_seen_and_the_own_one_is_a_refused_parcel():
    rows = found(THEIRS, [refund("y", at=AT + 6 * DAY, number="YT7700000000001")])
    assert "other_delivery" in checks(rows, "y")
    assert rows.filter(pl.col("order_id") == "y")["other_order"].item() == "x"
    own = found(THEIRS, [refund("y", at=AT + 6 * DAY, number="YT7700000000002")])
    assert own.filter(pl.col("order_id") == "y")["checks"].item().to_list() == []


@pytest.mark.parametrize(
    ("number", "courier", "odd"),
    [("8812345", None, None), ("99887766554433221100", "圆通速递", True), ("YT000000000050", "圆通速递", False),
     ("YT00000000005011", "圆通", False),
        ("YTT0000000000501", "圆通", False),
        ("AB0000000000501", "圆通", True), ("0000000000501", "圆通速递", False), ("YT9912345678909", "圆通速递", True),
     ("99887766554433221100", None, None), ("99887766554433221100", "没听过的快递", None)],
)  # fmt: skip
def test_a_form_is_odd_only_where_the_couriers_forms_are_known_and_no_slip_explains_it(number, courier, odd):
    rows = found(THEIRS, [refund("y", at=AT + 6 * DAY, number=number, return_courier=courier)], events=False)
    assert [("odd_form" in r) for r in rows.filter(pl.col("order_id") == "y")["checks"]] == (
        [] if number == "8812345" else [bool(odd)]
    )


def test_the_wrong_courier_picked_from_the_list_is_no_odd_form():
    numbers = pl.DataFrame({
        "number": [f"YT{n:011d}" for n in range(80)] + [f"SF{n:013d}" for n in range(80)] + ["SF9998887776665"],
        "courier": ["圆通"] * 80 + ["顺丰"] * 80 + ["圆通"], "own": [True] * 160 + [False],
    })  # fmt: skip
    assert odd_forms(numbers)["slips"][-1] == 0


@pytest.mark.parametrize("hours", [True, False])
def test_a_number_filled_in_before_the_goods_left_is_seen_and_a_day_without_hour_is_its_end(hours):
    early = AT + DAY - 10 * timedelta(hours=1)
    late = datetime(2026, 9, 22)  # the day the goods left, without an hour
    times = {"returned_at": early if hours else late}
    rows = found(THEIRS, [refund("y", at=AT + 6 * DAY, number=FREE, **times)], events=False)
    assert checks(rows, "y") == ({"before_shipping"} if hours else set())
    assert "before_application" in rows.filter(pl.col("order_id") == "y")["checks"].item()


def test_filled_in_before_the_approval_shows_where_the_file_says_when_that_was():
    rows = found(THEIRS, [refund("y", at=AT + 6 * DAY, number=FREE, approved_at=AT + 9 * DAY)], events=False)
    assert rows.filter(pl.col("order_id") == "y")["checks"].item().to_list() == ["before_application"]
    assert not rows["listed"].any()  # nothing measures how often that is innocent: it never stands alone


def test_a_parcel_never_scanned_is_seen_and_a_typing_error_named():
    rows = found(THEIRS, [refund("y", at=AT + 6 * DAY, number=FREE)])
    assert checks(rows, "y") == {"never_scanned"}
    real = trace("YT0000000000510", AT + 7.5 * DAY, DOOR, AT + 9 * DAY, HOME)
    typed = found(THEIRS, [refund("y", at=AT + 6 * DAY, number=FREE)], real)
    assert checks(typed, "y") == set()
    assert typed.filter(pl.col("order_id") == "y")["slip_of"].item() == "YT0000000000510"


@pytest.mark.parametrize("key", ["buyer_key", "address_key"])
def test_a_slip_of_the_households_other_number_is_no_missing_parcel(key):
    other = "YT00000000005010"  # one digit too many: an odd form, explained by the same slip
    same = [THEIRS[0], THEIRS[1] | {key: THEIRS[0][key]}]
    rows = found(same, both(FREE, other), trace(FREE, AT + 7.2 * DAY, "四川省成都市", AT + 9 * DAY, HOME))
    assert checks(rows, "y") == set()
    assert rows.filter(pl.col("order_id") == "y")["slip_of"].item() == FREE


def test_a_return_of_yesterday_is_not_called_never_scanned():
    rows = found(THEIRS, [refund("y", at=datetime(2026, 11, 13), number=FREE, status="returned", finished_at=None)])
    assert checks(rows, "y") == set()


def test_a_parcel_signed_for_elsewhere_and_one_from_elsewhere():
    away = trace(FREE, AT + 7.2 * DAY, "河北省保定市", AT + 9 * DAY, "四川省成都市")
    rows = found(THEIRS, [refund("y", at=AT + 6 * DAY, number=FREE)], away)
    row = rows.filter(pl.col("order_id") == "y")
    assert row["checks"].item().to_list() == ["signed_elsewhere", "from_elsewhere"]
    assert (row["signed_in"].item(), row["scanned_in"].item()) == ("四川省成都市", "河北省保定市")
    hub = trace(FREE, AT + 7.2 * DAY, "广州转运中心", AT + 9 * DAY, "义乌分拨")  # names no province
    assert checks(found(THEIRS, [refund("y", at=AT + 6 * DAY, number=FREE)], hub), "y") == set()


def test_several_contradictions_count_more_and_what_is_paid_and_open_is_told():
    uses = [
        refund("x", at=AT + 4 * DAY, number=FREE),
        refund("y", at=AT + 6 * DAY, number=FREE, status="returned", finished_at=None),
    ]
    one = found(THEIRS, uses, trace(FREE, AT + 5.5 * DAY, DOOR, AT + 8 * DAY, HOME))
    two = found(THEIRS, uses, trace(FREE, AT - 3 * DAY, "河北省保定市", AT + 8 * DAY, HOME))
    sure = [rows.filter(pl.col("order_id") == "y")["probability"].item() for rows in (one, two)]
    assert 0.5 < sure[0] <= sure[1]
    assert two.filter(pl.col("order_id") == "y").select("listed", "open", "paid_at").row(0) == (True, True, None)


def test_what_cannot_be_assessed_names_what_it_needs():
    orders, refunds, _ = (pl.DataFrame(rows) for rows in base())
    none = ["applied_at", "returned_at", "finished_at", "return_courier"]
    rows, tally = return_parcels(
        orders.drop("tracking_no", "buyer_key", "address_key", "province"), refunds.drop(none), until=UNTIL
    )
    assert rows["checks"].list.len().sum() == 0
    assert tally["assessed"].sum() == 0
    assert all(len(lacking) for lacking in tally["lacking"])
    assert tally.filter(pl.col("check") == "odd_form")["lacking"].item().to_list() == ["refunds.return_courier"]
    assert tally["expected_innocent"].null_count() == len(CHECKS)


def test_without_shipping_times_the_day_of_the_order_stands_in():
    orders = [one | {"shipped_at": None, "delivered_at": None} for one in THEIRS]
    rows = found(orders, both(FREE, "YT7700000000001"), events=False)
    assert checks(rows, "y") == {"other_delivery"}
    assert checks(found(orders, both(FREE, FREE), events=False), "y") == {"several_buyers"}


def test_a_trace_without_returns_is_named_and_never_read_as_not_scanned():
    orders, refunds, parcels = (pl.DataFrame(rows) for rows in base())
    sent = parcels.filter(pl.col("tracking_no").is_in(orders["tracking_no"].implode()))
    rows, tally = return_parcels(orders, refunds, sent, until=UNTIL)
    assert rows["checks"].list.len().sum() == 0
    told = dict(tally.select("check", "lacking").iter_rows())
    assert all(told[c] == ["parcels.returns"] for c in ("never_scanned", "signed_elsewhere", "paid_unsigned"))


def test_no_number_is_counted_and_never_compared():
    words = ["无", "自送", "００００００００", "111111111111", "13800138000", "", "y", None, "12345"]
    refunds = pl.DataFrame([refund("y", at=AT, number=word) | {"refund_id": str(n)} for n, word in enumerate(words)])
    assert return_numbers(refunds, until=UNTIL) == {"returns": 9, "numbered": 0, "no_number": 8}
    assert pl.DataFrame({"n": words}).select(waybill(pl.col("n"))).to_series().null_count() == 9
    longer = pl.DataFrame([refund("3141592653589793", at=AT, number="3141592653589793")])
    assert return_numbers(longer, until=UNTIL)["no_number"] == 1  # the order's own number, pasted


@pytest.mark.parametrize("real", ["1234567809", "123456789", "12345678900", "1234567", "9934567890"])
def test_slips_are_two_characters_at_most(real):
    expected = [] if real == "1234567" else [("1234567890", real)]
    assert slips_apart(pl.Series(["1234567890"]), pl.Series([real])).rows() == expected


def test_rows_in_another_order_give_the_same_frames():
    uses = both(FREE, FREE)
    first, second = (found(THEIRS, uses, seed=seed) for seed in (0, 5))
    assert first.equals(second)


def test_the_planted_benchmark_small():
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location("return_parcels_benchmark", root / "benchmarks" / "return_parcels.py")
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = bench
    spec.loader.exec_module(bench)
    told = bench.result(seed=77, forged=0.02, events=True, orders=4_000)
    assert told["both"] >= 0.95 * told["listed"] > 0
    seen = [sum(told["ways"][way][i] for way in bench.OUT_OF_NUMBER) for i in (0, 1)]
    assert seen[0] >= 0.5 * seen[1]
