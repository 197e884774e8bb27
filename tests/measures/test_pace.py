"""Weeks whose refunds come slower or faster than usual, and weeks that have more or fewer of them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import lognorm

from aftersales.measures.nowcast import nowcast
from aftersales.measures.pace import PACES, stretched, to_come

MONDAY = date(2026, 1, 5)
WEEKS, AGES, RATE = 44, 10, 0.1


def curve(pace: float) -> np.ndarray:
    """Requests an order of a week by week of age, lognormal delays of nine days or so."""
    ends = 7 * np.arange(1, AGES + 1)[:, None] - np.arange(0.5, 7)
    arrived = lognorm.cdf(ends, 0.7, scale=9 * np.exp(pace)).mean(1)
    return RATE * np.diff(arrived, prepend=0.0)


def judged(paces: np.ndarray, *, seed: int, orders: int = 6000) -> pl.DataFrame:
    """The nowcast of a shop whose weeks have these paces, with ``truth``; the newest week last."""
    draw = np.random.default_rng(seed)
    events = draw.poisson(orders * np.stack([curve(pace) for pace in paces]))
    cells = [(MONDAY + timedelta(weeks=w), a, orders, int(events[w, a]))
             for w in range(WEEKS) for a in range(AGES) if w + a < WEEKS]  # fmt: skip
    triangle = pl.DataFrame(cells, schema=["cohort", "age", "orders", "events"], orient="row")
    return nowcast(triangle).sort("cohort").with_columns(truth=pl.Series(events.sum(1))).tail(5)


def measured(shops: list[pl.DataFrame]) -> tuple[list[float], list[float]]:
    """Share of 90 % intervals that hold the truth, and mean interval score over orders (points), at 0–3 weeks."""
    low, high, truth = (np.stack([shop[c].to_numpy()[::-1][:4] for shop in shops]) for c in ("low", "high", "truth"))
    score = high - low + 20 * (np.maximum(low - truth, 0) + np.maximum(truth - high, 0))
    return ((low <= truth) & (truth <= high)).mean(0).tolist(), (score.mean(0) / 60).tolist()


@given(st.lists(st.floats(0, 0.1), min_size=2, max_size=14))
def test_a_slower_pace_moves_requests_and_loses_none(incidence):
    rows = stretched(np.array(incidence))
    assert rows.sum(1) == pytest.approx(sum(incidence))
    assert (rows >= -1e-12).all()
    assert rows[len(PACES) // 2] == pytest.approx(np.array(incidence))
    slower_and_slower = rows.cumsum(1)[:, :-1]
    usable = np.delete(slower_and_slower, len(PACES) // 2, axis=0)  # the usual row keeps its own corners
    assert (np.diff(usable, axis=0) <= 1e-9).all()


def test_a_stretched_curve_is_the_curve_of_the_stretched_delays():
    usual = curve(0.0)
    usual[-1] += RATE - usual.sum()
    for pace in (-0.4, 0.4):
        found = stretched(usual)[int(np.abs(PACES - pace).argmin())]
        assert found[:4] == pytest.approx(curve(pace)[:4], abs=0.004)


def test_a_late_week_has_more_to_come_where_weeks_differ_in_pace_and_less_where_they_differ_in_level():
    paces = stretched(np.array([0.05, 0.03, 0.015, 0.005]))
    expected = 1000 * np.repeat(paces[None, None], 1, axis=0)
    seen = np.array([[[25.0, 0, 0, 0]]])
    shown = np.array([[[True, False, False, False]]])
    found = to_come(expected, seen, shown, shown, ~shown)
    still, wandering = 1000 * 0.05, -1
    assert found.mean[0, 0, 0, 0] == pytest.approx(still)  # all weeks alike: what came early tells nothing
    assert found.mean[0, 0, wandering, 0] > still
    assert found.mean[0, 0, 0, 2] < still
    assert found.reached[0, 0, wandering, 0] < found.reached[0, 0, 0, 0] == pytest.approx(0.5)


@pytest.mark.slow
def test_intervals_hold_where_the_pace_wanders():
    shops = []
    for seed in range(20):
        draw = np.random.default_rng(1000 + seed)
        paces = np.zeros(WEEKS)
        for w in range(1, WEEKS):
            paces[w] = 0.6 * paces[w - 1] + draw.normal(0, 0.15)
        shops.append(judged(paces, seed=seed))
    covered, score = measured(shops)
    assert min(covered) >= 0.8
    # one spread for all weeks scored 4 to 5 points at one and at two weeks here
    assert max(score[1:3]) < 2.5


@pytest.mark.slow
@pytest.mark.parametrize(("since", "times"), [(3, 1.5), (6, 2.0)])
def test_intervals_hold_soon_after_refunds_slow_down(since, times):
    paces = np.zeros(WEEKS)
    paces[-since:] = np.log(times)
    covered, score = measured([judged(paces, seed=100 + seed) for seed in range(20)])
    assert min(covered) >= 0.7
    assert max(score) < 4  # one spread for all weeks: 20 to 29


def test_steady_delays_pay_little_for_what_may_wander():
    covered, score = measured([judged(np.zeros(WEEKS), seed=200 + seed) for seed in range(10)])
    assert min(covered) >= 0.8
    counts_alone = [2 * 1.645 * np.sqrt(6000 * curve(0.0)[a + 1 :].sum()) / 60 for a in range(4)]
    assert all(s < 2 * c + 0.1 for s, c in zip(score, counts_alone, strict=True))


def test_models_that_disagree_on_next_to_nothing_leave_an_interval():
    """Counts that are revised downwards: some windows expect a little still, others nothing."""
    draw = np.random.default_rng(5)
    early, late = draw.poisson(3000, 30), draw.integers(-30, 4, 30)
    cells = [(MONDAY + timedelta(weeks=w), a, 1, float([early[w], late[w], late[-w]][a]))
             for w in range(30) for a in range(3) if w + a < 30]  # fmt: skip
    found = nowcast(pl.DataFrame(cells, schema=["cohort", "age", "orders", "events"], orient="row"))
    assert found.select(pl.col("to_come", "high", "size").is_finite().all()).row(0) == (True, True, True)
    assert (found["high"] >= found["seen"]).all()
    assert found["size"].min() >= 0.01
