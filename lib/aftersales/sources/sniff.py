"""What a file is before it is read: its kind, its encoding, its delimiter, and the row its header stands in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, zip_longest

from aftersales.sources.archives import is_zip, locked
from aftersales.sources.encoding import Text, text_encoding
from aftersales.sources.layout import Layout, normalised
from aftersales.sources.lines import Form, is_whole
from aftersales.sources.recognition import Match, known_headers, matched, unrecognised
from aftersales.words.errors import DataError

HEADER_ROWS = 10  # titles and notes before the header never run longer in the exports seen (生意参谋: one row)
DELIMITERS = (",", "\t", ";")
HEAD_BYTES = 1 << 18  # enough for ten rows of any export
_BLANK = b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_HELD = re.compile(rb'"(?:[^"]|"")*"')
_ARCHIVES = (
    (b"Rar!", "rar"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x28\xb5\x2f\xfd", "zst"), (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"), (b"\xfd7zXZ\x00", "xz"),
)  # fmt: skip
_MARKUP = (
    (
        "an XML spreadsheet of Excel 2003",
        re.compile(rb"^<\?xml(?s:.){0,1500}urn:schemas-microsoft-com:office:spreadsheet"),
    ),
    (
        "a web archive (MHTML)",
        re.compile(rb"^(?:mime-version:|content-type: *multipart/related|from: +<saved by|x-document)"),
    ),
    (
        "a web page (HTML)",
        re.compile(rb"^(?:<!--(?s:.)*?-->\s*)?<(?:!doctype|html|table|meta|head|body|style|div|script)"),
    ),
    ("XML", re.compile(rb"^<(?:\?xml|workbook)")),
)
_OTHERS = ((b"%PDF", "a PDF"), (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"SQLite", "a database"))


@dataclass(frozen=True)
class Header:
    """Where the header stands (``lines``: physical lines up to and with it), its cells, and the layout they fit."""

    lines: int
    cells: tuple[str, ...]
    match: Match
    delimiter: str = ","


def sniffed(content: bytes, *, file: str, layouts: Sequence[Layout] = ()) -> Text | None:
    """The encoding of a text file, or None for a workbook (xlsx, xls). Raises `DataError` for whatever cannot be read.

    >>> sniffed("订单编号,总金额".encode("gb18030"), file="a.csv")
    Text(encoding='gb18030', skip=0, guessed=True)
    """
    if not content[:2048].strip(_BLANK) and not content.strip(_BLANK):
        raise DataError(
            f"{file} is empty", found=f"{len(content)} bytes", hint="export it again, or remove it", code="empty"
        )
    for magic, name in _ARCHIVES:
        if content.startswith(magic):
            raise _packed(file, name)
    for magic, name in _OTHERS:
        if content.startswith(magic):
            raise DataError(f"{file} is {name}, not an export file", hint="export it as csv or xlsx", code="not_export")
    if content.startswith(_OLE) and _ENCRYPTED in content:
        raise locked(file)
    if is_zip(content) or content.startswith(_OLE):
        return None
    start = content[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    found = next((what for what, begins in _MARKUP if begins.search(start)), None)
    if found is not None:
        raise DataError(
            f"{file} is {found}, named as a table",
            found=start[:6].decode("ascii", "replace"),
            code="web_page",
            hint="open it in a spreadsheet program and save it as xlsx; if it shows a sign-in page, export it again",
        )
    stated = dict.fromkeys(layout.encoding for layout in layouts if layout.encoding)
    return text_encoding(content, file=file, stated=tuple(stated), fits=partial(_fits, layouts))


def _packed(file: str, name: str) -> DataError:
    return DataError(
        f"{file} is a packed archive", found=name, hint="unpack it and import the files inside", code="archive"
    )


def _fits(layouts: Sequence[Layout], head: str, stated: str) -> bool:
    """Whether a header of a layout that states this encoding stands in the text, or one with known words in it."""
    try:
        header = find_text_header(head, layouts, file="")
    except DataError:
        return False
    if stated:
        return header.match.layout.encoding == stated
    known = known_headers(header.match.layout)
    return any(not cell.isascii() and normalised(cell) in known for cell in header.cells)


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
    single = rows[:HEADER_ROWS]
    # a header over two rows: what the lower one leaves empty stands in the upper one, merged with it
    double = [
        (lines, [under or over for over, under in zip_longest(upper, lower, fillvalue="")])
        for (_, upper), (lines, lower) in pairwise(single)
        if not all(lower)
    ]
    found = [
        Header(lines, tuple(cells), match)
        for lines, cells in (*single, *double)
        if sum(map(bool, cells)) > 1 and (match := matched(layouts, cells)) is not None
    ]
    return max(found, key=lambda header: header.match.known_headers, default=None)


def find_text_header(head: str, layouts: Sequence[Layout], *, file: str) -> Header:
    """The header of a delimited text and its delimiter: the one under which a layout knows most headers."""
    found = []
    rows: dict[str, list[tuple[int, list[str]]]] = {}
    for delimiter in dict.fromkeys((*DELIMITERS, *(x.delimiter for x in layouts if x.delimiter))):
        if delimiter not in head and delimiter != DELIMITERS[0]:
            continue
        rows[delimiter] = _first_rows(head, delimiter)
        header = best_header(rows[delimiter], layouts)
        if header is not None and header.match.layout.delimiter in (None, delimiter):
            found.append(Header(header.lines, header.cells, header.match, delimiter))
    if found:
        return max(found, key=lambda header: header.match.known_headers)
    likely = max(rows.values(), key=lambda r: max((len(cells) for _, cells in r), default=0))
    return find_header(likely, layouts, file=file)


def quotes_hold_cells(sample: str, form: Form) -> bool:
    r"""Whether quotation marks hold cells together in these lines, or are letters of an unquoted format.

    They are letters where the lines have their cells without them, and most cells that hold some do not begin and end
    with one.

    >>> quotes_hold_cells('1,12" wide\n2,"Best of\n', Form(b",", 2)), quotes_hold_cells('1,"a, b"\n', Form(b",", 2))
    (False, True)
    """
    lines = [line.encode() for line in sample.replace("\r", "").split("\n") if line.strip()]
    whole = lines[:-1] if len(lines) > 1 and not sample.endswith("\n") else lines
    by_letters = sum(line.count(form.delimiter) != form.fields - 1 for line in whole)
    by_quotes = sum(not is_whole(line + b"\n", form) for line in whole)
    if 10 * by_letters > by_quotes:
        return True
    cells = [cell for line in whole if b'"' in line for cell in line.split(form.delimiter) if b'"' in cell]
    return 2 * sum(_HELD.fullmatch(cell.strip()) is not None for cell in cells) >= len(cells)


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
