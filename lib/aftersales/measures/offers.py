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
    told = pl.col("compensation").is_not_null().any()  # of complaints none of which tells, nothing is known
    closed = past.filter(told, pl.col("closed_at").is_not_null() & (pl.col("value") > 0))
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


# What comparable means, from the closest on.
BASES = {"cause": ("source", "cause", "fault"), "fault": ("source", "fault"), "any_fault": ("source", "cause")}


def with_offers(rows: pl.DataFrame, past: pl.DataFrame, *, least: int = LEAST_CASES) -> pl.DataFrame:
    """The rows with the range that comparable complaints ended in, times what was paid for each.

    Comparable are closed complaints of the same source (a compensation and a dispute's refund are two things), cause
    and fault; where these are fewer than ``least``, those of the same source and fault; where fault is disputed or not
    known, those of the same source and cause, whoever was found at fault. ``rows`` have source, cause, fault and value,
    ``past`` these and closed_at and compensation.

    Columns added: offer_low, offer_high (money; null where nothing is comparable, nothing was paid, or the buyer is at
    fault), offer_cases, offer_basis (of `BASES`). In the order of ``rows``.

    >>> from datetime import datetime
    >>> past = pl.DataFrame({"source": ["template"] * 5, "cause": ["damaged"] * 5, "fault": ["seller"] * 5,
    ...     "value": [100.0] * 5, "closed_at": [datetime(2026, 11, 1)] * 5,
    ...     "compensation": [5.0, 10.0, 20.0, 30.0, 40.0]})
    >>> rows = past.head(1).with_columns(value=pl.lit(80.0), cause=pl.lit("quality"))
    >>> with_offers(rows, past).select("offer_low", "offer_high", "offer_cases", "offer_basis").rows()
    [(8.0, 24.0, 5, 'fault')]
    """
    past = past.filter(pl.col("compensation").is_not_null().any().over("source"))
    joined, offered = rows, pl.col("fault").ne_missing("buyer") & (pl.col("value") > 0)
    told = ("share_low", "share_high", "cases", "basis")
    for name, by in BASES.items():
        ranges = offer_ranges(past.drop_nulls(by), by=by, least=least).drop_nulls("share_low")
        ranges = ranges.with_columns(basis=pl.lit(name)).rename({c: f"{c}_{name}" for c in told})
        joined = joined.join(ranges, on=by, how="left", maintain_order="left")
    low, high, cases, basis = (
        pl.when(offered).then(pl.coalesce(pl.col(f"{c}_{name}" for name in BASES))) for c in told
    )
    money = pl.col("value")
    return joined.select(
        *rows.columns,
        (low.cast(pl.Float64) * money).round(2).alias("offer_low"),
        (high.cast(pl.Float64) * money).round(2).alias("offer_high"),
        cases.cast(pl.Int64).alias("offer_cases"),
        basis.cast(pl.String).alias("offer_basis"),
    )
