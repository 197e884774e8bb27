"""Text that goes into headers and templates: one line, no control characters, never too long."""

from __future__ import annotations

import unicodedata

LONGEST_SUBJECT = 150  # characters; phones show forty to eighty, and nobody reads a longer one


def one_line(text: str, *, longest: int = LONGEST_SUBJECT) -> str:
    r"""The text on one line without control, format and surrogate characters, cut with an ellipsis where too long.

    A shop's name with a line break in it must not become a header of its own.

    >>> one_line("Shop\r\nBcc: a@b.c"), one_line("abcdef", longest=4)
    ('Shop Bcc: a@b.c', 'abc…')
    """
    spaced = "".join(" " if c.isspace() or unicodedata.category(c) in ("Zl", "Zp", "Cc") else c for c in text)
    clean = " ".join("".join(c for c in spaced if unicodedata.category(c)[0] != "C").split())
    return clean if len(clean) <= longest else clean[: longest - 1].rstrip() + "…"
