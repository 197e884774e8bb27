"""Text from outside as plain text: one line, nothing unseen, no cell that a spreadsheet would run, no odd JSON."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

# A spreadsheet takes a cell that begins with one of these for a formula, also behind blanks; some take their full-width
# forms as well. Source: OWASP, "CSV Injection".
_FORMULA_SIGNS = frozenset("=+-@−|%\t\r\n")
_NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?%?|[+-]?\d+(?:\.\d+)?[eE][+-]?\d+")
# A spreadsheet keeps fifteen digits of a number, drops zeros before it, and takes 1e5 for a hundred thousand.
_NAME_OF_DIGITS = re.compile(r"[+-]?\d{16,}(?:\.\d+)?|0\d+|\d+[eE]\d+")


def one_line(text: str, *, longest: int = 150) -> str:
    r"""The text on one line without control, format and surrogate characters, cut with an ellipsis where too long.

    A shop's name with a line break in it must not become a header of its own.

    >>> one_line("Shop\r\nBcc: a@b.c"), one_line("abcdef", longest=4)
    ('Shop Bcc: a@b.c', 'abc…')
    """
    # of a pasted megabyte only the beginning can be shown
    text = text[: 8 * longest]
    spaced = "".join(" " if c.isspace() or unicodedata.category(c) in ("Zl", "Zp", "Cc") else c for c in text)
    clean = " ".join("".join(c for c in spaced if unicodedata.category(c)[0] != "C").split())
    return clean if len(clean) <= longest else clean[: longest - 1].rstrip() + "…"


def json_object(content: bytes | str) -> dict[str, Any]:
    """The object that a file of our own holds; empty where it holds none, whatever became of the file.

    Whoever reads it looks at the type of each value: a file that somebody edited is well-formed and may still be wrong.

    >>> json_object(b'{"status": "ok"}'), json_object("[1]"), json_object(b"null"), json_object("[" * 100_000)
    ({'status': 'ok'}, {}, {}, {})
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def begins_formula(text: str) -> bool:
    r"""Whether a spreadsheet may take the text for a formula or command; a plain number is none.

    >>> begins_formula("=1+1"), begins_formula(" ＝1+1"), begins_formula("-5+cmd|' /C'!A0")
    (True, True, True)
    >>> begins_formula("-5.20"), begins_formula("收到=好"), begins_formula("")
    (False, False, False)
    """
    bare = "".join(c for c in text[:64] if unicodedata.category(c)[0] != "C" or c in "\t\r\n")
    first = unicodedata.normalize("NFKC", bare.lstrip()[:1])
    risky = bool(bare) and (first in _FORMULA_SIGNS or bare[0] in "\t\r\n")
    return risky and not _NUMBER.fullmatch(text.strip())


def table_cell(value: object) -> object:
    r"""A value as a cell of any table that is handed out: a text cannot run, a number that names keeps its digits.

    Numbers, dates and truths stay what they are, where a spreadsheet keeps them.

    >>> table_cell("=1+1"), table_cell("3252490880209298352"), table_cell("-5.20"), table_cell(3), table_cell("a\x07b")
    ("'=1+1", '#3252490880209298352', '-5.20', 3, 'ab')
    >>> table_cell("0012345"), table_cell("1e5"), table_cell(3252490880209298352)
    ('#0012345', '#1e5', '#3252490880209298352')
    """
    if isinstance(value, int) and abs(value) >= 10**15:
        value = str(value)
    if not isinstance(value, str):
        return value
    clean = "".join(c for c in value if c in "\n\t" or unicodedata.category(c)[0] != "C").strip()
    if _NAME_OF_DIGITS.fullmatch(clean):
        return number_cell(clean)
    return "'" + clean if begins_formula(value) else clean


def safe_cell(text: str, *, longest: int = 2_000) -> str:
    r"""The text as a cell of a table that opens in a spreadsheet: on one line, and never taken for a formula.

    What would begin a formula gets an apostrophe before it. Semicolons are written full-width, so that no part of the
    text becomes a cell of its own where the spreadsheet cuts at semicolons.

    >>> safe_cell("=cmd|' /C calc'!A0"), safe_cell("\t@SUM(1)"), safe_cell("收到;=1+1")
    ("'=cmd|' /C calc'!A0", "'@SUM(1)", '收到；=1+1')
    """
    clean = one_line(text, longest=longest).replace(";", "；")
    return "'" + clean if begins_formula(clean) else clean


def number_cell(number: str) -> str:
    """An order's or case's number as a cell: a mark before it keeps spreadsheets from rounding its last digits away.

    >>> number_cell("3252490880209298352")
    '#3252490880209298352'
    """
    clean = one_line(number, longest=80).replace(";", "；")
    return "#" + clean if clean else ""
