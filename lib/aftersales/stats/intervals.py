"""Intervals for a rate, as polars expressions: Wilson's score interval at 90 %.

Wilson and not Jeffreys: both hold their level on small counts (Brown, Cai and DasGupta 2001, Interval Estimation for a
Binomial Proportion, Statistical Science 16(2), recommend either), and Wilson's is closed, so it runs inside a query.
"""

from __future__ import annotations

import polars as pl

# Two-sided 90 %: the level of every interval in the findings contract.
LEVEL = 0.90
Z_90 = 1.6448536269514722


def rate(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Part over whole as Float64; null where the whole is 0 or null.

    >>> pl.DataFrame({"x": [1, 0], "n": [4, 0]}).select(rate(pl.col("x"), pl.col("n"))).to_series().to_list()
    [0.25, None]
    """
    whole = whole.cast(pl.Float64)
    return pl.when(whole > 0).then(part.cast(pl.Float64) / whole)


def wilson(share: pl.Expr, whole: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Lower and upper end of Wilson's 90 % interval of a share seen on ``whole`` trials; null where whole is 0.

    ``whole`` may be a fraction: an effective sample size (`effective_size`). Source: Wilson 1927, Probable Inference,
    the Law of Succession, and Statistical Inference, JASA 22.

    >>> low, high = wilson(pl.col("p"), pl.col("n"))
    >>> pl.DataFrame({"p": [0.5, 1.0, None], "n": [10, 2, 0]}).select(low.round(3).alias("low"), high.round(3).alias(
    ...     "high")).rows()
    [(0.269, 0.731), (0.425, 1.0), (None, None)]
    """
    n, z2 = whole.cast(pl.Float64), Z_90**2
    # the money of one line may be refunded with the shipping of its whole order, so a share may pass 1
    inside = share.clip(0, 1)
    spread = (inside * (1 - inside) / n + z2 / (4 * n * n)).sqrt() * Z_90
    middle, scale = inside + z2 / (2 * n), 1 + z2 / n
    # rounding must not push an end past the share itself
    low = pl.min_horizontal(((middle - spread) / scale).clip(lower_bound=0), share)
    high = pl.max_horizontal(((middle + spread) / scale).clip(upper_bound=1), share)
    seen = (n > 0) & share.is_not_null()
    return pl.when(seen).then(low), pl.when(seen).then(high)


def effective_size(total: pl.Expr, total_of_squares: pl.Expr) -> pl.Expr:
    """How many equal orders tell as much as these unequal ones: (sum of weights)² / (sum of their squares).

    A share of money is an average of orders weighted by their money; a few large orders make it as uncertain as few
    orders would. Taking each order as refunded wholly or not at all, its variance is p(1-p) over this size, which is
    more than enough where orders are refunded in part. Source: Kish 1965, Survey Sampling, 11.7.

    >>> weights = pl.DataFrame({"w": [10.0, 10.0, 100.0]})
    >>> weights.select(effective_size(pl.col("w").sum(), (pl.col("w") ** 2).sum())).item().__round__(2)
    1.41
    """
    squares = total_of_squares.cast(pl.Float64)
    return pl.when(squares > 0).then(total.cast(pl.Float64) ** 2 / squares)
