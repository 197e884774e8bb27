"""What the records know about each complaint's order: paid, promised, scanned, signed, refused, refunded, said."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from aftersales.measures.claims import admits_receipt, claims
from aftersales.measures.inputs import columns_of, zone_of
from aftersales.tables.columns import Frame, at_latest, known_sum
from aftersales.tables.complaints import Complaints
from aftersales.tables.conversations import Messages
from aftersales.tables.orders import Orders
from aftersales.tables.parcels import Parcels
from aftersales.tables.refunds import Refunds

_TOLD = (
    "complaint_id", "order_id", "filed_at", "kind", "text", "demand", "amount_demanded", "fault", "verdict",
    "closed_at", "compensation", "evidence_due_at", "source",
)  # fmt: skip
_MOMENTS = ("paid_at", "created_at", "ship_by", "shipped_at", "delivered_at", "confirmed_at")


def complaint_facts(
    complaints: Frame,
    refunds: Frame,
    orders: Frame,
    *,
    parcels: Frame | None = None,
    messages: Frame | None = None,
    until: date,
) -> pl.DataFrame:
    """One row a complaint filed up to ``until``, with its claims and what the records hold. Sorted by complaint_id.

    How it ended is null where it ended later.

    Columns out: the complaint's own; claims (`claims.claims`); order_there (its order is known), buyer_key,
    product_id (of its dearest line), value (paid for the order), paid_at, created_at, ship_by (earliest), shipped_at
    (latest), delivered_at (earliest), confirmed_at (latest), province; parcels_traced, parcels_known (traced parcels,
    and parcels the order names), last_first_scan (of the parcel scanned last), signed_at (first signature up to
    filing), all_signed_at (once every parcel was signed for), signed_elsewhere (in another province), still_coming
    (none signed or come back by then), last_seen_at, traced_until (last event in the whole table), refused_at,
    came_back_at (refused or returned by filing); refunded, refunded_at (succeeded before filing), refund_reason,
    asked_unshipped_at (a refund for an unshipped order, asked for after the parcel was scanned in time); admitted_at
    (a buyer's own message that it arrived), chat (all the buyer wrote about the order). Null where no record says.

    >>> orders = pl.DataFrame({"order_id": ["a"], "line_id": ["a"], "paid": [80.0]})
    >>> complaints = pl.DataFrame({"complaint_id": ["1"], "order_id": ["a"], "text": ["没收到货"]})
    >>> refunds = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String})
    >>> facts = complaint_facts(complaints, refunds, orders, until=date(2026, 11, 22))
    >>> facts.select("value", "says_not_received").rows()
    [(80.0, True)]
    """
    filed_all = columns_of(complaints, Complaints, _TOLD, needed=["complaint_id", "order_id"])
    filed_all = filed_all.with_columns(pl.col("filed_at", "closed_at", "evidence_due_at").cast(_moment(complaints)))
    told = filed_all.filter(pl.col("filed_at").is_null() | (pl.col("filed_at").dt.date() <= until)).collect()
    zone = _moment(complaints)
    later = (pl.col("closed_at").dt.date() > until).fill_null(value=False)
    told = told.with_columns(pl.when(~later).then(pl.col("closed_at", "fault", "verdict", "compensation")))
    words = pl.concat_str(pl.col("kind", "text", "demand").fill_null(""), separator="。")
    told = told.with_columns(*claims(words))
    about = _orders(orders, told["order_id"], zone=zone)
    frame = told.join(about, on="order_id", how="left").with_columns(order_there=pl.col("lines").is_not_null())
    filed = frame.select("complaint_id", "order_id", "filed_at", "tracking_nos", "province")
    frame = frame.join(_traces(parcels, filed, zone=zone), on="complaint_id", how="left")
    frame = frame.join(_refunded(refunds, frame, zone=zone), on="complaint_id", how="left")
    frame = frame.join(_admitted(messages, filed, zone=zone), on="complaint_id", how="left")
    frame = frame.with_columns(pl.col("parcels_traced").fill_null(0), parcels_known=pl.col("tracking_nos").list.len())
    return frame.drop("lines", "tracking_nos").sort("complaint_id")


def _moment(table: Frame) -> Any:
    """The type of the complaints' own times; the schema's where a table has none."""
    if table.collect_schema().get("filed_at") is None:
        return Complaints.columns()["filed_at"].dtype
    return pl.Datetime("us", zone_of(table, "filed_at"))


def _orders(orders: Frame, wanted: pl.Series, *, zone: Any) -> pl.DataFrame:
    columns = ["order_id", "line_id", "buyer_key", "product_id", "province", "paid", "amount", "tracking_no", *_MOMENTS]
    lines = columns_of(orders, Orders, columns, needed=["order_id"])
    lines = lines.filter(pl.col("order_id").is_in(wanted.drop_nulls().unique().implode()))
    lines = lines.with_columns(pl.col(_MOMENTS).cast(zone))
    dearest = pl.col("product_id").sort_by(pl.col("paid").cast(pl.Float64), descending=True, nulls_last=True)
    return (
        lines.group_by("order_id")
        .agg(
            pl.len().alias("lines"),
            pl.col("buyer_key").drop_nulls().first(),
            dearest.first(),
            pl.col("province").drop_nulls().first(),
            known_sum(pl.col("paid").cast(pl.Float64)).alias("value"),
            pl.col("created_at").min(),
            pl.col("paid_at").min(),
            pl.col("ship_by").min(),
            pl.col("shipped_at").max(),
            pl.col("delivered_at").min(),
            pl.col("confirmed_at").max(),
            pl.col("tracking_no").drop_nulls().unique().sort().alias("tracking_nos"),
        )
        .collect()
    )


def _traces(parcels: Frame | None, filed: pl.DataFrame, *, zone: Any) -> pl.DataFrame:
    """What the parcels of each complaint's order had gone through when it was filed."""
    empty = pl.DataFrame(schema=pl.Schema({"event_id": pl.String, "tracking_no": pl.String}))
    columns = ["tracking_no", "at", "event", "place"]
    events = columns_of(empty if parcels is None else parcels, Parcels, columns, needed=["tracking_no"])
    named = filed.explode("tracking_nos", empty_as_null=True).rename({"tracking_nos": "tracking_no"})
    named = named.drop_nulls("tracking_no")
    traced_until = events.select(pl.col("at").cast(zone).max()).collect(engine="streaming").item()
    own = events.filter(pl.col("tracking_no").is_in(named["tracking_no"].unique().implode())).collect()
    traced = named.join(own.with_columns(pl.col("at").cast(zone)), on="tracking_no", how="inner")
    by_then = pl.col("at") <= at_latest(pl.col("filed_at"))
    event, at = pl.col("event"), pl.col("at")
    # "place" begins with the province where the courier names it; one that names none is no sign of another
    known_place = pl.col("place").str.contains(r"^.{2,8}?(?:省|市|自治区)") & pl.col("province").is_not_null()
    elsewhere = known_place & ~pl.col("place").str.starts_with(pl.col("province").str.slice(0, 2))
    elsewhere = elsewhere.fill_null(value=False)
    each = traced.group_by("complaint_id", "tracking_no").agg(
        at.filter(event.is_in(["picked_up", "in_transit"])).min().alias("first_scan"),
        at.filter((event == "signed") & by_then).min().alias("signed_at"),
        elsewhere.filter((event == "signed") & by_then).any().alias("elsewhere"),
        at.filter((event == "refused") & by_then).min().alias("refused_at"),
        at.filter(event.is_in(["refused", "returned"]) & by_then).max().alias("came_back_at"),
        at.filter(by_then).max().alias("last_at"),
    )
    ended = pl.coalesce("signed_at", "came_back_at").is_not_null()
    return each.group_by("complaint_id").agg(
        pl.len().cast(pl.Int64).alias("parcels_traced"),
        pl.when(pl.col("first_scan").is_not_null().all()).then(pl.col("first_scan").max()).alias("last_first_scan"),
        pl.col("signed_at").min(),
        # every parcel has to be signed for before "nothing arrived" can be held against the records
        pl.when(pl.col("signed_at").is_not_null().all()).then(pl.col("signed_at").max()).alias("all_signed_at"),
        pl.col("elsewhere").any().alias("signed_elsewhere"),
        (~ended & pl.col("last_at").is_not_null()).all().alias("still_coming"),
        pl.col("last_at").max().alias("last_seen_at"),
        pl.col("refused_at").min(),
        pl.col("came_back_at").max(),
        pl.lit(traced_until, dtype=zone).alias("traced_until"),
    )


def _refunded(refunds: Frame, facts: pl.DataFrame, *, zone: Any) -> pl.DataFrame:
    """What had been refunded when the complaint was filed, and refunds asked for as if nothing had been shipped."""
    columns = ["refund_id", "order_id", "status", "amount", "applied_at", "finished_at", "reason", "return_tracking_no"]
    cases = columns_of(refunds, Refunds, columns, needed=["order_id"])
    cases = cases.filter(pl.col("order_id").is_in(facts["order_id"].drop_nulls().unique().implode()))
    cases = cases.with_columns(pl.col("applied_at", "finished_at").cast(zone))
    known = facts.select("complaint_id", "order_id", "filed_at", "last_first_scan", "ship_by")
    joined = known.join(cases.collect(), on="order_id", how="inner")
    paid_back = (pl.col("status") == "succeeded") & (pl.col("finished_at") <= pl.col("filed_at"))
    scanned = pl.col("applied_at") > pl.col("last_first_scan")
    on_time = pl.col("last_first_scan") <= pl.col("ship_by")
    unshipped = pl.col("reason").is_in(["late_ship", "out_of_stock"]) & scanned & on_time
    return joined.group_by("complaint_id").agg(
        known_sum(pl.col("amount").cast(pl.Float64).filter(paid_back)).alias("refunded"),
        pl.col("finished_at").filter(paid_back).max().alias("refunded_at"),
        pl.col("applied_at").filter(unshipped).min().alias("asked_unshipped_at"),
        pl.col("reason").drop_nulls().last().alias("refund_reason"),
    )


def _admitted(messages: Frame | None, filed: pl.DataFrame, *, zone: Any) -> pl.DataFrame:
    """When the buyer wrote before filing that the goods had arrived; and all they wrote about the order, joined."""
    empty = pl.DataFrame(schema=pl.Schema({"message_id": pl.String, "order_id": pl.String}))
    columns = ["order_id", "sender", "sent_at", "text"]
    said = columns_of(empty if messages is None else messages, Messages, columns, needed=[])
    said = said.filter(
        pl.col("order_id").is_in(filed["order_id"].drop_nulls().unique().implode()) & (pl.col("sender") == "buyer")
    )
    joined = (
        filed.select("complaint_id", "order_id", "filed_at")
        .join(said.with_columns(pl.col("sent_at").cast(zone)).collect(), on="order_id", how="inner")
        .sort("sent_at", maintain_order=True)
    )
    before = (pl.col("sent_at") <= pl.col("filed_at")).fill_null(value=True)
    return joined.group_by("complaint_id").agg(
        pl.col("sent_at").filter(admits_receipt(pl.col("text")) & before).min().alias("admitted_at"),
        pl.col("text").drop_nulls().str.join("\n").alias("chat"),
    )
