"""Deadlines: until when an open refund, complaint or unshipped order has to be dealt with, and who says so.

The export's own 超时时间, 举证超时 and 应发货时间 count; a usual length stands in only where a file names none, and is
marked so. Of the lengths told for one step the shortest is taken: an answer given too early costs nothing.
"""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Any

import polars as pl

from aftersales.measures.inputs import columns_of, local_time
from aftersales.tables.columns import Frame
from aftersales.tables.complaints import Complaints
from aftersales.tables.orders import Orders
from aftersales.tables.refunds import Refunds
from aftersales.tables.values import REFUND_UNSETTLED

# Hours of the platform's clock by step, where the file has none. Source: reference "domain d5" (told by sellers, not
# by the platform), the shorter figure each; the answer to a complaint: "d2", the only one a platform has written down.
USUAL_HOURS: MappingProxyType[str, float] = MappingProxyType({
    "answer_unshipped": 48, "answer_in_transit": 72, "answer_refund": 72, "answer_return": 48,
    "check_return": 240, "wait_for_return": 168, "give_evidence": 72, "answer_complaint": 24, "ship": 48,
})  # fmt: skip
STEPS = (*USUAL_HOURS, "talk_again", "settle_complaint")
UNSHIPPED = ("paid", "part_shipped")

_TYPES: dict[str, Any] = {
    "matter": pl.String, "id": pl.String, "order_id": pl.String, "step": pl.String, "due_at": pl.Datetime("us"),
    "from_file": pl.Boolean,
}  # fmt: skip
_COLUMNS = pl.Schema(_TYPES)


def deadlines(orders: Frame, refunds: Frame, complaints: Frame, *, now: datetime) -> pl.DataFrame:
    """One row an open refund case, open complaint and unshipped paid order, as of ``now`` (the shop's local time).

    Columns out: matter (refund, complaint, shipping), id (refund_id, complaint_id; of shipping the order_id), order_id,
    step (`STEPS`: what is to be done; wait_for_return is the buyer's own clock, talk_again follows a refusal, and
    settle_complaint an answered complaint the platform is not looking at), due_at (local, no zone; null where neither
    file nor usage sets a clock), from_file (false: the usual length of such a step, see `USUAL_HOURS`). Soonest first,
    those without a deadline last; then by matter and id.

    >>> moment = datetime(2026, 11, 22, 9)
    >>> refunds = pl.DataFrame({"refund_id": ["1", "2"], "order_id": ["a", "b"], "status": ["requested"] * 2,
    ...     "phase": ["before_shipping", "after_receipt"], "kind": ["refund_only"] * 2, "applied_at": [moment] * 2,
    ...     "deadline_at": [None, datetime(2026, 11, 23, 8)]})
    >>> none = pl.DataFrame(schema={"complaint_id": pl.String, "order_id": pl.String})
    >>> deadlines(none, refunds, none, now=moment).select("id", "step", "due_at", "from_file").rows()[0]
    ('2', 'answer_refund', datetime.datetime(2026, 11, 23, 8, 0), True)
    """
    parts = [_refunds(refunds, now=now), _complaints(complaints, now=now), _shipping(orders, now=now)]
    table = pl.concat([part.select(list(_COLUMNS)).cast(dict(_COLUMNS)) for part in parts])  # type: ignore[arg-type]
    return table.sort("due_at", "matter", "id", nulls_last=True)


def hours_left(due: pl.Expr, *, now: datetime) -> pl.Expr:
    """Hours from ``now`` to a deadline; below zero once it has passed, null where there is none.

    >>> told = pl.DataFrame({"due_at": [datetime(2026, 11, 23, 8), None]})
    >>> told.select(hours_left(pl.col("due_at"), now=datetime(2026, 11, 22, 9)))["due_at"].to_list()
    [23.0, None]
    """
    return (due - pl.lit(now, dtype=pl.Datetime("us"))).dt.total_seconds() / 3600


def _refunds(refunds: Frame, *, now: datetime) -> pl.DataFrame:
    columns = ["refund_id", "order_id", "status", "phase", "kind", "applied_at", "deadline_at", "evidence_due_at",
               "platform_involved"]  # fmt: skip
    cases = _local(columns_of(refunds, Refunds, columns, needed=["refund_id", "order_id"]))
    asked = pl.col("applied_at").is_null() | (pl.col("applied_at") <= now)
    cases = cases.filter(pl.col("status").is_in(REFUND_UNSETTLED), asked)
    returning = pl.col("kind").is_in(["return_refund", "exchange", "repair"]).fill_null(value=False)
    step = (
        pl.when(pl.col("evidence_due_at") >= now)
        .then(pl.lit("give_evidence"))
        .when(pl.col("status") == "returned")
        .then(pl.lit("check_return"))
        .when(pl.col("status") == "to_return")
        .then(pl.lit("wait_for_return"))
        .when(pl.col("status") == "refused")
        .then(pl.lit("talk_again"))
        .when(pl.col("phase") == "before_shipping")
        .then(pl.lit("answer_unshipped"))
        .when(pl.col("phase") == "in_transit")
        .then(pl.lit("answer_in_transit"))
        .when(returning)
        .then(pl.lit("answer_return"))
        .otherwise(pl.lit("answer_refund"))
    )
    own = pl.when(pl.col("evidence_due_at") >= now).then("evidence_due_at").otherwise("deadline_at")
    return _with_due(cases, "refund", "refund_id", step, own=own, since=pl.col("applied_at"))


def _complaints(complaints: Frame, *, now: datetime) -> pl.DataFrame:
    columns = ["complaint_id", "order_id", "filed_at", "first_response_at", "platform_involved_at", "evidence_due_at",
               "closed_at", "source"]  # fmt: skip
    told = _local(columns_of(complaints, Complaints, columns, needed=["complaint_id"]))
    filed = pl.col("filed_at").is_null() | (pl.col("filed_at") <= now)
    told = told.filter(filed, pl.col("closed_at").is_null() | (pl.col("closed_at") > now))
    platform = pl.col("platform_involved_at").is_not_null() | pl.col("evidence_due_at").is_not_null()
    # a dispute read off the refund report is one that the platform looks at, by that very reading
    platform |= (pl.col("source") == "refund_report").fill_null(value=False)
    step = (
        pl.when(platform)
        .then(pl.lit("give_evidence"))
        .when(pl.col("first_response_at").is_null())
        .then(pl.lit("answer_complaint"))
        .otherwise(pl.lit("settle_complaint"))
    )
    since = pl.when(platform).then(pl.coalesce("platform_involved_at", "filed_at")).otherwise("filed_at")
    return _with_due(told, "complaint", "complaint_id", step, own=pl.col("evidence_due_at"), since=since)


def _shipping(orders: Frame, *, now: datetime) -> pl.DataFrame:
    columns = ["order_id", "status", "paid_at", "created_at", "ship_by", "shipped_at"]
    lines = _local(columns_of(orders, Orders, columns, needed=["order_id"]))
    paid = pl.coalesce("paid_at", "created_at")
    waiting = lines.filter(pl.col("status").is_in(UNSHIPPED), pl.col("shipped_at").is_null(), paid <= now)
    heads = waiting.group_by("order_id").agg(pl.col("ship_by").min(), paid=paid.min())
    return _with_due(heads, "shipping", "order_id", pl.lit("ship"), own=pl.col("ship_by"), since=pl.col("paid"))


def _local(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Times as the shop's clock shows them, without their zone."""
    times = pl.col(pl.Datetime("us", "*"), pl.Datetime("ms", "*"), pl.Datetime("us"), pl.Datetime("ms"))
    return lines.with_columns(local_time(times))


def _with_due(
    rows: pl.LazyFrame, matter: str, key: str, step: pl.Expr, *, own: pl.Expr, since: pl.Expr
) -> pl.DataFrame:
    usual = pl.col("step").replace_strict(dict(USUAL_HOURS), default=None, return_dtype=pl.Float64)
    assumed = since + pl.duration(seconds=(usual * 3600).cast(pl.Int64))
    named = rows.with_columns(step=step, own=own, since=since)
    return named.select(
        "order_id",
        "step",
        matter=pl.lit(matter),
        id=pl.col(key),
        due_at=pl.coalesce("own", assumed),
        from_file=pl.col("own").is_not_null(),
    ).collect()
