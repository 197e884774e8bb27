"""Rates with their intervals, one row each, against a base: products, provinces, couriers, batches."""

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

ROW_HEIGHT = 30


def interval_rows(
    frame: pl.DataFrame,
    *,
    id: str,
    language: Language,
    base_name: str,
    what: str,
    form: str = "pct",
    title: str | None = None,
    so_what: str = "",
    caption: str = "",
    most: int = 15,
) -> Chart:
    """One row each: a bar to the rate, its interval as a line, the base as a tick, and "part of whole" beside it.

    Columns in: ``name`` (as written), ``part``, ``whole``, ``rate``, ``rate_low``, ``rate_high``, and ``base`` (the
    rate to compare with; null for none). Rows are drawn in the frame's order, the first ``most``. A row is a signal,
    drawn orange, where its whole interval lies above its base. ``what`` names the rows in the title ("provinces").
    """
    require(frame, ("name", "part", "whole", "rate", "rate_low", "rate_high"), "A chart of intervals")
    if frame.is_empty():
        return nothing(id, language, title=title)
    base = pl.col("base").cast(pl.Float64) if "base" in frame.columns else pl.lit(None, dtype=pl.Float64)
    rows = frame.with_columns(base.alias("base")).with_columns(
        signal=(pl.col("rate_low") > pl.col("base")).fill_null(False)
    )
    unit, shown = Unit(form, language), rows.head(most)
    alt = listed((_alt_row(r, unit) for r in shown.iter_rows(named=True)), language)
    notes = [say("charts.intervals.caption", language, base=base_name), caption]
    if rows.height > most:
        notes.append(say("charts.table.rows_shown", language, shown=most, total=rows.height))
    title, figure = title or _finding(rows, what, base_name, unit), _figure(shown, unit, base_name)
    return Chart(
        id,
        title,
        figure,
        rows,
        _columns(unit, base_name),
        language=language,
        so_what=so_what,
        caption=sentences(*notes),
        alt=alt,
    )


def _alt_row(row: dict[str, Any], unit: Unit) -> str:
    ends = {"low": unit.text(row["rate_low"]), "high": unit.text(row["rate_high"])}
    counts = {"part": row["part"], "whole": row["whole"]}
    return say(
        "charts.intervals.alt_row", unit.language, name=row["name"], value=unit.text(row["rate"]), **ends, **counts
    )


def ranking(frame: pl.DataFrame, *, id: str, language: Language, base_name: str = "", **more: Any) -> Chart:
    """Products against their category's base. Columns and keywords: `interval_rows`."""
    base, what = say("charts.all_products", language), say("charts.intervals.products", language)
    return interval_rows(frame, id=id, language=language, base_name=base_name or base, what=what, **more)


def province_bars(
    frame: pl.DataFrame, *, id: str, language: Language, national: float | None = None, market: str = "cn", **more: Any
) -> Chart:
    """Provinces against the whole country. Columns: `interval_rows`, with ``province`` for ``name``.

    ``national`` is the country's rate where the frame has no ``base`` column.
    """
    named = frame.rename({"province": "name"}) if "province" in frame.columns else frame
    if "base" not in named.columns:
        named = named.with_columns(base=pl.lit(national, dtype=pl.Float64))
    base, what = say("charts.intervals.national", language), say("charts.intervals.provinces", language, market=market)
    return interval_rows(named, id=id, language=language, base_name=base, what=what, **more)


def _finding(rows: pl.DataFrame, what: str, base_name: str, unit: Unit) -> str:
    signals = rows.filter(pl.col("signal"))
    if signals.is_empty():
        return say("charts.intervals.none", unit.language, what=what, base=base_name, whole=rows.height)
    worst = signals.sort(pl.col("rate") - pl.col("base"), descending=True).row(0, named=True)
    values = {"name": worst["name"], "value": unit.text(worst["rate"]), "usual": unit.text(worst["base"])}
    if signals.height == 1:
        return say("charts.intervals.one", unit.language, base=base_name, **values)
    return say("charts.intervals.several", unit.language, what=what, base=base_name, count=signals.height, **values)


def _figure(shown: pl.DataFrame, unit: Unit, base_name: str) -> go.Figure:
    figure = quiet_figure(unit.language, height=ROW_HEIGHT * shown.height + 44)
    places = list(range(shown.height))
    fills = [LIGHT["orange" if s else "pale"] for s in shown["signal"]]
    bar = {"orientation": "h", "marker": {"color": fills}, "hoverinfo": "skip", "width": 0.5}
    figure.add_trace(go.Bar(x=shown["rate"].to_list(), y=places, **bar))
    _marks(figure, shown)
    ends = [
        max((v for v in row if v is not None), default=0.0)
        for row in shown.select("rate", "rate_high", "base").iter_rows()
    ]
    texts = [
        say("charts.intervals.label", unit.language, value=unit.text(r["rate"]), part=r["part"], whole=r["whole"])
        for r in shown.iter_rows(named=True)
    ]
    set_bar_axes(figure, shown["name"].to_list(), ends, texts, head=0.85)
    labels = [
        word(t, x=e, y=i, colour="ink", xanchor="left", xshift=6)
        for i, (t, e) in enumerate(zip(texts, ends, strict=True))
    ]
    if shown["base"][0] is not None:
        labels.append(word(plot_text(base_name), x=float(shown["base"][0]), y=-0.4, yanchor="bottom"))
    figure.layout.annotations = tuple(labels)
    return figure


def _marks(figure: go.Figure, shown: pl.DataFrame) -> None:
    """Intervals as thin lines, light-edged so that they are seen on the bar too, and the bases as ticks."""
    whiskers: list[Any] = []
    at: list[Any] = []
    ticks: list[Any] = []
    tick_at: list[Any] = []
    for i, (low, high, base) in enumerate(shown.select("rate_low", "rate_high", "base").iter_rows()):
        if low is not None and high is not None:
            whiskers += [low, high, None]
            at += [i, i, None]
        if base is not None:
            ticks += [base, base, None]
            tick_at += [i - 0.4, i + 0.4, None]
    for xs, ys, tone, width in ((whiskers, at, "card", 4), (whiskers, at, "ink", 1.4), (ticks, tick_at, "ink", 2)):
        line = {"color": LIGHT[tone], "width": width}
        if xs:
            figure.add_trace(go.Scatter(x=xs[:-1], y=ys[:-1], mode="lines", hoverinfo="skip", line=line))


def _columns(unit: Unit, base_name: str) -> tuple[Column, ...]:
    def label(key: str) -> str:
        return say(f"charts.column.{key}", unit.language)

    return (
        Column("name", label("name")), Column("part", label("part"), "int"), Column("whole", label("whole"), "int"),
        Column("rate", label("rate"), unit.form, strong=True), Column("rate_low", label("low"), unit.form),
        Column("rate_high", label("high"), unit.form), Column("base", base_name, unit.form),
    )  # fmt: skip
