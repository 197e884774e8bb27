"""Which version of a record wins: the later state, for every field, whatever the order of import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
MADE = r"-[0-9a-f]{10}(-\d+)?$"  # how a number made of content ends: see `repeated`
# What a line or a case is known by where its report does not number it: nothing that changes later on.
LINE_CONTENT = ("product_id", "merchant_code", "sku_code", "sku", "title", "price", "quantity")
CASE_CONTENT = ("line_id", "product_id", "merchant_code", "title", "applied_at")
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


def same_numbers(versions: pl.LazyFrame, *, key: str, content: Sequence[str]) -> pl.LazyFrame:
    """The versions, a row whose ``key`` was made of less content than that of others of its order under their key.

    Where a report numbers its rows not at all, a number is made of their content (`repeated`); a file without one of
    its columns then makes other numbers for the same rows. Within an order they are paired by the content that all
    files have, in the order of their rows; one with no other to pair with keeps its own.

    >>> rows = pl.LazyFrame({"order_id": ["a", "a"], "line_id": ["a-0123456789", "a-9876543210"], "title": ["cup"] * 2,
    ...     "sku": ["red", None], "row": [2, 2], "lacks": ["", ",sku,"]})
    >>> same_numbers(rows, key="line_id", content=("title", "sku")).collect()["line_id"].to_list()
    ['a-0123456789', 'a-0123456789']
    """
    marks = versions.select(pl.col("lacks").unique()).collect()["lacks"].to_list()
    gone = {mark: [c for c in content if f",{c}," in mark] for mark in marks}
    if len({tuple(some) for some in gone.values()}) < 2:
        return versions
    count = pl.col("lacks").replace_strict({mark: len(some) for mark, some in gone.items()}, return_dtype=pl.Int64)
    made = pl.col(key).str.contains(MADE)
    rows = versions.with_columns(_lacks=pl.when(made).then(count).otherwise(-1)).filter(
        pl.col("_lacks").n_unique().over("order_id") > 1
    )
    common = [c for c in content if not any(c in some for some in gone.values())]
    alike = ["order_id", *common]
    numbers = rows.group_by(key, *alike, "_lacks").agg(pl.col("row").min()).sort("row", key).collect()
    numbers = numbers.with_columns(_time=pl.int_range(pl.len()).over(*alike, "_lacks"))
    fullest = pl.col("_lacks") == pl.col("_lacks").min().over("order_id")
    whole = numbers.filter(fullest).select(*alike, "_time", _whole=key)
    pairs = numbers.filter(~fullest).join(whole, on=[*alike, "_time"], nulls_equal=True)
    pairs = pairs.select("order_id", key, "_whole")
    if pairs.is_empty():
        return versions
    pairs = pairs.unique(["order_id", key], keep="first", maintain_order=True)
    paired = versions.join(pairs.lazy(), on=["order_id", key], how="left", maintain_order="left")
    return paired.with_columns(pl.coalesce("_whole", key).alias(key)).drop("_whole")


def _tells(field: str) -> pl.Expr:
    if field in IDENTITY:
        return pl.col(IDENTITY[field]).is_not_null()
    return ~pl.col("lacks").str.contains(f",{field},", literal=True)


def of_today(frame: pl.LazyFrame, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """A table as an earlier version of this program wrote it, with the columns that it lacks of ``types``."""
    there = set(frame.collect_schema().names())
    lacking = {c: t for c, t in types.items() if c not in there}
    if not lacking:
        return frame
    if "lacks" in lacking:
        frame = with_marks(frame)
    return frame.with_columns(pl.lit(None, dtype=t).alias(c) for c, t in lacking.items() if c not in MARKS)
