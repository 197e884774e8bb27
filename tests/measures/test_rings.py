"""Rings: rare keys join, common ones do not; a product's own rate excuses its buyers; a small version of the benchmark."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.measures.lockstep import lockstep
from aftersales.measures.order_evidence import order_evidence
from aftersales.measures.refund_tails import WAYS, beta_binomial_tail, ordinary, refund_tails
from aftersales.measures.rings import COMMON_KEY_BUYERS, joined, rare_keys
from aftersales.measures.suspects import by_timing_and_keys, suspects


@pytest.fixture(scope="module")
def abuse(root: Path) -> ModuleType:
    return benchmark(root, "abuse")


def benchmark(root: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_benchmark", root / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def keyed(addresses: list[str | None], buyers: list[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"order_id": [str(i) for i in range(len(buyers))], "at": range(len(buyers)), "buyer": buyers,
         "address": addresses, "phone": [None] * len(buyers)}, schema_overrides={"phone": pl.String},
    )  # fmt: skip


def test_a_locker_says_nothing_and_a_shared_door_does() -> None:
    crowd = COMMON_KEY_BUYERS + 1
    evidence = keyed(["locker"] * crowd + ["door"] * 2 + ["alone"], [f"b{i}" for i in range(crowd + 3)])
    assert rare_keys(evidence)["address"].drop_nulls().unique().to_list() == ["door"]


def test_a_case_is_called_after_its_earliest_order_however_it_grows() -> None:
    evidence = keyed(["d", "d", "d", None], ["a", "b", "c", "e"])
    small = joined(pl.DataFrame({"group": [7, 7], "order_id": ["0", "1"]}), evidence)
    grown = joined(pl.DataFrame({"group": [1, 1, 2, 3], "order_id": ["0", "1", "2", "3"]}), evidence)
    assert small["case"].unique().to_list() == ["0"]
    assert grown["case"].to_list() == ["0", "0", "0", "3"]


def of_product(rates: dict[str, float], *, each: int = 400) -> pl.DataFrame:
    rows = [(f"{p}{i}", p, i < rate * each) for p, rate in rates.items() for i in range(each)]
    frame = pl.DataFrame(rows, schema=["order_id", "product_id", "asked"], orient="row")
    return frame.with_columns(
        at=pl.lit(0), counts=pl.lit(True), **dict.fromkeys(("undone", "refused", "unreturned"), pl.lit(False))
    )


def test_refunds_of_a_product_that_always_comes_back_surprise_nobody() -> None:
    evidence = of_product({"shoes": 0.5, "lamps": 0.05})
    members = pl.DataFrame(
        {"group": [1] * 4 + [2] * 4, "order_id": [f"{p}{i}" for p in ("shoes", "lamps") for i in range(4)]}
    )
    p = refund_tails(members, ordinary(evidence, spread=dict.fromkeys(WAYS, 10.0)))["p_refund"]
    assert p[0] > 0.1 > 0.01 > p[1]


def test_a_group_does_not_excuse_itself() -> None:
    evidence = of_product({"new": 1.0}, each=6).vstack(of_product({"old": 0.05}))
    members = pl.DataFrame({"group": [1] * 6, "order_id": [f"new{i}" for i in range(6)]})
    row = refund_tails(members, ordinary(evidence, spread=dict.fromkeys(WAYS, 10.0))).row(0, named=True)
    assert row["asked"] == 6
    assert row["expected"] < 1
    assert row["p_refund"] < 0.01


@given(st.integers(1, 30), st.floats(0.01, 0.9), st.floats(2, 200))
@settings(max_examples=60)
def test_tails_fall_from_one_as_cases_rise(orders: int, rate: float, spread: float) -> None:
    k, n = np.arange(orders + 1), np.full(orders + 1, orders)
    tail = beta_binomial_tail(k, n, np.full(orders + 1, rate * orders), spread)
    assert tail[0] == 1
    assert (np.diff(tail) <= 1e-12).all()
    assert (tail >= 0).all()


def test_strangers_on_a_busy_day_are_not_in_lockstep() -> None:
    draw = np.random.default_rng(1)
    n = 3000
    rows = pl.DataFrame({
        "order_id": [str(i) for i in range(n)], "product_id": [f"p{p}" for p in draw.integers(0, 10, n)],
        "buyer": [f"b{b}" for b in draw.integers(0, 600, n)],
        "at": np.where(draw.random(n) < 0.4, draw.integers(0, 86_400, n), draw.integers(0, 60 * 86_400, n)),
        "counts": [True] * n,
    })  # fmt: skip
    assert lockstep(rows, target=0.05)[0].is_empty()


def found(abuse: ModuleType, rows: pl.DataFrame, *, masked: bool = False) -> tuple[float, float, pl.DataFrame]:
    groups, members = abuse.listed(*abuse.tables(rows, masked=masked))
    hit, wrong, bad = abuse.score(rows, members["order_id"])
    return hit / max(hit + wrong, 1), hit / max(bad, 1), groups


def test_bursts_and_rings_are_found_and_the_innocent_are_not(abuse: ModuleType) -> None:
    precision, recall, _ = found(abuse, abuse.simulated(5, base_rate=0.01, buyers=12_000))
    assert precision >= 0.95
    assert recall >= 0.90


def test_slow_rings_that_share_a_door_are_named_rightly(abuse: ModuleType) -> None:
    precision, recall, groups = found(abuse, abuse.simulated(6, base_rate=0.0, slow_rate=0.005, buyers=12_000))
    assert precision >= 0.90
    assert recall > 0.3
    assert "slow_ring" in groups["pattern"].to_list()


def test_patient_attackers_are_found_however_many_they_are_and_whatever_their_address_looks_like(root: Path) -> None:
    patient = benchmark(root, "patient_abuse")
    shop = patient.Shop(11)
    patient.honest(shop, 3_000)
    for name in ("one order a day", "an order every few days", "many accounts, one address", "ring, a door behind"):
        for number in range(8):
            patient.ATTACKS[name](shop, number)
    found, wrong, bad = patient.score(shop)
    assert found / (found + wrong) >= 0.95
    assert found / bad >= 0.85


def test_ordinary_buyers_families_and_a_bad_batch_are_no_patient_attackers(root: Path) -> None:
    patient = benchmark(root, "patient_abuse")
    shop = patient.Shop(12, more_returns=1.6)
    patient.honest(shop, 3_000)
    assert patient.score(shop) == (0, 0, 0)


def test_lockstep_needs_no_shared_key(abuse: ModuleType) -> None:
    rows = abuse.with_lockstep(abuse.simulated(7, base_rate=0.0, buyers=12_000), 7, rings=2)
    precision, recall, groups = found(abuse, rows)
    assert precision >= 0.90
    assert recall >= 0.9
    assert set(groups["pattern"]) == {"lockstep"}


def test_masked_buyers_leave_timing_product_and_province(abuse: ModuleType) -> None:
    precision, recall, groups = found(abuse, abuse.simulated(8, base_rate=0.01, buyers=12_000), masked=True)
    assert precision >= 0.90
    assert recall > 0.2
    assert groups["pattern"].str.starts_with("masked").all()


@pytest.mark.parametrize("masked", [False, True])
def test_a_shop_without_abuse_names_nobody(abuse: ModuleType, masked: bool) -> None:
    rows = abuse.simulated(9, base_rate=0.0, buyers=12_000)
    _, _, groups = found(abuse, rows, masked=masked)
    assert groups.height <= rows.height / 10_000


def test_timing_and_keys_alone_do_not_look_at_the_outcome(abuse: ModuleType) -> None:
    orders, refunds = abuse.tables(abuse.simulated(5, base_rate=0.01, buyers=6_000))
    with_refunds = order_evidence(orders, refunds, until=abuse.UNTIL).with_columns(counts=pl.lit(True))
    without = order_evidence(orders.drop("status"), refunds.clear(), until=abuse.UNTIL).with_columns(
        counts=pl.lit(True)
    )
    alone = by_timing_and_keys(with_refunds)
    assert len(alone) > 0
    assert alone.equals(by_timing_and_keys(without))


def test_the_order_of_rows_does_not_matter(abuse: ModuleType) -> None:
    orders, refunds = abuse.tables(abuse.simulated(5, base_rate=0.01, buyers=6_000))
    one = suspects(order_evidence(orders, refunds, until=abuse.UNTIL))[1]["order_id"].unique().sort()
    other = (
        suspects(order_evidence(orders.reverse(), refunds.reverse(), until=abuse.UNTIL))[1]["order_id"].unique().sort()
    )
    assert one.equals(other)
