"""The findings contract: exactly the promised columns, also when nothing was found; broken rows are refused."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from aftersales.findings.contract import CONTRACT, ROW, WORDS, check, contract_of, empty
from aftersales.words.errors import DataError, UsageError

# as the product definition lists them
PROMISED = {
    "problem_products": "product_id, title, category, orders, refunds, rate, expected_rate, rate_low, rate_high, "
    "probability_worse, excess_refunds, money_at_stake, since, main_reason, headline",
    "drivers": "kind, segment, measure, rate_before, rate_after, excess, share_of_change, since, headline",
    "suspicious_orders": "case_id, order_id, buyer_key, pattern, probability, money_at_risk, reasons, "
    "innocent_explanations, next_step",
    "suspicious_complaints": "case_id, complaint_id, order_id, pattern, probability, contradictions, fault, offer_low, "
    "offer_high, evidence_due_at, next_step",
    "signals": "measure, scope, week, seen, value, value_low, value_high, normal_low, normal_high, verdict, since, "
    "headline",
    "suggestions": "suggestion_id, lever, scope, benefit_low, benefit_high, good_orders_hurt, owner_role, measure, "
    "headline",
    "decisions": "decision_id, effect_low, effect_high, verdict, headline",
}


@pytest.mark.parametrize("name", PROMISED)
def test_each_file_has_its_columns_also_when_empty_and_survives_the_disk(name, tmp_path):
    assert list(contract_of(name)) == PROMISED[name].split(", ")
    empty(name).write_parquet(tmp_path / f"{name}.parquet")
    back = pl.read_parquet(tmp_path / f"{name}.parquet")
    assert check(name, back).schema == CONTRACT[name]


def test_the_seven_files_and_their_keys_are_all_there():
    assert set(CONTRACT) == set(PROMISED) == set(ROW)
    assert all(set(ROW[name]) <= set(CONTRACT[name]) for name in CONTRACT)
    assert all(column in CONTRACT[name] for name, column in WORDS)


def decision(**more):
    row = {"decision_id": "d1", "effect_low": -0.1, "effect_high": 0.1, "verdict": "worked", "headline": "…"}
    return pl.DataFrame([row | more], schema_overrides={"effect_low": pl.Float64, "effect_high": pl.Float64})


def test_more_columns_are_welcome_and_stand_last():
    frame = decision().select(pl.lit("x").alias("more"), pl.all())
    assert check("decisions", frame).columns == [*CONTRACT["decisions"], "more"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (decision(verdict="fine"), "holds 'fine'"),
        (decision(effect_low=0.5), "effect_low lies above effect_high"),
        (decision(effect_high=float("nan")), "effect_high is not finite"),
        (decision(decision_id=None).cast({"decision_id": pl.String}), "decision_id is null in 1 rows"),
        (pl.concat([decision(), decision()]), "stand twice"),
        (decision().with_columns(effect_low=pl.lit("low")), "effect_low is String, not Float64"),
        (decision().drop("headline"), "lacks headline"),
    ],
)
def test_a_broken_file_is_refused_and_the_fault_is_named(broken, said):
    with pytest.raises(DataError, match=said):
        check("decisions", broken)


def test_a_share_outside_its_range_is_refused():
    row = {"kind": "change", "segment": "a", "measure": "m", "rate_before": 0.1, "rate_after": 1.2}
    frame = pl.concat([empty("drivers"), pl.DataFrame([row])], how="diagonal")
    with pytest.raises(DataError, match="rate_after lies outside"):
        check("drivers", frame)


def test_any_zone_will_do_but_none_will_not():
    due = datetime(2026, 11, 15, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    row = pl.DataFrame(
        {"case_id": ["c"], "complaint_id": ["1"], "evidence_due_at": [due], "offer_low": [Decimal("1.00")]}
    )
    frame = pl.concat([empty("suspicious_complaints").drop("evidence_due_at"), row], how="diagonal_relaxed")
    frame = frame.with_columns(pl.col("offer_low").cast(pl.Decimal(18, 2)))
    assert check("suspicious_complaints", frame).height == 1
    with pytest.raises(DataError, match="evidence_due_at is Datetime"):
        check("suspicious_complaints", frame.with_columns(pl.col("evidence_due_at").dt.replace_time_zone(None)))


def test_an_unknown_file_is_a_question_error():
    with pytest.raises(UsageError, match="did you mean 'signals'"):
        empty("signal")
