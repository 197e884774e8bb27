"""Which reports, mails, dossiers and hand-outs quote somebody: every file that was made, with what is packed in it."""

from __future__ import annotations

import email
import email.policy
import html
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

import polars as pl

from aftersales.sources.places import Folder

# A quotation may be cut or wrapped, so words are looked for in pieces; shorter ones are everybody's.
_PIECE, _SHORTEST = 10, 8
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".woff2", ".mp4")
_LARGEST = 1 << 28
_CODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_BETWEEN = re.compile(r"<[^<>]{0,2000}>|[\s\u200b-\u200f\ufeff\\]+")


def pieces(texts: Iterable[str]) -> set[str]:
    """Somebody's words as pieces that tell them from others' words, in the spelling in which files are looked through.

    >>> sorted(pieces(["好", "床垫中间塌下去一大块，睡了两晚腰疼"]))
    ['一大块，睡了两晚腰疼', '床垫中间塌下去一大块']
    """
    found: set[str] = set()
    for text in texts:
        bare = _bare(text)
        found |= {bare[at : at + _PIECE] for at in range(0, len(bare), _PIECE) if len(bare) - at >= _PIECE}
        found |= {bare[-_PIECE:]} if len(bare) >= _SHORTEST else set()
    return found


def quotes(name: str, content: bytes, words: Sequence[str]) -> bool:
    """Whether the file holds one of the words: in its text, its cells, its messages, or a file packed into it.

    >>> quotes("page.html", "<p>塌下去<br>一大块</p>".encode(), ["塌下去一大块"])
    True
    """
    return any(word in text for text in _texts(name, content) for word in words)


def quoting(folder: Folder, start: str, words: Sequence[str]) -> list[str]:
    """The files below that begin so and hold one of the words, by relative name."""
    there = folder.remote or folder.local.is_dir()
    return [n for n in (folder.names(start) if there else []) if quotes(n, folder.read(n), words)]


def _bare(text: str) -> str:
    plain = _CODE.sub(lambda m: chr(int(m[1], 16)), text)
    return _BETWEEN.sub("", html.unescape(plain))


def _texts(name: str, content: bytes) -> Iterator[str]:
    suffix = PurePosixPath(name).suffix.lower()
    yield _bare(PurePosixPath(name).name)
    if suffix in _PICTURES:
        return
    if suffix == ".parquet":
        frame = pl.read_parquet(io.BytesIO(content))
        yield _bare("\n".join(str(s.to_list()) for s in frame.iter_columns() if s.dtype not in (pl.Float64, pl.Int64)))
    elif suffix == ".zip" or content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if entry.file_size <= _LARGEST:
                    yield from _texts(entry.filename, archive.read(entry))
    elif suffix == ".eml":
        message = email.message_from_bytes(content, policy=email.policy.default)
        yield _bare("\n".join(str(value) for value in message.values()))
        for part in message.walk():
            body = part.get_payload(decode=True)
            if isinstance(body, bytes):
                yield from _texts(part.get_filename() or "part.txt", body)
    else:
        yield _bare(content.decode("utf-8", "replace"))
