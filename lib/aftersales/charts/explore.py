"""A table to look around in: searched, sorted and exported in JupyterLab, without the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from aftersales.charts.figure import Chart
from aftersales.charts.markup import checked_id
from aftersales.charts.table import Column, Table
from aftersales.words.errors import UsageError
from aftersales.words.language import Language, number, say
from aftersales.words.plain import one_line, table_cell

MOST_ROWS = 10_000  # a browser searches so many at once; an export of more is a question for polars
_PLAIN_ROWS = 50  # where the lab's own packages are missing


@dataclass(frozen=True)
class Explorer:
    """A frame with search, sorting and export; what `explore` returns. ``total`` is how many rows there are."""

    frame: pl.DataFrame
    total: int
    title: str = field(default="", kw_only=True)
    language: Language = field(default="zh", kw_only=True)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        return {"text/html": self.html(), "text/plain": repr(self.frame)}, {"aftersales": {"lab_only": True}}

    def html(self) -> str:
        """The table with its script; a plain table of the first rows where the lab's own packages are missing."""
        made = _itables()
        caption = self.title
        if self.total > self.frame.height:
            some = say("charts.table.rows_shown", self.language, shown=self.frame.height, total=self.total)
            caption = f"{caption} {some}".strip()
        if made is None:
            columns = tuple(Column(name, name) for name in self.frame.columns)
            rows = self.frame.head(_PLAIN_ROWS).select(pl.all().map_elements(_cell, return_dtype=pl.String))
            return Table(
                rows,
                columns,
                language=self.language,
                id=checked_id("explored"),
                total=self.total,
                caption=say("lab.no_itables", self.language),
            ).html()
        table, script = made
        name = one_line(self.title or "aftersales", longest=80).replace("/", "-")
        files: list[Any] = [
            {"extend": kind, "filename": name, "title": None, "bom": True}
            for kind in ("copyHtml5", "csvHtml5", "excelHtml5")
        ]
        layout = {"topStart": "buttons", "topEnd": "search", "bottomStart": "info", "bottomEnd": "paging"}
        return script + table(
            _to_hand_out(self.frame),
            caption or None,
            buttons=files,
            layout=layout,
            maxBytes=0,
            maxRows=0,
            connected=False,
            showIndex=False,
            pageLength=10,
            lengthMenu=[10, 25, 100],
            scrollX=True,
            style="margin:0",
            show_dtypes=False,
            display_logo_when_loading=False,
            allow_html=False,
        )


def explore(what: Chart | Table | pl.DataFrame | pl.LazyFrame, *, rows: int = MOST_ROWS) -> Explorer:
    """A table to search, sort, page through, copy, and export as CSV or Excel; in JupyterLab alone, offline.

    ``what`` is anything that holds a table: a section's `Table` or `Chart` (its numbers, under the page's headings), a
    polars frame, or a lazy one such as ``report.data.tables["orders"]``. Values are raw: a rate is 0–1 and a day is a
    date, so that an export can be calculated with. At most ``rows`` rows are fetched, the first ones; the caption says
    of how many. Raises `UsageError` for what holds no table. Pages leave it out.

    >>> found = explore(pl.LazyFrame({"product": ["Pillow", "Lamp", "Cup"], "rate": [0.327, 0.08, 0.05]}), rows=2)
    >>> found.frame.height, found.total
    (2, 3)
    >>> explore("orders")
    Traceback (most recent call last):
    aftersales.words.errors.UsageError: There is no table in that. Found: str. ...
    """
    if rows < 1:
        raise UsageError("There must be a row to show", found=f"rows={rows}")
    if isinstance(what, Chart | Table):
        return _of_block(what.table if isinstance(what, Chart) else what, rows)
    if isinstance(what, pl.LazyFrame):
        found, total = pl.collect_all([what.head(rows), what.select(pl.len())])
        return Explorer(found, total.item())
    if isinstance(what, pl.DataFrame):
        return Explorer(what.head(rows), what.height)
    raise UsageError(
        "There is no table in that",
        found=type(what).__name__,
        hint="give a Table, a Chart, a polars frame or a lazy one",
    )


def _of_block(table: Table, rows: int) -> Explorer:
    """The columns a block shows, under its headings; intervals and second lines beside them, by their own names.

    Little lines and tones are the block's looks and stay behind.
    """
    heads: dict[str, str] = {}
    for column in table.columns:
        if column.form != "spark":
            heads.setdefault(column.name, column.label)
        for name in (column.below, column.low, column.high, column.usual):
            if name:
                heads.setdefault(name, name)
    names = _distinct(list(heads.values()))
    frame = table.frame.select(pl.col(old).alias(new) for old, new in zip(heads, names, strict=True))
    return Explorer(frame.head(rows), table.total or frame.height, title=table.title, language=table.language)


def _distinct(names: list[str]) -> list[str]:
    return [f"{name} ({names[:at].count(name) + 1})" if name in names[:at] else name for at, name in enumerate(names)]


def _to_hand_out(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame as its export buttons write it: lists as text, no text that a spreadsheet would run or round."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    flat = frame.with_columns(pl.col(name).map_elements(_cell, return_dtype=pl.String) for name in nested)
    flat = flat.with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String))
    safe = flat.with_columns(pl.col(pl.String).map_elements(table_cell, return_dtype=pl.String))
    return safe.rename({name: f"{table_cell(name)}" for name in safe.columns})


def _cell(value: Any) -> str:
    if isinstance(value, pl.Series | list | tuple):
        return ", ".join(_cell(each) for each in value)
    return number(value, digits=4) if isinstance(value, float) else str(value)


def _itables() -> tuple[Callable[..., str], str] | None:
    """What makes a table, and the script it needs: out of the package, never from the network."""
    try:
        from itables import to_html_datatable
        from itables.javascript import generate_init_offline_itables_html
        from itables.options import dt_bundle
    except ImportError:
        return None
    return to_html_datatable, generate_init_offline_itables_html(dt_bundle)
