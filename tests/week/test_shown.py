"""What several pages show alike: a month is drawn as settled only once its last week is."""

from __future__ import annotations

import polars as pl
import pytest

from aftersales.week.loading import load
from aftersales.week.sections import refund_trends, shown
from aftersales.words.periods import Week


@pytest.fixture(scope="module")
def report(demo):
    return load("demo", "", "en", config=str(demo / "shops.toml"))


@pytest.mark.parametrize(("measure", "months"), [
    ("refund_request_rate", refund_trends.months_by_request),
    ("refund_rate_orders", lambda report: refund_trends._months(report, "rate_orders")),
])  # fmt: skip
def test_a_month_is_solid_once_its_last_week_is_settled(report, monkeypatch, measure, months):
    drawn: list[pl.DataFrame] = []
    draw = shown.trend_6_12
    monkeypatch.setattr(
        shown, "trend_6_12", lambda rows, monthly, **how: drawn.append(monthly) or draw(rows, monthly, **how)
    )
    shown.measure_trend(report, measure, id="x", monthly=months(report))
    settled = shown.signal_rows(report, measure).filter("mature")["week"].max()
    ends = drawn[0].select(pl.col("month").cast(pl.Date).dt.month_end())["month"]
    assert drawn[0]["mature"].to_list() == [end <= Week.parse(settled).sunday for end in ends]
    assert not drawn[0].sort("month")["mature"][-1], "the demo's data end within a month"
    assert drawn[0]["mature"].sum() > 6
