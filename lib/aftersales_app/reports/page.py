"""An executed notebook as an HTML page: our own template on nbconvert's bare one, no code, nothing from the network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any

from nbconvert.exporters import TemplateExporter
from nbconvert.filters import strip_files_prefix
from nbformat import NotebookNode

from aftersales.charts.figure import PLOTLY_TYPE
from aftersales.charts.markup import script_json
from aftersales.words.language import Language, say, span
from aftersales.words.periods import Week
from aftersales.words.prose import anchors, localised

TEMPLATE = Path(__file__).parent / "template" / "page.html.j2"
# cells with these tags are for whoever works in the notebook
LEFT_OUT = frozenset({"remove_cell", "analyst-only"})
# A page must open at once on a phone with a slow line: the fullest page of the demo shop takes 125 kB, and a chart that
# holds rows instead of counts passes this at a few thousand of them.
PAGE_BUDGET_KB = 150
CHART_SCRIPTS = ("plotly.min.js", "aftersales.js")
_WORDS = ("skip", "contents", "pages", "languages", "report", "error", "no_script")
_PLOT_ID = re.compile(r'<div class="plot" id="([^"]+)"')
_BLOCK_ID = re.compile(r'<(?:figure|section|div|table)\b[^>]*\bid="([^"]+)"')
_REMOTE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.I)
_LOADING = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "src", "video": "src"}


def page_html(notebook: NotebookNode, *, report: Mapping[str, Any], template: Path = TEMPLATE) -> str:
    """The page of an executed notebook (`page_notebook`); the same notebook and context give the same bytes.

    ``report`` is what the template knows beside the notebook, as `page_context` makes it.
    """
    html, _ = _exporter(str(template)).from_notebook_node(notebook, resources={"report": dict(report)})
    return re.sub(r"\n\s*\n+", "\n", html).strip() + "\n"


def page_notebook(notebook: NotebookNode, language: Language) -> NotebookNode:
    """The notebook as its page needs it: without an analyst's own cells, in that language, every chart with HTML."""
    return with_charts(in_its_language(without_cells(notebook, LEFT_OUT), language))


def page_context(
    *,
    title: str,
    language: Language,
    shop: str,
    week: str,
    assets: str,
    freshness: str,
    provenance: str,
    sections: Iterable[Mapping[str, Any]],
    other: Iterable[Mapping[str, str]],
    changed: str = "",
    styles: Iterable[str] = (),
    scripts: Iterable[str] | None = None,
) -> dict[str, Any]:
    """What the template gets as ``resources.report``; its head lists the keys.

    ``styles`` and ``scripts`` are addresses beside page.css and instead of what draws charts.
    """
    found = Week.parse(week)
    return {
        "title": title, "language": language, "shop": shop, "week": week, "assets": assets,
        "week_span": span(found.monday, found.sunday, language), "freshness": freshness, "provenance": provenance,
        "sections": list(sections), "other": list(other), "changed": changed, "styles": list(styles),
        "scripts": [assets + name for name in CHART_SCRIPTS] if scripts is None else list(scripts),
        "words": {word: say(f"reports.page.{word}", language) for word in _WORDS},
    }  # fmt: skip


def in_its_language(notebook: NotebookNode, language: Language) -> NotebookNode:
    """The notebook with the prose of every markdown cell in that language (`words.prose.localised`).

    Each section gets the id of its place, of which the second of one name has a number behind.
    """
    given: Counter[str] = Counter()
    return _with_cells(notebook, [_translated(cell, language, given) for cell in notebook.cells])


def without_cells(notebook: NotebookNode, tags: frozenset[str]) -> NotebookNode:
    """The notebook without the cells that carry one of these tags."""
    return _with_cells(notebook, [cell for cell in notebook.cells if not tags & set(cell.metadata.get("tags", []))])


def with_charts(notebook: NotebookNode) -> NotebookNode:
    """The notebook with page HTML for every plotly figure that came without, as from an analyst's own cell.

    A page shows HTML only; a figure in plotly's own type alone would be lost without a word.
    """
    numbers = count(1)
    return _with_cells(notebook, [_charted(cell, numbers) for cell in notebook.cells])


def page_faults(html: str, *, notebook: NotebookNode, language: Language) -> list[str]:
    """What keeps a page from opening offline, whole and at once, as short phrases; empty for a sound page."""
    reader = _PageReader()
    reader.feed(html)
    reader.close()
    faults = [] if reader.policy else [say("reports.fault.policy", language)]
    faults += [say("reports.fault.script", language)] if reader.inline_scripts else []
    faults += [say("reports.fault.handler", language, name=name) for name in sorted(reader.handlers)]
    faults += [say("reports.fault.remote", language, address=address[:80]) for address in sorted(reader.remote)]
    faults += [say("reports.fault.chart_lost", language, id=i) for i in _chart_ids(notebook) if i not in reader.ids]
    faults += _overweight(html, notebook, language)
    return faults if reader.text else [*faults, say("reports.fault.nothing", language)]


def _overweight(html: str, notebook: NotebookNode, language: Language) -> list[str]:
    """A fault where the page weighs more than its budget, with its heaviest block: it most often holds rows."""
    weight = len(html.encode()) / 1000
    if weight <= PAGE_BUDGET_KB:
        return []
    blocks = [str(output.get("data", {}).get("text/html", "")) for output in _outputs(notebook)]
    heaviest = max(blocks, key=len, default="")
    named = _BLOCK_ID.search(heaviest)
    return [
        say(
            "reports.fault.overweight", language, kb=weight, budget=PAGE_BUDGET_KB,
            block=named[1] if named else "–", block_kb=len(heaviest.encode()) / 1000,
        )
    ]  # fmt: skip


def _outputs(notebook: NotebookNode) -> Iterator[NotebookNode]:
    return (output for cell in notebook.cells for output in cell.get("outputs", []))


def _with_cells(notebook: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    return NotebookNode({**notebook, "cells": cells})


def _translated(cell: NotebookNode, language: Language, given: Counter[str]) -> NotebookNode:
    if cell.cell_type != "markdown":
        return cell
    places = []
    for name in anchors(cell.source):
        given[name] += 1
        places.append(name if given[name] == 1 else f"{name}-{given[name]}")
    metadata = NotebookNode({**cell.metadata, "anchors": places})
    return NotebookNode({**cell, "source": localised(cell.source, language), "metadata": metadata})


def _charted(cell: NotebookNode, numbers: Iterator[int]) -> NotebookNode:
    outputs = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if PLOTLY_TYPE in data and not data.get("text/html"):
            html = _figure_html(data[PLOTLY_TYPE], f"figure-{next(numbers)}")
            outputs.append(NotebookNode({**output, "data": NotebookNode({**data, "text/html": html})}))
        else:
            outputs.append(output)
    return NotebookNode({**cell, "outputs": outputs}) if outputs else cell


class _PageExporter(TemplateExporter):
    def _preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        return nb, resources  # no preprocessor is asked for: nbconvert's copying and checking would be for nothing


@cache
def _exporter(template: str) -> TemplateExporter:
    file = Path(template)
    exporter = _PageExporter(
        template_name="base",
        template_file=file.name,
        extra_template_basedirs=[],
        extra_template_paths=[str(file.parent)],
    )
    exporter.register_filter("strip_files_prefix", strip_files_prefix)
    return exporter


def _figure_html(spec: Mapping[str, Any], figure_id: str) -> str:
    figure = {"data": spec.get("data", []), "layout": spec.get("layout", {})}
    height = int(figure["layout"].get("height") or 360)
    return (
        f'<figure class="as-block chart" id="{figure_id}"><div class="plot" id="{figure_id}-plot" role="img" '
        f'data-height="{height}"></div>'
        f'<script type="application/json" class="plot-data">{script_json(figure)}</script></figure>'
    )


def _chart_ids(notebook: NotebookNode) -> list[str]:
    return [
        found
        for output in _outputs(notebook)
        for found in _PLOT_ID.findall(str(output.get("data", {}).get("text/html", "")))
    ]


class _PageReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.policy = self.text = False
        self.inline_scripts = 0
        self.handlers: set[str] = set()
        self.remote: set[str] = set()
        self.ids: set[str] = set()
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.handlers |= {name for name in values if name.startswith("on")}
        self.ids.add(values.get("id", ""))
        if tag == "meta" and values.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = True
        if tag == "script" and not values.get("src") and values.get("type", "") != "application/json":
            self.inline_scripts += 1
        if tag in _LOADING and _REMOTE.match(address := values.get(_LOADING[tag], "")):
            self.remote.add(address)
        if tag in {"script", "style", "head"}:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not self.inside:
            self.text = True
