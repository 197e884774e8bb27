"""Before and after a decision: the rate week by week with the band it would have kept to, and how far others moved."""

from __future__ import annotations

from datetime import date
from typing import Any

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.figure import Chart, nothing
from aftersales.charts.markup import plot_lines, plot_text
from aftersales.charts.numbers import Unit, day_tick
from aftersales.charts.table import Column
from aftersales.charts.theme import LIGHT, lay_out, quiet_figure, word
from aftersales.charts.validation import require, sentences
from aftersales.charts.weekly import week_ticks
from aftersales.words.language import Language, enumerated, say

_MOST_TICKS, _NARROW_TICKS = 8, 4
_WEEKS, _OTHERS = (0.34, 1.0), (0.0, 0.15)
# On a phone the names stand over one another and the sentence over the strip takes two lines.
_PHONE_HEIGHT, _PHONE_TOP, _PHONE_LINE = 440, 46, {"zh": 25, "en": 46}
_NAME, _BAND, _STRIP = "0", "2", "3"  # places among the notes
# Moves beyond these stand at the edge of the strip: a rate that doubled and one that rose tenfold look alike there.
_LEAST, _MOST = -1.0, 1.5


def before_after(
    frame: pl.DataFrame,
    *,
    id: str,
    language: Language,
    name: str,
    since: date,
    title: str,
    change: tuple[float, float, float] | None = None,
    placebos: list[float] | None = None,
    level: float = 0.9,
    form: str = "pct",
    so_what: str = "",
    caption: str = "",
) -> Chart:
    """The weeks around a decision, and below them its change beside those of untouched units.

    Columns in: ``week`` (Monday), ``rate``, ``low``, ``high`` (where it would lie had nothing been done), ``mature``
    (false is drawn hollow), ``events``, ``exposure``. ``since`` is the day it took effect; ``change`` the relative
    change with the ends of its interval of ``level`` (None where there is none);
    ``placebos`` the same of each untouched unit.
    """
    require(frame, ("week", "rate", "low", "high", "mature", "events", "exposure"), "A before-and-after chart")
    if frame.is_empty():
        return nothing(id, language, title=title)
    unit, rows = Unit(form, language), frame.sort("week")
    strip = change is not None
    top = _WEEKS if strip else (0.0, 1.0)
    figure = quiet_figure(language, height=400 if strip else 300)
    values = [*rows["rate"].to_list(), *rows["low"].to_list(), *rows["high"].to_list()]
    lay_out(
        figure,
        xaxis={
            "domain": [0, 1],
            "range": [-0.6, rows.height - 0.4],
            "anchor": "y",
            **week_ticks(rows["week"], language, _MOST_TICKS),
        },
        yaxis={"domain": list(top), **unit.axis(values, zero=True)},
        margin={"t": 26, "b": 24, "l": 8, "r": 14},
    )
    at = sum(1 for week in rows["week"] if week < since) - 0.5
    _band(figure, rows)
    _line(figure, rows, unit)
    figure.add_shape(
        type="line",
        x0=at,
        x1=at,
        xref="x",
        y0=0,
        y1=1,
        yref="y domain",
        line={"color": LIGHT["ink"], "width": 1, "dash": "dot"},
    )
    early = at < rows.height / 4
    notes = [
        word(plot_text(name, most=24), x=0, y=1, xref="paper", yref="paper", xanchor="left", yanchor="bottom",
             yshift=5, bold=True, colour="blue"),
        word(say("charts.before_after.since", language, day=since), x=at, y=1, yref="y domain",
             xanchor="left" if early else "right", yanchor="top", xshift=4 if early else -4, colour="ink"),
        word(say("charts.before_after.band", language), x=1, y=1, xref="paper", yref="paper", xanchor="right",
             yanchor="bottom", yshift=5),
    ]  # fmt: skip
    if change is not None:
        notes += _strip(figure, change, placebos or [], language, level)
    figure.layout.annotations = tuple(notes)
    figure.layout.meta["narrow"] = _narrow(rows, language, notes)
    return Chart(
        id,
        title,
        figure,
        rows.select("week", "events", "exposure", "rate", "low", "high"),
        _columns(language, form),
        language=language,
        so_what=so_what,
        caption=sentences(say("charts.before_after.caption", language), caption),
        alt=sentences(title, _alt(rows, since, change, placebos or [], unit)),
    )


def _narrow(rows: pl.DataFrame, language: Language, notes: list[dict[str, Any]]) -> dict[str, Any]:
    places: dict[str, Any] = {_NAME: {"yshift": 23}, _BAND: {"x": 0, "xanchor": "left"}}
    strip = notes[int(_STRIP) :]
    if strip:
        lines = plot_lines(strip[0]["text"], language, limit=_PHONE_LINE[language])
        places[_STRIP] = {"text": "<br>".join(lines), "align": "left"}
    return {
        "height": _PHONE_HEIGHT if strip else 320, "margin": {"t": _PHONE_TOP}, "annotations": places,
        "xaxis": week_ticks(rows["week"], language, _NARROW_TICKS),
    }  # fmt: skip


def _band(figure: go.Figure, rows: pl.DataFrame) -> None:
    """Where each week would lie by chance had nothing been done, one step a week."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for k, (low, high) in enumerate(rows.select("low", "high").iter_rows()):
        xs += [k - 0.5, k + 0.5, k + 0.5, k - 0.5, k - 0.5, None]
        ys += [low, low, high, high, low, None]
    figure.add_trace(
        go.Scatter(
            x=xs[:-1],
            y=ys[:-1],
            mode="lines",
            fill="toself",
            fillcolor=LIGHT["band"],
            hoverinfo="skip",
            line={"width": 0, "color": LIGHT["band"]},
        )
    )


def _line(figure: go.Figure, rows: pl.DataFrame, unit: Unit) -> None:
    x = list(range(rows.height))
    figure.add_trace(
        go.Scatter(
            x=x, y=rows["rate"].to_list(), mode="lines", line={"color": LIGHT["blue"], "width": 2}, hoverinfo="skip"
        )
    )
    hover = [
        f"{day_tick(w, unit.language)}: {unit.text(r)} ({n} / {e:.0f})"
        for w, r, n, e in rows.select("week", "rate", "events", "exposure").iter_rows()
    ]
    fills = [LIGHT["blue" if ok else "card"] for ok in rows["mature"]]
    figure.add_trace(
        go.Scatter(
            x=x,
            y=rows["rate"].to_list(),
            mode="markers",
            hoverinfo="text",
            hovertext=hover,
            marker={"size": 8, "color": fills, "line": {"color": LIGHT["blue"], "width": 2}},
        )
    )


def _strip(
    figure: go.Figure, change: tuple[float, float, float], placebos: list[float], language: Language, level: float
) -> list[dict[str, Any]]:
    """Untouched units' changes as grey dots, the decision's own as a blue one with its interval."""
    unit = Unit("pct0", language)
    shown = [min(max(p, _LEAST), _MOST) for p in placebos]
    own, low, high = (min(max(v, _LEAST), _MOST) for v in change)
    lay_out(
        figure,
        xaxis2={
            **figure.layout.xaxis.to_plotly_json(),
            **unit.axis([*shown, low, high, own, 0.0]),
            "anchor": "y2",
            "domain": [0, 1],
        },
        yaxis2={
            "domain": list(_OTHERS),
            "range": [-1, 1],
            "anchor": "x2",
            "showticklabels": False,
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    )
    figure.add_shape(
        type="line", x0=0, x1=0, xref="x2", y0=0, y1=1, yref="y2 domain", line={"color": LIGHT["grey"], "width": 1}
    )
    # a fixed pattern of heights keeps dots apart and pages byte-identical
    lift = [((k * 7) % 11) / 11 * 1.0 - 0.5 for k in range(len(shown))]
    figure.add_trace(
        go.Scatter(
            x=shown,
            y=lift,
            xaxis="x2",
            yaxis="y2",
            mode="markers",
            hoverinfo="text",
            hovertext=[unit.text(p) for p in placebos],
            marker={"size": 6, "color": LIGHT["pale"], "line": {"color": LIGHT["grey"], "width": 0.5}},
        )
    )
    reach = {"array": [max(high - own, 0)], "arrayminus": [max(own - low, 0)], "symmetric": False}
    figure.add_trace(
        go.Scatter(
            x=[own],
            y=[0],
            xaxis="x2",
            yaxis="y2",
            mode="markers",
            hoverinfo="text",
            hovertext=[unit.text(change[0])],
            marker={"size": 11, "color": LIGHT["blue"]},
            error_x={"type": "data", "thickness": 2, "width": 4, "color": LIGHT["blue"], **reach},
        )
    )
    text = say(f"charts.before_after.{'others' if placebos else 'alone'}", language, count=len(placebos), level=level)
    return [
        word(
            text,
            x=0,
            y=_OTHERS[1],
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            yshift=4,
            colour="ink",
        )
    ]


def _columns(language: Language, form: str) -> tuple[Column, ...]:
    def name(key: str) -> str:
        return say(f"charts.before_after.column.{key}", language)

    return (
        Column("week", name("week"), "day", strong=True), Column("events", name("events"), "int"),
        Column("exposure", name("exposure"), "int"), Column("rate", name("rate"), form),
        Column("low", name("low"), form), Column("high", name("high"), form),
    )  # fmt: skip


def _alt(
    rows: pl.DataFrame, since: date, change: tuple[float, float, float] | None, placebos: list[float], unit: Unit
) -> str:
    said = [f"{day_tick(w, unit.language)} {unit.text(r)}" for w, r in rows.select("week", "rate").iter_rows()]
    told = say("charts.before_after.alt", unit.language, day=since, weeks=enumerated(said, unit.language))
    if change is None or not placebos:
        return told
    further = sum(abs(p) >= abs(change[0]) for p in placebos)
    return sentences(told, say("charts.before_after.alt_others", unit.language, count=len(placebos), further=further))
