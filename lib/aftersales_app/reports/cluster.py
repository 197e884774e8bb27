"""The batch on a Dask cluster: the same jobs, the same words; a lost worker's jobs run again on another.

Jobs are given out as workers come free, never more than they can take: whoever dies takes one job a slot with it, and
the scheduler gives that to another worker. A job whose workers died too often is named as failed and the rest goes on.
"""

from __future__ import annotations

import gc
import logging
import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

from rich.console import Console

from aftersales.sources.settings import Settings
from aftersales.sources.storage import Folder
from aftersales.words.errors import AftersalesError, SetupError, error_words
from aftersales.words.language import Language, say
from aftersales_app.reports.batch import Step, Tell, in_place
from aftersales_app.reports.job import ReportJob, ReportResult
from aftersales_app.reports.remote_job import TOPIC, RemoteJob, WorkerFacts, facts, run_remote, travelling_settings
from aftersales_app.reports.version import code_version, fingerprint
from aftersales_app.reports.workers import GRACE_SECONDS, failed_report, threads_per_worker

SCHEDULER_VARIABLE = "AFTERSALES_SCHEDULER"
CONNECT_SECONDS = 15
FIRST_WORKER_SECONDS = 60  # a scheduler and its workers are often started in one go with the run
# A cluster may lose its last worker and get another: a machine that starts again takes a minute or two.
NO_WORKERS_SECONDS = 180.0
# A worker that has not ended a job this long after its limit is frozen or cut off: nothing will come of it.
SILENT_SECONDS = 60.0
DEATHS_ALLOWED = 2  # in a cluster of our own; another's scheduler has its own number, allowed-failures
_LOOK_EVERY_SECONDS, _COUNT_EVERY_SECONDS = 0.1, 1.0


@contextmanager
def connected(scheduler: str | None, *, workers: int, language: Language, screen: Console) -> Iterator[Any]:
    """A client of the scheduler at that address; without one, of a cluster of ``workers`` processes started here.

    The address may stand in the environment (AFTERSALES_SCHEDULER); which of the two it is, is said on the screen.
    Raises `SetupError` where Dask is not installed, nobody answers or there are no workers.
    """
    distributed, dask = _installed()
    address = scheduler = scheduler or os.environ.get(SCHEDULER_VARIABLE) or None
    with ExitStack() as stack:
        if scheduler is None:
            screen.print(say("cluster.started", language, n=workers), markup=False, highlight=False, soft_wrap=True)
            stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": DEATHS_ALLOWED}))
            scheduler = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address=None,
                    memory_limit=0,
                    silence_logs=logging.CRITICAL,
                )
            )
        client, failed = None, ""
        try:
            client = stack.enter_context(distributed.Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False))
        except (OSError, TimeoutError, ValueError) as error:
            failed = str(error).split("\n", 1)[0][:200]
        if client is None:
            gc.collect()  # a half-made client closes when collected; inside the next one's start it would hang
            raise SetupError(
                f"The Dask scheduler {scheduler} cannot be reached",
                found=failed,
                hint="start one with `dask scheduler`, and name its address like tcp://10.0.0.5:8786",
            )
        try:
            client.wait_for_workers(1, timeout=FIRST_WORKER_SECONDS)
        except TimeoutError:
            raise SetupError(
                f"The Dask scheduler {scheduler} has no workers",
                hint=f"start some with `dask worker {scheduler} --nthreads 1`",
            ) from None
        if address is not None:
            said = say("cluster.connected", language, scheduler=address, n=len(client.nthreads()))
            screen.print(said, markup=False, highlight=False, soft_wrap=True)
        yield client


def _installed() -> tuple[Any, Any]:
    try:
        import dask
        import distributed
    except ImportError as error:
        raise SetupError(
            "--on dask needs Dask, which is not installed",
            found=str(error),
            hint="install it with `pip install 'aftersales[dask]'`, on the workers too",
        ) from None
    # what its own log says of dead workers, the run tells in its own words
    for name in ("distributed.worker", "distributed.nanny", "distributed.scheduler", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return distributed, dask


@dataclass
class DaskExecutor:
    """What makes the jobs of a batch on a cluster; give it to ``run_batch``. ``most`` limits jobs at once (0: none)."""

    client: Any
    settings: Settings
    seconds: float
    memory_mb: float | None = None
    most: int = 0
    threads: dict[str, int] = field(default_factory=dict)

    def check(self, shop_id: str) -> dict[str, WorkerFacts]:
        """See that all workers have this code and reach store and reports; `SetupError` names one that does not."""
        reports, probe = Folder(self.settings.reports_path), f".probe-{uuid4().hex[:12]}"
        reports.write(probe, b"")
        try:
            given = (self.settings.store_path, shop_id, reports.path, probe)
            found = self.client.run(facts, *given, on_error="return")
        finally:
            reports.remove(probe)
        slots: dict[str, int] = {}
        for address, known in found.items():
            _refuse(address, known)
            slots[known.machine] = slots.get(known.machine, 0) + known.slots
        self.threads = {a: threads_per_worker(slots[k.machine], k.cores) for a, k in found.items()}
        return found

    def __call__(self, todo: Mapping[int, ReportJob], tell: Tell) -> dict[int, ReportResult]:
        """Make the jobs, each by its number; every step is told."""
        heard: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self.client.subscribe_topic(TOPIC, lambda event: heard.put(event[1]))
        run = _Run(self, dict(todo), tell, deque(todo))
        try:
            while run.waiting or run.futures:
                run.look(heard)
                time.sleep(_LOOK_EVERY_SECONDS)
        finally:
            self.client.cancel(list(run.futures.values()), force=True)
            self.client.unsubscribe_topic(TOPIC)
        return run.results


@dataclass
class _Run:
    """One batch under way."""

    by: DaskExecutor
    todo: dict[int, ReportJob]
    tell: Tell
    waiting: deque[int]
    name: str = field(default_factory=lambda: uuid4().hex[:12])
    futures: dict[int, Any] = field(default_factory=dict)
    results: dict[int, ReportResult] = field(default_factory=dict)
    since: dict[int, float] = field(default_factory=dict)
    first: dict[int, float] = field(default_factory=dict)
    at: dict[int, str] = field(default_factory=dict)
    slots: int = 0
    counted: float = 0.0
    alone_since: float | None = None

    def look(self, heard: SimpleQueue[dict[str, Any]]) -> None:
        """Hear what workers said, take what has ended, give up what never will, give out what there is room for."""
        self._count()
        while True:
            try:
                self._hear(heard.get_nowait())
            except Empty:
                break
        for number, future in list(self.futures.items()):
            if future.done():
                self._end(number, self._outcome(number, future))
            elif (began := self.since.get(number)) is not None and time.monotonic() > began + self._patience():
                self.by.client.cancel([future], force=True)
                limit = say("reports.failed.time", self._language(number), limit=self.by.seconds)
                self._end(number, self._failed(number, limit))
        if self.alone_since is not None and time.monotonic() > self.alone_since + NO_WORKERS_SECONDS:
            for number in [*self.futures, *self.waiting]:
                self._end(number, self._failed(number, say("cluster.no_workers", self._language(number))))
            self.waiting.clear()
        room = min(self.slots, self.by.most or self.slots) - len(self.futures)
        for _ in range(min(room, len(self.waiting))):
            self._give_out(self.waiting.popleft())

    def _patience(self) -> float:
        return self.by.seconds + GRACE_SECONDS + SILENT_SECONDS

    def _count(self) -> None:
        """How many jobs the cluster can take now; workers come and go."""
        if time.monotonic() < self.counted + _COUNT_EVERY_SECONDS:
            return
        try:
            self.slots = sum(self.by.client.nthreads().values())
        except (OSError, TimeoutError):  # the scheduler is gone, or does not answer for a while
            self.slots = 0
        self.counted = time.monotonic()
        self.alone_since = None if self.slots else (self.alone_since or self.counted)

    def _hear(self, event: Mapping[str, Any]) -> None:
        number = event["number"]
        if number not in self.futures or event["key"] != self._key(number):
            return
        if self.at.get(number) != event["worker"]:
            if number in self.at:
                self.tell(Step(self.todo[number], "again"))
            self.at[number], self.since[number] = event["worker"], time.monotonic()
            self.first.setdefault(number, self.since[number])
        self.tell(Step(self.todo[number], "running", event["done"]))

    def _give_out(self, number: int) -> None:
        job = self.todo[number]
        remote = RemoteJob(
            number,
            _bare(job),
            travelling_settings(self.by.settings, job.shop),
            tuple((path.name, path.read_bytes()) for path in job.notebooks),
            code_version(),
            self.by.seconds,
            self.by.memory_mb,
            self.by.threads,
        )
        key = self._key(number)
        self.futures[number] = self.by.client.submit(run_remote, remote, key, key=key, pure=False)

    def _key(self, number: int) -> str:
        return f"{self.todo[number].shop}-{self.todo[number].week}-{self.name}"

    def _outcome(self, number: int, future: Any) -> ReportResult:
        from distributed import KilledWorker

        language = self._language(number)
        try:
            return future.result(timeout=CONNECT_SECONDS)
        except KilledWorker as error:
            died = error.allowed_failures + 1
            return self._failed(number, say("cluster.deaths", language, n=died))
        except AftersalesError as error:
            return self._failed(number, str(error))
        except (CancelledError, OSError, TimeoutError):
            return self._failed(number, say("cluster.lost", language))
        except Exception as error:  # whatever it was, the others go on
            words = error_words(type(error).__name__, str(error))
            return self._failed(number, say("reports.failed.report", language, error=words))

    def _failed(self, number: int, reason: str) -> ReportResult:
        began = self.first.get(number)
        return failed_report(self.todo[number], reason, time.monotonic() - began if began is not None else 0.0)

    def _end(self, number: int, result: ReportResult) -> None:
        self.futures.pop(number, None)
        self.results[number] = in_place(self.todo[number], result)
        self.tell(Step(self.todo[number], "ended", result=self.results[number]))

    def _language(self, number: int) -> Language:
        return self.todo[number].languages[0]


def _bare(job: ReportJob) -> ReportJob:
    """The job without paths that mean something on this machine only."""
    return replace(job, notebooks=(), config=job.config and Path(job.config.name), made_from=fingerprint(job))


def _refuse(address: str, known: WorkerFacts | BaseException) -> None:
    if isinstance(known, ImportError):
        raise SetupError(
            f"The worker {address} cannot import the program",
            found=str(known),
            hint="install aftersales[dask] where `dask worker` runs",
        )
    if isinstance(known, BaseException):
        raise SetupError(f"The worker {address} cannot be asked", found=error_words(type(known).__name__, str(known)))
    if known.code != code_version():
        raise SetupError(
            f"The worker {address} has another version of the program",
            found=f"{known.code}, here is {code_version()}",
            hint="install the same on all machines",
        )
    if known.trouble:
        raise SetupError(
            f"The worker {address} does not reach store and reports",
            found=known.trouble,
            hint="keep both in object storage (s3://…), with AWS_* set where `dask worker` runs, or in a shared folder",
        )
