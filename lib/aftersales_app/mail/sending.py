"""Many mails to one server: each once, in rounds, so that a server that says "later" is asked again later."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal

from aftersales.words.errors import SetupError
from aftersales_app.mail.ledger import Key, Ledger
from aftersales_app.mail.server import NotNow, Refused, Server, Unknown, connected, hand_over

# Between rounds, in seconds. Greylisting asks for one to five minutes; more than a quarter of an hour is an outage, and
# the next run sends what is left.
WAITS_SECONDS = (5.0, 30.0, 120.0, 300.0, 300.0)
Said = Literal["sent", "before", "doubt", "refused", "open"]


@dataclass(frozen=True, eq=False)
class Outgoing:
    """One mail to one recipient; ``keys`` are the weeks of shops it tells (several in a digest)."""

    keys: tuple[Key, ...]
    recipient: str
    sender: str
    message: EmailMessage


@dataclass(frozen=True, eq=False)
class Delivery:
    """How one mail went; ``answer`` is the server's."""

    mail: Outgoing
    said: Said
    answer: str = ""


def send_all(
    mails: Sequence[Outgoing],
    *,
    server: Server,
    ledger: Ledger,
    unsure: str = "",
    waits_seconds: Sequence[float] = WAITS_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    told: Callable[[Delivery], None] = lambda delivery: None,
    waits: Callable[[float, int], None] = lambda seconds, mails: None,
) -> list[Delivery]:
    """Send what the ledger does not know as sent; how each went, in the given order.

    A mail is skipped where all its keys are sent, and held where one of them is in doubt (`ledger`); ``unsure`` says
    why whatever is not noted as sent is in doubt, where the ledger itself cannot be trusted. Passing faults are
    tried again after each of ``waits_seconds``, refusals are not. ``told`` hears of each mail once, as soon as it is
    known how it went; ``waits`` of each pause, and for how many mails. `SetupError` where the server's door is wrong.
    """
    states = ledger.states()
    done: dict[int, Delivery] = {}
    waiting: list[int] = []
    for number, mail in enumerate(mails):
        known = {states.get(key) for key in mail.keys}
        if known == {"sent"}:
            done[number] = Delivery(mail, "before")
        elif unsure or "handing" in known:
            done[number] = Delivery(mail, "doubt", unsure)
        else:
            waiting.append(number)
    for delivery in done.values():
        told(delivery)
    for wait in (*waits_seconds, None):
        done |= _round({number: mails[number] for number in waiting}, server, ledger, told, door_known=bool(done))
        waiting = [number for number in waiting if done[number].said == "open"]
        if not waiting or wait is None:
            break
        waits(wait, len(waiting))
        sleep(wait)
    for number in waiting:
        told(done[number])
    return [done[number] for number in range(len(mails))]


def _round(
    mails: dict[int, Outgoing],
    server: Server,
    ledger: Ledger,
    told: Callable[[Delivery], None],
    *,
    door_known: bool,
) -> dict[int, Delivery]:
    """Try each once over as few connections as the server allows; where it cannot be reached, none is tried.

    A door that has opened before and is shut now (too many logins, say) is a passing fault, not a wrong setting.
    """
    found: dict[int, Delivery] = {}
    smtp: smtplib.SMTP | None = None
    try:
        for number, mail in mails.items():
            try:
                used = _alive(smtp)
                smtp = smtp if used else connected(server)
                found[number] = _sent(smtp, server, mail, ledger)  # type: ignore[arg-type]
                if used and found[number].answer.startswith("421"):  # so many mails a connection, and no more
                    smtp.close()  # type: ignore[union-attr]
                    smtp = connected(server)
                    found[number] = _sent(smtp, server, mail, ledger)
            except (NotNow, Refused, SetupError) as error:
                if isinstance(error, SetupError) and not (door_known or found):
                    raise
                rest = [n for n in mails if n not in found]
                return found | {n: Delivery(mails[n], "open", str(error)) for n in rest}
            if found[number].said != "open":
                told(found[number])
    finally:
        if smtp is not None:
            with suppress(Exception):
                smtp.quit()
    return found


def _alive(smtp: smtplib.SMTP | None) -> bool:
    """Whether the connection can take another mail: it answers, and forgets the last one (RSET)."""
    if smtp is None or smtp.sock is None:
        return False
    try:
        return smtp.rset()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def _sent(smtp: smtplib.SMTP, server: Server, mail: Outgoing, ledger: Ledger) -> Delivery:
    name = str(mail.message["Message-ID"])
    ledger.note("intent", mail.keys, message_id=name)
    try:
        answer = hand_over(
            smtp,
            server,
            sender=mail.sender,
            recipient=mail.recipient,
            payload=mail.message.as_bytes(),
            before_last=lambda: ledger.note("handing", mail.keys, message_id=name),
        )
    except Refused as error:
        ledger.note("refused", mail.keys, message_id=name, answer=str(error))
        return Delivery(mail, "refused", str(error))
    except NotNow as error:
        ledger.note("open", mail.keys, message_id=name, answer=str(error))
        return Delivery(mail, "open", str(error))
    except Unknown as error:
        return Delivery(mail, "doubt", str(error))
    ledger.note("sent", mail.keys, message_id=name, answer=answer)
    return Delivery(mail, "sent", answer)
