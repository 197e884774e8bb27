"""How cases on past lists turned out: shown on the next lists, 06 and 07, and in 10-case-dossier."""

from __future__ import annotations

import polars as pl

from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.measures.case_outcomes import win_rates
from aftersales.week.loading import Report
from aftersales.words.language import catalogue

_NAMES = ("suspects.pattern", "suspected_complaint.pattern", "case.pattern")


def past_orders(report: Report) -> Stack:
    """Recorded cases of suspected orders: how many proved right, and how they ended by pattern."""
    kept = report.data.case_outcomes
    kept = kept.filter(pl.col("case_id").str.starts_with("suspect-"))
    return _shown(report, kept, report.data.order_shifts, id="past-order-cases")


def past_complaints(report: Report) -> Stack:
    """Suspected complaints that were judged, by a recorded state or by the platform's verdict in the files."""
    return _shown(report, report.data.complaint_outcomes, report.data.complaint_shifts, id="past-complaint-cases")


def past_cases(report: Report) -> Stack:
    """All of them together."""
    orders = report.data.case_outcomes.filter(~pl.col("case_id").str.starts_with("complaint-"))
    both = [f.select("case_id", "pattern", "state", "outcome") for f in (orders, report.data.complaint_outcomes)]
    return _shown(report, pl.concat(both), id="past-cases")


def _shown(report: Report, outcomes: pl.DataFrame, shifts: pl.DataFrame | None = None, *, id: str) -> Stack:
    if outcomes.is_empty():
        return Stack([Note(report.say("case.record.none"), language=report.language)])
    rows = win_rates(outcomes)
    total = rows.row(rows.height - 1, named=True)
    key = "right" if total["judged"] else "none_judged"
    right = total["won"] + total["partly_won"]
    said = report.say(
        f"case.record.{key}",
        cases=total["cases"],
        judged=total["judged"],
        right=right,
        rate=total["right_rate"],
        low=total["right_low"],
        high=total["right_high"],
        wrong=total["judged"] - right,
        settled=total["settled"],
        dropped=total["dropped"],
        open=total["open"],
    )
    told = [said] if shifts is None or shifts.is_empty() else [said, _taught(report, shifts)]
    return Stack([*(Note(t, language=report.language, look="plain") for t in told), _table(report, rows, id=id)])


def _taught(report: Report, shifts: pl.DataFrame) -> str:
    """What outcomes changed of the likelihoods shown."""
    whole = shifts.row(shifts.height - 1, named=True)
    named = shifts.filter(pl.col("pattern").is_not_null() & (pl.col("shift") != 0))
    comma, semicolon = ("、", "；") if report.language == "zh" else ("; ", "; ")
    kinds = semicolon.join(
        report.say(f"case.record.all_{way}")
        if some.height == shifts.height - 1
        else report.say(f"case.record.{way}", kinds=comma.join(_pattern(report, p) for p in some["pattern"]))
        for way, some in (("lower", named.filter(pl.col("shift") < 0)), ("higher", named.filter(pl.col("shift") > 0)))
        if some.height
    )
    return report.say(
        "case.record.shifted" if kinds else "case.record.not_shifted",
        decided=whole["decided"],
        right=whole["right"],
        stated=whole["stated"],
        kinds=kinds,
    )


def _table(report: Report, rows: pl.DataFrame, *, id: str) -> Table:
    word = report.say
    won = pl.col("won") + pl.col("partly_won")
    told = rows.filter(pl.col("pattern").is_not_null() | (rows.height == 1))
    kinds = [_pattern(report, pattern) for pattern in told["pattern"]]
    told = told.with_columns(won=won, kind=pl.Series(kinds, dtype=pl.String))
    rates = [
        word(
            "case.record.rate",
            rate=r["win_rate"],
            part=r["won"],
            whole=r["decided"],
            low=r["win_low"],
            high=r["win_high"],
        )
        if r["decided"]
        else word("case.record.no_rate")
        for r in told.iter_rows(named=True)
    ]
    told = told.with_columns(rate=pl.Series(rates, dtype=pl.String))
    columns = (
        Column("kind", word("case.record.column.kind"), strong=True),
        Column("cases", word("case.record.column.cases"), "int"),
        Column("rate", word("case.record.column.rate")),
        Column("settled", word("case.record.column.settled"), "int"),
        Column("innocent", word("case.record.column.innocent"), "int"),
        Column("open", word("case.record.column.open"), "int"),
    )
    return Table(
        told,
        columns,
        language=report.language,
        id=id,
        total=told.height,
        empty=word("case.record.none"),
        caption=word("case.record.caption"),
    )


def _pattern(report: Report, pattern: str | None) -> str:
    for name in _NAMES:
        if f"{name}.{pattern}" in catalogue():
            return report.say(f"{name}.{pattern}")
    # a case book kept by hand names its types in its own words
    return pattern or report.say("case.pattern.other")
