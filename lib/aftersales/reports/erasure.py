"""`aftersales erase`: what one buyer has left in the house, told before and after it is erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from aftersales.sources.erasing import erase, traces
from aftersales.sources.places import Folder
from aftersales.sources.settings import Settings
from aftersales.words.errors import QuestionError
from aftersales.words.language import say
from aftersales.words.periods import Week

_SHOWN_ROWS = 20
_TEXTS = (".html", ".ipynb", ".json", ".txt", ".eml", ".csv")


def run_erase(
    settings: Settings, shop_id: str, *, orders: Sequence[str] = (), buyer: str | None = None, sure: bool = False,
    now: datetime | None = None,
) -> list[str]:  # fmt: skip
    """Tell what there is of a buyer, and erase it where ``sure``; the lines to print.

    `QuestionError` for an unknown shop, for neither order nor buyer, and where nothing is known of them.
    """
    shop = settings.shop(shop_id)
    if not orders and not (buyer and buyer.strip()):
        raise QuestionError("Whose data are to be erased?", hint="name an order with --order or the buyer with --buyer")
    found = traces(settings, shop, orders=tuple(orders), buyer=buyer)
    language = shop.language[0]
    rows = ", ".join(f"{table} {count}" for table, count in found.rows.items())
    lines = [say("erase.found", language, shop=shop.id, orders=len(found.orders), rows=rows)]
    if sure:
        commit = erase(settings, shop, found, now=now)
        lines.append(say("erase.done", language, day=commit.made_at.astimezone(shop.tz).date()))
    lines.append(say("erase.files", language))
    for file, numbers in found.files.items():
        shown = ", ".join(map(str, numbers[:_SHOWN_ROWS])) + (" …" if len(numbers) > _SHOWN_ROWS else "")
        lines.append(say("erase.file", language, file=file, n=len(numbers), rows=shown))
    reports = Folder(settings.reports_path)
    named = [] if reports.remote else folders_that_name(reports.local / shop.id, [*found.orders, *found.buyer_keys])
    weeks, others = [f for f in named if _is_week(f.name)], [f for f in named if not _is_week(f.name)]
    if weeks:
        lines.append(say("erase.reports", language))
        again = f"weekly --no-import --shop {shop.id} --week"
        lines += [f"  {settings.command(f'{again} {week.name}')}" for week in weeks]
    if others:
        lines.append(say("erase.dossiers", language))
        lines += [f"  {folder}" for folder in others]
    if not sure:
        lines.append(say("erase.not_yet", language))
    return lines


def folders_that_name(folder: Path, words: Sequence[str]) -> list[Path]:
    """The folders of reports and dossiers in which one of these orders or buyer keys is named, newest week first."""
    needles = [word.encode() for word in words]
    inside = sorted((p for p in folder.iterdir() if p.is_dir()), reverse=True) if folder.is_dir() else []
    return [one for one in inside if any(_names(file, words, needles) for file in sorted(one.rglob("*")))]


def _is_week(name: str) -> bool:
    try:
        Week.parse(name)
    except QuestionError:
        return False
    return True


def _names(file: Path, words: Sequence[str], needles: Sequence[bytes]) -> bool:
    if file.suffix in _TEXTS:
        content = file.read_bytes()
        return any(needle in content for needle in needles)
    if file.suffix != ".parquet":
        return False
    texts = pl.read_parquet(file, glob=False).select(pl.col(pl.String))
    return bool(texts.width) and any(s.str.contains_any(list(words)).any() for s in texts.iter_columns())
