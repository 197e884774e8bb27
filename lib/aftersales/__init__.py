"""After-sales analytics for online shops. ``import aftersales as asa`` gives the public API.

    shop = asa.open("demo", week="2026-W46")      a shop's week; shop.<Tab> lists its analyses
    shop.problem_products(worse_than=2.0)         an analysis with its parameters: a Result, which shows itself
    shop.where(courier="申通快递").refund_rate()  the same of a part of its orders
    asa.weekly_overview.answer(shop)              a section of a page that is no analysis of its own
    asa.explore(shop.signals().table)             any table, searched, sorted and exported (JupyterLab)
    asa.refund_rate(orders, refunds, until=…)     a measure on your own tables

The packages, each importing only what stands below it:

    week      a shop's week: `open`, its analyses and results, the sections that notebooks show
    advice    what to do, what it would have done, whether it worked
    cases     one case: its facts, timeline and evidence
    charts    findings as pictures, tables and tiles; tables to search
    findings  a measure and a sentence
    measures  tables in, one tidy table out
    stats     statistics that know nothing of shops
    sources   export files into checked, versioned tables
    tables    what each table means
    words     errors, weeks, promotions, money, two languages

The command line, weekly runs and mail are another package, `aftersales_app`; made-up shops are `aftersales_demo`.

Names are fetched when first used, so that the program starts fast; the imports below are what type checkers see.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aftersales.charts.explore import explore as explore
    from aftersales.charts.figure import Chart as Chart
    from aftersales.charts.lab_style import LabStyle as LabStyle
    from aftersales.charts.table import Column as Column
    from aftersales.charts.table import Table as Table
    from aftersales.charts.trend import trend_6_12 as trend_6_12
    from aftersales.charts.weekly import weekly_trend as weekly_trend
    from aftersales.measures.costs import refund_costs as refund_costs
    from aftersales.measures.places import rate_by_place as rate_by_place
    from aftersales.measures.rates import refund_rate as refund_rate
    from aftersales.measures.reasons import mix_against_usual as mix_against_usual
    from aftersales.measures.reasons import refund_mix as refund_mix
    from aftersales.measures.reasons import weekly_requests as weekly_requests
    from aftersales.measures.service import complaint_rate as complaint_rate
    from aftersales.measures.service import first_response_hours as first_response_hours
    from aftersales.measures.service import handling_hours as handling_hours
    from aftersales.measures.service import platform_involved_rate as platform_involved_rate
    from aftersales.measures.service import weekly_complaints as weekly_complaints
    from aftersales.sources.read import read_export as read_export
    from aftersales.sources.settings import load_settings as load_settings
    from aftersales.week.opened import Shop as Shop
    from aftersales.week.opened import open as open
    from aftersales.week.result import Result as Result
    from aftersales.week.sections import case_record as case_record
    from aftersales.week.sections import complaint_trends as complaint_trends
    from aftersales.week.sections import harm as harm
    from aftersales.week.sections import policy_and_service as policy_and_service
    from aftersales.week.sections import refund_trends as refund_trends
    from aftersales.week.sections import start_here as start_here
    from aftersales.week.sections import weekly_overview as weekly_overview
    from aftersales.week.sections.shown import provenance as provenance
    from aftersales.words.errors import AftersalesError as AftersalesError
    from aftersales.words.language import say as say
    from aftersales.words.periods import Week as Week
else:

    def _exports() -> dict[str, str]:
        """What is imported above, by name the module it comes from."""
        block = next(part for part in ast.parse(Path(__file__).read_text("utf-8")).body if isinstance(part, ast.If))
        return {one.name: part.module for part in block.body for one in part.names}

    _MODULES = _exports()
    __all__ = sorted(_MODULES)  # noqa: PLE0605 - a list, sorted

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"aftersales has no '{name}'; it has {', '.join(__all__)}")
        module = import_module(_MODULES[name])
        return getattr(module, name) if hasattr(module, name) else import_module(f"{_MODULES[name]}.{name}")

    def __dir__() -> list[str]:
        return __all__
