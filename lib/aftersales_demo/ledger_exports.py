"""What else a shop keeps: daily traffic, the money log, the product list, the decisions it took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from aftersales_demo.faults import SIZE_CHART_WEEKS, packing_day, switch_day
from aftersales_demo.goods import PLANTS
from aftersales_demo.headers import DECISIONS, MONEY_LOG, PRODUCTS, TRAFFIC_REPORT
from aftersales_demo.moments import DAY, MINUTE, NEVER, moment_text, second_of
from aftersales_demo.order_file import yuan
from aftersales_demo.shop import Shop, stream

MONEY_WEEKS = 26
COMMISSION_FEN_PER_100 = 5  # the platform's share of a finished order, per 100
INSURANCE_FEN = 60  # freight insurance, per order paid for
RETURN_FREIGHT_FEN = 900
# How much an attack costs in visitors on the day after, and how fast the shop recovers. Our guess.
ATTACK_LOSS, RECOVERY_DAYS = 0.09, 6.0


@dataclass(frozen=True)
class Decision:
    """A decision taken in the past, and what it truly did in the simulation."""

    decision_id: str
    lever: str
    scope: str
    owner: str
    decided_on: date
    effective_from: date
    measure: str
    truth: str
    expected_low: float | None = None
    expected_high: float | None = None


def decisions(shop: Shop) -> list[Decision]:
    """Seven decisions: two that worked, one that harmed, three that did nothing, one too young to tell.

    None where faults are switched off.
    """
    spec = shop.spec
    if not spec.faults or spec.masked:
        return []
    week = timedelta(weeks=1)
    recent = spec.last_day + timedelta(days=1)
    last_chart = spec.last_day - timedelta(days=7 * SIZE_CHART_WEEKS - 1)
    return [
        Decision("JD-2026-01", "更换快递", "快递=极兔速递；省份=四川省", "李强（仓储）",
                 switch_day(spec) - timedelta(days=5),
                 switch_day(spec), "四川省物流类退款率",
                 "worked: 极兔速递 lost or stalled 18 % of parcels to 四川省; others do not"),
        Decision("JD-2026-02", "加强包装", "商品=DJ-0730", "李强（仓储）", packing_day(spec) - timedelta(days=7),
                 packing_day(spec), "破损退款率", "worked: extra breakage fell from 13 % to 3 %"),
        Decision("JD-2026-03", "限购", "全店；每个账号每天最多3单", "陈雪（客服）", recent - 9 * week,
                 recent - 8 * week, "疑似恶意订单数", "no effect: the platform setting was never switched on"),
        Decision("JD-2026-04", "修改详情页", "商品=SJ-1512", "王敏（品控）", recent - 13 * week, recent - 12 * week,
                 "尺寸类退款率", "no effect: the size chart is as wrong as before"),
        Decision("JD-2026-05", "修改尺码表", "商品=SJ-1512", "王敏（品控）", last_chart - week, last_chart,
                 "尺寸类退款率", "harmed: the new size chart is the wrong one", -0.5, -0.2),
        Decision("JD-2026-06", "修改详情页", f"商品={_best_seller(shop)}", "周婷（运营）", recent - 17 * week,
                 recent - 16 * week, "退款率", "no effect: new pictures, the same goods", -0.6, -0.5),
        Decision("JD-2026-07", "向供应商索赔", "商品=BW-0500", "王敏（品控）", recent - 2 * week, recent - 2 * week,
                 "质量类退款率", "no effect yet: the next delivery has not come", -0.8, -0.3),
    ]  # fmt: skip


def _best_seller(shop: Shop) -> str:
    """The merchant code of the product that sold most in the older half, in which nothing is planted."""
    created = shop.orders["created"].gather(shop.lines["order"])
    older = shop.lines.filter(created < created.median())
    sold = older.group_by("product").len().sort("len", "product", descending=[True, False])
    codes = shop.goods.products["code"].gather(sold["product"])
    planted = set(PLANTS[shop.spec.goods].values())
    return next((str(code) for code in codes if code not in planted), str(codes[0]))


def decision_rows(taken: list[Decision]) -> pl.DataFrame:
    """The decisions as our template has them."""
    rows = [
        (
            d.decision_id,
            d.lever,
            d.scope,
            d.owner,
            f"{d.decided_on}",
            f"{d.effective_from}",
            d.measure,
            _text(d.expected_low),
            _text(d.expected_high),
        )
        for d in taken
    ]
    return pl.DataFrame(rows, schema=DECISIONS, orient="row")


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def product_rows(shop: Shop) -> pl.DataFrame:
    """Batches as our template has them, with the optional columns 商家编码 and 启用日期."""
    rows = shop.goods.batches.select(
        "product_id",
        "category",
        "batch",
        "supplier",
        pl.col("unit_cost").round(2).cast(pl.String),
        "merchant_code",
        pl.col("from_day").cast(pl.String),
    )
    return rows.rename(dict(zip(rows.columns, PRODUCTS, strict=True)))


def attack_seconds(shop: Shop) -> list[int]:
    """When each planted burst and ring began."""
    planted = shop.orders.filter(pl.col("label").str.contains("^(burst|ring):").fill_null(False))
    return sorted(planted.group_by("label").agg(pl.col("created").min())["created"].to_list())


def traffic_rows(shop: Shop) -> pl.DataFrame:
    """Daily visitors and sales, in the platform's own columns. Visitors fall after an attack and come back slowly."""
    rng = stream(shop.seed, "traffic")
    first = second_of(shop.spec.first_day)
    days = np.arange(7 * shop.spec.weeks)
    placed = shop.orders.with_columns(day=(pl.col("created") - first) // DAY)
    paid = placed.filter((pl.col("paid") < NEVER) & (pl.col("paid") < shop.now)).with_row_index("n")
    pieces = shop.lines.group_by("order").agg(
        lines=pl.len(), pieces=pl.col("quantity").sum(), fen=pl.col("amount_fen").sum()
    )
    numbered = shop.orders.with_row_index("order").select(pl.col("order").cast(pl.Int64), "order_id")
    paid = paid.join(numbered, on="order_id", how="left").join(pieces, on="order", how="left")
    sums = paid.group_by("day").agg(
        fen=pl.col("fen").sum() + pl.col("shipping_fen").sum(),
        buyers=pl.col("buyer").n_unique(),
        lines=pl.col("lines").sum(),
        pieces=pl.col("pieces").sum(),
    )
    done = shop.cases.filter(pl.col("succeeds") & (pl.col("ended") < shop.now))
    back = done.group_by(day=(pl.col("ended") - first) // DAY).agg(back=pl.col("amount_fen").sum())
    daily = pl.DataFrame({"day": days}).join(sums, on="day", how="left").join(back, on="day", how="left").fill_null(0)
    daily = daily.sort("day").with_columns(
        visitors=pl.Series(_visitors(daily.sort("day")["buyers"].to_numpy(), shop, rng))
    )
    reviews = rng.binomial(daily["buyers"].to_numpy(), 0.28)
    daily = daily.with_columns(
        carts=(pl.col("visitors") * pl.Series(rng.uniform(0.08, 0.11, size=len(days)))).cast(pl.Int64),
        spend=(pl.col("visitors") * pl.Series(rng.uniform(18, 26, size=len(days)))).cast(pl.Int64),
        reviews=pl.Series(reviews),
        pictures=pl.Series(rng.binomial(reviews, 0.3)),
        score=pl.Series(np.round(4.82 + rng.normal(0, 0.01, size=len(days)), 2)),
        date=pl.from_epoch(first + pl.col("day") * DAY).dt.strftime("%Y-%m-%d"),
    )
    values = [
        pl.col("date"), pl.lit(shop.spec.name), pl.col("visitors"), pl.col("carts"), yuan("fen"), pl.col("buyers"),
        pl.col("lines"), pl.col("pieces"), yuan("spend"), yuan("back"), pl.col("reviews"),
        pl.col("pictures"), pl.col("score"),
    ]  # fmt: skip
    return daily.select(v.cast(pl.String).alias(n) for n, v in zip(TRAFFIC_REPORT, values, strict=True))


def _visitors(buyers: np.ndarray, shop: Shop, rng: np.random.Generator) -> np.ndarray:
    """Buyers over a conversion of about 3 %, and the fall after attacks."""
    smooth = np.convolve(np.pad(buyers, 3, mode="edge"), np.ones(7) / 7, mode="valid")
    base = (0.5 * smooth + 0.5 * buyers + 5) / 0.032 * rng.lognormal(0, 0.05, size=len(buyers))
    first = second_of(shop.spec.first_day)
    loss = np.zeros(len(buyers))
    for start in attack_seconds(shop):
        since = np.arange(len(buyers)) - ((start - first) // DAY + 1)
        loss += np.where(since >= 0, ATTACK_LOSS * np.exp(-since / RECOVERY_DAYS), 0)
    return (base * (1 - np.minimum(loss, 0.4))).astype(np.int64)


def money_rows(shop: Shop, filed: pl.DataFrame) -> pl.DataFrame:
    """The money log of the last weeks: income, commission, freight insurance, return freight, compensation."""
    since = shop.now - MONEY_WEEKS * 7 * DAY
    goods = shop.lines.group_by("order").agg(fen=pl.col("amount_fen").sum())
    done = shop.cases.filter(pl.col("succeeds") & (pl.col("ended") < shop.now))
    back = done.group_by("order").agg(back=pl.col("amount_fen").sum())
    orders = shop.orders.with_row_index("order").with_columns(pl.col("order").cast(pl.Int64))
    orders = orders.join(goods, on="order", how="left").join(back, on="order", how="left", maintain_order="left")
    net = (pl.col("fen") + pl.col("shipping_fen") - pl.col("back").fill_null(0)).clip(lower_bound=0)
    orders = orders.with_columns(net=net, line_id=pl.col("order_id"))
    returned = done.filter(pl.col("kind") == "return_refund").with_columns(at=pl.col("ended") + MINUTE)
    ours = returned.filter(pl.col("reason").is_in(["质量问题", "卖家发错货", "大小/尺寸不符", "包装/商品破损"]))
    paid_out = filed.filter((pl.col("paid_fen") > 0) & (pl.col("closed") < shop.now))
    paid_out = paid_out.with_columns(order_id=shop.orders["order_id"].gather(paid_out["order"]))
    share = (pl.col("net") * COMMISSION_FEN_PER_100 // 100).alias("out")
    parts = [
        _entries(orders, "confirmed", kind="交易收款", income=pl.col("net"), expense=pl.lit(0), what="在线支付"),
        _entries(orders, "confirmed", kind="软件服务费", income=pl.lit(0), expense=share, what="天猫软件服务费"),
        _entries(orders, "paid", kind="运费险", income=pl.lit(0), expense=pl.lit(INSURANCE_FEN), what="退货运费险保费"),
        _entries(ours, "at", kind="退货运费", income=pl.lit(0), expense=pl.lit(RETURN_FREIGHT_FEN),
                 what="商家承担退货运费"),
        _entries(paid_out.with_columns(line_id=pl.col("order_id")), "closed", kind="赔付", income=pl.lit(0),
                 expense=pl.col("paid_fen"), what="售后赔付给买家"),
    ]  # fmt: skip
    log = pl.concat(parts).filter(pl.col("at").is_between(since, shop.now, closed="left"))
    log = log.filter((pl.col("income") > 0) | (pl.col("expense") > 0)).sort("at", "order_id", "kind")
    number = pl.concat_str(
        pl.from_epoch("at").dt.strftime("%Y%m%d"), pl.int_range(pl.len()).cast(pl.String).str.zfill(12)
    )
    values = [
        pl.lit(shop.spec.name), pl.from_epoch("at").dt.strftime("%Y-%m-%d"), moment_text("at"), number,
        pl.col("order_id"), pl.col("line_id"), pl.col("kind"), yuan("income"), yuan("expense"), pl.col("what"),
        pl.lit(""), pl.lit("支付宝"), moment_text("at"), moment_text("at"),
    ]  # fmt: skip
    return log.select(v.alias(n) for n, v in zip(MONEY_LOG, values, strict=True))


def _entries(frame: pl.DataFrame, at: str, *, kind: str, income: pl.Expr, expense: pl.Expr, what: str) -> pl.DataFrame:
    return frame.filter(pl.col(at) < NEVER).select(
        pl.col(at).alias("at"),
        "order_id",
        "line_id",
        kind=pl.lit(kind),
        income=income.cast(pl.Int64),
        expense=expense.cast(pl.Int64),
        what=pl.lit(what),
    )
