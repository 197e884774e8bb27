"""What became of the cases: the last state of each, what it says of the suspicion, and what may be learnt from it."""

from __future__ import annotations

from datetime import date
from typing import Literal

import polars as pl

from aftersales.measures.inputs import columns_of
from aftersales.stats.intervals import rate, wilson
from aftersales.tables.columns import Frame
from aftersales.tables.small import CaseMembers, Cases
from aftersales.tables.values import CASE_OUTCOME

Outcome = Literal["open", "confirmed", "refuted", "unresolved"]


def case_outcomes(cases: Frame, members: Frame, *, until: date | None = None) -> pl.DataFrame:
    """One row a case with a recorded state; a case without one is new, and not here.

    Columns out: case_id, pattern (null where not kept), state (the last one), outcome (`CASE_OUTCOME`: open, confirmed,
    refuted, unresolved), at (when it entered that state), first_at, note, by, states (how many were recorded). Sorted
    by at, case_id. ``until`` leaves out states after that day.

    >>> from datetime import datetime
    >>> cases = pl.DataFrame({"case_id": ["a", "a", "b"], "state": ["filed", "won", "innocent"],
    ...     "at": [datetime(2026, 11, 2), datetime(2026, 11, 9), datetime(2026, 11, 3)]})
    >>> members = pl.DataFrame({"case_id": ["a"], "kind": ["order"], "member_id": ["1"], "pattern": ["ring"]})
    >>> case_outcomes(cases, members).select("case_id", "pattern", "state", "outcome").rows()
    [('b', None, 'innocent', 'refuted'), ('a', 'ring', 'won', 'confirmed')]
    """
    entered = columns_of(cases, Cases, ["case_id", "at", "state", "note", "by"], needed=["case_id", "at", "state"])
    if until is not None:
        entered = entered.filter(pl.col("at").dt.date() <= until)
    last = (
        entered.sort("case_id", "at")
        .group_by("case_id", maintain_order=True)
        .agg(pl.col("state", "at", "note", "by").last(), first_at=pl.col("at").first(), states=pl.len().cast(pl.Int64))
    )
    kept = columns_of(members, CaseMembers, ["case_id", "pattern"], needed=["case_id"])
    patterns = kept.group_by("case_id").agg(pl.col("pattern").drop_nulls().first())
    outcome = pl.col("state").replace_strict(CASE_OUTCOME, return_dtype=pl.String)
    joined = last.join(patterns, on="case_id", how="left").with_columns(outcome=outcome)
    columns = ("case_id", "pattern", "state", "outcome", "at", "first_at", "note", "by", "states")
    return joined.select(columns).sort("at", "case_id").collect()


def members_by_outcome(
    cases: Frame,
    members: Frame,
    *,
    outcome: Outcome,
    kind: Literal["order", "complaint"] = "order",
    until: date | None = None,
) -> pl.DataFrame:
    """The orders (or complaints) of all cases with that outcome: labels given by people and the platform, by no score.

    Columns out: order_id (or complaint_id), case_id, at (when the case entered its last state). Sorted; a member of
    two cases stands once for each.

    >>> from datetime import datetime
    >>> cases = pl.DataFrame({"case_id": ["a", "b"], "state": ["won", "lost"], "at": [datetime(2026, 11, 2)] * 2})
    >>> members = pl.DataFrame({"case_id": ["a", "b"], "kind": ["order"] * 2, "member_id": ["1", "2"]})
    >>> members_by_outcome(cases, members, outcome="confirmed").select("order_id", "case_id").rows()
    [('1', 'a')]
    """
    meant = case_outcomes(cases, members, until=until).filter(pl.col("outcome") == outcome).select("case_id", "at")
    return _members(meant, members, kind).sort(f"{kind}_id", "case_id").collect()


def confirmed_orders(cases: Frame, members: Frame, *, until: date | None = None) -> pl.DataFrame:
    """Orders of cases that the platform found for the shop (won, partly won): order_id, case_id, at. Sorted.

    >>> empty = pl.DataFrame(schema={"case_id": pl.String, "state": pl.String, "at": pl.Datetime})
    >>> members = pl.DataFrame(schema={"case_id": pl.String, "kind": pl.String, "member_id": pl.String})
    >>> confirmed_orders(empty, members).shape
    (0, 3)
    """
    return members_by_outcome(cases, members, outcome="confirmed", until=until)


def cleared_buyers(cases: Frame, members: Frame, orders: Frame, complaints: Frame) -> dict[str, date]:
    """The shop's allow-list: buyers of cases whose last state is innocent, with the latest day on which that was said.

    Buyers are found through the orders the case held then, and the orders its complaints are about.

    >>> from datetime import datetime
    >>> cases = pl.DataFrame({"case_id": ["a"], "state": ["innocent"], "at": [datetime(2026, 11, 2)]})
    >>> members = pl.DataFrame({"case_id": ["a"], "kind": ["order"], "member_id": ["1"]})
    >>> orders = pl.DataFrame({"order_id": ["1", "2"], "buyer_key": ["b1", "b2"]})
    >>> complaints = pl.DataFrame(schema={"complaint_id": pl.String, "order_id": pl.String})
    >>> cleared_buyers(cases, members, orders, complaints)
    {'b1': datetime.date(2026, 11, 2)}
    """
    named = cleared(cases, members, kind="order")
    told = (
        cleared(cases, members, kind="complaint")
        .lazy()
        .join(complaints.lazy().select("complaint_id", "order_id"), on="complaint_id")
        .select("order_id", "day")
        .collect()
    )
    both = pl.concat([named, told])
    if both.is_empty():
        return {}
    buyers = orders.lazy().select("order_id", "buyer_key").filter(pl.col("buyer_key").is_not_null())
    days = buyers.join(both.lazy(), on="order_id").group_by("buyer_key").agg(pl.col("day").max()).sort("buyer_key")
    return dict(days.collect().iter_rows())


def cleared(cases: Frame, members: Frame, *, kind: Literal["order", "complaint"]) -> pl.DataFrame:
    """Orders or complaints of cases whose last state is innocent: order_id or complaint_id, and the day. Sorted.

    >>> empty = pl.DataFrame(schema={"case_id": pl.String, "state": pl.String, "at": pl.Datetime})
    >>> members = pl.DataFrame(schema={"case_id": pl.String, "kind": pl.String, "member_id": pl.String})
    >>> cleared(empty, members, kind="complaint").columns
    ['complaint_id', 'day']
    """
    innocent = case_outcomes(cases, members).filter(pl.col("state") == "innocent").select("case_id", "at")
    days = _members(innocent, members, kind).group_by(f"{kind}_id").agg(day=pl.col("at").dt.date().max())
    return days.sort(f"{kind}_id").collect()


def _members(meant: pl.DataFrame, members: Frame, kind: str) -> pl.LazyFrame:
    """Orders or complaints of those cases: order_id or complaint_id, case_id, at."""
    kept = columns_of(members, CaseMembers, ["case_id", "kind", "member_id"], needed=["case_id", "kind", "member_id"])
    found = kept.filter(pl.col("kind") == kind).join(meant.lazy(), on="case_id")
    return found.select(pl.col("member_id").alias(f"{kind}_id"), "case_id", "at")


def win_rates(outcomes: pl.DataFrame) -> pl.DataFrame:
    """How cases ended, by pattern, of the rows of `case_outcomes`; then all together (pattern null).

    Two rates, each with its counts and Wilson's 90 % interval: ``win_rate`` is won and partly won over what the
    platform decided (those and lost); ``right_rate`` is confirmed over confirmed and refuted, where a case that turned
    out innocent counts against the list. Settled and dropped cases are in neither.

    Columns out: pattern, cases, won, partly_won, lost, decided, win_rate, win_low, win_high, innocent, settled,
    dropped, open, judged, right_rate, right_low, right_high (Int64 counts, Float64 rates, null without a case). Most
    cases first.

    >>> rows = pl.DataFrame({"pattern": ["ring", "ring", "burst"], "state": ["won", "lost", "innocent"],
    ...     "outcome": ["confirmed", "refuted", "refuted"]})
    >>> win_rates(rows).select("pattern", "decided", "win_rate", "judged").rows()
    [('ring', 2, 0.5, 2), ('burst', 0, None, 1), (None, 2, 0.5, 3)]
    """
    named = ("won", "partly_won", "lost", "innocent", "settled", "dropped")
    counts = [(pl.col("state") == s).sum().cast(pl.Int64).alias(s) for s in named]
    counts += [pl.len().cast(pl.Int64).alias("cases"), (pl.col("outcome") == "open").sum().cast(pl.Int64).alias("open")]
    by = outcomes.group_by("pattern").agg(counts).sort("cases", "pattern", descending=[True, False])
    every = pl.concat([by, outcomes.select(pl.lit(None, dtype=pl.String).alias("pattern"), *counts)])
    right = pl.col("won") + pl.col("partly_won")
    every = every.with_columns(decided=right + pl.col("lost"), judged=right + pl.col("lost") + pl.col("innocent"))
    for name, whole in (("win", "decided"), ("right", "judged")):
        every = every.with_columns(rate(right, pl.col(whole)).alias(f"{name}_rate"))
        low, high = wilson(pl.col(f"{name}_rate"), pl.col(whole))
        every = every.with_columns(low.alias(f"{name}_low"), high.alias(f"{name}_high"))
    return every.select(
        "pattern",
        "cases",
        "won",
        "partly_won",
        "lost",
        "decided",
        "win_rate",
        "win_low",
        "win_high",
        "innocent",
        "settled",
        "dropped",
        "open",
        "judged",
        "right_rate",
        "right_low",
        "right_high",
    )
