"""Weeks: ISO weeks written 2026-W46, Monday to Sunday in the shop's zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from aftersales.words.errors import QuestionError


@dataclass(frozen=True, order=True)
class Week:
    """One ISO week, ordered by its Monday.

    >>> week = Week.parse("2026-W46")
    >>> week.monday, week.sunday
    (datetime.date(2026, 11, 9), datetime.date(2026, 11, 15))
    >>> str(week.shift(-46)), week.since(week.shift(-2))
    ('2025-W52', 2)
    """

    monday: date

    def __post_init__(self) -> None:
        if self.monday.weekday():
            raise QuestionError("A week begins on a Monday", found=f"{self.monday} is not one")

    @classmethod
    def of(cls, day: date) -> Week:
        """The week a day lies in."""
        return cls(date.fromordinal(day.toordinal() - day.weekday()))

    @classmethod
    def parse(cls, text: str) -> Week:
        """Read ``2026-W46``; anything else is a `QuestionError` with an example."""
        found = re.fullmatch(r"(\d{4})-?[Ww](\d{1,2})", text.strip())
        try:
            if not found:
                raise ValueError
            return cls(date.fromisocalendar(int(found[1]), int(found[2]), 1))
        except ValueError:
            raise QuestionError("A week is written like 2026-W46", found=f"'{text}'") from None

    @property
    def sunday(self) -> date:
        """The last day of the week."""
        return self.monday + timedelta(days=6)

    def shift(self, weeks: int) -> Week:
        """The week so many weeks later (earlier where negative)."""
        return Week(self.monday + timedelta(weeks=weeks))

    def since(self, other: Week) -> int:
        """Whole weeks from the other week to this one."""
        return (self.monday - other.monday).days // 7

    def __str__(self) -> str:
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02d}"


def last_whole_week(latest_day: date) -> Week:
    """The last week whose Sunday is not later than the latest day with data.

    >>> str(last_whole_week(date(2026, 11, 15))), str(last_whole_week(date(2026, 11, 14)))
    ('2026-W46', '2026-W45')
    """
    return Week.of(latest_day + timedelta(days=1)).shift(-1)


def week_start(column: str) -> pl.Expr:
    """The Monday (Date) of a date or of a local time column; null stays null.

    >>> pl.DataFrame({"day": [date(2026, 11, 15), None]}).select(week_start("day")).to_series().to_list()
    [datetime.date(2026, 11, 9), None]
    """
    day = pl.col(column).dt.date()
    return day - pl.duration(days=day.dt.weekday().cast(pl.Int64) - 1)


def week_label(column: str) -> pl.Expr:
    """The written week (2026-W46) of a date or of a local time column.

    >>> pl.DataFrame({"day": [date(2026, 11, 15), None]}).select(week_label("day")).to_series().to_list()
    ['2026-W46', None]
    """
    return pl.col(column).dt.strftime("%G-W%V")
