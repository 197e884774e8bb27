"""The ledger judged: what was planted as working works, what did nothing is never praised, what is unknown is said."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from aftersales.advice.decisions import decision_verdicts
from aftersales.advice.unit_weeks import unit_weeks
from aftersales.findings.contract import check
from aftersales.measures.rates import refund_rate
from aftersales.words.language import LANGUAGES
from aftersales.words.periods import Week
from aftersales_demo.ledger_exports import decisions
from aftersales_demo.shop import simulate_shop
from aftersales_demo.spec import ShopSpec
from aftersales_demo.tables import shop_tables

WEEK = Week.parse("2026-W46")
COLUMNS = ("decision_id", "lever", "scope", "owner", "decided_on", "effective_from", "measure")


@pytest.fixture(scope="module")
def shop():
    made = simulate_shop(ShopSpec(orders=60_000), seed=1)
    taken = decisions(made)
    ledger = pl.DataFrame([{c: getattr(d, c) for c in COLUMNS} for d in taken])
    return shop_tables(made), ledger, {d.decision_id: d.truth for d in taken}


def test_what_did_nothing_is_never_said_to_have_worked(shop):
    tables, ledger, truth = shop
    found = check("decisions", decision_verdicts(ledger, tables["orders"], tables["refunds"], market="cn", week=WEEK))
    said = dict(found.select("decision_id", "verdict").iter_rows())
    worked = {d for d, v in said.items() if v == "worked"}
    assert worked
    assert all(truth[d].startswith("worked") for d in worked)
    assert "harmed" not in {said[d] for d, t in truth.items() if t.startswith("worked")}


def test_a_decision_of_last_week_is_too_early_and_a_planned_one_not_in_effect(shop):
    tables, ledger, _ = shop
    one = ledger.filter(pl.col("scope").str.contains("商品")).head(1)
    fresh = one.with_columns(effective_from=pl.lit(date(2026, 11, 2)))
    later = one.with_columns(effective_from=pl.lit(date(2026, 12, 7)))
    for taken, key in ((fresh, "advice.effect.too_early"), (later, "advice.effect.planned")):
        found = decision_verdicts(taken, tables["orders"], tables["refunds"], market="cn", week=WEEK)
        assert found.select("verdict", "reason").row(0) == ("too_early", key)


def test_two_decisions_on_one_thing_at_one_time_are_not_told_apart(shop):
    tables, ledger, _ = shop
    one = ledger.filter(pl.col("scope") == "商品=DJ-0730")
    other = one.with_columns(decision_id=pl.lit("x"), effective_from=pl.col("effective_from").dt.offset_by("2w"))
    found = decision_verdicts(pl.concat([one, other]), tables["orders"], tables["refunds"], market="cn", week=WEEK)
    assert found["reason"].to_list() == ["advice.effect.overlapping"] * 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_judged_says_why(shop, language):
    tables, _, _ = shop
    taken = pl.DataFrame({
        "decision_id": ["a", "b", "c"], "scope": ["商品=没有这款", None, "全店"], "measure": ["退款率", None, "好评数"],
        "effective_from": [date(2026, 8, 3)] * 3,
    })  # fmt: skip
    found = decision_verdicts(taken, tables["orders"], tables["refunds"], market="cn", week=WEEK, language=language)
    assert found["verdict"].to_list() == ["cannot_tell"] * 3
    keys = dict(found.select("decision_id", "reason").iter_rows())
    assert keys == {
        "a": "advice.effect.unknown_unit",
        "b": "advice.effect.unknown_unit",
        "c": "advice.effect.other_measure",
    }
    assert found["headline"].str.len_chars().min() > 10


def test_no_decision_no_row(shop):
    tables, ledger, _ = shop
    assert check(
        "decisions", decision_verdicts(ledger.clear(), tables["orders"], tables["refunds"], market="cn", week=WEEK)
    ).is_empty()


def test_the_weeks_of_all_provinces_sum_to_the_shops(shop):
    tables, _, _ = shop
    whole = unit_weeks(tables["orders"], tables["refunds"], market="cn", week=WEEK, by=None)
    parts = unit_weeks(tables["orders"], tables["refunds"], market="cn", week=WEEK, by="province")
    summed = parts.group_by("week").agg(pl.col("events", "orders").sum()).sort("week")
    assert summed.rows() == whole.select("week", "events", "orders").rows()
    rates = refund_rate(tables["orders"], tables["refunds"], by="week", until=WEEK.sunday)
    known = dict(rates.select("cohort", "paid_orders").iter_rows())
    assert all(known[day] == orders for day, orders in whole.select("week", "orders").iter_rows())


def test_a_kind_of_refunds_is_a_part_of_all(shop):
    tables, _, _ = shop
    some = unit_weeks(
        tables["orders"], tables["refunds"], market="cn", week=WEEK, by="product_id", reasons=("damaged",)
    )
    every = unit_weeks(tables["orders"], tables["refunds"], market="cn", week=WEEK, by="product_id")
    assert 0 < some["events"].sum() < every["events"].sum()
    assert (some["events"] <= every["events"]).all()
