"""Lockstep: accounts without a shared key that buy the same product within the hour, again and again.

Two strangers meet so once by chance, on a day of promotion easily; three times they hardly do. Source: Cao et al.
2014 (SynchroTrap) and Beutel et al. 2013 (CopyCatch), for accounts that act together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from aftersales.measures.chunks import in_parts, parts_for
from aftersales.stats.tails import poisson_sf

APART_SECONDS = 3600
# Where an hour holds more orders of a product than this, everybody meets everybody, and it says nothing.
CROWD = 12
LEAST_MEETINGS = 3
_BUCKETS = 1 << 28
_WHAT = pl.col("product_id").to_physical().cast(pl.Int64)


def lockstep(evidence: pl.DataFrame, *, target: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Groups of accounts in lockstep, and the orders in which they met.

    ``evidence`` is of `order_evidence`; ``target`` the share of false pairs (Benjamini and Hochberg over all pairs of
    buyers with at least three orders). Groups: group, source (first buyer), p_timing (its surest pair, times the pairs
    tried), orders, buyers, hours, expected_orders (meetings to be expected of that pair). Members: group, order_id.

    >>> hour = 3600
    >>> evidence = pl.DataFrame({"order_id": [str(i) for i in range(66)], "product_id": ["p"] * 66,
    ...     "buyer": ["x", "y"] * 3 + [f"b{i}" for i in range(60)],
    ...     "at": [0, 60, 50 * hour, 50 * hour + 60, 90 * hour, 90 * hour + 9]
    ...           + [2 * hour * i + 7000 for i in range(60)],
    ...     "counts": [True] * 66})
    >>> [table.height for table in lockstep(evidence, target=0.05)]
    [1, 6]
    """
    evidence = evidence.with_columns(pl.col("product_id").cast(pl.Categorical))
    rows = evidence.lazy().filter(pl.col("counts"), pl.col("buyer").is_not_null(), pl.col("product_id").is_not_null())
    n, own = parts_for(evidence.height), _own(rows, evidence.height)
    known = rows.select("order_id", "buyer", "product_id", "at")
    parts = [part.join(own.lazy(), on="buyer", how="left") for part in in_parts(known, "product_id", n=n)]
    often = _often(parts) if n > 1 else None
    found, orders, met = [], 0, 0
    for part in parts:
        meetings, height, more = _meetings(part)
        found.append(meetings if often is None else meetings.filter(pl.Series(often[_bucket(meetings)])))
        orders, met = orders + height, met + more
    pairs = pl.concat(found)
    busy = own.filter(pl.col("own") >= LEAST_MEETINGS).height
    tried = busy * (busy - 1) / 2
    days = (pl.col("at") // 86_400).n_unique()
    counted = pairs.group_by("one", "other").agg(times=days).filter(pl.col("times") >= LEAST_MEETINGS)
    for side in ("one", "other"):
        counted = counted.join(own.rename({"buyer": side, "own": f"own_{side}"}), on=side, how="left")
    counted = counted.sort("one", "other")
    chance = met / max(orders**2 / 2, 1)
    expected = counted["own_one"].to_numpy() * counted["own_other"].to_numpy() * chance
    p = np.minimum(poisson_sf(counted["times"].to_numpy() - 1, expected) * max(tried, 1), 1.0)
    counted = counted.with_columns(expected=pl.Series(expected, dtype=pl.Float64), p=pl.Series(p, dtype=pl.Float64))
    order = np.sort(p)
    within = np.flatnonzero(order <= target * np.arange(1, len(order) + 1))
    counted = counted.filter(pl.col("p") <= (order[within[-1]] if len(within) else -1.0))
    return _groups(counted, pairs, evidence)


def _often(parts: Sequence[pl.LazyFrame]) -> np.ndarray:
    """By bucket of pairs, whether so many met that one pair of it may have met often enough.

    A large shop has a hundred million meetings, nearly all of pairs that meet once: these need not be held.
    """
    met = np.zeros(_BUCKETS, dtype=np.uint8)
    for part in parts:
        bucket, times = np.unique(_bucket(_meetings(part)[0]), return_counts=True)
        met[bucket] = np.minimum(met[bucket] + times, 255)
    return met >= LEAST_MEETINGS


def _bucket(pairs: pl.DataFrame) -> np.ndarray:
    return pairs.select(pl.struct("one", "other").hash() % _BUCKETS).to_series().to_numpy()


def _own(rows: pl.LazyFrame, height: int) -> pl.DataFrame:
    """How many orders each buyer has: buyer, own."""
    parts = in_parts(rows.select("buyer"), "buyer", n=parts_for(height))
    return pl.concat(part.group_by("buyer").agg(own=pl.len().cast(pl.Int64)).collect() for part in parts)


def _meetings(part: pl.LazyFrame) -> tuple[pl.DataFrame, int, int]:
    """Pairs of orders of one product within the hour by two busy buyers; how many orders, and how many of any met."""
    rows = part.with_columns(what=_WHAT).sort("what", "at", "order_id").collect()
    what, at = (rows[c].to_numpy() for c in ("what", "at"))
    # equal numbers for equal buyers; which number is nobody's business
    who = rows["buyer"].rank("dense").to_numpy() if rows.height else np.zeros(0, dtype=np.int64)
    # who ordered less often cannot have met anybody so often
    busy = rows["own"].to_numpy() >= LEAST_MEETINGS
    found, crowd, met = [], _near(what, at, CROWD), 0
    for step in range(1, min(CROWD, len(who))):
        near = _near(what, at, step) & ~crowd & (np.roll(who, -step) != who)
        met += int(near.sum())
        left = np.flatnonzero(near & busy & np.roll(busy, -step))
        found.append(np.stack([left, left + step]))
    left, right = np.concatenate(found, axis=1) if found else np.zeros((2, 0), dtype=np.int64)
    pairs = pl.DataFrame(
        {
            "one": rows["buyer"].gather(np.where(who[left] <= who[right], left, right)),
            "other": rows["buyer"].gather(np.where(who[left] <= who[right], right, left)),
            "what": what[left],
            "at": at[left],
            "then": at[right],
            "turned": who[left] > who[right],
        },
        schema_overrides={"what": pl.Int32},
    )
    return pairs, rows.height, met


def _near(what: np.ndarray, at: np.ndarray, step: int) -> np.ndarray:
    """Whether the order so many places further on is of the same product and within the hour."""
    near = np.zeros(len(at), dtype=bool)
    if step < len(at):
        near[:-step] = (what[step:] == what[:-step]) & (at[step:] - at[:-step] <= APART_SECONDS)
    return near


def _groups(counted: pl.DataFrame, pairs: pl.DataFrame, evidence: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    both = pl.concat([counted["one"], counted["other"]]).rank("dense").to_numpy().astype(np.int64) - 1
    one, other = both[: counted.height], both[counted.height :]
    size = int(both.max(initial=0)) + 1
    part = connected_components(coo_array((np.ones(len(one)), (one, other)), shape=(size, size)), directed=False)[1]
    counted = counted.with_columns(group=pl.Series(part[one], dtype=pl.Int64))
    met = pairs.join(counted.select("one", "other", "group"), on=["one", "other"])
    # who was there first is the one or, turned, the other
    first, second = (pl.when(pl.col("turned") == turn).then("one").otherwise("other") for turn in (False, True))
    place = pl.concat(
        [
            met.select("group", "what", buyer=first, at="at"),
            met.select("group", "what", buyer=second, at="then"),
        ]
    ).unique()
    theirs = evidence.lazy().filter(pl.col("buyer").is_in(place["buyer"].unique().implode()), pl.col("counts"))
    orders = theirs.select("order_id", "buyer", "at", what=_WHAT.cast(pl.Int32)).collect()
    inside = place.join(orders, on=["buyer", "what", "at"]).sort("group", "at", "order_id")
    best = (
        counted.sort("p")
        .group_by("group", maintain_order=True)
        .agg(p_timing=pl.col("p").first(), expected_orders=pl.col("expected").first())
    )
    groups = inside.group_by("group").agg(
        source=pl.col("buyer").first(),
        orders=pl.len().cast(pl.Int64),
        buyers=pl.col("buyer").n_unique().cast(pl.Int64),
        hours=(pl.col("at").max() - pl.col("at").min()) / 3600,
    )
    return groups.join(best, on="group").sort("group"), inside.select("group", "order_id")
