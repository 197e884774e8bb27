"""`aftersales tidy`: old states of the store and old reports go after the time that shops.toml says."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aftersales.sources.lock import import_lock
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.storage import Folder
from aftersales.sources.store import Commit, ShopStore
from aftersales.words.errors import AftersalesError
from aftersales.words.language import say
from aftersales.words.periods import Week

_WEEK = re.compile(r"\d{4}-W\d{2}")
NEWEST_KEPT = 12  # of a shop that has stopped, the last quarter stays however old: the index page shows it


def run_tidy(settings: Settings, shops: Sequence[Shop], *, now: datetime | None = None) -> tuple[list[str], list[str]]:
    """Remove what is older than the settings keep, shop by shop; a line for whatever went, and for whatever failed."""
    moment = now or datetime.now(UTC)
    reports = Folder(settings.reports_path)
    lines: list[str] = []
    failed: list[str] = []
    for shop in shops:
        language = shop.language[0]
        try:
            states = tidy_store(settings, shop, now=moment)
        except AftersalesError as error:  # a damaged store costs its own shop's tidying
            failed.append(f"{shop.id}: {error}")
            continue
        if states:
            lines.append(say("tidy.states", language, shop=shop.id, n=states, days=settings.keep.as_of_days))
        old = [] if reports.remote else old_reports(reports.local / shop.id, settings.keep.report_weeks, moment)
        for folder in old:
            shutil.rmtree(folder)
        if old:
            lines.append(say("tidy.reports", language, shop=shop.id, n=len(old), weeks=settings.keep.report_weeks))
    return lines, failed


def old_reports(folder: Path, weeks: int, moment: datetime) -> list[Path]:
    """The report folders whose week began more than so many weeks ago, but for the newest dozen."""
    found = sorted(p for p in folder.iterdir() if _WEEK.fullmatch(p.name)) if folder.is_dir() else []
    since = moment.date() - timedelta(weeks=weeks)
    return [p for p in found[:-NEWEST_KEPT] if Week.parse(p.name).monday < since]


# Old states of the store go after a stated time: every day that --as-of promises can still be repeated.


def states_to_keep(commits: Sequence[Commit], *, since: datetime) -> list[Commit]:
    """The states that any day from ``since`` on may ask for, and the two last, so that an import can be taken back.

    That is every state made since then, and the one that stood at that moment. Oldest first, as given.

    >>> from aftersales.sources.store import Commit
    >>> made = [Commit(n, n - 1, datetime(2026, n, 1, tzinfo=UTC), "", "", {}, "") for n in (1, 2, 3, 4, 5)]
    >>> [c.number for c in states_to_keep(made, since=datetime(2026, 3, 15, tzinfo=UTC))]
    [3, 4, 5]
    """
    before = [c.number for c in commits if c.made_at <= since]
    wanted = {c.number for c in commits if c.made_at > since} | set(before[-1:])
    wanted |= {c.number for c in commits[-1:]} | {c.parent for c in commits[-1:] if c.parent is not None}
    return [c for c in commits if c.number in wanted]


def tidy_store(settings: Settings, shop: Shop, *, now: datetime | None = None) -> int:
    """Remove the shop's states older than the settings keep, with the files only they need; how many went."""
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    since = (now or datetime.now(UTC)) - timedelta(days=settings.keep.as_of_days)
    commits = store.commits()
    if len(states_to_keep(commits, since=since)) == len(commits) and not store.cleaning:
        return 0
    with import_lock(store.folder):
        store.finish_cleaning()
        commits = store.commits()
        kept = states_to_keep(commits, since=since)
        if len(kept) < len(commits):
            store.drop_uncommitted(commits[-1].versions)
            store.keep_commits([c.number for c in kept], why="tidy")
    return len(commits) - len(kept)
