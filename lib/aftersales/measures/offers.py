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


def with_offers(rows: pl.DataFrame, past: pl.DataFrame, *, least: int = LEAST_CASES) -> pl.DataFrame:
    """The rows with the range that comparable complaints ended in, times what was paid for each.

    Comparable are closed complaints of the same source (a compensation and a dispute's refund are two things), cause
    and fault; where these are fewer than ``least``, those of the same source and fault. ``rows`` have source, cause,
    fault and value, ``past`` these and closed_at and compensation.

    Columns added: offer_low, offer_high (money; null where nothing is comparable, where the buyer is at fault or nobody
    knows who is), offer_cases, offer_basis ("cause" or "fault"). In the order of ``rows``.

    >>> from datetime import datetime
    >>> past = pl.DataFrame({"source": ["template"] * 5, "cause": ["damaged"] * 5, "fault": ["seller"] * 5,
    ...     "value": [100.0] * 5, "closed_at": [datetime(2026, 11, 1)] * 5,
    ...     "compensation": [5.0, 10.0, 20.0, 30.0, 40.0]})
    >>> rows = past.head(1).with_columns(value=pl.lit(80.0), cause=pl.lit("quality"))
    >>> with_offers(rows, past).select("offer_low", "offer_high", "offer_cases", "offer_basis").rows()
    [(8.0, 24.0, 5, 'fault')]
    """
    known = past.filter(pl.col("fault").is_not_null())
    joined = rows
    for basis, by in (("cause", ["source", "cause", "fault"]), ("fault", ["source", "fault"])):
        ranges = offer_ranges(known, by=by, least=least)
        renamed = {c: f"{c}_{basis}" for c in ("cases", "share_low", "share_high")}
        joined = joined.join(ranges.rename(renamed), on=by, how="left", maintain_order="left")
    close = pl.col("share_low_cause").is_not_null()
    wide = pl.col("share_low_fault").is_not_null()
    offered = (pl.col("fault") != "buyer") & (pl.col("value") > 0)
    found = pl.when(offered & close).then(pl.lit("cause")).when(offered & wide).then(pl.lit("fault"))

    def of(column: str) -> pl.Expr:
        return pl.when(close).then(f"{column}_cause").otherwise(f"{column}_fault")

    return joined.with_columns(
        *(
            pl.when(offered).then((of(f"share_{end}") * pl.col("value")).round(2)).alias(f"offer_{end}")
            for end in ("low", "high")
        ),
        pl.when(found.is_not_null()).then(of("cases")).alias("offer_cases"),
        found.alias("offer_basis"),
    ).select(*rows.columns, "offer_low", "offer_high", "offer_cases", "offer_basis")
