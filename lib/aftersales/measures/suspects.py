"""Suspected groups of orders: where the timing says so and, by itself, the refunds say so too.

The two are looked at one after the other: of all sources those whose timing (or whose refunds) stand out are kept, and
only among these the other evidence is judged, each with Benjamini and Hochberg's procedure. An ordinary spree has
ordinary refunds, and an unlucky buyer an ordinary pace; to be listed a group must be neither. Sources: Bourgon,
Gentleman and Huber 2010, PNAS 107 (independent filtering); Heller, Bogomolov and Benjamini 2014, PNAS 111 (findings
that must hold twice).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl

from aftersales.measures.bursts import surprising, windows
from aftersales.measures.lockstep import lockstep
from aftersales.measures.masked_returns import LEAST_RETURNS, returned, run_windows, same_products
from aftersales.measures.parts import in_parts, parts_for
from aftersales.measures.refund_tails import refund_tails, spreads
from aftersales.measures.rings import KEYS, names_nobody, rare_keys, sameness

# The first look is wide, the second is what the list answers for.
FIRST_TARGET = 0.05
# Chosen by looking at six simulated shops of benchmarks/abuse.py (seeds 10 to 12): precision and recall by orders were
# .996 and .98 at 5 %, .998 and .965 at 2 %, .998 and .96 at 1 %; the middle, since real shops are less orderly.
SECOND_TARGET = 0.02
# For findings on timing and keys alone nothing else confirms them.
ALONE_TARGET = 0.001
# Orders spread over four weeks, one an account (reference "methods 5").
SLOW_HOURS = (28 * 24,)
SLOW_LEAST_BUYERS = 4
# A serial refunder has come back often enough to be known: fewer orders leave it open.
SERIAL_LEAST_ORDERS = 6
# Orders that still wait are listed where such timing was confirmed by refunds more often than not.
LEAST_SHARE = 0.5
OPEN_SHARE = 1 / 3
# No sum of a model's probabilities speaks of explanations that the model has no place for.
SUREST = 0.99
# In this order a case that is several things is called after the first.
PATTERNS = ("ring", "lockstep", "burst", "slow_ring", "serial_refunder", "masked_burst", "masked_returns",
            "masked_slow_ring")  # fmt: skip

_GROUPS = pl.Schema({
    "group": pl.Int64, "pattern": pl.String, "source": pl.String, "p_timing": pl.Float64, "orders": pl.Int64,
    "buyers": pl.Int64, "expected_orders": pl.Float64, "hours": pl.Float64, "counted": pl.Int64, "asked": pl.Int64,
    "undone": pl.Int64, "refused": pl.Int64, "waiting": pl.Int64, "expected": pl.Float64, "p_refund": pl.Float64,
    "probability": pl.Float64,
})  # fmt: skip
_MEMBERS = pl.Schema({"group": pl.Int64, "order_id": pl.String})


def suspects(evidence: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Groups of orders under suspicion, and their orders; ``evidence`` is of `order_evidence`.

    Groups: group, pattern (burst: one buyer; ring: one rare key; lockstep: accounts that meet again and again;
    slow_ring: one rare key, orders over four weeks; serial_refunder: one buyer at any pace; masked_burst and
    masked_slow_ring: orders whose buyer the platform masks, by product and province; masked_returns: by what came back
    from one province), source (the key), p_timing (null
    for serial_refunder), orders, buyers, expected_orders, hours (first to last order), counted, asked, undone, refused,
    waiting (not shipped, nothing asked yet), expected (requests that the same products bring from
    others), p_refund, probability (0..1, of not being ordinary). Members: group, order_id. An order may stand in
    several groups.

    >>> from datetime import date
    >>> from aftersales.measures.order_evidence import order_evidence
    >>> none = order_evidence(pl.DataFrame(schema={"order_id": pl.String, "created_at": pl.Datetime}),
    ...     pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String}), until=date(2026, 11, 15))
    >>> [table.height for table in suspects(none)]
    [0, 0]
    """
    rare = rare_keys(evidence)
    episodes = _fast(rare, target=FIRST_TARGET)
    apart = pl.concat([m["order_id"] for _, m in episodes]).unique() if episodes else None
    spread = spreads(evidence, apart=apart)
    found = [_confirmed(g, m, evidence, spread) for g, m in episodes]
    found += _slow(rare, evidence, spread)
    found.append(_serial(evidence, spread))
    found.append(_returned_together(rare, evidence, spread))
    return _numbered([_named(f, evidence) for f in found if f[0].height])


def by_timing_and_keys(evidence: pl.DataFrame) -> pl.Series:
    """Order ids that stand out by timing and shared keys alone, never by what became of them.

    Made for leaving suspected orders out of a product's refund rate: chosen without regard to their outcome, they bend
    no rate. The cut is far stricter than where refunds must agree.

    >>> by_timing_and_keys(pl.DataFrame(schema={"order_id": pl.String, "buyer": pl.String, "address": pl.String,
    ...     "phone": pl.String, "province": pl.String, "product_id": pl.String, "at": pl.Int64,
    ...     "counts": pl.Boolean})).len()
    0
    """
    found = _fast(rare_keys(evidence), target=ALONE_TARGET)
    ids = [members["order_id"] for _, members in found]
    return pl.concat(ids).unique().sort() if ids else pl.Series("order_id", [], dtype=pl.String)


def _named(found: tuple[pl.DataFrame, pl.DataFrame], evidence: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of masked groups only the orders that came back are named, less sure by those that would have come back anyway.

    Where no buyer is known, other people's orders for the same product in the same days cannot be told apart.
    """
    groups, members = found
    masked = pl.col("pattern").str.starts_with("masked")
    unknown = groups.filter(masked)["group"]
    asked = evidence.lazy().filter("asked").select("order_id").collect()["order_id"]
    keep = ~pl.col("group").is_in(unknown.implode()) | pl.col("order_id").is_in(asked.implode())
    extra = (1 - pl.col("expected") / pl.col("asked").clip(lower_bound=1)).clip(0, 1)
    sure = pl.when(masked).then(pl.col("probability") * extra).otherwise("probability")
    return groups.with_columns(probability=sure), members.filter(keep)


def _masked(evidence: pl.DataFrame) -> pl.DataFrame:
    """``place``: product and province, of orders that name no buyer and no rare key."""
    known = pl.all_horizontal(pl.col("product_id", "province").is_not_null())
    place = pl.when(names_nobody() & known).then(pl.struct("product_id", "province").hash())
    return evidence.with_columns(place=place)


def _views(rare: pl.DataFrame) -> list[tuple[str, str, pl.DataFrame, str | None]]:
    return [
        ("burst", "buyer", rare, None),
        *(("ring", key, rare, None) for key in KEYS),
        ("masked_burst", "place", _masked(rare), "product_id"),
    ]


def _fast(rare: pl.DataFrame, *, target: float) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Episodes of hours or days whose timing stands out, by every kind of source."""
    found = []
    for pattern, by, rows, within in _views(rare):
        if rows[by].is_not_null().any():
            # a window beyond the target cannot stand, whatever the others are
            tests = windows(rows, by=by, within=within, keep=lambda found: found.filter(pl.col("p_timing") <= target))
            kept = surprising(tests, tried=rows[by].n_unique(), target=target)
            groups, members = _episodes(kept, rows, by=by, pattern=pattern)
            if by in KEYS:
                # one buyer's own burst is judged as that buyer's
                groups = groups.filter(pl.col("buyers") >= 2)
                members = members.filter(pl.col("group").is_in(groups["group"].implode()))
            if groups.height:
                found.append((groups, members))
    pairs, members = lockstep(rare, target=target)
    if pairs.height:
        found.append((pairs.with_columns(pattern=pl.lit("lockstep")), members))
    return found


def _episodes(kept: pl.DataFrame, rows: pl.DataFrame, *, by: str, pattern: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Windows of one source that overlap are one episode; its orders are all those of the source within it."""
    ordered = kept.sort("source", "start")
    past = pl.col("end").cum_max().shift(1).over("source")
    ordered = ordered.with_columns(group=(pl.col("start") > past).fill_null(value=True).cast(pl.Int64).cum_sum())
    spans = ordered.group_by("group", maintain_order=True).agg(
        pl.col("source").first(), begin=pl.col("start").min(), stop=pl.col("end").max(),
        p_timing=pl.col("p_timing").min(),
        expected_orders=pl.col("expected").get(pl.col("p_timing").arg_min()),
    )  # fmt: skip
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


def _confirmed(
    groups: pl.DataFrame, members: pl.DataFrame, evidence: pl.DataFrame, spread: dict[str, float]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of episodes that stand out by timing, those whose refunds stand out as well."""
    judged = _judged(groups, members, evidence, spread)
    found = _stand_out(judged, p="p_refund", tried=judged.height, target=SECOND_TARGET)
    found = _probable(found, tried=judged.height, p="p_refund")
    # of what is not shipped little can be known yet: it is judged by how such timing turned out before
    waits = pl.col("waiting") > OPEN_SHARE * pl.col("orders")
    share = (found.filter(~waits).height + 0.5) / (judged.filter(~waits).height + 1)
    if share > LEAST_SHARE:
        left = judged.join(found, on="group", how="anti").filter(waits, pl.col("p_timing") <= ALONE_TARGET)
        found = pl.concat([found, left.with_columns(probability=pl.lit(min(share, SUREST)))], how="diagonal")
    return found, members.filter(pl.col("group").is_in(found["group"].implode()))


def _judged(
    groups: pl.DataFrame, members: pl.DataFrame, evidence: pl.DataFrame, spread: dict[str, float]
) -> pl.DataFrame:
    """Groups with what became of their orders."""
    of = members.lazy().join(evidence.lazy().select("order_id", "waiting"), on="order_id")
    waiting = of.group_by("group").agg(pl.col("waiting").sum().cast(pl.Int64)).collect(engine="streaming")
    return groups.join(refund_tails(members, evidence, spread=spread), on="group").join(waiting, on="group")


def _probable(found: pl.DataFrame, *, tried: int, p: str) -> pl.DataFrame:
    """``probability``: the most that p can speak against chance, from the share of those tried that were kept.

    Source: Sellke, Bayarri and Berger 2001, The American Statistician 55 (the bound -e p log p).
    """
    prior = min(max(found.height / max(tried, 1), 1e-6), 0.9)
    value = np.clip(found[p].to_numpy(), 1e-300, 1 / math.e)
    chance = -math.e * value * np.log(value) * (1 - prior)
    return found.with_columns(probability=pl.Series(np.minimum(prior / (prior + chance), SUREST), dtype=pl.Float64))


def _slow(
    rare: pl.DataFrame, evidence: pl.DataFrame, spread: dict[str, float]
) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Low and slow: one order an account over weeks. Refunds first, then pace or sameness of product and reason."""
    found = []
    views = [("slow_ring", key, rare, None) for key in KEYS]
    for pattern, by, rows, within in [*views, ("masked_slow_ring", "place", _masked(rare), "product_id")]:
        if not rows[by].is_not_null().any():
            continue
        best = windows(rows, by=by, lengths_hours=SLOW_HOURS, within=within, keep=_fullest)
        groups, members = _episodes(best, rows, by=by, pattern=pattern)
        if by in KEYS:
            groups = groups.filter(pl.col("buyers") >= SLOW_LEAST_BUYERS)
        members = members.filter(pl.col("group").is_in(groups["group"].implode()))
        judged = _judged(groups, members, evidence, spread)
        kept = _stand_out(judged, p="p_refund", tried=judged.height, target=FIRST_TARGET)
        alike = kept.join(sameness(members, evidence), on="group", how="left")
        # in one product and province sameness is no news: a bad batch would show it too
        evidence_p = (
            (2 * pl.min_horizontal("p_timing", "p_same")).clip(upper_bound=1.0) if by in KEYS else pl.col("p_timing")
        )
        alike = alike.with_columns(p_both=evidence_p)
        last = _stand_out(alike, p="p_both", tried=alike.height, target=SECOND_TARGET)
        last = _probable(last, tried=alike.height, p="p_both").drop("alike", "p_same", "p_both")
        found.append((last, members.filter(pl.col("group").is_in(last["group"].implode()))))
    return found


def _fullest(tests: pl.DataFrame) -> pl.DataFrame:
    """Of a source's overlapping windows the fullest."""
    many = tests.filter(pl.col("orders") >= SLOW_LEAST_BUYERS)
    return many.sort("orders", "start", descending=[True, False]).unique("source", keep="first", maintain_order=True)


def _returned_together(
    rare: pl.DataFrame, evidence: pl.DataFrame, spread: dict[str, float]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Masked orders of one province that came back together: by their timing first, then by falling on few products."""
    rows = returned(rare)
    none = pl.DataFrame(schema=_GROUPS), pl.DataFrame(schema=_MEMBERS)
    if rows.height < LEAST_RETURNS:
        return none
    kept = surprising(run_windows(rows), tried=rows["place"].n_unique(), target=FIRST_TARGET)
    episodes, returns = _episodes(kept, rows, by="place", pattern="masked_returns")
    same, members = same_products(returns, rows, rare)
    if same.is_empty():
        return none
    sizes = members.group_by("group").agg(orders=pl.len().cast(pl.Int64))
    groups = episodes.drop("orders").join(sizes, on="group").join(same, on="group")
    judged = _judged(groups, members, evidence, spread)
    last = _stand_out(judged, p="p_same", tried=episodes.height, target=SECOND_TARGET)
    last = _probable(last, tried=episodes.height, p="p_same").drop("p_same")
    return last, members.filter(pl.col("group").is_in(last["group"].implode()))


def _stand_out(judged: pl.DataFrame, *, p: str, tried: int, target: float) -> pl.DataFrame:
    tests = judged.select(pl.col("group").alias("source"), p)
    return judged.filter(pl.col("group").is_in(surprising(tests, tried=tried, target=target, p=p)["source"].implode()))


def _serial(evidence: pl.DataFrame, spread: dict[str, float]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Buyers who ask for their money back far beyond what they buy, and beyond how buyers differ."""
    counted = evidence.lazy().filter(pl.col("counts"), pl.col("buyer").is_not_null())
    conduct = counted.select("buyer", "at", "asked")
    many = pl.concat(
        part.group_by("buyer").agg(
            orders=pl.len().cast(pl.Int64), hours=(pl.col("at").max() - pl.col("at").min()) / 3600,
            ever=pl.col("asked").any(),
        ).filter(pl.col("orders") >= SERIAL_LEAST_ORDERS).collect()
        for part in in_parts(conduct, "buyer", n=parts_for(evidence.height))
    )  # fmt: skip
    tried = many.height
    # who never sent anything back can surprise nobody, but was looked at like the others
    many = many.filter("ever").sort("buyer").with_row_index("group").with_columns(pl.col("group").cast(pl.Int64))
    members = counted.join(many.lazy().select("group", "buyer"), on="buyer").select("group", "order_id").collect()
    judged = _judged(many, members, evidence, spread).with_columns(
        pattern=pl.lit("serial_refunder"), source="buyer", buyers=pl.lit(1, dtype=pl.Int64),
        p_timing=pl.lit(None, dtype=pl.Float64), expected_orders=pl.lit(None, dtype=pl.Float64),
    )  # fmt: skip
    kept = _stand_out(judged, p="p_refund", tried=tried, target=SECOND_TARGET)
    kept = _probable(kept, tried=tried, p="p_refund")
    return kept, members.filter(pl.col("group").is_in(kept["group"].implode()))


def _numbered(found: Sequence[tuple[pl.DataFrame, pl.DataFrame]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Groups of all views under one numbering."""
    groups, members, base = [pl.DataFrame(schema=_GROUPS)], [pl.DataFrame(schema=_MEMBERS)], 0
    for table, orders in found:
        shift = pl.col("group").cast(pl.Int64) + base
        groups.append(table.with_columns(group=shift).select(list(_GROUPS)).cast(dict(_GROUPS)))  # type: ignore[arg-type]
        members.append(orders.with_columns(group=shift).cast(dict(_MEMBERS)))  # type: ignore[arg-type]
        base += int(table["group"].max()) + 1  # type: ignore[arg-type]
    return pl.concat(groups), pl.concat(members)
