"""Which code, notebooks and settings a report was made with; a checkout changes without its number changing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path

from aftersales.week.cache import code_version as library_version
from aftersales_app.reports.assets import PAGE_STYLE
from aftersales_app.reports.job import ReportJob

# What shapes a page: the program's code, its templates, styles and scripts; the library's code has a hash of its own.
_SHAPES = {".py", ".j2", ".css", ".js"}


@cache
def code_version() -> str:
    """The version, a hash of the library's code and one of the program's: ``0.1.0+3f2a9c1b77de.0f1e2d3c4b5a``."""
    root = Path(__file__).parents[1]
    ours = sorted(p for p in root.rglob("*") if p.suffix in _SHAPES and p.is_file())
    program = _digest((path.name, path) for path in [PAGE_STYLE, *ours])
    return f"{version('aftersales')}+{library_version()}.{program}"


def fingerprint(job: ReportJob) -> str:
    """One text for all that decides what a report shows; equal ones need not be made twice."""
    settings = [("config", job.config)] if job.config and job.config.is_file() else []
    parts = {
        "shop": job.shop, "week": job.week, "languages": list(job.languages), "commit": job.commit,
        "parameters": dict(job.parameters), "findings": job.findings, "explorer": job.explorer, "code": code_version(),
        "notebooks": [(path.name, _file_digest(str(path), path.stat().st_mtime_ns)) for path in job.notebooks],
        "config": _digest(settings),
    }  # fmt: skip
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=256)
def _file_digest(path: str, changed: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _digest(files: Iterable[tuple[str, Path]]) -> str:
    whole = hashlib.sha256()
    for name, path in files:
        whole.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:12]
