"""A suggestion becomes a decision, or an earlier one is taken back: who, from when, and the measure that judges it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from aftersales.advice.decisions import WITHDRAWAL, decision_name, told_apart_from, with_levers
from aftersales.advice.suggest import spoken_measure
from aftersales.advice.verdicts import WEEKS_AFTER
from aftersales.sources.recording import record
from aftersales.week.loading import Report, load
from aftersales.words.errors import UsageError, unknown
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
    _check_owner(owner)
    report = load(shop, config=str(config) if config else None)
    rows = report.data.suggestions(report.language)
    found = rows.filter(suggestion_id=suggestion)
    if found.is_empty():
        raise unknown("suggestion this week", suggestion, rows["suggestion_id"].to_list())
    row = found.row(0, named=True)
    ledger = report.data.tables["decisions"].collect()  # those of today too, which the week's page does not judge yet
    _check_new(ledger.filter(pl.col("suggestion_id") == suggestion), suggestion, change=change)
    moment = now or datetime.now(UTC)
    entry = pl.DataFrame(
        {
            "decision_id": [suggestion.replace("suggestion-", "decision-", 1)],
            "suggestion_id": [suggestion],
            "lever": [row["lever"]],
            "scope": [row["scope"]],
            "owner": [owner.strip()],
            "decided_on": [moment.astimezone(report.data.shop.tz).date()],
            "effective_from": [effective_from],
            "measure": [measure or row["measure"]],
            "expected_low": [row["expected_change"]],
            "expected_high": [row["expected_change"]],
        },
        schema_overrides={"expected_low": pl.Float64, "expected_high": pl.Float64, "measure": pl.String},
    )
    said = _entered(report, entry, row["action"], command=f"decide {suggestion}", now=moment)
    others = told_apart_from(
        ledger,
        report.data.tables["orders"],
        scope=row["scope"],
        effective_from=effective_from,
        decision_id=entry["decision_id"][0],
    )
    return [said, *_what_can_be_seen(row, effective_from, report.language), *_not_apart(others, report.language)]


def withdrawn(
    shop: str,
    decision: str,
    *,
    owner: str,
    effective_from: date,
    change: bool = False,
    config: Path | None = None,
    now: datetime | None = None,
) -> list[str]:
    """Write into the ledger that an earlier decision is taken back; lines that say what was entered.

    It is judged as any decision is: by the same measure, on the same thing, from its own day.
    """
    _check_owner(owner)
    report = load(shop, config=str(config) if config else None)
    ledger = report.data.tables["decisions"].collect()
    taken = ledger.filter(~pl.col("lever").str.starts_with(WITHDRAWAL).fill_null(value=False))
    found = taken.filter(decision_id=decision)
    if found.is_empty():
        raise unknown("decision in the ledger", decision, taken["decision_id"].to_list())
    entry_id = f"withdrawal-{decision}"
    _check_new(ledger.filter(decision_id=entry_id), entry_id, change=change)
    moment = now or datetime.now(UTC)
    entry = found.select(ledger.columns).with_columns(
        decision_id=pl.lit(entry_id),
        suggestion_id=pl.lit(decision),
        owner=pl.lit(owner.strip()),
        lever=pl.lit(WITHDRAWAL) + pl.coalesce("lever", "decision_id"),
        decided_on=pl.lit(moment.astimezone(report.data.shop.tz).date()),
        effective_from=pl.lit(effective_from),
        expected_low=pl.lit(None, dtype=pl.Float64),
        expected_high=pl.lit(None, dtype=pl.Float64),
    )
    named = with_levers(entry, report.data.tables["orders"]).row(0, named=True) | {"title": None}
    action = decision_name(named, report.language).rstrip(": ：")
    return [_entered(report, entry, action, command=f"withdraw {decision}", now=moment)]


def _entered(report: Report, entry: pl.DataFrame, action: str, *, command: str, now: datetime) -> str:
    """Write the row into the ledger, and say so."""
    commit = record(report.data.settings, report.data.shop, "decisions", entry, action=command, now=now)
    row, it = entry.row(0, named=True), say("advice.page.it", report.language)
    return say(
        "decide.entered",
        report.language,
        decision=row["decision_id"],
        action=action,
        owner=row["owner"],
        day=row["effective_from"],
        commit=commit.number,
        measure=spoken_measure(row["measure"], it, report.language) if row["measure"] else "–",
    )


def _check_owner(owner: str) -> None:
    if not owner.strip():
        raise UsageError("A decision needs an owner", hint="name one with --owner")


def _check_new(before: pl.DataFrame, name: str, *, change: bool) -> None:
    if before.height and not change:
        entered = before.row(0, named=True)
        raise UsageError(
            f"{name} is in the ledger already",
            found=f"{entered['owner']}, from {entered['effective_from']}, decided on {entered['decided_on']}",
            hint="add --change to enter another owner, day or measure for it",
        )


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
