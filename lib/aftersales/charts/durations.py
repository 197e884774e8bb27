"""How long things take: what half and nine in ten are within, by week, and the share still open by age."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.figure import Chart, nothing
from aftersales.charts.line import level_label, series_frame
from aftersales.charts.numbers import Unit, day_tick, mondays
from aftersales.charts.table import Column
from aftersales.charts.theme import LIGHT, lay_out, quiet_figure, word
from aftersales.charts.validation import require, sentences
from aftersales.charts.weekly import MOST_TICKS, week_ticks
from aftersales.words.language import Language, say

_NEAR = 0.1  # of the panel's height: names of lines that end nearer would lie on one another


def duration_strip(
    frame: pl.DataFrame,
    *,
    id: str,
    language: Language,
    name: str,
    limit_hours: float | None = None,
    title: str | None = None,
    so_what: str = "",
    caption: str = "",
) -> Chart:
    """Hours by week: the median in blue, the ninetieth percentile thin above it, a limit dotted.

    Columns in: ``week`` (2026-W46 or its Monday), ``p50_hours``, ``p90_hours`` (null where not reached: open cases
    count as running), and where present ``mature``. The title is computed: half and nine in ten of the last week.
    """
    require(frame, ("week", "p50_hours", "p90_hours"), "A chart of durations")
    if frame.is_empty():
        return nothing(id, language, title=title)
    rows = mondays(frame)
    span = pl.DataFrame({"week": pl.date_range(rows["week"][0], rows["week"][-1], "1w", eager=True)})
    rows = span.join(rows, on="week", how="left", maintain_order="left")
    unit = Unit("hours", language)
    small = {"height": 260, "xaxis": {**week_ticks(rows["week"], language, 3), "range": [-0.5, rows.height * 1.5]}}
    figure = quiet_figure(language, height=290, narrow=small)
    values = [*rows["p50_hours"].to_list(), *rows["p90_hours"].to_list(), limit_hours]
    axis = unit.axis(values, zero=True)
    _lines(figure, rows, unit)
    figure.layout.annotations = _labels(rows, unit, near=_NEAR * (axis["range"][1] - axis["range"][0]))
    lay_out(
        figure,
        yaxis=axis,
        xaxis={**week_ticks(rows["week"], language, MOST_TICKS), "range": [-0.5, rows.height * 1.2 - 0.3]},
    )
    if limit_hours is not None:
        figure.add_shape(
            type="line",
            xref="x domain",
            x0=0,
            x1=1,
            y0=limit_hours,
            y1=limit_hours,
            line={"color": LIGHT["ink"], "width": 1, "dash": "dot"},
        )
        text = say("charts.duration.limit", language, value=unit.text(limit_hours))
        limit = level_label([rows["p50_hours"].to_list(), rows["p90_hours"].to_list()], limit_hours, text)
        figure.layout.annotations = (*figure.layout.annotations, limit)
    finding = _finding(rows, name, limit_hours, unit)
    columns = (
        Column("week", say("charts.column.week", language), "date", align="left"),
        Column("p50_hours", say("charts.column.median", language), "hours", strong=True),
        Column("p90_hours", say("charts.column.ninetieth", language), "hours"),
    )
    return Chart(
        id,
        title or finding,
        figure,
        rows,
        columns,
        language=language,
        so_what=so_what,
        alt=finding,
        caption=sentences(say("charts.duration.caption", language), caption),
    )


def _lines(figure: go.Figure, rows: pl.DataFrame, unit: Unit) -> None:
    levels = series_frame(rows.with_columns(pl.col("p50_hours").alias("value")), "week")
    x = list(range(rows.height))
    for column, tone, width in (("p90_hours", "grey", 1.4), ("p50_hours", "blue", 2.4)):
        ys = rows[column].to_list()
        fills = [LIGHT[tone] if ok else LIGHT["card"] for ok in levels["mature"]]
        hover = [f"{day_tick(w, unit.language)}: {unit.text(v)}" for w, v in zip(rows["week"], ys, strict=True)]
        figure.add_trace(
            go.Scatter(
                x=x,
                y=ys,
                mode="lines+markers",
                hoverinfo="text",
                hovertext=hover,
                connectgaps=False,
                line={"color": LIGHT[tone], "width": width},
                marker={"size": 7, "color": fills, "line": {"color": LIGHT[tone], "width": 1.6}},
            )
        )


def _labels(rows: pl.DataFrame, unit: Unit, *, near: float) -> tuple[dict[str, Any], ...]:
    """The name of each line to the right of its last point; two that end nearer than ``near`` keep apart."""
    ends = {}
    for key in ("p90", "p50"):
        known = [(i, v) for i, v in enumerate(rows[f"{key}_hours"]) if v is not None]
        if known:
            ends[key] = known[-1]
    close = len(ends) == 2 and abs(ends["p90"][1] - ends["p50"][1]) < near
    labels = []
    for key, (last, value) in ends.items():
        text = say(f"charts.duration.{key}", unit.language, value=unit.text(value))
        place: dict[str, Any] = {"yanchor": "bottom" if key == "p90" else "top"} if close else {}
        labels.append(
            word(
                text,
                x=last,
                y=value,
                colour="blue" if key == "p50" else "muted",
                xanchor="left",
                align="left",
                xshift=9,
                bgcolor=LIGHT["card"],
                **place,
            )
        )
    return tuple(labels)


def _finding(rows: pl.DataFrame, name: str, limit: float | None, unit: Unit) -> str:
    half, most = rows["p50_hours"][-1], rows["p90_hours"][-1]
    if half is None:
        return say("charts.duration.unknown", unit.language, name=name)
    texts = {"name": name, "half": unit.text(half), "most": unit.text(most)}
    if most is None:
        return say("charts.duration.half_only", unit.language, name=name, half=texts["half"])
    if limit is None:
        return say("charts.duration.both", unit.language, name=name, half=texts["half"], most=texts["most"])
    key = "charts.duration.within" if most <= limit else "charts.duration.beyond"
    return say(key, unit.language, name=name, half=texts["half"], most=texts["most"], limit=unit.text(limit))


def survival_curve(
    frame: pl.DataFrame,
    *,
    id: str,
    language: Language,
    name: str,
    title: str | None = None,
    so_what: str = "",
    caption: str = "",
) -> Chart:
    """The share of cases still open by hours since they began, as steps, with its interval.

    Columns in: ``hours`` (ascending), ``share_open`` (0..1), and where present ``low``, ``high``. The title is
    computed: by when half are closed, or that fewer than half are.
    """
    require(frame, ("hours", "share_open"), "A survival curve")
    if frame.is_empty():
        return nothing(id, language, title=title)
    rows = frame.sort("hours")
    hours, share = Unit("hours", language), Unit("pct0", language)
    figure = quiet_figure(language, height=280, narrow={"height": 250})
    at = rows["hours"].to_list()
    if {"low", "high"} <= set(rows.columns):
        shape = {"mode": "lines", "hoverinfo": "skip"}
        edge = {"shape": "hv", "width": 0, "color": LIGHT["blue_soft"]}
        figure.add_trace(go.Scatter(x=at, y=rows["high"].to_list(), line=edge, **shape))
        figure.add_trace(
            go.Scatter(x=at, y=rows["low"].to_list(), line=edge, fill="tonexty", fillcolor=LIGHT["band"], **shape)
        )
    hover = [f"{hours.text(h)}: {share.text(s)}" for h, s in rows.select("hours", "share_open").iter_rows()]
    figure.add_trace(
        go.Scatter(
            x=at,
            y=rows["share_open"].to_list(),
            mode="lines",
            hoverinfo="text",
            hovertext=hover,
            line={"shape": "hv", "color": LIGHT["blue"], "width": 2.2},
        )
    )
    lay_out(figure, xaxis=hours.axis([0, *at], zero=True), yaxis={**share.axis([0, 1], zero=True), "range": [0, 1.03]})
    half = rows.filter(pl.col("share_open") <= 0.5)
    left = share.text(rows["share_open"][-1])
    end = hours.text(at[-1])
    if half.is_empty():
        finding = say("charts.survival.not_half", language, name=name, share=left, end=end)
    else:
        finding = say(
            "charts.survival.half", language, name=name, half=hours.text(half["hours"][0]), share=left, end=end
        )
    columns = (
        Column("hours", say("charts.survival.since", language), "hours"),
        Column("share_open", say("charts.survival.open", language), "pct", strong=True),
    )
    return Chart(
        id,
        title or finding,
        figure,
        rows,
        columns,
        language=language,
        so_what=so_what,
        alt=finding,
        caption=sentences(say("charts.survival.caption", language), caption),
    )
