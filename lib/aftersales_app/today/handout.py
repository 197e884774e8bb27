"""The queue as a file for the team's spreadsheet, and as text to paste into a chat group.

Nothing in the file runs, no number loses its last digits; what fits one message of WeCom fits one of DingTalk.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from aftersales.sources.handouts import remember
from aftersales.sources.storage import write_private
from aftersales.words.errors import SetupError
from aftersales.words.language import run_on
from aftersales.words.plain import number_cell, one_line, safe_cell
from aftersales_app.today.queue import Queue
from aftersales_app.today.wording import clock_words, due_words, left_words, moment_words, note_words, orders_of

COLUMNS = ("place", "what", "orders", "buyer", "money", "due", "left", "source", "do", "draft", "offer", "why", "ids",
           "title")  # fmt: skip


def handout(queue: Queue, *, limit: int | None = None) -> bytes:
    """One row a person in the queue's order, then one an order of each bad batch; UTF-8 with a mark, as Excel wants it.

    Every cell is quoted; what a spreadsheet would take for a formula is made plain text; order numbers carry a # so
    that none is rounded. Buyers stand under their keyed hash only.
    """
    packed = io.StringIO()
    table = csv.writer(packed, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    table.writerow([safe_cell(queue.say(f"today.column.{name}").replace("#", "No.")) for name in COLUMNS])
    people = queue.people if limit is None else queue.people.head(limit)
    for place, row in enumerate(people.iter_rows(named=True), 1):
        table.writerow(_cells(queue, row, place=place))
    for row in queue.batch_buyers.iter_rows(named=True):
        table.writerow(_batch_cells(queue, row))
    return packed.getvalue().encode("utf-8-sig")


def write_handout(queue: Queue, file: Path, *, limit: int | None = None) -> int:
    """Write it; the number of rows. `SetupError` where it cannot be written, as while a spreadsheet has it open."""
    packed = handout(queue, limit=limit)
    remember(queue.store, file)
    try:
        write_private(file, packed)
    except OSError as error:
        raise SetupError(
            f"{file.name} cannot be written",
            found=error.strerror,
            hint="close it where it is open, or name another file",
        ) from None
    people = queue.people if limit is None else queue.people.head(limit)
    return people.height + queue.batch_buyers.height


def _cells(queue: Queue, row: dict[str, Any], *, place: int) -> list[str]:
    source = "" if row["due_at"] is None else queue.say(f"today.source.{'file' if row['from_file'] else 'usual'}")
    values = {
        "what": row["what"], "due": due_words(queue, row | {"from_file": True}) if row["due_at"] else "",
        "left": left_words(queue, row), "source": source, "do": row["do"], "draft": row["draft"],
        "offer": row["offer"] or "", "why": run_on(note_words(queue, row | {"offer": None}), queue.language),
        "title": row["title"] or "",
    }  # fmt: skip
    cells = {name: safe_cell(value) for name, value in values.items()}
    cells |= {
        "place": str(place),
        "money": _amount(row["money"]),
        "orders": _numbers(row["orders"]),
        "ids": _numbers(row["ids"]),
        "buyer": row["buyer_key"] or queue.say("today.column.masked_buyer"),
    }
    return [cells[name] for name in COLUMNS]


def _batch_cells(queue: Queue, row: dict[str, Any]) -> list[str]:
    title = safe_cell(row["title"] or "", longest=60)
    cells = {
        "what": queue.say("today.situation.come_forward"), "orders": number_cell(row["order_id"]),
        "buyer": row["buyer_key"] or queue.say("today.column.masked_buyer"), "money": _amount(row["money"]),
        "do": queue.say("today.do.come_forward"),
        "draft": safe_cell(queue.say("today.draft.come_forward", title=title)),
        "why": safe_cell(row["batch"]), "title": title,
    }  # fmt: skip
    return [cells.get(name, "") for name in COLUMNS]


def _numbers(numbers: list[str]) -> str:
    return " ".join(number_cell(number) for number in numbers)


def _amount(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


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
            "today.chat.line",
            place=place,
            what=row["what"],
            orders=orders_of(queue, row, most=1),
            money=row["money"],
            due=clock_words(queue, row),
        )
        for place, row in enumerate(queue.people.head(limit).iter_rows(named=True), 1)
    ]
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
