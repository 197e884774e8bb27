"""Returns whose parcel number contradicts the records, as groups of suspected orders, and what is said of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from aftersales.words.language import Language, say

PATTERN = "forged_return"
# What each contradiction may be instead, the likeliest first.
INNOCENT = {
    "several_buyers": ("one_parcel", "recycled"), "reused": ("one_parcel", "copied"),
    "other_delivery": ("copied", "recycled"), "odd_form": ("slip", "wrong_courier"),
    "never_scanned": ("slip", "untraced"), "before_shipping": ("clock", "recycled"), "before_application": ("clock",),
    "signed_elsewhere": ("redirected",), "from_elsewhere": ("gift",), "paid_unsigned": ("paid_early",),
}  # fmt: skip
# Returns of one number that are told one by one.
MOST_TOLD = 3


def with_returns(
    groups: pl.DataFrame, members: pl.DataFrame, returns: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Groups and members of `suspects` with a group for each number that `return_parcels` lists.

    ``returns`` (list of its rows) of such a group holds what there is to say; null of all others.

    >>> from datetime import date
    >>> from aftersales.measures.return_parcels import return_parcels
    >>> none = pl.DataFrame(schema={"order_id": pl.String, "refund_id": pl.String})
    >>> groups = pl.DataFrame(schema={"group": pl.Int64, "pattern": pl.String, "probability": pl.Float64})
    >>> members = pl.DataFrame(schema={"group": pl.Int64, "order_id": pl.String})
    >>> with_returns(groups, members, return_parcels(none, none, until=date(2026, 11, 15))[0])[0].columns
    ['group', 'pattern', 'probability', 'orders', 'returns']
    """
    base = int(groups["group"].max() or 0) + 1  # type: ignore[arg-type]
    rows = returns.filter("listed").with_columns(group=(pl.col("number").rank("dense") + base).cast(pl.Int64))
    found = (
        rows.sort("group", "order_id")
        .group_by("group", maintain_order=True)
        .agg(
            pl.col("probability").max(),
            orders=pl.col("order_id").n_unique().cast(pl.Int64),
            returns=pl.struct(pl.exclude("group")),
        )
        .with_columns(pattern=pl.lit(PATTERN))
    )
    return (
        pl.concat([groups, found], how="diagonal"),
        pl.concat([members, rows.select("group", "order_id")]),
    )


def return_states(returns: pl.DataFrame) -> pl.DataFrame:
    """Orders of listed returns: order_id, return_open (the refund can still be held), return_paid_at.

    >>> rows = pl.DataFrame({"order_id": ["a", "b"], "listed": [True, False], "open": [True] * 2,
    ...     "paid_at": [None] * 2})
    >>> return_states(rows).rows()
    [('a', True, None)]
    """
    return (
        returns.filter("listed")
        .group_by("order_id", maintain_order=True)
        .agg(return_open=pl.col("open").any(), return_paid_at=pl.col("paid_at").max())
    )


def return_reasons(returns: list[dict[str, Any]], *, language: Language) -> list[str]:
    """What the returns of one number contradict, in sentences, with how many honest ones would show the same.

    >>> one = {"order_id": "7", "checks": ["never_scanned"], "courier": "圆通", "expected": 0.04, "alike": 2}
    >>> return_reasons([one], language="en")[0]
    'Order 7: no scan of the parcel was recorded under the return number entered.'
    """
    told = [
        say(f"suspects.return.{check}", language, **(row | {"order": row["order_id"]}))
        for row in returns[:MOST_TOLD]
        for check in row["checks"]
    ]
    if len(returns) > MOST_TOLD:
        told.append(say("suspects.return.more", language, n=len(returns) - MOST_TOLD))
    least = min(returns, key=lambda row: (row["expected"] or 0.0) / max(row["alike"] or 1, 1))
    return [
        *told,
        say("suspects.return.expected", language, alike=least["alike"], expected=max(least["expected"], 0.01)),
    ]


def return_explanations(returns: Iterable[dict[str, Any]], *, language: Language) -> list[str]:
    """What else it may be.

    >>> len(return_explanations([{"checks": ["odd_form", "never_scanned"]}], language="en"))
    3
    """
    names = dict.fromkeys(name for row in returns for check in row["checks"] for name in INNOCENT[check])
    return [say(f"suspects.innocent.return_{name}", language) for name in names]
