"""The yardsticks of surveillance in small: R's alarms, Noufaily's scenarios, the sales peak, speed; and its parts."""

from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from aftersales.measures.baselines import METHODS, outlook
from aftersales.measures.count_verdicts import judged_counts
from aftersales.stats.count_limits import joint_level, limits, negative_binomial_tails, single_level, tails
from aftersales.stats.level_shift import present_level_start
from aftersales.stats.quasipoisson import quasi_poisson
from aftersales.stats.xmr import individuals, laney_shares
from aftersales.words.periods import Week


def benchmark(root: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, root / "benchmarks" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_alarm_is_the_one_r_raised(root: Path, shared: Path) -> None:
    folder = shared / "farrington_parity"
    if not folder.is_dir():
        pytest.skip("the published alarms are not here")
    table = benchmark(root, "farrington_parity").compared(folder)
    assert len(table) == 105
    assert table["ours"].to_list() == table["published"].to_list()


@pytest.mark.slow
def test_noufailys_scenarios_in_small(root: Path) -> None:
    module = benchmark(root, "noufaily")
    data = module.scenarios(10, seed=11)
    with_rule, _ = module.alarms(data.counts, module.ALPHA)
    score = module.scored(with_rule, data)
    assert 0.006 <= score.false_rate <= 0.014
    assert score.worst_group <= 0.025
    assert score.found >= 0.45


@pytest.mark.slow
def test_a_sales_peak_at_constant_rate_is_no_news(root: Path) -> None:
    found = {row["counted"]: row for row in benchmark(root, "promotion_peak").outcome(10).iter_rows(named=True)}
    for counted in ("by order week", "by request week"):
        assert found[counted]["flagged"] <= 0.02
        # chance alone: the mean of ten shops scatters by 4 %, over 22 weeks from end to end about four times that
        assert found[counted]["wave"] <= 1.25
    assert found["plain ratio"]["flagged"] > 0.1  # the trap is really there
    assert found["plain ratio"]["wave"] > 3


def test_a_hundred_thousand_series_fit_in_a_minute_of_two_cores(root: Path) -> None:
    module = benchmark(root, "surveillance_speed")
    module.seconds(50)
    _, worked, flagged = module.seconds(1500)
    assert worked <= 1500 * 2 * 60 / 100_000
    assert flagged <= 0.01


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.floats(0.2, 200.0), st.floats(0.01, 1000.0))
def test_the_fit_solves_its_equations_and_knows_no_units(seed: int, mean: float, unit: float) -> None:
    random = np.random.default_rng(seed)
    time_ = np.linspace(-1, 1, 60)
    design = np.column_stack([np.ones(60), np.sin(5 * time_), time_])
    counts = random.poisson(mean * np.exp(0.4 * time_), (4, 60)).astype(float)
    counts[:, 0] += 1
    exposure, weights = random.uniform(0.5, 2, (4, 60)), random.uniform(0.5, 1.5, (4, 60))
    fit = quasi_poisson(counts, exposure, weights, design=design)
    score = (weights * (counts - fit.fitted)) @ design
    assert np.abs(score).max() <= 1e-4 * (1 + counts.sum())
    other = quasi_poisson(counts, exposure * unit, weights, design=design)
    assert np.allclose(other.fitted, fit.fitted, rtol=1e-4, atol=1e-6)
    assert (fit.dispersion >= 1).all()


def test_past_outbreaks_do_not_widen_the_limits() -> None:
    random = np.random.default_rng(2)
    clean = random.poisson(30.0, (50, 220)).astype(float)
    struck = clean.copy()
    struck[:, [60, 61, 130, 131]] += 90
    weeks = [Week.of(date(2020, 1, 6)).shift(i) for i in range(220)]
    high = [
        judged_counts(y, np.ones_like(y), y >= 0, market="cn", weeks=weeks, at=219, alpha=0.01).high.mean()
        for y in (clean, struck)
    ]
    assert high[1] <= 1.12 * high[0]


def test_a_trend_that_runs_away_is_left_out() -> None:
    weeks = [Week.of(date(2020, 1, 6)).shift(i) for i in range(61)]
    counts = np.round(2 * 1.08 ** np.arange(61.0))[None, :]
    found = outlook(counts, np.ones_like(counts), counts >= 0, market=None, weeks=weeks, at=60).expected
    assert not found.trend[0]
    gentle = np.round(40 + 0.3 * np.arange(61.0) + 6 * np.sin(np.arange(61.0)))[None, :]
    assert outlook(gentle, np.ones_like(gentle), gentle >= 0, market=None, weeks=weeks, at=60).expected.trend[0]


def test_a_first_festival_has_wider_but_finite_limits() -> None:
    weeks = [Week.of(date(2026, 3, 30)).shift(i) for i in range(33)]  # ends in the week of Double 11
    assert str(weeks[-1]) == "2026-W46"
    counts = np.random.default_rng(4).poisson(400.0, (30, 33)).astype(float)
    usable = counts >= 0
    plain, festive = (
        judged_counts(counts, np.ones_like(counts), usable, market=market, weeks=weeks, at=32, alpha=0.01)
        for market in (None, "cn")
    )
    assert [METHODS[m] for m in set(plain.method)] == ["trend"]
    assert plain.high.mean() < festive.high.mean() < 2 * plain.high.mean()


@settings(max_examples=60)
@given(
    st.integers(0, 400), st.floats(0.05, 200), st.floats(1.0, 5.0), st.integers(0, 400), st.floats(3, 300),
    st.sampled_from([0.001, 0.01, 0.05]),
)  # fmt: skip
def test_limits_are_the_exact_counterpart_of_p_values(
    count: int, mean: float, dispersion: float, before: int, df: float, alpha: float
) -> None:
    y, m, b, f = (np.array([float(x)]) for x in (count, mean, before, df))
    fortnight = {"before": b, "mean_2": 2 * m, "variance_2": 2.2 * dispersion * m, "df": f}
    found = tails(y, m, dispersion * m, **fortnight)
    range_ = limits(m, dispersion * m, **fortnight, alpha=alpha)
    # the table of joint levels is interpolated: leave the knife's edge out
    if not np.isclose(found.above[0], alpha, rtol=1e-3):
        assert (found.above[0] <= alpha) == (y[0] > range_.high[0])
    if not np.isclose(found.below[0], alpha, rtol=1e-3):
        assert (found.below[0] <= alpha) == (y[0] < range_.low[0])


def test_both_tests_together_keep_the_level() -> None:
    random = np.random.default_rng(7)
    first, second = random.normal(size=(2, 2_000_000))
    for alpha in (0.01, 0.001):
        each = single_level(alpha)
        assert joint_level(np.array([each]))[0] == pytest.approx(alpha, rel=1e-6)
        z_week, z_both = (-ndtri(each * share) for share in (0.25, 0.75))
        spoke = (second > z_week) | ((first + second) / np.sqrt(2) > z_both)
        assert spoke.mean() == pytest.approx(alpha, rel=0.1)


def test_tails_add_up_to_one_and_the_probability_of_the_count() -> None:
    counts = np.arange(0.0, 60.0)
    above, below = negative_binomial_tails(counts, np.full(60, 12.0), np.full(60, 30.0))
    chance = np.diff(np.append(0.0, below))
    assert np.allclose(above + below, 1 + chance)
    assert (np.diff(above) <= 0).all()


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(3, 50), st.floats(4.0, 9.0))
def test_a_clear_step_is_dated_and_noise_is_not(seed: int, at: int, height: float) -> None:
    random = np.random.default_rng(seed)
    steps = random.normal(0, 0.5, (1, 60))
    steps[:, at:] += height
    assert abs(int(present_level_start(steps)[0]) - at) <= 1
    assert present_level_start(-steps)[0] == present_level_start(steps)[0]


def test_noise_seldom_seems_to_step() -> None:
    noise = np.random.default_rng(1).normal(size=(400, 60))
    assert (present_level_start(noise) > 0).mean() <= 0.06


def test_charts_of_individuals_keep_their_level_also_where_values_are_skewed() -> None:
    random = np.random.default_rng(3)
    for values in (random.normal(5, 1, (20_000, 31)), random.lognormal(1, 0.8, (20_000, 31))):
        chart = individuals(values[:, :-1], values[:, -1], alpha=0.01)
        assert (chart.p_above <= 0.01).mean() <= 0.015
        assert (chart.p_below <= 0.01).mean() <= 0.015
        assert ((values[:, -1] > chart.high) == (chart.p_above <= 0.01)).all()
    few = individuals(values[:, :9], values[:, -1], alpha=0.01)
    assert np.isnan(few.high).all()


def test_shares_that_scatter_more_than_the_binomial_get_wider_limits() -> None:
    random = np.random.default_rng(4)
    number = np.full((2000, 41), 5000.0)
    for spread in (0.0, 0.03):
        share = np.clip(0.7 + random.normal(0, spread, number.shape), 0, 1)
        events = random.binomial(5000, share).astype(float)
        chart = laney_shares(events[:, :-1], number[:, :-1], events[:, -1], number[:, -1], alpha=0.005)
        flagged = (chart.p_above <= 0.005) | (chart.p_below <= 0.005)
        assert flagged.mean() <= 0.02
