"""A case on one card: what it is, why it is listed, what else it may be, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aftersales.charts.markup import escaped, lang_of
from aftersales.words.language import Language, say


@dataclass(frozen=True)
class CaseCard:
    """``grounds`` and ``innocent`` stand side by side, so that nobody reads the one without the other.

    >>> card = CaseCard("suspected burst", "suspect-1", grounds=("9 orders in an hour",), innocent=("a gift round",),
    ...     do="ask first", language="en")
    >>> "<li>a gift round</li>" in card.html()
    True
    >>> print(card.text)
    suspected burst (suspect-1): 9 orders in an hour a gift round → ask first
    """

    title: str
    code: str
    grounds: Sequence[str] = field(kw_only=True)
    innocent: Sequence[str] = field(kw_only=True)
    do: str = field(kw_only=True)
    language: Language = field(kw_only=True)

    def html(self) -> str:
        """The card as HTML, with headings of the third and fourth level."""
        sides = _side(say("charts.case.grounds", self.language), self.grounds) + _side(
            say("charts.case.innocent", self.language), self.innocent
        )
        return (
            f'<article class="as-block as-case" lang="{lang_of(self.language)}"><h3>{escaped(self.title)} '
            f'<code>{escaped(self.code)}</code></h3><div class="sides">{sides}</div>'
            f'<p class="do">→ {escaped(self.do)}</p></article>'
        )

    @property
    def text(self) -> str:
        """The card in one line."""
        return f"{self.title} ({self.code}): {' '.join((*self.grounds, *self.innocent))} → {self.do}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.text}


def _side(heading: str, items: Sequence[str]) -> str:
    listed = "".join(f"<li>{escaped(item)}</li>" for item in items)
    return f"<div><h4>{escaped(heading)}</h4><ul>{listed}</ul></div>"
