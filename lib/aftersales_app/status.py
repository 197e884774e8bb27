"""What `aftersales status` says: shops, what files and days are there or missing, last runs, what is due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from aftersales.sources.crosschecks import HELD, held_words
from aftersales.sources.notes import note_lines
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.storage import Folder
from aftersales.sources.store import ShopStore
from aftersales.sources.unread_files import LeftOut, kept_left_out, names_shown
from aftersales.week.tables import Tables, last_day_by
from aftersales.words.errors import AftersalesError, UsageError, error_in
from aftersales.words.language import Language, say
from aftersales.words.panics import panics_as_errors
from aftersales.words.periods import Week, last_whole_week
from aftersales.words.plain import json_object

_SHOWN_GAPS, _SHOWN_NOTES = 5, 20
_ENDS = ("ok", "failed", "skipped", "running")


def status_lines(settings: Settings, unreadable: list[str] | None = None, *, now: datetime | None = None) -> list[str]:
    """Plain lines, a block a shop; a shop that cannot be read is named with its reason, and added to ``unreadable``."""
    lines = [f"store {settings.store_path}", f"reports {settings.reports_path}"]
    for shop in settings.shops:
        lines += ["", f"{shop.id}  {shop.name}"]
        try:
            with panics_as_errors():
                lines += [f"  {line}" for line in _shop_lines(settings, shop, now)]
        except AftersalesError as error:
            lines.append(f"  {error}")
            if unreadable is not None and not isinstance(error, UsageError):  # a shop may have nothing yet
                unreadable.append(shop.id)
    return lines


def _shop_lines(settings: Settings, shop: Shop, now: datetime | None) -> list[str]:
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    commit = store.head()
    tables = Tables(store, commit)
    files = tables["files"].collect()
    language = shop.language[0]
    made_at = commit.made_at.astimezone(shop.tz).replace(tzinfo=None)
    lines = [
        say(
            "status.imported", language, at=made_at, commit=commit.number, files=files.height,
            aside=files["rows_set_aside"].sum(),
        )
    ]  # fmt: skip
    held = tables["held"].filter(pl.col("state") == HELD).sort("file").collect()
    lines += [held_words(row, language, shop=shop.id) for row in held.iter_rows(named=True)]
    lines += note_lines(files, language, most=_SHOWN_NOTES, lacks=True)
    left_out = kept_left_out(store, commit)
    lines += _left_out_lines(left_out.values(), language)
    waiting = _new_files(settings, shop, {*files["file"], *left_out})
    if waiting:
        lines.append(say("status.waiting", language, files=", ".join(waiting)))
    if tables.last_day is None:
        return [*lines, say("status.no_orders", language)]
    lines.append(_days(tables, language))
    week = last_whole_week(last_day_by(now, tables, shop) or tables.last_day)
    lines.append(_last_run(settings, shop, week))
    return lines


def _left_out_lines(left_out: Iterable[LeftOut], language: Language) -> list[str]:
    """What the last imports left out, and why."""
    by_state: dict[str, list[LeftOut]] = {}
    for one in left_out:
        by_state.setdefault(one.state, []).append(one)
    lines = []
    for state, key in (("unreadable", "unread"), ("not_export", "not_exports"), ("duplicate", "duplicates")):
        names = [one.file for one in by_state.get(state, [])]
        if names:
            lines.append(say(f"reading.{key}", language, count=len(names), names=names_shown(names, language)))
    return lines + [f"  {error_in(one.why, language)}" for one in by_state.get("unreadable", [])[:_SHOWN_GAPS]]


def _new_files(settings: Settings, shop: Shop, known: set[str]) -> list[str]:
    from aftersales.sources.export_folder import found_files

    try:
        return [n for n, one in found_files(settings, shop).items() if one.is_export and n not in known]
    except AftersalesError as error:
        return [error_in(str(error), shop.language[0])]


def _days(tables: Tables, language: Language) -> str:
    days = (
        tables["orders"].select(day=pl.col("created_at").dt.date()).unique().drop_nulls().sort("day").collect()["day"]
    )
    if days.is_empty():
        return say("status.no_dates", language)
    every = {days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)}
    gaps = sorted(every - set(days))
    if not gaps:
        return say("status.days", language, first=days[0], last=days[-1])
    shown = ", ".join(str(g) for g in gaps[-_SHOWN_GAPS:])
    return say("status.days_gaps", language, first=days[0], last=days[-1], gaps=len(gaps), shown=shown)


def _last_run(settings: Settings, shop: Shop, week: Week) -> str:
    folder, language = Folder(settings.reports_path), shop.language[0]
    try:
        last = _latest_record(folder, shop.id)
    except AftersalesError as error:
        return error_in(str(error), language)
    if last is None:
        return say("status.no_report", language, week=str(week))
    key = "status.report" if last["week"] >= str(week) else "status.report_due"
    done = say(f"reports.status.{last['status']}", language) if last["status"] in _ENDS else last["status"]
    return say(key, language, last=last["week"], done=done, week=str(week))


def _latest_record(folder: Folder, shop_id: str) -> dict[str, Any] | None:
    """The record of the newest week that has one; the weeks are gone through from the latest, no further than that."""
    for week in sorted(folder.folders(shop_id), reverse=True):
        try:
            record = json_object(folder.read(f"{week}/run.json"))
        except OSError:
            continue
        if isinstance(record.get("week"), str) and isinstance(record.get("status"), str):
            return record
    return None
