"""Runs of refunds among orders whose buyer the platform masks: one province, one or two days, the same few products.

Where nobody is named, orders alone hardly stand out: a province orders all day. What came back does. Two kinds of
evidence that know nothing of one another must agree: that so many orders of one province and day came back, against the
shop's own refunds in those hours; and that they fall on few products. A courier's bad week in a province meets all
products alike, and a bad batch all provinces.
"""

from __future__ import annotations

import polars as pl

from aftersales.measures.bursts import windows
from aftersales.measures.rings import names_nobody
from aftersales.stats.tails import binomial_sf

# Longer runs are a season's or a courier's.
RUN_HOURS = (24, 48)
# Three that came back on one day from one province are met by chance in any shop.
LEAST_RETURNS = 4
# A product belongs to the run where it is met again in it more often than one such run in twenty would by chance.
PRODUCT_CHANCE = 0.05


def returned(evidence: pl.DataFrame) -> pl.DataFrame:
    """Orders that came to nothing or were asked back and name no buyer and no rare key, with ``place``: the province.

    >>> nobody = dict.fromkeys(("buyer", "address", "phone"), [None, None])
    >>> evidence = pl.DataFrame({"order_id": ["1", "2"], "asked": [True, False], "province": ["x", "x"]} | nobody)
    >>> returned(evidence).select("order_id", "place").rows()
    [('1', 'x')]
    """
    return evidence.filter("asked", names_nobody(), pl.col("province").is_not_null()).with_columns(
        place=pl.col("province")
    )


def run_windows(rows: pl.DataFrame) -> pl.DataFrame:
    """The windows of `bursts.windows` by province, over what came back alone."""
    return windows(rows, by="place", lengths_hours=RUN_HOURS)


def same_products(
    members: pl.DataFrame, rows: pl.DataFrame, evidence: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """How few products each run falls on, and the orders of these products in it.

    ``members`` has group and order_id, of ``rows`` (of `returned`). First table: group, p_same (0..1: chance that one
    of the run's products is met as often again, by how often it comes back in the shop; times the products in the
    run). Second: group, order_id of all masked orders, also those that were kept, for such products in the run's
    province and hours. Runs with fewer than four returns of such products are left out.

    >>> from datetime import datetime
    >>> n = 40
    >>> evidence = pl.DataFrame({"order_id": [str(i) for i in range(n)], "asked": [True] * n, "at": list(range(n)),
    ...     "province": ["x"] * 5 + ["y"] * (n - 5), "product_id": ["p"] * 5 + [f"q{i}" for i in range(n - 5)]} | {
    ...     k: pl.Series([None] * n, dtype=pl.String) for k in ("buyer", "address", "phone")})
    >>> rows = returned(evidence)
    >>> members = rows.filter(pl.col("place") == "x").select("order_id", group=pl.lit(1, dtype=pl.Int64))
    >>> groups, orders = same_products(members, rows, evidence)
    >>> groups.height, orders.height, groups["p_same"][0] < 0.01
    (1, 5, True)
    """
    often = rows.group_by("product_id").agg(share=pl.len() / rows.height)
    mine = members.unique().join(rows.select("order_id", "place", "product_id", "at"), on="order_id")
    mine = mine.join(often, on="product_id")
    cells = mine.group_by("group", "product_id").agg(met=pl.len().cast(pl.Int64), share=pl.col("share").first())
    cells = cells.with_columns(of=pl.col("met").sum().over("group"), products=pl.len().over("group"))
    # met once it was not met again, and the chance of that is one
    p = binomial_sf(cells["met"].to_numpy() - 2, cells["of"].to_numpy() - 1, cells["share"].to_numpy())
    cells = cells.with_columns(p=pl.Series(p))
    whole = cells.group_by("group").agg(p_same=(pl.col("p").min() * pl.col("products").first()).clip(0, 1))
    hot = cells.filter(pl.col("p") <= PRODUCT_CHANCE).select("group", "product_id")
    run = mine.join(hot, on=["group", "product_id"])
    spans = (
        run.group_by("group")
        .agg(pl.col("place").first(), begin=pl.col("at").min(), stop=pl.col("at").max(), returns=pl.len())
        .filter(pl.col("returns") >= LEAST_RETURNS)
    )
    masked = evidence.filter(names_nobody()).select("order_id", "product_id", "at", place="province")
    inside = spans.join(hot, on="group").join(masked, on=["place", "product_id"])
    inside = (
        inside.filter(pl.col("at").is_between("begin", "stop")).select("group", "order_id").sort("group", "order_id")
    )
    return whole.join(spans, on="group", how="semi").sort("group"), inside
