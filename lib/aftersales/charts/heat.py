"""A table of numbers with shading: hour by weekday, province by courier. The number is written; the shade helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from aftersales.charts.markup import checked_id, escaped, lang_of
from aftersales.charts.numbers import Unit
from aftersales.charts.validation import require
from aftersales.words.errors import UsageError
from aftersales.words.language import NOTHING, Language

_STEPS = 5  # shades that are told apart side by side, page.css .h0 to .h5


@dataclass(frozen=True)
class HeatTable:
    """Rows by columns, one number a cell.

    ``frame`` holds ``row``, ``column`` (as written, in order of appearance unless ``rows`` and ``columns`` are given),
    ``value``, and where present ``few`` (boolean: too few to say, written muted and unshaded). A pair without a row is
    a dash. Shades run from nought to the greatest value that is not ``few``.

    >>> frame = pl.DataFrame({"row": ["9:00", "9:00"], "column": ["Mon", "Tue"], "value": [3, 12]})
    >>> HeatTable(frame, id="hours", language="en", title="Tuesday is busiest", corner="Hour").html().count("<td")
    2
    """

    frame: pl.DataFrame
    id: str = field(kw_only=True)
    language: Language = field(kw_only=True)
    title: str = field(kw_only=True)
    corner: str = field(kw_only=True, default="")
    form: str = field(kw_only=True, default="int")
    rows: Sequence[str] | None = field(kw_only=True, default=None)
    columns: Sequence[str] | None = field(kw_only=True, default=None)
    so_what: str = field(kw_only=True, default="")
    caption: str = field(kw_only=True, default="")

    def __post_init__(self) -> None:
        checked_id(self.id)
        require(self.frame, ("row", "column", "value"), "A heat table")
        if self.frame.select("row", "column").is_duplicated().any():
            raise UsageError("A cell of a heat table stands twice", found=f"{self.frame.height} rows")

    def html(self) -> str:
        """Title, table in a scrolling region, caption."""
        rows = list(self.rows or self.frame["row"].unique(maintain_order=True))
        columns = list(self.columns or self.frame["column"].unique(maintain_order=True))
        few = (
            self.frame["few"].fill_null(False).to_list() if "few" in self.frame.columns else [False] * self.frame.height
        )
        cells = {
            (r, c): (v, f)
            for (r, c, v), f in zip(self.frame.select("row", "column", "value").iter_rows(), few, strict=True)
        }
        top = max((float(v) for v, f in cells.values() if v is not None and not f), default=0.0)
        unit = Unit(self.form, self.language)
        head = "".join(f'<th scope="col">{escaped(c)}</th>' for c in columns)
        body = "".join(
            f'<tr><th scope="row">{escaped(r)}</th>{"".join(_cell(cells.get((r, c)), top, unit) for c in columns)}</tr>'
            for r in rows
        )
        so_what = f'<p class="so-what">{escaped(self.so_what)}</p>' if self.so_what else ""
        caption = f'<p class="caption">{escaped(self.caption)}</p>' if self.caption else ""
        name = escaped(self.title)
        return (
            f'<section class="as-block as-table heat" id="{self.id}" lang="{lang_of(self.language)}">'
            f'<h3>{name}</h3>{so_what}<div class="scroll" tabindex="0" role="region" '
            f'aria-label="{name}"><table><thead><tr><th scope="col">{escaped(self.corner)}</th>{head}</tr>'
            f"</thead><tbody>{body}</tbody></table></div>{caption}</section>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.title}


def _cell(cell: tuple[Any, bool] | None, top: float, unit: Unit) -> str:
    if cell is None or cell[0] is None:
        return f'<td class="few">{NOTHING}</td>'
    value, few = float(cell[0]), cell[1]
    if few:
        return f'<td class="few">{escaped(unit.text(cell[0]))}</td>'
    step = 0 if top <= 0 or value <= 0 else min(_STEPS, 1 + int(value / top * _STEPS * 0.9999))
    return f'<td class="h{step}">{escaped(unit.text(cell[0]))}</td>'
