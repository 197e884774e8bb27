"""Worker processes of this machine: a job in, its outcome out; warm, renewed, ended at their limits.

Workers are spawned, never forked: a process forked after any polars query hangs. Whatever ends one is told in words and
the others go on.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from multiprocessing import active_children, get_context
from typing import Any

from pebble import ProcessExpired, ProcessPool
from pebble.pool.process import WORKERS_NAME

from aftersales.words.errors import error_in, error_words, of_the_machine
from aftersales.words.language import Language, say
from aftersales.words.panics import panics_as_errors
from aftersales_app.environment import environment
from aftersales_app.reports.finalize import finish
from aftersales_app.reports.job import ReportJob, ReportResult
from aftersales_app.reports.limits import EXIT_MEMORY, EXIT_ORPHANED, EXIT_TIME, start_watching, time_limit
from aftersales_app.reports.place import abandoned, partial_folder

# Toy notebooks leave a worker as it was; on real data one was seen to grow by up to 12 MB a notebook. It is renewed
# before that could pass this much.
GROWTH_ALLOWED_MB, GROWTH_A_NOTEBOOK_MB = 1000, 12
# The worker ends itself at its limit; the pool steps in this much later, when a thread of the worker cannot run.
GRACE_SECONDS = 3.0
LOOKS = 1  # what a worker is asked before its first report, for it is there anyway
# Polars' own share of the cores is read from here as it first runs.
THREADS_VARIABLE = "POLARS_MAX_THREADS"
_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}


class WorkerPool:
    """Processes that make reports, one at a time each. ``runs`` is how many notebooks the largest job runs.

    They inherit the environment they are started in, also those that are renewed later.
    """

    def __init__(self, workers: int, *, seconds: float, memory_mb: float | None, runs: int) -> None:
        self.workers, self.seconds, self.memory_mb = workers, seconds, memory_mb
        renew_after = max(1, GROWTH_ALLOWED_MB // (GROWTH_A_NOTEBOOK_MB * max(1, runs)))
        self._pool = ProcessPool(
            max_workers=workers,
            max_tasks=LOOKS + renew_after,
            context=get_context("spawn"),
            initializer=start_watching,
            initargs=(memory_mb,),
        )

    def allow(self, seconds: float) -> None:
        """From now on a report may take so long: how long it takes depends on shops that are only then known."""
        self.seconds = seconds

    def submit(self, job: ReportJob) -> Future:
        """Have a report made; what became of it is told by `outcome`."""
        return self._pool.schedule(limited_report, args=(job, self.seconds), timeout=self.seconds + GRACE_SECONDS)

    def look(self, task: Callable[..., Any], *given: Any) -> Future:
        """Have a worker look at something light before the reports begin; one look a worker at the most."""
        return self._pool.schedule(task, args=given)

    def outcome(self, future: Future, job: ReportJob, *, spent: float) -> ReportResult:
        """What became of a job, waiting for it; where its worker was ended after ``spent`` seconds, that in words."""
        try:
            return future.result()
        except Exception as error:  # whatever ended the worker, the others go on
            return failed_report(job, self._why(error, job), spent)

    def close(self) -> None:
        """Let the workers go once their jobs are done."""
        self._pool.close()
        self._pool.join()

    def stop(self) -> None:
        """End the workers at once, all of them together.

        The pool ends one after another, with its locks gone already: one just being started while it waits for a busy
        one would miss them, and say so on the screen. No other pool of this process is at work by then.
        """
        for worker in active_children():
            if worker.name == WORKERS_NAME:
                worker.terminate()
        self._pool.stop()
        self._pool.join()

    def _why(self, error: Exception, job: ReportJob) -> str:
        language = job.languages[0]
        code = error.exitcode if isinstance(error, ProcessExpired) else None
        if isinstance(error, TimeoutError) or code == EXIT_TIME:
            return say("reports.failed.time", language, limit=self.seconds)
        if code == EXIT_MEMORY:
            return say("reports.failed.memory", language, limit=self.memory_mb)
        if isinstance(error, BrokenProcessPool):
            return say("reports.failed.pool", language, error=error_words(type(error).__name__, str(error), language))
        if code is not None and code < 0:
            return self._signalled(signal.Signals(-code), language)
        if code is not None:
            return say("reports.failed.ended", language, code="–" if code == EXIT_ORPHANED else code)
        machine = of_the_machine(error)
        known = error_in(str(machine), language) if machine else None
        words = known or error_words(type(error).__name__, str(error), language)
        return say("reports.failed.report", language, error=words)

    def _signalled(self, ended_by: signal.Signals, language: Language) -> str:
        if ended_by == signal.SIGABRT and self.memory_mb is not None:  # so ends what asks polars for too much
            return say("reports.failed.aborted", language, signal=ended_by.name, limit=self.memory_mb)
        return say(f"reports.failed.{'crashed' if ended_by in _CRASHES else 'killed'}", language, signal=ended_by.name)


@contextmanager
def worker_pool(workers: int, *, seconds: float, memory_mb: float | None, runs: int) -> Iterator[WorkerPool]:
    """A pool whose workers share this machine's cores; they end with it."""
    with environment(worker_variables(threads_per_worker(workers))):  # inherited, also by workers renewed later
        pool = WorkerPool(workers, seconds=seconds, memory_mb=memory_mb, runs=runs)
        try:
            yield pool
        finally:
            pool.stop()  # all that was asked for is there, or not wanted any more; a worker just being renewed goes too


def threads_per_worker(workers: int, cores: int | None = None) -> int:
    """Each worker's share of the cores, one at least: two workers with all cores each are slower than one.

    >>> threads_per_worker(2, cores=8), threads_per_worker(4, cores=2)
    (4, 1)
    """
    return max(1, (cores or available_cores()) // max(1, workers))


def available_cores() -> int:
    """The cores this process may use, where the system tells it; else those the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_variables(threads: int) -> dict[str, str]:
    """The environment a worker is started in, for its share of the cores and the same order of everything."""
    return {THREADS_VARIABLE: str(threads), "PYTHONHASHSEED": "0"}


def limited_report(job: ReportJob, seconds: float) -> ReportResult:
    """Make one report in this worker, within its time."""
    from aftersales_app.reports.run import run_report  # papermill and all measures: only where reports are made

    if not gc.get_freeze_count():
        for named in filter(None, (job.findings, job.mails)):
            import_module(named.partition(":")[0])
        gc.freeze()  # what was imported stays: the clearing-up after each report need not look through it
    with time_limit(seconds), panics_as_errors():
        return run_report(job)


def failed_report(job: ReportJob, reason: str, spent: float) -> ReportResult:
    """The record of a report whose worker died; what it had made so far is kept as the trail of the failed attempt."""
    result = ReportResult(
        job.shop, job.week, "failed", job.folder, None, seconds=round(spent, 3), peak_memory_mb=0.0, reason=reason
    )
    try:
        left = abandoned(job.folder)
        partial = partial_folder(job.folder) if not left else left[-1]
        return finish(job, result, partial, log=[], moment=datetime.now(UTC))
    except OSError:  # a full disk takes no record either; the good report of before stays in its place
        return result


def notebooks_done(job: ReportJob) -> int:
    """How many notebooks of a job that runs on this machine are done."""
    folders = job.folder.parent.glob(f"{job.folder.name}.partial-*/notebooks")
    return max((sum(1 for _ in folder.glob("*.ipynb")) for folder in folders), default=0)
