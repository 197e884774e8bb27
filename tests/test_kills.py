"""Killed at a dozen random moments in import, weekly run and mail; the full two hundred are `benchmarks/kills.py`."""

from __future__ import annotations

import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verb", "asked"), [("import", {"imports": 5}), ("weekly", {"weeklies": 3}), ("mail", {"mails": 4})]
)
def test_killed_at_random_moments_the_next_run_completes_and_nothing_tells_of_it(root, tmp_path, verb, asked):
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        from kills import run_kills
    finally:
        sys.path.pop(0)
    fell = run_kills(tmp_path, **asked, notebooks=("02-weekly-overview",))
    # a half at least, and of an odd number more
    assert 2 * fell[verb] >= sum(asked.values()), f"too few fell into the work: {fell}"
