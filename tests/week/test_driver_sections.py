"""Where the week's rise sits, told on the overview: what stands out, and what no longer does."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from frames import Frames

from aftersales.findings.persistent_slices import PERSISTENT_SCHEMA
from aftersales.week.driver_results import DriverResults
from aftersales.week.sections import weekly_overview
from aftersales.words.language import say
from aftersales.words.periods import Week

BAD = Week.parse("2026-W46")
WEEKS, LINES_A_DAY = 14, 200


class Results(DriverResults):
    """A shop's week over frames in memory."""

    results_folder, dated = None, True

    def __init__(self, tables: dict[str, pl.DataFrame], week: Week) -> None:
        self.tables, self.week = Frames(tables), week


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    """Fourteen weeks in which one courier's parcels come back five times as often, in the last week but one alone."""
    draw, first = np.random.default_rng(11), BAD.shift(2 - WEEKS).monday
    day = np.repeat(np.arange(WEEKS * 7), LINES_A_DAY)
    n = len(day)
    courier = draw.choice(["A", "B", "C"], n)
    asked = day + draw.integers(0, 4, n)
    in_bad_week = (asked >= (WEEKS - 2) * 7) & (asked < (WEEKS - 1) * 7)
    came_back = draw.random(n) < np.where((courier == "A") & in_bad_week, 0.25, 0.05)
    ids = [f"L{k}" for k in range(n)]
    at = [datetime.combine(first + timedelta(days=int(d)), time(12)) for d in day]
    orders = pl.DataFrame({
        "order_id": ids, "line_id": ids, "paid": 50.0, "paid_at": at, "courier": courier,
        "province": draw.choice(["P0", "P1", "P2"], n),
    })  # fmt: skip
    applied = [datetime.combine(first + timedelta(days=int(d)), time(15)) for d in asked]
    refunds = orders.select("order_id", "line_id", refund_id="line_id", amount="paid", status=pl.lit("succeeded"))
    refunds = refunds.with_columns(applied_at=pl.Series(applied), reason=pl.lit("quality")).filter(came_back)
    return {"orders": orders, "refunds": refunds}


def shown(tables: dict[str, pl.DataFrame], week: Week, language: str):
    report = SimpleNamespace(
        data=Results(tables, week), language=language, say=lambda key, **v: say(key, language, **v)
    )
    return weekly_overview.drivers(report)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_slice_that_stands_out_is_the_title(tables, language):
    table = shown(tables, BAD, language)
    assert table.frame["segment"].to_list() == ["courier=A"]
    assert table.frame["state"].to_list() == ["new"]
    spoken, excess = table.frame.row(0, named=True)["spoken"], table.frame["excess"][0]
    assert table.title == say("overview.title_driver", language, where=spoken, excess=excess)
    assert table.caption == say("overview.caption_drivers", language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_stood_out_last_week_and_no_longer_does_is_said(tables, language):
    note = shown(tables, BAD.shift(1), language)
    courier = say("drivers.dimension.courier", language, value="A")
    assert say("overview.no_driver", language) in note.text
    assert say("overview.drivers_gone", language, gone=[courier]) in note.text


def test_the_languages_differ_in_words_alone(tables):
    data = Results(tables, BAD)
    told = [data.drivers(language) for language in ("zh", "en")]
    assert told[0].drop("headline", "spoken").equals(told[1].drop("headline", "spoken"))


class Persistent(DriverResults):
    """A week whose slices of weeks are given."""

    results_folder, dated, shop = None, True, SimpleNamespace(currency="CNY")
    order_maturity = pl.DataFrame({"maturity": [1.0]})

    def __init__(self, now: pl.DataFrame, before: pl.DataFrame) -> None:
        self.__dict__ |= {"persistent_slices": now, "persistent_slices_before": before}


def place(**more: object) -> pl.DataFrame:
    """One row of the slices of weeks."""
    row = {
        "segment": "province=西藏", "conditions": [{"dimension": "province", "level": "西藏"}], "weeks": 12,
        "orders": 240.0, "refunds": 60.0, "expected": 24.0, "excess": 33.6, "rate_before": 0.1, "rate_after": 0.24,
        "rate_low": 0.19, "rate_high": 0.3, "money_at_stake": Decimal("1200.00"), "since": None,
        "main_reason": "damaged", "ties": ["courier=甲 & province=西藏"], "probability_worse": 0.97,
        "tied_conditions": [[{"dimension": "courier", "level": "甲"}, {"dimension": "province", "level": "西藏"}]],
        "weekly_rate": [0.1, 0.3, None],
    }  # fmt: skip
    return pl.DataFrame([row | more], schema=PERSISTENT_SCHEMA)


def shown_slices(now: pl.DataFrame, before: pl.DataFrame, language: str) -> str:
    report = SimpleNamespace(
        data=Persistent(now, before), language=language, say=lambda key, **v: say(key, language, **v)
    )
    found = weekly_overview.persistent(report)
    return "".join(item.html() for item in (found.items if hasattr(found, "items") else [found]))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_slice_of_weeks_stands_with_its_tie_its_weekly_money_and_its_state(language):
    new, still = (shown_slices(place(), before, language) for before in (place().clear(), place()))
    for told in (say("overview.tie", language, ties=[say("drivers.dimension.courier", language, value="甲") + " × 西藏"]),
                 "24.0%", "¥100", "2.8", "19.0%"):  # fmt: skip
        assert told in new
    assert say("state.new", language) in new
    assert say("state.still", language) in still


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_slice_that_is_no_longer_above_is_said_to_have_gone(language):
    html = shown_slices(place().clear(), place(), language)
    assert say("overview.slices_gone", language, gone=["西藏"]) in html
