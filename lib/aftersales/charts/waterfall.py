"""A change taken apart: from the level before to the level now, one step a cause, summing exactly."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.bars import bar_words, set_bar_axes
from aftersales.charts.figure import Chart
from aftersales.charts.numbers import Unit
from aftersales.charts.table import Column
from aftersales.charts.theme import LIGHT, quiet_figure
from aftersales.charts.validation import listed, require, sentences
from aftersales.words.errors import UsageError
from aftersales.words.language import Language, say

ROW_HEIGHT = 32
_ROUNDING = 1e-6  # of the levels: steps that miss the end by more than float noise do not explain the change


def waterfall(
    frame: pl.DataFrame,
    *,
    id: str,
    language: Language,
    name: str,
    start: float,
    end: float,
    start_name: str,
    end_name: str,
    form: str = "pct",
    change_form: str = "pp",
    title: str | None = None,
    so_what: str = "",
    caption: str = "",
    currency: str = "CNY",
) -> Chart:
    """Steps that lead from ``start`` to ``end``, lying, read from top to bottom.

    Columns in: ``step`` (as written) and ``change`` (in the unit of start and end), in the order to be drawn. Raises
    `UsageError` where the steps do not sum to the change: a picture of parts must show the whole. Steps that worsen
    (add) are orange where they are the largest, grey otherwise. The title is computed: the largest step and its share.
    """
    require(frame, ("step", "change"), "A waterfall")
    gap = end - start - float(frame["change"].sum())
    if abs(gap) > _ROUNDING * max(abs(start), abs(end), 1e-9):
        raise UsageError(
            "The steps do not sum to the change",
            found=f"{frame['change'].sum()} for {end - start}",
            hint="add a step for what is left over",
        )
    unit, change = Unit(form, language, currency), Unit(change_form, language, currency)
    figure = _figure(frame, start, end, ends=(start_name, end_name), unit=unit, change=change)
    steps = (f"{s} {_plus(c, change)}" for s, c in frame.select("step", "change").iter_rows())
    alt = listed([f"{start_name} {unit.text(start)}", *steps, f"{end_name} {unit.text(end)}"], language)
    columns = (
        Column("step", say("charts.column.step", language)),
        Column("change", say("charts.column.change", language), change_form, strong=True),
    )
    title = title or _finding(frame, name, start, end, unit=unit, change=change)
    return Chart(
        id,
        title,
        figure,
        frame.select("step", "change"),
        columns,
        language=language,
        so_what=so_what,
        alt=alt,
        currency=currency,
        caption=sentences(say("charts.waterfall.caption", language), caption),
    )


def _plus(value: float, change: Unit) -> str:
    text = change.text(value)
    return text if value <= 0 or text.startswith("+") else f"+{text}"


def _finding(frame: pl.DataFrame, name: str, start: float, end: float, *, unit: Unit, change: Unit) -> str:
    values: dict[str, Any] = {"name": name, "before": unit.text(start), "value": unit.text(end)}
    total = end - start
    same_way = frame.filter(pl.col("change") * total > 0).sort(pl.col("change").abs(), descending=True)
    if values["before"] == values["value"] or same_way.is_empty():
        return say("charts.waterfall.same", unit.language, **values)
    top = same_way.row(0, named=True)
    values |= {"step": top["step"], "change": _plus(top["change"], change)}
    return say(f"charts.waterfall.{'rose' if total > 0 else 'fell'}", unit.language, **values)


def _figure(
    frame: pl.DataFrame, start: float, end: float, *, ends: tuple[str, str], unit: Unit, change: Unit
) -> go.Figure:
    names = [ends[0], *frame["step"].to_list(), ends[1]]
    changes = [float(c) for c in frame["change"]]
    bottoms, levels = [0.0], [start]
    for step in changes:
        bottoms.append(levels[-1])
        levels.append(levels[-1] + step)
    top_step = max(changes, key=lambda c: c * (1 if end >= start else -1), default=0.0)
    fills = ["grey", *("orange" if c == top_step and c > 0 else "blue" if c < 0 else "pale" for c in changes), "grey"]
    figure = quiet_figure(unit.language, height=ROW_HEIGHT * len(names) + 24)
    places = list(range(len(names)))
    figure.add_trace(
        go.Bar(
            x=[start, *changes, end],
            base=[0.0, *bottoms[1:], 0.0],
            y=places,
            orientation="h",
            width=0.6,
            hoverinfo="skip",
            marker={"color": [LIGHT[f] for f in fills]},
        )
    )
    joined = [*levels, end]
    for i in range(len(names) - 1):
        figure.add_shape(
            type="line", x0=joined[i], x1=joined[i], y0=i + 0.3, y1=i + 0.7, line={"color": LIGHT["grey"], "width": 1}
        )
    rights = [start, *(max(a, b) for a, b in pairwise(levels)), end]
    texts = [unit.text(start), *(_plus(c, change) for c in changes), unit.text(end)]
    ends_at = [max(right, 0.0) for right in rights]
    set_bar_axes(figure, names, ends_at, texts, low=min(0.0, *levels), head=0.6)
    figure.layout.annotations = tuple(bar_words(ends_at, texts, bold=(0, len(names) - 1)))
    return figure
