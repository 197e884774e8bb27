"""A suggestion becomes a decision: who, from when, and the measure it will be judged by, fixed beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from aftersales.advice.decisions import told_apart_from
from aftersales.advice.suggest import spoken_measure
from aftersales.advice.verdicts import WEEKS_AFTER
from aftersales.sources.recording import record
from aftersales.week.loading import load
from aftersales.words.errors import QuestionError, unknown
from aftersales.words.language import Language, say

# Four fifths of the requests of a week have come about this long after it.
SETTLING = timedelta(weeks=2)


def decided(
    shop: str,
    suggestion: str,
    *,
    owner: str,
    effective_from: date,
    measure: str | None = None,
    change: bool = False,
    config: Path | None = None,
    now: datetime | None = None,
) -> list[str]:
    """Write the decision into the shop's ledger; lines that say what was entered and what can be seen of it.

    The suggestion must stand in the shop's last whole week. One that is decided already is refused, or with ``change``
    gets another owner, day and measure. The lines say the least effect that could be seen at all beside what is hoped
    for, when to look, and which other decisions on the same thing it could not be told apart from.
    """
    if not owner.strip():
        raise QuestionError("A decision needs an owner", hint="name one with --owner")
    report = load(shop, config=str(config) if config else None)
    rows = report.data.suggestions(report.language)
    found = rows.filter(suggestion_id=suggestion)
    if found.is_empty():
        raise unknown("suggestion this week", suggestion, rows["suggestion_id"].to_list())
    row = found.row(0, named=True)
    ledger = report.data.tables["decisions"].collect()  # those of today too, which the week's page does not judge yet
    before = ledger.filter(pl.col("suggestion_id") == suggestion)
    if before.height and not change:
        entered = before.row(0, named=True)
        raise QuestionError(
            f"{suggestion} is in the ledger already",
            found=f"{entered['owner']}, from {entered['effective_from']}, decided on {entered['decided_on']}",
            hint="add --change to enter another owner, day or measure for it",
        )
    moment = now or datetime.now(UTC)
    entry = pl.DataFrame(
        {
            "decision_id": [suggestion.replace("suggestion-", "decision-", 1)], "suggestion_id": [suggestion],
            "lever": [row["lever"]], "scope": [row["scope"]], "owner": [owner.strip()],
            "decided_on": [moment.astimezone(report.data.shop.tz).date()], "effective_from": [effective_from],
            "measure": [measure or row["measure"]], "expected_low": [row["expected_change"]],
            "expected_high": [row["expected_change"]],
        },
        schema_overrides={"expected_low": pl.Float64, "expected_high": pl.Float64, "measure": pl.String},
    )  # fmt: skip
    commit = record(
        report.data.settings, report.data.shop, "decisions", entry, action=f"decide {suggestion}", now=moment
    )
    measured = spoken_measure(entry["measure"][0], say("advice.page.it", report.language), report.language)
    said = say(
        "decide.entered", report.language, decision=entry["decision_id"][0], action=row["action"], owner=owner.strip(),
        day=effective_from, measure=measured, commit=commit.number,
    )  # fmt: skip
    others = told_apart_from(
        ledger, report.data.tables["orders"], scope=row["scope"], effective_from=effective_from,
        decision_id=entry["decision_id"][0],
    )  # fmt: skip
    return [said, *_what_can_be_seen(row, effective_from, report.language), *_not_apart(others, report.language)]


def _what_can_be_seen(row: Mapping[str, Any], start: date, language: Language) -> list[str]:
    """The least effect that could be told from chance, beside what is hoped for, and when one may look."""
    first = start + timedelta(weeks=WEEKS_AFTER) + SETTLING
    look = say("decide.look", language, day=first)
    if row["detectable"] is None:
        return [say("decide.not_judged", language)]
    fall, hoped = abs(row["detectable"]), abs(row["expected_change"] or 0.0)
    lines = [say("decide.detectable", language, fall=fall, hoped=hoped), look]
    if hoped < fall:
        lines.append(say("decide.too_small", language))
    return lines


def _not_apart(others: list[str], language: Language) -> list[str]:
    return [say("decide.overlap", language, others=others)] if others else []
