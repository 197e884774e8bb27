"""Demands: sums, multiples and ultimatums in both languages, and what is no threat at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.measures.demands import demands


@pytest.mark.parametrize(
    "text",
    [
        "不赔三倍就投诉12315", "今天不给钱，我就发到网上", "否则去法院起诉你们", "再不退就给差评", "不处理的话我立刻曝光",
        "Pay me or I will report you", "Refund me, otherwise I leave a bad review", "Unless you pay I will sue",
    ],
)  # fmt: skip
def test_an_ultimatum_is_one_in_both_languages(text: str) -> None:
    assert demands([text])["threat"].to_list() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "我已经打了12315咨询", "投诉一下你们的物流", "质量不好，想退货", "不喜欢，退了", "I will leave a review later",
        "Please report the loss to the courier", "客服态度差，要投诉", "The colour is bad or faded",
    ],
)  # fmt: skip
def test_a_complaint_alone_is_no_ultimatum(text: str) -> None:
    assert demands([text])["threat"].to_list() == [False]


@pytest.mark.parametrize(
    ("text", "asked", "multiple"),
    [
        ("赔我500元", 500, None), ("要求赔偿１０００块", 1000, None), ("给我转三百块", 300, None),
        ("pay me 250 yuan", 250, None), ("I demand ¥80 back", 80, None), ("退一赔三", None, 4), ("假一赔十", None, 11),
        ("必须赔偿三倍", None, 3), ("triple the price", None, 3), ("我花了300元买的", None, None), ("买了3件", None, None),
    ],
)  # fmt: skip
def test_sums_and_multiples_are_read_and_prices_are_not(text: str, asked: float | None, multiple: float | None) -> None:
    assert demands([text]).select("sum_asked", "price_multiple").row(0) == (asked, multiple)


def test_money_for_silence_is_told_from_a_fair_refund() -> None:
    told = demands(
        ["转我200就撤诉", "pay me 50 and I will delete the review", "退款后我会撤销申请", "我改好评是自愿的"]
    )
    assert told["silence"].to_list() == [True, True, False, False]


@given(st.lists(st.text(max_size=200), max_size=5))
@settings(max_examples=60)
def test_any_text_gets_one_row(texts: list[str]) -> None:
    assert demands(texts).height == len(texts)


@pytest.mark.parametrize("piece", ["不", "赔", "不赔就", "or ", "1", "pay me ", "\u202e不\x00", "¥9"])
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.process_time()
    demands([text])
    assert time.process_time() - start < 10
