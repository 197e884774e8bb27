"""``reports/index.html``: every shop's latest week in a few lines, the worst first, and the weeks before it.

The page is made from ``index.json`` beside it, which a run amends with its own results, so it costs the same after a
thousand runs as after one; the reports' folders are looked through only when that file is lost, and then no deeper
than what the page shows. It is written in each language that a report was made in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import FileLock
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from aftersales.charts.markup import lang_of
from aftersales.charts.svg import sparkline
from aftersales.sources.lock import lease
from aftersales.sources.storage import Folder
from aftersales.words.errors import SetupError, UsageError
from aftersales.words.language import LANGUAGES, Language, say
from aftersales.words.periods import Week
from aftersales.words.plain import json_object
from aftersales_app.reports.assets import assets_version, published_assets
from aftersales_app.reports.job import EXPLORER, ReportResult
from aftersales_app.reports.place import FAILED_ATTEMPT
from aftersales_app.reports.published import ASSETS, OVERVIEW_PAGE, publish_assets, published_record

# a year and the same weeks of the year before; older reports stay in their folders
WEEKS_SHOWN = 60
_MEMORY, _PAGE, _LOCK = "index.json", "index.html", ".index.lock"
_WAIT_SECONDS = 120  # the page is written in a second or two
_WORDS = ("title", "intro", "none", "weeks", "open", "trend")
_TEMPLATES = Environment(
    loader=PackageLoader("aftersales_app.reports", "."), autoescape=True, keep_trailing_newline=True
)


def updated_index(
    reports: Path | str, results: Sequence[ReportResult], *, language: Language, names: Mapping[str, str] | None = None
) -> Path | str:
    """Enter these results and write the page; its path, or its address in object storage.

    ``names`` gives shops their full names. A kept (skipped) report changes nothing where it is known. Several runs may
    do this at once.
    """
    folder = Folder(str(reports))
    with _alone(folder) as still_held:
        shops = _remembered(folder)
        for result in results:
            weeks = shops.setdefault(result.shop, {"name": result.shop, "weeks": {}})["weeks"]
            if result.status != "skipped" or result.week not in weeks:
                weeks[result.week] = _entry(folder, result)
        for shop, name in (names or {}).items():
            shops.setdefault(shop, {"weeks": {}})["name"] = name
        for known in shops.values():
            known["weeks"] = dict(sorted(known["weeks"].items(), reverse=True)[:WEEKS_SHOWN])
            for entry in list(known["weeks"].values())[1:]:
                entry.pop("summary", None)  # only the newest week is told
        still_held()
        _write(folder, shops, language)
    return folder.join(_PAGE) if folder.remote else folder.local / _PAGE


def forget_weeks(folder: Folder, shop: str, weeks: Sequence[str], *, language: Language) -> None:
    """Take weeks whose reports were removed off the page; nothing happens where there is no page."""
    if not folder.remote and not (folder.local / _MEMORY).is_file():
        return
    with _alone(folder) as still_held:
        shops = _remembered(folder)
        for week in weeks:
            shops.get(shop, {"weeks": {}})["weeks"].pop(week, None)
        shops = {name: known for name, known in shops.items() if known["weeks"]}
        still_held()
        _write(folder, shops, language)


@contextmanager
def _alone(folder: Folder) -> Iterator[Callable[[], None]]:
    if folder.remote:
        told = SetupError("Another run is writing the index page just now", found=folder.join(_LOCK))
        with lease(folder, _LOCK, wait_seconds=_WAIT_SECONDS, told=told) as still_held:
            yield still_held
        return
    folder.local.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.local / _LOCK):
        yield lambda: None


def _write(folder: Folder, shops: Mapping[str, Any], language: Language) -> None:
    """The memory, and the page in each language; the first is the one a reader opens."""
    folder.write(_MEMORY, json.dumps(shops, ensure_ascii=False, sort_keys=True, indent=0).encode())
    if folder.remote:
        with TemporaryDirectory() as scratch:
            publish_assets(Path(scratch), folder)
    else:
        published_assets(folder.local / ASSETS)
    spoken = {one for shop in shops.values() for entry in shop["weeks"].values() for one in entry.get("languages", [])}
    pages = {one: _PAGE if one == language else f"index.{one}.html" for one in LANGUAGES if one in {language, *spoken}}
    for one, name in pages.items():
        folder.write(name, _page(shops, one, pages).encode())


def _page(shops: Mapping[str, Any], language: Language, pages: Mapping[Language, str]) -> str:
    newest = max((next(iter(shop["weeks"]), "") for shop in shops.values()), default="")
    told = [_shop(shop, newest, language) for _, shop in sorted(shops.items())]
    others = [
        {"href": p, "lang": lang_of(o), "label": say("reports.page.language", o)}
        for o, p in pages.items()
        if o != language
    ]
    words = {word: say(f"reports.index.{word}", language) for word in _WORDS}
    return _TEMPLATES.get_template("index.html.j2").render(
        lang=lang_of(language),
        words=words | {"explorer": say("explorer.title", language)},
        shops=sorted(told, key=lambda shop: shop["order"]),
        others=others,
        assets=f"{ASSETS}/{assets_version()}/",
    )


def _shop(shop: Mapping[str, Any], newest: str, language: Language) -> dict[str, Any]:
    """What the page tells of a shop; what is missing or failed comes first, then the worst."""
    lines = [_line(week, entry, language) for week, entry in shop["weeks"].items()]
    week = next(iter(shop["weeks"]), "")
    entry: Mapping[str, Any] = shop["weeks"].get(week, {})
    summary = entry.get("summary") or {}
    told = summary.get("told", {})
    lacking = "" if week == newest and week else say("reports.index.lacking", language, week=newest or "–")
    failed = "".join(line["note"] for line in lines[:1])
    note = lacking or failed or ("" if told else say("reports.index.untold", language))
    spark = sparkline(
        summary.get("trend", []),
        normal=tuple(summary.get("normal", (None, None))),
        signal=bool(summary.get("signal")),
        width=160,
        height=36,
    )
    severity = [-part for part in summary.get("severity", (0, 0, 0))]
    return {
        "name": shop["name"], "lines": lines, "note": note, "spark": Markup(spark), "severe": bool(severity[0]),
        **(told.get(language) or next(iter(told.values()), {"headline": "", "do": []})),
        "order": (not (lacking or failed), severity),
    }  # fmt: skip


def _line(week: str, entry: Mapping[str, Any], language: Language) -> dict[str, str]:
    found = Week.parse(week)
    note = ""
    if entry["status"] == "failed":
        note = say("reports.index.failed", language) + (say("reports.index.older", language) if entry["good"] else "")
    days = say("reports.index.days", language, first=found.monday, last=found.sunday)
    own = [one for one in entry.get("languages", []) if one in LANGUAGES]
    page = entry["page"]
    suffix = f".{language}" if language in own[1:] else ""  # the first has the plain names
    page = page.removesuffix(".html") + f"{suffix}.html" if page else ""
    explorer = f"{page.rpartition('/')[0]}/{EXPLORER}{suffix}.html" if page and entry.get("explorer") is True else ""
    return {"week": week, "href": page, "days": days, "note": note, "explorer": explorer}


def _entry(folder: Folder, result: ReportResult) -> dict[str, Any]:
    week = f"{result.shop}/{result.week}"
    page = str(result.page).rsplit("/", 1)[-1] if result.page else ""
    status, record = "ok" if result.status == "skipped" else result.status, _record(folder, week)
    return {"status": status, "page": f"{week}/{page}" if page else "", "good": record["status"] == "ok"} | _told(
        record
    )


def _told(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a report's record says of its languages, and the summary that it holds, where it is one."""
    summary = {"summary": record["summary"]} if _is_summary(record.get("summary")) else {}
    summary |= {"explorer": True} if record.get("explorer") is True else {}
    return summary | ({"languages": record["languages"]} if _is_list_of_text(record.get("languages")) else {})


def _is_list_of_text(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(one, str) for one in found)


def _is_summary(found: Any) -> bool:
    def numbers(values: Any, most: int) -> bool:
        return (
            isinstance(values, list)
            and len(values) <= most
            and all(v is None or (isinstance(v, int | float) and isfinite(v)) for v in values)
        )

    return (
        isinstance(found, dict)
        and isinstance(found.get("told"), dict)
        and numbers(found.get("trend"), WEEKS_SHOWN)
        and numbers(found.get("normal"), 2)
        and len(found["normal"]) == 2
        and numbers(found.get("severity"), 3)
        and None not in found["severity"]
        and len(found["severity"]) == 3
        and all(
            isinstance(told, dict) and isinstance(told.get("headline"), str) and _is_list_of_text(told.get("do"))
            for told in found["told"].values()
        )
    )


def _remembered(folder: Folder) -> dict[str, Any]:
    try:
        shops = json_object(folder.read(_MEMORY))
    except OSError:
        shops = {}
    return shops if shops and all(_is_shop(name, shop) for name, shop in shops.items()) else _found(folder)


def _is_shop(name: str, shop: Any) -> bool:
    """Whether that is what a run remembered of a shop: its name, and by week how it went and where its page is."""
    weeks = shop.get("weeks") if isinstance(shop, dict) else None
    return (
        isinstance(weeks, dict)
        and isinstance(shop.get("name"), str)
        and all(
            _is_week(week)
            and isinstance(entry, dict)
            and entry.get("status") in ("ok", "failed")
            and isinstance(entry.get("good"), bool)
            and isinstance(entry.get("page"), str)
            and (not entry["page"] or entry["page"].startswith(f"{name}/{week}/"))
            and ("summary" not in entry or _is_summary(entry["summary"]))
            and _is_list_of_text(entry.get("languages", []))
            for week, entry in weeks.items()
        )
    )


def _is_week(text: str) -> bool:
    try:
        return str(Week.parse(text)) == text
    except UsageError:
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
    page, record = f"{week}/{OVERVIEW_PAGE}", _record(folder, week)
    return {
        "status": _record(folder, f"{week}/{FAILED_ATTEMPT}", otherwise=record["status"])["status"],
        "page": page if folder.names(page) else "",
        "good": record["status"] == "ok",
    } | _told(record)


def _record(folder: Folder, place: str, *, otherwise: str = "failed") -> dict[str, Any]:
    return {"status": otherwise} | published_record(folder, place)
