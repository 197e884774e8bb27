"""One mail for whoever has several shops: what is missing first, then the worst, then all the rest in one line.

And what analysts get instead of it: why there is no mail, and the command to run again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aftersales.charts.numbers import day_tick
from aftersales.words.language import Language, say, span
from aftersales.words.periods import Week
from aftersales_app.mail.content import MailContent
from aftersales_app.mail.html import Bodies, bodies
from aftersales_app.mail.wording import one_line

# With headline and first conclusion about as many fit one screen; the others are named.
MOST_SHOWN = 5
MOST_NAMED = 60


def worst_first(contents: Sequence[MailContent]) -> list[MailContent]:
    """The shops by severity, the worst first; equal ones by id."""
    return sorted(contents, key=lambda c: (tuple(-part for part in c.severity), c.shop))


def digest_bodies(
    contents: Sequence[MailContent],
    missing: Mapping[str, str],
    *,
    week: Week,
    language: Language,
    links: Mapping[str, str] | None = None,
) -> Bodies:
    """Subject, HTML and text of a digest; ``missing`` gives names of shops without a report and why.

    ``links`` opens each shop's report, by id.
    """
    ranked = worst_first(contents)
    above = [c for c in ranked if c.severity[0]]
    loud = [c for c in ranked if c.severity[0] or c.severity[2]]
    calm = [c.shop_name for c in ranked if c not in loud]
    total = len(contents) + len(missing)
    counts: dict[str, Any] = {"total": total, "reported": len(contents), "lacking": len(missing), "above": len(above)}
    key = ("some" if above else "none") + ("_lacking" if missing else "")
    shop = one_line(above[0].shop_name, longest=30) if above else ""
    headline = say(f"mail.digest.{key}", language, shop=shop, **counts)
    context: dict[str, Any] = {
        "kicker": say("mail.digest.kicker", language, days=span(week.monday, week.sunday, language), count=total),
        "headline": headline, "link": "", "words": {"open": ""},
        "missing_title": say("mail.digest.missing", language, **counts),
        "missing": [
            say("mail.digest.missing_shop", language, shop=one_line(name), reason=one_line(reason))
            for name, reason in missing.items()
        ],
        "worst": [_told(c, (links or {}).get(c.shop, "")) for c in loud[:MOST_SHOWN]],
        "rest": [*_others(loud[MOST_SHOWN:], language), *_named(calm, language)],
        "footer": [*([] if any((links or {}).values()) else [say("mail.digest.without", language)]),
                   say("mail.why_me", language)],
    }  # fmt: skip
    first, last = (day_tick(day, language) for day in (week.monday, week.sunday))
    subject = say("mail.digest.subject", language, first=first, last=last, headline=headline)
    preheader = loud[0].headline if loud else headline
    return bodies("digest", language, context, subject=subject, preheader=preheader)


def _told(content: MailContent, link: str) -> dict[str, Any]:
    """What a digest tells of one shop: the first action with its owner and day stands for all there is to do."""
    fact = content.conclusions[0].fact if content.conclusions else ""
    do = content.lines[0] if content.lines else ""
    return {"name": content.shop_name, "headline": content.headline, "fact": fact, "do": do, "link": link}


def _named(names: list[str], language: Language) -> list[str]:
    more = len(names) - MOST_NAMED
    key = "calm_more" if more > 0 else "calm"
    return [say(f"mail.digest.{key}", language, shops=names[:MOST_NAMED], more=more)] if names else []


def _others(contents: list[MailContent], language: Language) -> list[str]:
    names = [c.shop_name for c in contents]
    return [say("mail.digest.others", language, more=len(names), shops=names[:MOST_NAMED])] if names else []


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
