"""A shop whose every text field was written by somebody who means harm: imported through the real door, then filed."""

from __future__ import annotations

import csv
import io
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aftersales.sources.importing import import_files
from aftersales.sources.settings import Settings, load_settings
from aftersales.sources.store import ShopStore
from aftersales.week.tables import Tables

ZONE = ZoneInfo("Asia/Shanghai")
SCRIPT = "<script>window.ran=1</script><img src=x onerror='window.ran=1'>\"'><svg onload=window.ran=1>"
FORMULA = "=cmd|'/c calc'!A1"
TURNED = "好\u202e款退\u2066\u200b\u0007评"
STACKED = "z" + "\u0301" * 400
LONG = "很长的话，没有收到货。" * 100_000  # a megabyte and more
UNBROKEN = "W" * 3000
HOSTILE = (SCRIPT, FORMULA, TURNED, STACKED, LONG, UNBROKEN, "+1+1", "@SUM(1)", "\t=1+1", "{{7*7}}{% raw %}", "]]><!--")
ORDERS = [f"3250000000000000{n:03d}" for n in range(30)]
START = datetime(2026, 11, 9, 10)
MEMBER, PHONE, RECEIVER, STREET = "测试会员甲", "13912345678", "欧阳测试", "浙江省 杭州市 西湖区 文三路 77号 4幢 909室"


def text(n: int) -> str:
    """The next hostile text."""
    return HOSTILE[n % len(HOSTILE)]


def table(headers: str, rows: list[list[object]]) -> str:
    """A CSV as an export writes it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(headers.split(","))
    writer.writerows(rows)
    return out.getvalue()


def at(minutes: float) -> str:
    """A moment after the start."""
    return f"{START + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"


def write_exports(folder: Path) -> None:
    """Order, refund, complaint, message, parcel and evidence files, every text of them hostile."""
    folder.mkdir(parents=True, exist_ok=True)
    orders = [
        [o, MEMBER if n else text(n), 50, 0, 50, 50, "交易关闭" if n % 3 else "卖家已发货，等待买家确认", RECEIVER,
         STREET, PHONE, at(n), at(n + 1), text(n)[:4000], f"SF{n:012d}", text(n)[:30], 1, "敌意店"]
        for n, o in enumerate(ORDERS)
    ]  # fmt: skip
    refunds = [
        [o, f"17800000000000{n:04d}", 50, text(n)[:2000], "退款成功" if n % 2 else "买家已经申请退款，等待卖家同意",
         at(60 + n), at(3 * 1440), "买家未收到货", text(n + 1)[:2000], text(n)]
        for n, o in enumerate(ORDERS)
    ]  # fmt: skip
    complaints = [
        [f"TS{n:08d}", ORDERS[n], at(600 + n), text(n)[:200], text(n)[:50], text(n), text(n + 1), 5000, at(700),
         at(800), at(2 * 1440), text(n)[:90], "", "", "", text(n)]
        for n in range(11)
    ]  # fmt: skip
    messages = [[f"HH{n}", ORDERS[0], MEMBER, "买家" if n % 2 else "客服", at(300 + n), text(n)] for n in range(40)]
    parcels = [[f"SF{n:012d}", "顺丰", at(400 + n), "签收" if n % 2 else "拒签", text(n)[:300], text(n + 2)[:3000]]
               for n in range(30)]  # fmt: skip
    evidence = [[ORDERS[0], text(n)[:300], f"图{n:02d}.png", at(500 + n), text(n)[:300], text(n)[:3000]]
                for n in range(20)]  # fmt: skip
    evidence += [
        [ORDERS[0], "聊天记录", "../../aftersales.key", at(1), "", ""],
        [ORDERS[0], "聊天", "没有.png", "", "", ""],
    ]
    files = {
        "ExportOrderList202611150005.csv": table(
            "订单编号,买家会员名,买家应付货款,买家应付邮费,总金额,买家实际支付金额,订单状态,收货人姓名,收货地址 ,联系手机,"
            "订单创建时间,订单付款时间 ,宝贝标题 ,物流单号 ,物流公司,宝贝总数量,店铺名称", orders),
        "退款报表202611150005.csv": table(
            "订单编号,退款编号,买家退款金额,宝贝标题,退款状态,退款的申请时间,超时时间,货物状态,买家退款原因,买家退款说明",
            refunds),
        "投诉登记.csv": table("投诉编号,订单编号,投诉时间,投诉类型,投诉渠道,投诉内容,买家诉求,诉求金额,商家首次响应时间,平台介入时间,"
                          "举证截止时间,判责结果,责任方,完结时间,赔付金额,备注", complaints),
        "聊天记录.csv": table("会话编号,订单编号,买家会员名,发送方,发送时间,内容", messages),
        "物流轨迹.csv": table("物流单号,物流公司,时间,事件,地点,描述", parcels),
        "证据清单.csv": table("订单编号,证据类型,文件名,采集时间,来源,备注", evidence),
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_text(content, "utf-8")
    (folder / "evidence").mkdir(exist_ok=True)
    for n in range(20):
        (folder / "evidence" / f"图{n:02d}.png").write_bytes(bytes([137, 80, 78, 71, n]) * 50)
    (folder / "evidence" / f"{ORDERS[0]}_忘了登记.txt").write_text("没有登记的文件", "utf-8")


def make_shop(root: Path) -> None:
    """Its files, and the store they are imported into."""
    write_exports(root / "in")
    (root / "shops.toml").write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n[[shops]]\nid = "hostile"\nname = "敌意店"\nexports = "in"\n',
        "utf-8",
    )
    settings = load_settings(root / "shops.toml")
    account = import_files(settings, settings.shop("hostile"))
    assert not account.failed, account.lines("en")


def hostile_shop(root: Path) -> tuple[Settings, Tables]:
    """Its settings and its pinned tables."""
    settings = load_settings(root / "shops.toml")
    store = ShopStore(settings.store_path, "hostile")
    return settings, Tables(store, store.head())


def known_until() -> datetime:
    """Where its data end."""
    return datetime.combine(START.date() + timedelta(days=6), time(23, 59), ZONE)
