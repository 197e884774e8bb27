"""How long near copies take, on real reviews: microseconds a text, with the normalisation and the grouping.

How to run, from the project's root, with the reviews beside it in ../shared/data:

    .venv/bin/python benchmarks/near_copies_speed.py
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import polars as pl

from aftersales.stats.near_copies import LEAST_CHARS, minhash, near_copies

REVIEWS = Path("../shared/data/zh_reviews_10_categories.parquet")
TARGET_MICROSECONDS = 20.0
REPEATS = 5


def main() -> int:
    """Print the best and the median of a few runs; 1 where the best misses the target."""
    texts = pl.read_parquet(REVIEWS)["review"].drop_nulls()
    near_copies(texts.head(1_000))
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = near_copies(texts)
        seconds.append(time.perf_counter() - start)
    long_enough = texts.filter(texts.str.len_chars() >= LEAST_CHARS)
    start = time.perf_counter()
    minhash(long_enough)
    signatures = time.perf_counter() - start
    best, middle = min(seconds), sorted(seconds)[REPEATS // 2]
    print(f"{len(texts)} texts, {texts.str.len_chars().sum() / len(texts):.0f} characters on average")
    print(f"near_copies: best {1e6 * best / len(texts):.1f} µs a text, median {1e6 * middle / len(texts):.1f}")
    print(f"minhash alone: {1e6 * signatures / len(long_enough):.1f} µs a text")
    print(f"{found['group'].drop_nulls().n_unique()} groups of near copies, {found['group'].count()} texts in them")
    return int(1e6 * best / len(texts) > TARGET_MICROSECONDS)


if __name__ == "__main__":
    sys.exit(main())
