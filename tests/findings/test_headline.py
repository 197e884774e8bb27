"""The sentence of the week is the first that is true, and is true of its own table."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.findings.contract import empty
from aftersales.findings.headline import week_verdict
from aftersales.findings.weekly_measures import WEEKLY
from aftersales.words.language import LANGUAGES
from aftersales.words.periods import Week

WEEK = Week.parse("2026-W46")
MISSING = "not_enough_data"
VALUES = {"above": 0.3, "below": 0.01, "routine": 0.1, "not_enough_data": 0.1}


def rows(now, before=None, dated=True, value=None):
    """Signals of two weeks from {measure: verdict}; values that bear the verdicts out, within 0.05 to 0.15."""
    made = [
        {
            "measure": measure, "scope": "shop", "week": str(week), "unit": WEEKLY[measure].unit, "verdict": verdict,
            "seen": value or VALUES[verdict], "value": value or VALUES[verdict], "normal_low": 0.05, "normal_high": 0.15,
            "since": None, "part": 10.0, "whole": 100.0, "dated": dated,
        }
        for week, verdicts in ((WEEK, now), (WEEK.shift(-1), before or {}))
        for measure, verdict in verdicts.items()
    ]  # fmt: skip
    none = empty("signals").with_columns(unit=pl.lit(""), part=pl.lit(0.0), whole=pl.lit(0.0), dated=pl.lit(value=True))
    return pl.concat([none, pl.DataFrame(made, schema_overrides={"since": pl.Date})], how="diagonal") if made else none


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (
            {"complaint_rate": "above"},
            {},
            "Complaint rate in the week of 9 Nov: 30.0% (10 of 100 orders), above its normal range",
        ),
        ({"complaint_rate": "below", "refund_rate_orders": "routine"}, {}, "Complaint rate in the week of 9 Nov: 1.0%"),
        ({"complaint_rate": "routine"}, {"complaint_rate": "above"}, "Complaint rate: back to normal variation"),
        ({"complaint_rate": "routine", "refund_rate_orders": "routine"}, {}, "All normal this week: 2 measures"),
        (
            {"complaint_rate": "routine", "refund_rate_orders": "not_enough_data"},
            {},
            "2 measures this week: 1 within the normal range, 1 cannot",
        ),
        (
            {"complaint_rate": "not_enough_data"},
            {"complaint_rate": "above"},
            "Complaint rate in the week of 2 Nov: 30.0%",
        ),
        ({"complaint_rate": "not_enough_data"}, {}, "Cannot be judged yet: 1 measure"),
        (
            {"complaint_rate": "not_enough_data", "refund_rate_orders": "routine"},
            {"complaint_rate": "routine"},
            "2 measures this week: 1 within the normal range, 1 cannot be judged yet; 1 of those was normal when last",
        ),
        (
            {"complaint_rate": "not_enough_data"},
            {"complaint_rate": "routine"},
            "1 measure this week, none can be judged yet; 1 was normal when last judged",
        ),
    ],
)
def test_the_first_sentence_that_is_true_is_said(now, before, said):
    assert week_verdict(rows(now, before), week=WEEK).headline("en").startswith(said)


def test_an_undated_shop_says_why_nothing_can_be_said():
    verdict = week_verdict(rows({"refund_rate_orders": "not_enough_data"}, dated=False), week=WEEK)
    assert "no refund request times" in verdict.headline("en")


def test_a_week_without_rows_has_nothing_to_look_at():
    assert week_verdict(rows({}, {"complaint_rate": "above"}), week=WEEK).headline("en").startswith("No data")


def test_the_measure_furthest_out_is_told_and_the_others_are_counted():
    signals = rows({"refund_rate_orders": "above", "complaint_rate": "above", "refund_rate_money": "not_enough_data"})
    far = pl.when(measure="complaint_rate").then(0.9).otherwise("value")
    verdict = week_verdict(signals.with_columns(value=far, seen=far), week=WEEK)
    assert verdict.headline("en").startswith("Complaint rate in the week of 9 Nov: 90.0%")
    assert verdict.caution("en") == "1 more measure outside the normal range; 1 cannot be judged yet this week."
    assert (verdict.size, verdict.strength) == (2, "strong")


def test_a_rise_that_became_the_usual_is_not_back_to_normal():
    """The range has learnt from the rise, so the week is routine; it is not below where the rise left the old range."""
    signals = rows({"complaint_rate": "routine"}, {"complaint_rate": "above"})
    now = pl.col("week") == str(WEEK)
    learnt = signals.with_columns(value=pl.lit(0.3), normal_high=pl.when(now).then(0.35).otherwise(0.15))
    verdict = week_verdict(learnt, week=WEEK)
    assert verdict.headline("en") == (
        "Complaint rate: above its normal range since the week of 2 Nov, not clearly back to its former level yet."
    )
    assert "11月2日当周起偏高" in verdict.headline("zh")
    assert (verdict.size, verdict.strength) == (0, "counted")


def test_a_value_whose_interval_leaves_the_range_is_not_back():
    signals = rows({"complaint_rate": "routine"}, {"complaint_rate": "above"})
    for high, key in ((0.16, "verdict_of_week.stays"), (0.14, "verdict_of_week.back")):
        wide = signals.with_columns(value_high=pl.lit(high), value_low=pl.lit(0.08))
        assert week_verdict(wide, week=WEEK).key == key


verdicts = st.dictionaries(
    st.sampled_from([name for name in sorted(WEEKLY) if WEEKLY[name].counted]), st.sampled_from(sorted(VALUES))
)


@settings(max_examples=120)
@given(verdicts, verdicts, st.booleans())
def test_no_sentence_contradicts_its_table(now, before, dated):
    if not dated:
        now, before = (
            {m: "not_enough_data" if m.startswith("refund") else v for m, v in w.items()} for w in (now, before)
        )
    verdict = week_verdict(rows(now, before, dated), week=WEEK)
    # a week that cannot be judged leaves the word to the week before
    words = [before.get(m, v) if v == "not_enough_data" else v for m, v in now.items()]
    for language in LANGUAGES:
        said = verdict.headline(language)
        verdict.caution(language)
        assert ("高于正常" in said or "above its" in said) == ("above" in words)
        assert ("一切正常" in said or "All normal" in said) <= (bool(now) and set(now.values()) == {"routine"})
        assert ("恢复到正常" in said or "back to normal" in said.lower()) <= any(
            before.get(m) == "above" and v == "routine" for m, v in now.items()
        )
    told = [verdict.values[name] for name in ("watched", "routine", "beyond", "unsure")]
    own = list(now.values())
    assert told == [len(own), own.count("routine"), own.count("above") + own.count("below"), own.count(MISSING)]
    assert verdict.size == words.count("above")
    assert verdict.table.height == len(now)
