"""The benefit–harm curve: what a rule stops and whom it hurts, threshold by threshold, and what that comes to."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.figure import Chart, nothing
from aftersales.charts.markup import plot_text
from aftersales.charts.numbers import Unit
from aftersales.charts.table import Column
from aftersales.charts.theme import LIGHT, lay_out, quiet_figure, word
from aftersales.charts.validation import listed, require, sentences
from aftersales.words.language import Language, say

NEEDED = (
    "threshold", "written", "bad_orders", "bad_stopped", "stopped_share_low", "stopped_share_high", "good_hurt",
    "saved", "lost", "net", "net_low", "net_high", "break_even_substitution", "flat",
)  # fmt: skip
# Harm beyond so many times the largest benefit is drawn at the panel's edge with its number: it would flatten the rest.
_BEYOND = 1.6
# Pixels between the panels' sides on the narrowest page and on a phone, and a character's of a number in them.
_WIDE, _PHONE, _DIGIT = 460, 265, 7.5
_STOPPED_NAME, _HURT_NAME = "0", "1"  # their places among the notes
_TOP, _BOTTOM = (0.53, 1.0), (0.0, 0.40)


def benefit_harm(
    frame: pl.DataFrame,
    *,
    id: str,
    language: Language,
    axis_name: str,
    stopped_name: str,
    hurt_name: str,
    chosen: float | None,
    title: str,
    so_what: str = "",
    caption: str = "",
    currency: str = "CNY",
) -> Chart:
    """Two panels over the thresholds, mildest first: orders stopped and hurt; net money a month with its interval.

    Columns in: those of a replay's table (`NEEDED`), one row a threshold as tried, and ``written``, the threshold as it
    is read; shares 0..1, money a month. ``chosen`` is the threshold taken, null where none pays; ``stopped_name`` and
    ``hurt_name`` say what the two lines count, ``axis_name`` what the threshold does. What lies beyond a panel stands
    at its edge with its number.
    """
    require(frame, NEEDED, "A benefit–harm curve")
    if frame.is_empty():
        return nothing(id, language, title=title)
    unit, count = Unit("money", language, currency), Unit("int", language)
    steps = list(range(frame.height))
    ticks = [plot_text(text) for text in frame["written"]]
    figure = quiet_figure(language, height=430)
    orders, money = _orders_axis(frame, count), _money_axis(frame, unit)
    lay_out(
        figure,
        xaxis={
            "domain": [0, 1],
            "range": [-0.5, frame.height - 0.5],
            "tickvals": steps,
            "ticktext": ticks,
            "anchor": "y2",
            "tickmode": "array",
        },
        yaxis={"domain": list(_TOP), **orders},
        yaxis2={**figure.layout.yaxis.to_plotly_json(), "domain": list(_BOTTOM), "anchor": "x", **money},
        margin={"t": 26, "b": 46, "l": 8, "r": 16},
    )
    _flat(figure, frame)
    _stopped(figure, frame, count)
    _hurt(figure, frame, orders["range"][1], count)
    _net(figure, frame, money["range"], unit)
    names = _names(language, stopped_name=stopped_name, hurt_name=hurt_name, axis_name=axis_name)
    beyond, on_a_phone = (
        _beyond(frame, orders["range"], money["range"], count, unit, width=px) for px in (_WIDE, _PHONE)
    )
    figure.layout.annotations = (*names, *beyond, *_choice(frame, chosen, language))
    shorter = {f"{len(names) + k}": {"text": mark["text"]} for k, mark in enumerate(on_a_phone) if mark != beyond[k]}
    figure.layout.meta["narrow"] = {
        "height": 460, "margin": {"r": 14, "t": 44},
        "annotations": {_STOPPED_NAME: {"yshift": 22}, _HURT_NAME: {"x": 0, "xanchor": "left"}, **shorter},
    }  # fmt: skip
    if chosen is not None:
        at = frame["threshold"].to_list().index(chosen)
        figure.add_shape(
            type="line",
            x0=at,
            x1=at,
            xref="x",
            y0=0,
            y1=1,
            yref="paper",
            line={"color": LIGHT["ink"], "width": 1, "dash": "dot"},
            layer="below",
        )
    return Chart(
        id,
        title,
        figure,
        frame,
        _columns(language, axis_name),
        language=language,
        so_what=so_what,
        caption=sentences(say("charts.benefit.caption", language), caption),
        currency=currency,
        alt=sentences(title, axis_name + (":" if language == "en" else "："), _alt(frame, ticks, language, currency)),
    )


def _orders_axis(frame: pl.DataFrame, count: Unit) -> dict[str, Any]:
    top = max(float(frame.select((pl.col("stopped_share_high") * pl.col("bad_orders")).max()).item() or 0), 1.0)
    most = float(frame.select(pl.col("good_hurt").max()).item() or 0)
    return count.axis([0.0, min(max(top, most), top * _BEYOND)], zero=True)


def _money_axis(frame: pl.DataFrame, unit: Unit) -> dict[str, Any]:
    best = max(float(frame.select(pl.max_horizontal(pl.col("saved", "net_high").max())).item() or 0), 1.0)
    worst = float(frame.select(pl.col("net_low").min()).item() or 0)
    return unit.axis([max(min(worst, 0.0), -_BEYOND * best), 0.0, best])


def _flat(figure: go.Figure, frame: pl.DataFrame) -> None:
    """The thresholds that are about as good as the best, as a grey field behind both panels."""
    flat = [k for k, is_flat in enumerate(frame["flat"]) if is_flat]
    if flat:
        figure.add_shape(
            type="rect",
            x0=flat[0] - 0.5,
            x1=flat[-1] + 0.5,
            xref="x",
            y0=0,
            y1=1,
            yref="paper",
            layer="below",
            fillcolor=LIGHT["band"],
            line={"width": 0},
        )


def _stopped(figure: go.Figure, frame: pl.DataFrame, count: Unit) -> None:
    x = list(range(frame.height))
    known = frame.with_columns(
        low=pl.col("stopped_share_low") * pl.col("bad_orders"), high=pl.col("stopped_share_high") * pl.col("bad_orders")
    )
    if known["low"].is_not_null().all():
        band = {"color": LIGHT["blue_soft"], "width": 0}
        figure.add_trace(
            go.Scatter(
                x=[*x, *reversed(x)],
                y=[*known["high"], *reversed(known["low"].to_list())],
                mode="lines",
                fill="toself",
                fillcolor=LIGHT["blue_soft"],
                opacity=0.5,
                line=band,
                hoverinfo="skip",
            )
        )
    hover = [f"{count.text(n)} / {count.text(of)}" for n, of in frame.select("bad_stopped", "bad_orders").iter_rows()]
    figure.add_trace(
        go.Scatter(
            x=x,
            y=frame["bad_stopped"].to_list(),
            mode="lines+markers",
            cliponaxis=False,
            line={"color": LIGHT["blue"], "width": 2.2},
            marker={"size": 7, "color": LIGHT["blue"]},
            hoverinfo="text",
            hovertext=hover,
        )
    )


def _hurt(figure: go.Figure, frame: pl.DataFrame, edge: float, count: Unit) -> None:
    values = frame["good_hurt"].to_list()
    inside = [v if v <= edge else None for v in values]
    tone = {"color": LIGHT["orange"], "width": 1.8}
    figure.add_trace(
        go.Scatter(
            x=list(range(len(values))),
            y=inside,
            mode="lines+markers",
            connectgaps=False,
            cliponaxis=False,
            hoverinfo="text",
            hovertext=[count.text(v) for v in values],
            line={**tone, "dash": "5px,3px"},
            marker={"size": 8, "color": LIGHT["card"], "symbol": "diamond", "line": tone},
        )
    )


def _net(figure: go.Figure, frame: pl.DataFrame, span: list[float], unit: Unit) -> None:
    x, net = list(range(frame.height)), frame["net"].to_list()
    shown = [v if span[0] <= v <= span[1] else None for v in net]
    figure.add_shape(
        type="line", x0=0, x1=1, xref="x domain", y0=0, y1=0, yref="y2", line={"color": LIGHT["grey"], "width": 1}
    )
    bars = [(max(low, span[0]), min(high, span[1])) for low, high in frame.select("net_low", "net_high").iter_rows()]
    up = [max(b[1] - v, 0) if v is not None else None for b, v in zip(bars, shown, strict=True)]
    down = [max(v - b[0], 0) if v is not None else None for b, v in zip(bars, shown, strict=True)]
    figure.add_trace(
        go.Scatter(
            x=x,
            y=shown,
            yaxis="y2",
            mode="lines+markers",
            hoverinfo="text",
            hovertext=[unit.text(v) for v in net],
            line={"color": LIGHT["ink"], "width": 2},
            marker={"size": 8, "color": LIGHT["ink"]},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": up,
                "arrayminus": down,
                "thickness": 1.1,
                "width": 0,
                "color": LIGHT["grey"],
            },
        )
    )


def _names(language: Language, *, stopped_name: str, hurt_name: str, axis_name: str) -> list[dict[str, Any]]:
    """What each line is, written into the panels in its own colour."""
    at: dict[str, Any] = {"x": 0, "xref": "paper", "xanchor": "left", "yanchor": "bottom", "yref": "paper"}
    net = say("charts.benefit.net", language)
    return [
        word(plot_text(f"● {stopped_name}"), **(at | {"y": 1.0, "yshift": 5}), colour="blue", bold=True),
        word(plot_text(f"◇ {hurt_name}"), **(at | {"x": 1, "xanchor": "right", "yshift": 5, "y": 1.0}), colour="orange",
             bold=True),
        word(net, **(at | {"y": _BOTTOM[1], "yshift": 4}), colour="ink", bold=True),
        word(plot_text(axis_name), x=1, y=0, xref="paper", yref="paper", xanchor="right", yanchor="top", yshift=-22),
    ]  # fmt: skip


def _beyond(
    frame: pl.DataFrame, orders: list[float], money: list[float], count: Unit, unit: Unit, *, width: float
) -> list[dict[str, Any]]:
    """Arrows at a panel's edge for what lies outside it, with their numbers where a panel so wide has room for them."""
    hurt = {k: f"↑{count.text(v)}" for k, v in enumerate(frame["good_hurt"]) if v > orders[1]}
    net = {k: f"↓{unit.text(v)}" for k, v in enumerate(frame["net"]) if v < money[0]}
    step = width / frame.height
    return [
        *(word(text, x=k, y=orders[1], colour="orange", yanchor="top") for k, text in _thinned(hurt, step).items()),
        *(word(text, x=k, y=money[0], yref="y2", colour="ink", yanchor="bottom")
          for k, text in _thinned(net, step).items()),
    ]  # fmt: skip


def _thinned(texts: dict[int, str], step: float) -> dict[int, str]:
    """Texts by place, ``step`` pixels apart, from the last backwards: one that would touch the next is its arrow alone.

    >>> _thinned({4: "↑17", 5: "↑2,700", 6: "↑8,300"}, 33)
    {4: '↑17', 5: '↑', 6: '↑8,300'}
    """
    shown: dict[int, str] = {}
    free = float("inf")  # the left end of what was put last
    for k in sorted(texts, reverse=True):
        half = len(texts[k]) * _DIGIT / 2
        fits = k * step + half < free
        shown[k] = texts[k] if fits else texts[k][0]
        free = k * step - (half if fits else _DIGIT / 2)
    return {k: shown[k] for k in texts}


def _choice(frame: pl.DataFrame, chosen: float | None, language: Language) -> list[dict[str, Any]]:
    if chosen is None:
        return []
    at = frame["threshold"].to_list().index(chosen)
    place = (at + 0.5) / frame.height
    side, shift = ("left", 5) if place < 1 / 3 else ("right", -5) if place > 2 / 3 else ("center", 0)
    text = say("charts.benefit.chosen", language)
    return [
        word(text, x=at, y=_TOP[0], yref="paper", yanchor="top", yshift=-2, xanchor=side, xshift=shift, colour="ink",
             bold=True, bgcolor=LIGHT["card"])
    ]  # fmt: skip


def _columns(language: Language, axis_name: str) -> tuple[Column, ...]:
    def name(key: str) -> str:
        return say(f"charts.benefit.column.{key}", language)

    return (
        Column("written", axis_name, align="right", strong=True), Column("bad_stopped", name("stopped"), "int"),
        Column("bad_orders", name("of"), "int"), Column("stopped_share_low", name("share_low"), "pct0"),
        Column("stopped_share_high", name("share_high"), "pct0"), Column("good_hurt", name("hurt"), "int"),
        Column("saved", name("saved"), "money"), Column("lost", name("lost"), "money"),
        Column("net", name("net"), "money"), Column("net_low", name("low"), "money"),
        Column("net_high", name("high"), "money"), Column("break_even_substitution", name("break_even"), "pct0"),
    )  # fmt: skip


def _alt(frame: pl.DataFrame, ticks: list[str], language: Language, currency: str) -> str:
    said = [
        say(
            "charts.benefit.alt",
            language,
            currency=currency,
            threshold=tick,
            stopped=row["bad_stopped"],
            hurt=row["good_hurt"],
            net=row["net"],
        )
        for tick, row in zip(ticks, frame.iter_rows(named=True), strict=True)
    ]
    return listed(said, language)
