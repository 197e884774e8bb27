"""Where hand-outs and dossiers lie that were written elsewhere than among the reports, to find them again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aftersales.sources.storage import Folder

_FOLDER = "handed_out"


def remember(store: Folder, path: str | Path) -> None:
    """Remember a file or folder that was written for people to take along.

    >>> import tempfile
    >>> store = Folder(tempfile.mkdtemp())
    >>> remember(store, "/srv/queue.csv")
    >>> remembered(store)
    ['/srv/queue.csv']
    """
    where = str(path) if "://" in str(path) else str(Path(path).absolute())
    store.write_private(f"{_FOLDER}/{hashlib.sha256(where.encode()).hexdigest()[:16]}", where.encode())


def remembered(store: Folder) -> list[str]:
    """Every such file or folder, sorted; whether it is still there is not known."""
    return sorted(store.read(name).decode() for name in store.names(f"{_FOLDER}/"))
