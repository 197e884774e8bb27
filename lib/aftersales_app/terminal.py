"""The screen everything is printed on: nothing in a printed text can act on the terminal, hide or become a picture."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment


def printable(text: str) -> str:
    r"""The text without control, bidi and zero-width characters; lines and tabs stay, broken characters become "?".

    >>> printable("好\u202e退\x1b[2J款\n\ud83d")
    '好退[2J款\n?'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_printable(c) for c in text)


def _printable(char: str) -> str:
    kind = unicodedata.category(char)
    if kind == "Cs":
        return "?"
    return "" if kind in ("Cc", "Cf", "Zl", "Zp") and char not in "\n\t" else char


class _Screen(Console):
    """A console that cleans every text on its way out; what rich itself draws with stays."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)


def screen(*, stderr: bool = False, width: int | None = None, soft_wrap: bool = True) -> Console:
    r"""A console whose texts cannot act on the terminal; every module prints through one.

    Markup in a text of somebody else's is the caller's to escape (``rich.markup.escape``, or ``markup=False``).

    >>> shown = screen()
    >>> with shown.capture() as taken:
    ...     shown.print("ord\x1b[31mers :x: \u202e.csv", markup=False)
    >>> taken.get()
    'ord[31mers :x: .csv\n'
    """
    options: dict[str, Any] = {"stderr": stderr, "soft_wrap": soft_wrap, "highlight": False, "emoji": False}
    return _Screen(**options, width=width)
