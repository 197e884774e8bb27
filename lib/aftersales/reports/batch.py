"""Many reports at once: spawned workers that import once, limits that kill, and one failure that stays one.

Workers are spawned, never forked: a process forked after any polars query hangs. Each has its share of the cores for
polars; two workers with all cores each are slower than one.
"""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Literal

from pebble import ProcessExpired, ProcessPool

from aftersales.reports.job import ReportJob, ReportResult
from aftersales.reports.limits import EXIT_MEMORY, EXIT_ORPHANED, EXIT_TIME, start_watching, time_limit
from aftersales.reports.notebook import error_words
from aftersales.reports.place import abandoned, partial_folder
from aftersales.reports.process_state import environment
from aftersales.reports.run import already_made, check_job, finish, run_report
from aftersales.words.errors import QuestionError
from aftersales.words.language import say

# Toy notebooks leave a worker as it was; on real data one was seen to grow by up to 12 MB a notebook. It is renewed
# before that could pass this much.
GROWTH_ALLOWED_MB, GROWTH_A_NOTEBOOK_MB = 1000, 12
# The worker ends itself at its limit; the pool steps in this much later, when a thread of the worker cannot run.
GRACE_SECONDS = 3.0
_LOOK_EVERY_SECONDS = 0.25
_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}


@dataclass(frozen=True)
class Step:
    """What ``progress`` hears: a job that runs, with notebooks done so far, or one that has ended, with its result."""

    job: ReportJob
    state: Literal["running", "ended"]
    notebooks_done: int = 0
    result: ReportResult | None = None


def run_batch(
    jobs: Sequence[ReportJob],
    *,
    workers: int,
    time_limit_seconds: float,
    memory_limit_mb: float | None = None,
    resume: bool = False,
    progress: Callable[[Step], None] | None = None,
) -> list[ReportResult]:
    """Make all reports and return their results in the order of the jobs; none stops another.

    ``time_limit_seconds`` and ``memory_limit_mb`` hold for one report; a report that passes one is killed. With
    ``resume`` a report that is there and would come out the same is kept. Unknown or ill-typed parameters are refused
    before anything starts (`QuestionError`).
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
    if todo:
        share = {"POLARS_MAX_THREADS": str(threads_per_worker(min(workers, len(todo)))), "PYTHONHASHSEED": "0"}
        with environment(share):  # what a worker inherits, also one that is renewed later
            results |= _made(todo, min(workers, len(todo)), time_limit_seconds, memory_limit_mb, tell)
    return [results[number] for number in range(len(jobs))]


def threads_per_worker(workers: int, cores: int | None = None) -> int:
    """Each worker's share of the cores, one at least.

    >>> threads_per_worker(2, cores=8), threads_per_worker(4, cores=2)
    (4, 1)
    """
    return max(1, (cores or available_cores()) // max(1, workers))


def available_cores() -> int:
    """The cores this process may use, where the system tells it; else those the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limited_report(job: ReportJob, seconds: float) -> ReportResult:
    """Make one report in this worker, within its time."""
    if not gc.get_freeze_count():
        gc.freeze()  # what was imported stays: the clearing-up after each notebook need not look through it
    with time_limit(seconds):
        return run_report(job)


def _made(
    todo: dict[int, ReportJob], workers: int, seconds: float, memory_mb: float | None, tell: Callable[[Step], None]
) -> dict[int, ReportResult]:
    runs = max(len(job.notebooks) * len(job.languages) for job in todo.values())
    renew_after = max(1, GROWTH_ALLOWED_MB // (GROWTH_A_NOTEBOOK_MB * runs))
    pool = ProcessPool(
        max_workers=workers, max_tasks=renew_after, context=get_context("spawn"),
        initializer=start_watching, initargs=(memory_mb,),
    )  # fmt: skip
    results: dict[int, ReportResult] = {}
    try:
        futures: dict[Future, int] = {
            pool.schedule(limited_report, args=(job, seconds), timeout=seconds + GRACE_SECONDS): number
            for number, job in todo.items()
        }
        since: dict[int, float] = {}
        while futures:
            done, _ = wait(futures, timeout=_LOOK_EVERY_SECONDS, return_when="FIRST_COMPLETED")
            for future in done:
                number = futures.pop(future)
                spent = time.monotonic() - since.get(number, time.monotonic())
                results[number] = _ended(future, todo[number], seconds, memory_mb, spent)
                tell(Step(todo[number], "ended", result=results[number]))
            for future, number in futures.items():
                if future.running():
                    since.setdefault(number, time.monotonic())
                    tell(Step(todo[number], "running", _notebooks_done(todo[number])))
        pool.close()
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.join()
    return results


def _ended(future: Future, job: ReportJob, seconds: float, memory_mb: float | None, spent: float) -> ReportResult:
    try:
        return future.result()
    except Exception as error:  # whatever ended the worker, the others go on
        return _failed(job, _why(error, job, seconds, memory_mb), spent)


def _why(error: Exception, job: ReportJob, seconds: float, memory_mb: float | None) -> str:
    language = job.languages[0]
    code = error.exitcode if isinstance(error, ProcessExpired) else None
    if isinstance(error, TimeoutError) or code == EXIT_TIME:
        return say("reports.failed.time", language, limit=seconds)
    if code == EXIT_MEMORY:
        return say("reports.failed.memory", language, limit=memory_mb)
    if isinstance(error, BrokenProcessPool):
        return say("reports.failed.pool", language, error=error_words(type(error).__name__, str(error)))
    if code is not None and code < 0:
        key = "crashed" if -code in _CRASHES else "killed"
        return say(f"reports.failed.{key}", language, signal=signal.Signals(-code).name)
    if code is not None:
        return say("reports.failed.ended", language, code="–" if code == EXIT_ORPHANED else code)
    return say("reports.failed.report", language, error=error_words(type(error).__name__, str(error)))


def _failed(job: ReportJob, reason: str, spent: float) -> ReportResult:
    # what the dead worker had made so far is kept as the trail of the failed attempt
    left = abandoned(job.folder)
    partial = partial_folder(job.folder) if not left else left[-1]
    result = ReportResult(
        job.shop, job.week, "failed", job.folder, None, seconds=round(spent, 3), peak_memory_mb=0.0, reason=reason
    )
    return finish(job, result, partial, log=[], moment=datetime.now(UTC))


def _notebooks_done(job: ReportJob) -> int:
    folders = job.folder.parent.glob(f"{job.folder.name}.partial-*/notebooks")
    return max((sum(1 for _ in folder.glob("*.ipynb")) for folder in folders), default=0)


def _silent(step: Step) -> None:
    """Nobody listens."""
