"""One import a shop at a time: a file lock on this machine, a lease object in object storage."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

from filelock import FileLock, Timeout

from aftersales.sources.storage import TROUBLE, Folder
from aftersales.words.errors import SetupError

LOCK_NAME = "import.lock"
RENEW_SECONDS, LAPSE_SECONDS = 10.0, 45.0  # a lease survives three renewals that fail, and a dead machine for a minute
LEASE_SECONDS = 3600  # one this old was left by a dead machine, whatever the clocks say


@contextmanager
def import_lock(folder: Folder, *, wait_seconds: float = 60) -> Iterator[None]:
    """Hold the shop's lock; a second import waits, and after ``wait_seconds`` says who holds it.

    The local lock is the system's own and dies with its process.
    """
    if folder.remote:
        told = _held(folder)
        with lease(folder, LOCK_NAME, wait_seconds=wait_seconds, told=told):
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
def lease(
    folder: Folder, name: str, *, wait_seconds: float, told: SetupError, patient: bool = True
) -> Iterator[Callable[[], None]]:
    """Hold a lock that is a file in object storage, renewed while it is held; else raise ``told``.

    Whoever holds it renews it every few seconds; one that is not renewed for `LAPSE_SECONDS`, by the clock of
    whoever waits, was left by a dead process and goes to exactly one of those who wait (the file is replaced only as
    it was read). Whoever only stood still finds another owner there and renews and removes nothing: its commit is
    refused (`ShopStore.write_commit`), and before what cannot be taken back it calls what is yielded, which raises
    ``told`` then. Who is not ``patient`` stops as soon as it is seen to be renewed.
    """
    begun = changed = time.monotonic()
    seen: bytes | None = None
    mine = uuid4().hex
    while not folder.write_new(name, _claim(mine)):
        held, stamp = _content(folder, name)
        if held != seen:
            if seen is not None and not patient:
                raise told
            seen, changed = held, time.monotonic()
        lapsed = time.monotonic() - changed > LAPSE_SECONDS or _long_ago(held)
        if lapsed and stamp and folder.write_over(name, _claim(mine), stamp):
            break
        if time.monotonic() - begun >= wait_seconds:
            raise told
        time.sleep(min(0.5, wait_seconds))

    def still_held() -> None:
        if _owner(folder.read(name)) != mine:
            raise told

    over = threading.Event()
    renewing = threading.Thread(target=_renew, args=(folder, name, mine, over), name="lease", daemon=True)
    renewing.start()
    try:
        yield still_held
    finally:
        over.set()
        renewing.join()
        if _owner(_content(folder, name)[0]) == mine:
            folder.remove(name)


def _renew(folder: Folder, name: str, mine: str, over: threading.Event) -> None:
    while not over.wait(RENEW_SECONDS):
        with suppress(*TROUBLE):  # a hiccup of the network; the next one is in time
            held, stamp = folder.stamped(name)
            if _owner(held) != mine:
                return  # taken over while this process stood still
            folder.write_over(name, _claim(mine), stamp)


def _claim(mine: str) -> bytes:
    return json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "at": time.time(), "owner": mine}).encode()


def _owner(held: bytes) -> str:
    try:
        return str(json.loads(held)["owner"])
    except (ValueError, KeyError, TypeError):
        return ""


def _content(folder: Folder, name: str) -> tuple[bytes, str]:
    try:
        return folder.stamped(name)
    except TROUBLE:
        return b"", ""


def _long_ago(held: bytes) -> bool:
    try:
        return time.time() - json.loads(held)["at"] > LEASE_SECONDS
    except (ValueError, KeyError, TypeError):
        return False


def _held(folder: Folder) -> SetupError:
    return SetupError(
        "Another import of this shop is running", found=folder.join(LOCK_NAME), hint="wait for it, then start again"
    )
