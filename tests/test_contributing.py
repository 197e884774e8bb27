"""The diffs in CONTRIBUTING.md: each applies to a copy of the library and works there, in as many files as it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

TRIED = """
import doctest
from datetime import datetime, timedelta
import polars as pl
from aftersales.advice.levers import lever_table
from aftersales.findings.estimates import weekly_estimates
from aftersales.findings.signals import signals
from aftersales.measures import requests
from aftersales.sources.layout import load_layouts
from aftersales.sources.read import read_export
from aftersales.week.sections.overview_tiles import SHOWN
from aftersales.words.periods import Week

assert doctest.testmod(requests).failed == 0
start, week = datetime(2026, 8, 3, 12), Week.parse("2026-W46")
paid = [start + timedelta(hours=2 * n) for n in range(1200)]
orders = pl.DataFrame({"order_id": [str(n) for n in range(1200)], "paid": [10] * 1200, "paid_at": paid})
asked = orders[::20]
refunds = pl.DataFrame({"refund_id": asked["order_id"], "order_id": asked["order_id"], "amount": [10] * 60,
    "kind": ["refund_only", "return_refund"] * 30, "status": ["succeeded"] * 60,
    "applied_at": asked["paid_at"].dt.offset_by("1d"), "finished_at": asked["paid_at"].dt.offset_by("2d")})
estimates = weekly_estimates(orders, refunds, week=week, market="cn")
for language, name in (("zh", "仅退款率"), ("en", "Refund-only rate")):
    rows = signals(orders, refunds, week=week, estimates=estimates, language=language)
    own, all_ = (rows.filter(measure=m, week=str(week)) for m in ("refund_only_rate", "refund_rate_orders"))
    assert name in own["headline"][0], own
    assert own["mature"][0] is not None
    half = rows.filter(pl.col("measure") == "refund_only_rate")["part"].sum()
    assert half == rows.filter(pl.col("measure") == "refund_rate_orders")["part"].sum() / 2 > 0
assert SHOWN["refund_only_rate"] == ("pct2", "refund-trends")

for language in ("zh", "en"):
    said = lever_table(language).row(by_predicate=pl.col("lever") == "second_label", named=True)
    assert all(said[what] for what in said if what != "replayed")

csv = "包裹单号,下单时间,付款时间,商品标题,件数,实付金额,包裹状态\\nP1,2026-11-09 10:00:00,2026-11-09 10:01:00,杯,2,12.50,运输中\\n"
[reading] = read_export("a.csv", layouts=load_layouts(), currency="CNY", content=csv.encode())
[row] = reading.frame.to_dicts()
assert (row["order_id"], float(row["paid_net"]), row["status"]) == ("P1", 12.5, "shipped"), row
"""


@pytest.mark.slow
def test_each_diff_applies_and_what_it_adds_works(root, tmp_path):
    diffs = re.findall(r"^```diff\n(.*?)^```", (root / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert [len(re.findall(r"^diff --git", diff, re.MULTILINE)) for diff in diffs] == [3, 2, 1]
    shutil.copytree(root / "lib", tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for diff in diffs:
        done = subprocess.run(
            ["git", "apply", "-"], cwd=tmp_path, input=diff, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "lib")}
    run = subprocess.run([sys.executable, "-c", TRIED], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
