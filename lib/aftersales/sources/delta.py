"""Delta tables in a folder of any name: opened and scanned.

deltalake names a table's files percent-encoded, and polars takes such names literally: only here they are decoded.
"""

from __future__ import annotations

from urllib.parse import unquote

import polars as pl
from deltalake import DeltaTable

from aftersales.sources.storage import plain_http


class _Named(DeltaTable):
    """A table that names its files as the file system and object storage know them."""

    def file_uris(self, *args: object, **kwargs: object) -> list[str]:
        return [unquote(uri) for uri in super().file_uris(*args, **kwargs)]  # type: ignore[arg-type]


def storage_options() -> dict[str, str] | None:
    """What object storage needs beyond the environment."""
    return {"AWS_ALLOW_HTTP": "true"} if plain_http() else None


def open_table(path: str, *, version: int | None = None) -> DeltaTable:
    """The table at a path or URL, at a version (the newest without one)."""
    return _Named(path, version=version, storage_options=storage_options())


def scan_table(path: str, *, version: int | None = None) -> pl.LazyFrame:
    """The rows of the table at a path or URL, lazily."""
    return pl.scan_delta(open_table(path, version=version), storage_options=storage_options())
