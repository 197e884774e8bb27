"""Refund rates by province, courier or other group, pulled towards the shop's own rate where orders are few.

Two refunds of two orders are not the worst province of the country; a table sorted by the raw rate would say so.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import betaincinv

from aftersales.measures.chunks import Chunks
from aftersales.measures.rates import refund_rate
from aftersales.stats.intervals import LEVEL
from aftersales.tables.columns import Frame

# A prior worth more orders than this says the groups do not differ; more would only be rounding error.
MOST_PRIOR_ORDERS = 1e6
# Jeffreys' half, so that a shop without a single refund, or with nothing else, still has a proper interval.
HALF = 0.5


def beta_prior(refunded: NDArray[np.float64], paid: NDArray[np.float64]) -> tuple[float, float]:
    """The beta distribution that the groups' true rates are drawn from, by moments: (alpha, beta).

    With p the pooled rate, S = sum of n_i (p_i - p)² over k groups of n_i orders, N orders in all, S is expected to be
    v (k-1) + t (N - sum n_i²/N - (k-1)) with v = p(1-p) and t the variance of true rates; so t follows, and
    alpha + beta = v/t - 1. No spread beyond chance gives a prior that pools everything (`MOST_PRIOR_ORDERS`).
    Source: Kleinman 1973, Proportions with Extraneous Variance, JASA 68, weights n_i.

    >>> alpha, beta = beta_prior(np.array([10.0, 30.0, 20.0]), np.array([100.0, 100.0, 100.0]))
    >>> round(alpha / (alpha + beta), 3), round(alpha + beta)
    (0.201, 18)
    """
    some = paid > 0
    x, n = refunded[some], paid[some]
    total, groups = n.sum(), n.size
    if not groups:
        return HALF, HALF
    pooled = (x.sum() + HALF) / (total + 2 * HALF)
    v = pooled * (1 - pooled)
    spread = float((n * (x / n - pooled) ** 2).sum())
    room = total - (n**2).sum() / total - (groups - 1)
    between = (spread - v * (groups - 1)) / room if room > 0 else 0.0
    size = min(max(v / between - 1, 1.0), MOST_PRIOR_ORDERS) if between > 0 else MOST_PRIOR_ORDERS
    return float(pooled * size), float((1 - pooled) * size)


def rate_by_place(
    orders: Chunks, refunds: Frame, *, by: str = "province", until: date, since: date | None = None
) -> pl.DataFrame:
    """The refund rate of each province, courier …, raw and shrunk, sorted by the shrunk one, highest first.

    The shrunk rate is the mean of Beta(alpha + refund orders, beta + other orders), its interval holds 90 % of it:
    a weighted average of the group's own rate and the shop's, the own one weighing as many orders as it has and the
    shop's ``prior_orders``. Columns out: ``by`` (null where the files do not say), paid_orders, refund_orders,
    rate_orders, low, high (Wilson 90 %), shrunk_rate, shrunk_low, shrunk_high, shop_rate, prior_orders, paid_money,
    refund_money, rate_money, orders_succeeded, orders_before_shipping. Source: `beta_prior`.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "province": ["西藏", "浙江", "浙江"], "paid": [10, 20, 10],
    ...     "paid_at": [datetime(2026, 11, 2)] * 3})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["a"]})
    >>> rate_by_place(orders, refunds, until=date(2026, 11, 8)).select("province", "paid_orders").rows()
    [('西藏', 1), ('浙江', 2)]
    """
    rates = refund_rate(orders, refunds, by=[by], until=until, since=since)
    x, n = rates["refund_orders"].to_numpy().astype(float), rates["paid_orders"].to_numpy().astype(float)
    alpha, beta = beta_prior(x, n)
    tail = (1 - LEVEL) / 2
    shrunk = rates.with_columns(
        shrunk_rate=pl.Series((x + alpha) / (n + alpha + beta)),
        shrunk_low=pl.Series(betaincinv(x + alpha, n - x + beta, tail)),
        shrunk_high=pl.Series(betaincinv(x + alpha, n - x + beta, 1 - tail)),
        shop_rate=pl.lit(x.sum() / n.sum() if n.sum() else None, dtype=pl.Float64),
        prior_orders=pl.lit(alpha + beta),
    )
    return shrunk.select(
        by,
        "paid_orders",
        "refund_orders",
        "rate_orders",
        "low",
        "high",
        "shrunk_rate",
        "shrunk_low",
        "shrunk_high",
        "shop_rate",
        "prior_orders",
        "paid_money",
        "refund_money",
        "rate_money",
        "orders_succeeded",
        "orders_before_shipping",
    ).sort(["shrunk_rate", "paid_orders", by], descending=[True, True, False])
