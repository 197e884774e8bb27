"""Whether a decision worked: nothing done gives nothing, what was planted is found, and doubt is said."""

from __future__ import annotations

import importlib.util
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.advice.effect import COLUMNS, decision_effect
from aftersales.advice.suggest import detectable_effect
from aftersales.advice.verdicts import verdict
from aftersales.stats.did import compare_change, compare_own
from aftersales.stats.fault_level import levels_before
from aftersales.stats.interrupted import level_change
from aftersales.stats.placebo import placebo_interval, placebo_p
from aftersales.stats.synthetic import synthetic_effect
from aftersales.words.errors import DataError, UsageError
from aftersales.words.language import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "california_prop99.csv"
FIRST = date(2026, 6, 1)


def weeks_of(units=50, before=12, after=4, effect=1.0, rate=0.12, orders=250, maturity=1.0, seed=3):
    """Weekly counts of many like products; the rate of the first is times ``effect`` afterwards."""
    rng = np.random.default_rng(seed)
    rows = []
    for u in range(units):
        for k in range(before + after):
            ripe = maturity if k >= before else 1.0
            chance = rate * (effect if u == 0 and k >= before else 1.0) * ripe
            rows.append(
                (f"p{u:03}", FIRST + timedelta(weeks=k), int(rng.binomial(orders, chance)), orders * ripe, ripe)
            )
    return pl.DataFrame(rows, schema=COLUMNS, orient="row"), FIRST + timedelta(weeks=before)


@pytest.mark.parametrize(("units", "method"), [(50, "did"), (14, "synthetic"), (1, "interrupted")])
def test_each_way_finds_a_halved_rate_and_names_itself(units, method):
    weeks, day = weeks_of(units=units, effect=0.5)
    found = decision_effect(weeks, market="cn", unit="p000", effective_from=day, expected=-0.2)
    assert (found.method, found.verdict) == (method, "worked")
    assert found.change_low < -0.5 < found.change_high


@pytest.mark.parametrize(("units", "method"), [(50, "did"), (14, "synthetic"), (1, "interrupted")])
def test_a_doubled_rate_is_harm(units, method):
    weeks, day = weeks_of(units=units, effect=2.0)
    assert decision_effect(weeks, market="cn", unit="p000", effective_from=day).verdict == "harmed"


@pytest.mark.parametrize("units", [50, 14])
def test_what_happens_to_all_is_nobodys_merit(units):
    weeks, day = weeks_of(units=units)
    halved = weeks.with_columns(events=pl.when(pl.col("week") >= day).then(pl.col("events") // 2).otherwise("events"))
    assert decision_effect(halved, market="cn", unit="p000", effective_from=day, expected=-0.4).verdict != "worked"


def test_immature_weeks_are_too_early_whatever_they_show():
    weeks, day = weeks_of(effect=0.2, maturity=0.6)
    found = decision_effect(weeks, market="cn", unit="p000", effective_from=day)
    assert (found.verdict, found.change) == ("too_early", None)
    weeks, day = weeks_of(effect=0.2, after=3)
    assert decision_effect(weeks, market="cn", unit="p000", effective_from=day).verdict == "too_early"


def test_a_change_in_mid_week_leaves_that_week_out():
    weeks, day = weeks_of(after=4)
    assert (
        decision_effect(weeks, market="cn", unit="p000", effective_from=day + timedelta(days=2)).verdict == "too_early"
    )


def test_overlapping_changes_are_not_told_apart():
    weeks, day = weeks_of(effect=0.3)
    found = decision_effect(weeks, market="cn", unit="p000", effective_from=day, overlapping=True)
    assert (found.verdict, found.reason) == ("cannot_tell", "advice.effect.overlapping")


def test_touched_units_are_compared_with_nothing():
    weeks, day = weeks_of(units=30)
    found = decision_effect(weeks, market="cn", unit="p000", effective_from=day, touched=["p001", "p002"])
    assert found.controls == 27
    assert not set(found.table["unit"]) & {"p000", "p001", "p002"}


def test_a_restless_series_without_controls_tells_nothing():
    weeks, day = weeks_of(units=1)
    jump = FIRST + timedelta(weeks=6)
    placebo_break = weeks.with_columns(
        events=pl.when(pl.col("week") < jump).then(pl.col("events") * 3).otherwise("events")
    )
    found = decision_effect(placebo_break, market="cn", unit="p000", effective_from=day)
    assert (found.verdict, found.reason) == ("cannot_tell", "advice.effect.placebo_break")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_verdict_is_a_sentence(language):
    weeks, day = weeks_of(effect=0.5)
    said = {
        decision_effect(weeks, market="cn", unit="p000", effective_from=day, overlapping=o).headline(language)
        for o in (0, 1)
    }
    assert len(said) == 2
    alone, day = weeks_of(units=1, effect=0.5)
    assert len(decision_effect(alone, market="cn", unit="p000", effective_from=day).headline(language)) > 30


def test_wrong_questions_are_named():
    weeks, day = weeks_of(units=2)
    with pytest.raises(UsageError):
        decision_effect(weeks, market="cn", unit="nobody", effective_from=day)
    with pytest.raises(UsageError):
        decision_effect(weeks, market="cn", unit="p000", effective_from=day, expected=0.2)
    with pytest.raises(DataError):
        decision_effect(weeks.drop("maturity"), market="cn", unit="p000", effective_from=day)


ENDS = st.floats(-0.99, 3.0)


@given(ENDS, ENDS, st.floats(-1, 0))
def test_a_verdict_follows_its_interval(one, other, expected):
    low, high = min(one, other), max(one, other)
    word = verdict(low, high, expected=expected)
    assert (word == "worked") == (high < 0 and low <= expected)
    assert (word == "harmed") == (low > 0)
    if word == "cannot_tell":
        assert low <= 0 <= high
        assert low <= expected


@given(st.lists(st.floats(-3, 3), min_size=9, max_size=120), st.floats(-3, 3), st.floats(0.01, 5))
def test_the_interval_leaves_out_zero_only_where_placebos_rarely_move_so_far(placebos, estimate, scale):
    scores = np.array(placebos)
    low, high = placebo_interval(estimate * scale, scores, scale=scale)
    assert low <= high
    if high < 0:
        assert (1 + (scores <= estimate).sum()) / (1 + len(scores)) <= 0.1 + 1e-9
    assert 0 < placebo_p(estimate, scores) <= 1


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_placebo_p_of_an_untouched_unit_is_one_of_its_ranks(seed):
    rng = np.random.default_rng(seed)
    found = compare_change(*(rng.poisson(m, 25).astype(float) for m in (60, 600, 20, 200)))
    assert found.low <= found.change <= found.high
    assert (found.p * 25) == pytest.approx(round(found.p * 25))


@settings(max_examples=60)
@given(
    events=st.integers(0, 40), expected=st.floats(0.02, 60), unsure=st.floats(0, 1), spread=st.floats(1, 4),
    before=st.integers(0, 3),
)  # fmt: skip
def test_an_estimate_lies_inside_its_own_interval_also_of_a_few_events(events, expected, unsure, spread, before):
    change, low, high = compare_own(events, expected, unsure, spread=spread)
    assert low < change < high or change == high == 6
    counts = np.random.default_rng(1).poisson(3.0, (2, 45)).astype(float)
    counts[:, 0] = before, events
    found = compare_change(counts[0], np.full(45, 60.0), counts[1], np.full(45, 60.0))
    assert found.low < found.change < found.high or found.change == found.high == 6


def test_units_of_almost_no_events_lend_no_false_steadiness():
    """Thirty-three units at 0 or 1 event of a hardly expected one: three of twelve orders are no rise 27- to 60-fold."""
    after = np.zeros(34)
    after[[0, 5, 9]] = 3, 1, 1
    level = np.full(34, 0.12), np.full(34, 2.0)
    found = compare_change(np.zeros(34), np.full(34, 19.0), after, np.full(34, 12.0), level=level)
    assert len(found.placebos) == 33
    assert found.high - found.low > np.log(10)


def test_a_spike_by_chance_is_not_cured_by_what_was_done():
    """Choosing the worst of sixty like products, whose rates then fall by themselves."""
    rng = np.random.default_rng(8)
    worked = 0
    for _ in range(60):
        before, after = rng.poisson(24, 60).astype(float), rng.poisson(8, 60).astype(float)
        found = compare_change(before, np.full(60, 200.0), after, np.full(60, 66.7), treated=int(before.argmax()))
        worked += found.high < 0
    assert worked <= 6


def test_synthetic_weights_are_shares_and_copy_a_copy():
    rng = np.random.default_rng(1)
    controls = rng.normal(0, 1, (12, 20)).cumsum(axis=1)
    effect = synthetic_effect(controls[3] + np.where(np.arange(20) >= 15, -5.0, 2.0), controls, before=15)
    assert effect.unit_weights.sum() == pytest.approx(1)
    assert (effect.unit_weights >= 0).all()
    assert effect.time_weights.sum() == pytest.approx(1)
    assert (effect.time_weights >= 0).all()
    assert effect.estimate == pytest.approx(-7, abs=2.0)


def test_a_flat_series_makes_no_step():
    found = level_change(np.full(16, 12.0), np.full(16, 100.0), before=12)
    assert found.low < 0 < found.high
    assert not found.placebo_break
    assert level_change(np.full(5, 12.0), np.full(5, 100.0), before=3) is None


@given(st.floats(0.01, 0.5), st.floats(5, 5000))
def test_more_orders_show_smaller_effects(rate, orders):
    assert detectable_effect(rate=rate, orders_a_week=orders * 2) <= detectable_effect(rate=rate, orders_a_week=orders)


@pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not here")
def test_proposition_99_comes_out_as_published():
    spec = importlib.util.spec_from_file_location("prop99", ROOT / "benchmarks" / "prop99.py")
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    did, sdid = bench.effects()
    assert did == pytest.approx(-27.35, abs=0.05)
    assert sdid == pytest.approx(-15.60, abs=0.05)


def on_a_fault(units, cure, *, lift=2.5, orders=250, seed=3):
    """Weeks whose first unit had a fault for three weeks when something was decided; a share of it is cured."""
    weeks, day = weeks_of(units=units, orders=orders, seed=seed)
    rng = np.random.default_rng(seed)
    first = pl.col("unit") == "p000"
    sick = weeks.filter(first, pl.col("week") >= day - timedelta(weeks=3))
    rate = pl.when(pl.col("week") < day).then(0.12 * lift).otherwise(0.12 * (lift - (lift - 1) * cure))
    events = rng.binomial(orders, sick.select(rate.alias("rate"))["rate"].to_numpy())
    return pl.concat([weeks.join(sick, on=["unit", "week"], how="anti"), sick.with_columns(events=events)]), day


@pytest.mark.parametrize("units", [50, 14, 1])
def test_a_fault_that_stays_is_no_harm_and_no_merit(units):
    for seed in range(4):
        weeks, day = on_a_fault(units, 0.0, seed=seed)
        found = decision_effect(weeks, market="cn", unit="p000", effective_from=day, expected=-0.2)
        assert found.verdict in ("did_not", "cannot_tell")
        assert found.fault_since == day - timedelta(weeks=3)
        assert found.cured_low < 0.3


@pytest.mark.parametrize("units", [50, 14, 1])
def test_a_cured_fault_worked_and_says_how_much_of_it_is_gone(units):
    weeks, day = on_a_fault(units, 1.0)
    found = decision_effect(weeks, market="cn", unit="p000", effective_from=day, expected=-0.2)
    assert found.verdict == "worked"
    assert found.cured_low < 1 < found.cured_high
    assert found.rate_healthy < 0.2 < found.rate_before
    half, day = on_a_fault(units, 0.5)
    assert decision_effect(half, market="cn", unit="p000", effective_from=day).cured == pytest.approx(0.5, abs=0.25)
    for language in LANGUAGES:
        assert "90%" in found.headline(language)


def test_a_fault_that_doubles_again_is_harm():
    weeks, day = on_a_fault(50, -1.5)
    assert decision_effect(weeks, market="cn", unit="p000", effective_from=day).verdict == "harmed"


def test_one_large_faulty_unit_does_not_pass_for_all():
    rng = np.random.default_rng(2)
    events = rng.poisson(5, (14, 12)).astype(float)
    exposure = np.full((14, 12), 50.0)
    exposure[0], events[0] = 2000, rng.poisson(200, 12)
    events[0, -3:] *= 2.5
    found = levels_before(events, exposure)
    assert found.faulty[0] > 0.9
    assert found.mean[0] == pytest.approx(0.25, rel=0.1)
    assert found.faulty[1:].max() < 0.5


def test_a_change_of_policy_is_named_and_not_credited_without_others():
    shift = date(2026, 1, 19) - FIRST
    for units, verdict_said in ((50, "worked"), (1, "cannot_tell")):
        weeks, day = weeks_of(units=units, effect=0.4)
        moved = weeks.with_columns(week=pl.col("week") + shift)
        found = decision_effect(moved, market="cn", unit="p000", effective_from=day + shift, expected=-0.2)
        assert (found.verdict, found.breaks) == (verdict_said, ("platform_rules",))
        assert "2026" in found.headline("en")
