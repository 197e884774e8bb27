"""Rows dated where no order can be: after now, after their own file's export, or before there were shops online."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from aftersales.sources.notes import note
from aftersales.sources.reading import Reading
from aftersales.sources.versions import AHEAD
from aftersales.words.periods import TOLERANCE

# Taobao opened that day, and no platform that is read here kept orders before it. Earlier dates are zeros: 2000 and
# 2001 of clocks that were never set; 1900 and 1970 are not even read as dates (`clean.moment`).
EARLIEST = date(2003, 5, 10)
# A file's name tells when its export was ordered, in whatever zone; rows run on until it was made, maybe a day later.
MADE_WITHIN = timedelta(days=2)
# A file whose rows contradict its name in such a share was not exported then: the name is of a day or a span.
CONTRADICTED_FROM = 0.1
# When a row of that kind came about. What happened to it later is left empty where it cannot be; the row stays.
_CAME_ABOUT = {
    "order_report": ("created_at", "paid_at"), "item_report": ("created_at", "paid_at"),
    "refund_report": ("applied_at",),
    "complaints": ("filed_at",), "messages": ("sent_at",), "parcels": ("at",), "money_log": ("at",),
    "daily_traffic": ("day",), "traffic": ("day",),
}  # fmt: skip
_NEVER = ("paid_at",)  # some exports write such a date for what has not happened


def without_impossible(reading: Reading, *, now: datetime, zone: str) -> Reading:
    """The reading without rows dated a day or more after ``now``, two after its own export, or before `EARLIEST`.

    They are set aside (``dated_late``, ``dated_early``); a later step of a row that cannot be is left empty, with a
    note. A file's name that says it was exported after ``now`` says nothing.
    """
    exported = reading.exported_at
    if exported is not None and exported > now + TOLERANCE:
        reading, exported = replace(reading, exported_at=None), None
    times = [
        name
        for name, kind in reading.frame.schema.items()
        if isinstance(kind, pl.Datetime | pl.Date) and name not in AHEAD
    ]
    rows = [name for name in _CAME_ABOUT.get(reading.kind, ()) if name in times]
    if not rows or not reading.frame.height:
        return reading
    latest = now + TOLERANCE
    if exported is not None and exported + MADE_WITHIN < latest:
        late = reading.frame.select(
            pl.any_horizontal(_after(reading.frame, c, exported + MADE_WITHIN, zone) for c in rows)
        )
        latest = exported + MADE_WITHIN if (late.to_series().mean() or 0) < CONTRADICTED_FROM else latest  # type: ignore[operator]
    early = datetime.combine(EARLIEST, time(), ZoneInfo(zone))
    ends = reading.frame.select(
        *(_after(reading.frame, c, latest, zone).any().alias(f"late {c}") for c in times),
        *(_before(reading.frame, c, early, zone).any().alias(f"early {c}") for c in times),
    ).row(0, named=True)
    if not any(ends.values()):
        return reading
    faults = [(_after(reading.frame, c, latest, zone), "dated_late", c) for c in rows if ends[f"late {c}"]]
    begun = [c for c in rows if ends[f"early {c}"] and c not in _NEVER]
    faults += [(_before(reading.frame, c, early, zone), "dated_early", c) for c in begun]
    kept = _set_aside(reading, faults) if faults else reading
    return _left_empty(kept, [c for c in times if ends[f"late {c}"] or ends[f"early {c}"]], early, latest, zone)


def _limit(frame: pl.DataFrame, column: str, moment: datetime, zone: str) -> pl.Expr:
    local = moment.astimezone(ZoneInfo(zone))
    return pl.lit(local.date()) if frame.schema[column] == pl.Date else pl.lit(local, dtype=frame.schema[column])


def _after(frame: pl.DataFrame, column: str, moment: datetime, zone: str) -> pl.Expr:
    return (pl.col(column) > _limit(frame, column, moment, zone)).fill_null(value=False)


def _before(frame: pl.DataFrame, column: str, moment: datetime, zone: str) -> pl.Expr:
    return (pl.col(column) < _limit(frame, column, moment, zone)).fill_null(value=False)


def _set_aside(reading: Reading, faults: list[tuple[pl.Expr, str, str]]) -> Reading:
    """The reading with each row that has a fault set aside for its first one, with the date as its only cell."""

    def first(number: int, value: pl.Expr) -> pl.Expr:
        return pl.when(faults[number][0]).then(value)

    def told(column: str) -> pl.Expr:
        shape = "%Y-%m-%d" if reading.frame.schema[column] == pl.Date else "%Y-%m-%d %H:%M:%S"
        return pl.concat_str(pl.lit(f'{{"{column}": "'), pl.col(column).dt.to_string(shape), pl.lit('"}'))

    marked = reading.frame.with_columns(
        reason=pl.coalesce(first(n, pl.lit(reason)) for n, (_, reason, _) in enumerate(faults)),
        column=pl.coalesce(first(n, pl.lit(column)) for n, (_, _, column) in enumerate(faults)),
        cells=pl.coalesce(first(n, told(column)) for n, (_, _, column) in enumerate(faults)),
    )
    bad = marked.filter(pl.col("reason").is_not_null()).select(
        file=pl.lit(reading.file),
        row=pl.col("row").cast(pl.Int64),
        layout=pl.lit(reading.layout),
        reason="reason",
        column="column",
        cells="cells",
    )
    frame = marked.filter(pl.col("reason").is_null()).select(reading.frame.columns)
    return replace(reading, frame=frame, set_aside=pl.concat([reading.set_aside, bad]).sort("row"))


def _left_empty(reading: Reading, columns: list[str], early: datetime, latest: datetime, zone: str) -> Reading:
    """The reading without dates that cannot be, in rows that stay."""
    frame, notes = reading.frame, []
    for column in columns:
        wrong = frame.select(_before(frame, column, early, zone) | _after(frame, column, latest, zone)).to_series()
        if number := int(wrong.sum()):
            example = frame[column].filter(wrong)[0]
            notes.append(note("impossible_dates", cells=number, field=column, example=f"{example:%Y-%m-%d}"))
            frame = frame.with_columns(frame[column].set(wrong, None))
    return replace(reading, frame=frame, notes=(*reading.notes, *notes))
