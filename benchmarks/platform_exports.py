# ruff: noqa: E501 (tables of headers and cells)
"""Made-up export files of every built-in layout, one small shop a platform, under the platforms' real headers.

``shop("pinduoduo", seed=1)`` gives a `Shop` whose files agree with each other: every refund has its order, every line
its head. Each report comes in two files, of an earlier and a later half of the days, so that a file can be compared with
another of its kind. The same seed gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import xlsxwriter

START = datetime(2026, 9, 7, 9, 0)
ORDERS, DAYS = 90, 56
Row = dict[str, Any]


@dataclass(frozen=True)
class Export:
    """One file taken apart: its rows by header, and how it is written."""

    name: str
    kind: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    mark: str = ","
    encoding: str = "utf-8"
    quoting: bool = True

    def content(self) -> bytes:
        """The file's bytes."""
        if self.name.endswith(".xlsx"):
            out = io.BytesIO()
            with xlsxwriter.Workbook(out, {"strings_to_formulas": False}) as book:
                sheet = book.add_worksheet()
                for at, row in enumerate((self.header, *self.rows)):
                    for column, cell in enumerate(row):
                        sheet.write_string(at, column, cell)
            return out.getvalue()
        text = io.StringIO(newline="")
        quoting = csv.QUOTE_MINIMAL if self.quoting else csv.QUOTE_NONE
        writer = csv.writer(text, delimiter=self.mark, quoting=quoting, quotechar='"' if self.quoting else None)
        writer.writerows((self.header, *self.rows))
        return text.getvalue().encode(self.encoding)


@dataclass(frozen=True)
class Shop:
    """A shop of one platform and its right files."""

    platform: str
    zone: str
    currency: str
    files: tuple[Export, ...]


@dataclass(frozen=True)
class _Line:
    number: str
    title: str
    product: str
    code: str
    sku: str
    price: float
    quantity: int
    paid: float


@dataclass(frozen=True)
class _Order:
    """An order of one or two lines; ``end``: unpaid, waiting, shipped, finished, requested, refunded, withdrawn."""

    number: str
    at: datetime
    end: str
    lines: tuple[_Line, ...]
    buyer: str
    province: int
    freight: float
    reason: int

    @property
    def goods(self) -> float:
        return round(sum(line.paid for line in self.lines), 2)

    @property
    def total(self) -> float:
        return round(self.goods + self.freight, 2)

    @property
    def is_paid(self) -> bool:
        return self.end != "unpaid"

    def after(self, *, hours: float = 0) -> datetime:
        return self.at + timedelta(hours=hours)

    @property
    def paid_at(self) -> datetime | None:
        return self.at + timedelta(seconds=75) if self.is_paid else None

    @property
    def shipped_at(self) -> datetime | None:
        return self.after(hours=26) if self.end not in ("unpaid", "waiting") else None

    @property
    def confirmed_at(self) -> datetime | None:
        return self.after(hours=150) if self.end in ("finished", "withdrawn") else None

    @property
    def requested_at(self) -> datetime | None:
        return self.after(hours=100) if self.end in ("requested", "refunded", "withdrawn") else None

    @property
    def settled_at(self) -> datetime | None:
        return self.after(hours=140) if self.end in ("refunded", "withdrawn") else None


@dataclass(frozen=True)
class Goods:
    """What a shop sells and where to: titles, sorts, provinces, price level, and what its numbers begin with."""

    titles: Sequence[str]
    sorts: Sequence[str]
    provinces: Sequence[str]
    scale: float
    prefix: str
    first: int = 1_000
    start: datetime = START


CHINESE = Goods(("纯棉四件套", "羽绒被", "记忆枕", "亚麻窗帘", "珊瑚绒毯"), ("米白 1.5m", "浅灰 1.8m", "藏青 2.0m"),
                ("浙江省", "湖北省", "广东省", "四川省"), 60, "35153130")  # fmt: skip
LATIN = Goods(("Linen shirt", "Wool scarf", "Oak tray", "Steel bottle", "Canvas bag"), ("Blue / M", "Black / L", "Red / S"),
              ("California", "Texas", "New York", "Ohio"), 25, "10420")  # fmt: skip


def _orders(goods: Goods, chance: random.Random, count: int) -> list[_Order]:
    ends = ["unpaid", "waiting", "shipped", *["finished"] * 9, "requested", "refunded", "refunded", "withdrawn"]
    found = []
    for n in range(count):
        at = goods.start + timedelta(minutes=round(n * DAYS * 24 * 60 / count) + chance.randrange(120))
        number = f"{goods.prefix}{n * 7 + goods.first:011d}"
        lines = []
        for i in range(1 if chance.random() < 0.8 else 2):
            which = (chance.randrange(len(goods.titles)) + i) % len(goods.titles)
            quantity = chance.choice((1, 1, 1, 2))
            price = round(goods.scale * (1 + which) * 0.99 + chance.randrange(5), 2)
            paid = round(price * quantity - chance.choice((0, 0, goods.scale / 10)), 2)
            sort = goods.sorts[chance.randrange(len(goods.sorts))]
            product = f"{goods.prefix[-3:]}77{which}{which}01"
            lines.append(_Line(f"{number}{i + 1}", goods.titles[which], product, f"K-{goods.prefix[-2:]}{which}{i}",
                               sort, price, quantity, paid))  # fmt: skip
        found.append(_Order(
            number, at, chance.choice(ends), tuple(lines), f"buyer_{chance.randrange(70)}", chance.randrange(4),
            chance.choice((0, 0, 0, 6)), chance.randrange(4),
        ))  # fmt: skip
    return found


def _time(value: datetime | None, shape: str = "%Y-%m-%d %H:%M:%S", empty: str = "") -> str:
    return value.strftime(shape) if value else empty


def _money(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


_BACK = ("requested", "refunded", "withdrawn")
_REASONS_ZH = ("质量问题", "7天无理由退货", "商品破损", "物流一直未送到")
_COURIERS_ZH = ("圆通速递", "中通快递", "顺丰速运")
_TRACK = ("YT", "ZT", "SF")


def _courier(order: _Order) -> int:
    return int(order.number[-2:]) % 3


def _tracking(order: _Order) -> str:
    return f"{_TRACK[_courier(order)]}{order.number[-10:]}" if order.shipped_at else ""


def _address(order: _Order, goods: Goods) -> str:
    return f"{goods.provinces[order.province]} 某市 某区 ****(310000)"


# ---- Taobao ------------------------------------------------------------------------------------------------------

T3 = (
    "订单编号,买家会员名,买家支付宝账号,支付单号,支付详情,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,买家实际支付金额,"
    "买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址 ,运送方式,联系电话 ,联系手机,订单创建时间,订单付款时间 ,宝贝标题 ,"
    "宝贝种类 ,物流单号 ,物流公司,订单备注,宝贝总数量,店铺Id,店铺名称,订单关闭原因,卖家服务费,买家服务费,发票抬头,是否手机订单,"
    "分阶段订单信息,特权订金订单id,是否上传合同照片,是否上传小票,是否代付,定金排名,修改后的sku,修改后的收货地址,异常信息,"
    "天猫卡券抵扣,集分宝抵扣,是否是O2O交易,退款金额,预约门店,确认收货时间,打款商家金额,发货时间,商家编码"
)
_TAOBAO_END = {"unpaid": "交易关闭", "waiting": "买家已付款，等待卖家发货", "shipped": "卖家已发货，等待买家确认",
               "refunded": "交易关闭"}  # fmt: skip
_TAOBAO_BACK = {"requested": "等待卖家处理退款申请", "refunded": "退款成功", "withdrawn": "退款关闭"}


def _taobao_orders(o: _Order, goods: Goods) -> list[Row]:
    back = o.total if o.end == "refunded" else 0
    return [{
        "订单编号": f'="{o.number}"', "买家会员名": o.buyer, "买家应付货款": _money(o.goods), "买家应付邮费": _money(o.freight),
        "总金额": _money(o.total), "买家实际支付金额": _money(o.total - back if o.is_paid else 0),
        "订单状态": _TAOBAO_END.get(o.end, "交易成功"), "收货人姓名": f"王{o.number[-2:]}", "收货地址 ": _address(o, goods),
        "运送方式": "快递", "联系手机": f"'138{o.number[-8:]}", "订单创建时间": _time(o.at), "订单付款时间 ": _time(o.paid_at),
        "宝贝标题 ": "，".join(line.title for line in o.lines), "宝贝种类 ": str(len(o.lines)), "物流单号 ": _tracking(o),
        "物流公司": _COURIERS_ZH[_courier(o)] if o.shipped_at else "", "宝贝总数量": str(sum(i.quantity for i in o.lines)),
        "店铺名称": "测试店铺", "订单关闭原因": "买家未付款" if o.end == "unpaid" else "订单未关闭", "退款金额": _money(back),
        "确认收货时间": _time(o.confirmed_at), "发货时间": _time(o.shipped_at), "商家编码": o.lines[0].code,
        "是否手机订单": "手机订单",
    }]  # fmt: skip


T7 = (
    "子订单编号,主订单编号,商品标题,商品价格,购买数量,外部系统编号,商品属性,订单状态,商家编码,支付单号,买家应付货款,买家实付金额,退款状态,"
    "退款金额,订单创建时间,订单付款时间,发货时间,物流单号,物流公司,应发货时间,商品 ID"
)


def _taobao_items(o: _Order, goods: Goods) -> list[Row]:
    share = _shared(o)
    return [{
        "子订单编号": line.number, "主订单编号": o.number, "商品标题": line.title, "商品价格": _money(line.price),
        "购买数量": str(line.quantity), "外部系统编号": line.code, "商品属性": line.sku,
        "订单状态": _TAOBAO_END.get(o.end, "交易成功"), "商家编码": line.code, "买家应付货款": _money(line.paid),
        "买家实付金额": _money(share[i] if o.is_paid else 0),
        "退款状态": _TAOBAO_BACK.get(o.end, "没有申请退款"),
        "退款金额": _money(share[i]) if o.end in _BACK else "无退款申请",
        "订单创建时间": _time(o.at), "订单付款时间": _time(o.paid_at), "发货时间": _time(o.shipped_at),
        "物流单号": _tracking(o), "物流公司": _COURIERS_ZH[_courier(o)] if o.shipped_at else "",
        "应发货时间": _time(o.after(hours=48)), "商品 ID": line.product,
    } for i, line in enumerate(o.lines)]  # fmt: skip


def _shared(o: _Order) -> list[float]:
    """What was paid for each line, the freight with the first."""
    return [round(line.paid + (0 if i else o.freight), 2) for i, line in enumerate(o.lines)]


T6 = (
    "订单编号,退款编号,支付单号,订单付款时间,商品 id,商品编码,退款完结时间,买家实际支付金额,宝贝标题,买家退款金额,手工退款/系统退款,"
    "售后类型,退款的申请时间,超时时间,退款状态,货物状态,退货物流信息,发货物流信息,客服介入状态,卖家真实姓名,卖家退货地址,卖家手机,"
    "退货物流单号,退货物流公司,买家退款原因,买家退款说明,买家退货时间,责任方,售中或售后,备注标签,商家备注,完结时间,"
    "部分退款/全部退款,是否零秒响应,退款操作人,业务类型,买家会员名称"
)


def _taobao_refunds(o: _Order, goods: Goods) -> list[Row]:
    if o.end not in _BACK:
        return []
    share = _shared(o)
    return [{
        "订单编号": o.number, "退款编号": f"9{line.number[-14:]}", "订单付款时间": _time(o.paid_at), "商品 id": line.product,
        "商品编码": line.code, "退款完结时间": _time(o.settled_at), "买家实际支付金额": _money(share[i]), "宝贝标题": line.title,
        "买家退款金额": _money(share[i]), "售后类型": ("退货退款", "仅退款")[o.reason % 2],
        "退款的申请时间": _time(o.requested_at), "超时时间": _time(o.after(hours=200)), "退款状态": _TAOBAO_BACK[o.end],
        "货物状态": "已收到货", "客服介入状态": "客服未介入", "买家退款原因": _REASONS_ZH[o.reason],
        "买家退款说明": ("开线了", "不喜欢", "到手就破了", "一直没动")[o.reason], "责任方": "卖家" if o.reason != 1 else "买家",
        "售中或售后": "售中", "完结时间": _time(o.settled_at), "部分退款/全部退款": "全部退款", "买家会员名称": o.buyer,
        "退货物流单号": f"SF9{o.number[-9:]}" if o.reason % 2 == 0 and o.end == "refunded" else "",
        "退货物流公司": "顺丰速运" if o.reason % 2 == 0 and o.end == "refunded" else "",
    } for i, line in enumerate(o.lines)]  # fmt: skip


def _money_log(o: _Order, goods: Goods) -> list[Row]:
    if o.end != "refunded":
        return []
    return [{
        "入账时间": _time(o.settled_at), "主订单id": o.number, "子订单id": o.lines[0].number, "支付流水号": f"7{o.number}",
        "入账类型": "退货运费险", "收入金额(元)": "0.00", "支出金额(元)": _money(o.freight + 3), "业务描述": "运费",
        "商家昵称": "测试店铺", "收/付渠道": "支付宝",
    }]  # fmt: skip


# ---- other Chinese platforms -------------------------------------------------------------------------------------

PDD = (
    "商品,订单号,订单状态,商品总价(元),邮费(元),店铺优惠折扣(元),平台优惠折扣(元),用户实付金额(元),商家实收金额(元),商品数量(件),省,市,区,"
    "支付时间,承诺发货时间,发货时间,确认收货时间,商品id,商品规格,商家编码-规格维度,商家编码-商品维度,售后状态,快递单号,快递公司,"
    "订单成交时间,仓库名称,买家留言,商家备注"
)
_PDD_END = {"unpaid": "已取消", "waiting": "待发货", "shipped": "已发货，待收货", "requested": "已收货",
            "refunded": "已收货，退款成功"}  # fmt: skip


def _one_line(o: _Order) -> _Order:
    """Orders of one product."""
    return replace(o, lines=o.lines[:1])


def _pdd_orders(o: _Order, goods: Goods) -> list[Row]:
    o = _one_line(o)
    line = o.lines[0]
    return [{
        "商品": line.title, "订单号": f"260907-{o.number[-15:]}", "订单状态": _PDD_END.get(o.end, "已收货"),
        "商品总价(元)": _money(line.paid), "邮费(元)": _money(o.freight), "店铺优惠折扣(元)": "0.00", "平台优惠折扣(元)": "0.00",
        "用户实付金额(元)": _money(o.total if o.is_paid else 0), "商家实收金额(元)": _money(o.total if o.is_paid else 0),
        "商品数量(件)": str(line.quantity), "省": goods.provinces[o.province], "市": "某市", "区": "某区",
        "支付时间": _time(o.paid_at), "承诺发货时间": _time(o.after(hours=48)), "发货时间": _time(o.shipped_at),
        "确认收货时间": _time(o.confirmed_at), "商品id": line.product, "商品规格": line.sku, "商家编码-规格维度": line.code,
        "商家编码-商品维度": f"P-{line.code}",
        "售后状态": {"requested": "售后处理中", "refunded": "退款成功"}.get(o.end, "无售后或售后取消"),
        "快递单号": _tracking(o), "快递公司": _COURIERS_ZH[_courier(o)] if o.shipped_at else "",
        "订单成交时间": _time(o.paid_at or o.at), "仓库名称": "一号仓",
    }]  # fmt: skip


PDD_BACK = (
    "售后编号,订单编号,商品ID,商品名称,商品规格,订单状态,退款金额(元),退款类型,售后状态,退款原因,申请时间,同意退款时间,同意退款人,"
    "退货运单号,退货物流状态"
)


def _pdd_back(o: _Order, goods: Goods) -> list[Row]:
    if o.end not in _BACK:
        return []
    o = _one_line(o)
    line = o.lines[0]
    return [{
        "售后编号": f"5{o.number[-10:]}", "订单编号": f"260907-{o.number[-15:]}", "商品ID": line.product, "商品名称": line.title,
        "商品规格": line.sku, "订单状态": "已发货", "退款金额(元)": _money(o.total), "退款类型": ("退货退款", "仅退款")[o.reason % 2],
        "售后状态": {"requested": "待商家处理", "refunded": "退款成功", "withdrawn": "买家撤销"}[o.end],
        "退款原因": _REASONS_ZH[o.reason], "申请时间": _time(o.requested_at),
        "同意退款时间": _time(o.settled_at if o.end == "refunded" else None),
        "同意退款人": "商家" if o.end == "refunded" else "", "退货运单号": f"SF9{o.number[-9:]}" if o.reason % 2 == 0 else "",
    }]  # fmt: skip


DOUYIN = (
    "主订单编号,子订单编号,选购商品,商品规格,商品数量,商品ID,商家编码,商品单价,订单应付金额,运费,支付方式,收件人,省,市,区,订单提交时间,"
    "订单完成时间,支付完成时间,承诺发货时间,订单状态,售后状态,取消原因,发货时间,买家留言,商家备注,流量来源"
)
DOUYIN_SHORT = (
    "主订单编号,子订单编号,选购商品,商品规格,商品数量,商家编码,订单应付金额,运费,收件人,收件人手机号,详细地址,订单提交时间,商家备注,"
    "订单完成时间,订单状态,售后状态,取消原因,发货时间,平台实际承担优惠金额,商家实际承担优惠金额,达人实际承担优惠金额"
)
DOUYIN_BACK = (
    "售后单号,订单号,商品单号,商品名称,商品ID,商家编码,售后类型,售后状态,商品发货状态,售后原因,售后原因标签,用户售后说明,仲裁状态,"
    "纠纷责任方,售后申请时间,退商品金额（元）,退运费金额（元）,退支付优惠（元）,售后完结时间,退货物流单号"
)
_DOUYIN_END = {
    "unpaid": "已关闭",
    "waiting": "待发货",
    "shipped": "已发货",
    "requested": "已发货",
    "refunded": "已关闭",
}


def _douyin_orders(o: _Order, goods: Goods) -> list[Row]:
    return [{
        "主订单编号": f"\t{o.number}", "子订单编号": f"\t{line.number}", "选购商品": f"\t{line.title}", "商品规格": f"\t{line.sku}",
        "商品数量": str(line.quantity), "商品ID": line.product, "商家编码": f"\t{line.code}", "商品单价": _money(line.price),
        "订单应付金额": _money(line.paid), "运费": _money(0 if i else o.freight), "支付方式": "支付宝", "收件人": "##密文",
        "收件人手机号": "$$密文", "详细地址": "##密文", "省": goods.provinces[o.province], "市": "某市", "区": "某区",
        "订单提交时间": _time(o.at), "订单完成时间": _time(o.confirmed_at, empty="-"), "支付完成时间": _time(o.paid_at, empty="-"),
        "承诺发货时间": _time(o.after(hours=48)), "订单状态": _DOUYIN_END.get(o.end, "已完成"),
        "售后状态": {"requested": "待商家处理", "refunded": "退款成功", "withdrawn": "售后关闭"}.get(o.end, "-"),
        "发货时间": _time(o.shipped_at, empty="-"), "商家备注": "-", "流量来源": "直播间",
        "平台实际承担优惠金额": "0.00", "商家实际承担优惠金额": "0.00", "达人实际承担优惠金额": "0.00",
    } for i, line in enumerate(o.lines)]  # fmt: skip


def _douyin_back(o: _Order, goods: Goods) -> list[Row]:
    if o.end not in _BACK:
        return []
    return [{
        "售后单号": f"14{line.number[-12:]}", "订单号": o.number, "商品单号": line.number, "商品名称": line.title,
        "商品ID": line.product, "商家编码": line.code, "售后类型": ("退货退款", "仅退款")[o.reason % 2],
        "售后状态": {"requested": "待商家处理", "refunded": "退款成功", "withdrawn": "售后关闭"}[o.end],
        "商品发货状态": "已发货", "售后原因": _REASONS_ZH[o.reason], "用户售后说明": "见图", "仲裁状态": "未介入",
        "纠纷责任方": "", "售后申请时间": _time(o.requested_at), "退商品金额（元）": _money(line.paid),
        "退运费金额（元）": _money(0 if i else o.freight), "退支付优惠（元）": "0.00", "售后完结时间": _time(o.settled_at, empty="-"),
        "退货物流单号": f"SF9{o.number[-9:]}" if o.reason % 2 == 0 else "-",
    } for i, line in enumerate(o.lines)]  # fmt: skip


JD = (
    "订单号,商品ID,商品名称,订购数量,支付方式,下单时间,京东价,订单金额,结算金额,余额支付,应付金额,订单状态,订单类型,下单帐号,客户姓名,"
    "客户地址,联系电话,订单备注,发票类型,发票抬头,发票内容,商家备注,商家备注等级（等级1-5为由高到低）,运费金额,付款确认时间,增值税发票,货号,"
    "订单完成时间,订单来源,订单渠道"
)


def _jd_orders(o: _Order, goods: Goods) -> list[Row]:
    o = _one_line(o)
    line = o.lines[0]
    ends = {"unpaid": "(删除)等待付款", "waiting": "等待出库", "shipped": "等待确认收货", "requested": "等待确认收货",
            "refunded": "(锁定)已退款"}  # fmt: skip
    ends["unpaid"] = "等待付款"
    return [{
        "订单号": o.number[-12:], "商品ID": line.product, "商品名称": line.title, "订购数量": str(line.quantity),
        "支付方式": "在线支付", "下单时间": _time(o.at), "京东价": _money(line.price), "订单金额": _money(o.total + 5),
        "结算金额": _money(o.total), "余额支付": _money(2), "应付金额": _money(o.total - 2), "订单状态": ends.get(o.end, "完成"),
        "订单类型": "SOP", "下单帐号": o.buyer, "客户姓名": f"王{o.number[-2:]}", "客户地址": _address(o, goods),
        "联系电话": f"138{o.number[-8:]}", "运费金额": _money(o.freight), "付款确认时间": _time(o.paid_at), "货号": line.code,
        "订单完成时间": _time(o.confirmed_at), "订单来源": "手机",
    }]  # fmt: skip


KUAISHOU_BACK = (
    "订单编号,订单状态,订单创建时间,商品ID,商品名称,买家ID,买家昵称,售后单号,售后状态,售后申请时间,售后类型,售后原因,申请描述,商家实收金额,"
    "退款金额,退货物流单号,售后完结时间,是否ATOM处理"
)


def _kuaishou_back(o: _Order, goods: Goods) -> list[Row]:
    if o.end not in _BACK:
        return []
    o = _one_line(o)
    line = o.lines[0]
    return [{
        "订单编号": o.number, "订单状态": "已发货", "订单创建时间": _time(o.at), "商品ID": line.product, "商品名称": line.title,
        "买家ID": o.buyer, "买家昵称": f"{o.buyer}**", "售后单号": f"88{o.number[-9:]}",
        "售后状态": {"requested": "待商家处理", "refunded": "售后成功", "withdrawn": "售后关闭"}[o.end],
        "售后申请时间": _time(o.requested_at), "售后类型": ("退货退款", "仅退款")[o.reason % 2], "售后原因": _REASONS_ZH[o.reason],
        "申请描述": "见图", "商家实收金额": _money(o.total), "退款金额": _money(o.total), "售后完结时间": _time(o.settled_at),
        "退货物流单号": f"SF9{o.number[-9:]}" if o.reason % 2 == 0 else "", "是否ATOM处理": "否",
    }]  # fmt: skip


ALIBABA = (
    "订单编号,买家公司名,买家会员名,卖家公司名,卖家会员名,货品总价(元),运费(元),涨价或折扣(元),实付款(元),订单状态,订单创建时间,订单付款时间,"
    "发货方,收货人姓名,收货地址,邮编,联系电话,联系手机,货品标题,单价(元),数量,单位,货号,型号,Offer ID,买家留言,物流公司,运单号"
)


def _alibaba_orders(o: _Order, goods: Goods) -> list[Row]:
    o = _one_line(o)
    line = o.lines[0]
    ends = {"unpaid": "交易关闭", "waiting": "等待卖家发货", "shipped": "等待买家收货", "requested": "等待买家收货"}
    return [{
        "订单编号": o.number, "买家公司名": "某公司", "买家会员名": o.buyer, "货品总价(元)": _money(line.paid),
        "运费(元)": _money(o.freight), "涨价或折扣(元)": "0.00", "实付款(元)": _money(o.total if o.is_paid else 0),
        "订单状态": ends.get(o.end, "交易成功"), "订单创建时间": _time(o.at), "订单付款时间": _time(o.paid_at),
        "收货人姓名": f"王{o.number[-2:]}", "收货地址": _address(o, goods), "联系手机": f"138{o.number[-8:]}",
        "货品标题": line.title, "单价(元)": _money(line.price), "数量": str(line.quantity), "单位": "件", "货号": line.code,
        "物流公司": _COURIERS_ZH[_courier(o)] if o.shipped_at else "", "运单号": _tracking(o),
    }]  # fmt: skip


# ---- other markets -----------------------------------------------------------------------------------------------

SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
    "Billing Name,Billing Street,Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,"
    "Shipping Street,Shipping City,Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,"
    "Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Id,Tags,Risk Level,Source,Lineitem discount,Phone,"
    "Shipping Province Name,Payment ID"
)
STATES = ("CA", "TX", "NY", "OH")


def _shopify_orders(o: _Order, goods: Goods) -> list[Row]:
    def moment(value: datetime | None) -> str:
        return _time(value, "%Y-%m-%d %H:%M:%S -0700")

    head = {
        "Email": f"{o.buyer}@example.com",
        "Financial Status": {"unpaid": "voided", "refunded": "refunded"}.get(o.end, "paid"), "Paid at": moment(o.paid_at),
        "Fulfillment Status": "fulfilled" if o.shipped_at else "unfulfilled", "Fulfilled at": moment(o.shipped_at),
        "Accepts Marketing": "no", "Currency": "USD", "Subtotal": _money(o.goods), "Shipping": _money(o.freight),
        "Taxes": "0.00", "Total": _money(o.total), "Shipping Method": "Standard",
        "Shipping Name": f"J {o.number[-3:]}", "Shipping Street": f"{o.number[-3:]} Main St", "Shipping City": "Town",
        "Shipping Zip": "90001", "Shipping Province": STATES[o.province], "Shipping Country": "US",
        "Shipping Phone": f"555{o.number[-7:]}", "Payment Method": "Shopify Payments",
        "Refunded Amount": _money(o.total if o.end == "refunded" else 0), "Id": o.number[-9:], "Source": "web",
        "Shipping Province Name": goods.provinces[o.province],
    }  # fmt: skip
    return [{
        "Name": f"#{o.number[-5:]}", "Created at": moment(o.at), "Lineitem quantity": str(line.quantity),
        "Lineitem name": f"{line.title} - {line.sku}", "Lineitem price": _money(line.price), "Lineitem sku": line.code,
        "Lineitem requires shipping": "true", "Lineitem taxable": "true", "Vendor": "Own", **({} if i else head),
    } for i, line in enumerate(o.lines)]  # fmt: skip


WOO = (
    "Order Number,Order Status,Order Date,Customer Note,First Name (Billing),Last Name (Billing),Company (Billing),"
    "Address 1&2 (Billing),City (Billing),State Code (Billing),Postcode (Billing),Country Code (Billing),Email (Billing),"
    "Phone (Billing),First Name (Shipping),Last Name (Shipping),Address 1&2 (Shipping),City (Shipping),State Code (Shipping),"
    "Postcode (Shipping),Country Code (Shipping),Payment Method Title,Cart Discount Amount,Order Subtotal Amount,"
    "Shipping Method Title,Order Shipping Amount,Order Refund Amount,Order Total Amount,Order Total Tax Amount,SKU,Item #,"
    "Name,Quantity (- Refund),Item Cost,Coupon Code,Discount Amount,Discount Amount Tax"
)


def _woo_orders(o: _Order, goods: Goods) -> list[Row]:
    ends = {"unpaid": "Cancelled", "waiting": "Processing", "shipped": "Processing", "refunded": "Refunded"}
    return [{
        "Order Number": o.number[-7:], "Order Status": ends.get(o.end, "Completed"), "Order Date": _time(o.at, "%Y-%m-%d %H:%M"),
        "Last Name (Shipping)": f"J{o.number[-3:]}", "Address 1&2 (Shipping)": f"{o.number[-3:]} Main St",
        "State Code (Shipping)": STATES[o.province], "Email (Billing)": f"{o.buyer}@example.com",
        "Phone (Billing)": f"555{o.number[-7:]}", "Payment Method Title": "Card", "Order Subtotal Amount": _money(o.goods),
        "Order Shipping Amount": _money(o.freight),
        "Order Refund Amount": _money(o.total if o.end == "refunded" else 0), "Order Total Amount": _money(o.total),
        "Order Total Tax Amount": "0.00", "SKU": line.code, "Item #": str(i + 1), "Name": line.title,
        "Quantity (- Refund)": str(line.quantity), "Item Cost": _money(line.price),
    } for i, line in enumerate(o.lines)]  # fmt: skip


AMAZON = (
    "amazon-order-id,merchant-order-id,purchase-date,last-updated-date,order-status,fulfillment-channel,sales-channel,"
    "order-channel,url,ship-service-level,product-name,sku,asin,item-status,quantity,currency,item-price,item-tax,"
    "shipping-price,shipping-tax,gift-wrap-price,gift-wrap-tax,item-promotion-discount,ship-promotion-discount,ship-city,"
    "ship-state,ship-postal-code,ship-country,promotion-ids"
)


def _amazon_number(o: _Order) -> str:
    digits = f"{int(o.number[-9:]):017d}"
    return f"{digits[:3]}-{digits[3:10]}-{digits[10:]}"


def _amazon_orders(o: _Order, goods: Goods) -> list[Row]:
    ends = {"unpaid": "Cancelled", "waiting": "Unshipped"}
    return [{
        "amazon-order-id": _amazon_number(o), "purchase-date": _time(o.at, "%Y-%m-%dT%H:%M:%S+00:00"),
        "last-updated-date": _time(o.after(hours=30), "%Y-%m-%dT%H:%M:%S+00:00"),
        "order-status": ends.get(o.end, "Shipped"), "fulfillment-channel": "Amazon", "sales-channel": "Amazon.com",
        "ship-service-level": "Standard", "product-name": f'{line.title} 12"', "sku": line.code, "asin": f"B0{line.product}",
        "item-status": ends.get(o.end, "Shipped"), "quantity": str(line.quantity), "currency": "USD",
        "item-price": _money(line.paid), "ship-city": "TOWN", "ship-state": goods.provinces[o.province],
        "ship-postal-code": "90001", "ship-country": "US",
    } for line in o.lines]  # fmt: skip


FBA = (
    "return-date,order-id,sku,asin,fnsku,product-name,quantity,fulfillment-center-id,detailed-disposition,reason,status,"
    "license-plate-number,customer-comments"
)
_FBA_REASONS = ("DEFECTIVE", "UNWANTED_ITEM", "DAMAGED_BY_CARRIER", "NEVER_ARRIVED")


def _fba_back(o: _Order, goods: Goods) -> list[Row]:
    if o.end != "refunded":
        return []
    return [{
        "return-date": _time(o.settled_at, "%Y-%m-%dT%H:%M:%S+00:00"), "order-id": _amazon_number(o), "sku": line.code,
        "asin": f"B0{line.product}", "fnsku": f"X{line.product}", "product-name": line.title, "quantity": "1",
        "fulfillment-center-id": "PHX3", "detailed-disposition": "SELLABLE", "reason": _FBA_REASONS[o.reason],
        "status": "Unit returned to inventory", "license-plate-number": f"LPN{o.number[-8:]}",
        "customer-comments": "too small" if o.reason else "",
    } for line in o.lines[:1]]  # fmt: skip


AMAZON_BACK = (
    "Order ID,Order date,Return request date,Return request status,Amazon RMA ID,Merchant RMA ID,Label type,Label cost,"
    "Currency code,Return carrier,Tracking ID,Label to be paid by,A-to-Z Claim,Is prime,ASIN,Merchant SKU,Item Name,"
    "Return quantity,Return Reason,In policy,Return type,Resolution,Invoice number,Return delivery date,Order Amount,"
    "Order quantity,SafeT Action reason,SafeT claim id,SafeT claim state,SafeT claim creation time,"
    "SafeT claim reimbursement amount,Refunded Amount"
)


def _amazon_back(o: _Order, goods: Goods) -> list[Row]:
    if o.end not in ("requested", "withdrawn"):
        return []
    line = o.lines[0]
    return [{
        "Order ID": _amazon_number(o), "Order date": _time(o.at, "%d-%b-%Y"),
        "Return request date": _time(o.requested_at, "%d-%b-%Y"),
        "Return request status": {"requested": "Pending", "withdrawn": "Closed"}[o.end], "Amazon RMA ID": f"D{o.number[-8:]}RMA",
        "Label cost": "0.00", "Currency code": "USD", "Return carrier": "UPS", "Tracking ID": f"1Z{o.number[-9:]}",
        "ASIN": f"B0{line.product}", "Merchant SKU": line.code, "Item Name": line.title, "Return quantity": "1",
        "Return Reason": _FBA_REASONS[o.reason], "In policy": "Y", "Order Amount": _money(o.total), "Order quantity": "1",
    }]  # fmt: skip


INDIA = (
    "index,Order ID,Date,Status,Fulfilment,Sales Channel ,ship-service-level,Style,SKU,Category,Size,ASIN,Courier Status,Qty,"
    "currency,Amount,ship-city,ship-state,ship-postal-code,ship-country,promotion-ids,B2B,fulfilled-by,Unnamed: 22"
)
_INDIA_END = {"unpaid": "Cancelled", "waiting": "Pending - Waiting for Pick Up", "shipped": "Shipped",
              "requested": "Shipped - Returning to Seller", "refunded": "Shipped - Returned to Seller"}  # fmt: skip
_INDIA_STATES = ("MAHARASHTRA", "KARNATAKA", "TAMIL NADU", "DELHI")


def _india_sales(o: _Order, goods: Goods) -> list[Row]:
    return [{
        "index": o.number[-4:], "Order ID": _amazon_number(o), "Date": _time(o.at, "%m-%d-%y"),
        "Status": _INDIA_END.get(o.end, "Shipped - Delivered to Buyer"), "Fulfilment": "Merchant",
        "Sales Channel ": "Amazon.in", "ship-service-level": "Standard", "Style": line.title, "SKU": line.code,
        "Category": "kurta", "Size": line.sku, "ASIN": f"B0{line.product}",
        "Courier Status": "Cancelled" if o.end == "unpaid" else "Shipped", "Qty": str(line.quantity), "currency": "INR",
        "Amount": _money(line.paid), "ship-city": "PUNE", "ship-state": _INDIA_STATES[o.province],
        "ship-postal-code": "411001.0", "ship-country": "IN", "B2B": "False", "fulfilled-by": "Easy Ship",
    } for line in o.lines]  # fmt: skip


SHOPEE = (
    "No. Pesanan,Status Pesanan,Alasan Pembatalan,Status Pembatalan/ Pengembalian,No. Resi,Opsi Pengiriman,"
    "Waktu Pengiriman Diatur,Waktu Pesanan Dibuat,Waktu Pembayaran Dilakukan,SKU Induk,Nama Produk,Nomor Referensi SKU,"
    "Nama Variasi,Harga Awal,Harga Setelah Diskon,Jumlah,Total Harga Produk,Total Diskon,Total Pembayaran,"
    "Perkiraan Ongkos Kirim,Username (Pembeli),Nama Penerima,No. Telepon,Alamat Pengiriman,Kota/Kabupaten,Provinsi,"
    "Waktu Pesanan Selesai"
)


def _shopee_orders(o: _Order, goods: Goods) -> list[Row]:
    def rupiah(value: float) -> str:
        return f"{round(value * 1_000):,}".replace(",", ".")

    ends = {"unpaid": "Batal", "waiting": "Perlu Dikirim", "shipped": "Sedang Dikirim"}
    shape = "%Y-%m-%d %H:%M"
    return [{
        "No. Pesanan": f"26{o.number[-9:]}QX", "Status Pesanan": ends.get(o.end, "Selesai"),
        "Status Pembatalan/ Pengembalian": {"requested": "Sedang Diproses", "refunded": "Permintaan Disetujui"}.get(o.end, ""),
        "No. Resi": _tracking(o), "Opsi Pengiriman": "Reguler", "Waktu Pesanan Dibuat": _time(o.at, shape),
        "Waktu Pembayaran Dilakukan": _time(o.paid_at, shape, "-"), "Nama Produk": line.title,
        "Nomor Referensi SKU": line.code, "Nama Variasi": line.sku, "Harga Awal": rupiah(line.price + 5),
        "Harga Setelah Diskon": rupiah(line.price), "Jumlah": str(line.quantity), "Total Harga Produk": rupiah(line.paid),
        "Total Pembayaran": rupiah(o.total), "Username (Pembeli)": o.buyer, "Kota/Kabupaten": "KOTA",
        "Provinsi": goods.provinces[o.province], "Waktu Pesanan Selesai": _time(o.confirmed_at, shape),
    } for line in o.lines]  # fmt: skip


LAZADA = (
    "orderItemId,orderType,Guarantee,deliveryType,lazadaId,sellerSku,lazadaSku,wareHouse,createTime,updateTime,rtaSla,ttsSla,"
    "orderNumber,invoiceRequired,invoiceNumber,deliveredDate,customerName,customerEmail,shippingName,shippingAddress,"
    "shippingRegion,shippingCity,shippingPostCode,shippingCountry,payMethod,paidPrice,unitPrice,sellerDiscountTotal,"
    "shippingFee,walletCredit,itemName,variation,cdShippingProvider,shippingProvider,trackingCode,status,refundAmount"
)


def _lazada_orders(o: _Order, goods: Goods) -> list[Row]:
    ends = {"unpaid": "canceled", "waiting": "pending", "shipped": "shipped", "refunded": "returned"}
    shape = "%d %b %Y %H:%M"
    return [{
        "orderItemId": line.number[-12:], "orderType": "Normal", "sellerSku": line.code, "lazadaSku": f"L{line.product}",
        "wareHouse": "dropshipping", "createTime": _time(o.at, shape), "updateTime": _time(o.after(hours=30), shape),
        "orderNumber": o.number[-11:], "deliveredDate": _time(o.confirmed_at, shape), "customerName": "J*",
        "shippingRegion": goods.provinces[o.province], "payMethod": "COD", "paidPrice": _money(line.paid),
        "unitPrice": _money(line.price * line.quantity), "sellerDiscountTotal": "0.00", "shippingFee": _money(0 if i else o.freight),
        "itemName": line.title, "variation": line.sku, "shippingProvider": ("LEX", "J&T", "Ninja Van")[_courier(o)],
        "trackingCode": _tracking(o), "status": ends.get(o.end, "delivered"),
        "refundAmount": _money(line.paid) if o.end == "refunded" else "0.00",
    } for i, line in enumerate(o.lines)]  # fmt: skip


# ---- our own templates -------------------------------------------------------------------------------------------

COMPLAINTS = (
    "投诉编号,订单编号,投诉时间,投诉类型,投诉渠道,投诉内容,买家诉求,诉求金额,商家首次响应时间,平台介入时间,举证截止时间,判责结果,责任方,"
    "完结时间,赔付金额,备注"
)


def _complaints(o: _Order, goods: Goods) -> list[Row]:
    if o.end != "withdrawn":
        return []
    filed = o.after(hours=110)
    return [{
        "投诉编号": f"C{o.number[-9:]}", "订单编号": o.number, "投诉时间": _time(filed), "投诉类型": ("质量", "发货")[o.reason % 2],
        "投诉渠道": "平台", "投诉内容": "收到的东西开线了，要求赔偿", "买家诉求": "赔偿", "诉求金额": _money(o.total * 3),
        "商家首次响应时间": _time(filed + timedelta(hours=2)), "平台介入时间": _time(filed + timedelta(hours=20)),
        "举证截止时间": _time(filed + timedelta(hours=48)), "判责结果": "商家不承担责任", "责任方": "买家",
        "完结时间": _time(filed + timedelta(hours=70)), "赔付金额": "0.00", "备注": "已回复",
    }]  # fmt: skip


def _messages(o: _Order, goods: Goods) -> list[Row]:
    if o.end not in _BACK:
        return []
    return [{
        "会话编号": f"V{o.number[-9:]}", "订单编号": o.number, "买家会员名": o.buyer, "发送方": who,
        "发送时间": _time(o.after(hours=90 + i)), "内容": text,
    } for i, (who, text) in enumerate((("买家", f"第{o.number[-4:]}单开线了"), ("客服", "您好，可以退货")))]  # fmt: skip


def _parcels(o: _Order, goods: Goods) -> list[Row]:
    if not o.shipped_at:
        return []
    return [{
        "物流单号": _tracking(o), "物流公司": _COURIERS_ZH[_courier(o)], "时间": _time(o.after(hours=hours)), "事件": event,
        "地点": "浙江省杭州市", "描述": f"{event}了",
    } for hours, event in ((28, "揽收"), (60, "运输"), (95, "签收"))]  # fmt: skip


def _evidence(o: _Order, goods: Goods) -> list[Row]:
    if o.end != "withdrawn":
        return []
    return [{"订单编号": o.number, "证据类型": "照片", "文件名": f"{o.number}.jpg", "采集时间": _time(o.after(hours=111)),
             "来源": "客服", "备注": "开箱照"}]  # fmt: skip


_Rows = Callable[[_Order, Goods], list[Row]]


@dataclass(frozen=True)
class _Report:
    kind: str
    header: str
    rows: _Rows
    endings: tuple[str, ...] = (".csv",)
    encodings: tuple[str, ...] = ("utf-8", "utf-8-sig")
    mark: str = ","
    quoting: bool = True


def _chinese(kind: str, header: str, rows: _Rows) -> _Report:
    return _Report(kind, header, rows, (".csv", ".csv", ".xlsx"), ("gb18030", "utf-8-sig", "utf-8"))


_FLAT: dict[str, Any] = {"endings": (".txt", ".tsv"), "mark": "\t", "quoting": False}
INDIAN = replace(LATIN, scale=400, prefix="40520", provinces=_INDIA_STATES)
MALAY = replace(LATIN, scale=30, prefix="37520", provinces=("Selangor", "Johor", "Penang", "Sabah"))
INDONESIAN = replace(LATIN, scale=40, prefix="26120", provinces=("JAWA BARAT", "BALI", "BANTEN", "RIAU"))
_TEMPLATES = (
    _chinese("template_complaints", COMPLAINTS, _complaints),
    _chinese("template_messages", "会话编号,订单编号,买家会员名,发送方,发送时间,内容", _messages),
    _chinese("template_parcels", "物流单号,物流公司,时间,事件,地点,描述", _parcels),
    _chinese("template_evidence", "订单编号,证据类型,文件名,采集时间,来源,备注", _evidence),
)
PLATFORMS: Mapping[str, tuple[str, str, str, Goods, tuple[_Report, ...]]] = {
    "taobao": ("taobao", "Asia/Shanghai", "CNY", CHINESE, (
        _chinese("taobao_order_report", T3, _taobao_orders), _chinese("taobao_item_report", T7, _taobao_items),
        _chinese("taobao_refund_report", T6, _taobao_refunds),
        _chinese("qianniu_money_log", "入账时间,主订单id,子订单id,支付流水号,入账类型,收入金额(元),支出金额(元),业务描述,商家昵称,收/付渠道", _money_log),
    )),
    "templates": ("taobao", "Asia/Shanghai", "CNY", CHINESE, (
        _chinese("taobao_order_report", T3, _taobao_orders), *_TEMPLATES,
    )),
    "pinduoduo": ("pinduoduo", "Asia/Shanghai", "CNY", CHINESE, (
        _chinese("pinduoduo_orders", PDD, _pdd_orders), _chinese("pinduoduo_aftersales", PDD_BACK, _pdd_back),
    )),
    "douyin": ("douyin", "Asia/Shanghai", "CNY", CHINESE, (
        _chinese("douyin_orders", DOUYIN, _douyin_orders), _chinese("douyin_aftersales", DOUYIN_BACK, _douyin_back),
    )),
    "douyin short": ("douyin", "Asia/Shanghai", "CNY", CHINESE, (
        _chinese("douyin_orders_short", DOUYIN_SHORT, _douyin_orders), _chinese("douyin_aftersales", DOUYIN_BACK, _douyin_back),
    )),
    "jd": ("jd", "Asia/Shanghai", "CNY", CHINESE, (_chinese("jd_orders", JD, _jd_orders),)),
    "kuaishou": ("kuaishou", "Asia/Shanghai", "CNY", CHINESE, (_chinese("kuaishou_aftersales", KUAISHOU_BACK, _kuaishou_back),)),
    "1688": ("1688", "Asia/Shanghai", "CNY", CHINESE, (_chinese("orders_1688", ALIBABA, _alibaba_orders),)),
    "shopify": ("shopify", "America/Los_Angeles", "USD", LATIN, (_Report("shopify_orders", SHOPIFY, _shopify_orders),)),
    "woocommerce": ("woocommerce", "America/New_York", "USD", LATIN, (_Report("woocommerce_orders", WOO, _woo_orders),)),
    "amazon": ("amazon", "America/Los_Angeles", "USD", LATIN, (
        _Report("amazon_all_orders", AMAZON, _amazon_orders, **_FLAT), _Report("amazon_fba_returns", FBA, _fba_back, **_FLAT),
        _Report("amazon_returns", AMAZON_BACK, _amazon_back, **_FLAT),
    )),
    "amazon india": ("amazon", "Asia/Kolkata", "INR", INDIAN, (_Report("amazon_india_sales", INDIA, _india_sales),)),
    "shopee": ("shopee", "Asia/Jakarta", "IDR", INDONESIAN, (_Report("shopee_indonesia_orders", SHOPEE, _shopee_orders),)),
    "lazada": ("lazada", "Asia/Kuala_Lumpur", "MYR", MALAY, (_Report("lazada_orders", LAZADA, _lazada_orders),)),
}  # fmt: skip


def shop(name: str, seed: int = 0, *, goods: Mapping[str, Any] | None = None, orders: int = ORDERS) -> Shop:
    """A shop's right files; ``goods`` changes what it sells and when: another shop, another price level, another year."""
    platform, zone, currency, sold, reports = PLATFORMS[name]
    sold = replace(sold, **(goods or {}))
    chance = random.Random(f"{name} {seed}")
    made = _orders(sold, chance, orders)
    halves = (made[: orders // 2], made[orders // 2 :])
    files = []
    for report in reports:
        header = tuple(report.header.split(","))
        ending, encoding = chance.choice(report.endings), chance.choice(report.encodings)
        for half, part in enumerate(halves, start=1):
            rows = [tuple(str(row.get(h, "")) for h in header) for order in part for row in report.rows(order, sold)]
            files.append(Export(f"{report.kind}-{half}{ending}", report.kind, header, tuple(rows), report.mark, encoding,
                                report.quoting))  # fmt: skip
    if name == "templates":
        files += _daily(sold)
    return Shop(platform, zone, currency, tuple(files))


def _daily(goods: Goods) -> list[Export]:
    """Figures of a day and the products template: files whose rows are no orders'."""
    header = ("统计日期", "访客数", "支付买家数", "支付金额", "描述相符评分")
    rows = [
        (
            f"{goods.start + timedelta(days=n):%Y-%m-%d}",
            str(300 + n),
            str(3 + n % 4),
            f"{407.35 + 41.07 * (n % 9):.2f}",
            "4.8",
        )
        for n in range(DAYS)
    ]
    products = ("商品ID", "商家编码", "启用日期", "类目", "批次", "供应商", "成本价")
    sold = [(f"{goods.prefix[-3:]}77{n}{n}01", "", "2026-01-01", "家纺", f"B{n}", "某厂", "20.00") for n in range(5)]
    return [
        Export("sycm_daily-1.xlsx", "sycm_daily", header, tuple(rows[: DAYS // 2])),
        Export("sycm_daily-2.xlsx", "sycm_daily", header, tuple(rows[DAYS // 2 :])),
        Export("template_products-1.csv", "template_products", products, tuple(sold)),
    ]
