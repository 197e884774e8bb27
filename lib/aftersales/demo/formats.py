"""Rows of text into the files a seller downloads: quoted GB18030, plain UTF-8, and workbooks. Same rows, same bytes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import xlsxwriter

# Ids that spreadsheets would spoil stand as ="…", as in the platform's own files.
GUARDED = ("订单编号", "子订单编号", "主订单编号", "主订单id", "子订单id")
CREATED = datetime(2020, 1, 1)  # a fixed date in the workbook's properties keeps its bytes the same


def write_quoted_gb18030(rows: pl.DataFrame, path: Path) -> None:
    """A report as the platform writes it: all cells quoted, ids as ``="…"``, GB18030, DOS line ends.

    Cells must hold no double quotes; made-up texts do not.
    """
    cells = [
        pl.format('="{}"', pl.col(c)) if c in GUARDED else pl.format('"{}"', pl.col(c).fill_null(""))
        for c in rows.columns
    ]
    text = rows.select(line=pl.concat_str(cells, separator=","))["line"].str.join("\r\n").item()
    head = ",".join(f'"{c}"' for c in rows.columns)
    path.write_bytes(f"{head}\r\n{text}\r\n".encode("gb18030"))


def write_utf8(rows: pl.DataFrame, path: Path) -> None:
    """One of our templates: UTF-8, quoted only where needed."""
    rows.write_csv(path, null_value="", line_terminator="\n")


def write_workbook(rows: pl.DataFrame, path: Path, *, sheet: str) -> None:
    """A report as a workbook: one sheet, header in its first row, every cell text, empty cells left out."""
    options = {"constant_memory": True, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": CREATED})
        page = book.add_worksheet(sheet)
        for column, name in enumerate(rows.columns):
            page.write_string(0, column, name)
        for number, row in enumerate(rows.iter_rows(), start=1):
            for column, cell in enumerate(row):
                if cell:
                    page.write_string(number, column, cell)
