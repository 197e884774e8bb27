"""Workbooks (xlsx, xls) as frames of text, sheet by sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import fastexcel
import polars as pl

from aftersales.sources.archives import check_workbook, is_zip, locked
from aftersales.sources.child import in_child
from aftersales.sources.layout import Layout
from aftersales.sources.masking import masked_error
from aftersales.sources.sniff import HEADER_ROWS, Header, best_header, find_header
from aftersales.words.errors import DataError

_EXACT_DIGITS = 15  # a numeric cell keeps no more; what is longer was rounded when it became a number


@dataclass(frozen=True)
class Sheet:
    """One sheet whose header fits a layout: text columns ``c0``… beside ``row`` (1-based), empty rows left out."""

    name: str
    header: Header
    cells: pl.DataFrame


def sheets(content: bytes, layouts: Sequence[Layout], *, file: str) -> list[Sheet]:
    """The sheets that fit a layout, read in the child. Where none does, the fullest sheet's error is raised."""
    return in_child(_read, content, tuple(layouts), file, file=file, size=len(content))


def _read(content: bytes, layouts: Sequence[Layout], file: str) -> list[Sheet]:
    if is_zip(content):
        check_workbook(content, file=file)
    return list(_sheets(content, layouts, file=file))


def _sheets(content: bytes, layouts: Sequence[Layout], *, file: str) -> Iterator[Sheet]:
    try:
        book = fastexcel.read_excel(content)
    except BaseException as error:  # the reader's errors share no class; all of them mean that the file is not whole
        raise _damaged(file, error) from None
    others: list[list[tuple[int, list[str]]]] = []
    found = 0
    for name in book.sheet_names:
        text = _loaded(book, name, "string", file=file)
        first = [(i + 1, [cell or "" for cell in row]) for i, row in enumerate(text.head(HEADER_ROWS).rows())]
        header = best_header(first, layouts)
        if header is None:
            others.append(first)
            continue
        found += 1
        yield Sheet(name, header, _rows(book, name, text, header, file=file))
    if not found:
        fullest = max(others, key=lambda rows: max((len(cells) for _, cells in rows), default=0), default=[])
        find_header(fullest, layouts, file=file)


def _rows(book: fastexcel.ExcelReader, name: str, text: pl.DataFrame, header: Header, *, file: str) -> pl.DataFrame:
    text = text.rename({column: f"c{i}" for i, column in enumerate(text.columns)})
    cells = text.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64)).slice(header.lines)
    long = [c for c in text.columns if (cells[c].str.len_bytes().max() or 0) > _EXACT_DIGITS]  # type: ignore[operator]
    whole = [c for c in long if cells[c].str.contains(r"^\d{16,}$").any()]
    if whole:
        numeric = _loaded(book, name, "boolean", file=file)
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


def _loaded(book: fastexcel.ExcelReader, name: str, dtype: str, *, file: str) -> pl.DataFrame:
    try:
        # skip_rows=0 keeps empty rows at the top, so that row numbers are the sheet's own
        return book.load_sheet(name, header_row=None, skip_rows=0, dtypes=dtype).to_polars()  # type: ignore[call-overload,no-any-return]
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
    )  # fmt: skip
