"""The ledger of mails in object storage: nothing can be appended there, so each run writes a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from aftersales.sources.lock import LAPSE_SECONDS, RENEW_SECONDS, lease
from aftersales.sources.storage import Folder
from aftersales.words.errors import SetupError
from aftersales_app.mail.ledger import Key, Ledger, State

_LOCK = "ledger.lock"


def _named() -> str:
    return f"ledger/{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{uuid4().hex[:8]}.jsonl"


@dataclass(frozen=True)
class StoredLedger(Ledger):
    """The ledger under a folder in object storage; a step is written once the whole file of this run is there again.

    A run's file holds its own steps only, so that it stays small; the files of all runs, by their time, are the ledger.
    """

    folder: Folder = field(default_factory=lambda: Folder(""))
    name: str = field(default_factory=_named)
    steps: list[bytes] = field(default_factory=list)
    fences: list[Callable[[], None]] = field(default_factory=list)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the ledger alone: of two runs that send at once the second is refused (`SetupError`)."""
        told = SetupError("Another run is sending mails just now", found=str(self), hint="wait until it is done")
        with lease(self.folder, _LOCK, wait_seconds=LAPSE_SECONDS + RENEW_SECONDS, told=told, patient=False) as held:
            self.fences.append(held)
            try:
                yield
            finally:
                self.fences.remove(held)

    def __str__(self) -> str:
        return self.folder.join("ledger")

    def read(self) -> bytes:
        """All steps of all runs, a line each."""
        return b"".join(self.folder.read(name) for name in self.folder.names("ledger/"))

    def note(
        self, state: State, keys: Iterable[Key], *, message_id: str, answer: str = "", moment: datetime | None = None
    ) -> None:
        """Write one step down; `SetupError` before a mail is handed over where another run has taken the ledger over.

        A run that stood still is taken for dead, and the other one sends what it had not sent.
        """
        if state == "handing":
            for still_held in self.fences:
                still_held()
        super().note(state, keys, message_id=message_id, answer=answer, moment=moment)

    def append(self, line: bytes) -> None:
        """Write one more step; it is in storage when this returns."""
        self.steps.append(line)
        self.folder.write(self.name, b"".join(self.steps))


def stored_ledger(reports: str, name: str) -> StoredLedger:
    """The ledger that lies with the reports in object storage."""
    return StoredLedger(Path(), Folder(Folder(reports).join(name)))
