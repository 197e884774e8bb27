"""The item report: one row an order line."""

from __future__ import annotations

import polars as pl

from aftersales.demo.headers import ITEM_REPORT
from aftersales.demo.moments import moment_text
from aftersales.demo.order_file import known, payment_no, yuan
from aftersales.demo.seen import REFUND_WORDS, STATUS_WORDS, seen_lines
from aftersales.demo.shop import Shop


def item_report(shop: Shop, orders: pl.DataFrame, *, at: int) -> pl.DataFrame:
    """The rows of an item report, all text, for orders as `seen.seen_orders` gives them; the columns of the header."""
    rows = seen_lines(shop, orders, at=at).with_columns(
        refund_word=pl.col("refund_status").replace_strict(REFUND_WORDS, return_dtype=pl.String)
    )
    asked = pl.col("refund_status").is_not_null()
    values = {
        "子订单编号": pl.col("line_id"),
        "主订单编号": pl.col("order_id"),
        "商品标题": pl.col("title"),
        "商品价格": yuan("price_fen"),
        "购买数量": pl.col("quantity"),
        "外部系统编号": pl.col("code"),
        "商品属性": pl.col("properties"),
        "订单状态": pl.col("status").replace_strict(STATUS_WORDS, return_dtype=pl.String),
        "商家编码": pl.col("product_code"),
        "支付单号": known("paid", payment_no()),
        "买家应付货款": yuan("amount_fen"),
        "买家实付金额": known("paid", yuan("amount_fen")),
        "退款状态": pl.when(asked).then("refund_word").otherwise(pl.lit("没有申请退款")),
        "退款金额": pl.when(asked).then(yuan("refunded_fen")).otherwise(pl.lit("无退款申请")),
        "订单创建时间": moment_text("created"),
        "订单付款时间": moment_text("paid"),
        "商品ID": pl.col("product_id"),
        "发货时间": moment_text("shipped"),
        "物流单号": known("shipped", pl.col("tracking_no")),
        "物流公司": known("shipped", pl.col("courier")),
        "是否主动赔付": pl.lit("否"),
        "应发货时间": moment_text("ship_by"),
    }
    return rows.select(values.get(name, pl.lit("")).cast(pl.String).alias(name) for name in ITEM_REPORT)
