"""The queue as text to paste into a chat group: what fits one message of WeCom fits one of DingTalk."""

from __future__ import annotations

from aftersales.words.plain import one_line
from aftersales_app.today.queue import Queue
from aftersales_app.today.wording import clock_words, moment_words, orders_of

# WeCom's webhook takes 2,048 bytes of text, DingTalk's some twenty thousand.
LARGEST = 2_048


def chat_lines(queue: Queue, *, limit: int, largest: int = LARGEST) -> str:
    """Who comes first, one line each, as many as fit; what does not fit is counted. No draft and no buyer's name.

    An @ is written full-width, so that nothing in a product's title calls a member of the group.
    """
    name = one_line(queue.shop.name, longest=30)
    head = [queue.say("today.chat.title", shop=name, people=queue.people.height, now=queue.moment.now)]
    if queue.moment.taken_from != "clock":
        head.append(moment_words(queue))
    lines = [
        queue.say(
            "today.chat.line", place=place, what=row["what"], orders=orders_of(queue, row, most=1),
            money=row["money"],
            due=clock_words(queue, row),
        )
        for place, row in enumerate(queue.people.head(limit).iter_rows(named=True), 1)
    ]  # fmt: skip
    tail = [
        queue.say("today.chat.batch", batch=one_line(row["batch"], longest=40), buyers=row["buyers"])
        for row in queue.batches.head(3).iter_rows(named=True)
    ]
    if not lines:
        head.append(queue.say("today.head.nothing"))
    shown = len(lines)
    while True:
        rest = queue.people.height - shown
        more = [queue.say("today.chat.rest", rest=rest)] if rest else []
        said = "\n".join([*head, *lines[:shown], *more, *tail]).replace("@", "＠") + "\n"
        if len(said.encode("utf-8")) <= largest or not shown:
            return said
        shown -= 1
