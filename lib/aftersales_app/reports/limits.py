"""Limits a worker process keeps by itself: time, memory, and not outliving whoever started it.

A thread looks every fraction of a second and ends the process at once where a limit is passed, kernels it started
first. The pool's own time limit stands behind it, for code that never lets the thread run.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

EXIT_TIME, EXIT_MEMORY, EXIT_ORPHANED = 113, 114, 115
_LOOK_EVERY_SECONDS = 0.1
# Who the children are takes a walk through all processes of the machine: one part in so many of the time at the most.
_CENSUS_EVERY_SECONDS, _CENSUS_SHARE = 0.8, 40
_MB = 1024 * 1024
# Times the limit: what was asked for and never touched counts here, and what was given back and is kept for the next
# request. A report of fifty million lines held 5.7 GB and counted fifteen.
_MOST_ASKED_FOR = 6
_deadline: float | None = None


def start_watching(memory_limit_mb: float | None) -> None:
    """Begin to watch this process; called once as a worker starts."""
    parent = os.getppid()
    if memory_limit_mb is not None and hasattr(resource, "RLIMIT_DATA"):
        # one single request beyond all bounds fails at once, before the thread looks again
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        most = most_asked_for(memory_limit_mb, psutil.virtual_memory().total / _MB) * _MB
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))
    threading.Thread(target=_watch, args=(parent, memory_limit_mb), name="limits", daemon=True).start()


def most_asked_for(memory_limit_mb: float, machine_mb: float) -> int:
    """How many megabytes a process may ask for altogether; it is ended earlier where it holds more than its limit.

    No more than the machine has beside the limit: what would be touched at once and fits nowhere fails.

    >>> most_asked_for(900, 24_000), most_asked_for(6144, 24_000)
    (5400, 30144)
    """
    return int(min(_MOST_ASKED_FOR * memory_limit_mb, memory_limit_mb + machine_mb))


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End the process if what is inside takes longer."""
    global _deadline  # noqa: PLW0603 - one process runs one job at a time, and the thread must see it
    _deadline = time.monotonic() + seconds
    try:
        yield
    finally:
        _deadline = None


class PeakMemory:
    """The peak memory since it was made, in megabytes: this process's own, and the largest kernel it waited for."""

    def __init__(self, *, kernels: bool = False) -> None:
        self.kernels = kernels
        self.exact = _reset_peak()

    @property
    def mb(self) -> float:
        """The peak so far; where the system cannot forget older peaks, the process's highest ever."""
        own = _high_water_mb() if self.exact else _maximum_mb(resource.RUSAGE_SELF)
        return round(max(own, _maximum_mb(resource.RUSAGE_CHILDREN)) if self.kernels else own, 1)


def _watch(parent: int, memory_limit_mb: float | None) -> None:
    process = psutil.Process()
    children: list[psutil.Process] = []
    census = time.monotonic()
    while True:
        time.sleep(_LOOK_EVERY_SECONDS)
        if (begun := time.monotonic()) >= census:
            children = process.children(recursive=True)
            census = begun + max(_CENSUS_EVERY_SECONDS, _CENSUS_SHARE * (time.monotonic() - begun))
        if os.getppid() != parent:
            _end(process, EXIT_ORPHANED)
        if _deadline is not None and time.monotonic() > _deadline:
            _end(process, EXIT_TIME)
        if memory_limit_mb is not None and _memory_mb(process, children) > memory_limit_mb:
            _end(process, EXIT_MEMORY)


def _memory_mb(process: psutil.Process, children: list[psutil.Process]) -> float:
    total = process.memory_info().rss
    for child in children:
        try:
            total += child.memory_info().rss
        except psutil.Error:
            continue
    return total / _MB


def _end(process: psutil.Process, code: int) -> None:
    children = process.children(recursive=True)
    for child in children:
        try:
            child.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(children, timeout=1)  # or they stay as zombies where no init collects them
    os._exit(code)


def _reset_peak() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text("5")  # Linux: forget the high-water mark, see proc(5)
    except OSError:
        return False
    return True


def _high_water_mb() -> float:
    lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def _maximum_mb(who: int) -> float:
    size = resource.getrusage(who).ru_maxrss
    return size / _MB if sys.platform == "darwin" else size / 1024
