"""Claim against record: each check fires on its own case, and not on the honest one that looks like it."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.measures.complaint_facts import complaint_facts
from aftersales.measures.contradictions import CHECKS, contradictions
from aftersales.measures.copied_complaints import copied_complaints
from aftersales.measures.fault import complaint_fault
from aftersales.measures.offers import offer_ranges

PAID, SCANNED, SIGNED, FILED = (datetime(2026, 11, d, 9) for d in (1, 2, 5, 9))
UNTIL = date(2026, 11, 30)
EVENTS = [("t", SCANNED, "picked_up"), ("t", SIGNED, "signed")]
NO_REFUNDS = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String})


def tables(
    text: str, *, events: Any = EVENTS, complaint: Any = (), order: Any = (), parcels: int = 1
) -> dict[str, Any]:
    """One order with its parcel, and one complaint; what differs is said."""
    orders = [
        {"order_id": "o", "line_id": f"o{n}", "buyer_key": "b", "province": "浙江省", "paid": 100.0, "paid_at": PAID,
         "created_at": PAID, "ship_by": PAID + timedelta(days=2), "shipped_at": SCANNED, "tracking_no": "t" + "+" * n}
        | dict(order)
        for n in range(parcels)
    ]  # fmt: skip
    told = {"complaint_id": "c", "order_id": "o", "filed_at": FILED, "text": text} | dict(complaint)
    schema = {"tracking_no": pl.String, "at": pl.Datetime("us"), "event": pl.String, "place": pl.String}
    rows = [(*event, None) if len(event) == 3 else event for event in events]
    return {
        "complaints": pl.DataFrame([told]), "orders": pl.DataFrame(orders),
        "parcels": pl.DataFrame(rows, schema=schema, orient="row"),
    }  # fmt: skip


def fired(text: str, *, refunds: pl.DataFrame = NO_REFUNDS, messages: Any = None, **case: Any) -> list[str]:
    made = tables(text, **case)
    found = contradictions(
        made["complaints"], refunds, made["orders"], parcels=made["parcels"], messages=messages, until=UNTIL
    )
    return found["check"].to_list()


def test_not_received_but_signed_for() -> None:
    assert fired("一直没收到货") == ["not_received_but_signed"]
    assert fired("I never received my order") == ["not_received_but_signed"]


def test_nothing_is_held_against_one_whose_parcel_may_not_be_there() -> None:
    road = [("t", SCANNED, "picked_up"), ("t", SIGNED, "in_transit")]
    just_now = [("t", SCANNED, "picked_up"), ("t", FILED - timedelta(hours=3), "signed")]
    elsewhere = [("t", SCANNED, "picked_up"), ("t", SIGNED, "signed", "湖南省长沙市")]
    turned = [*EVENTS, ("t", SIGNED + timedelta(days=1), "returned")]
    for events in (road, just_now, elsewhere, turned, [], [("t", FILED + timedelta(days=1), "signed")]):
        assert fired("一直没收到货", events=events) == []


def test_one_of_two_parcels_signed_for_is_no_contradiction() -> None:
    assert fired("一直没收到货", parcels=2) == []
    both = [*EVENTS, ("t+", SCANNED, "picked_up"), ("t+", SIGNED, "signed")]
    assert fired("一直没收到货", parcels=2, events=both) == ["not_received_but_signed"]
    assert fired("只收到一个，另一个没收到货", parcels=2, events=both) == []


def test_who_speaks_of_the_signature_holds_nothing_back() -> None:
    assert fired("显示签收了但我没收到货") == ["not_received_but_told_signature"]


def test_without_a_trace_the_orders_own_dates_are_weaker_words() -> None:
    assert fired("没收到货", events=[], order={"delivered_at": SIGNED}) == ["not_received_but_delivered"]
    assert fired("没收到货", events=[], order={"confirmed_at": SIGNED}) == ["not_received_but_confirmed"]
    assert fired("超时不发货", events=[]) == ["late_claim_but_marked_shipped"]


def test_the_buyers_own_words_count_if_they_came_before() -> None:
    said = pl.DataFrame({"order_id": ["o"], "sender": ["buyer"], "sent_at": [SIGNED], "text": ["收到了，谢谢"]})
    road = [("t", SCANNED, "picked_up")]
    assert fired("没收到货", events=road, messages=said) == ["not_received_but_wrote_received"]
    assert fired("没收到货", events=road, messages=said.with_columns(text=pl.lit("还没收到了吗"))) == []
    assert fired("没收到货", events=road, messages=said.with_columns(sent_at=FILED + timedelta(days=1))) == []
    assert fired("没收到货", events=road, messages=said.with_columns(sender=pl.lit("agent"))) == []


def test_a_late_claim_is_held_against_the_last_first_scan() -> None:
    assert fired("超过48小时没发货") == ["late_claim_against_first_scan"]
    late = [("t", PAID + timedelta(days=3), "picked_up"), ("t", SIGNED, "signed")]
    assert fired("超过48小时没发货", events=late) == []
    second_late = [*EVENTS, ("t+", PAID + timedelta(days=3), "picked_up")]
    assert fired("超过48小时没发货", parcels=2, events=second_late) == []
    assert fired("超过48小时没发货", order={"ship_by": None}) == []


def test_a_late_claim_before_the_promised_time() -> None:
    early = {"filed_at": PAID + timedelta(days=1)}
    assert fired("一直不发货", complaint=early, events=[("t", PAID + timedelta(days=5), "picked_up")]) == [
        "late_claim_before_due"
    ]


def test_goods_in_hand_before_any_parcel_was() -> None:
    early = {"filed_at": SIGNED - timedelta(days=1)}
    assert fired("用了两天就坏", complaint=early) == ["goods_claim_before_receipt"]
    assert fired("用了两天就坏") == []
    assert fired("页面宣传的材质好像不符", complaint=early) == []
    one_there = [*EVENTS, ("t+", SCANNED, "picked_up"), ("t+", FILED, "signed")]
    assert fired("用了两天就坏", parcels=2, events=one_there) == []


def day(moment: datetime, more: int = 0) -> datetime:
    """The day of a moment as a file without hours gives it."""
    return moment.replace(hour=0) + timedelta(days=more)


def test_a_day_without_an_hour_is_read_in_the_buyers_favour() -> None:
    assert fired("用了两天就坏", complaint={"filed_at": day(SIGNED)}) == []  # perhaps filed in the evening
    assert fired("用了两天就坏", complaint={"filed_at": day(SIGNED, -1)}) == ["goods_claim_before_receipt"]
    assert fired("一直没收到货", complaint={"filed_at": day(SIGNED)}) == []
    assert fired("一直没收到货", complaint={"filed_at": day(SIGNED, 2)}) == ["not_received_but_signed"]
    signed_on_a_day = [("t", SCANNED, "picked_up"), ("t", day(SIGNED), "signed")]
    assert fired("一直没收到货", events=signed_on_a_day, complaint={"filed_at": day(SIGNED, 1)}) == []
    due = {"ship_by": day(SCANNED).replace(hour=12)}
    late = "超过48小时没发货"
    scanned_on_a_day = [("t", day(SCANNED), "picked_up"), ("t", SIGNED, "signed")]
    assert fired(late, order=due) == ["late_claim_against_first_scan"]
    assert fired(late, order=due, events=scanned_on_a_day) == []


@pytest.mark.parametrize(
    ("text", "on_record", "asked"),
    [
        ("要求退一赔三", 350.0, 350.0),
        ("要求退一赔三", None, 400.0),
        ("不赔500元就投诉", 350.0, 500.0),
        ("赔偿", 350.0, 350.0),
    ],
)
def test_an_amount_on_record_is_not_replaced_by_one_worked_out(
    text: str, on_record: float | None, asked: float
) -> None:
    made = tables(text, complaint={"amount_demanded": on_record})
    found = contradictions(made["complaints"], NO_REFUNDS, made["orders"], parcels=made["parcels"], until=UNTIL)
    assert set(found["asked"]) == {asked}


def test_a_trace_that_ends_before_the_complaint_proves_nothing() -> None:
    road = [("t", SCANNED, "picked_up")]
    assert fired("用了两天就坏", events=road) == []
    exported_later = [*road, ("other", FILED + timedelta(days=1), "signed")]
    assert fired("用了两天就坏", events=exported_later) == ["goods_claim_before_receipt"]
    traced_on = [*road, ("t", FILED + timedelta(days=1), "signed")]
    assert fired("用了两天就坏", events=traced_on) == ["goods_claim_before_receipt"]


def test_an_order_never_paid() -> None:
    unpaid = {"paid": 0.0, "paid_at": None, "tracking_no": None, "ship_by": None, "shipped_at": None}
    assert fired("收到是坏的", order=unpaid, events=[]) == ["never_paid"]
    assert fired("优惠券没用上", order=unpaid, events=[]) == []


def test_facts_left_out() -> None:
    refused = [("t", SCANNED, "picked_up"), ("t", SIGNED, "refused")]
    assert fired("没收到货", events=refused) == ["left_out_refusal"]
    refund = pl.DataFrame({
        "refund_id": ["r"], "order_id": ["o"], "status": ["succeeded"], "amount": [100.0], "finished_at": [SIGNED],
    })  # fmt: skip
    assert fired("碎了要求退款", refunds=refund, complaint={"amount_demanded": 100.0}) == ["left_out_refund"]
    half = refund.with_columns(amount=pl.lit(50.0))
    assert fired("碎了要求退款", refunds=half, complaint={"amount_demanded": 50.0}) == []


def test_a_refund_asked_for_as_unshipped_after_the_scan() -> None:
    refund = pl.DataFrame({
        "refund_id": ["r"], "order_id": ["o"], "status": ["requested"], "amount": [100.0], "reason": ["late_ship"],
        "applied_at": [SIGNED],
    })  # fmt: skip
    assert fired("要求处理", refunds=refund) == ["refund_asked_as_unshipped"]
    assert fired("要求处理", refunds=refund.with_columns(applied_at=PAID)) == []


@pytest.mark.parametrize(
    ("text", "asked", "checks"),
    [
        ("不赔500元就投诉12315", None, ["threat_with_sum", "far_above_price"]),
        ("不退100元就投诉12315", None, ["threat"]), ("碎了，退款100元", 100.0, []), ("碎了", 160.0, ["above_price"]),
        ("转我50就撤诉", None, ["money_for_silence"]), ("依据消法第五十五条退一赔三", None, ["far_above_price", "cites_law"]),
    ],
)  # fmt: skip
def test_demands_are_held_against_what_was_paid(text: str, asked: float | None, checks: list[str]) -> None:
    assert fired(text, complaint={"amount_demanded": asked}) == checks


def test_a_complaint_of_an_unknown_order_is_not_held_against_records() -> None:
    assert fired("一直没收到货", complaint={"order_id": "elsewhere"}) == []
    assert fired("一直没收到货", complaint={"order_id": None}) == []


def test_what_was_filed_or_ended_later_is_not_known_yet() -> None:
    assert fired("一直没收到货", complaint={"filed_at": datetime(2026, 12, 1)}) == []
    made = tables("碎了", complaint={"closed_at": datetime(2026, 12, 5), "fault": "buyer"})
    facts = complaint_facts(made["complaints"], NO_REFUNDS, made["orders"], until=UNTIL)
    assert facts.select("closed_at", "fault").row(0) == (None, None)


@given(st.lists(st.text(max_size=80), min_size=1, max_size=6))
@settings(max_examples=40)
def test_any_text_gives_known_checks_once_each(texts: list[str]) -> None:
    made = tables("")
    many = pl.DataFrame({
        "complaint_id": [f"c{n}" for n in range(len(texts))], "order_id": ["o"] * len(texts),
        "filed_at": [FILED] * len(texts), "text": texts,
    })  # fmt: skip
    found = contradictions(many, NO_REFUNDS, made["orders"], parcels=made["parcels"], until=UNTIL)
    assert set(found["check"]) <= set(CHECKS)
    assert not found.select("complaint_id", "check").is_duplicated().any()


def complaints_about(products: list[str], text: str, *, asked: float) -> pl.DataFrame:
    """One complaint a product given, all in the same words, among sixty others about twenty products."""
    rows = [(f"c{n}", f"o{n}", f"b{n}", p, text, asked) for n, p in enumerate(products)]
    letters = random.Random(0)
    rows += [
        (
            f"d{n}",
            f"p{n}",
            f"x{n}",
            f"s{n % 20}",
            "".join(letters.choices("天地玄黄宇宙洪荒日月盈昃辰宿列张", k=30)),
            0.0,
        )
        for n in range(60)
    ]
    columns = ("complaint_id", "order_id", "buyer_key", "product_id", "text", "asked")
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return frame.with_columns(filed_at=pl.lit(FILED), price_multiple=pl.col("asked") / 100)


def test_copies_on_one_product_that_ask_for_more_are_copied() -> None:
    text = "商家宣传材质与实际严重不符，要求退一赔三并保留举报权利"
    told = copied_complaints(complaints_about(["s1"] * 4, text, asked=400.0))
    assert told["kind"].to_list() == ["copied"] * 4
    assert told["first_id"].unique().to_list() == ["c0"]


def test_a_stock_phrase_that_many_click_is_none() -> None:
    text = "商品与页面描述不符，请商家尽快核实并给出解决方案"
    spread = complaints_about([f"s{n}" for n in range(12)], text, asked=100.0)
    assert set(copied_complaints(spread)["kind"]) == {"stock"}


def test_one_buyer_repeating_is_no_group() -> None:
    frame = complaints_about(["s1"] * 4, "商家宣传材质与实际严重不符，要求退一赔三", asked=400.0)
    assert copied_complaints(frame.with_columns(buyer_key=pl.lit("b"))).is_empty()


def test_fault_goes_from_what_is_recorded_to_what_is_merely_said() -> None:
    late = [("t", PAID + timedelta(days=3), "picked_up"), ("t", SIGNED, "signed")]
    cases: list[tuple[dict[str, Any], str, tuple[str | None, str | None]]] = [
        (tables("没收到货", complaint={"fault": "seller"}), "lost_or_stalled", ("seller", "recorded")),
        (tables("超过48小时没发货"), "late_ship", ("buyer", "contradicted")),
        (tables("没收到货"), "lost_or_stalled", ("disputed", "contradicted")),
        (tables("超过48小时没发货", events=late), "late_ship", ("seller", "borne_out")),
        (tables("没收到货", events=EVENTS[:1]), "lost_or_stalled", ("carrier", "borne_out")),
        (tables("碎了"), "damaged", ("carrier", "reason")),
        (tables("嗯"), "unsure", (None, None)),
    ]
    for made, cause, expected in cases:
        args = (made["complaints"], NO_REFUNDS, made["orders"])
        facts = complaint_facts(*args, parcels=made["parcels"], until=UNTIL)
        found = contradictions(*args, parcels=made["parcels"], until=UNTIL)
        assert complaint_fault(facts, found, pl.Series([cause])).row(0)[1:] == expected


def test_offers_are_null_below_five_endings_and_lie_within_what_was_paid() -> None:
    past = pl.DataFrame({
        "cause": ["damaged"] * 6 + ["size"] * 4, "fault": ["seller"] * 10, "value": [100.0] * 10,
        "closed_at": [FILED] * 10, "compensation": [10.0, 20, 30, 40, 50, 60] + [10.0] * 4,
    })  # fmt: skip
    told = offer_ranges(past)
    assert told["cases"].to_list() == [6, 4]
    assert told["share_low"].to_list()[1] is None
    assert 0.1 <= told["share_low"][0] <= told["share_high"][0] <= 0.6
    assert offer_ranges(past.with_columns(closed_at=pl.lit(None, dtype=pl.Datetime))).is_empty()
