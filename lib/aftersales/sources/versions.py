"""Which version of a record wins: the later state, for every field, whatever the order of import."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from aftersales.tables.values import ORDER_STATUS

# How far a state lies from the beginning of its life. An order only moves forward; of two refund states that can
# follow each other in either order (requested, refused, requested again), the file exported later decides.
ORDER_STAGE = {status: stage for stage, status in enumerate(ORDER_STATUS)}
REFUND_STAGE = {"requested": 0, "refused": 0, "to_return": 1, "returned": 2, "closed": 3, "succeeded": 4}
# What is kept of a row beside its fields.
MARKS = ("file", "row", "import_id", "as_of", "dated", "lacks", "content")
# Who bought is no state: a platform masks people in later exports, and what an earlier one told of them stays true.
IDENTITY = {"buyer_key": "buyer_key", "buyer_key_quality": "buyer_key", "address_key": "address_key",
            "phone_key": "phone_key"}  # fmt: skip
AHEAD = ("deadline_at", "evidence_due_at", "ship_by")  # moments that may lie after the export


def lacks(missing: list[str]) -> str:
    """The mark of a file's rows that names the fields it has no column for.

    >>> lacks(["courier", "province"])
    ',courier,province,'
    """
    return f",{','.join(missing)}," if missing else ""


def with_marks(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with the marks they lack: of no file, without a time, telling every field.

    >>> with_marks(pl.LazyFrame({"day": [1]})).select("file", "as_of", "lacks").collect().rows()
    [('', None, '')]
    """
    usual = {"file": "", "row": 0, "import_id": "", "as_of": None, "dated": False, "lacks": "", "content": 0}
    there = rows.collect_schema().names()
    return rows.with_columns(pl.lit(v).alias(c) for c, v in usual.items() if c not in there)


def newest(versions: pl.LazyFrame, *, key: str | Sequence[str], stages: dict[str, int] | None = None) -> pl.LazyFrame:
    """One row a key: each field as the latest version has it, or the latest one whose file has such a column.

    A file imported again under its old name replaces what it held of the key. Of versions whose files say when they
    were exported (``dated``) the latest export wins; a file that does not say so is later where it holds a moment after
    that export, else where the state is further (by ``stages``) or the row holds a later moment; what all that leaves
    open, the later import decides, then the number that a browser puts behind a name it has saved before, then the
    lower row. An empty cell is a state; only a field that the file has no column for (``lacks``) is taken from the
    version before. Gives the key, the record's columns, as_of and dated; sorted by key.

    >>> versions = pl.LazyFrame({"id": ["1", "1"], "status": ["paid", "finished"], "courier": ["YTO", None],
    ...     "file": ["a", "b"], "row": [2, 2], "import_id": ["1", "1"], "as_of": [1, 2], "dated": [True, True],
    ...     "lacks": ["", ",courier,"]})
    >>> newest(versions, key="id", stages=ORDER_STAGE).select("status", "courier").collect().rows()
    [('finished', 'YTO')]
    """
    schema = versions.collect_schema()
    key = [key] if isinstance(key, str) else list(key)
    values = [c for c in schema.names() if c not in (*MARKS, "month", *key)]
    # most keys have one version, with nothing to choose or fill; where all have, even the plan of it costs
    rows = versions.collect()
    again = rows.select(key).is_duplicated()
    single = rows.lazy().filter(~again).select(*key, *values, "as_of", "dated")
    if not again.any():
        return single.sort(key)
    many = rows.lazy().filter(again)
    many = many.filter(pl.col("import_id") == pl.col("import_id").max().over(*key, "file"))
    many = many.with_columns(_export=pl.col("as_of").filter("dated").max().over(key))
    moments = [c for c in values if isinstance(schema[c], pl.Datetime) and c not in AHEAD]
    many = many.with_columns(
        *(_tells(c).alias(f"_has_{c}") for c in values),
        _old=pl.col("dated") & (pl.col("as_of") < pl.col("_export")),
        _surely=(~pl.col("dated") & (pl.col("as_of") > pl.col("_export"))).fill_null(value=False),
        _stage=pl.col("status").replace_strict(stages, default=-1, return_dtype=pl.Int64) if stages else pl.lit(0),
        _moment=pl.max_horizontal(moments) if moments else pl.lit(0),
    )
    # a browser writes "orders (1).csv" beside the "orders.csv" of an earlier download
    copy = pl.col("file").str.normalize("NFKC").str.extract(r"\((\d{1,3})\)(?:\.\w+)*$").cast(pl.Int64).fill_null(0)
    many = many.with_columns(_copy=copy)
    order = ["_old", "_surely", "_stage", "_moment", "as_of", "import_id", "_copy", "file", "row"]
    chosen = (
        many.sort(order, descending=[False] + [True] * (len(order) - 1), nulls_last=True)
        .group_by(key, maintain_order=True)
        .agg(*(pl.col(c).filter(f"_has_{c}").first() for c in values), pl.col("as_of", "dated").first())
    )
    return pl.concat([single, chosen]).sort(key)


def _tells(field: str) -> pl.Expr:
    if field in IDENTITY:
        return pl.col(IDENTITY[field]).is_not_null()
    return ~pl.col("lacks").str.contains(f",{field},", literal=True)
