"""Where a report lies: made in a folder beside it and put in place whole, never seen half-written."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from aftersales.sources.storage import sync
from aftersales.words.plain import json_object
from aftersales_app.reports.job import EXPLORER_DATA

RUN_RECORD = "run.json"
FAILURE_LOG = "failure.txt"
SUMMARY = "summary.json"  # of the week for the index page, until the record of the run takes it up
# what the last attempt left, where it failed and an earlier, good report stays in its place
FAILED_ATTEMPT = "failed"
_PARTIAL, _OLD = ".partial-", ".old-"
_OWN = {RUN_RECORD, FAILURE_LOG, FAILED_ATTEMPT, EXPLORER_DATA, "notebooks", "findings"}


def partial_folder(folder: Path) -> Path:
    """A new, empty folder beside the report's, of this process's own."""
    mend(folder)
    partial = folder.with_name(f"{folder.name}{_PARTIAL}{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return partial


def abandoned(folder: Path) -> list[Path]:
    """Folders of attempts at this report whose process no longer lives."""
    return [p for p in _beside(folder, _PARTIAL) if not _alive(p.name.rpartition("-")[2])]


def put_in_place(partial: Path, folder: Path, *, good: bool) -> None:
    """Make the finished folder the report.

    A good report replaces what was there; files that others added (mails) stay. A failed one never replaces a good
    one: it goes into its ``failed/``.
    """
    sync([p for p in [*sorted(partial.rglob("*")), partial] if not p.is_symlink()])  # before anything names it
    _in_place(partial, folder, good=good)
    sync([folder.parent])


def _in_place(partial: Path, folder: Path, *, good: bool) -> None:
    before = read_record(folder)
    if not good and before.get("status") == "ok":
        shutil.rmtree(folder / FAILED_ATTEMPT, ignore_errors=True)
        partial.rename(folder / FAILED_ATTEMPT)
        return
    if not folder.exists():
        partial.rename(folder)
        return
    for other in folder.iterdir():
        if not is_own(other.name) and not (partial / other.name).exists():
            shutil.copytree(other, partial / other.name) if other.is_dir() else shutil.copy2(
                other, partial / other.name
            )
    old = folder.with_name(f"{folder.name}{_OLD}{os.getpid()}")
    shutil.rmtree(old, ignore_errors=True)
    folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def is_own(name: str) -> bool:
    """Whether a file of a report's folder, by its relative name, is the report's own; mails were added by others.

    >>> is_own("index.html"), is_own("findings/signals.parquet"), is_own("mail.zh.eml")
    (True, True, False)
    """
    return name.split("/", 1)[0] in _OWN or name.endswith(".html")


def mend(folder: Path) -> None:
    """Put right what a process that died in the middle left: its attempt goes, the report it had moved away returns."""
    for path in abandoned(folder):
        shutil.rmtree(path, ignore_errors=True)
    for old in _beside(folder, _OLD):
        if _alive(old.name.rpartition("-")[2]):
            continue
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(folder)


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Write ``run.json``, whole or not at all."""
    part = folder / f"{RUN_RECORD}.part"
    part.write_text(json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    part.replace(folder / RUN_RECORD)


def read_record(folder: Path) -> dict[str, Any]:
    """The record of the report in that folder; empty where there is none, or none of ours."""
    try:
        return run_record((folder / RUN_RECORD).read_bytes())
    except OSError:
        return {}


def run_record(content: bytes) -> dict[str, Any]:
    """What ``run.json`` holds; empty where it is not what a run wrote, whatever became of it.

    >>> run_record(b'{"status": "ok"}'), run_record(b'{"status": null}'), run_record(b"[]")
    ({'status': 'ok'}, {}, {})
    """
    record = json_object(content)
    return record if record.get("status") in ("ok", "failed", "skipped") else {}


def last_attempt(folder: Path) -> dict[str, Any]:
    """The record of the latest attempt at the report, which may have failed where an older good one is in place."""
    return read_record(folder / FAILED_ATTEMPT) or read_record(folder)


def _beside(folder: Path, mark: str) -> list[Path]:
    return sorted(folder.parent.glob(f"{folder.name}{mark}*")) if folder.parent.is_dir() else []


def _alive(pid: str) -> bool:
    if not pid.isdigit() or int(pid) == os.getpid():
        return pid.isdigit()
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
