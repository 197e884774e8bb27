"""A report in object storage: staged beside its place by whoever made it, put there whole by the run, the record last.

No folder can be renamed there. So a finished report is first uploaded under a name of its own, which nobody reads; only
the process that runs the batch then copies it into place, the overview after the other pages and ``run.json`` last of
all, having taken away the old one first. Whoever goes by the record never sees half a report; a worker that was thought
dead and comes back can only stage once more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from aftersales.sources.storage import Folder
from aftersales.words.plain import json_object
from aftersales_app.reports.assets import assets_version, published_assets
from aftersales_app.reports.job import ReportJob, ReportResult
from aftersales_app.reports.place import FAILED_ATTEMPT, RUN_RECORD, is_own, run_record

ASSETS = "_assets"
STAGED, MANIFEST = ".staged-", "complete.json"
OVERVIEW_PAGE = "index.html"
_AT_ONCE = 8  # requests in flight: enough to hide the way there and back, few enough for a small server


def stage(partial: Path, job: ReportJob) -> str:
    """Upload a finished report beside its place; the name of the staged copy, for `put_in_place`."""
    root = Folder(job.published)
    publish_assets(job.assets, root)
    staged = f"{_place(job)}/{STAGED}{uuid4().hex[:12]}"
    files = sorted(p.relative_to(partial).as_posix() for p in partial.rglob("*") if p.is_file())
    _all(lambda name: root.write(f"{staged}/{name}", (partial / name).read_bytes()), files)
    root.write(f"{staged}/{MANIFEST}", json.dumps(files).encode())
    return staged


def publish_assets(scratch: Path, root: Folder) -> None:
    """Bring what all pages share into the reports' ``_assets``, where this version of it is not there yet."""
    there = f"{ASSETS}/{assets_version()}"
    have = set(root.names(f"{there}/"))
    new = [p for p in published_assets(scratch).iterdir() if f"{there}/{p.name}" not in have]
    _all(lambda p: root.write(f"{there}/{p.name}", p.read_bytes()), new)


def put_in_place(job: ReportJob, result: ReportResult) -> ReportResult:
    """Make what was staged the report, and give the result the address of its page.

    A failed report never replaces a good one: it goes into its ``failed/``. Files that others added (mails) stay.
    """
    root, place = Folder(job.published), _place(job)
    if result.staged:
        kept = result.status != "ok" and published_record(root, place).get("status") == "ok"
        _settle(root, result.staged, f"{place}/{FAILED_ATTEMPT}" if kept else place)
    return replace(result, staged="", page=page_address(job))


def page_address(job: ReportJob) -> str | None:
    """The address of the page to open, where there is one."""
    root, place = Folder(job.published), _place(job)
    pages = [name for name in root.names(f"{place}/") if name.count("/") == place.count("/") + 1]
    pages = sorted(n for n in pages if n.endswith(".html"))
    first = next((n for n in pages if n.endswith(f"/{OVERVIEW_PAGE}")), pages[0] if pages else None)
    return root.join(first) if first else None


def mend(job: ReportJob) -> None:
    """Put right what a run that died left: a report it was putting in place is finished, other staged copies go."""
    root, place = Folder(job.published), _place(job)
    left = [f for f in root.folders(place) if f.rsplit("/", 1)[-1].startswith(STAGED)]
    for staged in left:
        if not published_record(root, place) and root.names(f"{staged}/{MANIFEST}"):
            _settle(root, staged, place)
        _all(root.remove, root.names(f"{staged}/"))


def published_record(root: Folder, place: str) -> dict[str, Any]:
    """The record of the report at ``<shop>/<week>``; empty where there is none."""
    try:
        return run_record(root.read(f"{place}/{RUN_RECORD}"))
    except OSError:
        return {}


def _settle(root: Folder, staged: str, place: str) -> None:
    names = json_object(b'{"names": ' + root.read(f"{staged}/{MANIFEST}") + b"}").get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return  # nobody can know what was staged; the report is made again
    root.remove(f"{place}/{RUN_RECORD}")  # from here on, until the new one is there, readers know it is in the making
    first = [n for n in names if n not in (RUN_RECORD, OVERVIEW_PAGE)]
    for part in (first, [OVERVIEW_PAGE] if OVERVIEW_PAGE in names else []):
        _all(lambda name: root.copy(f"{staged}/{name}", f"{place}/{name}"), part)
    there = (name.removeprefix(f"{place}/") for name in root.names(f"{place}/"))
    gone = [n for n in there if is_own(n) and n not in names and not n.startswith(STAGED)]
    _all(lambda name: root.remove(f"{place}/{name}"), gone)
    root.copy(f"{staged}/{RUN_RECORD}", f"{place}/{RUN_RECORD}")
    _all(root.remove, root.names(f"{staged}/"))


def _place(job: ReportJob) -> str:
    return f"{job.shop}/{job.week}"


def _all(do: Callable[[Any], object], items: Iterable[Any]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(do, items))
