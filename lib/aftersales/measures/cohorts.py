"""Cohorts: which orders were paid, on which day, and the unbroken run of days, weeks or months they fall in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from aftersales.measures.inputs import columns_of
from aftersales.tables.columns import Frame
from aftersales.tables.orders import Orders
from aftersales.words.errors import UsageError
from aftersales.words.periods import week_start

PERIODS = {"day": "1d", "week": "1w", "month": "1mo"}
UNPAID = ("unpaid", "closed_unpaid")
ONCE_PAID = ("paid", "part_shipped", "shipped", "finished", "closed_refunded")  # states that only paid orders reach


def split_by(by: str | Sequence[str]) -> tuple[str | None, list[str]]:
    """A grouping apart: the one period word in it, if any, and the column names.

    >>> split_by("week"), split_by(["province", "week"])
    (('week', []), ('week', ['province']))
    """
    names = [by] if isinstance(by, str) else list(by)
    periods = [n for n in names if n in PERIODS]
    if len(periods) > 1 or not names or len(set(names)) < len(names):
        raise UsageError(
            "A grouping holds at most one of day, week and month, and each name once",
            found=", ".join(names) or "nothing",
        )
    return (periods[0] if periods else None), [n for n in names if n not in PERIODS]


def period_start(column: str, period: str) -> pl.Expr:
    """The first day (Date) of the day, week or month a date or local time lies in.

    >>> pl.DataFrame({"d": [date(2026, 11, 15)]}).select(period_start("d", "month")).item()
    datetime.date(2026, 11, 1)
    """
    if period == "week":
        return week_start(column)
    day = pl.col(column).dt.date()
    return day.dt.month_start() if period == "month" else day


def period_end(column: str, period: str) -> pl.Expr:
    """The last day (Date) of the period that begins on a date.

    >>> pl.DataFrame({"d": [date(2026, 11, 9)]}).select(period_end("d", "week")).item()
    datetime.date(2026, 11, 15)
    """
    return pl.col(column).dt.offset_by(PERIODS[period]).dt.offset_by("-1d")


def all_periods(first: date | None, last: date, period: str) -> pl.DataFrame:
    """One column ``cohort``: every period from the one of ``first`` to the one of ``last``; none where first is None.

    >>> all_periods(date(2026, 11, 3), date(2026, 11, 15), "week")["cohort"].to_list()
    [datetime.date(2026, 11, 2), datetime.date(2026, 11, 9)]
    """
    if first is None or first > last:
        return pl.DataFrame(schema={"cohort": pl.Date})
    ends = pl.DataFrame({"cohort": [first, last]}).select(period_start("cohort", period))["cohort"]
    return pl.DataFrame({"cohort": pl.date_range(ends[0], ends[1], PERIODS[period], eager=True)})


def with_gaps(counts: pl.DataFrame, *, period: str, columns: Sequence[str], until: date) -> pl.DataFrame:
    """Counts by ``cohort`` (and columns), with a row of zeros for every period, of every group, in which nothing was.

    A count that is null in a period with rows is not known, and stays so.

    Columns out: those that came in, and ``whole`` (Bool: the period ended by ``until``). Sorted by cohort, columns.
    """
    frame = all_periods(counts["cohort"].min(), until, period)  # type: ignore[arg-type]
    if columns:
        frame = frame.join(counts.select(columns).unique(), how="cross")
    keys = ["cohort", *columns]
    numbers = [c for c in counts.columns if c not in keys]
    return (
        frame.join(counts.with_columns(_there=pl.lit(value=True)), on=keys, how="left", nulls_equal=True)
        .with_columns(pl.when("_there").then(c).otherwise(0).cast(counts.schema[c]).alias(c) for c in numbers)
        .with_columns(whole=period_end("cohort", period) <= until)
        .select(*keys, "whole", *numbers)
        .sort(keys)
    )


def paid_lines(orders: Frame, *, until: date, since: date | None = None, columns: Sequence[str] = ()) -> pl.LazyFrame:
    """The order lines that were paid from ``since`` to ``until`` (local days, both included), lazily.

    A line is paid when it has a payment time, gross money or a state that only paid orders reach, and was not closed
    before payment. Its day is that of the payment; where no payment time is known, that of the order's creation.

    Columns out: order_id, line_id, product_id, quantity, paid (gross, null as 0), day (Date), and the named columns.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [9, 0, 5], "paid_at": [datetime(2026, 11, 9), None,
    ...     datetime(2026, 12, 1)]})
    >>> paid_lines(orders, until=date(2026, 11, 30)).select("order_id", "day").collect().rows()
    [('a', datetime.date(2026, 11, 9))]
    """
    kept = ["order_id", "line_id", "product_id", "quantity", "paid", "paid_at", "created_at", "status", *columns]
    lines = columns_of(orders, Orders, kept, needed=["order_id", "paid", "paid_at"])
    day = pl.coalesce(pl.col("paid_at").dt.date(), pl.col("created_at").dt.date())
    told = pl.col("paid_at").is_not_null() | (pl.col("paid") > 0) | pl.col("status").is_in(ONCE_PAID)
    was_paid = told & ~pl.col("status").is_in(UNPAID).fill_null(value=False)
    inside = (day <= until) if since is None else day.is_between(since, until)
    out = ["order_id", "line_id", "product_id", "quantity", *columns]
    lines = lines.with_columns(pl.col("line_id").fill_null(pl.col("order_id")))
    return lines.filter(was_paid, inside).select(*dict.fromkeys(out), "paid", day=day)
