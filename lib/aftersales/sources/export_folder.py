"""What lies in a shop's exports folder, whatever it is: each by a name that can be shown, with a way to read it."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import psutil

from aftersales.sources.identity import installation_key
from aftersales.sources.masking import masked_name
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.storage import Folder
from aftersales.words.errors import DataError, SetupError

# What an export may be, and archives of them; 7z and the like are opened as far as saying what they are.
EXPORTS = (".csv", ".xlsx", ".xls", ".txt", ".tsv", ".xlsm")
ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".rar", ".7z", ".zst")
EVIDENCE_FOLDER = "evidence"  # the shop's evidence files lie there; they are not exports
# A file is held in memory while it is read; the largest export seen has 1.4 GB.
MOST_BYTES = min(4 << 30, psutil.virtual_memory().total // 4)
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@dataclass(frozen=True)
class Found:
    """One file: how its bytes are had (which may raise `DataError`), and whether its name is an export's."""

    load: Callable[[], bytes]
    is_export: bool = True


def found_files(settings: Settings, shop: Shop) -> dict[str, Found]:
    """Every file in the shop's exports folder by relative name: what an import without names looks at.

    Hidden files, the evidence folder, and store and reports where they lie inside are left out.
    """
    folder, key = Folder(settings.place(shop.exports)), installation_key(settings.store_path)
    if folder.remote:
        entries = [(name, partial(folder.read, name)) for name in folder.names()]
    else:
        if not folder.local.is_dir():
            raise SetupError(f"There is no folder {folder.local}", hint="put the shop's export files there")
        own = {Path(p).absolute() for p in (settings.store_path, settings.reports_path) if "://" not in p}
        below = ((p, str(p.relative_to(folder.local))) for p in _below(folder.local, own))
        entries = [(raw, partial(read_file, path, shown_name(raw, key=key))) for path, raw in below]
    found: dict[str, Found] = {}
    for raw, load in sorted(entries, key=lambda entry: entry[0]):
        parts = PurePosixPath(raw).parts
        if EVIDENCE_FOLDER in parts[:-1] or any(part.startswith((".", "~$")) for part in parts):
            continue
        name = shown_name(raw, key=key)
        found[name if name not in found else f"{name} ({len(found)})"] = Found(
            load, raw.lower().endswith(EXPORTS + ARCHIVES)
        )
    return found


def given_files(files: Sequence[str], settings: Settings, shop: Shop) -> dict[str, Found]:
    """Files given by name: one in the exports folder by its name there, others by what tells them apart."""
    folder, key = Folder(settings.place(shop.exports)), installation_key(settings.store_path)
    paths = [Path(f).absolute() for f in files]
    found: dict[str, Found] = {}
    for path in dict.fromkeys(paths):
        inside = not folder.remote and path.is_relative_to(folder.local.absolute())
        same = [p for p in set(paths) if p.name == path.name]
        parts = len(path.relative_to(folder.local.absolute()).parts) if inside else 1
        while not inside and len(same) > 1 and len({p.parts[-parts:] for p in same}) < len(same):
            parts += 1
        name = shown_name("/".join(path.parts[-parts:]), key=key)
        found[name] = Found(partial(read_file, path, name))
    return found


def read_file(path: Path, name: str) -> bytes:
    """The bytes of a regular file, whole and as they were at one moment; `DataError` for anything else."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        if path.is_symlink():
            raise DataError(
                f"{name} is a link to a file that is not there", hint="correct or remove the link", code="special"
            ) from None
        raise DataError(f"There is no file {name}", hint="check its name and folder", code="gone") from None
    except PermissionError:
        raise DataError(
            f"The file {name} may not be read", found="no permission", hint="allow reading it", code="no_permission"
        ) from None
    except (OSError, ValueError) as error:
        found = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"The file {name} cannot be read", found=found, code="special") from None
    before = os.fstat(file)
    if stat.S_ISDIR(before.st_mode):  # Python opens none as a file
        os.close(file)
        raise DataError(f"{name} is a folder, not a file", code="special")
    with os.fdopen(file, "rb") as opened:
        if not stat.S_ISREG(before.st_mode):
            raise DataError(f"{name} is a pipe, socket or device, not a file", code="special")
        if before.st_size > MOST_BYTES:
            raise DataError(
                f"{name} is larger than an export can be",
                found=f"{before.st_size:,} bytes",
                hint="export shorter spans",
                code="too_large",
            )
        try:
            content = opened.read(MOST_BYTES + 1)
        except OSError as error:
            raise DataError(f"The file {name} cannot be read", found=error.strerror, code="special") from None
        after = os.fstat(opened.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise DataError(
            f"{name} changed while it was read", hint="import it again once it is complete", code="changing"
        )
    return content


def shown_name(name: str, *, key: bytes) -> str:
    r"""A file's name as it may be stored and shown: decoded, unseen characters escaped, nobody named in it.

    >>> names = ("订单.csv", "a\nb.csv", os.fsdecode("订单.csv".encode("gb18030")))
    >>> tuple(shown_name(name, key=b"k") for name in names)
    ('订单.csv', 'a\\nb.csv', '订单.csv')
    """
    if any("\udc80" <= c <= "\udcff" for c in name):
        raw = os.fsencode(name)
        try:
            name = raw.decode("gb18030")
        except UnicodeDecodeError:
            name = raw.decode("utf-8", "backslashreplace")
    unseen = (unicodedata.category(c) in _UNSEEN for c in name)
    return masked_name("".join(repr(c)[1:-1] if odd else c for c, odd in zip(name, unseen, strict=True)), key=key)


def _below(folder: Path, own: set[Path]) -> Iterator[Path]:
    """Everything below a folder but folders themselves; links to folders are followed, each folder is seen once."""
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        at = waiting.pop()
        try:
            status = at.stat()
            if (status.st_dev, status.st_ino) in seen or at.absolute() in own:
                continue
            seen.add((status.st_dev, status.st_ino))
            entries = list(at.iterdir())
        except OSError:
            yield at  # it is named as what cannot be read
            continue
        for entry in entries:
            try:
                is_folder = stat.S_ISDIR(entry.stat().st_mode)
            except OSError:
                is_folder = False
            if is_folder:
                waiting.append(entry)
            else:
                yield entry
