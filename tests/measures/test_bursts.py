"""Bursts: a run of orders beyond the source's pace and the shop's traffic, and nothing else."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.measures.bursts import surprising, windows
from aftersales.measures.order_evidence import key_number, order_evidence
from aftersales.words.errors import UsageError

NO_REFUNDS = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String})
FIRST, UNTIL = datetime(2026, 6, 1), date(2026, 12, 31)


def evidence_of(buyers: list[str], days: np.ndarray | list[float], **more: object) -> pl.DataFrame:
    orders = pl.DataFrame({
        "order_id": [f"{i:06}" for i in range(len(buyers))], "buyer_key": buyers,
        "created_at": [FIRST + timedelta(days=float(d)) for d in days], **more,
    })  # fmt: skip
    return order_evidence(orders, NO_REFUNDS, until=UNTIL)


def ordinary(seed: int, *, buyers: int = 800, promotion: int | None = None) -> tuple[list[str], np.ndarray]:
    draw = np.random.default_rng(seed)
    who = np.repeat(np.arange(buyers), draw.poisson(draw.gamma(0.8, 3.0, buyers)))
    days = draw.uniform(0, 90, len(who))
    if promotion is not None:
        days = np.where(draw.random(len(who)) < 0.4, promotion + draw.uniform(0, 1, len(who)), days)
    return [f"b{w}" for w in who], days


def number(key: str) -> int:
    return pl.DataFrame({"key": [key]}).select(key_number(pl.col("key"))).item()


def found(evidence: pl.DataFrame, *, by: str = "buyer", target: float = 0.01) -> list[int]:
    tests = windows(evidence, by=by)
    return surprising(tests, tried=evidence[by].n_unique(), target=target)["source"].unique().sort().to_list()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ordinary_buyers_make_no_bursts(seed: int) -> None:
    assert found(evidence_of(*ordinary(seed))) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_promotion_is_no_burst(seed: int) -> None:
    assert found(evidence_of(*ordinary(seed, promotion=40))) == []


def test_eight_orders_in_an_afternoon_are_a_burst() -> None:
    who, days = ordinary(4)
    assert found(evidence_of([*who, *["x"] * 8], [*days, *np.linspace(50.5, 50.7, 8)])) == [number("x")]


def test_the_same_run_by_a_daily_buyer_surprises_less() -> None:
    who, days = ordinary(5)
    run, steady = list(np.linspace(50.5, 50.7, 8)), list(np.linspace(0, 89, 270))
    evidence = evidence_of([*who, *["new"] * 8, *["steady"] * 278], [*days, *run, *steady, *run])
    tests = windows(evidence, by="buyer").group_by("source").agg(pl.col("p_timing").min())
    p = dict(tests.iter_rows())
    assert p[number("new")] < 1e-3 * p[number("steady")]


def test_more_orders_in_the_window_never_surprise_less() -> None:
    who, days = ordinary(6)
    p = [
        windows(evidence_of([*who, *["x"] * n], [*days, *np.linspace(50.5, 50.6, n)]), by="buyer")
        .filter(pl.col("source") == number("x"))["p_timing"].min()
        for n in (3, 5, 8, 12)
    ]  # fmt: skip
    assert p == sorted(p, reverse=True)


def test_masked_buyers_are_no_source() -> None:
    who, days = ordinary(7, buyers=50)
    evidence = evidence_of(who, days, buyer_key_quality=["masked"] * len(who))
    assert evidence["buyer"].null_count() == len(who)
    assert windows(evidence, by="buyer").is_empty()


def test_a_trial_of_sizes_counts_once_and_a_spree_of_one_size_does_not() -> None:
    n = 4
    shop = {"product_id": ["p"] * n, "status": ["finished"] * n, "order_id": list("abcd"), "buyer_key": ["x"] * n,
            "created_at": [FIRST] * n}  # fmt: skip
    refunds = pl.DataFrame({"refund_id": ["1", "2", "3"], "order_id": ["b", "c", "d"], "reason": ["size"] * 3,
                            "kind": ["return_refund"] * 3})  # fmt: skip
    tried = order_evidence(pl.DataFrame(shop | {"sku": ["S", "M", "L", "XL"]}), refunds, until=UNTIL)
    same = order_evidence(pl.DataFrame(shop | {"sku": ["S"] * n}), refunds, until=UNTIL)
    assert tried.filter("counts")["order_id"].to_list() == ["a"]
    assert same["counts"].all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.01, 0.3))
@settings(max_examples=60)
def test_a_stricter_target_keeps_no_more(p: list[float], target: float) -> None:
    tests = pl.DataFrame({"source": range(len(p)), "p_timing": p})
    wide = surprising(tests, tried=len(p), target=target)
    strict = surprising(tests, tried=3 * len(p), target=target)
    assert set(strict["source"]) <= set(wide["source"])


def test_questions_that_make_no_sense_are_refused() -> None:
    evidence = evidence_of(["a"], [1.0])
    with pytest.raises(UsageError):
        windows(evidence, by="buyer", lengths_hours=[])
    with pytest.raises(UsageError):
        surprising(pl.DataFrame({"source": ["a"], "p_timing": [0.1]}), tried=1, target=0)
