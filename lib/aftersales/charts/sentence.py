"""What a trend says, as a sentence: chosen by the verdict in the frame, filled from the frame, never typed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from aftersales.charts.line import series_frame
from aftersales.charts.numbers import Unit, day_tick, mondays
from aftersales.words.language import say

_WEEK = timedelta(weeks=1)


def trend_finding(weekly: pl.DataFrame, name: str, unit: Unit) -> str:
    """The finding of a measure's last week: its value, its verdict, and for how many weeks in a row.

    Columns in: those of `trend.trend_6_12`. A verdict that the frame lacks is read off the normal range.

    >>> from datetime import date
    >>> weekly = pl.DataFrame({"week": ["2026-W45", "2026-W46"], "value": [0.138, 0.187],
    ...                        "normal_low": [0.099] * 2, "normal_high": [0.125] * 2})
    >>> trend_finding(weekly, "Refund rate", Unit("pct", "en"))
    'Refund rate has been above its normal range for 2 weeks: 13.8%, then 18.7%'
    """
    frame = series_frame(mondays(weekly), "week")
    last = frame.row(-1, named=True)
    if last["value"] is None:
        return say("charts.trend.no_value", unit.language, name=name)
    values: dict[str, Any] = {"name": name, "value": unit.text(last["value"])}
    verdict, low, high = last["verdict"], last["normal_low"], last["normal_high"]
    if verdict not in ("above", "below"):
        known = verdict == "routine" and low is not None and high is not None
        key = f"charts.trend.{'routine' if known else 'not_enough_data'}"
        return say(key, unit.language, **values, low=unit.text(low), high=unit.text(high))
    run = _run_length(frame)
    if run > 1:
        before = unit.text(frame["value"][-2])
        return say(f"charts.trend.{verdict}_again", unit.language, **values, weeks=run, before=before)
    limit = unit.text(high if verdict == "above" else low)
    return say(f"charts.trend.{verdict}_first", unit.language, **values, limit=limit)


def _run_length(frame: pl.DataFrame) -> int:
    """Weeks in a row, up to the last, that carry the last week's verdict; a week without a row ends the run."""
    verdict, expected, run = frame["verdict"][-1], frame["week"][-1], 0
    for week, said in zip(reversed(frame["week"].to_list()), reversed(frame["verdict"].to_list()), strict=True):
        if week != expected or said != verdict:
            break
        run, expected = run + 1, expected - _WEEK
    return run


def trend_alt(weeks: pl.DataFrame, name: str, unit: Unit) -> str:
    """The numbers of a trend for those who do not see it: every week's value and the last normal range."""
    pairs = [f"{day_tick(w, unit.language)} {unit.text(v)}" for w, v in weeks.select("week", "value").iter_rows()]
    points = ("，" if unit.language == "zh" else ", ").join(pairs)
    low, high = weeks["normal_low"][-1], weeks["normal_high"][-1]
    key = "charts.trend.alt" if low is None or high is None else "charts.trend.alt_normal"
    numbers: dict[str, Any] = {"weeks": len(pairs), "points": points, "low": unit.text(low), "high": unit.text(high)}
    return say(key, unit.language, name=name, **numbers)
