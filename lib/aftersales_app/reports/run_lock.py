"""One weekly run at a time in a reports folder: the second says so and stops, instead of making everything twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from aftersales.sources.lock import LAPSE_SECONDS, RENEW_SECONDS, lease
from aftersales.sources.settings import Settings
from aftersales.sources.storage import Folder
from aftersales.words.errors import SetupError

LOCK_NAME = ".weekly.lock"


@contextmanager
def one_weekly_run(settings: Settings) -> Iterator[None]:
    """Hold the reports folder alone; `SetupError` where another run holds it or it cannot be written.

    The lock is the system's own and ends with its process, however that ends. In object storage it is a lease that its
    holder renews: a run that was killed holds the next one up for less than a minute.
    """
    folder = Folder(settings.reports_path)
    if folder.remote:
        told = _running(folder.path)
        with lease(folder, LOCK_NAME, wait_seconds=LAPSE_SECONDS + RENEW_SECONDS, told=told, patient=False):
            yield
        return
    lock = FileLock(folder.local / LOCK_NAME)
    try:
        folder.local.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise _running(str(folder.local)) from None
    except OSError as error:
        raise SetupError(
            f"The reports folder {folder.local} cannot be written",
            found=error.strerror,
            hint="give this user the right to write there, or name another folder under [reports] in shops.toml",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _running(where: str) -> SetupError:
    return SetupError(
        "Another weekly run is making reports in this folder",
        found=where,
        hint="wait until it is done; to make two weeks at once give each run a shops.toml with its own [reports]",
    )
