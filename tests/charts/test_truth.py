"""What is said is what was counted: titles and alternative texts are read back and compared with the frame."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

import polars as pl
import pytest
from chart_samples import CHARTS, MONDAYS, cohorts, decided, replayed, weekly
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aftersales.charts.calendar import calendar_gaps
from aftersales.charts.cohort import cohort_curves
from aftersales.charts.intervals import province_bars
from aftersales.charts.mix import stacked_mix
from aftersales.charts.numbers import Unit, nice_ticks, value_axis
from aftersales.charts.reasons import reason_bars
from aftersales.charts.sentence import trend_finding
from aftersales.charts.tiles import tile_state
from aftersales.charts.trend import trend_6_12
from aftersales.charts.waterfall import waterfall
from aftersales.words.errors import UsageError
from aftersales.words.language import Language

PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")
UNIT = Unit("pct", "en")
rates = st.lists(st.floats(0.001, 0.9), min_size=1, max_size=20)


def numbers_in(text: str) -> list[float]:
    return [float(n) / 100 for n in PERCENT.findall(text)]


def test_alt_text_states_the_numbers_of_the_frame() -> None:
    chart = trend_6_12(weekly(), id="t", name="rate", language="en")
    assert numbers_in(chart.alt)[:6] == pytest.approx(weekly()["value"].tail(6).to_list(), abs=5e-4)
    assert chart.data["value"].to_list() == weekly()["value"].tail(6).to_list()


@settings(max_examples=60)
@given(rates, st.floats(0.05, 0.3), st.floats(0.01, 0.2))
def test_a_trend_title_is_true_of_its_frame(values: list[float], low: float, width: float) -> None:
    high = low + width
    weeks = [MONDAYS[0] + timedelta(weeks=i) for i in range(len(values))]
    frame = pl.DataFrame({"week": weeks, "value": values}).with_columns(
        normal_low=pl.lit(low), normal_high=pl.lit(high)
    )
    title, last = trend_finding(frame, "Rate", UNIT), values[-1]
    assert UNIT.text(last) in title
    assert ("above" in title) == (last > high)
    assert ("below" in title) == (last < low)
    assert ("within" in title) == (low <= last <= high)
    run = 0
    for value in reversed(values):
        if not (value > high if last > high else value < low):
            break
        run += 1
    assert (f"for {run} weeks" in title) == (run > 1)


def test_a_missing_week_ends_a_run_and_stays_a_gap() -> None:
    frame = weekly().with_columns(value=pl.lit(0.2)).filter(pl.col("week") != MONDAYS[-2])
    chart = trend_6_12(frame, id="t", name="Rate", language="en")
    assert "weeks" not in chart.title
    assert chart.data["value"].to_list()[-2] is None
    lines = [t for t in chart.spec()["data"] if t.get("mode") == "lines" and t.get("connectgaps") is False]
    assert lines
    assert all(t["y"][-2] is None for t in lines if len(t["y"]) == 6 and t["line"]["color"] == "#0B63A5")


def test_unripe_weeks_are_hollow_and_ripe_ones_are_not() -> None:
    chart = trend_6_12(weekly(), id="t", name="Rate", language="en")
    points = next(t for t in chart.spec()["data"] if t.get("mode") == "markers")
    assert [c == "#FFFFFF" for c in points["marker"]["color"]] == [False] * 4 + [True] * 2


def test_not_enough_data_is_never_called_routine() -> None:
    frame = weekly().select("week", "value").with_columns(verdict=pl.lit("routine"))
    assert "not enough data" in trend_finding(frame, "Rate", UNIT)


def test_a_week_that_stands_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        trend_6_12(pl.concat([weekly(), weekly()]), id="t", name="Rate", language="en")


def test_reasons_add_up_their_signals_only() -> None:
    rows = pl.DataFrame({
        "reason": ["quality", "size", "damaged"], "now": [50, 40, 3], "usual": [20.0, 10.0, None],
        "signal": [True, False, True],
    })  # fmt: skip
    chart = reason_bars(rows, id="r", language="en")
    assert chart.title.startswith("30 more")
    assert "size" not in chart.title
    quiet = reason_bars(rows.drop("signal"), id="r", language="en")
    assert quiet.title.startswith("No reason is above")


@given(st.floats(0.01, 0.5), st.floats(0.01, 0.3), st.floats(0.01, 0.5))
@settings(max_examples=40)
def test_a_province_is_a_signal_only_with_its_whole_interval(rate: float, half: float, national: float) -> None:
    frame = pl.DataFrame({
        "province": ["x"], "part": [1], "whole": [9], "rate": [rate], "rate_low": [max(rate - half, 0.0)],
        "rate_high": [rate + half],
    })  # fmt: skip
    chart = province_bars(frame, id="p", language="en", national=national)
    signal = max(rate - half, 0.0) > national
    assert ("none " in chart.title) != signal
    assert ("#B24A00" in chart.spec()["data"][0]["marker"]["color"]) == signal


def test_waterfall_steps_must_make_the_whole_change() -> None:
    steps = pl.DataFrame({"step": ["a", "b"], "change": [0.03, -0.01]})
    words = {"id": "w", "language": "en", "name": "Rate", "start_name": "s", "end_name": "e"}
    chart = waterfall(steps, start=0.1, end=0.12, **words)  # type: ignore[arg-type]
    assert "largest component is a (+3.0 pp)" in chart.title
    with pytest.raises(UsageError, match="do not sum"):
        waterfall(steps, start=0.1, end=0.13, **words)  # type: ignore[arg-type]


@given(st.sets(st.integers(0, 59), max_size=59))
@settings(max_examples=40)
def test_every_missing_day_is_counted_once(gone: set[int]) -> None:
    first = date(2026, 1, 1)
    days = [first + timedelta(days=i) for i in range(60)]
    rows = [{"kind": "orders", "day": d} for i, d in enumerate(days) if i not in gone]
    chart = calendar_gaps(pl.DataFrame(rows), id="c", language="en", first=first, last=days[-1])
    assert chart.data["days"].sum() == 60
    assert chart.data.filter(state="missing")["days"].sum() == len(gone)
    assert (chart.title == "All data kinds cover every day") == (not gone)


def test_cohorts_are_compared_at_equal_age() -> None:
    chart = cohort_curves(cohorts(), id="c", language="en", name="rate")
    age, now, usual = 14, 0.2 * 14 / 30, (0.12 + 0.16) / 2 * 14 / 30
    assert f"day {age}" in chart.title
    assert numbers_in(chart.title) == pytest.approx([now, usual], abs=6e-4)


def test_shares_of_a_week_make_the_whole() -> None:
    chart = CHARTS["mix"]("en")
    sums = chart.data.group_by("week").agg(pl.col("share").sum())["share"]
    assert sums.to_list() == pytest.approx([1.0] * len(MONDAYS))
    many = pl.DataFrame([{"week": MONDAYS[0], "part": f"p{i}", "count": i + 1} for i in range(9)])
    lumped = stacked_mix(many, id="m", language="en", name="x")
    assert lumped.data["count"].sum() == sum(range(1, 10))
    assert lumped.data.height == 5


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9), st.booleans())
@settings(max_examples=80)
@example([0.0, 5e-324], False)
@example([2e-9, -1e-300], True)
def test_an_axis_holds_its_values_and_its_ticks(values: list[float], zero: bool) -> None:
    axis = value_axis(values, "num1", "zh", zero=zero)
    low, high = axis["range"]
    assert low <= min(values)
    assert high >= max(values)
    assert all(low - 1e-9 <= t <= high + 1e-9 for t in axis["tickvals"])
    assert len(axis["tickvals"]) == len(axis["ticktext"])
    if zero:
        assert low <= 0 <= high


@given(st.floats(-1e5, 1e5), st.floats(1e-3, 1e5))
@example(0.0, 0.032)
def test_ticks_span_their_range_evenly(low: float, width: float) -> None:
    ticks = nice_ticks(low, low + width)
    steps = [(b - a) / width for a, b in pairwise(ticks)]
    assert max(steps) - min(steps) < 1e-4
    assert 3 <= len(ticks) <= 12


@given(st.floats(1, 2e6), st.sampled_from(["int", "hours", "money", "pct", "num1"]), st.sampled_from(["zh", "en"]))
@example(14.0, "hours", "en")
@example(12_000.0, "money", "en")
@example(1.0, "int", "zh")
def test_the_words_of_ticks_are_as_even_as_the_ticks(high: float, form: str, language: Language) -> None:
    high = min(high, 1.0) if form == "pct" else high
    texts = value_axis([0.0, high], form, language, zero=True)["ticktext"]
    size = {"万": 1e4, "亿": 1e8, "K": 1e3, "M": 1e6}
    told = [float(re.sub(r"[^\d.]", "", t)) * size.get(t[-1], 1.0) for t in texts]
    steps = [b - a for a, b in pairwise(told)]
    assert steps
    assert min(steps) > 0
    assert max(steps) - min(steps) < 1e-6 * max(told)


def test_tile_states_follow_the_direction_that_is_worse() -> None:
    assert tile_state("above", higher_is_worse=False) == "better_up"
    assert tile_state("below", higher_is_worse=None) == "signal_down"
    assert tile_state("not_enough_data") == "not_enough_data"


def test_a_benefit_curve_says_at_its_edge_what_lies_beyond_it() -> None:
    frame = replayed()
    chart = CHARTS["benefit"]("en")
    written = [a["text"] for a in chart.spec()["layout"]["annotations"]]
    assert "↑900" in written
    assert any(text.startswith("↓") and "8,500" in text for text in written)
    drawn = [t["y"] for t in chart.spec()["data"] if t.get("mode") == "lines+markers"]
    assert drawn[0] == frame["bad_stopped"].to_list()
    assert drawn[1] == [0, 3, 20, None]
    for stopped, hurt in frame.select("bad_stopped", "good_hurt").iter_rows():
        assert f"{stopped:,} stopped, {hurt:,} blocked" in chart.alt


def test_a_flat_field_covers_the_thresholds_that_are_flat_and_the_line_the_one_taken() -> None:
    shapes = CHARTS["benefit"]("zh").spec()["layout"]["shapes"]
    field = next(s for s in shapes if s["type"] == "rect")
    assert (field["x0"], field["x1"]) == (0.5, 1.5)
    assert any(s["type"] == "line" and s["x0"] == s["x1"] == 1 for s in shapes)


def test_before_and_after_part_where_the_decision_took_effect() -> None:
    chart = CHARTS["before-after"]("en")
    line = next(s for s in chart.spec()["layout"]["shapes"] if s.get("xref") == "x")
    before = decided().filter(pl.col("week") < MONDAYS[5]).height
    assert line["x0"] == before - 0.5
    assert "Of 5 similar units without the action, 2 moved as far" in chart.alt
    own = next(t for t in chart.spec()["data"] if t.get("error_x"))
    assert own["x"] == [-0.5]
    assert (own["error_x"]["arrayminus"][0], own["error_x"]["array"][0]) == pytest.approx((0.1, 0.15))
