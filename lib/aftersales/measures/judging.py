"""Groups of orders judged: windows as episodes, what became of their orders, and which of them stand out by that."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from aftersales.measures.bursts import surprising
from aftersales.measures.refund_tails import Ordinary, abusive_likelihood, refund_tails, usual_likelihood

# No sum of a model's probabilities speaks of explanations that the model has no place for.
SUREST = 0.99
ROUNDS = 25  # of expectation and maximisation


def as_episodes(kept: pl.DataFrame, rows: pl.DataFrame, *, by: str, pattern: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Windows of one source that overlap are one episode; its orders are all those of the source within it.

    ``kept`` is of `bursts.windows` by the column ``by`` of ``rows`` (of `order_evidence`). Groups: group (1, 2, … by
    source and start), source, p_timing, expected_orders, orders, buyers, hours, pattern. Members: group, order_id.

    >>> rows = pl.DataFrame({"order_id": ["1", "2", "3"], "buyer": ["a"] * 3, "at": [0, 3600, 7200]})
    >>> kept = pl.DataFrame({"source": ["a", "a"], "start": [0, 3600], "end": [7000, 9000], "expected": [0.1, 0.2],
    ...     "p_timing": [0.01, 0.02]})
    >>> groups, members = as_episodes(kept, rows, by="buyer", pattern="burst")
    >>> groups.select("source", "orders", "hours", "p_timing").rows(), members.height
    ([('a', 3, 2.0, 0.01)], 3)
    """
    ordered = kept.sort("source", "start")
    past = pl.col("end").cum_max().shift(1).over("source")
    ordered = ordered.with_columns(group=(pl.col("start") > past).fill_null(value=True).cast(pl.Int64).cum_sum())
    spans = ordered.group_by("group", maintain_order=True).agg(
        pl.col("source").first(),
        begin=pl.col("start").min(),
        stop=pl.col("end").max(),
        p_timing=pl.col("p_timing").min(),
        expected_orders=pl.col("expected").get(pl.col("p_timing").arg_min()),
    )
    of = rows.lazy().filter(pl.col(by).is_in(spans["source"].unique().implode()))
    own = of.select("order_id", "at", *{by, "buyer"}).collect()
    inside = spans.join(own, left_on="source", right_on=by, how="inner").filter(
        pl.col("at") >= pl.col("begin"), pl.col("at") < pl.col("stop")
    )
    who = (pl.col("buyer") if by != "buyer" else pl.col("source")).drop_nulls().n_unique()
    sizes = inside.group_by("group").agg(
        orders=pl.len().cast(pl.Int64),
        buyers=who.cast(pl.Int64),
        hours=(pl.col("at").max() - pl.col("at").min()) / 3600,
    )
    groups = spans.join(sizes, on="group").with_columns(pattern=pl.lit(pattern)).drop("begin", "stop")
    return groups, inside.select("group", "order_id")


def with_outcome(groups: pl.DataFrame, members: pl.DataFrame, evidence: pl.DataFrame, usual: Ordinary) -> pl.DataFrame:
    """Groups with what became of their orders: the columns of `refund_tails`, and how many wait (not shipped yet).

    Groups none of whose orders counts are left out.

    >>> from aftersales.measures.refund_tails import WAYS, ordinary
    >>> none = dict.fromkeys(["undone", "refused", "unreturned", "waiting"], [False] * 3)
    >>> evidence = pl.DataFrame({"order_id": list("abc"), "product_id": ["p"] * 3, "at": [0] * 3,
    ...     "counts": [True] * 3, "asked": [True, True, False]} | none)
    >>> usual = ordinary(evidence, spread=dict.fromkeys(WAYS, 9.0))
    >>> members = pl.DataFrame({"group": [1, 1], "order_id": ["a", "b"]})
    >>> with_outcome(pl.DataFrame({"group": [1]}), members, evidence, usual).select("asked", "waiting").rows()
    [(2, 0)]
    """
    of = members.lazy().join(evidence.lazy().select("order_id", "waiting"), on="order_id")
    waiting = of.group_by("group").agg(pl.col("waiting").sum().cast(pl.Int64)).collect(engine="streaming")
    return groups.join(refund_tails(members, usual), on="group").join(waiting, on="group")


def possible(judged: pl.DataFrame, members: pl.DataFrame, *, target: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Those of `with_outcome` whose refunds can stand out whatever the others are, with their orders.

    >>> judged, members = pl.DataFrame({"group": [1, 2], "p_refund": [0.01, 0.4]}), pl.DataFrame({"group": [1, 2, 2]})
    >>> [table["group"].to_list() for table in possible(judged, members, target=0.05)]
    [[1], [1]]
    """
    some = judged.filter(pl.col("p_refund") <= target)
    return some, members.filter(pl.col("group").is_in(some["group"].implode()))


def standing_out(judged: pl.DataFrame, *, p: str, tried: int, target: float) -> pl.DataFrame:
    """The groups whose ``p`` stands after Benjamini and Hochberg's procedure over all that were ``tried``.

    >>> standing_out(pl.DataFrame({"group": [1, 2], "p": [0.01, 0.4]}), p="p", tried=2, target=0.05)["group"].to_list()
    [1]
    """
    tests = judged.select(pl.col("group").alias("source"), p)
    return judged.filter(pl.col("group").is_in(surprising(tests, tried=tried, target=target, p=p)["source"].implode()))


def with_probability(found: pl.DataFrame, *, tried: int, p: str) -> pl.DataFrame:
    """``probability``: the most that p can speak against chance, from the share of those tried that were kept.

    Source: Sellke, Bayarri and Berger 2001, The American Statistician 55 (the bound -e p log p).

    >>> with_probability(pl.DataFrame({"p": [0.0001, 0.03]}), tried=4, p="p")["probability"].round(3).to_list()
    [0.99, 0.778]
    """
    prior = min(max(found.height / max(tried, 1), 1e-6), 0.9)
    value = np.clip(found[p].to_numpy(), 1e-300, 1 / math.e)
    chance = -math.e * value * np.log(value) * (1 - prior)
    return found.with_columns(probability=pl.Series(np.minimum(prior / (prior + chance), SUREST), dtype=pl.Float64))


def without_neighbours(
    found: pl.DataFrame, members: pl.DataFrame, evidence: pl.DataFrame, usual: Ordinary, *, least: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Groups under a shared key without the accounts whose own orders look ordinary, counted anew; and their orders.

    Somebody who lives at the same door is no member. An account stays where its outcomes are likelier those of an
    abuser than ordinary, given how many of the group's accounts are; orders that still wait say nothing. Groups with
    fewer than ``least`` accounts left fall out.

    >>> from aftersales.measures.refund_tails import WAYS, ordinary
    >>> none = dict.fromkeys(["undone", "refused", "unreturned", "waiting"], [False] * 12)
    >>> evidence = pl.DataFrame({"order_id": list("abcdefghijkl"), "product_id": ["p"] * 12, "at": [0] * 12,
    ...     "buyer": ["x"] * 3 + ["y"] * 3 + ["z"] * 3 + ["v"] * 3, "counts": [True] * 12,
    ...     "asked": [True] * 6 + [False] * 6} | none)
    >>> usual = ordinary(evidence, spread=dict.fromkeys(WAYS, 9.0), apart=pl.Series(list("abcdef")))
    >>> members = pl.DataFrame({"group": [1] * 9, "order_id": list("abcdefghi")})
    >>> found = pl.DataFrame({"group": [1], "p_refund": [0.001]})
    >>> groups, kept = without_neighbours(found, members, evidence, usual, least=2)
    >>> groups.select("buyers", "orders", "asked").row(0), kept["order_id"].sort().to_list()
    ((2, 6, 6), ['a', 'b', 'c', 'd', 'e', 'f'])
    """
    mine = members.filter(pl.col("group").is_in(found["group"].implode()))
    known = (
        evidence.lazy()
        .select("order_id", "buyer", "at", "waiting")
        .filter(pl.col("order_id").is_in(mine["order_id"].unique().implode()))
    )
    rows = mine.join(known.collect(), on="order_id")
    # of masked buyers each order is one
    who = pl.coalesce(pl.col("buyer").cast(pl.String), pl.format("order {}", "order_id"))
    rows = rows.with_columns(account=pl.struct("group", who=who).rank("dense").cast(pl.Int64))
    settled = rows.filter(~pl.col("waiting")).select("order_id", group="account")
    outcome = refund_tails(settled, usual).rename({"group": "account"})
    accounts = rows.select("group", "account").unique().join(outcome, on="account", how="left").fill_null(0)
    accounts = accounts.with_columns(_stays(accounts, usual.spread["asked"]))
    left = accounts.filter("stays", pl.col("stays").sum().over("group") >= least)
    kept = rows.join(left.select("account"), on="account", how="semi")
    sizes = kept.group_by("group").agg(
        orders=pl.len().cast(pl.Int64),
        buyers=pl.col("account").n_unique().cast(pl.Int64),
        hours=(pl.col("at").max() - pl.col("at").min()) / 3600,
    )
    counted = with_outcome(sizes, kept.select("group", "order_id"), evidence, usual).drop("p_refund")
    rest = found.drop([c for c in counted.columns if c != "group" and c in found.columns])
    return rest.join(counted, on="group"), kept.select("group", "order_id")


def _stays(accounts: pl.DataFrame, spread: float) -> pl.Series:
    n, k = (accounts[c].cast(pl.Float64).to_numpy() for c in ("counted", "asked"))
    mean = np.clip(accounts["expected"].to_numpy() / np.maximum(n, 1), 1e-4, 1 - 1e-4)
    ratio = pl.Series(abusive_likelihood(k, n, mean) / usual_likelihood(k, n, mean, spread))
    table = accounts.select("group", ratio=ratio, share=pl.lit(0.5))
    for _ in range(ROUNDS):
        told = pl.col("share") * pl.col("ratio") / (pl.col("share") * pl.col("ratio") + 1 - pl.col("share"))
        table = table.with_columns(told=told).with_columns(share=pl.col("told").mean().over("group"))
    return (table["told"] >= 0.5).alias("stays")
