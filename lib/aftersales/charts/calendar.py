"""Which days the files cover: one line a kind of file, missing days in orange, wide enough to be seen."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.figure import Chart, nothing
from aftersales.charts.markup import plot_text
from aftersales.charts.numbers import day_tick
from aftersales.charts.table import Column
from aftersales.charts.theme import LIGHT, lay_out, quiet_figure, word
from aftersales.charts.validation import listed, require, sentences
from aftersales.words.language import Language, say

ROW_HEIGHT = 38
MOST_TICKS = 7
_DAY = timedelta(days=1)


def calendar_gaps(
    frame: pl.DataFrame,
    *,
    id: str,
    language: Language,
    first: date | None = None,
    last: date | None = None,
    prefix: str = "",
    title: str | None = None,
    so_what: str = "",
    caption: str = "",
) -> Chart:
    """Covered and missing days by kind of file.

    Columns in: ``kind`` (a code under ``prefix`` in the catalogue, or plain text; drawn in order of appearance),
    ``day`` (Date) and, where present, ``rows``: a day with a row here and rows not 0 is covered. ``first`` and ``last``
    bound the span looked at; without them it is the frame's own. The title is computed: how many days of which file
    are missing.
    """
    require(frame, ("kind", "day"), "A calendar")
    if frame.is_empty():
        return nothing(id, language, title=title)
    days = frame.drop_nulls("day")
    ordered = days["day"].sort()
    first, last = first or ordered[0], last or ordered[-1]
    runs = _runs(days, first, last, prefix, language)
    figure = _figure(runs, first, last, language)
    gaps = runs.filter(pl.col("state") == "missing")
    finding = _finding(gaps, language)
    shown = runs.with_columns(
        pl.col("state").replace_strict({s: say(f"charts.calendar.{s}", language) for s in ("covered", "missing")})
    )
    return Chart(
        id,
        title or finding,
        figure,
        shown,
        _columns(language),
        language=language,
        so_what=so_what,
        caption=sentences(say("charts.calendar.caption", language), caption),
        alt=_alt(gaps, finding, language),
    )


def _runs(days: pl.DataFrame, first: date, last: date, prefix: str, language: Language) -> pl.DataFrame:
    """Stretches of days in one state. Columns out: kind, first_day, last_day, days, state (covered, missing)."""
    names = {k: say(prefix + k, language) if prefix else k for k in days["kind"].unique(maintain_order=True)}
    filled = days if "rows" not in days.columns else days.filter(pl.col("rows") > 0)
    have = filled.select("kind", "day").unique().with_columns(pl.lit(True).alias("covered"))
    kinds = pl.DataFrame({"kind": list(names), "place": list(range(len(names)))})
    every = kinds.join(pl.DataFrame({"day": pl.date_range(first, last, "1d", eager=True)}), how="cross")
    return (
        every.join(have, on=["kind", "day"], how="left", maintain_order="left")
        .with_columns(pl.col("covered").fill_null(False))
        .with_columns(pl.col("covered").rle_id().over("kind").alias("run"))
        .group_by("place", "kind", "run", maintain_order=True)
        .agg(
            pl.col("day").first().alias("first_day"),
            pl.col("day").last().alias("last_day"),
            pl.len().cast(pl.Int64).alias("days"),
            pl.col("covered").first(),
        )
        .select(
            pl.col("kind").replace_strict(names),
            "first_day",
            "last_day",
            "days",
            pl.when("covered").then(pl.lit("covered")).otherwise(pl.lit("missing")).alias("state"),
        )
    )


def _finding(gaps: pl.DataFrame, language: Language) -> str:
    if gaps.is_empty():
        return say("charts.calendar.none", language)
    worst = gaps.group_by("kind", maintain_order=True).agg(pl.col("days").sum()).sort("days", descending=True)
    top, count = worst.row(0, named=True), worst.height
    key = "one" if count == 1 else "several"
    return say(f"charts.calendar.{key}", language, kind=top["kind"], days=top["days"], kinds=count)


def _alt(gaps: pl.DataFrame, finding: str, language: Language) -> str:
    gap_rows = [
        say("charts.calendar.alt_row", language, kind=k, first=a, last=b, days=n)
        for k, a, b, n in gaps.head(10).select("kind", "first_day", "last_day", "days").iter_rows()
    ]
    return listed([finding, *gap_rows], language)


def _figure(runs: pl.DataFrame, first: date, last: date, language: Language) -> go.Figure:
    kinds = runs["kind"].unique(maintain_order=True).to_list()
    figure = quiet_figure(language, height=ROW_HEIGHT * len(kinds) + 46)
    for state, tone in (("covered", "blue_soft"), ("missing", "orange")):
        part = runs.filter(pl.col("state") == state)
        if not part.is_empty():
            figure.add_trace(_bars(part, kinds, first, tone, language))
    span = (last - first).days + 1
    at = (
        [round(i * (span - 1) / (MOST_TICKS - 1)) for i in range(MOST_TICKS)]
        if span > MOST_TICKS
        else list(range(span))
    )
    lay_out(
        figure,
        barmode="overlay",
        xaxis={
            "range": [0, span * 1.0],
            "tickmode": "array",
            "tickvals": [a + 0.5 for a in at],
            "ticktext": [day_tick(first + a * _DAY, language) for a in at],
        },
        yaxis={
            "range": [len(kinds) - 0.4, -0.7],
            "tickmode": "array",
            "tickvals": list(range(len(kinds))),
            "ticktext": [plot_text(k, most=20) for k in kinds],
            "showgrid": False,
            "tickfont": {"size": 13, "color": LIGHT["ink"]},
        },
        margin={"t": 6, "b": 28, "r": 24},  # plotly's own margin would not grow on so low a plot
    )
    every_other = [at[i] for i in range(0, len(at), 3)]
    figure.layout.meta["narrow"] = {
        "xaxis": {"tickvals": [a + 0.5 for a in every_other],
                  "ticktext": [day_tick(first + a * _DAY, language) for a in every_other]}
    }  # fmt: skip
    figure.layout.annotations = tuple(_gap_labels(runs, kinds, first, language))
    return figure


def _bars(part: pl.DataFrame, kinds: list[str], first: date, tone: str, language: Language) -> go.Bar:
    hover = [
        say("charts.calendar.alt_row", language, kind=plot_text(k), first=a, last=b, days=n)
        for k, a, b, n in part.select("kind", "first_day", "last_day", "days").iter_rows()
    ]
    # an outline of its own colour keeps one day of four hundred visible
    line = {"color": LIGHT[tone], "width": 2 if tone == "orange" else 0}
    return go.Bar(
        x=part["days"].to_list(),
        base=[(d - first).days for d in part["first_day"]],
        orientation="h",
        width=0.46,
        y=[kinds.index(k) for k in part["kind"]],
        hoverinfo="text",
        hovertext=hover,
        marker={"color": LIGHT[tone], "line": line},
    )


def _gap_labels(runs: pl.DataFrame, kinds: list[str], first: date, language: Language) -> list[dict[str, Any]]:
    """The longest gap of each file, named over its bar."""
    longest = (
        runs.filter(pl.col("state") == "missing")
        .sort("days", descending=True, maintain_order=True)
        .unique("kind", keep="first", maintain_order=True)
    )
    return [
        word(
            say("charts.calendar.gap", language, days=r["days"]),
            x=(r["first_day"] - first).days + r["days"] / 2,
            y=kinds.index(r["kind"]) - 0.26,
            colour="orange",
            yanchor="bottom",
        )
        for r in longest.iter_rows(named=True)
    ]


def _columns(language: Language) -> tuple[Column, ...]:
    return (
        Column("kind", say("charts.column.file_kind", language)),
        Column("first_day", say("charts.column.first_day", language), "date", align="left"),
        Column("last_day", say("charts.column.last_day", language), "date", align="left"),
        Column("days", say("charts.column.days", language), "int"),
        Column("state", say("charts.column.state", language), strong=True),
    )
