"""The same sentences as text to paste into a chat group."""

from __future__ import annotations

from aftersales.reports.mail.content import MailContent
from aftersales.reports.mail.wording import one_line
from aftersales.words.language import say

# WeCom's webhook takes 2,048 bytes of text; DingTalk's takes more. What fits the smaller fits both.
LARGEST_CHAT = 2_048


def chat_text(content: MailContent, *, link: str = "") -> str:
    """Headline, conclusions, link: plain lines that fit one message of WeCom and of DingTalk.

    Conclusions that do not fit are left out from the last on; the link stays, as everything is behind it.
    """
    language = content.language
    head = [
        one_line(say("mail.kicker", language, shop=content.shop_name, days=content.days)),
        one_line(content.headline, longest=LARGEST_CHAT // 8),
    ]
    points = [
        one_line(f"{number}. {point.fact}" + (f" → {point.do}" if point.do else ""), longest=LARGEST_CHAT // 4)
        for number, point in enumerate(content.conclusions, 1)
    ]
    tail = [link] if link else []
    while points and _size([*head, *points, *tail]) > LARGEST_CHAT:
        points.pop()
    return "\n".join([*head, *points, *tail]) + "\n"


def _size(lines: list[str]) -> int:
    return len("\n".join(lines).encode("utf-8")) + 1
