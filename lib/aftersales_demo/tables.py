"""A made-up shop as the house's tables, without the way through files: for tests and benchmarks."""

from __future__ import annotations

import polars as pl

from aftersales.tables.columns import MONEY
from aftersales.tables.orders import Orders
from aftersales.tables.refunds import Refunds
from aftersales.tables.values import REASON_FAULT
from aftersales_demo.moments import NEVER, moment
from aftersales_demo.shop import Shop
from aftersales_demo.snapshot import seen_cases, seen_lines, seen_orders

ZONE = "Asia/Shanghai"
MUNICIPALITIES = {"北京": "北京市", "上海": "上海市", "天津": "天津市", "重庆": "重庆市"}
# The reasons buyers are shown here, in the house's groups (reference "b2").
GROUPS = {
    "多拍/拍错/不想要": "wrong_order", "信息填写错误,重新拍": "wrong_order", "没用/少用优惠": "price_coupon",
    "价格太贵": "price_coupon", "协商一致退款": "negotiated", "未按约定时间发货": "late_ship",
    "卖家缺货": "out_of_stock",
    "其他": "other", "不喜欢/不想要": "no_reason", "快递/物流一直未送到": "lost_or_stalled",
    "快递/物流无跟踪记录": "lost_or_stalled", "空包裹": "missing_or_empty", "货物破损已拒签": "refused_parcel",
    "7天无理由退换货": "no_reason", "质量问题": "quality", "颜色/图案/款式与商品描述不符": "not_as_described",
    "功能/效果不符": "not_as_described", "大小/尺寸不符": "size", "包装/商品破损": "damaged",
    "少件/漏发": "missing_or_empty",
    "卖家发错货": "wrong_item", "材质/面料不符": "not_as_described", "退运费": "invoice_freight",
    "发票问题": "invoice_freight", "假冒品牌": "counterfeit",
}  # fmt: skip


def _time(column: str) -> pl.Expr:
    return moment(column).dt.cast_time_unit("us").dt.replace_time_zone(ZONE)


def _money(fen: pl.Expr) -> pl.Expr:
    return (fen.cast(pl.Decimal(18, 2)) / 100).cast(MONEY)


def shop_tables(shop: Shop) -> dict[str, pl.DataFrame]:
    """The tables ``orders`` and ``refunds`` (their schemas' columns) as of the end of the last day.

    Buyers, addresses and telephones come as readable stand-ins for keys. Where the shop's buyers are masked, a buyer's
    key is put together from what is left of nick, name, telephone and district, and address, telephone, category and
    batch are missing, as in files. A shipping fee stands on the order's first line.

    >>> from aftersales_demo.shop import simulate_shop
    >>> from aftersales_demo.spec import ShopSpec
    >>> tables = shop_tables(simulate_shop(ShopSpec(orders=200, weeks=16), seed=1))
    >>> sorted(tables), tables["orders"]["line_id"].is_sorted()
    (['orders', 'refunds'], True)
    """
    at = shop.now
    orders = seen_orders(shop, since=0, at=at)
    lines = seen_lines(shop, orders, at=at)
    head = orders.select(
        "row", "buyer", order_status="status", close="close_reason", province_of=pl.col("province")
    ).rename({"province_of": "province"})
    lines = lines.join(head, left_on="order", right_on="row", how="left", maintain_order="left")
    buyers = shop.buyers.drop("province", "days").with_row_index("buyer").with_columns(pl.col("buyer").cast(pl.Int64))
    lines = lines.join(buyers, on="buyer", how="left", maintain_order="left")
    return {"orders": _orders(shop, lines), "refunds": _refunds(shop, at)}


def _orders(shop: Shop, lines: pl.DataFrame) -> pl.DataFrame:
    masked = shop.spec.masked
    fee = pl.when("first_of_order").then("shipping_fen").otherwise(0)
    paid = pl.when(pl.col("paid") < NEVER).then(pl.col("amount_fen") + fee).otherwise(0)
    day = pl.when(pl.col("shipped") < NEVER).then("shipped").otherwise("created")
    lines = _with_batch(lines.with_columns(day=pl.from_epoch(day, time_unit="s").dt.date()), shop)
    nothing = pl.lit(None, pl.String)
    shown = {
        "buyer_key": _masked_key() if masked else pl.col("nick"),
        "buyer_key_quality": pl.lit("composite" if masked else "full"),
        "province": pl.col("province").replace(MUNICIPALITIES),
        "category": nothing if masked else pl.col("category"), "batch": nothing if masked else pl.col("batch"),
        "address_key": nothing if masked else pl.concat_str("city", "district", "street"),
        "phone_key": nothing if masked else pl.col("phone"),
        "channel": nothing, "warehouse": nothing, "merchant_code": pl.col("code"), "sku": pl.col("properties"),
        "amount": _money(pl.col("amount_fen")), "paid": _money(paid), "shipping_fee": _money(fee),
        "refunded": _money(pl.col("refunded_fen")),
        "created_at": _time("created"), "paid_at": _time("paid"), "ship_by": _time("ship_by"),
        "shipped_at": _time("shipped"), "delivered_at": _time("delivered"), "confirmed_at": _time("confirmed"),
        "close_reason": pl.when(pl.col("status") == "closed_unpaid").then(pl.coalesce("close", pl.lit("买家未付款"))),
        "courier": pl.when(pl.col("shipped") < NEVER).then("courier"),
        "tracking_no": pl.when(pl.col("shipped") < NEVER).then("tracking_no"),
    }  # fmt: skip
    frame = lines.select(shown.get(name, pl.col(name)).alias(name) for name in Orders.column_names())
    return Orders.validate(frame, cast=True).sort("line_id")


def _masked_key() -> pl.Expr:
    """What a masked report leaves of a buyer, joined: strangers can share it, but few do."""
    ends = pl.col("phone").str.slice(0, 3) + pl.col("phone").str.slice(7)
    parts = (pl.col("nick").str.slice(0, 1), pl.col("receiver").str.slice(0, 1), ends, "province", "city", "district")
    return pl.concat_str(*parts, separator="|")


def _with_batch(lines: pl.DataFrame, shop: Shop) -> pl.DataFrame:
    batches = shop.goods.batches.select("product_id", "merchant_code", "batch", "from_day").sort("from_day")
    lines = lines.with_row_index("spot").sort("day", maintain_order=True)
    for name, by, of in (
        ("own", ["product_id", "merchant_code"], pl.col("merchant_code") != ""),
        ("any", ["product_id"], pl.col("merchant_code") == ""),
    ):
        right = batches.filter(of).select(*by, "from_day", pl.col("batch").alias(name))
        lines = (
            lines.with_columns(merchant_code=pl.col("code"))
            .join_asof(right, left_on="day", right_on="from_day", by=by, strategy="backward", check_sortedness=False)
            .drop("from_day", strict=False)
        )
    return lines.sort("spot").with_columns(batch=pl.coalesce("own", "any"))


def _refunds(shop: Shop, at: int) -> pl.DataFrame:
    cases = seen_cases(shop, since=0, at=at)
    product = shop.lines["product"].gather(cases["line"])
    reason = pl.col("reason").replace_strict(GROUPS, return_dtype=pl.String)
    told = {"卖家": "seller", "买家": "buyer"}
    goods = (
        pl.when(pl.col("returned") < NEVER)
        .then(pl.lit("returned"))
        .when(pl.col("phase") == "after_receipt")
        .then(pl.lit("received"))
        .otherwise(pl.lit("not_received"))
    )
    shown: dict[str, pl.Expr] = {
        "product_id": pl.lit(shop.goods.products["product_id"].gather(product)),
        "applied_at": _time("applied"), "deadline_at": _time("deadline"), "finished_at": _time("ended"),
        "evidence_due_at": pl.lit(None) if shop.spec.masked else _time("evidence_due"),
        "approved_at": pl.lit(None), "returned_at": _time("returned"),
        "amount": _money(pl.col("amount_fen")),
        "reason_raw": pl.col("reason"), "reason": reason, "goods_status": goods,
        "fault": pl.coalesce(
            pl.col("fault").replace_strict(told, default=None, return_dtype=pl.String),
            reason.replace_strict(REASON_FAULT, return_dtype=pl.String),
        ),
        "platform_involved": pl.col("involved") < NEVER, "return_courier": pl.lit(None, pl.String),
        "return_tracking_no": pl.lit(None, pl.String), "source": pl.lit("refund_report"), "order_known": pl.lit(True),
    }  # fmt: skip
    frame = cases.select(shown.get(n, pl.col(n)).alias(n) for n in Refunds.column_names())
    return Refunds.validate(frame, cast=True).sort("refund_id")
