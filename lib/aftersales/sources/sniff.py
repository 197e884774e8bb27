"""What a file is before it is read: its kind, its encoding, its delimiter, and the row its header stands in."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from aftersales.sources.layout import Layout
from aftersales.sources.packed import check_workbook
from aftersales.sources.recognition import Match, matched, unrecognised
from aftersales.words.errors import DataError

HEADER_ROWS = 10  # titles and notes before the header never run longer in the exports seen (生意参谋: one row)
DELIMITERS = (",", "\t", ";")
HEAD_BYTES = 1 << 18  # enough for ten rows of any export
_BLANK = b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ARCHIVES = ((b"Rar!", "rar"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x1f\x8b", "gzip"))
_OTHERS = ((b"%PDF", "a PDF"), (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"SQLite", "a database"))


@dataclass(frozen=True)
class Text:
    """A delimited text file: its encoding and how many bytes the mark at its beginning takes."""

    encoding: str
    skip: int


@dataclass(frozen=True)
class Header:
    """Where the header stands (``lines``: physical lines up to and with it), its cells, and the layout they fit."""

    lines: int
    cells: tuple[str, ...]
    match: Match
    delimiter: str = ","


def sniffed(content: bytes, *, file: str) -> Text | None:
    """The encoding of a text file, or None for a workbook (xlsx, xls). Raises `DataError` for whatever cannot be read.

    >>> sniffed("订单编号,总金额".encode("gb18030"), file="a.csv")
    Text(encoding='gb18030', skip=0)
    """
    if not content[:2048].strip(_BLANK) and not content.strip(_BLANK):
        raise DataError(f"{file} is empty", found=f"{len(content)} bytes", hint="export it again")
    for magic, name in _ARCHIVES:
        if content.startswith(magic):
            raise _packed(file, name)
    for magic, name in _OTHERS:
        if content.startswith(magic):
            raise DataError(f"{file} is {name}, not an export file", hint="export it as csv or xlsx")
    if content.startswith(b"PK"):
        check_workbook(content, file=file)
        return None
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise _locked(file)
        return None
    start = content[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head")):
        raise DataError(
            f"{file} is a web page named as a table", found=start[:6].decode("ascii", "replace"),
            hint="open it in a spreadsheet program and save it as xlsx, or sign in again and export it again",
        )  # fmt: skip
    return _text(content)


def _packed(file: str, name: str) -> DataError:
    return DataError(f"{file} is a packed archive", found=name, hint="unpack it and import the files inside")


def _locked(file: str) -> DataError:
    return DataError(f"{file} is protected by a password", hint="open it with the password and save it without one")


def _text(content: bytes) -> Text:
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return Text(encoding, len(bom))
    head = content[:HEAD_BYTES]
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if zeros.count(0) > len(head) // 8 and b"\n" in head:
            return Text(encoding, 0)
    if _is_utf8(head, whole=len(content) <= HEAD_BYTES):
        # Only plain letters so far: the rest decides, for an English header may stand over Chinese cells in GB18030.
        if head.isascii() and not content.isascii() and not _is_utf8(content, whole=True):
            return Text("gb18030", 0)
        return Text("utf-8", 0)
    return Text("gb18030", 0) if _valid_bytes(head, "utf-8") < _chinese_in(head) else Text("utf-8", 0)


def _is_utf8(content: bytes, *, whole: bool) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=whole)
    except UnicodeDecodeError:
        return False
    return True


def _valid_bytes(head: bytes, encoding: str) -> int:
    try:
        head.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return len(head)


def _chinese_in(head: bytes) -> int:
    """Where the first whole Chinese character in UTF-8 ends, or a place past the end.

    A file that has begun with UTF-8 Chinese is UTF-8 with a broken byte, not GB18030: read as that it would be garbage.
    """
    for at, byte in enumerate(head):
        if byte >= 0x80:
            return at + 3
    return len(head) + 1


def find_header(rows: Sequence[tuple[int, Sequence[str]]], layouts: Sequence[Layout], *, file: str) -> Header:
    """The header among the first rows, each given with the number of physical lines up to its end.

    It is the row of which the best-fitting layout knows most. Raises `DataError` where no layout fits any row.

    >>> from aftersales.sources.layout import load_layouts
    >>> find_header([(1, ["报表"]), (2, ["统计日期", "访客数", "支付买家数"])], load_layouts(), file="x").lines
    2
    """
    best = best_header(rows, layouts)
    if best is None:
        widest = max(rows, key=lambda row: sum(bool(cell and cell.strip()) for cell in row[1]), default=(0, []))
        raise unrecognised(layouts, list(widest[1]), file=file)
    return best


def best_header(rows: Sequence[tuple[int, Sequence[str]]], layouts: Sequence[Layout]) -> Header | None:
    """The header among the first rows, or None where no layout fits any of them."""
    found = [
        Header(lines, tuple(cells), match)
        for lines, cells in rows[:HEADER_ROWS]
        if sum(map(bool, cells)) > 1 and (match := matched(layouts, cells)) is not None
    ]
    return max(found, key=lambda header: header.match.known_headers, default=None)


def find_text_header(head: str, layouts: Sequence[Layout], *, file: str) -> Header:
    """The header of a delimited text and its delimiter: the one under which a layout knows most headers."""
    found = []
    rows: dict[str, list[tuple[int, list[str]]]] = {}
    for delimiter in DELIMITERS:
        if delimiter not in head and delimiter != DELIMITERS[0]:
            continue
        rows[delimiter] = _first_rows(head, delimiter)
        header = best_header(rows[delimiter], layouts)
        if header is not None:
            found.append(Header(header.lines, header.cells, header.match, delimiter))
    if found:
        return max(found, key=lambda header: header.match.known_headers)
    likely = max(rows.values(), key=lambda r: max((len(cells) for _, cells in r), default=0))
    return find_header(likely, layouts, file=file)


def _first_rows(head: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            rows.append((reader.line_num, cells))
            if len(rows) == HEADER_ROWS:
                break
    except csv.Error:
        pass  # an endless quote after the header: the rows before it are what is asked for
    return rows
