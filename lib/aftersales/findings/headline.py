"""The sentence of the week: chosen from the signals by what is true of them, and said only when it is."""

from __future__ import annotations

from typing import Any

import polars as pl

from aftersales.findings.finding import Finding
from aftersales.findings.signals import signal_sentence
from aftersales.words.periods import Week

# Of all measures that have signals more is worse, so above is bad news and below is good. Where two lie equally far
# out, these are told first: they are what the report is about.
LEADING = ("refund_request_rate", "refund_rate_orders", "complaint_rate", "refund_rate_money")


# A measure speaks by the newest of so many weeks that could be judged: payment weeks are half mature two or three on.
JUDGED_WITHIN = 4


def week_verdict(signals: pl.DataFrame, *, week: Week) -> Finding:
    """The verdict on a shop's week, from the rows of signals.parquet with scope "shop".

    Each measure speaks by the newest of its last `JUDGED_WITHIN` weeks that could be judged. The first of these that
    is true: a measure above its normal range (the one furthest out is told, in widths of its range); one that was
    above and has not come back; one below; one back to normal; all routine this week; some routine and the rest
    unknown; nothing can be said, because the files hold no refund dates, or because there is not enough data. Back to
    normal is only what lies, interval and all, inside today's range and inside the range it left: a rise that has
    become the usual stays said. ``table`` holds the rows told of, ``size`` is how many measures are above; ``caution``
    tells how many more lie outside and how many cannot be judged this week. ``values`` counts this week's rows, as the
    page's table shows them: ``watched``, ``routine``, ``unsure`` (those without a value among them), ``beyond`` (above
    or below), and of those unsure ``earlier``, which were routine when they could last be judged.

    >>> row = {"measure": "refund_rate_orders", "scope": "shop", "unit": "share_of_orders", "value": 0.08,
    ...     "normal_low": 0.05, "normal_high": 0.1, "verdict": "routine", "dated": True}
    >>> weeks = pl.DataFrame([row | {"week": f"2026-W{n}"} for n in (44, 45, 46)])
    >>> week_verdict(weeks, week=Week.parse("2026-W46")).headline("en")
    'All normal this week: 1 measure, all within the normal range.'
    """
    rows = _newest_judged(signals, week)
    above, below, routine = (rows.filter(verdict=word) for word in ("above", "below", "routine"))
    now = signals.filter(pl.col("scope") == "shop", pl.col("week") == str(week))
    counts = {
        "watched": now.height, "routine": now.filter(verdict="routine").height,
        "unsure": now.filter(verdict="not_enough_data").height, "weeks": JUDGED_WITHIN,
        "beyond": now.filter(pl.col("verdict").is_in(["above", "below"])).height,
        "earlier": routine.filter(pl.col("week") != str(week)).height,
    }  # fmt: skip
    states = {row["measure"]: _after_a_rise(signals, row) for row in routine.iter_rows(named=True)}
    stays, back = (
        routine.filter(pl.col("measure").is_in([m for m, (state, _) in states.items() if state == wanted]))
        for wanted in ("stays", "back")
    )
    back = back.filter(pl.col("week") == str(week))  # an earlier return was said in its own week
    values: dict[str, Any] = dict(counts)
    outside = above if above.height else below
    if above.height or (below.height and not stays.height):
        first = outside.sort("beyond", descending=True, nulls_last=True, maintain_order=True).row(0, named=True)
        key, told = signal_sentence(first)
        others = outside.height - 1 + stays.height
        values |= told | {"others": others}
        caveat = _caveat(others, counts["unsure"])
    elif stays.height:
        key = "verdict_of_week.stays"
        measure = stays.item(0, "measure")
        values |= {"name": f"measure.{measure}", "since": states[measure][1], "others": stays.height + below.height - 1}
        caveat = _caveat(values["others"], counts["unsure"])
    elif back.height:
        key = f"verdict_of_week.{'back' if back.height == 1 else 'back_several'}"
        values |= {"name": f"measure.{back.item(0, 'measure')}", "count": back.height}
        caveat = _caveat(0, counts["unsure"])
    else:
        key, caveat = f"verdict_of_week.{_calm(rows, counts)}", None
    return Finding(
        "verdict_of_week",
        "shop",
        key,
        values,
        rows,
        size=above.height,
        strength="strong" if key.startswith("signal.") else "counted",
        caveat=caveat and f"verdict_of_week.{caveat}",
        source="signals.parquet",
    )


def _after_a_rise(signals: pl.DataFrame, row: dict[str, Any]) -> tuple[str | None, str | None]:
    """Whether a measure that is routine now "stays" up or is "back" from a rise, and the week the rise was first seen.

    The range it must be back in is also that of the week the rise began: later ranges have learnt from the rise.
    """
    past = signals.filter(
        pl.col("scope") == "shop",
        pl.col("measure") == row["measure"],
        pl.col("week") <= row["week"],
        pl.col("verdict").is_in(["above", "below", "routine"]),
    ).sort("week")
    left: dict[str, Any] | None = None
    for now in past.iter_rows(named=True):
        if now["verdict"] == "above":
            left = left or now
        elif left and (now["verdict"] == "below" or (_inside(now, now) and _inside(now, left))):
            if now["week"] == row["week"]:
                return "back", left["week"]
            left = None
    return ("stays", (left["since"] and str(Week.of(left["since"]))) or left["week"]) if left else (None, None)


def _inside(now: dict[str, Any], of: dict[str, Any]) -> bool:
    """Whether a week's value lies, interval and all, below the upper end of the normal range of a week."""
    high = now.get("value_high")
    return bool((now["value"] if high is None else high) <= of["normal_high"])


def _calm(rows: pl.DataFrame, counts: dict[str, int]) -> str:
    """What is true of a week in which nothing lies outside and nothing came back."""
    if counts["earlier"]:
        return "quiet_partly_earlier" if counts["routine"] else "quiet_earlier"
    if counts["routine"]:
        return "quiet_partly" if counts["unsure"] else "quiet"
    known = rows.filter(pl.col("value").is_not_null())
    if known.is_empty():
        return "no_data"
    return "too_early" if known["dated"].all() else "undated"


def _caveat(others: int, unsure: int) -> str | None:
    if others:
        return "also_and_open" if unsure else "also"
    return "still_open" if unsure else None


def _newest_judged(signals: pl.DataFrame, week: Week) -> pl.DataFrame:
    """Of each measure that has a row this week, the newest row that was judged; this week's where none was of late.

    Leading measures first; ``beyond``: how far out, in widths of the range.
    """
    value, low, high = pl.col("value"), pl.col("normal_low"), pl.col("normal_high")
    beyond = pl.max_horizontal(value - high, low - value) / (high - low)
    places = {measure: i for i, measure in enumerate(LEADING)}
    place = pl.col("measure").replace_strict(places, default=len(LEADING), return_dtype=pl.Int64)
    late = [str(week.shift(-i)) for i in range(JUDGED_WITHIN)]
    rows = signals.filter(pl.col("scope") == "shop", pl.col("week").is_in(late))
    watched = rows.filter(week=str(week)).select("measure")
    speaks = (pl.col("verdict") != "not_enough_data") | (pl.col("week") == str(week))
    judged = pl.col("verdict") != "not_enough_data"
    rows = rows.filter(speaks).join(watched, on="measure", how="semi").with_columns(_judged=judged)
    rows = rows.sort("_judged", "week").unique("measure", keep="last", maintain_order=True).drop("_judged")
    return rows.with_columns(beyond=beyond.fill_nan(None), place=place).sort("place", "measure").drop("place")
