"""Killed at a dozen random moments in import, weekly run and mail; the full two hundred are `benchmarks/kills.py`."""

from __future__ import annotations

import sys

import pytest

PLURAL = {"import": "imports", "weekly": "weeklies", "mail": "mails"}


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "kills"), [("import", 5), ("weekly", 3), ("mail", 4)])
def test_killed_at_random_moments_the_next_run_completes_and_nothing_tells_of_it(root, tmp_path, verb, kills):
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        from kills import run_kills
    finally:
        sys.path.pop(0)
    asked = dict.fromkeys(("imports", "weeklies", "mails"), 0) | {PLURAL[verb]: kills}
    fell = run_kills(tmp_path, **asked, notebooks=("02-weekly-overview",))
    assert fell[verb] >= kills // 2, f"too few fell into the work: {fell}"
