"""How a file writes its numbers and days: as its layout says, else by the evidence of all its cells.

12,50 is a decimal comma and 2.500.000 a thousands dot beyond doubt; 89.900 alone may be either, and is never guessed
to be a thousand times too small: the currency decides, else the rows are set aside and the layout is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, Protocol, TypeVar

import polars as pl
from babel.numbers import get_currency_precision

from aftersales.sources.layout import Layout
from aftersales.sources.notes import note

# Currencies whose small unit is not in use, although ISO 4217 lists one: prices are whole numbers.
_WHOLE = ("IDR", "VND", "COP", "HUF", "IQD", "IRR", "LAK", "MMK", "TZS", "UZS")
_NUMBER = r"^[^\d+-]*[+-]?[^\d]*(?:{})[^\d]*$"
_COMMA_DECIMAL = _NUMBER.format(r"(?:\d+|\d{1,3}(?:[. \x{a0}\x{202f}']\d{3})+),\d{1,2}")
_DOT_DECIMAL = _NUMBER.format(
    r"(?:\d+|\d{1,3}(?:[, \x{a0}\x{202f}']\d{3})+)\.(?:\d{1,2}|\d{4,})|0\.\d{3}|\d{4,}\.\d{3}"
)
_DOT_THOUSANDS = _NUMBER.format(r"\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:\.\d{3})+,\d+")
_DOT_THREE = _NUMBER.format(r"\d{1,3}\.\d{3}")
_PARTED_DAY = r"^(\d{1,2})([-/.])(\d{1,2})[-/.](?:\d{4}|\d{2})(?:\D|$)"
_SAMPLE = 1_000
Order = Literal["day", "month"]


@dataclass(frozen=True)
class Convention:
    """``decimal``: the decimal mark, None where a dot before three digits may be either; ``first``: what 04/05/2026
    begins with, None where that cannot be known; ``dates``: formats a layout states; ``zone`` of times without offset.
    """

    decimal: Literal[".", ","] | None = "."
    first: Order | None = None
    dates: tuple[str, ...] = ()
    zone: str | None = None

    def guesses(self, layout: Layout) -> Iterator[str]:
        """Notes on what the layout does not state and the cells told."""
        if self.decimal == "," and not (layout.decimal or layout.thousands):
            yield note("decimal_comma")
        if self.first and not layout.dates:
            yield note(f"{self.first}_first")


@dataclass(frozen=True)
class _Evidence:
    comma_decimal: bool = False
    dot_decimal: bool = False
    dot_thousands: bool = False
    dot_three: bool = False
    day_first: bool = False
    month_first: bool = False
    parted: bool = False

    def __or__(self, other: _Evidence) -> _Evidence:
        return _Evidence(*(a or b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


class _Cells(Protocol):
    @property
    def cells(self) -> pl.DataFrame: ...


_P = TypeVar("_P", bound=_Cells)


def with_convention(
    parts: Iterable[_P], layout: Layout, *, money: Sequence[str], times: Sequence[str], currency: str | None
) -> Iterator[tuple[_P, Convention]]:
    """The parts of a file, each with the convention that all cells so far agree on.

    ``money`` and ``times`` name the columns to look at. Parts wait while what they hold can be read in two ways.
    """
    seen, waiting = _Evidence(), list[_P]()
    for part in parts:
        seen |= _numbers(part.cells, money) | _days(part.cells, times)
        waiting.append(part)
        convention = _convention(seen, layout, currency)
        if (seen.dot_three and convention.decimal is None) or (seen.parted and convention.first is None):
            continue
        for ready in waiting:
            yield ready, convention
        waiting.clear()
    for ready in waiting:
        yield ready, _convention(seen, layout, currency)


def _convention(seen: _Evidence, layout: Layout, currency: str | None) -> Convention:
    first: Order | None = None
    if seen.day_first != seen.month_first:
        first = "day" if seen.day_first else "month"
    stated = Convention(_stated_decimal(layout), first, layout.dates, layout.zone)
    if stated.decimal is not None:
        return stated
    if seen.dot_decimal or seen.comma_decimal:
        return replace(stated, decimal="." if seen.dot_decimal else ",")
    if seen.dot_thousands:
        return replace(stated, decimal=",")
    if seen.dot_three:
        digits = _digits(layout.currency or currency)
        return replace(stated, decimal={0: ",", 3: "."}.get(digits))  # type: ignore[arg-type]
    return replace(stated, decimal=".")


def _stated_decimal(layout: Layout) -> Literal[".", ","] | None:
    if layout.decimal or not layout.thousands:
        return layout.decimal
    return {".": ",", ",": "."}.get(layout.thousands)  # type: ignore[return-value]


@cache
def _digits(currency: str | None) -> int | None:
    if currency is None:
        return None
    return 0 if currency in _WHOLE else get_currency_precision(currency)


def _numbers(cells: pl.DataFrame, columns: Sequence[str]) -> _Evidence:
    """What the money cells prove. A sample settles it for the usual file, whose dots stand before two digits."""
    if not columns:
        return _Evidence()
    step = max(cells.height // _SAMPLE, 1)
    if _some(cells.select(pl.col(c).gather_every(step) for c in columns), r"^\d+\.\d{2}$"):
        return _Evidence(dot_decimal=True)
    if not _some(cells.select(columns), r"[.,]\d"):
        return _Evidence()
    found = pl.concat([cells[c].unique().alias("") for c in columns]).str.strip_chars(" \t\r\n\"'=")
    return _Evidence(
        *(
            bool(found.str.contains(p).any())
            for p in (
                _COMMA_DECIMAL,
                _DOT_DECIMAL,
                _DOT_THOUSANDS,
                _DOT_THREE,
            )
        )
    )


def _some(cells: pl.DataFrame, pattern: str) -> bool:
    return any(column.str.contains(pattern).any() for column in cells.iter_columns())


def _days(cells: pl.DataFrame, columns: Sequence[str]) -> _Evidence:
    """What days like 04-30-22 prove: a part over twelve is the day; between dots the day stands first."""
    seen = _Evidence()
    for name in columns:
        some = cells[name].drop_nulls()
        some = some.gather_every(max(some.len() // _SAMPLE, 1))
        if some.str.contains(r"^\s*\d{4}").all():  # the year comes first, as in most files
            continue
        parts = cells[name].str.strip_chars(" \t\r\n\"'=").unique().str.extract_groups(_PARTED_DAY).struct.unnest()
        a, mark, b = parts["1"].cast(pl.Int64), parts["2"], parts["3"].cast(pl.Int64)
        month_first = bool(((b > 12) & (a <= 12)).any())
        day_first = bool(((a > 12) & (b <= 12)).any()) or (bool((mark == ".").any()) and not month_first)
        seen |= _Evidence(day_first=day_first, month_first=month_first, parted=bool(mark.is_not_null().any()))
    return seen
