"""Every shop of a run made ready to report: whoever has no new file at once, the others by an import each.

The look for new files is the first task of the very workers that make the reports, so that in most weeks no process
starts for it alone. An import gets a process of its own: what a large one leaves behind would count as a report's.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import date, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from pebble import ProcessPool
from rich.console import Console

from aftersales.reports.limits import start_watching
from aftersales.reports.workers import THREADS_VARIABLE, WorkerPool, threads_per_worker
from aftersales.sources.settings import Settings, Shop
from aftersales.week.preparing import Prepared, prepared, without_news
from aftersales.words.language import say


def made_ready(
    settings: Settings,
    shops: Sequence[Shop],
    *,
    week: str,
    as_of: date | None,
    with_import: bool,
    workers: int,
    pool: WorkerPool | None,
    screen: Console,
    now: datetime | None = None,
) -> tuple[list[Prepared], list[Prepared]]:
    """Import and pin every shop, several at once; those ready, those that failed, in the order given.

    ``pool`` looks for new files first; without one every shop is imported from.
    """
    rest = partial(prepared, settings.file, week=week, as_of=as_of, with_import=with_import, now=now)
    with screen.status("importing"):
        found = _looked(pool, shops, (settings.file, week, as_of, with_import), now) if pool else {}
        left = [shop for shop in shops if shop.id not in found]
        if len(shops) == 1 or workers == 1:
            found |= {shop.id: rest(shop.id) for shop in left}
        elif left:
            found |= _imported(rest, left, min(workers, len(left)))
    for shop in shops:
        for line in found[shop.id].said:
            screen.print(f"{shop.id}: {line}", markup=False, highlight=False, soft_wrap=True)
    ordered = [found[shop.id] for shop in shops]
    return [p for p in ordered if p.reason is None], [p for p in ordered if p.reason is not None]


def _looked(
    pool: WorkerPool, shops: Sequence[Shop], given: tuple[Path, str, date | None, bool], now: datetime | None
) -> dict[str, Prepared]:
    """Those shops that have nothing new, by id: each worker looks at its share of them (`without_news`)."""
    config, *rest = given
    shares = [[s.id for s in shops[k :: pool.workers]] for k in range(min(pool.workers, len(shops)))]
    looks = [pool.look(partial(without_news, now=now), config, share, *rest) for share in shares]
    found: dict[str, Prepared] = {}
    for look in looks:
        try:
            found |= {p.shop.id: p for p in look.result()}
        except Exception:  # whatever ended the look: the import meets it again and says so in words
            continue
    return found


def _imported(task: partial[Prepared], shops: Sequence[Shop], processes: int) -> dict[str, Prepared]:
    with ProcessPool(
        processes, initializer=_start_importing, initargs=(threads_per_worker(processes),), context=get_context("spawn")
    ) as pool:  # spawned: a process forked after a polars query hangs; watched: none outlives this one
        futures = [pool.schedule(task, args=(shop.id,)) for shop in shops]
        return {shop.id: _prepared_or_why(future, shop) for future, shop in zip(futures, shops, strict=True)}


def _start_importing(threads: int) -> None:
    os.environ[THREADS_VARIABLE] = str(threads)
    start_watching(None)


def _prepared_or_why(future: Future, shop: Shop) -> Prepared:
    try:
        return future.result()
    except Exception as error:  # an import that was killed, for want of memory most often, keeps no other shop back
        words = say("weekly.import_ended", shop.language[0], error=str(error) or type(error).__name__)
        return Prepared(shop, reason=words)
