"""The funnel plot: many rates against what chance alone would give at each size, so that small numbers do not shout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.figure import Chart, nothing
from aftersales.charts.fit import NARROW, WIDE, short_names, text_width
from aftersales.charts.markup import plot_text
from aftersales.charts.numbers import Unit
from aftersales.charts.table import Column
from aftersales.charts.theme import LIGHT, lay_out, quiet_figure, word
from aftersales.charts.validation import require, sentences
from aftersales.words.language import Language, say

MOST_LABELS = 6  # more names than that hide the points they name
# More points than that hide one another and weigh down the page: the ordinary ones are then drawn in groups, on a grid.
MOST_POINTS = 100
GRID = 12
_HEIGHT, _PHONE_HEIGHT, _AROUND = 340, 300, 70  # pixels of the figure, and of what stands above and below its plot
_STEPS = ((10, 30), (10, 20, 50), (10, 12, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90))  # tenths of a decade, coarse first
LEAST_TICKS = 3
PHONE_DECADES = 2.5  # a wider range of sizes has room for powers of ten alone on a phone


def funnel_plot(
    frame: pl.DataFrame,
    limits: pl.DataFrame,
    *,
    id: str,
    language: Language,
    what: str,
    centre: float,
    form: str = "pct",
    title: str | None = None,
    so_what: str = "",
    caption: str = "",
) -> Chart:
    """Rates by size, with the limits within which chance alone keeps them (Spiegelhalter 2005, doi:10.1002/sim.1970).

    Columns in (``frame``): ``name``, ``part``, ``whole`` (1 or more), ``rate``, ``outside`` (boolean: beyond the upper
    limit, drawn orange and named). ``limits``: ``whole``, ``low``, ``high``, the curves. ``centre`` is the rate of all.
    ``what`` names the points ("couriers"). The title is computed from the points outside.
    """
    require(frame, ("name", "part", "whole", "rate", "outside"), "A funnel plot")
    require(limits, ("whole", "low", "high"), "A funnel plot's limits")
    if frame.is_empty() or limits.is_empty():
        return nothing(id, language, title=title)
    unit = Unit(form, language)
    rows = frame.with_columns(pl.col("outside").fill_null(False)).sort("rate", descending=True)
    alone, groups = _drawn(rows)
    figure = quiet_figure(language, height=_HEIGHT, narrow={"height": _PHONE_HEIGHT})
    _curves(figure, limits.sort("whole"), centre)
    if groups.height:
        figure.add_trace(_groups(groups, unit))
    figure.add_trace(_points(alone, unit))
    _axes(figure, rows, limits, unit)
    named = rows.filter("outside").head(MOST_LABELS)
    mean = say("charts.funnel.centre", language, value=unit.text(centre))
    size = say("charts.funnel.size", language)
    figure.layout.annotations = (
        *_names(figure, named, rows),
        word(mean, x=0, y=centre, xref="paper", xanchor="left", yanchor="bottom", xshift=14),
        word(size, x=1, y=0, xref="paper", yref="paper", xanchor="right", yanchor="bottom", yshift=8),
    )
    finding = _finding(rows, what, centre, unit)
    many = [say("charts.funnel.grouped", language, count=groups["n"].sum(), most=alone.height)] if groups.height else []
    return Chart(
        id,
        title or finding,
        figure,
        alone,
        _columns(unit),
        language=language,
        so_what=so_what,
        alt=finding,
        caption=sentences(say("charts.funnel.caption", language), caption, *many),
    )


def _drawn(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that get a point each, and the others in groups of like size and rate: outside, n, whole, rate (means)."""
    none = pl.DataFrame(schema={"outside": pl.Boolean, "n": pl.UInt32, "whole": pl.Float64, "rate": pl.Float64})
    if rows.height <= MOST_POINTS:
        return rows, none
    alone = rows.filter("outside").head(MOST_POINTS)
    ordinary, more = rows.filter(~pl.col("outside")), rows.filter("outside").slice(MOST_POINTS)
    rest = pl.concat([ordinary, more]).with_columns(size=pl.col("whole").log10())
    cell = [_cell("size"), _cell("rate")]
    means = {"n": pl.len(), "whole": 10 ** pl.col("size").mean(), "rate": pl.col("rate").mean()}
    grouped = rest.group_by("outside", *cell).agg(**means).sort("outside", "_size", "_rate")
    return alone, grouped.select(none.columns)


def _cell(column: str) -> pl.Expr:
    """Which of so many equal steps from the least to the most a value lies in."""
    value = pl.col(column)
    step = (value.max() - value.min()) / GRID
    return pl.when(step > 0).then(((value - value.min()) / step).floor()).otherwise(0.0).alias(f"_{column}")


def _finding(rows: pl.DataFrame, what: str, centre: float, unit: Unit) -> str:
    out = rows.filter("outside")
    if out.is_empty():
        return say("charts.funnel.none", unit.language, what=what, whole=rows.height, usual=unit.text(centre))
    names = [f"{n} {unit.text(r)}" for n, r in out.head(3).select("name", "rate").iter_rows()]
    counts: dict[str, Any] = {"count": out.height, "whole": rows.height}
    return say("charts.funnel.some", unit.language, what=what, names=names, usual=unit.text(centre), **counts)


def _curves(figure: go.Figure, limits: pl.DataFrame, centre: float) -> None:
    sizes = limits["whole"].to_list()
    line = {"color": LIGHT["band"], "width": 0}
    figure.add_trace(
        go.Scatter(
            x=[*sizes, *reversed(sizes)],
            y=[*limits["high"].to_list(), *reversed(limits["low"].to_list())],
            mode="lines",
            fill="toself",
            fillcolor=LIGHT["band"],
            line=line,
            hoverinfo="skip",
        )
    )
    mean = {"color": LIGHT["ink"], "width": 1, "dash": "dot"}
    figure.add_trace(go.Scatter(x=[sizes[0], sizes[-1]], y=[centre] * 2, mode="lines", line=mean, hoverinfo="skip"))


def _points(rows: pl.DataFrame, unit: Unit) -> go.Scatter:
    hover = [
        plot_text(r["name"])
        + ": "
        + say("charts.intervals.label", unit.language, value=unit.text(r["rate"]), part=r["part"], whole=r["whole"])
        for r in rows.iter_rows(named=True)
    ]
    return go.Scatter(
        x=rows["whole"].to_list(),
        y=rows["rate"].to_list(),
        mode="markers",
        hoverinfo="text",
        hovertext=hover,
        marker=_marker(rows["outside"], 8),
    )


def _groups(groups: pl.DataFrame, unit: Unit) -> go.Scatter:
    hover = [
        say("charts.funnel.group", unit.language, n=n, value=unit.text(rate), whole=whole)
        for _, n, whole, rate in groups.iter_rows()
    ]
    size = (6 + 2 * groups["n"].log10()).round(1).to_list()
    return go.Scatter(
        x=groups["whole"].round(1).to_list(),
        y=groups["rate"].round(5).to_list(),
        mode="markers",
        hoverinfo="text",
        hovertext=hover,
        marker=_marker(groups["outside"], size),
    )


def _marker(outside: pl.Series, size: float | list[float]) -> dict[str, Any]:
    tones = [LIGHT["orange" if out else "grey"] for out in outside]
    return {"size": size, "color": tones, "line": {"color": LIGHT["card"], "width": 1}}


def _axes(figure: go.Figure, rows: pl.DataFrame, limits: pl.DataFrame, unit: Unit) -> None:
    sizes = [v for v in (*rows["whole"], *limits["whole"]) if v]
    low, high = math.log10(min(sizes)), math.log10(max(sizes))
    finest = _ticks(low, high, _STEPS[-1])
    at = next((ticks for steps in _STEPS if len(ticks := _ticks(low, high, steps)) >= LEAST_TICKS), finest)
    count, room = Unit("int", unit.language), min(1.0, high - low)
    # the curves fly off at the smallest sizes: the axis follows the points
    seen = [*rows["rate"].to_list(), *limits.filter(pl.col("whole") >= rows["whole"].quantile(0.1))["high"].to_list()]
    # a little below nought, so that a point at nought is seen whole
    axis = unit.axis(seen, zero=True)
    lay_out(
        figure,
        xaxis={
            "type": "log",
            "range": [low - 0.05 * room, high + 0.18 * room],
            "tickmode": "array",
            "tickvals": at,
            "ticktext": [count.text(v) for v in at],
        },
        yaxis={**axis, "range": [-0.03 * axis["range"][1], axis["range"][1]]},
    )
    if high - low > PHONE_DECADES:
        tens = [v for v in at if math.log10(v).is_integer()]
        figure.layout.meta["narrow"]["xaxis"] = {"tickvals": tens, "ticktext": [count.text(v) for v in tens]}


def _ticks(low: float, high: float, steps: Sequence[int]) -> list[int]:
    """Round sizes between two logarithms: each of ``steps``, in tenths, in each decade."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    sizes = [m * 10**p / 10 for p in decades for m in steps]
    return [int(size) for size in sizes if size == int(size) and low <= math.log10(size) <= high]


def _names(figure: go.Figure, named: pl.DataFrame, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The names of points outside, beside them; on a phone shorter ones, and fewer where they would not fit."""
    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    there = [
        ((math.log10(whole) - left) / (right - left), (rate - low) / (high - low))
        for whole, rate in pl.concat([named, rows.filter("outside").slice(named.height)]).select("whole", "rate").rows()
    ]
    points, others = there[: named.height], there[named.height :]

    def placed(small: bool) -> list[dict[str, Any]]:
        names = short_names(named["name"].to_list(), narrow=small)
        width, height = (NARROW, _PHONE_HEIGHT) if small else (WIDE, _HEIGHT)
        found = sides(points, names, width=width, height=height - _AROUND, others=others)
        beside: dict[str | None, dict[str, Any]] = {
            "right": {"xanchor": "left", "xshift": SHIFT}, "left": {"xanchor": "right", "xshift": -SHIFT},
            None: {"visible": False},
        }  # fmt: skip
        return [{"text": name} | beside[side] for side, name in zip(found, names, strict=True)]

    wide, narrow = placed(False), placed(True)
    figure.layout.meta["narrow"]["annotations"] = {
        at: {"visible": True, **place} for at, place in enumerate(narrow) if place != wide[at]
    }
    return [
        word("", x=math.log10(r["whole"]), y=r["rate"], colour="orange") | place
        for r, place in zip(named.iter_rows(named=True), wide, strict=True)
    ]


def _columns(unit: Unit) -> tuple[Column, ...]:
    def label(key: str) -> str:
        return say(f"charts.column.{key}", unit.language)

    return (
        Column("name", label("name")), Column("part", label("part"), "int"), Column("whole", label("whole"), "int"),
        Column("rate", label("rate"), unit.form, strong=True),
    )  # fmt: skip


# Names beside points: to the right or the left of each where there is room, none where one would cover another.


SHIFT = 9  # pixels from a point's middle to its name
_HALF_LINE = 8  # half the height of a name
_DOT = 5  # half the width of a point


def sides(
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    *,
    width: float,
    height: float,
    others: Sequence[tuple[float, float]] = (),
) -> list[str | None]:
    """On which side of its point each name is written: "right", "left", or None where there is no room.

    The first names are placed first. Points lie from (0, 0), bottom left, to (1, 1) in a plot of so many pixels;
    ``others`` are points without a name that no name may cover either.

    >>> sides([(0.5, 0.5), (0.52, 0.5), (0.51, 0.5)], ["pillow", "mug", "lamp"], width=400, height=200)
    ['left', 'right', None]
    """
    middles = [(x * width, y * height) for x, y in (*points, *others)]
    taken = [(x - _DOT, x + _DOT, y - _DOT, y + _DOT) for x, y in middles]
    found: list[str | None] = []
    for at, ((x, y), name) in enumerate(zip(middles, names, strict=False)):
        own, long = taken[at], text_width(name)
        boxes = {
            "right": (x + SHIFT, x + SHIFT + long, y - _HALF_LINE, y + _HALF_LINE),
            "left": (x - SHIFT - long, x - SHIFT, y - _HALF_LINE, y + _HALF_LINE),
        }
        free = (
            side
            for side, box in boxes.items()
            if box[0] >= 0 and box[1] <= width and not any(_touch(box, one) for one in taken if one is not own)
        )
        side = next(free, None)
        if side:
            taken.append(boxes[side])
        found.append(side)
    return found


def _touch(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]
