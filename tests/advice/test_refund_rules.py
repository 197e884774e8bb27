"""Small refunds approved at once, and a courier changed: what is planted comes out, and little data names nobody."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from aftersales.advice.courier_swap import courier_swaps
from aftersales.advice.decisions import judged_decisions
from aftersales.advice.refund_rules import AMOUNTS, replay_auto_approve
from aftersales.advice.unit_weeks import bad_order_weeks
from aftersales.words.periods import Week

START = datetime(2026, 5, 4)
UNTIL = date(2026, 11, 15)
WEEK = Week.parse("2026-W46")


def requests(unpaid_share, *, count=900, seed=3):
    """Refund-only requests of goods received; so large a share of those above 25 ended without money."""
    rng = np.random.default_rng(seed)
    amount = rng.gamma(2, 12, count)
    closed = (amount > 25) & (rng.random(count) < unpaid_share)
    at = [START + timedelta(days=float(d)) for d in np.sort(rng.random(count)) * 180]
    return pl.DataFrame({
        "refund_id": [str(k) for k in range(count)], "order_id": [f"o{k}" for k in range(count)],
        "kind": ["refund_only"] * count, "phase": ["after_receipt"] * count, "amount": amount,
        "status": ["closed" if c else "succeeded" for c in closed], "applied_at": at, "finished_at": at,
    })  # fmt: skip


def replayed(frame):
    return replay_auto_approve(frame, until=UNTIL, since=START.date(), handling=3.0)


def test_the_amount_stops_where_money_would_be_given_away():
    found = replayed(requests(0.9))
    assert (found.answer, found.threshold) == ("worth", 20.0)
    table = found.table
    assert table["bad_stopped"].is_sorted()
    assert table.filter(threshold=20.0)["good_hurt"][0] == 0
    assert table.filter(threshold=80.0)["net"][0] < 0
    for row in table.iter_rows(named=True):
        assert abs(row["saved"] - row["lost"] - row["net"]) < 1e-6
        assert row["net_low"] <= row["net"] <= row["net_high"]


def test_where_every_request_ends_in_money_the_largest_amount_is_taken():
    assert replayed(requests(0.0)).threshold == AMOUNTS[-1]
    assert replayed(requests(0.0).head(0)).answer == "cannot_say"
    assert replayed(requests(0.0, count=40)).answer == "cannot_say"


def parcels(bad_rate, other_rate, *, count=1500, seed=6, other=True):
    """Orders of one province with two couriers, the one of which loses parcels more often."""
    rng = np.random.default_rng(seed)
    courier = np.where(rng.random(count) < 0.5, "甲快递", "乙快递") if other else np.full(count, "甲快递")
    at = [START + timedelta(days=float(d)) for d in rng.random(count) * 180]
    orders = pl.DataFrame({
        "order_id": [str(k) for k in range(count)], "courier": courier, "shipped_at": at, "province": ["河南省"] * count,
        "category": rng.choice(["枕头", "灯具"], count),
    })  # fmt: skip
    lost = rng.random(count) < np.where(courier == "甲快递", bad_rate, other_rate)
    refunds = orders.filter(pl.Series(lost)).select(
        "order_id", refund_id="order_id", reason=pl.lit("lost_or_stalled"), applied_at="shipped_at"
    )
    driver = pl.DataFrame(
        {"segment": ["courier=甲快递 & province=河南省 & reason=lost_or_stalled"], "since": [START.date()]}
    )
    return courier_swaps(orders, refunds, driver, since=START.date(), until=UNTIL)


def test_the_better_courier_is_named_with_what_it_would_save():
    found = parcels(0.2, 0.05)
    ((segment, (than, swap)),) = found.items()
    assert segment.startswith("courier=甲快递")
    assert than == "乙快递"
    assert swap.overlap > 0.9
    assert swap.change_low < -0.15 < swap.change_high < 0


def test_none_is_named_where_none_is_better_or_there_is_no_other():
    assert not parcels(0.05, 0.05)
    assert not parcels(0.2, 0.05, other=False)
    assert not parcels(0.2, 0.05, count=60)


def bad_shop(after, *, seed=7):
    """Orders a day, of which so many a day are on record as bad before and after a day in August."""
    rng = np.random.default_rng(seed)
    rows, bad = [], []
    for day in range(196):
        at = START + timedelta(days=day)
        rows += [(f"{day}-{k}", at) for k in range(120)]
        expected = 4.0 if day < 98 else after
        bad += [(f"{day}-{k}", f"c{day}-{k}", at + timedelta(days=2), "seller") for k in range(rng.poisson(expected))]
    orders = pl.DataFrame(rows, schema=["order_id", "created_at"], orient="row")
    return orders, pl.DataFrame(bad, schema=["order_id", "case_id", "known_at", "source"], orient="row")


def test_a_limit_is_judged_by_bad_orders_on_record():
    refunds = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String, "applied_at": pl.Datetime})
    taken = pl.DataFrame({
        "decision_id": ["d"], "lever": ["purchase_limit"], "scope": ["shop"], "measure": ["bad_orders"],
        "effective_from": [START.date() + timedelta(days=98)], "expected_low": [-0.2],
    })  # fmt: skip
    for after, verdict in ((1.0, "worked"), (4.0, "cannot_tell"), (9.0, "harmed")):
        orders, bad = bad_shop(after)
        found = judged_decisions(taken, orders, refunds, market="cn", week=WEEK, bad=bad).row(0, named=True)
        assert found["verdict"] in ({verdict, "did_not"} if verdict == "cannot_tell" else {verdict})
        assert found["method"] == "interrupted"
    # a refused parcel is no malice: measured by malice alone there is nothing to see
    orders, bad = bad_shop(1.0)
    refused = judged_decisions(
        taken, orders, refunds, market="cn", week=WEEK, bad=bad.with_columns(source=pl.lit("refused"))
    )
    assert refused["verdict"].to_list() == ["cannot_tell"]


def test_a_ring_counts_once_a_week():
    orders, bad = bad_shop(4.0)
    one = bad.with_columns(case_id=pl.lit("ring"))
    assert bad_order_weeks(orders, one, week=WEEK)["events"].max() == 1
    assert bad_order_weeks(orders, bad, week=WEEK)["events"].sum() == bad.height
