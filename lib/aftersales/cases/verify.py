"""`aftersales verify`: are all files of a dossier what they were when it was packed."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

from aftersales.cases.bundle import FORMAT, MANIFEST, digest_of, sha256_of
from aftersales.words.errors import DataError, QuestionError
from aftersales.words.language import Language, say

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError)


def verified(dossier: Path, *, language: Language = "zh") -> tuple[list[str], bool]:
    """Sentences, one a thing that is not as the manifest has it (or one that says all is), and whether all is.

    Raises `QuestionError` where there is no such file or it is no dossier, `DataError` where its manifest itself is
    damaged or was changed: nothing can be said of the files then.
    """
    try:
        content = dossier.read_bytes()
    except FileNotFoundError:
        raise QuestionError(f"There is no file {dossier}", hint="give the path of a dossier's zip") from None
    except OSError as error:
        raise QuestionError(f"The file {dossier} cannot be read", found=error.strerror) from None
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        names = archive.namelist()
    except _BROKEN:
        raise QuestionError(
            f"{dossier.name} is no dossier, or not the whole of one", found="no readable zip archive",
            hint="give the zip that `aftersales case` wrote, as it was written",
        ) from None  # fmt: skip
    with archive:
        told, digest = _manifest(archive, names, dossier)
        lines = [
            say("dossier.file.twice", language, name=name, n=n) for name, n in sorted(Counter(names).items()) if n > 1
        ]
        for file in told["files"]:
            lines += _differences(archive, names, file, language)
        known = {f["name"] for f in told["files"]} | {MANIFEST}
        lines += [say("dossier.file.added", language, name=n) for n in sorted(set(names) - known)]
    if not lines:
        all_well = say("dossier.file.verified", language, dossier=dossier.name, files=len(told["files"]), digest=digest)
        return [all_well], True
    return lines, False


def _manifest(archive: zipfile.ZipFile, names: list[str], dossier: Path) -> tuple[dict[str, Any], str]:
    if MANIFEST not in names:
        raise QuestionError(f"{dossier.name} is no dossier", found=f"a zip archive without {MANIFEST}")
    damaged = DataError(
        f"The manifest of {dossier.name} is damaged or was changed, so nothing can be said of its files",
        found=f"{MANIFEST} does not agree with its own digest",
        hint="use another copy, or write the dossier again from the export files",
    )
    try:
        raw = archive.read(MANIFEST)
        told = json.loads(raw)
    except _BROKEN:
        raise damaged from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise QuestionError(
            f"{dossier.name} is no dossier of this program", found=f"format {str(dict(told).get('format'))[:40]}"
            if isinstance(told, dict) else "another manifest",
        )  # fmt: skip
    if told.get("digest") != digest_of(told) or not _well_formed(told.get("files")):
        raise damaged
    return told, sha256_of(raw)


def _well_formed(listed: Any) -> bool:
    return isinstance(listed, list) and all(
        isinstance(f, dict) and isinstance(f.get("name"), str) and isinstance(f.get("sha256"), str)
        and isinstance(f.get("bytes"), int) for f in listed
    )  # fmt: skip


def _differences(archive: zipfile.ZipFile, names: list[str], file: dict[str, Any], language: Language) -> list[str]:
    name = file["name"]
    if name not in names:
        return [say("dossier.file.gone", language, name=name)]
    try:
        with archive.open(name) as stream:
            # no more than was packed, and one byte: an archive may claim any size
            content = stream.read(file["bytes"] + 1)
    except _BROKEN:
        return [say("dossier.file.broken", language, name=name)]
    found = sha256_of(content)
    if found == file["sha256"]:
        return []
    return [say("dossier.file.changed", language, name=name, expected=file["sha256"][:12], found=found[:12])]
