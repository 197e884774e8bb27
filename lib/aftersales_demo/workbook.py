"""Workbooks by the hundred thousand cells: the sheet's XML is made by column, thirty times faster than cell by cell.

The parts are the fewest that ECMA-376 (Office Open XML) asks for; dates in the archive are fixed, so that the same rows
give the same bytes.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import polars as pl

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
_QUICK = 3  # level of compression: half the time of the usual 6, a tenth more bytes
FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)


def write_workbook(rows: pl.DataFrame, path: Path, *, sheet: str) -> None:
    """A report as a workbook: one sheet, header in its first row, every cell text, empty cells left out.

    `rows` are texts that neither begin nor end with a blank. `sheet` is the sheet's name.
    """
    book = (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f'<sheets><sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    parts = _PARTS | {"xl/workbook.xml": book, "xl/worksheets/sheet1.xml": _sheet(rows)}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            entry = zipfile.ZipInfo(name, date_time=FIRST_DAY_OF_ZIP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text.encode(), compresslevel=_QUICK)


def _sheet(rows: pl.DataFrame) -> str:
    header = pl.DataFrame([rows.columns], schema=dict.fromkeys(rows.columns, pl.String), orient="row")
    cells = pl.concat([header, rows.cast(pl.String)]).with_row_index("#", offset=1)
    number = pl.col("#").cast(pl.String)
    marked = cells.select(pl.col(rows.columns).str.contains("[&<>]").any()).row(0, named=True)
    texts = [_cell(name, _letters(place), number, marked=marked[name]) for place, name in enumerate(rows.columns)]
    lines = cells.select(pl.concat_str(pl.format('<row r="{}">', number), *texts, pl.lit("</row>")))
    body = lines.to_series().str.join("").item()
    return f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'


def _cell(name: str, letters: str, number: pl.Expr, *, marked: bool) -> pl.Expr:
    text = pl.col(name)
    # nearly no column holds a sign that XML wants written otherwise, and replacing three signs costs most of the time
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")) if marked else ():
        text = text.str.replace_all(sign, entity, literal=True)
    cell = pl.concat_str(
        pl.lit(f'<c r="{letters}'), number, pl.lit('" t="inlineStr"><is><t>'), text, pl.lit("</t></is></c>")
    )
    return pl.when(pl.col(name).fill_null("") != "").then(cell).otherwise(pl.lit(""))


def _letters(place: int) -> str:
    """The name of a column counted from 0: A … Z, AA …"""
    return chr(65 + place) if place < 26 else _letters(place // 26 - 1) + chr(65 + place % 26)
