"""Claim against record: what a complaint says beside what the records say, in two columns and without an adjective."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from aftersales.cases.quoting import quoted
from aftersales.cases.records import Records
from aftersales.measures.complaint_facts import complaint_facts
from aftersales.measures.contradictions import with_demands
from aftersales.measures.demands import demands
from aftersales.measures.fault import SETTLED_BY_RECORD
from aftersales.words.language import Language, say

# Signs that lie in the words alone: no record stands against them, so a platform's copy does not list them as such.
_IN_WORDS = ("threat", "cites_law", "above_price", "far_above_price", "money_for_silence", "threat_with_sum")
_WORDS_MOST = 2_000
# Of these the chat's own words are the record.
_IN_CHAT = ("threat_with_sum", "money_for_silence")
_STOP = {"zh": "；", "en": "; "}


def claim_facts(records: Records, *, until: date) -> pl.DataFrame:
    """What the records know about each complaint of the case (`complaint_facts`), with what it demands."""
    facts = complaint_facts(
        records.complaints, records.refunds, records.orders, parcels=records.parcels.drop("file", "row"),
        messages=records.messages.drop("file", "row"), until=until,
    )  # fmt: skip
    return with_demands(facts)


def claims(
    facts: pl.DataFrame, found: pl.DataFrame, messages: pl.DataFrame, *, language: Language, currency: str = "CNY"
) -> pl.DataFrame:  # fmt: skip
    """Each complaint's words beside the records that stand against them, then its demand beside what was paid.

    Records that settle a claim come first; where ``messages`` hold a demand for money against silence, its own words.

    Columns out: complaint_id, check (a contradiction's name, none, or demand), claim, record (sentences). Complaints in
    order of filing.
    """
    rows = []
    for fact in facts.sort("filed_at", "complaint_id").iter_rows(named=True):
        said = quoted(fact["text"] or fact["demand"] or fact["kind"], most=_WORDS_MOST, language=language)
        claim = say("dossier.claim.words", language, at=fact["filed_at"], text=said)
        of_it = found.filter(pl.col("complaint_id") == fact["complaint_id"])
        own = of_it.filter(~pl.col("check").is_in(list(_IN_WORDS)))
        own = own.sort(~pl.col("check").is_in(list(SETTLED_BY_RECORD)), maintain_order=True)
        for row in own.iter_rows(named=True):
            record = say(
                f"dossier.record.{row['check']}", language, currency=currency, at=row["at"], due=row["due_at"],
                gap=row["gap_hours"], value=row["value"],
            )  # fmt: skip
            rows.append((fact["complaint_id"], row["check"], claim, record))
        if of_it["check"].is_in(list(_IN_CHAT)).any():
            wrote = _demanding(messages.filter(pl.col("order_id") == fact["order_id"]))
            rows += [(fact["complaint_id"], "money_for_silence", claim, say(
                "dossier.record.wrote", language, at=at, text=quoted(text, most=_WORDS_MOST, language=language)))
                for at, text in wrote]  # fmt: skip
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


def _demanding(messages: pl.DataFrame) -> list[tuple[datetime | None, str]]:
    """The buyer's messages that want money for silence, or threaten where a sum is not paid: when, and the words."""
    wrote = messages.filter(pl.col("sender") == "buyer", pl.col("text").is_not_null()).sort("sent_at", nulls_last=True)
    told = demands(wrote["text"])
    wanted = told["silence"] | (told["threat"] & told["sum_asked"].is_not_null())
    return wrote.filter(wanted).select("sent_at", "text").rows()
