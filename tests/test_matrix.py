"""The real program over folders, zones, shops and verbs: every pair of values of any two of them occurs in some run.

The whole product is ``benchmarks/matrix.py``.
"""

from __future__ import annotations

from itertools import combinations, product
from pathlib import Path

import pytest

from matrix import AXES, Run, pairwise, run_through

RUNS = pairwise(AXES, seed=20261116)


def test_every_pair_of_values_of_two_axes_is_in_a_run():
    wanted = {(a, x, b, y) for a, b in combinations(AXES, 2) for x, y in product(AXES[a], AXES[b])}
    covered = {(a, run[a], b, run[b]) for run in RUNS for a, b in combinations(AXES, 2)}
    assert wanted == covered
    assert len(RUNS) <= 1.6 * max(len(x) * len(y) for x, y in combinations(AXES.values(), 2))


@pytest.mark.slow
@pytest.mark.parametrize("run", RUNS, ids=[" | ".join(run.values()) for run in RUNS])
def test_the_program_goes_through(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = run_through(run, tmp_path, monkeypatch)
    assert found == []
