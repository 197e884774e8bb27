"""From the text cells of one kind's rows to typed canonical fields, and the rows among them that cannot be taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import polars as pl

from aftersales.sources import clean
from aftersales.sources.conventions import Convention
from aftersales.sources.kinds import KINDS, Field
from aftersales.sources.layout import Computed, Condition, Emit, Rows, ValueMap, value_map
from aftersales.sources.recognition import Match
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
    layout, found = match.layout, set(match.columns((SHOP_NAME,)))
    for rows in layout.groups:
        for name in KINDS[rows.kind]:
            found.update(match.columns(rows.spellings(name)))
        for rule in rows.computed.values():
            found.update(match.columns((*rule.headers, *([rule.where.header] if rule.where else []))))
        if isinstance(rows, Emit):
            found.update(match.columns([h for h in (rows.once_per, rows.where and rows.where.header) if h]))
    for condition in (*layout.split, *layout.set_aside):
        found.update(match.columns((condition.header,)))
    return sorted(found)


def mapped_fields(match: Match, rows: Rows) -> list[str]:
    """The fields that this file brings for rows of this kind."""
    return [
        name
        for name in KINDS[rows.kind]
        if name in rows.computed
        or match.columns(rows.spellings(name))
        or (name == "currency" and match.layout.currency)
    ]


def columns_of_type(match: Match, *types: str) -> list[str]:
    """The raw columns, ``c<position>``, that fields of these types are read from."""
    found: list[int] = []
    for rows in match.layout.groups:
        for name, field in KINDS[rows.kind].items():
            if field.type in types:
                rule = rows.computed.get(name, Computed())
                numbers = rule.sum if rule.sum or rule.product else rule.headers
                found += match.columns(numbers if name in rows.computed else rows.spellings(name))
    return [f"c{place}" for place in dict.fromkeys(found)]


def holds(cells: pl.DataFrame, match: Match, rule: Condition) -> pl.Series:
    """Which rows meet a condition; none where the file lacks its column."""
    columns = match.columns((rule.header,))
    if not columns:
        return pl.repeat(False, cells.height, dtype=pl.Boolean, eager=True)
    return clean.text(cells[f"c{columns[0]}"]).str.contains(rule.matches).fill_null(False)


def typed(
    raw: pl.DataFrame, match: Match, rows: Rows, *, headers: Sequence[str], zone: str, written: Convention
) -> Typed:
    """The kind's fields out of raw text columns named ``c<position>``, beside the column ``row``.

    A row is bad for the first of: a damaged or missing id, a negative amount, a needed value that cannot be read.
    Other cells that cannot be read are null and counted. ``written``: how the file writes numbers and days.
    """
    fields = KINDS[rows.kind]
    there = mapped_fields(match, rows)

    def column(name: str) -> pl.Series:
        if name in rows.computed:
            return computed(raw, match, rows.computed[name], written).alias(name)
        columns = match.columns(rows.spellings(name))
        if not columns:
            return pl.repeat(match.layout.currency, raw.height, dtype=pl.String, eager=True).alias(name)
        return _merged(raw, columns).alias(name)

    with ThreadPoolExecutor(_WORKERS) as pool:
        cells = dict(zip(there, pool.map(column, there), strict=True))
        cells |= _cleaned_texts({n: cells[n] for n in there if fields[n].type == "text"})
        jobs = [(fields[name], cells[name], value_map(match.layout, rows, name), zone, written) for name in there]
        read = dict(zip(there, pool.map(lambda job: _read(*job), jobs), strict=True))
    for name in there:
        if name in rows.unsigned:
            read[name] = replace(read[name], value=read[name].value.abs())
        if name in rows.computed and cells[name].dtype != pl.String:
            read[name] = replace(read[name], failed=_unread_parts(raw, match, rows.computed[name], written))
    places = {n: match.columns(() if n in rows.computed else rows.spellings(n)) for n in there}
    titles = {n: headers[found[0]].strip() if found else n for n, found in places.items()}
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


_NUMBERS: Mapping[str, Callable[[pl.Series, str | None], pl.Series]] = {
    "money": clean.amount, "count": clean.count, "number": clean.number,
}  # fmt: skip
# Nothing can be wrong with these; texts are cleaned before, all such columns at once.
_ALWAYS_READABLE: Mapping[str, Callable[[pl.Series], pl.Series]] = {
    "province": clean.province, "address": clean.address, "currency": clean.currency, "text": lambda cells: cells,
}  # fmt: skip


def _read(field: Field, cells: pl.Series, words: ValueMap | None, zone: str, written: Convention) -> _Column:
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
        return _worded(field, cells, words)
    if kind == "time":
        value = clean.moment(cells, zone=zone, dates=written.dates, first=written.first, written_in=written.zone)
    elif kind == "day":
        value = clean.day(cells, dates=written.dates, first=written.first)
    else:
        value = _NUMBERS[kind](cells, written.decimal)
    return _Column(value, cells, _failed(value, cells))


def _cleaned_texts(cells: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    return {c.name: c for c in clean.texts(pl.DataFrame(list(cells.values())))} if cells else {}


def _worded(field: Field, cells: pl.Series, words: ValueMap | None) -> _Column:
    value = clean.mapped(cells, values=words)
    unread = _failed(value.replace("unknown", None), cells)
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

    def unread(name: str) -> tuple[str, str]:
        column = read[name]
        if fields[name].type in ("money", "time") and clean.doubtful(column.cells.filter(column.failed)):  # type: ignore[arg-type]
            return "doubtful_value", titles[name]
        return "unreadable_value", titles[name]

    for name, column in read.items():
        if fields[name].present:
            if column.damaged is not None:
                faults.append((column.damaged, "damaged_id", titles[name]))
            elif column.failed is not None:
                faults.append((column.failed, *unread(name)))
            if column.value.null_count():
                faults.append((column.value.is_null(), "missing_value", titles[name]))
    for name, column in read.items():
        if fields[name].type in ("money", "count") and column.value.len() and (column.value.min() or 0) < 0:  # type: ignore[operator]
            faults.append((column.value < 0, "negative_value", titles[name]))
        if fields[name].readable and not fields[name].present and column.failed is not None:
            faults.append((column.failed, *unread(name)))
    if not faults:
        return None
    marked = pl.DataFrame([mask.fill_null(False).alias(str(i)) for i, (mask, _, _) in enumerate(faults)])
    return marked.select(
        pl.coalesce(pl.when(pl.col(str(i))).then(pl.lit(f[k])) for i, f in enumerate(faults)).alias(name)
        for k, name in ((1, "reason"), (2, "column"))
    )


def computed(raw: pl.DataFrame, match: Match, rule: Computed, written: Convention) -> pl.Series:
    """A field made of other cells, as text or as money. Of a ``running`` one only the beginning: see `repeated`."""
    value = _computed(raw, match, rule, written)
    if rule.where is None:
        return value
    return value.set(~holds(raw, match, rule.where), None)


def _computed(raw: pl.DataFrame, match: Match, rule: Computed, written: Convention) -> pl.Series:
    if rule.constant is not None:
        return pl.repeat(rule.constant, raw.height, dtype=pl.String, eager=True)
    lacking = [h for h in rule.headers if not match.columns((h,))]
    columns = match.columns(rule.headers)
    if lacking and not (rule.sum and columns):  # a sum goes without what was not charged
        raise SetupError(
            f"Layout {match.layout.name} computes a field from columns that the file lacks",
            found=", ".join(lacking),
            hint="put those headers into its signature",
        )
    cells = [raw[f"c{place}"] for place in columns]
    if rule.join or (not rule.sum and not rule.product):
        parts = pl.DataFrame([clean.identifier(cell).alias(str(i)) for i, cell in enumerate(cells)])
        joined = parts.select(pl.concat_str(pl.all(), separator="-")).to_series()
        if rule.pattern:
            joined = joined.str.extract(rule.pattern, 1 if "(" in rule.pattern else 0)
        for pattern in rule.dates[:1]:
            day = joined.str.to_datetime(pattern, strict=False)
            for other in rule.dates[1:]:
                day = day.zip_with(day.is_not_null(), joined.str.to_datetime(other, strict=False))
            joined = day.dt.strftime("%Y-%m-%d %H:%M:%S")
        return joined
    numbers = pl.DataFrame(
        [clean.number(clean.text(cell), written.decimal).alias(str(i)) for i, cell in enumerate(cells)]
    )
    if rule.sum:
        value = numbers.select(pl.when(pl.any_horizontal(pl.all().is_not_null())).then(pl.sum_horizontal(pl.all())))
    else:
        value = numbers.select(pl.reduce(lambda a, b: a * b, pl.all()))
    found = value.to_series()
    return clean.plausible((found.abs() if rule.absolute else found).round(2).cast(MONEY, strict=False))


def _unread_parts(raw: pl.DataFrame, match: Match, rule: Computed, written: Convention) -> pl.Series | None:
    """The rows where a cell of a sum or product says something that is no number: the rest is not the whole."""
    failed = None
    for place in match.columns((*rule.sum, *rule.product)):
        cells = clean.text(raw[f"c{place}"])
        odd = clean.number(cells, written.decimal).is_null() & cells.is_not_null()
        failed = odd if failed is None else failed | odd
    if failed is None or not failed.any():
        return None
    return failed & holds(raw, match, rule.where) if rule.where else failed


def _no_bad() -> pl.DataFrame:
    return pl.DataFrame(schema={"row": pl.Int64, "reason": pl.String, "column": pl.String})
