"""What the mail says is to be done, and whether what was done before worked: the rows of the pages' own tables."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from aftersales.week.loading import Report
from aftersales.week.sections import did_it_work, policy_and_service
from aftersales.words.language import NOTHING, day

MOST_ACTIONS = 3  # what a reader on a phone keeps, as with conclusions; all stand on their page
MOST_EFFECTS = 3


@dataclass(frozen=True)
class Action:
    """One thing to do: what, by whom, until when, and what it is worth a month; all written."""

    what: str
    owner: str
    due: str
    worth: str


@dataclass(frozen=True)
class Effect:
    """How a decision went: ``change`` is the rate before and after (empty where unknown), ``said`` the verdict."""

    what: str
    change: str
    said: str
    tone: str


@dataclass(frozen=True)
class Doing:
    """The first actions of a week and the newest decisions before it, each under a sentence that counts all."""

    actions_title: str = ""
    actions: tuple[Action, ...] = ()
    number_of_actions: int = 0
    effects_title: str = ""
    effects: tuple[Effect, ...] = ()


def week_actions(report: Report) -> Doing:
    """Suggestions with owner and day, the best first; verdicts on decisions, the newest first."""
    todo = policy_and_service.Actions(report).todo().frame
    judged = did_it_work.Decisions(report).verdicts().frame
    title = report.say("mail.effects", count=judged.height) if judged.height else ""
    return Doing(
        _actions_title(report), tuple(_action(row, report) for row in todo.head(MOST_ACTIONS).iter_rows(named=True)),
        todo.height, title, tuple(_effect(row) for row in judged.head(MOST_EFFECTS).iter_rows(named=True)),
    )  # fmt: skip


def _actions_title(report: Report) -> str:
    rows = policy_and_service.Actions(report).to_do()
    low, high = (rows[c].cast(pl.Float64).sum() for c in ("benefit_low", "benefit_high"))
    return report.say("mail.actions", count=rows.height, low=low, high=high) if rows.height else ""


def _action(row: dict, report: Report) -> Action:
    return Action(row["action"], row["owner"] or NOTHING, day(row["due"], report.language), row["worth"] or NOTHING)


def _effect(row: dict) -> Effect:
    known = row["before"] is not None and row["after"] is not None
    return Effect(row["action"], row["change"] if known else "", row["said"], row["tone"])
