"""Files that an import left out, kept with why: those that could not be read, and those that are no exports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from aftersales.sources.masking import masked
from aftersales.sources.records import BOOKS
from aftersales.sources.store import Commit, ShopStore
from aftersales.words.errors import AftersalesError
from aftersales.words.language import Language, catalogue, say

State = Literal["unreadable", "not_export", "duplicate", "opened"]


@dataclass(frozen=True)
class LeftOut:
    """One file that is in no table. ``state`` "opened" is an archive whose members were read as files of their own.

    ``why`` is the whole sentence; ``code`` its kind (`reading.left_out` of the catalogue). ``reader`` tells with which
    layouts it was looked at: with others it is looked at again.
    """

    file: str
    state: State
    code: str
    why: str
    sha256: str = ""
    reader: str = ""

    @classmethod
    def of(cls, file: str, error: AftersalesError, *, sha256: str = "", reader: str = "") -> LeftOut:
        """What an error means: a picture or note is no export, anything else could not be read."""
        code = error.code or "other"
        return cls(
            file, "not_export" if code == "not_export" else "unreadable", code, masked(str(error)), sha256, reader
        )


def kept_left_out(store: ShopStore, commit: Commit) -> dict[str, LeftOut]:
    """The files left out at a commit, by name."""
    rows = store.table("left_out", commit).drop("import_id").collect().iter_rows(named=True)
    return {row["file"]: LeftOut(**row) for row in rows}


def keep_left_out(store: ShopStore, before: Mapping[str, LeftOut], now: Mapping[str, LeftOut], import_id: str) -> None:
    """Bring the table from one set of files to the other."""
    fresh = [one for name, one in now.items() if before.get(name) != one]
    gone = [name for name in before if name not in now]
    types = BOOKS["left_out"].types(store.zone)
    rows = pl.DataFrame([vars(one) | {"import_id": import_id} for one in fresh], schema=types)
    store.upsert("left_out", rows, gone=pl.DataFrame({"file": gone}, schema={"file": pl.String}))


def kind_words(code: str, language: Language) -> str:
    """What kind of trouble it is, in the reader's language.

    >>> kind_words("empty", "en")
    'it is empty'
    """
    key = f"reading.left_out.{code}"
    return say(key if key in catalogue() else "reading.left_out.other", language)


def names_shown(files: Iterable[str], language: Language, most: int = 5) -> str:
    """A few names and how many more there are.

    >>> names_shown(["a.png", "b.pdf"], "en")
    'a.png, b.pdf'
    """
    names = list(files)
    shown = ("、" if language == "zh" else ", ").join(names[:most])
    return shown if len(names) <= most else say("reading.and_more", language, names=shown, more=len(names) - most)
