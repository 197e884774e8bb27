"""The states of a case: which may follow which, and why another may not."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType

from aftersales.tables.values import CASE_STATE
from aftersales.words.errors import QuestionError, unknown

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
    """The state that a case enters, where it may; otherwise a `QuestionError` that says why not and what may follow.

    ``before`` is the case's last recorded state (None: nothing was recorded, so it is new) and ``last_at`` when that
    was. A settlement needs a note (what was agreed), and so does whatever lays a case aside (why).

    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 20, tzinfo=UTC)
    >>> next_state("filed", "won", note=None, at=at), next_state(None, "contacted", note="asked why", at=at)
    ('won', 'contacted')
    >>> next_state("new", "won", note=None, at=at)
    Traceback (most recent call last):
    aftersales.words.errors.QuestionError: A case that is new cannot become won: the platform decides what was filed \
with it; record `filed` first. Found: new; contacted, settled, filed, innocent, dropped may follow.
    """
    if state not in CASE_STATE:
        raise unknown("case state", state, CASE_STATE)
    now = before or "new"
    if state not in FOLLOWS[now]:
        why = _NEEDS.get(state, f"after {now} comes no {state}")
        hint = None if "new" not in FOLLOWS[now] else "a mistake is taken back by --state new with a note"
        raise QuestionError(
            f"A case that is {now} cannot become {state}: {why}",
            found=f"{now}; {', '.join(FOLLOWS[now])} may follow", hint=hint,
        )  # fmt: skip
    needs_note = state in NOTE_NEEDED or state == "new"
    if needs_note and not (note or "").strip():
        what = {"settled": "what was agreed", "new": "why it is opened again"}.get(state, "why")
        raise QuestionError(f"The state {state} needs a note that says {what}", hint="add it with --note")
    if last_at is not None and at <= last_at:
        raise QuestionError(
            "A state must be later than the one before it",
            found=f"{at:%Y-%m-%d %H:%M}, but {now} was recorded for {last_at:%Y-%m-%d %H:%M}",
            hint="leave --at out, or give a later time",
        )  # fmt: skip
    return state
