"""The sections of the product page: each shows something for a shop with and without faults, dates and categories."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest
from frames import Frames, Plain

from aftersales.measures.costs import refund_costs
from aftersales.measures.order_evidence import order_evidence
from aftersales.measures.requests import has_refund_dates
from aftersales.week.product_results import ProductResults
from aftersales.week.sections import problem_products as sections
from aftersales.words.language import say
from aftersales.words.periods import Week
from aftersales_demo import ShopSpec, shop_tables, simulate_shop

WEEK = Week.parse("2026-W47")


class Results(Plain, ProductResults):
    """A shop's week over frames in memory."""

    def __init__(self, tables: dict[str, pl.DataFrame]) -> None:
        self.tables, self.week = Frames(tables), WEEK
        self.shop = SimpleNamespace(currency="CNY", market="cn", language=("zh", "en"))
        self.dated = has_refund_dates(tables["refunds"])
        self.order_evidence = order_evidence(tables["orders"], tables["refunds"], until=WEEK.sunday)
        self.confirmed_orders = pl.DataFrame(schema={"order_id": pl.String})
        self.costs_weekly = refund_costs(
            tables["orders"], tables["refunds"], freight_out=6, freight_back=8, handling=3, share_not_resold=0.2,
            until=WEEK.sunday, since=WEEK.shift(-59).monday,
        )  # fmt: skip


def report(data: Results, language: str) -> SimpleNamespace:
    return SimpleNamespace(data=data, language=language, say=lambda key, **v: say(key, language, **v))


@pytest.fixture(scope="module")
def tables():
    return shop_tables(simulate_shop(ShopSpec(orders=60_000, weeks=60, abuse=False), seed=3))


@pytest.fixture(scope="module")
def results(tables):
    return Results(tables)


@pytest.fixture(scope="module")
def undated(tables):
    never = pl.lit(None, dtype=pl.Datetime("us", "Asia/Shanghai"))
    return Results({**tables, "refunds": tables["refunds"].with_columns(applied_at=never)})


def shown(thing) -> str:
    items = thing.items if hasattr(thing, "items") else [thing]
    return "".join(item.html() for item in items)


ALL = ("answer", "funnel", "ranking", "cards", "splits", "gone", "too_small", "declared")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ALL)
def test_every_section_shows_something(results, undated, name, language):
    for data in (results, undated):
        html = shown(getattr(sections.ProblemProducts(report(data, language)), name)())
        assert "<" in html
        assert "None" not in html


def test_the_answer_counts_what_the_list_holds(results):
    verdict = sections.ProblemProducts(report(results, "en")).answer()
    rows = results.problem_products
    assert verdict.headline.startswith(f"{rows.height} products ")
    assert len(verdict.conclusions) == min(3, rows.height)
    assert all(c.do for c in verdict.conclusions)


def test_orange_in_the_funnel_is_on_the_list(results):
    chart = sections.ProblemProducts(report(results, "zh")).funnel()
    assert set(chart.data.filter("outside")["product_id"]) <= set(results.problem_products["product_id"])


def test_the_split_that_explains_is_named(results):
    table = sections.ProblemProducts(report(results, "en")).splits()
    named = table.frame.filter(pl.col("explains").is_not_null())
    batches = results.problem_products["batch"].drop_nulls()
    assert len(batches)
    assert set(batches) <= set(named["split"])
    # a SKU may be found against its own past and look ordinary against its category
    assert named.filter(pl.col("split").is_in(batches.implode()))["fires"].all()


def test_without_dates_the_page_says_why(undated):
    verdict = sections.ProblemProducts(report(undated, "zh")).answer()
    assert verdict.headline == say("products.undated", "zh")
    assert say("products.undated", "zh") in shown(sections.ProblemProducts(report(undated, "zh")).declared())


def test_without_categories_the_page_says_so(tables):
    bare = tables["orders"].with_columns(category=pl.lit(None, dtype=pl.String))
    told = shown(sections.ProblemProducts(report(Results({**tables, "orders": bare}), "zh")).declared())
    assert say("products.no_category", "zh") in told


def test_a_quiet_shop_is_told_so():
    spec = ShopSpec(orders=20_000, weeks=60, faults=False, abuse=False, innocents=False)
    quiet = Results(shop_tables(simulate_shop(spec, seed=0)))
    assert quiet.problem_products.is_empty()
    assert sections.ProblemProducts(report(quiet, "en")).answer().headline == say("products.none", "en")
