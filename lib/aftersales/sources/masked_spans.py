"""Where a text names or reaches a person, and the text with a label in each of these places: one pass of masking.

A text is compared in one spelling (NFKC, simplified characters, without what cannot be seen), and what is found is
replaced in the text as it was written. Masked are phones, identity and bank card numbers, accounts, mail and postal
addresses, plates, codes that open a locker or a door, and names where the words before them tell that they are names.
Service lines (400, 800, 95…), numbers of orders, parcels and goods, prices, sizes and dates stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files

import polars as pl

from aftersales.sources.chinese_names import MAYBE, TELLS, candidates, chinese_names
from aftersales.sources.latin_names import (
    CUED_LATIN,
    MAYBE_LATIN,
    SMALL_LATIN,
    cued_latin_names,
    latin_names,
    small_latin_names,
)
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
    (NAME, _FILE, (*FILE_NAMES, SMALL_LATIN)),
    (ADDRESS, _LETTERS, LATIN),
    (ADDRESS, _HAN, (*CHINESE, CUED)),
    (ADDRESS, _OTHER_SCRIPT, (*JAPANESE, *NATIVE)),
    (ADDRESS, _DIGIT, PLACES),
)
_BEHIND_WORDS, _CHINESE, _IN_PART = frozenset((*CHINESE, *JAPANESE)), frozenset((*CHINESE, CUED)), frozenset(LATIN)
_LIKE_DIGITS = re.compile(r"(?<![A-Za-z0-9])(?=[oOlI]*\d)[0-9oOlI]{3,}(?![A-Za-z0-9])")
_DIGITS_LIKE = str.maketrans("oOlI", "0011")
_READERS = {
    MAYBE: chinese_names,
    MAYBE_LATIN: latin_names,
    CUED_LATIN: cued_latin_names,
    SMALL_LATIN: small_latin_names,
}
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


def masked_once_each(texts: Sequence[str]) -> dict[str, str]:
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
    again = ((texts[at], masked_once(texts[at], some, numbers=at in numbered)) for at, some in found.items())
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
    r"(?P<around>\(\?<?[=!])|(?P<named>\(\?(?:P<\w+>|>))|(?P<again>\(\?P=\w+\))|(?P<edge>\\[bB]|[\^$]|(?<=[}*+?])\+)"
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


def masked_once(text: str, looked_for: Sequence[_Kind] = _PATTERNS, *, numbers: bool = True) -> str:
    """A text with what is found in it as it stands replaced by labels; labels may make room for more."""
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
