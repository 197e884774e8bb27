"""Forged returns from raw export files to the page, `today` and the dossier."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from aftersales.week.loading import load
from aftersales.week.sections.malicious_orders import SuspiciousOrders
from aftersales.words.language import catalogue
from aftersales_app.cases.writing import written
from aftersales_app.today.queue import contact_queue

END = datetime(2026, 11, 22, 9)
SHARED = "YT8800000000123"
# Four accounts, one number, written in four ways; the last refund is not paid yet.
WRITTEN = (SHARED, SHARED.lower(), "ＹＴ８８００００００００１２３", "YT 8800 0000 00123")


def text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def order(n: int, at: datetime, number: str) -> dict[str, str]:
    city = ("广东省 广州市 天河区", "四川省 成都市 武侯区", "湖北省 武汉市 江岸区")[n % 3]
    return {
        "订单编号": f"35{n:014d}", "买家会员名": f"buyer{n}", "总金额": "80.00", "买家实际支付金额": "80.00", "订单状态": "交易成功",
        "收货地址 ": f"{city} 花园路{n}号", "订单创建时间": text(at), "订单付款时间 ": text(at), "发货时间": text(at + timedelta(hours=12)),
        "宝贝标题 ": "四件套", "物流单号 ": number, "物流公司": "圆通速递",
    }  # fmt: skip


def refund(n: int, at: datetime, number: str, *, paid: bool = True) -> dict[str, str]:
    return {
        "订单编号": f"35{n:014d}", "退款编号": f"9{n:014d}", "买家退款金额": "80.00", "退款状态": "退款成功" if paid else
        "买家已退货，等待卖家确认收货", "售后类型": "退货退款", "货物状态": "已退货" if paid else "已收到货", "售中或售后": "售后",
        "退款的申请时间": text(at), "买家退货时间": text(at + timedelta(days=1)), "买家退款原因": "不喜欢/不想要",
        "完结时间": text(at + timedelta(days=4)) if paid else "", "退货物流单号": number, "退货物流公司": "圆通",
        "超时时间": "" if paid else text(END + timedelta(hours=30)),
    }  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("returns")
    draw = np.random.default_rng(3)
    numbers = [f"YT{n:013d}" for n in draw.choice(10**12, size=900, replace=False)]
    orders, refunds = [], []
    for n in range(600):
        at = datetime(2026, 9, 10, 10) + timedelta(minutes=int(draw.integers(0, 60 * 24 * 60)))
        orders.append(order(n, at, numbers[n]))
        if n % 5 == 0:
            word = {0: "无", 25: "自送"}.get(n, numbers[600 + n // 5])
            refunds.append(refund(n, at + timedelta(days=4), word))
    for place, number in enumerate(WRITTEN):
        at = END - timedelta(days=14 - place)
        orders.append(order(700 + place, at, f"YT77{place:011d}"))
        refunds.append(refund(700 + place, at + timedelta(days=4), number, paid=place < 3))
    orders.append(order(800, END - timedelta(hours=1), "YT7799999999999"))
    for name, rows in (("ExportOrderList202611", orders), ("退款报表", refunds)):
        out = folder / "in" / f"{name}.csv"
        out.parent.mkdir(exist_ok=True)
        with out.open("w", encoding="gb18030", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    (folder / "shops.toml").write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n[[shops]]\nid = "s"\nname = "小店"\nexports = "in"\n'
        'language = ["zh", "en"]\n', "utf-8",
    )  # fmt: skip
    return folder / "shops.toml"


@pytest.fixture(scope="module")
def queue(config):
    return contact_queue("s", config=config, clock=END.replace(tzinfo=UTC), at="data")


def test_today_holds_the_refund_that_is_open_and_appeals_what_was_paid(queue):
    rows = {row["lead_orders"][0]: row for row in queue.people.iter_rows(named=True)}
    assert rows["3500000000000703"]["situation"] == "return_hold"
    assert rows["3500000000000703"]["hours_left"] > 0
    assert {rows[o]["situation"] for o in ("3500000000000701", "3500000000000702")} == {"return_appeal"}
    assert rows["3500000000000703"]["case_id"] is not None
    assert "3500000000000700" not in rows  # who used it first shows nothing


@pytest.mark.parametrize(("language", "said"), [("zh", "此前已用于另一买家"), ("en", "had been used before for order")])
def test_the_page_lists_them_with_reasons_explanations_and_what_cannot_be_assessed(queue, config, language, said):
    listed = SuspiciousOrders(load("s", "", language, config=str(config)))
    rows = listed.table
    assert set(rows["order_id"]) == {f"35{n:014d}" for n in (701, 702, 703)}
    assert set(rows["pattern"]) == {"forged_return"}
    assert all(any(said in reason for reason in reasons) for reasons in rows["reasons"])
    one_parcel = catalogue()["suspects.innocent.return_one_parcel"][language]
    assert all(one_parcel in told for told in rows["innocent_explanations"])
    assert 0 < rows["expected_innocent"][0] < 1
    page = listed.return_numbers().html()
    assert "[&#x27;" not in page
    assert catalogue()["suspects.return_needs.parcels"][language] in page
    assert {"zh": "其中 122 件填写了退货单号；1 件填写的不是单号", "en": "122 with a return number; 1 holds something"}[
        language
    ] in page
    assert said in "".join(card.html() for card in listed.told().items)


def test_the_dossier_sets_the_number_beside_the_records(queue, config):
    case = SuspiciousOrders(load("s", "", "zh", config=str(config))).table["case_id"][0]
    assert written("s", case, config=config, now=END.replace(tzinfo=UTC))
    pages = list((config.parent / "reports").rglob("platform.html"))
    page = pages[0].read_text("utf-8")
    assert SHARED in page
    assert "此前已用于另一买家的订单 3500000000000700" in page
    assert catalogue()["dossier.type.forged_return"]["zh"] in page
