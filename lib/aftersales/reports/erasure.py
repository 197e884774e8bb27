"""`aftersales erase`: what one buyer has left in the house, told before it is erased, and erased wherever it stands.

What was made of the store (pages, notebooks, findings, mails, dossiers, hand-outs) goes first and the store last:
killed half-way, the same command finds the rest again.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

from aftersales.reports.alone import one_weekly_run
from aftersales.reports.index import forget_weeks
from aftersales.reports.mail.mailing import FOLDER as MAILS
from aftersales.reports.quotes import pieces, quotes, quoting
from aftersales.sources.erasing import Traces, erase, traces, words_of
from aftersales.sources.handed_out import remembered
from aftersales.sources.model_file import stored_model
from aftersales.sources.places import TROUBLE, Folder
from aftersales.sources.settings import Settings, Shop
from aftersales.words.errors import QuestionError
from aftersales.words.language import say

_SHOWN_ROWS = 20
_CASES = "cases"


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
    with one_weekly_run(settings) if sure else nullcontext():
        found = traces(settings, shop, orders=tuple(orders), buyer=buyer)
        needles = _needles(settings, shop, found, buyer)
        made = _made_of(settings, shop, needles)
        elsewhere = [p for p in remembered(_store(settings, shop)) if _names_elsewhere(Path(p), needles)]
        language = shop.language[0]
        rows = ", ".join(f"{table} {count}" for table, count in found.rows.items())
        lines = [say("erase.found", language, shop=shop.id, orders=len(found.orders), rows=rows)]
        if sure:
            _remove_made(settings, shop, made)
            for path in elsewhere:
                _remove(Path(path))
            commit = erase(settings, shop, found, now=now)
            lines.append(say("erase.done", language, market=shop.market, day=commit.made_at.astimezone(shop.tz).date()))
    lines += _told_of_made(settings, shop, made, elsewhere, sure=sure)
    lines.append(say("erase.files", language))
    for file, numbers in found.files.items():
        shown = ", ".join(map(str, numbers[:_SHOWN_ROWS])) + (" …" if len(numbers) > _SHOWN_ROWS else "")
        lines.append(say("erase.file", language, file=file, n=len(numbers), rows=shown))
    if stored_model(settings.store_path) is not None:
        lines.append(say("erase.model", language))
    if not sure:
        lines.append(say("erase.not_yet", language))
    return lines


def _store(settings: Settings, shop: Shop) -> Folder:
    return Folder(Folder(settings.store_path).join(shop.id))


def _needles(settings: Settings, shop: Shop, found: Traces, buyer: str | None) -> list[str]:
    """What tells that a file names the buyer: numbers, keys, and their own words."""
    numbers = {number for name, group in found.ids.items() if name != "conversation_id" for number in group}
    short = {key[:8] for key in found.buyer_keys}  # as lists of buyers show them
    own = {buyer.strip()} if buyer and buyer.strip() else set()
    return sorted(n for n in numbers | short | own | pieces(words_of(settings, shop, found)) if n)


def _made_of(settings: Settings, shop: Shop, needles: Sequence[str]) -> dict[str, list[str]]:
    """Files among the reports that name the buyer, by what they belong to: a week, a case's dossier, a mail."""
    reports = Folder(settings.reports_path)
    made: dict[str, list[str]] = {}
    for name in [*quoting(reports, f"{shop.id}/", needles), *quoting(reports, f"{MAILS}/", needles)]:
        parts = name.split("/")
        depth = 1 if parts[0] == MAILS else 2 if parts[1:2] == [_CASES] else 1
        made.setdefault("/".join(parts[: depth + 1]), []).append(name)
    return made


def _remove_made(settings: Settings, shop: Shop, made: dict[str, list[str]]) -> None:
    reports = Folder(settings.reports_path)
    for place in made:
        if reports.remote:
            for name in reports.names(f"{place}/") or [place]:
                reports.remove(name)
        else:
            _remove(reports.local / place)
    forget_weeks(
        reports, shop.id, [p.split("/")[1] for p in made if p.startswith(f"{shop.id}/")], language=shop.language[0]
    )


def _names_elsewhere(path: Path, needles: Sequence[str]) -> bool:
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    try:
        return any(quotes(file.name, file.read_bytes(), needles) for file in files)
    except TROUBLE:
        return False  # moved or removed since


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _told_of_made(
    settings: Settings, shop: Shop, made: dict[str, list[str]], elsewhere: Sequence[str], *, sure: bool
) -> list[str]:
    language = shop.language[0]
    if not made and not elsewhere:
        return []
    lines = [say("erase.removed" if sure else "erase.would_go", language)]
    lines += [f"  {place}" for place in [*sorted(made), *elsewhere]]
    weeks = sorted({p.split("/")[1][:8] for p in made if p.startswith(f"{shop.id}/") and p.split("/")[1] != _CASES})
    if weeks and sure:
        lines.append(say("erase.again", language))
        again = f"weekly --no-import --shop {shop.id} --week"
        lines += [f"  {settings.command(f'{again} {week}')}" for week in weeks]
    return lines
