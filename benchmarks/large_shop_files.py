"""A large made-up shop as export files: order, item and refund reports a month, in the platform's headers, UTF-8.

    python benchmarks/large_shop_files.py FOLDER --lines 1000000

Order lines spread over sixty weeks with two sales peaks; five lines in four orders; one buyer in four orders, a few of
them busy; products of very unequal sales; 8 % of lines refunded, one courier in one province and one product in a
hundred worse than the rest; two buyers in ten thousand order in bursts and send all back. Nothing is held but one
month, so that fifty million lines can be written on a small machine. The same seed writes the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

NAME = "大号测试店"
LAST_DAY = date(2026, 11, 22)
WEEKS = 60
PEAKS = {date(2026, 6, 18): 4.0, date(2025, 11, 11): 6.0, date(2026, 11, 11): 6.0}
PROVINCES = (
    "广东省", "浙江省", "江苏省", "山东省", "河南省", "四川省", "湖北省", "湖南省", "河北省", "福建省", "安徽省",
    "上海市", "北京市", "江西省", "陕西省", "辽宁省", "云南省", "广西壮族自治区",
)  # fmt: skip
COURIERS = ("圆通速递", "中通快递", "韵达快递", "申通快递", "极兔速递", "顺丰速运")
REASONS = ("7天无理由退换货", "质量问题", "大小/尺寸不符", "包装/商品破损", "少件/漏发", "卖家发错货", "不喜欢/不想要")
SKUS = ("颜色:白色;规格:标准", "颜色:灰色;规格:标准", "颜色:白色;规格:加大", "颜色:灰色;规格:加大")
REFUND_RATE, WORSE_RATE, SLICE_RATE = 0.08, 0.30, 0.22
BURST_BUYERS, BURST_LINES = 2e-4, 8
DAY = 86_400


@dataclass(frozen=True)
class Size:
    """How large the shop is."""

    lines: int
    seed: int = 7

    @property
    def products(self) -> int:
        """A larger shop has more products, but not in proportion."""
        return int(min(20_000, max(60, self.lines // 2_000)))

    @property
    def buyers(self) -> int:
        """One in four orders comes from somebody new."""
        return max(100, self.lines // 5)


def days_of_sale() -> tuple[list[date], np.ndarray]:
    """The days and their shares of the shop's orders."""
    days = [LAST_DAY - timedelta(days=n) for n in reversed(range(7 * WEEKS))]
    weight = np.array([PEAKS.get(d, 1.0) for d in days])
    return days, weight / weight.sum()


def lines_of_days(days: list[date], counts: np.ndarray, size: Size, draw: np.random.Generator) -> pl.DataFrame:
    """The order lines of some days by time: one row a line with numbers for everything; orders are runs of lines."""
    lines = int(counts.sum())
    day = np.repeat(np.array([(d - date(1970, 1, 1)).days for d in days]), counts)
    first = draw.random(lines) < 0.8  # the others belong to the order before them
    first[0] = True
    order = np.cumsum(first) - 1
    orders = int(order[-1]) + 1
    created = np.sort(day * DAY + draw.integers(8 * 3600, DAY - 1, lines))
    start = created[np.flatnonzero(first)]
    buyer = (draw.pareto(1.6, orders) * size.buyers / 6).astype(np.int64) % size.buyers
    buyer = (buyer * 7919) % size.buyers
    product = np.minimum(draw.pareto(1.1, lines) * size.products / 60, size.products - 1).astype(np.int64)
    # a burst: one buyer, one product, some orders within minutes
    bursts = int(BURST_BUYERS * lines / BURST_LINES)
    spree = np.zeros(orders, dtype=bool)
    for at in draw.integers(0, max(1, orders - BURST_LINES), bursts):
        spree[at : at + BURST_LINES] = True
        buyer[at : at + BURST_LINES] = size.buyers + draw.integers(0, 1 << 30)
    frame = pl.DataFrame(
        {
            "order": order, "product": product, "created": start[order], "buyer": buyer[order], "spree": spree[order],
            "sku": draw.integers(0, len(SKUS), lines), "quantity": 1 + (draw.random(lines) < 0.12).astype(np.int64),
            "province": draw.integers(0, len(PROVINCES), orders)[order],
            "courier": draw.integers(0, len(COURIERS), orders)[order],
            "pay": draw.integers(5, 900, orders)[order], "ship": draw.integers(4 * 3600, 40 * 3600, orders)[order],
            "travel": draw.integers(1 * DAY, 5 * DAY, orders)[order], "unpaid": (draw.random(orders) < 0.05)[order],
            "chance": draw.random(lines), "lag": draw.exponential(5.0, lines), "reason": draw.integers(0, 7, lines),
        }
    )  # fmt: skip
    price = 1_900 + (pl.col("product") * 7_919) % 30_000
    worse = (pl.col("product") % 100 == 17) | pl.col("spree")
    slice_ = (pl.col("province") == 3) & (pl.col("courier") == 3)
    rate = pl.when("spree").then(0.95).when(worse).then(WORSE_RATE).when(slice_).then(SLICE_RATE).otherwise(REFUND_RATE)
    return frame.with_columns(
        price_fen=price, amount_fen=price * pl.col("quantity"), paid=pl.col("created") + pl.col("pay"),
        asked=~pl.col("unpaid") & (pl.col("chance") < rate),
    ).with_columns(
        shipped=pl.col("paid") + pl.col("ship"), confirmed=pl.col("paid") + pl.col("ship") + pl.col("travel"),
        applied=pl.col("paid") + 3600 + (pl.col("lag") * DAY).cast(pl.Int64),
    )  # fmt: skip


def _when(seconds: str, until: int, unless: pl.Expr | None = None) -> pl.Expr:
    known = pl.col(seconds) <= until if unless is None else (pl.col(seconds) <= until) & ~unless
    return pl.when(known).then(pl.from_epoch(seconds, time_unit="s").dt.strftime("%Y-%m-%d %H:%M:%S"))


def _yuan(fen: str) -> pl.Expr:
    value = pl.col(fen)
    return (value // 100).cast(pl.String) + "." + (value % 100).cast(pl.String).str.zfill(2)


def _ids(frame: pl.DataFrame, base: int, until: int) -> pl.DataFrame:
    """Ids as text, unique in the shop, and the state each line was in at the end."""
    numbered = frame.with_columns(_number=(pl.int_range(pl.len()) + base)).with_columns(
        _first=pl.col("_number").first().over("order")
    )
    number, first = (pl.col(c).cast(pl.String).str.zfill(12) for c in ("_number", "_first"))
    unpaid = pl.col("unpaid")
    status = (
        pl.when(unpaid).then(pl.lit("交易关闭")).when(pl.col("confirmed") <= until).then(pl.lit("交易成功"))
        .when(pl.col("shipped") <= until).then(pl.lit("卖家已发货，等待买家确认"))
        .otherwise(pl.lit("买家已付款，等待卖家发货"))
    )  # fmt: skip
    return numbered.with_columns(
        line_id="46" + number + "5321", order_id="46" + first + "5320",
        product_id="68" + pl.col("product").cast(pl.String).str.zfill(10),
        title=pl.format("测试商品 {} 号 家居日用", "product"), status=status,
        tracking=pl.when((pl.col("shipped") <= until) & ~unpaid).then("YT" + first),
        carrier=pl.lit(pl.Series(COURIERS)).gather("courier"),
    ).with_columns(
        refunded_fen=pl.when(pl.col("asked") & (pl.col("applied") <= until)).then("amount_fen").otherwise(0)
    )  # fmt: skip


def item_report(lines: pl.DataFrame, until: int) -> pl.DataFrame:
    """The item report of these lines, all text."""
    unpaid, asked = pl.col("unpaid"), pl.col("refunded_fen") > 0
    return lines.select(
        pl.col("line_id").alias("子订单编号"), pl.col("order_id").alias("主订单编号"),
        pl.col("title").alias("商品标题"),
        _yuan("price_fen").alias("商品价格"), pl.col("quantity").alias("购买数量"),
        pl.lit(pl.Series(SKUS)).gather("sku").alias("商品属性"), pl.col("status").alias("订单状态"),
        pl.format("P{}", "product").alias("商家编码"), _yuan("amount_fen").alias("买家应付货款"),
        pl.when(~unpaid).then(_yuan("amount_fen")).alias("买家实付金额"),
        pl.when(asked).then(pl.lit("退款成功")).otherwise(pl.lit("没有申请退款")).alias("退款状态"),
        pl.when(asked).then(_yuan("refunded_fen")).otherwise(pl.lit("无退款申请")).alias("退款金额"),
        _when("created", until).alias("订单创建时间"), _when("paid", until, unpaid).alias("订单付款时间"),
        pl.col("product_id").alias("商品ID"), _when("shipped", until, unpaid).alias("发货时间"),
        pl.col("tracking").alias("物流单号"),
        pl.when(pl.col("tracking").is_not_null()).then("carrier").alias("物流公司"),
    )  # fmt: skip


def order_report(lines: pl.DataFrame, until: int) -> pl.DataFrame:
    """The order report of these lines, all text: one row an order."""
    orders = lines.group_by("order", maintain_order=True).agg(
        pl.col(
            "order_id", "buyer", "province", "carrier", "tracking", "status", "title", "created", "paid", "shipped",
            "confirmed", "unpaid",
        ).first(),
        pl.col("amount_fen", "refunded_fen", "quantity").sum(),
    )  # fmt: skip
    unpaid, buyer = pl.col("unpaid"), pl.col("buyer")
    place = pl.lit(pl.Series(PROVINCES)).gather("province")
    net = orders.with_columns(net=pl.when(unpaid).then(0).otherwise(pl.col("amount_fen") - pl.col("refunded_fen")))
    return net.select(
        pl.col("order_id").alias("订单编号"), pl.format("tb买家{}", "buyer").alias("买家会员名"),
        _yuan("amount_fen").alias("买家应付货款"), pl.lit("0.00").alias("买家应付邮费"),
        _yuan("amount_fen").alias("总金额"), _yuan("net").alias("买家实际支付金额"), pl.col("status").alias("订单状态"),
        pl.lit("张先生").alias("收货人姓名"),
        pl.format("{} 某市 某区 某路{}号{}室", place, buyer // 97, buyer % 97).alias("收货地址"),
        ("'13" + (buyer * 7 % 10**9).cast(pl.String).str.zfill(9)).alias("联系手机"),
        _when("created", until).alias("订单创建时间"), _when("paid", until, unpaid).alias("订单付款时间"),
        pl.col("title").alias("宝贝标题"), pl.col("tracking").alias("物流单号"),
        pl.when(pl.col("tracking").is_not_null()).then("carrier").alias("物流公司"),
        pl.col("quantity").alias("宝贝总数量"), pl.lit(NAME).alias("店铺名称"),
        pl.when(unpaid).then(pl.lit("买家未付款")).otherwise(pl.lit("订单未关闭")).alias("订单关闭原因"),
        _yuan("refunded_fen").alias("退款金额"), _when("confirmed", until, unpaid).alias("确认收货时间"),
    )  # fmt: skip


def refund_report(lines: pl.DataFrame, until: int) -> pl.DataFrame:
    """The refund report of these lines, all text: one row a case asked for until then."""
    cases = lines.filter(pl.col("refunded_fen") > 0).with_columns(ended=pl.col("applied") + 2 * DAY)
    before = pl.col("applied") < pl.col("shipped")
    open_ = pl.col("ended") > until
    return cases.select(
        pl.col("order_id").alias("订单编号"), pl.format("9{}", pl.col("line_id")).alias("退款编号"),
        _when("paid", until).alias("订单付款时间"), pl.col("product_id").alias("商品 id"),
        pl.format("P{}", "product").alias("商品编码"), _when("ended", until).alias("退款完结时间"),
        _yuan("amount_fen").alias("买家实际支付金额"), pl.col("title").alias("宝贝标题"),
        _yuan("amount_fen").alias("买家退款金额"),
        pl.when(before).then(pl.lit("仅退款")).otherwise(pl.lit("退货退款")).alias("售后类型"),
        _when("applied", until).alias("退款的申请时间"),
        pl.when(open_).then(pl.lit("买家已经申请退款，等待卖家同意")).otherwise(pl.lit("退款成功")).alias("退款状态"),
        pl.when(before).then(pl.lit("买家未收到货")).otherwise(pl.lit("买家已收到货")).alias("货物状态"),
        pl.lit("客服未介入").alias("客服介入状态"),
        pl.lit(pl.Series(REASONS)).gather("reason").alias("买家退款原因"),
        pl.when(pl.col("applied") >= pl.col("confirmed")).then(pl.lit("售后")).otherwise(pl.lit("售中"))
        .alias("售中或售后"),
        pl.lit("全部退款").alias("部分退款/全部退款"),
    )  # fmt: skip


def months_of(size: Size, *, last_day: date = LAST_DAY) -> Iterator[tuple[pl.DataFrame, int]]:
    """The order lines month by month, with the moment (seconds) as of which their state is told."""
    days, share = days_of_sale()
    ends = np.round(np.cumsum(share) * size.lines).astype(np.int64)
    counts = np.diff(ends, prepend=0)
    until = ((last_day - date(1970, 1, 1)).days + 1) * DAY - 1
    base = 0
    for month in sorted({f"{d:%Y-%m}" for d in days if d <= last_day}):
        mine = [n for n, d in enumerate(days) if f"{d:%Y-%m}" == month and d <= last_day]
        draw = np.random.default_rng([size.seed, int(month[:4]), int(month[5:])])
        lines = _ids(lines_of_days([days[n] for n in mine], counts[mine], size, draw), base, until)
        base += lines.height
        yield lines, until


def write_large_shop(folder: Path, size: Size, *, last_day: date = LAST_DAY) -> None:
    """Write the shop's files month by month, refund cases beside the orders they belong to."""
    folder.mkdir(parents=True, exist_ok=True)
    for lines, until in months_of(size, last_day=last_day):
        month = f"{datetime.fromtimestamp(lines['created'][0], UTC):%Y-%m}"
        stamp = f"{last_day:%Y%m%d}0005-{month}"
        item_report(lines, until).write_csv(folder / f"ExportItemList{stamp}.csv")
        order_report(lines, until).write_csv(folder / f"ExportOrderList{stamp}.csv")
        refund_report(lines, until).write_csv(folder / f"退款报表{stamp}.csv")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--lines", type=int, default=1_000_000)
    asked.add_argument("--seed", type=int, default=7)
    given = asked.parse_args()
    write_large_shop(given.folder, Size(given.lines, given.seed))


if __name__ == "__main__":
    main()
