"""What is worth knowing about how a file was read, kept as a code with its values and told in the reader's language."""

from __future__ import annotations

import json

import polars as pl

from aftersales.words.language import Language, say

# Notes that tell how a file was understood. Every other note warns: it names what a figure may be wrong by.
INFORMS = (
    "no_quoting", "encoding", "line_ends", "removed_signs", "unused_sheet", "hidden_columns", "merged_cells",
    "decimal_comma", "day_first", "month_first", "made_id", "summed", "no_lines", "lines_of_orders", "money_per_line",
    "money_per_order", "copies", "lacking", "empty", "no_rows",
)  # fmt: skip


def note(key: str, **values: object) -> str:
    """A note as it is kept: one line of JSON. Its sentence stands in the catalogue as ``reading.note.<key>``.

    >>> note("hidden_sheet", sheet="test", rows=60)
    '{"note": "hidden_sheet", "sheet": "test", "rows": 60}'
    """
    return json.dumps({"note": key, **values}, ensure_ascii=False)


def note_words(kept: str, language: Language) -> str:
    """The sentence of a note; a text that is no code stands as it is.

    >>> note_words(note("hidden_columns", columns=2, example="备注"), "en")
    '2 hidden columns were read as well, such as 备注'
    >>> note_words("no data rows under the header", "zh")
    'no data rows under the header'
    """
    if _code(kept) is None:
        return kept
    values = json.loads(kept)
    return say(f"reading.note.{values.pop('note')}", language, **values)


def warns(kept: str) -> bool:
    """Whether a note names what a figure may be wrong by.

    >>> warns(note("no_quoting")), warns(note("refund_disagrees", rows=3, example="77"))
    (False, True)
    """
    return _code(kept) not in INFORMS


def _code(kept: str) -> str | None:
    """The code of a note; None for a text that is no code."""
    return json.loads(kept)["note"] if kept.startswith('{"note": ') else None


def note_lines(files: pl.DataFrame, language: Language, *, most: int, lacks: bool = False) -> list[str]:
    """A line for each note of the files (columns file, notes) that warns, at most so many and how many more there are.

    With ``lacks`` columns that are not there or empty are told too.

    >>> files = pl.DataFrame({"file": ["a.csv"], "notes": [note("made_id") + chr(10) + "2 cells could not be read"]})
    >>> note_lines(files, "en", most=5)
    ['a.csv: 2 cells could not be read']
    """
    found = []
    for file, notes in files.sort("file").select("file", "notes").drop_nulls().iter_rows():
        found += [
            f"{file}: {note_words(kept, language)}"
            for kept in notes.split("\n")
            if warns(kept) or (lacks and _code(kept) in ("lacking", "empty"))
        ]
    more = len(found) - most
    return found if more <= 0 else [*found[:most], say("reading.more_notes", language, more=more)]
