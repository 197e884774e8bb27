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


def week_verdict(signals: pl.DataFrame, *, week: Week) -> Finding:
    """The verdict on a shop's week, from the rows of signals.parquet with scope "shop".

    The first of these that is true: a measure above its normal range (the one furthest out is told, in widths of its
    range); one below; one back to normal (above last week, routine now); all routine; some routine and the rest
    unknown; nothing can be said, because the files hold no refund dates, or because there is not enough data. ``table``
    holds the rows of the week, ``size`` is how many measures are above; ``caution`` tells how many more lie outside and
    how many cannot be judged, those without a value among them.

    >>> row = {"measure": "refund_rate_orders", "scope": "shop", "unit": "share_of_orders", "value": 0.08,
    ...     "normal_low": 0.05, "normal_high": 0.1, "verdict": "routine", "dated": True}
    >>> weeks = pl.DataFrame([row | {"week": f"2026-W{n}"} for n in (44, 45, 46)])
    >>> week_verdict(weeks, week=Week.parse("2026-W46")).headline("en")
    'All quiet: measures watched 1, all within their normal variation.'
    """
    rows = _of_week(signals, week)
    above, below, routine, unsure = (
        rows.filter(verdict=word) for word in ("above", "below", "routine", "not_enough_data")
    )
    before = _of_week(signals, week.shift(-1)).filter(verdict="above")
    back = routine.join(before.select("measure"), on="measure", how="semi", maintain_order="left")
    outside = above if above.height else below
    values: dict[str, Any] = {"watched": rows.height, "routine": routine.height, "unsure": unsure.height}
    if outside.height:
        first = outside.sort("beyond", descending=True, nulls_last=True, maintain_order=True).row(0, named=True)
        key, told = signal_sentence(first)
        values |= told | {"others": outside.height - 1}
        caveat = _caveat(outside.height - 1, unsure.height)
    elif back.height:
        key = f"verdict_of_week.{'back' if back.height == 1 else 'back_several'}"
        values |= {"name": f"measure.{back.item(0, 'measure')}", "count": back.height}
        caveat = _caveat(0, unsure.height)
    else:
        key, caveat = f"verdict_of_week.{_calm(rows, routine.height, unsure.height)}", None
    return Finding(
        "verdict_of_week", "shop", key, values, rows, size=above.height,
        strength="strong" if outside.height else "counted",
        caveat=caveat and f"verdict_of_week.{caveat}", source="signals.parquet",
    )  # fmt: skip


def _calm(rows: pl.DataFrame, routine: int, unsure: int) -> str:
    """What is true of a week in which nothing lies outside and nothing came back."""
    if routine:
        return "quiet_partly" if unsure else "quiet"
    known = rows.filter(pl.col("value").is_not_null())
    if known.is_empty():
        return "no_data"
    return "too_early" if known["dated"].all() else "undated"


def _caveat(others: int, unsure: int) -> str | None:
    if others:
        return "also_and_open" if unsure else "also"
    return "still_open" if unsure else None


def _of_week(signals: pl.DataFrame, week: Week) -> pl.DataFrame:
    """The whole shop's rows of one week, leading measures first; ``beyond``: how far out, in widths of the range."""
    value, low, high = pl.col("value"), pl.col("normal_low"), pl.col("normal_high")
    beyond = pl.max_horizontal(value - high, low - value) / (high - low)
    places = {measure: i for i, measure in enumerate(LEADING)}
    place = pl.col("measure").replace_strict(places, default=len(LEADING), return_dtype=pl.Int64)
    rows = signals.filter(pl.col("scope") == "shop", pl.col("week") == str(week))
    return rows.with_columns(beyond=beyond.fill_nan(None), place=place).sort("place", "measure").drop("place")
