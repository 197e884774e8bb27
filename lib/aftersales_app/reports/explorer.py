"""The offline explorer of a report: ``explorer.html`` in each language, and the data that all of them count from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from string import Formatter
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from aftersales.charts.markup import lang_of, script_json
from aftersales.tables.values import REASONS
from aftersales.week.loading import Report
from aftersales.words.errors import SetupError
from aftersales.words.language import NOTHING, Language, catalogue, exact_money, names
from aftersales_app.reports.contents import explorer_file
from aftersales_app.reports.explorer_data import LINE_DIMENSIONS, MOST_LINES, explored, packed
from aftersales_app.reports.job import EXPLORER_DATA, ReportJob
from aftersales_app.reports.page import page_faults, page_html

FEW = 30  # as tables of rates by place have it; the script's own
_BORROWED = {  # figures that pages show as well have their words
    "measures.refund_rate": "refunds.column.rate_orders", "measures.refund_orders": "refunds.refund_orders",
    "measures.refund_money": "refunds.column.refund_money", "measures.refund_rate_money": "refunds.column.rate_money",
    "measures.paid_orders": "refunds.paid_orders", "measures.paid_money": "refunds.column.paid_money",
    "measures.complaint_rate": "measure.complaint_rate", "measures.succeeded": "refunds.column.cases",
    "measures.compensation": "complaints.column.compensation", "definitions.refund_rate": "refunds.caption_orders",
    "definitions.refund_rate_money": "refunds.caption_money", "definitions.complaint_rate": "complaints.caption_rate",
    **{f"dimensions.{name}": f"scope.{name}" for name in LINE_DIMENSIONS}, "no_reason": "reason.unknown",
    "masked": "today.column.masked_buyer", "week": "shown.week",
}  # fmt: skip
_BY_GROUP = ("measures", "definitions", "dimensions", "columns", "states", "groups", "quick")


def write_explorer(folder: Path, job: ReportJob, reports: Iterable[Report], contexts: Mapping[Language, Any]) -> None:
    """Write the data and a page in each language of ``reports`` (the same week) into the folder.

    ``contexts`` is what the template gets by language (`page.page_context`). Raises `SetupError` for a page that would
    not open offline.
    """
    header: dict[str, Any] = {}
    for report in reports:
        if not header:
            found = explored(report.data)
            header = found.header
            (folder / EXPLORER_DATA).write_bytes(packed(found))
        context = contexts[report.language]
        context["words"] |= {"no_script": report.say("explorer.no_script")}
        notebook = _content(report, header)
        html = page_html(notebook, report=context)
        if faults := page_faults(html, notebook=notebook, language=report.language):
            raise SetupError("The explorer would not open offline", found="; ".join(faults))
        (folder / explorer_file(job, report.language)).write_text(html, "utf-8")


def _content(report: Report, header: Mapping[str, Any]) -> Any:
    language = lang_of(report.language)
    html = (
        f'<div class="as-block" id="explorer" lang="{language}"><p class="as-note">{report.say("explorer.loading")}'
        f'</p></div><script type="application/json" id="explorer-words">'
        f"{script_json(_words(report, header))}</script>"
    )
    shown = new_output("display_data", data={"text/html": html})
    return new_notebook(
        cells=[new_markdown_cell(f"# {report.say('explorer.question')}"), new_code_cell(outputs=[shown])]
    )


def _words(report: Report, header: Mapping[str, Any]) -> dict[str, Any]:
    """All that the script says: sentences by key, words by group, and the names of codes."""
    language, shop = report.language, report.data.shop
    found: dict[str, Any] = {group: {} for group in _BY_GROUP}
    own = {key.removeprefix("explorer."): key for key in catalogue() if key.startswith("explorer.")}
    for name, key in (own | _BORROWED).items():
        group, _, rest = name.partition(".")
        where, last = (found[group], rest) if rest and group in _BY_GROUP else (found, name)
        where[last] = report.say(key, **_blanks(catalogue()[key][language]))
    spoken, values = names(language), header["dimensions"]
    channels = {k: v[language] for k, v in catalogue().items() if k.startswith("complaints.channel.")}
    return found | {
        "language": language,
        "nothing": NOTHING,
        "currency": exact_money(0, language, currency=shop.currency).removesuffix("0.00"),
        "months": [str(n) if language == "zh" else f"{date(2026, n, 1):%b}" for n in range(1, 13)],
        "names": {
            **{name: {v: spoken[v] for v in values[name] if v in spoken} for name in LINE_DIMENSIONS},
            "filed": {v: channels.get(f"complaints.channel.{v}", spoken.get(v, v)) for v in values["filed"]},
            "reason": {v: report.say(f"reason.{v}") for v in values["reason"] if v in REASONS},
        },
    }


def _blanks(template: str) -> dict[str, Any]:
    """Limits for a sentence that names them; what it leaves to the script stays as it is written, in braces."""
    fields = [name for _, name, form, _ in Formatter().parse(template) if name and not form]
    return {"most": MOST_LINES, "few": FEW} | {f: f"{{{f}}}" for f in fields if f not in ("region", "regions")}
