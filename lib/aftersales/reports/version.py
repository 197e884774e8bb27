"""Which code, notebooks and settings a report was made with; a checkout changes without its number changing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path

from aftersales.reports.job import ReportJob
from aftersales.week.kept import code_version as library_version

# what shapes a page beside the code
_LOOK = {".j2", ".css", ".js"}


@cache
def code_version() -> str:
    """The package's version, a hash of its code and one of its templates: ``0.1.0+3f2a9c1b77de.0f1e2d3c4b5a``."""
    root = Path(__file__).parent
    look = sorted(p for p in root.rglob("*") if p.suffix in _LOOK and p.is_file())
    return f"{version('aftersales')}+{library_version()}.{_digest((p.relative_to(root).as_posix(), p) for p in look)}"


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
