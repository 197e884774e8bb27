"""A mail server that never ends an answer holds nobody up, and what it was given stays in doubt."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

import pytest

from aftersales_app.mail.server import NotNow, Server, Unknown, connected, hand_over


def endless(link):
    while True:
        link.sendall(b"250-x\r\n" * 1000)


def dripping(link):
    while True:
        link.sendall(b"2")
        time.sleep(0.05)


@pytest.fixture
def served():
    """A server that greets, takes one mail where it may, and then answers as it is told; gives its settings."""
    door = socket.create_server(("127.0.0.1", 0))

    def serve(answer, *, takes):
        def work():
            with suppress(OSError):
                link, _ = door.accept()
                lines = link.makefile("rb")
                link.sendall(b"220 hello\r\n")
                while takes and (line := lines.readline()) != b".\r\n":
                    code = b"354" if line.startswith(b"DATA") else b"250"
                    if line.startswith((b"ehlo", b"EHLO", b"mail", b"MAIL", b"rcpt", b"RCPT", b"DATA")):
                        link.sendall(code + b" go on\r\n")
                answer(link)

        threading.Thread(target=work, daemon=True).start()
        return Server("127.0.0.1", door.getsockname()[1], "none", timeout_seconds=0.4, final_timeout_seconds=0.4)

    yield serve
    door.close()


@pytest.mark.parametrize("answer", [endless, dripping])
def test_an_answer_without_end_is_no_answer(served, answer):
    with pytest.raises(NotNow):
        connected(served(answer, takes=False))


@pytest.mark.parametrize("answer", [endless, dripping])
def test_an_answer_to_the_last_dot_without_end_leaves_the_mail_in_doubt(served, answer):
    server = served(answer, takes=True)
    with pytest.raises(Unknown):
        hand_over(
            connected(server), server, sender="a@b.example", recipient="c@d.example", payload=b"Subject: x\r\n\r\nhi",
            before_last=lambda: None,
        )  # fmt: skip
