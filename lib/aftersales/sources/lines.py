"""Records in a slice of delimited text: where each begins, and which lines are none.

A stray quotation mark makes a usual reader swallow line after line without a word. So every line is judged by itself
first: a complete record has the header's number of fields and an even number of quotes. Only a line with an odd number
may go on in the next lines, and only if together they make exactly one record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

NEWLINE = b"\n"
_QUOTED_ON_A_LINE = re.compile(rb'"[^"\n]*"')
_QUOTED = re.compile(rb'"[^"]*"')
LONGEST_CELL_LINES = 200  # a chat message or note never runs over more lines; a stray quote always would
_ENOUGH_TO_TELL = 10  # so many whole rows must show a trailing column empty before rows without it are believed


@dataclass(frozen=True)
class Broken:
    """One line that is no record: its number in the slice (0-based), why, how many fields it has."""

    line: int
    reason: str
    fields: int | None


@dataclass(frozen=True)
class Records:
    """The records of a slice: lines (0-based) where they start and end (exclusive), or None: every line is one.

    ``empty_tail`` counts the last columns that were seen to be empty on every whole row, where that mattered.
    """

    lines: int
    starts: np.ndarray | None = None
    ends: np.ndarray | None = None
    broken: Sequence[Broken] = field(default=())
    empty_tail: int = 0


def records(text: bytes, *, delimiter: bytes, fields: int, cut_off: bool = False, empty_tail: int = 0) -> Records:
    r"""Which lines of the slice make records of so many fields. The slice must end with a line break.

    ``cut_off`` says that the last line had none of its own in the file, so that its last cell may be half a cell.

    >>> found = records(b'1,2\n"a\nb",4\n5\n"6,7\n8,9\n', delimiter=b",", fields=2)
    >>> found.starts.tolist(), found.ends.tolist()
    ([0, 1, 5], [1, 3, 6])
    >>> [(b.line, b.reason) for b in found.broken]
    [(3, 'too_few_fields'), (4, 'broken_quotes')]
    """
    # Only delimiters, quotes and line breaks matter, and lines that agree in these need to be judged only once.
    lines = text.translate(None, _all_but(delimiter)).split(NEWLINE)[:-1]
    whole = delimiter * (fields - 1)
    bare = {shape: _without_quoted(shape) for shape in set(lines)}
    if all(shape == whole for shape in bare.values()):
        return Records(len(lines), empty_tail=empty_tail)
    marks = [bare[line] for line in lines]
    return _sorted_out(text, marks, whole=whole, delimiter=delimiter, cut_off=cut_off, known_tail=empty_tail)


def is_whole(line: bytes, *, delimiter: bytes, fields: int) -> bool:
    """Whether the line is a record by itself."""
    return _without_quoted(line.translate(None, _all_but(delimiter))) == delimiter * (fields - 1) + NEWLINE


def _without_quoted(marks: bytes) -> bytes:
    """The marks outside quotes; one quote is left where their number is odd."""
    return _QUOTED_ON_A_LINE.sub(b"", marks.replace(b'""', b""))


def line_offsets(text: bytes) -> np.ndarray:
    """Where each line begins, and where the text ends."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord(NEWLINE)) + 1
    return np.concatenate([[0], ends])


def only(text: bytes, found: Records, offsets: np.ndarray) -> bytes:
    """The text of the records alone."""
    if found.starts is None or found.ends is None or not len(found.starts):
        return text if found.starts is None else b""
    breaks = np.flatnonzero(found.starts[1:] != found.ends[:-1]) + 1
    firsts = found.starts[np.concatenate([[0], breaks]).astype(int)]
    lasts = found.ends[np.concatenate([breaks - 1, [len(found.ends) - 1]]).astype(int)]
    return b"".join(text[offsets[a] : offsets[b]] for a, b in zip(firsts, lasts, strict=True))


def _all_but(delimiter: bytes) -> bytes:
    return bytes(b for b in range(256) if bytes([b]) not in (delimiter, b'"', NEWLINE))


def _sorted_out(
    text: bytes, marks: list[bytes], *, whole: bytes, delimiter: bytes, cut_off: bool, known_tail: int
) -> Records:
    offsets = line_offsets(text)
    judged = {shape: (b'"' in shape, shape == whole) for shape in set(marks)}
    odd, good = [judged[line][0] for line in marks], np.array([judged[line][1] for line in marks])
    starts, ends, broken = [np.flatnonzero(good)], [np.flatnonzero(good) + 1], list[Broken]()
    empty_tail: int | None = None
    line = -1
    some = np.diff(offsets) > 1  # an empty line is no row
    for at in np.flatnonzero(~good & some).tolist():
        if at <= line:
            continue
        line = at
        raw = text[offsets[at] : offsets[at + 1]]
        if not raw.strip(b" \t\r\n" + delimiter + b'"'):
            continue  # nor is one of delimiters only
        if odd[at]:
            last = _end_of_record(marks, odd, good, at, whole=whole, delimiter=delimiter)
            if last is None:
                broken.append(Broken(at, "broken_quotes", None))
            else:
                starts.append(np.array([at]))
                ends.append(np.array([last + 1]))
                line = last
            continue
        surplus = len(marks[at]) - len(whole)
        if empty_tail is None and surplus < 0:
            seen = _empty_tail(text, offsets, good, delimiter)
            empty_tail = known_tail if seen is None else seen
        unended = cut_off and at == len(marks) - 1
        if (surplus > 0 and _ends_empty(raw, surplus, delimiter)) or (
            surplus < 0 and marks[at] and -surplus <= (empty_tail or 0) and not unended
        ):
            starts.append(np.array([at]))
            ends.append(np.array([at + 1]))
        else:
            reason = "too_many_fields" if surplus > 0 else "too_few_fields"
            broken.append(Broken(at, reason, len(marks[at]) + 1))
    first, end = np.concatenate(starts), np.concatenate(ends)
    order = np.argsort(first)
    tail = known_tail if empty_tail is None else empty_tail
    return Records(len(marks), first[order], end[order], broken, tail)


def _end_of_record(
    marks: list[bytes], odd: list[bool], good: np.ndarray, at: int, *, whole: bytes, delimiter: bytes
) -> int | None:
    """The last line of the record that begins on this line with an open quote; None where the quote is a stray one."""
    for last in range(at + 1, min(at + LONGEST_CELL_LINES, len(marks))):
        if odd[last]:
            together = _QUOTED.sub(b"", NEWLINE.join(marks[at : last + 1]).replace(b'""', b""))
            return last if together == whole else None
        if good[last] and len(whole) > 1:
            return None  # a line that is a whole record by itself does not lie inside a cell
    return None


def _ends_empty(raw: bytes, cells: int, delimiter: bytes) -> bool:
    tail = raw.rstrip(b"\r\n").replace(b'""', b"")
    return tail.endswith(delimiter * cells)


def _empty_tail(text: bytes, offsets: np.ndarray, good: np.ndarray, delimiter: bytes) -> int | None:
    """How many last columns are empty on every whole row; None where too few rows tell.

    Spreadsheets leave the delimiters of such columns out.
    """
    whole = np.flatnonzero(good)
    if len(whole) < _ENOUGH_TO_TELL:
        return None
    fewest = len(text)
    for at in whole.tolist():
        row = text[offsets[at] : offsets[at + 1]].rstrip(b"\r\n").replace(b'""', b"")
        fewest = min(fewest, len(row) - len(row.rstrip(delimiter)))
        if not fewest:
            return 0
    return fewest
