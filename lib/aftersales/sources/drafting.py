"""A layout drafted for a file that none fits: columns guessed by their names and values, words by what they contain."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import fastexcel
import polars as pl

from aftersales.sources import clean
from aftersales.sources.child import in_child
from aftersales.sources.kinds import ESSENTIAL, KINDS
from aftersales.sources.layout import load_layouts, normalised
from aftersales.sources.sniff import DELIMITERS, HEAD_BYTES, HEADER_ROWS, sniffed
from aftersales.words.errors import DataError

_ROWS = 200  # looked at to guess from
# What stands once for an order whose lines follow it; its money is not repeated on every line.
_OF_ORDER = (
    "order_id", "status", "created_at", "paid_at", "shipped_at", "confirmed_at", "buyer", "receiver", "address",
    "mobile", "phone", "province", "channel", "currency",
)  # fmt: skip
_READ = 0.8  # share of a column's cells that must be a day, a number, for it to be one
# What a platform's word for an order's state holds, most telling first; the rest is listed to be filled in.
_STATES = (
    ("return|refund|退款", "closed_refunded"), ("cancel|void|expired|关闭|取消|batal|storniert", "closed"),
    ("unpaid|pending|awaiting payment|待付款|belum bayar", "unpaid"),
    ("deliver|complete|finish|received|成功|完成|selesai|abgeschlossen", "finished"),
    ("unshipped|unfulfilled|to ship|processing|待发货|perlu dikirim", "paid"),
    ("ship|fulfilled|transit|已发货|dikirim|versandt", "shipped"), ("paid|bezahlt|已付款", "paid"),
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """A drafted layout: ``fields`` gives each field its header; ``lacking`` what its kind needs and nothing gave."""

    name: str
    kind: str
    headers: tuple[str, ...]
    fields: Mapping[str, str]
    delimiter: str | None
    words: Mapping[str, str | None]
    running: bool = False
    fill_down: tuple[str, ...] = ()

    @property
    def ignored(self) -> list[str]:
        """The columns that nothing is read from."""
        return [h for h in self.headers if h and h not in self.fields.values()]

    @property
    def lacking(self) -> list[tuple[str, ...]]:
        """For each thing the kind cannot do without and nobody found, the fields that would give it."""
        needed: list[tuple[str, ...]] = [(name,) for name, field in KINDS[self.kind].items() if field.present]
        needed += ESSENTIAL.get(self.kind, {}).values()
        return [fields for fields in needed if not set(fields) & {*self.fields, *(["line_id"] if self.running else [])}]

    def toml(self) -> str:
        """The layout as a TOML file."""
        own = [f for f in self.fields if f in ("order_id", "refund_id", "line_id")]
        lines = ["[[layout]]", f"name = {_quoted(self.name)}", f'kind = "{self.kind}"']
        lines.append(f"signature = {json.dumps(own, ensure_ascii=False)}")
        if self.delimiter not in (None, ",", "\t", ";"):
            lines.append(f"delimiter = {_quoted(self.delimiter or '')}")
        if self.ignored:
            lines.append(f"ignored = {json.dumps(self.ignored, ensure_ascii=False)}")
        if self.fill_down:
            lines.append(f"fill_down = {json.dumps(self.fill_down)}")
        lines += ["", "[layout.headers]", *(f"{f} = [{_quoted(h)}]" for f, h in self.fields.items())]
        if self.running:
            lines += [
                "",
                "[layout.computed]",
                f"line_id = {{ join = [{_quoted(self.fields['order_id'])}], running = true }}",
            ]
        if self.words:
            known = {word: meant for word, meant in self.words.items() if meant}
            lines += [
                "",
                "[layout.values]",
                f"status = {_quoted(self.name)}",
                "",
                f"[maps.{_quoted(self.name)}]",
                "exact = {",
            ]
            lines[-1] += " " + ", ".join(f"{_quoted(w)} = {_quoted(m)}" for w, m in known.items()) + " }"
            lines += [f"# not known yet, add it above: {_quoted(w)}" for w, meant in self.words.items() if not meant]
        return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def draft(content: bytes, *, file: str, ask: Callable[[str, list[str]], str | None] | None = None) -> Draft:
    r"""Draft a layout for an export file.

    ``ask`` is given a field and the columns still free, and gives a column or None; without it, values decide where
    names do not.

    >>> made = draft("Order Number,Order Date,Total\nA1,2026-11-09,12.50\n".encode(), file="orders.csv")
    >>> made.kind, dict(made.fields)
    ('order_report', {'order_id': 'Order Number', 'paid_net': 'Total', 'created_at': 'Order Date'})
    """
    headers, rows, delimiter = _table(content, file=file)
    cells = {h: pl.Series([r[i] if i < len(r) else None for r in rows], dtype=pl.String) for i, h in enumerate(headers)}
    kind = _kind(headers)
    fields = _by_name(kind, headers)
    made = Draft(re.sub(r"\W+", "_", Path(file).stem).strip("_") or "own", kind, headers, fields, delimiter, {})
    for wanted in made.lacking:
        free = [h for h in made.ignored if cells[h].null_count() < cells[h].len()]
        column = ask(wanted[0], free) if ask else _by_value(wanted[0], kind, {h: cells[h] for h in free})
        if column:
            made = replace(made, fields={**made.fields, wanted[0]: column})
    if made.kind == "item_report" and "line_id" not in made.fields and "order_id" in made.fields:
        made = replace(made, running=True)
    ids = clean.text(cells[made.fields["order_id"]]) if "order_id" in made.fields else pl.Series([""])
    if 0 < ids.null_count() < ids.len():  # lines of an order under its first row
        made = replace(made, fill_down=tuple(f for f in made.fields if f in _OF_ORDER))
    return replace(made, words=_words(made, cells))


def _kind(headers: Sequence[str]) -> str:
    """A refund report has numbers of refunds, an item report numbers of lines."""
    if "refund_id" in _by_name("refund_report", headers):
        return "refund_report"
    return "item_report" if "line_id" in _by_name("item_report", headers) else "order_report"


@cache
def _names(kind: str) -> Mapping[str, tuple[str, ...]]:
    """The names of each field: those listed, then those of the layouts that come with the package."""
    listed = tomllib.loads(files("aftersales.sources").joinpath("synonyms.toml").read_text("utf-8"))
    found: dict[str, list[str]] = {f: list(names) for f, names in listed.get(kind, {}).items()}
    for base in ("order_report",) if kind == "item_report" else ():
        for field, names in listed[base].items():
            found.setdefault(field, []).extend(names)
    own = {normalised(name) for names in found.values() for name in names}
    for layout in load_layouts():
        for field, names in layout.headers.items() if layout.kind == kind else ():
            # a name that is listed means what the list says, whatever one platform calls so
            found.setdefault(field, []).extend(n for n in names if normalised(n) not in own)
    return {f: tuple(map(normalised, names)) for f, names in found.items() if f in KINDS[kind]}


def _by_name(kind: str, headers: Sequence[str]) -> dict[str, str]:
    at = {normalised(h): h for h in reversed(headers) if h}
    found = {}
    taken: set[str] = set()
    for field in KINDS[kind]:
        for name in _names(kind).get(field, ()):
            column = at.get(name)
            if column and (column not in taken or field in ("reason", "reason_raw")):
                found[field] = column
                taken.add(column)
                break
    return found


def _by_value(field: str, kind: str, free: Mapping[str, pl.Series]) -> str | None:
    """The first free column whose values can be the field's."""
    wanted = KINDS[kind][field].type
    for header, cells in free.items():
        said = clean.text(cells).drop_nulls()
        if not said.len():
            continue
        if wanted == "time" and said.str.contains(r"\d{1,4}[-/.年]\d{1,2}[-/.月]\d").mean() >= _READ:  # type: ignore[operator]
            return header
        if wanted == "money" and said.str.contains(r"^\D{0,4}\d[\d.,' ]*[.,]\d{2}\D{0,4}$").mean() >= _READ:  # type: ignore[operator]
            return header
        if wanted == "id" and said.n_unique() >= _READ * said.len() and said.str.contains(r"\d{4}").mean() >= _READ:  # type: ignore[operator]
            return header
    return None


def _words(made: Draft, cells: Mapping[str, pl.Series]) -> dict[str, str | None]:
    """The words of an order's state that the usual map does not know, with a guess."""
    if made.kind == "refund_report" or "status" not in made.fields:
        return {}
    said = clean.text(cells[made.fields["status"]]).drop_nulls().unique(maintain_order=True)
    usual = load_layouts()[0].maps["order_status"]
    if clean.mapped(said, values=usual).null_count() == 0:
        return {}
    return {word: next((m for p, m in _STATES if re.search(p, word.casefold())), None) for word in said.to_list()}


def _table(content: bytes, *, file: str) -> tuple[tuple[str, ...], list[list[str]], str | None]:
    """The header, some rows under it, and the delimiter (None for a workbook)."""
    rows, delimiter = _rows_of(content, file=file)
    first = rows[:HEADER_ROWS]
    named = [sum(bool(c and c.strip()) and not re.fullmatch(r"[\d.,:/ -]+", c.strip()) for c in row) for row in first]
    if not named or max(named) < 2:
        raise DataError(f"{file} holds no row that could be a header", hint="a layout needs a row of column names")
    place = named.index(max(named))
    return tuple((c or "").strip() for c in rows[place]), rows[place + 1 :], delimiter


def _rows_of(content: bytes, *, file: str) -> tuple[list[list[str]], str | None]:
    text = sniffed(content, file=file)
    if text is None:
        return in_child(_book_rows, content, file=file, size=len(content)), None
    head = content[text.skip : text.skip + HEAD_BYTES].decode(text.encoding, "replace")
    delimiter = max((*DELIMITERS, "|"), key=head[:5_000].count)
    return list(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter))[:_ROWS], delimiter


def header_row(content: bytes, *, known: frozenset[str], file: str) -> tuple[str, ...]:
    """The header of a file, the row that holds most of the ``known`` (normalised) names."""
    rows = _rows_of(content, file=file)[0][:HEADER_ROWS]
    return max(
        (tuple((c or "").strip() for c in row) for row in rows),
        key=lambda row: len({normalised(c) for c in row} & known),
        default=(),
    )


def _book_rows(content: bytes) -> list[list[str]]:
    sheet = fastexcel.read_excel(content).load_sheet(0, header_row=None, skip_rows=0, n_rows=_ROWS, dtypes="string")
    return [[cell or "" for cell in row] for row in sheet.to_polars().rows()]
