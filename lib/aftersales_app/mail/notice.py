"""What the analysts get instead of the managers' mail: why there is none, and the command to run again."""

from __future__ import annotations

from collections.abc import Sequence

from aftersales.words.language import Language, say
from aftersales_app.mail.html import Bodies, bodies
from aftersales_app.mail.wording import one_line


def notice_bodies(*, shop: str, shop_name: str, week: str, reasons: Sequence[str], language: Language) -> Bodies:
    """Subject, HTML and text of a notice that a shop's weekly mail was held back."""
    words = {"shop": one_line(shop_name, longest=30), "week": week}
    told = [one_line(reason, longest=400) for reason in reasons]
    context = {
        "kicker": say("mail.notice.kicker", language, **words),
        "headline": say("mail.notice.headline", language, **words),
        "reasons": told, "commands": commands(shop, week), "link": "",
        "words": {"again": say("mail.notice.again", language), "open": ""},
        "footer": [say("mail.notice.why_me", language)],
    }  # fmt: skip
    subject = say("mail.notice.subject", language, reason=one_line(told[0], longest=70), **words)
    return bodies("notice", language, context, subject=subject, preheader=told[0])


def commands(shop: str, week: str) -> list[str]:
    """What to run once the cause is mended: the report, then the mail.

    >>> commands("demo", "2026-W46")
    ['aftersales weekly --shop demo --week 2026-W46', 'aftersales mail --shop demo --week 2026-W46']
    """
    return [f"aftersales {verb} --shop {shop} --week {week}" for verb in ("weekly", "mail")]
