"""Killed at a dozen random moments in import, weekly run and mail; the full two hundred are `benchmarks/kills.py`."""

from __future__ import annotations

import sys

import pytest

KILLS = {"import": 5, "weekly": 3, "mail": 4}


@pytest.mark.slow
@pytest.mark.kills
def test_killed_at_random_moments_the_next_run_completes_and_nothing_tells_of_it(root, tmp_path):
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        from kills import run_kills
    finally:
        sys.path.pop(0)
    fell = run_kills(
        tmp_path, imports=KILLS["import"], weeklies=KILLS["weekly"], mails=KILLS["mail"],
        notebooks=("02-weekly-overview",),
    )  # fmt: skip
    # how many fall into the work depends on the machine's speed at each moment; that some do is certain enough
    assert all(fell[verb] for verb in KILLS), f"none fell into the work: {fell}"
