"""What a mail holds: whole without pictures, short when quiet, nothing a mail program drops, nobody's markup."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_mail import MOMENT, SENDER, WEEK, content

from aftersales.words.errors import DataError, SetupError
from aftersales_app.mail.digest import digest_bodies, notice_bodies
from aftersales_app.mail.html import Bodies, shop_bodies
from aftersales_app.mail.lint import LARGEST_HTML, mail_faults
from aftersales_app.mail.mail_parts import LARGEST_CHAT, chat_text
from aftersales_app.mail.message import Attachment, composed, message_id
from aftersales_app.mail.pictures import trend_png
from aftersales_app.mail.wording import one_line

HOSTILE = '枕头<script>alert(1)</script>"\r\nBcc: evil@x.example\u202e\x00'


def chinese(text):
    return [c for c in text if "\u4e00" <= c <= "\u9fff"]


def message(bodies, **values):
    return composed(
        bodies, **{"sender": SENDER, "sender_name": "Weekly", "recipients": ("a@b.example",), "moment": MOMENT,
        "name": message_id(("k",), sender=SENDER), "language": "zh"} | values,
    )  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("quiet", [False, True])
def test_a_mail_passes_its_check_and_says_the_same_in_both_parts(language, quiet):
    told = content(language, quiet=quiet)
    bodies = shop_bodies(told, link="https://reports.example/x/index.html", picture="" if quiet else "trend")
    assert mail_faults(bodies.html, bodies.text, cids=() if quiet else ("trend",)) == []
    said = [told.headline, *(c.fact for c in told.conclusions), *(c.do for c in told.conclusions), told.data_to]
    said += [told.plan_title, told.effects_title]
    said += [words for step in told.plan for words in (step.what, step.owner, step.why, step.tell)]
    said += [words for e in told.effects for words in (e.what, e.change, e.said)]
    said += [t.value for t in told.tiles] + ([told.trend.alt, told.trend.title] if told.trend else [])
    for words in said:
        assert words in bodies.html
        assert words in bodies.text
    assert bodies.html.count("<style") == 1  # the phone's few rules; all the rest is inlined
    assert "font-size: 20px" in bodies.html.partition("</style>")[2]
    assert all(
        f"https://reports.example/x/{step.href}" in part for step in told.plan for part in (bodies.text, bodies.html)
    )
    if language == "en":
        assert chinese(bodies.html + bodies.text + bodies.subject) == []


def test_a_quiet_week_is_shorter():
    loud, quiet = (shop_bodies(content("zh", quiet=q), picture="" if q else "trend") for q in (False, True))
    assert len(quiet.text) < len(loud.text)
    assert "<img" not in quiet.html
    assert 'bgcolor="#B5BFC9"' not in quiet.html


def test_bars_are_cells_with_colour_and_width():
    html = shop_bodies(content("en")).html
    bars = re.findall(r'<td[^>]*height="14"[^>]*>', html)
    assert len(bars) == 1  # a count of nought has no bar
    assert 'width="60%"' in bars[0]
    assert 'bgcolor="#B24A00"' in bars[0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_names_stay_text(language):
    told = replace(content(language, name=HOSTILE), headline=HOSTILE)
    bodies = shop_bodies(told, picture="trend")
    assert "<script" not in bodies.html
    assert "&lt;script&gt;" in bodies.html
    assert not set(bodies.subject) & {"\r", "\n", "\u202e", "\x00"}
    made = message(bodies, sender_name=HOSTILE, pictures=(("trend", b"png"),), language=language)
    parsed = message_from_bytes(made.as_bytes(), policy=default)
    assert parsed["Bcc"] is None
    assert parsed["To"] == "a@b.example"
    assert parsed["From"].addresses[0].addr_spec == SENDER


def test_the_message_is_a_tree_that_every_program_reads_and_the_same_each_time():
    bodies = shop_bodies(content("zh"), picture="trend", attached="r.html")
    parts = {"pictures": (("trend", b"\x89PNG"),), "attachments": (Attachment("r.html", "<p>周报</p>".encode()),)}
    made, again = message(bodies, **parts), message(bodies, **parts)
    assert made.as_bytes() == again.as_bytes()
    parsed = message_from_bytes(made.as_bytes(), policy=default)
    assert [p.get_content_type() for p in parsed.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png", "text/html",
    ]  # fmt: skip
    assert all(len(line) <= 998 for line in made.as_bytes().split(b"\r\n"))
    assert made.as_bytes().isascii()
    picture = next(p for p in parsed.walk() if p.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<trend>"
    assert picture.get_content_disposition() == "inline"
    assert next(parsed.iter_attachments()).get_filename() == "r.html"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["Subject"] == bodies.subject


@settings(max_examples=40)
@given(st.text(max_size=160))
def test_a_subject_arrives_as_it_was_written(text):
    subject = one_line(f"Too early to judge: 4 | 晴野女装店 {text}")
    made = message(Bodies(subject, "<p>1</p>", "t"))
    raw = made.as_bytes()
    assert message_from_bytes(raw, policy=default)["Subject"] == subject
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert max(map(len, head)) <= 998
    assert all(len(word) <= 75 for word in re.findall(rb"=\?utf-8\?.*?\?=", raw))


@pytest.mark.parametrize("cut", range(60, 70))
def test_a_subject_gains_no_blank_where_it_is_folded(cut):
    words = "6 measures this week: 2 within the normal range, 4 cannot be judged yet; 4 of those were normal"[:cut]
    subject = f"After-sales 16–22 Nov | 晴野女装店 | {words}… | to do: 2"
    raw = message(Bodies(subject, "<p>1</p>", "t")).as_bytes()
    assert message_from_bytes(raw, policy=default)["Subject"] == subject


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_subject_tells_shop_finding_and_what_is_to_be_done(language):
    loud, quiet = (shop_bodies(content(language, quiet=q)).subject for q in (False, True))
    assert content(language).finding in loud
    assert str(len(content(language).plan)) in loud.rpartition("｜" if language == "zh" else "|")[2]
    assert quiet.endswith(content(language).finding)


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<script>1</script>", "<script>"), ("<svg></svg>", "<svg>"), ("<form></form>", "<form>"),
        ('<p style="display:grid">', "display:grid"), ('<p style="color:var(--x)">', "var("),
        ('<p style="position:fixed">', "position:"), ('<p style="background:url(x)">', "url("),
        ('<p onclick="x()">', "onclick"), ('<a href="javascript:x()">a</a>', "href javascript"),
        ('<img src="https://x.example/a.png" alt="1" width="3">', "img src https"),
        ('<img src="data:image/png;base64,AA" alt="1" width="3">', "img src data"),
        ('<img src="cid:图" alt="1" width="3">', "img src cid"), ('<img src="cid:a" width="3">', "alt"),
        ('<img src="cid:a" alt="a line">', "alt without numbers"), ('<img src="cid:a" alt="1">', "width"),
        ("<style>@import 'x'</style>", "@import"), ("<p>¥nan</p>", "a number is missing"), ("x" * (LARGEST_HTML + 1), "bytes"),
        ('<link rel="stylesheet" href="https://fonts.example/x.css">', "<link>"),
    ],
)  # fmt: skip
def test_the_check_finds(html, fault):
    faults = mail_faults(f"<p>3</p>{html}", "text", cids=("a",) if "cid:a" in html else ())
    assert any(fault in found for found in faults), faults


def test_a_mail_that_fails_its_check_is_never_composed():
    with pytest.raises(DataError, match="did not pass"):
        message(Bodies("s", "<script>1</script>", "t"))
    with pytest.raises(DataError, match="no plain text"):
        message(Bodies("s", "<p>1</p>", " "))
    with pytest.raises(SetupError, match="usable"):
        message(Bodies("s", "<p>1</p>", "t"), recipients=("a@b.example\nBcc: c@d.example",))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pictures_have_every_glyph_are_small_and_the_same_each_time(language):
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing")
        picture = trend_png(content(language).trend, language)
        assert picture == trend_png(content(language).trend, language)
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 20_000


def test_a_glyph_the_font_lacks_is_noticed():
    trend = content("zh").trend
    strange = replace(trend, unit=_Strange(trend.unit.form, trend.unit.language))
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing")
        with pytest.raises(UserWarning, match="missing"):
            trend_png(strange, "zh")


class _Strange(type(content("zh").trend.unit)):
    """A unit whose values end in a sign that no Chinese font draws."""

    def text(self, value):
        return "\U0001f9f8"


def test_a_digest_names_the_missing_first_then_the_worst():
    shops = [content("en", shop=f"s{n}", name=f"Shop {n}", severity=(n % 3, n / 10, n % 3)) for n in range(40)]
    bodies = digest_bodies(shops, {"Lost shop": "no report"}, week=WEEK, language="en")
    assert mail_faults(bodies.html, bodies.text) == []
    assert len(bodies.html.encode()) < LARGEST_HTML
    order = [bodies.text.index(name) for name in ("Lost shop", "Shop 38\n", "Shop 35\n", "Shop 32\n")]
    assert order == sorted(order)
    assert f"{sum(1 for s in shops if s.severity[0])} of {len(shops) + 1}" in bodies.subject
    assert "Shop 38" in bodies.subject
    assert chinese(bodies.html + bodies.text) == []
    for told in shops:  # nobody is dropped from sight
        assert re.search(rf"{told.shop_name}\b", bodies.text), told.shop_name


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_notice_says_why_and_what_to_run(language):
    bodies = notice_bodies(
        shop="demo", shop_name="Yunqi", week="2026-W46", reasons=["<b>3 rows</b>", "late"], language=language
    )
    assert mail_faults(bodies.html, bodies.text) == []
    assert "&lt;b&gt;3 rows" in bodies.html
    for words in (
        "aftersales weekly --shop demo --week 2026-W46",
        "aftersales mail --shop demo --week 2026-W46",
        "late",
    ):
        assert words in bodies.html
        assert words in bodies.text


@pytest.mark.parametrize("size", [1, 50, 3000])
def test_chat_text_fits_one_message_and_keeps_headline_and_link(size):
    told = content("zh")
    long = replace(told, headline="率" * size, lines=("货" * size,) * 9)
    text = chat_text(long, link="https://reports.example/x")
    assert len(text.encode()) <= LARGEST_CHAT
    assert text.rstrip().endswith("https://reports.example/x")
    assert "率" in text
    short = chat_text(told)
    assert all(words in short for words in (told.headline, *told.lines))
