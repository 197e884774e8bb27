"""A dossier: everything that is said about a case, once, before it is written as two copies."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, cast

import polars as pl

from aftersales.cases.case import Case
from aftersales.cases.comparison import Comparison, comparison
from aftersales.cases.completeness import Need, completeness
from aftersales.cases.evidence import EvidenceFile, evidence_index
from aftersales.cases.held import held
from aftersales.cases.quoting import quoted
from aftersales.cases.records import Records, Tables
from aftersales.cases.statement import statement
from aftersales.cases.timeline import timeline
from aftersales.cases.weighing import speaks_for_buyer, weaknesses
from aftersales.measures.causes import complaint_causes
from aftersales.measures.complaint_facts import complaint_facts
from aftersales.measures.contradictions import contradictions_of, with_demands
from aftersales.measures.demands import demands
from aftersales.measures.fault import SETTLED_BY_RECORD
from aftersales.sources.storage import Folder
from aftersales.words.language import Language, say
from aftersales.words.markets import same_exports


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
    tables: Tables,
    case: Case,
    *,
    records: Records,
    shop: str,
    outcomes: pl.DataFrame,
    known_until: datetime,
    evidence_folder: Folder,
    returns: pl.DataFrame | None = None,
    suspicion: Suspicion = Suspicion(),
    language: Language = "zh",
    currency: str = "CNY",
    platform: str = "taobao",
    market: str = "cn",
) -> Dossier:
    """Gather a case. ``records`` is of `case_records`; ``outcomes`` has a row an order of the shop (`order_evidence`);
    ``shop`` is its name, ``platform`` and ``market`` say which rules bind it, ``returns`` are those of
    `return_parcels` that it lists. Of
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
        case=case,
        kind=kinds,
        language=language,
        currency=currency,
        market=market,
        shop=shop,
        known_until=known_until,
        state=states["state"][-1] if states.height else "new",
        statement=statement(case, records, own, language=language, currency=currency),
        deadlines=deadlines(records, known_until=known_until),
        evidence=files,
        needs=needs,
        clauses=cited,
        clauses_internal=clauses(kinds, **bound, internal=True),
        compared=compared,
        suspicion=suspicion,
        weaknesses=tuple(weaknesses(records, facts, needs, files, compared, language=language)),
        for_buyer=tuple(speaks_for_buyer(numbers, outcomes, suspicion.explanations, language=language)),
        records=records,
        outcomes=own,
        timeline=timeline(records, language=language, currency=currency, states=states),
        claims=pl.concat(
            [
                return_claims(returns, numbers, language=language),
                claims(facts, found, records.messages, language=language, currency=currency),
            ]
        ),
        states=states,
    )


def _claimed_on(records: Records, known_until: datetime) -> date:
    """The day of the newest claim of the case, by whose rules it is judged; without any the last day of the data."""
    told = (records.complaints["filed_at"], records.refunds["applied_at"], records.orders["created_at"])
    newest = next((moments.max() for moments in told if moments.count()), known_until)
    return cast("datetime", newest).date()


# The clock of a case: by when what must be done, by the export files' own deadlines and no other.


@dataclass(frozen=True)
class Deadline:
    """``what``: evidence (举证截止) or answer (超时时间), ``of`` a complaint or refund; ``over``: past."""

    what: str
    of: str
    at: datetime
    over: bool


def deadlines(records: Records, *, known_until: datetime) -> tuple[Deadline, ...]:
    """Deadlines of complaints and refunds that are not closed by ``known_until``, the earliest first.

    A case already finished has none left. Where the files name none there is none: what platforms usually allow is no
    substitute for the export's own clock.
    """
    found = []
    open_refund = pl.col("finished_at").is_null() | (pl.col("finished_at") > known_until)
    for row in records.refunds.filter(open_refund).iter_rows(named=True):
        found += [
            ("answer", row["refund_id"], row["deadline_at"]),
            ("evidence", row["refund_id"], row["evidence_due_at"]),
        ]
    open_complaint = pl.col("closed_at").is_null() | (pl.col("closed_at") > known_until)
    for row in records.complaints.filter(open_complaint).iter_rows(named=True):
        found.append(("evidence", row["complaint_id"], row["evidence_due_at"]))
    named = [Deadline(what, of, at, at <= known_until) for what, of, at in found if at is not None]
    return tuple(sorted(named, key=lambda d: (d.over, d.at, d.of)))


# What type of case it is, in the terms that platforms sort evidence by: not received, quality, malicious orders …


TYPES = (
    "malicious_orders", "not_received", "late_ship", "missing_or_empty", "damaged", "quality", "counterfeit",
    "not_as_described", "refused_parcel", "swapped_return", "forged_return", "extortion", "other",
)  # fmt: skip
# By the finding's own pattern where it says which record the claim is held against. Source: reference "d4".
_OF_PATTERN = {
    "not_received_but_signed": "not_received", "late_claim_against_first_scan": "late_ship",
    "threat_and_sum": "extortion",
}  # fmt: skip
# The 18 reason groups (reference "b2") as types of evidence.
_OF_REASON = {
    "lost_or_stalled": "not_received", "late_ship": "late_ship", "out_of_stock": "late_ship",
    "missing_or_empty": "missing_or_empty", "wrong_item": "not_as_described", "damaged": "damaged",
    "quality": "quality", "allergy_food_safety": "quality", "counterfeit": "counterfeit", "size": "not_as_described",
    "not_as_described": "not_as_described", "refused_parcel": "refused_parcel",
}  # fmt: skip
# What a shop writes when the returned goods are not those it sent. Source: reference "d4", 掉包.
_SWAPPED = r"掉包|调包|寄回.{0,6}(?:不是|不符)|退回.{0,6}(?:不是|不符)|swapped|switched"


def case_type(case: Case, refunds: pl.DataFrame, complaints: pl.DataFrame, *, causes: Collection[str] = ()) -> str:
    """One of `TYPES`. ``causes`` are the reason groups read off the complaints' words, most telling first.

    Suspected orders are malicious orders; a complaint goes by its finding's pattern, else by its cause, else by the
    reason of the order's newest refund.

    >>> none = pl.DataFrame(schema={"reason": pl.String, "note": pl.String, "applied_at": pl.Datetime})
    >>> case_type(Case("suspect-1", "orders", "ring", ("7",)), none, none)
    'malicious_orders'
    >>> case_type(Case("order-7", "order", "order", ("7",)), none, none, causes=["damaged"])
    'damaged'
    """
    if case.kind == "orders":
        return case.pattern if case.pattern in TYPES else "malicious_orders"
    told = " ".join(
        t for f, c in ((refunds, "note"), (complaints, "text")) if c in f.columns for t in f[c].drop_nulls()
    )
    if pl.select(pl.lit(told[:20_000]).str.contains(_SWAPPED)).item():
        return "swapped_return"
    if case.pattern in _OF_PATTERN:
        return _OF_PATTERN[case.pattern]
    reasons = [*causes, *refunds.sort("applied_at", descending=True, nulls_last=True)["reason"].drop_nulls()]
    return next((_OF_REASON[r] for r in reasons if r in _OF_REASON), "other")


# Which articles a case may rest on, of the rules in force when it was claimed; and those that speak for the buyer.


@dataclass(frozen=True)
class Clause:
    """One article. ``id`` names its words in the catalogue (clause.name, clause.says, clause.why)."""

    id: str
    rule: str
    number: str
    first: date
    internal: bool


def clauses(
    kind: str,
    *,
    on: date,
    platform: str = "taobao",
    market: str = "cn",
    held: Collection[str] = (),
    checks: Collection[str] = (),
    internal: bool = False,
) -> tuple[Clause, ...]:
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


# Claim against record: what a complaint says beside what the records say, in two columns and without an adjective.


# Signs that lie in the words alone: no record stands against them, so a platform's copy does not list them as such.
_IN_WORDS = ("threat", "cites_law", "above_price", "far_above_price", "money_for_silence", "threat_with_sum")
_WORDS_MOST = 2_000
# Of these the chat's own words are the record.
_IN_CHAT = ("threat_with_sum", "money_for_silence")
_STOP = {"zh": "；", "en": "; "}


def claim_facts(records: Records, *, until: date) -> pl.DataFrame:
    """What the records know about each complaint of the case (`complaint_facts`), with what it demands."""
    facts = complaint_facts(
        records.complaints,
        records.refunds,
        records.orders,
        parcels=records.parcels.drop("file", "row"),
        messages=records.messages.drop("file", "row"),
        until=until,
    )
    return with_demands(facts)


def claims(
    facts: pl.DataFrame, found: pl.DataFrame, messages: pl.DataFrame, *, language: Language, currency: str = "CNY"
) -> pl.DataFrame:
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
                f"dossier.record.{row['check']}",
                language,
                currency=currency,
                at=row["at"],
                due=row["due_at"],
                gap=row["gap_hours"],
                value=row["value"],
            )
            rows.append((fact["complaint_id"], row["check"], claim, record))
        if of_it["check"].is_in(list(_IN_CHAT)).any():
            wrote = _demanding(messages.filter(pl.col("order_id") == fact["order_id"]))
            rows += [
                (
                    fact["complaint_id"],
                    "money_for_silence",
                    claim,
                    say(
                        "dossier.record.wrote", language, at=at, text=quoted(text, most=_WORDS_MOST, language=language)
                    ),
                )
                for at, text in wrote
            ]
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


def return_claims(returns: pl.DataFrame | None, orders: Collection[str], *, language: Language) -> pl.DataFrame:
    """Each return number that the buyer of one of these orders entered beside the records that contradict it.

    Columns out: those of `claims`; complaint_id is the refund's number.
    """
    rows = []
    listed = None if returns is None else returns.filter("listed", pl.col("order_id").is_in(list(orders)))
    for row in () if listed is None else listed.iter_rows(named=True):
        claim = say(
            "dossier.claim.return_number",
            language,
            at=row["entered_at"],
            number=row["number"],
            courier=row["courier"] or say("dossier.not_told", language),
            order=row["order_id"],
        )
        for check in row["checks"]:
            record = say(f"suspects.return.{check}", language, **(row | {"order": row["order_id"]}))
            rows.append((row["refund_ids"][0], check, claim, record))
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("complaint_id", "check", "claim", "record"), pl.String), orient="row"
    )


def _demanding(messages: pl.DataFrame) -> list[tuple[datetime | None, str]]:
    """The buyer's messages that want money for silence, or threaten where a sum is not paid: when, and the words."""
    wrote = messages.filter(pl.col("sender") == "buyer", pl.col("text").is_not_null()).sort("sent_at", nulls_last=True)
    told = demands(wrote["text"])
    wanted = told["silence"] | (told["threat"] & told["sum_asked"].is_not_null())
    return wrote.filter(wanted).select("sent_at", "text").rows()
