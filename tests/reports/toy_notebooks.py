"""Small notebooks and jobs for the tests of the runner; they need no store."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from aftersales_app.reports.job import ReportJob

PARAMETERS = """shop: str = "demo"  # which shop
week: str = "2026-W46"  # which week
language: str = "zh"  # zh or en"""
CHART = """class Chart:
    def _repr_mimebundle_(self, include=None, exclude=None):
        html = ('<figure class="chart" id="c"><div class="plot" id="c-plot"></div>'
                '<script type="application/json" class="plot-data">{"data":[]}</script></figure>')
        return {"text/html": html, "application/vnd.plotly.v1+json": {"data": [], "layout": {}}, "text/plain": "c"}
Chart()"""


def toy(folder: Path, name: str, *cells: str | tuple[str, str], parameters: str = "", page: str | None = None) -> Path:
    """A notebook whose code cells are tagged ``show``, unless given as (source, tag)."""
    code = [(c, "show") if isinstance(c, str) else c for c in cells]
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# Does it run?\n\nWho asks: the tests."),
            new_code_cell(PARAMETERS + ("\n" + parameters if parameters else ""), metadata={"tags": ["parameters"]}),
            new_markdown_cell("## The answer"),
            *[new_code_cell(source, metadata={"tags": [tag] if tag else []}) for source, tag in code],
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
            "aftersales": {"page": page or name[3:], "title": {"zh": f"{name}页", "en": f"{name} page"}},
        },
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def job(root: Path, *notebooks: Path, shop: str = "demo", **changes: object) -> ReportJob:
    """A job over these notebooks, its report under ``root/reports``."""
    given = {
        "shop": shop, "week": "2026-W46", "languages": ("zh",), "notebooks": notebooks, "config": None, "commit": "7",
        "folder": root / "reports" / shop / "2026-W46", "assets": root / "reports" / "_assets",
    } | changes  # fmt: skip
    return ReportJob(**given)  # type: ignore[arg-type]
