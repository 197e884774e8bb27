"""What a file is: encoding, kind, header row; and one clear sentence for whatever is none."""

from __future__ import annotations

import io
import zipfile

import exported as x
import pytest
import xlsxwriter

from aftersales.sources import packed as packed_workbooks
from aftersales.sources import sniff
from aftersales.sources.layout import load_layouts
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
        (REPORT.encode().replace("四件套".encode(), b"\xff\xfe"), "UTF-8 text. Found: ff at byte"),
        (REPORT.encode("gb18030") + b"\xff\xff\r\n", "GB18030 text. Found: ff"),
        (bytes(range(256)) * 40, "fit no known export file"),
    ],
)
def test_what_cannot_be_read_is_one_clear_sentence(content: bytes, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read_export("orders.csv", content=content)
    assert said in str(caught.value)
    assert "orders.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_the_place_of_bytes_that_are_no_text_is_told(encoding: str) -> None:
    good = "订单编号,订单创建时间,总金额\n" + "1,2026-01-01,好\n" * 50
    content = good.encode(encoding) + b"2,2026-01-01,\xff\xff\n" + good.encode(encoding)
    with pytest.raises(DataError) as caught:
        read_export("a.csv", content=content)
    assert f"at byte {len(good.encode(encoding)) + 13}, row 52" in str(caught.value)


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_workbooks, "MAX_UNPACKED_BYTES", 1_000)
    with pytest.raises(DataError, match="unpack to more"):
        sniffed(workbook(*x.T7), file="a.xlsx")


@pytest.mark.parametrize("above", range(sniff.HEADER_ROWS))
def test_titles_above_the_header_are_passed_over(above: int) -> None:
    rows = [(i + 1, ["店铺订单报表"]) for i in range(above)] + [(above + 1, x.SYCM)]
    assert find_header(rows, LAYOUTS, file="a").lines == above + 1


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_delimiters(delimiter: str) -> None:
    header = find_text_header(delimiter.join(x.T1) + "\n1\n", LAYOUTS, file="a")
    assert header.delimiter == delimiter
    assert list(header.cells) == x.T1
