"""Numbers and axes as text: plotly's own formats know no 万 and no 亿, so every label is written here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import polars as pl
from babel.dates import format_skeleton

from aftersales.charts.validation import require
from aftersales.words.errors import UsageError
from aftersales.words.language import FORMATTERS, Language, hours, money, number, percent, say
from aftersales.words.periods import Week

_NICE_STEPS = (1, 2, 2.5, 5, 10)
_WHOLE_STEPS = (1, 2, 5, 10)
_AIR = 0.1  # of the span, above and below the data, so that labels at the ends have room


def written(value: Any, form: str, language: Language, *, currency: str = "CNY") -> str:
    """A value in one of the catalogue's types (`words.language.FORMATTERS`), or ``text`` or ``word``.

    >>> written(0.187, "pct", "zh"), written(486000, "money", "en"), written("quality", "text", "en")
    ('18.7%', '¥486K', 'quality')
    """
    if value is None:
        return FORMATTERS["int"](None, language)
    if form == "money":
        return money(value, language, currency=currency)
    if form == "text":
        return str(value)
    if form == "word":
        return say(str(value), language)
    if form not in FORMATTERS:
        raise UsageError(f"There is no number form '{form}'", found=", ".join(FORMATTERS))
    return FORMATTERS[form](value, language)


@dataclass(frozen=True)
class Unit:
    """What a chart measures in: the form of its values, the language and the currency they are written in.

    ``like`` is the duration in whose unit all durations stand; without one each has its own.

    >>> Unit("pct", "zh").text(0.187)
    '18.7%'
    """

    form: str
    language: Language
    currency: str = "CNY"
    like: float | None = None

    def text(self, value: Any) -> str:
        """A value as the reader of that language writes it."""
        if self.form == "hours" and self.like is not None:
            return hours(value, self.language, like=self.like)
        return written(value, self.form, self.language, currency=self.currency)

    def axis(self, values: Iterable[float | None], *, zero: bool = False) -> dict[str, Any]:
        """Range, tick values and tick texts of an axis that holds these values (`value_axis`)."""
        return value_axis(values, self.form, self.language, zero=zero, currency=self.currency)


# Ticks are rounded to ten places: values nearer to one another than this are one value.
_NO_SPAN = 1e-9


def nice_ticks(
    low: float, high: float, *, about: int = 5, steps: Sequence[float] = _NICE_STEPS, least: float = 0.0
) -> list[float]:
    """Round values that span low to high, about so many, no nearer to one another than ``least``.

    >>> nice_ticks(0.083, 0.187), nice_ticks(0, 7)
    ([0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2], [0, 1, 2, 3, 4, 5, 6, 7])
    """
    if not high - low > _NO_SPAN:
        pad = 0.1 * (abs(low) if abs(low) > 1000 * _NO_SPAN else 1)
        low, high = low - pad, high + pad
    rough = (high - low) / about
    size = 10 ** math.floor(math.log10(rough))
    step = max(size * min(steps, key=lambda nice: abs(math.log(nice * size / rough))), least)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def tick_words(ticks: Sequence[float], form: str, language: Language, *, currency: str = "CNY") -> list[str]:
    """The text of ticks: a percentage with as few digits as tell them apart.

    >>> tick_words([0, 0.05, 0.1], "pct", "zh"), tick_words([0, 0.005], "pct", "zh")
    (['0%', '5%', '10%'], ['0.0%', '0.5%'])
    >>> tick_words([0, 24, 48, 72, 96], "hours", "en")
    ['0 d', '1 d', '2 d', '3 d', '4 d']
    """
    step = min((b - a for a, b in pairwise(ticks)), default=1.0)
    if form.startswith("pct"):
        return [percent(t, language, digits=_digits(100 * step)) for t in ticks]
    if form == "hours":
        size = _hour_step(max(ticks, default=0.0))
        unit, digits = {1 / 60: "minutes", 1.0: "hours", 24.0: "days"}[size], _digits(step / size)
        return [say(f"charts.axis.{unit}", language, value=number(t / size, digits=digits)) for t in ticks]
    if form in ("int", "num1", "num2", "plus"):
        return [number(t, language, digits=_digits(step)) for t in ticks]
    return [written(t, form, language, currency=currency) for t in ticks]


def _digits(step: float) -> int:
    """The digits behind the point that a step needs to be told whole."""
    return next((d for d in range(4) if abs(step * 10**d - round(step * 10**d)) < 1e-6), 4)


def _hour_step(high: float) -> float:
    """The hours in the unit that a duration of that size is written in: a minute, an hour, a day."""
    return 1 / 60 if high < 1 else 1.0 if high < 72 else 24.0


def value_axis(
    values: Iterable[float | None], form: str, language: Language, *, zero: bool = False, currency: str = "CNY"
) -> dict[str, Any]:
    """Range, tick values and tick texts for an axis holding these values; ``zero`` makes it begin at nought.

    A line's axis need not begin at nought, a bar's must.
    """
    seen = [float(v) for v in values if v is not None and math.isfinite(v)] or [0.0, 1.0]
    low, high = min(seen), max(seen)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    pad = _AIR * (high - low or abs(high) or 1.0)
    bottom = low if zero and low == 0 else low - pad
    span = max(bottom, 0.0) if low >= 0 else bottom, high + pad
    size = _hour_step(span[1]) if form == "hours" else 1.0
    # a tick of 2.5 h or ¥12.5K would be written 2 h and ¥12K, and half an order is none
    steps, least = (_NICE_STEPS, 0.0) if form.startswith("pct") else (_WHOLE_STEPS, float(form in ("int", "plus")))
    ticks = [t * size for t in nice_ticks(span[0] / size, span[1] / size, steps=steps, least=least)]
    ticks = [t for t in ticks if span[0] - 1e-12 <= t <= span[1] + 1e-12]
    texts = tick_words(ticks, form, language, currency=currency)
    return {"range": list(span), "tickmode": "array", "tickvals": ticks, "ticktext": texts}


def mondays(frame: pl.DataFrame, column: str = "week") -> pl.DataFrame:
    """The frame with its weeks as Mondays (Date), ascending: written weeks (2026-W46) and dates are both taken."""
    require(frame, (column,), "A frame of weeks")
    if frame[column].dtype == pl.String:
        weeks = {text: Week.parse(text).monday for text in frame[column].drop_nulls().unique()}
        frame = frame.with_columns(pl.col(column).replace_strict(weeks, return_dtype=pl.Date))
    return frame.with_columns(pl.col(column).cast(pl.Date)).sort(column)


def day_tick(day: date, language: Language) -> str:
    """A date short enough for an axis.

    >>> day_tick(date(2026, 11, 9), "zh"), day_tick(date(2026, 11, 9), "en")
    ('11/9', '9 Nov')
    """
    return f"{day.month}/{day.day}" if language == "zh" else f"{day.day} {format_skeleton('MMM', day, locale='en_GB')}"


def month_tick(day: date, language: Language) -> str:
    """A month short enough for an axis.

    >>> month_tick(date(2026, 11, 1), "zh"), month_tick(date(2026, 9, 1), "en")
    ('11月', 'Sept')
    """
    return f"{day.month}月" if language == "zh" else format_skeleton("MMM", day, locale="en_GB")
