"""What a report will consist of: its pages' names and titles, and why it could not be made as asked.

Light on purpose: whoever only hands out jobs needs neither papermill nor nbconvert, which take a second to import.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from aftersales.words.errors import UsageError
from aftersales.words.language import Language, say
from aftersales_app.reports.job import EXPLORER, ReportJob, in_language, page_name
from aftersales_app.reports.parameters import check_run, no_notebook, refuse_unknown, run_parameters, unreadable

# The sections of a report as they stand in its navigation; a page that names none of them is in the last.
SECTIONS = ("overview", "refunds", "complaints", "products", "risk", "actions", "more")


def check_job(job: ReportJob) -> None:
    """Refuse what a report cannot be made of (`UsageError`): parameters given that are unknown or ill-typed, a week
    or language that is none, a notebook that cannot be read, two notebooks with one page.
    """
    if not job.notebooks or not job.languages:
        raise UsageError("A report needs at least one notebook and one language")
    check_run(job.week, job.languages)
    refuse_unknown(job.notebooks, job.parameters)
    pages: dict[str, Path] = {}
    for path in job.notebooks:
        name = page_of(path)
        if name in pages:
            raise UsageError(f"Two notebooks have the page '{name}'", found=f"{pages[name].name} and {path.name}")
        pages[name] = path
        for language in job.languages if job.parameters else ():
            run_parameters(path, shop=job.shop, week=job.week, language=language, extra=job.parameters)


def page_of(path: Path) -> str:
    """The name of a notebook's page, without suffix."""
    return page_name(path.stem, _metadata(path).get("page"))


def file_of(job: ReportJob, path: Path, language: Language) -> str:
    """The file name of a notebook's page in that language."""
    return in_language(page_of(path), language, job.languages) + ".html"


def title_of(path: Path, language: Language) -> str:
    """The title of a notebook's page in that language."""
    return str(_metadata(path).get("title", {}).get(language) or path.stem)


def explorer_file(job: ReportJob, language: Language) -> str:
    """The file name of the report's explorer in that language."""
    return in_language(EXPLORER, language, job.languages) + ".html"


def sections_of(job: ReportJob, path: Path | None, language: Language) -> list[dict[str, Any]]:
    """The navigation of a notebook's page: sections in order, each with its title, its pages and which is current.

    Without a ``path`` that of the explorer.
    """
    found: dict[str, list[dict[str, Any]]] = {section: [] for section in SECTIONS}
    for each in job.notebooks:
        section = str(_metadata(each).get("section", SECTIONS[-1]))
        page = {"title": title_of(each, language), "href": file_of(job, each, language), "current": each == path}
        found[section if section in found else SECTIONS[-1]].append(page)
    if job.explorer:
        title = say("explorer.title", language)
        found[SECTIONS[-1]].append({"title": title, "href": explorer_file(job, language), "current": path is None})
    return [
        {
            "title": say(f"reports.page.section.{section}", language),
            "pages": pages,
            "current": any(page["current"] for page in pages),
        }
        for section, pages in found.items()
        if pages
    ]


def _metadata(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise no_notebook(path)
    return _metadata_of(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _metadata_of(path: Path, changed: int) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text("utf-8")).get("metadata", {}).get("aftersales", {}))
    except (ValueError, AttributeError, TypeError) as error:
        raise unreadable(path, error) from error
