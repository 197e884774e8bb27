"""What was read of one file: its rows, what was set aside, what it lacks; gathered part by part."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from aftersales.sources import clean, quarantine
from aftersales.sources.column_notes import column_notes, misplaced_states, unknown_notes
from aftersales.sources.conventions import Convention, with_convention
from aftersales.sources.derive import Filled, derived
from aftersales.sources.kinds import KINDS
from aftersales.sources.layout import Computed, Emit, Rows, normalised
from aftersales.sources.notes import note
from aftersales.sources.recognition import Match
from aftersales.sources.sniff import Header
from aftersales.sources.stray_rows import first_words, stray_rows
from aftersales.sources.typed import (
    SHOP_NAME,
    Typed,
    columns_of_type,
    holds,
    mapped_fields,
    typed,
)
from aftersales.words.periods import in_zone

_CELLS_KEPT = 200  # a reason and part of a file: every row set aside is counted, these many show their cells
_EXAMPLES = 3  # of words that could not be read, in a note
_EXPORTED = re.compile(
    r"(?<!\d)(20\d{2})[-_.]?([01]\d)[-_.]?([0-3]\d)[ _T-]?([0-2]\d)[-_:.]?([0-5]\d)"
    r"(?:[-_:.]?([0-5]\d))?(?![-_.]?\d\d|\d)"  # of a span no day is the export's
)


@dataclass(frozen=True)
class Reading:
    """What one file, or one sheet or kind of rows of it, holds.

    ``frame``: ``row`` (1-based line or row number in the file), then every canonical field of the kind
    (`KINDS`), typed, null where the file lacks it; sorted by row. ``set_aside``: file, row, layout, reason,
    column, cells.
    ``rows_read`` = frame.height + set_aside.height. ``missing``: fields that matter and that the file lacks;
    ``there``: those it has a column for. ``derived``: the rows were made of others of the file, and are not counted.
    ``shop_names``: the shops that rows name, the one of most rows first.
    ``unnumbered``: the id of which the file holds only the beginning, until `repeated.told_apart` has been there.
    """

    file: str
    sheet: str | None
    layout: str
    kind: str
    frame: pl.DataFrame
    rows_read: int
    set_aside: pl.DataFrame
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    exported_at: datetime | None
    shop_names: tuple[str, ...]
    there: frozenset[str] = frozenset()
    derived: bool = False
    unnumbered: str | None = None


@dataclass(frozen=True)
class Part:
    """Some rows as text: row and ``c<position>``; broken lines as (row, reason, fields); all cells of given rows.

    ``stray_quotes``: rows whose quotation marks were read as letters.
    """

    cells: pl.DataFrame
    broken: tuple[tuple[int, str, int | None], ...]
    all_cells: Callable[[Sequence[int]], list[list[str]]]
    stray_quotes: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Gathered:
    """What the parts of a file brought so far for one kind of rows."""

    rows: Rows
    frames: list[pl.DataFrame] = field(default_factory=list)
    aside: list[pl.DataFrame] = field(default_factory=lambda: [quarantine.nothing()])
    nulled: Counter[tuple[str, str]] = field(default_factory=Counter)
    foreign: list[pl.DataFrame] = field(default_factory=list)
    summands: dict[str, bool] = field(default_factory=dict)
    misplaced: list[str] = field(default_factory=list)


def readings(
    file: str,
    sheet: str | None,
    header: Header,
    zone: str,
    parts: Iterable[Part],
    *,
    currency: str | None = None,
    shop: str | None = None,
    notes: Sequence[str] = (),
) -> list[Reading]:
    """The readings of the parts of one file or sheet: one a kind of rows that the layout tells apart.

    Rows in another ``currency`` than the shop's are set aside; where none is given, they are only named. So are rows
    that name another ``shop``. ``notes`` on the file as a whole stand before those on its rows.
    """
    match = header.match
    layout = match.layout
    gathered = [_Gathered(rows) for rows in layout.groups]
    shops: Counter[str] = Counter()
    filled = Filled(match)
    told = with_convention(
        parts,
        layout,
        money=columns_of_type(match, "money"),
        times=columns_of_type(match, "time", "day"),
        currency=currency,
    )
    stray: list[int] = []
    written = Convention()
    for part, written in told:
        stray += part.stray_quotes
        _set_aside_lines(gathered[0], part, file=file, header=header)
        cells = _without_stray_rows(gathered[0], part, _without_blank_rows(part), file=file, header=header)
        cells = filled.below(cells)
        cells = _set_aside_by_rule(gathered[0], part, cells, file=file, header=header)
        cells = _set_aside_others(gathered[0], part, cells, shops, file=file, header=header, shop=shop)
        for group, raw in zip(gathered, _split(cells, match), strict=True):
            _take(group, raw, part, written, file=file, header=header, zone=zone, currency=currency)
    exported = _exported_at(file, zone)
    found = [_reading(group, match, file=file, sheet=sheet, zone=zone, currency=currency) for group in gathered]
    found = [_made_of(found[0], r) if isinstance(g.rows, Emit) else r for g, r in zip(gathered, found, strict=True)]
    found = [r for r in found if r.rows_read or r.frame.height] or found[:1]
    said = [*notes, *([note("stray_quotes", rows=len(stray), row=stray[0])] if stray else []), *written.guesses(layout)]
    found[0] = replace(found[0], notes=(*said, *found[0].notes, *column_notes(match, header.cells)))
    rows_of: Counter[str] = Counter()
    for name, count in shops.items():
        rows_of[normalised(name)] += count
    own = normalised(shop or "")
    names = tuple(sorted(shops, key=lambda n: (-rows_of[normalised(n)], normalised(n) != own, n)))
    return [replace(r, exported_at=exported, shop_names=names) for r in found]


def _made_of(main: Reading, emitted: Reading) -> Reading:
    """The reading of an emit: its rows are the main kind's, so none is counted, set aside or summed a second time."""
    aside = emitted.set_aside.join(main.set_aside, on="row", how="anti", maintain_order="left")
    said = {json.loads(n).get("header") for n in main.notes}
    more = tuple(n for n in emitted.notes if json.loads(n)["note"] == "unread" and json.loads(n)["header"] not in said)
    return replace(emitted, rows_read=aside.height, set_aside=aside, notes=more, derived=True)


def _set_aside_lines(group: _Gathered, part: Part, *, file: str, header: Header) -> None:
    if part.broken:
        rows, reasons, counts = zip(*part.broken, strict=True)
        if "too_few_fields" in reasons:
            words = (first_words(cells) for cells in part.all_cells(rows))
            reasons = tuple(w or r if r == "too_few_fields" else r for w, r in zip(words, reasons, strict=True))
        cells = [quarantine.field_counts(count, len(header.cells)) for count in counts]
        layout = header.match.layout.name
        group.aside.append(quarantine.set_aside(rows, reasons, [None] * len(rows), cells, file=file, layout=layout))


def _without_blank_rows(part: Part) -> pl.DataFrame:
    """Rows of delimiters only are no rows; one that is empty only where we look is kept, to be set aside."""
    empty = part.cells.select(pl.all_horizontal(pl.exclude("row").is_null())).to_series()
    if not empty.any():
        return part.cells
    rows = part.cells["row"].filter(empty).to_list()
    blank = [
        row for row, cells in zip(rows, part.all_cells(rows), strict=True) if not any(c and c.strip() for c in cells)
    ]
    return part.cells.filter(~pl.col("row").is_in(blank))


def _without_stray_rows(
    group: _Gathered, part: Part, cells: pl.DataFrame, *, file: str, header: Header
) -> pl.DataFrame:
    stray = stray_rows(cells, header.match, header.cells)
    if not stray.height:
        return cells
    bad = stray.with_columns(column=pl.lit(None, dtype=pl.String)).sort("row")
    group.aside.append(_aside(bad.filter(pl.col("reason") == "total_row"), part, file=file, header=header))
    others = bad.filter(pl.col("reason") != "total_row")  # a note may name people, a header says nothing
    shown = [quarantine.field_counts(None, len(header.cells))] * others.height
    layout = header.match.layout.name
    group.aside.append(
        quarantine.set_aside(
            others["row"].to_list(), others["reason"], others["column"], shown, file=file, layout=layout
        )
    )
    return cells.filter(~pl.col("row").is_in(stray["row"].implode()))


def _set_aside_by_rule(group: _Gathered, part: Part, cells: pl.DataFrame, *, file: str, header: Header) -> pl.DataFrame:
    for rule in header.match.layout.set_aside:
        hit = holds(cells, header.match, rule)
        if hit.any():
            bad = cells.filter(hit).select("row", reason=pl.lit(rule.reason), column=pl.lit(rule.header))
            group.aside.append(_aside(bad, part, file=file, header=header))
            cells = cells.filter(~hit)
    return cells


def _set_aside_others(
    group: _Gathered,
    part: Part,
    cells: pl.DataFrame,
    shops: Counter[str],
    *,
    file: str,
    header: Header,
    shop: str | None,
) -> pl.DataFrame:
    """The rows that name no other shop; ``shops`` counts the names. A masked name or none may be anybody's."""
    for place in header.match.columns((SHOP_NAME,)):
        names = clean.text(cells[f"c{place}"])
        counts = {n: count for n, count in names.drop_nulls().value_counts().iter_rows() if "*" not in n}
        shops.update(counts)
        others = [n for n in counts if shop is not None and normalised(n) != normalised(shop)]
        if others:
            hit = names.is_in(others).fill_null(value=False)
            bad = cells.filter(hit).select("row", reason=pl.lit("other_shop"), column=pl.lit(SHOP_NAME))
            group.aside.append(_aside(bad, part, file=file, header=header))
            cells = cells.filter(~hit)
    return cells


def _split(cells: pl.DataFrame, match: Match) -> Iterator[pl.DataFrame]:
    """The rows of the layout's main kind, those of each split, those of each emit.

    A row goes to the first split it meets; an emit takes rows of the main kind as well.
    """
    groups = []
    for rule in match.layout.split:
        hit = holds(cells, match, rule)
        groups.append(cells.filter(hit))
        cells = cells.filter(~hit)
    yield cells
    yield from groups
    for emit in match.layout.emit:
        yield _emitted(cells, match, emit)


def _emitted(cells: pl.DataFrame, match: Match, emit: Emit) -> pl.DataFrame:
    if emit.where:
        cells = cells.filter(holds(cells, match, emit.where))
    columns = match.columns((emit.once_per,)) if emit.once_per else []
    return cells.unique(f"c{columns[0]}", keep="first", maintain_order=True) if columns else cells


def _take(
    group: _Gathered,
    raw: pl.DataFrame,
    part: Part,
    written: Convention,
    *,
    file: str,
    header: Header,
    zone: str,
    currency: str | None,
) -> None:
    if not raw.height and group.frames:
        return
    done: Typed = typed(raw, header.match, group.rows, headers=header.cells, zone=zone, written=written)
    there = mapped_fields(header.match, group.rows)
    frame = derived(done.frame, kind=group.rows.kind, there=there, paid=group.rows.paid or header.match.layout.paid)
    if not group.frames and not isinstance(group.rows, Emit):
        found = misplaced_states(frame, header.match, group.rows, headers=header.cells, all_cells=part.all_cells)
        group.misplaced.extend(found)
    for summand in (h for rule in group.rows.computed.values() if len(rule.sum) > 1 for h in rule.sum):
        for place in header.match.columns((summand,)):
            group.summands[summand] = group.summands.get(summand, False) or clean.text(raw[f"c{place}"]).count() > 0
    if "currency" in there:
        frame = _in_currency(group, frame, part, file=file, header=header, currency=currency)
    group.frames.append(frame)
    group.nulled.update(done.nulled)
    if done.bad.height:
        group.aside.append(_aside(done.bad, part, file=file, header=header))


_PAID = ("paid_net", "amount", "payable", "total")  # what a row's money is, the first that the file brings


def _in_currency(
    group: _Gathered, frame: pl.DataFrame, part: Part, *, file: str, header: Header, currency: str | None
) -> pl.DataFrame:
    """The rows in the shop's currency; the others are set aside, and their sums kept to be named."""
    paid = [c for c in _PAID if c in frame.columns]
    group.foreign.append(frame.group_by("currency").agg(pl.len().alias("rows"), pl.coalesce(paid).sum().alias("sum")))
    if currency is None:
        return frame
    other = (pl.col("currency") != currency).fill_null(value=False)
    bad = frame.filter(other)
    if not bad.height:
        return frame
    places = header.match.columns(group.rows.spellings("currency"))
    title = header.cells[places[0]].strip() if places else None
    marked = bad.select("row", reason=pl.lit("other_currency"), column=pl.lit(title, dtype=pl.String))
    group.aside.append(_aside(marked, part, file=file, header=header))
    return frame.filter(~other)


def _aside(bad: pl.DataFrame, part: Part, *, file: str, header: Header) -> pl.DataFrame:
    shown = bad.select((pl.int_range(pl.len()).over("reason", "column") < _CELLS_KEPT).alias("shown"))["shown"]
    rows = bad["row"].filter(shown).to_list()
    fields = [group.spellings(f) for group in header.match.layout.groups for f in quarantine.PERSONAL_FIELDS]
    hidden = {place for spellings in fields for place in header.match.columns(spellings)}
    told = ([None if at in hidden else cell for at, cell in enumerate(row)] for row in part.all_cells(rows))
    found = iter([quarantine.harmless_cells(header.cells, row) for row in told])
    cells = [next(found) if one else None for one in shown]
    layout = header.match.layout.name
    return quarantine.set_aside(bad["row"].to_list(), bad["reason"], bad["column"], cells, file=file, layout=layout)


def _reading(
    group: _Gathered, match: Match, *, file: str, sheet: str | None, zone: str, currency: str | None
) -> Reading:
    rows = group.rows
    fields = {name: f for name, f in KINDS[rows.kind].items() if not name.startswith("_")}
    empty = pl.DataFrame(schema={"row": pl.Int64, **{n: f.dtype(zone) for n, f in fields.items()}})
    frame = pl.concat([empty, *group.frames])
    aside = pl.concat(group.aside).sort("row")
    there = mapped_fields(match, rows)
    return Reading(
        file=file,
        sheet=sheet,
        layout=match.layout.name,
        kind=rows.kind,
        frame=frame,
        rows_read=frame.height + aside.height,
        set_aside=aside,
        missing=tuple(n for n, f in fields.items() if f.matters and n not in there),
        notes=tuple(_notes(group, match, frame, aside, currency=currency)),
        exported_at=None,
        shop_names=(),
        there=frozenset(there),
        unnumbered=_unnumbered(rows),
    )


def _unnumbered(rows: Rows) -> str | None:
    return next((name for name, rule in rows.computed.items() if rule.running), None)


def _notes(
    group: _Gathered, match: Match, frame: pl.DataFrame, aside: pl.DataFrame, *, currency: str | None
) -> Iterator[str]:
    kind, there = group.rows.kind, mapped_fields(match, group.rows)
    yield from _currency_notes(group, currency)
    yield from unknown_notes(kind, there)
    yield from group.misplaced
    if frame.height and (empty := [h for h, filled in group.summands.items() if not filled]):
        yield note("sum_lacks", headers=", ".join(empty))
    for name, rule in group.rows.computed.items():
        if rule.sum and name in group.rows.headers:
            yield note("summed", field=name, headers=" + ".join(rule.sum))
    if not frame.height and not aside.height:
        yield note("no_rows")
    if kind == "order_report" and not {"title", "quantity"} & set(there):
        yield note("no_lines")
    if made := _unnumbered(group.rows):
        yield note("made_id", field=made, headers=" + ".join(group.rows.computed[made].join))
    if kind == "item_report" and {"refund_status", "refunded"} <= set(there):
        state, amount = pl.col("refund_status"), pl.col("refunded").fill_null(0)
        odd = frame.filter(((state == "none") & (amount > 0)) | ((state == "succeeded") & (amount <= 0)))
        if odd.height:
            example = f"{odd['line_id'][0]} ({odd['refund_status'][0]}, {odd['refunded'][0]})"
            yield note("refund_disagrees", rows=odd.height, example=example)
    if kind in ("order_report", "item_report") and "status" in there and not _proofs(group, match) & set(there):
        yield note("closed_how")
    by_header: dict[str, Counter[str]] = {}
    for (header, word), times in group.nulled.items():
        by_header.setdefault(header, Counter())[word] += times
    for header, words in sorted(by_header.items()):
        shown = ", ".join(f"'{word[:40]}'" for word, _ in words.most_common(_EXAMPLES))
        yield note("unread", cells=words.total(), header=header, examples=shown)


def _proofs(group: _Gathered, match: Match) -> set[str]:
    """The fields that tell whether a closed order was ever paid (`derive`): not money that is taken from its state."""
    where = group.rows.computed.get("paid_net", Computed()).where
    of_state = where is not None and where.header in group.rows.spellings("status")
    gross = (group.rows.paid or match.layout.paid) == "gross"
    return {"paid_at", "refunded", "refund_status", *(() if gross or of_state else ("paid_net",))}


def _currency_notes(group: _Gathered, currency: str | None) -> Iterator[str]:
    if not group.foreign or isinstance(group.rows, Emit):
        return
    sums = (
        pl.concat(group.foreign)
        .drop_nulls("currency")
        .group_by("currency")
        .sum()
        .sort("rows", "currency", descending=[True, False])
    )
    others = sums.filter(pl.col("currency") != currency) if currency else sums
    told = ", ".join(f"{name} {total or 0:,.2f} ({rows:,})" for name, rows, total in others.iter_rows())
    if currency and others.height:
        yield note("other_currencies", code=currency, sums=told)
    elif others.height > 1:
        yield note("several_currencies", sums=told)


def _exported_at(file: str, zone: str) -> datetime | None:
    """When the file was exported, by its name: ExportOrderList202609220054, …-2026-09-22 00_54_10."""
    found = _EXPORTED.search(Path(file).stem)
    if not found:
        return None
    try:
        return in_zone(datetime(*(int(part or 0) for part in found.groups())), ZoneInfo(zone))  # type: ignore[arg-type]
    except ValueError:
        return None
