"""Near copies: texts that share most of their three-character shingles, found by MinHash in time linear in the texts.

128 permutations (Broder 1997), bands of rows for candidates (Leskovec, Rajaraman, Ullman, "Mining of massive
datasets", ch. 3), then the share of equal minima as the estimate of Jaccard similarity. All in numpy, batch by batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from aftersales.stats.text import normal_texts

PERMUTATIONS = 128
# Bands and rows: (21, 6) bring together 93 % of pairs at similarity 0.7; (32, 4) cost more, and 87 % at 0.5.
CLOSE, LOOSE = (21, 6), (32, 4)
SIMILAR_FROM = 0.7
# Below fifteen characters strangers write the same by chance ("methods" 6).
LEAST_CHARS = 15
SHINGLE = 3
# Shingles of the first so many characters stand for the text: a pasted megabyte costs no more than a page.
COMPARED_CHARS = 4_000
# So many shingle hashes and their products fit a core's cache.
BATCH_SHINGLES = 16_384
_SEED = 20_101  # any; fixed, so that a group is the same every week

_RNG = np.random.default_rng(_SEED)
_FACTORS = _RNG.integers(1, 2**32, PERMUTATIONS, dtype=np.uint32) | np.uint32(1)
_OFFSETS = _RNG.integers(0, 2**32, PERMUTATIONS, dtype=np.uint32)
_PLACES = _RNG.integers(1, 2**32, SHINGLE, dtype=np.uint32) | np.uint32(1)


def near_copies(
    texts: Sequence[str | None] | pl.Series, *, similar_from: float = SIMILAR_FROM, least_chars: int = LEAST_CHARS
) -> pl.DataFrame:
    """Groups of texts that are near copies of one another. One row a text, in order.

    Columns out: group (a number; the place of the group's first text; null where no other text is like it, or it has
    fewer than ``least_chars`` characters without blanks and punctuation), copies (texts in the group; 1 where alone).

    >>> told = ["商家虚假宣传,要求退一赔三并保留举报权利", "商家虚假宣传 要求退一赔三,并保留举报权利!", "会再来买的"]
    >>> near_copies(told).rows()
    [(0, 2), (0, 2), (None, 1)]
    """
    column = pl.Series("text", texts, dtype=pl.String).str.slice(0, COMPARED_CHARS)
    letters = normal_texts(column).str.replace_all(r"[\s\p{P}\p{S}]+", "")
    frame = pl.DataFrame({"letters": letters}).with_row_index("place")
    long_enough = frame.filter(pl.col("letters").str.len_chars() >= max(least_chars, SHINGLE))
    kinds = long_enough.group_by("letters", maintain_order=True).agg("place")
    kinds = kinds.with_columns(kind=_groups(kinds["letters"], similar_from=similar_from))
    members = kinds.select("kind", "place").explode("place")
    members = members.select(
        "place",
        pl.col("place").min().over("kind").cast(pl.Int64).alias("group"),
        pl.len().over("kind").cast(pl.Int64).alias("copies"),
    )
    joined = frame.select("place").join(members, on="place", how="left", maintain_order="left")
    return joined.select(pl.when(pl.col("copies") > 1).then("group").alias("group"), pl.col("copies").fill_null(1))


def minhash(texts: Sequence[str] | pl.Series) -> np.ndarray:
    """The signatures of texts of three characters or more: texts × 128 minima (uint32).

    >>> signature = minhash(["abcdefghij", "abcdefghij", "qrstuvwxyz"])
    >>> bool((signature[0] == signature[1]).all()), float((signature[0] == signature[2]).mean()) < 0.1
    (True, True)
    """
    column = pl.Series("text", texts, dtype=pl.String)
    points = np.frombuffer("".join(column.to_list()).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = column.str.len_chars().to_numpy().astype(np.int64)
    minima = np.empty((PERMUTATIONS, len(lengths)), dtype=np.uint32)
    if not len(lengths):
        return minima.T
    ends = np.cumsum(lengths)
    hashes = _shingle_hashes(points)
    shingles = lengths - (SHINGLE - 1)
    first = ends - lengths
    inner = np.repeat(first - (np.cumsum(shingles) - shingles), shingles) + np.arange(int(shingles.sum()))
    hashes, starts = hashes[inner], np.cumsum(shingles) - shingles
    cuts = np.searchsorted(starts, np.arange(0, len(hashes), BATCH_SHINGLES), side="left")
    bounds = np.unique(np.concatenate([cuts, [len(lengths)]]))
    for low, high in pairwise(bounds.tolist()):
        end = starts[high] if high < len(starts) else len(hashes)
        _fill(minima[:, low:high], hashes[starts[low] : end], starts[low:high] - starts[low])
    return minima.T


def _shingle_hashes(points: np.ndarray) -> np.ndarray:
    count = max(len(points) - (SHINGLE - 1), 0)
    mixed = np.zeros(count, dtype=np.uint32)
    for offset, factor in enumerate(_PLACES):
        # between the places the bits are stirred, or "abc" and "cba" of near characters would meet
        mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x85EBCA6B)
        mixed += points[offset : offset + count] * factor
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0xC2B2AE35)
    return mixed ^ (mixed >> np.uint32(13))


def _fill(minima: np.ndarray, hashes: np.ndarray, starts: np.ndarray) -> None:
    moved = np.empty_like(hashes)
    for place in range(PERMUTATIONS):
        np.multiply(hashes, _FACTORS[place], out=moved)
        np.bitwise_xor(moved, _OFFSETS[place], out=moved)
        np.minimum.reduceat(moved, starts, out=minima[place])


def _groups(letters: pl.Series, *, similar_from: float) -> pl.Series:
    """The number of each distinct text's group."""
    count = len(letters)
    if count < 2:
        return pl.Series(np.arange(count))
    minima = minhash(letters).T
    left: list[np.ndarray] = []
    right: list[np.ndarray] = []
    bands, rows = CLOSE if similar_from >= SIMILAR_FROM else LOOSE
    for band in range(bands):
        key = np.zeros(count, dtype=np.uint64)
        for row in range(band * rows, (band + 1) * rows):
            key ^= minima[row]
            key *= np.uint64(0x9E3779B97F4A7C15)
        order = np.argsort(key)
        same = np.flatnonzero(key[order][1:] == key[order][:-1])
        left.append(order[same])
        right.append(order[same + 1])
    one, other = np.concatenate(left), np.concatenate(right)
    pairs = np.unique(np.stack([one, other], axis=1), axis=0)
    one, other = pairs[:, 0], pairs[:, 1]
    alike = (minima[:, one] == minima[:, other]).mean(axis=0) >= similar_from
    links = coo_matrix((np.ones(int(alike.sum()), dtype=bool), (one[alike], other[alike])), shape=(count, count))
    return pl.Series(connected_components(links, directed=False)[1])
