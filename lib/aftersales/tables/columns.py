"""Column types that several tables share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Any

import dataframely as dy
import polars as pl

MONEY = pl.Decimal(18, 2)
Frame = pl.DataFrame | pl.LazyFrame


class LocalTime(dy.Datetime):
    """A moment in the shop's own zone: any zone will do, having none will not; UTC stands in for an unknown one."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("nullable", True)
        super().__init__(time_unit="us", time_zone="UTC", **kwargs)

    def validate_dtype(self, dtype: Any) -> bool:
        """Accept the zone of any shop."""
        return isinstance(dtype, pl.Datetime) and dtype.time_unit == "us" and dtype.time_zone is not None


def money(**kwargs: Any) -> dy.Decimal:
    """Money, never negative; null where the files do not say."""
    return dy.Decimal(18, 2, nullable=True, min=0, **kwargs)


def optional_text(**kwargs: Any) -> dy.String:
    """Text; null where the files do not say."""
    return dy.String(nullable=True, **kwargs)


def key(**kwargs: Any) -> dy.String:
    """Text that identifies a row of the table."""
    return dy.String(primary_key=True, min_length=1, **kwargs)


def one_of(values: Sequence[str], *, nullable: bool = True) -> dy.String:
    """Text out of a fixed list. Stored as text: an Enum column panics in the store's writer."""
    allowed = list(values)
    return dy.String(nullable=nullable, check={"known_value": lambda c: c.is_in(allowed)})


def known_sum(values: pl.Expr) -> pl.Expr:
    """The sum of what is known; null, not 0, where there are rows and none is known.

    >>> rows = pl.DataFrame({"of": ["a", "a", "b"], "paid": [1, None, None]})
    >>> rows.group_by("of", maintain_order=True).agg(known_sum(pl.col("paid"))).rows()
    [('a', 1), ('b', None)]
    """
    return pl.when((values.count() > 0) | (values.len() == 0)).then(values.sum())


def steady_sum(values: pl.Expr) -> pl.Expr:
    """The sum of floats, to the same last digit whatever the order of the rows and the number of threads.

    >>> rows = pl.DataFrame({"share": [0.1, 0.7, 0.2, 1e16, -1e16]})
    >>> rows.select(steady_sum(pl.col("share"))).item() == rows.reverse().select(steady_sum(pl.col("share"))).item()
    True
    """
    return values.sort().sum()


def has_hour(moment: pl.Expr) -> pl.Expr:
    """Whether a moment tells the hour: one at midnight to the second is how files write a day alone; null stays null.

    >>> from datetime import datetime
    >>> moments = pl.DataFrame({"at": [datetime(2026, 11, 9, 0, 0, 1), datetime(2026, 11, 9), None]})
    >>> moments.select(has_hour(pl.col("at"))).to_series().to_list()
    [True, False, None]
    """
    return moment.dt.time() != time()


def at_latest(moment: pl.Expr) -> pl.Expr:
    """A moment, or the end of its day where it is a day without an hour (`has_hour`).

    >>> from datetime import datetime
    >>> moments = pl.DataFrame({"at": [datetime(2026, 11, 9, 8), datetime(2026, 11, 9)]})
    >>> [str(at) for at in moments.select(at_latest(pl.col("at"))).to_series()]
    ['2026-11-09 08:00:00', '2026-11-09 23:59:59']
    """
    return pl.when(has_hour(moment)).then(moment).otherwise(moment.dt.offset_by("1d").dt.offset_by("-1s"))


def known_total(values: pl.Series) -> Any:
    """The sum of what is known of a column; None, not 0, where there are rows and none is known.

    >>> known_total(pl.Series([1, None])), known_total(pl.Series([None], dtype=MONEY))
    (1, None)
    """
    return None if values.len() and values.null_count() == values.len() else values.sum()
