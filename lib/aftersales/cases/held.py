"""Which kinds of record the tables hold about a case: what needs and clauses ask for by name."""

from __future__ import annotations

import polars as pl

from aftersales.cases.records import Records


def held(records: Records) -> frozenset[str]:
    """Names out of: trace, first_scan, signed, refused, shipped, chat, payment, orders, refunds,
    refund_without_return, shipped_after_request.
    """
    events = set(records.parcels["event"].drop_nulls())
    kept = (records.refunds["kind"] == "refund_only") & (records.refunds["phase"] == "after_receipt")
    refused = "refused" in events or (records.refunds["reason"] == "refused_parcel").any()
    tells = {
        "trace": bool(events), "first_scan": bool(events & {"picked_up", "in_transit"}), "signed": "signed" in events,
        "refused": bool(refused), "shipped": records.orders["shipped_at"].is_not_null().any(),
        "chat": records.messages.height > 0, "payment": records.orders["paid_at"].is_not_null().any(),
        "orders": records.orders.height > 0, "refunds": records.refunds.height > 0,
        "refund_without_return": bool(kept.any()),
        "shipped_after_request": shipped_after_request(records).height > 0,
    }  # fmt: skip
    return frozenset(name for name, there in tells.items() if there)


def shipped_after_request(records: Records) -> pl.DataFrame:
    """Order lines that went out although a refund had been asked for by then."""
    requests = records.refunds.group_by("order_id").agg(pl.col("applied_at").min())
    return records.orders.join(requests, on="order_id").filter(pl.col("shipped_at") > pl.col("applied_at"))
