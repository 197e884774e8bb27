"""Likelihoods learnt from outcomes: overstated ones fall, right ones stay, and later weeks are never told worse on average."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from aftersales.measures.recalibration import likelihood_shifts, most_innocent, shifted

FIRST = datetime(2026, 1, 5)


def cases(seed, *, weeks, each=3, off=None):
    """Decided cases of three patterns: stated .75 to .97; right by these odds, shifted by ``off`` of a pattern."""
    draw = np.random.default_rng(seed)
    n = weeks * each
    pattern = draw.choice(["ring", "burst", "serial"], n)
    odds = draw.uniform(1.1, 3.5, n)
    true = odds + np.array([(off or {}).get(p, 0.0) for p in pattern])
    return pl.DataFrame(
        {
            "pattern": pattern, "probability": 1 / (1 + np.exp(-odds)), "right": draw.random(n) < 1 / (1 + np.exp(-true)),
            "at": [FIRST + timedelta(weeks=int(i // each), hours=int(i)) for i in range(n)],
        }
    )  # fmt: skip


def score(rows):
    p, right = rows["probability"].to_numpy(), rows["right"].to_numpy()
    return float(np.log(np.where(right, p, 1 - p)).mean())


def later(seed, **given):
    """The mean log score of a year's cases as stated, and with what the year before taught."""
    taught = likelihood_shifts(cases(seed, weeks=52, **given))
    new = cases(seed + 10_000, weeks=52, **given)
    return score(new), score(shifted(new, taught, "probability"))


def test_overstated_patterns_are_lowered_and_the_next_year_is_told_better():
    gains = []
    for seed in range(20):
        taught = likelihood_shifts(cases(seed, weeks=52, off={"ring": -2.5}))
        by = dict(taught.select("pattern", "shift").iter_rows())
        assert by["ring"] < -1, by
        assert abs(by["burst"]) < 1.2
        assert abs(by["serial"]) < 1.2
        stated, learnt = later(seed, off={"ring": -2.5})
        gains.append(learnt - stated)
    assert min(gains) > 0
    assert np.mean(gains) > 0.1


def test_right_likelihoods_stay_or_lose_next_to_nothing():
    gains = [learnt - stated for stated, learnt in (later(seed) for seed in range(60))]
    assert np.mean(gains) > -0.005
    assert min(gains) > -0.05


@pytest.mark.parametrize("weeks", [2, 5, 12])
def test_a_few_outcomes_do_little_harm(weeks):
    gains = []
    for seed in range(80):
        taught = likelihood_shifts(cases(seed, weeks=weeks))
        new = cases(seed + 10_000, weeks=52)
        gains.append(score(shifted(new, taught, "probability")) - score(new))
    assert np.mean(gains) > -0.02


def test_the_order_of_the_rows_changes_nothing():
    rows = cases(3, weeks=30, off={"burst": -2.0})
    for seed in range(4):
        assert likelihood_shifts(rows.sample(fraction=1, shuffle=True, seed=seed)).equals(likelihood_shifts(rows))


def test_without_outcomes_nothing_is_shifted():
    none = likelihood_shifts(cases(0, weeks=1).clear())
    assert none.is_empty()
    rows = cases(0, weeks=2)
    assert shifted(rows, none, "probability").equals(rows)
    # one week's outcomes were never tried on a later one
    assert set(likelihood_shifts(cases(0, weeks=1, each=8, off={"ring": -5.0}))["shift"]) == {0.0}


@pytest.mark.parametrize("seed", range(3))
def test_the_most_innocent_cases_hold_in_nineteen_of_twenty(seed):
    draw = np.random.default_rng(seed)
    p = draw.uniform(0.6, 0.99, 120)
    most = most_innocent(pl.Series(p))
    wrong = (draw.random((4_000, 120)) > p).sum(axis=1)
    assert 0.94 <= (wrong <= most).mean() <= 0.99
