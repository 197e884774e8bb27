"""Layouts: which headers a platform's export file uses for which canonical field, written down in TOML.

A layout is an alias list, not a schema: headers drift by date, by shop and by the columns the seller ticked. A file
is recognised by a small signature, and of the layouts whose signature it holds the one that knows most of its headers
is taken. A shop can add layouts of its own in further TOML files; what the keys mean stands on the records below.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aftersales.sources.kinds import KINDS
from aftersales.words.errors import DataError, SetupError, unknown

_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_HALF_WIDTH |= {ord("【"): ord("["), ord("】"): ord("]"), ord("、"): ord(","), ord("。"): ord(".")}
_BLANKS = re.compile(r"[\s\u200b\ufeff]+")


@lru_cache(maxsize=4096)
def normalised(text: str) -> str:
    """A header or listed value as it is compared: no blanks, half-width punctuation, lower case, no Excel wrapping.

    >>> normalised("部分退款 / 全部退款"), normalised("商品 ID"), normalised("支出金额（元）")
    ('部分退款/全部退款', '商品id', '支出金额(元)')
    """
    bare = _BLANKS.sub("", text).translate(_HALF_WIDTH).casefold()
    return bare.strip("=\"'")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Record):
    """Rows whose cell under ``header`` matches the regular expression (of the cell without outer blanks)."""

    header: str
    matches: str


class SetAsideRule(Condition):
    """Rows that are none of the kind's, and why."""

    reason: str


class Computed(_Record):
    """A field made of other cells: a ``product`` of numbers, cells ``join``-ed by "-", or a ``constant``.

    ``running`` adds the running number, in file order, within equal values; ``absolute`` drops a minus sign.
    """

    product: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    constant: str | None = None
    running: bool = False
    absolute: bool = False


class Rows(_Record):
    """How rows of one kind are read: headers and value maps by field, fields computed, signs dropped."""

    kind: str
    headers: Mapping[str, tuple[str, ...]] = {}
    values: Mapping[str, str] = {}
    computed: Mapping[str, Computed] = {}
    unsigned: tuple[str, ...] = ()


class Split(Condition, Rows):
    """Rows of another kind in the same file."""


class ValueMap(_Record):
    """What a platform's words mean: exact words first (normalised), then patterns in order, then ``otherwise``."""

    exact: Mapping[str, str] = {}
    patterns: tuple[tuple[str, str], ...] = ()
    otherwise: str | None = None

    @cached_property
    def listed(self) -> Mapping[str, str]:
        """Every exact word, normalised, and every meaning itself."""
        meanings = {*self.exact.values(), *(meant for _, meant in self.patterns)}
        return {m: m for m in meanings} | {normalised(word): meant for word, meant in self.exact.items()}

    @cached_property
    def compiled(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """The patterns, ready to search in a normalised word."""
        return tuple((re.compile(pattern), meant) for pattern, meant in self.patterns)


class Layout(Rows):
    """One export file's layout. ``signature`` lists fields or headers that must be there, ``a|b`` for either."""

    name: str
    signature: tuple[str, ...]
    split: tuple[Split, ...] = ()
    set_aside: tuple[SetAsideRule, ...] = ()
    maps: Mapping[str, ValueMap] = Field(default={}, repr=False)


class _LayoutFile(_Record):
    layout: tuple[Layout, ...] = ()
    maps: Mapping[str, ValueMap] = {}


@dataclass(frozen=True)
class Match:
    """A layout that fits a header row: how many headers it knows, and the columns (0-based) of each field."""

    layout: Layout
    known_headers: int
    positions: Mapping[str, int]

    def columns(self, headers: Iterable[str]) -> list[int]:
        """The positions of those headers that the file has, in the order asked for."""
        found = [self.positions[h] for h in map(normalised, headers) if h in self.positions]
        return list(dict.fromkeys(found))


def load_layouts(extra: Sequence[str | Path] = ()) -> tuple[Layout, ...]:
    """The layouts that come with the package, after those of the ``extra`` TOML files, which win on equal terms.

    Raises `SetupError` naming the file and the key that is not right.

    >>> [layout.kind for layout in load_layouts() if layout.name == "taobao_refund_report"]
    ['refund_report']
    """
    shipped = _shipped()
    maps = {name: values for file in shipped for name, values in file.maps.items()}
    own = [_parsed(_text(Path(path)), str(path)) for path in extra]
    for file in own:
        maps |= file.maps
    found = tuple(layout.model_copy(update={"maps": maps}) for file in [*own, *shipped] for layout in file.layout)
    for layout in found:
        _check(layout)
    return found


@cache
def _shipped() -> tuple[_LayoutFile, ...]:
    folder = files("aftersales.sources").joinpath("layouts")
    toml = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(_parsed(f.read_text("utf-8"), f.name) for f in toml)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError("A layout file cannot be read", found=f"{path}: {error}") from None


def _parsed(text: str, name: str) -> _LayoutFile:
    try:
        return _LayoutFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"The layout file {name} is not valid TOML", found=str(error)) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SetupError(f"The layout file {name} is not right at {where}", found=first["msg"]) from None


def _check(layout: Layout) -> None:
    for rows in (layout, *layout.split):
        if rows.kind not in KINDS:
            raise SetupError(str(unknown("kind of export file", rows.kind, KINDS)), hint=f"see layout {layout.name}")
        for field in (*rows.headers, *rows.values, *rows.computed, *rows.unsigned):
            if field not in KINDS[rows.kind]:
                raise SetupError(f"Layout {layout.name}: {unknown(f'field of {rows.kind}', field, KINDS[rows.kind])}")
        for name in rows.values.values():
            if name not in layout.maps:
                raise SetupError(f"Layout {layout.name}: {unknown('value map', name, layout.maps)}")
    for condition in (*layout.split, *layout.set_aside):
        try:
            re.compile(condition.matches)
        except re.error as error:
            raise SetupError(
                f"Layout {layout.name}: '{condition.matches}' is not a pattern", found=str(error)
            ) from None


def matched(layouts: Sequence[Layout], headers: Sequence[str]) -> Match | None:
    """The layout whose signature the headers hold and that knows most of them; None where none fits."""
    positions: dict[str, int] = {}
    for place, header in enumerate(headers):
        positions.setdefault(normalised(header), place)
    fits = [
        Match(layout, len(_known(layout) & positions.keys()), positions)
        for layout in layouts
        if not lacking(layout, positions)
    ]
    return max(fits, key=lambda match: match.known_headers, default=None)


def lacking(layout: Layout, headers: Iterable[str]) -> list[str]:
    """What of the layout's signature is not among the (normalised) headers, in the layout's own spelling."""
    there = set(headers)
    return [
        " or ".join(_spellings(layout, part)[0] for part in item.split("|"))
        for item in layout.signature
        if not any(there & {normalised(h) for h in _spellings(layout, part)} for part in item.split("|"))
    ]


def unrecognised(layouts: Sequence[Layout], headers: Sequence[str], *, file: str) -> DataError:
    """The error for a header row that no layout fits: what was found, and what the nearest layout misses."""
    there = {normalised(h) for h in headers} - {""}
    nearest = max(layouts, key=lambda x: (len(_known(x) & there), -len(lacking(x, there))), default=None)
    shown = ("".join(c for c in h if c.isprintable()).strip() for h in headers)
    found = ", ".join(filter(None, shown))[:400] or "no headers at all"
    if nearest is None or not _known(nearest) & there:
        hint = "it looks like none of the known export files; write a layout file for it"
    else:
        hint = f"the nearest layout is {nearest.name}, which also needs {', '.join(lacking(nearest, there))}"
    return DataError(f"The columns of {file} fit no known export file", found=found, hint=hint)


def _spellings(layout: Layout, part: str) -> tuple[str, ...]:
    return layout.headers.get(part, (part,))


@cache
def _known_headers(name: str, headers: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(normalised, headers))


def _known(layout: Layout) -> frozenset[str]:
    every: list[str] = [h for rows in (layout, *layout.split) for names in rows.headers.values() for h in names]
    return _known_headers(layout.name, tuple(every))


def value_map(layout: Layout, rows: Rows, field: str) -> ValueMap | None:
    """The value map of a field, or None where the layout names none."""
    name: Any = rows.values.get(field)
    return layout.maps[name] if name else None
