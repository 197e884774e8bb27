"""Workbooks (xlsx, xls) as frames of text, sheet by sheet."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from xml.etree import ElementTree

import fastexcel
import polars as pl

from aftersales.sources.archives import check_workbook, is_zip, locked
from aftersales.sources.child import in_child
from aftersales.sources.layout import Layout, normalised
from aftersales.sources.masking import masked_error
from aftersales.sources.notes import note
from aftersales.sources.recognition import known_headers
from aftersales.sources.sniff import HEADER_ROWS, Header, best_header, find_header
from aftersales.sources.typed import columns_of_type
from aftersales.words.errors import DataError

_DAYS_TO_1904 = 1_462  # a workbook of an old Mac counts days from 1 January 1904
_EXACT_DIGITS = 15  # a numeric cell keeps no more; what is longer was rounded when it became a number


@dataclass(frozen=True)
class Sheet:
    """One sheet whose header fits a layout: text columns ``c0``… beside ``row`` (1-based), empty rows left out."""

    name: str
    header: Header
    cells: pl.DataFrame
    notes: tuple[str, ...] = ()


def sheets(content: bytes, layouts: Sequence[Layout], *, file: str) -> list[Sheet]:
    """The visible sheets that fit a layout, or hidden ones where no visible one does, read in the child.

    Sheets that are left out are named in the notes of the first. Where none fits at all, the fullest sheet's error is
    raised (`DataError`).
    """
    return in_child(_read, content, tuple(layouts), file, file=file, size=len(content))


def _read(content: bytes, layouts: Sequence[Layout], file: str) -> list[Sheet]:
    if is_zip(content):
        check_workbook(content, file=file)
    try:
        book = fastexcel.read_excel(content)
    except BaseException as error:  # the reader's errors share no class; all of them mean that the file is not whole
        raise _damaged(file, error) from None
    marks, from_1904 = workbook_marks(content)
    shown, hidden, left_out = list[Sheet](), list[Sheet](), list[str]()
    others: list[list[tuple[int, list[str]]]] = []
    for name in book.sheet_names:
        text, visible = _loaded(book, name, "string", file=file)
        first = [(i + 1, [cell or "" for cell in row]) for i, row in enumerate(text.head(HEADER_ROWS).rows())]
        header = best_header(first, layouts)
        if header is None:
            others.append(first)
            rows = text.filter(~pl.all_horizontal(pl.all().is_null())).height
            if rows and visible:
                left_out.append(note("unused_sheet", sheet=name, rows=rows))
            continue
        cells = _rows(book, name, text, header, file=file)
        (shown if visible else hidden).append(
            _as_read(name, header, cells, marks.get(name, Marks()), from_1904=from_1904)
        )
    if not shown and not hidden:
        fullest = max(others, key=lambda rows: max((len(cells) for _, cells in rows), default=0), default=[])
        find_header(fullest, layouts, file=file)
    if shown:
        left_out += [note("hidden_sheet", sheet=sheet.name, rows=sheet.cells.height) for sheet in hidden]
    else:
        left_out += [note("only_hidden_sheet", sheet=sheet.name) for sheet in hidden]
    taken = shown or hidden
    return [replace(taken[0], notes=(*left_out, *taken[0].notes)), *taken[1:]]


def _as_read(name: str, header: Header, cells: pl.DataFrame, marks: Marks, *, from_1904: bool) -> Sheet:
    """The sheet as a person reads it: merged cells filled down, day numbers from 1904 set right; and what was seen."""
    match, offset = header.match, marks.first_column or 0
    cells, notes = _filled_down(cells, marks, header, offset)
    if from_1904:
        cells = cells.with_columns(_from_1904(column) for column in columns_of_type(match, "time", "day"))
    rows = [row for row in marks.hidden_rows if row > header.lines]
    if rows:
        notes.append(note("hidden_rows", rows=len(rows), row=rows[0]))
    known = known_headers(match.layout)
    columns = [_title(header, column - offset) for column in marks.hidden_columns]
    columns = [title for title in columns if normalised(title) in known]
    if columns:
        notes.append(note("hidden_columns", columns=len(columns), example=columns[0]))
    for key, places in (("error_cells", marks.errors), ("unvalued_cells", marks.unvalued)):
        below = [place for place in places if place[0] > header.lines]
        if below:
            row, column = below[0]
            notes.append(note(key, cells=len(below), row=row, example=_title(header, column - offset)))
    twice = [h for h, times in Counter(filter(None, map(normalised, header.cells))).items() if times > 1 and h in known]
    notes += [note("doubled_headers", header=h, times=[*map(normalised, header.cells)].count(h)) for h in twice]
    return Sheet(name, header, cells, tuple(notes))


def _title(header: Header, place: int) -> str:
    return header.cells[place].strip() if 0 <= place < len(header.cells) else ""


def _from_1904(column: str) -> pl.Expr:
    """Day numbers of a column, counted from 1900 as everything else is."""
    days = pl.col(column).cast(pl.Float64, strict=False) + _DAYS_TO_1904
    bare = pl.col(column).str.contains(r"^\d{4,5}(\.\d+)?$")
    return pl.when(bare).then(days.cast(pl.String)).otherwise(column).alias(column)


def _filled_down(cells: pl.DataFrame, marks: Marks, header: Header, offset: int) -> tuple[pl.DataFrame, list[str]]:
    """The cells under a merged one filled with it, amounts and quantities excepted: these are there once."""
    once = columns_of_type(header.match, "money", "count")
    ranges: dict[int, list[tuple[int, int]]] = {}
    for top, bottom, column in marks.merged:
        if top > header.lines and 0 <= column - offset < cells.width - 1:
            ranges.setdefault(column - offset, []).append((top, bottom))
    filled, first = 0, None
    for place, spans in sorted(ranges.items()):
        name = f"c{place}"
        if name in once:
            continue
        below = pl.DataFrame(
            {"top": [top for top, _ in spans], "row": [list(range(top + 1, bottom + 1)) for top, bottom in spans]},
            schema={"top": pl.Int64, "row": pl.List(pl.Int64)},
        ).explode("row")
        source = cells.select(top=pl.col("row"), _from=pl.col(name))
        found = cells.select("row", name).join(
            below.join(source, on="top").unique("row"), on="row", how="left", maintain_order="left"
        )
        hit = found.filter(pl.col(name).is_null() & pl.col("_from").is_not_null())["row"]
        if hit.len():
            filled += hit.len()
            first = first or (int(hit[0]), _title(header, place))
            cells = cells.with_columns(found.select(pl.coalesce(name, "_from").alias(name)))
    if first is None:
        return cells, []
    return cells, [note("merged_cells", cells=filled, row=first[0], example=first[1])]


def _rows(book: fastexcel.ExcelReader, name: str, text: pl.DataFrame, header: Header, *, file: str) -> pl.DataFrame:
    text = text.rename({column: f"c{i}" for i, column in enumerate(text.columns)})
    cells = text.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64)).slice(header.lines)
    long = [c for c in text.columns if (cells[c].str.len_bytes().max() or 0) > _EXACT_DIGITS]  # type: ignore[operator]
    whole = [c for c in long if cells[c].str.contains(r"^\d{16,}$").any()]
    if whole:
        numeric, _ = _loaded(book, name, "boolean", file=file)
        numeric = numeric.rename({column: f"c{i}" for i, column in enumerate(numeric.columns)}).slice(header.lines)
        cells = cells.with_columns(_marked_damaged(cells[c], numeric[c]) for c in whole)
    return cells.filter(~pl.all_horizontal(pl.exclude("row").is_null()))


def _marked_damaged(cells: pl.Series, numeric: pl.Series) -> pl.Series:
    """Long whole numbers in numeric cells, written as the rounded numbers they are.

    Read as true or false a numeric cell has a value and a text cell has none: so the reader tells them apart.
    """
    damaged = numeric.is_not_null() & cells.str.contains(r"^\d{16,}$").fill_null(False)
    rounded = cells.cast(pl.Float64, strict=False).map_elements(lambda x: f"{x:.14E}", return_dtype=pl.String)
    return cells.zip_with(~damaged, rounded)


def _loaded(book: fastexcel.ExcelReader, name: str, dtype: str, *, file: str) -> tuple[pl.DataFrame, bool]:
    """The sheet's cells, and whether it is visible."""
    try:
        # skip_rows=0 keeps empty rows at the top, so that row numbers are the sheet's own
        sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes=dtype)  # type: ignore[call-overload]
        return sheet.to_polars(), sheet.visible == "visible"
    except BaseException as error:
        raise _damaged(file, error) from None


def _damaged(file: str, error: BaseException) -> DataError:
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
        raise error  # a panic of the compiled reader is no Exception either, and is meant
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "password" in first.lower() or "encrypt" in first.lower():
        return locked(file)
    return DataError(
        f"{file} is cut off or damaged", found=masked_error(first[:200]), hint="download it again", code="damaged"
    )


# What a sheet of an xlsx file marks beside its values: merged ranges, what is hidden, formulas without values.


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
