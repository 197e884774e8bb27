"""Delimited text in slices: decoded, cut at record boundaries, parsed into frames of text, broken lines apart."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

import numpy as np
import polars as pl

from aftersales.sources.lines import NEWLINE, Broken, Records, line_offsets, only, records
from aftersales.sources.sniff import Text
from aftersales.words.errors import DataError

SLICE_BYTES = 32 << 20  # large enough that the work per slice hides its overhead, small beside 4 GiB
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


def decoded(source: BinaryIO, text: Text, *, file: str, slice_bytes: int = SLICE_BYTES) -> Iterator[bytes]:
    """The file as UTF-8, some bytes at a time. Raises `DataError` with offset and row for what cannot be decoded."""
    source.seek(text.skip)
    decoder = codecs.getincrementaldecoder(text.encoding)()
    done, lines = text.skip, 0
    while True:
        chunk = source.read(slice_bytes)
        if text.encoding == "utf-8":
            if chunk:
                yield chunk
        else:
            pending = len(decoder.getstate()[0])
            try:
                plain = decoder.decode(chunk, final=not chunk).encode()
            except UnicodeDecodeError as error:
                raise undecodable(file, text.encoding, error, before=done - pending, lines=lines) from None
            if plain:
                lines += plain.count(NEWLINE)
                yield plain
        done += len(chunk)
        if not chunk:
            return


def undecodable(file: str, encoding: str, error: UnicodeDecodeError, *, before: int, lines: int) -> DataError:
    """The error for bytes that are no text in the file's encoding."""
    row = lines + error.object[: error.start].decode(encoding, "replace").count("\n") + 1
    wrong = error.object[error.start : error.end].hex(" ")
    return DataError(
        f"{file} holds bytes that are no {encoding.upper()} text",
        found=f"{wrong} at byte {before + error.start}, row {row}",
        hint="export it again; do not edit it with a program that changes its encoding",
    )  # fmt: skip


def slices(
    parts: Iterator[bytes], *, skip_lines: int, fields: int, columns: Sequence[int], delimiter: str, file: str
) -> Iterator[Slice]:
    """The records after the header, slice by slice; the next one is decoded while this one is worked on."""
    mark = delimiter.encode()
    row = skip_lines + 1
    for text, cut_off in _prefetched(_at_boundaries(_after(parts, skip_lines))):
        found = records(text, delimiter=mark, fields=fields, cut_off=cut_off)
        cells = _parsed(text, found, fields=fields, columns=columns, delimiter=delimiter, file=file, first_row=row)
        broken = tuple((row + b.line, b) for b in found.broken)
        yield Slice(cells, broken, text, row, delimiter)
        row += found.lines


def _prefetched(parts: Iterator[tuple[bytes, bool]]) -> Iterator[tuple[bytes, bool]]:
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(next, parts, None)
        while (part := ahead.result()) is not None:
            ahead = pool.submit(next, parts, None)
            yield part


def _after(parts: Iterator[bytes], lines: int) -> Iterator[bytes]:
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


def _at_boundaries(parts: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The parts cut behind whole records; with the last one, whether it lacked its line break."""
    held = b""
    for part in parts:
        held = held + part if held else part
        cut = _boundary(held)
        if cut:
            yield held[:cut], False
            held = held[cut:]
    if held:
        ended = held.endswith(NEWLINE)
        yield (held if ended else held + NEWLINE), not ended


def _boundary(text: bytes) -> int:
    """Behind the last line break outside quotes; behind the last line break at all where quotes do not come out even."""
    last = at = text.rfind(NEWLINE) + 1
    if not at or text.count(b'"', 0, at) % 2 == 0:
        return at
    for _ in range(1000):  # a cell runs over fewer lines; beyond that a stray quote is the likelier reason
        before = text.rfind(NEWLINE, 0, at - 1) + 1
        if not before:
            return last
        if text.count(b'"', before, at) % 2:
            return before
        at = before
    return last


def _parsed(
    text: bytes, found: Records, *, fields: int, columns: Sequence[int], delimiter: str, file: str, first_row: int
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
        frame = _patiently(kept, found, columns, delimiter, file=file, first_row=first_row)
    numbers = pl.Series("row", rows + first_row, dtype=pl.Int64)
    return frame.select(numbers, *names)


def _patiently(
    kept: bytes, found: Records, columns: Sequence[int], delimiter: str, *, file: str, first_row: int
) -> pl.DataFrame:
    """Record by record, for the rare text that the quick parser takes apart differently."""
    try:
        plain = kept.decode("utf-8")
    except UnicodeDecodeError as error:
        raise undecodable(file, "utf-8", error, before=0, lines=first_row - 1) from None
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
