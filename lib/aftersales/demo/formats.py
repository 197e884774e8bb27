"""Rows of text into the files a seller downloads: quoted GB18030 and plain UTF-8 (workbooks: `workbook`)."""

from __future__ import annotations

from pathlib import Path

import polars as pl

# Ids that spreadsheets would spoil stand as ="…", as in the platform's own files.
GUARDED = ("订单编号", "子订单编号", "主订单编号", "主订单id", "子订单id")


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
