"""Service: survival estimates against a published example, open cases counted, complaints over their own cohort."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.measures.durations import kaplan_meier, quantile
from aftersales.measures.service import (
    closing_hours,
    complaint_outcomes,
    complaint_rate,
    first_response_hours,
    handling_hours,
    platform_involved_rate,
    weekly_complaints,
)  # fmt: skip

START = datetime(2026, 9, 7, 9)
UNTIL = date(2026, 10, 4)
HOUR = timedelta(hours=1)

# Weeks in remission of 21 patients given 6-mercaptopurine; a 0 marks one still in remission when last seen.
# Freireich et al. 1963, Blood 21; worked through in Kleinbaum and Klein, Survival Analysis, table 2.
REMISSION = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_kaplan_meier_gives_the_published_curve_for_6_mercaptopurine():
    curve = kaplan_meier(REMISSION, RELAPSED)
    assert curve["time"].to_list() == [6, 7, 10, 13, 16, 22, 23]
    assert curve["at_risk"].to_list() == [21, 17, 15, 12, 11, 7, 6]
    assert curve["ended"].to_list() == [3, 1, 1, 1, 1, 1, 1]
    published = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert curve["survival"].to_list() == pytest.approx(published, abs=0.0006)
    greenwood = [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert curve["std_error"].to_list() == pytest.approx(greenwood, abs=0.0001)
    median, low, high = quantile(curve, 0.5)
    assert (median, high) == (23, None)
    assert low is not None
    assert low < median


def test_without_open_cases_kaplan_meier_is_the_plain_share_still_running():
    times = np.random.default_rng(4).exponential(10, 400).round(1)
    curve = kaplan_meier(times, np.ones(400))
    plain = [(times > t).mean() for t in curve["time"]]
    assert curve["survival"].to_list() == pytest.approx(plain, abs=1e-9)
    assert quantile(curve, 0.5)[0] == np.sort(times)[199]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=60))
def test_a_survival_curve_only_falls_and_lies_in_its_interval(cases):
    curve = kaplan_meier([c[0] for c in cases], [c[1] for c in cases])
    assert curve["survival"].is_sorted(descending=True)
    inner = curve.drop_nulls()
    assert ((inner["low"] <= inner["survival"] + 1e-12) & (inner["survival"] <= inner["high"] + 1e-12)).all()
    for share in (0.5, 0.9):
        time, low, high = quantile(curve, share)
        assert time is None or (low is not None and low <= time)
        assert high is None or (time is not None and time <= high)


def test_the_interval_of_the_median_covers_as_often_as_it_says():
    random, hits = np.random.default_rng(11), 0
    for _ in range(400):
        times, seen = random.exponential(1 / np.log(2), 60), random.uniform(0.5, 3, 60)
        _, low, high = quantile(kaplan_meier(np.minimum(times, seen), times <= seen), 0.5)
        hits += (low is not None and low <= 1) and (high is None or high >= 1)
    assert 0.86 < hits / 400 < 0.95


def refunds(rows):
    """Refund cases from (hours after start asked, hours it took or None, status)."""
    asked = [START + r[0] * HOUR for r in rows]
    return pl.DataFrame(
        {
            "refund_id": [str(i) for i in range(len(rows))],
            "order_id": [f"o{i}" for i in range(len(rows))],
            "applied_at": asked,
            "finished_at": [None if r[1] is None else a + r[1] * HOUR for a, r in zip(asked, rows, strict=True)],
            "status": [r[2] for r in rows],
        },
        schema_overrides={"finished_at": pl.Datetime("us")},
    )


def test_slow_cases_still_open_make_the_median_longer_not_shorter():
    quick, slow = [(h, 10, "succeeded") for h in range(10)], [(h, None, "requested") for h in range(11)]
    closed_alone = handling_hours(refunds(quick), until=UNTIL)
    all_cases = handling_hours(refunds(quick + slow), until=UNTIL)
    assert closed_alone["median_hours"].item() == 10
    assert all_cases.select("cases", "closed", "open", "median_hours").row(0) == (21, 10, 11, None)


def test_a_case_that_ended_later_was_running_then():
    rows = refunds([(0, 24 * 20, "succeeded"), (0, 5, "succeeded"), (0, 6, "succeeded")])
    then = handling_hours(rows, until=START.date() + timedelta(days=3))
    later = handling_hours(rows, until=UNTIL)
    assert (then["open"].item(), later["open"].item()) == (1, 0)


def test_an_end_nobody_recorded_is_counted_apart():
    found = handling_hours(refunds([(0, None, "succeeded"), (0, -3, "succeeded"), (0, 4, "succeeded")]), until=UNTIL)
    assert found.select("cases", "closed", "open", "without_end", "median_hours").row(0) == (3, 1, 0, 2, 4.0)


def test_weeks_in_which_nothing_started_are_there_with_no_median():
    found = handling_hours(refunds([(0, 4, "succeeded"), (24 * 15, 4, "succeeded")]), by="week", until=UNTIL)
    assert found["cohort"].to_list() == [START.date() + timedelta(weeks=w) for w in range(4)]
    assert found["cases"].to_list() == [1, 0, 1, 0]
    assert found["median_hours"].to_list() == [4.0, None, 4.0, None]


def test_hours_are_the_same_in_a_shop_with_a_zone():
    plain = refunds([(0, 4, "succeeded"), (0, None, "requested")])
    zoned = plain.with_columns(pl.col("applied_at", "finished_at").dt.replace_time_zone("Asia/Shanghai"))
    assert handling_hours(plain, until=UNTIL).equals(handling_hours(zoned, until=UNTIL))


def complaints(rows):
    """Complaints from (order, hours after start filed, hours to answer, hours to close, source)."""
    filed = [START + r[1] * HOUR for r in rows]

    def after(part):
        return [None if r[part] is None else f + r[part] * HOUR for f, r in zip(filed, rows, strict=True)]

    moments = dict.fromkeys(["filed_at", "first_response_at", "closed_at"], pl.Datetime("us"))
    return pl.DataFrame(
        {
            "complaint_id": [str(i) for i in range(len(rows))],
            "order_id": [r[0] for r in rows],
            "filed_at": filed,
            "first_response_at": after(2),
            "closed_at": after(3),
            "source": [r[4] for r in rows],
            "channel": ["旺旺" if i % 2 else None for i in range(len(rows))],
        },
        schema_overrides=moments | {"order_id": pl.String, "channel": pl.String, "source": pl.String},
    )


def test_answers_are_timed_for_complaints_that_record_them_only():
    rows = complaints(
        [("a", 9, 2, 50, "template"), ("b", 9, None, None, "template"), ("c", 9, None, 9, "refund_report"),
         ("on a day", 15, 5, None, "template"), ("answered on a day", 9, 6, None, "template")]
    )  # fmt: skip
    answered = first_response_hours(rows, until=UNTIL)
    assert answered.select("cases", "closed", "open", "median_hours").row(0) == (2, 1, 1, 2.0)
    assert closing_hours(rows, until=UNTIL).select("closed", "open").row(0) == (2, 3)


def paid(n, weeks=1):
    moments = [START + timedelta(weeks=i % weeks) for i in range(n)]
    return pl.DataFrame({"order_id": [f"o{i}" for i in range(n)], "paid": [10] * n, "paid_at": moments})


def test_a_complaint_counts_in_the_week_its_order_was_paid_not_the_week_it_was_filed():
    rows = complaints([("o0", 24 * 10, None, None, "template"), ("o0", 24 * 11, None, None, "template")])
    weeks = complaint_rate(paid(4, weeks=2), rows, until=UNTIL)
    assert weeks["complaint_orders"].to_list() == [1, 0, 0, 0]
    assert weeks["complaints"].to_list() == [2, 0, 0, 0]
    assert weeks["rate"].to_list() == [0.5, 0.0, None, None]
    assert weekly_complaints(rows, until=UNTIL)["complaints"].to_list() == [2, 0, 0]


def test_complaints_of_unknown_orders_are_counted_by_week_but_are_in_no_cohort():
    rows = complaints([("elsewhere", 0, None, None, "template"), (None, 0, None, None, "template")])
    assert complaint_rate(paid(4), rows, until=UNTIL)["complaint_orders"].sum() == 0
    assert weekly_complaints(rows, until=UNTIL)["complaints"].sum() == 2


def test_a_rate_by_filing_week_needs_an_exposure():
    rows = complaints([("o0", 0, None, None, "template")])
    assert "rate" not in weekly_complaints(rows, until=UNTIL, by="channel").columns
    exposure = pl.DataFrame({"week": [START.date()], "exposure": [8.0]})
    rated = weekly_complaints(rows, until=UNTIL, exposure=exposure)
    assert rated["rate"].to_list() == [0.125, None, None, None]


def test_verdicts_are_shares_of_closed_complaints():
    rows = complaints([("a", 0, None, 5, "template"), ("b", 0, None, None, "template"), ("c", 0, None, 5, "template")])
    judged = complaint_outcomes(rows.with_columns(fault=pl.Series(["seller", "buyer", None])), until=UNTIL)
    assert dict(judged.select("fault", "complaints").iter_rows()) == {
        "buyer": 0, "seller": 1, "carrier": 0, "disputed": 0, "unknown": 1,
    }  # fmt: skip
    assert set(judged["whole"]) == {2}


def test_where_no_request_records_the_platform_its_rate_is_unknown_not_zero():
    rows = pl.DataFrame({"refund_id": ["1"], "order_id": ["o1"], "platform_involved": [None]},
                        schema_overrides={"platform_involved": pl.Boolean})  # fmt: skip
    found = platform_involved_rate(paid(4), rows, until=START.date() + timedelta(days=6))
    assert found.select("cases", "rate", "rate_of_cases", "low").row(0) == (0, None, None, None)


def test_the_platform_steps_into_complaints_too():
    rows = pl.DataFrame({"refund_id": ["1", "2"], "order_id": ["o1", "o2"], "platform_involved": [True, False]})
    until = START.date() + timedelta(days=6)
    told = pl.DataFrame(
        {"complaint_id": ["a", "b", "c", "d"], "order_id": ["o1", "o2", "o3", None],
         "platform_involved_at": [START, START, START + timedelta(days=9), START]}
    )  # fmt: skip
    found = platform_involved_rate(paid(4), rows, told, until=until).row(0, named=True)
    assert (found["involved_orders"], found["rate"]) == (2, 0.5)  # o1 once, o3 only later
    assert (found["involved_cases"], found["cases"]) == (1, 2)
    alone = platform_involved_rate(paid(4), rows.clear(), told, until=until).row(0, named=True)
    assert (alone["involved_orders"], alone["cases"]) == (2, 0)


def test_two_cases_of_one_order_are_two_cases_and_one_order():
    rows = pl.DataFrame({"refund_id": ["1", "2", "3"], "order_id": ["o1", "o1", "o2"],
                         "platform_involved": [True, True, False]})  # fmt: skip
    found = platform_involved_rate(paid(4), rows, until=START.date() + timedelta(days=6)).row(0, named=True)
    assert (found["involved_orders"], found["rate"]) == (1, 0.25)
    assert (found["involved_cases"], found["cases"]) == (2, 3)
