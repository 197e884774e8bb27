"""Suggestions: never without a finding, never against a lawful right, few, stable, and in both languages."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.advice.levers import LEVERS, SAID, lever, lever_table
from aftersales.advice.opportunities import (
    driver_opportunities,
    order_opportunities,
    product_opportunities,
    service_opportunities,
)
from aftersales.advice.order_rules import ORDER_RULES
from aftersales.advice.replay_record import COLUMNS, Replay
from aftersales.advice.standardise import COLUMNS as SWAP_COLUMNS
from aftersales.advice.standardise import swapped_rate
from aftersales.advice.suggest import suggestion_id, suggestions
from aftersales.advice.terms import Terms
from aftersales.findings.contract import check, empty
from aftersales.findings.service import SERVICE_SCHEMA
from aftersales.tables.values import REASONS
from aftersales.words.errors import UsageError
from aftersales.words.language import LANGUAGES, catalogue
from aftersales.words.periods import Week

WEEK = Week.parse("2026-W46")
PRODUCT = {
    "product_id": "p1", "title": "枕头", "category": "枕", "orders": 600, "refunds": 150, "rate": 0.25,
    "expected_rate": 0.08, "rate_low": 0.21, "rate_high": 0.29, "probability_worse": 0.99, "excess_refunds": 100.0,
    "money_at_stake": None, "since": None, "main_reason": "quality", "headline": "", "batch": None,
    "cost_per_refund": 20.0,
}  # fmt: skip
DRIVER = {
    "kind": "change", "segment": "courier=申通快递 & province=河南省", "measure": "refund_rate", "rate_before": 0.05, "rate_after": 0.2,
    "excess": 40.0, "share_of_change": 0.8, "since": date(2026, 11, 9), "headline": "", "orders": 300.0,
    "p_value": 0.01, "held_out": True,
}  # fmt: skip
SUSPECT = {
    "case_id": "c1", "order_id": "o1", "buyer_key": "b", "pattern": "burst", "probability": 0.9, "money_at_risk": None,
    "reasons": [""], "innocent_explanations": [""], "next_step": "",
}  # fmt: skip


def frame(name, *rows):
    none = empty(name)
    return pl.concat([none, pl.DataFrame(list(rows), schema_overrides=none.schema)], how="diagonal") if rows else none


def made(products=(), drivers=(), suspects=(), **more):
    tables = [
        frame(n, *r) for n, r in (("problem_products", products), ("drivers", drivers), ("suspicious_orders", suspects))
    ]
    return check("suggestions", suggestions(*tables, week=WEEK, shop="demo", **more))


def test_a_quiet_shop_gets_none_however_large_the_team():
    assert made(capacity_days=100).is_empty()


def test_each_suggestion_rests_on_a_finding_and_stays_the_same_next_week():
    found = made([PRODUCT], [DRIVER], [SUSPECT] * 1, capacity_days=20)
    assert set(found["finding"]) <= {"problem_products", "drivers", "suspicious_orders"}
    later = suggestions(
        frame("problem_products", PRODUCT | {"rate": 0.24, "excess_refunds": 90.0}), empty("drivers"),
        empty("suspicious_orders"), week=WEEK.shift(1), shop="demo",
    )  # fmt: skip
    assert set(later["suggestion_id"]) <= set(found["suggestion_id"])
    assert found["suggestion_id"].is_unique().all()


def test_a_batch_is_pulled_and_without_one_the_supplier_is_asked():
    # a dear article: not selling it costs more than looking at each piece; a cheap one that fails dearly is pulled
    batch = PRODUCT | {"batch": "B7", "since": date(2026, 10, 19), "cost_per_refund": 90.0}
    assert made([batch], prices={"p1": 900.0})["lever"].to_list() == ["inspect_batch"]
    wholly = batch | {"rate_low": 0.249, "rate_high": 0.251, "orders": 120}
    gains = {
        c["lever"]: (c["low"] + c["high"]) / 2 - c["cost"]
        for c in product_opportunities(
            frame("problem_products", wholly), sunday=WEEK.sunday, cost_per_refund=90, prices={"p1": 9.0}
        )
    }
    assert gains["pull_batch"] > gains["inspect_batch"]
    assert made([PRODUCT])["lever"].to_list() == ["supplier_claim"]
    of_batch = {
        c["lever"]: c
        for c in product_opportunities(frame("problem_products", batch), sunday=WEEK.sunday, cost_per_refund=20)
    }
    assert of_batch["pull_batch"]["hurt"] > of_batch["inspect_batch"]["hurt"] == 0
    assert of_batch["pull_batch"]["high"] > of_batch["inspect_batch"]["high"]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("size", "fix_size_chart"),
        ("damaged", "better_packing"),
        ("wrong_item", "pick_check"),
        ("not_as_described", "fix_description"),
    ],
)
def test_the_lever_answers_the_reason(reason, expected):
    assert made([PRODUCT | {"main_reason": reason}])["lever"].to_list() == [expected]


def test_a_courier_in_a_province_is_changed_by_the_warehouse_named():
    found = made(drivers=[DRIVER], people={"warehouse": "李强"})
    row = found.row(0, named=True)
    assert (row["lever"], row["owner"], row["good_orders_hurt"]) == ("courier_change", "李强", 0)
    assert "河南省" in row["headline"]
    assert "李强" in row["command"]


def test_a_slice_of_a_listed_product_is_not_said_twice():
    inside = DRIVER | {"segment": "product_id=p1 & reason=quality"}
    assert made([PRODUCT], [inside], capacity_days=50).height == 1


def test_a_product_beyond_repair_is_taken_off_and_good_orders_are_counted():
    row = made([PRODUCT | {"rate": 0.7, "rate_low": 0.6, "rate_high": 0.8}]).row(0, named=True)
    assert row["lever"] == "delist"
    assert row["good_orders_hurt"] > 0


def test_what_would_not_pay_for_its_own_work_is_left_out():
    assert made([PRODUCT | {"excess_refunds": 3.0}]).is_empty()


def curve(answer, net=900.0, rule="purchase_limit"):
    row = dict.fromkeys(COLUMNS, 1) | {
        "threshold": 3.0, "net_low": net / 2, "net_high": net * 2, "good_hurt_a_month": 7.4, "lost": 40.0,
        "stopped_share_low": 0.4,
    }  # fmt: skip
    table = pl.DataFrame([row], schema=COLUMNS).with_columns(flat=pl.lit(value=True))
    return Replay(rule, answer, 3.0, 30, table)


def test_a_rule_is_suggested_only_where_its_replay_pays_and_suspicion_stands():
    replays = {"purchase_limit": curve("worth")}
    row = made(suspects=[SUSPECT], replays=replays).row(0, named=True)
    assert (row["lever"], row["threshold"], row["good_orders_hurt"]) == ("purchase_limit", 3.0, 7)
    assert "3" in row["action"]
    assert "purchase_limit" not in made(suspects=[SUSPECT], replays={"purchase_limit": curve("cannot_say")})["lever"]
    assert made(replays=replays).is_empty()


SERVICE = {
    "kind": "slow_hours", "scope": "hours=20-23", "cases": 60, "value": 9.0, "usual": 2.0, "excess_a_month": 40.0,
    "money": None, "certainty": 0.99, "headline": "slow at night",
}  # fmt: skip


def service(**change):
    return pl.DataFrame([SERVICE | change], schema=SERVICE_SCHEMA)


@pytest.mark.parametrize("language", LANGUAGES)
def test_slow_hours_are_staffed_and_the_finding_is_told(language):
    row = made(service=service(), language=language).row(0, named=True)
    assert (row["lever"], row["finding"], row["because"]) == ("response_staffing", "service", "slow at night")
    assert "20–23" in row["action"]


def test_small_refunds_are_approved_at_once_only_where_their_replay_pays():
    slow = service(kind="slow_refunds", scope="shop", excess_a_month=30.0)
    assert "auto_approve" not in made(service=slow, replays={})["lever"]
    for answer, expected in (("worth", True), ("cannot_say", False), ("not_worth", False)):
        found = made(service=slow, replays={"auto_approve": curve(answer, rule="auto_approve")})
        assert ("auto_approve" in found["lever"].to_list()) == expected


@pytest.mark.parametrize(
    ("kind", "lever_name"),
    [("said_missing", "signed_delivery"), ("slow_refunds", "instant_refund"), ("unpaid_locks", "payment_stock"),
     ("platform_steps_in", "instant_refund"), ("more_complaints", "response_staffing")],
)  # fmt: skip
def test_each_trouble_with_service_has_its_lever(kind, lever_name):
    found = made(service=service(kind=kind, scope="shop", money=9000.0, excess_a_month=50.0), orders_a_week=500)
    assert found["lever"].to_list() == [lever_name]


def test_unpaid_orders_are_closed_sooner_where_that_pays():
    rows = service(kind="unpaid_locks", scope="shop", money=30.0, excess_a_month=3.0)
    replays = {"close_unpaid_sooner": curve("worth", rule="close_unpaid_sooner")}
    found = made(service=rows, replays=replays)
    assert "close_unpaid_sooner" in found["lever"].to_list()
    # time is spared, not orders: there is no rate that could be seen to fall
    assert found.filter(lever="close_unpaid_sooner")["detectable"].is_null().all()


def test_what_a_lever_costs_is_taken_off():
    plain = made([PRODUCT | {"main_reason": "damaged"}]).row(0, named=True)
    assert plain["cost"] > 0
    assert plain["benefit_low"] == plain["saved_low"] - plain["cost"]
    assert plain["benefit_high"] == plain["saved_high"] - plain["cost"]
    # packing that costs more than what breaks is no advice
    assert made([PRODUCT | {"main_reason": "damaged", "orders": 600_000}]).is_empty()
    # nor is a product taken off whose good sales are worth more than its refunds
    beyond = PRODUCT | {"rate": 0.7, "rate_low": 0.6, "rate_high": 0.8}
    assert made([beyond], prices={"p1": 5_000.0}).is_empty()


def test_a_swap_says_where_to_and_by_how_much():
    cells = [("申通快递", "a", 90, 300.0), ("中通快递", "a", 12, 400.0), ("申通快递", "b", 30, 100.0)]
    swap = swapped_rate(pl.DataFrame(cells, schema=SWAP_COLUMNS, orient="row"), now="申通快递", then="中通快递")
    found = made(drivers=[DRIVER], swaps={DRIVER["segment"]: ("中通快递", swap)}).row(0, named=True)
    assert "中通快递" in found["action"]
    assert "75%" in found["because"]
    a_month = 300 * 30 / 7 * 17 * swap.overlap
    assert float(found["saved_low"]) == pytest.approx(-swap.change_high * a_month, rel=1e-3)
    assert float(found["saved_high"]) == pytest.approx(-swap.change_low * a_month, rel=1e-3)


PERSISTENT = DRIVER | {
    "kind": "persistent", "weeks": 12, "excess": 480.0, "orders": 3600.0, "ties": [], "probability_worse": 0.95,
    "main_reason": "quality", "p_value": None, "held_out": None,
}  # fmt: skip


def test_a_slice_of_weeks_is_one_line_of_the_plan_by_what_it_loses_a_week():
    weekly, lasting = (
        driver_opportunities(frame("drivers", row), cost_per_refund=20)[0] for row in (DRIVER, PERSISTENT)
    )
    assert (weekly["lever"], weekly["low"], weekly["orders_a_week"]) == (
        lasting["lever"], lasting["low"], lasting["orders_a_week"],
    )  # fmt: skip
    assert lasting["certainty"] == 0.95
    of_reason = DRIVER | {"segment": f"{DRIVER['segment']} & reason=damaged"}
    around = PERSISTENT | {"segment": "courier=申通快递"}
    assert made(drivers=[of_reason, PERSISTENT, around], capacity_days=20).height == 1


def test_of_a_place_that_one_courier_serves_the_courier_is_changed_and_no_reason_is_cured_by_place():
    tied = PERSISTENT | {"segment": "province=河南省", "ties": ["courier=申通快递 & province=河南省"]}
    found = driver_opportunities(frame("drivers", tied), cost_per_refund=20)
    assert {(c["lever"], c["scope"]) for c in found} == {("courier_change", tied["ties"][0])}
    place = PERSISTENT | {"segment": "province=河南省", "main_reason": "size"}
    assert driver_opportunities(frame("drivers", place), cost_per_refund=20) == []


def test_a_place_is_given_up_only_for_the_road_and_where_no_courier_is_named():
    road = DRIVER | {"segment": "province=西藏自治区 & reason=lost_or_stalled"}
    levers = {c["lever"] for c in driver_opportunities(frame("drivers", road), cost_per_refund=20, price=60)}
    assert "region_restriction" in levers
    for segment in ("province=西藏自治区 & reason=quality", "courier=申通快递 & province=西藏自治区 & reason=damaged"):
        of = {
            c["lever"]
            for c in driver_opportunities(frame("drivers", DRIVER | {"segment": segment}), cost_per_refund=20)
        }
        assert "region_restriction" not in of
    # and even then only where its sales are worth less than its losses
    assert made(drivers=[road], prices={"p": 400.0})["lever"].to_list() != ["region_restriction"]


def test_what_was_decided_is_not_suggested_anew():
    before = made([PRODUCT], [DRIVER], capacity_days=20)
    first = before.row(0, named=True)
    ledger = pl.DataFrame({"suggestion_id": [first["suggestion_id"]], "effective_from": [WEEK.monday]})
    after = made([PRODUCT], [DRIVER], capacity_days=20, decisions=ledger)
    assert set(after["suggestion_id"]) == set(before["suggestion_id"])
    last = after.row(-1, named=True)
    assert (last["suggestion_id"], last["state"], last["decided_from"]) == (
        first["suggestion_id"],
        "decided",
        WEEK.monday,
    )
    # it takes none of the team's days
    other = before.row(1, named=True)["effort_days"]
    assert made([PRODUCT], [DRIVER], capacity_days=other, decisions=ledger).height == 2
    old = ledger.with_columns(effective_from=pl.lit(WEEK.shift(-13).monday))
    assert "decided" not in made([PRODUCT], decisions=old)["state"].to_list()


def test_every_lever_can_be_reached_from_some_finding():
    """A lever that no finding leads to is a dead letter."""
    reached = set()
    for reason in REASONS:
        for more in ({}, {"batch": "B1"}, {"rate": 0.7, "rate_low": 0.6, "rate_high": 0.8}):
            rows = frame("problem_products", PRODUCT | {"main_reason": reason} | more)
            reached |= {c["lever"] for c in product_opportunities(rows, sunday=WEEK.sunday, cost_per_refund=20)}
        for part in ("courier=x", "province=x", "warehouse=x", "batch=x", "product_id=x"):
            rows = frame("drivers", DRIVER | {"segment": f"{part} & reason={reason}"})
            reached |= {c["lever"] for c in driver_opportunities(rows, cost_per_refund=20)}
    for rule in [*ORDER_RULES, "auto_approve"]:
        replays = {rule: curve("worth", rule=rule)}
        reached |= {
            c["lever"]
            for c in order_opportunities(frame("suspicious_orders", SUSPECT), replays, week=WEEK, loss_per_bad=9)
        }
        for kind in {k for one in LEVERS.values() for k in one.findings}:
            reached |= {
                c["lever"]
                for c in service_opportunities(
                    service(kind=kind), replays, terms=Terms(cost_per_complaint=9), orders_a_week=9
                )
            }
    assert reached == set(LEVERS)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from(REASONS), st.floats(0.1, 0.9), st.floats(1, 500), st.booleans()),
        min_size=1,
        max_size=12,
    ),
    st.floats(0.1, 6),
)
def test_few_ranked_and_whole(made_up, capacity):
    rows = [
        PRODUCT | {"product_id": f"p{k}", "main_reason": reason, "rate": rate, "rate_low": rate * 0.9, "expected_rate": 0.05,
                   "rate_high": min(rate * 1.1, 1), "excess_refunds": excess, "batch": "B" if batch else None}
        for k, (reason, rate, excess, batch) in enumerate(made_up)
    ]  # fmt: skip
    found = made(rows, capacity_days=capacity)
    assert found["effort_days"].sum() <= capacity + 1e-9
    worth = (found["expected_money"].cast(pl.Float64) / found["effort_days"]).to_list()
    assert worth == sorted(worth, reverse=True)
    assert found.height <= len(made_up)
    assert found["expected_change"].is_between(-1, 0).all()


def test_no_lever_denies_a_lawful_right():
    """Nothing tells the shop to refuse, hinder or punish a refund that the law grants."""
    for one in LEVERS.values():
        for language, words in (
            ("zh", ("拒绝退款", "拒绝退货", "不支持七天", "不予退")),
            ("en", ("refuse the refund", "deny")),
        ):
            does = catalogue()[f"advice.lever.{one.name}.does"][language]
            assert not [w for w in words if w in does]
            assert "骗子" not in does
            assert "fraud" not in does


def test_every_lever_is_whole_in_both_languages():
    for language in LANGUAGES:
        table = lever_table(language)
        assert table.select(pl.any_horizontal(pl.col(SAID).is_null() | (pl.col(SAID) == "")).any()).item() is False
    for one in LEVERS.values():
        assert 0 <= one.cures_low < one.cures_high <= 1
        assert set(one.reasons) <= set(REASONS)
        assert f"advice.measure.{one.measure}" in catalogue()
    assert set(ORDER_RULES) <= set(LEVERS)
    with pytest.raises(UsageError):
        lever("refuse_everything")


def test_placeholders_agree_between_the_languages():
    import string

    for key, pair in catalogue().items():
        if key.startswith("advice."):
            fields = [{f for _, f, _, _ in string.Formatter().parse(pair[lang]) if f} for lang in LANGUAGES]
            assert fields[0] == fields[1], key


def test_an_id_is_made_of_lever_and_scope():
    assert len({suggestion_id(one, scope) for one in LEVERS for scope in ("shop", "product_id=1")}) == 2 * len(LEVERS)
