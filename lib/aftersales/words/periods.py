"""Weeks: ISO weeks written 2026-W46, Monday to Sunday in the shop's zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

import polars as pl

from aftersales.words.errors import UsageError

# A clock that is behind the program's own making is not set: what shops export now is later than that.
MADE_ON = datetime(2026, 11, 29, tzinfo=UTC)
# Rows may be dated so much after now: clocks and zones of platforms and machines differ.
TOLERANCE = timedelta(days=1)
_MOMENTS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S")


def moment(text: str) -> datetime:
    """A moment as somebody writes it, without a zone: it is each shop's own time. A day alone is its first minute.

    >>> moment("2026-11-23 09:30"), moment("2026-11-23")
    (datetime.datetime(2026, 11, 23, 9, 30), datetime.datetime(2026, 11, 23, 0, 0))
    """
    for shape in _MOMENTS:
        try:
            return datetime.strptime(text.strip(), shape)
        except ValueError:
            continue
    raise UsageError("A moment is written like 2026-11-23 or 2026-11-23 09:30", found=f"'{text}'")


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """A moment on a zone's clock: of a doubled hour the first; where the clock skips an hour, so much later.

    >>> from zoneinfo import ZoneInfo
    >>> str(in_zone(datetime(2024, 3, 31), ZoneInfo("Asia/Beirut")))
    '2024-03-31 01:00:00+03:00'
    """
    return moment.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)


def shop_time(now: datetime | None, zone: tzinfo) -> datetime:
    """What counts as now, in a shop's zone: the given moment, else this machine's clock.

    >>> from zoneinfo import ZoneInfo
    >>> str(shop_time(datetime(2026, 11, 23, 9), ZoneInfo("Asia/Shanghai")))
    '2026-11-23 09:00:00+08:00'
    """
    if now is None:
        return max(datetime.now(UTC), MADE_ON).astimezone(zone)
    return in_zone(now, zone) if now.tzinfo is None else now.astimezone(zone)


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
            raise UsageError("A week begins on a Monday", found=f"{self.monday} is not one")

    @classmethod
    def of(cls, day: date) -> Week:
        """The week a day lies in."""
        return cls(date.fromordinal(day.toordinal() - day.weekday()))

    @classmethod
    def parse(cls, text: str) -> Week:
        """Read ``2026-W46``; anything else is a `UsageError` with an example."""
        found = re.fullmatch(r"(\d{4})-?[Ww](\d{1,2})", text.strip())
        try:
            if not found:
                raise ValueError
            return cls(date.fromisocalendar(int(found[1]), int(found[2]), 1))
        except ValueError:
            raise UsageError("A week is written like 2026-W46", found=f"'{text}'") from None

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
