"""A suggestion on one card: do what, worth how much, hurting whom, by whom and when, and how one will know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aftersales.charts.markup import checked_id, escaped, lang_of
from aftersales.words.errors import UsageError
from aftersales.words.language import Language, say

# In the order in which a manager asks; those that a card leaves out are left out.
ASKED = ("worth", "hurts", "who", "tell", "watch", "rule", "because")
STATES = ("new", "still", "better", "decided")


@dataclass(frozen=True)
class SuggestionCard:
    """``answers`` holds a sentence for each of `ASKED`; ``command`` records the decision, ``state`` is of `STATES`.

    ``id`` is its anchor on the page.

    >>> card = SuggestionCard("Pull the batch", {"worth": "¥900 a month", "who": "Wang, 29 Nov"},
    ...     command="aftersales x", state="new", language="en")
    >>> "<dt>Worth</dt><dd>¥900 a month</dd>" in card.html(), card.text
    (True, 'Pull the batch. Worth: ¥900 a month; Owner and deadline: Wang, 29 Nov; aftersales x')
    """

    title: str
    answers: Mapping[str, str]
    command: str = field(kw_only=True, default="")
    state: str = field(kw_only=True, default="new")
    id: str = field(kw_only=True, default="")
    language: Language = field(kw_only=True)

    def __post_init__(self) -> None:
        unknown = sorted({*self.answers} - {*ASKED})
        if unknown or self.state not in STATES:
            raise UsageError(
                "A suggestion card cannot say this", found=", ".join(unknown) or self.state, hint=", ".join(ASKED)
            )

    def _said(self) -> list[tuple[str, str]]:
        return [
            (say(f"charts.suggestion.{key}", self.language), self.answers[key])
            for key in ASKED
            if self.answers.get(key)
        ]

    def html(self) -> str:
        """The card as HTML: a heading of the third level, and the answers as a list of terms."""
        terms = "".join(f"<div><dt>{escaped(term)}</dt><dd>{escaped(text)}</dd></div>" for term, text in self._said())
        record = ""
        if self.command:
            label = escaped(say("charts.suggestion.record", self.language))
            record = f"<div><dt>{label}</dt><dd><code>{escaped(self.command)}</code></dd></div>"
        state = say(f"charts.suggestion.{self.state}", self.language)
        tone = "good" if self.state in ("decided", "better") else "plain"
        anchor = f' id="{checked_id(self.id)}"' if self.id else ""
        return (
            f'<article class="as-block as-case as-suggestion"{anchor} lang="{lang_of(self.language)}">'
            f'<h3>{escaped(self.title)} <span class="chip {tone}">{escaped(state)}</span></h3>'
            f"<dl>{terms}{record}</dl></article>"
        )

    @property
    def text(self) -> str:
        """The card in one line."""
        colon, joint = ("：", "；") if self.language == "zh" else (": ", "; ")
        parts = [f"{term}{colon}{said}" for term, said in self._said()] + [self.command] * bool(self.command)
        return f"{self.title}{'。' if self.language == 'zh' else '. '}{joint.join(parts)}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.text}
