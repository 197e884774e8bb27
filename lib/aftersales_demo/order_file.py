"""The order report: classic and complete for one shop, current and masked for the other."""

from __future__ import annotations

import polars as pl

from aftersales_demo.headers import ORDER_REPORT, ORDER_REPORT_MASKED
from aftersales_demo.moments import NEVER, moment_text
from aftersales_demo.shop import Shop
from aftersales_demo.snapshot import STATUS_WORDS, seen_lines


def yuan(column: str) -> pl.Expr:
    """Fen (whole, not negative) as yuan with two decimals, as text."""
    fen = pl.col(column)
    return (fen // 100).cast(pl.String) + "." + (fen % 100).cast(pl.String).str.zfill(2)


def known(column: str, then: pl.Expr | str) -> pl.Expr:
    """The text where that moment has come, else empty."""
    return pl.when(pl.col(column) < NEVER).then(then).otherwise(pl.lit(""))


def payment_no() -> pl.Expr:
    """The payment's own number: its day, and the end of the order's id."""
    day = pl.from_epoch(pl.col("paid"), time_unit="s").dt.strftime("%Y%m%d")
    return day + "2200140" + pl.col("order_id").str.slice(-13)


def order_report(shop: Shop, orders: pl.DataFrame, *, at: int) -> pl.DataFrame:
    """The rows of an order report, all text, for orders as `snapshot.seen_orders` gives them."""
    lines = seen_lines(shop, orders, at=at)
    of_order = lines.group_by("order").agg(
        titles=pl.col("title").str.join("，"),
        kinds=pl.len(),
        pieces=pl.col("quantity").sum(),
        properties=pl.col("properties").first(),
    )
    buyers = shop.buyers.with_row_index("buyer").with_columns(pl.col("buyer").cast(pl.Int64)).drop("days")
    rows = orders.join(of_order, left_on="row", right_on="order", how="left", maintain_order="left")
    rows = rows.drop("province").join(buyers, on="buyer", how="left", maintain_order="left")
    values = _masked(shop) if shop.spec.masked else _clear(shop)
    header = ORDER_REPORT_MASKED if shop.spec.masked else ORDER_REPORT
    return rows.select(values.get(name.strip(), pl.lit("")).cast(pl.String).alias(name) for name in header)


def _shared(shop: Shop) -> dict[str, pl.Expr]:
    closed = pl.coalesce("close_reason", pl.lit("买家未付款"))
    return {
        "订单编号": pl.col("order_id"),
        "支付单号": known("paid", payment_no()),
        "支付详情": known("paid", payment_no() + "(支付宝)"),
        "买家应付货款": yuan("goods_fen"),
        "买家应付邮费": yuan("shipping_fen"),
        "总金额": yuan("total_fen"),
        "订单状态": pl.col("status").replace_strict(STATUS_WORDS, return_dtype=pl.String),
        "订单创建时间": moment_text("created"),
        "订单付款时间": moment_text("paid"),
        "宝贝种类": pl.col("kinds"),
        "物流单号": known("shipped", pl.col("tracking_no")),
        "物流公司": known("shipped", pl.col("courier")),
        "宝贝总数量": pl.col("pieces"),
        "店铺名称": pl.lit(shop.spec.name),
        "订单关闭原因": pl.when(pl.col("status") == "closed_unpaid")
        .then(closed)
        .when(pl.col("status") == "closed_refunded")
        .then(pl.lit("退款"))
        .otherwise(pl.lit("订单未关闭")),
        "退款金额": yuan("refunded_fen"),
        "确认收货时间": moment_text("confirmed"),
    }


def _clear(shop: Shop) -> dict[str, pl.Expr]:
    place = pl.concat_str("province", "city", "district", "street", separator=" ")
    left = pl.when(pl.col("confirmed") < NEVER).then(pl.col("paid_fen") - pl.col("refunded_fen")).otherwise(0)
    return _shared(shop) | {
        "买家会员名": pl.col("nick"),
        "买家支付积分": pl.lit("0"),
        "返点积分": pl.lit("0"),
        # this report's "actually paid" is what the shop keeps: net of refunds, as in a real file
        "买家实际支付金额": _net(),
        "买家实际支付积分": pl.lit("0"),
        "收货人姓名": pl.col("receiver"),
        "收货地址": place + "(" + pl.col("postcode") + ")",
        "运送方式": pl.lit("快递"),
        "联系手机": pl.lit("'") + pl.col("phone"),
        "宝贝标题": pl.col("titles"),
        "店铺Id": pl.lit("0"),
        "卖家服务费": pl.lit("0"),
        "买家服务费": pl.lit("0元"),
        "是否手机订单": pl.lit("手机订单"),
        "是否上传合同照片": pl.lit("否"),
        "是否上传小票": pl.lit("否"),
        "是否代付": pl.lit("否"),
        "打款商家金额": left.floordiv(100).cast(pl.String) + "." + (left % 100).cast(pl.String).str.zfill(2) + "元",
        "主订单编号": pl.col("order_id"),
    }


def _net() -> pl.Expr:
    net = pl.col("paid_fen") - pl.col("refunded_fen")
    return (net // 100).cast(pl.String) + "." + (net % 100).cast(pl.String).str.zfill(2)


def _masked(shop: Shop) -> dict[str, pl.Expr]:
    paid_out = pl.when(pl.col("confirmed") < NEVER).then(_net()).otherwise(pl.lit("0.00"))
    return _shared(shop) | {
        "买家会员名": pl.col("nick").str.slice(0, 1) + "**",
        "买家实付金额": _net(),
        "收货人姓名": pl.col("receiver").str.slice(0, 1) + "**",
        "收货地址": pl.concat_str("province", "city", "district", pl.lit("****"), separator=" "),
        "联系手机": pl.col("phone").str.slice(0, 3) + "****" + pl.col("phone").str.slice(7),
        "商品标题": pl.col("titles"),
        "是否主动赔付": pl.lit("否"),
        "商品属性SKU": pl.col("properties"),
        "确认收货打款金额": paid_out,
        "总金额(旧版)": yuan("total_fen"),
    }
