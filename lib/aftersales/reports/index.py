"""``reports/index.html``: every shop's latest weeks. It costs the same after a thousand runs as after one.

The page is made from ``index.json`` beside it, which a run amends with its own results; the reports' folders are
looked through only when that file is lost, and then no deeper than what the page shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import FileLock
from jinja2 import Environment, PackageLoader

from aftersales.charts.markup import lang_of
from aftersales.reports.assets import assets_version, published_assets
from aftersales.reports.job import ReportResult
from aftersales.reports.place import FAILED_ATTEMPT
from aftersales.reports.published import ASSETS, OVERVIEW_PAGE, publish_assets, published_record
from aftersales.sources.lock import lease
from aftersales.sources.places import Folder
from aftersales.words.errors import QuestionError, SetupError
from aftersales.words.language import Language, say
from aftersales.words.periods import Week
from aftersales.words.plain import json_object

# a year and the same weeks of the year before; older reports stay in their folders
WEEKS_SHOWN = 60
_MEMORY, _PAGE, _LOCK = "index.json", "index.html", ".index.lock"
_WAIT_SECONDS = 120  # the page is written in a second or two
_WORDS = ("title", "intro", "none")
_TEMPLATES = Environment(loader=PackageLoader("aftersales.reports", "."), autoescape=True, keep_trailing_newline=True)


def updated_index(
    reports: Path | str, results: Sequence[ReportResult], *, language: Language, names: Mapping[str, str] | None = None
) -> Path | str:
    """Enter these results and write the page; its path, or its address in object storage.

    ``names`` gives shops their full names. A kept (skipped) report changes nothing where it is known. Several runs may
    do this at once.
    """
    folder = Folder(str(reports))
    with _alone(folder):
        shops = _remembered(folder)
        for result in results:
            weeks = shops.setdefault(result.shop, {"name": result.shop, "weeks": {}})["weeks"]
            if result.status != "skipped" or result.week not in weeks:
                weeks[result.week] = _entry(folder, result)
        for shop, name in (names or {}).items():
            if shop in shops:
                shops[shop]["name"] = name
        for known in shops.values():
            known["weeks"] = dict(sorted(known["weeks"].items(), reverse=True)[:WEEKS_SHOWN])
        folder.write(_MEMORY, json.dumps(shops, ensure_ascii=False, sort_keys=True, indent=0).encode())
        folder.write(_PAGE, _page(folder, shops, language).encode())
    return folder.join(_PAGE) if folder.remote else folder.local / _PAGE


def forget_weeks(folder: Folder, shop: str, weeks: Sequence[str], *, language: Language) -> None:
    """Take weeks whose reports were removed off the page; nothing happens where there is no page."""
    if not folder.remote and not (folder.local / _MEMORY).is_file():
        return
    with _alone(folder):
        shops = _remembered(folder)
        for week in weeks:
            shops.get(shop, {"weeks": {}})["weeks"].pop(week, None)
        shops = {name: known for name, known in shops.items() if known["weeks"]}
        folder.write(_MEMORY, json.dumps(shops, ensure_ascii=False, sort_keys=True, indent=0).encode())
        folder.write(_PAGE, _page(folder, shops, language).encode())


@contextmanager
def _alone(folder: Folder) -> Iterator[None]:
    if folder.remote:
        told = SetupError("Another run is writing the index page just now", found=folder.join(_LOCK))
        with lease(folder, _LOCK, wait_seconds=_WAIT_SECONDS, told=told):
            yield
        return
    folder.local.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.local / _LOCK):
        yield


def _page(folder: Folder, shops: Mapping[str, Any], language: Language) -> str:
    if folder.remote:
        with TemporaryDirectory() as scratch:
            publish_assets(Path(scratch), folder)
    else:
        published_assets(folder.local / ASSETS)
    shown = [
        {"name": shop["name"], "entries": [_line(week, entry, language) for week, entry in shop["weeks"].items()]}
        for _, shop in sorted(shops.items())
    ]
    words = {word: say(f"reports.index.{word}", language) for word in _WORDS}
    template = _TEMPLATES.get_template("index.html.j2")
    return template.render(lang=lang_of(language), words=words, shops=shown, assets=f"{ASSETS}/{assets_version()}/")


def _line(week: str, entry: Mapping[str, Any], language: Language) -> dict[str, str]:
    found = Week.parse(week)
    note = ""
    if entry["status"] == "failed":
        note = say("reports.index.failed", language) + (say("reports.index.older", language) if entry["good"] else "")
    days = say("reports.index.days", language, first=found.monday, last=found.sunday)
    return {"week": week, "href": entry["page"], "days": days, "note": note}


def _entry(folder: Folder, result: ReportResult) -> dict[str, Any]:
    week = f"{result.shop}/{result.week}"
    page = str(result.page).rsplit("/", 1)[-1] if result.page else ""
    status = "ok" if result.status == "skipped" else result.status
    return {"status": status, "page": f"{week}/{page}" if page else "", "good": _record(folder, week)["status"] == "ok"}


def _remembered(folder: Folder) -> dict[str, Any]:
    try:
        shops = json_object(folder.read(_MEMORY))
    except OSError:
        shops = {}
    return shops if shops and all(_is_shop(name, shop) for name, shop in shops.items()) else _found(folder)


def _is_shop(name: str, shop: Any) -> bool:
    """Whether that is what a run remembered of a shop: its name, and by week how it went and where its page is."""
    weeks = shop.get("weeks") if isinstance(shop, dict) else None
    return isinstance(weeks, dict) and isinstance(shop.get("name"), str) and all(
        _is_week(week) and isinstance(entry, dict) and entry.get("status") in ("ok", "failed")
        and isinstance(entry.get("good"), bool) and isinstance(entry.get("page"), str)
        and (not entry["page"] or entry["page"].startswith(f"{name}/{week}/")) for week, entry in weeks.items()
    )  # fmt: skip


def _is_week(text: str) -> bool:
    try:
        return str(Week.parse(text)) == text
    except QuestionError:
        return False


def _found(folder: Folder) -> dict[str, Any]:
    shops: dict[str, Any] = {}
    for shop in (name for name in folder.folders() if not name.startswith(("_", "."))):
        weeks = sorted((w for w in folder.folders(shop) if _is_week(w.rsplit("/", 1)[-1])), reverse=True)
        entries = {week.rsplit("/", 1)[-1]: _found_entry(folder, week) for week in weeks[:WEEKS_SHOWN]}
        if entries:
            shops[shop] = {"name": shop, "weeks": entries}
    return shops


def _found_entry(folder: Folder, week: str) -> dict[str, Any]:
    page = f"{week}/{OVERVIEW_PAGE}"
    good = _record(folder, week)["status"] == "ok"
    return {
        "status": _record(folder, f"{week}/{FAILED_ATTEMPT}", otherwise=_record(folder, week)["status"])["status"],
        "page": page if folder.names(page) else "",
        "good": good,
    }


def _record(folder: Folder, place: str, *, otherwise: str = "failed") -> dict[str, Any]:
    return {"status": otherwise} | published_record(folder, place)
