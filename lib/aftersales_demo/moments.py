"""Moments as whole seconds of local time, days of sale with their seasons, and when couriers rest."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from aftersales_demo.spec import ShopSpec

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MINUTE, HOUR, DAY = 60, 3_600, 86_400
NEVER = 2**40  # later than any moment of a simulation (the year 36812), so that "has happened by" is one comparison

# First day of the Chinese year, by the state calendar.
NEW_YEARS = (date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6))
# How many times an ordinary day's orders, by month and day. Our own guess at a home shop's shape.
SALES_DAYS = {
    (3, 8): 1.6, (5, 20): 1.4, (6, 1): 1.9, (6, 2): 1.5, (6, 3): 1.4, (6, 16): 2.0, (6, 17): 2.2, (6, 18): 4.2,
    (8, 18): 1.3, (9, 9): 1.4, (10, 21): 1.8, (10, 31): 2.0, (11, 1): 2.8, (11, 2): 1.7, (11, 3): 1.5,
    (11, 9): 1.6, (11, 10): 2.4, (11, 11): 5.5, (11, 12): 1.5, (12, 11): 1.5, (12, 12): 2.5,
}  # fmt: skip
WEEKDAYS = np.array([1.04, 1.03, 1.0, 0.99, 0.96, 0.97, 1.01])
HOURS = np.array(
    [
        2.6,
        1.4,
        0.7,
        0.4,
        0.3,
        0.4,
        0.9,
        1.9,
        3.3,
        4.9,
        5.9,
        5.7,
        5.2,
        5.3,
        5.2,
        5.0,
        4.8,
        4.6,
        4.8,
        5.9,
        7.4,
        8.3,
        7.9,
        5.2,
    ]
)


def second_of(day: date) -> int:
    """The first second of a day, counted from 1970 in local time.

    >>> second_of(date(1970, 1, 2))
    86400
    """
    return (day - date(1970, 1, 1)).days * DAY


def moment(column: str) -> pl.Expr:
    """A column of seconds as a local time; `NEVER` and null become null."""
    return pl.when(pl.col(column) < NEVER).then(pl.from_epoch(pl.col(column), time_unit="s")).alias(column)


def moment_text(column: str) -> pl.Expr:
    """A column of seconds as export files write a time; empty where it never came."""
    return moment(column).dt.strftime("%Y-%m-%d %H:%M:%S").fill_null("")


def day_weights(spec: ShopSpec) -> Floats:
    """The relative number of orders on each day of the simulation: growth, season, weekday, sales days, New Year."""
    days = np.arange(7 * spec.weeks)
    first = second_of(spec.first_day) // DAY
    weights = (1 + 0.30 * days / len(days)) * WEEKDAYS[(first + days + 3) % 7]  # 1970-01-01 was a Thursday
    calendar = (first + days).astype("datetime64[D]").astype(object)
    weights *= np.array([SALES_DAYS.get((d.month, d.day), 1.0) for d in calendar])
    yearly = np.array([d.timetuple().tm_yday for d in calendar]) / 365.25
    weights *= 1 + 0.10 * np.cos(2 * np.pi * (yearly - 0.92))
    for new_year in NEW_YEARS:
        gap = first + days - second_of(new_year) // DAY
        weights = np.where((gap >= -8) & (gap <= -4), weights * 0.45, weights)
        weights = np.where((gap >= -3) & (gap <= 4), weights * 0.15, weights)
        weights = np.where((gap >= 5) & (gap <= 8), weights * 0.5, weights)
    return weights


def seconds_of_day(count: int, rng: np.random.Generator) -> Ints:
    """Seconds since midnight, more of them in the evening."""
    hours = rng.choice(24, size=count, p=HOURS / HOURS.sum())
    return hours * HOUR + rng.integers(0, HOUR, size=count)


def past_the_rest(moments: Ints, rng: np.random.Generator) -> Ints:
    """The same moments; those in which couriers rest over New Year (4 days before to 5 after) come after it."""
    moved = moments.copy()
    for new_year in NEW_YEARS:
        start, end = second_of(new_year) - 4 * DAY, second_of(new_year) + 6 * DAY
        resting = (moved >= start) & (moved < end)
        moved[resting] = end + 9 * HOUR + rng.integers(0, int(2.5 * DAY), size=int(resting.sum()))
    return moved


def in_working_hours(moments: Ints, rng: np.random.Generator, *, opens: int = 8, closes: int = 21) -> Ints:
    """The same moments; those in the night come in the next working morning."""
    hour = moments % DAY // HOUR
    morning = moments - moments % DAY + opens * HOUR + rng.integers(0, 4 * HOUR, size=len(moments))
    return np.where(hour >= closes, morning + DAY, np.where(hour < opens, morning, moments))
