"""The ledger of mails: what was meant to be sent, what was handed over, what was sent.

One line a step, appended and flushed to the disk before the step is taken:

- ``intent``: this mail is about to be sent. Nothing of it has left the house.
- ``handing``: the server has its text and waits for the last dot that makes it a mail. Written before that dot is sent.
- ``sent``: the server took responsibility for it. It is never sent again.
- ``refused``, ``open``: the server said no for good, or not yet. It has not been sent; the next run tries again.
- ``again``: somebody wants it sent once more (`aftersales mail --resend`); the next mail gets a name of its own.

A mail is a shop's week for one recipient: another language, subject or report of that week is no other mail.

A process that is killed after ``handing``, or a server that hangs up then, leaves a mail in doubt: nobody can know.
Such a mail is not sent again by itself, and it is named by every run until somebody settles it (`aftersales mail
--in-doubt`), so that none comes twice and none is forgotten. Where lines of the ledger cannot be read, the same holds
for every mail that the rest of it does not know as sent, until a ``settled`` line stands below them.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from filelock import FileLock, Timeout

from aftersales.words.errors import SetupError
from aftersales.words.plain import json_object

State = Literal["intent", "handing", "sent", "refused", "open", "again", "settled"]
STATES: tuple[State, ...] = ("intent", "handing", "sent", "refused", "open", "again", "settled")
_BEGINS = b'{"state": "'


class Key(NamedTuple):
    """What a mail is: the week of a shop for one recipient; ``kind`` tells a notice's reason."""

    shop: str
    week: str
    recipient: str
    kind: str = "week"


@dataclass(frozen=True)
class Known:
    """What the ledger holds: the last state of every mail, how often each was wanted again, and unreadable lines."""

    states: dict[Key, State]
    again: Counter[Key]
    damaged: tuple[int, ...]


@dataclass(frozen=True)
class Ledger:
    """The ledger in one file, a JSON line a step."""

    file: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the ledger alone: of two runs that send at once the second is refused (`SetupError`)."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.file.with_suffix(".lock"), timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise SetupError(
                "Another run is sending mails just now", found=str(self.file), hint="wait until it is done"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def states(self) -> dict[Key, State]:
        """The last state of every mail."""
        return self.known().states

    def known(self) -> Known:
        """Everything the ledger tells. A line that a crash cut off counts as not written: its step was not taken."""
        states: dict[Key, State] = {}
        again: Counter[Key] = Counter()
        damaged: list[int] = []
        for number, line in enumerate(self.read().split(b"\n")[:-1], 1):
            step = _step(line)
            if step is None:
                cut_off = not line.endswith(b"}") and line[: len(_BEGINS)] == _BEGINS[: len(line)]
                damaged += [] if cut_off else [number]
                continue
            state, keys = step
            if state == "settled":
                damaged.clear()
            elif state == "again":
                again.update(keys)
            states |= dict.fromkeys(keys, state)
        return Known(states, again, tuple(damaged))

    def note(
        self, state: State, keys: Iterable[Key], *, message_id: str, answer: str = "", moment: datetime | None = None
    ) -> None:
        """Write one step down and see it on the disk before going on."""
        entry = {
            "state": state, "keys": [list(key) for key in keys], "message_id": message_id, "answer": answer,
            "at": (moment or datetime.now(UTC)).isoformat(timespec="seconds"),
        }  # fmt: skip
        self.append(json.dumps(entry, ensure_ascii=False).encode("utf-8") + b"\n")

    def read(self) -> bytes:
        """All steps so far, a line each; nothing where there is no ledger yet."""
        try:
            return self.file.read_bytes()
        except FileNotFoundError:
            return b""

    def append(self, line: bytes) -> None:
        """Write one more step and see it on the disk."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("ab+") as out:
            if out.seek(0, os.SEEK_END):
                out.seek(-1, os.SEEK_END)
                if out.read(1) != b"\n":
                    out.write(b"\n")
            out.write(line)
            out.flush()
            os.fsync(out.fileno())

    def __str__(self) -> str:
        return str(self.file)


def _step(line: bytes) -> tuple[State, list[Key]] | None:
    """One line's state and mails; None where it is no step. Ledgers of old name a language between week and recipient.

    >>> _step(b'{"state": "sent", "keys": [["demo", "2026-W46", "zh", "a@b.example", "week"]]}')
    ('sent', [Key(shop='demo', week='2026-W46', recipient='a@b.example', kind='week')])
    >>> _step(b'{"state": "sent", "keys": null}')
    """
    entry = json_object(line)
    state, keys = entry.get("state"), entry.get("keys")
    if state not in STATES or not isinstance(keys, list):
        return None
    found = []
    for key in keys:
        if not isinstance(key, list) or len(key) not in (4, 5) or not all(isinstance(part, str) for part in key):
            return None
        found.append(Key(*key[:2], *key[-2:]))
    return state, found
