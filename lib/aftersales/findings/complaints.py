"""suspicious_complaints: complaints that the records speak against, with what speaks for the buyer, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

import polars as pl

from aftersales.findings.contract import contract_of
from aftersales.measures.causes import complaint_causes
from aftersales.measures.complaint_facts import complaint_facts
from aftersales.measures.contradictions import contradictions_of, with_demands
from aftersales.measures.copied_complaints import copied_complaints
from aftersales.measures.fault import complaint_fault
from aftersales.measures.offers import with_offers
from aftersales.measures.recalibration import shifted
from aftersales.stats.text import TextModel
from aftersales.tables.columns import MONEY, Frame
from aftersales.tables.ledger import finding_id
from aftersales.words.language import Language, say
from aftersales.words.periods import Week

# Of a hundred complaints few are malicious: our own guess, to be replaced by the shop's recorded outcomes.
PRIOR = 0.05
# Listed is what is more likely suspicious than not.
LISTED_FROM = 0.5
LISTED_WEEKS = 12
# Signs are not independent of one another, and no record is proof of intent.
NEVER_ABOVE = 0.99
# How many times likelier each sign is in a malicious complaint than in an honest one: our own judgement, held against
# two generators in benchmarks/malicious_complaints.py. A record that leaves little room weighs 20 and more, so that it
# lists a complaint by itself; what angry and honest buyers do too only adds to others.
TIMES_LIKELIER: MappingProxyType[str, float] = MappingProxyType({
    "not_received_but_signed": 30, "not_received_but_told_signature": 8, "not_received_but_confirmed": 4,
    "not_received_but_wrote_received": 30, "late_claim_against_first_scan": 30, "late_claim_before_due": 3,
    "goods_claim_before_receipt": 40, "refund_asked_as_unshipped": 2, "never_paid": 25, "left_out_refusal": 20,
    "left_out_refund": 3, "not_received_but_delivered": 10, "late_claim_but_marked_shipped": 4,
    "threat_with_sum": 20, "threat": 3, "money_for_silence": 15, "far_above_price": 4,
    "above_price": 1.5, "cites_law": 1.5, "copied": 40, "copied_pair": 20, "one_product": 4, "sums": 1.5,
})  # fmt: skip
# Demands come together in one breath: only the weightiest two of them count.
_DEMANDS = ("threat_with_sum", "threat", "money_for_silence", "far_above_price", "above_price", "cites_law")
_COPIES = ("copied", "copied_pair", "one_product", "sums")
PATTERNS: MappingProxyType[str, str] = MappingProxyType({
    "not_received_but_told_signature": "not_received_but_signed",
    "not_received_but_confirmed": "not_received_but_signed", "not_received_but_delivered": "not_received_but_signed",
    "late_claim_but_marked_shipped": "late_claim_against_first_scan",
    "not_received_but_wrote_received": "not_received_but_signed",
    "late_claim_before_due": "late_claim_against_first_scan", "goods_claim_before_receipt": "quality_before_receipt",
    "refund_asked_as_unshipped": "late_claim_against_first_scan", "left_out_refusal": "facts_left_out",
    "left_out_refund": "facts_left_out", "threat_with_sum": "threat_and_sum", "threat": "threat_and_sum",
    "money_for_silence": "threat_and_sum", "far_above_price": "threat_and_sum", "above_price": "threat_and_sum",
    "cites_law": "threat_and_sum", "copied": "copied_text", "copied_pair": "copied_text",
    "one_product": "copied_text", "sums": "copied_text",
})  # fmt: skip

_COLUMNS: dict[str, Any] = {
    **contract_of("suspicious_complaints"),
    "checks": pl.List(pl.String), "innocent_explanations": pl.List(pl.String), "cause": pl.String,
    "fault_ground": pl.String, "offer_cases": pl.Int64, "value": pl.Float64, "asked": pl.Float64,
    "buyer_key": pl.String, "product_id": pl.String,
}  # fmt: skip


class Judgement(NamedTuple):
    """What is known and thought of every complaint: ``rows`` (of `judge_complaints`), contradictions, copied texts."""

    rows: pl.DataFrame
    found: pl.DataFrame
    copies: pl.DataFrame


def judge_complaints(
    complaints: Frame,
    refunds: Frame,
    orders: Frame,
    *,
    parcels: Frame | None = None,
    messages: Frame | None = None,
    until: date,
    model: TextModel | None = None,
) -> Judgement:
    """Every complaint filed up to ``until`` with its cause, who is at fault and on what grounds, and what to offer.

    Columns of ``rows``: those of `complaint_facts` with demands; cause, fault, fault_ground, offer_low, offer_high,
    offer_cases, offer_basis (`measures.offers.with_offers`), probability and checks (of being suspected; null where
    nothing stands against it). One row a complaint.

    >>> complaints = pl.DataFrame(schema={"complaint_id": pl.String, "order_id": pl.String})
    >>> cases = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String})
    >>> judge_complaints(complaints, cases, cases, until=date(2026, 11, 22)).rows.height
    0
    """
    facts = complaint_facts(complaints, refunds, orders, parcels=parcels, messages=messages, until=until)
    facts = with_demands(facts)
    facts = facts.with_columns(cause=complaint_causes(facts, model=model))
    found = contradictions_of(facts)
    copies = _copies(facts)
    faults = complaint_fault(facts, found, facts["cause"])
    rows = facts.drop("fault").join(faults, on="complaint_id", how="left", maintain_order="left")
    rows = with_offers(rows, facts)
    rows = rows.join(_weighed(found, copies), on="complaint_id", how="left", maintain_order="left")
    return Judgement(rows, found, copies)


def suspicious_complaints(
    complaints: Frame,
    refunds: Frame,
    orders: Frame,
    *,
    parcels: Frame | None = None,
    messages: Frame | None = None,
    week: Week,
    language: Language = "zh",
    currency: str = "CNY",
    model: TextModel | None = None,
    listed_from: float = LISTED_FROM,
    innocent: Mapping[str, date] | None = None,
    innocent_complaints: Collection[str] = (),
    judged: Judgement | None = None,
    shifts: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The rows of suspicious_complaints.parquet: complaints of the twelve weeks up to ``week`` that are suspected.

    ``probability`` starts from one complaint in twenty and is multiplied up by what stands against the claim
    (`TIMES_LIKELIER`); it is an ordering with a scale, not a verdict. One minus it, summed, is how many on the list
    are expected to be innocent. A case is one complaint, or all complaints in the same copied words, under the oldest.

    ``innocent`` names buyers that were looked at and cleared, with the day: what they filed up to that day is not
    listed, and neither are ``innocent_complaints``; a later complaint is judged by itself. All still count as what
    others' words are compared with, and as how cases ended. ``judged`` (of `judge_complaints`) is computed where it is
    not handed in. ``shifts`` (of `likelihood_shifts`) is what outcomes taught of the likelihoods; who is listed goes by
    them as they were before.

    Columns out: the contract's (offer: quartiles of how comparable complaints ended, times what was paid; null with
    fewer than five, or where the buyer is at fault); then checks (codes), innocent_explanations, cause,
    fault_ground, offer_cases, value (paid), asked, buyer_key, product_id, filed_at. Likeliest first.

    >>> complaints = pl.DataFrame(schema={"complaint_id": pl.String, "order_id": pl.String})
    >>> cases = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String})
    >>> suspicious_complaints(complaints, cases, cases, week=Week.parse("2026-W46")).columns[:3]
    ['case_id', 'complaint_id', 'order_id']
    """
    judgement = judged or judge_complaints(
        complaints, refunds, orders, parcels=parcels, messages=messages, until=week.sunday, model=model
    )
    rows, found, copies = judgement
    rows = rows.with_columns(pl.col("offer_low", "offer_high").cast(MONEY)).filter(pl.col("probability").is_not_null())
    since = week.sunday - timedelta(weeks=LISTED_WEEKS)
    recent = rows.filter((pl.col("filed_at").dt.date() > since) & (pl.col("probability") >= listed_from))
    recent = _without_innocent(recent, innocent or {}, innocent_complaints)
    told = _told(recent, found, copies, week=week, language=language, currency=currency)
    told = told if shifts is None else shifted(told, shifts, "probability")
    rest = [c for c in _COLUMNS if c not in contract_of("suspicious_complaints")]
    return told.select(*contract_of("suspicious_complaints"), *rest, "filed_at").sort(
        "probability", "filed_at", "complaint_id", descending=[True, True, False]
    )


def _without_innocent(
    rows: pl.DataFrame, innocent: Mapping[str, date], innocent_complaints: Collection[str]
) -> pl.DataFrame:
    day = pl.col("buyer_key").replace_strict(dict(innocent), default=None, return_dtype=pl.Date)
    cleared = (pl.col("filed_at").dt.date() <= day).fill_null(value=False)
    return rows.filter(~cleared & ~pl.col("complaint_id").is_in(list(innocent_complaints)))


def _copies(facts: pl.DataFrame) -> pl.DataFrame:
    copied = copied_complaints(facts).filter(pl.col("kind") != "stock")
    pair = (pl.col("kind") == "copied") & (pl.col("buyers") < 3)
    return copied.with_columns(check=pl.when(pair).then(pl.lit("copied_pair")).otherwise("kind"))


def _weighed(found: pl.DataFrame, copies: pl.DataFrame) -> pl.DataFrame:
    """Columns out: complaint_id, probability, checks (weightiest first)."""
    signs = pl.concat([found.select("complaint_id", "check"), copies.select("complaint_id", "check")])
    times = pl.col("check").replace_strict({k: float(v) for k, v in TIMES_LIKELIER.items()}, return_dtype=pl.Float64)
    signs = signs.with_columns(times=times, family=pl.when(pl.col("check").is_in(_DEMANDS)).then(1).otherwise(0))
    signs = signs.sort("complaint_id", "times", "check", descending=[False, True, False])
    rank = pl.int_range(pl.len()).over("complaint_id", "family")
    counted = pl.when((pl.col("family") == 0) | (rank < 2)).then("times").otherwise(1.0)
    odds = PRIOR / (1 - PRIOR) * pl.col("counted").product()
    return (
        signs.with_columns(counted=counted)
        .group_by("complaint_id", maintain_order=True)
        .agg((odds / (1 + odds)).clip(upper_bound=NEVER_ABOVE).alias("probability"), pl.col("check").alias("checks"))
    )


def _told(
    recent: pl.DataFrame, found: pl.DataFrame, copies: pl.DataFrame, *, week: Week, language: Language, currency: str
) -> pl.DataFrame:
    values = {(r["complaint_id"], r["check"]): r for r in found.iter_rows(named=True)}
    values |= {(r["complaint_id"], r["check"]): r for r in copies.iter_rows(named=True)}
    oldest = dict(copies.filter(pl.col("check").is_in(_COPIES)).select("complaint_id", "first_id").iter_rows())
    rows = []
    for row in recent.iter_rows(named=True):
        own = [values[row["complaint_id"], check] for check in row["checks"]]
        main = row["checks"][0]
        pattern = PATTERNS.get(main, main)
        scope = (
            oldest.get(row["complaint_id"], row["complaint_id"]) if pattern == "copied_text" else row["complaint_id"]
        )
        # a verdict against the shop speaks louder for the buyer than any explanation
        borne = ("judged",) if row["fault_ground"] == "recorded" and row["fault"] in {"seller", "carrier"} else ()
        rows.append(
            {
                "case_id": finding_id("complaint", scope),
                "pattern": pattern,
                "contradictions": [
                    _say(f"suspected_complaint.against.{r['check']}", language, currency, r) for r in own
                ],
                "innocent_explanations": [
                    say(f"suspected_complaint.innocent.{n}", language) for n in (*borne, pattern)
                ],
                "next_step": _next_step(row, pattern, week=week, language=language, currency=currency),
            }
        )
    schema = {c: _COLUMNS[c] for c in ("case_id", "pattern", "contradictions", "innocent_explanations", "next_step")}
    return recent.hstack(pl.DataFrame(rows, schema=schema))


def _say(key: str, language: Language, currency: str, values: dict[str, Any]) -> str:
    return say(key, language, currency=currency, **{k: v for k, v in values.items() if k != "check"})


def _next_step(row: dict[str, Any], pattern: str, *, week: Week, language: Language, currency: str) -> str:
    proof = say(f"suspected_complaint.proof.{pattern}", language)
    due: Any = row["evidence_due_at"]
    if row["closed_at"] is not None and row["closed_at"].date() <= week.sunday:
        return say("suspected_complaint.next.closed", language, proof=proof)
    if due is not None and due.date() > week.sunday:
        return say("suspected_complaint.next.file", language, due=due, proof=proof)
    if row["offer_low"] is not None:
        return say(
            "suspected_complaint.next.offer",
            language,
            currency=currency,
            low=row["offer_low"],
            high=row["offer_high"],
            n=row["offer_cases"],
            proof=proof,
        )
    return say("suspected_complaint.next.explain", language, proof=proof)
