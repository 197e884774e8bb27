"""What is to be sent: from shops made ready to one mail or digest a manager and one notice an analyst."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from types import MappingProxyType

from aftersales.sources.settings import Settings, Shop
from aftersales.week.loading import load
from aftersales.week.tables import COMMIT_VARIABLE
from aftersales.words.errors import AftersalesError, error_in
from aftersales.words.language import LANGUAGES, Language, say
from aftersales.words.panics import panics_as_errors
from aftersales.words.periods import Week
from aftersales_app.environment import environment
from aftersales_app.mail.content import MailContent, mail_content
from aftersales_app.mail.digest import digest_bodies, notice_bodies
from aftersales_app.mail.html import Bodies
from aftersales_app.mail.ledger import Key, State
from aftersales_app.mail.mail_parts import MailParts, build_parts, language_for, sender_of, shop_message, store_mail
from aftersales_app.mail.message import composed, is_address, message_id
from aftersales_app.mail.readiness import data_reasons, report_reasons
from aftersales_app.mail.recipients import by_recipient
from aftersales_app.mail.sending import Outgoing
from aftersales_app.reports.place import read_record


@dataclass(frozen=True, eq=False)
class ShopMail:
    """One shop ready to be mailed, by language; or the reasons why not, in every language."""

    shop: Shop
    told: dict[Language, MailParts] = field(default_factory=dict)
    reasons: Mapping[Language, tuple[str, ...]] = field(default_factory=dict)
    folder: Path = Path()


def shop_mail(settings: Settings, shop: Shop, *, week: Week, folder: Path) -> ShopMail:
    """A shop's mail in every language somebody reads, computed on the commit its report was made from.

    The mails-to-be are written beside the report's pages. Whatever goes wrong is a reason and keeps no other shop back.
    """
    if report_reasons(folder, shop.language[0]):
        return ShopMail(shop, reasons={language: tuple(report_reasons(folder, language)) for language in LANGUAGES})
    try:
        with _pinned(folder), panics_as_errors():
            return _shop_mail(settings, shop, week=week, folder=folder)
    except Exception as error:  # forty shops must not miss their mail because of one
        return ShopMail(shop, reasons={language: (trouble(error, language),) for language in LANGUAGES})


def trouble(error: Exception, language: Language) -> str:
    """What went wrong while a mail was made: our own sentence, or the error with its name."""
    if isinstance(error, AftersalesError):
        return error_in(str(error), language)
    return say("mail.notice.unforeseen", language, error=f"{type(error).__name__}: {error}")


def _pinned(folder: Path) -> AbstractContextManager[None]:
    commit = str(read_record(folder).get("store_version") or "")
    return environment({COMMIT_VARIABLE: commit} if commit else {})


def _shop_mail(settings: Settings, shop: Shop, *, week: Week, folder: Path) -> ShopMail:
    config = str(settings.file)
    reasons = {lang: tuple(data_reasons(load(shop.id, str(week), lang, config=config))) for lang in LANGUAGES}
    if any(reasons.values()):
        return ShopMail(shop, reasons=reasons)
    ready: dict[Language, MailParts] = {}
    read = [language_for(manager, shop, settings.mail) for manager in shop.managers]
    for language in dict.fromkeys((*shop.language, *read)):
        report = load(shop.id, str(week), language, config=config)
        ready[language] = build_parts(
            mail_content(report), shop=shop, mail=settings.mail, folder=folder, keeper=report.data
        )
        store_mail(ready[language], shop=shop, mail=settings.mail, folder=folder)
    return ShopMail(shop, ready, folder=folder)


def manager_mails(
    ready: Sequence[ShopMail],
    *,
    week: Week,
    settings: Settings,
    moment: datetime,
    states: Mapping[Key, State],
    again: Mapping[Key, int] = MappingProxyType({}),
    failed: Callable[[str, Sequence[Shop], Exception], None] | None = None,
) -> Iterator[Outgoing]:
    """One mail a manager: the shop's own for one shop, a digest for several.

    A digest leaves out weeks that the manager has been sent already, so that a shop whose report comes late is told
    alone; shops without a report are named, not noted as sent. Mails that are sent or in doubt are given once more
    where a manager has nothing else, so that the run can name them. A mail that was wanted ``again`` has another name
    each time, as mail programs show the same name once. ``failed`` hears of a manager whose mail cannot be made; the
    others get theirs.
    """
    of = {one.shop.id: one for one in ready}
    for recipient, shops in by_recipient([one.shop for one in ready]).items():
        keys = {s.id: Key(s.id, str(week), recipient.lower()) for s in shops}
        mine = [of[s.id] for s in shops]
        try:
            made = list(
                _of_one(mine, keys, recipient, week=week, settings=settings, moment=moment, states=states, again=again)
            )
        except Exception as error:
            if failed is None:
                raise
            failed(recipient, shops, error)
            continue
        yield from made


def _of_one(
    ready: Sequence[ShopMail],
    keys: Mapping[str, Key],
    recipient: str,
    *,
    week: Week,
    settings: Settings,
    moment: datetime,
    states: Mapping[Key, State],
    again: Mapping[Key, int],
) -> Iterator[Outgoing]:
    language = language_for(recipient, ready[0].shop, settings.mail)
    given = {"week": week, "settings": settings, "moment": moment, "again": again}
    good = [one for one in ready if one.told]
    settled = ("sent", "handing")
    fresh = [one for one in good if states.get(keys[one.shop.id]) not in settled]
    for state in settled:
        held = [one for one in good if states.get(keys[one.shop.id]) == state]
        if held and (state == "handing" or not fresh):
            yield _one(held, keys, recipient, language, missing={}, **given)  # type: ignore[arg-type]
    if fresh:
        missing = {one.shop.name: one.reasons[language][0] for one in ready if not one.told}
        yield _one(fresh, keys, recipient, language, missing=missing, **given)  # type: ignore[arg-type]


def _one(
    shops: Sequence[ShopMail],
    keys: Mapping[str, Key],
    recipient: str,
    language: Language,
    *,
    week: Week,
    settings: Settings,
    moment: datetime,
    missing: dict[str, str],
    again: Mapping[Key, int],
) -> Outgoing:
    sender = sender_of(settings.mail)
    mine = tuple(keys[one.shop.id] for one in shops)
    parts = [_in_language(one, language, settings) for one in shops]
    time = sum(again.get(key, 0) for key in mine)
    if len(parts) == 1 and not missing:
        message = shop_message(parts[0], sender=sender, recipients=(recipient,), moment=moment, again=time)
    else:
        contents: list[MailContent] = [part.content for part in parts]
        links = {part.content.shop: part.link for part in parts}
        bodies = digest_bodies(contents, missing, week=week, language=language, links=links)
        message = _message(bodies, mine, recipient, sender=sender, language=language, moment=moment, again=time)
    return Outgoing(mine, recipient, sender, message)


def _in_language(one: ShopMail, language: Language, settings: Settings) -> MailParts:
    """A recipient of several shops reads one language; a shop that was not made ready in it is made so now."""
    if language not in one.told:
        content = next(iter(one.told.values())).content
        report = load(one.shop.id, str(content.week), language, config=str(settings.file))
        one.told[language] = build_parts(
            mail_content(report), shop=one.shop, mail=settings.mail, folder=one.folder, keeper=report.data
        )
    return one.told[language]


def notice_mails(ready: Sequence[ShopMail], *, week: Week, settings: Settings, moment: datetime) -> Iterator[Outgoing]:
    """A notice to each analyst of a shop that cannot be mailed; the same reasons are told once."""
    sender = sender_of(settings.mail)
    for one in ready:
        why = " ".join(one.reasons.get("zh", ()))
        kind = f"notice-{hashlib.blake2b(why.encode(), digest_size=6).hexdigest()}"
        analysts = {address.lower(): address for address in one.shop.analysts if is_address(address)}
        for recipient in analysts.values() if one.reasons else ():
            language = language_for(recipient, one.shop, settings.mail)
            key = Key(one.shop.id, str(week), recipient.lower(), kind)
            bodies = notice_bodies(
                shop=one.shop.id,
                shop_name=one.shop.name,
                week=str(week),
                reasons=one.reasons[language],
                language=language,
            )
            message = _message(bodies, (key,), recipient, sender=sender, language=language, moment=moment)
            yield Outgoing((key,), recipient, sender, message)


def _message(
    bodies: Bodies,
    keys: tuple[Key, ...],
    recipient: str,
    *,
    sender: str,
    language: Language,
    moment: datetime,
    again: int = 0,
) -> EmailMessage:
    parts = (*(part for key in keys for part in key), language, *([str(again)] if again else []))
    name = message_id(parts, sender=sender)
    return composed(
        bodies,
        sender=sender,
        sender_name=say("mail.sender_name", language),
        recipients=(recipient,),
        name=name,
        moment=moment,
        language=language,
    )


def eml_name(mail: Outgoing) -> str:
    """A file name for a mail that is written and not sent."""
    key = mail.keys[0]
    what = "digest" if len(mail.keys) > 1 else key.shop
    address = "".join(c if c.isalnum() else "-" for c in mail.recipient)
    return f"{key.week}.{what}.{key.kind}.{address}.{mail.message['Content-Language']}.eml"
