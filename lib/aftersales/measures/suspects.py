"""Suspected groups of orders: where the timing says so and, by itself, the refunds say so too.

The two are looked at one after the other: of all sources those whose timing (or whose refunds) stand out are kept, and
only among these the other evidence is judged, each with Benjamini and Hochberg's procedure. An ordinary spree has
ordinary refunds, and an unlucky buyer an ordinary pace; to be listed a group must be neither. Who has ordered often, at
any pace, or shares a rare key with others who have, is judged by refunds alone, against how such buyers (and doors)
differ. Sources: Bourgon, Gentleman and Huber 2010, PNAS 107 (independent filtering); Heller, Bogomolov and Benjamini
2014, PNAS 111 (findings that must hold twice).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from aftersales.measures.bursts import surprising, windows
from aftersales.measures.chunks import in_parts, part_of, parts_for
from aftersales.measures.judging import (
    SUREST,
    as_episodes,
    possible,
    standing_out,
    with_outcome,
    with_probability,
    without_neighbours,
)
from aftersales.measures.lockstep import lockstep
from aftersales.measures.masked_returns import LEAST_RETURNS, returned, run_windows, same_products
from aftersales.measures.refund_tails import Ordinary, ordinary, spreads
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
RING_LEAST_BUYERS = 2
# A serial refunder has come back often enough to be known: fewer orders leave it open.
SERIAL_LEAST_ORDERS = 6
# Orders that still wait are listed where such timing was confirmed by refunds more often than not.
LEAST_SHARE = 0.5
OPEN_SHARE = 1 / 3
# In this order a case that is several things is called after the first.
PATTERNS = ("ring", "lockstep", "burst", "slow_ring", "serial_refunder", "forged_return", "masked_burst",
            "masked_returns", "masked_slow_ring")  # fmt: skip

# What timing and keys alone are judged by.
OF_TIMING_AND_KEYS = ("order_id", "buyer", "address", "phone", "province", "product_id", "at", "counts")

_GROUPS = pl.Schema({
    "group": pl.Int64, "pattern": pl.String, "source": pl.String, "p_timing": pl.Float64, "orders": pl.Int64,
    "buyers": pl.Int64, "expected_orders": pl.Float64, "hours": pl.Float64, "counted": pl.Int64, "asked": pl.Int64,
    "undone": pl.Int64, "refused": pl.Int64, "unreturned": pl.Int64, "waiting": pl.Int64, "expected": pl.Float64,
    "p_refund": pl.Float64, "probability": pl.Float64,
})  # fmt: skip
_MEMBERS = pl.Schema({"group": pl.Int64, "order_id": pl.String})


def suspects(evidence: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Groups of orders under suspicion, and their orders; ``evidence`` is of `order_evidence`.

    Groups: group, pattern (burst: one buyer; ring: one rare key; lockstep: accounts that meet again and again;
    slow_ring: one rare key, orders over weeks; serial_refunder: one buyer at any pace; masked_burst and
    masked_slow_ring: orders whose buyer the platform masks, by product and province; masked_returns: by what came back
    from one province), source (the key), p_timing (null where judged by refunds alone), orders, buyers,
    expected_orders, hours (first to last order), counted, asked, undone, refused, unreturned, waiting (not shipped,
    nothing asked yet), expected (requests that the same products bring from others), p_refund, probability (0..1, of
    not being ordinary). Members: group, order_id. An order may stand in several groups.

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
    spread, unlike = spreads(evidence, apart=apart)
    # several people together differ no more than one does: where too few share a key to tell, the wider stands
    at_doors = spread
    for key in KEYS:
        of_key, unlike = spreads(rare, apart=unlike, by=key)
        at_doors = {way: max(at_doors[way], of_key[way]) for way in at_doors}
    usual = ordinary(evidence, spread=spread, apart=unlike)
    found = [_confirmed(g, m, evidence, usual) for g, m in episodes]
    found += _slow(rare, evidence, usual)
    found += [_door(rare, key, evidence, replace(usual, spread=at_doors)) for key in KEYS]
    found.append(_serial(evidence, usual))
    found.append(_returned_together(rare, evidence, usual))
    return _numbered([_named(f, evidence) for f in found if f[0].height])


def by_timing_and_keys(evidence: pl.DataFrame) -> pl.Series:
    """Order ids that stand out by timing and shared keys alone, never by what became of them.

    ``evidence`` is of `order_evidence`, of which the columns `OF_TIMING_AND_KEYS` are enough.
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
    if unknown.is_empty():
        return found
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
            groups, members = as_episodes(kept, rows, by=by, pattern=pattern)
            if by in KEYS:
                # one buyer's own burst is judged as that buyer's
                groups = groups.filter(pl.col("buyers") >= RING_LEAST_BUYERS)
                members = members.filter(pl.col("group").is_in(groups["group"].implode()))
            if groups.height:
                found.append((groups, members))
    pairs, members = lockstep(rare, target=target)
    if pairs.height:
        found.append((pairs.with_columns(pattern=pl.lit("lockstep")), members))
    return found


def _confirmed(
    groups: pl.DataFrame, members: pl.DataFrame, evidence: pl.DataFrame, usual: Ordinary
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of episodes that stand out by timing, those whose refunds stand out as well."""
    judged = with_outcome(groups, members, evidence, usual)
    found = standing_out(judged, p="p_refund", tried=judged.height, target=SECOND_TARGET)
    found = with_probability(found, tried=judged.height, p="p_refund")
    # of what is not shipped little can be known yet: it is judged by how such timing turned out before
    waits = pl.col("waiting") > OPEN_SHARE * pl.col("orders")
    share = (found.filter(~waits).height + 0.5) / (judged.filter(~waits).height + 1)
    left = judged.join(found, on="group", how="anti").filter(waits, pl.col("p_timing") <= ALONE_TARGET)
    left = left.with_columns(probability=pl.lit(min(share, SUREST))).filter(pl.lit(share > LEAST_SHARE))
    theirs = members.filter(pl.col("group").is_in(left["group"].implode()))
    ring = pl.col("pattern") == "ring"
    of_keys, known = without_neighbours(found.filter(ring), members, evidence, usual, least=RING_LEAST_BUYERS)
    rest = found.filter(~ring)
    known = pl.concat([known, members.filter(pl.col("group").is_in(rest["group"].implode()))])
    return pl.concat([of_keys, rest, left], how="diagonal"), pl.concat([known, theirs])


def _slow(rare: pl.DataFrame, evidence: pl.DataFrame, usual: Ordinary) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Low and slow: one order an account over weeks. Refunds first, then pace or sameness of product and reason."""
    found = []
    views = [("slow_ring", key, rare, None) for key in KEYS]
    for pattern, by, rows, within in [*views, ("masked_slow_ring", "place", _masked(rare), "product_id")]:
        if not rows[by].is_not_null().any():
            continue
        best = windows(rows, by=by, lengths_hours=SLOW_HOURS, within=within, keep=_fullest)
        judged, members, tried = _slow_judged(best, rows, evidence, usual, by=by, pattern=pattern)
        kept = standing_out(judged, p="p_refund", tried=tried, target=FIRST_TARGET)
        alike = kept.join(sameness(members, evidence), on="group", how="left")
        # in one product and province sameness is no news: a bad batch would show it too
        evidence_p = (
            (2 * pl.min_horizontal("p_timing", "p_same")).clip(upper_bound=1.0) if by in KEYS else pl.col("p_timing")
        )
        alike = alike.with_columns(p_both=evidence_p)
        last = standing_out(alike, p="p_both", tried=alike.height, target=SECOND_TARGET)
        last = with_probability(last, tried=alike.height, p="p_both").drop("alike", "p_same", "p_both")
        if by in KEYS:
            found.append(without_neighbours(last, members, evidence, usual, least=SLOW_LEAST_BUYERS))
        else:
            found.append((last, members.filter(pl.col("group").is_in(last["group"].implode()))))
    return found


def _slow_judged(
    best: pl.DataFrame, rows: pl.DataFrame, evidence: pl.DataFrame, usual: Ordinary, *, by: str, pattern: str
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """The windows, one a source, as groups with what became of their orders; their orders; how many were tried.

    Some sources at a time: of those whose refunds cannot stand out by themselves nothing is held.
    """
    kept, tried, base = [], 0, 0
    for some in _of_so_many_orders(best):
        groups, members = as_episodes(some, rows, by=by, pattern=pattern)
        groups = groups.with_columns(pl.col("group") + base)
        members = members.with_columns(pl.col("group") + base)
        base += some.height
        if by in KEYS:
            groups = groups.filter(pl.col("buyers") >= SLOW_LEAST_BUYERS)
        members = members.filter(pl.col("group").is_in(groups["group"].implode()))
        tried += groups.height
        kept.append(possible(with_outcome(groups, members, evidence, usual), members, target=FIRST_TARGET))
    return pl.concat(g for g, _ in kept), pl.concat(m for _, m in kept), tried


def _door(rare: pl.DataFrame, key: str, evidence: pl.DataFrame, usual: Ordinary) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Accounts under one rare key whose orders come back far beyond what they buy, and beyond how doors differ.

    They must do so without the account that asks most: one person's conduct is no group's.
    """
    known = rare.lazy().filter("counts", pl.col(key).is_not_null())
    who = pl.coalesce(pl.col("buyer").cast(pl.String), "order_id")
    kept, tried = [], 0
    for part in in_parts(known.select("order_id", "at", "asked", who=who, door=key), "door", n=parts_for(rare.height)):
        orders = part.collect()
        many = (
            orders.group_by("door")
            .agg(
                orders=pl.len().cast(pl.Int64),
                buyers=pl.col("who").n_unique().cast(pl.Int64),
                hours=(pl.col("at").max() - pl.col("at").min()) / 3600,
            )
            .filter(pl.col("buyers") >= SLOW_LEAST_BUYERS)
            .sort("door")
        )
        some = many.with_columns(group=pl.int_range(pl.len()) + tried)
        tried += many.height
        inside = orders.join(some.select("group", "door"), on="door")
        accounts = inside.group_by("group", "who").agg(pl.col("asked").sum()).sort("group", "asked", "who")
        loudest = accounts.unique("group", keep="last", maintain_order=True)
        rest = inside.join(loudest, on=["group", "who"], how="anti").select("group", "order_id")
        judged = with_outcome(some.drop("door"), rest, evidence, usual)
        kept.append(possible(judged, inside.select("group", "order_id"), target=SECOND_TARGET))
    judged = pl.concat(g for g, _ in kept).with_columns(
        source=pl.lit(key),
        pattern=pl.lit("slow_ring"),
        p_timing=pl.lit(None, dtype=pl.Float64),
        expected_orders=pl.lit(None, dtype=pl.Float64),
    )
    found = standing_out(judged, p="p_refund", tried=tried, target=SECOND_TARGET)
    found = with_probability(found, tried=tried, p="p_refund")
    members = pl.concat(m for _, m in kept)
    return without_neighbours(found, members, evidence, usual, least=SLOW_LEAST_BUYERS)


def _of_so_many_orders(best: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Windows, one a source, so many at a time that their orders are no more than one part's."""
    part = part_of(best["orders"])
    for number in part.unique(maintain_order=True).to_list() or [0]:
        yield best.filter(part == number)


def _fullest(tests: pl.DataFrame) -> pl.DataFrame:
    """Of a source's overlapping windows the fullest."""
    many = tests.filter(pl.col("orders") >= SLOW_LEAST_BUYERS)
    return many.sort("orders", "start", descending=[True, False]).unique("source", keep="first", maintain_order=True)


def _returned_together(
    rare: pl.DataFrame, evidence: pl.DataFrame, usual: Ordinary
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Masked orders of one province that came back together: by their timing first, then by falling on few products."""
    rows = returned(rare)
    none = pl.DataFrame(schema=_GROUPS), pl.DataFrame(schema=_MEMBERS)
    if rows.height < LEAST_RETURNS:
        return none
    kept = surprising(run_windows(rows), tried=rows["place"].n_unique(), target=FIRST_TARGET)
    episodes, returns = as_episodes(kept, rows, by="place", pattern="masked_returns")
    same, members = same_products(returns, rows, rare)
    if same.is_empty():
        return none
    sizes = members.group_by("group").agg(orders=pl.len().cast(pl.Int64))
    groups = episodes.drop("orders").join(sizes, on="group").join(same, on="group")
    judged = with_outcome(groups, members, evidence, usual)
    last = standing_out(judged, p="p_same", tried=episodes.height, target=SECOND_TARGET)
    last = with_probability(last, tried=episodes.height, p="p_same").drop("p_same")
    return last, members.filter(pl.col("group").is_in(last["group"].implode()))


def _serial(evidence: pl.DataFrame, usual: Ordinary) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Buyers who ask for their money back far beyond what they buy, and beyond how buyers differ."""
    counted = evidence.lazy().filter(pl.col("counts"), pl.col("buyer").is_not_null())
    conduct = counted.select("order_id", "buyer", "at", "asked")
    kept, tried = [], 0
    for part in in_parts(conduct, "buyer", n=parts_for(evidence.height)):
        orders = part.collect()
        many = (
            orders.group_by("buyer")
            .agg(
                orders=pl.len().cast(pl.Int64),
                hours=(pl.col("at").max() - pl.col("at").min()) / 3600,
                ever=pl.col("asked").any(),
            )
            .filter(pl.col("orders") >= SERIAL_LEAST_ORDERS)
            .sort("buyer")
        )
        # who never sent anything back can surprise nobody, but was looked at like the others
        group = (pl.int_range(pl.len()) + tried).alias("group")
        tried += many.height
        some = many.with_columns(group).filter("ever")
        members = orders.join(some.select("group", "buyer"), on="buyer").select("group", "order_id")
        kept.append(possible(with_outcome(some, members, evidence, usual), members, target=SECOND_TARGET))
    judged = (
        pl.concat(g for g, _ in kept)
        .sort("buyer")
        .with_columns(
            pattern=pl.lit("serial_refunder"),
            source="buyer",
            buyers=pl.lit(1, dtype=pl.Int64),
            p_timing=pl.lit(None, dtype=pl.Float64),
            expected_orders=pl.lit(None, dtype=pl.Float64),
        )
    )
    found = standing_out(judged, p="p_refund", tried=tried, target=SECOND_TARGET)
    found = with_probability(found, tried=tried, p="p_refund")
    members = pl.concat(m for _, m in kept)
    return found, members.filter(pl.col("group").is_in(found["group"].implode()))


def _numbered(found: Sequence[tuple[pl.DataFrame, pl.DataFrame]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Groups of all views under one numbering."""
    groups, members, base = [pl.DataFrame(schema=_GROUPS)], [pl.DataFrame(schema=_MEMBERS)], 0
    for table, orders in found:
        shift = pl.col("group").cast(pl.Int64) + base
        groups.append(table.with_columns(group=shift).select(list(_GROUPS)).cast(dict(_GROUPS)))  # type: ignore[arg-type]
        members.append(orders.with_columns(group=shift).cast(dict(_MEMBERS)))  # type: ignore[arg-type]
        base += int(table["group"].max()) + 1  # type: ignore[arg-type]
    return pl.concat(groups), pl.concat(members)
