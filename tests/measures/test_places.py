"""Rates by place: small places are drawn to the shop's rate, large ones speak for themselves."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from aftersales.measures.places import MOST_PRIOR_ORDERS, beta_prior, rate_by_place

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DAY = date(2026, 11, 15)


def shop(places):
    """Orders and refunds from {place: (refunded, paid)}."""
    pairs = [(place, i < x) for place, (x, n) in places.items() for i in range(n)]
    orders = pl.DataFrame(
        {
            "order_id": [str(i) for i in range(len(pairs))], "province": [p for p, _ in pairs],
            "paid": [10] * len(pairs), "paid_at": [datetime(2026, 11, 9)] * len(pairs),
        }
    )  # fmt: skip
    ids = [str(i) for i, (_, back) in enumerate(pairs) if back]
    return orders, pl.DataFrame(
        {"refund_id": ids, "order_id": ids}, schema={"refund_id": pl.String, "order_id": pl.String}
    )


def test_the_prior_finds_the_spread_the_rates_were_drawn_with():
    random = np.random.default_rng(3)
    n = random.integers(20, 400, 3000)
    x = random.binomial(n, random.beta(4, 16, 3000))
    alpha, beta = beta_prior(x.astype(float), n.astype(float))
    assert (alpha, beta) == (pytest.approx(4, rel=0.1), pytest.approx(16, rel=0.1))


def test_places_that_do_not_differ_are_pooled():
    n = np.full(40, 500.0)
    alpha, beta = beta_prior(np.full(40, 100.0), n)
    assert alpha + beta == pytest.approx(MOST_PRIOR_ORDERS)


def test_shrunk_intervals_cover_the_true_rates():
    random = np.random.default_rng(8)
    n, truth = random.integers(3, 60, 300), random.beta(6, 24, 300)
    places = {f"p{i}": (int(random.binomial(n[i], truth[i])), int(n[i])) for i in range(300)}
    found = rate_by_place(*shop(places), until=DAY)
    true = found.join(pl.DataFrame({"province": list(places), "true": truth}), on="province")
    inside = ((true["shrunk_low"] <= true["true"]) & (true["true"] <= true["shrunk_high"])).mean()
    assert 0.84 < inside < 0.95
    error = ((true["shrunk_rate"] - true["true"]) ** 2).mean()
    assert error < 0.7 * ((true["rate_orders"] - true["true"]) ** 2).mean()


def test_a_shop_without_refunds_or_with_one_place_has_rates_all_the_same():
    for places in ({"a": (0, 5), "b": (0, 9)}, {"a": (2, 5)}, {"a": (5, 5)}):
        found = rate_by_place(*shop(places), until=DAY)
        assert found.height == len(places)
        assert (
            found.select(pl.col("shrunk_low", "shrunk_rate", "shrunk_high").is_between(0, 1).all()).row(0)
            == (True,) * 3
        )


def test_in_the_real_report_two_of_two_is_not_the_worst_province():
    path = DATA / "tmall_order_report.csv"
    if not path.exists():
        pytest.skip("the real Tmall order report is not on this machine")
    report = pl.read_csv(path, schema_overrides={"订单编号": pl.String})
    report = report.rename({c: c.strip() for c in report.columns})
    paid = report.filter(pl.col("订单付款时间").is_not_null())
    at = pl.col("订单付款时间").str.to_datetime(time_unit="us")
    orders = paid.select(order_id="订单编号", province="收货地址", paid="总金额", paid_at=at)
    refunds = paid.filter(pl.col("退款金额") > 0).select(refund_id="订单编号", order_id="订单编号", amount="退款金额")
    found = rate_by_place(orders, refunds, until=date(2020, 3, 1))
    places = found["province"].str.slice(0, 2).to_list()
    assert places[:2] == ["湖北", "新疆"]
    tibet = found.filter(pl.col("province").str.starts_with("西藏")).row(0, named=True)
    assert (tibet["refund_orders"], tibet["paid_orders"], tibet["rate_orders"]) == (2, 2, 1.0)
    assert tibet["shrunk_rate"] < 0.5
    hubei = found.row(0, named=True)
    assert (hubei["refund_orders"], hubei["paid_orders"]) == (41, 57)
