"""Lockstep: accounts without a shared key that buy the same product within the hour, again and again.

Two strangers meet so once by chance, on a day of promotion easily; three times they hardly do. Source: Cao et al.
2014 (SynchroTrap) and Beutel et al. 2013 (CopyCatch), for accounts that act together.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from aftersales.measures.tails import poisson_above

APART_SECONDS = 3600
# Where an hour holds more orders of a product than this, everybody meets everybody, and it says nothing.
CROWD = 12
LEAST_MEETINGS = 3


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
    rows = evidence.filter(pl.col("counts"), pl.col("buyer").is_not_null(), pl.col("product_id").is_not_null())
    rows = rows.with_columns(
        who=pl.col("buyer").rank("dense").cast(pl.Int64), what=pl.col("product_id").rank("dense").cast(pl.Int64)
    ).sort("what", "at", "order_id")  # fmt: skip
    own = np.bincount(rows["who"].to_numpy()) if rows.height else np.zeros(1)
    pairs, chance = _meetings(rows, own)
    busy = int((own >= LEAST_MEETINGS).sum())
    tried = busy * (busy - 1) / 2
    counted = (
        pairs.with_columns(day=pl.col("at") // 86_400).group_by("one", "other").agg(times=pl.col("day").n_unique())
    )
    counted = counted.filter(pl.col("times") >= LEAST_MEETINGS)
    expected = own[counted["one"].to_numpy()] * own[counted["other"].to_numpy()] * chance
    p = np.minimum(poisson_above(counted["times"].to_numpy() - 1, expected) * max(tried, 1), 1.0)
    counted = counted.with_columns(expected=pl.Series(expected, dtype=pl.Float64), p=pl.Series(p, dtype=pl.Float64))
    order = np.sort(p)
    within = np.flatnonzero(order <= target * np.arange(1, len(order) + 1))
    counted = counted.filter(pl.col("p") <= (order[within[-1]] if len(within) else -1.0))
    return _groups(counted, pairs, rows)


def _meetings(rows: pl.DataFrame, own: np.ndarray) -> tuple[pl.DataFrame, float]:
    """Pairs of orders of one product within the hour by two busy buyers; and the chance that any two are such."""
    who, what, at = (rows[c].to_numpy() for c in ("who", "what", "at"))
    # who ordered less often cannot have met anybody so often
    busy = own[who] >= LEAST_MEETINGS
    found, crowd, met = [], _near(what, at, CROWD), 0
    for step in range(1, min(CROWD, len(who))):
        near = _near(what, at, step) & ~crowd & (np.roll(who, -step) != who)
        met += int(near.sum())
        left = np.flatnonzero(near & busy & np.roll(busy, -step))
        found.append(np.stack([left, left + step]))
    left, right = np.concatenate(found, axis=1) if found else np.zeros((2, 0), dtype=np.int64)
    pairs = pl.DataFrame({
        "one": np.minimum(who[left], who[right]), "other": np.maximum(who[left], who[right]), "at": at[left],
        "left": left, "right": right,
    })  # fmt: skip
    return pairs, met / max(len(who) ** 2 / 2, 1)


def _near(what: np.ndarray, at: np.ndarray, step: int) -> np.ndarray:
    """Whether the order so many places further on is of the same product and within the hour."""
    near = np.zeros(len(at), dtype=bool)
    if step < len(at):
        near[:-step] = (what[step:] == what[:-step]) & (at[step:] - at[:-step] <= APART_SECONDS)
    return near


def _groups(counted: pl.DataFrame, pairs: pl.DataFrame, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    size = int(rows["who"].to_numpy().max(initial=0)) + 1
    one, other = counted["one"].to_numpy(), counted["other"].to_numpy()
    part = connected_components(coo_array((np.ones(len(one)), (one, other)), shape=(size, size)), directed=False)[1]
    counted = counted.with_columns(group=pl.Series(part[one], dtype=pl.Int64))
    met = pairs.join(counted.select("one", "other", "group"), on=["one", "other"])
    place = pl.concat([met.select("group", row="left"), met.select("group", row="right")]).unique().sort("group", "row")
    inside = rows[place["row"]].with_columns(group=place["group"])
    best = counted.sort("p").group_by("group", maintain_order=True).agg(
        p_timing=pl.col("p").first(), expected_orders=pl.col("expected").first()
    )  # fmt: skip
    groups = inside.group_by("group").agg(
        source=pl.col("buyer").sort_by("at").first(), orders=pl.len().cast(pl.Int64),
        buyers=pl.col("buyer").n_unique().cast(pl.Int64), hours=(pl.col("at").max() - pl.col("at").min()) / 3600,
    )  # fmt: skip
    return groups.join(best, on="group").sort("group"), inside.select("group", "order_id")
