"""One report: every notebook in every language, the findings, and last the record of the run."""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from aftersales.charts.markup import lang_of
from aftersales.sources.masking import masked
from aftersales.sources.settings import CONFIG_VARIABLE
from aftersales.week.tables import COMMIT_VARIABLE
from aftersales.words.errors import error_words
from aftersales.words.language import Language, say
from aftersales_app.environment import environment
from aftersales_app.reports.assets import address, published_assets
from aftersales_app.reports.contents import explorer_file, file_of, sections_of, title_of
from aftersales_app.reports.finalize import finish
from aftersales_app.reports.job import EXPLORER_DATA, NotebookResult, ReportJob, ReportResult, in_language
from aftersales_app.reports.limits import PeakMemory
from aftersales_app.reports.notebook import executed_notebook, shown_outputs
from aftersales_app.reports.page import page_context, page_faults, page_html, page_notebook
from aftersales_app.reports.parameters import changed_parameters, run_parameters
from aftersales_app.reports.place import FAILURE_LOG, partial_folder
from aftersales_app.reports.version import code_version


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
        reasons += _explorer(attempt, assets=assets) if job.explorer else []
        reasons += _written(attempt, job.findings, "findings") if job.findings else []
        reasons += _written(attempt, job.mails, "mail") if job.mails else []
    except Exception as error:  # the run must go on with the other shops, whatever it was
        words = error_words(type(error).__name__, str(error), attempt.told_in)
        reasons.append(say("reports.failed.report", attempt.told_in, error=words))
        attempt.write_down("run")
    result = ReportResult(
        job.shop,
        job.week,
        "failed" if reasons else "ok",
        job.folder,
        None,
        seconds=round(time.perf_counter() - started, 3),
        peak_memory_mb=max((r.peak_memory_mb for r in results), default=0.0),
        notebooks=tuple(results),
        reason=_one_reason([masked(reason) for reason in reasons], attempt.told_in),
    )
    gc.collect()  # once a report: what its notebooks leave in cycles
    return finish(job, result, attempt.partial, log=attempt.log, moment=moment)


def _notebook_result(attempt: _Attempt, path: Path, language: Language, *, assets: str) -> NotebookResult:
    job, told_in = attempt.job, attempt.told_in
    started, peak = time.perf_counter(), PeakMemory(kernels=job.engine == "kernel")
    output = attempt.partial / "notebooks" / (in_language(path.stem, language, job.languages) + ".ipynb")
    page, outputs = None, 0
    try:
        parameters = run_parameters(path, shop=job.shop, week=job.week, language=language, extra=job.parameters)
        done = executed_notebook(
            path,
            parameters=parameters,
            engine=job.engine,
            output=output,
            variables=run_variables(job),
            language=told_in,
        )
        outputs, reason = shown_outputs(done.notebook), done.reason
        if done.traceback:
            attempt.log.append(f"{output.name}\n{done.traceback}")
        if reason is None:
            shown = page_notebook(done.notebook, language)
            html = page_html(shown, report=_context(job, path, language, assets=assets))
            if faults := page_faults(html, notebook=shown, language=told_in):
                reason = say("reports.failed.page", told_in, notebook=path.stem, faults=faults)
            else:
                page = file_of(job, path, language)
                (attempt.partial / page).write_text(html, "utf-8")
    except Exception as error:  # a broken notebook must not take the others with it
        words = error_words(type(error).__name__, str(error), told_in)
        reason = say("reports.failed.notebook", told_in, notebook=path.stem, error=words)
        attempt.write_down(output.name)
    reason = masked(reason) if reason else None
    return NotebookResult(
        path.stem,
        language,
        "failed" if reason else "ok",
        page,
        outputs,
        seconds=round(time.perf_counter() - started, 3),
        peak_memory_mb=peak.mb,
        reason=reason,
    )


def _context(job: ReportJob, path: Path | None, language: Language, *, assets: str, **own: Any) -> dict[str, Any]:
    """What the template gets of a notebook's page; without a ``path`` of the explorer's."""

    def file_in(spoken: Language) -> str:
        return file_of(job, path, spoken) if path else explorer_file(job, spoken)

    return page_context(
        title=title_of(path, language) if path else say("explorer.title", language),
        language=language,
        shop=job.shop_name or job.shop,
        week=job.week,
        assets=assets,
        freshness=freshness(job, language),
        provenance=provenance(job, language),
        sections=sections_of(job, path, language),
        other=[
            {"label": say("reports.page.language", o), "lang": lang_of(o), "href": file_in(o)}
            for o in job.languages
            if o != language
        ],
        changed=_changed(job, path, language) if path else "",
        **own,
    )


def _explorer(attempt: _Attempt, *, assets: str) -> list[str]:
    """Write the explorer beside the pages; the reason where it could not be."""
    job = attempt.job
    try:
        from aftersales.week.loading import load
        from aftersales_app.reports.explorer import write_explorer

        own = {"styles": [f"{assets}explorer.css"], "scripts": [EXPLORER_DATA, f"{assets}explorer.js"]}
        contexts = {one: _context(job, None, one, assets=assets, **own) for one in job.languages}
        with environment(run_variables(job)):
            write_explorer(attempt.partial, job, [load(job.shop, job.week, one) for one in job.languages], contexts)
    except Exception as error:  # the pages stand on their own
        attempt.write_down("explorer")
        words = error_words(type(error).__name__, str(error), attempt.told_in)
        return [say("reports.failed.explorer", attempt.told_in, error=words)]
    return []


def _changed(job: ReportJob, path: Path, language: Language) -> str:
    """Which parameters the page was made with that are not its own, so that nobody takes it for the usual one."""
    changed = changed_parameters(path, job.parameters)
    told = [
        say("reports.page.parameter", language, name=name, value=_shown(value), default=_shown(default))
        for name, (value, default) in changed.items()
    ]
    return (
        say("reports.page.changed", language, parameters=("；" if language == "zh" else "; ").join(told))
        if told
        else ""
    )


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "–"
    return str(value).strip("\"'[]") or "–"


def _written(attempt: _Attempt, dotted: str, what: str) -> list[str]:
    """Have a named function write what goes beside the pages; the reason where it could not."""
    job = attempt.job
    try:
        with environment(run_variables(job)):
            _named(dotted)(folder=attempt.partial, shop=job.shop, week=job.week, config=job.config, commit=job.commit)
    except Exception as error:  # the pages stand on their own
        attempt.write_down(what)
        words = error_words(type(error).__name__, str(error), attempt.told_in)
        return [say(f"reports.failed.{what}", attempt.told_in, error=words)]
    return []


def _named(dotted: str) -> Callable[..., Any]:
    module, _, name = dotted.partition(":")
    return getattr(import_module(module), name)


def _one_reason(reasons: list[str], language: Language) -> str | None:
    if len(reasons) < 2:
        return reasons[0] if reasons else None
    return say("reports.failed.more", language, first=reasons[0], n=len(reasons) - 1, file=FAILURE_LOG)


# Where a page's numbers come from: the pinned state of the store, the code, and the last day of the data.


def run_variables(job: ReportJob) -> dict[str, str]:
    """The environment a notebook of the report runs in: which shops.toml, and which commit of the store."""
    variables = {COMMIT_VARIABLE: job.commit} if job.commit else {}
    return variables | ({CONFIG_VARIABLE: str(Path(job.config).absolute())} if job.config else {})


def freshness(job: ReportJob, language: Language) -> str:
    """To which day the data reach, as a sentence; nothing for a report without a store."""
    if job.config is None:
        return ""
    from aftersales.week.loading import load  # all measures: whoever only hands out jobs needs none

    with environment(run_variables(job)):
        last = load(job.shop, job.week, language).data.tables.last_day
    return say("reports.page.freshness", language, day=last) if last else ""


def provenance(job: ReportJob, language: Language) -> str:
    """State of the store and version of the code, to make the page again; no time, so that it stays the same."""
    return say("reports.page.provenance", language, commit=job.commit or "–", code=code_version(), week=job.week)
