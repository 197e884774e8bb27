"""`aftersales mail` on a demo shop: what the page says, whole, once; nothing normal from damaged data."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import polars as pl
import pytest
from faulty_post import Post, running
from made_up_mail import MOMENT, SENDER

from aftersales.findings.finding import Finding
from aftersales.sources.settings import load_settings
from aftersales.week.loading import load
from aftersales.week.sections.weekly_overview import answer
from aftersales.words.errors import SetupError, UsageError
from aftersales_app.mail import mailing, outbox, readiness
from aftersales_app.mail.content import mail_content
from aftersales_app.mail.html import shop_bodies
from aftersales_app.mail.ledger import Key
from aftersales_app.mail.lint import LARGEST_HTML, mail_faults
from aftersales_app.mail.mail_parts import write_mails
from aftersales_app.mail.mailing import ledger_of, run_mail
from aftersales_app.mail.readiness import data_reasons
from aftersales_app.reports.place import write_record

BOSS, KEEPER, ANALYST = "boss@b.example", "keeper@b.example", "ana@b.example"


@pytest.fixture
def place(demo, tmp_path):
    """Settings on the demo's store with reports of their own, both shops reported for their last week."""
    text = (demo / "shops.toml").read_text("utf-8").replace('"store"', f'"{demo / "store"}"')
    people = f'managers = ["{BOSS}"]\nanalysts = ["{ANALYST}"]\nexports'
    text = text.replace("exports", people).replace(f'"{BOSS}"]', f'"{BOSS}", "{KEEPER}"]', 1)
    mail = f'[mail]\nhost = "127.0.0.1"\nport = 1\ntls = "none"\nsender = "{SENDER}"\n'
    (tmp_path / "shops.toml").write_text(mail + text, "utf-8")
    settings = load_settings(tmp_path / "shops.toml")
    for one in settings.shops:
        week = load(one.id, config=str(settings.file)).data
        folder = tmp_path / "reports" / one.id / str(week.week)
        folder.mkdir(parents=True)
        write_record(folder, {"status": "ok", "store_version": str(week.tables.commit.number)})
    yield settings
    ledger_of(settings).file.unlink(missing_ok=True)


def at(settings, port, **values):
    return settings.model_copy(update={"mail": settings.mail.model_copy(update={"port": port, **values})})


def mailed(settings, post, **values):
    return run_mail(
        at(settings, post.port, **values.pop("mail", {})),
        moment=MOMENT,
        variables={},
        sleep=lambda seconds: None,
        **values,
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_mail_says_what_the_page_says_and_nothing_else(demo, language):
    report = load("demo", language=language, config=str(demo / "shops.toml"))
    told, page = mail_content(report), answer(report)
    assert told.headline == page.headline
    assert told.conclusions == page.conclusions[:3]
    bodies = shop_bodies(told, picture="trend" if told.trend else "")
    assert mail_faults(bodies.html, bodies.text, cids=("trend",) if told.trend else ()) == []
    assert len(bodies.html.encode()) < LARGEST_HTML
    assert report.say("mail.kicker", shop=told.shop_name, days=told.days) in bodies.text
    # every number of the picture's text is the frame's own
    if told.trend:
        for value in told.trend.rows["value"].drop_nulls():
            assert told.trend.unit.text(value) in told.trend.alt
    rows = {r["reason"]: r for r in report.data.reasons_against_usual.iter_rows(named=True)}
    by_label = {report.say(f"reason.{reason}"): row for reason, row in rows.items()}
    for bar in told.reasons:
        assert int(bar.count.replace(",", "")) == by_label[bar.label]["cases"]
    most = max((by_label[bar.label]["cases"] for bar in told.reasons), default=1)
    for bar in told.reasons:
        assert bar.share == pytest.approx(by_label[bar.label]["cases"] / most)
    if language == "en":
        own = re.sub(r"[一-鿿].*?[)）:：]", "", bodies.text.replace(told.shop_name, ""))
        titles = report.data.problem_products["title"].to_list()
        for title in titles:
            own = own.replace(title, "")
        assert re.findall("[一-鿿]", own) == []


def test_every_manager_gets_one_mail_and_a_second_run_sends_nothing(place):
    with running(Post()) as post:
        first = mailed(place, post)
        again = mailed(place, post)
    assert first.exit_code == again.exit_code == 0
    assert sorted(r for r, _ in post.arrived) == [BOSS, KEEPER]
    of = dict(post.messages())
    assert all(shop.name in of[BOSS].get_body(("plain",)).get_content() for shop in place.shops)
    assert place.shops[1].name not in of[KEEPER].get_body(("plain",)).get_content()
    states = ledger_of(place).states()
    assert {(k.shop, k.recipient) for k, s in states.items() if s == "sent"} == {
        ("demo", BOSS), ("demo", KEEPER), ("basic", BOSS),
    }  # fmt: skip
    assert place.mail.sender in str(of[KEEPER]["From"])


def test_a_dry_run_writes_the_mails_and_sends_nothing(place):
    with running(Post()) as post:
        outcome = mailed(place, post, dry_run=True)
    assert post.arrived == []
    assert ledger_of(place).states() == {}
    paths = [line for line in outcome.lines if line.endswith(".eml")]
    assert len(paths) == 2
    for path in paths:
        with open(path, "rb") as file:
            assert message_from_bytes(file.read(), policy=default).get_body(("html",))


def test_the_mail_to_be_depends_on_nothing_but_the_report(place, tmp_path):
    week = str(load("demo", config=str(place.file)).data.week)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_mails(folder=tmp_path / name, shop="demo", week=week, config=place.file)
    for name in ("mail.zh.eml", "mail.en.eml", "chat.zh.txt", "chat.en.txt"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    stored = message_from_bytes((tmp_path / "a" / "mail.en.eml").read_bytes(), policy=default)
    assert str(stored["To"]) == f"{BOSS}, {KEEPER}"


def test_a_shop_without_a_good_report_tells_its_analysts_why_and_the_digest_names_it(place):
    week = str(load("basic", config=str(place.file)).data.week)
    folder = place.file.parent / "reports" / "basic" / week
    write_record(folder, {"status": "failed", "reason": "the notebook broke"})
    with running(Post()) as post:
        outcome = mailed(place, post)
        again = mailed(place, post)
        write_record(folder, {"status": "ok"})
        mended = mailed(place, post)
    assert (outcome.exit_code, again.exit_code, mended.exit_code) == (1, 1, 0)
    arrived = post.messages()
    assert sorted(r for r, _ in arrived) == sorted([BOSS, KEEPER, ANALYST, BOSS])
    notice = next(m for r, m in arrived if r == ANALYST).get_body(("plain",)).get_content()
    assert "the notebook broke" in notice
    assert f"aftersales weekly --shop basic --week {week}" in notice
    digest, late = (m.get_body(("plain",)).get_content() for r, m in arrived if r == BOSS)
    assert place.shops[1].name in digest.splitlines()[4] + digest.splitlines()[5]
    assert "the notebook broke" in digest
    assert place.shops[0].name not in late  # a shop that comes late is told alone


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("gap_day", lambda w: {"first_day": w.monday, "last_day": w.monday, "days": 1, "expected": 9.0}),
        ("refunds_end", lambda w: {"refunds_day": w.monday, "orders_day": w.sunday, "days": 6}),
        ("unbalanced", lambda w: {"file": "x.csv"}),
    ],
)
def test_damaged_data_never_make_a_normal_mail(demo, monkeypatch, kind, values):
    report = load("demo", config=str(demo / "shops.toml"))
    assert data_reasons(report) == []
    found = Finding(kind, "x", f"health.{kind}", values(report.data.week), pl.DataFrame())
    monkeypatch.setitem(report.data.__dict__, "data_findings", [found])
    assert data_reasons(report) == [found.headline(report.language)]
    before = replace(found, values=values(report.data.week.shift(-9)))
    monkeypatch.setitem(report.data.__dict__, "data_findings", [before])
    assert bool(data_reasons(report)) == (kind != "gap_day")  # a hole nine weeks ago is not this week's


def test_a_week_that_is_not_over_and_rows_set_aside_are_no_normal_mail(demo, monkeypatch):
    report = load("demo", config=str(demo / "shops.toml"))
    files = report.data.files_account.with_columns(rows_set_aside=(pl.col("rows_read") * 0.1).cast(pl.Int64))
    monkeypatch.setitem(report.data.__dict__, "files_account", files)
    monkeypatch.setattr(type(report.data), "files_account", files, raising=False)
    (reason,) = data_reasons(report)
    assert "10.0%" in reason or "9.9%" in reason
    monkeypatch.setattr(readiness, "DAMAGED_FROM", 0.5)
    assert data_reasons(report) == []


def test_a_mail_that_fails_its_check_becomes_a_notice(place, monkeypatch):
    told = outbox.mail_content
    monkeypatch.setattr(outbox, "mail_content", lambda report: replace(told(report), data_to="¥nan"))
    with running(Post()) as post:
        outcome = mailed(place, post)
    assert outcome.exit_code == 1
    assert {r for r, _ in post.arrived} == {ANALYST}
    assert "a number is missing" in post.messages()[0][1].get_body(("plain",)).get_content()


def test_pause_and_allow_list_hold_mails_back_without_forgetting_them(place):
    with running(Post()) as post:
        paused = mailed(place, post, mail={"pause": True})
        some = mailed(place, post, mail={"allow": (KEEPER,)})
        assert [r for r, _ in post.arrived] == [KEEPER]
        rest = mailed(place, post)
    assert (paused.exit_code, some.exit_code, rest.exit_code) == (0, 0, 0)
    assert sorted(r for r, _ in post.arrived) == [BOSS, KEEPER]


def test_a_week_is_sent_once_whatever_has_changed_and_once_more_where_somebody_asks_for_it(place):
    with running(Post()) as post:
        mailed(place, post)
        changed = mailed(place, post, mail={"languages": {KEEPER: "en"}})
        assert changed.exit_code == 0
        assert any(KEEPER in line and "--resend" in line for line in changed.lines)
        assert len(post.arrived) == 2
        again = mailed(place, post, mail={"languages": {KEEPER: "en"}}, resend=[KEEPER.upper()])
        assert again.exit_code == 0
        mailed(place, post, mail={"languages": {KEEPER: "en"}})
    arrived = post.messages()
    assert sorted(r for r, _ in arrived) == [BOSS, KEEPER, KEEPER]
    first, second = (m for r, m in arrived if r == KEEPER)
    assert (first["Content-Language"], second["Content-Language"]) == ("zh", "en")
    assert first["Message-ID"] != second["Message-ID"]
    with pytest.raises(UsageError, match=r"no manager 'nobody@b\.example'"):
        run_mail(place, moment=MOMENT, resend=["nobody@b.example"], dry_run=True)


def test_a_report_made_again_and_wanted_again_has_another_name_each_time(place):
    with running(Post()) as post:
        for resend in ((), ["all"], ["all"]):
            assert mailed(place, post, resend=resend).exit_code == 0
    assert len({m["Message-ID"] for r, m in post.messages() if r == KEEPER}) == 3


def test_one_bad_manager_costs_itself_and_the_analysts_hear_of_it(place, monkeypatch):
    made = outbox._of_one

    def broken(ready, keys, recipient, **values):
        if recipient == KEEPER:
            raise ValueError("no such thing")
        yield from made(ready, keys, recipient, **values)

    monkeypatch.setattr(outbox, "_of_one", broken)
    shops = tuple(s.model_copy(update={"managers": (*s.managers, "the boss")}) for s in place.shops)
    with running(Post()) as post:
        first = mailed(place.model_copy(update={"shops": shops}), post)
        again = mailed(place.model_copy(update={"shops": shops}), post)
    assert (first.exit_code, again.exit_code) == (1, 1)
    arrived = post.messages()
    assert sorted(r for r, _ in arrived) == sorted([BOSS, ANALYST, ANALYST])  # a notice a shop, once
    told = " ".join(m.get_body(("plain",)).get_content() for r, m in arrived if r == ANALYST)
    assert "the boss" in told
    assert KEEPER in told
    assert any("the boss" in line for line in first.lines)


@pytest.mark.parametrize("fault", ["refuse", "hangs_up"])
def test_the_analysts_hear_of_a_manager_who_did_not_get_the_mail_for_sure(place, fault):
    with running(Post(lambda r, n: fault if r == KEEPER else None)) as post:
        first = mailed(place, post)
        again = mailed(place, post)
    assert (first.exit_code, again.exit_code) == (1, 1)
    assert [r for r, _ in post.arrived].count(KEEPER) == (fault == "hangs_up")
    [notice] = [m for r, m in post.messages() if r == ANALYST]
    assert KEEPER in notice.get_body(("plain",)).get_content()


def test_a_damaged_ledger_sends_nothing_until_somebody_settles_it(place):
    with running(Post()) as post:
        mailed(place, post, shops=["basic"])
        ledger = ledger_of(place)
        ledger.file.write_bytes(ledger.file.read_bytes() + b"null\n")
        held = mailed(place, post)
        assert held.exit_code == 1
        assert any(str(ledger) in line for line in held.lines)
        assert len(post.arrived) == 1
        settled = mailed(place, post, in_doubt="send")
    assert settled.exit_code == 0
    assert sorted(r for r, _ in post.arrived) == [BOSS, BOSS, KEEPER]


def test_one_shop_that_is_a_week_ahead_does_not_stop_the_others(place, monkeypatch):
    ahead = load("basic", config=str(place.file)).data.week.shift(1)
    weeks = mailing._last_weeks
    monkeypatch.setattr(mailing, "_last_weeks", lambda *given: weeks(*given) | {"basic": ahead})
    with running(Post()) as post:
        outcome = mailed(place, post)
    assert outcome.exit_code == 1
    bodies = {r: m.get_body(("plain",)).get_content() for r, m in post.messages()}
    assert place.shops[0].name in bodies[KEEPER]
    assert "aftersales weekly --shop demo" in bodies[ANALYST] or "aftersales weekly --shop basic" in bodies[ANALYST]


def test_a_mail_in_doubt_is_named_until_it_is_settled(place):
    week = str(load("demo", config=str(place.file)).data.week)
    key = Key("demo", week, KEEPER)
    ledger_of(place).note("handing", [key], message_id="<x@y>")
    with running(Post()) as post:
        first = mailed(place, post)
        assert first.exit_code == 1
        assert any(KEEPER in line and "--in-doubt" in line for line in first.lines)
        assert [r for r, _ in post.arrived] == [BOSS, ANALYST]
        settled = mailed(place, post, in_doubt="send")
    assert settled.exit_code == 0
    assert [r for r, _ in post.arrived] == [BOSS, ANALYST, KEEPER]


def test_what_is_asked_wrongly_is_said_before_anything_is_sent(place):
    with pytest.raises(UsageError, match="in-doubt"):
        run_mail(place, moment=MOMENT, in_doubt="maybe")
    with pytest.raises(SetupError, match="no mail server"):
        run_mail(place.model_copy(update={"mail": None}), moment=MOMENT, variables={})
    with pytest.raises(UsageError, match="no shop 'nobody'"):
        run_mail(place, moment=MOMENT, shops=["nobody"], dry_run=True)


def test_reasons_are_told_in_the_reader_s_language(place):
    week = str(load("basic", config=str(place.file)).data.week)
    (place.file.parent / "reports" / "basic" / week / "run.json").unlink()
    with running(Post()) as post:
        mailed(place, post, mail={"languages": {BOSS: "en", ANALYST: "en"}})
    for recipient, message in post.messages():
        if recipient in (BOSS, ANALYST):
            assert "There is no report for this week" in message.get_body(("plain",)).get_content()
            assert message["Content-Language"] == "en"
