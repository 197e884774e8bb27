"""A chart is a finding with its picture, its numbers and its definition; this is that record.

It shows itself twice from one figure: JupyterLab draws the plotly type, the page takes the HTML, in which the figure
lies as inert JSON for the page's script. Nothing in the HTML runs by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.markup import checked_id, escaped, lang_of, plain, plot_lines, script_json
from aftersales.charts.table import Column, Table, more
from aftersales.charts.theme import LIGHT, SIZES
from aftersales.words.language import Language, say

PLOTLY_TYPE = "application/vnd.plotly.v1+json"
_LAB_LINE = {"zh": 44, "en": 84}  # characters that fit one line of a notebook's output at the title's size


@dataclass(frozen=True)
class Chart:
    """One chart: ``title`` is what it shows, as a sentence; ``alt`` states its numbers; ``caption`` defines them.
    ``link`` is words and address of where more is told.

    ``data`` holds the numbers behind the picture and ``columns`` how they are written; ``table`` shows them.
    """

    id: str
    title: str
    figure: go.Figure
    data: pl.DataFrame
    columns: tuple[Column, ...]
    language: Language = field(kw_only=True)
    so_what: str = field(kw_only=True, default="")
    caption: str = field(kw_only=True, default="")
    alt: str = field(kw_only=True, default="")
    link: tuple[str, str] | None = field(kw_only=True, default=None)
    currency: str = field(kw_only=True, default="CNY")

    def __post_init__(self) -> None:
        checked_id(self.id)

    @property
    def table(self) -> Table:
        """The numbers behind the picture."""
        return Table(
            self.data,
            self.columns,
            language=self.language,
            id=f"{self.id}-data",
            title=self.title,
            caption=self.caption,
            currency=self.currency,
        )

    def spec(self) -> dict[str, Any]:
        """The figure as plain JSON, without the title: on the page the title is text above it."""
        return plain(self.figure.to_plotly_json())

    def html(self) -> str:
        """The figure element of the page; where there are no numbers, a sentence that says so."""
        if self.data.is_empty():
            empty = escaped(say("charts.nothing", self.language))
            return (
                f'<figure class="as-block chart none" id="{self.id}" lang="{lang_of(self.language)}">'
                f'<h3>{escaped(self.title)}</h3><p class="empty">{empty}</p></figure>'
            )
        height = int(self.figure.layout.height or 360)
        so_what = f'<p class="so-what">{escaped(self.so_what)}</p>' if self.so_what else ""
        return (
            f'<figure class="as-block chart" id="{self.id}" lang="{lang_of(self.language)}">'
            f"<h3>{escaped(self.title)}</h3>{so_what}"
            f'<div class="plot" id="{self.id}-plot" role="img" aria-label="{escaped(self.alt or self.title)}" '
            f'data-height="{height}"></div>'
            f'<script type="application/json" class="plot-data">{script_json(self.spec())}</script>'
            f"<figcaption>{escaped(self.caption)}</figcaption>{more(self.link)}"
            f"<details open><summary>{escaped(say('charts.show_data', self.language))}</summary>"
            f"{self.table.scroller()}</details></figure>"
        )

    def lab_figure(self) -> dict[str, Any]:
        """The figure for JupyterLab, with title, so-what and caption inside, as there is no page around it."""
        spec = self.spec()
        layout = spec["layout"]
        title, below, caption = (
            plot_lines(t, self.language, limit=_LAB_LINE[self.language])
            for t in (self.title, self.so_what, self.caption)
        )
        head, foot = 24 * len(title) + 21 * len(below) + 10, 18 * len(caption) + 14
        margin = layout.get("margin", {})
        over = margin.get("t", 26)  # panels write their own names into the margin: ours stand above those
        ink, muted, size = LIGHT["ink"], LIGHT["muted"], SIZES["body"]
        layout["margin"] = {**margin, "t": over + head, "b": margin.get("b", 8) + 30 + foot}
        layout["height"] = layout.get("height", 360) + head + foot
        layout["annotations"] = [
            *layout.get("annotations", []),
            _beside(title, 1, over + 21 * len(below), {"size": SIZES["card"], "color": ink, "weight": 600}),
            _beside(below, 1, over, {"size": size, "color": muted}),
            _beside(caption, 0, -34, {"size": SIZES["tiny"], "color": muted}),
        ]
        return {**spec, "config": {"displayModeBar": False}}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if self.data.is_empty():
            return {"text/html": self.html(), "text/plain": self.title}
        return {PLOTLY_TYPE: self.lab_figure(), "text/html": self.html(), "text/plain": self.title}


def nothing(id: str, language: Language, *, title: str | None = None) -> Chart:
    """The chart of an empty frame: its place on the page, and a sentence instead of a picture."""
    return Chart(id, title or say("charts.nothing_title", language), go.Figure(), pl.DataFrame(), (), language=language)


def _beside(lines: list[str], y: int, shift: int, font: dict[str, Any]) -> dict[str, Any]:
    """Lines above (y = 1) or below (y = 0) the plot. A plotly title of two lines is cut at the top; a note is not."""
    return {
        "text": "<br>".join(lines), "x": 0, "xref": "paper", "xanchor": "left", "align": "left", "y": y,
        "yref": "paper", "yanchor": "bottom" if y else "top", "yshift": shift, "showarrow": False, "font": font,
    }  # fmt: skip
