"""HTML and JSON that cannot be broken out of: product titles and buyers' words are hostile until escaped."""

from __future__ import annotations

import hashlib
import html
import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from aftersales.words.errors import UsageError
from aftersales.words.language import Language

LANG = {"zh": "zh-CN", "en": "en"}
_DIGITS = 6  # a screen shows three; six keep neighbouring points apart and a page small
# Characters that reorder or hide text (Unicode bidi controls, zero width) and other control characters.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def escaped(text: Any) -> str:
    r"""Text safe in HTML, in an element or between the quotes of an attribute; invisible controls are dropped.

    >>> escaped('<b onclick="x">&\u202e')
    '&lt;b onclick=&quot;x&quot;&gt;&amp;'
    """
    return html.escape(_UNSEEN.sub("", str(text)), quote=True)


def anchor(kind: str, name: str) -> str:
    """An id for the place of one thing on a page: the same every week, whatever its rank.

    >>> anchor("product", "616842003"), anchor("product", "A 1/红")
    ('product-616842003', 'product-a-1-4407f0')
    """
    plain = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
    told = [kind, plain, "" if plain == name else hashlib.blake2b(name.encode(), digest_size=3).hexdigest()]
    return "-".join(part for part in told if part)


def plot_text(text: Any, *, most: int | None = None) -> str:
    """Text for a plotly label, where markup would be obeyed; cut with an ellipsis after ``most`` characters.

    >>> plot_text("<b>Pillow", most=5)
    '&lt;b&gt;P…'
    """
    clean = _UNSEEN.sub("", str(text))
    if most is not None and len(clean) > most:
        clean = clean[: most - 1] + "…"
    return html.escape(clean, quote=False)


def plot_lines(text: str, language: Language, *, limit: int) -> list[str]:
    """Text broken into lines of at most ``limit`` characters for a plotly label, which does not wrap by itself.

    >>> plot_lines("where it would lie", "en", limit=10), plot_lines("什么都不做时", "zh", limit=4)
    (['where it', 'would lie'], ['什么都不', '做时'])
    """
    lines: list[str] = []
    glue = " " if language == "en" else ""
    for piece in text.split(" ") if glue else text:
        longer = f"{lines[-1]}{glue}{piece}" if lines else piece
        if lines and len(longer) <= limit:
            lines[-1] = longer
        elif piece:
            lines.append(piece)
    return [plot_text(line) for line in lines]


def plain(value: Any) -> Any:
    """A value as bare JSON types: six significant digits, no NaN, dates written out, no binary arrays."""
    if isinstance(value, pl.Series):
        value = value.to_list()
    elif hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float | Decimal):
        return _short(float(value))
    return value if isinstance(value, bool | int | str) or value is None else str(value)


def _short(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def script_json(value: Any) -> str:
    r"""JSON that may stand inside a script element: sorted, compact, ``<``, ``>`` and ``&`` as escapes.

    >>> script_json({"b": "</script>", "a": 1 / 3})
    '{"a":0.333333,"b":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def checked_id(name: str) -> str:
    """The id, if it can stand in HTML, a link and a file name."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise UsageError(
            "An id is made of lower-case letters, digits and hyphens and begins with a letter", found=repr(name)
        )
    return name


def lang_of(language: Language) -> str:
    """The language tag of the page or block.

    >>> lang_of("zh")
    'zh-CN'
    """
    return LANG[language]
