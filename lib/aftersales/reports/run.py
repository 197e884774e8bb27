"""One report: every notebook in every language, the findings, and last the record of the run."""

from __future__ import annotations

import gc
import json
import shutil
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from aftersales.charts.markup import lang_of
from aftersales.reports.assets import address, published_assets
from aftersales.reports.job import NotebookResult, ReportJob, ReportResult, in_language, page_name
from aftersales.reports.limits import PeakMemory
from aftersales.reports.notebook import error_words, executed_notebook, shown_outputs
from aftersales.reports.page import page_context, page_faults, page_html, page_notebook
from aftersales.reports.parameters import refuse_unknown, run_parameters
from aftersales.reports.place import FAILURE_LOG, partial_folder, put_in_place, read_record, write_record
from aftersales.reports.process_state import environment
from aftersales.reports.provenance import freshness, provenance, run_variables
from aftersales.reports.published import page_address, published_record, stage
from aftersales.reports.version import code_version, fingerprint
from aftersales.sources.places import TROUBLE, Folder, said_by_storage
from aftersales.words.errors import QuestionError
from aftersales.words.language import Language, say


@dataclass(frozen=True)
class _Attempt:
    job: ReportJob
    partial: Path
    log: list[str] = field(default_factory=list)

    @property
    def told_in(self) -> Language:
        return self.job.languages[0]

    def write_down(self, what: str) -> None:
        self.log.append(f"{what}\n{traceback.format_exc()}")


def run_report(job: ReportJob) -> ReportResult:
    """Make one report: executed notebooks, pages, findings and ``run.json``, put in place whole.

    A notebook that fails does not stop the others; the report has then failed as a whole. Whatever goes wrong comes
    back as a result with its reason in words, the full traceback in ``failure.txt``.
    """
    started, moment = time.perf_counter(), datetime.now(UTC)
    attempt = _Attempt(job, partial_folder(job.folder))
    results: list[NotebookResult] = []
    reasons: list[str] = []
    try:
        assets = address(published_assets(job.assets), page_folder=job.folder)
        for language in job.languages:
            results += [_notebook_result(attempt, path, language, assets=assets) for path in job.notebooks]
        reasons = [r.reason for r in results if r.reason]
        reasons += _written(attempt, job.findings, "findings") if job.findings else []
        reasons += _written(attempt, job.mails, "mail") if job.mails else []
    except Exception as error:  # the run must go on with the other shops, whatever it was
        words = error_words(type(error).__name__, str(error))
        reasons.append(say("reports.failed.report", attempt.told_in, error=words))
        attempt.write_down("run")
    result = ReportResult(
        job.shop, job.week, "failed" if reasons else "ok", job.folder, None,
        seconds=round(time.perf_counter() - started, 3),
        peak_memory_mb=max((r.peak_memory_mb for r in results), default=0.0),
        notebooks=tuple(results), reason=_one_reason(reasons, attempt.told_in),
    )  # fmt: skip
    gc.collect()  # once a report: what its notebooks leave in cycles
    return finish(job, result, attempt.partial, log=attempt.log, moment=moment)


def finish(job: ReportJob, result: ReportResult, partial: Path, *, log: list[str], moment: datetime) -> ReportResult:
    """Write the record, last of all, and put the folder in place; the result with the page that is there now."""
    good = result.status == "ok"
    if not good:
        (partial / FAILURE_LOG).write_text("\n\n".join([result.reason or "", *log]).strip() + "\n", "utf-8")
    write_record(partial, _record(job, result, moment))
    if job.published:
        return _staged(job, result, partial)
    put_in_place(partial, job.folder, good=good)
    return replace(result, page=_page_to_open(job.folder, result.notebooks))


def _staged(job: ReportJob, result: ReportResult, partial: Path) -> ReportResult:
    try:
        return replace(result, staged=stage(partial, job))
    except TROUBLE as error:
        reason = say("reports.failed.storage", job.languages[0], error=said_by_storage(error))
        return replace(result, status="failed", reason=result.reason or reason)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_job(job: ReportJob) -> None:
    """Refuse unknown or ill-typed parameters and two notebooks with one page (`QuestionError`)."""
    if not job.notebooks or not job.languages:
        raise QuestionError("A report needs at least one notebook and one language")
    refuse_unknown(job.notebooks, job.parameters)
    pages: dict[str, Path] = {}
    for path in job.notebooks:
        for language in job.languages:
            run_parameters(path, shop=job.shop, week=job.week, language=language, extra=job.parameters)
        name = _page_of(path)
        if name in pages:
            raise QuestionError(f"Two notebooks have the page '{name}'", found=f"{pages[name].name} and {path.name}")
        pages[name] = path


def already_made(job: ReportJob) -> ReportResult | None:
    """The report in place as a result, if it went well with the same notebooks, parameters, data and code."""
    record = published_record(Folder(job.published), f"{job.shop}/{job.week}") if job.published else None
    record = read_record(job.folder) if record is None else record
    if record.get("status") != "ok" or record.get("fingerprint") != (job.made_from or fingerprint(job)):
        return None
    notebooks = tuple(NotebookResult(**entry) for entry in record["notebooks"])
    page = page_address(job) if job.published else _page_to_open(job.folder, notebooks)
    return ReportResult(
        job.shop, job.week, "skipped", job.folder, page, seconds=0.0,
        peak_memory_mb=float(record["peak_memory_mb"]), notebooks=notebooks,
    )  # fmt: skip


def _notebook_result(attempt: _Attempt, path: Path, language: Language, *, assets: str) -> NotebookResult:
    job, told_in = attempt.job, attempt.told_in
    started, peak = time.perf_counter(), PeakMemory(kernels=job.engine == "kernel")
    output = attempt.partial / "notebooks" / (in_language(path.stem, language, job.languages) + ".ipynb")
    page, outputs = None, 0
    try:
        parameters = run_parameters(path, shop=job.shop, week=job.week, language=language, extra=job.parameters)
        done = executed_notebook(
            path, parameters=parameters, engine=job.engine, output=output, variables=run_variables(job),
            language=told_in,
        )  # fmt: skip
        outputs, reason = shown_outputs(done.notebook), done.reason
        if done.traceback:
            attempt.log.append(f"{output.name}\n{done.traceback}")
        if reason is None:
            shown = page_notebook(done.notebook, language)
            html = page_html(shown, report=_context(job, path, language, assets=assets))
            if faults := page_faults(html, notebook=shown, language=told_in):
                reason = say("reports.failed.page", told_in, notebook=path.stem, faults=faults)
            else:
                page = _file_of(job, path, language)
                (attempt.partial / page).write_text(html, "utf-8")
    except Exception as error:  # a broken notebook must not take the others with it
        words = error_words(type(error).__name__, str(error))
        reason = say("reports.failed.notebook", told_in, notebook=path.stem, error=words)
        attempt.write_down(output.name)
    return NotebookResult(
        path.stem, language, "failed" if reason else "ok", page, outputs,
        seconds=round(time.perf_counter() - started, 3), peak_memory_mb=peak.mb, reason=reason,
    )  # fmt: skip


def _context(job: ReportJob, path: Path, language: Language, *, assets: str) -> dict[str, Any]:
    return page_context(
        title=_title(path, language), language=language, shop=job.shop_name or job.shop, week=job.week, assets=assets,
        freshness=freshness(job, language), provenance=provenance(job, language),
        pages=[
            {"title": _title(p, language), "href": _file_of(job, p, language), "current": p == path}
            for p in job.notebooks
        ],
        other=[
            {"label": say("reports.page.language", o), "lang": lang_of(o), "href": _file_of(job, path, o)}
            for o in job.languages if o != language
        ],
    )  # fmt: skip


def _written(attempt: _Attempt, dotted: str, what: str) -> list[str]:
    """Have a named function write what goes beside the pages; the reason where it could not."""
    job = attempt.job
    try:
        with environment(run_variables(job)):
            _named(dotted)(folder=attempt.partial, shop=job.shop, week=job.week, config=job.config, commit=job.commit)
    except Exception as error:  # the pages stand on their own
        attempt.write_down(what)
        words = error_words(type(error).__name__, str(error))
        return [say(f"reports.failed.{what}", attempt.told_in, error=words)]
    return []


def _named(dotted: str) -> Callable[..., Any]:
    module, _, name = dotted.partition(":")
    return getattr(import_module(module), name)


def _metadata(path: Path) -> dict[str, Any]:
    return _metadata_of(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _metadata_of(path: Path, changed: int) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8")).get("metadata", {}).get("aftersales", {}))


def _page_of(path: Path) -> str:
    return page_name(path.stem, _metadata(path).get("page"))


def _file_of(job: ReportJob, path: Path, language: Language) -> str:
    return in_language(_page_of(path), language, job.languages) + ".html"


def _title(path: Path, language: Language) -> str:
    return str(_metadata(path).get("title", {}).get(language) or path.stem)


def _page_to_open(folder: Path, notebooks: tuple[NotebookResult, ...]) -> Path | None:
    pages = [folder / "index.html", *(folder / n.page for n in notebooks if n.page)]
    return next((p for p in pages if p.is_file()), None)


def _one_reason(reasons: list[str], language: Language) -> str | None:
    if len(reasons) < 2:
        return reasons[0] if reasons else None
    return say("reports.failed.more", language, first=reasons[0], n=len(reasons) - 1, file=FAILURE_LOG)


def _record(job: ReportJob, result: ReportResult, moment: datetime) -> dict[str, Any]:
    return {
        "shop": job.shop, "week": job.week, "languages": list(job.languages), "engine": job.engine,
        "parameters": dict(job.parameters), "store_version": job.commit, "code_version": code_version(),
        "fingerprint": job.made_from or fingerprint(job), "status": result.status, "reason": result.reason,
        "started_at": moment.isoformat(timespec="seconds"), "seconds": result.seconds,
        "peak_memory_mb": result.peak_memory_mb, "notebooks": [vars(n) for n in result.notebooks],
    }  # fmt: skip
