"""The ledger of mails: what was meant to be sent, what was handed over, what was sent.

One line a step, appended and flushed to the disk before the step is taken:

- ``intent``: this mail is about to be sent. Nothing of it has left the house.
- ``handing``: the server has its text and waits for the last dot that makes it a mail. Written before that dot is sent.
- ``sent``: the server took responsibility for it. It is never sent again.
- ``refused``, ``open``: the server said no for good, or not yet. It has not been sent; the next run tries again.

A process that is killed after ``handing`` and before the next line leaves a mail in doubt, for the length of one answer
of the server: nobody can know. Such a mail is not sent again by itself, and it is named by every run until somebody
settles it (`aftersales mail --in-doubt`), so that none comes twice and none is forgotten.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from filelock import FileLock, Timeout

from aftersales.words.errors import SetupError

State = Literal["intent", "handing", "sent", "refused", "open"]
STATES: tuple[State, ...] = ("intent", "handing", "sent", "refused", "open")


class Key(NamedTuple):
    """What a mail is: the week of a shop, in one language, for one recipient; ``kind`` tells a notice's reason."""

    shop: str
    week: str
    language: str
    recipient: str
    kind: str = "week"


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
        """The last state of every mail.

        A last line that was cut off counts as not written: its step was not taken. Any other damage is a `SetupError`,
        because a ledger that cannot be read must not make mails go out twice.
        """
        lines = self.read().split(b"\n")
        found: dict[Key, State] = {}
        for number, line in enumerate(lines[:-1], 1):
            if not line:
                continue
            try:
                entry = json.loads(line)
                state, keys = entry["state"], [Key(*key) for key in entry["keys"]]
                if state not in STATES:
                    raise ValueError(state)
            except (ValueError, KeyError, TypeError):
                if not line.endswith(b"}"):
                    continue  # cut off by a crash, with the next run's entry on a line of its own
                raise SetupError(
                    f"The ledger of mails is damaged in line {number}", found=str(self),
                    hint="restore the file, or mend that line by hand",
                ) from None  # fmt: skip
            found |= dict.fromkeys(keys, state)
        return found

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
