"""Bad orders that are known by other means than any score: what people, couriers and the platform put on record.

A rule may be tested on these alone. What the search for suspects finds is no proof of itself; only a case that was
decided counts, and even that was looked at because the search had named it: what it missed is in no count.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from aftersales.measures.chunks import Chunks, parts_of
from aftersales.measures.inputs import columns_of, local_time
from aftersales.measures.order_evidence import SELLER_SAYS
from aftersales.measures.requests import refund_requests
from aftersales.tables.columns import Frame, known_sum
from aftersales.tables.orders import Orders
from aftersales.tables.parcels import Parcels
from aftersales.tables.refunds import Refunds

# In the order of how much they prove; an order that several sources name counts by the first.
SOURCES = ("case", "platform", "seller", "refused")
COLUMNS: dict[str, Any] = {
    "order_id": pl.String, "case_id": pl.String, "loss": pl.Float64, "source": pl.String, "known_at": pl.Datetime("us"),
}  # fmt: skip


def known_bad(
    orders: Chunks,
    refunds: Frame,
    *,
    until: date,
    parcels: Frame | None = None,
    confirmed: pl.DataFrame | None = None,
    freight_out: float = 6.0,
    freight_back: float = 8.0,
    handling: float = 3.0,
) -> pl.DataFrame:
    """Bad orders up to ``until``, for `replay`: order_id, case_id, loss (money), source, known_at (local, no zone).

    ``orders`` may come in parts that hold whole orders, as a large shop's months do.

    Sources: ``case``, orders of cases that were decided for the shop (``confirmed``: order_id, case_id, at) ·
    ``platform``, requests in which the platform stepped in and found the buyer at fault · ``seller``, orders closed as
    恶意买家 or 同行捣乱 · ``refused``, parcels refused or never collected. case_id is the decided case, else the buyer,
    else the order. The loss is the freight out and back of what was shipped, handling, and the money of a case that was
    paid back while the goods stayed away; null where no file says how much that was. known_at is null where no file
    says when. Sorted by order_id.

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, d) for d in (1, 2, 3)]
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "buyer_key": ["x", "x", "y"], "created_at": at,
    ...     "shipped_at": [None, at[2], None], "close_reason": ["恶意买家/同行捣乱", None, None]})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["b"], "reason": ["refused_parcel"],
    ...     "applied_at": at[2:]})
    >>> known_bad(orders, refunds, until=date(2026, 11, 8)).select("order_id", "case_id", "loss", "source").rows()
    [('a', 'x', 3.0, 'seller'), ('b', 'x', 17.0, 'refused')]
    """
    columns = ["order_id", "buyer_key", "created_at", "shipped_at", "close_reason", "tracking_no"]
    asked = [_refused(refunds, until), _judged(refunds, until)]
    named = [*asked, *([] if confirmed is None else [confirmed.lazy()])]
    spoken = pl.concat([said.select("order_id") for said in named])
    spoken = spoken.unique().collect(engine="streaming").lazy()  # the same for every part
    held = []
    for part in parts_of(orders):
        rows = columns_of(part, Orders, columns, needed=["order_id"])
        own = [_by_seller(rows)] if parcels is None else [_by_seller(rows), _turned_back(parcels, rows, until)]
        held.append(_lines_of(rows, pl.concat([spoken, *(said.select("order_id") for said in own)])))
    lines = pl.concat(held)
    heads = lines.group_by("order_id").agg(
        pl.col("buyer_key", "close_reason", "tracking_no").first(), pl.col("created_at", "shipped_at").min()
    )
    heads = heads.filter(pl.col("created_at").is_null() | (pl.col("created_at").dt.date() <= until))
    told = [*asked, _by_seller(heads)]
    if parcels is not None:
        told.append(_turned_back(parcels, heads, until))
    if confirmed is not None:
        told.append(
            confirmed.lazy().select(
                "order_id", case="case_id", known_at=local_time(pl.col("at")), source=pl.lit("case")
            )
        )
    rank = pl.col("source").replace_strict({s: k for k, s in enumerate(SOURCES)}, return_dtype=pl.Int64)
    first = pl.concat(told, how="diagonal").sort(rank, "known_at", nulls_last=True)
    # known to be bad from the first word of any source on
    one = first.group_by("order_id", maintain_order=True).agg(
        pl.col("source").first(),
        case=pl.col("case").drop_nulls().first() if confirmed is not None else pl.lit(None),
        known_at=pl.col("known_at").min(),
    )
    kept = heads.join(one, on="order_id").join(_kept_money(refunds, until), on="order_id", how="left")
    shipped = pl.col("shipped_at").is_not_null()
    decided = pl.col("source").is_in(["case", "platform"]) & pl.col("refunds_kept").is_not_null()
    gone = pl.when(decided).then("kept_money").otherwise(0.0)
    loss = handling + pl.when(shipped).then(freight_out + freight_back).otherwise(0.0) + gone
    case = pl.coalesce(pl.col("case").cast(pl.String), "buyer_key", "order_id")
    return (
        kept.with_columns(case_id=case, loss=loss)
        .select(pl.col(c).cast(t) for c, t in COLUMNS.items())
        .sort("order_id")
        .collect()
    )


def shipped_in_vain(orders: Frame, refunds: Frame, *, until: date, loss: float) -> pl.DataFrame:
    """Orders whose money was asked back while the parcel was on its way, in the columns of `known_bad`.

    What a hold before shipping might have kept at home: freight both ways was paid for nothing, and nobody need mean
    ill. source is ``in_transit``, case_id the buyer, else the order.
    """
    lines = columns_of(orders, Orders, ["order_id", "buyer_key", "shipped_at"], needed=["order_id"])
    asked = refund_requests(refunds, until=until).filter(pl.col("phase") == "in_transit", pl.col("state") != "closed")
    first = asked.group_by("order_id").agg(known_at=local_time(pl.col("applied_at")).min())
    heads = _lines_of(lines, first).group_by("order_id").agg(pl.col("buyer_key").first(), pl.col("shipped_at").min())
    rows = heads.filter(pl.col("shipped_at").is_not_null()).join(first, on="order_id")
    rows = rows.with_columns(
        case_id=pl.coalesce("buyer_key", "order_id"), loss=pl.lit(loss), source=pl.lit("in_transit")
    )
    return rows.select(pl.col(c).cast(t) for c, t in COLUMNS.items()).sort("order_id").collect()


def never_paid(orders: Frame, *, until: date, locked_share: float) -> pl.DataFrame:
    """Orders placed and closed without payment, in the columns of `known_bad`: they kept stock from others.

    The loss is ``locked_share`` of the order's value a day: how often the piece that was kept would have been sold that
    day, times its margin; null where no file tells the value. source is ``unpaid``, known_at null: files do not say
    when an order was closed.
    """
    lines = columns_of(orders, Orders, ["order_id", "buyer_key", "created_at", "amount", "status"], needed=["order_id"])
    unpaid = lines.filter(pl.col("status") == "closed_unpaid", pl.col("created_at").dt.date() <= until)
    rows = unpaid.group_by("order_id").agg(
        case_id=pl.coalesce(pl.col("buyer_key").first(), pl.col("order_id").first()),
        loss=known_sum(pl.col("amount").cast(pl.Float64)) * locked_share,
    )
    rows = rows.with_columns(source=pl.lit("unpaid"), known_at=pl.lit(None))
    return rows.select(pl.col(c).cast(t) for c, t in COLUMNS.items()).sort("order_id").collect()


def _lines_of(lines: pl.LazyFrame, spoken_of: pl.LazyFrame) -> pl.LazyFrame:
    """The lines of these orders, read once: few orders are spoken of at all, and only these need be looked at."""
    return lines.join(spoken_of.select("order_id"), on="order_id", how="semi").collect(engine="streaming").lazy()


def _refused(refunds: Frame, until: date) -> pl.LazyFrame:
    asked = refund_requests(refunds, until=until).filter(pl.col("reason") == "refused_parcel")
    return asked.select("order_id", known_at=local_time(pl.col("applied_at")), source=pl.lit("refused"))


def _judged(refunds: Frame, until: date) -> pl.LazyFrame:
    """Requests in which the platform stepped in and that ended at the buyer's fault."""
    cases = columns_of(
        refunds, Refunds, ["order_id", "applied_at", "finished_at", "platform_involved", "fault"], needed=["order_id"]
    )
    ended = cases.filter(pl.col("platform_involved"), pl.col("fault") == "buyer", pl.col("finished_at").is_not_null())
    ended = ended.filter(pl.col("finished_at").dt.date() <= until)
    return ended.select("order_id", known_at=local_time(pl.col("finished_at")), source=pl.lit("platform"))


def _by_seller(heads: pl.LazyFrame) -> pl.LazyFrame:
    said = pl.col("close_reason").fill_null("")
    named = heads.filter(pl.any_horizontal(said.str.contains(word, literal=True) for word in SELLER_SAYS))
    return named.select("order_id", source=pl.lit("seller"))


def _turned_back(parcels: Frame, heads: pl.LazyFrame, until: date) -> pl.LazyFrame:
    """Parcels refused at the door, or sent back without anybody signing for them."""
    seen = columns_of(parcels, Parcels, ["tracking_no", "at", "event"], needed=["tracking_no"])
    seen = (
        seen.filter(pl.col("at").dt.date() <= until)
        .group_by("tracking_no")
        .agg(
            known_at=local_time(pl.col("at")).filter(pl.col("event").is_in(["refused", "returned"])).min(),
            signed=(pl.col("event") == "signed").any(),
        )
    )
    back = seen.filter(pl.col("known_at").is_not_null(), ~pl.col("signed"))
    mine = heads.select("order_id", "tracking_no").filter(pl.col("tracking_no").is_not_null())
    return mine.join(back, on="tracking_no").select("order_id", "known_at", source=pl.lit("refused"))


def _kept_money(refunds: Frame, until: date) -> pl.LazyFrame:
    """Money paid back on goods that had arrived and were not sent back, by order."""
    paid = refund_requests(refunds, until=until).filter(
        pl.col("state") == "succeeded", pl.col("kind") == "refund_only", pl.col("phase") == "after_receipt"
    )
    return paid.group_by("order_id").agg(kept_money=known_sum(pl.col("amount").cast(pl.Float64)), refunds_kept=pl.len())
