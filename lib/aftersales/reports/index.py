"""``reports/index.html``: every shop's latest weeks. It costs the same after a thousand runs as after one.

The page is made from ``index.json`` beside it, which a run amends with its own results; the reports' folders are
looked through only when that file is lost, and then no deeper than what the page shows.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock
from jinja2 import Environment, PackageLoader

from aftersales.charts.markup import lang_of
from aftersales.reports.assets import address, published_assets
from aftersales.reports.job import ReportResult
from aftersales.reports.place import last_attempt, read_record
from aftersales.words.language import Language, say
from aftersales.words.periods import Week

# a year and the same weeks of the year before; older reports stay in their folders
WEEKS_SHOWN = 60
_WEEK_FOLDER = re.compile(r"\d{4}-W\d{2}")
_MEMORY = "index.json"
_ASSETS = "_assets"
_WORDS = ("title", "intro", "none")
_TEMPLATES = Environment(loader=PackageLoader("aftersales.reports", "."), autoescape=True, keep_trailing_newline=True)


def updated_index(
    reports: Path, results: Sequence[ReportResult], *, language: Language, names: Mapping[str, str] | None = None
) -> Path:
    """Enter these results and write the page; its path. ``names`` gives shops their full names.

    A kept (skipped) report changes nothing where it is known. Several runs may do this at once.
    """
    reports.mkdir(parents=True, exist_ok=True)
    with FileLock(reports / ".index.lock"):
        shops = _remembered(reports)
        for result in results:
            weeks = shops.setdefault(result.shop, {"name": result.shop, "weeks": {}})["weeks"]
            if result.status != "skipped" or result.week not in weeks:
                weeks[result.week] = _entry(reports, result)
        for shop, name in (names or {}).items():
            if shop in shops:
                shops[shop]["name"] = name
        for known in shops.values():
            known["weeks"] = dict(sorted(known["weeks"].items(), reverse=True)[:WEEKS_SHOWN])
        _write(reports / _MEMORY, json.dumps(shops, ensure_ascii=False, sort_keys=True, indent=0))
        page = reports / "index.html"
        _write(page, _page(reports, shops, language))
    return page


def _page(reports: Path, shops: Mapping[str, Any], language: Language) -> str:
    assets = address(published_assets(reports / _ASSETS), page_folder=reports)
    shown = [
        {"name": shop["name"], "entries": [_line(week, entry, language) for week, entry in shop["weeks"].items()]}
        for _, shop in sorted(shops.items())
    ]
    words = {word: say(f"reports.index.{word}", language) for word in _WORDS}
    template = _TEMPLATES.get_template("index.html.j2")
    return template.render(lang=lang_of(language), words=words, shops=shown, assets=assets)


def _line(week: str, entry: Mapping[str, Any], language: Language) -> dict[str, str]:
    found = Week.parse(week)
    note = ""
    if entry["status"] == "failed":
        note = say("reports.index.failed", language) + (say("reports.index.older", language) if entry["good"] else "")
    days = say("reports.index.days", language, first=found.monday, last=found.sunday)
    return {"week": week, "href": entry["page"], "days": days, "note": note}


def _entry(reports: Path, result: ReportResult) -> dict[str, Any]:
    page = Path(os.path.relpath(result.page, reports)).as_posix() if result.page else ""
    status = "ok" if result.status == "skipped" else result.status
    return {"status": status, "page": page, "good": read_record(result.folder).get("status") == "ok"}


def _remembered(reports: Path) -> dict[str, Any]:
    try:
        shops = json.loads((reports / _MEMORY).read_text("utf-8"))
        return shops if isinstance(shops, dict) else _found(reports)
    except (OSError, ValueError):
        return _found(reports)


def _found(reports: Path) -> dict[str, Any]:
    shops: dict[str, Any] = {}
    for folder in sorted(p for p in reports.iterdir() if p.is_dir() and not p.name.startswith(("_", "."))):
        weeks = sorted((p for p in folder.iterdir() if _WEEK_FOLDER.fullmatch(p.name)), reverse=True)[:WEEKS_SHOWN]
        entries = {week.name: _found_entry(reports, week) for week in weeks}
        if entries:
            shops[folder.name] = {"name": folder.name, "weeks": entries}
    return shops


def _found_entry(reports: Path, week: Path) -> dict[str, Any]:
    page = week / "index.html"
    return {
        "status": last_attempt(week).get("status", "failed"),
        "page": page.relative_to(reports).as_posix() if page.is_file() else "",
        "good": read_record(week).get("status") == "ok",
    }


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, "utf-8")
    part.replace(path)
