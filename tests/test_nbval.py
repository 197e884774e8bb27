"""Every notebook runs in a real kernel on the demo shop, cell by cell."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_every_notebook_runs_as_it_stands(demo, root):
    words = ["--nbval-lax", "-q", "-p", "no:cacheprovider", "-o", "addopts=", str(root / "notebooks")]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        capture_output=True, text=True, cwd=root, check=False, timeout=600,
        env=os.environ | {"AFTERSALES_CONFIG": str(demo / "shops.toml")},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:]
