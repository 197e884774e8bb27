"""What the overview gathers from other pages: cases, actions and how the last ones did, customers' words, the data."""

from __future__ import annotations

from dataclasses import asdict, replace

import polars as pl

from aftersales.charts.actions import plan_table
from aftersales.charts.note import Note, Quotes
from aftersales.charts.stack import Stack
from aftersales.charts.table import Table
from aftersales.week.loading import Report
from aftersales.week.options import checked
from aftersales.week.sections import (
    complaint_trends,
    did_it_work,
    malicious_complaints,
    malicious_orders,
)
from aftersales.week.sections.health_told import absent_names, gaps_told
from aftersales.week.sections.overview_tiles import untold
from aftersales.week.sections.plan import plan_title, week_plan
from aftersales.week.sections.shown import more_link
from aftersales.words.language import number, run_on

MOST_CASES = 3  # a manager reads the first few; the service team works from their own page
MOST_GAPS = 4


def cases(report: Report, *, most: int = MOST_CASES) -> Stack:
    """The first suspected orders and complaints, what each list comes to, and the pages that tell them in full."""
    checked("weekly-overview", cases=most)
    orders = malicious_orders.SuspiciousOrders(report)
    complaints = malicious_complaints.SuspiciousComplaints(report)
    return Stack(
        (
            _first(report, orders.case_list(), orders.answer().headline, "malicious-orders", most),
            _first(report, complaints.complaint_list(), complaints.answer().headline, "malicious-complaints", most),
        )
    )


def _first(report: Report, table: Table, title: str, page: str, most: int) -> Table:
    whole = table.total or table.frame.height
    return replace(
        table, frame=table.frame.head(most), id=f"overview-{page}", title=title, total=whole, caption="",
        link=more_link(report, page),
    )  # fmt: skip


def actions(report: Report) -> Table:
    """The week's plan: what, why, who, until when, and how it is judged."""
    steps = week_plan(report)
    rows = pl.DataFrame([asdict(step) for step in steps], schema_overrides={"due": pl.Date})
    schema = dict.fromkeys(("urgency", "what", "href", "why", "owner", "tell"), pl.String) | {"due": pl.Date}
    frame = rows.select(*schema) if steps else pl.DataFrame(schema=schema)
    title = plan_title(report, steps, headed=True)
    table = plan_table(frame, id="overview-actions", language=report.language, title=title)
    return replace(table, link=more_link(report, "policy-and-service"))


def last_actions(report: Report) -> Table:
    """The decisions taken before this week, each with its rate before and after, and whether it worked."""
    decisions = did_it_work.Decisions(report)
    title, table = decisions.answer().headline, decisions.verdicts()
    return replace(
        table, id="overview-decisions", title=title if table.frame.height else "",
        link=more_link(report, "did-it-work"),
    )  # fmt: skip


def voices(report: Report) -> Quotes | Note:
    """A few of the newest complaints in the buyers' own words, numbers and names of people masked."""
    return complaint_trends.voices(report)


def data_quality(report: Report) -> Stack:
    """What this page's figures rest on: rows and days, what is missing or damaged, and what each gap costs."""
    orders, refunds = (report.data.rows_of(table) for table in ("orders", "refunds"))
    last = report.data.tables.last_day
    notes = [
        Note(
            report.say("overview.rests_on", orders=orders, refunds=refunds, last=last, unsettled=_unsettled(report)),
            language=report.language, look="plain",
        )
    ]  # fmt: skip
    gaps = gaps_told(report)
    told = [run_on(gap, report.language) for gap in gaps[:MOST_GAPS]]
    notes += [Note(said, language=report.language, look="warning") for said in told]
    if len(gaps) > MOST_GAPS:
        notes.append(Note(report.say("overview.more_gaps", more=len(gaps) - MOST_GAPS), language=report.language))
    if not gaps:
        notes.append(Note(report.say("data_health.complete"), language=report.language, look="plain"))
    notes += [Note(said, language=report.language, look="plain") for said in untold(report)]
    if names := absent_names(report):
        notes.append(Note(report.say("data_health.lacks_tables", names=names), language=report.language, look="plain"))
    return Stack(tuple(notes))


def _unsettled(report: Report) -> str:
    """How many of the week's expected refunds have not come yet, as far as can be told."""
    row = report.data.signals.filter(
        pl.col("measure") == "refund_rate_orders", pl.col("scope") == "shop", pl.col("week") == str(report.data.week),
    ).head(1)  # fmt: skip
    if row.is_empty() or row["value"][0] is None or not row["value"][0] or row["lacking"][0]:
        return ""
    still = 1 - row["seen"][0] / row["value"][0]
    key = "overview.unsettled" if still > 0 else "overview.settled"
    return report.say(key, share=still, value=row["value"][0], orders=number(row["whole"][0]))
