"""Days covered: a real hole is found, a quiet kind of data has none, and nothing is invented at the ends."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from aftersales.measures.coverage import days_covered

FIRST = date(2026, 5, 4)


def day(number):
    return FIRST + timedelta(days=number)


def per_day(rows):
    there = {n: count for n, count in enumerate(rows) if count}
    frame = {"day": [day(n) for n in there], "rows": list(there.values())}
    return pl.DataFrame(frame, schema={"day": pl.Date, "rows": pl.Int64})


def missing(rows, **options):
    days = days_covered(per_day(rows), market="cn", first=FIRST, last=day(len(rows) - 1), **options)
    return days.filter(~pl.col("covered"))["day"].to_list()


@given(st.integers(20, 60), st.integers(2, 9), st.integers(8, 400))
def test_a_hole_in_a_busy_file_is_found_and_nothing_else(at, length, pace):
    rows = [pace] * 90
    rows[at : at + length] = [0] * length
    assert missing(rows) == [day(n) for n in range(at, at + length)]


@given(st.lists(st.integers(0, 6), min_size=30, max_size=120), st.integers(1, 3))
def test_a_kind_that_writes_less_than_every_other_day_has_no_holes_after_it_began(gaps, rows_a_day):
    rows = [0] * 5
    for gap in gaps:
        rows += [rows_a_day, *[0] * (gap + 2)]
    days = days_covered(per_day(rows), market="cn", first=FIRST, last=day(len(rows) - 1))
    assert days.filter("begun")["covered"].all()
    assert not days.filter(~pl.col("begun"))["covered"].any()


@given(st.lists(st.integers(0, 50), min_size=1, max_size=150))
def test_every_day_is_told_once_in_order_and_a_day_with_rows_is_always_covered(rows):
    days = days_covered(per_day(rows), market="cn", first=FIRST, last=day(len(rows) - 1))
    if not any(rows):
        assert days.is_empty()
        return
    assert days["day"].to_list() == [day(n) for n in range(len(rows))]
    assert days["rows"].to_list() == rows
    assert days.filter(pl.col("rows") > 0).select((pl.col("covered") & pl.col("begun")).all()).item()


def test_a_silence_at_the_end_is_a_hole_where_the_file_was_busy():
    assert missing([30] * 40 + [0] * 3) == [day(40), day(41), day(42)]


def test_a_kind_that_writes_every_day_lacks_each_day_without_a_row():
    assert missing([1, 1, 0, 1, 1], every_day=True) == [day(2)]


def test_spring_festival_is_no_hole():
    begin = date(2026, 1, 5)
    busy = [begin + timedelta(days=n) for n in range(80)]
    there = [d for d in busy if not date(2026, 2, 16) <= d <= date(2026, 2, 20)]
    frame = pl.DataFrame({"day": there, "rows": [40] * len(there)})
    assert days_covered(frame, market="cn", first=begin, last=busy[-1])["covered"].all()
