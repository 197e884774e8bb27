"""What a week's cases are made of, week by week: shares stacked to the whole, named at their right end."""

from __future__ import annotations

from datetime import date

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.figure import Chart, nothing
from aftersales.charts.fit import NARROW, WIDE, axis_end
from aftersales.charts.markup import plot_text
from aftersales.charts.numbers import Unit, day_tick, mondays
from aftersales.charts.table import Column
from aftersales.charts.theme import LIGHT, lay_out, quiet_figure, word
from aftersales.charts.validation import listed, require
from aftersales.charts.weekly import MOST_TICKS, week_ticks
from aftersales.words.language import Language, say

# One family from blue to grey: parts of a whole are no signals. More parts than shades are drawn together as "other".
_SHADES = ("blue", "blue_soft", "grey", "pale", "band")
_LABEL_GAP = 0.075  # of the height: the least distance of two labels


def stacked_mix(
    frame: pl.DataFrame,
    *,
    id: str,
    language: Language,
    name: str,
    prefix: str = "",
    title: str | None = None,
    so_what: str = "",
    caption: str = "",
) -> Chart:
    """Shares of kinds, phases or outcomes over weeks, as bars stacked to 100 %.

    Columns in: ``week`` (2026-W46 or its Monday), ``part`` (a code under ``prefix`` in the catalogue, or plain text),
    ``count``. Weeks without a row are gaps. Parts stand in order of their total, the greatest at the bottom. The title
    is computed: the part whose share differs most between the last week and all weeks before.
    """
    require(frame, ("week", "part", "count"), "A mix")
    if frame.is_empty():
        return nothing(id, language, title=title)
    shares = _shares(mondays(frame), prefix, language)
    weeks = pl.Series(pl.date_range(shares["week"][0], shares["week"][-1], "1w", eager=True))
    parts = shares.group_by("name").agg(pl.col("count").sum()).sort("count", "name", descending=[True, False])
    unit = Unit("pct0", language)
    last = shares.filter(pl.col("week") == weeks[-1])
    labels = _labels(last, parts["name"].to_list(), len(weeks) - 1, unit)
    texts, ends = [label["text"] for label in labels], [float(len(weeks))] * len(labels)
    room = {width: axis_end(ends, texts, ["100%"], width=width) for width in (WIDE, NARROW)}
    few = 3 if room[NARROW] < 1.6 * len(weeks) else 2  # long names leave the weeks little width
    small = {"height": 290, "xaxis": {**week_ticks(weeks, language, few), "range": [-0.6, room[NARROW]]}}
    figure = quiet_figure(language, height=310, narrow=small)
    for shade, part in zip(_SHADES, parts["name"], strict=False):
        figure.add_trace(_bar(shares.filter(pl.col("name") == part), weeks, part, shade, unit=unit))
    lay_out(
        figure,
        barmode="stack",
        bargap=0.25,
        yaxis={**unit.axis([0, 1], zero=True), "range": [0, 1.0]},
        xaxis={**week_ticks(weeks, language, MOST_TICKS), "range": [-0.6, room[WIDE]]},
    )
    figure.layout.annotations = tuple(labels)
    alt = listed((f"{n} {unit.text(s)}" for n, s in last.select("name", "share").iter_rows()), language)
    return Chart(
        id,
        title or _finding(shares, weeks[-1], name, unit),
        figure,
        shares,
        _columns(language),
        language=language,
        so_what=so_what,
        alt=f"{name}: {alt}",
        caption=caption or say("charts.mix.caption", language),
    )


def _shares(frame: pl.DataFrame, prefix: str, language: Language) -> pl.DataFrame:
    names = {p: say(prefix + p, language) if prefix else p for p in frame["part"].drop_nulls().unique()}
    order = frame.group_by("part").agg(pl.col("count").sum()).sort("count", "part", descending=[True, False])["part"]
    lumped = set(order[len(_SHADES) - 1 :]) if len(order) > len(_SHADES) else set()
    other = say("charts.mix.other", language)
    named = {p: other if p in lumped else n for p, n in names.items()}
    return (
        frame.with_columns(pl.col("part").replace_strict(named, default=other).alias("name"))
        .group_by("week", "name")
        .agg(pl.col("count").sum())
        .with_columns((pl.col("count") / pl.col("count").sum().over("week")).alias("share"))
        .sort("week", "count", "name", descending=[False, True, False])
    )


def _bar(rows: pl.DataFrame, weeks: pl.Series, part: str, shade: str, *, unit: Unit) -> go.Bar:
    at = dict(rows.select("week", "share").iter_rows())
    hover = [f"{day_tick(w, unit.language)}: {plot_text(part)} {unit.text(at.get(w))}" for w in weeks]
    return go.Bar(
        x=list(range(len(weeks))),
        y=[at.get(w) for w in weeks],
        hoverinfo="text",
        hovertext=hover,
        marker={"color": LIGHT[shade], "line": {"color": LIGHT["card"], "width": 1}},
    )


def _labels(last: pl.DataFrame, parts: list[str], end: int, unit: Unit) -> list[dict]:
    share = dict(last.select("name", "share").iter_rows())
    labels, below, floor = [], 0.0, 0.0
    for part in parts:
        height = share.get(part) or 0.0
        if height > 0:
            # pushed up where the one below would be touched
            y = max(below + height / 2, floor)
            floor = y + _LABEL_GAP
            text = f"{plot_text(part, most=20)} {unit.text(height)}"
            labels.append(word(text, x=end, y=y, colour="ink", xanchor="left", xshift=22))
        below += height
    over = floor - _LABEL_GAP - 0.98
    if over > 0:
        labels = [{**label, "y": label["y"] - over} for label in labels]
    return labels


def _finding(shares: pl.DataFrame, last: date, name: str, unit: Unit) -> str:
    before = shares.filter(pl.col("week") < pl.lit(last))
    now = shares.filter(pl.col("week") == last)
    whole = now["count"].sum()
    if before.is_empty():
        top = now.row(0, named=True)
        return say(
            "charts.mix.first",
            unit.language,
            name=name,
            part=top["name"],
            value=unit.text(top["share"]),
            count=top["count"],
            whole=whole,
        )
    total = before["count"].sum()
    usual = before.group_by("name").agg((pl.col("count").sum() / total).alias("usual"))
    both = now.join(usual, on="name", how="full", coalesce=True).with_columns(
        pl.col("share", "usual").fill_null(0.0), pl.col("count").fill_null(0)
    )
    row = both.sort((pl.col("share") - pl.col("usual")).abs(), pl.col("name"), descending=[True, False]).row(
        0, named=True
    )
    texts = unit.text(row["share"]), unit.text(row["usual"])
    key = "same" if texts[0] == texts[1] else "more" if row["share"] > row["usual"] else "less"
    return say(
        f"charts.mix.{key}",
        unit.language,
        name=name,
        part=row["name"],
        value=texts[0],
        usual=texts[1],
        count=row["count"],
        whole=whole,
    )


def _columns(language: Language) -> tuple[Column, ...]:
    return (
        Column("week", say("charts.column.week", language), "date", align="left"),
        Column("name", say("charts.column.name", language)),
        Column("count", say("charts.column.part", language), "int"),
        Column("share", say("charts.column.share", language), "pct", strong=True),
    )
