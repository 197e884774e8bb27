"""Results computed once: kept in memory by the object, and on disk by store version, week, code and configuration."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable
from functools import cache, cached_property, partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import polars as pl

_DIGEST_BYTES = 32
KEPT_STATES = 4  # older states of a shop's results are removed: they can be computed again
SWITCH = "AFTERSALES_KEEP_RESULTS"  # set to 0 to compute everything anew


class Keeper(Protocol):
    """An object whose results may be kept on disk."""

    @property
    def results_folder(self) -> Path | None:
        """Where they lie; None keeps them in memory only."""
        ...


class plain_property(cached_property):
    """A property computed once; of a shop's week with parameters of its own (`ShopWeek.varied`) it is the plain week's.

    ``options`` names the parameters that it depends on all the same; with ``whole`` it is that of the whole shop, also
    in a part of it (`ShopWeek.part`).
    """

    def __init__(self, compute: Callable[[Any], Any], *, options: tuple[str, ...] = (), whole: bool = False) -> None:
        self.compute, self.options, self.whole = compute, options, whole
        super().__init__(self._found)
        self.__doc__ = compute.__doc__

    def _found(self, owner: Any) -> Any:
        other = owner.only(self.options, whole=self.whole) if hasattr(owner, "only") else owner
        return self.computed(owner) if other is owner else getattr(other, self.compute.__name__)

    def computed(self, owner: Any) -> Any:
        """What it is of this very owner."""
        return self.compute(owner)


class cached_frame(plain_property):
    """A property that is computed once and is a polars frame, kept on disk as parquet as well."""

    def computed(self, owner: Any) -> pl.DataFrame:
        """The frame as it is kept, or computed and kept now."""
        return _kept(owner, self.compute)


def chosen_frame(*options: str) -> Callable[[Callable[[Any], pl.DataFrame]], cached_frame]:
    """A kept frame that the named parameters (`Options`) change."""
    return partial(cached_frame, options=options)


def whole_frame(compute: Callable[[Any], pl.DataFrame]) -> cached_frame:
    """A kept frame that is of the whole shop, also in a part of it."""
    return cached_frame(compute, whole=True)


def _kept(owner: Keeper, compute: Callable[[Any], pl.DataFrame]) -> pl.DataFrame:
    folder = _folder_of(owner)
    if folder is None:
        return compute(owner)
    file = folder / f"{compute.__name__}.kept"
    if (content := _whole(file)) is not None:
        try:
            return pl.read_parquet(io.BytesIO(content))
        except (pl.exceptions.PolarsError, OSError):
            file.unlink(missing_ok=True)
    frame = compute(owner)
    written = io.BytesIO()
    frame.write_parquet(written, compression="zstd")
    _put(file, written.getvalue())
    return frame


def cached_bytes(owner: Keeper, name: str, compute: Callable[[], bytes]) -> bytes:
    """What ``compute`` gives, kept on disk under that name beside the other results; the name tells what it is of."""
    folder = _folder_of(owner)
    if folder is None:
        return compute()
    file = folder / name
    if (content := _whole(file)) is None:
        content = compute()
        _put(file, content)
    return content


def _folder_of(owner: Keeper) -> Path | None:
    return None if os.environ.get(SWITCH) == "0" else owner.results_folder


def _whole(file: Path) -> bytes | None:
    """What was written, without the digest at its end; None where it is not there, or is not what was written."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    made, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    return made if digest == _digest(made, file) else None


def _digest(content: bytes, file: Path) -> bytes:
    """Of a content and what it is of, so that another result's file, or another state's, is not taken for it."""
    return hashlib.sha256(f"{file.parent.name}/{file.name}\n".encode() + content).digest()


def _put(file: Path, content: bytes) -> None:
    """Write a file and its digest, whole or not at all; a full or read-only disk costs the saving, not the result."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(content + _digest(content, file))
        part.replace(file)
        _forget_old(file.parent)
    except OSError:
        pass


def _forget_old(folder: Path) -> None:
    states = sorted((d for d in folder.parent.iterdir() if d.is_dir()), key=lambda d: d.stat().st_mtime, reverse=True)
    for old in states[KEPT_STATES:]:
        shutil.rmtree(old, ignore_errors=True)


@cache
def code_version() -> str:
    """A short hash of the library's own code: results of other code are not reused."""
    digest = hashlib.blake2b(digest_size=6)
    package = Path(str(files("aftersales")))
    for file in sorted([*package.rglob("*.py"), *package.rglob("*.toml")]):
        if "demo" not in file.parts:
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
