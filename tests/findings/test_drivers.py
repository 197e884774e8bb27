from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest

from aftersales.findings.drivers import DRIVERS_SCHEMA, change_headline, change_parts, drivers, told_drivers
from aftersales.findings.driving_segments import SEGMENTS_SCHEMA, driving_segments
from aftersales.words.errors import UsageError
from aftersales.words.periods import Week

WEEK = Week.parse("2026-W46")
FIRST = WEEK.shift(-12).monday
DAYS = 13 * 7


def shop(seed: int, *, lift: float = 1.0, peak: int = 1, lines_a_day: int = 260) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Thirteen weeks of orders; in the last week courier A in province P0 asks `lift` times as often for refunds.

    With `peak`, the Sunday before the last week sells so many times as much as another day.
    """
    draw = np.random.default_rng(seed)
    by_day = np.full(DAYS, lines_a_day)
    by_day[DAYS - 8] *= peak
    day = np.repeat(np.arange(DAYS), by_day)
    n = len(day)
    ids = [f"L{k}" for k in range(n)]
    courier = draw.choice(["A", "B", "C"], n)
    province = np.array([f"P{k}" for k in range(8)])[draw.integers(0, 8, n)]
    reason = draw.choice(["size", "quality", "no_reason"], n)
    age = np.minimum(draw.geometric(0.3, n) - 1, 20)
    asked = day + age
    hit = draw.random(n) < 0.06 * np.where((courier == "A") & (province == "P0") & (asked >= DAYS - 7), lift, 1.0)
    at = [datetime.combine(FIRST + timedelta(days=int(d)), time(12)) for d in day]
    orders = pl.DataFrame(
        {
            "order_id": ids, "line_id": ids, "paid": [50.0] * n, "paid_at": at, "courier": courier,
            "province": province, "product_id": draw.choice(["1", "2", "3"], n), "title": ["Mug"] * n,
        }
    )  # fmt: skip
    seen = hit & (asked < DAYS)
    refunds = orders.filter(pl.Series(seen)).select(
        "order_id", "line_id", "product_id", refund_id="line_id", amount="paid", status=pl.lit("succeeded")
    )
    applied = [datetime.combine(FIRST + timedelta(days=int(d)), time(15)) for d in asked[seen]]
    return orders, refunds.with_columns(applied_at=pl.Series(applied), reason=pl.Series(reason[seen]))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_planted_fault_is_named_with_its_share(language):
    orders, refunds = shop(1, lift=6.0)
    found = drivers(orders, refunds, week=WEEK, language=language)
    assert found.schema == DRIVERS_SCHEMA
    assert found["segment"].to_list() == ["courier=A & province=P0"]
    row = found.row(0, named=True)
    assert 4 < row["rate_after"] / row["rate_before"] < 8
    assert 0.5 < row["share_of_change"] < 1.5
    assert abs((row["since"] - WEEK.monday).days) <= 2
    assert "P0" in row["headline"]
    assert row["held_out"]


def test_one_search_is_told_in_both_languages_also_when_kept_as_a_file(tmp_path):
    orders, refunds = shop(1, lift=6.0)
    found = driving_segments(orders, refunds, week=WEEK)
    found.write_parquet(tmp_path / "kept.parquet")
    kept = pl.read_parquet(tmp_path / "kept.parquet")
    assert kept.schema == SEGMENTS_SCHEMA
    for language in ("zh", "en"):
        assert told_drivers(kept, language=language).equals(drivers(orders, refunds, week=WEEK, language=language))


def test_a_product_and_what_is_tied_with_it_are_named_by_their_titles():
    row = {
        "segment": "product_id=1", "conditions": [{"dimension": "product_id", "level": "1"}], "rate_before": 0.1,
        "rate_after": 0.3, "excess": 20.0, "share_of_change": 0.5, "since": WEEK.monday, "orders": 100.0,
        "refunds": 30.0, "expected": 10.0, "lift": 3.0, "p_value": 1e-6, "held_out": True,
        "ties": ["product_id=2 & reason=size", "a=b=c"],
        "tied_conditions": [[{"dimension": "product_id", "level": "2"}, {"dimension": "reason", "level": "size"}], []],
        "titles": [{"product_id": "1", "title": "Mug"}, {"product_id": "2", "title": "Pot"}],
    }  # fmt: skip
    shop_wide = row | {"segment": "all", "conditions": [], "ties": [], "tied_conditions": []}
    told = told_drivers(pl.DataFrame([row, shop_wide], schema=SEGMENTS_SCHEMA), language="en")
    assert told["spoken"].to_list() == ["product “Mug”", "the whole shop"]
    assert "product “Pot” × reason “" in told["headline"][0]
    assert "a=b=c" in told["headline"][0]
    assert "shop-wide" in told["headline"][1]


def test_nothing_wrong_names_nobody_even_after_a_sales_peak():
    named = [drivers(*shop(seed, peak=6), week=WEEK).height for seed in range(6)]
    assert sum(named) <= 1  # one in twenty may be chance


def test_undated_refunds_and_a_short_past_give_the_empty_contract():
    orders, refunds = shop(1, lift=6.0, lines_a_day=20)
    undated = drivers(orders, refunds.with_columns(applied_at=pl.lit(None, dtype=pl.Datetime)), week=WEEK)
    early = drivers(orders, refunds, week=WEEK.shift(-12))
    assert undated.schema == early.schema == DRIVERS_SCHEMA
    assert not undated.height
    assert not early.height


@pytest.mark.parametrize("by", ["courier", "province", "product_id", "reason"])
def test_the_parts_of_the_week_sum_to_its_change(by):
    orders, refunds = shop(2, lift=4.0, peak=3)
    parts = change_parts(orders, refunds, week=WEEK, by=by)
    in_week = [
        refunds.filter(pl.col("applied_at").dt.date().is_between(w.monday, w.sunday)).height
        for w in (WEEK.shift(-1), WEEK)
    ]
    total = parts.select(pl.col("volume") + pl.col("mix") + pl.col("rate")).to_series().sum()
    assert total == pytest.approx(in_week[1] - in_week[0])
    assert parts["events_after"].sum() == pytest.approx(in_week[1])


def test_money_parts_sum_to_the_cent_and_a_peak_is_volume():
    orders, refunds = shop(3, peak=8)
    parts = change_parts(orders, refunds, week=WEEK, by="courier", money=True)
    assert parts.select((pl.col("change") == pl.col("volume") + pl.col("mix") + pl.col("rate")).all()).item()
    asked = refunds.with_columns(day=pl.col("applied_at").dt.date())
    money = [asked.filter(pl.col("day").is_between(w.monday, w.sunday)).height * 50 for w in (WEEK.shift(-1), WEEK)]
    assert parts["change"].sum() == money[1] - money[0]
    assert parts["volume"].sum() > 0.6 * float(parts["change"].sum())


def test_a_split_by_an_unknown_column_is_refused():
    with pytest.raises(UsageError, match="column to split by"):
        change_parts(*shop(1, lines_a_day=5), week=WEEK, by="colour")


def test_the_change_headline_reads_in_both_languages():
    parts = change_parts(*shop(4, peak=4, lines_a_day=40), week=WEEK, by="courier")
    assert "上周" in change_headline(parts)
    assert "last week" in change_headline(parts, language="en")


def test_since_is_the_day_the_rise_began():
    orders, refunds = shop(5)
    late = date.fromordinal(WEEK.monday.toordinal() - 11)
    more = orders.filter(pl.col("courier") == "B", pl.col("paid_at").dt.date() >= late).gather_every(4)
    bad = more.select(
        "order_id", "line_id", "product_id", refund_id="line_id", amount="paid", status=pl.lit("succeeded"),
        applied_at=pl.col("paid_at") + pl.duration(hours=1), reason=pl.lit("quality"),
    )  # fmt: skip
    found = drivers(orders, pl.concat([refunds, bad]).unique("refund_id", keep="last"), week=WEEK, language="en")
    row = found.row(0, named=True)
    assert "courier=B" in row["segment"]
    assert abs((row["since"] - late).days) <= 1
