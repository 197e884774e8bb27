"""Counts day by day: bars with the counted part filled in, and days without any drawn as gaps that can be seen."""

from __future__ import annotations

from datetime import date

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.figure import Chart, nothing
from aftersales.charts.numbers import Unit, day_tick
from aftersales.charts.table import Column
from aftersales.charts.theme import LIGHT, lay_out, quiet_figure, word
from aftersales.charts.validation import listed, require, sentences
from aftersales.words.language import Language, say

MOST_TICKS = 8  # day labels that stand side by side on a page without touching


def daily_bars(
    frame: pl.DataFrame,
    *,
    id: str,
    name: str,
    count_name: str,
    language: Language,
    title: str | None = None,
    so_what: str = "",
    caption: str = "",
) -> Chart:
    """Days as bars to ``whole``, the ``part`` of each in blue; a day with a whole of nought is shaded as a gap.

    Columns in: ``day`` (Date), ``part``, ``whole`` (counts), ``rate`` (0..1, null in a gap). Days without a row are
    gaps too. The title is computed: how many days of how many are without any.
    """
    require(frame, ("day", "part", "whole", "rate"), "A daily chart")
    if frame.is_empty():
        return nothing(id, language, title=title)
    days = _every_day(frame)
    gaps = days.filter(pl.col("whole") == 0)["day"].to_list()
    figure = _drawn(days, language, gaps)
    figure.layout.annotations = (
        word(count_name, x=0, y=1, xref="x domain", yref="y domain", xanchor="left", yanchor="bottom", yshift=6),
    )
    shown = listed((day_tick(g, language) for g in gaps[-5:]), language)
    key = "some_gaps" if gaps else "no_gap"
    said = say(f"charts.daily.{key}", language, gaps=len(gaps), days=days.height, shown=shown)
    return Chart(
        id,
        title or said,
        figure,
        days,
        _columns(name, language),
        language=language,
        so_what=so_what,
        caption=sentences(say("charts.daily.caption", language), caption),
        alt=said,
    )


def _every_day(frame: pl.DataFrame) -> pl.DataFrame:
    days = frame.sort("day")
    span = pl.DataFrame({"day": pl.date_range(days["day"][0], days["day"][-1], "1d", eager=True)})
    return span.join(days, on="day", how="left", maintain_order="left").with_columns(
        pl.col("part", "whole").fill_null(0)
    )


def _drawn(days: pl.DataFrame, language: Language, gaps: list[date]) -> go.Figure:
    unit = Unit("int", language)
    step = max(1, -(-days.height // MOST_TICKS))
    at = list(range(days.height - 1, -1, -step))[::-1]
    ticks = {"tickmode": "array", "tickvals": at, "ticktext": [day_tick(days["day"][i], language) for i in at]}
    half = at[::-2][::-1]
    few = {"tickvals": half, "ticktext": [day_tick(days["day"][i], language) for i in half]}
    figure = quiet_figure(language, height=260, narrow={"xaxis": few})
    lay_out(
        figure,
        barmode="overlay",
        bargap=0.25,
        xaxis={**ticks, "range": [-0.7, days.height - 0.3]},
        yaxis=unit.axis(days["whole"].to_list(), zero=True),
    )
    hover = [
        f"{day_tick(d, language)}: {unit.text(part)} / {unit.text(whole)}"
        for d, part, whole in days.select("day", "part", "whole").iter_rows()
    ]
    places = list(range(days.height))
    for column, colour in (("whole", LIGHT["pale"]), ("part", LIGHT["blue"])):
        figure.add_trace(
            go.Bar(x=places, y=days[column].to_list(), marker={"color": colour}, hoverinfo="text", hovertext=hover)
        )
    for gap in gaps:
        i = (gap - days["day"][0]).days
        figure.add_shape(
            type="rect",
            xref="x",
            yref="y domain",
            x0=i - 0.42,
            x1=i + 0.42,
            y0=0,
            y1=1,
            layer="below",
            fillcolor=LIGHT["band"],
            line={"width": 0},
        )
    return figure


def _columns(name: str, language: Language) -> tuple[Column, ...]:
    return (
        Column("day", say("charts.column.day", language), "date", align="left"),
        Column("part", say("charts.column.part", language), "int"),
        Column("whole", say("charts.column.whole", language), "int"),
        Column("rate", name, "pct"),
    )
