"""What names or reaches a person in free text is masked: one function for cells, file names, errors and logs.

The patterns take a second to compile, which only a run that masks anything pays: they are loaded with the first text.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import polars as pl

from aftersales.words.errors import without_values

_PASSES = 5  # masking once more changes nothing after fewer
_FEW = 300  # texts that are looked at one by one sooner than searched for together


@lru_cache(maxsize=4096)
def masked(text: str) -> str:
    """A text with what names or reaches a person replaced by a word in brackets for its kind.

    Parameters
    ----------
    text
        Any text: a cell, a file's name, an error's words.

    Returns
    -------
    str
        The same text where nothing was found; masking twice changes nothing more.

    Examples
    --------
    >>> masked("打138 0013 8000找我"), masked("订单3515313123456789012，尺码175/92A，7天")
    ('打[手机号]找我', '订单3515313123456789012，尺码175/92A，7天')
    >>> masked("ＶＸ：ａｂｃ_１２３４"), masked("文三路138号3幢")
    ('ＶＸ：[账号]', '[地址]')

    """
    from aftersales.sources.masked_spans import masked_once

    for _ in range(_PASSES):
        again = masked_once(text)
        if again == text:
            break
        text = again
    return text


def masked_name(name: str, *, key: bytes) -> str:
    """A file's name as it may be stored and shown: masked, and then told from others by a short keyed hash.

    >>> masked_name("ExportOrderList202611090900.csv", key=b"k")
    'ExportOrderList202611090900.csv'
    >>> masked_name("李雷13800138000.csv", key=b"k") == masked_name("李雷13900139000.csv", key=b"k")
    False
    """
    shown = masked(name)
    if shown == name:
        return name
    stem, dot, suffix = shown.rpartition(".")
    mark = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), key=key[:64], digest_size=3).hexdigest()
    return f"{stem}-{mark}{dot}{suffix}" if dot else f"{shown}-{mark}"


def masked_error(text: str) -> str:
    r"""An error of somebody else's code, whose words may quote cells, as it may be logged and shown.

    >>> masked_error("could not parse `李雷` as i64 in column 'amount': [\"杭州\", 3]")
    "could not parse `…` as i64 in column 'amount': […]"
    """
    return masked(without_values(text))


def masked_texts(column: pl.Series) -> pl.Series:
    """A column of texts with what names or reaches a person masked, as `masked` does; null stays null.

    Each pattern is first searched for in the whole column, without the conditions around it; what it may be found in
    is looked at text by text, once a distinct text.

    >>> masked_texts(pl.Series(["打138 0013 8000找我", "很好", None])).to_list()
    ['打[手机号]找我', '很好', None]
    """
    was = column.drop_nulls().unique()
    if was.len() < _FEW:
        changed = {old: new for old in was if (new := masked(old)) != old}
    else:
        from aftersales.sources.masked_spans import masked_once_each

        changed, now = {}, {old: old for old in was}
        for _ in range(_PASSES):
            again = masked_once_each(list(set(now.values())))
            if not again:
                break
            now = {old: again[text] for old, text in now.items() if text in again}
            changed |= now
    return column.replace(list(changed), list(changed.values())) if changed else column
