"""The reports that mails are made from: the folder itself, or a copy of what is needed of one in object storage."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from aftersales.sources.places import Folder
from aftersales.sources.settings import Settings
from aftersales.words.periods import Week
from aftersales_app.reports.place import FAILED_ATTEMPT, RUN_RECORD


@contextmanager
def reports_at_hand(settings: Settings, wanted: Iterable[tuple[str, Week]]) -> Iterator[Path]:
    """A local folder with the records of the wanted shops' weeks, and the pages where they are attached.

    What is written into it, mails-to-be among them, is in the reports folder at the end.
    """
    root = Folder(settings.reports_path)
    if not root.remote:
        yield root.local
        return
    with TemporaryDirectory(prefix="aftersales-") as scratch:
        here = Path(scratch)
        attached = settings.mail is not None and settings.mail.attach != "none"
        for shop, week in wanted:
            _fetch(root, f"{shop}/{week}", here, pages=attached)
        before = _contents(here)
        try:
            yield here
        finally:
            for name, digest in _contents(here).items():
                if before.get(name) != digest:
                    root.write(name, (here / name).read_bytes())


def _fetch(root: Folder, place: str, here: Path, *, pages: bool) -> None:
    records = (f"{place}/{RUN_RECORD}", f"{place}/{FAILED_ATTEMPT}/{RUN_RECORD}")
    names = [n for n in root.names(f"{place}/") if n in records or (pages and n.endswith(".html"))]
    for name in names:
        content = root.read(name)
        _write(here / name, content)
        for folder in set(re.findall(rb"_assets/[0-9a-f]+/", content)) if name.endswith(".html") else ():
            for asset in root.names(folder.decode()):
                if not (here / asset).is_file():
                    _write(here / asset, root.read(asset))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _contents(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
