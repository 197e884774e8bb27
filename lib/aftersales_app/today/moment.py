"""Which moment counts as now: the one asked for, the clock, or the end of data that are too old for the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from aftersales.tables.columns import Frame
from aftersales.words.errors import QuestionError

# Shops export once a day. What is older says nothing of this hour: every clock in it would read as passed.
TOO_OLD = timedelta(hours=24)
FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")


@dataclass(frozen=True)
class Moment:
    """The moment taken as now, where it is from, the clock's own, and the end of the data; all local, without zone."""

    now: datetime
    taken_from: Literal["given", "clock", "data"]
    clock: datetime
    data_until: datetime

    @property
    def age_hours(self) -> float:
        """How much older the data are than the clock."""
        return (self.clock - self.data_until).total_seconds() / 3600


def moment_of(at: str | None, *, clock: datetime, data_until: datetime) -> Moment:
    """The moment that counts as now.

    ``at`` is a moment like 2026-11-23 09:30 (a day alone: its first minute), ``now`` for the clock, ``data`` for the
    end of the data; without it the clock, or the end of the data where that lies more than a day before the clock.
    `QuestionError` for anything else.

    >>> end, clock = datetime(2026, 11, 22, 23, 50), datetime(2026, 11, 23, 9)
    >>> moment_of(None, clock=clock, data_until=end).taken_from
    'clock'
    >>> moment_of(None, clock=datetime(2027, 1, 1), data_until=end).now
    datetime.datetime(2026, 11, 22, 23, 50)
    """
    if at is None:
        old = clock - data_until > TOO_OLD
        return Moment(data_until, "data", clock, data_until) if old else Moment(clock, "clock", clock, data_until)
    if at.strip().lower() == "now":
        return Moment(clock, "clock", clock, data_until)
    if at.strip().lower() == "data":
        return Moment(data_until, "data", clock, data_until)
    for shape in FORMATS:
        try:
            return Moment(datetime.strptime(at.strip(), shape), "given", clock, data_until)
        except ValueError:
            continue
    raise QuestionError("A moment is written like 2026-11-23 09:30, or is now or data", found=f"'{at}'")


def data_end(orders: Frame, refunds: Frame) -> datetime | None:
    """The latest moment at which the files say that something happened (local, no zone); None in an empty shop.

    >>> orders = pl.DataFrame({"created_at": [datetime(2026, 11, 22, 9)], "paid_at": [None]})
    >>> data_end(orders, pl.DataFrame({"applied_at": [datetime(2026, 11, 22, 11)]}))
    datetime.datetime(2026, 11, 22, 11, 0)
    """
    found = []
    for table, columns in ((orders, ("created_at", "paid_at", "shipped_at")), (refunds, ("applied_at", "finished_at"))):
        there = table.collect_schema()
        times = [c for c in columns if isinstance(there.get(c), pl.Datetime)]
        if times:
            ends = table.lazy().select(pl.col(c).dt.replace_time_zone(None).max() for c in times).collect().row(0)
            found += [end for end in ends if end is not None]
    return max(found, default=None)
