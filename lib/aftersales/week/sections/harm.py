"""What suspected and decided cases do to the shop: its indicators without them, its visitors before and after."""

from __future__ import annotations

import polars as pl

from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.measures.harm import INDICATORS
from aftersales.week.loading import Report
from aftersales.week.sections.shown import lacking

# One case in ten falls outside a 90 % range by chance.
OUTSIDE_BY_CHANCE = 0.1
MOST_ROWS = 15
# Shares of a few in a thousand need a second digit.
SMALL = 0.01


def indicators(report: Report) -> Table:
    """Each indicator with all orders, without those of decided cases, and without suspected ones too."""
    rows, word = report.data.indicators_without, report.say
    left = dict(rows.select("orders", "left_out").unique().iter_rows())
    sets = [name for name in ("all", "without_confirmed", "without_suspected") if name == "all" or left[name]]
    small = {
        name
        for name, highest in rows.group_by("indicator").agg(pl.col("rate").max()).iter_rows()
        if (highest or 0.0) < SMALL
    }
    cells = {
        (row["indicator"], row["orders"]): word(
            f"harm.cell{'_none' if row['rate'] is None else '_pct2' if row['indicator'] in small else ''}",
            **row,
            low=row["rate_low"],
            high=row["rate_high"],
        )
        for row in rows.iter_rows(named=True)
    }
    table = pl.DataFrame(
        {"indicator": [word(f"harm.indicator.{name}") for name in INDICATORS]}
        | {s: [cells[name, s] for name in INDICATORS] for s in sets}
    )
    labels = {name: name for name in sets}
    if "without_confirmed" not in sets and "without_suspected" in sets:
        labels["without_suspected"] = "without_suspected_alone"
    columns = (Column("indicator", word("harm.column.indicator"), strong=True),
               *(Column(name, word(f"harm.column.{label}")) for name, label in labels.items()))  # fmt: skip
    confirmed = left["without_confirmed"]
    said = word("harm.confirmed", confirmed=confirmed) if confirmed else word("harm.no_confirmed")
    return Table(
        table,
        columns,
        language=report.language,
        id="harm-indicators",
        caption=word("harm.caption", suspected=left["without_suspected"], confirmed=said),
    )


def visitors(report: Report) -> Stack | Note:
    """Visitors before and after the quarter's cases; first all cases together, then one row each."""
    word, data = report.say, report.data
    if not data.rows_of("traffic"):
        return lacking(report, "harm.no_traffic")
    rows = data.visitors_after_attacks
    if rows.is_empty():
        return lacking(report, "harm.no_attack")
    all_ = data.visitors_after_all
    together = word(f"harm.together.{all_['verdict']}", **all_, size=abs(all_["change"] or 0.0))
    shown = rows.with_columns(
        pl.Series("reading", [word(f"harm.verdict.{v}") for v in rows["verdict"]], dtype=pl.String),
        pl.Series(
            "range",
            [_range(report, *ends) for ends in rows.select("change_low", "change_high").rows()],
            dtype=pl.String,
        ),
        pl.Series(
            "status",
            [word(f"harm.status.{'confirmed' if c else 'suspected'}") for c in rows["confirmed"]],
            dtype=pl.String,
        ),
    )
    columns = (
        Column("case_id", word("harm.column.case"), "code", below="status"),
        Column("first_day", word("harm.column.first"), "day"),
        Column("days_after", word("harm.column.days"), "int"),
        Column("usual", word("harm.column.usual"), "int"),
        Column("visitors", word("harm.column.visitors"), "int"),
        Column("change", word("harm.column.change"), "pct"),
        Column("range", word("harm.column.range")),
        Column("reading", word("harm.column.verdict")),
    )
    told = rows.filter(pl.col("verdict") != "cannot_tell").height
    caption = word(
        "harm.visitors_caption" if told else "harm.visitors_caption_none",
        placebo=int(rows["placebo_days"].max() or 0),
        n=told,
        chance=told * OUTSIDE_BY_CHANCE,
    )
    table = Table(
        shown.head(MOST_ROWS),
        columns,
        language=report.language,
        id="harm-visitors",
        total=shown.height,
        caption=caption,
    )
    return Stack([Note(together, language=report.language, look="plain"), table])


def _range(report: Report, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "–"
    return " … ".join(report.say("harm.percent", share=value) for value in (low, high))
