"""Many reports at once, on this machine or elsewhere: checked before, told while they run, one failure stays one.

Each worker has its share of the cores for polars; two workers with all cores each are slower than one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import Literal

from aftersales.reports.job import ReportJob, ReportResult
from aftersales.reports.process_state import environment
from aftersales.reports.published import mend, put_in_place
from aftersales.reports.run import already_made, check_job
from aftersales.reports.workers import WorkerPool, notebooks_done
from aftersales.sources.places import TROUBLE, said_by_storage
from aftersales.words.errors import QuestionError
from aftersales.words.language import say

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
) -> list[ReportResult]:
    """Make all reports and return their results in the order of the jobs; none stops another.

    ``time_limit_seconds`` and ``memory_limit_mb`` hold for one report; a report that passes one is killed. With
    ``resume`` a report that is there and would come out the same is kept. Unknown or ill-typed parameters are refused
    before anything starts (`QuestionError`). ``executor`` makes the jobs elsewhere than in ``workers`` processes here.
    """
    folders = [job.folder.absolute() for job in jobs]
    if len(set(folders)) < len(folders):
        raise QuestionError("Two reports would be written to one folder", found=str(max(folders, key=folders.count)))
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
    elif todo:
        results |= _made(todo, min(workers, len(todo)), time_limit_seconds, memory_limit_mb, tell)
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


def threads_per_worker(workers: int, cores: int | None = None) -> int:
    """Each worker's share of the cores, one at least.

    >>> threads_per_worker(2, cores=8), threads_per_worker(4, cores=2)
    (4, 1)
    """
    return max(1, (cores or available_cores()) // max(1, workers))


def available_cores() -> int:
    """The cores this process may use, where the system tells it; else those the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_variables(threads: int) -> dict[str, str]:
    """The environment a worker is started in, for its share of the cores and the same order of everything."""
    return {"POLARS_MAX_THREADS": str(threads), "PYTHONHASHSEED": "0"}


def _made(
    todo: Mapping[int, ReportJob], workers: int, seconds: float, memory_mb: float | None, tell: Tell
) -> dict[int, ReportResult]:
    with environment(worker_variables(threads_per_worker(workers))):  # inherited, also by workers renewed later
        pool = WorkerPool(workers, seconds=seconds, memory_mb=memory_mb, runs=max(map(runs_of, todo.values())))
        try:
            results = _watched(pool, todo, tell)
        except BaseException:
            pool.stop()
            raise
        pool.close()
    return results


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
