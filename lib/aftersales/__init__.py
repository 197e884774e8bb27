"""After-sales analytics for online shops. ``import aftersales as asa`` opens the front door.

    report = asa.load("demo", "2026-W46")         a shop's week
    asa.weekly_overview.answer(report)            a section of a page: each notebook has a module of them
    asa.explore(report.data.signals)              any table, searched, sorted and exported (JupyterLab)
    asa.refund_rate(orders, refunds, until=…)     a measure on your own tables
    asa.form("weekly-overview")                   a form to run a notebook (JupyterLab)

The floors, each importing only what lies below it:

    lab       JupyterLab: look, form, tables to search
    reports   notebooks into pages, in a batch            (`aftersales weekly`)
    week      a shop's week: `load`, its results, the sections that notebooks show
    advice    what to do, what it would have done, whether it worked
    charts    findings as pictures, tables and tiles
    findings  a measure and a sentence
    measures  tables in, one tidy table out
    sources   export files into checked, versioned tables
    tables    what each table means
    words     errors, weeks, promotions, money, two languages

Names are fetched when first used, so that the program starts fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULES = {
    "start_here": "week.sections.start_here",
    "data_health": "week.sections.data_health",
    "weekly_overview": "week.sections.weekly_overview",
    "refund_trends": "week.sections.refund_trends",
    "complaint_trends": "week.sections.complaint_trends",
    "problem_products": "week.sections.problem_products",
    "malicious_orders": "week.sections.malicious_orders",
    "malicious_complaints": "week.sections.malicious_complaints",
    "harm": "week.sections.harm",
    "policy_and_service": "week.sections.policy_and_service",
    "did_it_work": "week.sections.did_it_work",
    "case_dossier": "week.sections.case_dossier",
    "case_record": "week.sections.case_record",
}
_NAMES = {
    "load": "week.loading",
    "Report": "week.loading",
    "ShopWeek": "week.shopweek",
    "provenance": "week.sections.shown",
    "Week": "words.periods",
    "say": "words.language",
    "AftersalesError": "words.errors",
    "refund_rate": "measures.rates",
    "refund_mix": "measures.reasons",
    "mix_against_usual": "measures.reasons",
    "weekly_requests": "measures.reasons",
    "rate_by_place": "measures.places",
    "refund_costs": "measures.costs",
    "complaint_rate": "measures.service",
    "weekly_complaints": "measures.service",
    "platform_involved_rate": "measures.service",
    "handling_hours": "measures.service",
    "first_response_hours": "measures.service",
    "LabStyle": "lab.style",
    "explore": "lab.explore",
    "form": "lab.form",
    "Chart": "charts.figure",
    "Table": "charts.table",
    "Column": "charts.table",
    "trend_6_12": "charts.trend",
    "weekly_trend": "charts.weekly",
    "read_export": "sources.read",
    "load_settings": "sources.settings",
}
__all__ = sorted([*_MODULES, *_NAMES])  # noqa: PLE0605 - a list, sorted


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"aftersales.{_MODULES[name]}")
    if name in _NAMES:
        return getattr(import_module(f"aftersales.{_NAMES[name]}"), name)
    raise AttributeError(f"aftersales has no '{name}'; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
