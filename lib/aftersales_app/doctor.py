"""`aftersales doctor`: whether configuration, folders, key, disk, mail and every shop's store are in order."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from aftersales.sources.export_folder import found_files
from aftersales.sources.history import check_key
from aftersales.sources.identity import fingerprint, installation_key
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.storage import TROUBLE, Folder, said_by_storage
from aftersales.sources.store import ShopStore
from aftersales.words.errors import AftersalesError, UsageError, error_in
from aftersales.words.language import Language, say

LEAST_FREE_GIB = 2
_TRIED = ".doctor"
Found = Iterator[tuple[bool, str]]


def examined(settings: Settings, *, deep: bool = False) -> tuple[list[str], bool]:
    """A line for each thing looked at, and whether all is well; ``deep`` reads every file of every kept commit."""
    language = settings.shops[0].language[0]
    found = [*_house(settings, language)]
    for shop in settings.shops:
        found += [*_shop(settings, shop, deep=deep)]
    lines = [say("doctor.ok" if well else "doctor.problem", language, what=what) for well, what in found]
    return lines, all(well for well, _ in found)


def _house(settings: Settings, language: Language) -> Found:
    yield True, say("doctor.config", language, file=settings.file, shops=len(settings.shops))
    for path in (settings.store_path, settings.reports_path):
        folder = Folder(path)
        try:
            folder.write(_TRIED, b"")
            folder.remove(_TRIED)
            yield True, say("doctor.writable", language, path=path)
        except TROUBLE as error:
            yield False, say("doctor.not_writable", language, path=path, error=said_by_storage(error))
    try:
        key = installation_key(settings.store_path)
        yield True, say("doctor.key", language, fingerprint=fingerprint(key))
    except AftersalesError as error:
        yield False, error_in(str(error), language)
    if not Folder(settings.store_path).remote:
        free = shutil.disk_usage(_there(Folder(settings.store_path).local)).free / 2**30
        low = free < LEAST_FREE_GIB
        yield not low, say("doctor.space_low" if low else "doctor.space", language, free=f"{free:.1f}")
    yield from _mail(settings, language)


def _mail(settings: Settings, language: Language) -> Found:
    mail = settings.mail
    if mail is None:
        yield True, say("doctor.mail_none", language)
        return
    yield True, say("doctor.mail", language, host=mail.host, port=str(mail.port))
    if mail.user and not os.environ.get("AFTERSALES_MAIL_PASSWORD"):
        yield False, say("doctor.mail_password", language, user=mail.user)


def _shop(settings: Settings, shop: Shop, *, deep: bool) -> Found:
    language = settings.shops[0].language[0]
    try:
        found_files(settings, shop)
        now = f"{datetime.now(UTC).astimezone(shop.tz):%Y-%m-%d %H:%M}"
        path = settings.place(shop.exports)
        yield True, say("doctor.exports", language, shop=shop.id, path=path, zone=shop.zone, now=now)
    except (AftersalesError, OSError) as error:
        yield False, f"{shop.id}: {error}"
    try:
        yield from _store(settings, shop, language, deep=deep)
    except UsageError:
        yield True, say("doctor.empty", language, shop=shop.id)
    except AftersalesError as error:
        yield False, f"{shop.id}: {error}"


def _store(settings: Settings, shop: Shop, language: Language, *, deep: bool) -> Found:
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    head = store.head()
    check_key([head], fingerprint(installation_key(settings.store_path)))
    if deep:
        store.forget_verified()
    whole, damaged = [], False
    for commit in reversed(store.commits() if deep else [head]):
        said = store.verify(commit)
        for one in said:
            damaged = True
            yield False, say("doctor.damaged", language, shop=shop.id, commit=commit.number, found=one)
        if said or not commit.versions:
            continue
        if not commit.seals:
            yield True, say("doctor.unproved", language, shop=shop.id, commit=commit.number)
            continue
        whole.append(f"{commit.number} ({commit.made_at.astimezone(shop.tz):%Y-%m-%d})")
        tables, files = len(commit.seals), sum(seal.files for seal in commit.seals.values())
        yield True, say("doctor.whole", language, shop=shop.id, commit=commit.number, tables=tables, files=files)
    if damaged and deep:
        yield False, say("doctor.back", language, shop=shop.id, commits=", ".join(whole) or "–")


def _there(path: Path) -> Path:
    return path if path.exists() else _there(path.parent)
