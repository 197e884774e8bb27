"""A text file made fit to be cut into lines: NULs dropped, line ends made one, bytes that are no text marked."""

from __future__ import annotations

from dataclasses import replace

from aftersales.sources.encoding import MOST_BROKEN, Text, broken_share
from aftersales.sources.lines import Form, is_whole
from aftersales.sources.notes import note
from aftersales.words.errors import DataError

_LINES_LOOKED_AT = 200


_UNWRITTEN = 64  # NULs in a row at the end: more than any text or workbook ends with


def without_unwritten_end(content: bytes) -> bytes:
    r"""The file without the NULs behind its text: a download that was broken off may have its full length already.

    >>> without_unwritten_end(b"a,b\n1,2" + bytes(100)), without_unwritten_end(b"a\0\n\0")
    (b'a,b\n1,2', b'a\x00\n\x00')
    """
    if not content.endswith(bytes(_UNWRITTEN)) or content.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return content
    written = content.rstrip(b"\0")
    wide = written.count(0) > len(written) // 4  # UTF-16: the last letter's own NUL goes back
    return written + bytes(len(written) % 2) if wide else written


def without_nuls(content: bytes, text: Text) -> tuple[bytes, list[str]]:
    r"""The file without NUL bytes, and a note where there were some.

    >>> without_nuls(b"a,b\n1,\0002\n", Text("utf-8", 0))[0]
    b'a,b\n1,2\n'
    """
    at = -1 if text.encoding.startswith("utf-16") or text.encoding.startswith("utf-32") else content.find(b"\0")
    if at < 0:
        return content, []
    row = content.count(b"\n", 0, at) + 1
    return content.replace(b"\0", b""), [note("removed_signs", places=content.count(b"\0"), signs="NUL", row=row)]


def with_one_line_end(content: bytes, form: Form) -> tuple[bytes, list[str]]:
    r"""The file with ``\n`` for every line end where some rows end with ``\r`` alone, and a note.

    A ``\r`` inside a cell is none: lines that are rows as they stand are left so.

    >>> with_one_line_end(b"1,2\r3,4\r\n5,6\n", Form(b",", 2))[0]
    b'1,2\n3,4\n5,6\n'
    """
    if content.count(b"\r") == content.count(b"\r\n"):
        return content, []
    lone = [line for line in content.replace(b"\r\n", b"\n").split(b"\n") if b"\r" in line][:_LINES_LOOKED_AT]
    if 2 * sum(is_whole(line + b"\n", form) for line in lone) > len(lone):
        return content, []
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), [note("line_ends")]


def with_marks(content: bytes, text: Text, *, file: str) -> tuple[bytes, Text, list[str]]:
    r"""The file as UTF-8, with � for bytes that are no text, and a note that counts them.

    Raises `DataError` where so many are broken that the encoding must be another one.

    >>> with_marks("好,1\n".encode("gb18030") * 99 + b"\xff,2\n", Text("gb18030", 0), file="a.csv")[2]
    ['{"note": "broken_bytes", "places": 1, "encoding": "GB18030", "row": 100}']
    """
    rest = content[text.skip :]
    plain = rest.decode(text.encoding, "replace")
    places, at = plain.count("\ufffd"), plain.find("\ufffd")
    row = plain.count("\n", 0, at) + 1
    if places > 1 and broken_share(rest, text.encoding) > MOST_BROKEN:
        raise DataError(
            f"{file} holds bytes that are no {text.encoding.upper()} text",
            found=f"{places} places, the first in row {row}",
            hint="export it again, or state its encoding in the layout; do not edit it with a program that changes it",
        )
    told = [note("broken_bytes", places=places, encoding=text.encoding.upper(), row=row)]
    return plain.encode(), replace(text, encoding="utf-8", skip=0), told
