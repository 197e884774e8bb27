"""What a file is: encoding, kind, header row; and one clear sentence for whatever is none."""

from __future__ import annotations

import io
import zipfile

import exported as x
import pytest
import xlsxwriter

from aftersales.sources import sniff
from aftersales.sources.layout import Layout, load_layouts
from aftersales.sources.read import read_export
from aftersales.sources.sniff import find_header, find_text_header, sniffed
from aftersales.words.errors import DataError

LAYOUTS = load_layouts()
REPORT = x.table(x.T1, x.ORDER)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gb18030", "gb18030"), ("gbk", "gb18030"), ("utf-16", "utf-16-le"),
     ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be")],
)  # fmt: skip
def test_encodings(encoding: str, found: str) -> None:
    text = sniffed(REPORT.encode(encoding), file="a.csv")
    assert text is not None
    assert text.encoding == found


def test_an_english_header_over_chinese_cells_in_gb18030() -> None:
    content = ("complaint_id,text,filed_at\n" + "1,hello,2026-01-01\n" * 20_000 + "2,发错货了,2026-01-01\n").encode(
        "gb18030"
    )
    assert len(content) > sniff.HEAD_BYTES
    [reading] = read_export("c.csv", content=content)
    assert reading.frame["text"][-1] == "发错货了"


def workbook(*cells: str) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write_row(0, 0, cells)
    return out.getvalue()


def packed(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n \n", "is empty"),
        (packed("orders.csv", REPORT.encode()), "packed archive. Found: zip"),
        (b"Rar!\x1a\x07\x00" + bytes(50), "packed archive. Found: rar"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(50), "packed archive. Found: 7z"),
        (b"\x1f\x8b" + bytes(50), "packed archive. Found: gzip"),
        (workbook(*x.T7)[:900], "cut off or damaged"),
        (OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600), "protected by a password"),
        (OLE + bytes(5000), "cut off or damaged"),
        (b"<html><body><table><tr><td>1</td></tr></table>", "web page"),
        (b"\r\n<!DOCTYPE html>", "web page"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"a,b,c\n1,2,3\n", "fit no known export file. Found: 3 columns that no layout knows"),
        (workbook("a", "b"), "fit no known export file. Found: 2 columns that no layout knows"),
        (bytes(range(256)) * 40, "The encoding of orders.csv cannot be found"),
    ],
)
def test_what_cannot_be_read_is_one_clear_sentence(content: bytes, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read_export("orders.csv", content=content)
    assert said in str(caught.value)
    assert "orders.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5", "utf-16"])
def test_a_few_bytes_that_are_no_text_are_counted_and_cost_their_cell_alone(encoding: str) -> None:
    good = "订单编号,订单创建时间,总金额,店铺名称\n" + "".join(f"{i},2026-01-01,1,好好好好\n" for i in range(60))
    wide = encoding == "utf-16"
    bad = "62,2026-01-01,".encode("utf-16-le" if wide else encoding)
    bad += b"\x00\xdc,\0\n\0" if wide else b"\xff,\n"
    if encoding == "big5":
        good = good.replace("订单编号", "order_id").replace("订单创建时间", "created_at").replace("总金额", "total")
        good = good.replace("店铺名称", "note")
        layouts = (*load_layouts(), OWN)
    else:
        layouts = load_layouts()
    [reading] = read_export("a.csv", content=good.encode(encoding) + bad, layouts=layouts)
    assert reading.set_aside.select("row", "reason", "column").rows() == [
        (62, "unreadable_value", "total" if encoding == "big5" else "总金额")
    ]
    assert reading.frame.height == 60
    assert any(n.startswith('{"note": "broken_bytes", "places": 1') and n.endswith('"row": 62}') for n in reading.notes)


OWN = Layout(
    name="own", kind="order_report", signature=("order_id", "created_at"),
    headers={"order_id": ("order_id",), "created_at": ("created_at",), "total": ("total",), "seller_note": ("note",)},
)  # fmt: skip


@pytest.mark.parametrize("above", range(sniff.HEADER_ROWS))
def test_titles_above_the_header_are_passed_over(above: int) -> None:
    rows = [(i + 1, ["店铺订单报表"]) for i in range(above)] + [(above + 1, x.SYCM)]
    assert find_header(rows, LAYOUTS, file="a").lines == above + 1


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_delimiters(delimiter: str) -> None:
    header = find_text_header(delimiter.join(x.T1) + "\n1\n", LAYOUTS, file="a")
    assert header.delimiter == delimiter
    assert list(header.cells) == x.T1
