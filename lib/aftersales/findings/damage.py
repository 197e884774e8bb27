"""What is missing or damaged in the data that a week's figures rest on: such figures are marked and raise no alarm."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import polars as pl

from aftersales.findings.finding import Finding
from aftersales.findings.weekly_measures import WEEKLY
from aftersales.words.periods import Week, week_label

# One row in fifty missing shifts a refund rate by less than its own interval; many more would not.
DAMAGED_FROM = 0.02
# Most refund requests on a week's orders come in that week and the two after it.
FOLLOWING_WEEKS = 2
DAYS_A_WEEK = 7


def damages(findings: Iterable[Finding], *, week: Week) -> list[Finding]:
    """Those findings on the data (`health.data_health`) that leave nothing to be relied on in the week, in their order.

    Days of the week without any order, a last day cut short, a refund report that ends early or is not there, files
    that do not add up, and `DAMAGED_FROM` or more of the refunds or complaints on unknown orders.

    >>> cut = Finding("cut_day", "orders", "health.cut_day", {"day": Week.parse("2026-W46").sunday}, pl.DataFrame())
    >>> len(damages([cut], week=Week.parse("2026-W46"))), len(damages([cut], week=Week.parse("2026-W47")))
    (1, 0)
    """
    return [finding for finding in findings if _damaging(finding, week)]


def _damaging(finding: Finding, week: Week) -> bool:
    values = finding.values
    if finding.kind in ("gap", "gap_day"):
        return values["first_day"] <= week.sunday and values["last_day"] >= week.monday
    if finding.kind == "cut_day":
        return week.monday <= values["day"] <= week.sunday
    if finding.kind in ("unknown_refunds", "unknown_complaints"):
        return values["share_unknown"] >= DAMAGED_FROM
    return finding.kind in ("refunds_end", "unbalanced", "no_refunds")


def lacking_weeks(findings: Iterable[Finding]) -> pl.DataFrame:
    """The weeks of each measure that rest on days which, by the findings on the data, the files lack.

    These are days without any order, a last day cut short, and those after the end of a refund report that ends early.
    Columns out: measure, week ("2026-W46"), none_left (Bool: a kind of data lacks the whole week itself, so that
    nothing seen there is no nought). Sorted by measure, week.

    >>> from datetime import date
    >>> values = {"refunds_day": date(2026, 11, 13), "orders_day": date(2026, 11, 22)}
    >>> found = lacking_weeks([Finding("refunds_end", "refunds", "health.refunds_end", values, pl.DataFrame())])
    >>> found.filter(measure="refund_rate_orders").select("week", "none_left").rows()
    [('2026-W44', False), ('2026-W45', False), ('2026-W46', False), ('2026-W47', True)]
    >>> found.filter(measure="handling_hours_median")["week"].to_list()
    ['2026-W46', '2026-W47']
    """
    spans = [span for finding in findings if (span := _lacking_days(finding))]
    days = pl.DataFrame(spans, schema={"kind": pl.String, "first": pl.Date, "last": pl.Date}, orient="row")
    weeks = days.select("kind", day=pl.date_ranges("first", "last")).explode("day").drop_nulls()
    weeks = weeks.group_by("kind", week=pl.col("day").dt.truncate("1w")).agg(days=pl.col("day").n_unique())
    pairs = [
        (name, kind, back)
        for name, measure in WEEKLY.items()
        for kind in measure.rests_on  # what came in the weeks after belongs to rates by payment week, too
        for back in range(FOLLOWING_WEEKS + 1 if measure.later and kind != "orders" else 1)
    ]
    rests = pl.DataFrame(pairs, schema={"measure": pl.String, "kind": pl.String, "back": pl.Int64}, orient="row")
    return (
        weeks.join(rests, on="kind")
        .group_by("measure", week=pl.col("week") - pl.duration(weeks=pl.col("back")))
        .agg(none_left=((pl.col("days") >= DAYS_A_WEEK) & (pl.col("back") == 0)).any())
        .with_columns(week=week_label("week"))
        .sort("measure", "week")
    )


def _lacking_days(finding: Finding) -> tuple[str, date, date] | None:
    """Of which kind of data, and from when to when, a finding says that days are lacking."""
    values = finding.values
    if finding.kind in ("gap", "gap_day"):
        return "orders", values["first_day"], values["last_day"]
    if finding.kind == "cut_day":
        return "orders", values["day"], values["day"]
    if finding.kind == "refunds_end":
        return "refunds", values["refunds_day"] + timedelta(days=1), values["orders_day"]
    return None
