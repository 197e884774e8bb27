"""Claim against record: what a complaint says beside what the records say, in two columns and without an adjective."""

from __future__ import annotations

from datetime import date

import polars as pl

from aftersales.cases.quoting import quoted
from aftersales.cases.records import Records
from aftersales.measures.complaint_facts import complaint_facts
from aftersales.measures.contradictions import with_demands
from aftersales.words.language import Language, say

# Signs that lie in the words alone: no record stands against them, so a platform's copy does not list them as such.
_IN_WORDS = ("threat", "cites_law", "above_price", "far_above_price", "money_for_silence", "threat_with_sum")
_WORDS_MOST = 120
_STOP = {"zh": "；", "en": "; "}


def claim_facts(records: Records, *, until: date) -> pl.DataFrame:
    """What the records know about each complaint of the case (`complaint_facts`), with what it demands."""
    facts = complaint_facts(
        records.complaints, records.refunds, records.orders, parcels=records.parcels.drop("file", "row"),
        messages=records.messages.drop("file", "row"), until=until,
    )  # fmt: skip
    return with_demands(facts)


def claims(
    facts: pl.DataFrame, found: pl.DataFrame, *, language: Language, currency: str = "CNY"
) -> pl.DataFrame:  # fmt: skip
    """Each complaint's words beside the records that stand against them, then its demand beside what was paid.

    Columns out: complaint_id, check (a contradiction's name, none, or demand), claim, record (sentences). Complaints in
    order of filing.
    """
    rows = []
    for fact in facts.sort("filed_at", "complaint_id").iter_rows(named=True):
        said = quoted(fact["text"] or fact["demand"] or fact["kind"], most=_WORDS_MOST, language=language)
        claim = say("dossier.claim.words", language, at=fact["filed_at"], text=said)
        own = found.filter(pl.col("complaint_id") == fact["complaint_id"], ~pl.col("check").is_in(list(_IN_WORDS)))
        for row in own.iter_rows(named=True):
            record = say(
                f"dossier.record.{row['check']}", language, currency=currency, at=row["at"], due=row["due_at"],
                gap=row["gap_hours"], value=row["value"],
            )  # fmt: skip
            rows.append((fact["complaint_id"], row["check"], claim, record))
        asks = say("dossier.claim.asks", language, currency=currency, asked=fact["asked"])
        paid = say("dossier.record.paid", language, currency=currency, value=fact["value"])
        if own.is_empty():
            whole = f"{claim}{_STOP[language]}{asks}" if fact["asked"] is not None else claim
            none = say("dossier.record.none", language)
            record = f"{none}{_STOP[language]}{paid}" if fact["asked"] is not None else none
            rows.append((fact["complaint_id"], "none", whole, record))
        elif fact["asked"] is not None:
            rows.append((fact["complaint_id"], "demand", asks, paid))
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("complaint_id", "check", "claim", "record"), pl.String), orient="row"
    )
