"""From the text of a cell to its value: the quick way for the whole column, the patient way for the rest.

Each function takes one text column and gives one of the same length; what cannot be read is null, nothing raises, and
cleaning twice changes nothing. The quirks are those of real exports: ``="…"`` and ``'`` around numbers, tabs,
full-width digits, ``¥1,234.00``, ``12.50元``, dates that a spreadsheet has rewritten, postal codes behind addresses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import polars as pl
from babel.numbers import list_currencies

from aftersales.sources.layout import ValueMap, normalised
from aftersales.tables.columns import MONEY

# The 34 provinces of the state's list: official full name, and the short one addresses begin with.
PROVINCES: dict[str, str] = {
    "北京市": "北京", "天津市": "天津", "上海市": "上海", "重庆市": "重庆", "河北省": "河北", "山西省": "山西",
    "辽宁省": "辽宁", "吉林省": "吉林", "黑龙江省": "黑龙江", "江苏省": "江苏", "浙江省": "浙江", "安徽省": "安徽",
    "福建省": "福建", "江西省": "江西", "山东省": "山东", "河南省": "河南", "湖北省": "湖北", "湖南省": "湖南",
    "广东省": "广东", "海南省": "海南", "四川省": "四川", "贵州省": "贵州", "云南省": "云南", "陕西省": "陕西",
    "甘肃省": "甘肃", "青海省": "青海", "台湾省": "台湾", "内蒙古自治区": "内蒙古", "广西壮族自治区": "广西",
    "西藏自治区": "西藏", "宁夏回族自治区": "宁夏", "新疆维吾尔自治区": "新疆", "香港特别行政区": "香港",
    "澳门特别行政区": "澳门",
}  # fmt: skip


# Stripping any blank is several times quicker than stripping named characters, so these serve only beside quotes.
BLANKS = " \t\r\n\v\f\u0085\u00a0\u2002\u2003\u2009\u3000"
# What exports write for "nothing". Longest is 无退款申请; the comparison is exact, after blanks are stripped.
NOTHING = ["", "-", "--", "—", "——", "null", "NULL", "Null", "None", "none", "NaN", "nan", "N/A", "#N/A", "无", "\\N",
           "无退款申请", "0000-00-00 00:00:00", "0000-00-00"]  # fmt: skip
_MEANS_NOTHING = pl.all().is_in(NOTHING)
_APOSTROPHE, _WRAPPED = pl.all().str.starts_with("'"), pl.all().str.starts_with('="')
# A dot before three digits: thousands or decimals.
DOUBTFUL = r"^[^\d.,]*\d{1,3}\.\d{3}[^\d.,]*$"
# Excel keeps 15 digits; a longer number in scientific notation has lost the rest for good.
DAMAGED = r"^[+-]?\d(?:[.,]\d+)?[eE]\+?\d{1,3}$"
_UNSEEN = r"[\x{ad}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}\x{feff}]"
_FULL_WIDTH = [chr(c) for c in range(0xFF01, 0xFF5F)]
_HALF_WIDTH = [chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)]
# Outside these no online shop sold anything: it is a misread number, not a date.
_EARLIEST, _LATEST = datetime(1990, 1, 1), datetime(2100, 1, 1)
# A hundred thousand million of any currency, a thousand million pieces: dong and rupiah orders stay far below.
_MOST_MONEY, _MOST_PIECES = 10**11, 10**9
_EXCEL_EPOCH_US = -2_209_161_600_000_000  # 1899-12-30, so that day 60 and later agree with Excel
_SERIAL_DAYS = (32_874, 73_051)  # 1990-01-01 and 2100-01-01 as Excel counts days


def text(cells: pl.Series) -> pl.Series:
    r"""Text without outer blanks, Excel's ``="…"`` and a leading apostrophe; null for what means nothing.

    >>> text(pl.Series(["\t圆通 ", '="YT1"', "'139", "--"])).to_list()
    ['圆通', 'YT1', '139', None]
    """
    return texts(cells.to_frame()).to_series()


def texts(cells: pl.DataFrame) -> pl.DataFrame:
    """Several columns of `text` at once, which costs less than one by one.

    >>> texts(pl.DataFrame({"a": [" x"], "b": ["-"]})).rows()
    [('x', None)]
    """
    bare = cells.select(pl.all().str.strip_chars())
    found = bare.select(_APOSTROPHE.any().name.prefix("a"), _WRAPPED.any().name.prefix("w")).row(0, named=True)
    odd = [name for name in bare.columns if found["a" + name] or found["w" + name]]
    if odd:
        bare = bare.with_columns(
            pl.when(pl.col(name).str.starts_with('="'))
            .then(pl.col(name).str.strip_chars(BLANKS + "=\"'"))
            .otherwise(pl.col(name).str.strip_chars_start(BLANKS + "'"))
            .str.strip_chars()
            for name in odd
        )
    empty = bare.select(_MEANS_NOTHING.any()).row(0, named=True)
    return bare.with_columns(
        pl.when(~pl.col(name).is_in(NOTHING)).then(pl.col(name)) for name in bare.columns if empty[name]
    )


def identifier(cells: pl.Series) -> pl.Series:
    r"""An id as text; the ``.0`` a spreadsheet or script put behind a short number goes.

    >>> identifier(pl.Series(['="3515"', "'3515", "3515\t", "17850.0", "null"])).to_list()
    ['3515', '3515', '3515', '17850', None]
    """
    if cells.null_count() == cells.len():
        return cells
    bare = cells.str.strip_chars(BLANKS + "=\"'")
    if (bare.str.len_bytes() != bare.str.len_chars()).any():  # signs nobody sees, and full-width digits
        bare = bare.str.replace_all(_UNSEEN, "").str.replace_many(_FULL_WIDTH, _HALF_WIDTH)
        bare = bare.str.strip_chars(BLANKS + "=\"'")
    if bare.str.ends_with(".0").any():
        bare = bare.str.replace(r"^(\d{1,15})\.0$", "$1")
    return _without(bare, bare.is_in(NOTHING))


def is_damaged(ids: pl.Series) -> pl.Series:
    """Whether an id has lost digits: rounded by a spreadsheet (3.51531E+18, or long with ``.0``), or to a broken byte.

    >>> is_damaged(pl.Series(["3.51531E+18", "3515313123456789012", "351531312345678901.0", None])).to_list()
    [True, False, True, False]
    """
    damaged = ids.str.contains(DAMAGED) | ids.str.contains("\ufffd", literal=True)
    if ids.str.ends_with(".0").any():
        damaged = damaged | ids.str.contains(r"^\d{16,}\.0$")
    return damaged.fill_null(False)


def amount(cells: pl.Series, decimal: str | None = ".") -> pl.Series:
    """Money as Decimal(18, 2); half a cent is rounded to even. ``decimal``: see `conventions.Convention`.

    >>> [str(x) for x in amount(pl.Series(["201.12", "0元", "¥1,234.50", "—", "twelve"]))]
    ['201.12', '0.00', '1234.50', 'None', 'None']
    >>> [str(x) for x in amount(pl.Series(["1.234,50", "12,5 €", "Rp 89.900"]), ",")]
    ['1234.50', '12.50', '89900.00']
    >>> [str(x) for x in amount(pl.Series(["89.900", "7"]), None)]
    ['None', '7.00']
    """
    return plausible(
        _quick_then_patient(_undotted(cells, decimal), _decimal, lambda rest: _decimal(_plain_number(rest)))
    )


def plausible(amounts: pl.Series) -> pl.Series:
    """Money without what no order comes to: it is a misread number, and sums of such would fit no column.

    >>> [str(x) for x in plausible(pl.Series(["99999999999", "1000000000000"]).cast(MONEY))]
    ['99999999999.00', 'None']
    """
    return _without(amounts, amounts.abs() >= _MOST_MONEY)


def _undotted(cells: pl.Series, decimal: str | None) -> pl.Series:
    """Numbers without thousands dots and with a decimal dot; where a dot may be either, those cells in words."""
    if decimal == ".":
        return cells
    distinct = cells.unique().drop_nulls()
    if decimal is None:
        plain = distinct.str.replace(DOUBTFUL, "$0?")
    else:
        grouped = r"^[^\d,]*\d{1,3}(?:[. \x{a0}\x{202f}'’]\d{3})*(?:,\d*)?[^\d,.]*$"
        dotted = distinct.str.contains(grouped + r"|^[^\d,.]*\d*(?:,\d+)?[^\d,.]*$")
        plain = distinct.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        plain = plain.zip_with(dotted.fill_null(False), distinct + "?")  # 12.50 is none of this file's numbers
    return cells.replace_strict(distinct, plain, default=None, return_dtype=pl.String)


def doubtful(cells: pl.Series) -> bool:
    """Whether cells that could not be read are numbers or days that mean two things: 89.900, 04/05/2026.

    >>> doubtful(pl.Series(["89.900"])), doubtful(pl.Series(["04/05/2026 10:00"])), doubtful(pl.Series(["twelve"]))
    (True, True, False)
    """
    return cells.dtype == pl.String and bool(text(cells).str.contains(rf"{DOUBTFUL}|{_PARTED}").all())


def count(cells: pl.Series, decimal: str | None = ".") -> pl.Series:
    """A whole number; a fraction cannot be read.

    >>> count(pl.Series(["2", "1,200", "3件", "2.0", "2.5"])).to_list()
    [2, 1200, 3, 2, None]
    """

    def patient(rest: pl.Series) -> pl.Series:
        plain = _plain_number(_undotted(rest, decimal)).str.replace(r"\.0*$", "")
        return plain.cast(pl.Int64, strict=False)

    value = _quick_then_patient(cells, lambda c: c.cast(pl.Int64, strict=False), patient)
    return _without(value, ~value.is_between(-_MOST_PIECES, _MOST_PIECES))


def number(cells: pl.Series, decimal: str | None = ".") -> pl.Series:
    """A number as a float; ``%`` divides by a hundred.

    >>> number(pl.Series(["4.8", "1,200.5", "25%", "x"])).to_list()
    [4.8, 1200.5, 0.25, None]
    """

    def patient(rest: pl.Series) -> pl.Series:
        plain = _plain_number(rest)
        value = plain.str.strip_suffix("%").cast(pl.Float64, strict=False)
        return value.zip_with(~plain.str.ends_with("%").fill_null(False), value / 100)

    value = _quick_then_patient(_undotted(cells, decimal), lambda c: c.cast(pl.Float64, strict=False), patient)
    return _without(value, ~value.is_finite())


def moment(
    cells: pl.Series, *, zone: str, dates: Sequence[str] = (), first: str | None = None, written_in: str | None = None
) -> pl.Series:
    """A local time in its zone; of a doubled hour the first is meant, an hour that never was is null.

    A midnight that never was, where summer begins at midnight, is how files write a day alone: 1:00 is meant.
    ``dates``: formats to try before the usual ones; ``first``: "day" or "month", which 04/05/2026 begins with;
    ``written_in``: the zone of times without an offset, where it is another.

    >>> times = moment(pl.Series(["2016/5/23 22:02", "2016-05-23", "42513.5", "soon"]), zone="Asia/Shanghai")
    >>> times.dt.strftime("%m-%d %H:%M %z").to_list()
    ['05-23 22:02 +0800', '05-23 00:00 +0800', '05-23 12:00 +0800', None]
    >>> times = moment(pl.Series(["04-30-22", "28.09.2026 14:00"]), zone="UTC", dates=["%m-%d-%y"], first="day")
    >>> times.dt.strftime("%Y-%m-%d %H:%M").to_list()
    ['2022-04-30 00:00', '2026-09-28 14:00']
    """
    if written_in and written_in != zone:
        return moment(cells, zone=written_in, dates=dates, first=first).dt.convert_time_zone(zone)
    usual = dates[0] if dates else "%Y-%m-%d %H:%M:%S"
    naive = _quick_then_patient(cells, lambda c: _parsed(c, usual), lambda c: _patient_time(c, zone, dates, first))
    low, high = naive.min(), naive.max()
    if isinstance(low, datetime) and isinstance(high, datetime) and (low < _EARLIEST or high >= _LATEST):
        naive = _without(naive, (naive < _EARLIEST) | (naive >= _LATEST))
        low, high = naive.min(), naive.max()
    if not isinstance(low, datetime) or not isinstance(high, datetime):
        return naive.dt.replace_time_zone(zone)
    offset = _steady_offset(zone, low.year, high.year)
    if offset is None:
        skipped = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        midnight = skipped.is_null() & (naive.dt.time() == time()).fill_null(False)
        if not midnight.any():
            return skipped
        later = (naive + timedelta(hours=1)).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        return skipped.zip_with(~midnight, later)
    return (naive - offset).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)


@cache
def _steady_offset(zone: str, first_year: int, last_year: int) -> timedelta | None:
    """The zone's distance from UTC if it never changed in those years (with a day around them), else None.

    China's has not since 1991, and adding it is ten times quicker than looking up every moment.
    """
    start, end = datetime(first_year, 1, 1) - timedelta(days=1), datetime(last_year + 1, 1, 2)
    offsets = {
        (start + timedelta(hours=hours)).replace(tzinfo=ZoneInfo(zone)).utcoffset()
        for hours in range(0, int((end - start) / timedelta(hours=1)), 6)
    }
    return offsets.pop() if len(offsets) == 1 else None


def day(cells: pl.Series, *, dates: Sequence[str] = (), first: str | None = None) -> pl.Series:
    """A date; a time of day is dropped.

    >>> day(pl.Series(["2026-11-09", "20261109", "2026年11月9日"])).dt.to_string().to_list()
    ['2026-11-09', '2026-11-09', '2026-11-09']
    """
    return moment(cells, zone="UTC", dates=dates, first=first).dt.date()


def address(cells: pl.Series) -> pl.Series:
    """An address without the postal code in brackets at its end.

    >>> address(pl.Series(["广东省 广州市 越秀区 某路1号(510180)", "****"])).to_list()
    ['广东省 广州市 越秀区 某路1号', '****']
    """
    bare = text(cells)
    if not (bare.str.ends_with(")") | bare.str.ends_with("）")).any():
        return bare
    return text(bare.str.replace(r"(?:\s*[(（][0-9]{6}[)）]\s*)+$", ""))


_HEAD_CHARACTERS = 16
_FULL_OF = {short: full for full, short in PROVINCES.items()}
_FULL_NAME = f"^({'|'.join(PROVINCES)})"
# 上海 alone or before a blank is the city; before other words it may be the name of a street
_SHORT_NAME = f"^({'|'.join(_FULL_OF)})(?:省|市)?(?: |$)"


def province(cells: pl.Series) -> pl.Series:
    """The province an address begins with, in its full official name; a region of another country as it stands.

    A Chinese address that names no province gives null, and so does what holds digits or is masked.

    >>> province(pl.Series(["上海", "内蒙古 包头市 …", "广东省广州市…", "河南路 5号", "****"])).to_list()
    ['上海市', '内蒙古自治区', '广东省', None, None]
    >>> province(pl.Series(["MAHARASHTRA", "maharashtra ", "ca", "North Rhine-Westphalia", "12 High St"])).to_list()
    ['Maharashtra', 'Maharashtra', 'CA', 'North Rhine-Westphalia', None]
    """
    # so many characters hold blanks, 中国 and the longest name, and so few distinct heads that patterns cost nothing
    heads = cells.str.head(_HEAD_CHARACTERS)
    distinct = heads.unique().drop_nulls()
    bare = text(distinct).str.replace(r"^中国\s*", "").str.replace_all(r"[\s,，]+", " ")
    full = bare.str.extract(_FULL_NAME)
    found = full.zip_with(full.is_not_null(), bare.str.extract(_SHORT_NAME).replace_strict(_FULL_OF, default=None))
    found = heads.replace_strict(distinct, found, default=None, return_dtype=pl.String)
    if not distinct.str.contains(_FOREIGN).any():
        return found
    abroad = cells.unique().drop_nulls()
    abroad = abroad.filter(abroad.str.contains(_FOREIGN))
    named = pl.Series([_region(word) for word in text(abroad).to_list()], dtype=pl.String)
    return found.zip_with(
        found.is_not_null(), cells.replace_strict(abroad, named, default=None, return_dtype=pl.String)
    )


_JAPANESE = "北海道|東京都|大阪府|京都府|.{2,3}県"
_SCRIPTS = r"\p{Latin}\p{Cyrillic}\p{Thai}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Arabic}\p{Devanagari}"
_FOREIGN = rf"^[\s'\"=]*(?:[{_SCRIPTS}]|(?:{_JAPANESE})$)"
_LONGEST_REGION = 40
_CODE_LENGTH = 3


def _region(word: str | None) -> str | None:
    """A region's name in one spelling, whoever typed it: codes in capitals, names in one case."""
    plain = " ".join((word or "").split())
    if not plain or len(plain) > _LONGEST_REGION or any(c.isdigit() or c in "*@#" for c in plain):
        return None
    if re.search(r"[\u4e00-\u9fff]", plain) and not re.fullmatch(_JAPANESE, plain):
        return None
    if len(plain) <= _CODE_LENGTH:
        return plain.upper()
    return plain.title() if plain.isupper() or plain.islower() else plain


def currency(cells: pl.Series) -> pl.Series:
    """A currency's ISO code.

    >>> currency(pl.Series(["usd", "人民币", " EUR", ""])).to_list()
    ['USD', 'CNY', 'EUR', None]
    """
    names = {"人民币": "CNY", "RMB": "CNY", "美元": "USD", "欧元": "EUR", "英镑": "GBP", "港币": "HKD", "日元": "JPY"}
    return text(cells).str.to_uppercase().replace(names)


def mapped(cells: pl.Series, *, values: ValueMap | None) -> pl.Series:
    """The canonical value of each word; null for a word the map does not know. Canonical values stand for themselves.

    A word that the map lists means what is listed, even one that says nothing elsewhere ("-", "none").

    >>> words = ValueMap(exact={"退款成功": "succeeded", "没有申请退款": ""}, patterns=(("关闭", "closed"),))
    >>> mapped(pl.Series(["退款成功", "没有申请退款", "已关闭", "?", None]), values=words).to_list()
    ['succeeded', None, 'closed', None, None]
    """
    distinct = cells.unique().drop_nulls()
    listed = values.listed if values else {}
    meant = [
        listed.get(normalised(raw)) or (_meaning(word, values) or None if word else None)
        for raw, word in zip(distinct.to_list(), text(distinct).to_list(), strict=True)
    ]
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
    read = patient(text(distinct.str.replace_all(_UNSEEN, "").str.replace_many(_FULL_WIDTH, _HALF_WIDTH)))
    again = cells.replace_strict(distinct, read, default=None, return_dtype=value.dtype)
    return value.zip_with(~failed, again)


def _decimal(cells: pl.Series) -> pl.Series:
    return cells.cast(MONEY, strict=False)


_CODES = "|".join(sorted(list_currencies()))
_MARK = rf"(?:\p{{Sc}}|[A-Za-z]{{1,3}}\.?\p{{Sc}}|{_CODES}|RMB|R[pM]\.?|Rs\.?|S/\.?|k[rč]\.?|zł|lei|人民币)"


def _plain_number(cells: pl.Series) -> pl.Series:
    """A number without currency, unit, blanks and thousands commas; null where anything else stands in it."""
    bare = cells.str.strip_chars(BLANKS + "\"'=")
    bare = bare.str.replace(rf"^([+-]?)\s*{_MARK}\s*([+-]?)", "$1$2").str.replace(rf"\s*{_MARK}$", "")
    bare = bare.str.replace(r"\s*(?:元|件|个|次|人|分)$", "")
    # thousands in commas, in India's lakhs (1,28,976.50), or in blanks and apostrophes
    grouped = bare.str.contains(r"^[+-]?\d{1,3}(?:,\d{2})*,\d{3}(?:\.\d*)?%?$|^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?%?$")
    spaced = bare.str.contains(r"^[+-]?\d{1,3}(?:[ \x{a0}\x{2009}\x{202f}'’]\d{3})+(?:\.\d*)?$")
    bare = bare.zip_with(~grouped.fill_null(False), bare.str.replace_all(",", "", literal=True))
    return bare.zip_with(~spaced.fill_null(False), bare.str.replace_all(r"[^\d.+-]", ""))


def _parsed(cells: pl.Series, pattern: str) -> pl.Series:
    return cells.str.to_datetime(pattern, time_unit="us", strict=False)


_PARTED = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?:[,\s]+|$)"
_NAMED_MONTHS = ("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")


def _patient_time(cells: pl.Series, zone: str, dates: Sequence[str], first: str | None) -> pl.Series:
    """Times that spreadsheets and scripts have rewritten: other separators, no seconds, an offset, a day number."""
    stated = pl.Series([None] * cells.len(), dtype=pl.Datetime("us"))
    for pattern in dates:
        stated = stated.zip_with(stated.is_not_null(), _parsed(cells, pattern))
    if first:  # 30/04/2026, 04-30-22: as if the year stood in front
        short = cells.str.contains(r"^\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?:\D|$)").fill_null(False)
        order = r"-$2-$1 " if first == "day" else "-$1-$2 "
        yearly = cells.str.replace(_PARTED, "${3}" + order)
        cells = yearly.zip_with(~short, pl.Series(["20"]).new_from_index(0, cells.len()) + yearly)
    plain = cells.str.replace(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?[\sT]*", "$1-$2-$3 ")
    plain = plain.str.strip_chars()
    found = stated.zip_with(stated.is_not_null(), _parsed(plain, "%Y-%m-%d %H:%M:%S%.f"))
    halves = ("%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p")
    for pattern in ("%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y%m%d%H%M%S", "%Y%m%d", *halves, *_NAMED_MONTHS):
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
