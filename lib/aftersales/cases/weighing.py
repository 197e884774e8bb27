"""What the shop should know before it files: the case's weaknesses, and what speaks for the buyer."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from aftersales.cases.comparison import Comparison
from aftersales.cases.completeness import Need
from aftersales.cases.evidence import EvidenceFile
from aftersales.cases.held import shipped_after_request
from aftersales.cases.records import Records
from aftersales.tables.columns import has_hour
from aftersales.words.language import Language, say

# An answer after a day is one that the platform's service measures count against the shop.
SLOW_HOURS = 24.0
# Where a third of other buyers send the same thing back, sending it back says little.
COMMON_FROM = 1 / 3


def weaknesses(
    records: Records,
    facts: pl.DataFrame,
    needs: Sequence[Need],
    files: Sequence[EvidenceFile],
    compared: Comparison | None,
    *,
    language: Language,
) -> list[str]:
    """Sentences on what the other side may answer, the gravest first; one sentence says so where there is nothing."""
    told: list[str] = []
    faults = [*facts["fault"].drop_nulls(), *records.refunds["fault"].drop_nulls()]
    for who in ("seller", "carrier"):
        if who in faults:
            told.append(say(f"dossier.weak.{who}_fault", language, n=faults.count(who)))
    told += _late(facts, language)
    after = shipped_after_request(records)
    if after.height:
        told.append(say("dossier.weak.after_request", language, orders=after["order_id"].n_unique()))
    lacking = [say(f"dossier.need.{n.id}", language) for n in needs if n.state == "missing"]
    if lacking:
        told.append(say("dossier.weak.missing", language, needs=lacking))
    gone = [f.name for f in files if f.state in ("missing", "outside")]
    if gone:
        told.append(say("dossier.weak.file_gone", language, n=len(gone), names=gone[:3]))
    told += _slow(records, language)
    if records.parcels.is_empty() and records.orders["shipped_at"].is_not_null().any():
        told.append(say("dossier.weak.no_trace", language))
    if records.orders.height and records.orders["buyer_key"].is_null().all():
        told.append(say("dossier.weak.masked", language))
    if compared is not None and (compared.others.rate or 0) >= COMMON_FROM:
        other = compared.others
        told.append(say("dossier.weak.common_product", language, rate=other.rate, part=other.part, whole=other.whole))
    return told or [say("dossier.weak.none", language)]


def speaks_for_buyer(
    orders: Sequence[str], outcomes: pl.DataFrame, explanations: Sequence[str], *, language: Language
) -> list[str]:
    """The innocent explanations of the finding, then the buyers' own history outside the case.

    ``outcomes`` has a row an order of the whole shop: order_id, buyer, asked, waiting (`order_evidence`).
    """
    own = outcomes.filter(pl.col("order_id").is_in(list(orders)))["buyer"].drop_nulls().unique()
    others = outcomes.filter(pl.col("buyer").is_in(own.implode()), ~pl.col("order_id").is_in(list(orders)))
    if own.is_empty():
        return list(explanations)
    kept = others.filter(~pl.col("asked") & ~pl.col("waiting")).height
    key = "kept" if others.height else "no_history"
    return [*explanations, say(f"dossier.buyer.{key}", language, orders=others.height, kept=kept)]


def _late(facts: pl.DataFrame, language: Language) -> list[str]:
    late = facts.filter(pl.col("last_first_scan") > pl.col("ship_by")).unique("order_id", maintain_order=True)
    return [
        say("dossier.weak.late_scan", language, order=row["order_id"], at=row["last_first_scan"], due=row["ship_by"])
        for row in late.iter_rows(named=True)
    ]


def _slow(records: Records, language: Language) -> list[str]:
    hours = (pl.col("first_response_at") - pl.col("filed_at")).dt.total_minutes() / 60
    told = has_hour(pl.col("filed_at")) & has_hour(pl.col("first_response_at"))
    slow = records.complaints.with_columns(hours=hours).filter(told, pl.col("hours") > SLOW_HOURS)
    return [
        say("dossier.weak.slow_answer", language, complaint=row["complaint_id"], hours=row["hours"])
        for row in slow.iter_rows(named=True)
    ]
