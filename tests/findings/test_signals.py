"""Signals: no verdict without grounds, and no sentence that its own row does not bear out."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.findings.contract import SIGNAL_WEEKS, check
from aftersales.findings.signals import judged, signal_headline, signals, with_headlines
from aftersales.findings.weekly_measures import WEEKLY, observed_measures
from aftersales.words.errors import DataError, UsageError
from aftersales.words.language import LANGUAGES
from aftersales.words.periods import Week

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
WEEK = Week.parse("2026-W46")
MOMENT = pl.Datetime("us", "Asia/Shanghai")


def shop(weeks=10, a_week=40, refunded=8, dated=True):
    """A calm shop: every week so many orders, of which so many are refunded two days later."""
    orders, refunds = [], []
    for w in range(weeks):
        monday = datetime.combine(WEEK.shift(-w).monday, datetime.min.time())
        for i in range(a_week):
            at = monday + timedelta(hours=9 + 3 * i)
            order_id = f"{w}-{i}"
            orders.append({"order_id": order_id, "paid": 10, "paid_at": at, "province": "浙江省" if i % 2 else None})
            if i < refunded:
                asked = at + timedelta(days=2) if dated else None
                refunds.append(
                    {
                        "refund_id": order_id, "order_id": order_id, "amount": 10, "status": "succeeded",
                        "applied_at": asked, "finished_at": asked and asked + timedelta(hours=5),
                        "platform_involved": i == 0 if dated else None,
                    }
                )  # fmt: skip
    local = [pl.col(c).dt.replace_time_zone("Asia/Shanghai") for c in ("applied_at", "finished_at")]
    kinds = {"applied_at": pl.Datetime("us"), "finished_at": pl.Datetime("us"), "platform_involved": pl.Boolean}
    zoned = pl.DataFrame(orders).with_columns(
        pl.col("paid_at").cast(pl.Datetime("us")).dt.replace_time_zone("Asia/Shanghai")
    )
    return zoned, pl.DataFrame(refunds, schema_overrides=kinds).with_columns(local)


def verdict(measure="refund_rate_orders", week=WEEK, *, low=0.05, high=0.15, word="above", since=None):
    return pl.DataFrame(
        {
            "measure": [measure], "week": [str(week)], "normal_low": [low], "normal_high": [high], "verdict": [word],
            "since": [since],
        },
        schema_overrides={"since": pl.Date},
    )  # fmt: skip


def row_of(table, measure="refund_rate_orders", week=WEEK):
    return table.filter(measure=measure, week=str(week)).row(0, named=True)


def test_without_surveillance_nothing_is_called_above_or_below():
    table = signals(*shop(), week=WEEK)
    assert set(table["verdict"]) == {"not_enough_data"}
    assert table.select(pl.col("since").is_null().all()).item()
    assert (table["value"] == table["seen"]).all()
    assert set(table["measure"]) == {
        "refund_rate_orders", "refund_rate_money", "platform_involved_rate", "handling_hours_median",
    }  # fmt: skip
    check("signals", table)


def test_every_week_is_there_once_for_every_measure_at_most_sixty():
    table = signals(*shop(weeks=70, a_week=3, refunded=1), week=WEEK)
    for _, rows in table.group_by("measure"):
        assert sorted(rows["week"]) == [str(WEEK.shift(-w)) for w in reversed(range(SIGNAL_WEEKS))]


def test_a_week_without_orders_is_a_row_that_says_so():
    orders, refunds = shop()
    hole = WEEK.shift(-3)
    orders = orders.filter(~pl.col("paid_at").dt.date().is_between(hole.monday, hole.sunday))
    found = row_of(signals(orders, refunds, week=WEEK, language="en"), week=hole)
    assert (found["seen"], found["value"], found["whole"]) == (None, None, 0)
    assert found["headline"] == "Refund rate by week of payment in the week of 19 Oct: no paid orders that week."


def test_a_verdict_is_taken_with_its_range_and_its_start():
    found = row_of(signals(*shop(), week=WEEK, verdicts=verdict(since=date(2026, 10, 12)), language="en"))
    assert (found["verdict"], found["normal_high"], found["since"]) == ("above", 0.15, date(2026, 10, 12))
    assert found["headline"] == (
        "Refund rate by week of payment in the week of 9 Nov: 20.0% (8 of 40 orders), above its normal range of 5.0%–15.0%; since the week of 12 Oct."
    )


@pytest.mark.parametrize(("word", "low", "high"), [("above", 0.1, 0.3), ("below", 0.1, 0.3), ("above", None, None)])
def test_a_verdict_that_the_numbers_contradict_is_not_repeated(word, low, high):
    found = row_of(signals(*shop(), week=WEEK, verdicts=verdict(word=word, low=low, high=high), language="en"))
    assert found["verdict"] == "not_enough_data"
    assert "above" not in found["headline"]
    assert "below" not in found["headline"]


def test_an_estimate_takes_the_place_of_what_was_counted():
    estimates = pl.DataFrame(
        {
            "measure": ["refund_rate_orders"],
            "week": [WEEK.monday],
            "value": [0.3],
            "value_low": [0.25],
            "value_high": [0.36],
        }
    )
    found = row_of(signals(*shop(), week=WEEK, estimates=estimates, verdicts=verdict(), language="en"))
    assert (found["seen"], found["value"], found["value_low"]) == (0.2, 0.3, 0.25)
    assert found["headline"].startswith(
        "Refund rate by week of payment in the week of 9 Nov: expected at 30.0% (8 of 40 orders so far), above"
    )


def test_an_undated_shop_has_no_verdict_whatever_is_handed_in():
    table = signals(*shop(dated=False), week=WEEK, verdicts=verdict(), estimates=None)
    assert set(table["measure"]) == {"refund_rate_orders", "refund_rate_money"}
    assert set(table["verdict"]) == {"not_enough_data"}


def test_complaints_are_a_measure_only_where_they_are_recorded():
    orders, refunds = shop()
    none = pl.DataFrame(schema={"order_id": pl.String, "filed_at": MOMENT, "first_response_at": MOMENT})
    assert "complaint_rate" not in set(signals(orders, refunds, complaints=none, week=WEEK)["measure"])
    first = WEEK.shift(-4)
    at = datetime.combine(first.monday, datetime.min.time())
    one = pl.DataFrame({"order_id": ["4-0"], "filed_at": [at]}).with_columns(
        pl.col("filed_at").cast(pl.Datetime("us")).dt.replace_time_zone("Asia/Shanghai"),
        first_response_at=pl.lit(None, dtype=MOMENT),
    )
    table = signals(orders, refunds, complaints=one, week=WEEK, language="en").filter(measure="complaint_rate")
    assert row_of(table, "complaint_rate", first)["part"] == 1
    before = table.filter(pl.col("week") < str(first))
    assert before["seen"].null_count() == before.height > 0
    assert before["headline"].str.contains("no records for that time in the files").all()
    assert table.filter(pl.col("week") > str(first))["seen"].to_list() == [0.0] * 4


def test_weeks_before_a_refund_report_begins_are_unknown_not_zero():
    orders, refunds = shop(weeks=20)
    late = refunds.filter(pl.col("applied_at").dt.date() >= WEEK.shift(-9).monday)
    table = signals(orders, late, week=WEEK).filter(measure="refund_rate_orders").sort("week")
    assert table["seen"].null_count() == 10
    assert signals(orders, refunds, week=WEEK).filter(measure="refund_rate_orders")["seen"].null_count() == 0


def test_by_province_every_province_has_its_rows_and_its_name():
    table = signals(*shop(), week=WEEK, by="province", language="en")
    assert set(table["scope"]) == {"province=浙江省", "province=unknown"}
    assert table["headline"][0].startswith("Province ")
    shares = table.filter(measure="refund_rate_orders", week=str(WEEK))
    assert (shares["part"].sum(), shares["whole"].sum()) == (8, 40)


def test_wrong_frames_handed_in_are_refused():
    with pytest.raises(DataError, match="verdicts lack normal_low"):
        signals(*shop(2), week=WEEK, verdicts=verdict().drop("normal_low"))
    with pytest.raises(DataError, match="stands twice"):
        signals(*shop(2), week=WEEK, verdicts=pl.concat([verdict(), verdict()]))
    with pytest.raises(DataError, match=r"cannot be used.*high"):
        signals(*shop(2), week=WEEK, verdicts=verdict(word="high"))
    with pytest.raises(UsageError, match="no scope of signals 'buyer_key'"):
        signals(*shop(2), week=WEEK, by="buyer_key")


share = st.one_of(st.none(), st.floats(0, 1))


@settings(max_examples=80)
@given(
    st.sampled_from([name for name in sorted(WEEKLY) if WEEKLY[name].counted]), share, share, share, share,
    st.sampled_from(["above", "below", "routine", "not_enough_data", None]), st.booleans(),
)  # fmt: skip
def test_every_sentence_tells_its_own_row_and_no_more(measure, seen, value, low, high, word, dated):
    hours = WEEKLY[measure].unit == "hours"
    times = 100 if hours else 1
    seen, value, low, high = (None if x is None else x * times for x in (seen, value, low, high))
    base = pl.DataFrame(
        [{"measure": measure, "scope": "shop", "week": str(WEEK), "unit": WEEKLY[measure].unit, "seen": seen,
          "seen_low": seen, "seen_high": seen, "part": 3.0, "whole": 9.0, "dated": dated}],
        schema_overrides={"seen": pl.Float64, "seen_low": pl.Float64, "seen_high": pl.Float64},
    )  # fmt: skip
    estimates = pl.DataFrame(
        {"measure": [measure], "week": [str(WEEK)], "value": [value], "value_low": [value], "value_high": [value]}
    )
    table = judged(base, estimates=estimates, verdicts=verdict(measure, word=word, low=low, high=high))
    row = table.row(0, named=True)
    for language in LANGUAGES:
        said = signal_headline(row, language)
        assert ("高于" in said or "above" in said) == (row["verdict"] == "above")
        assert ("低于" in said or "below" in said) == (row["verdict"] == "below")
        if row["verdict"] in {"above", "below"}:
            outside = (
                row["value"] > row["normal_high"] if row["verdict"] == "above" else row["value"] < row["normal_low"]
            )
            assert outside
            assert dated
        if "在正常范围内" in said or "within" in said:
            assert row["normal_low"] <= row["value"] <= row["normal_high"]
        if not hours and row["value"] is not None:
            shown = float(re.search(r"([\d.]+)%", said)[1])
            assert shown == pytest.approx(100 * row["value"], abs=0.051)


def test_headlines_can_be_written_again_in_the_other_language():
    chinese = signals(*shop(3), week=WEEK, language="zh")
    english = with_headlines(chinese, language="en")
    assert english.equals(signals(*shop(3), week=WEEK, language="en"))
    assert chinese["headline"][-1] != english["headline"][-1]


def test_a_real_order_report_alone_gives_both_rates_and_no_verdict():
    path = DATA / "tmall_order_report.csv"
    if not path.exists():
        pytest.skip("the real Tmall order report is not on this machine")
    report = pl.read_csv(path, schema_overrides={"订单编号": pl.String})
    report = report.rename({c: c.strip() for c in report.columns})
    at = pl.col("订单付款时间").str.to_datetime(time_unit="us").dt.replace_time_zone("Asia/Shanghai")
    orders = report.select(order_id="订单编号", paid=pl.when(at.is_not_null()).then(pl.col("总金额")), paid_at=at)
    refunds = report.filter(pl.col("退款金额") > 0).select(
        refund_id="订单编号", order_id="订单编号", amount=pl.col("退款金额"), status=pl.lit("succeeded")
    )
    week = Week.of(date(2020, 3, 1))
    table = signals(orders, refunds, week=week)
    assert set(table["verdict"]) == {"not_enough_data"}
    assert set(table["measure"]) == {"refund_rate_orders", "refund_rate_money"}
    assert sorted(set(table["week"])) == [str(week.shift(-w)) for w in reversed(range(5))]
    money = table.filter(measure="refund_rate_money")
    assert money["part"].sum() / money["whole"].sum() == pytest.approx(0.231, abs=0.0005)
    assert observed_measures(orders, refunds, week=week)["dated"].any() is False
