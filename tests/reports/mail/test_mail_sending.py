"""Sending against a real server that is not kind: every mail arrives once, or is named."""

from __future__ import annotations

import shutil
import signal
import ssl
import subprocess
import sys
from collections import Counter

import pytest
from faulty_post import Post, running
from made_up_mail import MOMENT, SENDER, WEEK, ready, settings, shop

from aftersales.reports.mail.ledger import Key, Ledger
from aftersales.reports.mail.outbox import manager_mails
from aftersales.reports.mail.sending import send_all
from aftersales.reports.mail.server import Server, server_of
from aftersales.sources.settings import Mail
from aftersales.words.errors import SetupError


def outgoing(tmp_path, shops, states=None, **mail):
    given = settings(tmp_path, *shops, **mail)
    return list(manager_mails([ready(s) for s in shops], week=WEEK, settings=given, moment=MOMENT, states=states or {}))


def delivered(post, mails, ledger, **server):
    waits = []
    sent = send_all(
        mails, server=Server(**{"host": "127.0.0.1", "port": post.port, "tls": "none", "timeout_seconds": 10} | server), ledger=ledger,
        waits_seconds=(1, 2, 3), sleep=waits.append,
    )  # fmt: skip
    return sent, waits


def test_a_mail_arrives_as_it_was_made_and_a_second_run_sends_nothing(tmp_path):
    mails, ledger = outgoing(tmp_path, [shop("one", "a@b.example")]), Ledger(tmp_path / "l.jsonl")
    with running(Post()) as post:
        first, _ = delivered(post, mails, ledger)
        again, _ = delivered(post, mails, ledger)
    assert [d.said for d in first] == ["sent"]
    assert [d.said for d in again] == ["before"]
    ((recipient, message),) = post.messages()
    assert recipient == "a@b.example"
    assert message["Subject"] == mails[0].message["Subject"]
    assert "18.7%" in message["Subject"]
    assert message["Message-ID"] == mails[0].message["Message-ID"]
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == mails[0].message.get_body(
        ("plain",)
    ).get_content().replace("\r\n", "\n")


@pytest.mark.slow
def test_forty_shops_to_five_managers_and_forty_keepers_each_arrive_once(tmp_path):
    faults = ["greylist", "drop", "drop_data", "busy", "delay", None]

    def plan(recipient, attempt):
        # each recipient meets another fault at its first and second try, none at the third
        at = sum(recipient.encode()) + attempt
        return faults[at % len(faults)] if attempt < 3 else None

    shops = [shop(f"s{n:02}", f"boss{n % 5}@b.example", f"keeper{n:02}@b.example") for n in range(40)]
    ledger = Ledger(tmp_path / "l.jsonl")
    mails = outgoing(tmp_path, shops)
    with running(Post(plan)) as post:
        sent, waits = delivered(post, mails, ledger)
        again, _ = delivered(post, outgoing(tmp_path, shops, ledger.states()), ledger)
    assert {d.said for d in sent} == {"sent"}
    assert {d.said for d in again} == {"before"}
    assert Counter(r for r, _ in post.arrived) == Counter([m.recipient for m in mails])
    assert len(mails) == 45
    assert len(waits) <= 2
    assert {key.shop for key, state in ledger.states().items() if state == "sent"} == {s.id for s in shops}


def test_a_refusal_is_not_tried_again_and_holds_nobody_else_back(tmp_path):
    shops = [shop("one", "gone@b.example"), shop("two", "here@b.example")]
    ledger = Ledger(tmp_path / "l.jsonl")
    with running(Post(lambda r, n: "refuse" if r.startswith("gone") else None)) as post:
        sent, waits = delivered(post, outgoing(tmp_path, shops), ledger)
    assert [d.said for d in sent] == ["refused", "sent"]
    assert "550" in sent[0].answer
    assert post.tries["gone@b.example"] == 1
    assert waits == []


def test_a_server_that_says_later_for_ever_leaves_the_mail_to_the_next_run(tmp_path):
    mails, ledger = outgoing(tmp_path, [shop("one", "a@b.example")]), Ledger(tmp_path / "l.jsonl")
    with running(Post(lambda r, n: "greylist" if n <= 4 else None)) as post:
        sent, waits = delivered(post, mails, ledger)
        assert ([d.said for d in sent], waits, post.arrived) == (["open"], [1, 2, 3], [])
        again, _ = delivered(post, mails, ledger)
    assert [d.said for d in again] == ["sent"]
    assert len(post.arrived) == 1


def test_an_unreachable_server_is_asked_again_in_each_round(tmp_path):
    mails, ledger = outgoing(tmp_path, [shop("one", "a@b.example")]), Ledger(tmp_path / "l.jsonl")
    post = Post()
    with running(post):
        pass  # the port is free again
    sent, waits = delivered(post, mails, ledger)
    assert ([d.said for d in sent], waits) == (["open"], [1, 2, 3])
    assert ledger.states() == {}


def test_no_answer_to_the_last_dot_is_doubt_and_never_a_second_mail(tmp_path):
    mails, ledger = outgoing(tmp_path, [shop("one", "a@b.example")]), Ledger(tmp_path / "l.jsonl")
    with running(Post(lambda r, n: "silence")) as post:
        sent, waits = delivered(post, mails, ledger, final_timeout_seconds=0.3)
        again, _ = delivered(post, mails, ledger)
    assert [d.said for d in (*sent, *again)] == ["doubt", "doubt"]
    assert waits == []
    assert len(post.arrived) == 1


KILLED = """
import os, signal, sys
sys.path[:0] = sys.argv[4:]
from pathlib import Path
from test_mail_sending import Ledger, delivered, outgoing, shop
from faulty_post import Post

class Dying(Ledger):
    def note(self, state, keys, **values):
        before, at = sys.argv[3].split()
        if state == at and before == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        super().note(state, keys, **values)
        if state == at:
            os.kill(os.getpid(), signal.SIGKILL)

post = Post()
post.port = int(sys.argv[1])
folder = Path(sys.argv[2])
delivered(post, outgoing(folder, [shop("one", "a@b.example")]), Dying(folder / "l.jsonl"))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at", "arrived", "said"),
    [
        ("after intent", 1, "sent"),  # nothing had left the house: the next run sends it
        ("before handing", 1, "sent"),  # the text was there, the last dot was not: no mail
        ("before sent", 1, "doubt"),  # it arrived and nobody noted it: never again by itself
        ("after handing", 0, "doubt"),  # it may have arrived: named until somebody settles it
    ],
)
def test_killed_at_any_step_nothing_comes_twice_and_nothing_is_forgotten(tmp_path, request, at, arrived, said):
    mails, ledger = outgoing(tmp_path, [shop("one", "a@b.example")]), Ledger(tmp_path / "l.jsonl")
    with running(Post()) as post:
        run = subprocess.run(
            [sys.executable, "-c", KILLED, str(post.port), str(tmp_path), at, str(request.path.parent)], check=False
        )
        assert run.returncode == -signal.SIGKILL
        sent, _ = delivered(post, mails, ledger)
        assert [d.said for d in sent] == [said]
        assert len(post.arrived) == arrived
        if said == "doubt":
            ledger.note("open", mails[0].keys, message_id="")  # what --in-doubt send writes
            sent, _ = delivered(post, mails, ledger)
            assert [d.said for d in sent] == ["sent"]
            assert len({m["Message-ID"] for _, m in post.messages()}) == 1


def test_a_mail_that_was_sent_is_left_out_of_a_later_digest(tmp_path):
    shops = [shop("one", "a@b.example"), shop("two", "a@b.example")]
    key = Key("one", str(WEEK), "zh", "a@b.example")
    (mail,) = outgoing(tmp_path, shops, {key: "sent"})
    assert [k.shop for k in mail.keys] == ["two"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, str(folder / "cert.pem")


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_over_tls_with_a_password(tmp_path, certificate, tls):
    context, authority = certificate
    mails, ledger = outgoing(tmp_path, [shop("one", "a@b.example")]), Ledger(tmp_path / "l.jsonl")
    door = {"tls": tls, "user": SENDER, "authority": authority}
    with running(Post(), tls=context, implicit=tls == "tls", password="right") as post:
        with pytest.raises(SetupError, match="user and password"):
            delivered(post, mails, ledger, password="wrong", **door)
        with pytest.raises(SetupError, match="not trusted"):
            delivered(post, mails, ledger, **door | {"authority": None, "password": "right"})
        assert post.arrived == []
        sent, _ = delivered(post, mails, ledger, password="right", **door)
    assert [d.said for d in sent] == ["sent"]
    assert len(post.arrived) == 1


def test_a_server_without_starttls_never_gets_the_mail_in_clear(tmp_path):
    mails, ledger = outgoing(tmp_path, [shop("one", "a@b.example")]), Ledger(tmp_path / "l.jsonl")
    with running(Post()) as post, pytest.raises(SetupError, match="does not offer"):
        delivered(post, mails, ledger, tls="starttls")
    assert post.arrived == []


def test_the_password_comes_from_the_environment_and_never_crosses_in_clear():
    mail = Mail(host="smtp.example", user="u")
    with pytest.raises(SetupError, match="AFTERSALES_MAIL_PASSWORD"):
        server_of(mail, {})
    server = server_of(mail, {"AFTERSALES_MAIL_PASSWORD": "s3cret"})
    assert server.password == "s3cret"
    assert "s3cret" not in repr(server)
    with pytest.raises(SetupError, match="clear text"):
        server_of(mail.model_copy(update={"tls": "none"}), {"AFTERSALES_MAIL_PASSWORD": "s3cret"})
