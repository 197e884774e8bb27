"""Harm: nothing happened gives no finding, a planted fall is found, and indicators without a set are those of the rest."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from aftersales.measures.harm import INDICATORS, indicators_without
from aftersales.measures.visitors import visitors_after, visitors_after_all

FIRST, DAYS = date(2024, 11, 4), 740
UNTIL = FIRST + timedelta(days=DAYS - 1)
WEEKDAY = np.array([1.0, 0.95, 0.9, 0.95, 1.1, 1.3, 1.4])
# Plain weeks, far from any sale.
AUGUST = date(2026, 8, 11)


def traffic(seed: int, *, falls: list[date] | None = None, size: float = 0.3, noise: float = 0.05) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    days = [FIRST + timedelta(days=i) for i in range(DAYS)]
    level = 4_000 * WEEKDAY[[d.weekday() for d in days]] * rng.lognormal(0, noise, DAYS)
    for fall in falls or []:
        place = (fall - FIRST).days
        level[place : place + 14] *= 1 - size
    return pl.DataFrame({"day": days, "visitors": level.astype(np.int64)})


def attack(*days: date) -> pl.DataFrame:
    return pl.DataFrame({"case_id": [str(d) for d in days], "first_day": list(days)})


def test_a_planted_fall_is_found_with_its_size():
    rows = [
        visitors_after(traffic(seed, falls=[AUGUST]), attack(AUGUST), market="cn", until=UNTIL).row(0, named=True)
        for seed in range(20)
    ]
    assert {row["verdict"] for row in rows} == {"fell"}
    # 18 of 20 are expected; fewer than 15 happen once in a hundred such tests
    assert sum(row["change_low"] < -0.3 < row["change_high"] for row in rows) >= 15


def test_without_an_effect_few_fall_outside():
    days = [AUGUST + timedelta(days=7 * i) for i in range(-3, 5)]
    verdicts = [
        visitors_after(traffic(seed), attack(day), market="cn", until=UNTIL)["verdict"][0]
        for seed in range(5)
        for day in days
    ]
    outside = sum(v in ("fell", "rose") for v in verdicts)
    assert "cannot_tell" not in verdicts
    # a tenth is expected of 40; the eight days of one shop share their noise
    assert outside <= 10


@pytest.mark.parametrize("weekday", range(7))
def test_the_shops_own_weekdays_are_no_effect(weekday):
    still = traffic(3, noise=0.0)
    row = visitors_after(still, attack(AUGUST + timedelta(days=weekday)), market="cn", until=UNTIL).row(0, named=True)
    assert abs(row["change"]) < 0.001


def test_days_swayed_by_a_sale_say_nothing():
    row = visitors_after(traffic(1), attack(date(2025, 11, 9)), market="cn", until=UNTIL).row(0, named=True)
    assert (row["verdict"], row["change"]) == ("cannot_tell", None)


def test_too_young_an_attack_or_too_short_a_past_cannot_be_told():
    plenty = traffic(1)
    young = visitors_after(plenty, attack(AUGUST), market="cn", until=AUGUST + timedelta(days=3)).row(0, named=True)
    assert young["verdict"] == "cannot_tell"
    short = plenty.filter(pl.col("day") > AUGUST - timedelta(days=80))
    assert (
        visitors_after(short, attack(AUGUST), market="cn", until=AUGUST + timedelta(days=20))["verdict"][0]
        == "cannot_tell"
    )
    none = plenty.clear()
    assert visitors_after(none, attack(AUGUST), market="cn", until=UNTIL)["verdict"][0] == "cannot_tell"


def test_small_falls_show_when_many_are_taken_together():
    months = [date(2025, 4, 7), date(2025, 5, 5), date(2025, 7, 21), date(2025, 8, 18), date(2025, 9, 15),
              date(2026, 4, 6), date(2026, 5, 4), date(2026, 7, 20), date(2026, 8, 17), date(2026, 9, 14)]  # fmt: skip
    shop = traffic(5, falls=months, size=0.06)
    together = visitors_after_all(shop, months, market="cn", until=UNTIL)
    assert together["attacks"] == len(months)
    assert together["verdict"] == "fell"
    assert together["change_low"] < -0.06 < together["change_high"]
    assert visitors_after_all(traffic(6), months, market="cn", until=UNTIL)["verdict"] == "as_usual"


def orders() -> pl.DataFrame:
    at = datetime(2026, 11, 9, 10)
    status = ["finished", "finished", "closed_unpaid", "shipped", "closed_refunded", "finished"]
    return pl.DataFrame({
        "order_id": list("abcdef"), "created_at": [at] * 6, "status": status,
        "paid_at": [at, at, None, at, at, at], "shipped_at": [at, at, None, at, None, at],
    })  # fmt: skip


REFUNDS = pl.DataFrame({"refund_id": ["1", "2"], "order_id": ["e", "b"], "phase": ["before_shipping", "after_receipt"],
                        "reason": ["wrong_order", "refused_parcel"], "platform_involved": [False, True]})  # fmt: skip
COMPLAINTS = pl.DataFrame({"complaint_id": ["c"], "order_id": ["a"]})


def table(**aside: list[str]) -> pl.DataFrame:
    sets = {name: pl.Series(ids, dtype=pl.String) for name, ids in aside.items()}
    return indicators_without(
        orders(), REFUNDS, COMPLAINTS, aside=sets, since=date(2026, 11, 2), until=date(2026, 11, 15)
    )


def test_each_indicator_counts_what_it_says():
    found = {r["indicator"]: (r["part"], r["whole"]) for r in table().iter_rows(named=True)}
    assert found == {
        "refund_requests": (2, 5), "cancelled_before_shipping": (1, 5), "closed_unpaid": (1, 6),
        "refused_parcels": (1, 4), "complaints": (1, 5), "platform_stepped_in": (1, 5),
    }  # fmt: skip


def test_without_a_set_are_the_orders_that_are_left():
    rows = table(some=["b", "c"], nobody=[], strangers=["z"])
    by = {(r["indicator"], r["orders"]): r for r in rows.iter_rows(named=True)}
    assert by["refund_requests", "some"]["part"] == 1
    assert by["closed_unpaid", "some"]["whole"] == 4
    assert by["refund_requests", "some"]["left_out"] == 2
    for indicator in INDICATORS:
        for same in ("nobody", "strangers"):
            assert by[indicator, same]["part"] == by[indicator, "all"]["part"]
            assert by[indicator, same]["left_out"] == 0


def test_a_rate_lies_within_its_interval():
    rows = table(some=["a"]).drop_nulls("rate")
    assert (rows["rate_low"] <= rows["rate"]).all()
    assert (rows["rate"] <= rows["rate_high"]).all()
