"""A rise is seen in any week of the year: no season takes the exposure away from under it."""

from __future__ import annotations

import importlib.util
import sys

import polars as pl
import pytest

from aftersales.findings.request_rate import request_rate
from aftersales.words.periods import Week


@pytest.fixture(scope="module")
def bench(root):
    spec = importlib.util.spec_from_file_location("bench_rise", root / "benchmarks" / "rise_any_week.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("week", ["2026-W30", "2026-W36", "2026-W40", "2026-W43"])
def test_orders_at_risk_do_not_move_to_the_weeks_after_a_festival(bench, week):
    """Ten weeks after 618 its orders show late ages only; what they could have shown earlier is borrowed."""
    now = Week.parse(week)
    made = bench.as_of(*bench.shop(now, orders=700, seed=3), now)
    rates = request_rate(*made, market="cn", week=now)
    level = rates.filter(pl.col("week").is_between(Week.parse("2026-W16").monday, Week.parse("2026-W20").monday))
    assert level["exposure"].to_numpy() == pytest.approx(700, rel=0.12)
    festive = rates.filter(pl.col("week") == Week.parse("2026-W27").monday)
    assert festive["exposure"].item() < 3 * 700
