"""`aftersales mail`: every manager's mail of a week made, checked and sent once; analysts told where one is not."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from aftersales.reports.mail.at_hand import reports_at_hand
from aftersales.reports.mail.ledger import Ledger
from aftersales.reports.mail.outbox import ShopMail, eml_name, manager_mails, notice_mails, shop_mail
from aftersales.reports.mail.recipients import barrier, unusable
from aftersales.reports.mail.sending import WAITS_SECONDS, Delivery, Outgoing, send_all
from aftersales.reports.mail.server import Server, server_of
from aftersales.reports.mail.stored_ledger import stored_ledger
from aftersales.reports.mail.wording import one_line
from aftersales.sources.places import Folder
from aftersales.sources.settings import Settings, Shop
from aftersales.sources.store import ShopStore
from aftersales.week.tables import Tables
from aftersales.words.errors import AftersalesError, QuestionError, SetupError
from aftersales.words.language import Language, say
from aftersales.words.periods import Week, last_whole_week

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
    week: str | None = None,
    shops: Sequence[str] = (),
    dry_run: bool = False,
    in_doubt: str = "ask",
    variables: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
    waits_seconds: Sequence[float] = WAITS_SECONDS,
    tell: Callable[[str], None] = lambda line: None,
) -> MailOutcome:
    """Mail the week's reports to the shops' managers and the failures to their analysts.

    ``moment`` is the Date of mails that are sent. Without ``week`` it is the latest whole week that any of the shops
    has data for; a shop that has none for it is missing and is named. ``dry_run`` writes what would be sent into
    reports/_mail and sends nothing. ``in_doubt`` settles mails that a killed run left in doubt: send them again, or
    take them as sent. ``tell`` hears each line of the outcome as soon as it is true, and of every pause. Raises
    `QuestionError` and `SetupError` before anything is sent.
    """
    if in_doubt not in ("ask", "send", "sent"):
        raise QuestionError("--in-doubt is ask, send or sent", found=f"'{in_doubt}'")
    chosen = [settings.shop(s) for s in dict.fromkeys(shops)] or list(settings.shops)
    server = None if dry_run else _server(settings, variables)
    which = Week.parse(week) if week else _latest_week(settings, chosen)
    ledger = ledger_of(settings)
    with ledger.held(), reports_at_hand(settings, chosen, which) as reports:
        if not dry_run:
            _settle(ledger, in_doubt, {s.id for s in chosen}, which)
        ready = [shop_mail(settings, s, week=which, folder=reports / s.id / str(which)) for s in chosen]
        given = {"week": which, "settings": settings, "moment": moment}
        mails = [*manager_mails(ready, states=ledger.states(), **given), *notice_mails(ready, **given)]  # type: ignore[arg-type]
        barred = {id(m): b for m in mails if (b := barrier(m.recipient, settings.mail))}
        free = [m for m in mails if id(m) not in barred]
        language = chosen[0].language[0]
        wrong = unusable(chosen)
        lines: list[str] = []

        def said(*more: str) -> None:
            for line in more:
                lines.append(line)
                tell(line)

        said(*(_line(m, language, f"mail.said.{b}") for m in mails if (b := barred.get(id(m)))))
        said(*(say("mail.said.bad_address", language, address=one_line(address)) for address in wrong))
        said(*_untold(ready, reports, which))
        bad = bool(wrong) or any(one.reasons for one in ready)
        if server is None:
            said(*_written(free, reports / FOLDER, language))
            return MailOutcome(tuple(lines), int(bad))
        deliveries = send_all(
            free, server=server, ledger=ledger, waits_seconds=waits_seconds, sleep=sleep,
            told=lambda d: said(_line(d.mail, language, f"mail.said.{d.said}", answer=d.answer)),
            waits=lambda seconds, left: tell(say("mail.said.waits", language, seconds=seconds, count=left)),
        )  # fmt: skip
    return MailOutcome(tuple(lines), int(bad or any(d.said in _BAD for d in deliveries)), tuple(deliveries))


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
            f"{settings.file.name} names no mail server", found="no [mail] part",
            hint='write [mail] with host, port, tls, user and sender, or try `aftersales mail --dry-run`',
        )  # fmt: skip
    if not (settings.mail.sender or settings.mail.user):
        raise SetupError("The mails have no sender", hint="write sender under [mail] in shops.toml")
    return server_of(settings.mail, variables)


def _latest_week(settings: Settings, shops: Sequence[Shop]) -> Week:
    found = []
    for shop in shops:
        try:
            store = ShopStore(settings.store_path, shop.id, shop.zone)
            last = Tables(store, store.head()).last_day
        except AftersalesError:
            continue
        if last is not None:
            found.append(last_whole_week(last))
    if not found:
        raise QuestionError("None of the shops has any data", hint="run `aftersales weekly` first, or name a --week")
    return max(found, key=lambda week: week.monday)


def _settle(ledger: Ledger, in_doubt: str, shops: set[str], week: Week) -> None:
    if in_doubt == "ask":
        return
    for key, state in ledger.states().items():
        if state == "handing" and key.shop in shops and key.week == str(week):
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
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for mail in mails:
        path = folder / eml_name(mail)
        path.write_bytes(mail.message.as_bytes())
        lines += [_line(mail, language, "mail.said.written"), str(path)]
    return lines


def _line(mail: Outgoing, language: Language, key: str, **values: Any) -> str:
    shops = Counter(k.shop for k in mail.keys)
    what = f"{', '.join(shops)} {mail.keys[0].week}" + ("" if mail.keys[0].kind == "week" else " !")
    return say("mail.said.line", language, recipient=mail.recipient, what=what, said=say(key, language, **values))
