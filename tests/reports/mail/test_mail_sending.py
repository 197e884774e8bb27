"""Sending against a real server that is not kind: every mail arrives once, or is named."""

from __future__ import annotations

import os  # noqa: F401 - the killed runs use it
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections import Counter

import pytest
from faulty_post import Post, running
from made_up_mail import MOMENT, SENDER, WEEK, ready, settings, shop

from aftersales.sources.settings import Mail
from aftersales.words.errors import SetupError
from aftersales_app.mail import sending
from aftersales_app.mail.ledger import Key, Ledger
from aftersales_app.mail.outbox import manager_mails
from aftersales_app.mail.sending import send_all
from aftersales_app.mail.server import Server, connected, server_of


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


FAULTS = ("greylist", "drop", "busy", "delay", "refuse", None)


def faulty(recipient, attempt):
    """Each recipient meets other faults at its first tries, none at its third; nobody is refused for good but one."""
    if recipient.startswith("gone"):
        return "refuse"
    fault = FAULTS[(sum(recipient.encode()) + attempt) % len(FAULTS)]
    return fault if attempt < 3 and fault != "refuse" else None


FORTY = [shop(f"s{n:02}", f"boss{n % 5}@b.example", f"keeper{n:02}@b.example") for n in range(40)]
FORTY_RUN = """
import sys
sys.path[:0] = sys.argv[5:]
from pathlib import Path
import test_mail_sending as t
from faulty_post import Post

post = Post()
post.port, folder, most = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

class Dying(t.Ledger):
    def note(self, state, keys, **values):
        super().note(state, keys, **values)
        if state == "sent" and sum(s == "sent" for s in self.states().values()) >= most:
            t.os.kill(t.os.getpid(), t.signal.SIGKILL)

door = {"tls": "starttls", "user": t.SENDER, "authority": sys.argv[4], "password": "right"}
t.delivered(post, t.outgoing(folder, t.FORTY), Dying(folder / "l.jsonl"), **door)
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_forty_shops_to_five_managers_over_tls_killed_twice_each_mail_arrives_once(tmp_path, request, certificate):
    context, authority = certificate
    ledger = Ledger(tmp_path / "l.jsonl")
    mails = outgoing(tmp_path, FORTY)
    assert len(mails) == 45  # five digests of eight shops each, and forty keepers' own
    with running(Post(faulty, most=7), tls=context, password="right") as post:
        for most in (9, 21):  # killed when so many keys are noted as sent, in the midst of the faults
            run = [
                sys.executable,
                "-c",
                FORTY_RUN,
                str(post.port),
                str(tmp_path),
                str(most),
                authority,
                str(request.path.parent),
            ]
            assert subprocess.run(run, check=False).returncode == -signal.SIGKILL
        door = {"tls": "starttls", "user": SENDER, "authority": authority, "password": "right"}
        sent, waits = delivered(post, outgoing(tmp_path, FORTY, ledger.states()), ledger, **door)
        again, _ = delivered(post, outgoing(tmp_path, FORTY, ledger.states()), ledger, **door)
    assert {d.said for d in sent} == {"sent", "before"}
    assert {d.said for d in again} == {"before"}
    assert Counter(r for r, _ in post.arrived) == Counter(m.recipient for m in mails)
    assert len(waits) <= 3
    for recipient, message in post.messages():
        text = message.get_body(("plain",)).get_content()
        own = {s.name for s in FORTY if recipient in s.managers}
        assert {s.name for s in FORTY if s.name in text} == own, recipient


@pytest.mark.slow
def test_five_managers_of_all_forty_shops_get_one_digest_each_that_names_every_shop(tmp_path):
    bosses = [f"boss{n}@b.example" for n in range(5)]
    shops = [shop(f"s{n:02}", *bosses) for n in range(40)]
    ledger = Ledger(tmp_path / "l.jsonl")
    with running(Post(faulty)) as post:
        sent, _ = delivered(post, outgoing(tmp_path, shops), ledger)
    assert [d.said for d in sent] == ["sent"] * 5
    assert sorted(r for r, _ in post.arrived) == bosses
    for _, message in post.messages():
        text = message.get_body(("plain",)).get_content()
        assert all(s.name in text for s in shops)
    assert sum(state == "sent" for state in ledger.states().values()) == 200


def test_what_happens_is_told_as_it_happens(tmp_path):
    mails = outgoing(
        tmp_path, [shop("one", "a@b.example"), shop("two", "gone@b.example"), shop("three", "c@b.example")]
    )
    heard = []
    with running(Post(lambda r, n: {"a": "greylist", "g": "refuse"}.get(r[0]) if n == 1 else None)) as post:
        send_all(
            mails, server=Server("127.0.0.1", post.port, "none"), ledger=Ledger(tmp_path / "l.jsonl"), waits_seconds=(7,),
            sleep=lambda seconds: None, told=lambda d: heard.append((d.mail.recipient[0], d.said)),
            waits=lambda seconds, left: heard.append((seconds, left)),
        )  # fmt: skip
    assert heard == [("g", "refused"), ("c", "sent"), (7, 1), ("a", "sent")]


def test_a_door_that_shuts_after_it_was_open_is_no_wrong_setting(tmp_path, monkeypatch):
    mails = outgoing(tmp_path, [shop(f"s{n}", f"{n}@b.example") for n in range(3)])
    opened = []

    def door(server):
        opened.append(server)
        if len(opened) == 2:
            raise SetupError("The mail server does not accept the user and password", found="535 too many logins")
        return connected(server)

    monkeypatch.setattr(sending, "connected", door)
    with running(Post(most=2)) as post:
        sent, waits = delivered(post, mails, Ledger(tmp_path / "l.jsonl"))
    assert [d.said for d in sent] == ["sent"] * 3
    assert waits == [1]
    opened[:] = [None]
    with running(Post()) as post, pytest.raises(SetupError):
        delivered(post, mails, Ledger(tmp_path / "m.jsonl"))


def test_one_person_written_in_two_ways_is_one_recipient(tmp_path):
    shops = [shop("one", "Boss@b.example"), shop("two", "boss@B.example")]
    (mail,) = outgoing(tmp_path, shops)
    assert [k.recipient for k in mail.keys] == ["boss@b.example"] * 2
    (later,) = outgoing(tmp_path, [shop("one", "BOSS@b.example")], dict.fromkeys(mail.keys, "sent"))
    assert later.keys[0] in mail.keys


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
        while not post.arrived:  # the server may get its turn late
            time.sleep(0.02)
    assert [d.said for d in (*sent, *again)] == ["doubt", "doubt"]
    assert waits == []
    assert len(post.arrived) == 1


@pytest.mark.parametrize("fault", ["hangs_up", "garbage", "odd_code"])
def test_a_server_that_takes_the_mail_and_does_not_say_so_gets_it_once_and_the_others_theirs(tmp_path, fault):
    shops = [shop("one", "a@b.example"), shop("two", "c@b.example")]
    mails, ledger = outgoing(tmp_path, shops), Ledger(tmp_path / "l.jsonl")
    with running(Post(lambda r, n: fault if r.startswith("a") else None)) as post:
        sent, waits = delivered(post, mails, ledger)
        again, _ = delivered(post, mails, ledger)
    assert [d.said for d in sent] == ["doubt", "sent"]
    assert [d.said for d in again] == ["doubt", "before"]
    assert sent[0].answer
    assert waits == []
    assert sorted(r for r, _ in post.arrived) == ["a@b.example", "c@b.example"]


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
    key = Key("one", str(WEEK), "a@b.example")
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


def test_a_wrong_setting_is_said_at_once_and_not_tried_for_a_quarter_of_an_hour(tmp_path):
    mails, ledger = outgoing(tmp_path, [shop("one", "a@b.example")]), Ledger(tmp_path / "l.jsonl")
    with running(Post()) as post:
        with pytest.raises(SetupError, match="AFTERSALES_MAIL_CA is not there"):
            delivered(post, mails, ledger, tls="starttls", authority=str(tmp_path / "nowhere.pem"))
        with pytest.raises(SetupError, match="cannot be spoken to"):
            delivered(post, mails, ledger, tls="tls")  # a port that begins in clear
    assert ledger.states() == {}


def test_the_password_comes_from_the_environment_and_never_crosses_in_clear():
    mail = Mail(host="smtp.example", user="u")
    with pytest.raises(SetupError, match="AFTERSALES_MAIL_PASSWORD"):
        server_of(mail, {})
    server = server_of(mail, {"AFTERSALES_MAIL_PASSWORD": "s3cret"})
    assert server.password == "s3cret"
    assert "s3cret" not in repr(server)
    with pytest.raises(SetupError, match="clear text"):
        server_of(mail.model_copy(update={"tls": "none"}), {"AFTERSALES_MAIL_PASSWORD": "s3cret"})
