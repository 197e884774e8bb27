"""Small made-up shops whose export files lack one thing or another, for tests of the whole program."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path

START = datetime(2026, 9, 14, 0, 10)  # the last order is of 8 November, the Sunday of 2026-W45
ORDERS = 120
# what every kind of file is made of, and the columns that hold it
COLUMNS = {
    "money": ("总金额", "买家实际支付金额", "退款金额", "买家退款金额", "诉求金额", "赔付金额"),
    "dates": ("订单创建时间", "订单付款时间 ", "订单付款时间", "退款的申请时间", "完结时间", "投诉时间", "超时时间"),
    "payment dates": ("订单付款时间 ", "订单付款时间"),
    "request dates": ("退款的申请时间",),
    "provinces": ("收货地址 ",),
    "products": ("宝贝标题 ", "宝贝标题", "商品 id", "商家编码"),
    "buyers": ("买家会员名", "联系手机", "收货人姓名"),
    "status": ("订单状态", "退款状态"),
    "couriers": ("物流单号 ", "物流公司"),
    "reasons": ("买家退款原因", "买家退款说明", "投诉类型", "投诉内容"),
}
# shops by what is left out of their files, or by the only files they have
LACKING = {name: (name,) for name in COLUMNS} | {
    "everything else": tuple(n for n in COLUMNS if n not in ("dates", "status"))
}
ONLY = {f"only {name}": (name,) for name in ("orders", "refunds", "complaints", "messages", "parcels", "traffic")}
COUNTS = {"one order": 1, "no order": 0}
KINDS = ("whole", *LACKING, *ONLY, *COUNTS)


def write_shop(folder: Path, kind: str = "whole") -> None:
    """Write the export files of a shop of that kind (`KINDS`) into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    absent = {column for part in LACKING.get(kind, ()) for column in COLUMNS[part]}
    count = COUNTS.get(kind, ORDERS)
    for name, rows in _files(max(count, 1)).items():
        if name in ONLY.get(kind, (name,)):
            out = io.StringIO(newline="")
            writer = csv.DictWriter(out, [c for c in rows[0] if c not in absent], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows[:count] if kind == "no order" else rows)
            (folder / f"{name}.csv").write_bytes(out.getvalue().encode("gb18030"))


def write_config(file: Path, *, exports: str, zone: str, language: str = "zh", more: str = "") -> None:
    """Write a shops.toml with one shop ``s``, its store and reports beside it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n'
        f'{more}[[shops]]\nid = "s"\nname = "小店"\nexports = {_quoted(exports)}\nlanguage = "{language}"\n'
        f'zone = "{zone}"\nmanagers = ["boss@example.com"]\nanalysts = ["ann@example.com"]\n',
        "utf-8",
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _files(count: int) -> dict[str, list[dict[str, object]]]:
    orders: list[dict[str, object]] = []
    refunds: list[dict[str, object]] = []
    complaints: list[dict[str, object]] = []
    messages: list[dict[str, object]] = []
    parcels: list[dict[str, object]] = []
    for n in range(count):
        at, order, buyer = START + timedelta(hours=11.2 * n), f"35153130000{n:07d}", f"tb_{n % 80}"
        back = n % 8 == 0
        orders.append({
            "订单编号": order, "买家会员名": buyer, "总金额": "100.00", "买家实际支付金额": "0.00" if back else "100.00",
            "订单状态": "交易关闭" if back else "交易成功" if n < count - 9 else "买家已付款，等待卖家发货",
            "收货人姓名": "李**", "收货地址 ": ("浙江省 杭州市 西湖区", "湖北省 武汉市 武昌区")[n % 2] + f" 某路{n}号",
            "联系手机": f"1380013{n % 80:04d}", "订单创建时间": at, "订单付款时间 ": at + timedelta(seconds=40),
            "宝贝标题 ": ("四件套", "羽绒被")[n % 2], "物流单号 ": f"SF{n:09d}", "物流公司": "顺丰速运",
            "店铺名称": "小店", "退款金额": "100.00" if back else "0.00",
        })  # fmt: skip
        if back:
            refunds.append({
                "订单编号": order, "退款编号": f"9000{n:07d}", "订单付款时间": at, "买家会员名称": buyer,
                "宝贝标题": "四件套", "买家退款金额": "100.00", "退款的申请时间": at + timedelta(days=2),
                "超时时间": at + timedelta(days=5), "退款状态": "退款成功" if n < count - 40 else "等待卖家处理退款申请",
                "货物状态": "已收到货", "买家退款原因": ("质量问题", "不喜欢")[n % 16 // 8], "商品 id": "601",
                "责任方": "卖家", "完结时间": at + timedelta(days=3) if n < count - 40 else "",
            })  # fmt: skip
        if n % 30 == 0:
            complaints.append({
                "投诉编号": f"C{n}", "订单编号": order, "投诉时间": at + timedelta(days=3), "投诉类型": "质量",
                "投诉渠道": "平台", "投诉内容": "一直没有收到货，要求赔偿", "诉求金额": "300",
            })  # fmt: skip
            messages.append({
                "会话编号": f"V{n}", "订单编号": order, "买家会员名": buyer, "发送方": "买家",
                "发送时间": at + timedelta(days=1), "内容": "已经收到货了，破了",
            })  # fmt: skip
        parcels.append({
            "物流单号": f"SF{n:09d}", "物流公司": "顺丰速运", "时间": at + timedelta(days=1), "事件": "已签收",
            "地点": "浙江省杭州市", "描述": "",
        })  # fmt: skip
    traffic = [
        {"统计日期": f"{START + timedelta(days=d):%Y-%m-%d}", "访客数": 200 + d, "支付买家数": 4, "体验分": "4.8"}
        for d in range(56)
    ]
    return {
        "orders": orders, "refunds": refunds, "complaints": complaints,
        "messages": messages, "parcels": parcels, "traffic": traffic,
    }  # fmt: skip
