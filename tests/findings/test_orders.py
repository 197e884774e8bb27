"""suspicious_orders: the contract, stable names, buyers cleared, both languages, and calm words."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from aftersales.findings.contract import check
from aftersales.findings.orders import (
    conduct_known,
    expected_innocent,
    orders_from_timing_and_keys_alone,
    seller_agreement,
    suspicious_orders,
)
from aftersales.measures.order_evidence import order_evidence
from aftersales.words.language import catalogue
from aftersales.words.periods import Week

WEEK = Week.parse("2026-W46")
LAST = datetime(2026, 11, 15, 12)


def shop(seed: int = 1, buyers: int = 1500) -> tuple[list[dict], list[dict]]:
    """Ordinary orders of the 120 days up to the week."""
    draw = np.random.default_rng(seed)
    who = np.repeat(np.arange(buyers), draw.poisson(draw.gamma(0.8, 2.5, buyers)))
    rows, asked = [], []
    for number, buyer in enumerate(who):
        rows.append(order(f"h{number:05}", f"b{buyer}", LAST - timedelta(days=float(draw.uniform(1, 120))),
                          address=f"home{buyer}", product=f"p{draw.integers(0, 30)}"))  # fmt: skip
        if draw.random() < 0.08:
            asked.append(refund(f"h{number:05}", reason="size"))
    return rows, asked


def order(name: str, buyer: str, at: datetime, *, address: str = "a", product: str = "p1", **more: object) -> dict:
    return {"order_id": name, "buyer_key": buyer, "buyer_key_quality": "full", "address_key": address,
            "phone_key": f"t{buyer}", "province": "浙江省", "product_id": product, "sku": "one", "amount": 80.0,
            "created_at": at, "shipped_at": at + timedelta(days=1), "status": "finished", "close_reason": None} | more  # fmt: skip


def refund(name: str, *, reason: str = "quality", phase: str = "after_receipt", at: datetime = LAST) -> dict:
    return {"refund_id": f"r{name}", "order_id": name, "kind": "refund_only", "phase": phase, "reason": reason,
            "status": "succeeded", "applied_at": at}  # fmt: skip


def burst(
    at: datetime, *, buyer: str = "x", orders: int = 9, kept: int = 0, **more: object
) -> tuple[list[dict], list[dict]]:
    names = [f"{buyer}{i}" for i in range(orders)]
    rows = [
        order(n, buyer, at + timedelta(minutes=17 * i), address=f"door{buyer}", **more) for i, n in enumerate(names)
    ]
    return rows, [refund(n, phase="before_shipping", at=at + timedelta(hours=9)) for n in names[kept:]]


def frames(*parts: tuple[list[dict], list[dict]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows, asked = [r for p in parts for r in p[0]], [r for p in parts for r in p[1]]
    return pl.DataFrame(rows, infer_schema_length=None), pl.DataFrame(asked, infer_schema_length=None)


NEAR = LAST - timedelta(days=20)


def test_a_burst_is_listed_with_reasons_explanations_and_a_step() -> None:
    rows = suspicious_orders(*frames(shop(), burst(NEAR, close_reason="恶意买家/同行捣乱")), week=WEEK, language="en")
    check("suspicious_orders", rows)
    assert sorted(rows["order_id"]) == [f"x{i}" for i in range(9)]
    assert rows["pattern"].unique().to_list() == ["burst"]
    first = rows.row(0, named=True)
    assert any("9 orders" in reason for reason in first["reasons"])
    assert any("indicative only" in reason for reason in first["reasons"])
    assert len(first["innocent_explanations"]) >= 2
    assert "politely" in first["next_step"]
    assert 0.5 < first["probability"] < 1
    assert first["expected_innocent"] == pytest.approx(1 - first["case_probability"])
    assert "expected to be false positives" in expected_innocent(rows, language="en")


def test_a_quiet_shop_has_an_empty_list_with_its_columns() -> None:
    rows = suspicious_orders(*frames(shop()), week=WEEK)
    assert rows.is_empty()
    check("suspicious_orders", rows)


def test_a_reseller_whose_orders_stay_is_not_listed() -> None:
    assert suspicious_orders(*frames(shop(), burst(NEAR, kept=9)), week=WEEK).is_empty()


def test_only_cases_of_the_last_twelve_weeks_are_listed() -> None:
    old = LAST - timedelta(days=100)
    assert suspicious_orders(*frames(shop(), burst(old)), week=WEEK).is_empty()
    assert suspicious_orders(*frames(shop(), burst(old)), week=WEEK.shift(-8)).height == 9


def test_nothing_later_than_the_week_is_looked_at() -> None:
    assert suspicious_orders(*frames(shop(), burst(NEAR)), week=WEEK.shift(-4)).is_empty()


def ring(at: datetime, *, first: int, accounts: int) -> tuple[list[dict], list[dict]]:
    names = [f"ring{first + i}" for i in range(accounts)]
    rows = [order(n, f"acc{n}", at + timedelta(hours=3 * i), address="ringdoor") for i, n in enumerate(names)]
    return rows, [refund(n) for n in names]


def test_a_ring_that_grows_keeps_its_oldest_id() -> None:
    early, late = ring(NEAR, first=0, accounts=7), ring(NEAR + timedelta(days=12), first=7, accounts=6)
    before = suspicious_orders(*frames(shop(), early), week=WEEK)
    after = suspicious_orders(*frames(shop(), early, late), week=WEEK)
    assert before["case_id"].unique().to_list() == after["case_id"].unique().to_list()
    assert after.height == 13
    assert before.height == 7
    assert set(after["pattern"]) == {"ring"}


def test_a_cleared_buyer_stays_off_unless_the_pattern_changes() -> None:
    history = ([order(f"old{i}", "x", LAST - timedelta(days=40 + 2 * i), address="doorx") for i in range(30)], [])
    kept_before, bad_now = frames(shop(), history, burst(NEAR))
    assert suspicious_orders(kept_before, bad_now, week=WEEK).height == 9
    assert suspicious_orders(kept_before, bad_now, week=WEEK, innocent={"x": NEAR.date()}).is_empty()
    # cleared before it began: what followed is nothing like what was cleared
    changed = suspicious_orders(kept_before, bad_now, week=WEEK, innocent={"x": NEAR.date() - timedelta(days=3)})
    assert changed.height == 9
    # cleared for just this conduct, and it goes on
    again = burst(NEAR - timedelta(days=40), buyer="y", orders=10)
    more = burst(NEAR, buyer="y", orders=9)
    for row, asked in zip(more[0], more[1], strict=True):
        row["order_id"] = asked["order_id"] = "z" + row["order_id"]
        asked["refund_id"] = "r" + row["order_id"]
    same = suspicious_orders(*frames(shop(), again, more), week=WEEK, innocent={"y": NEAR.date() - timedelta(days=9)})
    assert same.is_empty()


def test_orders_that_still_wait_are_listed_where_such_timing_was_borne_out() -> None:
    past = [burst(NEAR - timedelta(days=9 * i), buyer=f"k{i}") for i in range(4)]
    waiting = burst(LAST - timedelta(hours=4), buyer="w", kept=9, shipped_at=None, status="paid")
    rows = suspicious_orders(*frames(shop(), *past, waiting), week=WEEK, language="en")
    open_ = rows.filter("waiting")
    assert open_.height == 9
    assert open_["probability"].max() < rows.filter(~pl.col("waiting"))["probability"].max()
    assert "Hold shipping" in open_["next_step"][0]
    assert suspicious_orders(*frames(shop(), waiting), week=WEEK).is_empty()


def test_set_aside_does_not_look_at_refunds() -> None:
    orders, refunds = frames(shop(), burst(NEAR))
    alone = orders_from_timing_and_keys_alone(orders, refunds, week=WEEK)
    kept = orders_from_timing_and_keys_alone(*frames(shop(), burst(NEAR, kept=9)), week=WEEK)
    assert sorted(alone["order_id"]) == [f"x{i}" for i in range(9)]
    assert alone.equals(kept)


def test_the_sellers_label_is_compared_and_the_masked_share_counted() -> None:
    orders, refunds = frames(shop(), burst(NEAR, close_reason="恶意买家/同行捣乱"))
    evidence = order_evidence(orders, refunds, until=WEEK.sunday)
    rows = suspicious_orders(orders, refunds, week=WEEK, evidence=evidence)
    known = conduct_known(evidence, week=WEEK)
    counts = seller_agreement(rows, told=known["told"][0])
    assert (counts["told"], counts["both"], counts["listed"]) == (9, 9, 9)
    assert counts["share_low"] < counts["share"] == counts["share_high"] == 1.0
    assert known["share_masked"].to_list() == [0]


def test_words_are_calm_in_both_languages() -> None:
    ours = {key: pair for key, pair in catalogue().items() if key.startswith("suspects.")}
    assert ours
    for pair in ours.values():
        assert "骗" not in pair["zh"]
        assert "fraud" not in pair["en"].lower()
        assert "guilty" not in pair["en"].lower()
    zh = suspicious_orders(*frames(shop(), burst(NEAR)), week=WEEK, language="zh")
    en = suspicious_orders(*frames(shop(), burst(NEAR)), week=WEEK, language="en")
    assert zh.drop("reasons", "innocent_explanations", "next_step").equals(
        en.drop("reasons", "innocent_explanations", "next_step")
    )
    assert zh["reasons"].list.len().to_list() == en["reasons"].list.len().to_list()


def test_money_and_dates_are_the_orders_own() -> None:
    rows = suspicious_orders(*frames(shop(), burst(NEAR)), week=WEEK)
    assert float(rows["money_at_risk"].sum()) == 9 * 80
    assert rows["created_at"].dt.date().min() >= date(2026, 10, 26)
