"""Which articles a case may rest on, of which rule in which revision; and those that speak for the buyer."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Clause:
    """One article. ``id`` names its words in the catalogue (clause.name, clause.says, clause.why)."""

    id: str
    rule: str
    number: str
    revised: str
    internal: bool


def clauses(
    kind: str, *, held: Collection[str] = (), checks: Collection[str] = (), internal: bool = False
) -> tuple[Clause, ...]:
    """The articles for a case of that type, in the order they are cited; no more than the list's ``most``.

    ``held`` are the kinds of record there are, ``checks`` the contradictions found: some articles need one of them.
    ``internal`` gives those that belong in the shop's own copy only, uncounted.

    >>> [c.id for c in clauses("not_received")], [c.id for c in clauses("late_ship")]
    (['38', '10', '7', '9'], ['25', '7', '9'])
    """
    listed = _listed()
    found = []
    for article in listed["article"]:
        wants = (("checks", checks), ("records", held))
        if kind not in article["types"] or article.get("internal", False) != internal:
            continue
        if all(set(article[name]) & set(there) for name, there in wants if name in article):
            rule = listed["rules"][article["rule"]]
            found.append(Clause(article["id"], article["rule"], rule["number"], rule["revised"], internal))
    return tuple(found if internal else found[: listed["most"]])


@cache
def _listed() -> dict[str, Any]:
    return tomllib.loads(files("aftersales.cases").joinpath("clauses.toml").read_text("utf-8"))
