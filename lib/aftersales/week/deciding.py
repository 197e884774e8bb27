"""A suggestion becomes a decision: who, from when, and the measure it will be judged by, fixed beforehand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from aftersales.sources.recording import record
from aftersales.week.loading import load
from aftersales.words.errors import QuestionError, unknown
from aftersales.words.language import say


def decided(
    shop: str,
    suggestion: str,
    *,
    owner: str,
    effective_from: date,
    measure: str | None = None,
    config: Path | None = None,
    now: datetime | None = None,
) -> list[str]:
    """Write the decision into the shop's ledger; lines that say what was entered and what can be seen of it.

    The suggestion must stand in the shop's last whole week. Deciding it again replaces owner, day and measure.
    """
    if not owner.strip():
        raise QuestionError("A decision needs an owner", hint="name one with --owner")
    report = load(shop, config=str(config) if config else None)
    rows = report.data.suggestions(report.language)
    found = rows.filter(suggestion_id=suggestion)
    if found.is_empty():
        raise unknown("suggestion this week", suggestion, rows["suggestion_id"].to_list())
    row = found.row(0, named=True)
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
    said = say(
        "decide.entered", report.language, decision=entry["decision_id"][0], action=row["action"], owner=owner.strip(),
        day=effective_from, measure=entry["measure"][0], commit=commit.number,
    )  # fmt: skip
    if row["detectable"] is None:
        return [said]
    return [said, say("decide.detectable", report.language, fall=abs(row["detectable"]))]
