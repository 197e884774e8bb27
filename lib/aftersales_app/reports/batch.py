"""Many reports at once, on this machine or elsewhere: checked before, told while they run, one failure stays one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import Literal

from aftersales.sources.storage import TROUBLE, said_by_storage
from aftersales.words.errors import UsageError
from aftersales.words.language import say
from aftersales_app.reports.contents import check_job
from aftersales_app.reports.finalize import already_made
from aftersales_app.reports.job import ReportJob, ReportResult
from aftersales_app.reports.published import mend, put_in_place
from aftersales_app.reports.workers import WorkerPool, notebooks_done, worker_pool

_LOOK_EVERY_SECONDS = 0.25


@dataclass(frozen=True)
class Step:
    """What ``progress`` hears: a job that runs, with notebooks done so far, or one that has ended, with its result.

    One whose worker was lost runs again elsewhere, from the beginning.
    """

    job: ReportJob
    state: Literal["running", "again", "ended"]
    notebooks_done: int = 0
    result: ReportResult | None = None


Tell = Callable[[Step], None]
# Where jobs are made: each by its number, their outcomes by the same; every step is told.
Executor = Callable[[Mapping[int, ReportJob], Tell], dict[int, ReportResult]]


def run_batch(
    jobs: Sequence[ReportJob],
    *,
    workers: int,
    time_limit_seconds: float,
    memory_limit_mb: float | None = None,
    resume: bool = False,
    progress: Tell | None = None,
    executor: Executor | None = None,
    pool: WorkerPool | None = None,
) -> list[ReportResult]:
    """Make all reports and return their results in the order of the jobs; none stops another.

    ``time_limit_seconds`` and ``memory_limit_mb`` hold for one report; a report that passes one is killed. With
    ``resume`` a report that is there and would come out the same is kept. Unknown or ill-typed parameters are refused
    before anything starts (`UsageError`). ``executor`` makes the jobs elsewhere than in ``workers`` processes here,
    which are those of ``pool`` where there is one already.
    """
    folders = [job.folder.absolute() for job in jobs]
    if len(set(folders)) < len(folders):
        raise UsageError("Two reports would be written to one folder", found=str(max(folders, key=folders.count)))
    for job in jobs:
        check_job(job)
    tell = progress or _silent
    results: dict[int, ReportResult] = {}
    for number, job in enumerate(jobs):
        if resume and (kept := already_made(job)) is not None:
            results[number] = kept
            tell(Step(job, "ended", result=kept))
    todo = {number: job for number, job in enumerate(jobs) if number not in results}
    for job in todo.values():
        if job.published:
            mend(job)
    if todo and executor is not None:
        results |= executor(todo, tell)
    elif todo and pool is not None:
        pool.allow(time_limit_seconds)
        results |= _watched(pool, todo, tell)
    elif todo:
        runs = max(map(runs_of, todo.values()))
        with worker_pool(
            min(workers, len(todo)), seconds=time_limit_seconds, memory_mb=memory_limit_mb, runs=runs
        ) as own:
            results |= _watched(own, todo, tell)
    return [results[number] for number in range(len(jobs))]


def in_place(job: ReportJob, result: ReportResult) -> ReportResult:
    """The result once its report stands in its place: at once in a folder here, now in object storage."""
    if not job.published:
        return result
    try:
        return put_in_place(job, result)
    except TROUBLE as error:
        reason = say("reports.failed.storage", job.languages[0], error=said_by_storage(error))
        return replace(result, status="failed", page=None, reason=result.reason or reason)


def runs_of(job: ReportJob) -> int:
    """How many notebooks a job runs, counted in every language."""
    return len(job.notebooks) * len(job.languages)


def _watched(pool: WorkerPool, todo: Mapping[int, ReportJob], tell: Tell) -> dict[int, ReportResult]:
    results: dict[int, ReportResult] = {}
    futures: dict[Future, int] = {pool.submit(job): number for number, job in todo.items()}
    since: dict[int, float] = {}
    while futures:
        done, _ = wait(futures, timeout=_LOOK_EVERY_SECONDS, return_when="FIRST_COMPLETED")
        for future in done:
            number = futures.pop(future)
            spent = time.monotonic() - since.get(number, time.monotonic())
            results[number] = in_place(todo[number], pool.outcome(future, todo[number], spent=spent))
            tell(Step(todo[number], "ended", result=results[number]))
        for future, number in futures.items():
            if future.running():
                since.setdefault(number, time.monotonic())
                tell(Step(todo[number], "running", notebooks_done(todo[number])))
    return results


def _silent(step: Step) -> None:
    """Nobody listens."""
