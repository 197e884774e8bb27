"""Reading whole files: real shapes, quirks, and the law that no row is ever lost."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import exported as x
import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.sources import delimited
from aftersales.sources.kinds import KINDS
from aftersales.sources.layout import load_layouts
from aftersales.sources.notes import note, note_words
from aftersales.sources.quarantine import REASONS
from aftersales.sources.read import Reading, read_export
from aftersales.words.errors import AftersalesError, DataError
from aftersales.words.language import catalogue

SHANGHAI = ZoneInfo("Asia/Shanghai")
LAYOUTS = load_layouts()


def read(text: str, name: str = "a.csv", encoding: str = "utf-8") -> Reading:
    [reading] = read_export(name, layouts=LAYOUTS, content=text.encode(encoding))
    assert reading.rows_read == reading.frame.height + reading.set_aside.height
    return reading


def orders(*changes: dict[str, str], headers: Sequence[str] = x.T1, quote: bool = True) -> str:
    return x.table(
        headers, *({**x.ORDER, "订单编号": str(3515313 * 10**12 + i), **c} for i, c in enumerate(changes)), quote=quote
    )


@pytest.mark.parametrize(
    "headers", [x.T1, x.T2, x.T3, x.QIANNIU_ORDERS, x.TMALL], ids=["T1", "T2", "T3", "千牛", "Tmall"]
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_order_reports_of_all_generations(headers: list[str], encoding: str) -> None:
    reading = read(orders({}, {}, headers=headers), "ExportOrderList202611092130.csv", encoding)
    row = reading.frame.row(0, named=True)
    assert reading.kind == "order_report"
    assert row["row"] == 2
    assert row["order_id"] == "3515313000000000000"
    assert (row["total"], row["paid_net"], row["refunded"] or 0) == (Decimal("201.12"), Decimal("201.12"), 0)
    assert row["created_at"] == datetime(2026, 11, 9, 10, tzinfo=SHANGHAI)
    assert row["paid_at"] == datetime(2026, 11, 9, 10, 0, 35, tzinfo=SHANGHAI)
    if "收货地址 " in headers:
        assert row["address"] == "广东省 广州市 越秀区 某路1号"
        assert row["province"] == "广东省"
    assert reading.exported_at == datetime(2026, 11, 9, 21, 30, tzinfo=SHANGHAI)
    assert reading.shop_names == (("云栖家居旗舰店",) if "店铺名称" in headers else ())


def test_every_canonical_field_is_there_and_typed_whatever_was_ticked() -> None:
    for headers, row in (
        (x.TMALL, x.ORDER),
        (x.T4, x.REFUND),
        (x.T6, x.REFUND),
        (x.T7, x.ITEM),
        (x.SYCM, {"统计日期": "2026-11-09"}),
    ):
        reading = read(x.table(headers, row))
        fields = {n: f.dtype("Asia/Shanghai") for n, f in KINDS[reading.kind].items() if not n.startswith("_")}
        assert dict(reading.frame.schema) == {"row": pl.Int64(), **fields}
        assert reading.frame.height == 1
    assert read(x.table(x.TMALL, x.ORDER)).missing == ("buyer", "status", "shipped_at", "title", "courier")
    assert note("no_lines") in read(x.table(x.TMALL, x.ORDER)).notes


@pytest.mark.parametrize("headers", [x.T4, x.T5, x.T6], ids=["T4", "T5", "T6"])
def test_refund_reports_of_all_generations(headers: list[str]) -> None:
    row = read(x.table(headers, x.REFUND), encoding="gb18030").frame.row(0, named=True)
    assert (row["refund_id"], row["order_id"]) == ("900000000000000001", "3515313000000000001")
    assert row["amount"] == Decimal("1012.50")
    assert row["applied_at"] == datetime(2026, 11, 10, 9, 5, tzinfo=SHANGHAI)
    assert row["finished_at"] == datetime(2026, 11, 12, 8, tzinfo=SHANGHAI)
    assert (row["kind"], row["phase"], row["status"], row["goods_status"], row["reason"], row["fault"]) == (
        "refund_only", "after_receipt", "succeeded", "received", "quality", "seller",
    )  # fmt: skip
    assert row["platform_involved"] is False
    assert row["full"] is True
    assert row["product_id"] == ("601" if headers is x.T6 else None)


@pytest.mark.parametrize(
    ("stage", "goods", "parcel", "phase"),
    [("售中", "未收到货", "", "before_shipping"), ("售中", "未收到货", "圆通:YT1", "in_transit"), ("售中", "", "null", "before_shipping"),
     ("售中", "已收到货", "圆通:YT1", "after_receipt"), ("售后", "", "", "after_receipt"), ("售中", "已退货", "YT1", "after_receipt"),
     ("", "未收到货", "圆通:YT1", "in_transit"), ("", "", "", None)],
)  # fmt: skip
def test_the_phase_of_a_refund(stage: str, goods: str, parcel: str, phase: str | None) -> None:
    row = {**x.REFUND, "售中或售后": stage, "货物状态": goods, "发货物流信息": parcel}
    assert read(x.table(x.T6, row)).frame["phase"].to_list() == [phase]
    without = [h for h in x.T6 if h != "发货物流信息"]
    told = phase if phase in (None, "after_receipt") else None
    assert read(x.table(without, row)).frame["phase"].to_list() == [told]


def test_item_reports_new_and_old() -> None:
    row = read(x.table(x.T7, x.ITEM)).frame.row(0, named=True)
    assert (row["line_id"], row["order_id"], row["product_id"]) == ("7001", "3515313000000000001", "601")
    assert (row["refunded"], row["refund_status"], row["shipped_at"]) == (None, "none", None)
    assert row["status"] == "closed_unpaid"
    rows = [
        {**x.ITEM, "订单编号": o, "价格": p}
        for o, p in (("5", "1.00"), ("6", "2.00"), ("5", "bad"), ("5", "3.00"), ("3.5E+18", "1"))
    ]
    old = read(x.table(x.ITEMS_OLD, *rows), encoding="gb18030")
    lines = old.frame["line_id"].to_list()
    assert len(set(lines)) == 4
    assert [line[:2] for line in lines] == ["5-", "6-", "5-", "5-"]
    again = read(x.table(x.ITEMS_OLD, *rows[::-1], rows[0]), encoding="gb18030").frame["line_id"].to_list()
    assert [line for line in again if line not in lines] == [f"{lines[0]}-2"]  # known by content, not by place
    assert old.frame["price"].null_count() == 1
    assert old.set_aside["reason"].to_list() == ["damaged_id"]
    assert any("line_id" in note for note in old.notes)


def test_closed_orders_are_told_apart_by_payment() -> None:
    closed = {"订单状态": "交易关闭"}
    unpaid = {**closed, "订单付款时间 ": "", "买家实际支付金额": "0.00", "退款金额": "0.00"}
    refunded = {**closed, "买家实际支付金额": "0.00", "退款金额": "201.12"}
    never_dated = {**unpaid, "买家实际支付金额": "3.00"}
    frame = read(orders(unpaid, refunded, never_dated, {})).frame
    assert frame["status"].to_list() == ["closed_unpaid", "closed_refunded", "closed_refunded", "paid"]
    untold = read(orders(closed, {}, headers=["订单编号", "订单状态", "订单创建时间"]))
    assert untold.frame["status"].to_list() == [None, "paid"]
    assert note("closed_how") in untold.notes


def test_daily_traffic_and_the_money_log() -> None:
    day = read(
        "店铺日报,,,\n"
        + x.table(x.SYCM, {"统计日期": "2026/11/9", "访客数": "1,204", "支付买家数": "31", "描述相符评分": "4.8"})
    )
    assert day.frame.row(0) == (3, date(2026, 11, 9), 1204, 31, 4.8)
    log = {
        "入帐时间": "2026-11-09 08:00:00",
        "支付流水号": "88",
        "主订单id": "5",
        "入帐类型": "赔付",
        "支出金额(元)": "-12.00",
    }
    line = read(x.table(x.MONEY_LOG, log)).frame.row(0, named=True)
    assert (line["entry_id"], line["income"], line["expense"]) == ("88", None, Decimal("12.00"))


TEMPLATE_ROWS = {
    "complaints": {"投诉编号": "t1", "投诉时间": "2026-11-09 08:00", "责任方": "买家", "诉求金额": "50元"},
    "messages": {
        "会话编号": "c1",
        "买家会员名": "tb_mint",
        "发送方": "客服",
        "发送时间": "2026-11-09 08:00",
        "内容": "您好，\n请问有什么可以帮您",
    },
    "parcels": {"物流单号": "YT1", "时间": "2026-11-09 08:00", "事件": "拒签"},
    "evidence": {"订单编号": "5", "文件名": "5/照片 1.jpg", "证据类型": "照片"},
    "traffic": {"统计日期": "2026-11-09", "访客数": "12", "体验分": "4.6"},
    "products": {"商品ID": "601", "类目": "家纺", "成本价": "20"},
    "decisions": {"决定编号": "d1", "生效日期": "2026-11-09", "措施": "限购"},
}


@pytest.mark.parametrize("kind", x.TEMPLATES)
def test_our_templates_in_both_languages(kind: str) -> None:
    chinese = x.TEMPLATES[kind].split(",")
    [layout] = [found for found in LAYOUTS if found.name == f"template_{kind}"]
    english = {names[0]: field for field, names in layout.headers.items()}
    row = TEMPLATE_ROWS[kind]
    first = read(x.table(chinese, row))
    second = read(x.table([english[h] for h in chinese], {english[h]: cell for h, cell in row.items()}))
    assert first.kind == second.kind == kind
    assert first.frame.height == 1
    assert first.frame.equals(second.frame, null_equal=True)
    values = {"complaints": ("fault", "buyer"), "messages": ("sender", "agent"), "parcels": ("event", "refused")}
    if kind in values:
        column, value = values[kind]
        assert first.frame[column].to_list() == [value]


def test_rows_set_aside_say_why_and_name_nobody() -> None:
    person = {
        "买家会员名": "tb_mint",
        "收货人姓名": "王小明",
        "联系手机": "'13800138000",
        "买家留言": "打我电话13800138000",
    }
    text = orders({}, {**person, "买家应付货款": "abc"}, {**person, "订单编号": "3.5E+18"}, {**person, "订单编号": ""}, {**person, "总金额": "-1"},
                  {**person, "订单创建时间": "昨天"}, quote=False)  # fmt: skip
    reading = read(text + "3515313,王小明,13800138000\r\n")
    assert reading.frame["row"].to_list() == [2]
    assert list(reading.set_aside.select("row", "reason", "column").rows()) == [
        (3, "unreadable_value", "买家应付货款"), (4, "damaged_id", "订单编号"), (5, "missing_value", "订单编号"),
        (6, "negative_value", "总金额"), (7, "unreadable_value", "订单创建时间"), (8, "too_few_fields", None),
    ]  # fmt: skip
    everything = "".join(reading.set_aside["cells"])
    assert not [word for word in ("tb_mint", "王小明", "13800138000", "越秀区") if word in everything]
    assert json.loads(reading.set_aside["cells"][0])["买家应付货款"] == "abc"


def test_an_optional_cell_that_cannot_be_read_costs_the_cell_not_the_row() -> None:
    reading = read(orders({"买家应付邮费": "免邮", "物流单号 ": "4.2E+14", "订单状态": "某种新状态"}))
    row = reading.frame.row(0, named=True)
    assert (row["shipping_fee"], row["tracking_no"], row["status"]) == (None, None, None)
    assert reading.set_aside.height == 0
    said = " ".join(reading.notes)
    assert all(word in said for word in ("免邮", "4.2E+14", "某种新状态"))


def test_a_file_without_rows_is_a_reading_with_a_note() -> None:
    for text in (orders(), orders().strip(), orders() + "\r\n\r\n,,,\r\n"):
        reading = read(text)
        assert (reading.rows_read, reading.notes[:1]) == (0, (note("no_rows"),))


def test_a_stray_quote_is_a_letter_and_swallows_no_row() -> None:
    lines = orders(*[{}] * 60).split("\r\n")
    lines[20] = lines[20].replace('"四件套"', '"四"件套"', 1)
    lines[41] = lines[41].replace('"四件套"', '四件套"', 1)
    lines[50] = lines[50].replace('"四件套"', '"四件套', 1)
    reading = read("\r\n".join(lines))
    assert (reading.frame.height, reading.set_aside.height) == (60, 0)
    assert reading.frame["title"].unique().sort().to_list() == ['"四件套', '四"件套', "四件套", '四件套"']
    assert note_words(reading.notes[0], "en") == (
        "3 rows hold stray quotation marks, read as ordinary characters, such as row 21"
    )


def test_a_row_that_a_stray_quote_leaves_without_its_cells_costs_itself_only() -> None:
    lines = orders(*[{}] * 60).split("\r\n")
    lines[20] = lines[20].replace('"四件套"', '"四,件套', 1)
    reading = read("\r\n".join(lines))
    assert reading.set_aside.select("row", "reason").rows() == [(21, "broken_quotes")]
    assert reading.frame.height == 59


def test_line_breaks_inside_a_cell_belong_to_it() -> None:
    reading = read(orders({}, {"买家留言": '第一行\n第二行,有逗号\n\n"引用"'}, {}))
    assert reading.frame["row"].to_list() == [2, 3, 7]
    assert reading.frame["buyer_message"][1] == '第一行\n第二行,有逗号\n\n"引用"'


def test_a_last_row_that_was_cut_off_is_set_aside() -> None:
    text = orders(*[{}] * 20, quote=False)
    reading = read(text[:-40])
    assert reading.frame.height == 19
    assert reading.set_aside["reason"].to_list() == ["cut_off"]


def test_delimiters_that_a_spreadsheet_left_out_after_the_last_cell_are_no_loss() -> None:
    lines = orders(*[{}] * 30, quote=False).rstrip().split("\r\n")
    short = [line.rstrip(",") if i > 16 else line for i, line in enumerate(lines)]
    assert read("\r\n".join(short) + "\r\n").frame.height == 30
    extra = [line + ",," for line in lines]
    assert read("\r\n".join(lines[:1] + extra[1:]) + "\r\n").frame.height == 30


@pytest.mark.parametrize("slice_bytes", [700, 4_000, 30_000])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_slices_do_not_show(monkeypatch: pytest.MonkeyPatch, slice_bytes: int, encoding: str) -> None:
    text = orders(
        *({"买家留言": "一\n二,三" if i % 7 == 0 else "", "总金额": "bad" if i % 11 == 0 else "1"} for i in range(90))
    )
    whole = read(text, encoding=encoding)
    for cut in (delimited.decoded, delimited._as_stored):
        monkeypatch.setitem(cut.__kwdefaults__, "slice_bytes", slice_bytes)
    sliced = read(text, encoding=encoding)
    assert sliced.frame.equals(whole.frame)
    assert sliced.set_aside.equals(whole.set_aside)


def workbook(sheets: dict[str, Sequence[Sequence[object]]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, cell in enumerate(row):
                    (sheet.write_string if isinstance(cell, str) else sheet.write)(i, j, cell)
    return out.getvalue()


def test_a_workbook_gives_a_reading_a_sheet() -> None:
    headers = ["订单编号", "订单创建时间", "总金额", "收货地址 ", "物流单号"]
    content = workbook(
        {
            "说明": [["本报表由千牛导出"]],
            "订单报表": [
                ["导出时间"], [], headers, ["3515313123456789012", datetime(2026, 9, 22, 0, 54, 10), 12.5, "上海", 123456789012345678],
                [3515313123456789012, "2016/5/23 22:02", 3], [], [123456789012345, 45000.5, "1,000元"],
            ],
            "销售明细": [["子订单编号", "主订单编号", "退款金额"], ["1", "2", "无退款申请"]],
        }
    )  # fmt: skip
    first, second = read_export("x-2026-09-22 00_54_10.xlsx", content=content)
    assert (first.sheet, first.kind, second.sheet, second.kind) == (
        "订单报表",
        "order_report",
        "销售明细",
        "item_report",
    )
    assert first.frame["row"].to_list() == [4, 7]
    assert first.frame["order_id"].to_list() == ["3515313123456789012", "123456789012345"]
    assert first.frame["created_at"].to_list() == [
        datetime(2026, 9, 22, 0, 54, 10, tzinfo=SHANGHAI), datetime(2023, 3, 15, 12, tzinfo=SHANGHAI),
    ]  # fmt: skip
    assert first.frame["tracking_no"].to_list() == [None, None]
    assert first.set_aside.select("row", "reason").rows() == [(5, "damaged_id")]
    assert first.rows_read == 3
    assert first.exported_at == datetime(2026, 9, 22, 0, 54, 10, tzinfo=SHANGHAI)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_export(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_export(tmp_path)


def test_the_real_tmall_report_reads_whole(shared: Path) -> None:
    [reading] = read_export(shared / "tmall_order_report.csv")
    frame = reading.frame
    assert (reading.rows_read, frame.height) == (28_010, 28_010)
    paid = frame.filter(pl.col("paid_at").is_not_null())
    assert paid.height == 24_087
    assert (frame["refunded"] > 0).sum() == 5_646
    assert frame["refunded"].sum() == Decimal("572335.92")
    assert paid.filter(pl.col("paid_net") + pl.col("refunded") != pl.col("total")).height == 0
    assert frame["province"].null_count() == 0


UCI = r"""
[[layout]]
name = "uci_online_retail"
kind = "item_report"
signature = ["InvoiceNo", "StockCode", "Quantity", "UnitPrice"]
[layout.headers]
order_id = ["InvoiceNo"]
product_id = ["StockCode"]
title = ["Description"]
price = ["UnitPrice"]
quantity = ["Quantity"]
created_at = ["InvoiceDate"]
paid_at = ["InvoiceDate"]
buyer = ["CustomerID"]
[layout.computed]
line_id = { join = ["InvoiceNo", "StockCode"], running = true }
payable = { product = ["Quantity", "UnitPrice"] }
status = { constant = "finished" }

[[layout.set_aside]]
header = "StockCode"
matches = "^(?i:POST|DOT|M|C2|S|D|BANK CHARGES|AMAZONFEE|CRUK|PADS|gift_.*)$"
reason = "not a product"

[[layout.split]]
header = "InvoiceNo"
matches = "^C"
kind = "refund_report"
[layout.split.headers]
product_id = ["StockCode"]
title = ["Description"]
applied_at = ["InvoiceDate"]
finished_at = ["InvoiceDate"]
buyer = ["CustomerID"]
[layout.split.computed]
refund_id = { join = ["InvoiceNo", "StockCode"], running = true }
amount = { product = ["Quantity", "UnitPrice"], absolute = true }
status = { constant = "succeeded" }
kind = { constant = "return_refund" }
"""


def test_a_foreign_file_by_a_layout_of_ones_own(shared: Path, tmp_path: Path) -> None:
    raw = pl.read_parquet(shared / "uci_online_retail_2010-12_2011-06.parquet").with_row_index("row", offset=2)
    raw.drop("row").write_csv(tmp_path / "online_retail.csv")
    (tmp_path / "uci.toml").write_text(UCI, encoding="utf-8")
    items, refunds = read_export(
        tmp_path / "online_retail.csv", layouts=load_layouts([tmp_path / "uci.toml"]), zone="Europe/London"
    )
    assert (items.kind, refunds.kind) == ("item_report", "refund_report")
    assert items.rows_read + refunds.rows_read == raw.height
    for reading in (items, refunds):
        assert reading.rows_read == reading.frame.height + reading.set_aside.height
    seen = pl.concat([r.frame["row"] for r in (items, refunds)] + [r.set_aside["row"] for r in (items, refunds)])
    assert seen.n_unique() == raw.height
    assert items.frame["line_id"].n_unique() == items.frame.height
    assert refunds.frame["refund_id"].n_unique() == refunds.frame.height
    returned = raw.filter(pl.col("InvoiceNo").str.starts_with("C")).join(
        refunds.frame.with_columns(pl.col("row").cast(pl.UInt32)), on="row"
    )
    assert returned.height == refunds.frame.height > 3_000
    assert (
        returned.filter((pl.col("amount").cast(float) + pl.col("Quantity") * pl.col("UnitPrice")).abs() > 0.006).height
        == 0
    )
    assert refunds.frame["order_id"].null_count() == refunds.frame.height
    assert {"not a product", "negative_value"} == {*items.set_aside["reason"], *refunds.set_aside["reason"]}
    assert not {"POST", "M", "DOT"} & {*items.frame["product_id"], *refunds.frame["product_id"]}
    assert str(items.frame["created_at"].dtype.time_zone) == "Europe/London"  # type: ignore[attr-defined]


def test_every_reason_has_its_words() -> None:
    assert {f"reading.reason.{reason}" for reason in REASONS} <= set(catalogue())


BASE = orders(
    *({"买家留言": "一\n二" if i % 5 == 0 else "", "订单编号": f'="{i}"' if i % 3 else str(i)} for i in range(12)),
    quote=False,
)
DAMAGE = st.lists(
    st.tuples(st.sampled_from(["drop", "double", "quote", "delimiter", "line break", "noise"]), st.integers(0, 10**6), st.integers(1, 60)),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(max_examples=150)
@given(DAMAGE, st.sampled_from(["utf-8", "gb18030"]), st.binary(min_size=1, max_size=4))
def test_whatever_is_done_to_a_file_every_row_is_accounted_for(
    damage: list[tuple[str, int, int]], encoding: str, noise: bytes
) -> None:
    content = BASE.encode(encoding)
    body = content.index(b"\n") + 1
    for what, where, length in damage:
        at = body + where % max(len(content) - body, 1)
        cut = content[at : at + length]
        new = {
            "drop": b"",
            "double": cut * 2,
            "quote": b'"' + cut,
            "delimiter": b"," + cut,
            "line break": b"\n" + cut,
            "noise": noise,
        }
        content = content[:at] + new[what] + content[at + length :]
    try:
        [reading] = read_export("a.csv", layouts=LAYOUTS, content=content)
    except AftersalesError as error:
        said = str(error)
    else:
        _check_account(reading, content, leeway=2 * len(damage) + 2)
        return
    assert said.endswith(".")
    assert "\n" not in said


def _check_account(reading: Reading, content: bytes, *, leeway: int) -> None:
    rows = reading.frame["row"].to_list() + reading.set_aside["row"].to_list()
    assert reading.rows_read == len(rows) == len(set(rows))
    # Every line with text in it is a row's first line, or lies inside a row that runs over several lines.
    lines = content.split(b"\n")
    first_lines = set(rows)
    inside = 0
    for number, line in enumerate(lines[1:], start=2):
        if number in first_lines:
            inside = 0
        elif line.strip(b' \t\r",'):
            inside += 1
            assert inside <= leeway, (number, line)
