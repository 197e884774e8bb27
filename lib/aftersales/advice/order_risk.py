"""How risky an order looks at the moment it is placed, from nothing that came to be known later.

Three plain facts, so that a reviewer can see why an order is shown: how many orders the same account has just placed,
how many others have just been sent to the same door or telephone, and how much of what the account ordered before had
come to nothing by then. No learning: the threshold is chosen by replay, on the shop's own past.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from aftersales.measures.chunks import PART_ROWS, in_parts, parts_for
from aftersales.measures.inputs import local_time

# An account's fourth order in a day, or the fourth account at one door in two, is as likely as not worth a look.
HALF_AT = 3.0
OWN_HOURS, SHARED_HOURS = 24, 48
# A door with more orders than this in the window is a parcel shop or an office's front desk: it says nothing.
BUSY_DOOR = 25
# A new account is credited with five orders of which hardly one came to nothing.
PRIOR_ORDERS, PRIOR_UNDONE = 5.0, 0.5


def order_risk(facts: pl.DataFrame) -> pl.DataFrame:
    """order_id and score (0..1) of each row of `order_facts`; null where the platform masks account, door and phone.

    The score is one less the product of what each fact leaves: 1 - (1 - n/(n+3)) (1 - m/(m+3)) (1 - u), with n earlier
    orders of the account within a day, m orders of other accounts to the same door or telephone within two days, and u
    the share of its earlier orders that were never paid or asked back before this one was placed, above what a new
    account is credited with. Sorted as the facts.

    >>> from datetime import datetime, timedelta
    >>> at = [datetime(2026, 11, 9, 9) + timedelta(hours=k) for k in range(4)]
    >>> facts = pl.DataFrame({"order_id": list("abcd"), "buyer_key": ["x"] * 4, "created_at": at, "paid": [True] * 4,
    ...     "address_key": [None] * 4, "phone_key": [None] * 4, "asked_at": [None] * 4},
    ...     schema_overrides={"asked_at": pl.Datetime("us")})
    >>> order_risk(facts)["score"].round(2).to_list()
    [0.0, 0.25, 0.4, 0.5]
    """
    n = parts_for(facts.height)
    rows = (
        facts.lazy()
        .select(
            "buyer_key",
            "address_key",
            "phone_key",
            "paid",
            at=_plain(facts, "created_at"),
            asked=_plain(facts, "asked_at"),
        )
        .with_row_index("row")
    )
    own, undone = np.zeros(facts.height, np.int32), np.zeros(facts.height)
    for part in in_parts(rows.filter(pl.col("buyer_key").is_not_null()), "buyer_key", n=n):
        mine = part.collect(engine="streaming")
        _put(own, _just_before(mine, "buyer_key", OWN_HOURS), "n")
        _put(undone, _undone_before(mine), "undone")
    others = np.zeros(facts.height, np.int32)
    for key in ("address_key", "phone_key"):
        at_door = np.zeros(facts.height, np.int32)
        keyed = rows.select("row", "buyer_key", key, "at").filter(pl.col(key).is_not_null())
        for part in in_parts(keyed, key, n=n):
            _put(at_door, _others_before(part.collect(engine="streaming"), key), "n")
        others = np.maximum(others, np.where(at_door <= BUSY_DOOR, at_door, 0))
    score = undone  # in its place, part by part: each of a large shop's columns takes a third of a gigabyte
    for start in range(0, facts.height, PART_ROWS):
        of = slice(start, start + PART_ROWS)
        left = (HALF_AT / (own[of] + HALF_AT)) * (HALF_AT / (others[of] + HALF_AT)) * (1 - undone[of])
        score[of] = 1 - left
    known = pl.any_horizontal(pl.col("buyer_key", "address_key", "phone_key").is_not_null())
    return facts.select("order_id", score=pl.when(known).then(_in_chunks(score, facts)))


def _in_chunks(values: np.ndarray, facts: pl.DataFrame) -> pl.Series:
    """The values cut as the facts are, by months: beside a column in one piece polars would copy all the others."""
    ends = np.cumsum(facts.to_series(0).chunk_lengths())
    return pl.concat([pl.Series(part) for part in np.split(values, ends[:-1])], rechunk=False)


def _put(into: np.ndarray, found: pl.DataFrame, name: str) -> None:
    into[found["row"].to_numpy()] = found[name].fill_null(0).to_numpy()


def _plain(facts: pl.DataFrame, name: str) -> pl.Expr:
    if facts.schema[name] == pl.Null:
        return pl.lit(None, dtype=pl.Datetime("us"))
    return local_time(pl.col(name))


def _just_before(rows: pl.DataFrame, key: str, hours: int) -> pl.DataFrame:
    """How many rows of the same key lie within so many hours before each: row, n."""
    several = rows.drop_nulls(key).filter(pl.len().over(key) > 1).sort(key, "at", "row")
    if several.is_empty():
        return pl.DataFrame(schema={"row": pl.UInt32, "n": pl.Int64})
    # two pointers by search: both ends in one sorted line of (key, time)
    code = several[key].rank("dense").cast(pl.Int64)
    line = code * (1 << 44) + several["at"].dt.epoch("s")
    first = line.search_sorted(line - hours * 3600, side="left").cast(pl.Int64)
    here = line.search_sorted(line, side="left").cast(pl.Int64)
    return pl.DataFrame({"row": several["row"], "n": here - first})


def _others_before(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """The same, less the account's own."""
    every = _just_before(rows, key, SHARED_HOURS)
    both = rows.with_columns(both=pl.when(pl.col("buyer_key").is_not_null()).then(pl.struct(key, "buyer_key").hash()))
    mine = _just_before(both, "both", SHARED_HOURS).rename({"n": "mine"})
    return every.join(mine, on="row", how="left").select("row", n=pl.col("n") - pl.col("mine").fill_null(0))


def _undone_before(rows: pl.DataFrame) -> pl.DataFrame:
    """The share of an account's earlier orders known to have come to nothing, above the credit: row, undone."""
    mine = rows.drop_nulls("buyer_key").filter(pl.len().over("buyer_key") > 1).sort("at", "row")
    if mine.is_empty():
        return pl.DataFrame(schema={"row": pl.UInt32, "undone": pl.Float64})
    # an order is closed unpaid a day later at the latest
    lapsed = pl.when(~pl.col("paid")).then(pl.col("at") + pl.duration(days=1))
    ends = mine.select("buyer_key", at=pl.coalesce("asked", lapsed)).drop_nulls("at").sort("at")
    ends = ends.with_columns(k=pl.int_range(1, pl.len() + 1).over("buyer_key"))
    told = mine.with_columns(earlier=pl.int_range(pl.len()).over("buyer_key")).join_asof(
        ends, on="at", by="buyer_key", strategy="backward", allow_exact_matches=False, check_sortedness=False
    )
    share = (pl.col("k").fill_null(0) + PRIOR_UNDONE) / (pl.col("earlier") + PRIOR_ORDERS)
    credit = PRIOR_UNDONE / PRIOR_ORDERS
    return told.select("row", undone=((share - credit) / (1 - credit)).clip(0, 1))
