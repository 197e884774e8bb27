"""Which slices have been worse than expected for weeks: the section of 02-weekly-overview beside the week's change."""

from __future__ import annotations

import polars as pl

from aftersales.charts.intervals import interval_rows
from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.stats.false_discoveries import TARGET
from aftersales.week.loading import Report
from aftersales.week.sections.shown import lacking
from aftersales.words.language import run_on


def persistent(report: Report) -> Stack | Note:
    """The slices of four to twelve weeks: a picture of their rates against the expected, and the table."""
    if not report.data.dated:
        return lacking(report, "refunds.undated")
    word, rows = report.say, report.data.persistent(report.language)
    went = report.data.persistent_gone(report.language)["spoken"].to_list()
    gone = [word("overview.slices_gone", gone=went)] if went else []
    if rows.is_empty():
        known = report.data.order_maturity.height > 0
        said = run_on([word("overview.no_slice" if known else "overview.slices_unknown"), *gone], report.language)
        return Note(said, language=report.language, look="plain")
    expected = word("overview.column.expected_rate")
    picture = interval_rows(
        rows.select(
            "rate_low",
            "rate_high",
            name="spoken",
            part=pl.col("refunds").round().cast(pl.Int64),
            whole=pl.col("orders").cast(pl.Int64),
            rate="rate_after",
            base="rate_before",
        ),
        id="overview-slices-rates",
        language=report.language,
        base_name=expected,
        what=word("overview.slices"),
    )
    return Stack((picture, _table(report, rows, gone)))


def _table(report: Report, rows: pl.DataFrame, gone: list[str]) -> Table:
    word = report.say
    said = [
        (
            word("overview.against", before=row["rate_before"], low=row["rate_low"], high=row["rate_high"]),
            word("overview.begun" if row["since"] else "overview.begun_before", since=row["since"], weeks=row["weeks"]),
            word("overview.tie", ties=row["spoken_ties"]) if row["spoken_ties"] else None,
            word("overview.over", excess=row["excess_a_week"]),
        )
        for row in rows.iter_rows(named=True)
    ]
    names = ("against", "begun", "tie", "over")
    shown = rows.hstack(pl.DataFrame(said, schema=dict.fromkeys(names, pl.String), orient="row"))
    columns = (
        Column("spoken", word("overview.column.slice"), below="tie"),
        Column("state", word("overview.column.state"), "word", prefix="state."),
        Column("weeks", word("overview.column.weeks"), "int"),
        Column("orders", word("overview.column.orders"), "int"),
        Column("rate_after", word("overview.column.rate"), "pct", strong=True, below="against"),
        Column("weekly_rate", word("overview.column.twelve"), "spark"),
        Column("begun", word("overview.column.since")),
        Column("main_reason", word("overview.column.reason"), "word", prefix="reason."),
        Column("money_a_week", word("overview.column.money_a_week"), "money", strong=True, below="over"),
    )
    caption = word("overview.caption_slices", target=TARGET)
    return Table(
        shown,
        columns,
        language=report.language,
        id="overview-slices",
        currency=report.data.shop.currency,
        caption=run_on([*gone, caption], report.language),
    )
