"""What a sheet of an xlsx file marks beside its values: merged ranges, what is hidden, formulas without values.

The reader of workbooks gives none of these, so they are looked for in the sheet's XML, piece by piece.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from xml.etree import ElementTree

_PIECE = 1 << 20
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_ID = re.compile(r"^\{[^}]*relationships\}id$")
_USED = re.compile(rb"<(?:\w+:)?c (?:[^>]*?\s)?r=[\"']([A-Z]+)\d+[\"'][^>]*(?<!/)>")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell [^>]*ref=[\"']([A-Z]+)(\d+):([A-Z]+)(\d+)[\"']")
_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row (?=[^>]*\bhidden=[\"'](?:1|true)[\"'])[^>]*?\br=[\"'](\d+)[\"']")
_HIDDEN_COLUMN = re.compile(rb"<(?:\w+:)?col (?=[^>]*\bhidden=[\"'](?:1|true)[\"'])([^>]*)>")
_SPAN = re.compile(rb"\b(min|max)=[\"'](\d+)[\"']")
_ERROR = re.compile(rb"<(?:\w+:)?c (?=[^>]*\bt=[\"']e[\"'])[^>]*?\br=[\"']([A-Z]+)(\d+)[\"']")
_NO_VALUE = re.compile(
    rb"<(?:\w+:)?c [^>]*?\br=[\"']([A-Z]+)(\d+)[\"'][^>]*>"
    rb"(?:<(?:\w+:)?f[^>]*>[^<]*</(?:\w+:)?f>|<(?:\w+:)?f[^>]*/>)(?:<(?:\w+:)?v>\s*</(?:\w+:)?v>|<(?:\w+:)?v\s*/>)?</"
)


@dataclass
class Marks:
    """Of one sheet, rows 1-based and columns 0-based.

    ``merged``: first row, last row, column of every range over several rows. ``errors`` and ``unvalued``: row and
    column of cells with a formula error, and of formulas without a value.
    """

    first_column: int | None = None  # where the reader's frame begins: it leaves empty columns on the left out
    merged: list[tuple[int, int, int]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    errors: list[tuple[int, int]] = field(default_factory=list)
    unvalued: list[tuple[int, int]] = field(default_factory=list)


def workbook_marks(content: bytes) -> tuple[dict[str, Marks], bool]:
    """The marks of every sheet by its name, and whether the workbook counts days from 1904.

    There are none for an old xls, nor for an xlsx whose XML is not whole although the reader made something of it.
    """
    if not content.startswith(b"PK"):
        return {}, False
    try:
        return _workbook_marks(content)
    except (KeyError, ValueError, EOFError, zlib.error, zipfile.BadZipFile, ElementTree.ParseError):
        return {}, False


def _workbook_marks(content: bytes) -> tuple[dict[str, Marks], bool]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
        folder = PurePosixPath("xl")
        book = ElementTree.fromstring(archive.read(parts["xl/workbook.xml"]))
        links = ElementTree.fromstring(archive.read(parts["xl/_rels/workbook.xml.rels"]))
        targets = {link.get("Id"): link.get("Target", "") for link in links}
        found = {}
        for sheet in book.iter():
            if sheet.tag not in (_MAIN + "sheet", _STRICT + "sheet"):
                continue
            target = targets.get(next((v for k, v in sheet.items() if _ID.match(k)), ""), "")
            path = target.lstrip("/") if target.startswith("/") else str(folder / target)
            if path.lower() in parts:
                found[sheet.get("name", "")] = _marks(archive, parts[path.lower()])
        facts = next((e for e in book.iter() if e.tag in (_MAIN + "workbookPr", _STRICT + "workbookPr")), None)
    return found, facts is not None and facts.get("date1904") in ("1", "true")


def _marks(archive: zipfile.ZipFile, part: str) -> Marks:
    marks = Marks()
    for text in _pieces(archive, part):
        if marks.first_column != 0:
            used = {_place(letters) for letters in _USED.findall(text)}
            marks.first_column = min(used | ({marks.first_column} if marks.first_column else set()), default=None)
        if b"hidden=" in text:
            marks.hidden_rows += map(int, _HIDDEN_ROW.findall(text))
            for columns in _HIDDEN_COLUMN.findall(text):
                ends = {name: int(place) for name, place in _SPAN.findall(columns)}
                first, last = ends.get(b"min", 1), ends.get(b"max", 0)
                marks.hidden_columns += range(first - 1, min(last, first + 1_000))
        if b"mergeCell" in text:
            for left, top, _, bottom in _MERGED.findall(text):
                if int(bottom) > int(top):
                    marks.merged.append((int(top), int(bottom), _place(left)))
        if b'"e"' in text or b"'e'" in text:
            marks.errors += [(int(row), _place(column)) for column, row in _ERROR.findall(text)]
        if b"f></c>" in text or b"/></c>" in text or b"<v></v>" in text or b"<v/>" in text:
            marks.unvalued += [(int(row), _place(column)) for column, row in _NO_VALUE.findall(text)]
    return marks


def _place(letters: bytes) -> int:
    """The place of a column by its letters, from 0.

    >>> _place(b"A"), _place(b"AB")
    (0, 27)
    """
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The part's text in pieces that end where a cell ends."""
    held = b""
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            text = held + piece
            cut = max(text.rfind(b"</c>") + 4, text.rfind(b"/>") + 2) if b"<c " in text else text.rfind(b"<")
            cut = cut if cut > 3 and len(text) - cut < _PIECE else len(text)
            held = text[cut:]
            yield text[:cut]
    yield held
