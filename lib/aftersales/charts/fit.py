"""Room for words: how far an axis must reach so that the texts at the ends of bars are not cut."""

from __future__ import annotations

from collections.abc import Sequence

from aftersales.charts.markup import plot_text
from aftersales.words.language import Language

# Pixels a plot has for names, bars and texts: on the narrowest page with two columns of text, and on a phone.
WIDE, NARROW = 620, 312
NAME_LENGTH = {"zh": 14, "en": 26}  # characters of a name beside a bar; the whole name stands in the data table
SHORT_NAME = {"zh": 7, "en": 13}
_HAN, _LATIN = 12.6, 7.0  # pixels a character takes at 13 px, measured in Chromium
_GAP = 14  # between name, bar and text


def text_width(text: str) -> float:
    """About how many pixels a text takes at the size of labels.

    >>> text_width("30%") < text_width("三成") < text_width("thirty")
    True
    """
    return sum(_HAN if ord(c) > 0x2E80 else _LATIN for c in text)


def short_names(names: Sequence[str], language: Language, *, narrow: bool = False) -> list[str]:
    """Names cut to the length there is room for, safe in a plot."""
    return [plot_text(name, most=(SHORT_NAME if narrow else NAME_LENGTH)[language]) for name in names]


def axis_end(ends: Sequence[float], texts: Sequence[str], names: Sequence[str], *, width: int) -> float:
    """Where an axis from nought must end so that each text, written from its bar's end on, stays inside.

    >>> axis_end([100, 10], ["", ""], [""], width=312) < axis_end([100, 10], ["100 (+50)", ""], [""], width=312)
    True
    """
    room = width - max((text_width(n) for n in names), default=0.0) - _GAP
    # no text may push its bar below a fifth of the room
    needed = (e / max(1 - (text_width(t) + _GAP) / room, 0.2) for e, t in zip(ends, texts, strict=True))
    return max(needed, default=1.0) or 1.0
