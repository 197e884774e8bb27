"""`aftersales case SHOP`: every open case with deadline, money and vouchers; with --all their dossiers in one zip."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from aftersales.cases.dossier import Dossier
from aftersales.cases.quoting import spreadsheet
from aftersales.cases.rows import file_name
from aftersales.sources.handouts import remember
from aftersales.sources.storage import Folder
from aftersales.tables.columns import known_total
from aftersales.week.dossiers import gathered
from aftersales.week.loading import Report, load
from aftersales.words.language import say
from aftersales_app.cases.bundle import zipped
from aftersales_app.cases.writing import case_folder, write_copies

_COLUMNS = ("case", "type", "orders", "amount", "refund", "due", "state", "vouchers", "lacks")


def open_cases(report: Report) -> list[Dossier]:
    """Dossiers of the cases on the week's lists that nobody has decided, the soonest deadline first, then by money."""
    data, language = report.data, report.language
    lists = (data.suspicious_orders(language), data.suspicious_complaints(language))
    waiting = dict.fromkeys(
        case for rows in map(data.with_state, lists) for case in rows.filter(~rows["decided"])["case_id"]
    )
    found = [gathered(report, case) for case in waiting]
    latest = max((told.known_until for told in found), default=None)
    return sorted(
        found, key=lambda told: (_due(told) is None, _due(told) or latest, -float(_money(told) or 0), told.case.id)
    )


def listed_cases(
    shop: str, *, write: bool = False, language: str = "", to: str | None = None, config: Path | None = None
) -> Iterator[str]:
    """Lines that name every open case; with ``write`` each dossier is written, and all of them into one zip."""
    report = load(shop, language=language, config=str(config) if config else None)
    found = open_cases(report)
    if not found:
        yield say("case.list.none", report.language)
        return
    files, rows = {}, []
    for told in found:
        rows.append(_row(told))
        yield say(
            "case.list.line",
            report.language,
            currency=told.currency,
            case=told.case.id,
            type=f"dossier.type.{told.kind}",
            orders=told.records.orders["order_id"].n_unique(),
            amount=_money(told),
            state=f"case.state.{told.state}",
            due=_due(told),
            have=len([n for n in told.needs if n.state == "file"]),
            needed=len(told.needs),
        )
        if write:
            for copy in write_copies(report, told, to):
                for path in (copy.page, copy.archive):
                    name = Path(path).name
                    files[f"{file_name(told.case.id)}/{name}"] = Folder(path.removesuffix(name).rstrip("/")).read(name)
    if not write:
        yield say("case.list.write", report.language, command=report.data.settings.command(f"case {shop} --all"))
        return
    names = [say(f"case.list.column.{c}", report.language) for c in _COLUMNS]
    files["cases.csv"] = spreadsheet(names, rows, language=report.language)
    place, name = case_folder(report, to), f"cases-{report.data.week}.zip"
    if to:
        remember(report.data.tables.store.folder, place.join(name))
    place.write_private(name, zipped(files))
    yield say("case.list.wrote", report.language, cases=len(found), archive=place.join(name))


def _due(told: Dossier) -> datetime | None:
    return next((d.at for d in told.deadlines if not d.over), None)


def _money(told: Dossier) -> Any:
    return known_total(told.records.orders["paid"])


def _row(told: Dossier) -> tuple[object, ...]:
    language = told.language
    lacks = [say(f"dossier.need.{n.id}", language) for n in told.needs if n.state != "file"]
    return (
        told.case.id, say(f"dossier.type.{told.kind}", language), told.records.orders["order_id"].n_unique(),
        _money(told), known_total(told.records.refunds["amount"]), _due(told),
        say(f"case.state.{told.state}", language), f"{len(told.needs) - len(lacks)} / {len(told.needs)}",
        "；".join(lacks) if language == "zh" else "; ".join(lacks),
    )  # fmt: skip
