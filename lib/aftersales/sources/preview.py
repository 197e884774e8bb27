"""What a file would be taken for: five rows as understood, columns ignored, what can and cannot be said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import available_timezones

from aftersales.sources.account import reason_words
from aftersales.sources.archives import may_be_archive, members
from aftersales.sources.child import in_child
from aftersales.sources.drafting import draft, header_row
from aftersales.sources.export_folder import EXPORTS, read_file
from aftersales.sources.importing import named_loads
from aftersales.sources.intake import check_owner
from aftersales.sources.layout import load_layouts, normalised
from aftersales.sources.masking import masked
from aftersales.sources.notes import note_words
from aftersales.sources.quarantine import PERSONAL_FIELDS
from aftersales.sources.read import Reading, read_export
from aftersales.sources.recognition import known_headers
from aftersales.sources.settings import Settings, Shop
from aftersales.words.errors import AftersalesError, error_in, unknown
from aftersales.words.language import Language, say

_SHOWN = 5
_HIDDEN = "•••"
# What a report can say, by the fields that it rests on: any of them will do.
_SAYS = {
    "money": ("paid_net", "payable", "total", "price"), "weeks": ("created_at", "paid_at"),
    "states": ("status",), "refunds": ("refunded", "refund_status", "amount"),
    "products": ("title", "product_id", "merchant_code"), "regions": ("province",), "couriers": ("courier",),
    "buyers": ("buyer", "mobile", "address"), "reasons": ("reason_raw",),
}  # fmt: skip
_OF_KIND = {
    "order_report": ("money", "weeks", "states", "refunds", "products", "regions", "couriers", "buyers"),
    "item_report": ("money", "weeks", "states", "refunds", "products"),
    "refund_report": ("refunds", "states", "reasons", "products"),
}


def preview_lines(readings: Sequence[Reading], ignored: Sequence[str], language: Language) -> Iterator[str]:
    """Plain lines on what a file was taken for; values of people are hidden."""
    for r in readings:
        taken, aside = r.frame.height, r.set_aside.height
        yield say(
            "layouts.taken_for", language, layout=r.layout, kind=r.kind, rows=r.rows_read, taken=taken, aside=aside
        )
        for reason, count in r.set_aside["reason"].value_counts(sort=True).iter_rows():
            yield f"    {count:,} × {reason_words(reason, language)}"
        yield from (f"    {note_words(n, language)}" for n in r.notes)
        some = r.frame.head(_SHOWN)
        shown = [c for c in some.columns if c != "row" and some[c].null_count() < some.height]
        width = max(map(len, shown), default=0)
        for name in shown:
            yield f"    {name.ljust(width)}  " + " | ".join(_cell(name, v) for v in some[name].to_list())
        there = {c for c in r.frame.columns if r.frame[c].null_count() < r.frame.height}
        says = [k for k in _OF_KIND.get(r.kind, ()) if there & set(_SAYS[k])]
        lacks = [k for k in _OF_KIND.get(r.kind, ()) if k not in says]
        for key, names in (("layouts.says", says), ("layouts.says_not", lacks)):
            if names:
                yield say(key, language, what=[say(f"layouts.what.{n}", language) for n in names])
    if ignored:
        yield say("layouts.ignored", language, columns=", ".join(ignored))


def _cell(name: str, value: object) -> str:
    if value is None:
        return "–"
    if name in PERSONAL_FIELDS:
        return _HIDDEN
    return f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "strftime") else str(value)[:24]


def dry_run_lines(settings: Settings, shop: Shop, files: Sequence[str], unreadable: list[str]) -> Iterator[str]:
    """What an import of the files (of the shop's folder, without any) would take them for; nothing is written.

    The names of those that cannot be read are added to ``unreadable``.
    """
    layouts = load_layouts([Path(settings.place(p)) for p in shop.layouts])
    by_name = {layout.name: layout for layout in layouts}
    language = shop.language[0]
    found = (_opened(file, load) for file, load in named_loads(settings, shop, files).items())
    for name, content in chain.from_iterable(found):
        try:
            if not isinstance(content, bytes):
                raise content
            readings = read_export(
                name, layouts=layouts, zone=shop.zone, currency=shop.currency, shop=shop.name, content=content
            )
            check_owner(readings, shop)
            known = frozenset().union(*(known_headers(by_name[r.layout]) for r in readings))
            ignored = [h for h in header_row(content, known=known, file=name) if normalised(h) not in known]
            yield f"{name}:"
            yield from (f"  {line}" for line in preview_lines(readings, ignored, language))
        except (AftersalesError, OSError) as error:
            if not (isinstance(error, AftersalesError) and error.code == "not_export"):
                unreadable.append(name)
            yield say("layouts.not_read", language, file=name, error=error_in(str(error), language))


def _opened(name: str, load: Callable[[], bytes]) -> Iterator[tuple[str, bytes | AftersalesError | OSError]]:
    """The file itself, or what is in an archive, by name; what cannot be had as its error."""
    try:
        content = load()
        inner = in_child(members, content, name, file=name, size=len(content)) if may_be_archive(content) else None
    except (AftersalesError, OSError) as error:
        yield name, error
        return
    if inner is None:
        yield name, content
    for one in inner or ():
        if one.name.lower().endswith(EXPORTS) or not isinstance(one.content, bytes):
            yield f"{name}/{masked(one.name)}", one.content


def drafted_lines(
    file: Path, *, zone: str, language: Language, ask: Callable[[str, list[str]], str | None] | None
) -> tuple[str, list[str]]:
    """A layout drafted for a file, as TOML, and what it would be understood as."""
    if zone not in available_timezones():
        raise unknown("time zone", zone, available_timezones())
    content = read_file(file.absolute(), file.name)
    made = draft(content, file=file.name, ask=ask)
    lines = []
    if made.lacking:
        lines.append(say("layouts.lacking", language, fields="; ".join(" / ".join(f) for f in made.lacking)))
    unclear = [word for word, meant in made.words.items() if not meant]
    if unclear:
        lines.append(say("layouts.unknown_words", language, words=", ".join(unclear)))
    if not any(len(fields) == 1 for fields in made.lacking):
        with TemporaryDirectory() as folder:
            written = Path(folder) / f"{made.name}.toml"
            written.write_text(made.toml(), "utf-8")
            readings = read_export(file.name, layouts=load_layouts([written]), zone=zone, content=content)
        lines += preview_lines(readings, made.ignored, language)
    return made.toml(), [*lines, say("layouts.use_it", language, file=f"{made.name}.toml")]
