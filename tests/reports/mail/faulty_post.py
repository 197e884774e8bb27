"""A real mail server on this machine that delays, drops, refuses and greylists as it is told."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Post:
    """What arrived, and which fault meets which try: ``plan(recipient, try)`` names one, or None.

    ``most`` mails are taken over one connection; the next is told to come back over another one.
    """

    def __init__(self, plan=lambda recipient, attempt: None, *, most=None):
        self.plan, self.tries, self.arrived, self.port, self.most = plan, Counter(), [], 0, most
        self.over = threading.Event()

    async def handle_MAIL(self, server, session, envelope, address, options):
        session.mails = getattr(session, "mails", 0) + 1
        if self.most and session.mails > self.most:
            return "421 4.7.0 too many mails, connect again"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.tries[address] += 1
        fault = self.plan(address, self.tries[address])
        if fault == "greylist":
            return "450 4.2.0 greylisted, come back later"
        if fault == "refuse":
            return "550 5.1.1 no such mailbox"
        if fault == "drop":
            server.transport.close()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        recipient = envelope.rcpt_tos[0]
        fault = self.plan(recipient, self.tries[recipient])
        if fault in ("hangs_up", "garbage", "odd_code"):  # after the mail has been taken
            self.arrived.append((recipient, envelope.content))
            if fault == "hangs_up":
                server.transport.close()
            return "354 what else?" if fault == "odd_code" else "wibble"
        if fault == "busy":
            return "451 4.3.0 try again later"
        if fault == "spam":
            return "554 5.7.1 not wanted"
        if fault == "delay":
            await asyncio.sleep(0.3)
        if fault == "silence":
            self.arrived.append((recipient, envelope.content))
            while not self.over.is_set():
                await asyncio.sleep(0.02)
            return "250 too late"
        self.arrived.append((recipient, envelope.content))
        return "250 2.0.0 taken"

    def messages(self):
        return [(recipient, message_from_bytes(raw, policy=default)) for recipient, raw in self.arrived]


@contextmanager
def running(post, *, tls=None, implicit=False, password=None):
    """The server at work; ``tls`` is a server context for STARTTLS, or from the start where ``implicit``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        post.port = probe.getsockname()[1]
    options = {"hostname": "127.0.0.1", "port": post.port}
    if tls is not None:
        options |= {"ssl_context": tls} if implicit else {"tls_context": tls, "require_starttls": True}
    if password is not None:

        def known(server, session, envelope, mechanism, data):
            return AuthResult(success=data.password == password.encode(), handled=False)

        options |= {"authenticator": known, "auth_required": True, "auth_require_tls": not implicit}
    controller = Controller(post, **options)
    controller.start()
    try:
        yield post
    finally:
        post.over.set()
        controller.stop()
