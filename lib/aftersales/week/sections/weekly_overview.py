"""The sections of 02-weekly-overview, the page managers open: verdict, tiles, exceptions, and all the rest small.

It gathers from other pages what a manager acts on: cases, actions, how the last ones did, customers' words, the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import polars as pl

from aftersales.charts.actions import plan_table
from aftersales.charts.figure import Chart
from aftersales.charts.note import Note, Quotes
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.findings.finding import Finding
from aftersales.findings.headline import JUDGED_WITHIN, week_verdict
from aftersales.findings.products import product_headline
from aftersales.findings.signals import is_awaited, signal_headline
from aftersales.measures.reasons import USUAL_WEEKS
from aftersales.measures.signal_budget import WEEKS_PER_FALSE_SIGNAL
from aftersales.measures.slices import WHOLE_SHOP
from aftersales.week.loading import Report
from aftersales.week.options import checked
from aftersales.week.sections import (
    complaint_trends,
    did_it_work,
    malicious_complaints,
    malicious_orders,
    problem_products,
    refund_trends,
)
from aftersales.week.sections.health_told import absent_names, damage_told, gaps_told, unread_told
from aftersales.week.sections.overview_slices import persistent
from aftersales.week.sections.overview_tiles import SHOWN, last_judged_said, tiles, untold
from aftersales.week.sections.plan import plan_title, week_plan, with_plan
from aftersales.week.sections.shown import lacking, measure_trend, measure_unit, more_link, signal_rows
from aftersales.words.language import number, run_on
from aftersales.words.promotions import promotion_title

# The sections that the notebook and the mail ask for; some have a module of their own.
__all__ = [
    "SHOWN", "actions", "answer", "cases", "data_quality", "drivers", "exceptions", "last_actions", "outside",
    "persistent", "products", "promotion", "reasons", "routine", "tiles", "voices",
]  # fmt: skip
MOST_REASONS = 7  # a manager reads the first few; all stand on the page of refund trends


def answer(report: Report) -> Verdict:
    """The week's state and first actions in one sentence, then at most three facts; the plan (`actions`) follows.

    Where the week's data are damaged that is its state.
    """
    found = week_verdict(report.data.signals, week=report.data.week)
    currency = report.data.shop.currency
    points = _signal_points(report, leading=_leading(found))
    points = points[:1] + _product_points(report) + _slice_points(report) + _reason_points(report) + points[1:]
    caution = found.caution(report.language, currency=currency)
    if caution:
        points.append(Conclusion(caution))
    points = [Conclusion(cost) for _, cost in damage_told(report)[:1]] + points
    points = [Conclusion(run_on([fact, cost], report.language)) for fact, cost in unread_told(report)] + points
    headline = with_plan(report, state(report), week_plan(report))
    return Verdict(headline, tuple(points), language=report.language)


def state(report: Report) -> str:
    """The week in one sentence: what damages its data, else the verdict on its measures."""
    damage = damage_told(report)
    return damage[0][0] if damage else _headline(report, week_verdict(report.data.signals, week=report.data.week))


def _leading(found: Finding) -> str | None:
    """The measure that the week's verdict is about, where it is about one outside its range."""
    name = str(found.values.get("name", "")).removeprefix("measure.")
    return name if found.key.startswith("signal.") else None


def _headline(report: Report, found: Finding) -> str:
    """The verdict as the page's headline: the measure, where it lies, and where most of its rise sits.

    Counts stand in the first conclusion, where the same sentence is told in full, and so does the week; the headline
    names it only where it is not the page's own.
    """
    measure = _leading(found)
    if measure is None:
        return found.headline(report.language, currency=report.data.shop.currency)
    row = found.table.row(by_predicate=pl.col("measure") == measure, named=True)
    unit = measure_unit(report, SHOWN[measure][0], row)
    awaited = "_expected" if is_awaited(row) else ""
    said = report.say(
        f"overview.headline.{row['verdict']}{awaited}",
        name=f"measure.{measure}",
        value=unit.text(row["value"]),
        low=unit.text(row["normal_low"]),
        high=unit.text(row["normal_high"]),
    )
    if row["week"] != str(report.data.week):  # this week is too young to be judged, an earlier one speaks
        return report.say("overview.headline.of_week", said=said, week=row["week"])
    cause = _main_driver(report) if measure == "refund_request_rate" and row["verdict"] == "above" else None
    if cause is None:
        return said
    return report.say("overview.headline.with_cause", said=said, share=cause["share_of_change"], where=cause["spoken"])


def _main_driver(report: Report) -> dict[str, Any] | None:
    """The slice that carries most of the shop's rise, where a share of that rise can be told."""
    rows = report.data.drivers(report.language)
    if rows.is_empty():
        return None
    part = pl.col("share_of_change").is_between(0, 1) & (pl.col("segment") != WHOLE_SHOP)
    rows = rows.filter(part).sort("share_of_change", descending=True)
    return rows.row(0, named=True) if rows.height else None


def _counts(report: Report) -> Mapping[str, Any]:
    """How many of this week's measures are normal, beyond their range, or cannot be judged: the headline's counts."""
    return week_verdict(report.data.signals, week=report.data.week).values


def outside(report: Report) -> list[dict[str, Any]]:
    """The signals of the newest week that could be judged, for each measure that lies outside its range.

    A young week says nothing yet; the last settled one, at most three weeks back, speaks for it.
    """
    recent = [str(report.data.week.shift(-i)) for i in range(JUDGED_WITHIN)]
    rows = report.data.signals.filter(pl.col("week").is_in(recent) & (pl.col("verdict") != "not_enough_data"))
    newest = rows.sort("week").group_by("measure", maintain_order=True).last()
    known = [
        row for row in newest.iter_rows(named=True) if row["verdict"] in ("above", "below") and row["measure"] in SHOWN
    ]
    return sorted(known, key=lambda row: list(SHOWN).index(row["measure"]))


def _signal_points(report: Report, *, leading: str | None) -> list[Conclusion]:
    """A conclusion a measure outside its range, the leading one first and with where its rise sits."""
    points = []
    for row in sorted(outside(report), key=lambda row: row["measure"] != leading):
        risen = row["measure"] == "refund_request_rate" and row["verdict"] == "above"
        driver = _main_driver(report) if risen else None
        fact = signal_headline(row, report.language, currency=report.data.shop.currency)
        points.append(Conclusion(fact, driver["headline"] if driver else ""))
    return points


def _reason_points(report: Report) -> list[Conclusion]:
    rows = report.data.reasons_against_usual
    if rows.is_empty():
        return []
    more = rows.filter(pl.col("differs") & (pl.col("change") > 0)).sort("change", descending=True)
    return [
        Conclusion(
            report.say(
                "overview.reason" if row["usual_cases"] else "overview.reason_new",
                reason=f"reason.{row['reason']}",
                cases=row["cases"],
                usual=row["usual_cases"],
                share=row["share"],
                usual_share=row["usual_share"],
                weeks=USUAL_WEEKS,
            )
        )
        for row in more.head(1).iter_rows(named=True)
    ]


def _product_points(report: Report) -> list[Conclusion]:
    """The product with most money at stake, if any is listed."""
    currency = report.data.shop.currency
    rows = report.data.problem_products.head(1).iter_rows(named=True)
    return [Conclusion(product_headline(row, report.language, currency=currency)) for row in rows]


def _slice_points(report: Report) -> list[Conclusion]:
    """The slice that has been worse for weeks at the greatest cost, if any is listed."""
    return [Conclusion(said) for said in report.data.persistent(report.language).head(1)["headline"]]


def promotion(report: Report) -> Note:
    """Which days this page is about, and whether a sales festival lies on them."""
    title = promotion_title(report.data.week, report.language, report.data.shop.market)
    week = report.data.week
    key = "overview.days" if title is None else "overview.days_of"
    return Note(report.say(key, first=week.monday, last=week.sunday, festival=title or ""), language=report.language)


def exceptions(report: Report) -> Stack:
    """A 6-12 chart for each measure outside its normal range; a sentence where there is none."""
    rows = outside(report)
    if not rows:
        judged = _counts(report)["routine"]
        key = "overview.no_exception" if judged else "overview.none_judged"
        return Stack((Note(report.say(key, judged=judged), language=report.language, look="plain"),))
    return Stack(tuple(_exception(report, row["measure"]) for row in rows))


def _exception(report: Report, measure: str) -> Chart | Note:
    monthly = refund_trends.months_by_request(report) if measure == "refund_request_rate" else None
    name = f"exception-{measure.replace('_', '-')}"
    return measure_trend(report, measure, id=name, form=SHOWN[measure][0], monthly=monthly)


def drivers(report: Report) -> Table | Note:
    """Where the week's rise sits: slices of products, reasons, couriers and places, with counts."""
    if not report.data.dated:
        return lacking(report, "refunds.undated")
    word, rows = report.say, report.data.drivers(report.language)
    went = report.data.drivers_gone(report.language)["spoken"].to_list()
    gone = [word("overview.drivers_gone", gone=went)] if went else []
    if rows.is_empty():
        said = run_on([word("overview.no_driver"), *gone], report.language)
        return Note(said, language=report.language, look="plain")
    columns = (
        Column("headline", word("overview.column.driver")),
        Column("state", word("overview.column.state"), "word", prefix="state."),
        Column("refunds", word("overview.column.requests"), "int"),
        Column("expected", word("overview.column.usual"), "num1"),
        Column("excess", word("overview.column.excess"), "num1", strong=True),
        Column("rate_before", word("overview.column.before"), "pct"),
        Column("rate_after", word("overview.column.after"), "pct"),
        Column("since", word("overview.column.since"), "day"),
    )
    return Table(
        rows,
        columns,
        language=report.language,
        id="overview-drivers",
        title=_title_of_drivers(report, rows),
        caption=run_on([*gone, word("overview.caption_drivers")], report.language),
    )


def _title_of_drivers(report: Report, rows: pl.DataFrame) -> str:
    first = rows.row(0, named=True)
    if first["segment"] == WHOLE_SHOP:
        return report.say("overview.title_shop_wide", excess=first["excess"])
    key = "overview.title_driver" if rows.height == 1 else "overview.title_drivers"
    return report.say(key, count=rows.height, where=first["spoken"], excess=first["excess"])


def products(report: Report, *, top: int = problem_products.MOST_ROWS) -> Table | Note:
    """The products that come back too often, most money first."""
    checked("weekly-overview", top=top)
    products = problem_products.ProblemProducts(report, top=top)
    found = products.ranking()
    if isinstance(found, Note):
        return found
    return replace(found, title=products.answer().headline, link=more_link(report, "problem-products"))


def reasons(report: Report, *, most: int = MOST_REASONS) -> Chart | Note:
    """This week's requests by reason against the six weeks before, fewer of them than on their own page."""
    checked("weekly-overview", reasons=most)
    return refund_trends.reasons(report, id="overview-reasons", most=most)


def routine(report: Report) -> Table | Note:
    """All measures of the week, small: value, normal range, verdict and the last weeks."""
    rows = []
    for measure, (form, _) in SHOWN.items():
        weeks = signal_rows(report, measure)
        if weeks.is_empty() or weeks["week"][-1] != str(report.data.week):
            continue
        last = weeks.row(-1, named=True)
        unit, earlier = measure_unit(report, form, last), None
        if last["verdict"] == "not_enough_data":
            earlier = last_judged_said(report, weeks, unit)
        low, high = last["normal_low"], last["normal_high"]
        rows.append(
            {
                "name": report.say(f"measure.{measure}"),
                "value": unit.text(last["value"]) if last["value"] is not None else "–",
                "range": "–" if low is None else f"{unit.text(low)}–{unit.text(high)}",
                "verdict": report.say(f"verdict.{last['verdict']}"),
                "tone": "signal" if last["verdict"] == "above" else "good" if last["verdict"] == "below" else "plain",
                "earlier": earlier,
                "recent": weeks["value"].tail(26).to_list(),
            }
        )
    if not rows:
        return lacking(report, "refunds.nothing")
    word = report.say
    columns = (
        Column("name", word("overview.column.measure")),
        Column("value", word("overview.column.value"), align="right", strong=True),
        Column("range", word("overview.column.range"), align="right"),
        Column("verdict", word("overview.column.verdict"), "chip", tone="tone", below="earlier"),
        Column("recent", word("overview.column.recent"), "spark"),
    )
    title = word("overview.title_measures", **_counts(report))
    frame = pl.DataFrame(rows, schema_overrides={"earlier": pl.String})
    return Table(
        frame,
        columns,
        language=report.language,
        id="overview-measures",
        title=title,
        caption=word("overview.budget", weeks=int(WEEKS_PER_FALSE_SIGNAL)),
    )


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
        table,
        frame=table.frame.head(most),
        id=f"overview-{page}",
        title=title,
        total=whole,
        caption="",
        link=more_link(report, page),
    )


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
        table,
        id="overview-decisions",
        title=title if table.frame.height else "",
        link=more_link(report, "did-it-work"),
    )


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
        pl.col("measure") == "refund_rate_orders",
        pl.col("scope") == "shop",
        pl.col("week") == str(report.data.week),
    ).head(1)
    if row.is_empty() or row["value"][0] is None or not row["value"][0] or row["lacking"][0]:
        return ""
    still = 1 - row["seen"][0] / row["value"][0]
    key = "overview.unsettled" if still > 0 else "overview.settled"
    return report.say(key, share=still, value=row["value"][0], orders=number(row["whole"][0]))
