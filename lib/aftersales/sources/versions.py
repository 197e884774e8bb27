"""Which version of a record wins: the later state, whatever the order of import."""

from __future__ import annotations

import polars as pl

from aftersales.tables.values import ORDER_STATUS

# How far a state lies from the beginning of its life. An order only moves forward; of two refund states that can
# follow each other in either order (asked, refused, asked again), the file exported later decides.
ORDER_STAGE = {status: stage for stage, status in enumerate(ORDER_STATUS)}
REFUND_STAGE = {"requested": 0, "refused": 0, "to_return": 1, "returned": 2, "closed": 3, "succeeded": 4}
_BOOKKEEPING = ("file", "row", "import_id", "as_of", "file_hash", "content", "month")


def newest(versions: pl.LazyFrame, *, key: str, stages: dict[str, int] | None = None) -> pl.LazyFrame:
    """One row a key: the version of the latest state, its blanks filled from the versions before it.

    ``versions`` holds the key, the record's columns and as_of, file_hash, row. Later means: further state (where
    ``stages`` gives the order of ``status``), then larger refunded amount (where there is one), then the file of the
    later ``as_of``, then file_hash and row so that the choice never depends on what was imported first. Gives the key
    and the record's columns; the order of rows is that of the key.

    >>> versions = pl.LazyFrame({"id": ["1", "1"], "status": ["finished", "paid"], "courier": [None, "YTO"],
    ...                          "as_of": [1, 2], "file_hash": ["b", "a"], "row": [2, 2]})
    >>> newest(versions, key="id", stages=ORDER_STAGE).collect().rows()
    [('1', 'finished', 'YTO')]
    """
    names = versions.collect_schema().names()
    stage = [pl.col("status").replace_strict(stages, default=-1, return_dtype=pl.Int64)] if stages else []
    amount = [pl.col("refunded").fill_null(0)] if "refunded" in names else []
    order = [*stage, *amount, pl.col("as_of"), pl.col("file_hash"), pl.col("row")]
    values = [c for c in names if c not in _BOOKKEEPING and c != key]
    # most keys have one version, with nothing to choose or fill
    counted = versions.with_columns(_versions=pl.len().over(key))
    chosen = (
        counted.filter(pl.col("_versions") > 1)
        .sort(order, descending=True, nulls_last=True, maintain_order=False)
        .group_by(key, maintain_order=True)
        .agg(pl.col(values).drop_nulls().first())
    )
    single = counted.filter(pl.col("_versions") == 1).select(key, *values)
    return pl.concat([single, chosen]).sort(key)
