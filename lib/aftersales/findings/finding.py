"""A finding: a table and a sentence together, with how sure it is and what it cannot tell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import polars as pl

from aftersales.words.language import Language, say

State = Literal["new", "still", "better", "gone"]
Strength = Literal["counted", "strong", "weak"]
# A fall by a fifth is the least a reader would call better without looking at the numbers.
BETTER_FROM = 0.8


def finding_id(kind: str, scope: str = "shop") -> str:
    """An id made of what is found and where, so that the same finding has the same id next week.

    >>> finding_id("gap", "orders"), finding_id("gap", "orders") == finding_id("gap", "refunds")
    ('gap-0b8e4e4c', False)
    """
    return f"{kind}-{hashlib.blake2b(f'{kind}|{scope}'.encode(), digest_size=4).hexdigest()}"


@dataclass(frozen=True, eq=False)
class Finding:
    """What was found: ``key`` names its sentence in the catalogue, ``values`` fill it, ``table`` is what it rests on.

    ``size`` says how bad it is, in the unit of its kind (more is worse); ``strength`` how sure: counted (a fact of the
    files), strong (its interval leaves no doubt of the direction) or weak (a hint); ``caveat`` the catalogue key of
    what it cannot tell; ``source`` where its method comes from; ``state`` how it stands against last week.

    >>> found = Finding("health", "shop", "health.no_finding", {}, pl.DataFrame({"files": [1, 2, 3]}))
    >>> found.headline("en"), found.id == finding_id("health")
    ('The data are complete: nothing is missing and nothing was set aside.', True)
    """

    kind: str
    scope: str
    key: str
    values: Mapping[str, Any]
    table: pl.DataFrame = field(repr=False)
    size: float = 0.0
    strength: Strength = "counted"
    caveat: str | None = None
    source: str | None = None
    state: State = "new"

    @property
    def id(self) -> str:
        """Stable: made of kind and scope alone."""
        return finding_id(self.kind, self.scope)

    def headline(self, language: Language, *, currency: str = "CNY") -> str:
        """The sentence, in that language, filled from the same values as the table."""
        return say(self.key, language, currency=currency, **self.values)

    def caution(self, language: Language, *, currency: str = "CNY") -> str | None:
        """What the finding cannot tell, or costs; None where there is nothing to add."""
        return say(self.caveat, language, currency=currency, **self.values) if self.caveat else None


def with_states(now: Iterable[Finding], before: Iterable[Finding]) -> list[Finding]:
    """The findings of now, each marked new, still or better against those of the week before; then those gone.

    Better is a finding whose size fell to four fifths or less. ``before`` are last week's findings, computed as of
    then.

    >>> gap = Finding("gap", "orders", "k", {}, pl.DataFrame(), size=5)
    >>> [f.state for f in with_states([replace(gap, size=4)], [gap, replace(gap, scope="refunds")])]
    ['better', 'gone']
    """
    past = {f.id: f for f in before}
    current = list(now)
    marked = [replace(f, state=_state(f, past.get(f.id))) for f in current]
    here = {f.id for f in current}
    return marked + [replace(f, state="gone") for id_, f in past.items() if id_ not in here]


def _state(now: Finding, before: Finding | None) -> State:
    if before is None:
        return "new"
    return "better" if before.size > 0 and now.size <= BETTER_FROM * before.size else "still"
