"""Which articles a case may rest on, of the rules in force when it was claimed; and those that speak for the buyer."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
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
    first: date
    internal: bool


def clauses(
    kind: str, *, on: date, platform: str = "taobao", market: str = "cn", held: Collection[str] = (),
    checks: Collection[str] = (), internal: bool = False,
) -> tuple[Clause, ...]:  # fmt: skip
    """The articles for a case of that type, in the order they are cited; no more than the list's ``most``.

    Only rules that bind a shop of ``platform`` and ``market`` and were in force ``on`` the day of the claim are cited.

    ``held`` are the kinds of record there are, ``checks`` the contradictions found: some articles need one of them.
    ``internal`` gives those that belong in the shop's own copy only, uncounted.

    >>> day = date(2026, 11, 9)
    >>> [c.id for c in clauses("not_received", on=day)], [c.id for c in clauses("late_ship", on=day)]
    (['38', '10', '7', '9'], ['25', '7', '9'])
    >>> clauses("not_received", on=day, platform="amazon", market="in"), clauses("late_ship", on=date(2025, 8, 14))
    ((), ())
    """
    listed = _listed()
    found = []
    for article in listed["article"]:
        wants = (("checks", checks), ("records", held))
        if kind not in article["types"] or article.get("internal", False) != internal:
            continue
        rule = listed["rules"][article["rule"]]
        binds = same_exports(rule.get("platform", platform), platform) and rule.get("market", market) == market
        binds = binds and rule["first"] <= on
        if binds and all(set(article[name]) & set(there) for name, there in wants if name in article):
            found.append(Clause(article["id"], article["rule"], rule["number"], rule["first"], internal))
    return tuple(found if internal else found[: listed["most"]])


@cache
def _listed() -> dict[str, Any]:
    return tomllib.loads(files("aftersales.cases").joinpath("clauses.toml").read_text("utf-8"))
