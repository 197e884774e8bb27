"""How one line of the queue is told, the same on the terminal, in a chat group and in the file handed out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aftersales.findings.drafts import order_words
from aftersales.tables.columns import known_total
from aftersales.words.language import clock, run_on
from aftersales_app.today.queue import Queue

# The weightiest contradictions; the page tells them all.
MOST_AGAINST = 2


def due_words(queue: Queue, row: dict[str, Any]) -> str:
    """The deadline of a row, with a mark where the file named none or the clock has passed it."""
    if row["due_at"] is None:
        return queue.say("today.due.none")
    usual = "" if row["from_file"] else queue.say("today.due.usual")
    return clock(row["due_at"], queue.language) + usual


def left_words(queue: Queue, row: dict[str, Any]) -> str:
    """How long is left until it; and whether the real clock has passed it meanwhile."""
    if row["hours_left"] is None:
        return ""
    key = "today.due.passed" if row["hours_left"] < 0 else "today.due.left"
    said = queue.say(key, hours=abs(row["hours_left"]))
    passed_since: bool = row["hours_left"] >= 0 and row["due_at"] < queue.moment.clock
    stale = queue.moment.taken_from == "data" and passed_since
    return f"{said} {queue.say('today.due.passed_by_clock')}" if stale else said


def note_words(queue: Queue, row: dict[str, Any]) -> list[str]:
    """What the team should know beside what to do: case, state, offer, further matters. Never for buyers."""
    notes = []
    if row["case_id"]:
        notes.append(queue.say("today.why.case", case=row["case_id"], probability=row["case_probability"]))
    if row["against"]:
        notes.append(queue.say("today.why.against", what=run_on(row["against"][:MOST_AGAINST], queue.language)))
    if row["case_state"]:
        notes.append(queue.say("today.why.state", state=f"case.state.{row['case_state']}"))
    if row["offer"]:
        notes.append(row["offer"])
    if row["also"]:
        gap = "、" if queue.language == "zh" else "; "
        notes.append(queue.say("today.why.also", what=gap.join(queue.say(f"today.situation.{s}") for s in row["also"])))
    return notes


def orders_of(queue: Queue, row: dict[str, Any], *, most: int) -> str:
    """The order numbers of a row."""
    return order_words(row["orders"], queue.language, most=most)


def moment_words(queue: Queue) -> str:
    """Which moment counts as now, and where the files end."""
    moment = queue.moment
    until = {"until": moment.data_until, "now": moment.now, "age": abs(moment.age_hours)}
    return queue.say(f"today.head.now_{moment.taken_from}", **until)


def clock_words(queue: Queue, row: dict[str, Any]) -> str:
    """Until when, and how long that is."""
    return " ".join(w for w in (due_words(queue, row), left_words(queue, row)) if w)


def head_lines(queue: Queue, *, shown: int) -> list[str]:
    """What stands above the queue: which moment counts, how many, how much, and what is not in the list."""
    moment, people = queue.moment, queue.people
    lines = [*queue.said, moment_words(queue)]
    if moment.taken_from == "given" and moment.now < moment.data_until:
        lines.append(queue.say("today.head.ahead"))
    if people.is_empty():
        lines.append(queue.say("today.head.nothing"))
    else:
        soon = people.filter(people["hours_left"].is_between(0, 24).fill_null(value=False)).height
        lines.append(
            queue.say(
                "today.head.counts",
                people=people.height,
                unshipped=(people["stage"] == 1).sum(),
                coming=(people["stage"] == 2).sum(),
                money=known_total(people["money"]),
                soon=soon,
            )
        )
    if people.height > shown:
        rest = people.slice(shown)
        first = rest.filter(rest["hours_left"] >= 0)["due_at"].min()
        key = "today.head.left_out" if isinstance(first, datetime) else "today.head.left_out_no_due"
        lines.append(queue.say(key, shown=shown, rest=rest.height, money=known_total(rest["money"]), first=first))
    if queue.to_ship[0]:
        lines.append(queue.say("today.head.to_ship", n=queue.to_ship[0], first=queue.to_ship[1]))
    if queue.waiting:
        lines.append(queue.say("today.head.waiting", n=queue.waiting))
    return lines


def tail_lines(queue: Queue, *, shown: int) -> list[str]:
    """What stands below it: marks explained, files that are lacking, how to record a talk, how long all this took."""
    lines = []
    if not queue.people.head(shown)["from_file"].fill_null(value=True).all():
        lines.append(queue.say("today.due.usual_note"))
    if queue.people.head(shown)["case_id"].is_not_null().any():
        lines += [queue.say("today.head.suspicion"), queue.say("today.head.record", shop=queue.shop.id)]
    took = queue.say("today.head.took", seconds=queue.seconds, importing=queue.import_seconds)
    return [*lines, *queue.lacking, took]
