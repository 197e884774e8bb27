"""The mail's numbers are the pages' numbers: both are parsed and compared, picture included."""

from __future__ import annotations

import html
import re

import pytest

from aftersales.week.loading import load
from aftersales.week.sections import did_it_work, policy_and_service, weekly_overview
from aftersales_app.mail.content import mail_content
from aftersales_app.mail.html import shop_bodies
from aftersales_app.mail.mail_parts import chat_text

# With its sign, its currency and its unit: 15.0% is not 15.0, and −0.5 pp is not +0.5 pp.
NUMBER = re.compile(
    r"[+−-]?[¥$€]?\d+(?:,\d{3})*(?:\.\d+)?(?: ?(?:%|万|亿|K|M|pp|个百分点|小时|天|分钟|days|h|min)(?![a-z]))?"
)


def numbers(text):
    return set(NUMBER.findall(re.sub(r"\s+", " ", text)))


def text_of(markup):
    return html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<script.*?</script>|<svg.*?</svg>", " ", markup, flags=re.S)))


def shown(report):
    """What stands on the three pages that the mail speaks of, each section as its notebook shows it."""
    names = ("answer", "actions", "tiles", "exceptions", "reasons", "routine")
    sections = [getattr(weekly_overview, name) for name in names]
    actions, decisions = policy_and_service.Actions(report), did_it_work.Decisions(report)
    blocks = [section(report) for section in sections]
    blocks += [actions.answer(), actions.todo(), decisions.answer(), decisions.verdicts()]
    return " ".join(block.html() for one in blocks for block in getattr(one, "items", (one,)))


@pytest.mark.parametrize("shop", ["demo", "basic"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_number_in_the_mail_stands_on_the_pages(demo, shop, language):
    report = load(shop, language=language, config=str(demo / "shops.toml"))
    told = mail_content(report)
    page = shown(report)
    of_page = numbers(text_of(page)) | numbers(" ".join(re.findall(r'aria-label="([^"]*)"', html.unescape(page))))
    bodies = shop_bodies(told, picture="trend" if told.trend else "")
    # the frame of the mail: its days, the week, the store's commit, and how many of a list it leaves to the page
    own = {
        told.days,
        str(told.week),
        told.data_to,
        str(told.commit),
        str(report.data.decisions(language).height),
        *map(str, range(1, len(told.plan) + 1)),
    }
    allowed = of_page | numbers(" ".join(own))
    for name, text in {
        "text": bodies.text,
        "html": text_of(bodies.html.partition("</head>")[2]),
        "chat": chat_text(told),
    }.items():
        strange = numbers(re.sub(r"#\w{6}", "", text)) - allowed
        assert not strange, (name, strange)
    assert numbers(bodies.subject) <= allowed | numbers(
        " ".join(f"{d.month}/{d.day} {d.day}" for d in (told.week.monday, told.week.sunday))
    )
    if told.trend:
        drawn = {told.trend.unit.text(v) for v in told.trend.rows["value"].drop_nulls()}
        assert drawn <= of_page


def test_a_number_of_one_unit_is_not_taken_for_another():
    assert numbers("15.0% of 1,596, ¥1.1万, −0.5 pp") == {"15.0%", "1,596", "¥1.1万", "−0.5 pp"}
