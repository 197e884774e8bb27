"""One spelling for the place an address names, however its unit words, digits and remarks are written."""

from __future__ import annotations

import polars as pl

_UNIT_WORDS = ("号楼", "号院", "号房", "单元", "门洞", "栋", "幢", "座", "室", "号", "楼", "层", "户", "房", "弄", "组")
_TO_NINE = dict(zip("一二三四五六七八九", "123456789", strict=True))
_TENS = {"": 10} | {word: 10 * int(n) for word, n in _TO_NINE.items() if n != "1"}
_NUMERALS = _TO_NINE | {
    f"{tens}十{one}": str(ten + int(n)) for tens, ten in _TENS.items() for one, n in ({"": "0"} | _TO_NINE).items()
}
_WRITTEN_OUT = {f"{word}{unit}": f"{n}{unit}" for word, n in _NUMERALS.items() for unit in _UNIT_WORDS}
# each pattern with what stands in its place; "#" ends a number
_STEPS = (
    (r"(?:\([^()]*\)\s*)+$", ""),  # a postal code, or where to put the parcel
    (rf"(\d[a-z]?)\s*(?:{'|'.join(_UNIT_WORDS)}|#)|([a-z])\s*(?:号楼|[栋幢座楼])", "${1}${2}#"),
    *[(r"(\d[a-z]?)[-_/~,.:、。—–\s]+([a-z]?\d)", "${1}#${2}")] * 2,  # twice: matches do not overlap
    (r"[^\p{L}\p{N}#]+", ""),
    (r"特别行政区|维吾尔|壮族|回族|自治区|[省市]", ""),
    (r"#+", "#"),
    # a door or a letter behind the number of a flat, and a few words like 门口 behind a house's last number
    (r"(\d{3,4})#?(?:[a-z]|#\d)#?$", "${1}"),
    (r"(\d\D*\d[a-z]?)#?[^\d#]{1,6}$", "${1}"),
    (r"(\d{3,4})#?(?:[a-z]|#\d)#?$", "${1}"),
    (r"#$", ""),
)


def address_place(addresses: pl.Series) -> pl.Series:
    """The place each address names, in one spelling for comparing; null stays null, a masked address is no place.

    Full-width and Chinese numerals become digits; 号楼, 栋, 幢 and 座 are one; 室 and 号 only end a number; a remark in
    brackets, a few words behind the last number, and a door or letter behind the number of a flat say nothing.

    >>> address_place(pl.Series(["浙江省 杭州市 某路１３８号五幢302室", "浙江杭州某路138号5栋302（门口）"])).to_list()
    ['浙江杭州某路138#5#302', '浙江杭州某路138#5#302']
    """
    distinct = addresses.drop_nulls().unique()
    place = distinct.str.normalize("NFKC").str.to_lowercase()
    place = place.str.replace_many(list(_WRITTEN_OUT), list(_WRITTEN_OUT.values()), leftmost=True)
    for pattern, instead in _STEPS:
        place = place.str.replace_all(pattern, instead)
    return addresses.replace_strict(distinct, place, default=None, return_dtype=pl.String)
