"""orders: one row an order line (sub-order)."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from aftersales.tables.columns import LocalTime, key, money, one_of, optional_text
from aftersales.tables.values import KEY_QUALITY, ORDER_STATUS


class Orders(dy.Schema):
    """One row an order line; an order known from an order report alone is one line, ``line_id`` = ``order_id``.

    ``paid`` is gross: what the buyer paid before any refund, shipping included; null or 0 where never paid.
    ``refunded`` is what the order or item report itself says was refunded on the line, null where it does not say.
    """

    line_id = key()
    order_id = dy.String(min_length=1)
    buyer_key = optional_text()
    buyer_key_quality = one_of(KEY_QUALITY, nullable=False)
    address_key = optional_text()
    phone_key = optional_text()
    province = optional_text()
    channel = optional_text()
    product_id = optional_text()
    sku = optional_text()
    merchant_code = optional_text()
    title = optional_text()
    category = optional_text()
    batch = optional_text()
    warehouse = optional_text()
    quantity = dy.Int64(nullable=True, min=0)
    amount = money()
    paid = money()
    shipping_fee = money()
    refunded = money()
    created_at = LocalTime()
    paid_at = LocalTime()
    ship_by = LocalTime()
    shipped_at = LocalTime()
    delivered_at = LocalTime()
    confirmed_at = LocalTime()
    status = one_of(ORDER_STATUS)
    close_reason = optional_text()
    courier = optional_text()
    tracking_no = optional_text()

    @dy.rule()
    def never_paid_has_no_payment(cls) -> pl.Expr:
        """An order closed before payment carries no money."""
        return (pl.col("status") != "closed_unpaid") | (pl.col("paid").fill_null(0) == 0)
