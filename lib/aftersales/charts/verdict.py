"""The answer of a page: one sentence, and at most a few conclusions, each ending in what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aftersales.charts.markup import escaped, lang_of
from aftersales.words.language import Language, say

MOST_CONCLUSIONS = 3  # a reader on a phone keeps three (report design, section 2.6)


@dataclass(frozen=True)
class Conclusion:
    """One thing found (``fact``), what is behind it (``detail``), and what to do about it (``do``)."""

    fact: str
    detail: str = ""
    do: str = ""


@dataclass(frozen=True)
class Verdict:
    """The headline and the conclusions. On the page the headline becomes the page's own h1.

    >>> verdict = Verdict("Refunds rose", (Conclusion("18.7 %", do="Pull batch 1103"),), language="en")
    >>> "→ Pull batch 1103" in verdict.html()
    True
    """

    headline: str
    conclusions: tuple[Conclusion, ...] = ()
    language: Language = field(kw_only=True)

    def html(self) -> str:
        """The card: headline (hidden on the page, which has it as h1), then the numbered conclusions."""
        items = "".join(_item(c, self.language) for c in self.conclusions[:MOST_CONCLUSIONS])
        points = f"<ol>{items}</ol>" if items else ""
        kicker = escaped(say("charts.verdict.kicker", self.language))
        return (
            f'<section class="as-block as-verdict{"" if items else " alone"}" lang="{lang_of(self.language)}">'
            f'<p class="kicker">{kicker}</p><p class="headline"><strong>{escaped(self.headline)}</strong></p>'
            f"{points}</section>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        data = {"text/html": self.html(), "text/plain": self.headline}
        # the page's template reads its h1 here, so that it need not search HTML
        return data, {"aftersales": {"headline": self.headline}}


def _item(conclusion: Conclusion, language: Language) -> str:
    gap = "" if language == "zh" else " "
    detail = f"{gap}{escaped(conclusion.detail)}" if conclusion.detail else ""
    do = f'{gap}<span class="do">→ {escaped(conclusion.do)}</span>' if conclusion.do else ""
    return f"<li><strong>{escaped(conclusion.fact)}</strong>{detail}{do}</li>"
