"""Delimited text in slices: decoded, cut at record boundaries, parsed into frames of text, broken lines apart."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl

from aftersales.sources.encoding import Text
from aftersales.sources.lines import (
    LONGEST_CELL_LINES,
    NEWLINE,
    Broken,
    Form,
    Records,
    cells_of,
    is_whole,
    line_offsets,
    only,
    records,
    without_cut_end,
)

SLICE_BYTES = 16 << 20  # smaller ones pay their overhead, larger ones leave the caches
csv.field_size_limit(2**31 - 1)  # the standard library gives up at 131,072 characters; a long cell is no error here
_NOTHING = ["-", "--", "null", "NULL"]  # the commonest words for nothing, which the parser drops for free


@dataclass(frozen=True)
class Slice:
    """Some records: ``cells`` holds row (line number in the file) and the needed columns ``c<position>`` as text."""

    cells: pl.DataFrame
    broken: tuple[tuple[int, Broken], ...]
    text: bytes
    first_row: int
    form: Form
    requoted: Mapping[int, bytes]

    @cached_property
    def _offsets(self) -> np.ndarray:
        return line_offsets(self.text)

    def all_cells(self, rows: Sequence[int]) -> list[list[str]]:
        """Every cell of those records, needed or not."""
        found = []
        for row in rows:
            start, end = self._offsets[row - self.first_row : row - self.first_row + 2]
            line = self.text[start:end]
            alone = line.count(b'"') % 2 == 0  # else the record goes on in the next lines
            rest = self.requoted.get(row - self.first_row) or (line if alone else self.text[start : start + (1 << 20)])
            lines = io.StringIO(rest.decode("utf-8", "replace"), newline="")
            mark = self.form.delimiter.decode()
            quoting: Literal[0, 3] = 0 if self.form.quoting else 3  # csv.QUOTE_MINIMAL, csv.QUOTE_NONE
            found.append(next(csv.reader(lines, delimiter=mark, quoting=quoting), []))
        return found


def decoded(content: bytes, text: Text, *, slice_bytes: int = SLICE_BYTES) -> Iterator[bytes]:
    """The file as UTF-8, some bytes at a time; UTF-8 itself is passed on as it is: the parser checks it.

    Raises `UnicodeDecodeError` for bytes that are no text (see `plain_text.with_marks`).
    """
    decoder = None if text.encoding == "utf-8" else codecs.getincrementaldecoder(text.encoding)()
    for start in range(text.skip, len(content), slice_bytes):
        chunk = content[start : start + slice_bytes]
        yield chunk if decoder is None else decoder.decode(chunk, final=start + slice_bytes >= len(content)).encode()


def whole_records(content: bytes, text: Text, form: Form, *, skip_lines: int) -> Iterator[tuple[bytes, bool]]:
    """UTF-8 text behind the first lines, cut behind whole records; and whether the last line was cut off."""
    if text.encoding != "utf-8":
        parts = after(decoded(content, text), skip_lines)
        return at_boundaries(parts, form)
    start = text.skip
    for _ in range(skip_lines):
        start = content.find(NEWLINE, start) + 1 or len(content)
    return _as_stored(content, form, start=start)


def slices(
    parts: Iterator[tuple[bytes, bool]], form: Form, *, first_row: int, columns: Sequence[int]
) -> Iterator[Slice]:
    """The records slice by slice; the next one is decoded and looked through while this one is worked on."""
    row = first_row
    last_needed = form.fields - 1 in columns
    for text, found in _prefetched(_looked_through(parts, form, last_needed=last_needed)):
        cells = _parsed(text, found, form, columns=columns, first_row=row)
        broken = tuple((row + b.line, b) for b in found.broken)
        yield Slice(cells, broken, text, row, form, found.requoted)
        row += found.lines


def _looked_through(
    parts: Iterator[tuple[bytes, bool]], form: Form, *, last_needed: bool
) -> Iterator[tuple[bytes, Records]]:
    empty_tail = 0
    for text, cut_off in parts:
        found = records(text, form, cut_off=cut_off, empty_tail=empty_tail)
        if cut_off:
            found = without_cut_end(text, found, form, last_needed=last_needed)
        empty_tail = found.empty_tail
        yield text, found


def _prefetched(parts: Iterator[tuple[bytes, Records]]) -> Iterator[tuple[bytes, Records]]:
    """The parts, each made in a thread of its own while the one before is worked on."""
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(next, parts, None)
        while (part := ahead.result()) is not None:
            ahead = pool.submit(next, parts, None)
            yield part


def after(parts: Iterator[bytes], lines: int) -> Iterator[bytes]:
    """The parts without the first lines: titles and header."""
    held = b""
    for part in parts:
        if lines < 0:
            yield part
            continue
        held += part
        if held.count(NEWLINE) >= lines:
            at = 0
            for _ in range(lines):
                at = held.index(NEWLINE, at) + 1
            lines = -1
            yield held[at:]
            held = b""


def _as_stored(
    content: bytes, form: Form, *, start: int, slice_bytes: int = SLICE_BYTES
) -> Iterator[tuple[bytes, bool]]:
    while start < len(content):
        part = content[start : start + slice_bytes]
        cut = boundary(part, form)
        if start + slice_bytes >= len(content) or not cut:
            yield _ended(content[start:])
            return
        yield part[:cut], False
        start += cut


def at_boundaries(parts: Iterator[bytes], form: Form) -> Iterator[tuple[bytes, bool]]:
    """The parts cut behind whole records; with each, whether its last line was cut off."""
    held = b""
    for part in parts:
        cut = boundary(held, form)
        if cut:
            yield held[:cut], False
        held = held[cut:] + part
    if held:
        yield _ended(held)


def _ended(text: bytes) -> tuple[bytes, bool]:
    return (text, False) if text.endswith(NEWLINE) else (text + NEWLINE, True)


def boundary(text: bytes, form: Form) -> int:
    """Behind the last line that is a whole record by itself, else behind the last record of several lines."""
    last = at = text.rfind(NEWLINE) + 1
    for _ in range(LONGEST_CELL_LINES):
        before = text.rfind(NEWLINE, 0, max(at - 1, 0)) + 1
        if not at or is_whole(text[before:at], form):
            return at or last
        at = before
    found = records(text[at:last], form)
    return at + int(line_offsets(text[at:last])[found.ends[-1]]) if found.ends is not None and len(found.ends) else last


def _parsed(text: bytes, found: Records, form: Form, *, columns: Sequence[int], first_row: int) -> pl.DataFrame:
    if found.starts is None:
        rows, kept = np.arange(found.lines), text
    else:
        rows, kept = found.starts, only(text, found, line_offsets(text))
    names = [f"c{place}" for place in columns]
    empty = pl.DataFrame(schema={"row": pl.Int64, **dict.fromkeys(names, pl.String)})
    if not len(rows):
        return empty
    try:
        frame = pl.read_csv(
            kept,
            has_header=False,
            infer_schema=False,
            schema={f"c{i}": pl.String for i in range(form.fields)},
            columns=list(columns),
            separator=form.delimiter.decode(),
            quote_char='"' if form.quoting else None,
            truncate_ragged_lines=True,
            missing_columns="insert",
            null_values=_NOTHING,
        )
    except pl.exceptions.PolarsError:
        frame = None
    if frame is None or frame.height != len(rows):
        frame = _patiently(text, found, form, columns)
    numbers = pl.Series("row", rows + first_row, dtype=pl.Int64)
    return frame.select(numbers, *names)


def _patiently(text: bytes, found: Records, form: Form, columns: Sequence[int]) -> pl.DataFrame:
    """Record by record, for the rare text that the quick parser takes apart differently or that is not UTF-8."""
    text.decode("utf-8")
    offsets = line_offsets(text)
    starts = range(found.lines) if found.starts is None else found.starts.tolist()
    ends = range(1, found.lines + 1) if found.ends is None else found.ends.tolist()
    table: dict[str, list[str | None]] = {f"c{place}": [] for place in columns}
    for start, end in zip(starts, ends, strict=True):
        record = found.requoted.get(start) or text[offsets[start] : offsets[end]]
        record = record.rstrip(b"\r\n")
        taken = cells_of(record, form.delimiter) if form.quoting else None
        cells = record.split(form.delimiter) if taken is None else taken[0]
        for place in columns:
            table[f"c{place}"].append((cells[place].decode() or None) if place < len(cells) else None)
    return pl.DataFrame(table, schema=dict.fromkeys(table, pl.String))
