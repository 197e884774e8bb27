"""`aftersales case --state`: what became of a case enters the store, with what the case held then."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from aftersales.cases.case import Case
from aftersales.cases.states import next_state
from aftersales.sources.recording import record_all
from aftersales.week.loading import Report, load
from aftersales.words.errors import QuestionError
from aftersales.words.language import say
from aftersales.words.periods import in_zone

_TIME_FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d")


def recorded(
    shop: str, case_id: str, *, state: str, note: str | None = None, by: str | None = None, at: str | None = None,
    config: Path | None = None, now: datetime | None = None,
) -> list[str]:  # fmt: skip
    """Record that a case entered a state; lines that say what was entered and what follows from it.

    ``at`` is when it happened, in the shop's time (2026-11-20 14:30, or a day); without it, now. `QuestionError` for an
    unknown case, a state that may not follow, a time that is not later than the last one's, or lies ahead.
    """
    report = load(shop, config=str(config) if config else None)
    case = report.data.case(case_id)
    moment = now or datetime.now(UTC)
    when = _when(at, report, moment)
    past = report.data.case_outcomes.filter(pl.col("case_id") == case.id)
    before, last_at = (past["state"][0], past["at"][0]) if past.height else (None, None)
    next_state(before, state, note=note, at=when, last_at=last_at)
    row = pl.DataFrame(
        {"case_id": [case.id], "at": [when], "state": [state], "note": [_text(note)], "by": [_text(by)]},
        schema_overrides={"note": pl.String, "by": pl.String, "at": pl.Datetime("us", report.data.shop.zone)},
    )
    tables = {"cases": row}
    if case.members().height:
        tables["case_members"] = case.members()
    commit = record_all(report.data.settings, report.data.shop, tables, action=f"case {case.id} {state}", now=moment)
    return _lines(report, case, name=case_id, state=state, before=before or "new", commit=commit.number)


def _when(at: str | None, report: Report, moment: datetime) -> datetime:
    zone = report.data.shop.tz
    if at is None:
        return moment.astimezone(zone).replace(microsecond=0)
    for shape in _TIME_FORMATS:
        try:
            when = in_zone(datetime.strptime(at.strip(), shape), zone)
        except ValueError:
            continue
        if when > moment:
            raise QuestionError("A state cannot be entered ahead of its time", found=at)
        return when
    raise QuestionError("A moment is written like 2026-11-20 14:30", found=f"'{at}'")


def _text(value: str | None) -> str | None:
    return (value or "").strip() or None


def _lines(report: Report, case: Case, *, name: str, state: str, before: str, commit: int) -> list[str]:
    language = report.language
    said = [
        say("case.entered", language, case=case.id, before=f"case.state.{before}", state=f"case.state.{state}",
            commit=commit)
    ]  # fmt: skip
    if case.id != name.strip():
        said.insert(0, say("case.meant", language, name=name.strip(), case=case.id, orders=len(case.orders)))
    if state == "innocent":
        keys = report.data.tables["orders"].filter(pl.col("order_id").is_in(list(case.orders)))
        buyers = keys.select(pl.col("buyer_key").drop_nulls().n_unique()).collect().item()
        key = "case.allowed" if buyers else "case.allowed_orders"
        said.append(say(key, language, buyers=buyers, orders=len(case.orders)))
    return said
