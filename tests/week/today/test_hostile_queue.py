"""Hostile text in every field, from the files through the store to the list, the chat text and the spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales_app.today.handout import LARGEST, chat_lines, handout
from aftersales_app.today.queue import Queue, contact_queue
from aftersales_app.today.terminal import show

RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
HOSTILE = {
    "formula": "=HYPERLINK(\"http://x\",\"点我\")",
    "command": "@SUM(1+1)*cmd|' /C calc'!A0",
    "plus": "+1;=2+3",
    "tab": "\t=1+1",
    "script": "<script>alert(1)</script>",
    "rich": "[bold red]看[/bold red][link=http://x]x[/link]",
    "escape": "\x1b[2J\x1b]0;x\x07清屏",
    "rtl": "\u202e反过来\u2066x\u2069",
    "quote": "a\",\"=1+1\",\"b",
    "long": "长" * 1_000_000,
}  # fmt: skip
ORDER = [
    "订单编号",
    "买家会员名",
    "总金额",
    "买家实际支付金额",
    "订单状态",
    "收货人姓名",
    "收货地址 ",
    "联系手机",
    "订单创建时间",
    "订单付款时间 ",
    "宝贝标题 ",
    "店铺名称",
    "买家留言",
]
REFUND = [
    "订单编号",
    "退款编号",
    "订单付款时间",
    "买家实际支付金额",
    "宝贝标题",
    "买家退款金额",
    "退款的申请时间",
    "超时时间",
    "退款状态",
    "货物状态",
    "买家退款原因",
    "买家退款说明",
    "售中或售后",
]
COMPLAINT = ["投诉编号", "订单编号", "投诉时间", "投诉类型", "投诉内容", "买家诉求", "诉求金额"]


def table(header: list[str], rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue()


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Queue:
    house: Path = tmp_path_factory.mktemp("hostile")
    (house / "in").mkdir()
    orders, refunds, complaints = [], [], []
    for n, bad in enumerate(HOSTILE.values()):
        number = f"35153130000000{n:05d}"
        orders.append([number, bad, "100.00", "100.00", "买家已付款，等待卖家发货", bad, f"浙江省 杭州市 西湖区 {bad}", bad,
                       "2026-11-22 10:00:00", "2026-11-22 10:01:00", bad, "店", bad])  # fmt: skip
        refunds.append([number, f"17{n:016d}", "2026-11-22 10:01:00", "100.00", bad, "100.00", "2026-11-22 11:00:00",
                        "2026-11-24 11:00:00", "买家已经申请退款，等待卖家同意", "未收到货", bad, bad, "售中"])  # fmt: skip
        complaints.append([f"=TS{n}", number, "2026-11-22 12:00:00", bad, bad, bad, "500"])
    files = {"ExportOrderList.csv": table(ORDER, orders), "退款.csv": table(REFUND, refunds),
             "投诉登记.csv": table(COMPLAINT, complaints)}  # fmt: skip
    for name, text in files.items():
        (house / "in" / name).write_bytes(text.encode("utf-8-sig"))
    config = house / "shops.toml"
    config.write_text('[store]\npath = "store"\n[[shops]]\nid = "s"\nname = "店"\nexports = "in"\n', "utf-8")
    settings = load_settings(config)
    account = import_files(settings, settings.shops[0])
    assert not account.failed, account.failed
    return contact_queue("s", with_import=False, config=config, clock=datetime(2026, 11, 22, 6, tzinfo=UTC))


def test_all_of_them_reach_the_queue(queue):
    assert queue.people.height >= len(HOSTILE) - 1


def test_no_cell_runs_in_a_spreadsheet(queue):
    text = handout(queue).decode("utf-8-sig")
    for separator in (",", ";", "\t", "|"):
        rows = list(csv.reader(io.StringIO(text), delimiter=separator))
        assert len(rows) == 1 + queue.people.height + queue.batch_buyers.height
        for row in rows:
            for cell in row:
                assert not cell.startswith(RUNS), cell[:80]
                assert separator != "," or len(cell) <= 2_001
    assert not {"\x1b", "\x07", "\u202e", "\x00"} & set(text)


def test_nothing_reaches_the_terminal_that_steers_it(queue):
    out = io.StringIO()
    show(queue, Console(file=out, width=120, highlight=False, force_terminal=False), limit=500)
    text = out.getvalue()
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(text)
    assert len(text) < 200_000


def test_the_chat_text_stays_one_message(queue):
    text = chat_lines(queue, limit=500)
    assert len(text.encode("utf-8")) <= LARGEST
    assert not {"\x1b", "\u202e", "@"} & set(text)
