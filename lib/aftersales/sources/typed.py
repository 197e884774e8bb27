"""From the text cells of one kind's rows to typed canonical fields, and the rows among them that cannot be taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from aftersales.sources import clean
from aftersales.sources.kinds import KINDS, Field
from aftersales.sources.layout import Computed, Layout, Match, Rows, ValueMap, value_map
from aftersales.tables.columns import MONEY
from aftersales.words.errors import SetupError

SHOP_NAME = "店铺名称"
_WORKERS = 2  # columns are independent; more threads than cores of the smallest machine only fight


@dataclass(frozen=True)
class Typed:
    """``frame``: row, then the kind's fields; ``bad``: row, reason, column; ``nulled``: unreadable cells by header."""

    frame: pl.DataFrame
    bad: pl.DataFrame
    nulled: Counter[tuple[str, str]]


def needed_columns(match: Match) -> list[int]:
    """The positions of all columns that any rows of the layout are read from."""
    found: set[int] = set()
    for rows in (match.layout, *match.layout.split):
        for headers in rows.headers.values():
            found.update(match.columns(headers))
        for computed in rows.computed.values():
            found.update(match.columns((*computed.product, *computed.join)))
    for condition in (*match.layout.split, *match.layout.set_aside):
        found.update(match.columns((condition.header,)))
    found.update(match.columns((SHOP_NAME,)))
    return sorted(found)


def mapped_fields(match: Match, rows: Rows) -> list[str]:
    """The fields that this file brings for rows of this kind."""
    return [name for name in KINDS[rows.kind] if name in rows.computed or match.columns(rows.headers.get(name, ()))]


def typed(raw: pl.DataFrame, match: Match, rows: Rows, *, headers: Sequence[str], zone: str) -> Typed:
    """The kind's fields out of raw text columns named ``c<position>``, beside the column ``row``.

    A row is bad for the first of: a damaged or missing id, a negative amount, a needed value that cannot be read.
    Other cells that cannot be read are null and counted.
    """
    fields = KINDS[rows.kind]
    there = mapped_fields(match, rows)

    def column(name: str) -> pl.Series:
        if name in rows.computed:
            return computed(raw, match, rows.computed[name]).alias(name)
        return _merged(raw, match.columns(rows.headers[name])).alias(name)

    with ThreadPoolExecutor(_WORKERS) as pool:
        cells = dict(zip(there, pool.map(column, there), strict=True))
        cells |= _cleaned_texts({n: cells[n] for n in there if fields[n].type == "text"})
        jobs = [(fields[name], cells[name], match.layout, rows, zone) for name in there]
        read = dict(zip(there, pool.map(lambda job: _read(*job), jobs), strict=True))
    titles = {
        n: headers[match.columns(rows.headers.get(n, ()))[0]].strip() if n not in rows.computed else n for n in there
    }
    verdict = _verdict(read, fields, titles, height=raw.height)
    nulled: Counter[tuple[str, str]] = Counter()
    for name in there:
        if not fields[name].readable and read[name].failed is not None:
            nulled.update((titles[name], word) for word in read[name].examples())
    missing = [pl.lit(None, dtype=f.dtype(zone)).alias(n) for n, f in fields.items() if n not in read]
    frame = pl.DataFrame([raw["row"], *(read[name].value.alias(name) for name in there)])
    frame = frame.with_columns(missing).select("row", *fields)
    if verdict is None:
        return Typed(frame, _no_bad(), nulled)
    bad = pl.DataFrame([raw["row"], verdict["reason"], verdict["column"]]).filter(pl.col("reason").is_not_null())
    return Typed(frame.filter(verdict["reason"].is_null()), bad, nulled)


@dataclass(frozen=True)
class _Column:
    """One column as read: its values, the cells that could not be read, ids that a spreadsheet has damaged."""

    value: pl.Series
    cells: pl.Series
    failed: pl.Series | None
    damaged: pl.Series | None = None

    def examples(self) -> list[str]:
        """The unreadable cells' words, for counting."""
        return [] if self.failed is None else self.cells.filter(self.failed).to_list()


_READERS: Mapping[str, Callable[[pl.Series], pl.Series]] = {
    "money": clean.amount, "count": clean.count, "number": clean.number, "day": clean.day,
}  # fmt: skip
# Nothing can be wrong with these; texts are cleaned before, all such columns at once.
_ALWAYS_READABLE: Mapping[str, Callable[[pl.Series], pl.Series]] = {
    "province": clean.province, "address": clean.address, "text": lambda cells: cells,
}  # fmt: skip


def _read(field: Field, cells: pl.Series, layout: Layout, rows: Rows, zone: str) -> _Column:
    if cells.dtype != pl.String:
        return _Column(cells, cells, None)
    kind = field.type
    if kind in _ALWAYS_READABLE:
        return _Column(_ALWAYS_READABLE[kind](cells), cells, None)
    if kind == "id":
        value = clean.identifier(cells)
        damaged = clean.is_damaged(value)
        return (
            _Column(value.set(damaged, None), value, damaged, damaged) if damaged.any() else _Column(value, value, None)
        )
    if kind in ("value", "flag"):
        return _worded(field, cells, value_map(layout, rows, field.name))
    value = clean.moment(cells, zone=zone) if kind == "time" else _READERS[kind](cells)
    if field.name in rows.unsigned:
        value = value.abs()
    return _Column(value, cells, _failed(value, cells))


def _cleaned_texts(cells: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    return {c.name: c for c in clean.texts(pl.DataFrame(list(cells.values())))} if cells else {}


def _worded(field: Field, cells: pl.Series, words: ValueMap | None) -> _Column:
    value = clean.mapped(cells, values=words)
    unread = _failed(value, cells)
    if unread is not None and words is not None:
        nothing = [word for word, meant in words.listed.items() if not meant]
        unread = unread & ~clean.compared(cells).is_in(nothing) if nothing else unread
    return _Column(value == "true" if field.type == "flag" else value, cells, unread)


def _failed(value: pl.Series, cells: pl.Series) -> pl.Series | None:
    """The cells that say something and could not be read; None where there are none."""
    if value.null_count() == cells.null_count():
        return None
    failed = value.is_null() & clean.text(cells).is_not_null()
    return failed if failed.any() else None


def _merged(raw: pl.DataFrame, columns: Sequence[int]) -> pl.Series:
    """The first non-empty cell of the columns that mean the same."""
    first, *others = (raw[f"c{place}"] for place in columns)
    for other in others:
        empty = clean.text(first).is_null()
        first = first.zip_with(~empty, other)
    return first


def _verdict(
    read: Mapping[str, _Column], fields: Mapping[str, Field], titles: Mapping[str, str], *, height: int
) -> pl.DataFrame | None:
    """Reason and column of every row, null for good ones; None where all are good."""
    faults: list[tuple[pl.Series, str, str]] = []
    for name, column in read.items():
        if fields[name].present:
            if column.damaged is not None:
                faults.append((column.damaged, "damaged_id", titles[name]))
            elif column.failed is not None:
                faults.append((column.failed, "unreadable_value", titles[name]))
            if column.value.null_count():
                faults.append((column.value.is_null(), "missing_value", titles[name]))
    for name, column in read.items():
        if fields[name].type in ("money", "count") and column.value.len() and (column.value.min() or 0) < 0:  # type: ignore[operator]
            faults.append((column.value < 0, "negative_value", titles[name]))
        if fields[name].readable and not fields[name].present and column.failed is not None:
            faults.append((column.failed, "unreadable_value", titles[name]))
    if not faults:
        return None
    marked = pl.DataFrame([mask.fill_null(False).alias(str(i)) for i, (mask, _, _) in enumerate(faults)])
    return marked.select(
        pl.coalesce(pl.when(pl.col(str(i))).then(pl.lit(f[k])) for i, f in enumerate(faults)).alias(name)
        for k, name in ((1, "reason"), (2, "column"))
    )


def computed(raw: pl.DataFrame, match: Match, rule: Computed) -> pl.Series:
    """A field made of other cells, as text or as money. ``running`` is done for the whole file: see `numbered`."""
    if rule.constant is not None:
        return pl.repeat(rule.constant, raw.height, dtype=pl.String, eager=True)
    columns = match.columns((*rule.product, *rule.join))
    if len(columns) != len(rule.product) + len(rule.join):
        raise SetupError(
            f"Layout {match.layout.name} computes a field from columns that the file lacks",
            found=", ".join(match.positions), hint="put those headers into its signature",
        )  # fmt: skip
    cells = [raw[f"c{place}"] for place in columns]
    if rule.join:
        parts = pl.DataFrame([clean.identifier(cell).alias(str(i)) for i, cell in enumerate(cells)])
        return parts.select(pl.concat_str(pl.all(), separator="-")).to_series()
    value = clean.number(clean.text(cells[0]))
    for cell in cells[1:]:
        value = value * clean.number(clean.text(cell))
    return (value.abs() if rule.absolute else value).round(2).cast(MONEY, strict=False)


def numbered(ids: pl.DataFrame) -> pl.DataFrame:
    """``row`` and ``id``, the running number within equal ids in file order behind each: 77 becomes 77-1, 77-2.

    >>> numbered(pl.DataFrame({"row": [3, 2, 4], "id": ["a", "a", "b"]})).rows()
    [(2, 'a-1'), (3, 'a-2'), (4, 'b-1')]
    """
    running = pl.int_range(1, pl.len() + 1).over("id").cast(pl.String)
    return ids.sort("row").with_columns(id=pl.col("id") + "-" + running)


def _no_bad() -> pl.DataFrame:
    return pl.DataFrame(schema={"row": pl.Int64, "reason": pl.String, "column": pl.String})
