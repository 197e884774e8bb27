"""Open what strangers made in a child process that is ended at its limits of memory and time.

A few kilobytes can ask a native parser for a hundred gigabytes, and a panic or abort in it would end the program. So
workbooks and archives are opened by one child, started once and reused; whatever ends it costs that file alone.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import resource
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, TypeVar

import psutil

from aftersales.words.errors import AftersalesError, DataError

T = TypeVar("T")
_MB = 1 << 20
# A small file that needs more is a bomb. An honest workbook of a million rows of fifteen columns (65 MB) took 33 bytes
# of memory a byte of file and 0.65 s of processor time a megabyte.
MEMORY_MB, MEMORY_A_BYTE = 640, 40
SECONDS, SECONDS_A_MB = 3.0, 0.8
# Processor time counts, so that a busy machine refuses no good file; this many times it by the clock ends it too.
_CLOCK_TIMES = 5
_KEPT_MB = 450  # a child that holds more after its work is not used again
_LOOK_MS = 20
_BEGUN = b"("  # the child has the work and all modules that it needs
_STARTS_WITHIN = 180.0


@dataclass(frozen=True)
class _Child:
    process: subprocess.Popen
    answers: IO[bytes]


_idle: list[_Child] = []
_lock = threading.Lock()


def warm() -> None:
    """Start the child ahead of its first use, beside whatever is done meanwhile."""
    with _lock:
        if not _idle:
            _idle.append(_started())


def in_child(work: Callable[..., T], *given: Any, file: str, size: int) -> T:
    """What ``work`` (a function of a module) gives for picklable arguments, computed in the child.

    An `AftersalesError` of it is raised here. Raises `DataError` where it took more memory or time than a file of
    ``size`` bytes may, or ended its process.

    >>> in_child(len, b"abc", file="a.xlsx", size=3)
    3
    """
    memory_mb, seconds = MEMORY_MB + MEMORY_A_BYTE * size // _MB, SECONDS + SECONDS_A_MB * size / _MB
    with _lock:
        child = _idle.pop() if _idle else None
    if child is None or not _asked(child, work, given, memory_mb, seconds):
        child = _started()
        _asked(child, work, given, memory_mb, seconds)
    ended = True
    try:
        why = _waited(child.process, memory_mb, seconds)
        if why is None:
            child.answers.seek(0)
            kind, answer = pickle.load(child.answers)
            child.answers.truncate(0)
            ended = kind == "memory" or _holds_mb(child.process) > _KEPT_MB
            if kind == "well":
                return answer  # type: ignore[no-any-return]
            if isinstance(answer, AftersalesError):
                raise answer
            why = answer if kind == "wrong" else f"more than {memory_mb:,} MB of memory"
            if kind == "wrong":
                raise DataError(f"{file} is cut off or damaged", found=why, hint="download it again", code="damaged")
    finally:
        if ended:
            _end(child)
        else:
            with _lock:
                _idle.append(child)
    raise DataError(
        f"{file} would take more than an export can need to be opened",
        found=f"{why}, for {size:,} bytes of file",
        hint="export a shorter span, or as csv",
        code="too_large",
    )


def _started() -> _Child:
    answers = tempfile.TemporaryFile()  # noqa: SIM115 - nameless, so nothing stays where both processes are killed
    fd = answers.fileno()
    process = subprocess.Popen(
        [sys.executable, "-m", "aftersales.sources.child", str(fd)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=[fd],
        start_new_session=True,
        env=os.environ | {"POLARS_MAX_THREADS": "2", "RUST_BACKTRACE": "0"},
    )
    return _Child(process, answers)


def _asked(child: _Child, work: Callable[..., Any], given: Any, memory_mb: int, seconds: float) -> bool:
    """Hand the work over; False where the child has ended meanwhile."""
    assert child.process.stdin is not None
    try:
        pickle.dump((work, given, memory_mb, seconds), child.process.stdin, protocol=5)
        child.process.stdin.flush()
    except BrokenPipeError:
        _end(child)
        return False
    return True


def _waited(process: subprocess.Popen, memory_mb: int, seconds: float) -> str | None:
    """Wait for the answer: None once it is there, else what ended the child."""
    assert process.stdout is not None
    watched, ready = psutil.Process(process.pid), select.poll()
    ready.register(process.stdout, select.POLLIN | select.POLLHUP)
    asked, begun = time.monotonic(), None
    while True:
        sign = os.read(process.stdout.fileno(), 1) if ready.poll(_LOOK_MS) else None
        if sign is not None and sign != _BEGUN:
            return None if sign else _how_it_ended(process.wait())
        try:
            memory, cpu = watched.memory_info().rss / _MB, sum(watched.cpu_times()[:2])
        except psutil.Error:
            continue  # it has just ended: the pipe says so
        now = time.monotonic()
        if sign == _BEGUN:  # what it took to load our own modules is not the file's
            begun = (now, cpu)
        if memory > memory_mb:
            return f"more than {memory_mb:,} MB of memory"
        if begun is None:
            if now - asked > _STARTS_WITHIN:
                return f"no beginning within {_STARTS_WITHIN:.0f} s"
        elif cpu - begun[1] > seconds or now - begun[0] > _CLOCK_TIMES * seconds:
            return f"more than {seconds:.0f} s"


def _how_it_ended(code: int) -> str:
    return f"its reader ended with {signal.Signals(-code).name if code < 0 else code}"


def _holds_mb(process: subprocess.Popen) -> float:
    try:
        return psutil.Process(process.pid).memory_info().rss / _MB
    except psutil.Error:
        return float("inf")


def _end(child: _Child) -> None:
    child.process.kill()
    child.process.wait()
    for pipe in (child.process.stdin, child.process.stdout, child.answers):
        with contextlib.suppress(OSError):
            if pipe is not None:
                pipe.close()


@atexit.register
def _end_idle() -> None:
    while _idle:
        _end(_idle.pop())


def _allow(memory_mb: int, seconds: float) -> None:
    """Bounds of the system behind the parent's watch: for one request beyond measure, and where the parent died."""
    held = psutil.Process().memory_info()
    for what, most in (
        (resource.RLIMIT_DATA, int(getattr(held, "data", held.vms)) + 2 * memory_mb * _MB),
        (resource.RLIMIT_CPU, int(time.process_time() + 2 * seconds) + 1),
    ):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard < 0 else min(most, hard), hard))


def _main() -> None:
    answers = os.fdopen(int(sys.argv[1]), "wb", closefd=False)
    told = os.dup(1)
    os.dup2(2, 1)  # nothing that a library prints is taken for an answer
    while True:
        try:
            work, given, memory_mb, seconds = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        os.write(told, _BEGUN)
        _allow(memory_mb, seconds)
        try:
            answer: tuple[str, Any] = ("well", work(*given))
        except AftersalesError as error:
            answer = ("refused", error)
        except MemoryError:
            answer = ("memory", None)
        except BaseException as error:  # a panic of a compiled reader is no Exception
            answer = ("wrong", (str(error).strip() or type(error).__name__).splitlines()[0][:200])
        del given
        answers.seek(0)
        answers.truncate()
        pickle.dump(answer, answers, protocol=5)
        answers.flush()
        del answer
        os.write(told, b".")


if __name__ == "__main__":
    _main()
