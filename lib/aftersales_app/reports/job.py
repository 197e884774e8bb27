"""One report to make, and how it went: frozen records that cross process borders and stand in ``run.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aftersales.words.language import Language

Engine = Literal["in-process", "kernel"]
Status = Literal["ok", "failed", "skipped"]
# this notebook is the page that managers open
OVERVIEW = "02-weekly-overview"
# a page beside those of the notebooks, and what it counts from
EXPLORER = "explorer"
EXPLORER_DATA = f"{EXPLORER}.data.js"


@dataclass(frozen=True)
class ReportJob:
    """A shop's week, the notebooks to run for it and where the pages go.

    ``folder`` is ``reports/<shop>/<week>``; ``assets`` the folder all pages share (``reports/_assets``). The first
    language has the plain page names. ``parameters`` are extra ones, each for the notebooks that declare it.
    ``findings`` names a function ``module:function`` that is called with ``folder``, ``shop``, ``week``, ``config``
    and ``commit`` and writes ``findings/*.parquet`` into that folder; ``mails`` one that writes the mails-to-be
    likewise; with ``explorer`` the page to filter the figures on stands beside the others. ``published`` is the reports
    folder in object storage, where the report is to lie there: ``folder`` and ``assets`` are then scratch, and what is
    made in them is staged there. ``made_from`` is the fingerprint of the job where whoever gave it out computed it.
    """

    shop: str
    week: str
    languages: tuple[Language, ...]
    notebooks: tuple[Path, ...]
    config: Path | None
    commit: str
    folder: Path
    assets: Path
    engine: Engine = "in-process"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    findings: str | None = None
    mails: str | None = None
    explorer: bool = False
    shop_name: str = ""
    published: str = ""
    made_from: str = ""


@dataclass(frozen=True)
class NotebookResult:
    """How one notebook went in one language; ``page`` is its file name where there is one."""

    name: str
    language: Language
    status: Status
    page: str | None
    outputs: int
    seconds: float
    peak_memory_mb: float
    reason: str | None = None


@dataclass(frozen=True)
class ReportResult:
    """How one report went; ``page`` is the page to open where there is one, ``reason`` a sentence where it failed.

    ``staged`` is what lies ready in object storage until the run puts it in place.
    """

    shop: str
    week: str
    status: Status
    folder: Path
    page: Path | str | None
    seconds: float
    peak_memory_mb: float
    notebooks: tuple[NotebookResult, ...] = ()
    reason: str | None = None
    staged: str = ""


def page_name(stem: str, metadata_page: str | None) -> str:
    """The page's name without suffix: the overview is ``index``, others take theirs from the notebook's metadata.

    >>> page_name("02-weekly-overview", "overview"), page_name("03-refund-trends", "refund-trends")
    ('index', 'refund-trends')
    >>> page_name("03-refund-trends", None)
    'refund-trends'
    """
    if stem == OVERVIEW:
        return "index"
    return metadata_page or stem.lstrip("0123456789").lstrip("-_") or stem


def in_language(name: str, language: Language, languages: tuple[Language, ...]) -> str:
    """The file name without suffix in that language: the first one has the plain name.

    >>> in_language("index", "zh", ("zh", "en")), in_language("index", "en", ("zh", "en"))
    ('index', 'index.en')
    """
    return name if language == languages[0] else f"{name}.{language}"
