"""`aftersales erase`: what one buyer has left in the house, told before it is erased, and erased wherever it stands.

What was made of the store (pages, notebooks, findings, mails, dossiers, hand-outs) goes first and the store last:
killed half-way, the same command finds the rest again.
"""

from __future__ import annotations

import email
import email.policy
import html
import io
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path, PurePosixPath

import polars as pl

from aftersales.sources.erasing import Traces, erase, traces, words_of
from aftersales.sources.handouts import remembered
from aftersales.sources.model_file import stored_model
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.storage import TROUBLE, Folder
from aftersales.words.errors import UsageError
from aftersales.words.language import say
from aftersales_app.mail.mailing import FOLDER as MAILS
from aftersales_app.reports.explorer_data import texts_of, without
from aftersales_app.reports.index import forget_weeks
from aftersales_app.reports.job import EXPLORER_DATA
from aftersales_app.reports.run_lock import one_weekly_run

_SHOWN_ROWS = 20
_CASES = "cases"


def run_erase(
    settings: Settings,
    shop_id: str,
    *,
    orders: Sequence[str] = (),
    buyer: str | None = None,
    sure: bool = False,
    now: datetime | None = None,
) -> list[str]:
    """Tell what there is of a buyer, and erase it where ``sure``; the lines to print.

    `UsageError` for an unknown shop, for neither order nor buyer, and where nothing is known of them.
    """
    shop = settings.shop(shop_id)
    if not orders and not (buyer and buyer.strip()):
        raise UsageError("Whose data are to be erased?", hint="name an order with --order or the buyer with --buyer")
    with one_weekly_run(settings) if sure else nullcontext():
        found = traces(settings, shop, orders=tuple(orders), buyer=buyer)
        needles = _needles(settings, shop, found, buyer)
        made, listed = made_of(settings, shop, needles)
        elsewhere = [p for p in remembered(_store(settings, shop)) if _names_elsewhere(Path(p), needles)]
        language = shop.language[0]
        rows = ", ".join(f"{table} {count}" for table, count in found.rows.items())
        lines = [say("erase.found", language, shop=shop.id, orders=len(found.orders), rows=rows)]
        if sure:
            _remove_made(settings, shop, made)
            unname(settings, listed, needles)
            for path in elsewhere:
                _remove(Path(path))
            commit = erase(settings, shop, found, now=now)
            lines.append(say("erase.done", language, market=shop.market, day=commit.made_at.astimezone(shop.tz).date()))
    lines += _told_of_made(settings, shop, made, elsewhere, sure=sure)
    lines += [say("erase.unnamed" if sure else "erase.would_unname", shop.language[0], n=len(listed))] if listed else []
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


def made_of(settings: Settings, shop: Shop, needles: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Files among the reports that name the buyer, by what they belong to: a week, a case's dossier, a mail.

    Apart from them the explorers' data of weeks that name the buyer nowhere else: a year of sales stands there, and it
    stays without the buyer's numbers and key.
    """
    reports = Folder(settings.reports_path)
    made: dict[str, list[str]] = {}
    listed = []
    for name in [*quoting(reports, f"{shop.id}/", needles), *quoting(reports, f"{MAILS}/", needles)]:
        parts = name.split("/")
        if parts[-1] == EXPLORER_DATA and not quotes(name, without(reports.read(name), needles), needles):
            listed.append(name)
            continue
        depth = 1 if parts[0] == MAILS else 2 if parts[1:2] == [_CASES] else 1
        made.setdefault("/".join(parts[: depth + 1]), []).append(name)
    return made, [name for name in listed if not any(name.startswith(f"{place}/") for place in made)]


def unname(settings: Settings, listed: Sequence[str], needles: Sequence[str]) -> None:
    """Take the buyer's numbers and key out of these explorers' data."""
    reports = Folder(settings.reports_path)
    for name in listed:
        reports.write(name, without(reports.read(name), needles))


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


# Which reports, mails, dossiers and hand-outs quote somebody: every file that was made, with what is packed in it.


# A quotation may be cut or wrapped, so words are looked for in pieces; shorter ones are everybody's.
_PIECE, _SHORTEST = 10, 8
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".woff2", ".mp4")
_LARGEST = 1 << 28
_CODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_BETWEEN = re.compile(r"<[^<>]{0,2000}>|[\s\u200b-\u200f\ufeff\\]+")


def pieces(texts: Iterable[str]) -> set[str]:
    """Somebody's words as pieces that tell them from others' words, in the spelling in which files are looked through.

    >>> sorted(pieces(["好", "床垫中间塌下去一大块，睡了两晚腰疼"]))
    ['一大块，睡了两晚腰疼', '床垫中间塌下去一大块']
    """
    found: set[str] = set()
    for text in texts:
        bare = _bare(text)
        found |= {bare[at : at + _PIECE] for at in range(0, len(bare), _PIECE) if len(bare) - at >= _PIECE}
        found |= {bare[-_PIECE:]} if len(bare) >= _SHORTEST else set()
    return found


def quotes(name: str, content: bytes, words: Sequence[str]) -> bool:
    """Whether the file holds one of the words: in its text, its cells, its messages, or a file packed into it.

    >>> quotes("page.html", "<p>塌下去<br>一大块</p>".encode(), ["塌下去一大块"])
    True
    """
    return any(word in text for text in _texts(name, content) for word in words)


def quoting(folder: Folder, start: str, words: Sequence[str]) -> list[str]:
    """The files below that begin so and hold one of the words, by relative name."""
    there = folder.remote or folder.local.is_dir()
    return [n for n in (folder.names(start) if there else []) if quotes(n, folder.read(n), words)]


def _bare(text: str) -> str:
    plain = _CODE.sub(lambda m: chr(int(m[1], 16)), text)
    return _BETWEEN.sub("", html.unescape(plain))


def _texts(name: str, content: bytes) -> Iterator[str]:
    suffix = PurePosixPath(name).suffix.lower()
    yield _bare(PurePosixPath(name).name)
    if suffix in _PICTURES:
        return
    if PurePosixPath(name).name == EXPLORER_DATA:
        yield _bare("|".join(texts_of(content)))
        return
    if suffix == ".parquet":
        frame = pl.read_parquet(io.BytesIO(content))
        yield _bare("\n".join(str(s.to_list()) for s in frame.iter_columns() if s.dtype not in (pl.Float64, pl.Int64)))
    elif suffix == ".zip" or content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if entry.file_size <= _LARGEST:
                    yield from _texts(entry.filename, archive.read(entry))
    elif suffix == ".eml":
        message = email.message_from_bytes(content, policy=email.policy.default)
        yield _bare("\n".join(str(value) for value in message.values()))
        for part in message.walk():
            body = part.get_payload(decode=True)
            if isinstance(body, bytes):
                yield from _texts(part.get_filename() or "part.txt", body)
    else:
        yield _bare(content.decode("utf-8", "replace"))
