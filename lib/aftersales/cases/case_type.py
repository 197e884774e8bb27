"""What type of case it is, in the terms that platforms sort evidence by: not received, quality, malicious orders …"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from aftersales.cases.case import Case

TYPES = (
    "malicious_orders", "not_received", "late_ship", "missing_or_empty", "damaged", "quality", "counterfeit",
    "not_as_described", "refused_parcel", "swapped_return", "extortion", "other",
)  # fmt: skip
# By the finding's own pattern where it says which record the claim is held against. Source: reference "d4".
_OF_PATTERN = {
    "not_received_but_signed": "not_received", "late_claim_against_first_scan": "late_ship",
    "threat_and_sum": "extortion",
}  # fmt: skip
# The 18 reason groups (reference "b2") as types of evidence.
_OF_REASON = {
    "lost_or_stalled": "not_received", "late_ship": "late_ship", "out_of_stock": "late_ship",
    "missing_or_empty": "missing_or_empty", "wrong_item": "not_as_described", "damaged": "damaged",
    "quality": "quality", "allergy_food_safety": "quality", "counterfeit": "counterfeit", "size": "not_as_described",
    "not_as_described": "not_as_described", "refused_parcel": "refused_parcel",
}  # fmt: skip
# What a shop writes when the returned goods are not those it sent. Source: reference "d4", 掉包.
_SWAPPED = r"掉包|调包|寄回.{0,6}(?:不是|不符)|退回.{0,6}(?:不是|不符)|swapped|switched"


def case_type(case: Case, refunds: pl.DataFrame, complaints: pl.DataFrame, *, causes: Collection[str] = ()) -> str:
    """One of `TYPES`. ``causes`` are the reason groups read off the complaints' words, most telling first.

    Suspected orders are malicious orders; a complaint goes by its finding's pattern, else by its cause, else by the
    reason of the order's newest refund.

    >>> none = pl.DataFrame(schema={"reason": pl.String, "note": pl.String, "applied_at": pl.Datetime})
    >>> case_type(Case("suspect-1", "orders", "ring", ("7",)), none, none)
    'malicious_orders'
    >>> case_type(Case("order-7", "order", "order", ("7",)), none, none, causes=["damaged"])
    'damaged'
    """
    if case.kind == "orders":
        return "malicious_orders"
    told = " ".join(
        t for f, c in ((refunds, "note"), (complaints, "text")) if c in f.columns for t in f[c].drop_nulls()
    )
    if pl.select(pl.lit(told[:20_000]).str.contains(_SWAPPED)).item():
        return "swapped_return"
    if case.pattern in _OF_PATTERN:
        return _OF_PATTERN[case.pattern]
    reasons = [*causes, *refunds.sort("applied_at", descending=True, nulls_last=True)["reason"].drop_nulls()]
    return next((_OF_REASON[r] for r in reasons if r in _OF_REASON), "other")
