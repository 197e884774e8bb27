"""Trouble with service is found where it was planted, and nowhere else."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from aftersales.findings.contract import empty
from aftersales.findings.service import SERVICE_SCHEMA, service_findings
from aftersales.words.language import LANGUAGES
from aftersales.words.periods import Week

WEEK = Week.parse("2026-W46")
UNPAID = pl.DataFrame({"order_id": ["a"], "loss": [1.0]})


def complaints(slow=1.0, seed=2, count=240):
    """Complaints at every hour of a quarter; those of the night wait ``slow`` times as long."""
    rng = np.random.default_rng(seed)
    filed = [datetime(2026, 9, 1) + timedelta(hours=float(h)) for h in rng.random(count) * 24 * 70]
    waits = rng.gamma(3, 1, count) * np.where([d.hour < 4 for d in filed], slow, 1.0)
    return pl.DataFrame({
        "complaint_id": [str(k) for k in range(count)], "filed_at": filed,
        "first_response_at": [d + timedelta(hours=float(w)) for d, w in zip(filed, waits, strict=True)],
    })  # fmt: skip


def found(*, signals=None, filed=None, said=None, suspects=None, unpaid=UNPAID, language="zh"):
    return service_findings(
        empty("signals") if signals is None else signals, complaints() if filed is None else filed,
        empty("suspicious_complaints") if said is None else said,
        empty("suspicious_orders") if suspects is None else suspects, unpaid, week=WEEK, language=language,
    )  # fmt: skip


def signal(*verdicts, measure="handling_hours_median"):
    weeks = [str(WEEK.shift(k + 1 - len(verdicts))) for k in range(len(verdicts))]
    rows = [{"measure": measure, "scope": "shop", "week": w, "verdict": v, "value": 90.0, "normal_high": 60.0,
             "headline": ""} for w, v in zip(weeks, verdicts, strict=True)]  # fmt: skip
    return pl.concat([empty("signals"), pl.DataFrame(rows)], how="diagonal_relaxed").with_columns(part=pl.lit(30.0))


def test_a_quiet_shop_has_none():
    for seed in range(12):
        assert found(filed=complaints(seed=seed)).is_empty()
    assert found().schema == SERVICE_SCHEMA


@pytest.mark.parametrize("language", LANGUAGES)
def test_hours_that_wait_longer_are_named(language):
    row = found(filed=complaints(slow=4), language=language).row(0, named=True)
    assert (row["kind"], row["scope"]) == ("slow_hours", "hours=0-3")
    assert row["value"] > 2 * row["usual"]
    assert "0–3" in row["headline"]


def test_one_week_above_is_no_finding_two_on_end_are():
    assert found(signals=signal("routine", "above")).is_empty()
    assert found(signals=signal("above", "routine")).is_empty()
    row = found(signals=signal("above", "above")).row(0, named=True)
    assert (row["kind"], row["excess_a_month"]) == ("slow_refunds", pytest.approx(30 / 3 * 30 / 7))
    # a verdict that is not given yet neither makes nor ends a run
    assert found(signals=signal("above", "above", "not_enough_data")).height == 1


def test_parcels_said_missing_and_stock_locked_are_counted():
    said = pl.DataFrame({
        "case_id": ["1", "2", "3"], "complaint_id": ["1", "2", "3"], "order_id": ["a", "b", "c"],
        "pattern": ["not_received_but_signed"] * 3, "probability": [0.9] * 3, "value": [100.0] * 3,
    })  # fmt: skip
    assert found(said=said.head(2)).is_empty()
    assert found(said=said)["money"].to_list() == [300.0]
    suspects = pl.DataFrame({"case_id": ["x"] * 6, "order_id": list("abcdef"), "probability": [0.8] * 6})
    unpaid = pl.DataFrame({"order_id": list("abcdefg"), "loss": [2.0] * 7})
    row = found(suspects=suspects, unpaid=unpaid).row(0, named=True)
    assert (row["kind"], row["cases"], row["money"]) == ("unpaid_locks", 6, 12.0)
    assert found(suspects=suspects.head(4), unpaid=unpaid).is_empty()
