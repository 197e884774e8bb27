"""Is the evidence complete: what a case of this type needs, and what of it is there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from aftersales.cases.evidence import EvidenceFile


@dataclass(frozen=True)
class Need:
    """One piece of evidence that a type of case needs. ``state``: file (one is kept), record (only the tables show
    it: the platform wants its own or the carrier's paper beside it) or missing. ``id`` names its words in the
    catalogue, ``articles`` where the need comes from (none: common practice).
    """

    id: str
    articles: tuple[str, ...]
    state: Literal["file", "record", "missing"]
    found: tuple[str, ...] = ()


def completeness(kind: str, evidence: Sequence[EvidenceFile], held: Collection[str]) -> tuple[Need, ...]:
    """What a case of that type needs, in the order of the list, each with whether it is there.

    ``held`` names the kinds of record the tables hold (`held.held`). A file counts where its kind or name says so and
    it is really in the folder.

    >>> photo = EvidenceFile("签收凭证.png", "7", "签收凭证", "there", sha256="0")
    >>> [(n.id, n.state) for n in completeness("not_received", [photo], {"trace"})]
    [('sign_off', 'file'), ('trace', 'record'), ('address', 'missing'), ('chat', 'missing')]
    """
    kept = [f for f in evidence if f.state in ("there", "unlisted")]
    found = []
    for need in _needs():
        if kind not in need["types"]:
            continue
        mine = tuple(f.name for f in kept if re.search(need["files"], f"{f.kind} {f.name}", re.IGNORECASE))
        state: Any = "file" if mine else "record" if set(need["records"]) & set(held) else "missing"
        found.append(Need(need["id"], tuple(need["articles"]), state, mine))
    return tuple(found)


@cache
def _needs() -> tuple[dict[str, Any], ...]:
    text = files("aftersales.cases").joinpath("needs.toml").read_text("utf-8")
    return tuple(tomllib.loads(text)["need"])
