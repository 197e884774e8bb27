"""Sales festivals of the Chinese shop year: which promotion a day or week belongs to, and its week a year before.

A plain "same week last year" compares Double 11 with the week after it, and Spring Festival with the month before it.
Here weeks are aligned by their distance from the festival.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

import polars as pl

from aftersales.words.errors import QuestionError
from aftersales.words.language import Language, say
from aftersales.words.periods import Week


class _Rule(NamedTuple):
    """A festival in the calendar: its peak day, how many days it runs before and after, how many weeks it sways."""

    month_day: tuple[int, int] | None  # None: the first day of the lunar year
    shift_days: int
    days_before: int
    days_after: int
    weeks_before: int
    weeks_after: int


# Own table of sales days. Platforms announce the exact days each year; the cores below have been stable for years:
# 618 runs 1–20 June, Double 11 from 1 November, Double 12 from about the 8th, the 8 March week from the 1st,
# 年货节 in the month before the lunar new year, ending when couriers stop; Spring Festival is a courier pause of about
# two weeks. The weeks on either side still hold pre-sales, late parcels and returns (seven-day right plus delivery).
_RULES: dict[str, _Rule] = {
    "new_year_goods": _Rule(None, -21, 7, 7, 1, 1),
    "spring_festival": _Rule(None, 0, 8, 8, 1, 3),
    "women_day": _Rule((3, 8), 0, 7, 0, 1, 1),
    "mid_year_618": _Rule((6, 18), 0, 17, 2, 3, 2),
    "double_11": _Rule((11, 11), 0, 10, 0, 3, 2),
    "double_12": _Rule((12, 12), 0, 4, 0, 1, 1),
}
PROMOTIONS = tuple(_RULES)
# Everything but the courier pause is a sale: more orders, more impulse, other buyers.
SALES = tuple(name for name in PROMOTIONS if name != "spring_festival")
# The lunar calendar behind `holidays` ends there.
FIRST_YEAR, LAST_YEAR = 1990, 2098


@dataclass(frozen=True, order=True)
class Promotion:
    """One festival of one year: when it begins, peaks and ends (both days belong to it)."""

    peak: date
    first: date
    last: date
    name: str


@cache
def spring_festival(year: int) -> date:
    """The first day of the lunar year that begins in that year (source: the `holidays` calendar of China).

    >>> spring_festival(2026), spring_festival(2027)
    (datetime.date(2026, 2, 17), datetime.date(2027, 2, 6))
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise QuestionError(f"Festivals are known from {FIRST_YEAR} to {LAST_YEAR}", found=str(year))
    from holidays.countries import China  # a fifth of a second to import

    calendar = China(years=year, language="en_US", observed=False)
    # by name, earliest first: New Year's Eve is a holiday of its own in some years
    return min(day for day in calendar.get_named("Chinese New Year (Spring Festival)", lookup="exact"))


@cache
def promotions(year: int) -> tuple[Promotion, ...]:
    """The festivals that peak in that year, in the order of their peaks.

    >>> [(p.name, p.peak.isoformat()) for p in promotions(2026)][:3]
    [('new_year_goods', '2026-01-27'), ('spring_festival', '2026-02-17'), ('women_day', '2026-03-08')]
    """
    found = []
    for name, rule in _RULES.items():
        anchor = date(year, *rule.month_day) if rule.month_day else spring_festival(year)
        peak = anchor + timedelta(days=rule.shift_days)
        found.append(
            Promotion(peak, peak - timedelta(days=rule.days_before), peak + timedelta(days=rule.days_after), name)
        )
    return tuple(sorted(found))


def promotion_of_day(day: date) -> str | None:
    """The festival a day belongs to; where two overlap, the one whose peak is nearer; None on a plain day.

    >>> promotion_of_day(date(2026, 11, 11)), promotion_of_day(date(2026, 2, 17)), promotion_of_day(date(2026, 8, 3))
    ('double_11', 'spring_festival', None)
    """
    running = [p for p in _around(day) if p.first <= day <= p.last]
    return min(running, key=lambda p: (abs((p.peak - day).days), p.name)).name if running else None


def promotion_of_week(week: Week) -> str | None:
    """The festival that holds most days of the week, the peak's own week first; None in a plain week.

    >>> promotion_of_week(Week.parse("2026-W46")), promotion_of_week(Week.parse("2026-W32"))
    ('double_11', None)
    """
    shares = promotion_shares(week)
    at_peak = [p.name for p in _around(week.monday) if Week.of(p.peak) == week]
    best = max(shares, key=lambda name: (name in at_peak, shares[name]))
    return best if shares[best] else None


def promotion_shares(week: Week) -> dict[str, float]:
    """For every festival, the share (0..1) of the week's seven days that belongs to it.

    >>> promotion_shares(Week.parse("2026-W46"))["double_11"]
    0.42857142857142855
    """
    days = [promotion_of_day(week.monday + timedelta(days=d)) for d in range(7)]
    return {name: days.count(name) / 7 for name in PROMOTIONS}


def promotion_offset(week: Week, promotion: str) -> int:
    """Weeks from the nearest peak week of that festival: 0 in its peak week, -1 the week before, and so on.

    >>> promotion_offset(Week.parse("2026-W44"), "double_11")
    -2
    """
    if promotion not in _RULES:
        raise QuestionError(f"There is no promotion '{promotion}'", found=", ".join(PROMOTIONS))
    return min((week.since(Week.of(p.peak)) for p in _around(week.monday) if p.name == promotion), key=abs)


def nearest_promotion(week: Week) -> tuple[str, int] | None:
    """The festival whose sway the week is under, and the offset in weeks from its peak; None where none reaches.

    The sway is wider than the sale itself: pre-sales before, late parcels and returns after. Where two festivals
    reach, the nearer peak wins, and of two equally near the moving one, because it moves.

    >>> nearest_promotion(Week.parse("2026-W47")), nearest_promotion(Week.parse("2026-W32"))
    (('double_11', 1), None)
    """
    reach = []
    for name, rule in _RULES.items():
        offset = promotion_offset(week, name)
        if -rule.weeks_before <= offset <= rule.weeks_after:
            reach.append((abs(offset), rule.month_day is not None, name, offset))
    return (min(reach)[2], min(reach)[3]) if reach else None


@cache
def prior_year_week(week: Week) -> Week:
    """The week a year before to compare with: the same distance from the same festival, else 52 weeks back.

    >>> str(prior_year_week(Week.parse("2026-W08"))), str(prior_year_week(Week.parse("2026-W32")))
    ('2025-W05', '2025-W32')
    """
    near = nearest_promotion(week)
    if near is None:
        return week.shift(-52)
    name, offset = near
    peak = next(p.peak for p in _around(week.monday) if p.name == name and week.since(Week.of(p.peak)) == offset)
    before = next(p.peak for p in promotions(peak.year - 1) if p.name == name)
    return Week.of(before).shift(offset)


def promotion_calendar(weeks: Iterable[Week]) -> pl.DataFrame:
    """One row a week, in the given order, for joining to weekly tables.

    Columns: week (Monday, Date), promotion (text, null in plain weeks), near and offset (festival under whose sway the
    week is, and weeks from its peak; null where none), prior_year_week (Monday, Date), sale and spring_festival (shares
    of the week's days, 0..1).

    >>> weeks = [Week.parse("2026-W46"), Week.parse("2026-W32")]
    >>> promotion_calendar(weeks).select("promotion", "offset", "sale").rows()
    [('double_11', 0, 0.42857142857142855), (None, None, 0.0)]
    """
    rows = []
    for week in weeks:
        shares, near = promotion_shares(week), nearest_promotion(week)
        rows.append(
            (
                week.monday,
                promotion_of_week(week),
                near[0] if near else None,
                near[1] if near else None,
                prior_year_week(week).monday,
                sum(shares[name] for name in SALES),
                shares["spring_festival"],
            )
        )
    return pl.DataFrame(
        rows,
        orient="row",
        schema={
            "week": pl.Date, "promotion": pl.String, "near": pl.String, "offset": pl.Int64,
            "prior_year_week": pl.Date, "sale": pl.Float64, "spring_festival": pl.Float64,
        },
    )  # fmt: skip


def promotion_title(week: Week, language: Language) -> str | None:
    """How a page names the week's festival, with its distance in weeks; None in a plain week.

    >>> promotion_title(Week.parse("2026-W47"), "en"), promotion_title(Week.parse("2026-W46"), "zh")
    ('1 week after Double 11', '双11当周')
    """
    near = nearest_promotion(week)
    if near is None:
        return None
    name, offset = near
    if offset == 0:
        return say("promotion.peak_week", language, name=f"promotion.name.{name}")
    when = "before" if offset < 0 else "after"
    many = "one" if abs(offset) == 1 else "many"
    return say(f"promotion.{when}.{many}", language, name=f"promotion.name.{name}", weeks=abs(offset))


def _around(day: date) -> list[Promotion]:
    years = range(max(day.year - 1, FIRST_YEAR), min(day.year + 1, LAST_YEAR) + 1)
    return [p for year in years for p in promotions(year)]
