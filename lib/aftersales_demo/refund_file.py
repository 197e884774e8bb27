"""The refund report: one row a refund case. It names no buyer."""

from __future__ import annotations

import polars as pl

from aftersales_demo.course import AFTER_RECEIPT, BEFORE_SHIPPING
from aftersales_demo.headers import REFUND_REPORT, REFUND_REPORT_SHORT
from aftersales_demo.moments import NEVER, moment_text
from aftersales_demo.order_file import known, payment_no, yuan
from aftersales_demo.shop import Shop
from aftersales_demo.snapshot import REFUND_WORDS, seen_cases

KIND_WORDS = {"refund_only": "仅退款", "return_refund": "退货退款"}
RETURN_COURIERS = ("圆通速递", "中通快递", "韵达快递", "极兔速递", "邮政快递包裹")


def refund_report(shop: Shop, *, since: int, at: int) -> pl.DataFrame:
    """The rows of a refund report, all text, for cases asked for from `since` to `at`, as they stood at `at`."""
    cases = seen_cases(shop, since=since, at=at)
    lines = shop.lines["product", "sku", "amount_fen", "first_of_order"][cases["line"]].rename(
        {"amount_fen": "line_fen"}
    )
    orders = shop.orders["paid", "shipped", "confirmed", "courier", "tracking_no", "shipping_fen"][cases["order"]]
    rows = cases.drop("paid", "shipped", "shipping_fen", "first_of_order").hstack(lines).hstack(orders)
    rows = rows.join(
        shop.goods.products.select("product", "product_id", "title"), on="product", how="left", maintain_order="left"
    )
    rows = rows.join(shop.goods.skus.select("sku", "code"), on="sku", how="left", maintain_order="left")
    rows = rows.with_columns(
        sent_back=pl.concat_str(pl.lit("YT66"), ((pl.col("line") * 104_729) % 10**9).cast(pl.String).str.zfill(9)),
        back_with=pl.lit(list(RETURN_COURIERS)).list.get(pl.col("line") % len(RETURN_COURIERS)),
    )
    header = REFUND_REPORT_SHORT if shop.spec.masked else REFUND_REPORT
    values = _values()
    return rows.select(values.get(name, pl.lit("")).cast(pl.String).fill_null("").alias(name) for name in header)


def _values() -> dict[str, pl.Expr]:
    after = pl.col("applied") >= pl.col("confirmed")
    shipped = pl.col("phase") != BEFORE_SHIPPING
    goods = (
        pl.when(pl.col("returned") < NEVER)
        .then(pl.lit("买家已退货"))
        .when(pl.col("phase") == AFTER_RECEIPT)
        .then(pl.lit("买家已收到货"))
        .otherwise(pl.lit("买家未收到货"))
    )
    involved = (
        pl.when(pl.col("involved") >= NEVER)
        .then(pl.lit("客服未介入"))
        .when(pl.col("ended") < NEVER)
        .then(pl.lit("客服处理完成"))
        .otherwise(pl.lit("客服介入中"))
    )
    yes, no = pl.lit("是"), pl.lit("否")
    return {
        "订单编号": pl.col("order_id"),
        "退款编号": pl.col("refund_id"),
        "支付单号": payment_no(),
        "订单付款时间": moment_text("paid"),
        "商品 id": pl.col("product_id"),
        "商品编码": pl.col("code"),
        "退款完结时间": moment_text("ended"),
        "买家实际支付金额": yuan("line_fen"),
        "宝贝标题": pl.col("title"),
        "买家退款金额": yuan("amount_fen"),
        "手工退款/系统退款": pl.when("at_once").then(pl.lit("系统退款")).otherwise(pl.lit("手工退款")),
        "售后类型": pl.col("kind").replace_strict(KIND_WORDS, return_dtype=pl.String),
        "退款的申请时间": moment_text("applied"),
        "超时时间": moment_text("deadline"),
        "退款状态": pl.col("status").replace_strict(REFUND_WORDS, return_dtype=pl.String),
        "货物状态": goods,
        "退货物流信息": known("returned", pl.concat_str("back_with", "sent_back", separator=" ")),
        "发货物流信息": pl.when(shipped).then(pl.concat_str("courier", "tracking_no", separator=" ")),
        "客服介入状态": involved,
        "退货物流单号": known("returned", pl.col("sent_back")),
        "退货物流公司": known("returned", pl.col("back_with")),
        "买家退款原因": pl.col("reason"),
        "买家退款说明": pl.col("note"),
        "买家退货时间": moment_text("returned"),
        "责任方": pl.col("fault"),
        "售中或售后": pl.when(after).then(pl.lit("售后")).otherwise(pl.lit("售中")),
        "完结时间": moment_text("ended"),
        "部分退款/全部退款": pl.when("full").then(pl.lit("全部退款")).otherwise(pl.lit("部分退款")),
        "举证超时": moment_text("evidence_due"),
        "是否零秒响应": pl.when("at_once").then(yes).otherwise(no),
        "退款操作人": pl.when(pl.col("ended") < NEVER).then(
            pl.when("at_once").then(pl.lit("系统")).otherwise(pl.lit("客服小云"))
        ),
        "业务类型": pl.lit("普通"),
        "是否帮他退款": no,
    }
