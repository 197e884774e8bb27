"""What names or reaches a person in free text is masked: one function for cells, file names, errors and logs.

A text is compared in one spelling (NFKC, simplified characters, without what cannot be seen), and what is found is
replaced in the text as it was written. Masked are phones, identity and bank card numbers, accounts, mail and postal
addresses, plates, codes that open a locker or a door, and names where the words before them tell that they are names.
Service lines (400, 800, 95…), numbers of orders, parcels and goods, prices, sizes and dates stay.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files

import polars as pl

from aftersales.sources.chinese_names import MAYBE, TELLS, candidates, chinese_names
from aftersales.sources.latin_names import CUED_LATIN, MAYBE_LATIN, cued_latin_names, latin_names
from aftersales.sources.masked_accounts import ACCOUNTS, BANKS, BIRTHS, CODES, DOCUMENTS, EMAILS, NICKNAMES, PLATES
from aftersales.sources.masked_addresses import CHINESE, CUED, JAPANESE, LATIN, NATIVE, PLACES, TRIM, whole, whole_han
from aftersales.sources.masked_names import BEFORE, BEHIND, FILE_NAMES, LATIN_NAMES, NAMES, NATIVE_NAMES, SIGNS
from aftersales.sources.masked_numbers import (
    ACCOUNT,
    AS_DIGITS,
    CARD,
    DISGUISED,
    IDENTITY,
    PHONE,
    SOME_NUMBER,
    Span,
    number_spans,
)
from aftersales.words.errors import without_values

EMAIL, NAME, ADDRESS, PLATE, CODE = "邮箱", "姓名", "地址", "车牌", "密码"
_ANY, _DIGIT, _ID, _HAN = (
    re.compile(""),
    re.compile(r"\d"),
    re.compile(r"[A-Za-z0-9_.\-]\s?[A-Za-z0-9_.\-]"),
    re.compile(r"[\u4e00-\u9fff#]"),
)
_HAN_OR_NAME, _LETTERS = re.compile(r"[\u4e00-\u9fff]|[Nn][Aa][Mm][Ee]"), re.compile(r"[A-Za-z\u00c0-\u1ef9]{2}|#")
_DIGIT_OR_LETTERS, _FILE = re.compile(r"\d|[A-Za-z]{4}"), re.compile(r"\.[A-Za-z0-9]{3,4}(?![A-Za-z0-9])")
_OTHER_SCRIPT = re.compile(
    r"[\u0370-\u1cff\u3005\u3012\u3041-\u30ff\uac00-\ud7a3]|氏名|受取|住所|丁目|番地|様|県|东京都|名前|生まれ|名义"
)
# a kind, what a text must hold for any of its patterns to be found in it, the patterns
_Kind = tuple[str, re.Pattern[str], tuple[re.Pattern[str], ...]]
_PATTERNS: tuple[_Kind, ...] = (
    (EMAIL, _ID, EMAILS),
    (IDENTITY, _DIGIT, DOCUMENTS),
    (IDENTITY, _HAN, BIRTHS),
    (CODE, _DIGIT, CODES),
    (CARD, _DIGIT_OR_LETTERS, BANKS),
    (PLATE, _DIGIT, PLATES),
    (ACCOUNT, _ID, ACCOUNTS),
    (ACCOUNT, _HAN, NICKNAMES),
    (PHONE, _ANY, DISGUISED),
    (NAME, _HAN, (MAYBE,)),
    (NAME, _HAN_OR_NAME, NAMES),
    (NAME, _LETTERS, (MAYBE_LATIN, CUED_LATIN)),
    (NAME, _LETTERS, LATIN_NAMES),
    (NAME, _OTHER_SCRIPT, NATIVE_NAMES),
    (NAME, _FILE, FILE_NAMES),
    (ADDRESS, _LETTERS, LATIN),
    (ADDRESS, _HAN, (*CHINESE, CUED)),
    (ADDRESS, _OTHER_SCRIPT, (*JAPANESE, *NATIVE)),
    (ADDRESS, _DIGIT, PLACES),
)
_BEHIND_WORDS, _CHINESE, _IN_PART = frozenset((*CHINESE, *JAPANESE)), frozenset((*CHINESE, CUED)), frozenset(LATIN)
_LIKE_DIGITS = re.compile(r"(?<![A-Za-z0-9])(?=[oOlI]*\d)[0-9oOlI]{3,}(?![A-Za-z0-9])")
_DIGITS_LIKE = str.maketrans("oOlI", "0011")
_READERS = {MAYBE: chinese_names, MAYBE_LATIN: latin_names, CUED_LATIN: cued_latin_names}
_PASSES = 5  # masking once more changes nothing after fewer
_FEW = 300  # texts that are looked at one by one sooner than searched for together
_LABEL = re.compile(r"\[(?:手机号|电话|证件号|银行卡|账号|邮箱|姓名|地址|车牌|密码)\]")
_INVISIBLE = {"\ufe0e", "\ufe0f", "\u20e3", "\u034f", "\u115f", "\u1160", "\u3164", "\uffa0"}
_SIMPLIFIED = str.maketrans(*(files("aftersales") / "sources/traditional.txt").read_text("utf-8").splitlines()[1:])


@lru_cache(maxsize=1 << 15)
def _folded_character(char: str) -> str:
    if char in _INVISIBLE or (unicodedata.category(char) in ("Cf", "Cc") and not char.isspace()):
        return ""
    plain = unicodedata.normalize("NFKC", char).translate(_SIMPLIFIED)
    return "".join(c if c.isascii() else str(unicodedata.digit(c, c)) for c in plain)


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The text in one spelling, and the place in ``text`` of each of its characters."""
    parts = [_folded_character(c) for c in text]
    plain = "".join(parts)
    if plain == text:
        return text, range(len(text))
    return plain, [at for at, part in enumerate(parts) for _ in part]


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
    for _ in range(_PASSES):
        again = _masked_once(text, _PATTERNS, numbers=True)
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
        changed, now = {}, {old: old for old in was}
        for _ in range(_PASSES):
            again = _masked_once_each(list(set(now.values())))
            if not again:
                break
            now = {old: again[text] for old, text in now.items() if text in again}
            changed |= now
    return column.replace(list(changed), list(changed.values())) if changed else column


def _masked_once_each(texts: Sequence[str]) -> dict[str, str]:
    """Those of the texts that masking once changes, and into what."""
    plain = _folded_column(texts)
    digits = plain.str.replace_many(*(list(map(chr, side)) for side in (AS_DIGITS, AS_DIGITS.values())))
    numbered = {at for p in SOME_NUMBER for at in digits.str.contains(_searched(p)).arg_true()}
    found: dict[int, list[_Kind]] = {at: [] for at in numbered}
    for label, needed, patterns in _PATTERNS:
        column = digits if label == PHONE else plain
        places = column.str.contains(_searched(needed)).arg_true()
        some = column.gather(places)
        for pattern in patterns:
            for at in places.gather(some.str.contains(_searched(pattern)).arg_true()):
                found.setdefault(at, []).append((label, _ANY, (pattern,)))
    again = ((texts[at], _masked_once(texts[at], some, numbers=at in numbered)) for at, some in found.items())
    return {old: new for old, new in again if new != old}


def _folded_column(texts: Sequence[str]) -> pl.Series:
    odd = {c: plain for c in set("".join(texts)) if (plain := _folded_character(c)) != c}
    column = pl.Series(texts, dtype=pl.String)
    return column.str.replace_many(list(odd), list(odd.values())) if odd else column


@cache
def _searched(pattern: re.Pattern[str]) -> str:
    r"""The pattern without its conditions on what stands around: found wherever the pattern is, and in linear time.

    What follows at the very end stays. Long repetitions lose their upper bound, and words are what has no blank:
    both make the search small.

    >>> _searched(re.compile(r"(?<!x)(?P<a>[ab[]{2}+)(?!c|d)\w(?=e)"))
    '(?:[ab\\[]{2})\\S(?:e)'
    """
    if pattern is MAYBE:
        return rf"{candidates()}|{TELLS.pattern}|\]"
    if pattern is MAYBE_LATIN:
        return r"[A-ZÀ-Þ][a-zà-ž]{2}|[A-Z]{2}[\s_][A-Z]{2}"
    source = pattern.pattern.replace(BEFORE, _SEARCHED_BEFORE).replace(BEHIND, _SEARCHED_BEHIND)
    parts, depth, around = ["(?i)" if pattern.flags & re.IGNORECASE else ""], 0, 0
    for token in _TOKENS.finditer(source):
        kind, said = token.lastgroup, token[0]
        if around:  # brackets that are open within a condition
            around += said.startswith("(") and kind != "again"
            around -= said == ")"
            continue
        if kind == "around":
            if said == "(?=" and not depth and _closed(source, token.end()) == len(source):
                kind, said = None, "(?:"
            else:
                around = 1
                continue
        depth += (said.startswith("(") and kind != "again") - (said == ")")
        if kind == "set":
            inner = re.sub(r"(?<!\\)\[", r"\\[", said[1:]).replace(r"\d", "0-9")
            said = "[" + inner if r"\w" not in inner else r"\S" if " " not in inner and r"\s" not in inner else "."
        parts.append(
            {"named": "(?:", "again": ".+", "edge": "", "long": said.partition(",")[0] + ",}"}.get(kind or "", said)
        )
    return "".join(parts).replace(r"\w", r"\S").replace(r"\d", "[0-9]").replace("\ue000", "^").replace("\ue001", "$")


# boundaries of a name that stands alone, as they are searched for: their edges stay
_SEARCHED_BEFORE, _SEARCHED_BEHIND = f"(?:\ue000|[{SIGNS}])", f"(?:\ue001|[{SIGNS}])"
_TOKENS = re.compile(
    r"(?P<around>\(\?<?[=!])|(?P<named>\(\?P<\w+>)|(?P<again>\(\?P=\w+\))|(?P<edge>\\[bB]|[\^$]|(?<=[}*+?])\+)"
    r"|(?P<long>\{\d+,(?:[4-9]|\d\d+)\})|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|\(\?[\w\-]*:|\\.|.",
    re.DOTALL,
)


def _closed(source: str, at: int) -> int:
    """Where the bracket ends that was opened just before ``at``."""
    depth = 1
    for token in _TOKENS.finditer(source, at):
        depth += (token[0].startswith("(") and token.lastgroup != "again") - (token[0] == ")")
        if not depth:
            return token.end()
    return len(source)


def _masked_once(text: str, looked_for: Sequence[_Kind], *, numbers: bool) -> str:
    plain, places = _folded(text)
    labels = [m.span() for m in _LABEL.finditer(plain)]
    spans = sorted(_spans(plain, looked_for, numbers=numbers), key=lambda s: (s.start, -s.end))
    parts, done, at, label_at, last_label = [], 0, -1, 0, ""
    for start, end, label in spans:
        while label_at < len(labels) and labels[label_at][1] <= start:
            label_at += 1
        more = start < at and label == last_label == ADDRESS and end > at  # two patterns found a part each
        if (start < at and not more) or (label_at < len(labels) and labels[label_at][0] < end):
            continue
        first, last = places[start], places[end - 1] + 1
        while last < len(text) and not _folded_character(text[last]):
            last += 1  # what cannot be seen behind a masked character goes with it
        parts += [] if more else [text[done:first], f"[{label}]"]
        done, at, last_label = last, end, label
    return "".join(parts) + text[done:]


def _as_digits(text: str) -> str:
    """A text with letters that stand for digits among digits as digits: o77oo 9oo148."""
    return _LIKE_DIGITS.sub(lambda m: m[0].translate(_DIGITS_LIKE), text)


def _spans(text: str, looked_for: Sequence[_Kind], *, numbers: bool) -> Iterator[Span]:
    digits = text.translate(AS_DIGITS)
    if numbers:
        yield from number_spans(*(_as_digits(t) for t in (text, digits)))
    for label, needed, patterns in looked_for:
        for pattern in patterns if needed.search(text) else ():
            if pattern in _READERS:
                yield from (Span(start, end, label) for start, end in _READERS[pattern](text))
                continue
            for match in pattern.finditer(digits if label == PHONE else text):
                start, end = match.span("s" if "s" in pattern.groupindex and match["s"] is not None else 0)
                for word in TRIM.finditer(text, start, end) if pattern in _BEHIND_WORDS else ():
                    start = word.end()
                if pattern in _CHINESE:
                    end = whole_han(text, end)
                if pattern in _IN_PART:
                    start, end = whole(text, start, end)
                found = text[start:end]
                if found.strip():
                    yield Span(start + len(found) - len(found.lstrip()), end - len(found) + len(found.rstrip()), label)
