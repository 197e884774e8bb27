"""Problem products: what is planted is found and named, nothing wrong gives nothing, and one rule marks and lists."""

from __future__ import annotations

import importlib.util
import re
from datetime import date
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.findings.contract import check
from aftersales.findings.product_counts import KEY, product_counts
from aftersales.findings.product_funnel import product_funnel
from aftersales.findings.product_rates import product_rates
from aftersales.findings.product_views import LEAST_EXCESS, product_views
from aftersales.findings.product_weeks import product_weeks
from aftersales.findings.products import (
    PRODUCTS_SCHEMA,
    gone_products,
    listed,
    problem_products,
    unjudged_products,
    with_product_headlines,
)
from aftersales.measures.costs import refund_costs
from aftersales.stats.false_discoveries import TARGET, bayes_fdr
from aftersales.words.periods import Week
from aftersales_demo import ShopSpec, basic_spec, shop_tables, simulate_shop
from aftersales_demo.goods import PLANTS

WEEK = Week.parse("2026-W47")


@cache
def made(seed: int, *, faults: bool = True, abuse: bool = False, orders: int = 60_000):
    spec = ShopSpec(orders=orders, weeks=60, faults=faults, abuse=abuse, innocents=True)
    shop = simulate_shop(spec, seed=seed)
    return shop, shop_tables(shop)


@cache
def found(seed: int = 3) -> pl.DataFrame:
    _, tables = made(seed)
    return problem_products(tables["orders"], tables["refunds"], market="cn", week=WEEK)


def codes(rows: pl.DataFrame) -> list[str]:
    return [title.split()[-1] for title in rows["title"]]


def by_code(rows: pl.DataFrame, plant: str) -> dict:
    code = PLANTS["home"][plant]
    return rows.filter(pl.col("title").str.contains(code)).row(0, named=True)


def test_planted_products_are_found_and_the_unlucky_small_one_is_not():
    names = codes(found())
    for plant in ("bad_batch", "broke_lately", "size_chart"):
        assert PLANTS["home"][plant] in names
    assert PLANTS["home"]["chance"] not in names
    # the lamps' packing is only mended for the most part; beside the planted about one in ten may be ordinary
    strangers = set(names) - {PLANTS["home"][p] for p in ("bad_batch", "broke_lately", "size_chart", "packing")}
    assert len(strangers) <= max(1, round(0.2 * len(names)))


def test_the_bad_batch_is_named_with_its_rate_onset_and_reason():
    shop, tables = made(3)
    fault = next(f for f in shop.faults if f.kind == "bad_batch")
    row = by_code(found(), "bad_batch")
    assert row["level"] == "batch"
    assert row["batch"] in set(tables["orders"].filter(pl.col("shipped_at").dt.date() >= fault.since)["batch"])
    assert abs((row["since"] - fault.since).days) <= 7
    assert row["main_reason"] == "quality"
    assert row["rate_low"] <= row["expected_rate"] + fault.extra <= row["rate_high"]
    assert "灰" in row["options"]


def test_what_broke_lately_and_what_never_fitted_are_dated():
    shop, _ = made(3)
    since = {f.kind: f.since for f in shop.faults}
    late, size = by_code(found(), "broke_lately"), by_code(found(), "size_chart")
    assert late["main_reason"] == "quality"
    assert abs((late["since"] - since["broke_lately"]).days) <= 7
    assert size["main_reason"] == "size"
    assert size["since"] is None or abs((size["since"] - since["size_chart"]).days) <= 28


def test_rows_keep_the_contract_and_rank_by_money():
    rows = check("problem_products", found())
    assert rows.schema == PRODUCTS_SCHEMA
    assert rows["money_at_stake"].is_sorted(descending=True)
    assert (rows["excess_refunds"] >= LEAST_EXCESS).all()
    assert (1 - rows["probability_worse"]).mean() <= TARGET
    assert rows["false_share"].is_close((1 - rows["probability_worse"]).mean()).all()
    stake = rows["excess_refunds"] * rows["cost_per_refund"]
    assert ((stake - rows["money_at_stake"].cast(pl.Float64)).abs() < 0.01).all()
    assert (
        rows.select((pl.col("rate_low") <= pl.col("rate")) & (pl.col("rate") <= pl.col("rate_high"))).to_series().all()
    )


def test_costs_raise_the_money_and_not_the_list():
    _, tables = made(3)
    costs = refund_costs(
        tables["orders"], tables["refunds"], freight_out=6, freight_back=8, handling=3, share_not_resold=0.2,
        until=WEEK.sunday, since=WEEK.shift(-11).monday,
    )  # fmt: skip
    dear = problem_products(tables["orders"], tables["refunds"], market="cn", week=WEEK, costs=costs)
    both = dear.join(found(), on="product_id", suffix="_cheap")
    assert both.height == dear.height == found().height
    assert (both["money_at_stake"] > both["money_at_stake_cheap"]).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_wrong_gives_nearly_nothing(seed):
    shop = simulate_shop(ShopSpec(orders=20_000, weeks=60, faults=False, abuse=False, innocents=False), seed=seed)
    tables = shop_tables(shop)
    views = product_views(tables["orders"], tables["refunds"], market="cn", week=WEEK)
    assert views["enough"].sum() > 50
    assert listed(views).height <= 1


def test_one_rule_marks_lists_and_draws():
    _, tables = made(3)
    views = product_views(tables["orders"], tables["refunds"], market="cn", week=WEEK)
    assert set(views.filter("fires")["product_id"]) == set(views.filter("flagged")["product_id"])
    assert views.filter("leads")["product_id"].is_duplicated().sum() == 0
    funnel = product_funnel(views)
    at = np.interp(np.log(funnel.points["whole"]), np.log(funnel.limits["whole"]), funnel.limits["high"])
    beyond = funnel.points["rate"].to_numpy() > at
    assert (beyond == funnel.points["outside"].to_numpy()).all()
    assert (np.diff(funnel.limits["high"].to_numpy()) <= 1e-9).all()


@pytest.mark.slow
def test_a_batch_without_abuse_keeps_its_rate_when_strangers_are_set_aside():
    _, tables = made(3)
    row = by_code(found(), "bad_batch")
    assert row["rate_set_aside"] == row["rate"]
    assert row["orders_set_aside"] == 0
    others = tables["orders"].filter(pl.col("product_id") != row["product_id"])["order_id"].unique().sort()
    mine = tables["orders"].filter(pl.col("product_id") == row["product_id"])["order_id"].implode()
    aside = others.filter(~others.is_in(mine)).sample(500, seed=1)
    again = problem_products(tables["orders"], tables["refunds"], market="cn", week=WEEK, set_aside=aside.to_list())
    kept = by_code(again, "bad_batch")
    assert kept["rate"] == pytest.approx(row["rate"])
    assert kept["rate_set_aside"] == pytest.approx(row["rate"], rel=0.02)


@pytest.mark.slow
def test_products_that_only_suspects_make_bad_leave_the_list():
    shop, tables = made(4, abuse=True, orders=100_000)
    bad = shop.orders.filter(pl.col("label").is_not_null()).select("order_id")
    with_all = problem_products(tables["orders"], tables["refunds"], market="cn", week=WEEK)
    without = problem_products(tables["orders"], tables["refunds"], market="cn", week=WEEK, set_aside=bad)
    assert without.height < with_all.height
    assert set(without["product_id"]) <= set(with_all["product_id"])
    for plant in ("bad_batch", "broke_lately", "size_chart"):
        assert PLANTS["home"][plant] in codes(without)
    both = without.join(with_all, on="product_id", suffix="_all")
    # headline rates keep all orders
    assert both.filter(pl.col("level") == pl.col("level_all"), pl.col("reason") == pl.col("reason_all")).select(
        (pl.col("rate") - pl.col("rate_all")).abs().max()
    ).item() == pytest.approx(0)


@pytest.mark.slow
def test_states_tell_new_still_better_and_gone():
    _, tables = made(3)
    now = product_views(tables["orders"], tables["refunds"], market="cn", week=WEEK)
    nothing = now.with_columns(flagged=pl.lit(value=False))
    fresh = problem_products(tables["orders"], tables["refunds"], market="cn", week=WEEK, before=nothing)
    assert set(fresh["state"]) == {"new"}
    same = problem_products(tables["orders"], tables["refunds"], market="cn", week=WEEK, before=now)
    assert set(same["state"]) == {"still"}
    worse_then = now.with_columns(excess=pl.col("excess") * 2)
    assert set(
        problem_products(tables["orders"], tables["refunds"], market="cn", week=WEEK, before=worse_then)["state"]
    ) == {"better"}
    left = gone_products(nothing, now)
    assert set(left["product_id"]) == set(listed(now)["product_id"])
    assert gone_products(now, now).is_empty()


def test_small_products_are_listed_apart():
    _, tables = made(3)
    views = product_views(tables["orders"], tables["refunds"], market="cn", week=WEEK)
    small = unjudged_products(views)
    assert any(PLANTS["home"]["chance"] in title for title in small["title"])
    assert not set(small["product_id"]) & set(listed(views)["product_id"])
    assert (small["refunds"] < 3).all()


def test_without_refund_dates_nothing_is_named():
    _, tables = made(3)
    undated = tables["refunds"].with_columns(applied_at=pl.lit(None, dtype=pl.Datetime("us", "Asia/Shanghai")))
    rows = problem_products(tables["orders"], undated, market="cn", week=WEEK)
    assert rows.is_empty()
    assert check("problem_products", rows).columns[:15] == list(PRODUCTS_SCHEMA)[:15]
    assert product_views(tables["orders"], undated, market="cn", week=WEEK).is_empty()


def test_a_shop_without_products_or_orders_is_no_error():
    _, tables = made(3)
    bare = tables["orders"].with_columns(product_id=pl.lit(None, dtype=pl.String))
    assert problem_products(bare, tables["refunds"], market="cn", week=WEEK).is_empty()
    assert problem_products(tables["orders"].clear(), tables["refunds"].clear(), market="cn", week=WEEK).is_empty()
    young = tables["orders"].filter(pl.col("paid_at").dt.date() >= date(2026, 11, 16))
    assert problem_products(young, tables["refunds"], market="cn", week=WEEK).is_empty()


def test_a_shop_without_categories_is_one():
    tables = shop_tables(simulate_shop(basic_spec(orders=12_000, weeks=60), seed=2))
    rows = problem_products(tables["orders"], tables["refunds"], market="cn", week=WEEK, language="en")
    views = product_views(tables["orders"], tables["refunds"], market="cn", week=WEEK)
    assert set(views["category"]) == {"all"}
    assert not any("its category" in line for line in rows["headline"])


@pytest.mark.parametrize(("language", "words"), [("zh", ("退款率", "同类目", "超出基准约", "批次")),
                                                 ("en", ("refund rate", "its category", "above expected", "in batch"))])  # fmt: skip
def test_headlines_say_what_the_row_holds(language, words):
    row = by_code(with_product_headlines(found(), language=language), "bad_batch")
    for word in words:
        assert word in row["headline"]
    assert str(row["refunds"]) in row["headline"]
    assert row["batch"] in row["headline"]


def test_counts_add_up_over_skus_and_weeks():
    _, tables = made(3)
    counts = product_counts(tables["orders"], tables["refunds"], market="cn", week=WEEK)
    units = counts.units.group_by("level", "product_id").agg(pl.col("orders").sum())
    product = units.filter(level="product").join(units.filter(level="sku"), on="product_id", suffix="_sku")
    # an order with two SKUs of a product is one order of the product
    assert (product["orders_sku"] >= product["orders"]).all()
    scopes = counts.units.filter(level="product").select(*KEY, reason=pl.lit("any")).unique().head(5)
    weeks = product_weeks(counts, scopes, week=WEEK)
    assert weeks.height == 5 * 60
    own = weeks.group_by("product_id").agg(pl.col("orders").sum()).join(units.filter(level="product"), on="product_id")
    assert (own["orders"] == own["orders_right"]).all()
    assert (weeks["refunds"] <= weeks["orders"]).all()
    assert weeks.filter(pl.col("orders") == 0)["rate"].is_null().all()


@settings(max_examples=25)
@given(
    counts=st.lists(st.tuples(st.integers(0, 40), st.integers(40, 400)), min_size=2, max_size=60),
    usual=st.floats(0.01, 0.6),
)
def test_rates_are_shares_within_their_intervals(counts, usual):
    frame = pl.DataFrame(counts, schema=["refunds", "exposure"], orient="row").with_columns(
        prior=pl.lit("a"), usual=pl.lit(usual), exposure=pl.col("exposure").cast(pl.Float64)
    )
    rates = product_rates(frame)
    known = rates.drop_nulls("rate")
    assert known.height in (0, frame.height)
    for name in ("rate", "rate_low", "rate_high", "probability_worse"):
        assert known[name].is_between(0, 1).all()
    assert (known["rate_low"] <= known["rate_high"]).all()
    # as many orders, more requests: never less likely to be worse
    ordered = known.sort("exposure", "refunds")
    for _, group in ordered.group_by("exposure", maintain_order=True):
        assert group["probability_worse"].diff().drop_nulls().ge(-1e-9).all()


def test_the_benchmark_of_twenty_thousand_products():
    """Written out in the methods reference: bad ones are few, and truth is a rate above one and a half times the mean."""
    draw = np.random.default_rng(7)
    arrived = np.array([0.18, 0.27, 0.20, 0.13, 0.08, 0.05, 0.04, 0.025, 0.015, 0.01]).cumsum()
    arrived /= arrived[-1]
    sold = draw.poisson(np.exp(draw.normal(np.log(3), 1.4, 20_000))[:, None], (20_000, 26))
    rate = draw.beta(0.08 * 60, 0.92 * 60, 20_000)
    rate = np.where(draw.random(20_000) < 0.02, np.minimum(2.5 * rate + 0.05, 0.8), rate)
    share = arrived[np.minimum(25 - np.arange(26), 9)]
    seen = draw.binomial(draw.binomial(sold, rate[:, None]), share).sum(axis=1)
    exposure = (sold * share).sum(axis=1)
    frame = pl.DataFrame({"refunds": seen, "exposure": exposure, "rate_true": rate}).filter(pl.col("exposure") > 0)
    usual = pl.col("refunds").sum() / pl.col("exposure").sum()
    judged = bayes_fdr(product_rates(frame.with_columns(prior=pl.lit("a"), usual=usual)))
    worse = pl.col("rate_true") > 1.5 * rate.mean()
    false_share, power = judged.select(
        false_share=(~worse & pl.col("flagged")).sum() / pl.col("flagged").sum(),
        power=(worse & pl.col("flagged")).sum() / worse.sum(),
    ).row(0)
    covered = judged.select(pl.col("rate_true").is_between("rate_low", "rate_high").mean()).item()
    assert false_share < 0.13
    assert power > 0.25
    assert 0.88 < covered < 0.92


def benchmark(root, name: str):
    spec = importlib.util.spec_from_file_location(f"{name}_benchmark", root / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_buyer_makes_no_problem_product(root):
    mixed = benchmark(root, "mixed_shops")
    kinds = {name: mixed.KINDS[name] for name in ("mugs", "cables")}
    orders, refunds, _ = mixed.shop(5, products=40, orders=9_000, faults=0, returners=1, kinds=kinds)
    # 25 of the 30 requests are one buyer's; where nobody knows that, the product is listed
    strangers = product_views(orders.drop("buyer_key"), refunds, market="cn", week=mixed.WEEK)
    assert strangers.filter("flagged")["product_id"].unique().to_list() == ["p5"]
    known = product_views(orders, refunds, market="cn", week=mixed.WEEK)
    assert not known["flagged"].any()
    # what is counted stays what it is
    whole = (pl.col("level") == "product") & (pl.col("reason") == "any")
    assert known.filter(whole)["refunds"].equals(strangers.filter(whole)["refunds"])


def test_a_launch_is_compared_with_other_launches_and_the_page_says_so(root):
    worlds = benchmark(root, "launches")
    orders, refunds, truth = worlds.shop(1, launched=tuple(worlds.KINDS), bad=2, products=80, orders=50_000, peak=3.0)
    views = product_views(orders, refunds, market="cn", week=Week.parse("2026-W40")).join(truth, on="product_id")
    flagged = views.filter("flagged", "leads")
    assert flagged.select("bad", "against").rows() == [(True, "category")]
    whole = views.filter(level="product", against="category", reason="any")
    mature = whole.filter(pl.col("launch") < 0).group_by("category").agg(mature=pl.col("expected_rate").mean())
    new = whole.filter(pl.col("launch") >= 48).join(mature, on="category")
    assert new.select((pl.col("expected_rate") > 1.3 * pl.col("mature")).all()).item()
    said = with_product_headlines(new.head(1).with_columns(
        options=pl.lit(None, pl.String), excess_refunds="excess", since=pl.lit(None, pl.Date),
        main_reason=pl.lit("quality"),
    ), language="en")["headline"].item()  # fmt: skip
    assert re.search(r"\d+ products in their first [48] weeks \d", said)
