"""`aftersales mail`: every manager's mail of a week made, checked and sent once; analysts told where one is not.

Mails are made from the reports' folder itself, or from a copy of what is needed of one in object storage.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from aftersales.sources.settings import Settings, Shop
from aftersales.sources.storage import Folder, write_private
from aftersales.sources.store import ShopStore
from aftersales.week.tables import Tables, last_day_by
from aftersales.words.errors import SetupError, UsageError
from aftersales.words.language import LANGUAGES, Language, say
from aftersales.words.periods import Week, last_whole_week
from aftersales_app.mail.ledger import Key, Known, Ledger
from aftersales_app.mail.outbox import ShopMail, eml_name, manager_mails, notice_mails, shop_mail, trouble
from aftersales_app.mail.readiness import report_reasons
from aftersales_app.mail.recipients import barrier, unusable
from aftersales_app.mail.sending import WAITS_SECONDS, Delivery, Outgoing, send_all
from aftersales_app.mail.server import Server, server_of
from aftersales_app.mail.stored_ledger import stored_ledger
from aftersales_app.mail.wording import one_line
from aftersales_app.reports.place import FAILED_ATTEMPT, RUN_RECORD

InDoubt = Literal["ask", "send", "sent"]
_BAD = ("refused", "open", "doubt")
FOLDER = "_mail"


@dataclass(frozen=True)
class MailOutcome:
    """How a run of mails went: what to print, and the exit code (0: everybody has theirs; 1: some have not)."""

    lines: tuple[str, ...]
    exit_code: int
    deliveries: tuple[Delivery, ...] = ()


def run_mail(
    settings: Settings,
    *,
    moment: datetime,
    now: datetime | None = None,
    week: str | None = None,
    shops: Sequence[str] = (),
    dry_run: bool = False,
    in_doubt: str = "ask",
    resend: Sequence[str] = (),
    variables: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
    waits_seconds: Sequence[float] = WAITS_SECONDS,
    tell: Callable[[str], None] = lambda line: None,
) -> MailOutcome:
    """Mail the week's reports to the shops' managers and the failures to their analysts.

    ``moment`` is the Date of mails that are sent; weeks that end after ``now`` are left alone. Without ``week`` each
    shop's last whole week is mailed, and a shop that does not reach the latest of them is named as missing.
    ``dry_run`` writes what would be sent into reports/_mail and sends nothing. ``in_doubt`` settles mails of which
    nobody knows whether they arrived: send them again, or take them as sent. ``resend`` names managers (or ``all``)
    who get the week once more. ``tell`` hears each line of the outcome as soon as it is true, and of every pause.
    Raises `UsageError` and `SetupError` before anything is sent.
    """
    if in_doubt not in ("ask", "send", "sent"):
        raise UsageError("--in-doubt is ask, send or sent", found=f"'{in_doubt}'")
    chosen = [settings.shop(s) for s in dict.fromkeys(shops)] or list(settings.shops)
    wanted = _wanted_again(resend, chosen)
    server = None if dry_run else _server(settings, variables)
    weeks = dict.fromkeys((s.id for s in chosen), Week.parse(week)) if week else _last_weeks(settings, chosen, now)
    latest = max(weeks.values())
    places = {(s.id, w) for s in chosen for w in (latest, weeks.get(s.id, latest))}
    ledger, language = ledger_of(settings), chosen[0].language[0]
    lines: list[str] = []

    def said(*more: str) -> None:
        for line in more:
            lines.append(line)
            tell(line)

    with ledger.held(), reports_at_hand(settings, sorted(places)) as reports:
        if not dry_run:
            _settle(ledger, in_doubt, wanted, {(shop, str(w)) for shop, w in places})
        known = ledger.known()
        notes: _Notes = {}
        mails: list[Outgoing] = []
        bad = bool(wrong := unusable(chosen))
        for one_week in sorted(set(weeks.values()), reverse=True):
            of_week = [s for s in chosen if one_week == latest or weeks.get(s.id) == one_week]
            if one_week != latest:
                of_week = [s for s in of_week if _still_to_send(s, one_week, reports, known)]
            ready = [shop_mail(settings, s, week=one_week, folder=reports / s.id / str(one_week)) for s in of_week]
            given: dict[str, Any] = {"week": one_week, "settings": settings, "moment": moment}
            failed = partial(_not_made, notes, one_week)
            mails += manager_mails(ready, states=known.states, again=known.again, failed=failed, **given)
            mails += notice_mails(ready, **given)
            said(*_untold(ready, reports, one_week))
            bad = bad or any(one.reasons for one in ready)
        said(
            *(
                say(f"mail.said.{n.what}", language, address=n.recipient, error=n.error)
                for found in notes.values()
                for n in found
            )
        )
        said(*(say("mail.said.bad_address", language, address=one_line(address)) for address in wrong))
        for shop in chosen:
            for address in (one for one in shop.managers if one in wrong):
                notes.setdefault((shop.id, latest), []).append(_Note("bad_address", one_line(address)))
        barred = {id(m): b for m in mails if (b := barrier(m.recipient, settings.mail))}
        said(*(_line(m, language, f"mail.said.{b}") for m in mails if (b := barred.get(id(m)))))
        free = [m for m in mails if id(m) not in barred]
        bad = bad or bool(notes)
        if server is None:
            said(*_written(free, reports / FOLDER, language))
            return MailOutcome(tuple(lines), int(bad))
        if unsure := _unsure(ledger, known, in_doubt, free, language):
            said(unsure)

        def sent(some: Sequence[Outgoing]) -> list[Delivery]:
            return send_all(
                some,
                server=server,
                ledger=ledger,
                unsure=unsure,
                waits_seconds=waits_seconds,
                sleep=sleep,
                told=lambda d: said(_line(d.mail, language, f"mail.said.{d.said}", answer=_answer(d, language))),
                waits=lambda seconds, left: tell(say("mail.said.waits", language, seconds=seconds, count=left)),
            )

        deliveries = sent(free)
        for one in deliveries:
            if one.said in ("refused", "doubt"):
                for key in (k for k in one.mail.keys if k.kind == "week"):
                    notes.setdefault((key.shop, Week.parse(key.week)), []).append(_Note(one.said, key.recipient))
        deliveries += sent(_notices(settings, chosen, notes, moment=moment))
    return MailOutcome(tuple(lines), int(bad or any(d.said in _BAD for d in deliveries)), tuple(deliveries))


def _unsure(ledger: Ledger, known: Known, in_doubt: str, mails: Sequence[Outgoing], language: Language) -> str:
    """Why nothing is sent where the ledger is damaged; empty where it is not, or where somebody settles it now."""
    if not known.damaged:
        return ""
    if in_doubt == "ask":
        return say("mail.said.damaged", language, file=str(ledger), line=known.damaged[0])
    if in_doubt == "sent":
        doubtful = [key for mail in mails for key in mail.keys if known.states.get(key) != "sent"]
        ledger.note("sent", doubtful, message_id="", answer="settled by hand")
    ledger.note("settled", [], message_id="", answer="settled by hand")
    return ""


@dataclass(frozen=True)
class _Note:
    """What kept a shop's mail from one manager, for the analysts; ``error`` in words where there is one."""

    what: str
    recipient: str
    error: str = ""


_Notes = dict[tuple[str, Week], list[_Note]]  # by shop and week


def _not_made(notes: _Notes, week: Week, recipient: str, shops: Sequence[Shop], error: Exception) -> None:
    for shop in shops:
        note = _Note("not_made", one_line(recipient), trouble(error, shop.language[0]))
        notes.setdefault((shop.id, week), []).append(note)


def _notices(settings: Settings, shops: Sequence[Shop], notes: _Notes, *, moment: datetime) -> list[Outgoing]:
    """What the analysts are told of managers who did not get their mail, once for the same trouble."""
    mails: list[Outgoing] = []
    for shop in shops:
        for (of, week), found in notes.items():
            if of == shop.id:
                reasons = {
                    language: tuple(
                        say(f"mail.notice.{n.what}", language, address=n.recipient, error=n.error) for n in found
                    )
                    for language in LANGUAGES
                }
                mails += notice_mails([ShopMail(shop, reasons=reasons)], week=week, settings=settings, moment=moment)
    return [m for m in mails if not barrier(m.recipient, settings.mail)]


def _wanted_again(resend: Sequence[str], shops: Sequence[Shop]) -> set[str]:
    """The addresses to be written to again, in small letters."""
    managers = {address.lower() for shop in shops for address in shop.managers}
    asked = {address.strip().lower() for address in resend}
    if unknown_ones := sorted(asked - managers - {"all"}):
        raise UsageError(
            f"There is no manager '{unknown_ones[0]}'",
            found=", ".join(sorted(managers)) or "no managers at all",
            hint="--resend takes a manager's address as in shops.toml, or all",
        )
    return managers if "all" in asked else asked


def _still_to_send(shop: Shop, week: Week, reports: Path, known: Known) -> bool:
    """Whether a shop that is behind the others has a report of its own last week that somebody has not been sent."""
    if report_reasons(reports / shop.id / str(week), shop.language[0]):
        return False
    return any(known.states.get(Key(shop.id, str(week), m.lower())) != "sent" for m in shop.managers)


def _answer(delivery: Delivery, language: Language) -> str:
    return delivery.answer or say("mail.said.cut_off", language)


def ledger_of(settings: Settings) -> Ledger:
    """The ledger: beside the store, where nobody clears up; with the reports where the store is in object storage."""
    store, reports = Folder(settings.store_path), Folder(settings.reports_path)
    if store.remote and reports.remote:
        return stored_ledger(reports.path, FOLDER)
    home = reports.local if store.remote else store.local
    return Ledger(home / FOLDER / "ledger.jsonl")


def _server(settings: Settings, variables: Mapping[str, str]) -> Server:
    if settings.mail is None:
        raise SetupError(
            f"{settings.file.name} names no mail server",
            found="no [mail] part",
            hint="write [mail] with host, port, tls, user and sender, or try `aftersales mail --dry-run`",
        )
    if not (settings.mail.sender or settings.mail.user):
        raise SetupError("The mails have no sender", hint="write sender under [mail] in shops.toml")
    return server_of(settings.mail, variables)


def _last_weeks(settings: Settings, shops: Sequence[Shop], now: datetime | None) -> dict[str, Week]:
    """Each shop's last whole week, by id; a shop whose data cannot be looked at has none and is named by its report."""
    found: dict[str, Week] = {}
    for shop in shops:
        try:
            store = ShopStore(settings.store_path, shop.id, shop.zone)
            last = last_day_by(now, Tables(store, store.head()), shop)
        except Exception:  # one shop's trouble never stops the others' mail; its own report tells of it
            continue
        if last is not None:
            found[shop.id] = last_whole_week(last)
    if not found:
        raise UsageError("None of the shops has any data", hint="run `aftersales weekly` first, or name a --week")
    return found


def _settle(ledger: Ledger, in_doubt: str, again: set[str], places: set[tuple[str, str]]) -> None:
    """Note what somebody has decided about mails that were sent, or may have been."""
    for key, state in ledger.states().items():
        if (key.shop, key.week) not in places or state not in ("sent", "handing"):
            continue
        if key.kind == "week" and key.recipient in again:
            ledger.note("again", [key], message_id="", answer="asked for by hand")
        elif state == "handing" and in_doubt != "ask":
            ledger.note("sent" if in_doubt == "sent" else "open", [key], message_id="", answer="settled by hand")


def _untold(ready: Sequence[ShopMail], reports: Path, week: Week) -> list[str]:
    """What no mail tells: shops without managers, and failures of shops without analysts."""
    lines = []
    for one in ready:
        language, name = one.shop.language[0], one.shop.name
        if one.reasons and not one.shop.analysts:
            lines.append(say("mail.said.not_told", language, shop=name, reason=one.reasons[language][0]))
        elif not one.reasons and not one.shop.managers:
            path = reports / one.shop.id / str(week) / f"mail.{language}.eml"
            lines.append(say("mail.said.nobody", language, shop=name, path=str(path)))
    return lines


def _written(mails: Sequence[Outgoing], folder: Path, language: Language) -> list[str]:
    lines = []
    for mail in mails:
        path = folder / eml_name(mail)
        write_private(path, mail.message.as_bytes())
        lines += [_line(mail, language, "mail.said.written"), str(path)]
    return lines


def _line(mail: Outgoing, language: Language, key: str, **values: Any) -> str:
    shops = Counter(k.shop for k in mail.keys)
    what = f"{', '.join(shops)} {mail.keys[0].week}" + ("" if mail.keys[0].kind == "week" else " !")
    return say("mail.said.line", language, recipient=mail.recipient, what=what, said=say(key, language, **values))


@contextmanager
def reports_at_hand(settings: Settings, wanted: Iterable[tuple[str, Week]]) -> Iterator[Path]:
    """A local folder with the records of the wanted shops' weeks, and the pages where they are attached.

    What is written into it, mails-to-be among them, is in the reports folder at the end.
    """
    root = Folder(settings.reports_path)
    if not root.remote:
        yield root.local
        return
    with TemporaryDirectory(prefix="aftersales-") as scratch:
        here = Path(scratch)
        attached = settings.mail is not None and settings.mail.attach != "none"
        for shop, week in wanted:
            _fetch(root, f"{shop}/{week}", here, pages=attached)
        before = _contents(here)
        try:
            yield here
        finally:
            for name, digest in _contents(here).items():
                if before.get(name) != digest:
                    root.write(name, (here / name).read_bytes())


def _fetch(root: Folder, place: str, here: Path, *, pages: bool) -> None:
    records = (f"{place}/{RUN_RECORD}", f"{place}/{FAILED_ATTEMPT}/{RUN_RECORD}")
    names = [n for n in root.names(f"{place}/") if n in records or (pages and n.endswith(".html"))]
    for name in names:
        content = root.read(name)
        _write(here / name, content)
        for folder in set(re.findall(rb"_assets/[0-9a-f]+/", content)) if name.endswith(".html") else ():
            for asset in root.names(folder.decode()):
                if not (here / asset).is_file():
                    _write(here / asset, root.read(asset))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _contents(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
