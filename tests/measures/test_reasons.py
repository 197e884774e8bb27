"""Refund requests by reason, kind and phase: shares of a named whole, and weeks without holes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.measures.reasons import USUAL_WEEKS, mix_against_usual, refund_mix, weekly_requests
from aftersales.words.errors import UsageError
from aftersales.words.periods import Week

MONDAY = datetime(2026, 9, 7, 9)
UNTIL = date(2026, 11, 15)


def requests(rows):
    """Refund cases from (order, reason, days after the first Monday or None, amount, status)."""
    return pl.DataFrame(
        {
            "refund_id": [str(i) for i in range(len(rows))],
            "order_id": [r[0] for r in rows],
            "reason": [r[1] for r in rows],
            "applied_at": [None if r[2] is None else MONDAY + timedelta(days=r[2]) for r in rows],
            "amount": [Decimal(r[3]) for r in rows],
            "status": [r[4] for r in rows],
        },
        schema_overrides={
            "amount": pl.Decimal(18, 2), "reason": pl.String, "applied_at": pl.Datetime("us"), "order_id": pl.String,
        },
    )  # fmt: skip


cases = st.lists(
    st.tuples(
        st.sampled_from("abcdef"), st.sampled_from(["size", "quality", "damaged", None]),
        st.one_of(st.none(), st.integers(0, 80)), st.integers(0, 500),
        st.sampled_from(["succeeded", "closed", "refused"]),
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=40)
@given(cases)
def test_the_shares_of_a_mix_make_the_whole(rows):
    mix = refund_mix(requests(rows), until=UNTIL)
    seen = [r for r in rows if r[2] is None or (MONDAY + timedelta(days=r[2])).date() <= UNTIL]
    assert mix["cases"].sum() == len(seen)
    assert mix["amount"].sum() == sum(r[3] for r in seen if r[4] == "succeeded")
    if seen:
        assert mix["share_cases"].sum() == pytest.approx(1)
        assert mix["running_share"].to_list()[-1] == pytest.approx(1)
        assert set(mix["whole_cases"]) == {len(seen)}
        assert mix["cases"].is_sorted(descending=True)


@settings(max_examples=40)
@given(cases)
def test_weekly_counts_add_up_and_no_week_is_missing(rows):
    dated = [r for r in rows if r[2] is not None and (MONDAY + timedelta(days=r[2])).date() <= UNTIL]
    weeks = weekly_requests(requests(rows), until=UNTIL)
    split = weekly_requests(requests(rows), until=UNTIL, by="reason")
    assert weeks["cases"].sum() == split["cases"].sum() == len(dated)
    assert weeks["first_requests"].sum() == len({r[0] for r in dated})
    assert set(weeks["week"].diff().drop_nulls()) <= {timedelta(days=7)}
    if dated:
        assert weeks["week"].max() == Week.of(UNTIL).monday
        assert split.height == weeks.height * split["reason"].n_unique()
    assert "rate" not in " ".join(weeks.columns)


def test_a_request_again_is_no_first_request_even_when_the_first_lies_before_the_span():
    rows = [("a", "size", 0, 5, "closed"), ("a", "size", 20, 5, "succeeded"), ("b", "size", 20, 5, "succeeded")]
    weeks = weekly_requests(requests(rows), until=UNTIL, since=MONDAY.date() + timedelta(days=14))
    assert weeks.row(0, named=True)["cases"] == 2
    assert weeks.row(0, named=True)["first_requests"] == 1


def test_undated_refunds_are_in_the_mix_but_in_no_week():
    undated = requests([("a", None, None, 5, "succeeded")])
    assert refund_mix(undated, until=UNTIL).select("reason", "cases").rows() == [("unknown", 1)]
    assert weekly_requests(undated, until=UNTIL).is_empty()
    assert refund_mix(undated, until=UNTIL, since=MONDAY.date()).is_empty()


def test_a_reason_that_was_not_there_before_differs_and_the_rest_does_not():
    usual = [(f"u{i}", ["size", "quality"][i % 2], i % 42, 5, "succeeded") for i in range(240)]
    planted = [(f"n{i}", "damaged", 44, 5, "succeeded") for i in range(30)]
    calm = [(f"m{i}", ["size", "quality"][i % 2], 43, 5, "succeeded") for i in range(40)]
    week = Week.of(MONDAY.date()).shift(USUAL_WEEKS)
    quiet = mix_against_usual(requests(usual + calm), week=week)
    assert not quiet["differs"].any()
    loud = mix_against_usual(requests(usual + calm + planted), week=week)
    assert loud.filter(reason="damaged").select("differs", "usual_share").row(0) == (True, 0.0)
    assert loud.filter(reason="size")["usual_cases"].to_list() == [20.0]


def test_a_week_without_requests_has_no_share_to_compare():
    week = Week.of(MONDAY.date()).shift(USUAL_WEEKS)
    still = mix_against_usual(requests([("a", "size", 1, 5, "succeeded")]), week=week)
    assert still.select("cases", "share", "usual_share").rows() == [(0, None, 1.0)]
    assert not still["differs"].fill_null(value=False).any()


def test_an_unknown_split_is_a_question_error():
    with pytest.raises(UsageError, match="did you mean 'reason'"):
        refund_mix(requests([]), by="reasons", until=UNTIL)
