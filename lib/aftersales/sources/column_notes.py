"""What a file's columns leave unknown: fields without a column, sums without a part, states under another header."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from aftersales.sources.kinds import ESSENTIAL, KINDS
from aftersales.sources.layout import Rows, ValueMap, normalised, value_map
from aftersales.sources.masking import masked_texts
from aftersales.sources.notes import note
from aftersales.sources.recognition import FREIGHT, Match, known_headers, lacks_freight

_UNUSED = ("seller_note", "buyer_message", "shop_name")  # of which no figure is made
_EXAMPLES = 3  # of headers that no layout knows, in a note
_STATES = ("status", "refund_status")
_ROWS = 200  # enough to meet every state of a file
_AT_LEAST = 2  # cells; one may be a person's remark
_GOING = ("succeeded", "finished")  # what the words of a whole column of states hardly ever lack


def misplaced_states(
    frame: pl.DataFrame,
    match: Match,
    rows: Rows,
    *,
    headers: Sequence[str],
    all_cells: Callable[[Sequence[int]], list[list[str]]],
) -> Iterator[str]:
    """A note on each column of states that tells none while every cell of another column is one of its words.

    ``frame``: the typed rows; ``all_cells``: all cells of given rows, as the file has them.
    """
    of_words = [n for n, f in KINDS[rows.kind].items() if f.type == "value" or n == "reason_raw"]
    taken = set(match.columns([h for name in of_words for h in rows.spellings(name)]))
    for name in (n for n in _STATES if n in frame.columns and match.columns(rows.spellings(n))):
        words = value_map(match.layout, rows, name)
        if words is None or not frame[name].is_in(["none"]).fill_null(value=True).all():
            continue
        cells = all_cells(frame["row"].head(_ROWS).to_list())
        for place, header in enumerate(headers):
            column = [row[place].strip() for row in cells if place < len(row) and row[place] and row[place].strip()]
            if place in taken or len(column) < _AT_LEAST:
                continue
            meant = {_meaning(word, words) for word in set(column)}
            if None not in meant and meant & set(_GOING):
                yield note("states_elsewhere", field=name, header=header.strip() or str(place + 1))


def _meaning(word: str, words: ValueMap) -> str | None:
    """What a word means, without what every other word is taken for."""
    plain = normalised(word)
    if plain in words.listed:
        return words.listed[plain]
    return next((meant for pattern, meant in words.compiled if pattern.search(plain)), None)


def unknown_notes(kind: str, there: Sequence[str]) -> Iterator[str]:
    """What no figure can be made of, because the file does not say it."""
    for name, fields in ESSENTIAL.get(kind, {}).items():
        if not set(fields) & set(there):
            yield note(f"without_{name}")


def column_notes(match: Match, headers: Sequence[str]) -> Iterator[str]:
    """What the layout reads and the file has no column for, and the columns that may be it under another name."""
    lacking = {
        name
        for rows in match.layout.groups
        for name in rows.headers
        if name not in (*rows.computed, *_UNUSED) and not name.startswith("_") and not _has_column(name, match, rows)
    }
    parts = [h for rows in match.layout.groups for rule in rows.computed.values() for h in rule.sum]
    gone = [h for h in dict.fromkeys(parts) if not match.columns((h,))]
    if gone and len(gone) < len(set(parts)) and not match.layout.origin:
        yield note("sum_lacks", headers=", ".join(gone))
    if lacks_freight(match):
        yield note("sum_lacks", headers=FREIGHT)
    yield from _idle_rules(match)
    if not lacking:
        return
    fields = ", ".join(sorted(lacking))
    known = known_headers(match.layout)
    unknown = [h.strip() for h in headers if normalised(h) not in known]
    # a platform adds columns all the time; that one is a lost field under another name is said of fields that count
    counts = any(
        field.matters or field.type == "money"
        for rows in match.layout.groups
        for name, field in KINDS[rows.kind].items()
        if name in lacking
    )
    if unknown and counts and not match.layout.origin:
        shown = masked_texts(pl.Series([h[:40] or "–" for h in unknown[:_EXAMPLES]], dtype=pl.String))
        yield note("unknown_columns", columns=", ".join(shown), fields=fields)
    else:
        yield note("lacking", fields=fields)


def _has_column(name: str, match: Match, rows: Rows) -> bool:
    """Whether a file has a column for a field, other than one that stands in for it and is another field's own."""
    own = {h for other, spellings in rows.headers.items() if other != name for h in spellings[:1]}
    first, *others = rows.spellings(name)
    return bool(match.columns((first, *(h for h in others if h not in own))))


def _idle_rules(match: Match) -> Iterator[str]:
    """Conditions of a shop's own layout on columns that the file lacks: they hold for no row of it."""
    layout = match.layout
    rules = [*layout.split, *layout.set_aside, *(r.where for rows in layout.groups for r in rows.computed.values())]
    rules += [emit.where for emit in layout.emit]
    headers = [rule.header for rule in rules if rule] + [emit.once_per for emit in layout.emit if emit.once_per]
    gone = [h for h in dict.fromkeys(headers) if not match.columns((h,))]
    if gone and layout.origin:
        yield note("idle_rules", headers=", ".join(gone))
