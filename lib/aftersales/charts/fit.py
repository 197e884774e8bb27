"""Room for words: how far an axis must reach so that the texts at the ends of bars are not cut."""

from __future__ import annotations

from collections.abc import Sequence

from aftersales.charts.markup import plot_text

# Pixels a plot has for names, bars and texts: on the narrowest page with two columns of text, and on a phone.
WIDE, NARROW = 620, 312
# Pixels of a name beside a bar: fourteen Han characters, or the longest reason; the whole name stands in the data table
NAME_WIDTH, SHORT_NAME_WIDTH = 185, 114
_HAN, _LATIN = 12.6, 7.0  # pixels a character takes at 13 px, measured in Chromium
_GAP = 14  # between name, bar and text


def text_width(text: str) -> float:
    """About how many pixels a text takes at the size of labels.

    >>> text_width("30%") < text_width("三成") < text_width("thirty")
    True
    """
    return sum(_HAN if ord(c) > 0x2E80 else _LATIN for c in text)


def short_names(names: Sequence[str], *, narrow: bool = False) -> list[str]:
    """Names cut to the width there is for them, safe in a plot.

    >>> short_names(["云感记忆棉枕 · 灰 · 标准款"], narrow=True), short_names(["not as described"], narrow=True)
    (['云感记忆棉枕 · …'], ['not as described'])
    """
    return [plot_text(name, most=_fitting(name, SHORT_NAME_WIDTH if narrow else NAME_WIDTH)) for name in names]


def _fitting(text: str, width: float) -> int:
    """How many characters of a text fit that width, the ellipsis among them; at least four."""
    for count, character in enumerate(text):
        width -= text_width(character)
        if width < 0:
            return max(count, 4)
    return max(len(text), 4)


def axis_end(ends: Sequence[float], texts: Sequence[str], names: Sequence[str], *, width: int) -> float:
    """Where an axis from nought must end so that each text, written from its bar's end on, stays inside.

    >>> axis_end([100, 10], ["", ""], [""], width=312) < axis_end([100, 10], ["100 (+50)", ""], [""], width=312)
    True
    """
    room = width - max((text_width(n) for n in names), default=0.0) - _GAP
    # no text may push its bar below a fifth of the room
    needed = (e / max(1 - (text_width(t) + _GAP) / room, 0.2) for e, t in zip(ends, texts, strict=True))
    return max(needed, default=1.0) or 1.0
