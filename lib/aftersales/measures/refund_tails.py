"""Refund tails: how surprising it is that so many orders of a group came back, given the products they were for.

Some products come back more than others, and some people send back more than others; both are ordinary. So a group is
held against what the same products give to everybody else (the group itself left out), with the spread from person to
person that the shop's own buyers show: a beta-binomial tail. Source: reference "methods 5".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl
from scipy.special import betainc, betaln, gammaln

from aftersales.measures.chunks import in_parts, parts_for

# A product's rate is drawn towards the shop's as if these orders stood behind the latter: with fewer orders of its own
# a product says little. Chosen by sense, not fitted: recall moved by .003 from 10 to 40.
PRIOR_ORDERS = 20.0
# A bad batch makes its buyers' refunds ordinary: a product's rate is that of the same four weeks, drawn to its past.
MONTH_SECONDS = 28 * 86_400
# Ways an order can come to nothing, each with its part of the allowance for trying several: half for all together, a
# sixth each for never paid or cancelled before shipping, for parcels refused, and for goods kept though refunded.
WAYS = {"asked": 2.0, "undone": 6.0, "refused": 6.0, "unreturned": 6.0}
# Up to one in ten may not be ordinary at all: any rate in the upper half of what is above the expected one. Those do
# not shape what is usual, however many they are. Chosen by sense: half or twice of either changes little.
MOST_ABUSIVE = 0.1
TURNS, ROUNDS = 3, 12
# The spreads tried: from people who differ wildly (2) to all alike (200).
_SPREADS = np.exp(np.linspace(np.log(2.0), np.log(200.0), 40))

Frames = TypeVar("Frames", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True)
class Ordinary:
    """What a group is held against: every order that counts, what products give at all and by month, how buyers differ.

    ``ever`` and ``then`` hold orders and cases by way, by product and by product and month; ``shop`` the shop's rates;
    ``apart`` the order ids that none of these hold.
    """

    orders: pl.LazyFrame
    apart: pl.Series
    shop: dict[str, float]
    ever: pl.DataFrame
    then: pl.DataFrame
    spread: dict[str, float]


def ordinary(evidence: pl.DataFrame, *, spread: dict[str, float], apart: pl.Series | None = None) -> Ordinary:
    """What is ordinary in a shop, counted once for all groups; ``spread`` and ``apart`` are of `spreads`.

    >>> evidence = pl.DataFrame({"order_id": list("abc"), "product_id": ["p", "p", "q"], "at": [0] * 3,
    ...     "counts": [True] * 3, "asked": [True, False, False], "undone": [False] * 3, "refused": [False] * 3,
    ...     "unreturned": [False] * 3})
    >>> usual = ordinary(evidence, spread=dict.fromkeys(WAYS, 9.0))
    >>> usual.ever.sort("product_id").select("product_id", "n_ever", "asked_ever").rows()
    [('p', 2, 1), ('q', 1, 0)]
    """
    apart = pl.Series([], dtype=pl.String) if apart is None else apart
    counted = evidence.lazy().filter("counts").with_columns(month=pl.col("at") // MONTH_SECONDS)
    crowd = counted.filter(~pl.col("order_id").is_in(apart.implode()))
    shop = crowd.select(pl.col(list(WAYS)).mean()).collect(engine="streaming").row(0, named=True)
    ever = _cells(crowd, ["product_id"], "ever").collect(engine="streaming")
    then = _cells(crowd, ["product_id", "month"], "then").collect(engine="streaming")
    return Ordinary(counted.select("order_id", "product_id", "month", *WAYS), apart, shop, ever, then, spread)


def spreads(
    evidence: pl.DataFrame, *, apart: pl.Series | None = None, by: str = "buyer"
) -> tuple[dict[str, float], pl.Series]:
    """How alike buyers are in how often their orders come back, by way, and the orders of those unlike the others.

    The first is the alpha + beta of a beta-binomial, fitted by likelihood to buyers (or other sources, ``by``) with two
    orders or more, each held against what the products bought give. Those under suspicion do not make themselves
    ordinary: ``apart`` are order ids left out, and a share of the others (at most `MOST_ABUSIVE`) is put down to people
    whose orders mostly come back; the orders of those who are likelier that than ordinary are the second, with
    ``apart``. Where no buyer is known, 10: between the two ends, and cautious. Source: Efron 2004, JASA 99 (the null
    that the bulk of cases shows).

    >>> spreads(pl.DataFrame(schema={"order_id": pl.String, "buyer": pl.String, "product_id": pl.String,
    ...     "counts": pl.Boolean} | dict.fromkeys(WAYS, pl.Boolean)))[0]
    {'asked': 10.0, 'undone': 10.0, 'refused': 10.0, 'unreturned': 10.0}
    """
    left_out = pl.Series("order_id", [], dtype=pl.String) if apart is None else apart
    rows = evidence.lazy().filter("counts").select("order_id", by, "product_id", *WAYS)
    named = rows.filter(pl.col(by).is_not_null(), ~pl.col("order_id").is_in(left_out.implode()))
    parts = list(in_parts(named, by, n=parts_for(evidence.height)))
    told = left_out
    for _ in range(TURNS):
        rates = _rates(rows.filter(~pl.col("order_id").is_in(told.implode())))
        fitted = {way: _fitted(each) for way, each in _alike(parts, rates, by).items()}
        told = pl.concat([left_out, *(_unlike(part, rates, fitted, by) for part in parts)]).unique()
    return {way: spread for way, (spread, _) in fitted.items()}, told


def _smoothed(cases: pl.Expr, orders: pl.Expr, shop: object) -> pl.Expr:
    level = float(shop) if isinstance(shop, (int, float)) else 0.0
    return (cases + PRIOR_ORDERS * level) / (orders + PRIOR_ORDERS)


def _rates(rows: pl.LazyFrame) -> pl.DataFrame:
    """By product what it gives, by way."""
    shop = rows.select(pl.col(list(WAYS)).mean()).collect(engine="streaming").row(0, named=True)
    smoothed = [_smoothed(pl.col(way).sum(), pl.len(), shop[way]).alias(f"{way}_due") for way in WAYS]
    return rows.group_by("product_id").agg(smoothed).collect(engine="streaming")


def _conduct(part: pl.LazyFrame, rates: pl.DataFrame, by: str) -> pl.LazyFrame:
    """By source with two orders or more: how many (n), and by way how many came back and should have on average."""
    due = part.join(rates.lazy(), on="product_id", how="left", nulls_equal=True)
    return (
        due.group_by(by)
        .agg(pl.len().alias("n"), *(pl.col(way).sum() for way in WAYS), *(pl.col(f"{way}_due").mean() for way in WAYS))
        .filter(pl.col("n") >= 2)
    )


def _alike(parts: Sequence[pl.LazyFrame], rates: pl.DataFrame, by: str) -> dict[str, pl.DataFrame]:
    """By way: how many sources (times) have so many orders (n), cases (k) and about such a rate due (mean)."""
    found: dict[str, list[pl.DataFrame]] = {way: [] for way in WAYS}
    for part in parts:
        each = _conduct(part, rates, by)
        for way in WAYS:
            mean = pl.col(f"{way}_due")
            key = [pl.col("n"), pl.col(way).alias("k"), mean.round(2).alias("near")]
            found[way].append(each.group_by(key).agg(times=pl.len(), mean=mean.mean()).collect(engine="streaming"))
    return {way: pl.concat(some) for way, some in found.items()}


def _fitted(each: pl.DataFrame) -> tuple[float, float]:
    """The likeliest spread of ordinary sources, and the share of those that are not ordinary."""
    if each.is_empty():
        return 10.0, 0.0
    n, k, times = (each[c].to_numpy().astype(float) for c in ("n", "k", "times"))
    mean = np.clip(each["mean"].to_numpy(), 1e-4, 1 - 1e-4)
    abusive, best = abusive_likelihood(k, n, mean), (-np.inf, 10.0, 0.0)
    for spread in _SPREADS:
        usual, share = usual_likelihood(k, n, mean, spread), MOST_ABUSIVE / 2
        for _ in range(ROUNDS):
            among = share * abusive + (1 - share) * usual
            share = min(float((times * share * abusive / among).sum() / times.sum()), MOST_ABUSIVE)
        best = max(best, (float((times * np.log(among)).sum()), float(spread), share))
    return best[1:]


def _unlike(part: pl.LazyFrame, rates: pl.DataFrame, fitted: dict[str, tuple[float, float]], by: str) -> pl.Series:
    """Orders of sources that in some way are likelier not ordinary."""
    mostly = pl.any_horizontal(2 * pl.col(way) >= pl.col("n") for way in WAYS)
    often = _conduct(part, rates, by).filter(mostly).collect()
    n, unlike = often["n"].to_numpy().astype(float), np.zeros(often.height, dtype=bool)
    for way, (spread, share) in fitted.items():
        k, mean = often[way].to_numpy().astype(float), np.clip(often[f"{way}_due"].to_numpy(), 1e-4, 1 - 1e-4)
        unlike |= share * abusive_likelihood(k, n, mean) > (1 - share) * usual_likelihood(k, n, mean, spread)
    who = often[by].filter(pl.Series(unlike, dtype=pl.Boolean))
    return part.filter(pl.col(by).is_in(who.implode())).select("order_id").collect()["order_id"]


def usual_likelihood(cases: np.ndarray, orders: np.ndarray, mean: np.ndarray, spread: float) -> np.ndarray:
    """Chance of one order of outcomes with so many cases, where rates lie round ``mean`` as far as ``spread`` says.

    >>> usual_likelihood(np.array([0, 4]), np.array([4, 4]), np.array([0.1, 0.1]), 10.0).round(3).tolist()
    [0.692, 0.001]
    """
    a, b = spread * mean, spread * (1 - mean)
    return np.maximum(np.exp(betaln(cases + a, orders - cases + b) - betaln(a, b)), 1e-300)


def abusive_likelihood(cases: np.ndarray, orders: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Chance of one order of outcomes with so many cases, where any rate is as likely in the upper half above ``mean``.

    >>> abusive_likelihood(np.array([0.0, 4.0]), np.array([4.0, 4.0]), np.array([0.1, 0.1])).round(3).tolist()
    [0.008, 0.422]
    """
    least = (1 + mean) / 2
    whole = np.exp(betaln(cases + 1, orders - cases + 1))
    return whole * (1 - betainc(cases + 1, orders - cases + 1, least)) / (1 - least)


def refund_tails(members: pl.DataFrame, usual: Ordinary) -> pl.DataFrame:
    """One row a group: how many of its orders came to nothing, how many should have, and how surprising that is.

    ``members`` holds group and order_id; ``usual`` is of `ordinary`. Columns out: group, counted (orders that count),
    asked, undone, refused, unreturned (of those), expected (of asked: what the same products give to others), p_refund
    (0..1: smallest of the ways' tails, each times its allowance). Sorted by group.

    >>> evidence = pl.DataFrame({"order_id": list("abcdefgh"), "product_id": ["p"] * 8, "at": [0] * 8,
    ...     "counts": [True] * 8, "asked": [True] * 4 + [False] * 4, "undone": [False] * 8, "refused": [False] * 8,
    ...     "unreturned": [False] * 8})
    >>> members = pl.DataFrame({"group": [1, 1, 1, 1], "order_id": list("abcd")})
    >>> usual = ordinary(evidence, spread=dict.fromkeys(WAYS, 9.0))
    >>> refund_tails(members, usual).select("counted", "asked", pl.col("expected").round(2)).rows()
    [(4, 4, 1.39)]
    """
    parts = in_parts(members, "group", n=parts_for(members.height))
    return pl.concat(_tails(part.unique().collect(), usual) for part in parts).sort("group")


def _tails(members: pl.DataFrame, usual: Ordinary) -> pl.DataFrame:
    # streaming: a large shop's orders pass by the members, and are not all held once more
    rows = members.lazy().join(usual.orders, on="order_id").collect(engine="streaming")
    cells = _cells(rows, ["group", "product_id", "month"], "own")
    mine = rows.filter(~pl.col("order_id").is_in(usual.apart.implode()))
    own_ever = _cells(mine, ["group", "product_id"], "own_ever"), ["group", "product_id"]
    own_then = _cells(mine, ["group", "product_id", "month"], "own_then"), ["group", "product_id", "month"]
    crowd = (usual.ever, ["product_id"]), (usual.then, ["product_id", "month"])
    for more, key in (own_ever, own_then, *crowd):
        cells = cells.join(more, on=key, how="left", nulls_equal=True)
    due = []
    for way in WAYS:
        ever = _smoothed(_others(way, "ever", "own_ever"), _others("n", "ever", "own_ever"), usual.shop[way])
        then, of = _others(way, "then", "own_then"), _others("n", "then", "own_then")
        due.append((pl.col("n_own") * (then + PRIOR_ORDERS * ever) / (of + PRIOR_ORDERS)).alias(f"{way}_due"))
    groups = (
        cells.with_columns(due)
        .group_by("group")
        .agg(
            counted=pl.col("n_own").sum(),
            **{w: pl.col(f"{w}_own").sum() for w in WAYS},
            **{f"{w}_due": pl.col(f"{w}_due").sum() for w in WAYS},
        )
        .sort("group")
    )
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
    return pl.col(f"{what}_{whole}").fill_null(0) - pl.col(f"{what}_{own}").fill_null(0)


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
