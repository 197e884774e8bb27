"""Bad orders on record, how much of them is known yet, and a risk score that knows only what was known."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.advice.known_bad import known_bad, never_paid, shipped_in_vain
from aftersales.advice.known_share import known_share
from aftersales.advice.order_risk import order_risk
from aftersales.advice.order_rules import order_facts
from aftersales.advice.replay import replay
from aftersales_demo.shop import simulate_shop
from aftersales_demo.spec import ShopSpec
from aftersales_demo.tables import shop_tables

START = datetime(2026, 3, 1)
UNTIL = date(2026, 11, 22)


@pytest.fixture(scope="module")
def tables():
    return shop_tables(simulate_shop(ShopSpec(orders=6_000), seed=3))


def test_every_source_counts_and_the_strongest_names_the_order():
    orders = pl.DataFrame({
        "order_id": list("abcde"), "buyer_key": ["x", "x", "y", None, "z"], "created_at": [START] * 5,
        "shipped_at": [None, START, START, START, START], "tracking_no": [None, "1", "2", "3", "4"],
        "close_reason": ["同行捣乱", None, None, None, None],
    })  # fmt: skip
    refunds = pl.DataFrame({
        "refund_id": ["1", "2"], "order_id": ["b", "c"], "reason": ["refused_parcel", "quality"],
        "platform_involved": [False, True], "fault": [None, "buyer"], "applied_at": [START] * 2,
        "finished_at": [START + timedelta(days=9)] * 2, "status": ["succeeded"] * 2, "kind": ["refund_only"] * 2,
        "phase": ["in_transit", "after_receipt"], "amount": [9.0, 50.0],
    })  # fmt: skip
    parcels = pl.DataFrame({
        "tracking_no": ["3", "4", "4"], "at": [START + timedelta(days=2)] * 3, "event": ["returned", "returned", "signed"],
    })  # fmt: skip
    confirmed = pl.DataFrame({"order_id": ["b"], "case_id": ["suspect-1"], "at": [START + timedelta(days=20)]})
    found = known_bad(orders, refunds, until=UNTIL, parcels=parcels, confirmed=confirmed)
    said = dict(found.select("order_id", "source").iter_rows())
    # e came back after somebody had signed for it: an ordinary return
    assert said == {"a": "seller", "b": "case", "c": "platform", "d": "refused"}
    cases = dict(found.select("order_id", "case_id").iter_rows())
    assert cases == {"a": "x", "b": "suspect-1", "c": "y", "d": "d"}
    # goods that were paid back and stayed away are lost as well
    assert found.filter(order_id="c")["loss"][0] == pytest.approx(6 + 8 + 3 + 50)
    unknown = known_bad(orders, refunds.drop("amount"), until=UNTIL, parcels=parcels, confirmed=confirmed)
    assert dict(unknown.select("order_id", "loss").iter_rows()) == {"a": 3, "b": 17, "c": None, "d": 17}
    # known from the first word of any source on
    assert found.filter(order_id="b")["known_at"][0] == START


def test_what_no_file_says_is_bad_is_not(tables):
    quiet = simulate_shop(ShopSpec(orders=3_000, abuse=False, refused_rate=0.0, complaints=False), seed=3)
    made = shop_tables(quiet)
    found = known_bad(made["orders"], made["refunds"], until=UNTIL)
    assert found.filter(pl.col("source") != "platform").is_empty()
    assert known_bad(tables["orders"], tables["refunds"], until=UNTIL).height > found.height


def test_unpaid_orders_and_parcels_asked_back_are_what_they_say(tables):
    orders, refunds = tables["orders"], tables["refunds"]
    unpaid = never_paid(orders, until=UNTIL, locked_share=0.01)
    status = dict(orders.lazy().select("order_id", "status").unique("order_id").collect().iter_rows())
    assert {status[o] for o in unpaid["order_id"]} == {"closed_unpaid"}
    vain = shipped_in_vain(orders, refunds, until=UNTIL, loss=17.5)
    phases = refunds.lazy().filter(pl.col("phase") == "in_transit").collect()["order_id"]
    assert set(vain["order_id"]) <= set(phases)
    assert vain["known_at"].is_not_null().all()


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0, 60)), max_size=60), st.lists(st.floats(0, 90), max_size=9))
def test_what_is_known_only_grows_with_age(told, asked):
    delays, ages = (np.array([t[k] for t in told]) for k in (0, 1))
    share = known_share(delays, ages, np.sort(np.array(asked)))
    assert ((share >= 0) & (share <= 1)).all()
    assert (np.diff(share) >= -1e-12).all()


def test_young_orders_do_not_bend_the_estimate():
    """Delays of ten days on average, seen from orders of which most are younger than that: plain shares would lie."""
    rng = np.random.default_rng(4)
    delays, ages = rng.exponential(10, 60_000), rng.uniform(0, 60, 60_000)
    seen = delays <= ages
    share = known_share(delays[seen], ages[seen], np.array([5.0, 10.0, 20.0]))
    truth = 1 - np.exp(-np.array([5.0, 10.0, 20.0]) / 10)
    assert share == pytest.approx(truth / (1 - np.exp(-6)), abs=0.03)
    plain = [(delays[seen] <= d).mean() for d in (5, 10, 20)]
    assert plain[0] > truth[0] + 0.04


def test_money_allows_for_what_is_not_known_yet():
    rng = np.random.default_rng(5)
    days = np.sort(rng.random(4000) * 180)
    who = [f"bad{k // 5}" if k % 2 else f"h{k}" for k in range(4000)]
    orders = pl.DataFrame({
        "order_id": [str(k) for k in range(4000)], "buyer_key": who, "amount": [60.0] * 4000,
        "created_at": [START + timedelta(days=float(d)) for d in days],
    })  # fmt: skip
    bad = orders.filter(pl.col("buyer_key").str.starts_with("bad"))
    late = rng.exponential(30, bad.height)
    known = bad.select(
        "order_id",
        case_id="buyer_key",
        known_at=pl.col("created_at") + pl.Series(late * 86400e6).cast(pl.Duration("us")),
    )
    end = START + timedelta(days=180)
    some = replay(orders, known.filter(pl.col("known_at") <= end), rule="purchase_limit", thresholds=(1,), days=30)
    whole = replay(orders, known.drop("known_at"), rule="purchase_limit", thresholds=(1,), days=30)
    row, truth = some.table.row(0, named=True), whole.table.row(0, named=True)
    assert row["known_share"] < 0.75
    assert row["bad_orders"] < 0.75 * truth["bad_orders"]
    assert row["saved"] == pytest.approx(truth["saved"], rel=0.12)


def test_a_score_knows_nothing_that_came_later(tables):
    """The score of an order is the same whatever happens after it."""
    orders, refunds = tables["orders"], tables["refunds"]
    facts = order_facts(orders, refunds)
    cut = facts["created_at"][facts.height // 2]
    early = facts.filter(pl.col("created_at") <= cut)
    later_known = pl.when(pl.col("asked_at") <= cut).then("asked_at")
    then = order_risk(early.with_columns(asked_at=later_known))
    now = order_risk(facts).head(early.height)
    assert then["score"].to_list() == pytest.approx(now["score"].to_list())
    assert now["score"].drop_nulls().is_between(0, 1).all()


def test_a_masked_buyer_has_no_score():
    facts = order_facts(pl.DataFrame({"order_id": ["a", "b"], "created_at": [START] * 2, "buyer_key": [None, "x"]}))
    scores = facts.select("buyer_key", score=order_risk(facts)["score"]).sort("buyer_key", nulls_last=False)
    assert scores["score"].to_list() == [None, 0.0]
