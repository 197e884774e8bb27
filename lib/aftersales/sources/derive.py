"""What follows from several cells of a row together: how an order was closed, in which phase a refund was asked for.

Cells that an export writes once for several rows of an order are filled down to the rows below.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from aftersales.sources import clean
from aftersales.sources.recognition import Match

_NOT_SHIPPED = ("未发货", "待发货", "未填写", "暂无")


def derived(frame: pl.DataFrame, *, kind: str, there: Collection[str], paid: str | None = None) -> pl.DataFrame:
    """The frame with the values finished that one cell cannot tell; helper columns (``_…``) are gone.

    ``there`` names the fields that the file brings: a column that is not there proves nothing by being null.
    ``paid``: whether the file's ``paid_net`` is in truth "gross", or "net" of refunds, where its layout says so.

    >>> closed = pl.DataFrame({"status": ["closed"], "paid_at": [None], "paid_net": [0], "refunded": [None]})
    >>> derived(closed, kind="order_report", there={"paid_at", "paid_net"})["status"].to_list()
    ['closed_unpaid']
    """
    if kind in ("order_report", "item_report"):
        frame = frame.with_columns(status=_closed_how(there, gross=paid == "gross"))
    if kind == "item_report" and "refund_status" in there:
        frame = frame.with_columns(pl.col("refund_status").fill_null("none"))
    if kind in ("order_report", "item_report") and {"paid_net", "refunded"} <= set(there) and paid != "net":
        frame = frame.with_columns(paid_net=_net(kind, there, gross=paid == "gross"))
    if kind == "order_report":
        frame = (
            frame.with_columns(close_reason=pl.col("close_reason").replace({"订单未关闭": None}))
            if ("close_reason" in there)
            else frame
        )
    if kind == "refund_report":
        involved = pl.col("platform_involved")
        frame = frame.with_columns(
            phase=_phase(there),
            platform_involved=involved.fill_null(False) if "platform_involved" in there else involved,
        )
    return frame.drop(pl.selectors.starts_with("_"))


def _net(kind: str, there: Collection[str], *, gross: bool) -> pl.Expr:
    """What was paid, net of refunds.

    Where nobody says which it is, the order's total tells: paid and refunded together above it, paid was gross. An item
    report's lines are compared in `compose`, with what was payable.
    """
    paid, refunded = pl.col("paid_net"), pl.col("refunded").fill_null(0)
    if "refund_status" in there:  # money beside another state did not go back
        refunded = pl.when(pl.col("refund_status") == "succeeded").then(refunded).otherwise(0)
    if gross:
        return paid - refunded
    if kind != "order_report" or not {"total", "payable"} & set(there):
        return paid
    total = pl.col("total") if "total" in there else pl.col("payable") + pl.col("shipping_fee").fill_null(0)
    whole = (refunded > 0) & (paid + refunded > total)
    return pl.when(whole).then(pl.when(paid > 0).then(paid).otherwise(total) - refunded).otherwise(paid)


def _closed_how(there: Collection[str], *, gross: bool) -> pl.Expr:
    """交易关闭 stands both for orders never paid and for orders paid and refunded: payment tells them apart.

    Money that is not net of refunds would have gone back: where none did, it is a price that nobody paid.
    """
    status = pl.col("status")
    proofs = [pl.col("paid_at").is_not_null()] if "paid_at" in there else []
    proofs += [pl.col(money).fill_null(0) > 0 for money in ("paid_net", "refunded") if money in there]
    if gross and {"paid_net", "refunded"} <= set(there):
        proofs[-2] &= (pl.col("refunded") != 0).fill_null(value=True)
    elif gross and "paid_net" in there:
        proofs.pop()
    if "refund_status" in there:
        proofs.append((pl.col("refund_status") == "succeeded").fill_null(value=False))
    if not proofs:
        split = pl.lit(None, dtype=pl.String)
    else:
        split = pl.when(pl.any_horizontal(proofs)).then(pl.lit("closed_refunded")).otherwise(pl.lit("closed_unpaid"))
    return pl.when(status == "closed").then(split).otherwise(status)


def _phase(there: Collection[str]) -> pl.Expr:
    """before_shipping, in_transit or after_receipt, from 售中/售后, 货物状态 and the outward parcel."""
    phase, goods = pl.col("phase"), pl.col("goods_status")
    has_it = goods.is_in(["received", "returned"])
    on_sale = (phase == "onsale") | (phase.is_null() & (goods == "not_received"))
    shipped = pl.col("_shipped_info").is_not_null() & ~pl.col("_shipped_info").str.contains_any(list(_NOT_SHIPPED))
    on_the_way = (
        pl.when(shipped).then(pl.lit("in_transit")).otherwise(pl.lit("before_shipping"))
        if "_shipped_info" in there
        else pl.lit(None, dtype=pl.String)
    )
    return pl.when(has_it).then(pl.lit("after_receipt")).when(on_sale).then(on_the_way).otherwise(phase)


class Filled:
    """Fills the columns that a layout names under ``fill_down``, part after part of a file.

    A row goes on with the order above it where its cell of the order number is empty or the same. Only such rows are
    filled, so that a cell which is empty for the whole order stays empty.
    """

    def __init__(self, match: Match) -> None:
        layout = match.layout
        spelled = [h for name in layout.fill_down for h in layout.headers.get(name, (name,))]
        self._columns = [f"c{place}" for place in match.columns(spelled)]
        self._key = next((f"c{place}" for place in match.columns(layout.headers.get("order_id", ()))), None)
        self._last: pl.DataFrame | None = None

    def below(self, cells: pl.DataFrame) -> pl.DataFrame:
        """The cells of the next part, filled."""
        if not self._columns or self._key is None or not cells.height:
            return cells
        whole = cells if self._last is None else pl.concat([self._last, cells])
        key = clean.identifier(whole[self._key])
        begins = key.is_not_null() & (key.forward_fill().shift(1).ne_missing(key))
        bare = whole.with_columns(clean.text(whole[c]).is_not_null().alias(f"_{c}") for c in self._columns)
        filled = bare.with_columns(_order=begins.cum_sum()).with_columns(
            pl.when(f"_{c}").then(c).forward_fill().over("_order").alias(c) for c in self._columns
        )
        whole = filled.select(cells.columns)
        self._last = whole.tail(1)
        return whole.tail(cells.height)
