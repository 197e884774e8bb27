"""One of each record, in both languages, with hostile text where text comes from outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl

from aftersales.charts.actions import action_table, effect_table
from aftersales.charts.before_after import before_after
from aftersales.charts.benefit_harm import benefit_harm
from aftersales.charts.calendar import calendar_gaps
from aftersales.charts.cohort import cohort_curves
from aftersales.charts.durations import duration_strip, survival_curve
from aftersales.charts.figure import Chart
from aftersales.charts.funnel_plot import funnel_plot
from aftersales.charts.heat import HeatTable
from aftersales.charts.intervals import province_bars, ranking
from aftersales.charts.mix import stacked_mix
from aftersales.charts.note import Note, Provenance, Quotes
from aftersales.charts.reasons import reason_bars
from aftersales.charts.suggestion_card import ASKED, SuggestionCard
from aftersales.charts.table import Column, Table
from aftersales.charts.tiles import Tile, Tiles
from aftersales.charts.trend import trend_6_12
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.charts.waterfall import waterfall
from aftersales.charts.weekly import weekly_trend
from aftersales.words.language import Language

HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)>&\u202e'
MONDAYS = [date(2026, 9, 7) + timedelta(weeks=i) for i in range(10)]


def weekly() -> pl.DataFrame:
    rate = [0.11, 0.113, 0.109, 0.112, 0.108, 0.112, 0.115, 0.121, 0.138, 0.187]
    return pl.DataFrame({
        "week": MONDAYS, "value": rate, "normal_low": [0.099] * 10, "normal_high": [0.125] * 10,
        "prior_year": [0.11] * 10, "mature": [True] * 8 + [False] * 2,
        "value_low": [r - 0.02 for r in rate], "value_high": [r + 0.02 for r in rate],
    })  # fmt: skip


def monthly() -> pl.DataFrame:
    months = [date(2025, 12, 1), *(date(2026, m, 1) for m in range(1, 12))]
    return pl.DataFrame({"month": months, "value": [0.1 + 0.004 * i for i in range(12)]})


def intervals(name: str) -> pl.DataFrame:
    return pl.DataFrame({
        name: [HOSTILE, "广东省"], "part": [62, 120], "whole": [300, 1100], "rate": [0.2067, 0.109],
        "rate_low": [0.165, 0.09], "rate_high": [0.256, 0.129], "base": [0.11, 0.11],
    })  # fmt: skip


def counted() -> pl.DataFrame:
    return (
        weekly()
        .rename({"value": "rate", "value_low": "rate_low", "value_high": "rate_high"})
        .with_columns(part=pl.lit(40), whole=pl.lit(400))
    )


def cohorts() -> pl.DataFrame:
    rows = [
        {"cohort": HOSTILE if c == 2 else f"cohort {c}", "age_days": d, "share": (0.12 + 0.04 * c) * d / 30}
        for c in range(3) for d in range(0, 31 - 8 * c)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def _funnel(language: Language) -> Chart:
    sizes = [20, 100, 500, 2000]
    points = pl.DataFrame({
        "name": [HOSTILE, "b"], "part": [200, 10], "whole": [900, 100], "rate": [0.222, 0.1], "outside": [True, False],
    })  # fmt: skip
    limits = pl.DataFrame({"whole": sizes, "low": [0.0, 0.01, 0.06, 0.08], "high": [0.3, 0.19, 0.14, 0.12]})
    return funnel_plot(points, limits, id="funnel", language=language, what="x", centre=0.1)


def _waterfall(language: Language) -> Chart:
    steps = pl.DataFrame({"step": [HOSTILE, "rest"], "change": [0.04, 0.009]})
    return waterfall(
        steps, id="fall", language=language, name="r", start=0.138, end=0.187, start_name="a", end_name="b"
    )


def _mix(language: Language) -> Chart:
    rows = [
        {"week": w, "part": p, "count": n + 3 * i}
        for i, w in enumerate(MONDAYS)
        for p, n in (("return_refund", 80), ("refund_only", 50), ("exchange", 8), ("repair", 2), ("reship", 1))
    ]
    return stacked_mix(pl.DataFrame(rows), id="mix", language=language, name="kinds", prefix="kind.")


def _calendar(language: Language) -> Chart:
    days = [date(2026, 1, 1) + timedelta(days=i) for i in range(300)]
    rows = [
        {"kind": k, "day": d} for k in (HOSTILE, "refunds") for i, d in enumerate(days) if k == "refunds" or i != 77
    ]
    return calendar_gaps(pl.DataFrame(rows), id="gaps", language=language)


def _durations(language: Language) -> Chart:
    frame = pl.DataFrame({"week": MONDAYS, "p50_hours": [20.0] * 10, "p90_hours": [50.0] * 9 + [None]})
    return duration_strip(frame, id="hours", language=language, name="x", limit_hours=48.0)


def _survival(language: Language) -> Chart:
    frame = pl.DataFrame({"hours": [0, 12, 24, 48], "share_open": [1.0, 0.6, 0.4, 0.1]})
    return survival_curve(frame, id="survival", language=language, name="x")


def _reasons(language: Language) -> Chart:
    frame = pl.DataFrame({
        "reason": ["quality", "not_as_described", "size"], "now": [612, 438, 301], "usual": [241.0, 205.0, 288.0],
        "signal": [True, True, False],
    })  # fmt: skip
    return reason_bars(frame, id="reasons", language=language)


def replayed() -> pl.DataFrame:
    """A rule's curve: the tightest threshold hurts far more than fits the panel."""
    return pl.DataFrame({
        "threshold": [5.0, 4.0, 3.0, 1.0], "written": ["5", "4", HOSTILE, "1"], "bad_orders": [80] * 4,
        "bad_stopped": [10, 24, 40, 60], "stopped_share_low": [0.05, 0.2, 0.4, 0.6],
        "stopped_share_high": [0.2, 0.4, 0.6, 0.9], "good_hurt": [0, 3, 20, 900],
        "saved": [90.0, 210.0, 340.0, 500.0], "lost": [0.0, 40.0, 320.0, 9000.0], "net": [90.0, 170.0, 20.0, -8500.0],
        "net_low": [40.0, 90.0, -90.0, -9900.0], "net_high": [150.0, 260.0, 110.0, -7000.0],
        "break_even_substitution": [0.0, 0.0, 0.0, 0.95], "flat": [False, True, False, False],
    })  # fmt: skip


def _benefit(language: Language) -> Chart:
    return benefit_harm(
        replayed(), id="benefit", language=language, axis_name=HOSTILE, stopped_name=HOSTILE, hurt_name=HOSTILE,
        chosen=4.0, title=HOSTILE,
    )  # fmt: skip


def decided() -> pl.DataFrame:
    """Ten weeks around a decision in the sixth."""
    rate = [0.2, 0.18, 0.21, 0.19, 0.2, 0.11, 0.09, 0.1, 0.12, 0.08]
    return pl.DataFrame({
        "week": MONDAYS, "rate": rate, "low": [0.14] * 10, "high": [0.27] * 10, "mature": [True] * 9 + [False],
        "events": [round(r * 200) for r in rate], "exposure": [200.0] * 10,
    })  # fmt: skip


def _before_after(language: Language) -> Chart:
    return before_after(
        decided(), id="before-after", language=language, name=HOSTILE, since=MONDAYS[5], title=HOSTILE,
        change=(-0.5, -0.6, -0.35), placebos=[0.1, -0.2, 0.05, -0.55, 3.0],
    )  # fmt: skip


CHARTS: dict[str, Callable[[Language], Chart]] = {
    "trend": lambda lang: trend_6_12(weekly(), monthly(), id="trend", name=HOSTILE, language=lang, target=0.12),
    "trend-weeks": lambda lang: trend_6_12(weekly(), id="weeks", name="rate", language=lang),
    "weekly": lambda lang: weekly_trend(counted(), id="weekly", name="rate", count_name="count", language=lang),
    "cohort": lambda lang: cohort_curves(cohorts(), id="cohort", language=lang, name="rate"),
    "reasons": _reasons,
    "provinces": lambda lang: province_bars(intervals("province"), id="provinces", language=lang),
    "ranking": lambda lang: ranking(intervals("name"), id="ranking", language=lang),
    "mix": _mix, "funnel": _funnel, "waterfall": _waterfall, "calendar": _calendar, "durations": _durations,
    "survival": _survival, "benefit": _benefit, "before-after": _before_after,
}  # fmt: skip


def table(language: Language) -> Table:
    frame = pl.DataFrame({
        "name": [HOSTILE, None], "rate": [0.327, None], "low": [0.3, None], "high": [0.35, None], "base": [0.12, 0.1],
        "recent": [[0.1, None, 0.3], None], "word": ["quality", "size"], "tone": ["signal", None],
    })  # fmt: skip
    columns = (
        Column("name", "N", below="word"), Column("rate", "R", "pct"),
        Column("rate", "B", "bar", low="low", high="high", usual="base"), Column("recent", "S", "spark"),
        Column("word", "W", "word", prefix="reason."), Column("name", "C", "chip", tone="tone"),
    )  # fmt: skip
    return Table(frame, columns, language=language, id="t", title=HOSTILE, caption=HOSTILE, total=9)


def _actions(language: Language) -> Table:
    frame = pl.DataFrame({
        "action": [HOSTILE], "owner": ["o"], "due": [date(2026, 11, 18)], "measure": ["m"], "worth": [None],
    })  # fmt: skip
    return action_table(frame, id="actions", language=language)


def _effects(language: Language) -> Table:
    frame = pl.DataFrame({
        "action": [HOSTILE], "measure": ["m"], "before": ["52%"], "after": ["44%"], "verdict": ["too_early"],
    })  # fmt: skip
    return effect_table(frame, id="effects", language=language)


BLOCKS: dict[str, Callable[[Language], Any]] = {
    "table": table,
    "actions": _actions,
    "effects": _effects,
    "verdict": lambda lang: Verdict(HOSTILE, (Conclusion(HOSTILE, HOSTILE, HOSTILE),), language=lang),
    "tiles": lambda lang: Tiles((Tile(HOSTILE, HOSTILE, "signal_up", ((HOSTILE, HOSTILE),)),), language=lang),
    "suggestion": lambda lang: SuggestionCard(HOSTILE, dict.fromkeys(ASKED, HOSTILE), command=HOSTILE, language=lang),
    "note": lambda lang: Note(HOSTILE, language=lang, look="warning"),
    "quotes": lambda lang: Quotes([(HOSTILE, HOSTILE)], language=lang),
    "provenance": lambda lang: Provenance(((HOSTILE, HOSTILE),), language=lang),
    "heat": lambda lang: HeatTable(
        pl.DataFrame({"row": [HOSTILE], "column": [HOSTILE], "value": [3]}), id="heat", language=lang, title=HOSTILE
    ),
}
