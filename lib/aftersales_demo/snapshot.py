"""What an export made at a moment shows: the state of orders, lines and refund cases as of then."""

from __future__ import annotations

import polars as pl

from aftersales_demo.course import (
    AFTER_RECEIPT,
    AGREE_DAYS,
    BEFORE_SHIPPING,
    BEFORE_SHIPPING_HOURS,
    CONFIRM_DAYS,
    IN_TRANSIT_DAYS,
    SEND_BACK_DAYS,
)
from aftersales_demo.moments import DAY, HOUR, NEVER
from aftersales_demo.shop import Shop

STATUS_WORDS = {
    "unpaid": "等待买家付款",
    "paid": "买家已付款，等待卖家发货",
    "shipped": "卖家已发货，等待买家确认",
    "finished": "交易成功",
    "closed_unpaid": "交易关闭",
    "closed_refunded": "交易关闭",
}
REFUND_WORDS = {
    "requested": "买家已申请，等待卖家同意",
    "to_return": "卖家已同意，等待买家退货",
    "returned": "买家已退货，等待卖家确认收货",
    "refused": "卖家拒绝退款",
    "closed": "退款关闭",
    "succeeded": "退款成功",
}
_TIMES = ("paid", "shipped", "scanned", "delivered", "confirmed", "closed", "unpaid_closed")


def _by(column: str, at: int) -> pl.Expr:
    """The moment where it has come by then, else `NEVER`."""
    return pl.when(pl.col(column) <= at).then(column).otherwise(NEVER).alias(column)


def seen_orders(shop: Shop, *, since: int, at: int) -> pl.DataFrame:
    """Orders created from `since` up to `at`, by time, as they stood at `at`: nothing later shows.

    Adds to the shop's columns: row, status (`STATUS_WORDS`), goods_fen, refunded_fen, total_fen.
    """
    orders = shop.orders.with_row_index("row").filter(pl.col("created").is_between(since, at, closed="left"))
    money = shop.lines.group_by("order").agg(goods_fen=pl.col("amount_fen").sum())
    given_back = _given_back(shop, at).group_by("order").agg(refunded_fen=pl.col("refunded_fen").sum())
    orders = orders.with_columns(pl.col("row").cast(pl.Int64)).join(money, left_on="row", right_on="order", how="left")
    orders = orders.join(given_back, left_on="row", right_on="order", how="left", maintain_order="left")
    return orders.with_columns(
        *(_by(c, at) for c in _TIMES),
        status=status(at),
        refunded_fen=pl.col("refunded_fen").fill_null(0),
        total_fen=pl.col("goods_fen") + pl.col("shipping_fen"),
    ).with_columns(paid_fen=pl.when(pl.col("paid") < NEVER).then("total_fen").otherwise(0))


def _given_back(shop: Shop, at: int) -> pl.DataFrame:
    done = shop.cases.filter(pl.col("succeeds") & (pl.col("ended") <= at))
    return done.group_by("line", "order").agg(refunded_fen=pl.col("amount_fen").sum())


def status(at: int, closed: str = "closed") -> pl.Expr:
    """The order's (or, with the line's own `closed`, the line's) status at a moment."""
    return (
        pl.when(pl.col("unpaid_closed") <= at)
        .then(pl.lit("closed_unpaid"))
        .when(pl.col("paid") > at)
        .then(pl.lit("unpaid"))
        .when(pl.col(closed) <= at)
        .then(pl.lit("closed_refunded"))
        .when(pl.col("confirmed") <= at)
        .then(pl.lit("finished"))
        .when(pl.col("shipped") <= at)
        .then(pl.lit("shipped"))
        .otherwise(pl.lit("paid"))
    )


def seen_lines(shop: Shop, orders: pl.DataFrame, *, at: int) -> pl.DataFrame:
    """The lines of those orders (`seen_orders`) at that moment, with product, SKU and their last refund's state."""
    lines = shop.lines.with_row_index("line").with_columns(pl.col("line").cast(pl.Int64))
    head = orders.select(
        "row", "created", "courier", "tracking_no", "ship_by", *_TIMES[:5], "unpaid_closed", "shipping_fen"
    )
    lines = lines.join(head, left_on="order", right_on="row", how="inner", maintain_order="left")
    back = _given_back(shop, at).select("line", "refunded_fen")
    last = seen_cases(shop, since=0, at=at).sort("applied").group_by("line", maintain_order=True).last()
    lines = lines.join(back, on="line", how="left", maintain_order="left").join(
        last.select("line", refund_status="status"), on="line", how="left", maintain_order="left"
    )
    names = shop.goods.products.select("product", "product_id", "title", product_code="code")
    kinds = shop.goods.skus.select("sku", "properties", "code")
    lines = lines.join(names, on="product", how="left", maintain_order="left")
    return lines.join(kinds, on="sku", how="left", maintain_order="left").with_columns(
        _by("closed", at), status=status(at), refunded_fen=pl.col("refunded_fen").fill_null(0)
    )


def seen_cases(shop: Shop, *, since: int, at: int) -> pl.DataFrame:
    """Refund cases asked for from `since` up to `at`, as they stood at `at`: status, deadline, what is known."""
    cases = shop.cases.filter(pl.col("applied").is_between(since, at, closed="left"))
    over, agreed = pl.col("ended") <= at, pl.col("agreed") <= at
    cases = cases.with_columns(
        status=pl.when(over & pl.col("succeeds"))
        .then(pl.lit("succeeded"))
        .when(over)
        .then(pl.lit("closed"))
        .when(agreed & pl.col("refused"))
        .then(pl.lit("refused"))
        .when(pl.col("returned") <= at)
        .then(pl.lit("returned"))
        .when(agreed)
        .then(pl.lit("to_return"))
        .otherwise(pl.lit("requested"))
    )
    asked_until = (
        pl.when(pl.col("phase") == BEFORE_SHIPPING)
        .then(BEFORE_SHIPPING_HOURS * HOUR)
        .when((pl.col("phase") == AFTER_RECEIPT) & (pl.col("kind") == "return_refund"))
        .then(AGREE_DAYS * DAY)
        .otherwise(IN_TRANSIT_DAYS * DAY)
    )
    deadline = (
        pl.when(pl.col("status") == "requested")
        .then(pl.col("applied") + asked_until)
        .when(pl.col("status").is_in(["to_return", "refused"]))
        .then(pl.col("agreed") + SEND_BACK_DAYS * DAY)
        .when(pl.col("status") == "returned")
        .then(pl.col("returned") + CONFIRM_DAYS * DAY)
        .otherwise(NEVER)
    )
    return cases.with_columns(
        deadline=pl.when(deadline > at)
        .then(deadline)
        .otherwise(pl.when(deadline < NEVER).then(at + DAY).otherwise(NEVER)),
        ended=pl.when(over).then("ended").otherwise(NEVER),
        returned=pl.when(pl.col("returned") <= at).then("returned").otherwise(NEVER),
        involved=pl.when(pl.col("involved") <= at).then("involved").otherwise(NEVER),
        evidence_due=pl.when(pl.col("involved") <= at).then("evidence_due").otherwise(NEVER),
        fault=pl.when(over).then("fault").otherwise(pl.lit("")),
    )
