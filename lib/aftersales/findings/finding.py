"""A finding: a table and a sentence together, with how sure it is and what it cannot tell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

import polars as pl

from aftersales.tables.ledger import finding_id
from aftersales.words.language import Language, say

State = Literal["new", "still", "better", "gone"]
Strength = Literal["counted", "strong", "weak"]
# A fall by a fifth is the least a reader would call better without looking at the numbers.
BETTER_FROM = 0.8
_KEPT = {
    "kind": pl.String, "scope": pl.String, "key": pl.String, "values": pl.String, "size": pl.Float64,
    "strength": pl.String, "caveat": pl.String, "source": pl.String,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Finding:
    """What was found: ``key`` names its sentence in the catalogue, ``values`` fill it, ``table`` is what it rests on.

    ``size`` says how bad it is, in the unit of its kind (more is worse); ``strength`` how sure: counted (a fact of the
    files), strong (its interval leaves no doubt of the direction) or weak (a hint); ``caveat`` the catalogue key of
    what it cannot tell; ``source`` where its method comes from; ``state`` how it stands against last week.

    >>> found = Finding("health", "shop", "health.no_finding", {}, pl.DataFrame({"files": [1, 2, 3]}))
    >>> found.headline("en"), found.id == finding_id("health")
    ('The data are complete: nothing missing, every row loaded.', True)
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


def as_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings as rows to keep: kind, scope, key, values (JSON), size, strength, caveat, source. Their tables stay out.

    >>> day = date(2026, 11, 9)
    >>> kept = as_frame([Finding("cut_day", "orders", "health.cut_day", {"day": day}, pl.DataFrame(), size=2)])
    >>> [(f.kind, f.values, f.size) for f in of_frame(kept)]
    [('cut_day', {'day': datetime.date(2026, 11, 9)}, 2.0)]
    """
    rows = [
        {name: getattr(f, name) for name in _KEPT} | {"values": json.dumps(dict(f.values), default=_dated)}
        for f in findings
    ]
    return pl.DataFrame(rows, schema=_KEPT)


def of_frame(rows: pl.DataFrame) -> list[Finding]:
    """Findings as `as_frame` kept them; the table of each is its values."""
    found = []
    for row in rows.iter_rows(named=True):
        values = json.loads(row.pop("values"), object_hook=_undated)
        found.append(Finding(**row, values=values, table=pl.DataFrame([values])))
    return found


def _dated(value: object) -> dict[str, str]:
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    raise TypeError(f"{type(value).__name__} is no value of a sentence")


def _undated(value: dict[str, Any]) -> Any:
    kind, text = next(iter(value.items()), ("", ""))
    if len(value) == 1 and kind in ("date", "datetime"):
        return date.fromisoformat(text) if kind == "date" else datetime.fromisoformat(text)
    return value


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
