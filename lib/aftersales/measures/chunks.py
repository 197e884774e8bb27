"""Large frames in parts: all rows of one key in one part, so that what is judged by key never holds all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from aftersales.tables.columns import Frame

# A table, or one that comes in parts that hold whole orders, as a large shop's months do.
Chunks = Frame | Sequence[Frame]
# Rows that are worked on at a time: a few hundred bytes each while they are.
PART_ROWS = 2_000_000


def in_parts(rows: pl.DataFrame | pl.LazyFrame, key: str, *, n: int) -> Iterator[pl.LazyFrame]:
    """The rows in ``n`` parts, lazily; rows of one key lie in one part, those without a key all in one.

    >>> rows = pl.DataFrame({"k": ["a", "b", "a", "c", None]})
    >>> parts = [part.collect()["k"].to_list() for part in in_parts(rows, "k", n=2)]
    >>> sorted(map(len, parts)) in ([0, 5], [1, 4], [2, 3]), sum(p.count("a") == 2 for p in parts)
    (True, 1)
    """
    if n <= 1:
        yield rows.lazy()
        return
    # the hash's low bits alone would put hashes of hashes into few parts
    number = pl.col(key).hash(seed=1) // 65_536 % n
    for part in range(n):
        yield rows.lazy().filter(number == part)


def parts_of(table: Chunks) -> list[pl.LazyFrame]:
    """A table that may come in parts, as a large shop's months do, as a list of them.

    >>> len(parts_of(pl.DataFrame({"k": ["a", "b", "c"]})))
    1
    """
    return [part.lazy() for part in (table if isinstance(table, Sequence) else [table])]


def whole_of(table: Chunks) -> pl.LazyFrame:
    """A table that may come in parts as one, lazily: for what is counted in a single stream.

    >>> whole_of([pl.DataFrame({"k": ["a"]}), pl.DataFrame({"k": ["b", "c"]})]).collect().height
    3
    """
    parts = parts_of(table)
    return parts[0] if len(parts) == 1 else pl.concat(parts)


def summed(counts: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    """Counts of parts added up by their keys; of a single part as they came.

    >>> summed([pl.DataFrame({"k": ["a"], "n": [1]}), pl.DataFrame({"k": ["a"], "n": [2]})], ["k"]).rows()
    [('a', 3)]
    """
    if len(counts) == 1:
        return counts[0]
    if not keys:
        return pl.concat(counts).sum()
    return pl.concat(counts).group_by(list(keys), maintain_order=True).agg(pl.all().sum())


def part_of(sizes: pl.Series) -> pl.Series:
    """Which part (0, 1, …) each of some blocks of rows falls into, in their order: parts of some `PART_ROWS` rows.

    >>> part_of(pl.Series([PART_ROWS, 1, 5])).to_list()
    [0, 1, 1]
    """
    return (sizes.cum_sum() - 1) // PART_ROWS


def parts_for(rows: int) -> int:
    """Into how many parts so many rows are cut.

    >>> parts_for(0), parts_for(PART_ROWS), parts_for(PART_ROWS + 1)
    (1, 1, 2)
    """
    return max(1, -(-rows // PART_ROWS))
