"""What every measure does with a table it is handed: make it lazy, and see that its columns are there."""

from __future__ import annotations

from collections.abc import Iterable

import dataframely as dy
import polars as pl

from aftersales.tables.columns import Frame, LocalTime
from aftersales.words.errors import DataError, unknown


def columns_of(table: Frame, schema: type[dy.Schema], columns: Iterable[str], *, needed: Iterable[str]) -> pl.LazyFrame:
    """The named columns of a table, lazily; a column that the table lacks is all null, unless it is needed.

    A frame made by hand for a question need not carry all thirty columns of a table. A moment that it lacks is in the
    zone of those it has. Raises `DataError` where a
    needed column is absent, `UsageError` for a name that the table's schema does not know either.

    >>> from aftersales.tables.orders import Orders
    >>> lines = pl.DataFrame({"order_id": ["a", "b", "c"]})
    >>> columns_of(lines, Orders, ["order_id", "quantity"], needed=["order_id"]).collect().shape
    (3, 2)
    """
    there = table.collect_schema()
    absent = [name for name in needed if name not in there]
    if absent:
        raise DataError(
            f"The table {schema.__name__.lower()} lacks {', '.join(absent)}",
            found=", ".join(there) or "no columns",
            hint="pass the table as the store gives it",
        )
    kinds, chosen = schema.columns(), []
    own = [kind for kind in there.values() if isinstance(kind, pl.Datetime)]
    for name in dict.fromkeys(columns):
        # a column of nothing but nulls has no type of its own in a frame made by hand
        if name in there and (there[name] != pl.Null or name not in kinds):
            chosen.append(pl.col(name))
        elif name in kinds:
            kind = own[0] if own and isinstance(kinds[name], LocalTime) else kinds[name].dtype
            chosen.append(pl.lit(None, dtype=kind).alias(name))
        else:
            raise unknown("column", name, kinds)
    return table.lazy().select(chosen)


def local_time(at: pl.Expr) -> pl.Expr:
    """Moments as the shop's clock showed them, without a zone, in microseconds: what moments are compared in.

    >>> from datetime import datetime
    >>> at = pl.Series("at", [datetime(2026, 11, 9, 10)]).dt.replace_time_zone("Asia/Shanghai")
    >>> at.to_frame().select(local_time(pl.col("at"))).item()
    datetime.datetime(2026, 11, 9, 10, 0)
    """
    return at.dt.replace_time_zone(None).dt.cast_time_unit("us")


def zone_of(table: Frame, column: str) -> str | None:
    """The time zone of a column; None where it has none or is not there.

    >>> zone_of(pl.DataFrame(schema={"at": pl.Datetime("us", "Asia/Shanghai")}), "at")
    'Asia/Shanghai'
    """
    return getattr(table.collect_schema().get(column), "time_zone", None)
