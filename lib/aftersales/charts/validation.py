"""What a drawing function asks of its frame, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from aftersales.words.errors import UsageError
from aftersales.words.language import Language


def require(frame: pl.DataFrame, columns: Iterable[str], what: str) -> None:
    """Raise a `UsageError` where the frame lacks a column.

    >>> require(pl.DataFrame({"week": []}), ["week", "rate"], "A trend")
    Traceback (most recent call last):
    aftersales.words.errors.UsageError: A trend needs the columns rate. Found: week.
    """
    missing = sorted(set(columns) - set(frame.columns))
    if missing:
        raise UsageError(f"{what} needs the columns {', '.join(missing)}", found=", ".join(frame.columns))


def listed(parts: Iterable[str], language: Language) -> str:
    """Parts of an enumeration whose items hold commas themselves.

    >>> listed(["a 1, b 2", "c 3"], "en"), listed(["甲", "乙"], "zh")
    ('a 1, b 2; c 3', '甲；乙')
    """
    return ("；" if language == "zh" else "; ").join(parts)


def sentences(*parts: str) -> str:
    """Sentences after one another, empty ones left out.

    >>> sentences("Grey: normal.", "", "Orders at risk.")
    'Grey: normal. Orders at risk.'
    """
    return " ".join(part for part in parts if part)
