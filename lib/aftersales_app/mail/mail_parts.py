"""The mails-to-be of one report: ``mail.<language>.eml`` and the text for chat groups, beside its pages."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path

from aftersales.sources.settings import Mail, Settings, Shop
from aftersales.sources.storage import write_private
from aftersales.week.cache import Keeper
from aftersales.week.loading import load
from aftersales.words.language import Language, say
from aftersales_app.mail.content import MailContent, mail_content, summary
from aftersales_app.mail.html import shop_bodies
from aftersales_app.mail.kept_picture import kept_picture
from aftersales_app.mail.message import Attachment, composed, is_address, message_id
from aftersales_app.mail.readiness import data_reasons
from aftersales_app.mail.wording import one_line
from aftersales_app.reports.job import in_language
from aftersales_app.reports.place import SUMMARY
from aftersales_app.reports.single_file import single_file

NO_SENDER = "aftersales@localhost"  # stands in mails that are written and not sent
CID = "trend"
MORNING = time(8)  # when the weekly mail of the week before is read


@dataclass(frozen=True, eq=False)
class MailParts:
    """What one shop's mail is made of besides its recipient: content, picture, link and attached report."""

    content: MailContent
    link: str
    picture: bytes | None
    attachments: tuple[Attachment, ...]
    folder: str


def build_parts(content: MailContent, *, shop: Shop, mail: Mail | None, folder: Path, keeper: Keeper) -> MailParts:
    """The mail's parts: the picture drawn, or kept by ``keeper``; the report linked or attached as the settings ask."""
    page = in_language("index", content.language, shop.language) if content.language in shop.language else "index"
    link = f"{mail.report_link.rstrip('/')}/{shop.id}/{content.week}/{page}.html" if mail and mail.report_link else ""
    attached = () if mail is None else _attached(content, folder / f"{page}.html", how=mail.attach)
    picture = kept_picture(content.trend, content.language, keeper=keeper) if content.trend else None
    return MailParts(content, link, picture, attached, f"{shop.id}/{content.week}")


def _attached(content: MailContent, page: Path, *, how: str) -> tuple[Attachment, ...]:
    if how == "none":
        return ()
    name = f"{content.shop}-{content.week}-{content.language}.html"
    whole = single_file(page)
    if how == "html":
        return (Attachment(name, whole),)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), whole, zipfile.ZIP_DEFLATED)  # dated 1980: the same bytes each time
    return (Attachment(f"{name.removesuffix('.html')}.zip", packed.getvalue(), "zip"),)


def shop_message(
    parts: MailParts, *, sender: str, recipients: tuple[str, ...], moment: datetime, again: int = 0
) -> EmailMessage:
    """One shop's mail; its name is made of shop, week, language, recipients, and how often it was wanted again."""
    content = parts.content
    bodies = shop_bodies(
        content,
        link=parts.link,
        attached=parts.attachments[0].name if parts.attachments else "",
        folder=parts.folder,
        picture=CID if parts.picture else "",
    )
    key = (content.shop, str(content.week), content.language, *recipients, *([str(again)] if again else []))
    return composed(
        bodies,
        sender=sender,
        sender_name=say("mail.sender_name", content.language),
        recipients=recipients,
        name=message_id(key, sender=sender),
        moment=moment,
        language=content.language,
        pictures=((CID, parts.picture),) if parts.picture else (),
        attachments=parts.attachments,
    )


def sender_of(mail: Mail | None) -> str:
    """Who the mails come from: the settings' sender, else the account on the server."""
    return (mail and (mail.sender or mail.user)) or NO_SENDER


def store_mail(parts: MailParts, *, shop: Shop, mail: Mail | None, folder: Path) -> Path:
    """Write ``mail.<language>.eml`` and ``chat.<language>.txt`` into the report's folder; the mail's path.

    The date is the Monday after the week and not the clock's, so that the same report leaves the same bytes.
    """
    content = parts.content
    sender = sender_of(mail)
    monday = content.week.sunday + timedelta(days=1)
    moment = datetime.combine(monday, MORNING, tzinfo=shop.tz)
    managers = tuple(dict.fromkeys(address for address in shop.managers if is_address(address)))
    message = shop_message(parts, sender=sender, recipients=managers or (sender,), moment=moment)
    path = folder / f"mail.{content.language}.eml"
    write_private(path, message.as_bytes())
    write_private(folder / f"chat.{content.language}.txt", chat_text(content, link=parts.link).encode())
    return path


def write_mails(*, folder: Path, shop: str, week: str, config: str | Path | None, commit: str = "") -> None:
    """Write the mails of one shop's week into ``folder``, in each of the shop's languages; none for damaged data.

    Beside them goes what the index of all shops tells of the week (`content.summary`), for the record of the run. The
    report itself is attached only when it is sent, as its pages may still be in the making.
    """
    told_in: dict[Language, MailContent] = {}
    for language in load(shop, week, config=str(config) if config else None).data.shop.language:
        report = load(shop, week, language, config=str(config) if config else None)
        if data_reasons(report):
            return
        settings: Settings = report.data.settings
        mail = settings.mail and settings.mail.model_copy(update={"attach": "none"})
        told_in[language] = mail_content(report)
        parts = build_parts(told_in[language], shop=report.data.shop, mail=mail, folder=folder, keeper=report.data)
        store_mail(parts, shop=report.data.shop, mail=mail, folder=folder)
    (folder / SUMMARY).write_text(json.dumps(summary(report, told_in), ensure_ascii=False), "utf-8")


def language_for(recipient: str, shop: Shop, mail: Mail | None) -> Language:
    """The language a recipient reads: the one named for them under [mail] languages, else the shop's first."""
    named = {address.lower(): language for address, language in mail.languages.items()} if mail else {}
    return named.get(recipient.lower()) or shop.language[0]


# WeCom's webhook takes 2,048 bytes of text; DingTalk's takes more. What fits the smaller fits both.
LARGEST_CHAT = 2_048


def chat_text(content: MailContent, *, link: str = "") -> str:
    """Headline, the plan, link: plain lines that fit one message of WeCom and of DingTalk.

    Lines of the plan that do not fit are left out from the last on, and counted; the link stays.
    """
    language = content.language
    head = [
        one_line(say("mail.kicker", language, shop=content.shop_name, days=content.days)),
        one_line(content.headline, longest=LARGEST_CHAT // 8),
    ]
    points = [one_line(f"{number}. {told}", longest=LARGEST_CHAT // 4) for number, told in enumerate(content.lines, 1)]
    tail = [link] if link else []
    more = ""
    while points and _size([*head, *points, more, *tail]) > LARGEST_CHAT:
        points.pop()
        more = say("mail.more_actions", language, more=len(content.lines) - len(points))
    points += [more] if more else []
    return "\n".join([*head, *points, *tail]) + "\n"


def _size(lines: list[str]) -> int:
    return len("\n".join(lines).encode("utf-8")) + 1
