"""What all pages share: one plotly.js out of the plotly wheel, and our style and script."""

from __future__ import annotations

import hashlib
import os
import shutil
from functools import cache
from importlib.resources import files
from pathlib import Path

from aftersales.words.errors import SetupError
from aftersales_app.reports.place import mend, partial_folder

OURS = Path(__file__).parent / "template" / "assets"
PAGE_STYLE = Path(str(files("aftersales.charts").joinpath("page.css")))
_SUFFIXES = {".css", ".js", ".svg", ".woff2"}
_HASH_DIGITS = 12  # 48 bits: two versions do not meet by chance


def published_assets(folder: Path) -> Path:
    """The folder below the shared one that holds this version's files, filled where it is not there yet.

    Its name is the hash of its content, so that old pages keep what they were made with and a browser may keep it for
    ever. It appears whole or not at all, also when several workers make it at once; what a process that was killed
    in the middle left goes.
    """
    target = folder / assets_version()
    mend(target)
    if target.is_dir():
        return target
    part = partial_folder(target)
    for source in _sources():
        shutil.copyfile(source, part / source.name)
    try:
        part.rename(target)
    except OSError:  # another worker was first
        shutil.rmtree(part)
    return target


def address(folder: Path, *, page_folder: Path) -> str:
    """Where a page in that folder finds the assets: relative, with forward slashes and one at the end.

    >>> address(Path("reports/_assets/1f"), page_folder=Path("reports/demo/2026-W46"))
    '../../_assets/1f/'
    """
    return Path(os.path.relpath(folder, page_folder)).as_posix() + "/"


def plotly_script() -> Path:
    """plotly.js as the installed plotly wheel brings it."""
    file = Path(str(files("plotly").joinpath("package_data", "plotly.min.js")))
    if not file.is_file():
        raise SetupError("The installed plotly has no plotly.min.js", found=str(file), hint="install plotly again")
    return file


@cache
def assets_version() -> str:
    """The hash of all shared files together."""
    digest = hashlib.sha256()
    for source in _sources():
        digest.update(source.name.encode() + b"\0" + hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()[:_HASH_DIGITS]


def _sources() -> list[Path]:
    ours = [p for p in OURS.iterdir() if p.suffix in _SUFFIXES]
    return sorted([plotly_script(), PAGE_STYLE, *ours], key=lambda p: p.name)
