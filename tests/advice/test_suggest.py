"""Suggestions: never without a finding, never against a lawful right, few, stable, and in both languages."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.advice.levers import LEVERS, SAID, lever, lever_table
from aftersales.advice.order_rules import ORDER_RULES
from aftersales.advice.replay_record import COLUMNS, Replay
from aftersales.advice.suggest import suggestion_id, suggestions
from aftersales.findings.contract import check, empty
from aftersales.tables.values import REASONS
from aftersales.words.errors import QuestionError
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
    "segment": "courier=申通快递 & province=河南省", "measure": "refund_rate", "rate_before": 0.05, "rate_after": 0.2,
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
    assert made([PRODUCT | {"batch": "B7"}])["lever"].to_list() == ["pull_batch"]
    assert made([PRODUCT])["lever"].to_list() == ["supplier_claim"]


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


def curve(answer, net=900.0):
    row = dict.fromkeys(COLUMNS, 1) | {
        "threshold": 3.0,
        "net_low": net / 2,
        "net_high": net * 2,
        "good_hurt_a_month": 7.4,
    }
    table = pl.DataFrame([row], schema=COLUMNS).with_columns(flat=pl.lit(value=True))
    return Replay("purchase_limit", answer, 3.0, 30, table)


def test_a_rule_is_suggested_only_where_its_replay_pays_and_suspicion_stands():
    replays = {"purchase_limit": curve("worth")}
    row = made(suspects=[SUSPECT], replays=replays).row(0, named=True)
    assert (row["lever"], row["threshold"], row["good_orders_hurt"]) == ("purchase_limit", 3.0, 7)
    assert "3" in row["action"]
    assert "purchase_limit" not in made(suspects=[SUSPECT], replays={"purchase_limit": curve("cannot_say")})["lever"]
    assert made(replays=replays).is_empty()


@settings(max_examples=30, deadline=None)
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
    with pytest.raises(QuestionError):
        lever("refuse_everything")


def test_placeholders_agree_between_the_languages():
    import string

    for key, pair in catalogue().items():
        if key.startswith("advice."):
            fields = [{f for _, f, _, _ in string.Formatter().parse(pair[lang]) if f} for lang in LANGUAGES]
            assert fields[0] == fields[1], key


def test_an_id_is_made_of_lever_and_scope():
    assert len({suggestion_id(one, scope) for one in LEVERS for scope in ("shop", "product_id=1")}) == 2 * len(LEVERS)
