"""Refund tails: how surprising it is that so many orders of a group came back, given the products they were for.

Some products come back more than others, and some people send back more than others; both are ordinary. So a group is
held against what the same products give to everybody else (the group itself left out), with the spread from person to
person that the shop's own buyers show: a beta-binomial tail. Source: reference "methods 5".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl
from scipy.special import betaln, gammaln

from aftersales.measures.parts import in_parts, parts_for

# A product's rate is drawn towards the shop's as if these orders stood behind the latter: with fewer orders of its own
# a product says little. Chosen by sense, not fitted: recall moved by .003 from 10 to 40.
PRIOR_ORDERS = 20.0
# A bad batch makes its buyers' refunds ordinary: a product's rate is that of the same four weeks, drawn to its past.
MONTH_SECONDS = 28 * 86_400
# Ways an order can come to nothing, each with its part of the allowance for trying several: half for all together, a
# quarter each for never paid or cancelled before shipping, and for parcels refused.
WAYS = {"asked": 2.0, "undone": 4.0, "refused": 4.0}
# The spreads tried: from people who differ wildly (2) to all alike (200).
# Buyers with like orders share a term of the likelihood: thousands of terms, not a hundred thousand.
_ALIKE = (pl.col("n"), pl.col("k"), pl.col("mean").round(2).alias("near"))
_SPREADS = np.exp(np.linspace(np.log(2.0), np.log(200.0), 40))

Frames = TypeVar("Frames", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True)
class Ordinary:
    """What a group is held against: every order that counts, what products give at all and by month, how buyers differ.

    ``ever`` and ``then`` hold orders and cases by way, by product and by product and month; ``shop`` the shop's rates.
    """

    orders: pl.LazyFrame
    shop: dict[str, float]
    ever: pl.DataFrame
    then: pl.DataFrame
    spread: dict[str, float]


def ordinary(evidence: pl.DataFrame, *, spread: dict[str, float]) -> Ordinary:
    """What is ordinary in a shop, counted once for all groups; ``spread`` is of `spreads`.

    >>> evidence = pl.DataFrame({"order_id": list("abc"), "product_id": ["p", "p", "q"], "at": [0] * 3,
    ...     "counts": [True] * 3, "asked": [True, False, False], "undone": [False] * 3, "refused": [False] * 3})
    >>> usual = ordinary(evidence, spread={"asked": 9.0, "undone": 9.0, "refused": 9.0})
    >>> usual.ever.sort("product_id").select("product_id", "n_ever", "asked_ever").rows()
    [('p', 2, 1), ('q', 1, 0)]
    """
    counted = evidence.lazy().filter("counts").with_columns(month=pl.col("at") // MONTH_SECONDS)
    shop = counted.select(pl.col(list(WAYS)).mean()).collect(engine="streaming").row(0, named=True)
    ever = _cells(counted, ["product_id"], "ever").collect(engine="streaming")
    then = _cells(counted, ["product_id", "month"], "then").collect(engine="streaming")
    return Ordinary(counted.select("order_id", "product_id", "month", *WAYS), shop, ever, then, spread)


def spreads(evidence: pl.DataFrame, *, apart: pl.Series | None = None) -> dict[str, float]:
    """How alike buyers are in how often their orders come back, by way: the alpha + beta of a beta-binomial.

    Fitted by likelihood to buyers with two orders or more, each held against what the products bought give; ``apart``
    are order ids left out, so that those under suspicion do not make themselves ordinary. Where no buyer is known,
    10: between the two ends, and cautious.

    >>> spreads(pl.DataFrame(schema={"order_id": pl.String, "buyer": pl.String, "product_id": pl.String,
    ...     "asked": pl.Boolean, "undone": pl.Boolean, "refused": pl.Boolean, "counts": pl.Boolean}))
    {'asked': 10.0, 'undone': 10.0, 'refused': 10.0}
    """
    rows = evidence.lazy().filter(pl.col("counts"), pl.col("buyer").is_not_null())
    if apart is not None:
        rows = rows.filter(~pl.col("order_id").is_in(apart.implode()))
    rows = rows.select("buyer", "product_id", *WAYS)
    found = {}
    for way in WAYS:
        shop = rows.select(pl.col(way).mean()).collect(engine="streaming").item()
        rates = (
            rows.group_by("product_id")
            .agg(rate=_smoothed(pl.col(way).sum(), pl.len(), shop))
            .collect(engine="streaming")
        )
        each = pl.concat(
            part.join(rates.lazy(), on="product_id", how="left", nulls_equal=True)
            .group_by("buyer").agg(n=pl.len(), k=pl.col(way).sum(), mean=pl.col("rate").mean())
            .filter(pl.col("n") >= 2).group_by(_ALIKE).agg(times=pl.len(), mean=pl.col("mean").mean())
            .collect(engine="streaming")
            for part in in_parts(rows.select("buyer", "product_id", way), "buyer", n=parts_for(evidence.height))
        )  # fmt: skip
        found[way] = _spread(each) if each.height else 10.0
    return found


def _smoothed(cases: pl.Expr, orders: pl.Expr, shop: object) -> pl.Expr:
    level = float(shop) if isinstance(shop, (int, float)) else 0.0
    return (cases + PRIOR_ORDERS * level) / (orders + PRIOR_ORDERS)


def _spread(each: pl.DataFrame) -> float:
    n, k, times = (each[c].to_numpy().astype(float) for c in ("n", "k", "times"))
    mean = np.clip(each["mean"].to_numpy(), 1e-4, 1 - 1e-4)
    likely = [float((times * (betaln(k + s * mean, n - k + s * (1 - mean))
                              - betaln(s * mean, s * (1 - mean)))).sum()) for s in _SPREADS]  # fmt: skip
    return float(_SPREADS[int(np.argmax(likely))])


def refund_tails(members: pl.DataFrame, usual: Ordinary) -> pl.DataFrame:
    """One row a group: how many of its orders came to nothing, how many should have, and how surprising that is.

    ``members`` holds group and order_id; ``usual`` is of `ordinary`. Columns out: group, counted (orders that count),
    asked, undone, refused (of those), expected (of asked: what the same products give to others), p_refund (0..1:
    smallest of the ways' tails, each times its allowance). Sorted by group.

    >>> evidence = pl.DataFrame({"order_id": list("abcdefgh"), "product_id": ["p"] * 8, "at": [0] * 8,
    ...     "counts": [True] * 8, "asked": [True] * 4 + [False] * 4, "undone": [False] * 8, "refused": [False] * 8})
    >>> members = pl.DataFrame({"group": [1, 1, 1, 1], "order_id": list("abcd")})
    >>> usual = ordinary(evidence, spread={"asked": 9.0, "undone": 9.0, "refused": 9.0})
    >>> refund_tails(members, usual).select("counted", "asked", pl.col("expected").round(2)).rows()
    [(4, 4, 1.39)]
    """
    parts = in_parts(members, "group", n=parts_for(members.height))
    return pl.concat(_tails(part.unique().collect(), usual) for part in parts).sort("group")


def _tails(members: pl.DataFrame, usual: Ordinary) -> pl.DataFrame:
    # streaming: a large shop's orders pass by the members, and are not all held once more
    rows = members.lazy().join(usual.orders, on="order_id").collect(engine="streaming")
    cells = _cells(rows, ["group", "product_id", "month"], "own")
    own_ever = _cells(rows, ["group", "product_id"], "own_ever"), ["group", "product_id"]
    crowd = (usual.ever, ["product_id"]), (usual.then, ["product_id", "month"])
    for more, key in (own_ever, *crowd):
        cells = cells.join(more, on=key, how="left", nulls_equal=True)
    due = []
    for way in WAYS:
        ever = _smoothed(_others(way, "ever", "own_ever"), _others("n", "ever", "own_ever"), usual.shop[way])
        then, of = _others(way, "then", "own"), _others("n", "then", "own")
        due.append((pl.col("n_own") * (then + PRIOR_ORDERS * ever) / (of + PRIOR_ORDERS)).alias(f"{way}_due"))
    groups = cells.with_columns(due).group_by("group").agg(
        counted=pl.col("n_own").sum(), **{w: pl.col(f"{w}_own").sum() for w in WAYS},
        **{f"{w}_due": pl.col(f"{w}_due").sum() for w in WAYS},
    ).sort("group")  # fmt: skip
    n = groups["counted"].to_numpy()
    tails = [
        WAYS[way] * beta_binomial_tail(groups[way].to_numpy(), n, groups[f"{way}_due"].to_numpy(), usual.spread[way])
        for way in WAYS
    ]
    p = np.minimum(np.min(tails, axis=0), 1.0) if groups.height else np.array([])
    return groups.select("group", "counted", *WAYS, expected="asked_due").with_columns(
        p_refund=pl.Series(p, dtype=pl.Float64)
    )


def _cells(rows: Frames, key: list[str], name: str) -> Frames:
    """Orders and cases by way, counted by key: columns n_name, asked_name …"""
    sums = [pl.col(way).sum().cast(pl.Int64).alias(f"{way}_{name}") for way in WAYS]
    return rows.group_by(key).agg(pl.len().cast(pl.Int64).alias(f"n_{name}"), *sums)


def _others(what: str, whole: str, own: str) -> pl.Expr:
    return pl.col(f"{what}_{whole}") - pl.col(f"{what}_{own}")


def beta_binomial_tail(cases: np.ndarray, orders: np.ndarray, due: np.ndarray, spread: float) -> np.ndarray:
    """Chance of at least so many cases among the orders, where ``due`` are to be expected and people differ by spread.

    >>> beta_binomial_tail(np.array([0, 1]), np.array([1, 1]), np.array([0.2, 0.2]), 10.0).round(3).tolist()
    [1.0, 0.2]
    """
    out = np.ones(len(cases))
    mean = np.clip(due / np.maximum(orders, 1), 1e-4, 1 - 1e-4)
    some = np.flatnonzero(cases > 0)
    if not len(some):
        return out
    # all terms k..n of all groups in one run, one after another
    terms = orders[some] - cases[some] + 1
    owner = np.repeat(some, terms)
    step = np.arange(terms.sum()) - np.repeat(np.cumsum(terms) - terms, terms)
    k, n, a, b = cases[owner] + step, orders[owner], spread * mean[owner], spread * (1 - mean[owner])
    log_p = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + betaln(k + a, n - k + b) - betaln(a, b)
    out[some] = np.minimum(np.bincount(owner, np.exp(log_p), minlength=len(cases))[some], 1.0)
    return out
