"""Who is at fault in a complaint, and on what grounds: buyer, seller, carrier, or disputed."""

from __future__ import annotations

import polars as pl

from aftersales.tables.values import REASON_FAULT

# Records that settle the claim by themselves. A signature does not: another may have given it (art. 38: the seller
# has to show that the right person signed).
SETTLED_BY_RECORD = ("late_claim_against_first_scan", "goods_claim_before_receipt", "never_paid", "left_out_refusal",
                     "not_received_but_wrote_received")  # fmt: skip
OPEN_TO_PROOF = ("not_received_but_signed", "not_received_but_told_signature", "not_received_but_delivered",
                 "not_received_but_confirmed", "late_claim_but_marked_shipped",
                 "late_claim_before_due", "money_for_silence", "threat_with_sum")  # fmt: skip


def complaint_fault(facts: pl.DataFrame, found: pl.DataFrame, causes: pl.Series) -> pl.DataFrame:
    """The fault of each complaint and its ground. One row a row of ``facts``, in order.

    ``found`` are its contradictions, ``causes`` a cause a row. Columns out: complaint_id, fault (null where nothing
    says), fault_ground: recorded (the file names the side at fault), contradicted (a record settles it against the
    claim: buyer; or puts it in doubt: disputed), borne_out (a record bears the claim out: scanned late, or never
    arrived), reason (by the cause alone, as the platforms' lists have it).

    >>> facts = pl.DataFrame({"complaint_id": ["1"], "fault": ["seller"], "says_late": [False], "ship_by": [None],
    ...     "last_first_scan": [None], "says_not_received": [False], "parcels_traced": [0], "signed_at": [None]})
    >>> found = pl.DataFrame(schema={"complaint_id": pl.String, "check": pl.String})
    >>> complaint_fault(facts, found, pl.Series(["quality"])).rows()
    [('1', 'seller', 'recorded')]
    """
    by_check = found.group_by("complaint_id").agg(
        pl.col("check").is_in(list(SETTLED_BY_RECORD)).any().alias("settled"),
        pl.col("check").is_in(list(OPEN_TO_PROOF)).any().alias("open"),
    )
    frame = facts.join(by_check, on="complaint_id", how="left", maintain_order="left")
    frame = frame.with_columns(cause=causes)
    scanned_late = (pl.col("says_late") & (pl.col("last_first_scan") > pl.col("ship_by"))).fill_null(value=False)
    never_there = pl.col("says_not_received") & (pl.col("parcels_traced") > 0) & pl.col("signed_at").is_null()
    by_reason = pl.col("cause").replace_strict(REASON_FAULT, default=None, return_dtype=pl.String)
    steps = (
        (pl.col("fault").is_not_null(), pl.col("fault"), "recorded"),
        (pl.col("settled").fill_null(value=False), pl.lit("buyer"), "contradicted"),
        (pl.col("open").fill_null(value=False), pl.lit("disputed"), "contradicted"),
        (scanned_late, pl.lit("seller"), "borne_out"),
        (never_there, pl.lit("carrier"), "borne_out"),
        (by_reason.is_not_null(), by_reason, "reason"),
    )
    nothing = pl.lit(None, dtype=pl.String)
    fault, ground = nothing, nothing
    for holds, who, why in reversed(steps):
        fault, ground = pl.when(holds).then(who).otherwise(fault), pl.when(holds).then(pl.lit(why)).otherwise(ground)
    return frame.select("complaint_id", fault.alias("fault"), ground.alias("fault_ground"))
