"""`aftersales verify`: is a dossier byte for byte what was written, and if not, what is different."""

from __future__ import annotations

import hashlib
import json
import stat
import struct
import zipfile
import zlib
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import IO, Any

from aftersales.words.errors import DataError, UsageError
from aftersales.words.language import Language, say
from aftersales_app.cases.bundle import (
    END,
    FORMAT,
    MANIFEST,
    digest_of,
    directory_of,
    entry_of,
    manifest_text,
    sha256_of,
)

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
    OSError,
    ValueError,
    struct.error,
)
# Far beyond any dossier; an archive that claims more is not looked into.
MOST_FILES, MOST_DIRECTORY, MOST_MANIFEST = 5_000, 4 << 20, 8 << 20
_LONGEST_COMMENT = 0xFFFF
_CHUNK = 1 << 20


def verified(dossier: Path, *, language: Language = "zh") -> tuple[list[str], bool]:
    """Sentences, one a thing that is not as the manifest has it (or one that says all is), and whether all is.

    A dossier is packed without compression and without anything of its own, so that its manifest tells each byte of it;
    no more is ever read than it has bytes. Raises `UsageError` where there is no such file or it is no dossier,
    `DataError` where its manifest itself is damaged or was changed: nothing can be said of the files then.
    """
    if dossier.exists() and not dossier.is_file():  # a pipe or device may never end
        raise UsageError(f"The file {dossier} cannot be read", found="no regular file")
    try:
        with dossier.open("rb") as file:
            size = file.seek(0, 2)
            _bounded(file, size, dossier)
            with _archive(file, dossier) as archive:
                told, raw = _manifest(archive, dossier)
                lines = _differences(archive, told, size, language)
            if not lines and not _as_written(file, size, told, raw):
                lines = [say("dossier.file.form", language, dossier=dossier.name)]
    except FileNotFoundError:
        raise UsageError(f"There is no file {dossier}", hint="give the path of a dossier's zip") from None
    except OSError as error:
        raise UsageError(f"The file {dossier} cannot be read", found=error.strerror) from None
    if lines:
        return lines, False
    files, digest = len(told["files"]), sha256_of(raw)
    return [say("dossier.file.verified", language, dossier=dossier.name, files=files, digest=digest)], True


def _no_dossier(dossier: Path) -> UsageError:
    return UsageError(
        f"{dossier.name} is no dossier, or not the whole of one",
        found="no readable zip archive",
        hint="give the zip that `aftersales case` wrote, as it was written",
    )


def _bounded(file: IO[bytes], size: int, dossier: Path) -> None:
    """Refuse an archive whose list of files is longer than a dossier's, before anything reads that list."""
    tail_size = min(size, END.size + _LONGEST_COMMENT)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + END.size > len(tail):
        raise _no_dossier(dossier)
    *_, entries, directory, _, _ = END.unpack_from(tail, at)
    # 0xFFFF and 0xFFFFFFFF send the reader to a longer record (zip64), which no dossier has
    if entries > MOST_FILES or directory > MOST_DIRECTORY or b"PK\x06\x07" in tail[max(0, at - 20) : at]:
        raise UsageError(
            f"{dossier.name} is no dossier",
            found=f"an archive that claims {entries} files and a list of {directory} bytes",
            hint="give the zip that `aftersales case` wrote, as it was written",
        )


def _archive(file: IO[bytes], dossier: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except _BROKEN:
        raise _no_dossier(dossier) from None


def _manifest(archive: zipfile.ZipFile, dossier: Path) -> tuple[dict[str, Any], bytes]:
    if MANIFEST not in archive.namelist():
        raise UsageError(f"{dossier.name} is no dossier", found=f"a zip archive without {MANIFEST}")
    damaged = DataError(
        f"The manifest of {dossier.name} is damaged or was changed, so nothing can be said of its files",
        found=f"{MANIFEST} does not agree with its own digest",
        hint="use another copy, or write the dossier again from the export files",
    )
    try:
        with archive.open(MANIFEST) as stream:
            raw = stream.read(MOST_MANIFEST + 1)
    except _BROKEN:
        raise damaged from None
    try:
        told = json.loads(raw) if len(raw) <= MOST_MANIFEST else None
    except (ValueError, RecursionError):
        raise damaged from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        found = str(told.get("format"))[:40] if isinstance(told, dict) else "none"
        raise UsageError(f"{dossier.name} is no dossier of this program", found=f"format {found}")
    if not _well_formed(told.get("files")) or told.get("digest") != digest_of(told) or raw != manifest_text(told):
        raise damaged
    return told, raw


def _well_formed(listed: Any) -> bool:
    """Whether a manifest's list is one that was written: each file once, by a name that stays inside, in order."""
    if not isinstance(listed, list) or len(listed) > MOST_FILES or not all(isinstance(f, dict) for f in listed):
        return False
    names = [f.get("name") for f in listed]
    return all(
        isinstance(f.get("name"), str)
        and isinstance(f.get("sha256"), str)
        and type(f.get("bytes")) is int
        and f["bytes"] >= 0
        and _stays_inside(f["name"])
        and f["name"] != MANIFEST
        for f in listed
    ) and names == sorted(set(names))


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not (path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\x00" in name)


def _differences(archive: zipfile.ZipFile, told: dict[str, Any], size: int, language: Language) -> list[str]:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    lines = [say("dossier.file.twice", language, name=name, n=n) for name, n in sorted(Counter(names).items()) if n > 1]
    spelled = Counter(name.casefold() for name in set(names))
    for entry in entries:
        link = stat.S_ISLNK(entry.external_attr >> 16)
        if link or not _stays_inside(entry.filename) or spelled[entry.filename.casefold()] > 1:
            lines.append(say("dossier.file.unsafe", language, name=entry.filename))
    for file in told["files"]:
        lines += _difference(archive, names, file, size, language)
    known = {f["name"] for f in told["files"]} | {MANIFEST}
    return lines + [say("dossier.file.added", language, name=n) for n in sorted(set(names) - known)]


def _difference(
    archive: zipfile.ZipFile, names: list[str], file: dict[str, Any], size: int, language: Language
) -> list[str]:
    name = file["name"]
    if name not in names:
        return [say("dossier.file.gone", language, name=name)]
    try:
        with archive.open(name) as stream:
            # no more than was packed, and one byte: an archive may claim any size
            _, found, _ = _measured(stream, min(file["bytes"], size) + 1)
    except _BROKEN:
        return [say("dossier.file.broken", language, name=name)]
    if found == file["sha256"]:
        return []
    return [say("dossier.file.changed", language, name=name, expected=file["sha256"][:12], found=found[:12])]


def _measured(stream: IO[bytes], most: int) -> tuple[int, str, int]:
    """Size, SHA-256 and CRC of so many bytes at most, read piece by piece."""
    size, digest, crc = 0, hashlib.sha256(), 0
    while size < most and (part := stream.read(min(most - size, _CHUNK))):
        size += len(part)
        digest.update(part)
        crc = zlib.crc32(part, crc)
    return size, digest.hexdigest(), crc


def _as_written(file: IO[bytes], size: int, told: dict[str, Any], raw: bytes) -> bool:
    """Whether the file is what its manifest makes: every header, every content, the list at the end, nothing else."""
    sizes = {f["name"]: f["bytes"] for f in told["files"]} | {MANIFEST: len(raw)}
    hashes = {f["name"]: f["sha256"] for f in told["files"]} | {MANIFEST: sha256_of(raw)}
    written, offset = [], 0
    for name in sorted(sizes):
        length = len(entry_of(name, 0, 0).FileHeader())
        file.seek(offset + length)
        found, digest, crc = _measured(file, sizes[name])
        entry = entry_of(name, found, crc, offset=offset)
        file.seek(offset)
        if found != sizes[name] or digest != hashes[name] or file.read(length) != entry.FileHeader():
            return False
        written.append(entry)
        offset += length + sizes[name]
    file.seek(offset)
    end = directory_of(written)
    return size == offset + len(end) and file.read(len(end)) == end
