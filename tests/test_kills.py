"""Killed at a dozen random moments in import, weekly run and mail; the full two hundred are `benchmarks/kills.py`."""

from __future__ import annotations

import subprocess
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


@pytest.mark.slow
@pytest.mark.kills
def test_every_verb_killed_at_a_file_operation_is_completed_by_giving_it_again(root):
    words = ["kills.py", "--verbs", "8", "--import", "0", "--weekly", "0", "--mail", "0"]
    done = subprocess.run(
        [sys.executable, *words], cwd=root / "benchmarks", capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 faults after the verb was given again" in done.stdout


@pytest.mark.slow
def test_a_dozen_damaged_stores_never_give_a_wrong_figure(root, tmp_path):
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        from damaged_store import run_damage
    finally:
        sys.path.pop(0)
    counts, bad = run_damage(tmp_path, range(12))
    assert bad == []
    assert counts["named"] >= 6
