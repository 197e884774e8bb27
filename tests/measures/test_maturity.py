"""Delays, nowcasts and maturity: what is true of them whatever the numbers, and the published figures."""

from __future__ import annotations

import importlib.util
import sys
from datetime import date, datetime, timedelta
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.findings.request_rate import request_rate
from aftersales.measures.delays import chain_ladder, delay_curve, developed
from aftersales.measures.maturity import effective_exposure, still_to_come, with_maturity
from aftersales.measures.maturity_stages import MATURE_FROM, SHOWN_FROM
from aftersales.measures.nowcast import nowcast, quantile
from aftersales.measures.rates import refund_rate
from aftersales.measures.triangles import delay_triangle, with_stratum
from aftersales.words.errors import DataError, UsageError
from aftersales.words.periods import Week

MONDAY = date(2026, 6, 1)
SUNDAY = MONDAY + timedelta(weeks=12, days=-1)


def benchmark(root, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{name}", root / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def shop(seed: int = 0, orders: int = 1500, rate: float = 0.2) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Twelve weeks of orders; requests after 0 to 40 days, before shipping the early ones; a few ask twice."""
    draw = np.random.default_rng(seed)
    paid = [datetime(2026, 6, 1) + timedelta(minutes=int(m)) for m in draw.integers(0, 84 * 1440, orders)]
    table = pl.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(orders)],
            "paid_at": paid,
            "paid": draw.integers(10, 200, orders),
            "category": draw.choice(["shoes", "snacks"], orders, p=[0.7, 0.3]),
            "delivered_at": [p + timedelta(days=4) for p in paid],
        }
    )
    asked = np.flatnonzero(draw.random(orders) < rate)
    delay = draw.exponential(7.0, len(asked)).clip(0, 40)
    rows = [
        {"refund_id": f"r{i}-{n}", "order_id": f"o{i}", "applied_at": paid[i] + timedelta(days=float(d) + 2 * n),
         "phase": "before_shipping" if d < 3 else "after_receipt", "status": "succeeded", "amount": 5}
        for i, d in zip(asked, delay, strict=True) for n in range(1 + (i % 10 == 0))
    ]  # fmt: skip
    return table, pl.DataFrame(rows)


@pytest.mark.parametrize("name", ["RAA", "GenIns"])
def test_the_chain_ladder_leaves_the_published_reserves(root, name):
    module = benchmark(root, "chain_ladder")
    cumulated, published = module.PUBLISHED[name]
    assert round(module.still_open(cumulated)) == published


def test_norovirus_nowcasts_hold_the_bar(root, shared):
    module = benchmark(root, "norovirus")
    # every second nowcast day: half the time, and no more lenient
    found = module.measured(module.triangle(), [module.FIRST + timedelta(weeks=2 * w) for w in range(12)])
    assert found["score"].mean() <= 3.1
    assert 0.85 <= found["inside_90"].mean() <= 0.95
    assert (found["truth"] - found["value"]).abs().mean() < (found["truth"] - found["seen"]).abs().mean() / 2


@pytest.mark.parametrize("age", ["day", "week"])
def test_the_triangle_counts_each_order_once_and_loses_none(age):
    orders, refunds = shop()
    cells = delay_triangle(orders, refunds, until=SUNDAY, age=age, longest_age=100)
    rates = refund_rate(orders, refunds, until=SUNDAY, by=age)
    assert cells["events"].sum() == rates["refund_orders"].sum()
    assert cells.filter(pl.col("age") == 0)["orders"].sum() == rates["paid_orders"].sum()


def test_outcomes_share_their_denominator_and_add_up():
    orders, refunds = shop()
    whole = delay_triangle(orders, refunds, until=SUNDAY)
    parts = delay_triangle(orders, refunds, until=SUNDAY, outcome="phase")
    summed = parts.group_by("cohort", "age").agg(pl.col("events").sum(), pl.col("orders").max()).sort("cohort", "age")
    assert summed.select("events", "orders").rows() == whole.select("events", "orders").rows()
    any_of = delay_curve(whole, borrowed=0)["cumulative_incidence"]
    by_phase = delay_curve(parts, borrowed=0).group_by("age").agg(pl.col("cumulative_incidence").sum()).sort("age")
    assert by_phase["cumulative_incidence"].to_numpy() == pytest.approx(any_of.to_numpy())
    assert any_of.max() < 0.3  # censoring one outcome by another and taking 1 - KM would pass the share of all requests


def test_a_delivery_curve_keeps_orders_that_asked_before_delivery_in_its_denominator():
    orders, refunds = shop()
    cells = delay_triangle(orders, refunds, until=SUNDAY, since="delivered_at", outcome="phase")
    assert cells["outcome"].unique().to_list() == ["after_receipt"]
    assert cells.filter(pl.col("age") == 0)["orders"].sum() == orders.filter(
        pl.col("delivered_at").dt.date() <= SUNDAY).height  # fmt: skip


def test_money_counts_what_was_not_withdrawn():
    orders, refunds = shop()
    half = refunds.with_columns(
        status=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("closed")).otherwise("status")
    )
    full, kept = (delay_triangle(orders, r, until=SUNDAY, count="money") for r in (refunds, half))
    assert full["events"].sum() == 5 * refunds.filter(pl.col("applied_at").dt.date() <= SUNDAY).height
    assert 0 < kept["events"].sum() < full["events"].sum()


def test_a_week_that_is_not_over_and_cells_before_the_export_are_left_out():
    orders, refunds = shop()
    cells = delay_triangle(orders, refunds, until=SUNDAY - timedelta(days=1), refunds_from=date(2026, 6, 15))
    reported = cells.select(pl.col("cohort") + pl.duration(weeks=pl.col("age"))).to_series()
    assert reported.min() == date(2026, 6, 15)
    assert reported.max() == SUNDAY - timedelta(days=13)


def test_curves_rise_to_one_and_small_groups_borrow():
    orders, refunds = shop()
    orders = pl.concat([orders, orders.head(3).with_columns(order_id=pl.col("order_id") + "x", category=pl.lit("tea"))])
    cells = delay_triangle(orders, refunds, until=SUNDAY, by=["category"])
    curves = delay_curve(cells, by=["category"])
    for _, curve in curves.group_by("category"):
        share = curve.sort("age")["share"]
        assert share.is_sorted()
        assert share[-1] == pytest.approx(1)
    alone = delay_curve(cells, by=["category"], borrowed=0).filter(category="tea")["share"]
    pooled = delay_curve(cells.drop("category").group_by("outcome", "cohort", "age").sum())["share"]
    borrowed = curves.filter(category="tea").sort("age")["share"]
    assert alone.is_null().all()
    assert borrowed.to_numpy() == pytest.approx(pooled.sort().to_numpy()[: len(borrowed)], abs=0.1)


def test_every_digit_is_the_same_whatever_the_order_of_the_rows():
    """Threads and folders hand rows over in any order; findings of one store are the same bytes everywhere."""
    orders, refunds = shop()
    names = [f"kind {i}" for i in range(9)]
    orders = orders.with_columns(category=pl.Series([names[i % 9] for i in range(orders.height)]))
    found = []
    for seed in range(12):
        mixed = orders.sample(fraction=1, shuffle=True, seed=seed)
        cells = delay_triangle(mixed, refunds, until=SUNDAY, by=["category"])
        curve = delay_curve(cells, by=["category"])
        counts = cells.filter(age=0)
        exposure = effective_exposure(counts, curve, until=SUNDAY, by=["category"], curve_by=["category"])
        rates = request_rate(mixed, refunds, week=Week.of(SUNDAY), market="cn")
        found.append((curve, exposure, rates))
    for i, name in enumerate(("curve", "exposure", "rates")):
        assert all(one[i].equals(found[0][i]) for one in found), name


def test_an_old_delay_is_forgotten():
    """The courier slows down: the curve of the latest weeks is later than that of all weeks."""
    weeks = [(MONDAY + timedelta(weeks=t), a, 100, [6, 2][a] if t + a < 12 else [2, 6][a])
             for t in range(24) for a in range(2) if t + a < 24]  # fmt: skip
    cells = pl.DataFrame(weeks, schema=["cohort", "age", "orders", "events"], orient="row")
    cells = cells.with_columns(outcome=pl.lit("any"))
    assert delay_curve(cells, trailing=8)["share"][0] == pytest.approx(0.25)
    assert chain_ladder(cells, trailing=8)["share"][0] == pytest.approx(0.25)
    assert delay_curve(cells, trailing=24)["share"][0] > 0.3


def test_promotions_are_a_stratum():
    days = pl.DataFrame({"paid_at": [datetime(2026, 11, 11, 9), datetime(2026, 8, 4)]})
    assert with_stratum(days, "cn").collect()["stratum"].to_list() == ["promotion", "ordinary"]


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(4, 14), st.integers(1, 5))
def test_a_nowcast_is_ordered_and_leaves_complete_cohorts_alone(seed, weeks, ages):
    draw = np.random.default_rng(seed)
    rows = [(MONDAY + timedelta(weeks=t), a, int(n), int(draw.binomial(n, 0.05)))
            for t, n in enumerate(draw.integers(0, 300, weeks)) for a in range(ages) if t + a < weeks]  # fmt: skip
    cells = pl.DataFrame(rows, schema=["cohort", "age", "orders", "events"], orient="row")
    found = nowcast(cells)
    assert found.height == weeks
    assert (found["seen"] <= found["value"] + 1e-9).all()
    assert (found["low"] <= found["high"]).all()
    assert (found["low"] >= found["seen"]).all()
    done = found.filter(pl.col("age") >= ages - 1)
    assert done.filter((pl.col("value") != pl.col("seen")) | (pl.col("high") != pl.col("seen"))).is_empty()


def test_a_peak_does_not_fool_the_nowcast():
    """Ten times the orders in the last week: plain requests over orders falls, the nowcast rate does not."""
    draw = np.random.default_rng(3)
    share = [0.05, 0.03, 0.02]
    rows = [(MONDAY + timedelta(weeks=t), a, n, int(draw.poisson(n * share[a])))
            for t, n in enumerate([400] * 19 + [4000]) for a in range(3) if t + a < 20]  # fmt: skip
    last = nowcast(pl.DataFrame(rows, schema=["cohort", "age", "orders", "events"], orient="row")).tail(1)
    assert last["seen"].item() / 4000 < 0.065
    assert last["value"].item() / 4000 == pytest.approx(0.10, abs=0.015)
    assert last["low"].item() < 400 < last["high"].item()
    assert last["stage"].item() == "young"


@pytest.mark.slow
def test_nine_nowcasts_in_ten_hold_the_end():
    inside = []
    for seed in range(40):
        draw = np.random.default_rng(seed)
        n = draw.integers(100, 300, 30)
        level = 0.1 * draw.gamma(30, 1 / 30, 30)
        share = np.array([0.35, 0.3, 0.2, 0.1, 0.05])
        came = draw.poisson(n[:, None] * level[:, None] * share)
        rows = [(MONDAY + timedelta(weeks=t), a, int(n[t]), int(came[t, a]))
                for t in range(30) for a in range(5) if t + a < 30]  # fmt: skip
        found = nowcast(pl.DataFrame(rows, schema=["cohort", "age", "orders", "events"], orient="row")).tail(3)
        final = came.sum(1)[-3:]
        inside += list((found["low"].to_numpy() <= final) & (final <= found["high"].to_numpy()))
    assert 0.83 <= np.mean(inside) <= 0.99


def test_groups_and_outcomes_are_nowcast_by_themselves():
    orders, refunds = shop()
    cells = delay_triangle(orders, refunds, until=SUNDAY, by=["category"], outcome="phase")
    together = nowcast(cells, by=["category"], borrowed=0)
    shoes = nowcast(cells.filter(category="shoes"), by=["category"])
    assert together.filter(category="shoes").equals(shoes)
    assert together.height == 2 * 2 * 12
    assert nowcast(cells.clear(), by=["category"]).columns == together.columns
    phases = nowcast(cells, by=["category"])
    alone = nowcast(cells.filter(outcome="after_receipt"), by=["category"])
    assert phases.filter(outcome="after_receipt").equals(alone)  # outcomes never borrow, groups do


def test_money_is_nowcast_in_its_own_unit():
    orders, refunds = shop()
    by_money = delay_triangle(orders, refunds, until=SUNDAY, count="money")
    found = nowcast(by_money, unit=5.0).filter(pl.col("age") < 4)
    scaled = nowcast(by_money.with_columns(pl.col("events", "orders") / 5)).filter(pl.col("age") < 4)
    assert found["value"].to_numpy() == pytest.approx(5 * scaled["value"].to_numpy())
    assert found["high"].to_numpy() == pytest.approx(5 * scaled["high"].to_numpy())


def test_used_up_exposure_undoes_youth():
    """Products of one rate and very different ages have one rate over used-up exposure."""
    orders, refunds = shop(orders=6000)
    cells = delay_triangle(orders, refunds, until=SUNDAY)
    curve = delay_curve(cells)
    counts = cells.group_by("cohort").agg(pl.col("orders").first(), seen=pl.col("events").sum())
    counts = counts.with_columns(
        product_id=pl.when(pl.col("cohort") >= date(2026, 8, 10)).then(pl.lit("new")).otherwise(pl.lit("old"))
    )
    found = effective_exposure(counts, curve, until=SUNDAY, by=["product_id"])
    raw = (found["events"] / found["orders"]).to_list()
    rate = (found["events"] / found["exposure"]).to_list()
    assert raw[0] < 0.75 * raw[1]
    assert rate[0] == pytest.approx(rate[1], rel=0.15)
    assert (found["exposure"] <= found["orders"]).all()


def test_exposure_uses_each_groups_own_curve():
    curve = pl.DataFrame({"category": ["a", "a", "b", "b"], "age": [0, 1, 0, 1], "share": [0.1, 1.0, 0.9, 1.0]})
    counts = pl.DataFrame(
        {"product_id": ["p", "q", "r"], "category": ["a", "b", "new"], "cohort": [MONDAY] * 3, "orders": [10] * 3}
    )
    found = effective_exposure(
        counts, curve, until=MONDAY + timedelta(days=6), by=["product_id"], curve_by=["category"]
    )
    assert found["exposure"].to_list() == pytest.approx([1.0, 9.0, 0.0])


def test_stages_stand_at_their_bounds():
    curve = pl.DataFrame({"age": [0, 1, 2], "share": [SHOWN_FROM - 0.01, SHOWN_FROM, MATURE_FROM]})
    cohorts = pl.DataFrame({"cohort": [MONDAY + timedelta(weeks=w) for w in (2, 1, 0, 3)]})
    found = with_maturity(cohorts, curve, until=MONDAY + timedelta(days=20))
    assert found["stage"].to_list() == ["too_young", "young", "mature", "too_young"]
    assert found["mature"].to_list() == [False, False, True, False]
    assert found["maturity"][3] is None


def test_still_to_come_widens_with_what_is_open():
    counts = pl.DataFrame({"orders": [100] * 3, "seen": [5] * 3, "maturity": [1.0, 0.6, 0.1], "rate": [0.1] * 3})
    found = still_to_come(counts, size=10.0)
    assert found["to_come"].to_list() == pytest.approx([0.0, 4.0, 9.0])
    width = found["high"] - found["low"]
    assert width[0] == 0
    assert width.is_sorted()


@given(st.floats(0, 500), st.floats(0.5, 1000), st.floats(0.01, 0.98))
def test_quantiles_rise(mean, size, probability):
    low, high = (quantile(np.array([mean]), np.array([size]), p)[0] for p in (probability, probability + 0.01))
    assert 0 <= low <= high


def test_bad_questions_are_answered_in_words():
    orders, refunds = shop(orders=20)
    with pytest.raises(UsageError, match="days or weeks"):
        delay_triangle(orders, refunds, until=SUNDAY, age="month")
    cells = delay_triangle(orders, refunds, until=SUNDAY, outcome="phase")
    with pytest.raises(DataError, match="lacks orders"):
        nowcast(cells.drop("orders"))
    with pytest.raises(DataError, match="lacks events"):
        chain_ladder(cells.drop("events"))
    two = delay_curve(delay_triangle(*shop(), until=SUNDAY, outcome="phase"))
    with pytest.raises(DataError, match="several outcomes"):
        with_maturity(pl.DataFrame({"cohort": [MONDAY]}), two, until=SUNDAY)


def test_a_complete_triangle_needs_nothing_more():
    cells = pl.DataFrame({"cohort": [MONDAY] * 3, "age": [0, 1, 2], "events": [3, 2, 1]})
    assert developed(cells, chain_ladder(cells))["to_come"].to_list() == [0.0]


def test_a_shutdown_that_is_set_aside_bends_nothing():
    """Two weeks without couriers: nothing is asked in them. Set aside, the later weeks are nowcast as if they were not."""
    rows = [(MONDAY + timedelta(weeks=t), a, 200, 0 if t + a in {16, 17} else [8, 6, 6][a])
            for t in range(20) for a in range(3) if t + a < 20]  # fmt: skip
    cells = pl.DataFrame(rows, schema=["cohort", "age", "orders", "events"], orient="row")
    shut = [MONDAY + timedelta(weeks=w) for w in (16, 17)]
    plain, aside = nowcast(cells).tail(1), nowcast(cells, set_aside=shut).tail(1)
    assert aside["value"].item() == pytest.approx(20, abs=0.1)
    assert plain["value"].item() < 19
    assert nowcast(cells, set_aside=shut)["seen"].to_list() == nowcast(cells)["seen"].to_list()


def test_a_shop_of_one_week_is_never_called_mature():
    cells = pl.DataFrame({"outcome": ["any"], "cohort": [MONDAY], "age": [0], "orders": [50], "events": [9]})
    assert nowcast(cells).select("mature", "stage").row(0) == (False, "too_young")
    assert delay_curve(cells)["share"].to_list() == [None]


def test_nearly_mature_weeks_are_as_unsure_as_past_ones_were() -> None:
    covered = []
    for seed in range(12):
        draw = np.random.default_rng(seed)
        late = np.exp(draw.normal(0, 0.5, 30))[:, None]  # what comes after a week wanders, what comes first does not
        events = draw.poisson(20_000 * np.array([0.05, 0.04, 0.01, 0.005]) * np.hstack([np.ones((30, 2)), late, late]))
        cells = [(date(2026, 1, 5) + timedelta(weeks=w), a, 20_000, int(events[w, a]))
                 for w in range(30) for a in range(4) if w + a < 30]  # fmt: skip
        triangle = pl.DataFrame(cells, schema=["cohort", "age", "orders", "events"], orient="row")
        rows = nowcast(triangle).sort("cohort").tail(3).with_columns(truth=pl.Series(events[27:].sum(1)))
        covered += rows.filter("mature").select(pl.col("truth").is_between("low", "high")).to_series().to_list()
    assert len(covered) == 24
    assert sum(covered) / len(covered) > 0.7
