"""Killed at a dozen random moments in import, weekly run and mail; the full two hundred are `benchmarks/kills.py`."""

from __future__ import annotations

import sys

import pytest


@pytest.mark.slow
def test_killed_at_random_moments_the_next_run_completes_and_nothing_tells_of_it(root, tmp_path):
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        from kills import run_kills
    finally:
        sys.path.pop(0)
    fell = run_kills(tmp_path, imports=5, weeklies=3, mails=4, notebooks=("02-weekly-overview",))
    assert sum(fell[verb] for verb in ("import", "weekly", "mail")) >= 6, f"too few fell into the work: {fell}"
