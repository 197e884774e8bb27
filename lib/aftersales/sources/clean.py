"""From the text of a cell to its value: the quick way for the whole column, the patient way for what it could not read.

Each function takes one text column and gives one of the same length; what cannot be read is null, nothing raises, and
cleaning twice changes nothing. The quirks are those of real exports: ``="…"`` and ``'`` around numbers, tabs, full-width
digits, ``¥1,234.00``, ``12.50元``, dates that a spreadsheet has rewritten, postal codes behind addresses.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from aftersales.sources.layout import ValueMap, normalised
from aftersales.sources.provinces import PROVINCES
from aftersales.tables.columns import MONEY

BLANKS = " \t\r\n\v\f\u00a0\u3000\u200b\ufeff"
# What exports write for "nothing". Longest is 无退款申请; the comparison is exact, after blanks are stripped.
NOTHING = ["", "-", "--", "—", "——", "null", "NULL", "Null", "None", "none", "NaN", "nan", "N/A", "#N/A", "无", "\\N",
           "无退款申请", "0000-00-00 00:00:00", "0000-00-00"]  # fmt: skip
# Excel keeps 15 digits; a longer number in scientific notation has lost the rest for good.
DAMAGED = r"^[+-]?\d(?:[.,]\d+)?[eE]\+?\d{1,3}$"
_FULL_WIDTH = [chr(c) for c in range(0xFF01, 0xFF5F)]
_HALF_WIDTH = [chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)]
_FIRST_YEAR, _LAST_YEAR = 1990, 2100  # before and after it no online shop sold anything: a misread number, not a date
_EXCEL_EPOCH_US = -2_209_161_600_000_000  # 1899-12-30, so that day 60 and later agree with Excel
_SERIAL_DAYS = (32_874, 73_051)  # 1990-01-01 and 2100-01-01 as Excel counts days


def text(cells: pl.Series) -> pl.Series:
    """Text without outer blanks, Excel's ``="…"`` and a leading apostrophe; null for what means nothing.

    >>> text(pl.Series(["\\t圆通 ", '="YT1"', "'139", "--"])).to_list()
    ['圆通', 'YT1', '139', None]
    """
    bare = cells.str.strip_chars(BLANKS)
    if bare.str.starts_with("'").any():
        bare = bare.str.strip_chars_start(BLANKS + "'")
    wrapped = bare.str.starts_with('="')
    if wrapped.any():
        bare = bare.zip_with(~wrapped, bare.str.strip_chars(BLANKS + "=\"'"))
    return _without(bare, bare.is_in(NOTHING))


def identifier(cells: pl.Series) -> pl.Series:
    """An id as text; the ``.0`` a spreadsheet or script put behind a short number goes.

    >>> identifier(pl.Series(['="3515"', "'3515", "3515\\t", "17850.0", "null"])).to_list()
    ['3515', '3515', '3515', '17850', None]
    """
    bare = cells.str.strip_chars(BLANKS + "=\"'")
    if bare.str.ends_with(".0").any():
        bare = bare.str.replace(r"^(\d{1,15})\.0$", "$1")
    return _without(bare, bare.is_in(NOTHING))


def is_damaged(ids: pl.Series) -> pl.Series:
    """Whether a spreadsheet has turned the id into a rounded number (3.51531E+18, or long with ``.0``).

    >>> is_damaged(pl.Series(["3.51531E+18", "3515313123456789012", "351531312345678901.0", None])).to_list()
    [True, False, True, False]
    """
    return (ids.str.contains(DAMAGED) | ids.str.contains(r"^\d{16,}\.0+$")).fill_null(False)


def amount(cells: pl.Series) -> pl.Series:
    """Money as Decimal(18, 2); half a cent is rounded to even.

    >>> [str(x) for x in amount(pl.Series(["201.12", "0元", "¥1,234.50", "—", "twelve"]))]
    ['201.12', '0.00', '1234.50', 'None', 'None']
    """
    return _quick_then_patient(cells, _decimal, lambda rest: _decimal(_plain_number(rest)))


def count(cells: pl.Series) -> pl.Series:
    """A whole number; a fraction cannot be read.

    >>> count(pl.Series(["2", "1,200", "3件", "2.0", "2.5"])).to_list()
    [2, 1200, 3, 2, None]
    """

    def patient(rest: pl.Series) -> pl.Series:
        plain = _plain_number(rest).str.replace(r"\.0*$", "")
        return plain.cast(pl.Int64, strict=False)

    return _quick_then_patient(cells, lambda c: c.cast(pl.Int64, strict=False), patient)


def number(cells: pl.Series) -> pl.Series:
    """A number as a float; ``%`` divides by a hundred.

    >>> number(pl.Series(["4.8", "1,200.5", "25%", "x"])).to_list()
    [4.8, 1200.5, 0.25, None]
    """

    def patient(rest: pl.Series) -> pl.Series:
        plain = _plain_number(rest)
        value = plain.str.strip_suffix("%").cast(pl.Float64, strict=False)
        return value.zip_with(~plain.str.ends_with("%").fill_null(False), value / 100)

    value = _quick_then_patient(cells, lambda c: c.cast(pl.Float64, strict=False), patient)
    return _without(value, ~value.is_finite())


def moment(cells: pl.Series, *, zone: str) -> pl.Series:
    """A local time in its zone; of a doubled hour the first is meant, an hour that never was is null.

    >>> moment(pl.Series(["2016/5/23 22:02", "2016-05-23", "42513.5", "soon"]), zone="Asia/Shanghai").dt.to_string().to_list()
    ['2016-05-23 22:02:00.000000+08:00', '2016-05-23 00:00:00.000000+08:00', '2016-05-23 12:00:00.000000+08:00', None]
    """
    naive = _quick_then_patient(cells, lambda c: _parsed(c, "%Y-%m-%d %H:%M:%S"), lambda c: _patient_time(c, zone))
    year = naive.dt.year()
    naive = _without(naive, (year < _FIRST_YEAR) | (year > _LAST_YEAR))
    return naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")


def day(cells: pl.Series) -> pl.Series:
    """A date; a time of day is dropped.

    >>> day(pl.Series(["2026-11-09", "20261109", "2026年11月9日"])).dt.to_string().to_list()
    ['2026-11-09', '2026-11-09', '2026-11-09']
    """
    return moment(cells, zone="UTC").dt.date()


def address(cells: pl.Series) -> pl.Series:
    """An address without the postal code in brackets at its end.

    >>> address(pl.Series(["广东省 广州市 越秀区 某路1号(510180)", "****"])).to_list()
    ['广东省 广州市 越秀区 某路1号', '****']
    """
    return text(text(cells).str.replace(r"(?:\s*[(（][0-9]{6}[)）]\s*)+$", ""))


def province(cells: pl.Series) -> pl.Series:
    """The province an address begins with, in its full official name; null where it names none.

    >>> province(pl.Series(["上海", "内蒙古 包头市 …", "广东省广州市…", "河南路 5号", "****"])).to_list()
    ['上海市', '内蒙古自治区', '广东省', None, None]
    """
    # eleven characters hold 中国 and the longest name; so few distinct heads are left that the patterns cost nothing
    heads = cells.str.strip_chars(BLANKS + "=\"'").str.head(11)
    distinct = heads.unique().drop_nulls()
    bare = distinct.str.replace(r"^中国\s*", "").str.replace_all(r"[\s,，]+", " ")
    found = bare.to_frame("head").select(
        pl.coalesce(
            pl.when(pl.col("head").str.contains(f"^(?:{full}|(?:{short})(?:省|市)?(?: |$|{short}))")).then(pl.lit(full))
            for full, short in PROVINCES.items()
        ).alias("province")
    )
    return heads.replace_strict(distinct, found["province"], default=None, return_dtype=pl.String)


def mapped(cells: pl.Series, *, values: ValueMap | None) -> pl.Series:
    """The canonical value of each word; null for a word the map does not know. Canonical values stand for themselves.

    >>> words = ValueMap(exact={"退款成功": "succeeded", "没有申请退款": ""}, patterns=(("关闭", "closed"),))
    >>> mapped(pl.Series(["退款成功", "没有申请退款", "已关闭", "?", None]), values=words).to_list()
    ['succeeded', None, 'closed', None, None]
    """
    distinct = cells.unique().drop_nulls()
    meant = [_meaning(word, values) or None for word in distinct.to_list()]
    return cells.replace_strict(distinct, pl.Series(meant, dtype=pl.String), default=None, return_dtype=pl.String)


def _meaning(word: str, values: ValueMap | None) -> str | None:
    if values is None:
        return word
    plain = normalised(word)
    if plain in values.listed:
        return values.listed[plain]
    return next((meant for pattern, meant in values.compiled if pattern.search(plain)), values.otherwise)


def _without(cells: pl.Series, unwanted: pl.Series) -> pl.Series:
    """The cells with the unwanted ones emptied."""
    unwanted = unwanted.fill_null(False)
    return cells.set(unwanted, None) if unwanted.any() else cells


def _quick_then_patient(
    cells: pl.Series, quick: Callable[[pl.Series], pl.Series], patient: Callable[[pl.Series], pl.Series]
) -> pl.Series:
    """The quick reading of the column; only the cells it could not read go the patient way, each distinct text once."""
    value = quick(cells)
    if value.null_count() == cells.null_count():
        return value
    failed = value.is_null() & cells.is_not_null()
    distinct = cells.filter(failed).unique()
    read = patient(text(distinct.str.replace_many(_FULL_WIDTH, _HALF_WIDTH)))
    again = cells.replace_strict(distinct, read, default=None, return_dtype=value.dtype)
    return value.zip_with(~failed, again)


def _decimal(cells: pl.Series) -> pl.Series:
    return cells.cast(MONEY, strict=False)


def _plain_number(cells: pl.Series) -> pl.Series:
    """A number without currency, unit, blanks and thousands commas; null where anything else stands in it."""
    bare = cells.str.strip_chars(BLANKS + "\"'=")
    bare = bare.str.replace(r"^([+-]?)\s*(?:¥|￥|\$|£|€|RMB|CNY|人民币)\s*([+-]?)", "$1$2")
    bare = bare.str.replace(r"\s*(?:元|件|个|次|人|分)$", "")
    grouped = bare.str.contains(r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?%?$").fill_null(False)
    return bare.zip_with(~grouped, bare.str.replace_all(",", "", literal=True))


def _parsed(cells: pl.Series, pattern: str) -> pl.Series:
    return cells.str.to_datetime(pattern, time_unit="us", strict=False)


def _patient_time(cells: pl.Series, zone: str) -> pl.Series:
    """Times that spreadsheets and scripts have rewritten: other separators, no seconds, an offset, a day number."""
    plain = cells.str.replace(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?[\sT]*", "$1-$2-$3 ")
    plain = plain.str.strip_chars(BLANKS)
    found = _parsed(plain, "%Y-%m-%d %H:%M:%S%.f")
    for pattern in ("%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y%m%d%H%M%S", "%Y%m%d"):
        found = found.zip_with(found.is_not_null(), _parsed(plain, pattern))
    whole = plain.str.replace(r" ?(?:Z|UTC)$", "+0000")
    absolute = whole.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%#z", time_unit="us", strict=False, time_zone="UTC")
    found = found.zip_with(found.is_not_null(), absolute.dt.convert_time_zone(zone).dt.replace_time_zone(None))
    days = cells.cast(pl.Float64, strict=False)
    days = _without(days, ~days.is_between(*_SERIAL_DAYS))
    counted = ((days * 86_400).round() * 1_000_000).cast(pl.Int64) + _EXCEL_EPOCH_US
    return found.zip_with(found.is_not_null(), counted.cast(pl.Datetime("us")))


def compared(cells: pl.Series) -> pl.Series:
    """Words as they are compared with a value map (see `layout.normalised`).

    >>> compared(pl.Series(["买家已付款，等待卖家发货 "])).to_list()
    ['买家已付款,等待卖家发货']
    """
    distinct = cells.unique().drop_nulls()
    plain = pl.Series([normalised(word) for word in distinct.to_list()], dtype=pl.String)
    return cells.replace_strict(distinct, plain, default=None, return_dtype=pl.String)
