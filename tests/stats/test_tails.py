"""Tails of distributions: the same numbers as scipy.stats, whose import they save."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from aftersales.stats import tails

COUNTS = np.arange(-2, 60)
CHANCES = (1e-6, 0.02, 0.5, 0.97)


@pytest.mark.parametrize("chance", CHANCES)
def test_tails_of_counts_are_those_of_scipy_stats(chance: float) -> None:
    same = {"rtol": 1e-9, "atol": 1e-300}
    np.testing.assert_allclose(tails.binomial_sf(COUNTS, 40, chance), stats.binom.sf(COUNTS, 40, chance), **same)
    np.testing.assert_allclose(tails.poisson_sf(COUNTS, 9 * chance), stats.poisson.sf(COUNTS, 9 * chance), **same)
    ours = tails.negative_binomial_sf(COUNTS, 1.7, chance)
    np.testing.assert_allclose(ours, stats.nbinom.sf(COUNTS, 1.7, chance), rtol=1e-8, atol=1e-300)


def test_tails_of_the_normal_and_of_students_t_are_those_of_scipy_stats() -> None:
    z, chances = np.linspace(-8, 8, 33), np.array([1e-9, 0.01, 0.4])
    np.testing.assert_allclose(tails.normal_sf(z), stats.norm.sf(z), rtol=1e-12)
    np.testing.assert_allclose(tails.normal_isf(chances), stats.norm.isf(chances), rtol=1e-9)
    np.testing.assert_allclose(tails.student_sf(z, 7), stats.t.sf(z, 7), rtol=1e-9)
    np.testing.assert_allclose(tails.student_ppf(1 - chances, 7), stats.t.ppf(1 - chances, 7), rtol=1e-6)


def test_opening_a_week_imports_neither_scipy_stats_nor_scikit_learn() -> None:
    heavy = "'scipy.stats', 'sklearn'"
    code = f"import sys, aftersales.week.findings; print([m for m in ({heavy}) if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
