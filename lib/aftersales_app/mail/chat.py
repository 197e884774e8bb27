"""The same sentences as text to paste into a chat group."""

from __future__ import annotations

from aftersales.words.language import say
from aftersales_app.mail.content import MailContent
from aftersales_app.mail.wording import one_line

# WeCom's webhook takes 2,048 bytes of text; DingTalk's takes more. What fits the smaller fits both.
LARGEST_CHAT = 2_048


def chat_text(content: MailContent, *, link: str = "") -> str:
    """Headline, the plan, link: plain lines that fit one message of WeCom and of DingTalk.

    Lines of the plan that do not fit are left out from the last on, and counted; the link stays.
    """
    language = content.language
    head = [
        one_line(say("mail.kicker", language, shop=content.shop_name, days=content.days)),
        one_line(content.headline, longest=LARGEST_CHAT // 8),
    ]
    points = [one_line(f"{number}. {told}", longest=LARGEST_CHAT // 4) for number, told in enumerate(content.lines, 1)]
    tail = [link] if link else []
    more = ""
    while points and _size([*head, *points, more, *tail]) > LARGEST_CHAT:
        points.pop()
        more = say("mail.more_actions", language, more=len(content.lines) - len(points))
    points += [more] if more else []
    return "\n".join([*head, *points, *tail]) + "\n"


def _size(lines: list[str]) -> int:
    return len("\n".join(lines).encode("utf-8")) + 1
