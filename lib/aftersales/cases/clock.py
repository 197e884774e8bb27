"""The clock of a case: by when what must be done, by the export files' own deadlines and no other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from aftersales.cases.records import Records


@dataclass(frozen=True)
class Deadline:
    """``what``: evidence (举证截止) or answer (超时时间), ``of`` a complaint or refund; ``over``: past."""

    what: str
    of: str
    at: datetime
    over: bool


def deadlines(records: Records, *, known_until: datetime) -> tuple[Deadline, ...]:
    """Deadlines of complaints and refunds that are not closed by ``known_until``, the earliest first.

    A case already finished has none left. Where the files name none there is none: what platforms usually allow is no
    substitute for the export's own clock.
    """
    found = []
    open_refund = pl.col("finished_at").is_null() | (pl.col("finished_at") > known_until)
    for row in records.refunds.filter(open_refund).iter_rows(named=True):
        found += [
            ("answer", row["refund_id"], row["deadline_at"]),
            ("evidence", row["refund_id"], row["evidence_due_at"]),
        ]
    open_complaint = pl.col("closed_at").is_null() | (pl.col("closed_at") > known_until)
    for row in records.complaints.filter(open_complaint).iter_rows(named=True):
        found.append(("evidence", row["complaint_id"], row["evidence_due_at"]))
    named = [Deadline(what, of, at, at <= known_until) for what, of, at in found if at is not None]
    return tuple(sorted(named, key=lambda d: (d.over, d.at, d.of)))
