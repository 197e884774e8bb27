"""Which days a kind of file covers, when a day without a row may just be a quiet day.

A day without an order is odd in a shop that sells every day; a week without a complaint is not. A silence is called a
gap where, had things gone on at the pace of the weeks beside it, seeing nothing at all was unlikely: exp(-expected)
below `coverage.GAP_CHANCE`, as for independent events (Poisson).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from aftersales.measures.coverage import GAP_CHANCE, USUAL_DAYS
from aftersales.words.promotions import in_pause

# The median of fewer days is one or two days' accident: in a file that begins with one row it would call that row a
# daily pace.
LEAST_DAYS = 14


def days_covered(
    per_day: pl.DataFrame, *, first: date, last: date, market: str, every_day: bool = False
) -> pl.DataFrame:
    """Every day from ``first`` to ``last``, and whether the rows of one kind of file cover it.

    ``per_day`` holds day (Date) and rows, days without rows left out; a kind that writes a row ``every_day`` whatever
    happens covers only the days that have one. Columns out: day, rows (0 where none), covered, begun (whether the
    kind's first row lies on or before the day). Days before the first row are not covered; days after the last one, and
    runs of empty days between, where such a silence is likely at the kind's pace: the median day of the four weeks
    before, or after where that is less (a shop on the rise was quieter before); and where both ends lie within a
    pause of the market's couriers. Sorted by day; empty where the kind has no rows at all.

    >>> from datetime import timedelta
    >>> busy = [date(2026, 10, 1) + timedelta(n) for n in range(46) if n not in (20, 21)]
    >>> per_day = pl.DataFrame({"day": busy, "rows": [5] * 44})
    >>> days = days_covered(per_day, first=date(2026, 10, 1), last=date(2026, 11, 15), market="cn")
    >>> days.filter(~pl.col("covered"))["day"].to_list()
    [datetime.date(2026, 10, 21), datetime.date(2026, 10, 22)]
    """
    rows = pl.DataFrame({"day": pl.date_range(first, last, "1d", eager=True)}).join(
        per_day.select("day", pl.col("rows").cast(pl.Int64)), on="day", how="left", maintain_order="left"
    )
    rows = rows.with_columns(pl.col("rows").fill_null(0))
    begun = rows.with_columns(begun=(pl.col("rows") > 0).cum_sum() > 0)
    if not begun["begun"].any():
        return begun.clear().with_columns(covered=pl.lit(None, dtype=pl.Boolean)).select(*_COLUMNS)
    if every_day:
        return begun.with_columns(covered=pl.col("rows") > 0).select(*_COLUMNS)
    runs = _with_pace(begun).with_columns(run=(pl.col("rows") > 0).rle_id())
    ends = runs.group_by("run").agg(
        first_day=pl.col("day").first(), last_day=pl.col("day").last(), expected=pl.len() * pl.col("pace").first(),
        empty=(pl.col("rows") == 0).first(),
    ).filter("empty")  # fmt: skip
    quiet = [in_pause(*pair, market) for pair in zip(ends["first_day"], ends["last_day"], strict=True)]
    gap = ((-pl.col("expected")).exp() < GAP_CHANCE) & ~pl.Series("quiet", quiet, dtype=pl.Boolean)
    gaps = ends.select("run", gap=gap)
    covered = pl.col("begun") & ~pl.col("gap").fill_null(value=False)
    return runs.join(gaps, on="run", how="left", maintain_order="left").with_columns(covered=covered).select(*_COLUMNS)


_COLUMNS = ("day", "rows", "covered", "begun")


def _with_pace(rows: pl.DataFrame) -> pl.DataFrame:
    """Each day with the pace just before and just after the run of days it lies in, the lesser of the two."""
    known = pl.when("begun").then("rows")  # before its first row the kind has no pace
    before = known.rolling_median(USUAL_DAYS, min_samples=LEAST_DAYS)
    after = known.reverse().rolling_median(USUAL_DAYS, min_samples=LEAST_DAYS).reverse()
    busy = pl.col("rows") > 0
    sides = rows.with_columns(
        before=pl.when(busy).then(before).forward_fill(),
        after=pl.when(busy).then(after).backward_fill(),
    )
    return sides.with_columns(pace=pl.min_horizontal("before", "after").fill_null(0.0)).drop("before", "after")
