"""The mail server: where it is, how to reach it safely, and how one mail is handed over."""

from __future__ import annotations

import os
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from aftersales.sources.settings import Mail
from aftersales.words.errors import SetupError

PASSWORD_VARIABLE = "AFTERSALES_MAIL_PASSWORD"
AUTHORITY_VARIABLE = "AFTERSALES_MAIL_CA"  # a file with the company's own certificate authority
TIMEOUT_SECONDS = 60.0
# After the last dot a client is to wait ten minutes before it gives up, or mails come twice (RFC 5321, 4.5.3.2.6).
FINAL_TIMEOUT_SECONDS = 600.0
_LOCAL = ("localhost", "127.0.0.1", "::1")
_DOTS = re.compile(rb"^\.", re.M)


class Refused(Exception):
    """The server said no for good (5xx)."""


class NotNow(Exception):
    """The server said not now (4xx), cannot be reached, or hung up before the last dot was sent."""


class Unknown(Exception):
    """The last dot was sent and no answer that means yes or no came back: the mail may have been taken."""


@dataclass(frozen=True)
class Server:
    """A mail server and the account on it; the password is not shown."""

    host: str
    port: int = 587
    tls: str = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    authority: str | None = None
    timeout_seconds: float = TIMEOUT_SECONDS
    final_timeout_seconds: float = FINAL_TIMEOUT_SECONDS


def server_of(mail: Mail, environment: Mapping[str, str] = os.environ) -> Server:
    """The server of shops.toml, with the password from the environment.

    >>> server_of(Mail(host="smtp.example"), {}).tls
    'starttls'
    """
    password = environment.get(PASSWORD_VARIABLE)
    if mail.user and not password:
        raise SetupError(
            "The mail server's password is missing",
            found=f"user '{mail.user}' in shops.toml",
            hint=f"set {PASSWORD_VARIABLE} in the environment",
        )
    if mail.user and mail.tls == "none" and mail.host not in _LOCAL:
        raise SetupError(
            "A password must not cross the network in clear text",
            found='tls = "none" with a user',
            hint='write tls = "starttls" or tls = "tls"',
        )
    return Server(mail.host, mail.port, mail.tls, mail.user, password, environment.get(AUTHORITY_VARIABLE) or None)


def connected(server: Server) -> smtplib.SMTP:
    """A connection that is encrypted and logged in as the settings ask for.

    `NotNow` where the server cannot be reached or is busy; `SetupError` for a certificate that is not trusted, a file
    of authorities that is not there, a port that speaks no TLS, a server without STARTTLS and a wrong password: none of
    these mends itself.
    """
    if server.authority and not os.path.isfile(server.authority):
        raise SetupError(f"The file named in {AUTHORITY_VARIABLE} is not there", found=server.authority)
    try:
        return _connected(server)
    except ssl.SSLCertVerificationError as error:
        raise SetupError(
            f"The certificate of the mail server {server.host} is not trusted",
            found=error.verify_message,
            hint=f"check the host's name, or name your own authority's file in {AUTHORITY_VARIABLE}",
        ) from None
    except ssl.SSLError as error:
        if error.reason not in ("WRONG_VERSION_NUMBER", "NO_CERTIFICATE_OR_CRL_FOUND"):
            raise NotNow(_short(error)) from None
        raise SetupError(
            f"The mail server {server.host} cannot be spoken to as the settings ask for",
            found=f'{error.reason}, tls = "{server.tls}" on port {server.port}',
            hint='most servers want tls = "tls" on port 465 and tls = "starttls" on port 587',
        ) from None
    except smtplib.SMTPNotSupportedError as error:
        raise SetupError(
            f"The mail server {server.host} does not offer what the settings ask for",
            found=str(error),
            hint="check tls and user under [mail] in shops.toml",
        ) from None
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:
            raise NotNow(_said(error.smtp_code, error.smtp_error)) from None
        raise SetupError(
            f"The mail server {server.host} does not accept the user and password",
            found=_said(error.smtp_code, error.smtp_error),
            hint=f"check [mail] user and {PASSWORD_VARIABLE}",
        ) from None
    except smtplib.SMTPResponseException as error:
        kind = NotNow if error.smtp_code < 500 else Refused
        raise kind(_said(error.smtp_code, error.smtp_error)) from None
    except (OSError, smtplib.SMTPException) as error:
        raise NotNow(_short(error)) from None


_ANSWER_LINES = 1_000  # longer answers than any server's


class _Lines:
    """The lines of one answer; one that goes on for ever, or ends within a line, ends as if the server had hung up."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.count = file, 0

    def readline(self, size: int) -> bytes:
        self.count += 1
        line = self.file.readline(size) if self.count <= _ANSWER_LINES else b""
        return line if line.endswith(b"\n") or len(line) >= size else b""

    def close(self) -> None:
        self.file.close()


class _Bounded(smtplib.SMTP):
    """A connection whose every answer is bounded: the timeout of a socket starts anew with each byte."""

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is None:
            return super().getreply()
        if self.file is None:
            self.file = _Lines(self.sock.makefile("rb"))
        self.file.count = 0
        watch = threading.Timer(2 * (self.sock.gettimeout() or TIMEOUT_SECONDS), _hang_up, [self.sock])
        watch.daemon = True
        watch.start()
        try:
            return super().getreply()
        finally:
            watch.cancel()


class _BoundedTls(_Bounded, smtplib.SMTP_SSL):
    """The same, encrypted from the start."""


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _connected(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=server.authority)
    if server.tls == "tls":
        smtp: smtplib.SMTP = _BoundedTls(server.host, server.port, timeout=server.timeout_seconds, context=context)
    else:
        smtp = _Bounded(server.host, server.port, timeout=server.timeout_seconds)
    try:
        smtp.ehlo_or_helo_if_needed()
        if server.tls == "starttls":
            smtp.starttls(context=context)
            smtp.ehlo()
        if server.user:
            smtp.login(server.user, server.password or "")
    except BaseException:
        smtp.close()
        raise
    return smtp


def hand_over(
    smtp: smtplib.SMTP, server: Server, *, sender: str, recipient: str, payload: bytes, before_last: Callable[[], None]
) -> str:
    """Hand one mail over; the server's answer once it has taken it.

    ``before_last`` is called when all but the last dot has been sent: until then the server has no mail. Raises
    `Refused`, `NotNow`, or `Unknown`: from the last dot on a broken connection, silence or an answer that is none may
    come from a server that has delivered the mail (RFC 1047), whatever it should have said first.
    """
    try:
        _expect(smtp.mail(sender), 250)
        _expect(smtp.rcpt(recipient), 250, 251)
        _expect(smtp.docmd("DATA"), 354)
        # a line that begins with a dot would end the mail (RFC 5321, 4.5.2)
        body = _DOTS.sub(b"..", payload)
        smtp.send(body if body.endswith(b"\r\n") else body + b"\r\n")
    except OSError as error:  # smtplib's own errors among them
        with suppress(Exception):
            smtp.close()
        raise NotNow(_short(error)) from None
    try:
        before_last()
    except BaseException:  # without its last dot it is no mail, and the server waits for one
        smtp.close()
        raise
    return _said(*_last_answer(smtp, server))


def _last_answer(smtp: smtplib.SMTP, server: Server) -> tuple[int, bytes]:
    """Send the last dot; the server's yes. Anything but a plain yes or no leaves the mail in doubt."""
    try:
        smtp.send(b".\r\n")
        if smtp.sock is not None:
            smtp.sock.settimeout(server.final_timeout_seconds)
        code, answer = smtp.getreply()
        if smtp.sock is not None:
            smtp.sock.settimeout(server.timeout_seconds)
    except OSError as error:
        with suppress(Exception):
            smtp.close()
        raise Unknown(_short(error)) from None
    if not (200 <= code < 300 or 400 <= code < 600):
        with suppress(Exception):
            smtp.close()
        raise Unknown(_said(code, answer))
    return _expect((code, answer), *range(200, 300))


def _expect(given: tuple[int, bytes], *wanted: int) -> tuple[int, bytes]:
    code, answer = given
    if code in wanted:
        return given
    raise (NotNow if 400 <= code < 500 or code < 0 else Refused)(_said(code, answer))


def _said(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(f"{code} {text}".split())[:200]


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
