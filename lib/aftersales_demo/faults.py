"""Planted failings of the shop itself: what each adds to the chance that a line comes back, where and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from aftersales_demo.goods import PLANTS, Goods, bad_batch_since, bad_sku
from aftersales_demo.spec import ShopSpec

SIZE_CHART_WEEKS = 40


@dataclass(frozen=True)
class Fault:
    """Lines shipped from `since` to `until` that match carry `extra` chance of a request for `reason`.

    `courier` and `province` match the order; `sku` and `product` the line; None matches all. In transit or after
    receipt is told by `in_transit`.
    """

    kind: str
    since: date
    until: date
    extra: float
    reason: str
    notes: tuple[str, ...] = ()
    product: int | None = None
    sku: int | None = None
    courier: str | None = None
    province: str | None = None
    in_transit: bool = False


def planned_faults(spec: ShopSpec, goods: Goods) -> list[Fault]:
    """The faults of the shop, the living ones first. Empty where the spec switches them off."""
    if not spec.faults:
        return []
    last, plants, women = spec.last_day, PLANTS[spec.goods], spec.goods == "women"

    def weeks_ago(weeks: int) -> date:
        return last - timedelta(days=7 * weeks - 1)

    sized = (
        ("偏小一码，平时M的穿不下", "尺码表不准，肩宽差很多", "袖子短了")
        if women
        else ("1.5米的床套不上，尺寸偏小", "按尺码表买的，四角都绷不住", "说是1.8实际短了一截")
    )
    smelly = (
        ("洗一次就掉色", "拉链是坏的", "线头很多，裤脚开线")
        if women
        else ("枕芯塌了一块，没有回弹", "有很重的异味，晒了两天还有", "用了三天就塌陷", "表面发黄，像旧的")
    )
    broke = ("起球严重", "穿一次就变形") if women else ("不保温，两小时就凉了", "盖子漏水", "密封圈松的，倒过来就漏")
    faults = [
        Fault("bad_batch", bad_batch_since(spec), last, 0.20, "质量问题", smelly, sku=bad_sku(goods, spec)),
        Fault(
            "size_chart", weeks_ago(SIZE_CHART_WEEKS), last, 0.20 if women else 0.11, "大小/尺寸不符", sized,
            product=goods.product_of(plants["size_chart"]),
        ),
        Fault(
            "broke_lately", weeks_ago(4), last, 0.22 if women else 0.13, "质量问题", broke,
            product=goods.product_of(plants["broke_lately"]),
        ),
    ]  # fmt: skip
    dented = ("外箱压扁了，里面也变形", "收到时箱子是湿的", "快递暴力运输，破了")
    faults += [
        Fault(
            "courier",
            weeks_ago(4),
            last,
            0.16,
            "快递/物流一直未送到",
            ("物流一周没动了", "一直显示在郑州中转"),
            courier="申通快递",
            province="河南省",
            in_transit=True,
        ),
        Fault("courier", weeks_ago(4), last, 0.16, "包装/商品破损", dented, courier="申通快递", province="河南省"),
    ]
    return faults + ([] if women else past_faults(spec, goods))


def past_faults(spec: ShopSpec, goods: Goods) -> list[Fault]:
    """Failings that a decision truly mended: glass lamps that broke in the box, a courier that stalled in Sichuan."""
    last = spec.last_day
    lamp = goods.product_of(PLANTS[spec.goods]["packing"])
    broken = ("灯罩碎了", "玻璃裂了，里面只有一层气泡膜", "收到时灯罩破损")
    return [
        Fault("packing", last - timedelta(weeks=52), packing_day(spec) - timedelta(days=1), 0.13, "包装/商品破损",
              broken, product=lamp),
        Fault("packing", packing_day(spec), last, 0.03, "包装/商品破损", broken, product=lamp),
        Fault("courier", last - timedelta(weeks=52), switch_day(spec) - timedelta(days=1), 0.18,
              "快递/物流一直未送到", ("半个月没更新物流",), courier="极兔速递",
              province="四川省", in_transit=True),
    ]  # fmt: skip


def packing_day(spec: ShopSpec) -> date:
    """The Monday from which glass lamps were packed better."""
    return spec.last_day - timedelta(weeks=18, days=-1)


def switch_day(spec: ShopSpec) -> date:
    """The Monday from which parcels to Sichuan no longer went with 极兔速递."""
    return spec.last_day - timedelta(weeks=26, days=-1)


def matches(fault: Fault) -> pl.Expr:
    """Whether a line (columns sku, product, courier, province, shipped as seconds) is within the fault's reach."""
    start = (fault.since - date(1970, 1, 1)).days * 86_400
    end = (fault.until - date(1970, 1, 1)).days * 86_400 + 86_400
    reach = (pl.col("shipped") >= start) & (pl.col("shipped") < end)
    for column in ("product", "sku", "courier", "province"):
        wanted = getattr(fault, column)
        if wanted is not None:
            reach &= pl.col(column) == wanted
    return reach
