"""What is recorded of returns with a parcel number: the return, the order, the shop's deliveries, parcel journeys."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from aftersales.measures.chunks import parts_for
from aftersales.measures.inputs import columns_of, local_time
from aftersales.measures.order_evidence import named_buyer
from aftersales.measures.requests import state_as_of
from aftersales.measures.waybills import courier, waybill
from aftersales.tables.columns import Frame, known_sum
from aftersales.tables.orders import Orders
from aftersales.tables.parcels import Parcels
from aftersales.tables.refunds import Refunds

# Events further apart than this are of two journeys of one number.
JOURNEY = timedelta(days=30)

_MOMENTS = ("applied_at", "approved_at", "returned_at", "finished_at")


def return_numbers(refunds: Frame, *, until: date) -> dict[str, int]:
    """How many returns were asked for, name a number, or name something that is none (无, 自送, 0000).

    >>> refunds = pl.DataFrame({"refund_id": ["1", "2", "3"], "order_id": ["a", "b", "c"],
    ...     "kind": ["return_refund"] * 3, "return_tracking_no": ["YT1234567890", "自送", None]})
    >>> return_numbers(refunds, until=date(2026, 11, 15))
    {'returns': 3, 'numbered': 1, 'no_number': 1}
    """
    cases = _cases(refunds, until=until)
    typed, number = pl.col("return_tracking_no").is_not_null(), pl.col("number").is_not_null()
    return (
        cases.select(
            returns=(typed | (pl.col("kind") == "return_refund")).sum(),
            numbered=number.sum(),
            no_number=(typed & ~number).sum(),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )


def _cases(refunds: Frame, *, until: date) -> pl.LazyFrame:
    columns = ["refund_id", "order_id", "kind", "status", "amount", *_MOMENTS, "return_courier", "return_tracking_no"]
    cases = columns_of(refunds, Refunds, columns, needed=["refund_id", "order_id"])
    cases = cases.with_columns(local_time(pl.col(_MOMENTS)))
    cases = cases.filter(pl.col("applied_at").is_null() | (pl.col("applied_at").dt.date() <= until))
    number = waybill(pl.col("return_tracking_no"))
    # an order's or a refund's own number is what was pasted by mistake
    pasted = ((number == pl.col("order_id")) | (number == pl.col("refund_id"))).fill_null(value=False)
    return cases.with_columns(number=pl.when(~pasted).then(number), courier=courier(pl.col("return_courier")))


def numbered_returns(orders: Frame, refunds: Frame, *, until: date) -> pl.DataFrame:
    """One row an order and return number, with what is known of the order.

    Columns out: order_id, number, refund_ids, courier, entered_at (filled in, else applied for), known_at (filled in),
    applied_at (applied for, or approved), paid_at, open, amount, buyer, address, phone, province, created_at,
    shipped_at, own (the order's delivery numbers). Sorted by order_id, number.

    >>> refunds = pl.DataFrame({"refund_id": ["1", "2"], "order_id": ["a"] * 2,
    ...     "return_tracking_no": ["YT123456789"] * 2})
    >>> orders = pl.DataFrame({"order_id": ["a"], "tracking_no": ["SF1234567890"]})
    >>> numbered_returns(orders, refunds, until=date(2026, 11, 15)).select("number", "refund_ids", "own").row(0)
    ('YT123456789', ['1', '2'], ['SF1234567890'])
    """
    cases = _cases(refunds, until=until).filter(
        pl.col("number").is_not_null(), pl.col("returned_at").is_null() | (pl.col("returned_at").dt.date() <= until)
    )
    state = state_as_of(until)
    paid, open_ = pl.when(state == "succeeded").then("finished_at"), state.is_in(["open", "refused"])
    uses = (
        cases.sort("refund_id")
        .group_by("order_id", "number", maintain_order=True)
        .agg(
            refund_ids=pl.col("refund_id"),
            courier=pl.col("courier").drop_nulls().first(),
            entered_at=pl.coalesce("returned_at", "applied_at").min(),
            known_at=pl.col("returned_at").min(),
            applied_at=pl.max_horizontal("applied_at", "approved_at").min(),
            paid_at=paid.min(),
            open=open_.any(),
            amount=known_sum(pl.col("amount").cast(pl.Float64)),
        )
        .collect(engine="streaming")
    )
    mine = pl.col("order_id").is_in(uses["order_id"].unique().implode())
    return uses.join(_heads(orders, mine), on="order_id", how="left").sort("order_id", "number")


def _heads(orders: Frame, wanted: pl.Expr) -> pl.DataFrame:
    """Orders: who and where, when shipped, under which numbers."""
    columns = ["order_id", "buyer_key", "buyer_key_quality", "address_key", "phone_key", "province", "tracking_no",
               "created_at", "shipped_at"]  # fmt: skip
    lines = columns_of(orders, Orders, columns, needed=["order_id"]).filter(wanted)
    return (
        lines.select(
            "order_id",
            "province",
            local_time(pl.col("created_at", "shipped_at")),
            buyer=named_buyer(),
            address="address_key",
            phone="phone_key",
            own=waybill(pl.col("tracking_no")),
        )
        .sort("order_id", "own", nulls_last=True)
        .group_by("order_id", maintain_order=True)
        .agg(
            pl.col("buyer", "address", "phone", "province").drop_nulls().first(),
            pl.col("created_at", "shipped_at").min(),
            own=pl.col("own").drop_nulls().unique(maintain_order=True),
        )
        .collect(engine="streaming")
    )


def deliveries(orders: Frame) -> pl.DataFrame:
    """Deliveries that were shipped, one row an order and number: of a large shop those of some of the numbers.

    Columns out: order_id, number, province, shipped_at, sent_at (created where the file does not say when it was
    shipped), delivered_at (or receipt confirmed), courier, buyer, address, phone, whole (of how
    many times as many they are a part). Sorted by order_id, number.

    >>> orders = pl.DataFrame({"order_id": ["a", "a"], "tracking_no": ["SF1234567890", "sf 1234567890"]})
    >>> deliveries(orders).select("order_id", "number", "whole").rows()
    [('a', 'SF1234567890', 1)]
    """
    columns = ["order_id", "buyer_key", "buyer_key_quality", "address_key", "phone_key", "province", "tracking_no",
               "courier", "created_at", "shipped_at", "delivered_at", "confirmed_at"]  # fmt: skip
    lines = columns_of(orders, Orders, columns, needed=["order_id"])
    size = int(lines.select(pl.len()).collect(engine="streaming").item())
    whole = parts_for(size)
    lines = lines.with_columns(
        local_time(pl.col("created_at", "shipped_at", "delivered_at", "confirmed_at")),
        number=waybill(pl.col("tracking_no")),
    ).filter(pl.col("number").is_not_null(), pl.col("number").hash() % whole == 0)
    return (
        lines.select(
            "order_id",
            "number",
            "province",
            "shipped_at",
            sent_at=pl.coalesce("shipped_at", "created_at"),
            delivered_at=pl.coalesce("delivered_at", "confirmed_at"),
            courier=courier(pl.col("courier")),
            buyer=named_buyer(),
            address="address_key",
            phone="phone_key",
        )
        .sort("order_id", "number", "sent_at", "delivered_at", "province")
        .unique(["order_id", "number"], keep="first", maintain_order=True)
        .with_columns(whole=pl.lit(whole))
        .collect(engine="streaming")
    )


def journeys(parcels: Frame | None, *, until: date) -> pl.DataFrame:
    """One row a traced journey: number, scanned_at and scanned_in (first scan), signed_at and signed_in.

    A number that a courier uses again makes another journey (`JOURNEY`).

    >>> from datetime import datetime
    >>> parcels = pl.DataFrame({"tracking_no": ["YT123456789"] * 2, "at": [datetime(2026, 3, 1), datetime(2026, 9, 1)]})
    >>> journeys(parcels, until=date(2026, 11, 15))["scanned_at"].dt.month().to_list()
    [3, 9]
    """
    if parcels is None:
        parcels = pl.DataFrame(schema={"tracking_no": pl.String})
    columns = ["tracking_no", "at", "event", "place"]
    rows = (
        columns_of(parcels, Parcels, columns, needed=["tracking_no"])
        .with_columns(local_time(pl.col("at")), number=waybill(pl.col("tracking_no")))
        .filter(pl.col("number").is_not_null(), pl.col("at").dt.date() <= until)
    )
    place = pl.col("place").str.normalize("NFKC").str.replace_all(r"[\s【】\[\]]", "")
    rest = (pl.col("at") - pl.col("at").shift(1).over("number") > JOURNEY).fill_null(value=True)
    signed = pl.col("event") == "signed"
    return (
        rows.with_columns(place=place)
        .sort("number", "at", "place")
        .with_columns(journey=rest.cast(pl.Int64).cum_sum())
        .group_by("journey", maintain_order=True)
        .agg(
            pl.col("number").first(),
            scanned_at=pl.col("at").first(),
            scanned_in=pl.col("place").drop_nulls().first(),
            signed_at=pl.col("at").filter(signed).first(),
            signed_in=pl.col("place").filter(signed).drop_nulls().first(),
        )
        .drop("journey")
        .collect(engine="streaming")
    )


def with_journey(rows: pl.DataFrame, events: pl.DataFrame, at: str) -> pl.DataFrame:
    """Rows with the journey (of `journeys`) of their number that began nearest to the moment ``at`` of theirs.

    >>> from datetime import datetime
    >>> parcels = pl.DataFrame({"tracking_no": ["YT123456789"] * 2, "at": [datetime(2026, 3, 1), datetime(2026, 9, 1)]})
    >>> rows = pl.DataFrame({"number": ["YT123456789"], "entered_at": [datetime(2026, 8, 30)]})
    >>> with_journey(rows, journeys(parcels, until=date(2026, 11, 15)), "entered_at")["scanned_at"].item()
    datetime.datetime(2026, 9, 1, 0, 0)
    """
    dated = rows.with_row_index("spot").filter(pl.col(at).is_not_null()).select("spot", "number", at).sort(at)
    near = dated.join_asof(
        events.sort("scanned_at").with_columns(_at="scanned_at"),
        left_on=at,
        right_on="_at",
        by="number",
        strategy="nearest",
        tolerance=2 * JOURNEY,
        check_sortedness=False,
    ).drop("number", at, "_at", strict=False)
    return rows.with_row_index("spot").join(near, on="spot", how="left", maintain_order="left").drop("spot")
