"""What is missing in a shop's data, told in the reader's language: for the page on the data and the tour."""

from __future__ import annotations

from aftersales.findings.finding import Finding
from aftersales.sources.account import reason_words
from aftersales.week.loading import Report
from aftersales.week.span import WEEKS_BACK
from aftersales.words.language import catalogue


def gaps_told(report: Report) -> list[tuple[str, str]]:
    """What is lacking in the kinds of data the shop does have: what is the case, and what it costs."""
    found = [(_headline(report, f), _cost(report, f)) for f in report.data.data_findings if _is_gap(f)]
    for row in report.data.other_gaps.iter_rows(named=True):
        kind = f"data_health.table.{row['kind']}"
        key = "data_health.gap" if row["days"] > 1 else "data_health.gap_day"
        values = {"weeks": WEEKS_BACK, "days": row["days"], "first": row["first_day"], "last": row["last_day"]}
        found.append((report.say(key, kind=kind, **values), report.say("data_health.gap_cost")))
    return found


def damage_told(report: Report) -> list[tuple[str, str]]:
    """What leaves nothing to be relied on in the week: what is the case, and what it costs."""
    return [(_headline(report, f), _cost(report, f)) for f in report.data.damage]


def unread_told(report: Report) -> list[tuple[str, str]]:
    """The files that were not read or are held back, and what that costs; said at the top of the overview."""
    found = [f for f in report.data.data_findings if f.kind.startswith(("unread_file", "held_"))]
    return [(_headline(report, f), _cost(report, f)) for f in found]


def absences_told(report: Report) -> list[tuple[str, str]]:
    """The kinds of data the shop has none of: what is the case, and what it costs."""
    return [(_headline(report, f), _cost(report, f)) for f in report.data.data_findings if _is_absence(f)]


def absent_names(report: Report) -> list[str]:
    """The names of the kinds of data the shop has none of."""
    return [report.say(f"data_health.table.{f.scope}") for f in report.data.data_findings if _is_absence(f)]


def layout_words(report: Report, layout: str) -> str:
    """The kind of a file in words: a workbook of several sheets names each, a layout of the shop's own stays."""
    known = catalogue()
    keys = {part: f"data_health.layout.{part}" for part in layout.split(" + ")}
    return " + ".join(report.say(key) if key in known else part for part, key in keys.items())


def _is_absence(finding: Finding) -> bool:
    return finding.kind.startswith("absent_")


def _is_gap(finding: Finding) -> bool:
    return finding.kind != "healthy" and not _is_absence(finding)


def _headline(report: Report, finding: Finding) -> str:
    """A finding's sentence; a reason of reading, a code in the store, is told in words."""
    values = dict(finding.values)
    if "main_reason" in values:
        values["main_reason"] = reason_words(values["main_reason"], report.language)
    return report.say(finding.key, **values)


def _cost(report: Report, finding: Finding) -> str:
    return finding.caution(report.language, currency=report.data.shop.currency) or ""
