"""Where a page's numbers come from: the pinned state of the store, the code, and the last day of the data."""

from __future__ import annotations

from pathlib import Path

from aftersales.reports.environment import environment
from aftersales.reports.job import ReportJob
from aftersales.reports.version import code_version
from aftersales.sources.settings import CONFIG_VARIABLE
from aftersales.week.tables import COMMIT_VARIABLE
from aftersales.words.language import Language, say


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
