"""What became of every row of every file: read = taken + merged + set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from aftersales.sources.notes import note_words
from aftersales.sources.quarantine import REASONS
from aftersales.sources.unread_files import LeftOut, names_shown
from aftersales.tables.ledger import Files
from aftersales.words.errors import error_in
from aftersales.words.language import Language, say


@dataclass(frozen=True)
class FileAccount:
    """One file's account. ``error``: why it could not be read at all; ``alarm``: why its rows are held back."""

    file: str
    layout: str = ""
    rows_read: int = 0
    rows_taken: int = 0
    rows_merged: int = 0
    rows_set_aside: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None
    sha256: str = ""
    layouts: str = ""
    error: str | None = None
    alarm: Mapping[Language, str] | None = None

    @property
    def balanced(self) -> bool:
        """Whether nothing was lost."""
        return self.rows_read == self.rows_taken + self.rows_merged + self.rows_set_aside


@dataclass(frozen=True)
class ImportAccount:
    """What one import did, file by file. ``clock_behind``: when the last import was made, where that lies ahead.

    ``others`` are files that are no exports or are there twice.
    """

    shop: str
    import_id: str
    files: tuple[FileAccount, ...]
    commit: int | None
    unchanged: int = 0
    clock_behind: datetime | None = None
    released: tuple[str, ...] = ()
    others: tuple[LeftOut, ...] = ()

    @property
    def failed(self) -> tuple[FileAccount, ...]:
        """The files that could not be read."""
        return tuple(f for f in self.files if f.error)

    def lines(self, language: Language = "en") -> list[str]:
        """The account in plain lines, one a file, with why rows were set aside."""
        said = []
        for f in self.files:
            if f.error:
                said.append(say("reading.not_imported", language, file=f.file, error=error_in(f.error, language)))
                continue
            if f.alarm:
                said.append(f.alarm[language])
            if not f.layout:
                continue
            said.append(
                say(
                    "reading.imported",
                    language,
                    file=f.file,
                    layout=f.layout,
                    read=f.rows_read,
                    taken=f.rows_taken,
                    merged=f.rows_merged,
                    aside=f.rows_set_aside,
                )
            )
            said += [
                "    " + say("reading.aside", language, count=count, reason=reason_words(reason, language))
                for reason, count in f.reasons
            ]
            said += [f"    {note_words(note, language)}" for note in f.notes]
        said += [say("reading.released", language, file=name) for name in self.released]
        for state, key in (("not_export", "not_exports"), ("duplicate", "duplicates")):
            names = [one.file for one in self.others if one.state == state]
            if names:
                said.append(say(f"reading.{key}", language, count=len(names), names=names_shown(names, language)))
        if self.unchanged:
            said.append(say("reading.unchanged", language, count=self.unchanged))
        if not self.files and not self.released:
            said.append(say("reading.nothing_new", language))
        if self.clock_behind:
            said.append(say("reading.clock_behind", language, at=f"{self.clock_behind:%Y-%m-%d %H:%M}"))
        return said


def reason_words(reason: str, language: Language) -> str:
    """Why a row was set aside, in words: a code of our own as its sentence, a layout's own reason as it stands.

    >>> reason_words("a gift, not a sale", "en")
    'a gift, not a sale'
    """
    return say(f"reading.reason.{reason}", language) if reason in REASONS else reason


def files_table(accounts: Sequence[FileAccount], *, import_id: str, zone: str) -> pl.DataFrame:
    """The accounts as rows of the ``files`` table, checked."""
    types = {"first_at": pl.Datetime("us", zone), "last_at": pl.Datetime("us", zone)}
    rows = [
        {
            "file": f.file,
            "sha256": f.sha256,
            "layout": f.layout,
            "rows_read": f.rows_read,
            "rows_taken": f.rows_taken,
            "rows_merged": f.rows_merged,
            "rows_set_aside": f.rows_set_aside,
            "first_at": f.first_at,
            "last_at": f.last_at,
            "import_id": import_id,
            "notes": "\n".join(f.notes) or None,
            "layouts": f.layouts,
        }
        for f in accounts
    ]
    return Files.validate(pl.DataFrame(rows, schema_overrides=types | {"notes": pl.String}), cast=False)
