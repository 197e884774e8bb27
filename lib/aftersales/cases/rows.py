"""Rows of a dossier that its page and its annexes share: the orders, and where each thing was read."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import polars as pl

from aftersales.cases.dossier import Dossier
from aftersales.cases.quoting import short
from aftersales.tables.columns import known_sum
from aftersales.words.language import NOTHING, clock, exact_money, say


def file_name(case_id: str) -> str:
    """The case's id as part of a file's name: an id that holds other signs than letters, digits, - and _ gets a hash.

    >>> file_name("suspect-1a2b3c4d"), file_name("order-../x")
    ('suspect-1a2b3c4d', 'order-x-a668e9')
    """
    plain = re.sub(r"[^A-Za-z0-9_-]", "", case_id)[:60]
    return plain if plain == case_id else f"{plain}-{hashlib.sha256(case_id.encode()).hexdigest()[:6]}"


def reference(case_id: str, *, copy: str) -> str:
    """What a copy calls the case: the platform's says nothing of suspicion, not even in a name.

    >>> reference("suspect-1a2b3c4d", copy="platform"), reference("suspect-1a2b3c4d", copy="internal")
    ('case-1a2b3c4d', 'suspect-1a2b3c4d')
    """
    named = re.sub(r"^(suspect|complaint)-", "case-", case_id) if copy == "platform" else case_id
    return file_name(named)


def place_of(told: Dossier, file: str | None, row: int | None) -> str:
    """Where something was read: file and row; a dash where the books do not say."""
    if file is None or row is None:
        return NOTHING
    return say("dossier.page.place", told.language, file=short(file.rsplit("/", 1)[-1], 40), row=row)


def order_rows(told: Dossier, buyers: pl.DataFrame | None) -> list[tuple[Any, ...]]:
    """One row an order: number, placed, (member's name,) due, paid, shipped, outcome; in the order they were placed."""
    heads = told.records.orders.group_by("order_id", maintain_order=True).agg(
        pl.col("created_at", "paid_at", "shipped_at").min(), known_sum(pl.col("amount")), pl.col("status").first()
    )
    heads = heads.join(told.outcomes, on="order_id", how="left", suffix="_of", maintain_order="left")
    names: dict[str, str | None] = {}
    if buyers is not None:
        names = dict(buyers.unique("order_id", keep="first").select("order_id", "buyer").iter_rows())
    found = []
    for row in heads.iter_rows(named=True):
        member = (names.get(row["order_id"]) or NOTHING,) if buyers is not None else ()
        found.append(
            (
                row["order_id"],
                clock(row["created_at"]),
                *member,
                exact_money(row["amount"], told.language, currency=told.currency),
                clock(row["paid_at"]),
                clock(row["shipped_at"]),
                say(f"dossier.outcome.{_outcome(row)}", told.language),
            )
        )
    return found


def _outcome(row: dict[str, Any]) -> str:
    if row["status"] == "closed_unpaid":
        return "unpaid"
    for name, key in (("undone", "cancelled"), ("refused", "refused"), ("asked", "asked"), ("waiting", "waiting")):
        if row[name]:
            return key
    return "kept"
