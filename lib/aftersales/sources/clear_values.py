"""Clear values and own words of a few people, read again from the export files by file and row: for a dossier."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from aftersales.sources.importing import export_bytes
from aftersales.sources.layout import load_layouts
from aftersales.sources.masking import masked, masked_texts
from aftersales.sources.read import read_export
from aftersales.sources.settings import Settings, Shop
from aftersales.words.errors import AftersalesError

PEOPLE = ("buyer", "receiver", "mobile", "phone", "address")
_SCHEMA = {"order_id": pl.String, **dict.fromkeys(PEOPLE, pl.String), "file": pl.String, "row": pl.Int64}

_TEXTS = ("text", "note")  # columns of free text, of chats, complaints and refunds
_WORDS = {"file": pl.String, "row": pl.Int64, "text": pl.String, "words": pl.String}
_TELLING = 6  # characters from which the end of an address is one
_ASIDE = 0xF0000  # signs for private use: no text of an export holds them


@dataclass(frozen=True, eq=False)
class ClearValues:
    """``rows``: order_id, buyer, receiver, mobile, phone, address (as the file has them), file, row.

    ``unread`` names the files that are gone or not what they were when they were imported: their rows are not here.
    """

    rows: pl.DataFrame
    unread: tuple[str, ...] = ()


def clear_values(settings: Settings, shop: Shop, wanted: pl.DataFrame, *, hashes: Mapping[str, str]) -> ClearValues:
    """People of the rows named by ``wanted`` (order_id, file, row), from the shop's exports folder.

    ``hashes`` gives each file's SHA-256 at its import; a file that has another one now has other rows, and is not read.
    Nothing of what is read is kept anywhere. Sorted by order_id, file, row.
    """
    found, unread = [pl.DataFrame(schema=_SCHEMA)], list[str]()
    for file, rows, frame in _read_again(settings, shop, wanted, hashes, unread):
        there = [c for c in PEOPLE if c in frame.columns]
        if not there:
            continue
        missing = [pl.lit(None, dtype=pl.String).alias(c) for c in PEOPLE if c not in there]
        own = rows.select("order_id", "row").join(frame.select("row", "order_id", *there), on=["order_id", "row"])
        found.append(own.with_columns(missing, file=pl.lit(file)).select(list(_SCHEMA)))
    return ClearValues(pl.concat(found).sort("order_id", "file", "row"), tuple(unread))


def own_words(
    settings: Settings, shop: Shop, wanted: pl.DataFrame, *, hashes: Mapping[str, str], own: Sequence[str]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Texts of the rows named by ``wanted`` (file, row, text: as it is stored, masked), as their writer wrote them.

    ``own`` are the writer's own names, numbers and addresses: they stay, what else names or reaches a person is masked.
    Columns out: file, row, text, words; a text that no longer is the stored one is not there. With them the files that
    could not be read again, as in `ClearValues`.
    """
    found, unread = [pl.DataFrame(schema=_WORDS)], list[str]()
    for file, rows, frame in _read_again(settings, shop, wanted, hashes, unread):
        for column in (c for c in _TEXTS if c in frame.columns):
            both = rows.select("row", "text").join(frame.select("row", words=column).drop_nulls(), on="row")
            same = both.filter(masked_texts(both["words"]) == both["text"])
            words = [_masked_but(text, own) for text in same["words"]]
            found.append(
                same.select(pl.lit(file).alias("file"), "row", "text", words=pl.Series(words, dtype=pl.String))
            )
    told = pl.concat(found).unique(["file", "row", "text"], keep="first", maintain_order=True)
    return told.sort("file", "row"), tuple(unread)


def _masked_but(text: str, own: Sequence[str]) -> str:
    """The text masked, but for values that are the writer's own: each stands as a sign of no alphabet meanwhile.

    >>> _masked_but("打138-0013-8000，或李雷的13900139000", ["13800138000"])
    '打138-0013-8000，或[姓名]的[手机号]'
    >>> _masked_but("寄到文三路138号3幢", ["浙江省 杭州市 西湖区 文三路138号3幢"])
    '寄到文三路138号3幢'
    """
    kept: list[str] = []
    # an address is rarely written with its province, and never with a form's blanks
    ends = [" ".join(parts[at:]) for v in own for parts in [v.split()] for at in range(1, len(parts))]
    own = [one for v in (*own, *(e for e in ends if len(e) >= _TELLING)) for one in (v, v.replace(" ", ""))]

    def aside(found: re.Match[str]) -> str:
        kept.append(found[0])
        return chr(_ASIDE + len(kept) - 1)

    for value in sorted(set(own), key=lambda v: (-len(v), v)):
        spaced = r"[\s\-]?".join(map(re.escape, value)) if value.isdigit() else re.escape(value)
        text = re.sub(rf"(?<!\d){spaced}(?!\d)" if value.isdigit() else spaced, aside, text)
    text = masked(text)
    for number, value in enumerate(kept):
        text = text.replace(chr(_ASIDE + number), value)
    return text


def _read_again(
    settings: Settings, shop: Shop, wanted: pl.DataFrame, hashes: Mapping[str, str], unread: list[str]
) -> Iterator[tuple[str, pl.DataFrame, pl.DataFrame]]:
    """Each file of ``wanted`` with the rows wanted of it and what is read of it; those that are not, to ``unread``."""
    layouts = load_layouts([Path(settings.place(p)) for p in shop.layouts])
    for (name,), rows in wanted.sort("file", "row").group_by("file", maintain_order=True):
        file = str(name)
        try:
            content = export_bytes(settings, shop, file)
            if hashlib.sha256(content).hexdigest() != hashes.get(file):
                unread.append(file)
                continue
            readings = read_export(file, layouts=layouts, zone=shop.zone, content=content)
        except (AftersalesError, OSError):
            unread.append(file)
            continue
        for reading in readings:
            yield file, rows, reading.frame
