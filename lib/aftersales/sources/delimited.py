"""Delimited text in slices: decoded, cut at record boundaries, parsed into frames of text, broken lines apart."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from aftersales.sources.lines import LONGEST_CELL_LINES, NEWLINE, Broken, Records, is_whole, line_offsets, only, records
from aftersales.sources.sniff import Text
from aftersales.words.errors import DataError

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
    delimiter: str

    @cached_property
    def _offsets(self) -> np.ndarray:
        return line_offsets(self.text)

    def all_cells(self, rows: Sequence[int]) -> list[list[str]]:
        """Every cell of those records, needed or not."""
        found = []
        for row in rows:
            rest = self.text[self._offsets[row - self.first_row] :]
            lines = io.StringIO(rest[: 1 << 20].decode("utf-8", "replace"), newline="")
            found.append(next(csv.reader(lines, delimiter=self.delimiter), []))
        return found


def decoded(content: bytes, text: Text, *, file: str, slice_bytes: int = SLICE_BYTES) -> Iterator[bytes]:
    """The file as UTF-8, some bytes at a time. Raises `DataError` with offset and row for what cannot be decoded.

    UTF-8 itself is passed on as it is: the parser checks it.
    """
    decoder = None if text.encoding == "utf-8" else codecs.getincrementaldecoder(text.encoding)()
    lines = 0
    for start in range(text.skip, len(content), slice_bytes):
        chunk = content[start : start + slice_bytes]
        if decoder is None:
            yield chunk
            continue
        pending = len(decoder.getstate()[0])
        try:
            plain = decoder.decode(chunk, final=start + slice_bytes >= len(content)).encode()
        except UnicodeDecodeError as error:
            raise undecodable(file, text.encoding, error, before=start - pending, lines=lines) from None
        lines += plain.count(NEWLINE)
        yield plain


def undecodable(file: str, encoding: str, error: UnicodeDecodeError, *, before: int, lines: int) -> DataError:
    """The error for bytes that are no text in the file's encoding."""
    row = lines + error.object[: error.start].decode(encoding, "replace").count("\n") + 1
    wrong = error.object[error.start : error.end].hex(" ")
    return DataError(
        f"{file} holds bytes that are no {encoding.upper()} text",
        found=f"{wrong} at byte {before + error.start}, row {row}",
        hint="export it again; do not edit it with a program that changes its encoding",
    )  # fmt: skip


def whole_records(
    content: bytes, text: Text, *, skip_lines: int, delimiter: bytes, fields: int, file: str
) -> Iterator[tuple[bytes, bool]]:
    """UTF-8 text behind the first lines, cut behind whole records; and whether the last line was cut off."""
    if text.encoding != "utf-8":
        parts = after(decoded(content, text, file=file), skip_lines)
        return at_boundaries(parts, delimiter=delimiter, fields=fields)
    start = text.skip
    for _ in range(skip_lines):
        start = content.find(NEWLINE, start) + 1 or len(content)
    return _as_stored(content, start=start, delimiter=delimiter, fields=fields)


def slices(
    parts: Iterator[tuple[bytes, bool]], *, first_row: int, fields: int, columns: Sequence[int], delimiter: str
) -> Iterator[Slice]:
    """The records slice by slice; the next one is decoded and looked through while this one is worked on."""
    row = first_row
    for text, found in _prefetched(_looked_through(parts, fields=fields, delimiter=delimiter.encode())):
        cells = _parsed(text, found, fields=fields, columns=columns, delimiter=delimiter, first_row=row)
        broken = tuple((row + b.line, b) for b in found.broken)
        yield Slice(cells, broken, text, row, delimiter)
        row += found.lines


def _looked_through(
    parts: Iterator[tuple[bytes, bool]], *, fields: int, delimiter: bytes
) -> Iterator[tuple[bytes, Records]]:
    empty_tail = 0
    for text, cut_off in parts:
        found = records(text, delimiter=delimiter, fields=fields, cut_off=cut_off, empty_tail=empty_tail)
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
    content: bytes, *, start: int, delimiter: bytes, fields: int, slice_bytes: int = SLICE_BYTES
) -> Iterator[tuple[bytes, bool]]:
    while start < len(content):
        part = content[start : start + slice_bytes]
        cut = boundary(part, delimiter=delimiter, fields=fields)
        if start + slice_bytes >= len(content) or not cut:
            yield _ended(content[start:])
            return
        yield part[:cut], False
        start += cut


def at_boundaries(parts: Iterator[bytes], *, delimiter: bytes, fields: int) -> Iterator[tuple[bytes, bool]]:
    """The parts cut behind whole records; with each, whether its last line was cut off."""
    held = b""
    for part in parts:
        cut = boundary(held, delimiter=delimiter, fields=fields)
        if cut:
            yield held[:cut], False
        held = held[cut:] + part
    if held:
        yield _ended(held)


def _ended(text: bytes) -> tuple[bytes, bool]:
    return (text, False) if text.endswith(NEWLINE) else (text + NEWLINE, True)


def boundary(text: bytes, *, delimiter: bytes, fields: int) -> int:
    """Behind the last line that is a whole record by itself; behind the last line break where no such line is near."""
    last = at = text.rfind(NEWLINE) + 1
    for _ in range(LONGEST_CELL_LINES):
        before = text.rfind(NEWLINE, 0, max(at - 1, 0)) + 1
        if not at or is_whole(text[before:at], delimiter=delimiter, fields=fields):
            return at or last
        at = before
    return last


def _parsed(
    text: bytes, found: Records, *, fields: int, columns: Sequence[int], delimiter: str, first_row: int
) -> pl.DataFrame:
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
            kept, has_header=False, infer_schema=False, schema={f"c{i}": pl.String for i in range(fields)},
            columns=list(columns), separator=delimiter, truncate_ragged_lines=True, missing_columns="insert",
            null_values=_NOTHING,
        )  # fmt: skip
    except pl.exceptions.PolarsError:
        frame = None
    if frame is None or frame.height != len(rows):
        frame = _patiently(kept, found, columns, delimiter)
    numbers = pl.Series("row", rows + first_row, dtype=pl.Int64)
    return frame.select(numbers, *names)


def _patiently(kept: bytes, found: Records, columns: Sequence[int], delimiter: str) -> pl.DataFrame:
    """Record by record, for the rare text that the quick parser takes apart differently or that is not UTF-8."""
    plain = kept.decode("utf-8")
    lines = plain.split("\n")[:-1]
    spans = [1] * len(lines) if found.starts is None else (found.ends - found.starts).tolist()  # type: ignore[operator]
    table: dict[str, list[str | None]] = {f"c{place}": [] for place in columns}
    at = 0
    for span in spans:
        record = "\n".join(lines[at : at + span])
        at += span
        cells = next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter), [])
        for place in columns:
            table[f"c{place}"].append((cells[place] or None) if place < len(cells) else None)
    return pl.DataFrame(table, schema=dict.fromkeys(table, pl.String))
