"""`aftersales case`: a dossier in two copies, written beside the shop's reports, and what to do before it is filed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from importlib.metadata import version
from pathlib import Path

import polars as pl

from aftersales.cases.bundle import packed
from aftersales.cases.case import Case
from aftersales.cases.dossier import Dossier, Suspicion, dossier
from aftersales.cases.evidence import FOLDER
from aftersales.cases.page import Copy
from aftersales.cases.records import case_records, origin
from aftersales.cases.rows import file_name, reference
from aftersales.sources.clear_values import PEOPLE, ClearValues, clear_values
from aftersales.sources.handed_out import remember
from aftersales.sources.places import Folder
from aftersales.week.loading import Report, load
from aftersales.words.language import Language, say

COPIES: tuple[Copy, ...] = ("platform", "internal")


@dataclass(frozen=True)
class Written:
    """One copy on disk: its page, its zip, and the digest of the zip's manifest."""

    copy: Copy
    page: str
    archive: str
    digest: str


def evidence_folder(report: Report) -> Folder:
    """Where the shop's evidence files lie: a folder of its exports."""
    settings, shop = report.data.settings, report.data.shop
    return Folder(Folder(settings.place(shop.exports)).join(FOLDER))


def gathered(report: Report, name: str) -> Dossier:
    """The dossier of the case that a name means, in the report's language, from the pinned tables."""
    data = report.data
    case = data.case(name)
    last = data.tables.last_day
    assert last is not None
    if case.id not in data.case_material:
        data.case_material[case.id] = case_records(data.tables, case), data.evidence_near(case.orders)
    records, outcomes = data.case_material[case.id]
    return dossier(
        data.tables, case, records=records, shop=data.shop.name, outcomes=outcomes,
        known_until=datetime.combine(last, time(23, 59), data.shop.tz), evidence_folder=evidence_folder(report),
        suspicion=_suspicion(report, case), language=report.language, currency=data.shop.currency,
        platform=data.shop.platform, market=data.shop.market,
    )  # fmt: skip


def written(
    shop: str, name: str, *, language: str = "", to: str | None = None, config: Path | None = None,
    now: datetime | None = None,
) -> list[str]:  # fmt: skip
    """Write both copies of a case; lines that say where, until when, and what is still missing."""
    report = load(shop, language=language, config=str(config) if config else None)
    told = gathered(report, name)
    done = write_copies(report, told, to)
    return _lines(told, done, now=now or datetime.now(UTC), name=name)


def case_folder(report: Report, to: str | None = None) -> Folder:
    """Where a shop's dossiers are written: ``to``, else a folder of its reports."""
    return Folder(to or Folder(Folder(report.data.settings.reports_path).join(report.data.shop.id)).join("cases"))


def write_copies(report: Report, told: Dossier, to: str | None = None) -> list[Written]:
    """Write both copies of a case; a folder elsewhere is remembered, so that what is erased is erased there as well."""
    place = Folder(case_folder(report, to).join(file_name(told.case.id)))
    people = _people(report, told)
    if to:
        remember(report.data.tables.store.folder, place.path)
    return [_copy(report, told, place, copy, people) for copy in COPIES]


def _copy(report: Report, told: Dossier, place: Folder, copy: Copy, people: ClearValues) -> Written:
    own = people.rows.filter(pl.col("order_id").is_in(list(told.own_orders)))
    platform = copy == "platform"
    known = set(_named_by(own)) if platform else set()
    shown, archive, digest = packed(
        told, copy=copy, version=version("aftersales"), evidence_folder=evidence_folder(report),
        buyers=own if platform else None, unread=people.unread if platform else (),
        hide=tuple(v for v in _named_by(people.rows) if v not in known),
    )  # fmt: skip
    tail = "" if told.language == report.data.shop.language[0] else f".{told.language}"
    page_name, zip_name = f"{copy}{tail}.html", f"{reference(told.case.id, copy=copy)}-{copy}{tail}.zip"
    place.write_private(page_name, shown.encode())
    place.write_private(zip_name, archive)
    return Written(copy, place.join(page_name), place.join(zip_name), digest)


def _people(report: Report, told: Dossier) -> ClearValues:
    """The clear values of the buyers of the case's orders, one row an order, by file and row."""
    rows = told.records.order_records
    wanted = [
        (order, *origin(rows, "order_id", order))
        for order in told.records.orders["order_id"].unique(maintain_order=True)
    ]
    schema = {"order_id": pl.String, "file": pl.String, "row": pl.Int64}
    known = pl.DataFrame(wanted, schema=schema, orient="row").drop_nulls()
    hashes = dict(report.data.tables["files"].select("file", "sha256").collect().iter_rows())
    return clear_values(report.data.settings, report.data.shop, known, hashes=hashes)


def _named_by(people: pl.DataFrame) -> tuple[str, ...]:
    """What names the buyers in clear, longest first; a word or number too short to name anybody is left alone."""
    values = {str(v).strip() for c in PEOPLE for v in people[c].drop_nulls() if "*" not in str(v)}
    telling = [v for v in values if len(v) >= (2 if not v.isascii() else 6)]
    return tuple(sorted(telling, key=lambda v: (-len(v), v)))


def _suspicion(report: Report, case: Case) -> Suspicion:
    """What the findings say of the case; nothing where it is on no list."""
    data, language = report.data, report.language
    rows = data.suspicious_orders(language).filter(pl.col("case_id") == case.id)
    if rows.height:
        row = rows.row(0, named=True)
        return Suspicion(
            row["case_probability"], tuple(row["reasons"]), tuple(row["innocent_explanations"]), row["next_step"]
        )
    rows = data.suspicious_complaints(language).filter(pl.col("case_id") == case.id)
    if rows.is_empty():
        return Suspicion()
    reasons = dict.fromkeys(r for row in rows["contradictions"] for r in row)
    explained = dict.fromkeys(r for row in rows["innocent_explanations"] for r in row)
    row = rows.row(0, named=True)
    low, high = row["offer_low"], row["offer_high"]
    offer = (float(low), float(high)) if rows.height == 1 and low is not None and high is not None else None
    return Suspicion(row["probability"], tuple(reasons), tuple(explained), row["next_step"], offer)


def _lines(told: Dossier, done: list[Written], *, now: datetime, name: str) -> list[str]:
    language: Language = told.language
    said = []
    if told.case.id != name.strip():
        said.append(say("case.meant", language, name=name.strip(), case=told.case.id, orders=len(told.case.orders)))
    kind = f"dossier.type.{told.kind}"
    said.append(say("case.about", language, case=told.case.id, type=kind, orders=told.records.orders[
        "order_id"].n_unique(), state=f"case.state.{told.state}"))  # fmt: skip
    for one in done:
        said.append(say(f"case.wrote_{one.copy}", language, page=one.page, archive=one.archive, digest=one.digest))
    for due in (d for d in told.deadlines if not d.over):
        left = (due.at - now).total_seconds() / 3600
        key = "case.due" if left > 0 else "case.due_over"
        said.append(say(key, language, what=say(f"dossier.deadline.{due.what}", language, at=due.at, of=due.of),
                        left=abs(left)))  # fmt: skip
        break
    for need in told.needs:
        if need.state != "file":
            said.append(say(f"case.lacks_{need.state}", language, need=f"dossier.need.{need.id}",
                            where=f"dossier.where.{need.id}"))  # fmt: skip
    gone = [f for f in told.evidence if f.sha256 is None]
    said += [say("case.evidence_gone", language, name=f.name, why=f"dossier.file_state.{f.state}") for f in gone]
    return said
