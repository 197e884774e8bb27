"""How a report ends: its record written last of all, its folder put in place; and whether one is there already."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from aftersales.sources.masking import masked_error
from aftersales.sources.storage import TROUBLE, Folder, said_by_storage
from aftersales.words.language import say
from aftersales_app.reports.job import NotebookResult, ReportJob, ReportResult
from aftersales_app.reports.place import FAILURE_LOG, SUMMARY, put_in_place, read_record, write_record
from aftersales_app.reports.published import page_address, published_record, stage
from aftersales_app.reports.version import code_version, fingerprint


def finish(job: ReportJob, result: ReportResult, partial: Path, *, log: list[str], moment: datetime) -> ReportResult:
    """Write the record, last of all, and put the folder in place; the result with the page that is there now."""
    good = result.status == "ok"
    if not good:
        log = [masked_error(text) for text in log]
        (partial / FAILURE_LOG).write_text("\n\n".join([result.reason or "", *log]).strip() + "\n", "utf-8")
    write_record(partial, _record(job, result, moment) | _summary(partial / SUMMARY))
    if job.published:
        return _staged(job, result, partial)
    put_in_place(partial, job.folder, good=good)
    return replace(result, page=_page_to_open(job.folder, result.notebooks))


def already_made(job: ReportJob) -> ReportResult | None:
    """The report in place as a result, if it went well with the same notebooks, parameters, data and code."""
    record = published_record(Folder(job.published), f"{job.shop}/{job.week}") if job.published else None
    record = read_record(job.folder) if record is None else record
    if record.get("status") != "ok" or record.get("fingerprint") != (job.made_from or fingerprint(job)):
        return None
    notebooks = tuple(NotebookResult(**entry) for entry in record["notebooks"])
    page = page_address(job) if job.published else _page_to_open(job.folder, notebooks)
    return ReportResult(
        job.shop,
        job.week,
        "skipped",
        job.folder,
        page,
        seconds=0.0,
        peak_memory_mb=float(record["peak_memory_mb"]),
        notebooks=notebooks,
    )


def _staged(job: ReportJob, result: ReportResult, partial: Path) -> ReportResult:
    try:
        return replace(result, staged=stage(partial, job))
    except TROUBLE as error:
        reason = say("reports.failed.storage", job.languages[0], error=said_by_storage(error))
        return replace(result, status="failed", reason=result.reason or reason)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _summary(file: Path) -> dict[str, Any]:
    """What the mails left for the index page: it goes into the record, and its file away."""
    if not file.is_file():
        return {}
    found = json.loads(file.read_text("utf-8"))
    file.unlink()
    return {"summary": found}


def _page_to_open(folder: Path, notebooks: tuple[NotebookResult, ...]) -> Path | None:
    pages = [folder / "index.html", *(folder / n.page for n in notebooks if n.page)]
    return next((p for p in pages if p.is_file()), None)


def _record(job: ReportJob, result: ReportResult, moment: datetime) -> dict[str, Any]:
    return {
        "shop": job.shop, "week": job.week, "languages": list(job.languages), "engine": job.engine,
        "parameters": dict(job.parameters), "explorer": job.explorer,
        "store_version": job.commit, "code_version": code_version(),
        "fingerprint": job.made_from or fingerprint(job), "status": result.status, "reason": result.reason,
        "started_at": moment.isoformat(timespec="seconds"), "seconds": result.seconds,
        "peak_memory_mb": result.peak_memory_mb, "notebooks": [vars(n) for n in result.notebooks],
    }  # fmt: skip
