"""Layouts: which headers a platform's export file uses for which canonical field, written down in TOML.

A layout is an alias list, not a schema: headers drift by date, by shop and by the columns the seller ticked. A shop can
add layouts of its own in further TOML files; docs/en/layouts.md describes every key. `recognition` tells which fits.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import available_timezones

import polars as pl
from babel.numbers import list_currencies
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from aftersales.sources.kinds import KINDS, MEANINGS
from aftersales.words.errors import SetupError, unknown
from aftersales.words.markets import platforms

_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_HALF_WIDTH |= {ord("【"): ord("["), ord("】"): ord("]"), ord("、"): ord(","), ord("。"): ord(".")}
_BLANKS = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]+")


@lru_cache(maxsize=4096)
def normalised(text: str) -> str:
    """A header or listed value as it is compared: no blanks, half-width punctuation, lower case, no Excel wrapping.

    >>> normalised("部分退款 / 全部退款"), normalised("商品 ID"), normalised("支出金额（元）")
    ('部分退款/全部退款', '商品id', '支出金额(元)')
    """
    bare = _BLANKS.sub("", text).translate(_HALF_WIDTH).casefold()
    return bare.strip("=\"'")


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


# A list of texts; a single text is taken as a list of one.
Texts = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]
# Headers of a column of currency codes, where a layout names none.
CURRENCY_HEADERS = ("currency", "currency code", "币种", "货币", "结算币种", "mata uang", "währung", "moneda", "devise")


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
    """A field made of other cells, or the same in every row; see docs/en/layouts.md for each way with an example.

    One of ``sum`` or ``product`` (of numbers), ``join`` (of cells, by "-") or ``constant``. ``pattern`` keeps what its
    first group finds in the joined text; ``dates`` says how that text writes a day. ``where`` gives the field only to
    rows that meet a condition. ``running`` adds what tells rows of equal values apart: their content, and a number from
    the second like it; ``absolute`` drops a minus sign.
    """

    sum: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    constant: str | None = None
    pattern: str | None = None
    dates: Texts = ()
    where: Condition | None = None
    running: bool = False
    absolute: bool = False

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that it cannot do without; ``join`` alone may lack some."""
        return (*self.sum, *self.product, *self.join)


class Rows(_Record):
    """How rows of one kind are read: headers and value maps by field, fields computed, signs dropped."""

    kind: str
    headers: Mapping[str, Texts] = {}
    values: Mapping[str, str] = {}
    computed: Mapping[str, Computed] = {}
    unsigned: Texts = ()
    paid: Literal["gross", "net"] | None = None

    def spellings(self, field: str) -> tuple[str, ...]:
        """The headers of a field; a column of currency codes is known by its name."""
        return self.headers.get(field, CURRENCY_HEADERS if field == "currency" else ())


class Split(Condition, Rows):
    """Rows of another kind in the same file: those that meet the condition, and no others."""


class Emit(Rows):
    """Rows of another kind made of rows that are read as the layout's own kind as well.

    ``where`` takes only rows that meet a condition, ``once_per`` only the first of neighbouring rows with one value.
    """

    where: Condition | None = None
    once_per: str | None = None


class ValueMap(_Record):
    """What a platform's words mean: exact words first (normalised), then patterns in order, then ``otherwise``."""

    exact: Mapping[str, str] = {}
    patterns: tuple[tuple[str, str], ...] = ()
    otherwise: str | None = None

    @cached_property
    def meanings(self) -> tuple[str, ...]:
        """Everything that a word can mean."""
        found = (*self.exact.values(), *(meant for _, meant in self.patterns), self.otherwise)
        return tuple(dict.fromkeys(m for m in found if m is not None))

    @cached_property
    def listed(self) -> Mapping[str, str]:
        """Every exact word, normalised, and every meaning itself."""
        return {m: m for m in self.meanings} | {normalised(word): meant for word, meant in self.exact.items()}

    @cached_property
    def compiled(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """The patterns, ready to search in a normalised word."""
        return tuple((re.compile(pattern), meant) for pattern, meant in self.patterns)


class Layout(Rows):
    """One export file's layout. ``signature`` lists fields or headers that must be there, ``a|b`` for either.

    The keys are described, each with an example, in docs/en/layouts.md.
    """

    name: str
    platform: str | None = None
    signature: Texts
    ignored: Texts = ()
    encoding: str | None = None
    delimiter: str | None = None
    quoting: bool | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ",", " ", "'"] | None = None
    dates: Texts = ()
    zone: str | None = None
    currency: str | None = None
    fill_down: Texts = ()
    split: tuple[Split, ...] = ()
    emit: tuple[Emit, ...] = ()
    set_aside: tuple[SetAsideRule, ...] = ()
    maps: Mapping[str, ValueMap] = Field(default={}, repr=False)
    origin: str = Field(default="", repr=False)  # the shop's file that it stands in; none for those of the package

    @property
    def groups(self) -> tuple[Rows, ...]:
        """The rows of the layout's own kind, then those of every split and emit."""
        return (self, *self.split, *self.emit)


class _LayoutFile(_Record):
    layout: tuple[Layout, ...] = ()
    maps: Mapping[str, ValueMap] = {}


def load_layouts(extra: Sequence[str | Path] = ()) -> tuple[Layout, ...]:
    """The shop's own layouts, of the ``extra`` TOML files, and those that come with the package.

    Raises `SetupError` naming the file, the key that is not right and the valid ones.

    >>> [layout.kind for layout in load_layouts() if layout.name == "taobao_refund_report"]
    ['refund_report']
    """
    shipped = _shipped()
    maps = {name: values for file in shipped.values() for name, values in file.maps.items()}
    own = {str(path): _parsed(_text(Path(path)), str(path)) for path in extra}
    for file in own.values():
        maps |= file.maps
    found = [
        layout.model_copy(update={"maps": maps, "origin": origin if origin in own else ""})
        for origin, file in [*own.items(), *shipped.items()]
        for layout in file.layout
    ]
    for name, values in maps.items():
        _check_map(name, values)
    for layout in found:
        _check(layout)
    return tuple(found)


@cache
def _shipped() -> Mapping[str, _LayoutFile]:
    folder = files("aftersales.sources").joinpath("layouts")
    toml = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {f.name: _parsed(f.read_text("utf-8"), f.name) for f in toml}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SetupError(
            f"The layout file {path} is not UTF-8 text", found=error.reason, hint="save it as UTF-8"
        ) from None
    except OSError as error:
        raise SetupError("A layout file cannot be read", found=f"{path}: {error}") from None


def _parsed(text: str, name: str) -> _LayoutFile:
    try:
        return _LayoutFile.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SetupError(f"The layout file {name} is not valid TOML", found=str(error)) from None
    except ValidationError as error:
        # an unknown key is usually the misspelt one that is missed elsewhere: name it first
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        where = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
        if first["type"] == "extra_forbidden":
            wrong = unknown("key", str(first["loc"][-1]), _keys_at(first["loc"]))
            raise SetupError(
                f"The layout file {name} is not right at {where}: {wrong.wrong}",
                found=f"valid: {wrong.found}",
                hint=wrong.hint,
            ) from None
        raise SetupError(f"The layout file {name} is not right at {where}", found=first["msg"]) from None


def _keys_at(location: Sequence[int | str]) -> list[str]:
    """The keys that are valid where a wrong one stood."""
    record: type[BaseModel] = _LayoutFile
    for part in location[:-1]:
        field = record.model_fields.get(str(part))
        record = _record_in(field.annotation) or record if field else record
    return [key for key in record.model_fields if key not in ("maps", "origin") or record is _LayoutFile]


def _record_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _record_in(inner))), None)


def _check(layout: Layout) -> None:
    if not layout.name.strip():
        raise SetupError("A layout has no name", found=layout.origin, hint='write one like name = "own"')
    where = f"Layout {layout.name}"
    for rows in layout.groups:
        _check_rows(where, rows, layout.maps)
    conditions = [*layout.split, *layout.set_aside]
    conditions += [c for rows in layout.groups for c in (rows.where if isinstance(rows, Emit) else None,) if c]
    conditions += [r.where for rows in layout.groups for r in rows.computed.values() if r.where]
    for pattern in [c.matches for c in conditions] + [
        r.pattern for rows in layout.groups for r in rows.computed.values() if r.pattern
    ]:
        _check_pattern(where, pattern)
    for written in (layout.dates, *(r.dates for rows in layout.groups for r in rows.computed.values())):
        for pattern in written:
            _check_date_format(where, pattern)
    if layout.platform is not None and layout.platform not in platforms():
        raise SetupError(f"{where}: {unknown('platform', layout.platform, platforms())}")
    if layout.encoding is not None:
        _check_encoding(where, layout.encoding)
    if layout.delimiter is not None and len(layout.delimiter) != 1:
        raise SetupError(f"{where}: a delimiter is one character", found=repr(layout.delimiter))
    if layout.decimal and layout.decimal == layout.thousands:
        raise SetupError(f"{where}: decimal and thousands are the same mark", found=repr(layout.decimal))
    if layout.zone is not None and layout.zone not in available_timezones():
        raise SetupError(
            f"{where}: {unknown('time zone', layout.zone, sorted(available_timezones())).hint or 'zone'}",
            found=repr(layout.zone),
            hint="write one like Asia/Shanghai",
        )
    if layout.currency is not None and layout.currency not in list_currencies():
        raise SetupError(f"{where}: '{layout.currency}' is no ISO 4217 currency", hint="write one like CNY, USD or INR")
    for rows in layout.groups:
        _check_needed(where, rows)


def _check_rows(where: str, rows: Rows, maps: Mapping[str, ValueMap]) -> None:
    if rows.kind not in KINDS:
        raise SetupError(f"{where}: {unknown('kind of export file', rows.kind, KINDS)}")
    fields = KINDS[rows.kind]
    for field in (*rows.headers, *rows.values, *rows.computed, *rows.unsigned):
        if field not in fields:
            raise SetupError(f"{where}: {unknown(f'field of {rows.kind}', field, fields)}")
    for field, name in rows.values.items():
        if name not in maps:
            raise SetupError(f"{where}: {unknown('value map', name, maps)}")
        usual = fields[field].words
        if usual is None:
            worded = [name for name, f in fields.items() if f.words]
            raise SetupError(f"{where}: {field} of {rows.kind} takes no value map", hint=f"{', '.join(worded)} do")
        odd = [m for m in maps[name].meanings if m not in MEANINGS[usual]]
        if odd:
            raise SetupError(f"{where}: map {name}: {unknown(f'meaning for {field}', odd[0], MEANINGS[usual])}")


def _check_needed(where: str, rows: Rows) -> None:
    """A row without its number, or a message without its time, would be one with all others like it."""
    for field, names in rows.headers.items():
        if not names or not all(map(normalised, names)):
            raise SetupError(
                f"{where}: {field} has no header", hint=f"name the column it stands in, or leave {field} out"
            )
    there = (*rows.headers, *rows.computed)
    if rows.kind == "refund_report":
        there += ("order_id",)  # a refund whose order nobody knows still counts
    needed = [f for f, one in KINDS[rows.kind].items() if one.present and f not in there]
    if needed:
        raise SetupError(
            f"{where}: rows of {rows.kind} cannot be told apart or placed without {' and '.join(needed)}",
            found=f"headers of {', '.join(rows.headers) or 'no field'}",
            hint="name the column under headers, or make the field of others under computed",
        )


def _check_map(name: str, values: ValueMap) -> None:
    try:
        values.compiled  # noqa: B018  (they are searched by Python, not by polars)
    except re.error as error:
        raise SetupError(f"The value map {name} holds what is not a pattern", found=str(error)) from None


def _check_pattern(where: str, pattern: str) -> None:
    """Patterns on cells are run by polars, whose regular expressions (Rust's) know no look-around."""
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        said = [line.removeprefix("error: ") for line in str(error).splitlines() if line.startswith("error: ")]
        raise SetupError(
            f"{where}: '{pattern}' is not a pattern",
            found=said[0] if said else str(error).splitlines()[0],
            hint="regular expressions of Rust, without look-around",
        ) from None


def _check_date_format(where: str, pattern: str) -> None:
    moment = pl.Series([datetime(2026, 4, 30, 13, 5, 9)])
    try:
        read = moment.dt.strftime(pattern).str.to_datetime(pattern, strict=False)
    except pl.exceptions.PolarsError:
        read = pl.Series([None])
    if read.is_null().any():
        raise SetupError(
            f"{where}: '{pattern}' is not a date format", hint="write one like %d.%m.%Y %H:%M, %m-%d-%y or %Y%m%d"
        )


def _check_encoding(where: str, name: str) -> None:
    try:
        codecs.lookup(name)
    except LookupError:
        raise SetupError(
            f"{where}: there is no encoding '{name}'", hint="write one like utf-8, gb18030, cp1252 or shift_jis"
        ) from None


def value_map(layout: Layout, rows: Rows, field: str) -> ValueMap | None:
    """The value map of a field: the layout's own, else the usual one of the field; None where it needs none."""
    name = rows.values.get(field) or KINDS[rows.kind][field].words
    return layout.maps[name] if name else None
