"""The overview's tiles: each measure against its normal range, and sums that are counted, not judged."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from aftersales.charts.note import Note
from aftersales.charts.numbers import Unit
from aftersales.charts.tiles import Tile, Tiles, tile_state
from aftersales.findings.signals import is_awaited
from aftersales.findings.weekly_measures import WEEKLY
from aftersales.week.loading import Report
from aftersales.week.sections.shown import lacking, last_judged, measure_unit, signal_rows
from aftersales.words.language import NOTHING, hours
from aftersales.words.promotions import prior_year_week

MOST_TILES = 8
RECENT = 8  # points of a tile's little line
# How each measure is written, and where its page is: the order is that of the tiles.
SHOWN = {name: (measure.form, measure.page) for name, measure in WEEKLY.items()}
# Rates of the same refunds by another denominator: a tile each only where they are the news, or where the files hold no
# dates of requests and there is no other; else in the last table.
SECOND_VIEWS = ("refund_rate_orders", "refund_rate_money")


def tiles(report: Report) -> Tiles | Note:
    """Where each measure stands, with its counts and last weeks; then money and suspected orders, which are counted."""
    rows = {m: signal_rows(report, m) for m in SHOWN}
    measured = [tile for m, weeks in rows.items() if _has_tile(m, weeks) and _says(tile := _measure(report, m, weeks))]
    if not measured:
        return lacking(report, "refunds.nothing")
    sums = [*(tile for tile in _money(report) if _says(tile)), *_suspected(report)]
    names = {report.say(f"measure.{m}") for m in SECOND_VIEWS}
    while len(measured) + len(sums) > MOST_TILES:  # the last table holds every measure
        measured.remove(next((tile for tile in measured[1:] if tile.label in names), measured[-1]))
    return Tiles((*measured[:1], *sums[:-1], *measured[1:], *sums[-1:]), language=report.language)


def untold(report: Report) -> list[str]:
    """Why a sum has no tile, where it is not known; measures without one stand in the last table."""
    lost = [tile for tile in _money(report) if tile.value == NOTHING]
    between = "；" if report.language == "zh" else "; "
    return [report.say("overview.untold", name=tile.label, why=between.join(tile.notes[:-1])) for tile in lost]


def _says(tile: Tile) -> bool:
    """Whether a tile has a value, and a verdict or something to compare it with."""
    return tile.value != NOTHING and (bool(tile.comparisons) or tile.state not in ("not_enough_data", "maturing"))


def _has_tile(measure: str, weeks: pl.DataFrame) -> bool:
    if weeks.is_empty() or weeks["value"].is_null().all():
        return False
    news = weeks["verdict"][-1] in ("above", "below") or not weeks["dated"][-1]
    return measure not in SECOND_VIEWS or news


def _measure(report: Report, measure: str, rows: pl.DataFrame) -> Tile:
    last = rows.row(-1, named=True)
    unit = measure_unit(report, SHOWN[measure][0], last)
    value, state = last["value"], tile_state(last["verdict"])
    waiting = is_awaited(last)
    counts = report.say(f"overview.counts.{last['unit']}", part=last["part"], whole=last["whole"])
    notes = [report.say("overview.expected", seen=unit.text(last["seen"]), counts=counts) if waiting else counts]
    if last["lacking"]:
        notes = [report.say("overview.lacking")] + (notes if value is not None else [])
    if state == "not_enough_data":
        state = "maturing" if waiting else state
        if judged := last_judged_said(report, rows, unit):
            notes.append(judged)
    before = rows["value"][-2] if rows.height > 1 else None
    form = ("pp2" if unit.form == "pct2" else "pp") if unit.form.startswith("pct") else "hours"
    versus = _versus(report, value, {"last_week": before, "last_year": last["prior_year"]}, form, like=unit.like)
    return Tile(
        report.say(f"measure.{measure}"),
        NOTHING if value is None else unit.text(value),
        state,
        versus,
        rows["value"].tail(RECENT).to_list(),
        (last["normal_low"], last["normal_high"]),
        tuple(notes),
    )


def last_judged_said(report: Report, rows: pl.DataFrame, unit: Unit) -> str | None:
    """What a measure was found to be when it could last be judged, where that is not long ago."""
    judged = last_judged(report, rows)
    if judged is None:
        return None
    return report.say(
        "overview.last_judged",
        week=judged["week"],
        value=unit.text(judged["value"]),
        verdict=f"verdict.{judged['verdict']}",
    )


def _versus(
    report: Report, value: float | None, others: dict[str, float | None], form: str, *, like: float | None = None
) -> tuple[tuple[str, str], ...]:
    found = []
    for name, other in others.items():
        if other is None or value is None or (form == "share" and other <= 0):
            continue
        change = value / other - 1 if form == "share" else value - other
        said = (
            hours(change, report.language, like=like, plus=True)
            if form == "hours"
            else report.say(f"overview.change.{form}", change=change)
        )
        found.append((report.say(f"overview.versus.{name}"), said))
    return tuple(found)


def _money(report: Report) -> list[Tile]:
    """Money asked back in the week, and what refunds cost beside it: both move with sales, so neither is judged."""
    if not report.data.dated:
        return []
    whole, sums = pl.col("cases") + pl.col("open_cases"), pl.sum_horizontal("refund_money", "open_money")
    rows = report.data.costs_weekly.select(
        "cohort",
        "cases_unpriced",
        "cases_without_amount",
        "open_cases",
        cases=whole,
        asked=pl.when((pl.col("cases_without_amount") < whole) | (whole == 0)).then(sums).cast(pl.Float64),
        loss=pl.col("net_loss").cast(pl.Float64),
    )
    if rows.is_empty() or rows["cohort"][-1] != report.data.week.monday:
        return []
    last = rows.row(-1, named=True)
    loss_notes = [report.say("overview.loss_open", open=last["open_cases"])] if last["open_cases"] else []
    if last["cases_unpriced"]:
        loss_notes.append(report.say("overview.loss_unpriced", cases=last["cases_unpriced"]))
    asked_notes = [report.say("overview.asked_counts", cases=last["cases"])]
    if last["cases_without_amount"]:
        key = "overview.without_amount" if last["asked"] is not None else "overview.no_amounts"
        asked_notes.append(report.say(key, cases=last["cases_without_amount"]))
    marks = [report.say("overview.lacking")] if signal_rows(report, "refund_request_rate")["lacking"][-1:].any() else []
    return [
        _sum(report, rows, "asked", [*marks, *asked_notes]),
        _sum(report, rows, "loss", [*marks, *loss_notes]),
    ]


def _sum(report: Report, rows: pl.DataFrame, column: str, notes: list[str]) -> Tile:
    """A sum of money by week of request, beside the week before and the same week a year before."""
    unit = Unit("money", report.language, report.data.shop.currency)  # writes an unknown sum as `NOTHING`
    by_week: dict[date, float] = dict(rows.select("cohort", column).iter_rows())
    week = report.data.week
    value = by_week[week.monday]
    year_before = prior_year_week(week, report.data.shop.market)
    others = {"last_week": by_week.get(week.shift(-1).monday), "last_year": by_week.get(year_before.monday)}
    return Tile(
        report.say(f"overview.sum.{column}"),
        unit.text(value),
        "counted",
        _versus(report, value, others, "share"),
        rows[column].tail(RECENT).to_list(),
        notes=(*notes, report.say("overview.moves_with_sales")),
    )


def _suspected(report: Report) -> list[Tile]:
    """Orders on the list of suspects by the week they were placed in."""
    listed = report.data.suspicious_orders(report.language)
    weeks = [report.data.week.shift(-i).monday for i in reversed(range(RECENT))]
    placed: dict[Any, int] = dict(
        listed.unique("order_id").group_by(pl.col("created_at").dt.date().dt.truncate("1w")).len().iter_rows()
    )
    counts = [placed.get(week, 0) for week in weeks]
    waiting = report.data.with_state(listed).filter(~pl.col("decided"))
    counts_told = {"orders": listed["order_id"].n_unique(), "open": waiting["order_id"].n_unique()}
    note = (
        report.say("overview.suspected_whole", **counts_told)
        if listed.height
        else report.say("overview.suspected_none")
    )
    before = report.say("overview.change.count", change=counts[-1] - counts[-2])
    return [
        Tile(
            report.say("overview.sum.suspected"), report.say("overview.change.orders", count=counts[-1]), "counted",
            ((report.say("overview.versus.last_week"), before),), counts, notes=(note,),
        )
    ]  # fmt: skip
