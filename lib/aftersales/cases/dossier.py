"""A dossier: everything that is said about a case, once, before it is written as two copies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, cast

import polars as pl

from aftersales.cases.case import Case
from aftersales.cases.case_type import case_type
from aftersales.cases.claims import claim_facts, claims
from aftersales.cases.clauses import Clause, clauses
from aftersales.cases.clock import Deadline, deadlines
from aftersales.cases.comparison import Comparison, comparison
from aftersales.cases.completeness import Need, completeness
from aftersales.cases.evidence import EvidenceFile, evidence_index
from aftersales.cases.held import held
from aftersales.cases.records import Records, Tables
from aftersales.cases.statement import statement
from aftersales.cases.timeline import timeline
from aftersales.cases.weighing import speaks_for_buyer, weaknesses
from aftersales.measures.causes import complaint_causes
from aftersales.measures.contradictions import contradictions_of
from aftersales.sources.places import Folder
from aftersales.words.language import Language


@dataclass(frozen=True)
class Suspicion:
    """What the findings say of the case; for the internal copy alone. ``probability`` is null for a case that no search
    put on a list.
    """

    probability: float | None = None
    reasons: tuple[str, ...] = ()
    explanations: tuple[str, ...] = ()
    next_step: str | None = None
    offer: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Dossier:
    """One case, told in one language. ``known_until`` is where the data end; ``state`` the case's last recorded one."""

    case: Case
    kind: str
    language: Language
    currency: str
    market: str
    shop: str
    known_until: datetime
    state: str
    statement: str
    deadlines: tuple[Deadline, ...]
    evidence: tuple[EvidenceFile, ...]
    needs: tuple[Need, ...]
    clauses: tuple[Clause, ...]
    clauses_internal: tuple[Clause, ...]
    compared: Comparison | None
    suspicion: Suspicion
    weaknesses: tuple[str, ...]
    for_buyer: tuple[str, ...]
    records: Records = field(repr=False)
    outcomes: pl.DataFrame = field(repr=False)
    timeline: pl.DataFrame = field(repr=False)
    claims: pl.DataFrame = field(repr=False)
    states: pl.DataFrame = field(repr=False)

    @property
    def own_orders(self) -> tuple[str, ...]:
        """Orders whose buyer the platform's copy may name: of several complaints only the newest one's, the one to be
        filed; buyers of the others are third parties to it.
        """
        filed = self.records.complaints.drop_nulls("order_id")
        if self.case.kind != "complaint" or filed.height < 2:
            return self.case.orders
        return (str(filed.sort("filed_at", "complaint_id", nulls_last=False)["order_id"][-1]),)


def dossier(
    tables: Tables, case: Case, *, records: Records, shop: str, outcomes: pl.DataFrame, known_until: datetime,
    evidence_folder: Folder, suspicion: Suspicion = Suspicion(), language: Language = "zh", currency: str = "CNY",
    platform: str = "taobao", market: str = "cn",
) -> Dossier:  # fmt: skip
    """Gather a case. ``records`` is of `case_records`; ``outcomes`` has a row an order of the shop (`order_evidence`);
    ``shop`` is its name, ``platform`` and ``market`` say which rules bind it. Of
    ``tables`` the states recorded of the case are read.
    """
    states = tables["cases"].lazy().filter(pl.col("case_id") == case.id).sort("at").collect()
    facts = claim_facts(records, until=known_until.date())
    found = contradictions_of(facts)
    kinds = case_type(case, records.refunds, records.complaints, causes=complaint_causes(facts).to_list())
    there, checks = held(records), tuple(found["check"].unique().sort())
    numbers = tuple(records.orders["order_id"].unique(maintain_order=True))
    files = evidence_index(records.evidence, folder=evidence_folder, orders=numbers)
    needs = completeness(kinds, files, there)
    bound: dict[str, Any] = {
        "on": _claimed_on(records, known_until),
        "platform": platform,
        "market": market,
        "held": there,
        "checks": checks,
    }
    cited = clauses(kinds, **bound)
    if not any(clause.rule == "platform" for clause in cited):  # whose rules the needs come from
        needs = tuple(replace(need, articles=()) for need in needs)
    compared = comparison(outcomes, numbers)
    own = outcomes.filter(pl.col("order_id").is_in(list(numbers)))
    return Dossier(
        case=case, kind=kinds, language=language, currency=currency, market=market, shop=shop, known_until=known_until,
        state=states["state"][-1] if states.height else "new",
        statement=statement(case, records, own, language=language, currency=currency),
        deadlines=deadlines(records, known_until=known_until), evidence=files, needs=needs,
        clauses=cited,
        clauses_internal=clauses(kinds, **bound, internal=True),
        compared=compared, suspicion=suspicion,
        weaknesses=tuple(weaknesses(records, facts, needs, files, compared, language=language)),
        for_buyer=tuple(speaks_for_buyer(numbers, outcomes, suspicion.explanations, language=language)),
        records=records, outcomes=own,
        timeline=timeline(records, language=language, currency=currency, states=states),
        claims=claims(facts, found, records.messages, language=language, currency=currency), states=states,
    )  # fmt: skip


def _claimed_on(records: Records, known_until: datetime) -> date:
    """The day of the newest claim of the case, by whose rules it is judged; without any the last day of the data."""
    told = (records.complaints["filed_at"], records.refunds["applied_at"], records.orders["created_at"])
    newest = next((moments.max() for moments in told if moments.count()), known_until)
    return cast("datetime", newest).date()
