"""Festivals of every market: known dates, weeks aligned by festival, no week lost."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.words.errors import UsageError
from aftersales.words.language import LANGUAGES, catalogue
from aftersales.words.markets import markets
from aftersales.words.periods import Week
from aftersales.words.promotions import (
    MOST_WEEKS_MOVED,
    festivals,
    in_pause,
    nearest_promotion,
    prior_year_week,
    promotion_of_day,
    promotion_of_week,
    promotion_offset,
    promotion_shares,
    promotion_title,
    promotions,
)

MARKETS = tuple(markets())
days = st.dates(date(2015, 1, 1), date(2040, 12, 31))
in_markets = st.sampled_from(MARKETS)


def peak(name: str, year: int, market: str) -> date:
    return next(p.peak for p in promotions(year, market) if p.name == name)


@pytest.mark.parametrize(
    "first", [(2020, 1, 25), (2021, 2, 12), (2022, 2, 1), (2023, 1, 22), (2024, 2, 10), (2025, 1, 29), (2026, 2, 17)]
)
def test_spring_festival_is_the_first_day_of_the_lunar_year(first: tuple[int, int, int]) -> None:
    assert peak("spring_festival", first[0], "cn") == date(*first)


def test_spring_festival_always_falls_between_21_january_and_21_february() -> None:
    for year in range(1990, 2099):
        assert date(year, 1, 20) <= peak("spring_festival", year, "cn") <= date(year, 2, 21)


@pytest.mark.parametrize(
    ("market", "name", "day"),
    [
        ("in", "diwali", (2022, 10, 24)),
        ("in", "diwali", (2024, 10, 31)),
        ("in", "diwali", (2025, 10, 20)),
        ("in", "festive_season", (2021, 10, 3)),
        ("us", "black_friday", (2024, 11, 29)),
        ("eu", "black_friday", (2025, 11, 28)),
        ("uk", "prime_day", (2024, 7, 16)),
        ("vn", "tet", (2025, 1, 29)),
        ("id", "eid_al_fitr_id", (2025, 3, 31)),
        ("id", "eid_al_fitr_id", (2027, 3, 10)),
        ("kr", "chuseok", (2025, 10, 6)),
        ("mx", "buen_fin", (2025, 11, 17)),
    ],
)
def test_festivals_of_other_markets_fall_on_their_days(market: str, name: str, day: tuple[int, int, int]) -> None:
    assert peak(name, day[0], market) == date(*day)


def test_a_market_keeps_its_own_festivals_alone() -> None:
    assert promotion_of_day(date(2026, 11, 11), "cn") == "double_11"
    assert promotion_of_day(date(2026, 6, 18), "in") is None
    assert promotion_of_day(date(2026, 11, 13), "us") is None
    assert promotion_title(Week.of(date(2026, 6, 22)), "en", "in") is None
    assert in_pause(date(2026, 2, 16), date(2026, 2, 20), "cn")
    assert not any(in_pause(date(2026, 2, 16), date(2026, 2, 20), market) for market in ("in", "us", "eu"))


def test_a_promotion_the_market_does_not_keep_is_a_question_error() -> None:
    with pytest.raises(UsageError, match="double_12"):
        promotion_offset(Week.of(date(2026, 1, 1)), "double_13", "cn")
    with pytest.raises(UsageError, match="diwali"):
        promotion_offset(Week.of(date(2026, 1, 1)), "double_11", "in")


def test_beyond_the_tables_what_is_not_known_is_no_festival() -> None:
    assert promotion_of_day(date(1990, 6, 18), "cn") == "mid_year_618"
    assert promotion_of_day(date(2098, 11, 11), "cn") == "double_11"
    assert not [p for p in promotions(2150, "cn") if p.name == "spring_festival"]
    assert not [p for p in promotions(2031, "us") if p.name == "prime_day"]


@pytest.mark.parametrize("market", MARKETS)
def test_each_peak_day_and_week_is_the_festivals_own(market: str) -> None:
    for year in range(2018, 2032):
        for promotion in promotions(year, market):
            assert promotion.first <= promotion.peak <= promotion.last
            assert promotion_of_day(promotion.peak, market) == promotion.name
            assert promotion_offset(Week.of(promotion.peak), promotion.name, market) == 0
    assert promotion_of_day(date(2026, 8, 26), market) is None
    assert promotion_of_week(Week.of(date(2026, 8, 26)), market) is None


@given(days, in_markets)
def test_a_weeks_shares_never_exceed_the_week(day: date, market: str) -> None:
    shares = promotion_shares(Week.of(day), market)
    assert set(shares) == set(festivals(market))
    assert 0 <= sum(shares.values()) <= 1 + 1e-12
    assert (promotion_of_week(Week.of(day), market) is None) == (sum(shares.values()) == 0)


@given(days, in_markets)
def test_the_prior_year_week_keeps_the_distance_from_the_festival(day: date, market: str) -> None:
    week = Week.of(day)
    before, near = prior_year_week(week, market), nearest_promotion(week, market)
    assert abs(week.since(before) - 52) <= MOST_WEEKS_MOVED
    if near is None:
        assert week.since(before) == 52
    elif week.since(before) != 52:
        name, offset = near
        assert promotion_offset(before, name, market) == offset


def test_festival_week_meets_festival_week() -> None:
    for year in range(2016, 2040):
        week = Week.of(peak("spring_festival", year, "cn"))
        assert prior_year_week(week, "cn") == Week.of(peak("spring_festival", year - 1, "cn"))
    for year in range(2016, 2030):
        assert prior_year_week(Week.of(peak("diwali", year, "in")), "in") == Week.of(peak("diwali", year - 1, "in"))
    # of 2020 in October, of 2021 in June: another season is no year before
    assert prior_year_week(Week.of(date(2021, 6, 21)), "us") == Week.of(date(2020, 6, 22))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_festival_has_its_name_in_both_languages(language: str) -> None:
    for market in MARKETS:
        for name in festivals(market):
            assert catalogue()[f"promotion.name.{name}"][language]
    assert promotion_title(Week.parse("2026-W32"), language, "cn") is None  # type: ignore[arg-type]
    assert "11" in str(promotion_title(Week.parse("2026-W44"), language, "cn"))  # type: ignore[arg-type]
