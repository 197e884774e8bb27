"""Rings: accounts that share a rare address or telephone, and how groups that touch one another become one case."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from aftersales.measures.chunks import in_parts, parts_for
from aftersales.stats.tails import binomial_sf

# A key that more buyers share is a parcel locker, a dormitory or a forwarder's warehouse, and says nothing of who
# belongs together. Source: reference "methods 5".
COMMON_KEY_BUYERS = 30
KEYS = ("address", "phone")


def names_nobody() -> pl.Expr:
    """Orders of `order_evidence` by which nobody can be known: no buyer, and no key that people could share.

    >>> pl.DataFrame({"buyer": ["a", None], "address": [None, None], "phone": [None, None]}).select(
    ...     names_nobody()).to_series().to_list()
    [False, True]
    """
    return pl.all_horizontal(pl.col("buyer", *KEYS).is_null())


def rare_keys(evidence: pl.DataFrame, *, common_key_buyers: int = COMMON_KEY_BUYERS) -> pl.DataFrame:
    """The evidence with address and phone null wherever the key is one buyer's alone, or shared by too many.

    Where buyers are masked, orders under one key stand for buyers.

    >>> evidence = pl.DataFrame({"buyer": ["a", "b", "c"], "address": ["x", "x", "y"], "phone": [None, None, None],
    ...     "order_id": ["1", "2", "3"]}, schema_overrides={"phone": pl.String})
    >>> rare_keys(evidence)["address"].to_list()
    ['x', 'x', None]
    """
    who = pl.when(pl.col("buyer").is_not_null()).then(pl.col("buyer").hash()).otherwise(pl.col("order_id").hash())
    for key in KEYS:
        known = evidence.lazy().filter(pl.col(key).is_not_null()).select(key, who=who)
        shared = pl.concat(
            part.group_by(key)
            .agg(pl.col("who").n_unique())
            .filter(pl.col("who").is_between(2, common_key_buyers))
            .select(key)
            .collect()
            for part in in_parts(known, key, n=parts_for(evidence.height))
        )[key]
        evidence = evidence.with_columns(pl.when(pl.col(key).is_in(shared.implode())).then(key).alias(key))
    return evidence


def joined(members: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
    """Members (group, order_id) with ``case``: groups that share an order, a buyer or a rare key are one case.

    ``case`` is the order_id of the case's earliest order, so that a ring that grows keeps its name. Rows as they came.

    >>> evidence = pl.DataFrame({"order_id": ["1", "2", "3"], "at": [1, 2, 3], "buyer": ["a", "a", "b"],
    ...     "address": [None, "x", "y"], "phone": [None, None, None]},
    ...     schema_overrides={"phone": pl.String})
    >>> joined(pl.DataFrame({"group": [1, 2, 3], "order_id": ["1", "2", "3"]}), evidence)["case"].to_list()
    ['1', '1', '3']
    """
    if members.is_empty():
        return members.with_columns(case=pl.lit(None, dtype=pl.String))
    known = rare_keys(evidence).lazy().select("order_id", "at", "buyer", *KEYS)
    known = known.filter(pl.col("order_id").is_in(members["order_id"].unique().implode()))
    rows = members.join(known.collect(), on="order_id", how="left", maintain_order="left")
    parts = [rows.select("group", node=pl.format("order {}", "order_id"))]
    for key in ("buyer", *KEYS):
        parts.append(rows.filter(pl.col(key).is_not_null()).select("group", node=pl.format(key + " {}", key)))
    edges = pl.concat(parts).unique(maintain_order=True)
    left = edges["group"].rank("dense").to_numpy().astype(np.int64) - 1
    right = edges["node"].rank("dense").to_numpy().astype(np.int64) - 1 + left.max() + 1
    size = int(right.max()) + 1
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(size, size))
    part = connected_components(graph, directed=False)[1]
    of_group = pl.DataFrame({"group": edges["group"], "part": part[left]}).unique()
    rows = rows.join(of_group, on="group", how="left", maintain_order="left")
    first = rows.sort("at", "order_id").group_by("part", maintain_order=True).agg(case=pl.col("order_id").first())
    rows = rows.join(first, on="part", how="left", maintain_order="left")
    return rows.select(*members.columns, "case")


def sameness(members: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
    """One row a group: how alike its complaints are, by product and reason, and how surprising that is.

    Columns out: group, alike (orders asked back with the group's most frequent product and reason), p_same (0..1:
    chance that as many of the others fall on the first one's product and reason, by how frequent these are in the
    shop). Groups without a request for money back are left out. Sorted by group.

    >>> evidence = pl.DataFrame({"order_id": list("abcdef"), "product_id": ["p"] * 3 + ["q", "r", "s"],
    ...     "reason": ["quality"] * 6, "asked": [True] * 6})
    >>> members = pl.DataFrame({"group": [1] * 3, "order_id": list("abc")})
    >>> sameness(members, evidence).with_columns(pl.col("p_same").round(2)).rows()
    [(1, 3, 0.25)]
    """
    pair = ["product_id", "reason"]
    asked = evidence.lazy().filter("asked").select("order_id", *pair)
    often = asked.group_by(pair).agg(times=pl.len()).collect(engine="streaming")
    often = often.select(*pair, share=pl.col("times") / pl.col("times").sum())
    rows = members.unique().lazy().join(asked, on="order_id").collect(engine="streaming")
    rows = rows.join(often, on=pair, nulls_equal=True)
    cells = rows.group_by("group", *pair).agg(alike=pl.len().cast(pl.Int64), share=pl.col("share").first())
    cells = cells.with_columns(of=pl.col("alike").sum().over("group"))
    ordered = cells.sort("group", "alike", "share", descending=[False, True, False])
    best = ordered.unique("group", keep="first", maintain_order=True)
    p = binomial_sf(best["alike"].to_numpy() - 2, best["of"].to_numpy() - 1, best["share"].to_numpy())
    return best.select("group", "alike").with_columns(p_same=pl.Series(p, dtype=pl.Float64))
