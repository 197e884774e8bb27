"""How a batch gets on, for whoever watches: bars on a terminal, plain lines in a log, and a table at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from aftersales.words.language import Language, number, say
from aftersales_app.reports.batch import Step
from aftersales_app.reports.job import ReportJob, ReportResult
from aftersales_app.terminal import screen

_COLUMNS = ("shop", "week", "status", "seconds", "page", "reason")


@contextmanager
def shown_progress(
    jobs: Sequence[ReportJob], *, language: Language, console: Console | None = None
) -> Iterator[Callable[[Step], None]]:
    """What to give to ``run_batch`` as ``progress``: it shows a bar a running report, or prints a line a change."""
    console = console or screen()
    if not console.is_terminal:
        yield _lines(console, language)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[pages]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        whole = bars.add_task(say("reports.progress.title", language), total=len(jobs), pages=f"0/{len(jobs)}")
        yield _bars(bars, whole, len(jobs), language)


def print_summary(
    results: Sequence[ReportResult], *, language: Language, seconds: float, console: Console | None = None
) -> None:
    """Shop, week, status, seconds and page of every report; failed ones with their reason in words."""
    console = console or screen()
    if console.is_terminal:
        table = Table(*[say(f"reports.table.{name}", language) for name in _COLUMNS])
        for result in results:
            table.add_row(*[escape(cell) for cell in _cells(result, language)])
        console.print(table)
    count: dict[str, Any] = {status: sum(r.status == status for r in results) for status in ("ok", "skipped", "failed")}
    total = say("reports.progress.total", language, n=len(results), seconds=seconds, **count)
    console.print(total, markup=False, highlight=False, soft_wrap=True)


def _bars(bars: Progress, whole: TaskID, count: int, language: Language) -> Callable[[Step], None]:
    running: dict[Path, TaskID] = {}
    ended: list[ReportResult] = []

    def tell(step: Step) -> None:
        job, pages = step.job, len(step.job.notebooks) * len(step.job.languages)
        if step.state != "ended":
            if job.folder not in running:
                running[job.folder] = bars.add_task(f"{job.shop} {job.week}", total=pages, pages="")
            shown = say("reports.progress.notebooks", language, done=step.notebooks_done, all=pages)
            bars.update(running[job.folder], completed=step.notebooks_done, pages=shown)
            return
        if step.result is not None:
            ended.append(step.result)
        if job.folder in running:
            bars.remove_task(running.pop(job.folder))
        bars.update(whole, completed=len(ended), pages=f"{len(ended)}/{count}")

    return tell


def _lines(console: Console, language: Language) -> Callable[[Step], None]:
    started: set[Path] = set()

    def say_line(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    def tell(step: Step) -> None:
        job = step.job
        if step.state == "running" and job.folder not in started:
            started.add(job.folder)
            say_line(say("reports.progress.started", language, shop=job.shop, week=job.week))
        if step.state == "again":
            say_line(say("reports.progress.again", language, shop=job.shop, week=job.week))
        if step.result is not None:
            say_line(result_line(step.result, language))

    return tell


def result_line(result: ReportResult, language: Language) -> str:
    """One report as one line of a log.

    >>> result_line(ReportResult("demo", "2026-W46", "failed", Path("r"), None, 2.0, 0.0, (), "No orders."), "en")
    'demo 2026-W46: failed, 2.0 s. No orders.'
    """
    words: dict[str, Any] = {"shop": result.shop, "week": result.week, "seconds": result.seconds}
    if result.status == "failed":
        return say("reports.progress.failed", language, reason=result.reason or "", **words)
    status = say(f"reports.status.{result.status}", language)
    return say("reports.progress.ended", language, status=status, page=_shown_path(result.page), **words)


def _cells(result: ReportResult, language: Language) -> list[str]:
    status = say(f"reports.status.{result.status}", language)
    return [
        result.shop, result.week, status, number(result.seconds, digits=1), _shown_path(result.page),
        result.reason or "",
    ]  # fmt: skip


def _shown_path(page: Path | str | None) -> str:
    if page is None:
        return "–"
    if isinstance(page, str):  # an address in object storage
        return page
    relative = os.path.relpath(page)
    return str(page) if relative.startswith("..") else relative
