"""One measure as a line: solid where settled, hollow and broken where still maturing, a gap where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.numbers import Unit, day_tick
from aftersales.charts.theme import LIGHT, word
from aftersales.charts.validation import require
from aftersales.words.errors import UsageError
from aftersales.words.language import say

_LABEL_STEPS = 3  # a label is about three steps of a line wide
# Of a panel's height: what lies lower has no room for words under it; two that lie nearer would lie on one another.
_LOW, _NEAR = 0.12, 0.2
_LEVELS = ("value", "value_low", "value_high", "normal_low", "normal_high", "prior_year")


def series_frame(frame: pl.DataFrame, time: str) -> pl.DataFrame:
    """The frame with every column a line may draw: those that are missing are null, ``mature`` is then true.

    Columns out: ``time``, the six levels (Float64), ``mature`` (Boolean), ``verdict`` (String). A time that stands
    twice is a `UsageError`: a line cannot be at two heights at once.
    """
    require(frame, (time, "value"), "A line")
    if frame[time].is_duplicated().any():
        raise UsageError(
            f"The column '{time}' holds a date twice", found=f"{frame.height} rows", hint="draw one scope at a time"
        )
    absent = pl.lit(None, dtype=pl.Float64)
    levels = [(pl.col(n).cast(pl.Float64) if n in frame.columns else absent).alias(n) for n in _LEVELS]
    mature = pl.col("mature").fill_null(True) if "mature" in frame.columns else pl.lit(True)
    verdict = pl.col("verdict").cast(pl.String) if "verdict" in frame.columns else _verdict(frame)
    finite = [pl.when(pl.col(n).is_finite()).then(pl.col(n)).alias(n) for n in _LEVELS]
    return frame.select(pl.col(time), *levels, mature.alias("mature"), verdict.alias("verdict")).with_columns(finite)


def _verdict(frame: pl.DataFrame) -> pl.Expr:
    """The verdict a value has by its normal range alone, where the frame brings none."""
    if not {"normal_low", "normal_high"} <= set(frame.columns):
        return pl.lit("not_enough_data")
    value, low, high = pl.col("value"), pl.col("normal_low"), pl.col("normal_high")
    return (
        pl.when(value.is_null() | (low.is_null() & high.is_null()))
        .then(pl.lit("not_enough_data"))
        .when(value > high)
        .then(pl.lit("above"))
        .when(value < low)
        .then(pl.lit("below"))
        .otherwise(pl.lit("routine"))
    )


def add_band(figure: go.Figure, frame: pl.DataFrame, *, axes: tuple[str, str]) -> None:
    """The normal range as a grey stepped band, one step a row; rows without a range leave a gap."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for i, (low, high) in enumerate(frame.select("normal_low", "normal_high").iter_rows()):
        if low is None or high is None:
            continue
        xs += [i - 0.5, i + 0.5, i + 0.5, i - 0.5, i - 0.5, None]
        ys += [low, low, high, high, low, None]
    if xs:
        figure.add_trace(
            go.Scatter(
                x=xs[:-1],
                y=ys[:-1],
                xaxis=axes[0],
                yaxis=axes[1],
                mode="lines",
                fill="toself",
                hoverinfo="skip",
                fillcolor=LIGHT["band"],
                line={"width": 0, "color": LIGHT["band"]},
            )
        )


def add_line(figure: go.Figure, frame: pl.DataFrame, *, unit: Unit, axes: tuple[str, str]) -> None:
    """The year before as thin dashes, the measure in blue, intervals as whiskers, signals in orange."""
    x = list(range(frame.height))
    place = {"xaxis": axes[0], "yaxis": axes[1]}
    if frame["prior_year"].is_not_null().any():
        figure.add_trace(
            go.Scatter(
                x=x,
                y=frame["prior_year"].to_list(),
                mode="lines",
                hoverinfo="skip",
                connectgaps=False,
                line={"color": LIGHT["grey"], "width": 1.2, "dash": "4px,3px"},
                **place,
            )
        )
    values, mature = frame["value"].to_list(), frame["mature"].to_list()
    settled = [v if ok else None for v, ok in zip(values, mature, strict=True)]
    # the broken line starts at the last settled point, so that the two parts meet
    open_ = [
        v if not ok or (i + 1 < len(mature) and not mature[i + 1]) else None
        for i, (v, ok) in enumerate(zip(values, mature, strict=True))
    ]
    for ys, dash in ((settled, "solid"), (open_, "dot")):
        if sum(y is not None for y in ys) > 1:
            figure.add_trace(
                go.Scatter(
                    x=x,
                    y=ys,
                    mode="lines",
                    hoverinfo="skip",
                    connectgaps=False,
                    line={"color": LIGHT["blue"], "width": 2.2, "dash": dash},
                    **place,
                )
            )
    figure.add_trace(_points(frame, unit, place))


def _points(frame: pl.DataFrame, unit: Unit, place: dict[str, Any]) -> go.Scatter:
    time = frame.columns[0]
    rows = list(frame.iter_rows(named=True))
    tones = [LIGHT["orange" if r["verdict"] in ("above", "below") else "blue"] for r in rows]
    hover = [f"{day_tick(r[time], unit.language)}: {unit.text(r['value'])}" for r in rows]
    error = None
    if any(r["value_low"] is not None and r["value_high"] is not None for r in rows):
        up = [None if None in (r["value"], r["value_high"]) else max(r["value_high"] - r["value"], 0) for r in rows]
        down = [None if None in (r["value"], r["value_low"]) else max(r["value"] - r["value_low"], 0) for r in rows]
        error = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.1, "width": 0,
                 "color": LIGHT["grey"]}  # fmt: skip
    fills = [tone if r["mature"] else LIGHT["card"] for tone, r in zip(tones, rows, strict=True)]
    return go.Scatter(
        x=list(range(len(rows))),
        y=[r["value"] for r in rows],
        mode="markers",
        hoverinfo="text",
        hovertext=hover,
        cliponaxis=False,
        marker={"size": 8, "color": fills, "line": {"color": tones, "width": 2}},
        error_y=error,
        **place,
    )


def end_labels(
    frame: pl.DataFrame,
    unit: Unit,
    *,
    axes: tuple[str, str],
    span: Sequence[float],
    signal: bool,
    prior: bool = True,
) -> list[dict[str, Any]]:
    """Words instead of a legend: the last value over its point, the year before to the right of its own.

    ``span`` is the axis' range: words at its foot stand above their point, off the weeks' own.
    """
    at: dict[str, Any] = {"xref": axes[0], "yref": axes[1]}
    last, end = frame.row(-1, named=True), frame.height - 1
    value, before = last["value"], last["prior_year"] if prior else None
    labels = []
    if value is not None:
        # under the point where the year before lies above it and there is room, so that the two texts keep apart
        lowest = value if last["value_low"] is None else last["value_low"]
        # or where the line comes down to it from above, through the place of the text
        falls = frame.height > 1 and last["value_high"] is None and (frame["value"][-2] or value) > value
        above = falls if before is None else before > value
        under = above and not _at_foot(lowest, span)
        edge = last["value_low"] if under else last["value_high"]
        height = value if edge is None else edge
        look: dict[str, Any] = {"yanchor": "top" if under else "bottom", "yshift": -8 if under else 8}
        if before is not None and abs(before - height) < _NEAR * (span[1] - span[0]):
            look |= {"xanchor": "right", "xshift": 8}
        tone = "orange" if signal else "blue"
        labels.append(word(unit.text(value), x=end, y=height, colour=tone, bold=True, **look, **at))
    if before is not None:
        text = say("charts.trend.prior_year", unit.language, value=unit.text(before))
        head, _, tail = text.rpartition(" ")
        foot = "bottom" if _at_foot(before, span) else "middle"
        labels.append(
            word(f"{head}<br>{tail}", x=end, y=before, xanchor="left", align="left", xshift=10, yanchor=foot, **at)
        )
    return labels


def _at_foot(value: float, span: Sequence[float]) -> bool:
    return value - span[0] < _LOW * (span[1] - span[0])


def band_label(frame: pl.DataFrame, unit: Unit, *, axes: tuple[str, str], beside: bool = False) -> list[dict[str, Any]]:
    """What the grey band means: under its left end (above, where it stands on nought), or ``beside`` its right end.

    Beside is for panels that lines fill.
    """
    known = frame.filter(pl.col("normal_low").is_not_null() & pl.col("normal_high").is_not_null())
    if known.is_empty():
        return []
    row = known.row(-1, named=True)
    low, high = unit.text(row["normal_low"]), unit.text(row["normal_high"])
    text = say("charts.trend.normal_band", unit.language, low=low, high=high)
    place: dict[str, Any] = {"xref": axes[0], "yref": axes[1], "xanchor": "left"}
    if beside:
        head, _, tail = text.rpartition(" ")
        middle = (row["normal_low"] + row["normal_high"]) / 2
        return [word(f"{head}<br>{tail}", x=frame.height - 0.4, y=middle, align="left", xshift=4, **place)]
    if known["normal_low"][0] <= 0:  # under a band that stands on the axis its name would lie on the weeks' own
        highest = max(known["normal_high"].head(_LABEL_STEPS).to_list())
        return [word(text, x=-0.45, y=highest, yanchor="bottom", **place)]
    return [word(text, x=-0.45, y=known["normal_low"][0], yanchor="top", **place)]


def level_label(
    lines: Sequence[Sequence[float | None]], level: float, text: str, *, axes: tuple[str, str] = ("x", "y")
) -> dict[str, Any]:
    """The name of a level drawn across, where the lines are farthest from it, on the side away from them."""
    steps = max(len(line) for line in lines)
    starts = range(max(steps - _LABEL_STEPS + 1, 1))

    def near(start: int) -> list[float]:
        window = [v for line in lines for v in line[start : start + _LABEL_STEPS] if v is not None]
        return [v - level for v in window]

    best = max(starts, key=lambda i: min((abs(gap) for gap in near(i)), default=0.0))
    closest = min(near(best), key=abs, default=0.0)
    place: dict[str, Any] = {"xref": axes[0], "yref": axes[1], "xanchor": "left"}
    return word(text, x=best, y=level, yanchor="top" if closest > 0 else "bottom", **place)
