"""Tables out of records: orders from order and item reports, refunds tied to lines, complaints from two sources.

All functions are pure and see only the orders they are given, so an import recomputes just what it touched.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from aftersales.sources.spread import spread
from aftersales.sources.versions import CASE_CONTENT, LINE_CONTENT, ORDER_STAGE, REFUND_STAGE, newest, same_numbers
from aftersales.tables.columns import MONEY, LocalTime
from aftersales.tables.complaints import Complaints
from aftersales.tables.orders import Orders
from aftersales.tables.refunds import Refunds
from aftersales.tables.values import REASON_FAULT, REFUND_STATUS, REFUND_UNSETTLED

# What is too large for the column (a price times an absurd quantity) is not known: no cell stops an import.
_ZERO = pl.lit(0, dtype=MONEY)
TOLD = ("refund_state", "refund_amount", "told_at", "told_dated")
_CLOSED = ("closed_unpaid", "closed_refunded")


def order_lines(
    order_records: pl.LazyFrame, item_records: pl.LazyFrame, *, products: pl.LazyFrame, parcels: pl.LazyFrame
) -> pl.DataFrame:
    """The ``orders`` table for the orders that the records speak of, sorted by line_id, with what their reports say of
    a refund: refund_state (one of `REFUND_STATUS`, none, unknown; null where no report tells the state), refund_amount
    (as the report gives it), told_at and told_dated (when that report was exported, and whether it says so).

    An order with items is one row an item, money that stands only on the order spread over them by amount; an order
    without is one row whose line_id is its order_id. ``paid`` is gross: an order report's "actually paid" is net of
    refunds, so the refund is added back. Category and batch come from the products template (by merchant code and
    starting day), delivery from the parcel's first sign-off.
    """
    item_records = same_numbers(item_records, key="line_id", content=LINE_CONTENT)
    heads = newest(order_records, key="order_id", stages=ORDER_STAGE)
    items = _with_withdrawn(newest(item_records, key="line_id", stages=ORDER_STAGE), item_records)
    lines = _lines_of_items(items, heads)
    lone = _lines_of_heads(heads.join(items.select("order_id").unique(), on="order_id", how="anti"))
    # a single line has its order's number; an item of that number under a damaged order number must not take its place
    taken = items.select("line_id", _taken=True).unique()
    lone = lone.join(taken, on="line_id", how="left", maintain_order="left").with_columns(
        line_id=pl.when("_taken").then(pl.col("order_id") + "-order").otherwise("line_id")
    )
    both = pl.concat([lines, lone], how="diagonal_relaxed")
    both = _with_products(_with_delivery(both, parcels), products)
    return _shaped(both, Orders, *TOLD).sort("line_id").collect()


def _shaped(frame: pl.LazyFrame, schema: type[dy.Schema], *more: str) -> pl.LazyFrame:
    """The schema's columns in its order and types, and ``more``; times keep the zone they have."""
    columns = schema.columns().items()
    return frame.select(
        *(pl.col(c) if isinstance(t, LocalTime) else pl.col(c).cast(t.dtype) for c, t in columns), *more
    )


def _lines_of_heads(heads: pl.LazyFrame) -> pl.LazyFrame:
    return heads.with_columns(
        line_id=pl.col("order_id"),
        amount=pl.coalesce("payable", pl.col("total") - pl.col("shipping_fee").fill_null(_ZERO)),
        paid=_if_paid(_gross_of_head("")),
        buyer_key_quality=pl.col("buyer_key_quality").fill_null("none"),
        refund_state=pl.lit(None, dtype=pl.String),
        refund_amount=pl.col("refunded"),
        told_at=pl.col("as_of"),
        told_dated=pl.col("dated"),
    )


def _gross_of_head(prefix: str) -> pl.Expr:
    """What was paid for an order before any refund; not known where all of it went back and nobody says how much."""
    net, refunded = pl.col(f"{prefix}paid_net"), pl.col(f"{prefix}refunded")
    gone = (pl.col(f"{prefix}status") == "closed_refunded") & refunded.is_null() & (net == 0)
    return pl.when(~gone.fill_null(value=False)).then(net + refunded.fill_null(_ZERO))


def _if_paid(gross: pl.Expr) -> pl.Expr:
    """Money only on orders that were paid; on those closed before payment, none."""
    return pl.when(pl.col("status") == "closed_unpaid").then(_ZERO).otherwise(gross).cast(MONEY, strict=False)


def _lines_of_items(items: pl.LazyFrame, heads: pl.LazyFrame) -> pl.LazyFrame:
    head = heads.rename({c: f"head_{c}" for c in heads.collect_schema().names() if c != "order_id"})
    lines = items.join(head, on="order_id", how="left").with_columns(
        amount=pl.coalesce("payable", pl.col("price") * pl.col("quantity").fill_null(1)).cast(MONEY, strict=False)
    )
    lines = lines.with_columns(_told=_refunded_by_state())
    lines = lines.with_columns(
        _head_gross=_gross_of_head("head_").cast(MONEY, strict=False),
        _shipping=pl.col("head_shipping_fee"),
        _own=_own_gross().cast(MONEY, strict=False),
        status=_line_status(),
        created_at=pl.coalesce("created_at", "head_created_at"),
        paid_at=pl.coalesce("paid_at", "head_paid_at"),
        shipped_at=pl.coalesce("shipped_at", "head_shipped_at"),
        confirmed_at=pl.col("head_confirmed_at"),
        tracking_no=pl.coalesce("tracking_no", "head_tracking_no"),
        courier=pl.coalesce("courier", "head_courier"),
        channel=pl.coalesce("channel", "head_channel"),
        merchant_code=pl.coalesce("sku_code", "merchant_code"),
        province=pl.col("head_province"),
        warehouse=pl.col("head_warehouse"),
        close_reason=pl.col("head_close_reason"),
        buyer_key=pl.coalesce("head_buyer_key", "buyer_key"),
        buyer_key_quality=pl.coalesce(
            "head_buyer_key_quality",
            pl.when(pl.col("buyer_key").is_not_null()).then(pl.lit("full")),
            pl.lit("none"),
        ),
        address_key=pl.col("head_address_key"),
        phone_key=pl.col("head_phone_key"),
    )
    weight = pl.coalesce("_own", "amount")
    lines = lines.sort("line_id").with_columns(_weight=weight)
    for name, whole, by in (
        ("_paid", "_head_gross", "_weight"),
        ("shipping_fee", "_shipping", "amount"),
        ("_refund_share", "head_refunded", "_weight"),
    ):
        lines = spread(lines, name, whole=whole, by=by, over="order_id")
    return lines.with_columns(
        paid=_if_paid(pl.coalesce("_paid", "_own")),
        refunded=_line_refund(),
        refund_state=pl.col("refund_status"),
        refund_amount=pl.coalesce("refunded", "_refund_share"),
        told_at=pl.col("as_of"),
        told_dated=pl.col("dated"),
    )


def _with_withdrawn(items: pl.LazyFrame, records: pl.LazyFrame) -> pl.LazyFrame:
    """The lines, those without a refund now for which one was requested in an earlier export as closed cases."""
    asked = records.filter(pl.col("refund_status").is_in(REFUND_STATUS)).group_by("line_id")
    once = asked.agg(_asked=pl.col("refunded").max(), _once=pl.lit(value=True))
    withdrawn = pl.col("_once") & (pl.col("refund_status") == "none")
    return items.join(once, on="line_id", how="left", maintain_order="left").with_columns(
        refund_status=pl.when(withdrawn).then(pl.lit("closed")).otherwise("refund_status"),
        refunded=pl.when(withdrawn).then("_asked").otherwise("refunded"),
    )


def _refunded_by_state() -> pl.Expr:
    """What was refunded on a line, as its state has it: no amount beside another state says that money went back."""
    state, amount = pl.col("refund_status"), pl.col("refunded")
    return (
        pl.when(state == "succeeded")
        .then(pl.when(amount > 0).then(amount))
        .when(state == "unknown")
        .then(pl.lit(None, dtype=MONEY))
        .when(state.is_not_null())
        .then(_ZERO)
        .otherwise(amount)
    ).cast(MONEY, strict=False)


def _own_gross() -> pl.Expr:
    """What was paid for a line by its own report, before any refund.

    An item report does not say whether its "actually paid" is net of refunds: adding the refund back never exceeds what
    was payable where it is net, and is ignored where it is gross. Of a refund of unknown size, less than the payable is
    no sum to rely on.
    """
    paid, state = pl.col("paid_net"), pl.col("refund_status")
    unknown = state.is_in(["succeeded", "unknown"]) & pl.col("_told").is_null() & (paid < pl.col("amount"))
    gross = pl.max_horizontal(paid, pl.min_horizontal(paid + pl.col("_told").fill_null(_ZERO), "amount"))
    return pl.when(~unknown.fill_null(value=False)).then(gross)


def _line_refund() -> pl.Expr:
    """What the reports say was refunded on the line: the item report's own; else the order's, spread.

    An order report alone knows the sum, so a line's share is a share of the sum, not a fact about the line.
    """
    own_known = (pl.col("refund_status").is_not_null() | pl.col("refunded").is_not_null()).any().over("order_id")
    return pl.when(own_known).then("_told").otherwise("_refund_share").cast(MONEY, strict=False)


def _line_status() -> pl.Expr:
    """The later of the line's own status and its order's; a line closed in an order that goes on stays closed.

    Reports of one moment, or that do not say when they were exported, leave it to the further state.
    """
    own, whole = pl.col("status"), pl.col("head_status")
    stage = [c.replace_strict(ORDER_STAGE, default=-1, return_dtype=pl.Int64) for c in (own, whole)]
    both = pl.col("dated") & pl.col("head_dated") & own.is_not_null() & whole.is_not_null()
    order_later = both & (pl.col("head_as_of") > pl.col("as_of")) & (whole.is_in(_CLOSED) | ~own.is_in(_CLOSED))
    line_later = both & (pl.col("as_of") > pl.col("head_as_of"))
    further = pl.when(stage[0] >= stage[1]).then(own).otherwise(whole)
    return pl.when(order_later).then(whole).when(line_later).then(own).otherwise(further)


def _with_delivery(lines: pl.LazyFrame, parcels: pl.LazyFrame) -> pl.LazyFrame:
    signed = (
        parcels.filter(pl.col("event") == "signed")
        .group_by("tracking_no")
        .agg(delivered_at=pl.col("at").min())
        .sort("tracking_no")
    )
    return lines.join(signed, on="tracking_no", how="left")


def _with_products(lines: pl.LazyFrame, products: pl.LazyFrame) -> pl.LazyFrame:
    started = products.select(
        "product_id", "merchant_code", "category", "batch", _from=pl.col("from_day").cast(pl.Date)
    ).sort("_from")
    day = pl.coalesce("shipped_at", "paid_at", "created_at").dt.date().fill_null(pl.date(9999, 12, 31))
    lines = lines.with_columns(_day=day).sort("_day")
    own, any_code = started.filter(pl.col("merchant_code") != ""), started.filter(pl.col("merchant_code") == "")
    for side, by in ((own, ["product_id", "merchant_code"]), (any_code, ["product_id"])):
        suffix = "_own" if "merchant_code" in by else "_any"
        keep = side.select(*by, "_from", pl.col("category", "batch").name.suffix(suffix))
        lines = lines.join_asof(
            keep, left_on="_day", right_on="_from", by=by, strategy="backward", check_sortedness=False
        )
        lines = lines.drop("_from", strict=False)
    return lines.with_columns(
        category=pl.coalesce("category_own", "category_any"), batch=pl.coalesce("batch_own", "batch_any")
    )


def refunds(refund_records: pl.LazyFrame, orders: pl.LazyFrame) -> pl.DataFrame:
    """The ``refunds`` table for the given orders (of `order_lines`), sorted by refund_id.

    Cases of the refund report; and, for lines it does not mention, what order and item reports say, without dates and
    reasons: by state where they tell it, else by amount. A case that was open when the refund report was exported
    stands as a later item report has it.
    """
    cases = same_numbers(refund_records, key="refund_id", content=CASE_CONTENT)
    cases = newest(cases, key="refund_id", stages=REFUND_STAGE)
    tied = _tied(cases, orders).with_columns(status=_later_status())
    known = orders.select("order_id", order_known=pl.lit(True)).unique("order_id", maintain_order=True)
    tied = (
        tied.join(known, on="order_id", how="left")
        .with_columns(
            order_known=pl.col("order_known").fill_null(False),
            source=pl.lit("refund_report"),
            fault=pl.coalesce(
                "fault", pl.col("reason").replace_strict(REASON_FAULT, default=None, return_dtype=pl.String)
            ),
        )
        .with_columns(full=pl.coalesce("full", pl.col("amount") >= pl.col("_line_paid")))
    )
    told = _told_by_reports(orders, tied)
    both = pl.concat([tied, told], how="diagonal_relaxed")
    return _shaped(both, Refunds).sort("refund_id").collect()


def _tied(cases: pl.LazyFrame, orders: pl.LazyFrame) -> pl.LazyFrame:
    """Each case with its line: by line id, else product id, merchant code, title, amount — if just one line fits."""
    lines = orders.select(
        "order_id", "line_id", *TOLD, _product="product_id", _code="merchant_code", _title="title", _line_paid="paid"
    )
    pairs = cases.select("refund_id", "order_id", "line_id", "product_id", "merchant_code", "title", "amount").join(
        lines, on="order_id", how="inner", suffix="_of"
    )
    fits = [
        pl.col("line_id") == pl.col("line_id_of"),
        pl.col("product_id") == pl.col("_product"),
        pl.col("merchant_code") == pl.col("_code"),
        pl.col("title") == pl.col("_title"),
        pl.col("amount") == pl.col("_line_paid"),
        pl.len().over("refund_id") == 1,
    ]
    score = pl.sum_horizontal(f.fill_null(False).cast(pl.Int64) * 2 ** (len(fits) - i) for i, f in enumerate(fits))
    best = pairs.with_columns(_score=score).filter(
        (pl.col("_score") > 0) & (pl.col("_score") == pl.col("_score").max().over("refund_id"))
    )
    single = best.filter(pl.len().over("refund_id") == 1).select(
        "refund_id", "line_id_of", "_product", "_line_paid", *TOLD
    )
    paid = orders.group_by("order_id").agg(
        _order_paid=pl.when(pl.col("paid").is_not_null().all()).then(pl.col("paid").sum())
    )
    return (
        cases.join(single, on="refund_id", how="left")
        .join(paid, on="order_id", how="left")
        .with_columns(
            line_id=pl.col("line_id_of"),
            product_id=pl.coalesce("product_id", "_product"),
            _line_paid=pl.coalesce("_line_paid", "_order_paid"),
        )
    )


def _later_status() -> pl.Expr:
    """A case's status; of a line's only refund case that was open, what a later item report says of the line."""
    refunding = pl.col("kind").is_null() | pl.col("kind").is_in(["refund_only", "return_refund"])
    later = pl.col("dated") & pl.col("told_dated") & (pl.col("told_at") > pl.col("as_of"))
    only = pl.col("line_id").is_not_null() & (pl.len().over("line_id") == 1)
    moved = later & only & refunding & pl.col("status").is_in(REFUND_UNSETTLED)
    state = pl.col("refund_state").replace({"none": "closed", "unknown": None})
    return pl.when(moved).then(pl.coalesce(state, "status")).otherwise("status")


def _told_by_reports(lines: pl.LazyFrame, cases: pl.LazyFrame) -> pl.LazyFrame:
    """Refunds that only order or item reports tell of: a case a line that has a state, else where money went back.

    An amount beside a state that is no refund (a price reduction) makes no case. Where the refund report has a case,
    nothing is told twice: of its line, or of its whole order where it is tied to none or no state is told.
    """
    state = pl.col("refund_state")
    asked = state.is_in([*REFUND_STATUS, "unknown"])
    told = lines.filter(asked | (state.is_null() & (pl.col("refunded") > 0)))
    loose = cases.filter(pl.col("line_id").is_null()).select("order_id").unique()
    told = told.join(loose, on="order_id", how="anti")
    told = told.join(cases.select("line_id").drop_nulls().unique(), on="line_id", how="anti")
    mentioned = cases.select("order_id", _mentioned=pl.lit(value=True)).unique()
    told = told.join(mentioned, on="order_id", how="left").filter(asked | pl.col("_mentioned").is_null())
    amount = pl.when(state.is_null() | (state == "succeeded")).then("refunded").otherwise("refund_amount")
    return told.select(
        "order_id",
        "line_id",
        "product_id",
        refund_id=pl.lit("of-") + pl.col("line_id"),
        amount=pl.when(amount > 0).then(amount),
        status=pl.when(state.is_null()).then(pl.lit("succeeded")).when(state != "unknown").then(state),
        full=pl.when(amount > 0).then(amount >= pl.col("paid")),
        source=pl.when(asked | (pl.col("line_id") != pl.col("order_id")))
        .then(pl.lit("item_report"))
        .otherwise(pl.lit("order_report")),
        order_known=pl.lit(value=True),
    )


def complaints(complaint_records: pl.LazyFrame, refunds: pl.LazyFrame, orders: pl.LazyFrame) -> pl.DataFrame:
    """The ``complaints`` table for the given orders: the template's, and disputes read off the refund report.

    A refund case is a dispute where the platform stepped in or asked for evidence; an order that has complaints of its
    own in the template does not count its disputes twice.
    """
    filed = newest(complaint_records, key="complaint_id").with_columns(source=pl.lit("template"))
    disputed = refunds.filter(
        (pl.col("source") == "refund_report") & (pl.col("platform_involved") | pl.col("evidence_due_at").is_not_null())
    ).join(filed.select("order_id").unique(), on="order_id", how="anti")
    still_open = pl.col("status").is_in(REFUND_UNSETTLED)
    disputes = disputed.select(
        "order_id",
        "evidence_due_at",
        "fault",
        complaint_id=pl.lit("refund-") + pl.col("refund_id"),
        filed_at=pl.col("applied_at"),
        kind=pl.col("reason"),
        channel=pl.lit("refund_dispute"),
        text=pl.col("note"),
        demand=pl.col("kind"),
        amount_demanded=pl.col("amount"),
        closed_at=pl.when(~still_open).then("finished_at"),
        compensation=pl.when(pl.col("status") == "succeeded").then("amount"),
        source=pl.lit("refund_report"),
    )
    known = orders.select("order_id", order_known=pl.lit(True)).unique("order_id", maintain_order=True)
    both = pl.concat([filed, disputes], how="diagonal_relaxed").join(known, on="order_id", how="left")
    both = both.with_columns(order_known=pl.col("order_known").fill_null(False))
    return _shaped(both, Complaints).sort("complaint_id").collect()
