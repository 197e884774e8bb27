"""Which articles a case may rest on, of which rule in which revision; and those that speak for the buyer."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from aftersales.words.markets import same_exports


@dataclass(frozen=True)
class Clause:
    """One article. ``id`` names its words in the catalogue (clause.name, clause.says, clause.why)."""

    id: str
    rule: str
    number: str
    revised: str
    internal: bool


def clauses(
    kind: str, *, platform: str = "taobao", market: str = "cn", held: Collection[str] = (),
    checks: Collection[str] = (), internal: bool = False,
) -> tuple[Clause, ...]:  # fmt: skip
    """The articles for a case of that type, in the order they are cited; no more than the list's ``most``.

    Only rules that bind a shop of ``platform`` and ``market`` are cited.

    ``held`` are the kinds of record there are, ``checks`` the contradictions found: some articles need one of them.
    ``internal`` gives those that belong in the shop's own copy only, uncounted.

    >>> [c.id for c in clauses("not_received")], [c.id for c in clauses("late_ship")]
    (['38', '10', '7', '9'], ['25', '7', '9'])
    >>> clauses("not_received", platform="amazon", market="in")
    ()
    """
    listed = _listed()
    found = []
    for article in listed["article"]:
        wants = (("checks", checks), ("records", held))
        if kind not in article["types"] or article.get("internal", False) != internal:
            continue
        rule = listed["rules"][article["rule"]]
        binds = same_exports(rule.get("platform", platform), platform) and rule.get("market", market) == market
        if binds and all(set(article[name]) & set(there) for name, there in wants if name in article):
            found.append(Clause(article["id"], article["rule"], rule["number"], rule["revised"], internal))
    return tuple(found if internal else found[: listed["most"]])


@cache
def _listed() -> dict[str, Any]:
    return tomllib.loads(files("aftersales.cases").joinpath("clauses.toml").read_text("utf-8"))
