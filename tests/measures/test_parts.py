"""A large shop in parts: the same evidence, suspects, rates and drivers as whole, wherever the cuts fall."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from aftersales.advice.known_bad import known_bad
from aftersales.measures import bursts
from aftersales.measures import chunks as parts
from aftersales.measures.bursts import windows
from aftersales.measures.coverage import buyer_keys, empty_days
from aftersales.measures.order_evidence import order_evidence
from aftersales.measures.rates import refund_rate
from aftersales.measures.request_exposure import daily_exposure, request_tables
from aftersales.measures.sales import product_sales
from aftersales.measures.service import platform_involved_rate
from aftersales.measures.slices import driving_slices
from aftersales.measures.suspects import _of_so_many_orders, suspects
from aftersales.measures.triangles import delay_triangle, with_stratum
from aftersales.words.periods import Week
from aftersales_demo import ShopSpec, shop_tables, simulate_shop

UNTIL = Week.parse("2026-W47").sunday


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    return shop_tables(simulate_shop(ShopSpec(orders=20_000, weeks=60), seed=3))


@pytest.fixture(scope="module")
def evidence(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return order_evidence(tables["orders"], tables["refunds"], until=UNTIL)


def by_month(orders: pl.DataFrame) -> list[pl.DataFrame]:
    month = pl.coalesce("created_at", "paid_at").dt.strftime("%Y-%m")
    dated = orders.with_columns(month=month).sort("month", nulls_last=True)
    return [part.drop("month") for part in dated.partition_by("month", maintain_order=True)]


def test_evidence_of_months_is_that_of_the_whole(tables: dict[str, pl.DataFrame], evidence: pl.DataFrame) -> None:
    found = order_evidence(by_month(tables["orders"]), tables["refunds"], until=UNTIL)
    assert len(by_month(tables["orders"])) > 10
    assert found.equals(evidence)


def test_days_without_orders_and_kinds_of_buyers_are_those_of_the_whole(tables: dict[str, pl.DataFrame]) -> None:
    silent = pl.col("created_at").dt.date().is_between(pl.date(2026, 8, 30), pl.date(2026, 9, 2))
    quality = pl.when(pl.col("order_id").hash() % 5 == 0).then(pl.lit("masked")).otherwise("buyer_key_quality")
    orders = tables["orders"].filter(~silent).with_columns(buyer_key_quality=quality)
    gaps = empty_days(by_month(orders), market="cn", until=UNTIL)
    assert gaps.equals(empty_days(orders, market="cn", until=UNTIL))
    assert gaps.height
    assert buyer_keys(by_month(orders)).equals(buyer_keys(orders))
    assert buyer_keys(orders).filter(quality="masked")["orders"][0] > 0


def test_an_order_whose_lines_lie_in_two_parts_is_one(tables: dict[str, pl.DataFrame]) -> None:
    orders = tables["orders"]
    several = orders.filter(pl.len().over("order_id") > 1)["line_id"][0]
    late = pl.col("created_at").dt.offset_by("-3mo")
    torn = orders.with_columns(created_at=pl.when(pl.col("line_id") == several).then(late).otherwise("created_at"))
    whole = order_evidence(torn, tables["refunds"], until=UNTIL)
    found = order_evidence(by_month(torn), tables["refunds"], until=UNTIL)
    assert found["order_id"].n_unique() == found.height == whole.height
    of = orders.filter(pl.col("line_id") == several)["order_id"][0]
    told = pl.col("order_id") == of
    assert found.filter(told)["amount"].to_list() == whole.filter(told)["amount"].to_list()


@pytest.mark.slow
def test_suspects_in_parts_are_those_of_the_whole(evidence: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    groups, members = suspects(evidence)
    monkeypatch.setattr(parts, "PART_ROWS", 700)
    groups_in_parts, members_in_parts = suspects(evidence)
    facts = ["orders", "asked", "expected", "p_refund", "p_timing", "expected_orders", "probability"]
    assert groups.height > 10
    order = ["pattern", "orders", "asked", "p_refund"]
    one, other = (table.sort(order).with_columns(pl.col(facts).fill_null(-1)) for table in (groups, groups_in_parts))
    assert one["pattern"].to_list() == other["pattern"].to_list()
    for name in facts:  # a likelihood is a sum, here in another order
        assert one[name].to_list() == pytest.approx(other[name].to_list(), rel=1e-4, abs=1e-12), name
    assert members["order_id"].unique().sort().equals(members_in_parts["order_id"].unique().sort())


def test_rates_shares_and_triangles_of_months_are_those_of_the_whole(tables: dict[str, pl.DataFrame]) -> None:
    orders, months, refunds = tables["orders"], by_month(tables["orders"]), tables["refunds"]
    for by in ("week", ["province"], ["week", "courier"]):
        whole, found = (refund_rate(rows, refunds, by=by, until=UNTIL) for rows in (orders, months))
        assert found.equals(whole), by
        whole, found = (platform_involved_rate(rows, refunds, by=by, until=UNTIL) for rows in (orders, months))
        assert found.equals(whole), by
    for asked in ({}, {"outcome": "reason"}, {"count": "money"}, {"since": "delivered_at"}):
        whole, found = (
            delay_triangle([with_stratum(p, "cn") for p in rows], refunds, until=UNTIL, by=["stratum"], **asked)
            for rows in ([orders], months)
        )
        assert whole.height > 100
        assert found.equals(whole), asked
    whole, found = (product_sales(rows, since=UNTIL - timedelta(days=83), until=UNTIL) for rows in (orders, months))
    assert found.equals(whole)


@pytest.mark.parametrize("money", [False, True])
def test_lines_at_risk_of_months_are_those_of_the_whole(tables: dict[str, pl.DataFrame], money: bool) -> None:
    week, columns = Week.parse("2026-W47"), ["product_id", "courier", "province"]
    spans = {"before": (week.shift(-8).monday, week.shift(-1).sunday), "after": (week.monday, week.sunday)}
    whole, found = (
        request_tables(rows, tables["refunds"], columns=columns, money=money, **spans)
        for rows in (tables["orders"], by_month(tables["orders"]))
    )
    assert found.incidence == pytest.approx(whole.incidence, rel=1e-12)
    days = [spans["before"][0] + timedelta(days=k) for k in range(63)]
    assert daily_exposure(found, days=days) == pytest.approx(daily_exposure(whole, days=days))
    key = [*columns, "after", "day"]
    sums = [
        t.exposures.group_by(key).agg(pl.col("lines", "exposure").sum()).with_columns(pl.col(columns).cast(pl.String))
        for t in (whole, found)
    ]
    assert sums[0]["lines"].sum() > 1000
    assert_frame_equal(*(s.sort(key) for s in sums))
    slices = [
        driving_slices(t.exposures, t.events, dimensions=columns, event_dimension="reason") for t in (whole, found)
    ]
    assert_frame_equal(*slices)


def test_traffic_counted_by_second_is_traffic_searched(evidence: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    searched = windows(evidence, by="buyer")
    monkeypatch.setattr(bursts, "_SECONDS_AN_ORDER", 10**9)
    assert windows(evidence, by="buyer").equals(searched)
    assert searched.height > 10


def test_bad_orders_of_months_are_those_of_the_whole(tables: dict[str, pl.DataFrame]) -> None:
    sent = tables["orders"].with_columns(tracking_no=pl.format("t{}", "order_id"))
    back = {"at": pl.col("created_at").dt.offset_by("3d"), "event": pl.lit("refused")}
    parcels = sent.gather_every(500).select("tracking_no", **back)
    whole, found = (known_bad(rows, tables["refunds"], until=UNTIL, parcels=parcels) for rows in (sent, by_month(sent)))
    assert whole.height > parcels.height
    assert found.equals(whole)


@pytest.mark.parametrize("orders", [[5, 1, 1], [1, 1, 7, 1], [2, 2], []])
def test_no_window_is_lost_where_one_holds_more_than_a_part(orders: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_ROWS", 2)
    best = pl.DataFrame({"orders": orders}, schema={"orders": pl.Int64})
    assert pl.concat(_of_so_many_orders(best)).equals(best)
