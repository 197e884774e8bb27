"""One report made on a worker of a Dask cluster: everything it needs travels with it, nothing of it stays there.

A worker hands the job to a process of its own, warm from the job before, with the same limits as in a run on one
machine. So a notebook that loops, crashes or eats memory costs its report and not the worker. What the job needs of
``shops.toml`` and the notebooks themselves come along; credentials of object storage do not, the worker has its own,
and the key of the installation is not needed to report.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import platform
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError, wait
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from aftersales.sources.settings import Settings
from aftersales.sources.storage import TROUBLE, Folder, said_by_storage
from aftersales.sources.store import ShopStore
from aftersales.words.errors import SetupError
from aftersales_app.reports.batch import runs_of
from aftersales_app.reports.job import ReportJob, ReportResult
from aftersales_app.reports.published import ASSETS
from aftersales_app.reports.version import code_version
from aftersales_app.reports.workers import WorkerPool, available_cores, notebooks_done, worker_variables

TOPIC = "aftersales"
_LOOK_EVERY_SECONDS = 0.25
_pools: dict[tuple[float, float | None], WorkerPool] = {}
_lock = Lock()


@dataclass(frozen=True)
class RemoteJob:
    """A job on its way: ``settings`` are those of its shop alone, ``threads`` each worker's share of its cores."""

    number: int
    job: ReportJob
    settings: str
    notebooks: tuple[tuple[str, bytes], ...]
    code: str
    seconds: float
    memory_mb: float | None
    threads: Mapping[str, int]


@dataclass(frozen=True)
class WorkerFacts:
    """What a run must know of a worker before it gives out jobs; ``trouble`` is why it could make none."""

    machine: str
    cores: int
    slots: int
    code: str
    trouble: str = ""


def travelling_settings(settings: Settings, shop_id: str) -> str:
    """The settings of one shop as text, every path absolute; no other shop's people travel along.

    A password never stands in shops.toml, so none travels.
    """
    alone = settings.model_copy(update={"shops": (settings.shop(shop_id),)})
    tree = alone.model_dump(mode="json", exclude={"file"}, exclude_none=True)
    tree["store"]["path"], tree["reports"]["path"] = settings.store_path, settings.reports_path
    return json.dumps(tree, ensure_ascii=False, sort_keys=True)


def facts(store_path: str, shop_id: str, reports_path: str, probe: str, dask_worker: Any = None) -> WorkerFacts:
    """What this worker is, and whether it reaches the store and the very reports folder that the run writes into."""
    found = WorkerFacts(platform.node(), available_cores(), dask_worker.state.nthreads, code_version())
    try:
        ShopStore(store_path, shop_id).commits()
        Folder(reports_path).read(probe)
    except TROUBLE as error:
        said = str(error) if isinstance(error, SetupError) else f"{reports_path}: {said_by_storage(error)}"
        return replace(found, trouble=said)
    return found


def run_remote(remote: RemoteJob, key: str) -> ReportResult:
    """Make the report of an remote on this worker and tell the run how it gets on; the result, staged."""
    from distributed import get_worker

    if remote.code != code_version():
        raise SetupError(
            f"The worker {platform.node()} has another version of the program",
            found=f"{code_version()}, the run has {remote.code}",
            hint="install the same on all machines",
        )
    worker = get_worker()
    job = _unpacked(remote, Path(worker.local_directory) / "aftersales")
    pool = _pool(remote, threads=remote.threads.get(worker.address, 1))
    future, started, told = pool.submit(job), 0.0, -1
    while not future.done():
        wait([future], timeout=_LOOK_EVERY_SECONDS)
        if future.running():
            started = started or time.monotonic()
            if (done := notebooks_done(job)) != told:
                told = done
                worker.log_event(TOPIC, {"key": key, "number": remote.number, "done": done, "worker": worker.address})
        if _unwanted(worker, key):
            future.cancel()  # ends its process
            raise CancelledError(key)
    spent = time.monotonic() - started if started else 0.0
    result = pool.outcome(future, job, spent=spent)
    return replace(result, folder=remote.job.folder)


def _unwanted(worker: Any, key: str) -> bool:
    """Whether the run has given the job up, or has gone."""
    task = worker.state.tasks.get(key)
    return task is None or task.state == "cancelled"


def _pool(remote: RemoteJob, *, threads: int) -> WorkerPool:
    """This worker's processes, started at its first job."""
    from distributed import get_worker

    limits = (remote.seconds, remote.memory_mb)
    with _lock:
        if limits not in _pools:
            for old in _pools.values():
                old.close()
            _pools.clear()
            # a worker under a nanny is a daemon, which may have no processes of its own unless it says otherwise
            multiprocessing.current_process().daemon = False
            os.environ.update(worker_variables(threads))
            _pools[limits] = WorkerPool(
                get_worker().state.nthreads,
                seconds=remote.seconds,
                memory_mb=remote.memory_mb,
                runs=runs_of(remote.job),
            )
        return _pools[limits]


def _unpacked(remote: RemoteJob, home: Path) -> ReportJob:
    """The job with what came along laid out in this worker's scratch folder."""
    digest = hashlib.sha256(remote.settings.encode())
    for name, content in remote.notebooks:
        digest.update(name.encode() + b"\0" + content)
    there = home / digest.hexdigest()[:16]
    for name, content in remote.notebooks:
        _laid_out(there / name, content)
    _laid_out(there / "shops.json", remote.settings.encode())
    config = there / "shops.json" if remote.job.config else None
    job = replace(remote.job, config=config, notebooks=tuple(there / name for name, _ in remote.notebooks))
    if not job.published:
        return job
    reports = home / "reports"
    return replace(job, folder=reports / job.shop / job.week, assets=reports / ASSETS)


def _laid_out(file: Path, content: bytes) -> None:
    if file.is_file():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.{time.monotonic_ns()}")
    part.write_bytes(content)
    part.replace(file)
