"""The queue on a terminal: what counts as now, one table, the drafts, and what the files cannot tell."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from aftersales.words.language import enumerated, money
from aftersales.words.plain import one_line
from aftersales_app.today.queue import Queue
from aftersales_app.today.wording import (
    clock_words,
    due_words,
    head_lines,
    left_words,
    note_words,
    orders_of,
    tail_lines,
)

# Where the output is no terminal (a log, a pipe) lines of this width are wrapped.
LOG_WIDTH = 120
# Below this width a table of seven columns cuts every word; the lines are told one below the other instead.
TABLE_FROM = 90
MOST_ORDERS = 2
MOST_BATCH_ORDERS = 6


def show(queue: Queue, console: Console, *, limit: int, drafts: bool = True) -> None:
    """Print the first ``limit`` people of the queue, and their drafts."""
    rows = list(queue.people.head(limit).iter_rows(named=True))
    parts: list[RenderableType] = [Text(queue.say("today.head.title", shop=one_line(queue.shop.name)), style="bold")]
    parts += [Text(line) for line in head_lines(queue, shown=limit)]
    if rows:
        parts += ["", _table(queue, rows) if console.width >= TABLE_FROM else _list(queue, rows)]
    parts += _batches(queue, drafts=drafts)
    if rows and drafts:
        parts += ["", Rule(Text(queue.say("today.head.drafts")), align="left")]
        for place, row in enumerate(rows, 1):
            head = Text(f"{place}. {row['what']} · {orders_of(queue, row, most=MOST_ORDERS)}", style="bold")
            parts += [head, Text(row["draft"]), ""]
    parts += [Text(line, style="dim") for line in tail_lines(queue, shown=limit)]
    for part in parts:
        # a message that is to be copied must not be cut into lines
        console.print(part, soft_wrap=isinstance(part, Text))


def _table(queue: Queue, rows: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column(queue.say("today.column.place"), justify="right", no_wrap=True)
    for name, ratio in (("what", 4), ("orders", None), ("money", None), ("due", 3), ("left", 2), ("do", 6)):
        justify: Any = "right" if name == "money" else "left"
        table.add_column(
            queue.say(f"today.column.{name}"), justify=justify, ratio=ratio, no_wrap=ratio is None, overflow="fold"
        )
    stage = None
    for place, row in enumerate(rows, 1):
        if row["stage"] != stage:
            stage = row["stage"]
            table.add_section()
            table.add_row("", Text(queue.say(f"today.stage.{stage}"), style="bold"))
        table.add_row(str(place), *_cells(queue, row))
    return table


def _cells(queue: Queue, row: dict[str, Any]) -> list[Text]:
    what = Text(row["what"])
    if row["buyer_key"]:
        what.append(f"\n{row['buyer_key'][:8]}", style="dim")
    do = Text(row["do"])
    for note in note_words(queue, row):
        do.append(f"\n{note}", style="dim")
    pressing = row["urgency"] == 0
    return [
        what, Text(_order_lines(row)), Text(_money(queue, row["money"])),
        Text(due_words(queue, row), style="bold" if pressing else ""), Text(left_words(queue, row)), do,
    ]  # fmt: skip


def _order_lines(row: dict[str, Any]) -> str:
    """The first order numbers, one a line, and how many more."""
    named = [one_line(order, longest=60) for order in row["orders"][:MOST_ORDERS]]
    more = len(row["orders"]) - MOST_ORDERS
    return "\n".join([*named, *([f"+{more}"] if more > 0 else [])]) or "–"


def _list(queue: Queue, rows: list[dict[str, Any]]) -> Group:
    """The same without a table, for a narrow terminal."""
    parts: list[RenderableType] = []
    stage = None
    for place, row in enumerate(rows, 1):
        if row["stage"] != stage:
            stage = row["stage"]
            parts.append(Text(queue.say(f"today.stage.{stage}"), style="bold underline"))
        due = clock_words(queue, row)
        parts.append(Text(f"{place}. {row['what']} · {_money(queue, row['money'])} · {due}", style="bold"))
        parts.append(Text(orders_of(queue, row, most=MOST_ORDERS)))
        parts.append(Text(row["do"]))
        parts += [Text(note, style="dim") for note in note_words(queue, row)]
    return Group(*parts)


def _batches(queue: Queue, *, drafts: bool) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for row in queue.batches.iter_rows(named=True):
        told = row | {"title": one_line(row["title"], longest=60), "batch": one_line(row["batch"], longest=60)}
        parts += ["", Text(queue.say("today.batch.title", **told), style="bold")]
        mine = queue.batch_buyers.filter(product_id=row["product_id"], batch=row["batch"])["order_id"].to_list()
        if not mine:
            continue
        named = enumerated((one_line(order, longest=60) for order in mine[:MOST_BATCH_ORDERS]), queue.language)
        key = "today.batch.named_some" if len(mine) > MOST_BATCH_ORDERS else "today.batch.named"
        parts += [Text(queue.say(key, orders=named)), Text(queue.say("today.do.come_forward"))]
        if drafts:
            parts.append(Text(queue.say("today.draft.come_forward", title=one_line(row["title"], longest=40))))
    return parts


def _money(queue: Queue, value: float) -> str:
    return money(value, queue.language, currency=queue.shop.currency)
