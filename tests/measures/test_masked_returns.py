"""Runs of refunds where buyers are masked: a planted one is found, a courier's bad days and a bad batch are not."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from aftersales.measures.order_evidence import order_evidence
from aftersales.measures.suspects import suspects

FIRST = datetime(2026, 6, 1)
DAYS, PROVINCES, PRODUCTS = 120, 20, 80
UNTIL = date(2026, 10, 31)
ATTACK = FIRST + timedelta(days=60, hours=9)


def shop(seed: int, extra: list[tuple[datetime, int, int, bool]]) -> tuple[pl.DataFrame, list[str]]:
    """Evidence of a masked shop with further orders (at, province, product, asked), and the further orders' ids."""
    draw = np.random.default_rng(seed)
    n = 30_000
    rows = [
        (FIRST + timedelta(days=float(draw.uniform(0, DAYS))), int(draw.integers(PROVINCES)),
         int(min(draw.zipf(1.4), PRODUCTS)), bool(draw.random() < 0.08))
        for _ in range(n)
    ]  # fmt: skip
    rows += extra
    orders = pl.DataFrame({
        "order_id": [str(i) for i in range(len(rows))], "created_at": [r[0] for r in rows],
        "province": [f"province {r[1]}" for r in rows], "product_id": [f"p{r[2]}" for r in rows],
        "amount": [50.0] * len(rows), "status": ["finished"] * len(rows), "shipped_at": [r[0] for r in rows],
    })  # fmt: skip
    asked = [str(i) for i, r in enumerate(rows) if r[3]]
    refunds = pl.DataFrame({"refund_id": asked, "order_id": asked, "reason": ["quality"] * len(asked)})
    return order_evidence(orders, refunds, until=UNTIL), [str(i) for i in range(n, len(rows))]


def named(evidence: pl.DataFrame) -> set[str]:
    groups, members = suspects(evidence)
    assert set(groups["pattern"]) <= {"masked_burst", "masked_returns", "masked_slow_ring"}
    return set(members["order_id"])


def test_orders_of_three_products_that_came_back_together_are_found():
    extra = [(ATTACK + timedelta(minutes=31 * i), 7, 40 + i % 3, i % 6 > 0) for i in range(14)]
    evidence, planted = shop(1, extra)
    found = named(evidence)
    asked = set(evidence.filter("asked")["order_id"])
    assert found & set(planted) == asked & set(planted)
    assert len(found - set(planted)) <= 1


@pytest.mark.parametrize("seed", range(3))
def test_a_couriers_bad_days_meet_all_products_and_are_not_taken_for_a_run(seed):
    draw = np.random.default_rng(seed + 90)
    late = [(ATTACK + timedelta(minutes=45 * i), 7, int(min(draw.zipf(1.4), PRODUCTS)), True) for i in range(25)]
    evidence, _ = shop(seed, late)
    assert not named(evidence)


def test_a_bad_batch_comes_back_from_everywhere_and_is_not_taken_for_a_run():
    bad = [(FIRST + timedelta(days=40 + i % 30, hours=i % 24), i % PROVINCES, 33, i % 3 > 0) for i in range(150)]
    evidence, _ = shop(2, bad)
    assert not named(evidence)


def test_an_ordinary_shop_names_nobody():
    assert not named(shop(3, [])[0])
