"""Bodies and pictures into one message, whose bytes depend on nothing but what it says and to whom."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from aftersales.words.errors import DataError, SetupError
from aftersales_app.mail.html import Bodies
from aftersales_app.mail.lint import mail_faults
from aftersales_app.mail.wording import one_line

# ASCII alone: international addresses need servers that few shops have
_ADDRESS = re.compile(r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$")


class _Policy(EmailPolicy):
    """CRLF, and subjects encoded whole: where the standard policy folds between two words it may add a blank."""

    def fold(self, name: str, value: Any) -> str:
        if name.lower() != "subject":
            return super().fold(name, value)
        # words of at most 75 characters (RFC 2047); the encoder takes one more than it is told
        words = Header(str(value), "utf-8", maxlinelen=74, header_name=name).encode(linesep=self.linesep)
        return f"{name}: {words}{self.linesep}"

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii") if name.lower() == "subject" else super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n")


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail; its name is ASCII, as some mail programs drop others."""

    name: str
    content: bytes
    subtype: str = "html"


def is_address(text: str) -> bool:
    r"""Whether that can stand in a mail's envelope: plain ASCII, no spaces, no line breaks.

    >>> is_address("a@b.example"), is_address("a@b.example\nBcc: c@d.example"), is_address("店长")
    (True, False, False)
    """
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def message_id(parts: tuple[str, ...], *, sender: str) -> str:
    """The message's name, made of its ledger keys: the same mail has the same name whenever it is sent.

    >>> message_id(("demo", "2026-W46", "zh", "a@b.example"), sender="shop@c.example")
    '<f9e0160bbbf811894dd2a1716b5c3a44@c.example>'
    """
    name = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
    return f"<{name}@{sender.rpartition('@')[2]}>"


def composed(
    bodies: Bodies,
    *,
    sender: str,
    sender_name: str,
    recipients: tuple[str, ...],
    name: str,
    moment: datetime,
    language: str,
    pictures: tuple[tuple[str, bytes], ...] = (),
    attachments: tuple[Attachment, ...] = (),
) -> EmailMessage:
    """The message: mixed[alternative[text, related[html, pictures]], attachments].

    ``name`` is its Message-ID. Raises `DataError` where the bodies do not pass `mail_faults`, `SetupError` for an
    address that cannot be used. The same arguments give the same bytes.
    """
    for address in (sender, *recipients):
        if not is_address(address):
            raise SetupError("This is not a usable mail address", found=one_line(address))
    if faults := mail_faults(bodies.html, bodies.text, cids=tuple(cid for cid, _ in pictures)):
        raise DataError("The mail did not pass its check before sending", found=", ".join(faults))
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(one_line(sender_name), addr_spec=sender)
    message["To"] = [Address(addr_spec=recipient) for recipient in recipients]
    message["Subject"] = one_line(bodies.subject)
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = name
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    # base64 keeps Chinese text safe from old relays and from lines that are too long
    message.set_content(bodies.text, cte="base64")
    message.add_alternative(bodies.html, subtype="html", cte="base64")
    page = message.get_payload()[1]  # type: ignore[index]
    for cid, picture in pictures:
        page.add_related(picture, "image", "png", cid=f"<{cid}>", filename=f"{cid}.png", disposition="inline")  # type: ignore[union-attr]
    for attachment in attachments:
        main = "text" if attachment.subtype == "html" else "application"
        message.add_attachment(attachment.content, main, attachment.subtype, filename=attachment.name)  # type: ignore[call-arg]
    # added last: what begins with Content- would be moved into the first part
    message["Content-Language"] = language
    for number, part in enumerate(p for p in message.walk() if p.is_multipart()):
        part.set_boundary(f"=_{hashlib.blake2b(name.encode(), digest_size=12).hexdigest()}_{number}")
    return message
