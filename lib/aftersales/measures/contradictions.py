"""Claim against record: what complaints say, held against orders, parcels, refunds and chats by joins.

A contradiction is a fact about two records, no verdict on a person: each has an innocent explanation, told beside it.
The carrier's records count before the shop's own clicks (platform dispute rules, art. 25 and 38; reference "d1").
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from aftersales.measures.complaint_facts import complaint_facts
from aftersales.measures.demands import demands
from aftersales.tables.columns import Frame, at_latest

# Clocks of shop, carrier and platform differ; a parcel is signed for at a station before it is fetched.
CLOCKS_DIFFER = timedelta(hours=1)
FETCHED_WITHIN = timedelta(hours=12)
# An honest buyer asks for the price, the freight both ways and a little for the trouble: half as much again covers it.
# Law lets a deceived one ask for the price and three times it (consumer law, art. 55), so far above is no proof alone.
ABOVE_PRICE, FAR_ABOVE_PRICE = 1.5, 3.0

CHECKS = (
    "not_received_but_signed", "not_received_but_told_signature", "not_received_but_delivered",
    "not_received_but_confirmed", "not_received_but_wrote_received", "late_claim_against_first_scan",
    "late_claim_but_marked_shipped", "late_claim_before_due",
    "goods_claim_before_receipt", "refund_asked_as_unshipped", "never_paid", "left_out_refusal", "left_out_refund",
    "threat_with_sum", "threat", "money_for_silence", "far_above_price", "above_price", "cites_law",
)  # fmt: skip


def contradictions(
    complaints: Frame,
    refunds: Frame,
    orders: Frame,
    *,
    parcels: Frame | None = None,
    messages: Frame | None = None,
    until: date,
) -> pl.DataFrame:
    """What stands against each complaint filed up to ``until``: one row a complaint and check (`CHECKS`) that fires.

    Columns out: complaint_id, order_id, check, filed_at, at (moment of the record it stands against; null for demands),
    due_at (the promised time, for claims of lateness), gap_hours (between record and filing, or due time), asked (sum
    asked for), value (paid for the order), price_multiple (asked over value). Sorted by complaint_id, then the checks'
    order. A check whose records are missing does not fire; a complaint of an unknown order has demands checked only.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a"], "paid": [80.0], "paid_at": [datetime(2026, 11, 1)],
    ...     "tracking_no": ["t"]})
    >>> parcels = pl.DataFrame({"tracking_no": ["t"], "at": [datetime(2026, 11, 4)], "event": ["signed"]})
    >>> complaints = pl.DataFrame({"complaint_id": ["1"], "order_id": ["a"], "text": ["一直没收到货"],
    ...     "filed_at": [datetime(2026, 11, 9)]})
    >>> refunds = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String})
    >>> found = contradictions(complaints, refunds, orders, parcels=parcels, until=date(2026, 11, 22))
    >>> found.select("check", "gap_hours").rows()
    [('not_received_but_signed', 120.0)]
    """
    facts = complaint_facts(complaints, refunds, orders, parcels=parcels, messages=messages, until=until)
    return contradictions_of(facts)


def contradictions_of(facts: pl.DataFrame) -> pl.DataFrame:
    """The same from facts already gathered (`complaint_facts.complaint_facts`)."""
    said = with_demands(facts)
    found = [
        said.filter(fires).select(
            "complaint_id",
            "order_id",
            pl.lit(check).alias("check"),
            "filed_at",
            at.alias("at"),
            due.alias("due_at"),
            ((until - at).dt.total_seconds() / 3600).alias("gap_hours"),
            "asked",
            "value",
            "price_multiple",
        )
        for check, (fires, at, due, until) in {**_record_checks(), **_demand_checks()}.items()
    ]
    ranks = pl.col("check").replace_strict({name: rank for rank, name in enumerate(CHECKS)}, return_dtype=pl.Int64)
    return pl.concat(found, how="vertical_relaxed").sort("complaint_id", ranks)


def with_demands(facts: pl.DataFrame) -> pl.DataFrame:
    """Facts with what complaint and chat demand: threat, silence, cites_law, asked, price_multiple, chat_threat.

    asked is the larger of the amount on record and the sum in the text; where there is neither, the multiple of the
    price told in the text. Facts that have them already are returned as they are.
    """
    if "price_multiple" in facts.columns:
        return facts
    words = facts.select(
        told=pl.concat_str(pl.col("text", "demand").fill_null(""), separator="。"), chat=pl.col("chat").fill_null("")
    )
    told = demands(words["told"]).rename({"price_multiple": "told_multiple"})
    chat = demands(words["chat"]).select(
        pl.col("threat").alias("chat_threat"),
        pl.col("silence").alias("chat_silence"),
        pl.col("sum_asked").alias("chat_sum"),
        pl.col("price_multiple").alias("chat_multiple"),
    )
    worth = pl.when(pl.col("value") > 0).then("value")
    stated = pl.max_horizontal(pl.col("amount_demanded").cast(pl.Float64), "sum_asked")
    asked = pl.coalesce(stated, pl.col("told_multiple") * worth)
    frame = facts.hstack(told).hstack(chat).with_columns(asked=asked)
    chat_multiple = pl.max_horizontal("chat_multiple", pl.col("chat_sum") / worth)
    frame = frame.with_columns(chat_multiple=chat_multiple)
    return frame.with_columns(price_multiple=pl.coalesce(pl.col("asked") / worth, "told_multiple"))


Check = tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]  # whether it fires, the record's moment, the due time, gap's end


def _record_checks() -> dict[str, Check]:
    # of days without an hour each check takes the end that speaks for the buyer
    filed, due, none = pl.col("filed_at"), pl.col("ship_by"), _no_moment()
    filed_by = at_latest(filed)
    missing, late, in_hand = pl.col("says_not_received"), pl.col("says_late"), pl.col("says_in_hand")
    everything_traced = pl.col("parcels_traced") == pl.col("parcels_known")
    signed = pl.col("all_signed_at").is_not_null() & everything_traced & ~pl.col("signed_elsewhere")
    at_buyer = missing & signed & (filed - at_latest(pl.col("all_signed_at")) >= FETCHED_WITHIN)
    at_buyer &= pl.col("came_back_at").is_null() | (pl.col("came_back_at") < pl.col("all_signed_at"))
    scanned, shipped = pl.col("last_first_scan"), at_latest(pl.col("shipped_at"))
    scanned_by = at_latest(scanned)
    receipt = pl.min_horizontal("signed_at", "delivered_at", "confirmed_at", "refused_at", "refunded_at")
    # a trace that was exported before the complaint says nothing of where the parcel was then
    on_its_way = (
        pl.col("still_coming")
        & (pl.col("traced_until") >= filed_by)
        & everything_traced
        & (pl.col("parcels_known") > 0)
    )
    arrived_later = (receipt > filed_by + CLOCKS_DIFFER) & pl.col("shipped_at").is_not_null()
    early = in_hand & pl.when(receipt.is_null()).then(on_its_way).otherwise(arrived_later)
    paid_never = (pl.col("value") <= 0).fill_null(value=False) & pl.col("order_there") & pl.col("paid_at").is_null()
    refused = missing & (at_latest(pl.col("refused_at")) <= filed) & pl.col("all_signed_at").is_null()
    whole = (pl.col("refunded") >= pl.col("value")) & (pl.col("value") > 0) & (pl.col("asked") > 0)
    untraced = pl.col("parcels_traced") == 0
    delivered = (
        missing & untraced & (filed - at_latest(pl.col("delivered_at")) >= FETCHED_WITHIN) & ~pl.col("tells_signature")
    )
    marked = late & untraced & (shipped <= due) & (shipped <= filed)
    confirmed = (
        missing & (at_latest(pl.col("confirmed_at")) <= filed - CLOCKS_DIFFER) & ~at_buyer.fill_null(value=False)
    )
    before_due = late & (filed_by < due) & (scanned > filed_by).fill_null(value=True)
    return {
        "not_received_but_signed": (at_buyer & ~pl.col("tells_signature"), pl.col("all_signed_at"), none, filed),
        "not_received_but_told_signature": (at_buyer & pl.col("tells_signature"), pl.col("all_signed_at"), none, filed),
        "not_received_but_delivered": (delivered, pl.col("delivered_at"), none, filed),
        "not_received_but_confirmed": (confirmed, pl.col("confirmed_at"), none, filed),
        "not_received_but_wrote_received": (missing & pl.col("admitted_at").is_not_null(), pl.col("admitted_at"), none,
                                            filed),
        "late_claim_against_first_scan": (
            late & everything_traced & (scanned_by <= due) & (scanned_by <= filed), scanned, due, due
        ),
        "late_claim_but_marked_shipped": (marked, pl.col("shipped_at"), due, due),
        "late_claim_before_due": (before_due, filed, due, due),
        "goods_claim_before_receipt": (early, pl.coalesce(receipt, "last_seen_at"), none, filed),
        "refund_asked_as_unshipped": (pl.col("asked_unshipped_at").is_not_null(), scanned, due,
                                      pl.col("asked_unshipped_at")),
        "never_paid": (paid_never & (in_hand | missing), pl.col("created_at"), none, filed),
        "left_out_refusal": (refused, pl.col("refused_at"), none, filed),
        "left_out_refund": (whole, pl.col("refunded_at"), none, filed),
    }  # fmt: skip


def _demand_checks() -> dict[str, Check]:
    none = _no_moment()
    multiple = pl.col("price_multiple")
    anyhow = pl.col("threat") | pl.col("chat_threat")
    # "refund my 80 or I complain" is an angry buyer's right; a sum above the price is what makes it more
    with_sum = anyhow & (pl.max_horizontal(multiple, "chat_multiple") > ABOVE_PRICE)
    silence = pl.col("silence") | pl.col("chat_silence")
    fires = {
        "threat_with_sum": with_sum,
        "threat": anyhow & ~with_sum.fill_null(value=False),
        "money_for_silence": silence,
        "far_above_price": multiple >= FAR_ABOVE_PRICE,
        "above_price": multiple.is_between(ABOVE_PRICE, FAR_ABOVE_PRICE, closed="left"),
        "cites_law": pl.col("cites_law"),
    }
    return {check: (hit, none, none, pl.col("filed_at")) for check, hit in fires.items()}


def _no_moment() -> pl.Expr:
    """Null, in the zone of the complaint's own times."""
    return pl.when(pl.lit(value=False)).then(pl.col("filed_at"))
