"""Worker processes by themselves: what ends with a pool ends without a word."""

from __future__ import annotations

import subprocess
import sys

import pytest

# One worker is in code that hears no signal; the other has just died and a new one is being started in its place.
STOPPED_WHILE_ONE_IS_STARTED = """
import os, signal, time
from aftersales_app.reports.workers import WorkerPool

def deaf():
    return sum(range(10**10))

def dying():
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    pool = WorkerPool(2, seconds=600, memory_mb=None, runs=1)
    pool.look(deaf)
    died = pool.look(dying).exception(timeout=300)
    print(type(died).__name__)
    time.sleep(0.05)
    pool.stop()
"""


@pytest.mark.slow
def test_a_worker_that_is_being_started_as_the_pool_stops_says_nothing(tmp_path):
    (tmp_path / "stopped.py").write_text(STOPPED_WHILE_ONE_IS_STARTED, "utf-8")
    done = subprocess.run(
        [sys.executable, "stopped.py"], cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "ProcessExpired", "")


def test_whoever_only_hands_out_work_loads_no_notebook_engine():
    # of the start of every run and every mail it was a third
    code = "import sys, aftersales_app.reports.weekly, aftersales_app.mail.mailing; print('papermill' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout.strip() == "False"
