"""A table as a reader wants it: written numbers, right-aligned, bars with intervals, sparklines, words for states.

A `Column` says how one column of a frame is shown; `Table` holds frame and columns together and writes HTML.
Every cell is escaped: product titles and buyers' words come from outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from aftersales.charts.markup import checked_id, escaped, lang_of
from aftersales.charts.numbers import written
from aftersales.charts.svg import interval_bar, sparkline
from aftersales.words.errors import UsageError
from aftersales.words.language import NOTHING, Language, say

Tone = Literal["signal", "good", "plain"]
_TEXTUAL = ("text", "word", "list", "chip", "bar", "spark", "code")


@dataclass(frozen=True)
class Column:
    """How one column of a frame is shown.

    ``form`` is a type of `words.language.FORMATTERS` (``int pct pp money day date clock hours num1 plus list …``) or
    ``text``, ``word`` (a catalogue key; ``prefix`` goes before it), ``chip`` (a word with a tone, from ``tone``),
    ``code`` (a command or id), ``bar`` (needs ``low``, ``high``, ``usual``: names of columns; orange where ``signal``,
    a boolean column, is true, or else where the whole interval lies above the usual) or ``spark`` (a list column).
    ``below`` names a column written small under the value (of lists: a line each), which a phone shows where ``fold``,
    its name, is touched; ``tone`` one that holds ``signal``, ``good`` or ``plain``, ``href`` one that holds the address
    that the value links to.
    """

    name: str
    label: str
    form: str = "text"
    align: Literal["left", "right"] | None = None
    strong: bool = False
    prefix: str = ""
    below: str | None = None
    fold: str = ""
    tone: str | None = None
    low: str | None = None
    high: str | None = None
    usual: str | None = None
    signal: str | None = None
    href: str | None = None

    @property
    def right(self) -> bool:
        """Whether the column is set to the right, as numbers are."""
        return self.align == "right" if self.align else self.form not in _TEXTUAL

    def needs(self) -> list[str]:
        """The columns of the frame it reads."""
        others = (self.below, self.tone, self.low, self.high, self.usual, self.signal, self.href)
        return [self.name, *(name for name in others if name)]


@dataclass(frozen=True)
class Table:
    """A frame with its columns' looks; shows itself in JupyterLab and on the page.

    ``total`` is the number of rows there are, where the frame holds only the first of them; those after the first
    ``open_rows`` are folded. ``link`` is words and address of the page that tells more; ``anchor`` names the column
    that holds the id of each row's place on the page.

    >>> frame = pl.DataFrame({"product": ["<b>Pillow"], "rate": [0.327]})
    >>> table = Table(frame, (Column("product", "Product"), Column("rate", "Rate", "pct")), language="en", id="t")
    >>> '<td class="num">32.7%</td>' in table.html(), "&lt;b&gt;Pillow" in table.html()
    (True, True)
    """

    frame: pl.DataFrame
    columns: tuple[Column, ...]
    language: Language = field(kw_only=True)
    id: str = field(kw_only=True)
    title: str = field(kw_only=True, default="")
    so_what: str = field(kw_only=True, default="")
    caption: str = field(kw_only=True, default="")
    label: str = field(kw_only=True, default="")
    total: int | None = field(kw_only=True, default=None)
    open_rows: int | None = field(kw_only=True, default=None)
    empty: str = field(kw_only=True, default="")
    link: tuple[str, str] | None = field(kw_only=True, default=None)
    anchor: str | None = field(kw_only=True, default=None)
    currency: str = field(kw_only=True, default="CNY")

    def __post_init__(self) -> None:
        checked_id(self.id)
        needed = [*(n for c in self.columns for n in c.needs()), *([self.anchor] if self.anchor else [])]
        missing = sorted(set(needed) - set(self.frame.columns))
        if missing:
            raise UsageError(
                f"The table '{self.id}' asks for columns the frame lacks: {', '.join(missing)}",
                found=", ".join(self.frame.columns),
            )

    def html(self) -> str:
        """The whole block: title, scrolling table, caption."""
        head = f"<h3>{escaped(self.title)}</h3>" if self.title else ""
        if self.so_what:
            head += f'<p class="so-what">{escaped(self.so_what)}</p>'
        if self.frame.is_empty():
            said = self.empty or say("charts.table.empty", self.language)
            body, notes = f'<p class="empty">{escaped(said)}</p>' if said != self.title else "", ""
        else:
            body, notes = self.scroller(), " ".join(part for part in (self.caption, self.rows_shown()) if part)
        foot = f'<p class="caption">{escaped(notes)}</p>' if notes else ""
        foot += more(self.link)
        return (
            f'<section class="as-block as-table" id="{self.id}" lang="{lang_of(self.language)}">{head}{body}{foot}'
            "</section>"
        )

    def rows_shown(self) -> str:
        """How many of how many, where not all are shown."""
        if self.total is None or self.total <= self.frame.height:
            return ""
        return say("charts.table.rows_shown", self.language, shown=self.frame.height, total=self.total)

    def scroller(self) -> str:
        """The table itself, in a region that scrolls sideways on a phone and can be reached by keyboard."""
        name = self.title or self.label or self.caption or self.id
        first = self.open_rows or self.frame.height
        folded = self.frame.slice(first)
        if folded.is_empty():
            return self._scroller(self.frame, name)
        more = say("charts.table.more_rows", self.language, count=folded.height)
        return (
            f"{self._scroller(self.frame.head(first), name)}"
            f'<details class="rest"><summary>{escaped(more)}</summary>{self._scroller(folded, more)}</details>'
        )

    def _scroller(self, frame: pl.DataFrame, name: str) -> str:
        return (
            f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(name)}">'
            f"{table_html(frame, self.columns, self.language, currency=self.currency, anchor=self.anchor)}</div>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.title or self.id}


def more(link: tuple[str, str] | None) -> str:
    """The line that leads from a block to where more is told; nothing without a link.

    >>> more(("See the page", "products.html"))
    '<p class="more"><a href="products.html">See the page</a></p>'
    """
    return f'<p class="more"><a href="{escaped(link[1])}">{escaped(link[0])}</a></p>' if link else ""


def table_html(
    frame: pl.DataFrame,
    columns: Sequence[Column],
    language: Language,
    *,
    currency: str = "CNY",
    anchor: str | None = None,
) -> str:
    """The bare table element of a frame; ``anchor`` names the column that holds the ids of its rows."""
    tops = {c.name: _top(frame, c) for c in columns if c.form == "bar"}
    heads = "".join(f'<th scope="col"{_class(c)}>{escaped(c.label)}</th>' for c in columns)
    rows = []
    for row in frame.iter_rows(named=True):
        cells = "".join(_cell(c, row, language, tops.get(c.name, 0.0), currency) for c in columns)
        rows.append(f"<tr{_row_id(row, anchor)}>{cells}</tr>")
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row_id(row: Mapping[str, Any], anchor: str | None) -> str:
    return f' id="{checked_id(row[anchor])}"' if anchor and row[anchor] else ""


def _class(column: Column, *more: str) -> str:
    names = [*(["num"] if column.right else []), *(["strong"] if column.strong else []), *(m for m in more if m)]
    return f' class="{" ".join(names)}"' if names else ""


def _top(frame: pl.DataFrame, column: Column) -> float:
    names = [n for n in (column.name, column.high, column.usual) if n]
    peaks: Iterable[Any] = (frame[n].max() for n in names)
    return 1.02 * max((float(p) for p in peaks if p is not None), default=0.0)


def _cell(column: Column, row: Mapping[str, Any], language: Language, top: float, currency: str) -> str:
    value = row[column.name]
    tone = str(row[column.tone] or "plain") if column.tone else ""
    below = row[column.below] if column.below else None
    lines = below if isinstance(below, list) else [] if below is None else [below]
    small = "".join(f'<span class="below">{escaped(line)}</span>' for line in lines)
    if column.fold and small:  # open without a script, and where there is room; the page's script closes it on phones
        small = f'<details class="reason" open><summary>{escaped(column.fold)}</summary>{small}</details>'
    if column.form == "bar":
        inner = _bar(column, row, language, top)
    elif column.form == "spark":
        inner = sparkline(list(value or []), signal=bool(row[column.signal]) if column.signal else False)
    elif value is None or value == []:
        inner = NOTHING
    elif column.form == "chip":
        inner = f'<span class="chip {escaped(tone or "plain")}">{escaped(value)}</span>'
        tone = ""
    elif column.form == "code":
        inner = f"<code>{escaped(value)}</code>"
    elif column.form == "word":
        inner = escaped(say(f"{column.prefix}{value}", language))
    else:
        inner = escaped(written(value, column.form, language, currency=currency))
    if column.href and row[column.href]:
        inner = f'<a href="{escaped(row[column.href])}">{inner}</a>'
    return f"<td{_class(column, 'pic' if column.form in ('bar', 'spark') else '', tone)}>{inner}{small}</td>"


def _bar(column: Column, row: Mapping[str, Any], language: Language, top: float) -> str:
    value, low, high, usual = (
        None if name is None or row[name] is None else float(row[name])
        for name in (column.name, column.low, column.high, column.usual)
    )
    if column.signal:
        signal = bool(row[column.signal])
    else:
        signal = low is not None and usual is not None and low > usual
    key = "charts.table.bar_alt_alone" if usual is None else "charts.table.bar_alt"
    label = say(key, language, rate=value, low=low, high=high, usual=usual)
    return interval_bar(value, top=top, low=low, high=high, usual=usual, signal=signal, label=label)
