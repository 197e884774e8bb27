"""Complaints in copied words: near copies by distinct buyers, and whether they are more than a stock phrase.

Platforms offer phrases to click, and strangers write alike about the same failing. What is left to explain is several
buyers with the same long text about one product, beyond what its share of other complaints makes likely, asking for
more than they paid (reference "methods" 6: distinct buyers × concentration × compensation asked).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from aftersales.measures.contradictions import ABOVE_PRICE, with_demands
from aftersales.stats.near_copies import near_copies
from aftersales.stats.tails import binomial_sf

# A group this unlikely to meet on one product by chance is not the work of chance: one false group in a hundred.
CHANCE_BELOW = 0.01
LEAST_BUYERS = 2
# Copies are changed a little here and there: every twentieth character changed leaves half the shingles. A group has
# to meet on one product besides, so that looser words do not make false groups.
SIMILAR_FROM = 0.5


def copied_complaints(facts: pl.DataFrame) -> pl.DataFrame:
    """One row a complaint (of `complaint_facts`) whose text several buyers share. Sorted by complaint_id.

    Columns out: complaint_id, first_id (the group's oldest complaint), copies (complaints in it), buyers (distinct),
    same_product (complaints about its commonest product), chance (0..1, that so many meet on one product, given the
    product's share of all other complaints), median_multiple (asked over paid, null where nothing is asked), kind
    ("copied": most buyers on one product, beyond chance, and more asked than paid; "one_product", "sums": one of
    the two; "stock": neither, as a platform's or a common phrase is).
    """
    frame = with_demands(facts)
    groups = near_copies(frame["text"], similar_from=SIMILAR_FROM)
    frame = frame.hstack(groups).with_columns(buyer=pl.coalesce("buyer_key", "order_id", "complaint_id"))
    grouped = frame.filter(pl.col("group").is_not_null()).with_columns(buyers=pl.col("buyer").n_unique().over("group"))
    shared = grouped.filter(pl.col("buyers") >= LEAST_BUYERS)
    totals = frame.group_by("product_id").agg(pl.len().alias("everywhere"))
    product = (
        shared.drop_nulls("product_id")
        .group_by("group", "product_id")
        .agg(pl.col("buyer").n_unique().alias("same_product"), pl.len().alias("here"))
        .sort("group", "same_product", "product_id", descending=[False, True, False])
        .group_by("group", maintain_order=True)
        .agg(pl.all().first(), pl.len().alias("products"))
        .join(totals, on="product_id", how="left")
    )
    about = shared.group_by("group").agg(
        pl.col("complaint_id").sort_by("filed_at", "complaint_id", nulls_last=True).first().alias("first_id"),
        pl.col("price_multiple").median().alias("median_multiple"),
    )
    told = shared.join(about, on="group").join(product.drop("product_id"), on="group", how="left")
    others, kinds = frame.height - told["copies"], max(frame["product_id"].n_unique(), 1)
    # no product is taken to be rarer than the average one: the rarest of many is rare by chance
    share = ((told["everywhere"] - told["here"]).fill_null(0) / others.clip(1)).clip(1 / kinds, 1)
    same, buyers = told["same_product"].fill_null(0).to_numpy(), told["buyers"].to_numpy()
    chance = binomial_sf(same - 2, buyers - 1, share.to_numpy()) * told["products"].fill_null(1).to_numpy()
    told = told.with_columns(chance=pl.Series(np.clip(chance, 0, 1), dtype=pl.Float64))
    most = pl.col("same_product") * 2 > pl.col("buyers")
    one_product, sums = (pl.col("chance") <= CHANCE_BELOW) & most, pl.col("median_multiple").fill_null(0) > ABOVE_PRICE
    kind = (
        pl.when(one_product & sums)
        .then(pl.lit("copied"))
        .when(one_product)
        .then(pl.lit("one_product"))
        .when(sums)
        .then(pl.lit("sums"))
        .otherwise(pl.lit("stock"))
    )
    return told.select(
        "complaint_id",
        "first_id",
        "copies",
        pl.col("buyers").cast(pl.Int64),
        pl.col("same_product").fill_null(0).cast(pl.Int64),
        "chance",
        "median_multiple",
        kind.alias("kind"),
    ).sort("complaint_id")
