"""The weekly run: import what is new, report every shop, say how it went."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from pebble import ProcessPool
from rich.console import Console

from aftersales.sources.settings import Settings, Shop
from aftersales.sources.storage import TROUBLE, Folder, said_by_storage
from aftersales.words.errors import SetupError, UsageError, of_the_machine
from aftersales.words.language import say
from aftersales.words.panics import panics_as_errors
from aftersales.words.periods import Week
from aftersales_app.reports.batch import run_batch
from aftersales_app.reports.index import updated_index
from aftersales_app.reports.job import Engine, ReportJob, ReportResult
from aftersales_app.reports.limits import start_watching
from aftersales_app.reports.parameters import own_parameters, refuse_unknown, shop_parameters, text_parameters
from aftersales_app.reports.preparing import Prepared, prepared, without_news
from aftersales_app.reports.progress import print_summary, result_line, shown_progress
from aftersales_app.reports.published import ASSETS
from aftersales_app.reports.run_lock import one_weekly_run
from aftersales_app.reports.tidying import run_tidy
from aftersales_app.reports.workers import (
    THREADS_VARIABLE,
    WorkerPool,
    available_cores,
    threads_per_worker,
    worker_pool,
)
from aftersales_app.starting import shipped
from aftersales_app.terminal import screen

ENGINES: tuple[Engine, ...] = ("in-process", "kernel")
PLACES = ("local", "dask")
FINDINGS = "aftersales.week.findings:write_findings"
MAILS = "aftersales_app.mail.mail_parts:write_mails"
LEAST_SECONDS, SECONDS_A_MILLION = 600, 180
MEMORY_LIMIT_MB = 6 * 1024  # a large shop's weekly run is to fit into six gigabytes; a small one takes a tenth


@dataclass(frozen=True)
class Outcome:
    """How a weekly run went: what to print, and the exit code (1: a report is missing, or lacks a file)."""

    results: tuple[ReportResult, ...]
    failures: tuple[Prepared, ...]
    lines: tuple[str, ...]
    exit_code: int


def run_weekly(
    settings: Settings,
    *,
    shops: Sequence[str] = (),
    week: str | None = None,
    workers: int = 0,
    engine: str = "in-process",
    on: str = "local",
    scheduler: str | None = None,
    resume: bool = False,
    with_import: bool = True,
    as_of: date | None = None,
    now: datetime | None = None,
    time_limit_seconds: float | None = None,
    parameters: Sequence[str] = (),
    memory_limit_mb: float = MEMORY_LIMIT_MB,
    notebooks: Sequence[Path] = (),
    console: Console | None = None,
) -> Outcome:
    """Report the shops' weeks; a shop that cannot be reported is named and keeps no other back.

    Rows more than a day after ``now`` (the clock) are set aside by the import, and no later week is chosen. Without
    ``time_limit_seconds`` a report may take what is `seconds_allowed` for the largest shop. With ``on`` "dask"
    the reports are made by the workers of the cluster at ``scheduler``, or of one started here; the imports, which need
    the key of the installation, stay on this machine. Raises `UsageError` before anything starts for an unknown
    shop, week, engine or notebook parameter.
    """
    started = time.monotonic()
    chosen = [settings.shop(s) for s in shops] or list(settings.shops)
    if engine not in ENGINES:
        raise UsageError(f"There is no engine '{engine}'", found=", ".join(ENGINES))
    if on not in PLACES:
        raise UsageError(f"There is nothing called '{on}' to run on", found=", ".join(PLACES))
    if scheduler and on != "dask":
        raise UsageError("--scheduler is the address of a Dask scheduler", hint="add --on dask")
    asked = str(Week.parse(week)) if week else ""
    books = tuple(notebooks) or notebook_paths(settings)
    extra = text_parameters(parameters, books)
    refuse_unknown(books, extra)
    of_shop = {
        shop.id: {n: v for n, v in shop_parameters(shop, books).items() if n.rpartition(".")[2] not in extra} | extra
        for shop in chosen
    }
    for shop in chosen:
        for book in books if of_shop[shop.id] else ():
            own_parameters(book, of_shop[shop.id])
    console = console or screen(stderr=True)
    cores = workers or available_cores()
    language = chosen[0].language[0]
    with one_weekly_run(settings), ExitStack() as stack:
        cluster = pool = None
        if on == "local":
            pool = stack.enter_context(
                worker_pool(
                    min(cores, len(chosen)),
                    seconds=seconds_allowed(0),
                    memory_mb=memory_limit_mb,
                    runs=len(books) * max(len(shop.language) for shop in chosen),
                )
            )
        else:
            from aftersales_app.reports.cluster import connected

            cluster = stack.enter_context(connected(scheduler, workers=cores, language=language, screen=console))
        ready, failures = prepare_shops(
            settings,
            chosen,
            week=asked,
            as_of=as_of,
            with_import=with_import and as_of is None,
            workers=cores,
            pool=pool,
            screen=console,
            now=now,
        )
        limit = time_limit_seconds or seconds_allowed(max((p.lines for p in ready), default=0))
        reports = Folder(settings.reports_path)
        _check_writable(reports)
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="aftersales-"))) if reports.remote else None
        made_in = scratch or reports.local
        jobs = [
            ReportJob(
                shop=p.shop.id,
                week=p.week,
                languages=p.shop.language,
                notebooks=books,
                config=settings.file,
                commit=str(p.commit),
                folder=made_in / p.shop.id / p.week,
                assets=made_in / ASSETS,
                engine=engine,
                parameters=of_shop[p.shop.id],
                findings=FINDINGS,
                mails=MAILS,
                explorer=True,  # type: ignore[arg-type]
                shop_name=p.shop.name,
                published=reports.path if reports.remote else "",
            )
            for p in ready
        ]
        executor = None
        if cluster is not None and jobs:
            from aftersales_app.reports.cluster import DaskExecutor

            executor = DaskExecutor(cluster, settings, limit, memory_limit_mb, most=workers)
            executor.check(jobs[0].shop)
        progress = stack.enter_context(shown_progress(jobs, language=language, console=console))
        results = run_batch(
            jobs,
            workers=cores,
            time_limit_seconds=limit,
            memory_limit_mb=memory_limit_mb,
            resume=resume,
            progress=progress,
            executor=executor,
            pool=pool,
        )
        index = updated_index(reports.path, results, language=language, names={s.id: s.name for s in chosen})
        tidied = _tidied(settings, chosen)
        print_summary(results, language=language, seconds=time.monotonic() - started, console=console)
        lines = tidied + _closing_lines(results, failures, ready, index, language=language)
        failed = bool(failures) or any(r.status == "failed" for r in results) or any(p.incomplete for p in ready)
        return Outcome(tuple(results), tuple(failures), tuple(lines), 1 if failed else 0)


def seconds_allowed(lines: int) -> float:
    """How long a report may take where nobody says: ten minutes, and three more for each million order lines.

    Some three times what it was measured to take, for slower and busier machines.

    >>> seconds_allowed(100_000), seconds_allowed(10_000_000)
    (618.0, 2400.0)
    """
    return LEAST_SECONDS + SECONDS_A_MILLION * lines / 1e6


def _tidied(settings: Settings, shops: Sequence[Shop]) -> list[str]:
    try:
        with panics_as_errors():
            went, failed = run_tidy(settings, shops)
        return [*went, *(f"tidy: {one}" for one in failed)]
    except Exception as error:  # the reports are there; what could not be cleared up is tried again next week
        return [f"tidy: {of_the_machine(error) or error}"]


def _closing_lines(
    results: Sequence[ReportResult],
    failures: Sequence[Prepared],
    ready: Sequence[Prepared],
    index: Path | str,
    *,
    language: str,
) -> list[str]:
    """What stays on the screen: failures by name and reason, then the report's path as the last line."""
    lines = [say("weekly.failed", language, shop=f.shop.id, reason=f.reason or "") for f in failures]  # type: ignore[arg-type]
    lines += [result_line(r, language) for r in results if r.status == "failed"]  # type: ignore[arg-type]
    lines += [say("weekly.incomplete", language, shop=p.shop.id) for p in ready if p.incomplete]  # type: ignore[arg-type]
    pages = [r.page for r in results if r.page is not None and r.status != "failed"]
    lines += [str(p) for p in pages]
    if pages:
        lines.append(str(index))
    return lines


def notebook_paths(settings: Settings) -> tuple[Path, ...]:
    """The notebooks of the run: those beside shops.toml where there are any, else the program's own."""
    for folder in (settings.file.parent / "notebooks", shipped("notebooks")):
        found = tuple(sorted(folder.glob("[0-9][0-9]-*.ipynb")))
        if found:
            return found
    raise SetupError("There are no notebooks to run", hint="run inside the project's folder or copy notebooks/ here")


def _check_writable(reports: Folder) -> None:
    probe = f".probe-{os.getpid()}"
    try:
        reports.write(probe, b"")
        reports.remove(probe)
    except TROUBLE as error:
        found = error.strerror if isinstance(error, OSError) and error.strerror else said_by_storage(error)
        raise SetupError(f"The reports folder {reports.path} cannot be written", found=found) from None


# Every shop of a run made ready to report: whoever has no new file at once, the others by an import each.


def prepare_shops(
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
