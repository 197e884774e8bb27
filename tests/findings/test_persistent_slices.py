"""Faults that stay: named week after week with what cannot be told apart, and nobody named where only the mix moved."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from aftersales.findings.drivers import TOLD_PERSISTENT_SCHEMA, told_persistent
from aftersales.findings.persistent_slices import PERSISTENT_SCHEMA, persistent_slices
from aftersales.findings.product_counts import product_counts
from aftersales.findings.product_views import product_views
from aftersales.words.periods import Week

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import persistent_faults as worlds

AFTER = 8  # weeks of the fault


@cache
def inputs(world: str, a_week: int = 1200):
    """Orders, refunds, the week, what its products are expected to show, and how mature its orders are."""
    nature = 0.0 if world == "quiet" else worlds.NATURE
    orders, refunds, _ = worlds.shop(1, world, a_week=a_week, nature=nature)
    week = worlds.FIRST.shift(worlds.BEFORE + AFTER - 1)
    orders = worlds.as_of(orders, week)
    refunds = refunds.filter(pl.col("applied_at").dt.date() <= week.sunday)
    counts = product_counts(orders, refunds, week=week, market="us")
    views = product_views(orders, refunds, week=week, market="us", counts=counts)
    return orders, refunds, week, views, counts.maturity


def found(world: str, **other):
    orders, refunds, week, views, maturity = inputs(world)
    return persistent_slices(
        orders, refunds, week=week, market="us", **{"views": views, "maturity": maturity, **other}
    )  # fmt: skip


def test_a_lane_that_is_worse_is_named_since_its_first_week_with_its_money():
    rows = found("lane")
    assert rows.schema == PERSISTENT_SCHEMA
    assert rows["segment"].to_list() == ["courier=C1 & province=P04"]
    row = rows.row(0, named=True)
    assert abs((row["since"] - worlds.FIRST.shift(worlds.BEFORE).monday).days) <= 7
    assert row["rate_low"] > 2 * row["rate_before"]
    assert row["excess"] == pytest.approx(row["refunds"] - row["expected"], rel=0.35)
    assert float(row["money_at_stake"]) == pytest.approx(50 * row["excess"], rel=0.05)
    assert row["ties"] == []


@pytest.mark.parametrize("world", ["only", "twin"])
def test_what_holds_the_same_orders_is_named_with_it(world):
    row = found(world).row(0, named=True)
    assert {row["segment"], *row["ties"]} == worlds.TRUTH[world]
    for language, unsure in (("zh", "无法区分"), ("en", "cannot")):
        told = told_persistent(found(world), language=language).row(0, named=True)
        assert "P05" in told["headline"]
        assert all(tie in told["headline"] for tie in told["spoken_ties"])
        assert unsure in told["headline"]


@pytest.mark.parametrize("world", ["quiet", "mix"])
def test_nobody_is_named_where_nothing_is_wrong_or_only_the_mix_moved(world):
    assert found(world).is_empty()


def test_orders_set_aside_do_not_count():
    orders, *_ = inputs("lane")
    lane = orders.filter(pl.col("courier") == "C1", pl.col("province") == "P04").select("order_id")
    assert found("lane", set_aside=lane).is_empty()


def test_without_dates_or_history_nothing_is_judged():
    orders, refunds, week, *_ = inputs("lane")
    undated = refunds.with_columns(applied_at=pl.lit(None, dtype=pl.Datetime))
    assert persistent_slices(orders, undated, week=week, market="us").is_empty()
    early = Week.of(orders["paid_at"].dt.date().min())  # type: ignore[arg-type]
    seen = refunds.filter(pl.col("applied_at").dt.date() <= early.sunday)
    assert persistent_slices(orders, seen, week=early, market="us").is_empty()
    assert told_persistent(pl.DataFrame(schema=PERSISTENT_SCHEMA)).schema == TOLD_PERSISTENT_SCHEMA


def test_a_fault_of_one_listed_product_stays_the_products():
    """One product at 2.5 times its rate, nine in ten of it from one warehouse: the warehouse is not accused."""
    rows = found("product")
    assert not rows["segment"].str.contains("warehouse").any()


def test_parts_of_a_large_shop_give_the_same():
    orders, refunds, week, views, maturity = inputs("lane")
    half = np.arange(orders.height) % 2 == 0
    parts = [orders.filter(pl.Series(half)), orders.filter(pl.Series(~half))]
    cut = persistent_slices(parts, refunds, week=week, market="us", views=views, maturity=maturity)
    assert cut.drop("money_at_stake", "false_share")["segment"].equals(found("lane")["segment"])
    assert cut["excess"].to_numpy() == pytest.approx(found("lane")["excess"].to_numpy())
