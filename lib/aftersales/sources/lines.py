"""Records in a slice of delimited text: where each begins, which are not quoted by the rules, and which lines are none.

A stray quotation mark makes a usual reader swallow line after line without a word. So every line is judged by itself
first: a complete record has the header's number of fields and an even number of quotes. Any other line is taken
together with the lines after it as far as its quotes say so, and else read alone with its stray quotes as letters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

NEWLINE = b"\n"
LONGEST_CELL_LINES = 200  # a chat message or note never runs over more lines; a stray quote always would
_QUOTED_ON_A_LINE = re.compile(rb'"[^"\n]*"')
_ENOUGH_TO_TELL = 10  # so many whole rows must show a trailing column empty before rows without it are believed
_FEW_FIELDS = 5  # in so narrow a table a line inside a cell easily looks like a row of its own


@dataclass(frozen=True)
class Form:
    """How a text keeps its cells apart: the delimiter, how many fields, and whether quotes hold a cell together."""

    delimiter: bytes
    fields: int
    quoting: bool = True

    @cached_property
    def whole(self) -> bytes:
        """What is left of a whole row outside quotes: its delimiters."""
        return self.delimiter * (self.fields - 1)

    @cached_property
    def unmarked(self) -> bytes:
        """The bytes that mean nothing to the form."""
        kept = self.delimiter + NEWLINE + (b'"' if self.quoting else b"")
        return bytes(b for b in range(256) if b not in kept)


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
    ``requoted`` holds, by their first line, the records with stray quotes, written by the rules.
    """

    lines: int
    starts: np.ndarray | None = None
    ends: np.ndarray | None = None
    broken: Sequence[Broken] = field(default=())
    empty_tail: int = 0
    requoted: Mapping[int, bytes] = field(default_factory=dict)


def records(text: bytes, form: Form, *, cut_off: bool = False, empty_tail: int = 0) -> Records:
    r"""Which lines of the slice make records of this form. The slice must end with a line break.

    ``cut_off`` says that the last line had none of its own in the file, so that its last cell may be half a cell.

    >>> found = records(b'1,2\n"a\nb",4\n5\n6,7"\n8,9\n', Form(b",", 2))
    >>> found.starts.tolist(), found.ends.tolist()
    ([0, 1, 4, 5], [1, 3, 5, 6])
    >>> [(b.line, b.reason) for b in found.broken], list(found.requoted)
    ([(3, 'too_few_fields')], [4])
    """
    # Only delimiters, quotes and line breaks matter, and lines that agree in these need to be judged only once.
    lines = text.translate(None, form.unmarked).split(NEWLINE)[:-1]
    bare = {shape: _without_quoted(shape) for shape in set(lines)}
    if all(shape == form.whole for shape in bare.values()):
        return Records(len(lines), empty_tail=empty_tail)
    marks = [bare[line] for line in lines]
    return _sorted_out(text, marks, form, cut_off=cut_off, known_tail=empty_tail)


# Of the rows before a last one that may be cut off, so many say how its last cell is written.
ROWS_COMPARED = 500


def without_cut_end(text: bytes, found: Records, form: Form, *, last_needed: bool) -> Records:
    r"""The records of a slice whose last line did not end in the file, that line set aside where it may be half a row.

    It is whole where its last cell is closed by a quotation mark, is not needed, stands like that in another row, or is
    a number or time written out as far as those of all other rows.

    >>> cut = b"1,20.00\n2,30.00\n3,1\n"
    >>> [(b.line, b.reason) for b in without_cut_end(cut, Records(3), Form(b",", 2), last_needed=True).broken]
    [(2, 'cut_off')]
    >>> without_cut_end(b"1,20.00\n2,20.00\n", Records(2), Form(b",", 2), last_needed=True).broken
    ()
    """
    last = found.lines - 1
    if any(b.line == last for b in found.broken):
        broken = tuple(replace(b, reason="cut_off") if b.line == last else b for b in found.broken)
        return replace(found, broken=broken)
    starts = np.arange(found.lines) if found.starts is None else found.starts
    ends = starts + 1 if found.ends is None else found.ends
    if not last_needed or not len(ends) or ends[-1] != found.lines:
        return found
    start = line_offsets(text)[starts[-1]]
    row, before = text[start:].rstrip(b"\r\n"), text[:start].replace(b"\r\n", NEWLINE)
    cell = form.delimiter + row.rpartition(form.delimiter)[2] + NEWLINE
    if form.quoting and row.endswith(b'"') and not row.endswith(form.delimiter + b'"'):
        return found
    others = before.count(cell)
    if others and (len(cell) > len(form.delimiter + NEWLINE) or others == before.count(NEWLINE)):
        return found
    if _written_out(cell, before, form.delimiter):
        return found
    cut = Broken(int(starts[-1]), "cut_off", None)
    return replace(found, starts=starts[:-1], ends=ends[:-1], broken=(*found.broken, cut))


def _written_out(cell: bytes, before: bytes, delimiter: bytes) -> bool:
    r"""Whether a last cell has the signs of all others, and as many digits after the last of them (decimals, seconds).

    >>> [_written_out(b"," + c + b"\n", b"1,20.50\n2,130.00\n", b",") for c in (b"7.25", b"7.2", b"7")]
    [True, False, False]
    """
    shapes = {_shape(line.rpartition(delimiter)[2]) for line in before.splitlines()[-ROWS_COMPARED:]}
    own = _shape(cell.removeprefix(delimiter).rstrip(b"\r\n"))
    return shapes == {own} and own[0] != b"" and own[1] > 0


def _shape(cell: bytes) -> tuple[bytes, int]:
    """The signs between a cell's digits, and how many digits follow the last one; no shape where it holds a letter."""
    signs = cell.translate(None, b"0123456789")
    if signs.translate(None, b" .,:-/+"):
        return b"", 0
    return signs, len(cell) - len(cell.rstrip(b"0123456789"))


def is_whole(line: bytes, form: Form) -> bool:
    """Whether the line is a record by itself."""
    return _without_quoted(line.translate(None, form.unmarked)) == form.whole + NEWLINE


def cells_of(record: bytes, delimiter: bytes) -> tuple[list[bytes], bool] | None:
    r"""The cells of a record without its line break, and whether it keeps the rules; None where a quote stays open.

    A quote opens a cell at its beginning and closes it at its end; any other one is a letter, against the rules.

    >>> cells_of(b'1,"a, b",', b","), cells_of(b'"4"cm",12', b","), cells_of(b'1,"a', b",")
    (([b'1', b'a, b', b''], True), ([b'4"cm', b'12'], False), None)
    """
    cells: list[bytes] = []
    regular, cell = True, b""
    opened = False
    for piece in record.split(delimiter):
        cell = cell + delimiter + piece if opened else piece
        opened = cell.startswith(b'"') and not _closes(cell)
        if not opened:
            plain, well = _unquoted(cell)
            cells.append(plain)
            regular = regular and well
    return None if opened else (cells, regular)


def quoted(cells: Sequence[bytes], delimiter: bytes) -> bytes:
    """The cells as one line by the rules."""
    marked = [b'"' + c.replace(b'"', b'""') + b'"' if b'"' in c or delimiter in c or NEWLINE in c else c for c in cells]
    return delimiter.join(marked) + NEWLINE


def line_offsets(text: bytes) -> np.ndarray:
    """Where each line begins, and where the text ends."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord(NEWLINE)) + 1
    return np.concatenate([[0], ends])


def only(text: bytes, found: Records, offsets: np.ndarray) -> bytes:
    """The text of the records alone, all of them quoted by the rules."""
    if found.starts is None or found.ends is None or not len(found.starts):
        return text if found.starts is None else b""
    apart = found.starts[1:] != found.ends[:-1]
    if found.requoted:
        odd = np.isin(found.starts, list(found.requoted))
        apart |= odd[1:] | odd[:-1]
    breaks = np.flatnonzero(apart) + 1
    firsts = found.starts[np.concatenate([[0], breaks]).astype(int)].tolist()
    lasts = found.ends[np.concatenate([breaks - 1, [len(found.ends) - 1]]).astype(int)].tolist()
    spans = zip(firsts, lasts, strict=True)
    return b"".join(found.requoted.get(a) or text[offsets[a] : offsets[b]] for a, b in spans)


def _unquoted(cell: bytes) -> tuple[bytes, bool]:
    """What a cell says, and whether its quotes keep the rules."""
    if not cell.startswith(b'"') or not _closes(cell):
        return cell, b'"' not in cell
    inner = cell[1:-1]
    return inner.replace(b'""', b'"'), b'"' not in inner.replace(b'""', b"")


def _closes(cell: bytes) -> bool:
    """Whether a cell that begins with a quote ends with the one that closes it."""
    run = len(cell) - len(cell.rstrip(b'"'))
    return (run - (run == len(cell))) % 2 == 1


def _without_quoted(marks: bytes) -> bytes:
    """The marks outside quotes; one quote is left where their number is odd."""
    return _QUOTED_ON_A_LINE.sub(b"", marks.replace(b'""', b""))


def _sorted_out(text: bytes, marks: list[bytes], form: Form, *, cut_off: bool, known_tail: int) -> Records:
    delimiter = form.delimiter
    offsets = line_offsets(text)
    good = np.array([line == form.whole for line in marks])
    starts, ends = [np.flatnonzero(good)], [np.flatnonzero(good) + 1]
    broken, requoted = list[Broken](), dict[int, bytes]()
    empty_tail: int | None = None
    line = -1
    some = np.diff(offsets) > 1  # an empty line is no row
    for at in np.flatnonzero(~good & some).tolist():
        if at <= line:
            continue
        line = at
        raw = text[offsets[at] : offsets[at + 1]].rstrip(b"\r\n")
        if not raw.strip(b' \t"' + delimiter):
            continue  # nor is one of delimiters only
        unended = cut_off and at == len(marks) - 1
        if form.quoting and b'"' in raw:
            found = _over_lines(text, offsets, good, at, form) if raw.count(b'"') % 2 else None
            if found is None and not unended:
                found = _alone(raw, at, form)
            if found is not None:
                line, rewritten = found
                starts.append(np.array([at]))
                ends.append(np.array([line + 1]))
                if rewritten:
                    requoted[at] = rewritten
                continue
            if b'"' in marks[at]:
                broken.append(Broken(at, "broken_quotes", None))
                continue
        surplus = len(marks[at]) - len(form.whole)
        if empty_tail is None and surplus < 0:
            seen = _empty_tail(text, offsets, good, delimiter)
            empty_tail = known_tail if seen is None else seen
        if (surplus > 0 and raw.replace(b'""', b"").endswith(delimiter * surplus)) or (
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
    return Records(len(marks), first[order], end[order], broken, tail, requoted)


def _over_lines(text: bytes, offsets: np.ndarray, good: np.ndarray, at: int, form: Form) -> tuple[int, bytes] | None:
    """The last line of the record that begins on this line with an open quote; the record, if it must be rewritten.

    None where the quote is a stray one: lines that are rows by themselves are not swallowed.
    """
    quotes, alone = 0, True
    for last in range(at, min(at + LONGEST_CELL_LINES, len(good))):
        if last > at and good[last] and form.fields > _FEW_FIELDS:
            return None
        line = text[offsets[last] : offsets[last + 1]]
        quotes += line.count(b'"')
        alone = alone and (bool(good[last]) or line.count(form.delimiter) == form.fields - 1)
        if quotes % 2:
            continue
        found = cells_of(text[offsets[at] : offsets[last + 1]].rstrip(b"\r\n"), form.delimiter)
        if found is None:
            continue
        cells, regular = found
        if len(cells) != form.fields or (alone and form.fields > 2):
            return None
        return last, b"" if regular else quoted(cells, form.delimiter)
    return None


def _alone(raw: bytes, at: int, form: Form) -> tuple[int, bytes] | None:
    """The line as a row whose stray quotes are letters; None where it has not the right number of cells so."""
    found = cells_of(raw, form.delimiter)
    if found is not None and len(found[0]) == form.fields:
        return at, quoted(found[0], form.delimiter)
    cells = [_unquoted(piece)[0] for piece in raw.split(form.delimiter)]
    return (at, quoted(cells, form.delimiter)) if len(cells) == form.fields else None


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
