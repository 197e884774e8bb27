"""Whether a shop's week may be mailed to its managers: damaged, late or missing data never make a normal mail."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from aftersales.findings.damage import DAMAGED_FROM
from aftersales.findings.headline import week_verdict
from aftersales.week.loading import Report
from aftersales.words.language import Language, say
from aftersales_app.reports.place import FAILED_ATTEMPT, read_record


def report_reasons(folder: Path, language: Language) -> list[str]:
    """Why the report in that folder cannot be mailed: it is not there, or it or its latest attempt failed."""
    record = read_record(folder / FAILED_ATTEMPT) or read_record(folder)
    if not record:
        return [say("mail.notice.no_report", language)]
    if record.get("status") != "ok":
        return [say("mail.notice.failed_report", language, reason=str(record.get("reason") or "–").rstrip("。."))]
    return []


def data_reasons(report: Report) -> list[str]:
    """Why the data of the report's week are not fit for a normal mail; empty where they are.

    They are not where the data end before the week does, where days of the week without any order, a last day cut
    short, a refund report that ends early or files that do not add up are among the findings on the data, where
    `DAMAGED_FROM` or more of the week's rows were set aside, where there are no refunds at all or as many are of
    unknown orders, and where nothing can be said of any measure.
    """
    data, last = report.data, report.data.tables.last_day
    if last is None:
        return [report.say("mail.notice.no_data")]
    reasons = []
    if last < data.week.sunday:
        reasons.append(report.say("mail.notice.data_end", day=last, sunday=data.week.sunday))
    reasons += [finding.headline(report.language, currency=data.shop.currency) for finding in data.damage]
    reasons += _set_aside(report)
    if week_verdict(data.signals, week=data.week).key == "verdict_of_week.no_data":
        reasons.append(report.say("mail.notice.no_data"))
    return reasons


def _set_aside(report: Report) -> list[str]:
    """Rows that could not be taken, of the files that reach into the week."""
    monday = report.data.week.monday
    files = report.data.files_account.filter(
        pl.col("last_at").is_null() | (pl.col("last_at").dt.date() >= monday), pl.col("rows_read") > 0
    )
    rows, aside = (int(files[name].sum()) for name in ("rows_read", "rows_set_aside"))
    if not rows or aside / rows < DAMAGED_FROM:
        return []
    return [report.say("mail.notice.set_aside", rows=rows, aside=aside, share=aside / rows)]
