"""Other people's words in a dossier: verbatim, with what cannot be seen made visible, and every cut marked as one."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

import polars as pl

from aftersales.tables.columns import has_hour
from aftersales.words.language import Language, say
from aftersales.words.plain import begins_formula

# Controls, bidi marks and zero-width signs: dropped they would change what was written, left in they would hide or
# reorder it, so each is written out by its number.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
# A run of accents on one letter climbs over the neighbouring lines.
_STACKED = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{2})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
# A spreadsheet holds no more than 32,767 characters a cell.
CELL_MOST = 32_000


def visible(text: str) -> str:
    r"""The text on one line, invisible characters written as ``[U+202E]``, runs of blanks as one.

    >>> visible("好\u202e退\n款\x07")
    '好[U+202E]退 款[U+0007]'
    """
    named = _UNSEEN.sub(lambda sign: f"[U+{ord(sign[0]):04X}]", _STACKED.sub(r"\1", text))
    return re.sub(r"[\s\u3000]+", " ", named).strip()


def quoted(text: str | None, *, most: int, language: Language) -> str:
    """Somebody's words as `visible`, cut after ``most`` characters with a mark that says how many were left out.

    >>> quoted("没收到货", most=10, language="en"), quoted("abcdefgh" * 3, most=4, language="en")
    ('没收到货', 'abcd […20 characters omitted]')
    """
    whole = text or ""
    # a message of a megabyte is not looked through for the sake of its first line
    clean = visible(whole[: 8 * most + 200])
    if len(clean) <= most and len(whole) <= 8 * most + 200:
        return clean
    shown = clean[:most]
    left = max(len(whole) - most, 1)
    return shown + " " + say("dossier.cut", language, left=left)


def short(value: str | None, most: int) -> str:
    """A value for a narrow cell: as `visible`, cut to ``most`` characters with the number of those left out.

    >>> short("3157013601539072391", 26), short("很长的会员名", 3)
    ('3157013601539072391', '很长的…(+3)')
    """
    whole = value or ""
    clean = visible(whole[: 8 * most + 200])
    return clean if len(clean) <= most else f"{clean[:most]}…(+{max(len(whole) - most, 1)})"


def hidden(text: str, values: Sequence[str], *, language: Language) -> str:
    """The text with those values left out, wherever they stand in it.

    >>> hidden("收件人丁安，电话见上", ["丁安"], language="zh")
    '收件人［隐去］，电话见上'
    """
    for value in values:
        if value in text:
            text = text.replace(value, say("dossier.hidden", language))
    return text


def harmless_cell(value: object, *, language: Language) -> str:
    """A cell that a spreadsheet shows and never runs; longer ones are cut with a mark.

    >>> harmless_cell("=1+1", language="en"), harmless_cell("-5", language="en"), harmless_cell(-5, language="en")
    ("'=1+1", '-5', '-5')
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    clean = quoted(value, most=CELL_MOST, language=language)
    return f"'{clean}" if begins_formula(clean) or begins_formula(value) else clean


def spreadsheet(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, language: Language, hide: Sequence[str] = ()
) -> bytes:
    r"""A CSV in UTF-8 with its mark, so that spreadsheets show Chinese; every cell harmless, long numbers kept as text.

    >>> spreadsheet(["编号"], [["3157013601539072391"]], language="zh").decode("utf-8-sig").split()
    ['"编号"', '"\'3157013601539072391"']
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow([harmless_cell(c, language=language) for c in columns])
    for row in rows:
        cells = (hidden(v, hide, language=language) if isinstance(v, str) else v for v in row)
        writer.writerow([_long_number(harmless_cell(v, language=language)) for v in cells])
    return out.getvalue().encode("utf-8-sig")


def _long_number(cell: str) -> str:
    """A spreadsheet rounds numbers of more than fifteen digits: order numbers would be lost."""
    return f"'{cell}" if len(cell) > 15 and cell.isdigit() else cell


def of_frame(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    """Rows of a frame as a spreadsheet's: moments to the minute, days without an hour as days.

    >>> from datetime import datetime
    >>> of_frame(pl.DataFrame({"at": [datetime(2026, 11, 9, 14, 2, 5)], "n": [1]}))
    [('2026-11-09 14:02', 1)]
    """
    moments = pl.col([c for c, t in frame.schema.items() if isinstance(t, pl.Datetime)])
    day, minute = moments.dt.strftime("%Y-%m-%d"), moments.dt.strftime("%Y-%m-%d %H:%M")
    return frame.with_columns(pl.when(has_hour(moments)).then(minute).otherwise(day)).rows()
