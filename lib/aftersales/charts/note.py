"""Words between the pictures: notes, warnings about the data, what customers wrote, where it all came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aftersales.charts.markup import escaped, lang_of
from aftersales.words.language import Language


@dataclass(frozen=True)
class Note:
    """A paragraph: ``muted`` for the small print, ``plain`` for prose, ``warning`` where a number must not be trusted.

    >>> Note("Three days are missing", language="en", look="warning").html()
    '<p class="as-block as-note warning" lang="en"><span aria-hidden="true">▲ </span>Three days are missing</p>'
    """

    text: str
    language: Language = field(kw_only=True)
    look: Literal["muted", "plain", "warning"] = field(kw_only=True, default="muted")

    def html(self) -> str:
        """The paragraph."""
        sign = '<span aria-hidden="true">▲ </span>' if self.look == "warning" else ""
        return f'<p class="as-block as-note {self.look}" lang="{lang_of(self.language)}">{sign}{escaped(self.text)}</p>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.text}


@dataclass(frozen=True)
class Provenance:
    """One line that says where the numbers come from: label and value pairs, in order (store version, week, code …).

    >>> Provenance((("Data to", "2026-11-15"), ("Store", "v12")), language="en").text
    'Data to 2026-11-15 · Store v12'
    """

    parts: tuple[tuple[str, str], ...]
    language: Language = field(kw_only=True)

    @property
    def text(self) -> str:
        """The line."""
        return " · ".join(f"{label} {value}".strip() for label, value in self.parts)

    def html(self) -> str:
        """The line as HTML."""
        return f'<p class="as-block as-provenance" lang="{lang_of(self.language)}">{escaped(self.text)}</p>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.text}


@dataclass(frozen=True)
class Quotes:
    """What customers wrote, word for word: text and source (a day, a channel), nothing that names a person."""

    quotes: Sequence[tuple[str, str]]
    language: Language = field(kw_only=True)

    def html(self) -> str:
        """A list of quotations."""
        items = "".join(
            f"<li><blockquote>{escaped(text)}</blockquote><p>{escaped(source)}</p></li>" for text, source in self.quotes
        )
        return f'<ul class="as-block as-quotes" lang="{lang_of(self.language)}">{items}</ul>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": "\n".join(text for text, _ in self.quotes)}
