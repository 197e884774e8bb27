"""Sales festivals of a market: which promotion a day or week belongs to, and its week a year before.

A plain "same week last year" compares Double 11 with the week after it, and Diwali with three weeks before it. Here
weeks are aligned by their distance from the festival. Festivals stand in ``festivals.toml``, a market's own in
``markets.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from aftersales.words.errors import UsageError
from aftersales.words.language import Language, say
from aftersales.words.markets import markets
from aftersales.words.periods import Week

# The lunar calendar behind `holidays` ends there.
FIRST_YEAR, LAST_YEAR = 1990, 2098
# A sale that moved by more than this (Prime Day of 2020, to October) is compared by season, not by its name.
MOST_WEEKS_MOVED = 6


class Festival(NamedTuple):
    """A festival in the calendar: its peak, the days it runs before and after, the weeks it sways before and after.

    ``peak`` is a day of the year (MM-DD), or a country's public holiday and days after it; None where only ``dates``
    (year: first and last day) tell. A ``pause`` is one in which couriers rest, any other a sale.
    """

    peak: str | tuple[str, str, int] | None = None
    days: tuple[int, int] = (0, 0)
    weeks: tuple[int, int] = (0, 0)
    pause: bool = False
    dates: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True, order=True)
class Promotion:
    """One festival of one year: when it begins, peaks and ends (both days belong to it)."""

    peak: date
    first: date
    last: date
    name: str


@cache
def festivals(market: str) -> Mapping[str, Festival]:
    """The festivals of a market by name.

    >>> list(festivals("us")), [name for name, one in festivals("cn").items() if one.pause]
    (['prime_day', 'prime_big_deal_days', 'black_friday', 'christmas'], ['spring_festival'])
    """
    every = tomllib.loads(files("aftersales.words").joinpath("festivals.toml").read_text("utf-8"))
    return {name: Festival(**every[name]) for name in markets()[market].festivals}


@cache
def promotions(year: int, market: str) -> tuple[Promotion, ...]:
    """The market's festivals that are known to peak in that year, in the order of their peaks.

    >>> [(p.name, p.peak.isoformat()) for p in promotions(2026, "cn")][:3]
    [('new_year_goods', '2026-01-27'), ('spring_festival', '2026-02-17'), ('women_day', '2026-03-08')]
    >>> [(p.name, p.peak.isoformat()) for p in promotions(2025, "in")][-2:]
    [('festive_season', '2025-09-23'), ('diwali', '2025-10-20')]
    """
    found = []
    for name, festival in festivals(market).items():
        if str(year) in festival.dates:
            first, last = (date.fromisoformat(f"{year}-{day}") for day in festival.dates[str(year)])
            found.append(Promotion(first, first, last, name))
        elif (peak := _peak(festival, year)) is not None:
            before, after = (timedelta(days=d) for d in festival.days)
            found.append(Promotion(peak, peak - before, peak + after, name))
    return tuple(sorted(found))


def _peak(festival: Festival, year: int) -> date | None:
    if festival.peak is None:
        return None
    if isinstance(festival.peak, str):
        return date.fromisoformat(f"{year}-{festival.peak}")
    country, holiday, shift = festival.peak
    day = _holiday(country, holiday, year)
    return None if day is None else day + timedelta(days=shift)


@cache
def _holiday(country: str, name: str, year: int) -> date | None:
    """The first day of a public holiday in that year, None where the calendars do not know it."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    from holidays import country_holidays  # a fifth of a second to import

    calendar = country_holidays(country, years=year, language="en_US", observed=False)
    # by name, earliest first: a new year's eve is a holiday of its own in some years
    days = (day for known in (name, f"{name} (estimated)") for day in calendar.get_named(known, lookup="exact"))
    return min((day for day in days if day.year == year), default=None)


def promotion_of_day(day: date, market: str) -> str | None:
    """The festival a day belongs to; where two overlap, the one whose peak is nearer; None on a plain day.

    >>> promotion_of_day(date(2026, 11, 11), "cn"), promotion_of_day(date(2026, 8, 3), "cn")
    ('double_11', None)
    >>> promotion_of_day(date(2026, 11, 11), "us"), promotion_of_day(date(2026, 11, 27), "us")
    (None, 'black_friday')
    """
    running = [p for p in _around(day, market) if p.first <= day <= p.last]
    return min(running, key=lambda p: (abs((p.peak - day).days), p.name)).name if running else None


def in_pause(first: date, last: date, market: str) -> bool:
    """Whether both days lie within one pause of the couriers.

    >>> in_pause(date(2026, 2, 17), date(2026, 2, 20), "cn"), in_pause(date(2026, 2, 17), date(2026, 2, 20), "in")
    (True, False)
    """
    name = promotion_of_day(first, market)
    return name is not None and festivals(market)[name].pause and promotion_of_day(last, market) == name


def promotion_of_week(week: Week, market: str) -> str | None:
    """The festival that holds most days of the week, the peak's own week first; None in a plain week.

    >>> promotion_of_week(Week.parse("2026-W46"), "cn"), promotion_of_week(Week.parse("2026-W46"), "in")
    ('double_11', 'diwali')
    """
    shares = promotion_shares(week, market)
    at_peak = [p.name for p in _around(week.monday, market) if Week.of(p.peak) == week]
    best = max(shares, key=lambda name: (name in at_peak, shares[name]))
    return best if shares[best] else None


def promotion_shares(week: Week, market: str) -> dict[str, float]:
    """For every festival of the market, the share (0..1) of the week's seven days that belongs to it.

    >>> promotion_shares(Week.parse("2026-W46"), "cn")["double_11"]
    0.42857142857142855
    """
    days = [promotion_of_day(week.monday + timedelta(days=d), market) for d in range(7)]
    return {name: days.count(name) / 7 for name in festivals(market)}


def promotion_offset(week: Week, promotion: str, market: str) -> int | None:
    """Weeks from the nearest peak week of that festival: 0 in its peak week, -1 the week before, and so on.

    None where no year around knows it; `UsageError` where the market does not keep it.

    >>> promotion_offset(Week.parse("2026-W44"), "double_11", "cn")
    -2
    """
    if promotion not in festivals(market):
        raise UsageError(f"There is no promotion '{promotion}'", found=", ".join(festivals(market)))
    peaks = [p.peak for p in _around(week.monday, market) if p.name == promotion]
    return min((week.since(Week.of(peak)) for peak in peaks), key=abs, default=None)


def nearest_promotion(week: Week, market: str) -> tuple[str, int] | None:
    """The festival whose sway the week is under, and the offset in weeks from its peak; None where none reaches.

    The sway is wider than the sale itself: pre-sales before, late parcels and returns after. Where two festivals
    reach, the nearer peak wins, and of two equally near the moving one, because it moves.

    >>> nearest_promotion(Week.parse("2026-W47"), "cn"), nearest_promotion(Week.parse("2026-W32"), "cn")
    (('double_11', 1), None)
    """
    reach = []
    for name, festival in festivals(market).items():
        offset = promotion_offset(week, name, market)
        before, after = festival.weeks
        if offset is not None and -before <= offset <= after:
            reach.append((abs(offset), isinstance(festival.peak, str), name, offset))
    return (min(reach)[2], min(reach)[3]) if reach else None


@cache
def prior_year_week(week: Week, market: str) -> Week:
    """The week a year before to compare with: the same distance from the same festival, else 52 weeks back.

    Else is where no festival sways the week, the year before is not known to have had it, or had it in another season.

    >>> str(prior_year_week(Week.parse("2026-W08"), "cn")), str(prior_year_week(Week.parse("2026-W32"), "cn"))
    ('2025-W05', '2025-W32')
    >>> str(prior_year_week(Week.parse("2026-W45"), "in"))
    '2025-W43'
    """
    near = nearest_promotion(week, market)
    if near is None:
        return week.shift(-52)
    name, offset = near
    around = [p.peak for p in _around(week.monday, market) if p.name == name]
    peak = next(peak for peak in around if week.since(Week.of(peak)) == offset)
    before = [p.peak for p in promotions(peak.year - 1, market) if p.name == name]
    aligned = Week.of(before[0]).shift(offset) if before else week.shift(-52)
    return aligned if abs(week.since(aligned) - 52) <= MOST_WEEKS_MOVED else week.shift(-52)


def promotion_title(week: Week, language: Language, market: str) -> str | None:
    """How a page names the week's festival, with its distance in weeks; None in a plain week.

    >>> promotion_title(Week.parse("2026-W47"), "en", "cn"), promotion_title(Week.parse("2026-W46"), "zh", "cn")
    ('1 week after Double 11', '双11当周')
    >>> promotion_title(Week.parse("2026-W46"), "en", "in")
    '1 week after Diwali'
    """
    near = nearest_promotion(week, market)
    if near is None:
        return None
    name, offset = near
    if offset == 0:
        return say("promotion.peak_week", language, name=f"promotion.name.{name}")
    when = "before" if offset < 0 else "after"
    many = "one" if abs(offset) == 1 else "many"
    return say(f"promotion.{when}.{many}", language, name=f"promotion.name.{name}", weeks=abs(offset))


def _around(day: date, market: str) -> list[Promotion]:
    years = range(max(day.year - 1, FIRST_YEAR), min(day.year + 1, LAST_YEAR) + 1)
    return [p for year in years for p in promotions(year, market)]
