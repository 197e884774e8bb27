"""Festivals: known dates, weeks aligned by festival, no week lost."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.words.errors import QuestionError
from aftersales.words.language import LANGUAGES, catalogue
from aftersales.words.periods import Week
from aftersales.words.promotions import (
    PROMOTIONS,
    nearest_promotion,
    prior_year_week,
    promotion_calendar,
    promotion_of_day,
    promotion_of_week,
    promotion_offset,
    promotion_shares,
    promotion_title,
    promotions,
    spring_festival,
)

days = st.dates(date(2015, 1, 1), date(2040, 12, 31))


@pytest.mark.parametrize(
    "first", [(2020, 1, 25), (2021, 2, 12), (2022, 2, 1), (2023, 1, 22), (2024, 2, 10), (2025, 1, 29), (2026, 2, 17)]
)
def test_spring_festival_is_the_first_day_of_the_lunar_year(first: tuple[int, int, int]) -> None:
    assert spring_festival(first[0]) == date(*first)


def test_spring_festival_always_falls_between_21_january_and_21_february() -> None:
    for year in range(1990, 2099):
        assert date(year, 1, 20) <= spring_festival(year) <= date(year, 2, 21)


def test_a_year_beyond_the_lunar_table_is_a_question_error() -> None:
    with pytest.raises(QuestionError, match="2098"):
        spring_festival(2150)
    with pytest.raises(QuestionError, match="double_13"):
        promotion_offset(Week.of(date(2026, 1, 1)), "double_13")


def test_the_edges_of_the_table_still_answer() -> None:
    assert promotion_of_day(date(1990, 6, 18)) == "mid_year_618"
    assert promotion_of_day(date(2098, 11, 11)) == "double_11"


def test_each_peak_day_and_week_is_the_festivals_own() -> None:
    for year in range(2018, 2032):
        for promotion in promotions(year):
            assert promotion_of_day(promotion.peak) == promotion.name
            assert promotion_offset(Week.of(promotion.peak), promotion.name) == 0
    assert promotion_of_day(date(2026, 8, 3)) is None
    assert promotion_of_week(Week.of(date(2026, 8, 3))) is None


@given(days)
def test_a_weeks_shares_never_exceed_the_week(day: date) -> None:
    shares = promotion_shares(Week.of(day))
    assert set(shares) == set(PROMOTIONS)
    assert 0 <= sum(shares.values()) <= 1 + 1e-12
    assert (promotion_of_week(Week.of(day)) is None) == (sum(shares.values()) == 0)


@given(days)
def test_the_prior_year_week_keeps_the_distance_from_the_festival(day: date) -> None:
    week = Week.of(day)
    before, near = prior_year_week(week), nearest_promotion(week)
    assert 46 <= week.since(before) <= 58
    if near is None:
        assert week.since(before) == 52
    else:
        name, offset = near
        assert promotion_offset(before, name) == offset


def test_spring_festival_week_meets_spring_festival_week() -> None:
    for year in range(2016, 2040):
        week = Week.of(spring_festival(year))
        assert prior_year_week(week) == Week.of(spring_festival(year - 1))


@given(days)
def test_the_calendar_agrees_with_the_single_week(day: date) -> None:
    weeks = [Week.of(day + timedelta(weeks=i)) for i in range(3)]
    table = promotion_calendar(weeks)
    assert table["week"].to_list() == [w.monday for w in weeks]
    assert table["promotion"].to_list() == [promotion_of_week(w) for w in weeks]
    assert table["prior_year_week"].to_list() == [prior_year_week(w).monday for w in weeks]


def test_an_empty_calendar_keeps_its_columns() -> None:
    assert promotion_calendar([]).schema["sale"] == pl.Float64


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_festival_has_its_name_in_both_languages(language: str) -> None:
    for name in PROMOTIONS:
        assert catalogue()[f"promotion.name.{name}"][language]
    assert promotion_title(Week.parse("2026-W32"), language) is None  # type: ignore[arg-type]
    assert "11" in str(promotion_title(Week.parse("2026-W44"), language))  # type: ignore[arg-type]
