"""What each result of a large shop's week costs: seconds, processor time and the most memory, each in a fresh process.

    python benchmarks/large_shop_tables.py FOLDER --lines 10000000
    python benchmarks/large_shop_results.py FOLDER [--only order_evidence --only suspects]

Results that were kept on disk by an earlier one are found there, as in a weekly run, so that each pays for itself; what
a week holds in memory only is computed again by each that needs it. ``--again`` forgets what is kept first.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path

from aftersales.week.loading import load
from aftersales.week.shopweek import ShopWeek

SHOP = "large"
NOT_RESULTS = ("key", "packed_model", "results_folder", "dossiers", "case_material")


def results() -> list[str]:
    """The names of a week's results, in the order in which the classes and their files give them."""
    names: dict[str, None] = {}
    for owner in reversed(ShopWeek.__mro__):
        names |= dict.fromkeys(n for n, value in vars(owner).items() if isinstance(value, cached_property))
    return [n for n in names if n not in NOT_RESULTS and not n.startswith("_")]


def one(config: Path, name: str) -> dict[str, float]:
    """Compute one result in this process."""
    started, before = time.perf_counter(), time.process_time()
    getattr(load(SHOP, config=str(config)).data, name)
    return {
        "seconds": time.perf_counter() - started, "processor": time.process_time() - before,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def line(name: str, spent: dict[str, float]) -> str:
    """One result's cost as a line of the table."""
    return f"{name:28s} {spent['seconds']:8.1f} s {spent['processor']:8.1f} s {spent['peak_mb']:8.0f} MB"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--only", action="append", help="a result's name")
    asked.add_argument("--again", action="store_true", help="forget kept results first")
    asked.add_argument("--one", help=argparse.SUPPRESS)
    given = asked.parse_args()
    config = given.folder / "shops.toml"
    if given.one:
        print(json.dumps(one(config, given.one)))
        return
    if given.again:
        shutil.rmtree(given.folder / "store" / SHOP / "results", ignore_errors=True)
    total = dict.fromkeys(("seconds", "processor", "peak_mb"), 0.0)
    for name in given.only or results():
        command = [sys.executable, __file__, str(given.folder), "--one", name]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            print(f"{name:28s} failed ({done.returncode}): {(done.stderr.strip().splitlines() or ['killed'])[-1]}")
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        print(
            f"{name:28s} {found['seconds']:8.1f} s {found['processor']:8.1f} s {found['peak_mb']:8.0f} MB", flush=True
        )
        total = {k: max(total[k], v) if k == "peak_mb" else total[k] + v for k, v in found.items()}
    print(line("all", total))


if __name__ == "__main__":
    main()
