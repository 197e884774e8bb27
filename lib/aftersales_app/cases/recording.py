"""`aftersales case --state`: what became of a case enters the store, with what the case held then.

Which state may follow which stands here too, with the reason why another may not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import polars as pl

from aftersales.cases.case import Case
from aftersales.sources.recording import record_all
from aftersales.tables.values import CASE_STATE
from aftersales.week.loading import Report, load
from aftersales.words.errors import UsageError, unknown
from aftersales.words.language import say
from aftersales.words.periods import in_zone

# What the platform decides follows only what was filed with it; whoever is contacted or heard again may be so again,
# with another note. Any case may turn out innocent, whatever was decided. "new" after another state opens a case again
# that was closed by mistake.
FOLLOWS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType({
    "new": ("contacted", "settled", "filed", "innocent", "dropped"),
    "contacted": ("contacted", "settled", "filed", "innocent", "dropped", "new"),
    "settled": ("contacted", "filed", "innocent", "new"),
    "filed": ("filed", "settled", "won", "partly_won", "lost", "innocent", "dropped", "new"),
    "won": ("appealed", "innocent", "new"),
    "partly_won": ("appealed", "innocent", "new"),
    "lost": ("appealed", "innocent", "dropped", "new"),
    "appealed": ("appealed", "settled", "won", "partly_won", "lost", "innocent", "dropped", "new"),
    "innocent": ("contacted", "new"),
    "dropped": ("contacted", "filed", "innocent", "new"),
})  # fmt: skip
# Why a state may not come yet: what has to be recorded before it.
_NEEDS: MappingProxyType[str, str] = MappingProxyType({
    "won": "the platform decides what was filed with it; record `filed` first",
    "partly_won": "the platform decides what was filed with it; record `filed` first",
    "lost": "the platform decides what was filed with it; record `filed` first",
    "appealed": "only a decision is appealed against; record `won`, `partly_won` or `lost` first",
    "new": "it is new already",
})  # fmt: skip
# States that close a matter in a way that the next reader must be able to understand.
NOTE_NEEDED = ("settled", "innocent", "dropped")


def next_state(
    before: str | None, state: str, *, note: str | None, at: datetime, last_at: datetime | None = None
) -> str:
    """The state that a case enters, where it may; otherwise a `UsageError` that says why not and what may follow.

    ``before`` is the case's last recorded state (None: nothing was recorded, so it is new) and ``last_at`` when that
    was. A settlement needs a note (what was agreed), and so does whatever lays a case aside (why).

    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 20, tzinfo=UTC)
    >>> next_state("filed", "won", note=None, at=at), next_state(None, "contacted", note="asked why", at=at)
    ('won', 'contacted')
    >>> next_state("new", "won", note=None, at=at)
    Traceback (most recent call last):
    aftersales.words.errors.UsageError: A case that is new cannot become won: the platform decides what was filed \
with it; record `filed` first. Found: new; contacted, settled, filed, innocent, dropped may follow.
    """
    if state not in CASE_STATE:
        raise unknown("case state", state, CASE_STATE)
    now = before or "new"
    if state not in FOLLOWS[now]:
        why = _NEEDS.get(state, f"after {now} comes no {state}")
        hint = None if "new" not in FOLLOWS[now] else "a mistake is taken back by --state new with a note"
        raise UsageError(
            f"A case that is {now} cannot become {state}: {why}",
            found=f"{now}; {', '.join(FOLLOWS[now])} may follow",
            hint=hint,
        )
    needs_note = state in NOTE_NEEDED or state == "new"
    if needs_note and not (note or "").strip():
        what = {"settled": "what was agreed", "new": "why it is opened again"}.get(state, "why")
        raise UsageError(f"The state {state} needs a note that says {what}", hint="add it with --note")
    if last_at is not None and at <= last_at:
        raise UsageError(
            "A state must be later than the one before it",
            found=f"{at:%Y-%m-%d %H:%M}, but {now} was recorded for {last_at:%Y-%m-%d %H:%M}",
            hint="leave --at out, or give a later time",
        )
    return state


_TIME_FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d")


def recorded(
    shop: str,
    case_id: str,
    *,
    state: str,
    note: str | None = None,
    by: str | None = None,
    at: str | None = None,
    config: Path | None = None,
    now: datetime | None = None,
) -> list[str]:
    """Record that a case entered a state; lines that say what was entered and what follows from it.

    ``at`` is when it happened, in the shop's time (2026-11-20 14:30, or a day); without it, now. `UsageError` for an
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
            raise UsageError("A state cannot be entered ahead of its time", found=at)
        return when
    raise UsageError("A moment is written like 2026-11-20 14:30", found=f"'{at}'")


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
