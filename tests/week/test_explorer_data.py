"""What the explorer's file holds: the weeks that fit, every row once, and nothing of whom was erased."""

from __future__ import annotations

import polars as pl
import pytest

import aftersales as asa
from aftersales.measures.cohorts import paid_lines
from aftersales_app.reports.explorer_data import explored, packed, texts_of, unpacked, without

PAGE = 15_000_000  # bytes of data at 200,000 lines


@pytest.fixture(scope="module")
def week(demo):
    return asa.open("demo", config=str(demo / "shops.toml")).data


def test_a_large_shop_gets_the_newest_whole_weeks_that_fit(week):
    every = explored(week)
    paid = paid_lines(week.tables["orders"], until=week.until, since=week.since).collect()
    assert len(every.columns["line_paid"]) >= paid.height
    assert not every.header["left_out"]
    some = explored(week, most_lines=400)
    first = week.week.shift(1 - some.header["weeks"]).monday
    inside = paid.filter(pl.col("day") >= first)
    assert some.header["left_out"]
    assert 0 < inside.height <= 400 < paid.filter(pl.col("day") >= week.week.shift(-some.header["weeks"]).monday).height
    none = explored(week, most_lines=3)
    assert (none.header["weeks"], none.header["left_out"]) == (0, True)


def test_every_request_and_complaint_of_the_weeks_stands_there_once(week):
    found = explored(week)
    requests = week.requests_by_phase
    made = found.columns["request_day"].astype(int) - 1 - found.header["first"]
    since = (week.half_year - week.week.shift(1 - found.header["weeks"]).monday).days
    assert (made >= since).sum() == requests["cases"].sum()
    filed = found.columns["complaint_day"].astype(int) - 1 - found.header["first"]
    assert (filed >= since).sum() == week.complaints_by_channel["complaints"].sum()


def test_the_file_is_small_and_a_buyer_can_be_taken_out_of_it(week):
    found = explored(week)
    content = packed(found)
    assert len(content) * 200_000 / len(found.columns["line_paid"]) < PAGE
    order, key = found.columns["order_ids"][3], found.columns["buyers"][5]
    less = without(content, [order, key])
    assert {order, key} <= set(texts_of(content))
    assert not {order, key} & set(texts_of(less))
    assert unpacked(less).columns["line_paid"].tolist() == found.columns["line_paid"].tolist()
