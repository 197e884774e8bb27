"""What a workbook unpacks to, counted before it is opened: a few kilobytes can stand for more than any memory.

An xlsx file is a zip archive. Its directory tells how large each part will be, but a forged one lies, so every part is
unpacked here piece by piece and only counted. The reader keeps a sheet as a full rectangle from its first to its last
cell, so two lone cells in far corners cost seventeen thousand million: rectangles are measured as well.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from aftersales.words.errors import DataError

# An export sheet holds at most 1,048,576 rows; the widest seen, 60 columns of them, stays below this when unpacked.
MAX_UNPACKED_BYTES = 2 << 30
# Real sheets shrink to a tenth, with much repetition to a fortieth; at a hundredth Apache POI gives up as well.
MAX_RATIO, SMALL_BYTES = 100, 64 << 20
# Exports fill their rectangle, and the widest seen has 60 columns; one that is nearly empty, or has thousands, is
# refused before it costs memory and time.
MAX_PLACES_OF_SPARSE_SHEET, MAX_EMPTINESS, MAX_COLUMNS = 4_000_000, 20, 1_000
_PIECE = 1 << 20
_SHEET = re.compile(r"^/?xl[/\\]worksheets[/\\][^/\\]+\.xml$", re.I)
_FAR_RIGHT, _RIGHT = re.compile(rb"r=[\"'][A-Za-z]{3}"), re.compile(rb"r=[\"'][C-Zc-z][A-Za-z]\d")
_FAR_DOWN, _DOWN = re.compile(rb"r=[\"'][A-Za-z]*\d{6}"), re.compile(rb"r=[\"'][A-Za-z]*[5-9]\d{4}")
_NEAR_COLUMNS, _RIGHT_COLUMNS, _COLUMNS = 78, 702, 16_384  # up to BZ, to ZZ, to XFD
_NEAR_ROWS, _DOWN_ROWS, _ROWS = 49_999, 99_999, 1_048_576
# a cell with its place, unless it holds nothing: programs style empty cells down to the last row
_PLACED = re.compile(rb"<(?:\w+:)?c\s(?:[^<>]*?\s)?r=[\"']([A-Za-z]{1,9})(\d{1,18})[\"'][^<>]*(?<!/)>")
_UNPLACED = re.compile(rb"<(?:\w+:)?c(?=[\s>])(?![^<>]*\sr=)[^<>]*(?<!/)>")  # such a cell stands beside the one before
_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s>/])(?:[^<>]*?\sr=[\"'](\d{1,18})[\"'])?")


def check_workbook(content: bytes, *, file: str) -> None:
    """Refuse what is no whole workbook, or one that would unpack to more than an export can hold (`DataError`)."""
    try:
        inside = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, struct.error):
        raise _damaged(content, file=file) from None
    names = {entry.filename.replace("\\", "/") for entry in inside}
    if "xl/workbook.bin" in names or "content.xml" in names:
        raise DataError(
            f"{file} is a workbook of another kind than xlsx", found="xlsb" if "content.xml" not in names else "ods",
            hint="open it in a spreadsheet program and save it as xlsx",
        )  # fmt: skip
    if not any(name.startswith("xl/workbook") for name in names):
        raise DataError(
            f"{file} is a packed archive", found="zip", hint="unpack it and import the files inside"
        )  # fmt: skip
    if any(entry.flag_bits & 1 for entry in inside):
        raise DataError(f"{file} is protected by a password", hint="open it with the password and save it without one")
    most = min(MAX_UNPACKED_BYTES, max(SMALL_BYTES, MAX_RATIO * len(content)))
    told, size = sum(entry.file_size for entry in inside), 0
    if told > most:
        raise _too_large(f"{told / 1e6:,.0f} MB", content, file=file)
    for entry in inside:
        try:
            for piece in _unpacked(content, entry):
                size += len(piece)
                if size > most:
                    raise _too_large(f"more than {size / 1e6:,.0f} MB", content, file=file)
            if _SHEET.match(entry.filename):
                _check_rectangle(content, entry, file=file)
        except (zlib.error, struct.error, NotImplementedError):
            raise _damaged(content, file=file) from None


def _unpacked(content: bytes, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """One part of the archive, piece by piece, as it is and not as the directory says."""
    at = entry.header_offset
    if content[at : at + 4] != b"PK\x03\x04":
        raise zlib.error("no part begins there")
    name, extra = struct.unpack("<HH", content[at + 26 : at + 30])
    start = at + 30 + name + extra
    packed = memoryview(content)[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield bytes(packed)
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise NotImplementedError(entry.compress_type)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    waiting: bytes | memoryview = packed
    while not inflate.eof:
        piece = inflate.decompress(waiting, _PIECE)
        waiting = inflate.unconsumed_tail
        if piece:
            yield piece
        elif not waiting:
            return


def _check_rectangle(content: bytes, entry: zipfile.ZipInfo, *, file: str) -> None:
    """Refuse a sheet whose cells lie so far apart that the rectangle around them is nearly empty."""
    cells, seen = 0, dict.fromkeys((_FAR_RIGHT, _RIGHT, _FAR_DOWN, _DOWN), False)
    for text in _whole_tags(_unpacked(content, entry)):
        cells += text.count(b"<c ")
        seen |= {far: True for far, found in seen.items() if not found and far.search(text)}
    columns = _COLUMNS if seen[_FAR_RIGHT] else _RIGHT_COLUMNS if seen[_RIGHT] else _NEAR_COLUMNS
    rows = _ROWS if seen[_FAR_DOWN] else _DOWN_ROWS if seen[_DOWN] else _NEAR_ROWS
    if columns <= MAX_COLUMNS and columns * rows <= _allowed(cells):
        return  # however they lie; only sheets of few cells, or with some in far corners, are worth a closer look
    height, width = _rectangle(_whole_tags(_unpacked(content, entry)))
    if width > MAX_COLUMNS or height * width > _allowed(cells):
        found = f"a sheet of {height:,} rows and {width:,} columns for {cells:,} cells"
        raise _too_large(found, content, file=file)


def _allowed(cells: int) -> int:
    return max(MAX_PLACES_OF_SPARSE_SHEET, MAX_EMPTINESS * cells)


def _rectangle(texts: Iterator[bytes]) -> tuple[int, int]:
    """Down to which row and to which column there are cells with something in them, at most."""
    last_row = last_column = most_unplaced = row = unplaced = 0
    for text in texts:
        rest, *rows = _ROW.split(text)
        for place, part in [(None, rest), *zip(rows[::2], rows[1::2], strict=True)]:
            if part is not rest:
                row, unplaced = int(place) if place else row + 1, 0
            unplaced += len(_UNPLACED.findall(part))
            if unplaced:
                last_row, most_unplaced = max(last_row, row), max(most_unplaced, unplaced)
        for letters, digits in _PLACED.findall(text):
            last_row, last_column = max(last_row, int(digits)), max(last_column, _column(letters))
    return last_row, last_column + most_unplaced


def _column(letters: bytes) -> int:
    """The number of a column by its letters.

    >>> _column(b"A"), _column(b"xfd")
    (1, 16384)
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _whole_tags(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, cut before a tag instead of inside one."""
    held = b""
    for piece in pieces:
        text = held + piece
        cut = text.rfind(b"<")
        cut = cut if len(text) - cut < _PIECE else len(text)
        held = text[cut:]
        yield text[:cut]
    yield held


def _too_large(found: str, content: bytes, *, file: str) -> DataError:
    return DataError(
        f"{file} would unpack to more than an export can hold", found=f"{found}, packed into {len(content):,} bytes",
        hint="export a shorter span, or as csv",
    )  # fmt: skip


def _damaged(content: bytes, *, file: str) -> DataError:
    return DataError(
        f"{file} is cut off or damaged", found=f"{len(content):,} bytes that begin like an xlsx file",
        hint="download it again",
    )  # fmt: skip
