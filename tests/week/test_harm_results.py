"""Harm in a shop's week: cases that the platform decided stand apart from suspected ones, and leave the shop's rates."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from types import SimpleNamespace

import polars as pl
import pytest

from aftersales.week.loading import load
from aftersales.week.sections import harm
from aftersales.words.language import say
from aftersales_app.cases.recording import recorded

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)


def report(data, language: str = "en"):
    return SimpleNamespace(
        data=data, language=language, say=lambda key, **v: say(key, language, currency=data.shop.currency, **v)
    )


@pytest.fixture(scope="module")
def house(demo, tmp_path_factory):
    """A copy of the demo shops in which one suspected case was won before the platform."""
    place = tmp_path_factory.mktemp("harm") / "house"
    shutil.copytree(demo, place, ignore=shutil.ignore_patterns("reports"))
    config = place / "shops.toml"
    before = load("demo", config=str(config)).data
    known = before.case_outcomes["case_id"].to_list()
    case = next(c for c in before.suspicious_orders("en")["case_id"] if c not in known)
    for state in ("filed", "won"):
        recorded("demo", case, state=state, note="decided", at=f"2026-11-2{2 if state == 'filed' else 3}", config=config,
                 now=NOW)  # fmt: skip
    return SimpleNamespace(before=before, after=load("demo", config=str(config)).data, case=case, config=config)


def test_decided_orders_are_a_column_of_their_own(house):
    orders = house.before.suspicious_orders("en").filter(case_id=house.case)["order_id"].unique()
    was, now = (
        dict(data.indicators_without.select("orders", "left_out").unique().iter_rows())
        for data in (house.before, house.after)
    )
    assert was["all"] == now["all"] == 0
    assert 0 < now["without_confirmed"] - was["without_confirmed"] <= len(orders)
    assert now["without_suspected"] >= now["without_confirmed"]
    assert harm.indicators(report(house.after)).frame.columns == [
        "indicator", "all", "without_confirmed", "without_suspected",
    ]  # fmt: skip


def test_decided_orders_leave_the_rate_of_products_and_of_the_shop(house):
    orders = set(house.after.confirmed_orders["order_id"])
    assert orders
    assert orders <= set(house.after.orders_set_aside["order_id"])
    rows = house.after.quarter_with_and_without
    assert rows["set_aside"].max() > 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_visitors_are_told_as_an_association_and_the_decided_case_is_marked(house, language):
    rows = house.after.visitors_after_attacks
    won = set(house.after.confirmed_orders["case_id"])
    assert set(rows.filter("confirmed")["case_id"]) <= won
    assert house.case in won
    shown = harm.visitors(report(house.after, language))
    assert len(shown.items) == 2
    html = "".join(item.html() for item in shown.items)
    assert "None" not in html
    assert set(rows["verdict"]) <= {"fell", "rose", "as_usual", "cannot_tell"}


def test_a_shop_without_traffic_is_told_so(house):
    basic = load("basic", config=str(house.config)).data
    assert harm.visitors(report(basic)).text == say("harm.no_traffic", "en")
    assert isinstance(basic.indicators_without, pl.DataFrame)
