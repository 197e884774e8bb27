"""The sections of 07-malicious-complaints: which complaints the records speak against, why, and what to do first."""

from __future__ import annotations

import polars as pl

from aftersales.charts.case_card import CaseCard
from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.findings.products import with_product_headlines
from aftersales.tables.columns import known_total
from aftersales.week.loading import Report
from aftersales.week.sections.shown import lacking

# Each told complaint is a card; the rest stand in the table.
MOST_TOLD = 6
MOST_ROWS = 30


def answer(report: Report) -> Verdict:
    """How many of the quarter's complaints the records speak against, what the open ones ask for, which come first."""
    rows = _first(report)
    if rows.is_empty():
        return Verdict(report.say(_why_empty(report)), language=report.language)
    waiting = rows.filter(~pl.col("decided"))
    told = {"n": rows.height, "whole": report.data.complaints_looked_at}
    if waiting.is_empty():
        return Verdict(report.say("suspected_complaint.page.all_closed", **told), language=report.language)
    headline = report.say(
        "suspected_complaint.page.verdict", **told, waiting=waiting.height, money=known_total(waiting["asked"]),
        open=waiting.filter(pl.col("evidence_due_at").dt.date() > report.data.until).height,
    )  # fmt: skip
    points = [Conclusion(_title(report, row), do=row["next_step"]) for row in waiting.head(3).iter_rows(named=True)]
    return Verdict(headline, tuple(points), language=report.language)


def innocents(report: Report) -> Note:
    """How many of the open ones on the list are expected to be innocent."""
    rows = _first(report).filter(~pl.col("decided"))
    if rows.is_empty():
        return lacking(report, _why_empty(report))
    expected = float((1 - rows["probability"]).sum())
    said = report.say("suspected_complaint.page.innocents", n=rows.height, expected=expected)
    return Note(said, language=report.language, look="plain")


def complaint_list(report: Report) -> Table:
    """The list: what can still be answered first, by its deadline, then the likeliest; closed complaints follow."""
    word, rows = report.say, _first(report)
    patterns = [word(f"suspected_complaint.pattern.{p}") for p in rows["pattern"]]
    faults = [word(f"suspected_complaint.fault.{f or 'unknown'}") for f in rows["fault"]]
    grounds = [word(f"suspected_complaint.ground.{g or 'unknown'}") for g in rows["fault_ground"]]
    rows = rows.with_columns(
        pattern_word=pl.Series(patterns, dtype=pl.String), fault_word=pl.Series(faults, dtype=pl.String),
        ground_word=pl.Series(grounds, dtype=pl.String), probability=pl.when(~pl.col("decided")).then("probability"),
    )  # fmt: skip
    columns = (
        Column("pattern_word", word("suspected_complaint.column.pattern"), strong=True, below="complaint_id"),
        Column("state", word("suspects.column.state"), "word", prefix="case.state."),
        Column("filed_at", word("suspected_complaint.column.filed"), "clock"),
        Column("evidence_due_at", word("suspected_complaint.column.due"), "clock"),
        Column("asked", word("suspected_complaint.column.asked"), "money"),
        Column("value", word("suspected_complaint.column.value"), "money"),
        Column("fault_word", word("suspected_complaint.column.fault"), below="ground_word"),
        Column("probability", word("suspected_complaint.column.probability"), "likelihood", align="left"),
    )
    return Table(
        rows.head(MOST_ROWS), columns, language=report.language, id="suspected-complaints", total=rows.height,
        currency=report.data.shop.currency, empty=word(_why_empty(report)),
        caption=word("suspected_complaint.page.caption"),
    )  # fmt: skip


def told(report: Report) -> Stack | Note:
    """The first open complaints, a card each: what stands against each, what speaks for the buyer, what to do next."""
    rows = _first(report).filter(~pl.col("decided")).head(MOST_TOLD)
    if rows.is_empty():
        return lacking(report, _why_empty(report))
    bad_goods = _bad_goods(report, rows["order_id"].drop_nulls())
    return Stack([
        CaseCard(
            report.say("suspected_complaint.page.title", title=_title(report, row), order=row["order_id"] or "–"),
            row["complaint_id"], grounds=row["contradictions"],
            innocent=[*bad_goods.get(row["order_id"], ()), *row["innocent_explanations"]],
            do=row["next_step"], language=report.language,
        )
        for row in rows.iter_rows(named=True)
    ])  # fmt: skip


def unknown(report: Report) -> Stack:
    """Which checks had to be left out for want of a file."""
    absent = [t for t in ("complaints", "parcels", "messages") if not report.data.rows_of(t)]
    keys = [f"suspected_complaint.page.no_{t}" for t in absent] or ["suspected_complaint.page.all_files"]
    return Stack([lacking(report, key) for key in keys])


def _bad_goods(report: Report, orders: pl.Series) -> dict[str, list[str]]:
    """By order, what of it stands on the list of problem products: a complaint about that may well be true."""
    data, scope = report.data, ("sku", "batch")
    told = with_product_headlines(data.problem_products, language=report.language, currency=data.shop.currency)
    listed = told.select("product_id", "headline", *(pl.col(c).alias(f"listed_{c}") for c in scope))
    held = data.tables["orders"].filter(pl.col("order_id").is_in(orders.implode()))
    held = held.select("order_id", "product_id", *scope).unique().join(listed.lazy(), on="product_id")
    same = (pl.col(f"listed_{c}").is_null() | pl.col(c).is_null() | (pl.col(c) == pl.col(f"listed_{c}")) for c in scope)
    said: dict[str, list[str]] = {}
    for order, headline in held.filter(*same).select("order_id", "headline").unique().sort(pl.all()).collect().rows():
        said.setdefault(order, []).append(report.say("suspected_complaint.innocent.bad_goods", told=headline))
    return said


def _why_empty(report: Report) -> str:
    if _first(report).height:
        return "suspected_complaint.page.none_open"
    some = report.data.complaints_looked_at
    return "suspected_complaint.page.none" if some else "suspected_complaint.page.no_complaints"


def _first(report: Report) -> pl.DataFrame:
    """The list with each complaint's ``state`` and whether that is ``decided``, in the order to work through it."""
    rows = report.data.with_state(report.data.suspicious_complaints(report.language))
    waits = (pl.col("evidence_due_at").dt.date() > report.data.until).fill_null(value=False) & ~pl.col("decided")
    due = pl.when(waits).then("evidence_due_at")
    order = ("decided", due, "probability", "complaint_id")
    return rows.sort(*order, descending=[False, False, True, False], nulls_last=True)


def _title(report: Report, row: dict[str, object]) -> str:
    pattern = report.say(f"suspected_complaint.pattern.{row['pattern']}")
    key = "suspected_complaint.page.case" if row["asked"] is None else "suspected_complaint.page.case_asked"
    values = {} if row["asked"] is None else {"asked": row["asked"]}
    title = report.say(key, pattern=pattern, day=row["filed_at"], **values)
    return title[:1].upper() + title[1:]
