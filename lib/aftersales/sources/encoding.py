"""Which encoding a text file was written in: by its mark, its bytes, its header; asked for where that leaves doubt.

UTF-8 says of itself whether it is. Of the others, the one under which the header holds known words is right; under a
plain English header the cells decide, and where two encodings give readings that are about as likely, nobody guesses.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from aftersales.words.errors import DataError

SAMPLE_BYTES = 1 << 18  # enough for the header and for the cells that tell
MOST_BROKEN = 0.02  # of the characters beyond ASCII; with more of them it is another encoding, not a damaged file
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"), (b"\x84\x31\x95\x33", "gb18030"),
)  # fmt: skip
# What sellers' tools write beside UTF-8 and UTF-16: Windows and DOS of the markets, old Macs, Unix in Japan and Russia.
ENCODINGS = (
    "gb18030", "big5hkscs", "cp932", "euc-jp", "cp949", "cp1252", "iso8859-15", "cp1250", "cp1251", "cp1253", "cp1254",
    "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "koi8-r", "mac-roman", "mac-latin2", "cp437", "cp850", "cp852",
    "cp866",
)  # fmt: skip
_RARE = 0.75  # what a reading as an old Mac's or DOS's text is worth beside a Windows one: few programs write it today
_CELLS = 400  # more say no more
# A reading that scores so much of the best one's is about as likely.
_ABOUT_AS_LIKELY, _WITH_FEW_LETTERS, _ENOUGH_LETTERS = 0.85, 0.6, 12
_HARMLESS = re.compile(rb"product|item|title|sku|status|category|city|state|country|article|artikel", re.I)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_BETWEEN_CELLS = re.compile(rb"[,;\t\r\n\"]+")


@dataclass(frozen=True)
class Text:
    """A delimited text file: its encoding, the bytes that the mark at its beginning takes, whether this was guessed."""

    encoding: str
    skip: int
    guessed: bool = False


def text_encoding(content: bytes, *, file: str, stated: Sequence[str] = (), fits: Callable[[str, str], bool]) -> Text:
    """The encoding of a text file.

    Parameters
    ----------
    content
        The file.
    file
        Its name, for what is said of it.
    stated
        Encodings that layouts state, tried before any guess.
    fits
        Whether a known header stands in the text that a sample gives under an encoding; the encoding is passed as well.

    Raises
    ------
    DataError
        Two encodings are about as likely and read the cells differently.

    """
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return Text(encoding, len(bom))
    head = content[:SAMPLE_BYTES]
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if zeros.count(0) > len(head) // 8 and b"\n" in head:
            return Text(encoding, 0)
    sample = _telling(content)
    if not sample or _is_utf8(sample):
        return Text("utf-8", 0)
    for encoding in stated:
        if broken_share(sample, encoding) <= MOST_BROKEN and fits(decoded_sample(head, encoding), encoding):
            return Text(encoding, 0)
    for encoding in ("gb18030", "big5hkscs", "cp932", "cp949"):
        if broken_share(sample, encoding) <= MOST_BROKEN and fits(decoded_sample(head, encoding), ""):
            return Text(encoding, 0)
    return Text(_likeliest(sample, file=file), 0, guessed=True)


def broken_share(sample: bytes, encoding: str) -> float:
    """How many of the characters beyond ASCII are none in the encoding.

    >>> broken_share("café, né".encode("cp1252"), "gb18030"), broken_share("纸箱".encode("gb18030"), "gb18030")
    (1.0, 0.0)
    """
    text = decoded_sample(sample, encoding)
    beyond = sum(map(len, re.findall(r"[^\x00-\x7f]+", text)))
    return (text.count("\ufffd") + len(re.findall(r"[\x80-\x9f]", text))) / beyond if beyond else 0.0


def decoded_sample(sample: bytes, encoding: str) -> str:
    """A sample as text; a character cut off at its end is left out."""
    return codecs.getincrementaldecoder(encoding)("replace").decode(sample)


def _telling(content: bytes) -> bytes:
    """Lines that hold bytes beyond ASCII, from the beginning or from where the first such byte stands."""
    head = content[:SAMPLE_BYTES]
    if head.isascii():
        if content.isascii():
            return b""
        found = _BEYOND_ASCII.search(content)
        start = content.rfind(b"\n", 0, found.start()) + 1 if found else 0
        head = content[start : start + SAMPLE_BYTES]
    return head


def _is_utf8(sample: bytes) -> bool:
    """Whether the sample is UTF-8, but for a few broken bytes."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return broken_share(sample, "utf-8") < 10 * MOST_BROKEN
    return True


def _likeliest(sample: bytes, *, file: str) -> str:
    """The encoding under which the cells read best."""
    import chardet  # a few files in a thousand need it, and it takes a tenth of a second to import

    cells = b"\n".join(_cells(sample))
    found = chardet.detect_all(cells, include_encodings=ENCODINGS)
    names = {
        codecs.lookup(str(one["encoding"])).name: float(one["confidence"] or 0) for one in found if one["encoding"]
    }
    scores: dict[str, float] = {}
    for name, confidence in names.items():
        if broken_share(cells, name) <= MOST_BROKEN:
            scores[name] = confidence * _plausible(decoded_sample(cells, name)) ** 2 * (_RARE if _old(name) else 1.0)
    if not scores:
        raise DataError(
            f"The encoding of {file} cannot be found",
            found="bytes that are no text in any of the known encodings",
            hint="export it again as csv or xlsx; if it is a table of text, save it as UTF-8",
        )
    best = max(scores, key=lambda name: scores[name])
    reading = decoded_sample(cells, best)
    enough = _ABOUT_AS_LIKELY if len(_BEYOND_ASCII.findall(cells)) >= _ENOUGH_LETTERS else _WITH_FEW_LETTERS
    others = [n for n in scores if scores[n] > enough * scores[best] and decoded_sample(cells, n) != reading]
    if others:
        raise _doubtful(file, [best, *others], sample)
    return best


def _old(name: str) -> bool:
    return name.startswith(("mac", "cp4", "cp8"))


def _cells(sample: bytes) -> Iterator[bytes]:
    """Different cells with something beyond ASCII in them."""
    seen = dict.fromkeys(cell for cell in _BETWEEN_CELLS.split(sample) if not cell.isascii())
    return islice(iter(seen), _CELLS)


def _plausible(text: str) -> float:
    """The share of the characters beyond ASCII that stand where such a letter may stand.

    A capital inside a small word, a letter of another script inside a Latin one, a sign between two letters may not.

    >>> _plausible("Köln"), _plausible("kÙln"), _plausible("Kцln"), _plausible("K├╢ln")
    (1.0, 0.0, 0.0, 0.0)
    """
    good = every = 0
    padded = f" {text} "
    for before, letter, after in zip(padded, padded[1:], padded[2:], strict=False):
        if letter < "\x80":
            continue
        every += 1
        kind = unicodedata.category(letter)
        latin = before.isascii() and before.isalpha(), after.isascii() and after.isalpha()
        if kind[0] in "LMN":
            script = unicodedata.name(letter, "?").partition(" ")[0]
            if script in ("CJK", "HANGUL", "HIRAGANA", "KATAKANA", "HALFWIDTH", "FULLWIDTH"):
                good += not all(latin)
            elif script in ("LATIN", "COMBINING"):
                good += not (before.islower() if kind == "Lu" else before.isupper() and after.isupper())
            else:
                good += not any(latin) and not (kind == "Lu" and before.islower())
        else:
            good += kind not in ("Cn", "Co", "Cc", "So") and not (before.isalpha() and after.isalpha())
    return good / every if every else 1.0


def _doubtful(file: str, names: Sequence[str], sample: bytes) -> DataError:
    shown = " or ".join(names[:4])
    example = _example(sample, names[:4])
    return DataError(
        f"The encoding of {file} cannot be told",
        found=f"{shown} are about as likely" + (f": {example}" if example else ""),
        hint=f'state it in its layout, such as encoding = "{names[0]}", or open the file and save it as UTF-8',
    )


def _example(sample: bytes, names: Sequence[str]) -> str:
    """One cell as each encoding reads it, out of a column that holds no person's data."""
    header, *rows = sample.replace(b'"', b"").splitlines()
    delimiter = max((b",", b"\t", b";"), key=header.count)
    harmless = [i for i, title in enumerate(header.split(delimiter)) if _HARMLESS.search(title)]
    for row in rows:
        cells = row.split(delimiter)
        for cell in (cells[i] for i in harmless if i < len(cells) and not cells[i].isascii()):
            return ", ".join(f"'{cell.decode(name, 'replace')[:40]}' as {name}" for name in names)
    return ""
