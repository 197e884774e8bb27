"""Old states of the store go after a stated time: every day that --as-of promises can still be repeated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aftersales.sources.lock import import_lock
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.store import Commit, ShopStore


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
