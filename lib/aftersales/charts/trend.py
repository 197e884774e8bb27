"""The 6-12 chart: the last six weeks beside the last twelve months, each with its normal range and its year before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.figure import Chart, nothing
from aftersales.charts.line import add_band, add_line, band_label, end_labels, level_label, series_frame
from aftersales.charts.numbers import Unit, day_tick, mondays, month_tick
from aftersales.charts.sentence import trend_alt, trend_finding
from aftersales.charts.table import Column
from aftersales.charts.theme import LIGHT, lay_out, quiet_figure, word
from aftersales.charts.validation import require, sentences
from aftersales.words.language import Language, say

WEEKS, MONTHS = 6, 12  # the weekly business review's own window (Bryar and Carr, "Working Backwards", 2021)
_STEP = timedelta(weeks=1)


def trend_6_12(
    weekly: pl.DataFrame,
    monthly: pl.DataFrame | None = None,
    *,
    id: str,
    name: str,
    language: Language,
    form: str = "pct",
    title: str | None = None,
    so_what: str = "",
    caption: str = "",
    target: float | None = None,
    currency: str = "CNY",
) -> Chart:
    """One measure over its last six weeks and twelve months, on one row and one scale.

    Columns in (``weekly``): ``week`` (2026-W46 or its Monday) and ``value``; where present ``value_low``,
    ``value_high`` (interval), ``normal_low``, ``normal_high``, ``prior_year`` (aligned), ``mature`` (boolean; false is
    drawn hollow), ``verdict`` (above, below, routine, not_enough_data). ``monthly``: ``month`` (first day), ``value``,
    and where present ``prior_year``, ``mature``. A week or month without a row, or with a null, is a gap.
    ``form`` is how values are written (`numbers.written`). The title is computed from the last week's verdict unless
    given. Raises `UsageError` where a column is missing.
    """
    require(weekly, ("week", "value"), "A trend")
    if weekly.is_empty():
        return nothing(id, language, title=title)
    weeks = _last_weeks(weekly)
    months = None if monthly is None else _last_months(monthly)
    unit = Unit(form, language, currency)
    title = title or trend_finding(weekly, name, unit)
    figure = _figure(language, wide=months is not None)
    values = [v for frame in (weeks, months) if frame is not None for v in _levels(frame)]
    axis = unit.axis([*values, target])
    _draw_weeks(figure, weeks, unit, axis["range"])
    if months is not None:
        _draw_months(figure, months, unit, axis["range"])
    lay_out(figure, yaxis=axis, **({"yaxis2": {**axis, "showticklabels": False}} if months is not None else {}))
    if target is not None:
        _draw_target(figure, target, both=months is not None)
        text = say("charts.trend.target", language, value=unit.text(target))
        where, end = (weeks, "") if months is None else (months, "2")
        label = level_label([where["value"].to_list()], target, text, axes=(f"x{end}", f"y{end}"))
        figure.layout.annotations = (*figure.layout.annotations, label)
    return Chart(
        id,
        title,
        figure,
        weeks,
        level_columns(weeks, unit),
        language=language,
        so_what=so_what,
        currency=currency,
        caption=sentences(reading(weeks, language), caption),
        alt=trend_alt(weeks, name, unit),
    )


def _last_weeks(weekly: pl.DataFrame) -> pl.DataFrame:
    frame = series_frame(mondays(weekly), "week")
    last: date = frame["week"][-1]
    span = pl.DataFrame({"week": [last - i * _STEP for i in reversed(range(WEEKS))]})
    return span.join(frame, on="week", how="left", maintain_order="left").with_columns(pl.col("mature").fill_null(True))


def _last_months(monthly: pl.DataFrame) -> pl.DataFrame | None:
    frame = series_frame(monthly.with_columns(pl.col("month").cast(pl.Date).dt.truncate("1mo")), "month").sort("month")
    if frame.is_empty():
        return None
    last: date = frame["month"][-1]
    first = pl.select(pl.lit(last).dt.offset_by(f"-{MONTHS - 1}mo")).item()
    span = pl.DataFrame({"month": pl.date_range(first, last, "1mo", eager=True)})
    return span.join(frame, on="month", how="left", maintain_order="left").with_columns(
        pl.col("mature").fill_null(True)
    )


def _levels(frame: pl.DataFrame) -> list[float | None]:
    names = ("value", "value_low", "value_high", "normal_low", "normal_high", "prior_year")
    return [v for n in names for v in frame[n].to_list()]


def _figure(language: Language, *, wide: bool) -> go.Figure:
    stacked = {
        "height": 470, "xaxis": {"domain": [0, 1]}, "yaxis": {"domain": [0.58, 1]}, "xaxis2": {"domain": [0, 1]},
        "yaxis2": {"domain": [0, 0.4], "showticklabels": True},
    }  # fmt: skip
    figure = quiet_figure(language, height=300, narrow=stacked if wide else {"height": 260})
    if wide:
        first = figure.layout.xaxis.to_plotly_json(), figure.layout.yaxis.to_plotly_json()
        right = {"xaxis2": {**first[0], "domain": [0.47, 1], "anchor": "y2"}, "yaxis2": {**first[1], "anchor": "x2"}}
        lay_out(figure, xaxis={"domain": [0, 0.44]}, **right)
    return figure


def _draw_weeks(figure: go.Figure, weeks: pl.DataFrame, unit: Unit, span: list[float]) -> None:
    axes = ("x", "y")
    add_band(figure, weeks, axes=axes)
    add_line(figure, weeks, unit=unit, axes=axes)
    ticks = _ticks([day_tick(d, unit.language) for d in weeks["week"]], room=0.85)
    lay_out(figure, xaxis=ticks)
    # on a phone the words beside the last point need a step and a half
    wider = {"range": [-0.5, WEEKS + (0.7 if weeks["prior_year"][-1] is not None else 0.1)]}
    narrow = figure.layout.meta["narrow"]
    narrow["xaxis"] = {**narrow.get("xaxis", {}), **_every_other(ticks), **wider}
    signal = weeks["verdict"][-1] in ("above", "below")
    figure.layout.annotations = (
        *figure.layout.annotations,
        _panel_title(say("charts.trend.six_weeks", unit.language), "x"),
        *end_labels(weeks, unit, axes=axes, span=span, signal=signal),
        *band_label(weeks, unit, axes=axes),
    )


def _draw_months(figure: go.Figure, months: pl.DataFrame, unit: Unit, span: list[float]) -> None:
    axes = ("x2", "y2")
    add_line(figure, months, unit=unit, axes=axes)
    ticks = _ticks([month_tick(d, unit.language) for d in months["month"]], room=0.7)
    lay_out(figure, xaxis2=ticks)
    figure.layout.meta["narrow"]["xaxis2"] |= _every_other(ticks)
    figure.layout.annotations = (
        *figure.layout.annotations,
        _panel_title(say("charts.trend.twelve_months", unit.language), "x2"),
        *end_labels(months, unit, axes=axes, span=span, signal=False, prior=False),
    )


def _ticks(texts: list[str], *, room: float) -> dict[str, Any]:
    end = len(texts) - 1
    return {"range": [-0.5, end + room], "tickmode": "array", "tickvals": list(range(end + 1)), "ticktext": texts}


def _every_other(ticks: dict[str, Any]) -> dict[str, Any]:
    """Half the labels, counted from the last, which keeps its own."""
    return {key: ticks[key][::-1][::2][::-1] for key in ("tickvals", "ticktext")}


def _panel_title(text: str, axis: str) -> dict[str, Any]:
    place: dict[str, Any] = {"xref": f"{axis} domain", "yref": f"{axis.replace('x', 'y')} domain"}
    return word(text, x=0, y=1, xanchor="left", yanchor="bottom", yshift=6, **place)


def _draw_target(figure: go.Figure, target: float, *, both: bool) -> None:
    for axis in ("", "2") if both else ("",):
        figure.add_shape(
            type="line",
            xref=f"x{axis} domain",
            yref=f"y{axis}",
            x0=0,
            x1=1,
            y0=target,
            y1=target,
            line={"color": LIGHT["ink"], "width": 1, "dash": "dot"},
        )


def reading(weeks: pl.DataFrame, language: Language) -> str:
    """How to read the marks of a trend, in one line."""
    key = "caption_prior" if weeks["prior_year"].is_not_null().any() else "caption"
    return say(f"charts.trend.{key}", language)


def level_columns(weeks: pl.DataFrame, unit: Unit) -> tuple[Column, ...]:
    """The columns of the data table of a trend: those levels that hold anything."""
    labels = {"value_low": "low", "value_high": "high"}
    levels = ("value_low", "value_high", "normal_low", "normal_high", "prior_year")
    shown = [n for n in levels if weeks[n].is_not_null().any()]
    return (
        Column("week", say("charts.column.week", unit.language), "date", align="left"),
        Column("value", say("charts.column.value", unit.language), unit.form, strong=True),
        *(Column(n, say(f"charts.column.{labels.get(n, n)}", unit.language), unit.form) for n in shown),
    )
