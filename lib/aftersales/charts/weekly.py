"""A rate week by week over its counts: the line with its interval above, the bars below, one time axis."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.figure import Chart, nothing
from aftersales.charts.line import add_band, add_line, band_label, end_labels, series_frame
from aftersales.charts.numbers import Unit, day_tick, mondays
from aftersales.charts.sentence import trend_alt, trend_finding
from aftersales.charts.table import Column
from aftersales.charts.theme import LIGHT, lay_out, quiet_figure, word
from aftersales.charts.validation import require, sentences
from aftersales.words.language import Language, say

MOST_TICKS = 8  # week labels that stand side by side on a page without touching


def weekly_trend(
    frame: pl.DataFrame,
    *,
    id: str,
    name: str,
    count_name: str,
    language: Language,
    form: str = "pct",
    title: str | None = None,
    so_what: str = "",
    caption: str = "",
    currency: str = "CNY",
) -> Chart:
    """A rate with its interval over the counts behind it. Two panels, never two scales on one.

    Columns in: ``week`` (2026-W46 or its Monday), ``part`` (count), ``rate``; where present ``whole``, ``rate_low``,
    ``rate_high``, ``normal_low``, ``normal_high``, ``prior_year``, ``mature`` (false is drawn hollow), ``verdict``.
    Weeks without a row, and null rates, are gaps. The title is computed from the last week unless given.
    """
    require(frame, ("week", "part", "rate"), "A weekly trend")
    if frame.is_empty():
        return nothing(id, language, title=title)
    unit, counts = Unit(form, language, currency), Unit("int", language)
    named = {"rate": "value", "rate_low": "value_low", "rate_high": "value_high"}
    weeks = _every_week(frame.rename({k: v for k, v in named.items() if k in frame.columns}))
    levels = series_frame(weeks, "week")
    figure = _panels(language, weeks, unit, levels, counts)
    last = levels["verdict"][-1]
    axes = ("x", "y")
    add_band(figure, levels, axes=axes)
    add_interval_band(figure, levels, axes=axes)
    add_line(figure, levels.with_columns(value_low=None, value_high=None), unit=unit, axes=axes)
    figure.add_trace(_bars(weeks, levels, counts))
    top: dict[str, Any] = {"x": 0, "xref": "x domain", "xanchor": "left", "yanchor": "bottom", "y": 1}
    band = band_label(levels, unit, axes=axes, beside=True)
    figure.layout.annotations = (
        word(name, **top, yref="y domain", yshift=6),
        word(count_name, **top, yref="y2 domain", yshift=4),
        *end_labels(
            levels, unit, axes=axes, span=figure.layout.yaxis.range, signal=last in ("above", "below"), prior=not band
        ),
        *band,
    )
    note = say("charts.weekly.caption", language)
    return Chart(
        id,
        title or trend_finding(levels, name, unit),
        figure,
        weeks,
        _columns(weeks, unit, count_name),
        language=language,
        so_what=so_what,
        caption=sentences(note, caption),
        alt=trend_alt(levels.tail(12), name, unit),
        currency=currency,
    )


def _every_week(frame: pl.DataFrame) -> pl.DataFrame:
    frame = mondays(frame)
    span = pl.DataFrame({"week": pl.date_range(frame["week"][0], frame["week"][-1], "1w", eager=True)})
    return span.join(frame, on="week", how="left", maintain_order="left")


def add_interval_band(figure: go.Figure, levels: pl.DataFrame, *, axes: tuple[str, str]) -> None:
    """The interval of a line as a pale blue band; it breaks where either end is unknown."""
    xs: list[float] = []
    low: list[float] = []
    high: list[float] = []

    def close() -> None:
        if xs:
            figure.add_trace(
                go.Scatter(
                    x=[*xs, *reversed(xs)],
                    y=[*high, *reversed(low)],
                    xaxis=axes[0],
                    yaxis=axes[1],
                    mode="lines",
                    fill="toself",
                    fillcolor=LIGHT["blue_soft"],
                    opacity=0.5,
                    hoverinfo="skip",
                    line={"width": 0, "color": LIGHT["blue_soft"]},
                )
            )
        for line in (xs, low, high):
            line.clear()

    for i, (bottom, top) in enumerate(levels.select("value_low", "value_high").iter_rows()):
        if bottom is None or top is None:
            close()
            continue
        xs.append(i)
        low.append(bottom)
        high.append(top)
    close()


def _panels(language: Language, weeks: pl.DataFrame, unit: Unit, levels: pl.DataFrame, counts: Unit) -> go.Figure:
    small = {"height": 340, "xaxis": {**week_ticks(weeks["week"], language, 4), "range": [-0.7, weeks.height * 1.42]}}
    figure = quiet_figure(language, height=360, narrow=small)
    first = figure.layout.yaxis.to_plotly_json()
    known = ("value", "value_low", "value_high", "normal_low", "normal_high", "prior_year")
    rates = unit.axis([v for n in known for v in levels[n].to_list()])
    bars = counts.axis(weeks["part"].to_list(), zero=True)
    ticks = bars["tickvals"][:: max(1, len(bars["tickvals"]) // 3)]
    bars |= {"tickvals": ticks, "ticktext": [counts.text(t) for t in ticks]}
    room = weeks.height * 1.17 - 0.3  # words stand to the right of the last week
    lay_out(
        figure,
        xaxis={**week_ticks(weeks["week"], language, MOST_TICKS), "anchor": "y2", "range": [-0.7, room]},
        yaxis={**rates, "domain": [0.42, 1]},
        yaxis2={**first, **bars, "domain": [0, 0.26], "anchor": "x"},
        bargap=0.35,
    )
    return figure


def week_ticks(weeks: pl.Series, language: Language, most: int) -> dict[str, Any]:
    """Tick positions and texts of a week axis numbered from nought, the last week always labelled."""
    step = max(1, -(-len(weeks) // most))
    at = list(range(len(weeks) - 1, -1, -step))[::-1]
    return {"tickmode": "array", "tickvals": at, "ticktext": [day_tick(weeks[i], language) for i in at]}


def _bars(weeks: pl.DataFrame, levels: pl.DataFrame, counts: Unit) -> go.Bar:
    fills = [LIGHT["pale"] if ok else LIGHT["card"] for ok in levels["mature"]]
    hover = [f"{day_tick(w, counts.language)}: {counts.text(n)}" for w, n in weeks.select("week", "part").iter_rows()]
    return go.Bar(
        x=list(range(weeks.height)),
        y=weeks["part"].to_list(),
        yaxis="y2",
        hoverinfo="text",
        hovertext=hover,
        marker={"color": fills, "line": {"color": LIGHT["grey"], "width": 1}},
    )


def _columns(weeks: pl.DataFrame, unit: Unit, count_name: str) -> tuple[Column, ...]:
    def label(key: str) -> str:
        return say(f"charts.column.{key}", unit.language)

    optional = (
        Column("whole", label("whole"), "int"), Column("value_low", label("low"), unit.form),
        Column("value_high", label("high"), unit.form), Column("normal_low", label("normal_low"), unit.form),
        Column("normal_high", label("normal_high"), unit.form), Column("prior_year", label("prior_year"), unit.form),
    )  # fmt: skip
    return (
        Column("week", label("week"), "date", align="left"), Column("part", count_name, "int"),
        Column("value", label("rate"), unit.form, strong=True),
        *(c for c in optional if c.name in weeks.columns and weeks[c.name].is_not_null().any()),
    )  # fmt: skip
