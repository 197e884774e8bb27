"""What buyers give as the reason of a refund, by phase, and what they write beside it.

The lists are those the buyer is shown (reference "b2"); the shares are our own guess.
"""

from __future__ import annotations

import numpy as np
import polars as pl

BEFORE = {
    "多拍/拍错/不想要": 0.62, "信息填写错误,重新拍": 0.11, "没用/少用优惠": 0.10, "协商一致退款": 0.05,
    "未按约定时间发货": 0.05, "价格太贵": 0.03, "卖家缺货": 0.01, "其他": 0.03,
}  # fmt: skip
ON_THE_WAY = {"不喜欢/不想要": 0.80, "未按约定时间发货": 0.10, "协商一致退款": 0.10}
STALLED = {"快递/物流一直未送到": 0.72, "快递/物流无跟踪记录": 0.23, "空包裹": 0.05}
AT_THE_DOOR = {"不喜欢/不想要": 0.68, "货物破损已拒签": 0.32}
AFTER_HOME = {
    "7天无理由退换货": 0.40, "质量问题": 0.16, "颜色/图案/款式与商品描述不符": 0.09, "功能/效果不符": 0.08,
    "大小/尺寸不符": 0.08, "包装/商品破损": 0.07, "少件/漏发": 0.04, "卖家发错货": 0.03, "材质/面料不符": 0.02,
    "退运费": 0.015, "发票问题": 0.005, "假冒品牌": 0.003, "其他": 0.007,
}  # fmt: skip
AFTER_FRAGILE = AFTER_HOME | {"包装/商品破损": 0.17, "7天无理由退换货": 0.33, "大小/尺寸不符": 0.05}
AFTER_WOMEN = {
    "7天无理由退换货": 0.44, "大小/尺寸不符": 0.27, "颜色/图案/款式与商品描述不符": 0.09, "材质/面料不符": 0.08,
    "质量问题": 0.08, "少件/漏发": 0.01, "卖家发错货": 0.01, "其他": 0.02,
}  # fmt: skip
# Where the buyer keeps the goods and asks for money: only these reasons, mostly for a part of the price.
MONEY_ONLY = ("包装/商品破损", "少件/漏发", "退运费", "发票问题", "空包裹")

NOTES = {
    "多拍/拍错/不想要": ("拍错了", "不想要了，麻烦退一下", "多拍了一件", "不要了谢谢"),
    "信息填写错误,重新拍": ("地址写错了，重新拍", "颜色选错了", "电话填错了"),
    "没用/少用优惠": ("忘记用优惠券了", "有满减没用上，重拍"),
    "未按约定时间发货": ("说好48小时发货还没发", "等太久了"),
    "协商一致退款": ("和客服说好了", "已和客服协商"),
    "不喜欢/不想要": ("家里人已经买了", "不需要了", "快递到了帮我退回吧"),
    "快递/物流一直未送到": ("好几天没更新物流了", "一直没收到", "快递说找不到件"),
    "快递/物流无跟踪记录": ("物流没有记录", "单号查不到"),
    "货物破损已拒签": ("外箱破了，没签收", "压坏了，拒收了"),
    "空包裹": ("打开是空的",),
    "7天无理由退换货": ("不太合适", "没有想象中好", "家里放不下", "摸着一般，退了", "颜色不搭", "不喜欢"),
    "质量问题": ("有线头，有味道", "用两天就坏了", "有瑕疵", "做工粗糙", "开关不灵"),
    "颜色/图案/款式与商品描述不符": ("颜色和图片差很多", "实物偏暗", "款式不一样"),
    "功能/效果不符": ("没有宣传的效果", "不好用", "噪音大"),
    "大小/尺寸不符": ("尺寸不合适", "大了", "小了穿不了", "和标的尺寸对不上"),
    "包装/商品破损": ("收到时有一角碎了", "盒子压扁了", "杯口有缺口", "有裂痕"),
    "少件/漏发": ("少了一个配件", "只收到一件", "少发了"),
    "卖家发错货": ("颜色发错了", "发错型号了"),
    "材质/面料不符": ("说是纯棉，摸着不像", "面料很薄"),
    "退运费": ("退货运费没给我", "补一下运费"),
    "发票问题": ("一直没开发票",),
    "假冒品牌": ("怀疑不是正品",),
    "其他": ("其他原因",),
}
NOTE_SHARE = 0.45


def some_reasons(shares: dict[str, float], count: int, *, rng: np.random.Generator) -> np.ndarray:
    """So many reasons, drawn by their shares."""
    weights = np.array(list(shares.values()))
    return np.array(list(shares), dtype=object)[rng.choice(len(weights), size=count, p=weights / weights.sum())]


def some_notes(reasons: pl.Series, *, rng: np.random.Generator) -> pl.Series:
    """What the buyers wrote beside each reason; null where nothing."""
    share, pick = rng.random(len(reasons)), rng.random(len(reasons))
    words = [
        NOTES[r][int(p * len(NOTES[r]))] if s < NOTE_SHARE and r in NOTES else None
        for r, s, p in zip(reasons, share, pick, strict=True)
    ]
    return pl.Series("note", words, dtype=pl.String)
