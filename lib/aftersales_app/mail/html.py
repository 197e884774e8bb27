"""Content into the two bodies of a mail: tables with inlined styles, and real plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from css_inline import CSSInliner
from jinja2 import Environment, PackageLoader, StrictUndefined

from aftersales.charts.markup import lang_of
from aftersales.charts.numbers import day_tick
from aftersales.charts.tiles import LOOKS
from aftersales.words.language import Language, day, say
from aftersales_app.mail.content import MailContent
from aftersales_app.mail.kept_picture import WIDTH
from aftersales_app.mail.wording import one_line

COLUMN, LEFT = 592, 340  # CSS pixels inside the card: the whole, and the picture's half of it
PREHEADER_LONGEST = 110  # what lists of mails show of it at most
_BLANKS = re.compile(r"\n{3,}")
_BETWEEN_TAGS = re.compile(r">\s*\n\s*<")


@dataclass(frozen=True)
class Bodies:
    """A mail's subject and its two bodies."""

    subject: str
    html: str
    text: str


@cache
def _templates(kind: str) -> Environment:
    return Environment(
        loader=PackageLoader("aftersales_app.mail", "."),
        autoescape=kind == "html",
        undefined=StrictUndefined,
        trim_blocks=kind == "txt",
        keep_trailing_newline=True,
    )


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_style_tags=False, load_remote_stylesheets=False)


@cache
def _css(name: str) -> str:
    text = files("aftersales_app.mail").joinpath(name).read_text("utf-8")
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S).strip()


def bodies(name: str, language: Language, context: dict[str, Any], *, subject: str, preheader: str) -> Bodies:
    """Render ``<name>.html.j2`` and ``<name>.txt.j2``; everything from data is escaped, styles are inlined."""
    clean = one_line(subject)
    colon, comma, before, after = ("：", "；", "（", "）") if language == "zh" else (": ", "; ", " (", ")")
    whole = {
        **context, "lang": lang_of(language), "subject": clean, "css": _css("mail.css"),
        "kept": _css("kept.css"), "colon": colon, "comma": comma,
        "open": before, "close": after, "preheader": one_line(preheader, longest=PREHEADER_LONGEST),
    }  # fmt: skip
    html = _inliner().inline(_templates("html").get_template(f"{name}.html.j2").render(whole))
    text = _BLANKS.sub("\n\n", _templates("txt").get_template(f"{name}.txt.j2").render(whole)).strip() + "\n"
    return Bodies(clean, _BETWEEN_TAGS.sub("><", html), text)


def shop_bodies(
    content: MailContent, *, link: str = "", attached: str = "", folder: str = "", picture: str = ""
) -> Bodies:
    """Subject, HTML and text of one shop's mail.

    ``link`` opens the report, ``attached`` is the name of the attached one, ``folder`` where it lies where there is
    neither; ``picture`` is the CID of the picture, if one goes with it.
    """
    language = content.language
    first, last = (day_tick(one, language) for one in (content.week.monday, content.week.sunday))
    lead = content.conclusions[0] if content.conclusions else None
    pages = link.rpartition("/")[0] + "/" if link else ""
    context = {
        "c": content, "link": link, "picture": picture, "picture_width": WIDTH, "looks": LOOKS,
        "width": COLUMN, "left": LEFT, "right": COLUMN - LEFT,
        "heads": {name: say(f"plan.column.{name}", language) for name in ("when", "what", "owner", "tell", "why")},
        "plan": [
            {"step": step, "when": say(f"plan.urgency.{step.urgency}", language), "due": day(step.due, language),
             "tone": "signal" if step.urgency == "today" else "plain", "link": pages and pages + step.href}
            for step in content.plan
        ],
        "kicker": say("mail.kicker", language, shop=content.shop_name, days=content.days),
        "states": {state: say(f"charts.tile.{state}", language) for state in LOOKS},
        "words": {
            "open": say("mail.open", language), "reasons": say("mail.reasons_note", language),
        },
        "footer": _footer(content, link=link, attached=attached, folder=folder),
    }  # fmt: skip
    todo = sum(step.urgency != "watch" for step in content.plan)
    subject = say(
        f"mail.{'subject_todo' if todo else 'subject'}",
        language,
        first=first,
        last=last,
        shop=one_line(content.shop_name, longest=30),
        finding=one_line(content.finding, longest=80),
        count=todo,
    )
    preheader = content.lines[0] if content.lines else lead.fact if lead else content.headline
    return bodies("mail", language, context, subject=subject, preheader=preheader)


def _footer(content: MailContent, *, link: str, attached: str, folder: str) -> list[str]:
    language = content.language
    lines = []
    if attached:
        lines.append(say("mail.attached", language, file=attached))
    elif not link and folder:
        lines.append(say("mail.without", language, folder=folder))
    where: dict[str, Any] = {"shop": content.shop, "week": str(content.week), "commit": content.commit}
    return [
        *lines,
        say("mail.data_to", language, day=content.data_to, **where),
        say("mail.why_me", language),
    ]
