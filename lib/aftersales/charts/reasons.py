"""Bars of this week's counts against what is usual: which reasons make the difference."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.bars import set_bar_axes
from aftersales.charts.figure import Chart, nothing
from aftersales.charts.markup import plot_text
from aftersales.charts.numbers import Unit
from aftersales.charts.table import Column
from aftersales.charts.theme import LIGHT, quiet_figure, word
from aftersales.charts.validation import listed, require, sentences
from aftersales.words.language import Language, say

ROW_HEIGHT = 33


def reason_bars(
    frame: pl.DataFrame,
    *,
    id: str,
    language: Language,
    prefix: str = "reason.",
    usual_name: str = "",
    title: str | None = None,
    so_what: str = "",
    caption: str = "",
    most: int = 10,
) -> Chart:
    """Counts by reason, each with a tick at its usual level and the difference in brackets.

    Columns in: ``reason`` (a code under ``prefix`` in the catalogue, or plain text where ``prefix`` is empty), ``now``
    and ``usual`` (counts a week; usual may be null); where present ``signal`` (boolean: drawn orange). Rows are drawn
    in descending order of ``now``, the first ``most``. The title is computed: which signals make how much extra.
    """
    require(frame, ("reason", "now", "usual"), "A chart of reasons")
    if frame.is_empty():
        return nothing(id, language, title=title)
    signal = pl.col("signal").fill_null(False) if "signal" in frame.columns else pl.lit(False)
    word_of = {r: say(prefix + r, language) if prefix else r for r in frame["reason"].drop_nulls().unique()}
    rows = frame.select(
        pl.col("reason").replace_strict(word_of, default="–").alias("name"),
        pl.col("now").cast(pl.Float64),
        pl.col("usual").cast(pl.Float64),
        (pl.col("now") - pl.col("usual")).cast(pl.Float64).alias("difference"),
        signal.alias("signal"),
    ).sort("now", descending=True, maintain_order=True)
    shown = rows.head(most)
    figure = _figure(shown, language, usual_name or say("charts.usual", language))
    whole = Unit("int", language)
    rows_said = (
        say("charts.reasons.alt_row", language, name=n, now=whole.text(a), usual=whole.text(b))
        for n, a, b in shown.select("name", "now", "usual").iter_rows()
    )
    note = say("charts.reasons.caption", language)
    return Chart(
        id,
        title or _finding(rows, language),
        figure,
        rows,
        _columns(language),
        language=language,
        so_what=so_what,
        caption=sentences(note, caption),
        alt=listed(rows_said, language),
    )


def _finding(rows: pl.DataFrame, language: Language) -> str:
    extra = rows.filter(pl.col("signal") & (pl.col("difference") > 0)).sort("difference", descending=True).head(3)
    if extra.is_empty():
        top = rows.row(0, named=True)
        return say("charts.reasons.routine", language, name=top["name"], count=top["now"])
    return say("charts.reasons.extra", language, names=extra["name"].to_list(), extra=extra["difference"].sum())


def _figure(shown: pl.DataFrame, language: Language, usual_name: str) -> go.Figure:
    figure = quiet_figure(language, height=ROW_HEIGHT * shown.height + 40)
    places = list(range(shown.height))
    fills = [LIGHT["orange" if s else "pale"] for s in shown["signal"]]
    bar = {"orientation": "h", "marker": {"color": fills}, "hoverinfo": "skip", "width": 0.62}
    figure.add_trace(go.Bar(x=shown["now"].to_list(), y=places, **bar))
    usual: list[Any] = []
    at: list[Any] = []
    for place, value in zip(places, shown["usual"], strict=True):
        if value is not None:
            usual += [value, value, None]
            at += [place - 0.42, place + 0.42, None]
    if usual:
        line = {"color": LIGHT["ink"], "width": 2}
        figure.add_trace(go.Scatter(x=usual[:-1], y=at[:-1], mode="lines", hoverinfo="skip", line=line))
    # texts stand beyond both bar and tick, so that the tick never strikes one through
    ends = [max(now or 0.0, before or 0.0) for now, before in shown.select("now", "usual").iter_rows()]
    texts = _texts(shown, language)
    set_bar_axes(figure, shown["name"].to_list(), ends, texts)
    labels = [
        word(t, x=e, y=i, colour="ink", xanchor="left", xshift=5)
        for i, (t, e) in enumerate(zip(texts, ends, strict=True))
    ]
    first = shown["usual"][0]
    if first is not None:
        labels.append(word(plot_text(usual_name), x=first, y=-0.42, yanchor="bottom"))
    figure.layout.annotations = tuple(labels)
    return figure


def _texts(shown: pl.DataFrame, language: Language) -> list[str]:
    count, plus = Unit("int", language), Unit("plus", language)
    return [
        count.text(now) if change is None else f"{count.text(now)} ({plus.text(change)})"
        for now, change in shown.select("now", "difference").iter_rows()
    ]


def _columns(language: Language) -> tuple[Column, ...]:
    return (
        Column("name", say("charts.column.reason", language)),
        Column("now", say("charts.column.part", language), "int", strong=True),
        Column("usual", say("charts.column.usual", language), "num1"),
        Column("difference", say("charts.column.difference", language), "plus"),
    )
