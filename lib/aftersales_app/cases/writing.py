"""`aftersales case`: a dossier in two copies, written beside the shop's reports, and what to do before it is filed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from aftersales.cases.dossier import Dossier
from aftersales.cases.records import origin
from aftersales.cases.rows import file_name, reference
from aftersales.sources.clear_values import PEOPLE, ClearValues, clear_values, own_words
from aftersales.sources.handouts import remember
from aftersales.sources.storage import Folder
from aftersales.week.dossiers import dossier_of, evidence_folder, gathered
from aftersales.week.loading import Report, load
from aftersales.words.language import Language, say
from aftersales_app.cases.bundle import packed
from aftersales_app.cases.page import Copy

COPIES: tuple[Copy, ...] = ("platform", "internal")


@dataclass(frozen=True)
class Written:
    """One copy on disk: its page, its zip, and the digest of the zip's manifest."""

    copy: Copy
    page: str
    archive: str
    digest: str


def written(
    shop: str,
    name: str,
    *,
    language: str = "",
    to: str | None = None,
    config: Path | None = None,
    now: datetime | None = None,
) -> list[str]:
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
    unread = people.unread
    if platform:
        told, gone = _in_own_words(report, told, tuple(known))
        unread = tuple(dict.fromkeys((*unread, *gone)))
    shown, archive, digest = packed(
        told,
        copy=copy,
        version=version("aftersales"),
        evidence_folder=evidence_folder(report),
        buyers=own if platform else None,
        unread=unread if platform else (),
        hide=tuple(v for v in _named_by(people.rows) if v not in known),
    )
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
    return clear_values(report.data.settings, report.data.shop, known, hashes=_hashes(report))


def _hashes(report: Report) -> dict[str, str]:
    """SHA-256 of each file at its import."""
    return dict(report.data.tables["files"].select("file", "sha256").collect().iter_rows())


def _in_own_words(report: Report, told: Dossier, own: tuple[str, ...]) -> tuple[Dossier, tuple[str, ...]]:
    """The dossier with the buyer's chats, complaints and notes as the buyer wrote them; others' names stay masked.

    ``own`` are the buyer's clear values. With it the files that could not be read again.
    """
    records, mine = told.records, pl.col("order_id").is_in(list(told.own_orders))
    said = records.messages.filter(mine, pl.col("sender") == "buyer").select("file", "row", "text").rows()
    written_in: dict[tuple[str, str], tuple[str | None, int | None]] = {}
    for kind, key, field in (("complaint", "complaint_id", "text"), ("refund", "refund_id", "note")):
        rows: pl.DataFrame = getattr(records, f"{kind}s")
        for name, text in rows.filter(mine).select(key, field).rows() if field in rows.columns else ():
            written_in[kind, name] = place = origin(getattr(records, f"{kind}_records"), key, name, field)
            said.append((*place, text))
    schema = {"file": pl.String, "row": pl.Int64, "text": pl.String}
    wanted = pl.DataFrame(said, schema=schema, orient="row").drop_nulls().unique(maintain_order=True)
    wanted = wanted.filter(pl.col("text").str.contains("[", literal=True))  # nothing was masked in any other
    found, unread = own_words(report.data.settings, report.data.shop, wanted, hashes=_hashes(report), own=own)
    words = {(file, row, text): clear for file, row, text, clear in found.rows()}

    def clear(rows: pl.DataFrame, column: str, places: Sequence[tuple[Any, Any]]) -> pl.DataFrame:
        texts = [words.get((*place, text), text) for place, text in zip(places, rows[column], strict=True)]
        return rows.with_columns(pl.Series(column, texts, dtype=pl.String))

    if not words:
        return told, unread
    complaints, refunds = (
        [written_in.get((kind, name), (None, None)) for name in rows[f"{kind}_id"]]
        for kind, rows in (("complaint", records.complaints), ("refund", records.refunds))
    )
    clearer = replace(
        records,
        messages=clear(records.messages, "text", records.messages.select("file", "row").rows()),
        complaints=clear(records.complaints, "text", complaints),
        refunds=clear(records.refunds, "note", refunds) if "note" in records.refunds.columns else records.refunds,
    )
    return dossier_of(report, told.case, clearer), unread


def _named_by(people: pl.DataFrame) -> tuple[str, ...]:
    """What names the buyers in clear, longest first; a word or number too short to name anybody is left alone."""
    values = {str(v).strip() for c in PEOPLE for v in people[c].drop_nulls() if "*" not in str(v)}
    telling = [v for v in values if len(v) >= (2 if not v.isascii() else 6)]
    return tuple(sorted(telling, key=lambda v: (-len(v), v)))


def _lines(told: Dossier, done: list[Written], *, now: datetime, name: str) -> list[str]:
    language: Language = told.language
    said = []
    if told.case.id != name.strip():
        said.append(say("case.meant", language, name=name.strip(), case=told.case.id, orders=len(told.case.orders)))
    kind = f"dossier.type.{told.kind}"
    said.append(
        say(
            "case.about",
            language,
            case=told.case.id,
            type=kind,
            orders=told.records.orders["order_id"].n_unique(),
            state=f"case.state.{told.state}",
        )
    )
    for one in done:
        said.append(say(f"case.wrote_{one.copy}", language, page=one.page, archive=one.archive, digest=one.digest))
    for due in (d for d in told.deadlines if not d.over):
        left = (due.at - now).total_seconds() / 3600
        key = "case.due" if left > 0 else "case.due_over"
        said.append(
            say(key, language, what=say(f"dossier.deadline.{due.what}", language, at=due.at, of=due.of), left=abs(left))
        )
        break
    for need in told.needs:
        if need.state != "file":
            said.append(
                say(
                    f"case.lacks_{need.state}",
                    language,
                    need=f"dossier.need.{need.id}",
                    where=f"dossier.where.{need.id}",
                )
            )
    gone = [f for f in told.evidence if f.sha256 is None]
    said += [say("case.evidence_gone", language, name=f.name, why=f"dossier.file_state.{f.state}") for f in gone]
    return said
