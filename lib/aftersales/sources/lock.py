"""One import a shop at a time: a file lock on this machine, a lease object in object storage."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from aftersales.sources.places import Folder
from aftersales.words.errors import SetupError

LOCK_NAME = "import.lock"
LEASE_SECONDS = 3600  # an import of a large shop takes minutes; a lease left by a dead machine is broken after an hour


@contextmanager
def import_lock(folder: Folder, *, wait_seconds: float = 60) -> Iterator[None]:
    """Hold the shop's lock; a second import waits, and after ``wait_seconds`` says who holds it.

    The local lock is the system's own and dies with its process.
    """
    if folder.remote:
        told = _held(folder)
        with lease(folder, LOCK_NAME, wait_seconds=wait_seconds, lasts_seconds=LEASE_SECONDS, told=told):
            yield
        return
    lock = FileLock(folder.local / LOCK_NAME)
    try:
        folder.local.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise _held(folder) from None
    except OSError as error:
        raise SetupError(f"The store {folder.path} cannot be written", found=error.strerror) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def lease(folder: Folder, name: str, *, wait_seconds: float, lasts_seconds: float, told: SetupError) -> Iterator[None]:
    """Hold a lock that is a file in object storage; ``told`` is raised where another holds it for too long.

    One that is older than ``lasts_seconds`` was left by a dead machine and is broken.
    """
    until = time.monotonic() + wait_seconds
    claim = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "at": time.time()}).encode()
    while not folder.write_new(name, claim):
        try:
            holder = json.loads(folder.read(name))
        except (OSError, ValueError):
            holder = {"at": time.time()}
        if time.time() - holder["at"] > lasts_seconds:
            folder.remove(name)
        elif time.monotonic() > until:
            raise told
        else:
            time.sleep(min(1, wait_seconds))
    try:
        yield
    finally:
        folder.remove(name)


def _held(folder: Folder) -> SetupError:
    return SetupError(
        "Another import of this shop is running", found=folder.join(LOCK_NAME), hint="wait for it, then start again"
    )
