"""Mails of reports in object storage: read from there, left there, and each sent once though the machine keeps nothing."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from faulty_post import Post, running
from made_up_mail import MOMENT, SENDER

from aftersales.sources import lock
from aftersales.sources.settings import load_settings
from aftersales.sources.storage import Folder
from aftersales.sources.store import ShopStore
from aftersales.week.loading import load
from aftersales.words.errors import SetupError
from aftersales_app.mail.ledger import Key
from aftersales_app.mail.mailing import ledger_of, run_mail
from aftersales_app.mail.stored_ledger import StoredLedger
from aftersales_app.reports.assets import assets_version

PAGE = '<html><head><link rel="stylesheet" href="../../_assets/{version}/page.css"></head><body>the page</body></html>'


def key(recipient="a@b.example"):
    return Key("demo", "2026-W47", recipient)


def test_a_ledger_in_object_storage_remembers_every_step_of_every_run(s3):
    first, second = (StoredLedger(None, Folder(f"{s3}/reports/_mail")) for _ in range(2))
    for state in ("intent", "handing"):
        first.note(state, [key()], message_id="m")
    assert second.states() == {key(): "handing"}, "another machine sees the step before the mail leaves"
    second.note("sent", [key(), key("c@d.example")], message_id="m")
    assert first.states() == {key(): "sent", key("c@d.example"): "sent"}
    folder = Folder(f"{s3}/reports/_mail")
    assert len(folder.names("ledger/")) == 2, "a file a run"
    folder.write(folder.names("ledger/")[0], b'{"state": "perhaps"}\n')
    assert first.known().damaged, "a line that cannot be read holds back what is not noted as sent"


def test_two_that_send_at_once_and_one_that_died(s3, monkeypatch):
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.2)
    ledger = StoredLedger(None, Folder(f"{s3}/reports/_mail"))
    told = pytest.raises(SetupError, match="Another run is sending mails just now")
    with ledger.held(), told, ledger.held():
        pytest.fail("two at once")
    monkeypatch.setattr(lock, "LAPSE_SECONDS", 1.0)
    ledger.folder.write("ledger.lock", json.dumps({"host": "gone", "pid": 1, "at": 9e12}).encode())
    with ledger.held():
        assert json.loads(ledger.folder.read("ledger.lock"))["host"] != "gone"
    assert ledger.folder.names() == []


def test_a_run_that_stood_still_hands_nothing_over_any_more(s3, monkeypatch):
    monkeypatch.setattr(lock, "RENEW_SECONDS", 600.0)  # the process stands still
    stalled, other = (StoredLedger(None, Folder(f"{s3}/reports/_mail")) for _ in range(2))
    with stalled.held():
        stalled.note("intent", [key()], message_id="m")
        stalled.note("handing", [key()], message_id="m")
        monkeypatch.setattr(lock, "LAPSE_SECONDS", 0.2)
        with other.held():
            with pytest.raises(SetupError, match="Another run is sending mails just now"):
                stalled.note("handing", [key("c@d.example")], message_id="n")
            stalled.note("sent", [key()], message_id="m")  # what was handed over before is still written down
            other.note("handing", [key("c@d.example")], message_id="n")
            assert other.states() == {key(): "sent", key("c@d.example"): "handing"}


def test_a_dead_owners_lease_goes_to_exactly_one_of_those_who_wait(s3, monkeypatch):
    monkeypatch.setattr(lock, "LAPSE_SECONDS", 0.3)
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.1)
    folder, together, inside, met = Folder(f"{s3}/reports"), Barrier(6), [], []
    folder.write("a.lock", b"left by a dead machine")

    def wait() -> None:
        together.wait()
        with lock.lease(folder, "a.lock", wait_seconds=60, told=SetupError("held")) as still_held:
            inside.append(1)
            met.append(len(inside))
            time.sleep(0.3)
            still_held()
            inside.pop()

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(wait) for _ in range(6)]:
            done.result()
    assert met == [1] * 6
    assert folder.names() == []


@pytest.mark.slow
def test_mails_of_reports_in_object_storage_are_sent_once_and_left_beside_the_pages(demo, tmp_path, s3):
    local = load("basic", config=str(demo / "shops.toml")).data
    head = demo / "store" / "basic.head.json"
    Folder(f"{s3}/store").write(head.name, head.read_bytes())
    week, commit = str(local.week), str(local.tables.commit.number)
    there = Folder(f"{s3}/store/basic")
    for path in (p for p in (demo / "store" / "basic").rglob("*") if p.is_file() and "results" not in p.parts):
        there.write(path.relative_to(demo / "store" / "basic").as_posix(), path.read_bytes())
    (tmp_path / "shops.toml").write_text(
        f'[store]\npath = "{s3}/store"\n[reports]\npath = "{s3}/reports"\n'
        f'[mail]\nhost = "127.0.0.1"\nport = 1\ntls = "none"\nsender = "{SENDER}"\nattach = "html"\n'
        '[[shops]]\nid = "basic"\nname = "晴野女装店"\nexports = "in"\nmanagers = ["boss@b.example"]\nanalysts = ["ana@b.example"]\n',
        "utf-8",
    )
    settings = load_settings(tmp_path / "shops.toml")
    assert ShopStore(settings.store_path, "basic").head().number == int(commit)

    def mailed(post, **given):
        mail = settings.mail.model_copy(update={"port": post.port})
        return run_mail(
            settings.model_copy(update={"mail": mail}),
            moment=MOMENT,
            week=week,
            variables={},
            sleep=lambda s: None,
            **given,
        )

    root = Folder(f"{s3}/reports")
    with running(Post()) as post:
        missing = mailed(post)
    assert missing.exit_code == 1
    assert [recipient for recipient, _ in post.messages()] == ["ana@b.example"], "no report yet: the analyst is told"

    root.write(f"basic/{week}/run.json", json.dumps({"status": "ok", "store_version": commit}).encode())
    root.write(f"basic/{week}/index.html", PAGE.format(version=assets_version()).encode())
    root.write(f"_assets/{assets_version()}/page.css", b"body { color: #123456 }")
    with running(Post()) as post:
        first, again = mailed(post), mailed(post)
    assert (first.exit_code, again.exit_code) == (0, 0), (first.lines, again.lines)
    [(recipient, message)] = post.messages()
    assert recipient == "boss@b.example"
    [attached] = list(message.iter_attachments())
    assert "#123456" in attached.get_content()
    assert sorted(n.rsplit("/", 1)[-1] for n in root.names(f"basic/{week}/")) == [
        "chat.zh.txt", "index.html", "mail.zh.eml", "run.json",
    ]  # fmt: skip
    assert set(ledger_of(settings).states().values()) == {"sent"}
    assert not [n for n in root.names() if n.endswith(".lock")]

    dry = run_mail(settings, moment=MOMENT, week=week, dry_run=True)
    assert dry.exit_code == 0
    assert [n for n in root.names("_mail/") if n.endswith(".eml")]
