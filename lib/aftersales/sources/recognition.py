"""Which layout a header row is of: by how much of it is known, and whether it has what its kind cannot do without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from aftersales.sources.kinds import ESSENTIAL
from aftersales.sources.layout import Computed, Layout, normalised
from aftersales.words.errors import DataError

# Of a file's headers, the share that a layout of the package must know. Sellers add columns of their own, platforms
# new ones; another platform's report shares fewer (1688's order list: 10 of 24 with Taobao's).
KNOWN_SHARE = 0.5
# With so much known it is that report, even where a column its kind cannot do without was not ticked.
SURE_SHARE = 0.75
_GOODS, FREIGHT = "退商品金额", "退运费金额"  # 抖店 writes a refund's goods and its freight apart
_NEAREST, _LIKE = 3, 0.15  # layouts named in an error, and how like a header must be to be named


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


def matched(layouts: Sequence[Layout], headers: Sequence[str]) -> Match | None:
    """The layout that fits the headers and knows most of them; None where none fits.

    A shop's own layout needs no more than its signature, and stands before those of the package unless one of another
    kind knows twice as many headers.
    """
    positions: dict[str, int] = {}
    for place, header in enumerate(headers):
        if header and header.strip():
            positions.setdefault(normalised(header), place)
    fits = [
        Match(layout, len(known_headers(layout) & positions.keys()), positions)
        for layout in layouts
        if not lacking(layout, positions)
    ]
    own = max((m for m in fits if m.layout.origin), key=lambda m: m.known_headers, default=None)
    best = max((m for m in fits if not m.layout.origin), key=lambda m: m.known_headers, default=None)
    if own is None or best is None:
        return _whole(own or best)
    another = best.layout.kind != own.layout.kind and best.known_headers >= 2 * own.known_headers
    return _whole(best if another else own)


def _whole(match: Match | None) -> Match | None:
    """The match, its refunds with the freight that stands in a column of its own: goods alone are no refund."""
    if match is None:
        return None
    layout = match.layout
    goods = [h for h in layout.headers.get("amount", ()) if normalised(h).startswith(_GOODS)]
    freight = [h for h in match.positions if h.startswith(FREIGHT) and h not in _read_headers(layout)]
    if layout.kind != "refund_report" or "amount" in layout.computed or not goods or not freight:
        return match
    both = Computed(sum=(*[h for h in goods if normalised(h) in match.positions][:1], freight[0]))
    return replace(match, layout=layout.model_copy(update={"computed": {**layout.computed, "amount": both}}))


def lacks_freight(match: Match) -> bool:
    """Whether a report of refunds has their goods in a column of its own and no column of their freight."""
    goods = any(h.startswith(_GOODS) for h in match.positions)
    return match.layout.kind == "refund_report" and goods and not any(h.startswith(FREIGHT) for h in match.positions)


def lacking(layout: Layout, headers: Iterable[str]) -> list[str]:
    """What keeps the (normalised) headers from being the layout's: of its signature, its kind's needs, the rest."""
    there = set(headers)
    missing = [
        " or ".join(_spelling(layout, part) for part in item.split("|"))
        for item in layout.signature
        if not any(there & set(map(normalised, layout.headers.get(part, (part,)))) for part in item.split("|"))
    ]
    if layout.origin or missing:
        return missing
    known = known_headers(layout) & there
    if len(known) < KNOWN_SHARE * len(there):
        return [f"{len(there - known)} of its {len(there)} columns are unknown"]
    if len(known) < SURE_SHARE * len(there):
        missing = list(_needs(layout, there))
    return missing


def _needs(layout: Layout, there: set[str]) -> Iterator[str]:
    """What the kind cannot do without and none of the file's headers is."""
    for name, fields in ESSENTIAL.get(layout.kind, {}).items():
        if not any(f in layout.computed or there & set(map(normalised, layout.headers.get(f, ()))) for f in fields):
            yield f"{name} ({' or '.join(h for f in fields for h in layout.headers.get(f, ())[:1])})"


def unrecognised(layouts: Sequence[Layout], headers: Sequence[str], *, file: str) -> DataError:
    """The error for a header row that no layout fits: what of it is known, and what the nearest layouts miss.

    Cells that no layout knows as a header may be a person's: they are counted, not shown.
    """
    there = {normalised(h) for h in headers if h.strip()}
    every = frozenset().union(*map(known_headers, layouts))
    shown = [h.strip() for h in dict.fromkeys(headers) if normalised(h) in every]
    unknown = len(there) - len({normalised(h) for h in shown})
    found = ", ".join([*shown, *([f"{unknown} columns that no layout knows"] if unknown else [])])
    near = sorted(layouts, key=lambda layout: _likeness(layout, there), reverse=True)[:_NEAREST]
    near = [layout for layout in near if _likeness(layout, there) >= _LIKE]
    hint = f"draft a layout for it with `aftersales layout {file}`"
    if near:
        lacks = "; ".join(f"{n.name} (lacking: {', '.join(lacking(n, there)) or 'nothing'})" for n in near)
        hint = f"the nearest are {lacks}. If it is none of them, {hint}"
    return DataError(
        f"The columns of {file} fit no known export file",
        found=found or "no headers at all",
        hint=hint,
        code="unrecognised",
    )


def _likeness(layout: Layout, there: set[str]) -> float:
    """Shared headers over the geometric mean of how many each has (the cosine of two sets)."""
    both = len(known_headers(layout) & there)
    return both / (max(len(there), 1) * max(len(_read_headers(layout)), 1)) ** 0.5


def _spelling(layout: Layout, part: str) -> str:
    return layout.headers.get(part, (part,))[0]


def known_headers(layout: Layout) -> frozenset[str]:
    """Every header that the layout reads or names as ignored, normalised."""
    return _read_headers(layout) | _normalised(layout.ignored)


def _read_headers(layout: Layout) -> frozenset[str]:
    computed = [h for rows in layout.groups for rule in rows.computed.values() for h in rule.headers]
    every = [h for rows in layout.groups for names in rows.headers.values() for h in names]
    return _normalised((*every, *computed))


@cache
def _normalised(headers: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(normalised, headers))
