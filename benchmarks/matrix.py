"""The real program over the whole product of folders, zones, shops and machine zones, each with every verb.

``--every N`` takes each N-th of them, ``--from K`` begins at the K-th. A run that failed is named, and the exit code 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from matrix import FULL, run_through


def main() -> int:
    """Go through the product, telling each run that failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--every", type=int, default=97)
    options.add_argument("--from", type=int, default=0, dest="start")
    chosen = options.parse_args()
    runs = [dict(zip(FULL, values, strict=True)) for values in product(*FULL.values())][chosen.start :: chosen.every]
    failed, begun = 0, time.monotonic()
    for number, run in enumerate(runs, 1):
        with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
            wrong = run_through(run, Path(place), patch)
        failed += bool(wrong)
        if wrong:
            print(" | ".join(run.values()), *wrong, sep="\n  ")
        print(f"{number} of {len(runs)}, {failed} failed, {time.monotonic() - begun:,.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
