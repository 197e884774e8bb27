"""What comparable complaints ended with: compensation over what was paid, as a range to make an offer from."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

# Five endings are the fewest of which a lower and an upper quartile are two different ones.
LEAST_CASES = 5
LOW, HIGH = 0.25, 0.75


def offer_ranges(
    past: pl.DataFrame, *, by: Sequence[str] = ("cause", "fault"), least: int = LEAST_CASES
) -> pl.DataFrame:
    """Quartiles of compensation over the order's value among closed complaints, by cause and fault, say.

    ``past`` has the columns of ``by``, closed_at, compensation and value (money paid). Closed ones without
    compensation count as none paid. Columns out: the columns of ``by``, cases (closed, with a value), share_low,
    share_high (quartiles of compensation ÷ value; null below ``least`` cases). Sorted by ``by``.

    >>> from datetime import datetime
    >>> past = pl.DataFrame({"cause": ["damaged"] * 5, "fault": ["seller"] * 5, "value": [100.0] * 5,
    ...     "closed_at": [datetime(2026, 11, 1)] * 5, "compensation": [0.0, 10.0, 20.0, 30.0, None]})
    >>> offer_ranges(past).select("cases", "share_low", "share_high").rows()
    [(5, 0.0, 0.2)]
    """
    closed = past.filter(pl.col("closed_at").is_not_null() & (pl.col("value") > 0))
    share = pl.col("compensation").cast(pl.Float64).fill_null(0) / pl.col("value")
    enough = pl.len() >= least
    return (
        closed.group_by(by)
        .agg(
            pl.len().cast(pl.Int64).alias("cases"),
            pl.when(enough).then(share.quantile(LOW, "linear")).alias("share_low"),
            pl.when(enough).then(share.quantile(HIGH, "linear")).alias("share_high"),
        )
        .sort(by)
    )
