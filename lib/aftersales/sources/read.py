"""One export file into typed rows: every row either in a frame or set aside with its reason."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from aftersales.sources import clean, quarantine
from aftersales.sources.delimited import decoded, slices
from aftersales.sources.derive import derived
from aftersales.sources.kinds import KINDS
from aftersales.sources.layout import Condition, Layout, Match, Rows, load_layouts
from aftersales.sources.sheets import sheets
from aftersales.sources.sniff import HEAD_BYTES, Header, Text, find_text_header, sniffed
from aftersales.sources.typed import SHOP_NAME, Typed, computed, mapped_fields, needed_columns, numbered, typed
from aftersales.words.errors import DataError

_EXAMPLES = 3  # of words that could not be read, in a note
_EXPORTED = re.compile(
    r"(20\d{2})[-_.]?([01]\d)[-_.]?([0-3]\d)[ _T-]?([0-2]\d)[-_:.]?([0-5]\d)(?:[-_:.]?([0-5]\d))?(?!\d{3})"
)


@dataclass(frozen=True)
class Reading:
    """What one file, or one sheet or kind of rows of it, holds.

    ``frame``: ``row`` (1-based line or row number in the file), then every canonical field of the kind (`KINDS`), typed,
    null where the file lacks it; sorted by row. ``set_aside``: file, row, layout, reason, column, cells.
    ``rows_read`` = frame.height + set_aside.height. ``missing``: fields that matter and that the file lacks.
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


def read_export(
    path: str | Path,
    *,
    layouts: Sequence[Layout] | None = None,
    zone: str = "Asia/Shanghai",
    content: bytes | None = None,
) -> list[Reading]:
    """The readings of one export file (csv, tsv, txt, xlsx, xls): one a sheet and kind of rows.

    ``layouts`` are `load_layouts()` unless given; ``content`` stands for the file's bytes where they are already at
    hand. Local times are read in ``zone``. Raises `DataError` for a file that cannot be read at all.

    >>> report = "订单编号,总金额,订单创建时间\\n77,12.50,2026-11-09 10:00:00\\n78,abc,2026-11-09 10:05:00\\n"
    >>> [reading] = read_export("a.csv", content=report.encode("gb18030"))
    >>> reading.kind, reading.frame["order_id"].to_list(), reading.set_aside["reason"].to_list()
    ('order_report', ['77'], ['unreadable_value'])
    """
    file = str(path)
    layouts = load_layouts() if layouts is None else layouts
    if content is None:
        content = _bytes(Path(path))
    text = sniffed(content, file=file)
    if text is None:
        found = [
            reading
            for sheet in sheets(content, layouts, file=file)
            for reading in _readings(
                file, sheet.name, sheet.header, zone, [_Part(sheet.cells, (), _from_frame(sheet.cells))]
            )
        ]
    else:
        found = _delimited(content, text, layouts, file=file, zone=zone)
    return found


@dataclass(frozen=True)
class _Part:
    """Some rows as text: row and ``c<position>``; broken lines as (row, reason, fields); all cells of given rows."""

    cells: pl.DataFrame
    broken: tuple[tuple[int, str, int | None], ...]
    all_cells: Callable[[Sequence[int]], list[list[str]]]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"The file {path} does not exist", hint="check the name and the exports folder") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder, not a file", hint="name a file in it") from None
    except PermissionError:
        raise DataError(f"The file {path} may not be read", found="no permission", hint="allow reading it") from None
    except OSError as error:
        raise DataError(f"The file {path} cannot be read", found=error.strerror) from None


def _from_frame(cells: pl.DataFrame) -> Callable[[Sequence[int]], list[list[str]]]:
    def found(rows: Sequence[int]) -> list[list[str]]:
        wanted = pl.DataFrame({"row": rows}, schema={"row": pl.Int64}).join(
            cells, on="row", how="left", maintain_order="left"
        )
        return [list(row) for row in wanted.drop("row").rows()]

    return found


def _delimited(content: bytes, text: Text, layouts: Sequence[Layout], *, file: str, zone: str) -> list[Reading]:
    head = content[text.skip : text.skip + HEAD_BYTES].decode(text.encoding, "replace")
    if "\n" not in head and "\r" in head:  # line ends of an old kind
        whole = content[text.skip :].decode(text.encoding, "replace").replace("\r", "\n")
        return _delimited(whole.encode(), Text("utf-8", 0), layouts, file=file, zone=zone)
    header = find_text_header(head, layouts, file=file)
    columns = needed_columns(header.match)

    def parts() -> Iterator[_Part]:
        plain = decoded(io.BytesIO(content), text, file=file)
        for part in slices(
            plain, skip_lines=header.lines, fields=len(header.cells), columns=columns,
            delimiter=header.delimiter, file=file,
        ):  # fmt: skip
            broken = tuple((row, b.reason, b.fields) for row, b in part.broken)
            yield _Part(part.cells, broken, part.all_cells)

    return _readings(file, None, header, zone, parts())


class _Gathered:
    """Grows while the parts of a file pass: frames, rows set aside and what could not be read, for one kind of rows."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.frames: list[pl.DataFrame] = []
        self.aside: list[pl.DataFrame] = [quarantine.nothing()]
        self.ids: dict[str, list[pl.DataFrame]] = {n: [] for n, rule in rows.computed.items() if rule.running}
        self.nulled: Counter[tuple[str, str]] = Counter()


def _readings(file: str, sheet: str | None, header: Header, zone: str, parts: Iterable[_Part]) -> list[Reading]:
    match = header.match
    layout = match.layout
    gathered = [_Gathered(rows) for rows in (layout, *layout.split)]
    shops: set[str] = set()
    for part in parts:
        _set_aside_lines(gathered[0], part, file=file, header=header)
        cells = _without_blank_rows(part)
        cells = _set_aside_by_rule(gathered[0], part, cells, file=file, header=header)
        for place in match.columns((SHOP_NAME,)):
            names = clean.text(cells[f"c{place}"].unique()).drop_nulls()
            shops.update(names.filter(~names.str.contains("*", literal=True)).to_list())
        for group, raw in zip(gathered, _split(cells, match), strict=True):
            _take(group, raw, part, file=file, header=header, zone=zone)
    exported = _exported_at(file, zone)
    found = [_reading(group, match, file=file, sheet=sheet, zone=zone) for group in gathered]
    found = [r for i, r in enumerate(found) if i == 0 or r.rows_read]
    return [replace(r, exported_at=exported, shop_names=tuple(sorted(shops))) for r in found]


def _set_aside_lines(group: _Gathered, part: _Part, *, file: str, header: Header) -> None:
    if part.broken:
        rows, reasons, counts = zip(*part.broken, strict=True)
        cells = [quarantine.field_counts(count, len(header.cells)) for count in counts]
        layout = header.match.layout.name
        group.aside.append(quarantine.set_aside(rows, reasons, [None] * len(rows), cells, file=file, layout=layout))


def _without_blank_rows(part: _Part) -> pl.DataFrame:
    """Rows of delimiters only are no rows; one that is empty only where we look is kept, to be set aside."""
    empty = part.cells.select(pl.all_horizontal(pl.exclude("row").is_null())).to_series()
    if not empty.any():
        return part.cells
    rows = part.cells["row"].filter(empty).to_list()
    blank = [
        row for row, cells in zip(rows, part.all_cells(rows), strict=True) if not any(c and c.strip() for c in cells)
    ]
    return part.cells.filter(~pl.col("row").is_in(blank))


def _set_aside_by_rule(
    group: _Gathered, part: _Part, cells: pl.DataFrame, *, file: str, header: Header
) -> pl.DataFrame:
    for rule in header.match.layout.set_aside:
        hit = _holds(cells, header.match, rule)
        if hit.any():
            bad = cells.filter(hit).select("row", reason=pl.lit(rule.reason), column=pl.lit(rule.header))
            group.aside.append(_aside(bad, part, file=file, header=header))
            cells = cells.filter(~hit)
    return cells


def _holds(cells: pl.DataFrame, match: Match, rule: Condition) -> pl.Series:
    columns = match.columns((rule.header,))
    if not columns:
        return pl.repeat(False, cells.height, dtype=pl.Boolean, eager=True)
    return clean.text(cells[f"c{columns[0]}"]).str.contains(rule.matches).fill_null(False)


def _split(cells: pl.DataFrame, match: Match) -> Iterator[pl.DataFrame]:
    """The rows of the layout's main kind, then those of each split; a row goes to the first split it meets."""
    groups = []
    for rule in match.layout.split:
        hit = _holds(cells, match, rule)
        groups.append(cells.filter(hit))
        cells = cells.filter(~hit)
    yield cells
    yield from groups


def _take(group: _Gathered, raw: pl.DataFrame, part: _Part, *, file: str, header: Header, zone: str) -> None:
    if not raw.height and group.frames:
        return
    done: Typed = typed(raw, header.match, group.rows, headers=header.cells, zone=zone)
    there = mapped_fields(header.match, group.rows)
    group.frames.append(derived(done.frame, kind=group.rows.kind, there=there))
    group.nulled += done.nulled
    if done.bad.height:
        group.aside.append(_aside(done.bad, part, file=file, header=header))
    for name, ids in group.ids.items():
        ids.append(pl.DataFrame([raw["row"], computed(raw, header.match, group.rows.computed[name]).alias("id")]))


def _aside(bad: pl.DataFrame, part: _Part, *, file: str, header: Header) -> pl.DataFrame:
    rows = bad["row"].to_list()
    cells = [quarantine.harmless_cells(header.cells, row) for row in part.all_cells(rows)]
    layout = header.match.layout.name
    return quarantine.set_aside(rows, bad["reason"], bad["column"], cells, file=file, layout=layout)


def _reading(group: _Gathered, match: Match, *, file: str, sheet: str | None, zone: str) -> Reading:
    rows = group.rows
    fields = {name: field for name, field in KINDS[rows.kind].items() if not name.startswith("_")}
    empty = pl.DataFrame(schema={"row": pl.Int64, **{n: f.dtype(zone) for n, f in fields.items()}})
    frame = pl.concat([empty, *group.frames])
    for name, ids in group.ids.items():
        by_row = numbered(pl.concat(ids)).rename({"id": name})
        frame = frame.drop(name).join(by_row, on="row", how="left", maintain_order="left").select(empty.columns)
    aside = pl.concat(group.aside).sort("row")
    there = mapped_fields(match, rows)
    return Reading(
        file=file, sheet=sheet, layout=match.layout.name, kind=rows.kind, frame=frame,
        rows_read=frame.height + aside.height, set_aside=aside,
        missing=tuple(n for n, f in fields.items() if f.matters and n not in there),
        notes=tuple(_notes(group, frame, aside, there)), exported_at=None, shop_names=(),
    )  # fmt: skip


def _notes(group: _Gathered, frame: pl.DataFrame, aside: pl.DataFrame, there: Sequence[str]) -> Iterator[str]:
    kind = group.rows.kind
    if not frame.height and not aside.height:
        yield "no data rows under the header"
    if kind == "order_report" and not {"title", "quantity"} & set(there):
        yield "order report without product lines"
    for name in group.ids:
        yield f"{name} is not in the file: it was made of {' and '.join(group.rows.computed[name].join)} and a running number"
    if "status" in frame.columns and frame["status"].dtype == pl.String and kind in ("order_report", "item_report"):
        if "status" in there and not {"paid_at", "paid_net", "refunded"} & set(there):
            yield "closed orders have no status: the file does not tell whether they were paid"
    by_header: dict[str, Counter[str]] = {}
    for (header, word), times in group.nulled.items():
        by_header.setdefault(header, Counter())[word] += times
    for header, words in sorted(by_header.items()):
        shown = ", ".join(f"'{word[:40]}'" for word, _ in words.most_common(_EXAMPLES))
        yield f"{words.total()} cells under {header} could not be read and were left empty, such as {shown}"


def _exported_at(file: str, zone: str) -> datetime | None:
    """When the file was exported, by its name: ExportOrderList202609220054, …-2026-09-22 00_54_10."""
    found = _EXPORTED.search(Path(file).stem)
    if not found:
        return None
    try:
        return datetime(*(int(part or 0) for part in found.groups()), tzinfo=ZoneInfo(zone))  # type: ignore[misc,arg-type]
    except ValueError:
        return None
