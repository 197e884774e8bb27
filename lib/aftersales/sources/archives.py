"""Archives as they are downloaded: what lies in a zip, tar or gz, as files with names of their own."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from aftersales.words.errors import AftersalesError, DataError

MOST_MEMBERS = 2_000
MOST_PARTS = 20_000  # of a workbook: a picture a row is possible
MOST_DEPTH = 2  # an archive in an archive is opened, one inside that is named
# Exports shrink to a tenth, with much repetition to a twentieth.
SMALL_BYTES, MOST_RATIO, MOST_BYTES = 64 << 20, 25, 4 << 30
BOOK_SMALL_BYTES, BOOK_RATIO = 16 << 20, 100  # sixty thousand equal rows are 13 times as large as their workbook
PASSWORD_HINT = (
    "open it with its password and save it without one: the platform shows the password where the file is downloaded, "
    "or sends it by SMS or mail"
)
_PIECE = 1 << 20
_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, struct.error, EOFError, OSError, ValueError,
    NotImplementedError, IndexError, KeyError, OverflowError, RuntimeError,
)  # fmt: skip
_STREAMS: dict[bytes, tuple[str, Callable[[IO[bytes]], IO[bytes]]]] = {
    b"\x1f\x8b": (".gz", lambda raw: gzip.GzipFile(fileobj=raw)),  # type: ignore[dict-item,return-value]
    b"BZh": (".bz2", bz2.BZ2File),
    b"\xfd7zXZ\x00": (".xz", lzma.LZMAFile),
}
_DOCUMENTS = {"word/": "docx", "ppt/": "pptx", "visio/": "vsdx"}


@dataclass(frozen=True)
class Member:
    """One file of an archive, or why it could not be had: its name in it, its bytes or an error."""

    name: str
    content: bytes | AftersalesError


def may_be_archive(content: bytes) -> bool:
    r"""Whether a file begins like an archive that can be opened (or like a workbook, which is a zip as well).

    >>> may_be_archive(b"PK\x03\x04..."), may_be_archive("订单编号".encode())
    (True, False)
    """
    return is_zip(content) or content.startswith(tuple(_STREAMS)) or content[257:262] == b"ustar"


def is_zip(content: bytes) -> bool:
    """Whether a file begins like a zip archive, as every xlsx workbook does."""
    return content.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"))


def members(content: bytes, file: str) -> list[Member] | None:
    """The files in an archive, in their order; None where it is a workbook. Raises `DataError` for a damaged one.

    >>> packed = io.BytesIO()
    >>> with zipfile.ZipFile(packed, "w") as archive:
    ...     archive.writestr("../十一月/orders.csv", "a,b")
    >>> [(m.name, m.content) for m in members(packed.getvalue(), "in.zip")]
    [('十一月/orders.csv', b'a,b')]
    """
    room = _Room(min(MOST_BYTES, SMALL_BYTES + MOST_RATIO * len(content)))
    try:
        if is_zip(content) and workbook_kind(content, file=file) is not None:
            return None
        found = list(_opened(content, file, room, depth=1))
    except _Full:
        raise DataError(
            f"{file} would unpack to more than an export can hold",
            found=f"more than {room.most / 1e6:,.0f} MB or {MOST_MEMBERS:,} files, packed into {len(content):,} bytes",
            hint="unpack it and import the files inside",
            code="too_large",
        ) from None
    return _with_own_names(found)


def check_workbook(content: bytes, *, file: str) -> None:
    """Refuse a zip that is no xlsx workbook (`DataError`)."""
    kind = workbook_kind(content, file=file)
    if kind is None:
        raise DataError(f"{file} is a packed archive", found="zip", hint="unpack it and import the files inside")


def workbook_kind(content: bytes, *, file: str) -> str | None:
    """``xlsx`` for a workbook, None for another zip. Raises `DataError` for office files that are no xlsx."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = archive.infolist()
    except _BROKEN:
        raise _damaged(file, content) from None
    size = sum(entry.file_size for entry in inside)
    if len(inside) > MOST_PARTS or size > BOOK_SMALL_BYTES + BOOK_RATIO * len(content):
        raise DataError(
            f"{file} would take more than an export can need to be opened",
            found=f"{len(inside):,} parts of {size / 1e6:,.0f} MB, packed into {len(content):,} bytes",
            hint="export a shorter span, or as csv",
            code="too_large",
        )
    names = {entry.filename.replace("\\", "/") for entry in inside}
    if "xl/workbook.bin" in names or "content.xml" in names:
        raise DataError(
            f"{file} is a workbook of another kind than xlsx",
            found="ods" if "content.xml" in names else "xlsb",
            hint="open it in a spreadsheet program and save it as xlsx",
            code="workbook_kind",
        )
    for start, kind in _DOCUMENTS.items():
        if any(name.startswith(start) for name in names):
            raise DataError(f"{file} is a document, not an export file", found=kind, code="not_export")
    if not any(name.startswith("xl/workbook") for name in names):
        return None
    if any(entry.flag_bits & 1 for entry in inside):
        raise locked(file)
    return "xlsx"


def locked(file: str) -> DataError:
    """The error for a file under a password."""
    return DataError(f"{file} is protected by a password", hint=PASSWORD_HINT, code="password")


class _Full(Exception):
    """An archive holds more than it may."""


@dataclass
class _Room:
    """How much may still come out of an archive and those in it."""

    most: int
    size: int = 0
    count: int = 0

    def read(self, stream: IO[bytes]) -> bytes:
        """All of the stream, counted piece by piece whatever its header claims."""
        self.count += 1
        if self.count > MOST_MEMBERS:
            raise _Full
        pieces = []
        while piece := stream.read(_PIECE):
            self.size += len(piece)
            if self.size > self.most:
                raise _Full
            pieces.append(piece)
        return b"".join(pieces)


def _opened(content: bytes, file: str, room: _Room, *, depth: int) -> Iterator[Member]:
    if is_zip(content):
        found = _zipped(content, file, room)
    elif content[257:262] == b"ustar":
        found = _in_tar(content, file, room)
    else:
        found = _streamed(content, file, room)
    for member in found:
        if isinstance(member.content, AftersalesError) or not _is_archive(member.content, member.name):
            yield member
        elif depth >= MOST_DEPTH:
            yield Member(
                member.name,
                DataError(
                    f"{member.name} is an archive in an archive in an archive",
                    found=file,
                    hint="unpack it and import the files inside",
                    code="archive",
                ),
            )
        else:
            try:
                for inner in _opened(member.content, member.name, room, depth=depth + 1):
                    yield Member(f"{member.name}/{inner.name}", inner.content)
            except DataError as error:
                yield Member(member.name, error)


def _is_archive(content: bytes, name: str) -> bool:
    if not may_be_archive(content):
        return False
    try:
        return not is_zip(content) or workbook_kind(content, file=name) is None
    except DataError:
        return False  # whoever reads it says what it is


def _zipped(content: bytes, file: str, room: _Room) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except _BROKEN:
        raise _damaged(file, content) from None
    if len(entries) > MOST_MEMBERS or sum(entry.compress_size for entry in entries) > len(content):
        raise _Full  # parts that lie over each other are a bomb's
    if entries and all(entry.flag_bits & 1 for entry in entries):
        raise locked(file)
    for entry in entries:
        name = _safe_name(_decoded(entry))
        if _of_the_system(name):
            continue
        if entry.flag_bits & 1:
            yield Member(name, locked(f"{file}/{name}"))
            continue
        try:
            with archive.open(entry) as stream:
                yield Member(name, room.read(stream))
        except _BROKEN:
            yield Member(name, _damaged(f"{file}/{name}", content))


def _in_tar(content: bytes, file: str, room: _Room) -> Iterator[Member]:
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for entry in archive:
                name = _safe_name(entry.name)
                stream = archive.extractfile(entry) if entry.isreg() and not _of_the_system(name) else None
                if stream is not None:
                    yield Member(name, room.read(stream))
    except _BROKEN:
        raise _damaged(file, content) from None


def _streamed(content: bytes, file: str, room: _Room) -> Iterator[Member]:
    ending, opened = next(how for magic, how in _STREAMS.items() if content.startswith(magic))
    name = PurePosixPath(file).name
    inner = name[: -len(ending)] if name.lower().endswith(ending) else name
    try:
        yield Member(inner or "file", room.read(opened(io.BytesIO(content))))
    except _BROKEN:
        raise _damaged(file, content) from None


def _decoded(entry: zipfile.ZipInfo) -> str:
    """The name of an entry: old programs write their own encoding under the name of cp437."""
    if entry.flag_bits & 0x800:
        return entry.filename
    raw = entry.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _safe_name(name: str) -> str:
    """A name that leads nowhere outside: no drive, no root, no way up."""
    parts = [p for p in name.replace("\\", "/").split("/") if p not in ("", ".", "..") and not p.endswith(":")]
    return "/".join(parts) or "file"


def _of_the_system(name: str) -> bool:
    """What programs add beside the files of a person."""
    path = PurePosixPath(name)
    return path.parts[0] == "__MACOSX" or path.name.startswith((".", "~$")) or path.name in ("Thumbs.db", "desktop.ini")


def _with_own_names(found: list[Member]) -> list[Member]:
    """Two members of one name are told apart by a number."""
    seen: dict[str, int] = {}
    out = []
    for member in found:
        seen[member.name] = times = seen.get(member.name, 0) + 1
        out.append(member if times == 1 else Member(f"{member.name} ({times})", member.content))
    return out


def _damaged(file: str, content: bytes) -> DataError:
    return DataError(
        f"{file} is cut off or damaged",
        found=f"{len(content):,} bytes that begin like an archive or a workbook",
        hint="download it again",
        code="damaged",
    )
