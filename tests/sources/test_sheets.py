"""Workbooks as people keep them: hidden and merged parts, other calendars, formulas; read as a person would, and named."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import xlsxwriter

from aftersales.sources.layout import Layout, load_layouts
from aftersales.sources.notes import note_words
from aftersales.sources.read import Reading, read_export

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEADERS = ["订单编号", "订单创建时间", "订单状态", "买家实际支付金额", "收货地址", "宝贝标题", "宝贝总数量"]


def order(n: int, **changes: object) -> list[object]:
    usual = dict(zip(HEADERS, [f"35153130000000{n:05d}", "2026-11-09 10:00:00", "交易成功", "10.00", "上海", "灯", "1"],
                     strict=True))  # fmt: skip
    return list((usual | changes).values())


def book(write: Callable[[xlsxwriter.Workbook], object], **options: object) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, options) as made:
        write(made)
    return out.getvalue()


def sheet(made: xlsxwriter.Workbook, name: str, rows: list[list[object]], *, top: int = 0, left: int = 0):
    found = made.add_worksheet(name)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if cell is not None:
                (found.write_string if isinstance(cell, str) else found.write)(top + i, left + j, cell)
    return found


def said(readings: list[Reading]) -> list[str]:
    return [note_words(note, "en") for reading in readings for note in reading.notes]


@pytest.mark.parametrize("how", ["hide", "very_hidden"])
def test_hidden_sheets_and_sheets_of_no_known_kind_are_named_and_not_counted(how: str) -> None:
    def write(made: xlsxwriter.Workbook) -> None:
        sheet(made, "订单", [HEADERS, order(1), order(2)])
        getattr(sheet(made, "test", [HEADERS, order(3)]), how)()
        sheet(made, "图表", [["月份", "金额"], ["11", "20"]])

    found = read_export("a.xlsx", content=book(write))
    assert [(r.sheet, r.frame.height) for r in found] == [("订单", 2)]
    assert "the sheet test is hidden: its 1 row was not read; unhide it and import again if needed" in said(found)
    assert "the sheet 图表 (2 rows) is not a known export and was not read" in said(found)


def test_a_hidden_sheet_that_alone_is_an_export_is_read_and_named() -> None:
    def write(made: xlsxwriter.Workbook) -> None:
        sheet(made, "说明", [["本表由千牛导出"]])
        sheet(made, "订单", [HEADERS, order(1)]).hide()

    found = read_export("a.xlsx", content=book(write))
    assert found[0].frame.height == 1
    assert "only the hidden sheet 订单 matches a known export: it was read" in said(found)


def test_filtered_rows_and_hidden_columns_are_read_and_named() -> None:
    def write(made: xlsxwriter.Workbook) -> None:
        made_sheet = sheet(made, "订单", [HEADERS, *(order(n) for n in range(6))])
        for row in (2, 4):
            made_sheet.set_row(row, None, None, {"hidden": True})
        made_sheet.set_column(3, 3, None, None, {"hidden": True})

    found = read_export("a.xlsx", content=book(write))
    assert found[0].frame.height == 6
    assert "2 filtered or hidden rows were read as well, the first is row 3" in said(found)
    assert "1 hidden column was read as well, such as 买家实际支付金额" in said(found)


@pytest.mark.parametrize(("top", "left"), [(0, 0), (2, 3)])
def test_merged_cells_are_filled_down_but_amounts_and_quantities_are_there_once(top: int, left: int) -> None:
    table = [HEADERS, order(1), [None] * 5 + ["枕", "2"], [None] * 5 + ["被", "1"], order(2)]

    def write(made: xlsxwriter.Workbook) -> None:
        made_sheet = sheet(made, "订单", table, top=top, left=left)
        for column in (0, 1, 2, 3, 4):
            made_sheet.merge_range(top + 1, left + column, top + 3, left + column, order(1)[column])

    alone, lines_of_one, head = found = read_export("a.xlsx", content=book(write))
    assert (alone.frame.height, lines_of_one.rows_read, head.frame.height) == (1, 3, 1)
    assert lines_of_one.frame["order_id"].to_list() == [order(1)[0]] * 3
    assert lines_of_one.frame["title"].to_list() == ["灯", "枕", "被"]
    assert float(head.frame["paid_net"].sum()) == 10  # once for the order, not once a row
    assert lines_of_one.frame["created_at"].null_count() == 0
    assert (
        f"merged cells: 8 empty cells were filled from above, such as row {top + 3} 订单编号; "
        "amounts and quantities are not repeated"
    ) in said(found)


def test_a_workbook_that_counts_days_from_1904() -> None:
    def write(made: xlsxwriter.Workbook) -> None:
        made_sheet = sheet(made, "订单", [HEADERS, order(1), order(2)])
        days = made.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        made_sheet.write_datetime(1, 1, datetime(2026, 11, 9, 12), days)
        made_sheet.write_number(2, 1, 44_873.5)  # the same moment, its format lost

    [reading] = read_export("a.xlsx", content=book(write, date_1904=True))
    assert reading.frame["created_at"].to_list() == [datetime(2026, 11, 9, 12, tzinfo=SHANGHAI)] * 2


def test_formula_errors_and_formulas_without_values_are_counted() -> None:
    def write(made: xlsxwriter.Workbook) -> None:
        made_sheet = sheet(made, "订单", [HEADERS, order(1), order(2), order(3)])
        made_sheet.write_formula(1, 3, "=NA()", None, "#N/A")
        made_sheet.write_formula(2, 3, "=SUM(A1)", None, "")
        made_sheet.write_formula(3, 3, "=5+5", None, 10)

    [reading] = found = read_export("a.xlsx", content=book(write))
    assert [None if x is None else float(x) for x in reading.frame["paid_net"]] == [None, None, 10.0]
    assert "1 cell holds a formula error and counts as empty, such as row 2 买家实际支付金额" in said(found)
    assert any(s.startswith("1 formula was saved without its value") and "row 3" in s for s in said(found))


def test_a_header_over_two_rows_is_one_header() -> None:
    groups = ["订单信息", None, None, "金额", None, "商品", None]
    over = [*HEADERS[:3], "金额", "收货地址", "商品", "商品"]
    under = [None, None, None, "买家实际支付金额", None, "宝贝标题", "宝贝总数量"]
    for rows in ([groups, HEADERS, order(1)], [["导出"], over, under, order(1)]):
        [reading] = read_export("a.xlsx", content=book(lambda made, rows=rows: sheet(made, "订单", rows)))
        assert reading.frame.height == 1
        assert float(reading.frame["paid_net"][0]) == 10
        assert reading.frame["title"].to_list() == ["灯"]


def test_headers_that_stand_there_twice_are_named() -> None:
    rows = [[*HEADERS, "买家实际支付金额"], [*order(1), "99"]]
    [reading] = found = read_export("a.xlsx", content=book(lambda made: sheet(made, "订单", rows)))
    assert float(reading.frame["paid_net"][0]) == 10
    assert "the header 买家实际支付金额 occurs 2 times; the first column was read" in said(found)


TOTALS = [
    ["合计", None, None, "20.00", None, None, "2"],
    [None, None, "总计：", "20.00", None, None, "2"],
    ["Grand Total", None, None, "20.00"],
    ["Summe", None, None, "20.00"],
    [None, "小计", None, "20.00"],
]


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("end", [True, False])
def test_total_rows_are_set_aside_by_name(total: list[object], end: bool) -> None:
    rows = [HEADERS, order(1), order(2)]
    rows.insert(3 if end else 2, total)
    [reading] = read_export("a.xlsx", content=book(lambda made: sheet(made, "订单", rows)))
    assert reading.frame.height == 2
    assert reading.set_aside["reason"].to_list() == ["total_row"]
    assert reading.rows_read == 3


def test_a_header_that_comes_again_and_notes_under_the_table_are_no_rows() -> None:
    rows = [HEADERS, order(1), HEADERS, order(2), [], ["备注：本表仅供参考"], ["导出时间：2026-11-10 09:00:00"]]
    [reading] = read_export("a.xlsx", content=book(lambda made: sheet(made, "订单", rows)))
    assert reading.frame["row"].to_list() == [2, 4]
    assert reading.set_aside.select("row", "reason").rows() == [
        (3, "repeated_header"), (6, "note_row"), (7, "note_row"),
    ]  # fmt: skip


def test_the_same_in_a_text_file() -> None:
    lines = [",".join(HEADERS), ",".join(map(str, order(1))), ",".join(HEADERS), ",".join(map(str, order(2))),
             "合计,,,20.00,,,2", "备注：本表仅供参考,,,,,,"]  # fmt: skip
    [reading] = read_export("a.csv", content=("\r\n".join(lines) + "\r\n").encode("gb18030"))
    assert reading.frame.height == 2
    assert reading.set_aside["reason"].to_list() == ["repeated_header", "total_row", "note_row"]


def test_orders_that_only_look_like_totals_stay() -> None:
    rows = [HEADERS, order(1, 宝贝标题="合计"), order(2, 收货地址="Total")]
    [reading] = read_export("a.xlsx", content=book(lambda made: sheet(made, "订单", rows)))
    assert reading.frame.height == 2


OWN = Layout(
    name="own", kind="order_report", signature=("order_id", "created_at"), origin="own.toml",
    headers={"order_id": ("No",), "created_at": ("Day",), "paid_net": ("Paid",), "title": ("Item",)},
)  # fmt: skip


def test_a_total_of_orders_with_numbers_of_letters() -> None:
    rows: list[list[object]] = [
        ["No", "Day", "Paid", "Item"],
        ["A-1", "2026-11-09", "10", "x"],
        ["Total", "", "10", ""],
    ]
    layouts = (OWN, *load_layouts())
    [reading] = read_export("a.xlsx", content=book(lambda made: sheet(made, "o", rows)), layouts=layouts)
    assert reading.frame["order_id"].to_list() == ["A-1"]
    assert reading.set_aside["reason"].to_list() == ["total_row"]
    assert isinstance(reading.frame, pl.DataFrame)
