"""Cohort curves: what share of a cohort's orders had a refund asked for, by days since payment."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import polars as pl

from aftersales.charts.figure import Chart, nothing
from aftersales.charts.markup import plot_text
from aftersales.charts.numbers import Unit
from aftersales.charts.table import Column
from aftersales.charts.theme import LIGHT, lay_out, quiet_figure, word
from aftersales.charts.validation import require, sentences
from aftersales.words.errors import UsageError
from aftersales.words.language import Language, say


def cohort_curves(
    frame: pl.DataFrame,
    *,
    id: str,
    language: Language,
    name: str,
    form: str = "pct",
    title: str | None = None,
    so_what: str = "",
    caption: str = "",
) -> Chart:
    """Each cohort as a curve: the latest in blue, the others grey, so that unripe weeks are compared at equal age.

    Columns in: ``cohort`` (text, already worded; ascending in time by first appearance), ``age_days``, ``share`` (0..1
    so far; null where the age is not reached yet). A curve ends where the cohort's observation ends. The title is
    computed: the latest cohort at its greatest age against the median of the others at that same age.
    """
    require(frame, ("cohort", "age_days", "share"), "A chart of cohorts")
    if frame.is_empty():
        return nothing(id, language, title=title)
    seen = frame.drop_nulls(["share", "age_days"])
    if seen.is_empty():
        raise UsageError("There is no cohort with any observed day", found=f"{frame.height} rows")
    unit = Unit(form, language)
    cohorts = seen["cohort"].unique(maintain_order=True).to_list()
    latest = cohorts[-1]
    end = max(int(seen["age_days"].max() or 1), 1)  # type: ignore[arg-type]
    axis = _age_ticks(end, language)
    few = {key: values[::2] for key, values in axis.items()}
    figure = quiet_figure(language, height=320, narrow={"height": 280, "xaxis": {**few, "range": [0, end * 1.3]}})
    sideways = {"range": [0, end * 1.16], "tickmode": "array", **axis}
    lay_out(figure, xaxis=sideways, yaxis=unit.axis(seen["share"].to_list(), zero=True))
    ages = [a for a in axis["tickvals"] if a > 0]
    labels = []
    for cohort in cohorts:
        curve = _thinned(seen.filter(pl.col("cohort") == cohort).sort("age_days"))
        figure.add_trace(_curve(curve, unit, strong=cohort == latest))
    current = seen.filter(pl.col("cohort") == latest).sort("age_days")
    age, share = int(current["age_days"][-1]), float(current["share"][-1])
    usual = _usual_at(seen, latest, age)
    labels.append(
        word(
            f"{plot_text(latest, most=16)} {unit.text(share)}",
            x=age,
            y=share,
            colour="blue",
            bold=True,
            xanchor="left" if age < end * 0.8 else "right",
            yanchor="bottom",
            xshift=6 if age < end * 0.8 else 0,
            yshift=6,
        )
    )
    oldest = seen.filter(pl.col("cohort") == cohorts[0]).sort("age_days")
    if len(cohorts) > 1:
        labels.append(
            word(
                say("charts.cohort.earlier", language),
                x=int(oldest["age_days"][-1]),
                y=float(oldest["share"][-1]),
                xanchor="left",
                xshift=6,
            )
        )
    figure.layout.annotations = tuple(labels)
    sentence = _sentence({"name": name, "cohort": latest}, age, share, usual, unit=unit)
    return Chart(
        id,
        title or sentence,
        figure,
        _by_age(seen, ages),
        _columns(ages, unit),
        language=language,
        so_what=so_what,
        caption=sentences(say("charts.cohort.caption", language), caption),
        alt=sentence,
    )


def _thinned(seen: pl.DataFrame) -> pl.DataFrame:
    """The points a curve needs: every day of the first week, then two a week, and the last."""
    age = pl.col("age_days")
    return seen.filter((age <= 7) | (age % 7 == 0) | (age % 7 == 3) | (age == age.max()))


def _usual_at(seen: pl.DataFrame, latest: str, age: int) -> float | None:
    """The median share of the other cohorts at that age; null where none has reached it."""
    others = seen.filter(pl.col("cohort") != latest)
    reached = others.group_by("cohort").agg(pl.col("age_days").max().alias("reached")).filter(pl.col("reached") >= age)
    at = (
        others.join(reached, on="cohort")
        .filter(pl.col("age_days") <= age)
        .sort("age_days")
        .group_by("cohort")
        .agg(pl.col("share").last())
    )
    return None if at.is_empty() else float(at["share"].median())  # type: ignore[arg-type]


def _sentence(names: dict[str, str], age: int, share: float, usual: float | None, *, unit: Unit) -> str:
    written, other = unit.text(share), unit.text(usual)
    key = "alone" if usual is None else "same" if written == other else "above" if share > usual else "below"
    return say(
        f"charts.cohort.{key}",
        unit.language,
        name=names["name"],
        cohort=names["cohort"],
        age=age,
        value=written,
        usual=other,
    )


def _curve(curve: pl.DataFrame, unit: Unit, *, strong: bool) -> go.Scatter:
    # the others are background: only the latest answers to the pointer
    hover = (
        []
        if not strong
        else [
            say("charts.cohort.hover", unit.language, cohort=plot_text(c), age=a, value=unit.text(s))
            for c, a, s in curve.select("cohort", "age_days", "share").iter_rows()
        ]
    )
    line = {"color": LIGHT["blue" if strong else "pale"], "width": 2.6 if strong else 1.3}
    return go.Scatter(
        x=curve["age_days"].to_list(),
        y=curve["share"].to_list(),
        mode="lines+markers" if strong else "lines",
        hoverinfo="text" if strong else "skip",
        hovertext=hover or None,
        line=line,
        marker=_end_mark(curve.height) if strong else None,
    )


def _age_ticks(end: int, language: Language) -> dict[str, list]:
    step = next(s for s in (1, 2, 7, 14, 28, 56, 112) if end / s <= 7 or s == 112)
    at = list(range(0, end + 1, step))
    return {"tickvals": at, "ticktext": [say("charts.cohort.day", language, age=a) for a in at]}


def _by_age(seen: pl.DataFrame, ages: list[int]) -> pl.DataFrame:
    """One row a cohort, one column an age; a dash where that age is not reached."""
    wide = seen.select(pl.col("cohort").unique(maintain_order=True))
    for age in ages:
        reached = (
            seen.filter(pl.col("age_days").max().over("cohort") >= age)
            .filter(pl.col("age_days") <= age)
            .sort("age_days")
            .group_by("cohort")
            .agg(pl.col("share").last().alias(str(age)))
        )
        wide = wide.join(reached, on="cohort", how="left", maintain_order="left")
    return wide


def _columns(ages: list[int], unit: Unit) -> tuple[Column, ...]:
    days = (Column(str(a), say("charts.cohort.day", unit.language, age=a), unit.form) for a in ages)
    return (Column("cohort", say("charts.column.cohort", unit.language), strong=True), *days)


def _end_mark(points: int) -> dict[str, Any]:
    rest = [0] * (points - 1)
    return {
        "size": [*rest, 9], "color": LIGHT["card"], "opacity": 1,
        "line": {"color": LIGHT["blue"], "width": [*rest, 2]},
    }  # fmt: skip
