"""The sections of 06-malicious-orders: which orders are suspected, why, what else they may be, and what to do first."""

from __future__ import annotations

import polars as pl

from aftersales.charts.case_card import CaseCard
from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.findings.orders import expected_innocent, seller_agreement
from aftersales.tables.columns import known_sum, known_total
from aftersales.week.loading import Report
from aftersales.week.sections.shown import lacking

# Each told case is a card; the rest stand in the table.
MOST_TOLD = 5
MOST_ROWS = 30


def answer(report: Report) -> Verdict:
    """How many open cases and orders are suspected, how much money hangs on them, and what to do first."""
    rows = _listed(report)
    waiting = rows.filter(~pl.col("decided"))
    done = {"done": count} if (count := rows.filter("decided")["case_id"].n_unique()) else {}
    if waiting.is_empty():
        return Verdict(
            report.say("suspects.all_decided" if done else "suspects.none", **done), language=report.language
        )
    cases = _cases(waiting)
    headline = report.say(
        "suspects.verdict_decided" if done else "suspects.verdict", cases=cases.height, money=_money(waiting),
        orders=waiting["order_id"].n_unique(), waiting=int(waiting["waiting"].sum()), **done,
    )  # fmt: skip
    first = _first(cases).head(3)
    points = [Conclusion(_title(report, row), do=row["next_step"]) for row in first.iter_rows(named=True)]
    return Verdict(headline, tuple(points), language=report.language)


def innocents(report: Report) -> Note:
    """How many of the open cases on the list are expected to be innocent."""
    waiting = _listed(report).filter(~pl.col("decided"))
    return Note(expected_innocent(waiting, language=report.language), language=report.language, look="plain")


def case_list(report: Report) -> Table:
    """The cases: open ones first, of them those that still wait to be shipped, then by money."""
    word = report.say
    cases = _first(_cases(_listed(report)))
    named = [word(f"suspects.pattern.{pattern}") for pattern in cases["pattern"]]
    likely = pl.when(~pl.col("decided")).then("case_probability")
    cases = cases.with_columns(pattern_word=pl.Series(named, dtype=pl.String), case_probability=likely)
    columns = (
        Column("pattern_word", word("suspects.column.case"), strong=True, below="case_id"),
        Column("state", word("suspects.column.state"), "word", prefix="case.state."),
        Column("first_day", word("suspects.column.first"), "day"),
        Column("last_day", word("suspects.column.last"), "day"),
        Column("orders", word("suspects.column.orders"), "int"),
        Column("asked", word("suspects.column.asked"), "int"),
        Column("waiting", word("suspects.column.waiting"), "int"),
        Column("money", word("suspects.column.money"), "money"),
        Column("case_probability", word("suspects.column.probability"), "likelihood", align="left"),
    )
    return Table(
        cases.head(MOST_ROWS), columns, language=report.language, id="suspected-cases", total=cases.height,
        currency=report.data.shop.currency, empty=word("suspects.none"), caption=word("suspects.caption_cases"),
    )  # fmt: skip


def told(report: Report) -> Stack | Note:
    """The first open cases, a card each: why each is on the list, what else it may be, and what to do next."""
    rows = _listed(report).filter(~pl.col("decided"))
    if rows.is_empty():
        return lacking(report, "suspects.none_open")
    return Stack([
        CaseCard(
            _title(report, row), row["case_id"], grounds=row["reasons"], innocent=row["innocent_explanations"],
            do=row["next_step"], language=report.language,
        )
        for row in _first(_cases(rows)).head(MOST_TOLD).iter_rows(named=True)
    ])  # fmt: skip


def orders_listed(report: Report) -> Table:
    """The orders of the cases, one row each, newest first."""
    word, rows = report.say, report.data.suspicious_orders(report.language)
    newest = rows.sort("created_at", "order_id", descending=[True, False]).with_columns(
        outcome=pl.when("waiting").then(pl.lit(word("suspects.outcome.waiting")))
        .when("asked").then(pl.lit(word("suspects.outcome.asked")))
        .otherwise(pl.lit(word("suspects.outcome.kept")))
    )  # fmt: skip
    columns = (
        Column("order_id", word("suspects.column.order"), "code", below="case_id"),
        Column("created_at", word("suspects.column.placed"), "clock"),
        Column("province", word("suspects.column.province")),
        Column("outcome", word("suspects.column.outcome")),
        Column("money_at_risk", word("suspects.column.money"), "money"),
        Column("probability", word("suspects.column.probability"), "likelihood", align="left"),
    )
    return Table(
        newest.head(MOST_ROWS), columns, language=report.language, id="suspected-orders", total=newest.height,
        currency=report.data.shop.currency, empty=word("suspects.none"),
    )  # fmt: skip


def seller_label(report: Report) -> Note:
    """How the list agrees with the orders that the seller closed as malicious."""
    rows = report.data.suspicious_orders(report.language)
    counts = seller_agreement(rows, told=report.data.conduct_known["told"][0])
    key = "suspects.seller_agrees" if counts["told"] else "suspects.seller_silent"
    return lacking(report, key, **counts)


def unknown(report: Report) -> Note:
    """What can no longer be known where the platform masks buyers."""
    known = report.data.conduct_known.row(0, named=True)
    if known["share_masked"]:
        return lacking(report, "suspects.masked", share=known["share_masked"])
    return lacking(report, "suspects.unmasked" if known["with_keys"] else "suspects.no_keys")


def _listed(report: Report) -> pl.DataFrame:
    """The list, each row with its case's ``state`` and whether that is ``decided``."""
    return report.data.with_state(report.data.suspicious_orders(report.language))


def _cases(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("case_id", maintain_order=True).agg(
        pl.col("pattern", "reasons", "innocent_explanations", "next_step", "state", "decided").first(),
        pl.col("case_probability").first(),
        first_day=pl.col("created_at").min().dt.date(), last_day=pl.col("created_at").max().dt.date(),
        orders=pl.len(), asked=pl.col("asked").sum(), waiting=pl.col("waiting").sum(),
        money=known_sum(pl.col("money_at_risk")).cast(pl.Float64),  # to the cent, whatever the order of the rows
    )  # fmt: skip


def _first(cases: pl.DataFrame) -> pl.DataFrame:
    """What is open comes first, of it what can still be stopped, then the most money."""
    open_first = (pl.col("decided"), (pl.col("waiting") == 0) | pl.col("decided"))
    return cases.sort(*open_first, "money", "case_id", descending=[False, False, True, False], nulls_last=True)


def _title(report: Report, row: dict[str, object]) -> str:
    pattern = report.say(f"suspects.pattern.{row['pattern']}")
    title = report.say("suspects.case", pattern=pattern, **{k: row[k] for k in ("orders", "first_day", "money")})
    return title[:1].upper() + title[1:]


def _money(rows: pl.DataFrame) -> float | None:
    total = known_total(rows.unique("order_id")["money_at_risk"])
    return None if total is None else float(total)
