"""The mail's picture: six weeks of one measure against its normal range, drawn without a browser.

The words in it come from the catalogue alone, so that every glyph is known to be in the font; product titles and
names stay in the mail's text.
"""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import withStroke
from PIL import Image
from pylopdf_fonts_zh_cn import sans_path

from aftersales.charts.numbers import day_tick, value_axis
from aftersales.charts.theme import LIGHT
from aftersales.words.language import Language, say
from aftersales.words.periods import Week
from aftersales_app.mail.content import Trend
from aftersales_app.mail.kept_picture import HEIGHT, WIDTH

SMALL, LARGE = 11.5, 15  # CSS pixels: words, and the week's value
_SCALE = 2  # pixels a CSS pixel, for dense screens
_DPI = 100
_COLOURS = 64  # a line and its band need no more; a quarter of the bytes of full colour
_POINTS = 72 / _DPI  # points a CSS pixel at that resolution


@cache
def _font() -> FontProperties:
    # by file and not by family name: matplotlib would take a system font of that name without a word
    return FontProperties(fname=str(sans_path()))


def trend_png(trend: Trend, language: Language) -> bytes:
    """The picture as PNG bytes; the same numbers give the same bytes.

    The line is solid where settled and hollow where still maturing, the band is the normal range, the broken grey
    line is the same week a year before.
    """
    with mpl.rc_context({"text.parse_math": False, "font.size": SMALL * _POINTS}):
        figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI * _SCALE, facecolor=LIGHT["card"])
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_axes((0.115, 0.145, 0.865, 0.715))
        _drawn(axes, trend, language)
        canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    out = io.BytesIO()
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _drawn(axes: Any, trend: Trend, language: Language) -> None:
    rows = trend.rows
    values = rows["value"].to_list()
    at = list(range(rows.height))
    words = {"fontproperties": _font()}
    _band(axes, rows, at)
    axes.plot(at, rows["prior_year"].to_list(), color=LIGHT["grey"], linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(at, values, color=LIGHT["blue"], linewidth=1.8, solid_capstyle="round")
    for x, value, settled in zip(at, values, rows["mature"].to_list(), strict=True):
        if value is not None:
            face = LIGHT["blue"] if settled else LIGHT["card"]
            axes.plot([x], [value], "o", color=LIGHT["blue"], markerfacecolor=face, markersize=4)
    shown = pl.concat([rows[c] for c in ("value", "normal_low", "normal_high", "prior_year")]).drop_nulls().to_list()
    axis = value_axis(shown, trend.unit.form, language, currency=trend.unit.currency)
    axes.set_ylim(*axis["range"])
    axes.set_yticks(axis["tickvals"], axis["ticktext"], color=LIGHT["muted"], **words)
    days = [Week.parse(week).monday for week in rows["week"]]
    axes.set_xticks(at, [day_tick(day, language) for day in days], color=LIGHT["muted"], **words)
    axes.set_xlim(-0.35, rows.height - 0.65)
    axes.grid(axis="y", color=LIGHT["rule"], linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    _labels(axes, trend, language)


def _band(axes: Any, rows: pl.DataFrame, at: list[int]) -> None:
    """The normal range: a step a week, as each week has its own, left out where there is none."""
    for x, low, high in zip(at, rows["normal_low"], rows["normal_high"], strict=True):
        if low is not None and high is not None:
            axes.fill_between([x - 0.5, x + 0.5], low, high, color=LIGHT["band"], linewidth=0, zorder=0)


def _labels(axes: Any, trend: Trend, language: Language) -> None:
    # a rim of the band's colour keeps words readable where a line runs through them
    rim = [withStroke(linewidth=2.5, foreground=LIGHT["band"])]
    rows = trend.rows
    last = rows.row(-1, named=True)
    x = rows.height - 1
    if last["value"] is not None:
        colour = LIGHT["orange"] if last["verdict"] == "above" else LIGHT["blue"]
        axes.annotate(
            trend.unit.text(last["value"]),
            (x, last["value"]),
            (0, 7),
            textcoords="offset points",
            ha="center",
            color=colour,
            fontproperties=_font(),
            fontsize=LARGE * _POINTS,
        )
    known = rows.with_row_index().filter(pl.col("normal_low").is_not_null())
    if known.height:
        y, up = _free_edge(known.row(0, named=True))
        axes.annotate(
            say("mail.picture.normal", language),
            (known["index"][0] - 0.33, y),
            (2, 3 if up else -3),
            textcoords="offset points",
            va="bottom" if up else "top",
            color=LIGHT["muted"],
            fontproperties=_font(),
            fontsize=SMALL * _POINTS,
            path_effects=rim,
        )
    if last["prior_year"] is not None:
        above = last["value"] is not None and last["prior_year"] > last["value"]
        told = say("mail.picture.last_year", language, value=trend.unit.text(last["prior_year"]))
        axes.annotate(
            told,
            (x + 0.33, last["prior_year"]),
            (0, 5 if above else -13),
            textcoords="offset points",
            ha="right",
            color=LIGHT["muted"],
            fontproperties=_font(),
            fontsize=SMALL * _POINTS,
            path_effects=rim,
        )


def _free_edge(row: dict[str, Any]) -> tuple[float, bool]:
    """The edge of the band that lies further from the lines, and whether words go above it (else below)."""
    lines = [row[name] for name in ("value", "prior_year") if row[name] is not None]
    room = {edge: min((abs(row[edge] - line) for line in lines), default=0.0) for edge in ("normal_low", "normal_high")}
    low = room["normal_low"] > room["normal_high"]
    return (row["normal_low"], True) if low else (row["normal_high"], False)
