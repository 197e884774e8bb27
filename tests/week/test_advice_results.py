"""The week's advice on the demo shop: pages and files say the same, and nothing is suggested without a finding."""

from __future__ import annotations

import polars as pl
import pytest

from aftersales.charts.table import Table
from aftersales.findings.contract import check
from aftersales.week.advice_results import REPLAYED, AdviceResults
from aftersales.week.loading import Report, load
from aftersales.week.sections import did_it_work, policy_and_service
from aftersales.week.shopweek import ShopWeek
from aftersales.words.language import LANGUAGES


@pytest.fixture(scope="module")
def data(demo):
    return load("demo", "", "zh", config=str(demo / "shops.toml")).data


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_keep_their_contract_and_the_pages_say_what_they_hold(data, language):
    report = Report(data, language)
    suggested = check("suggestions", data.suggestions(language))
    judged = check("decisions", data.decisions(language))
    assert judged.height == 4
    for row in suggested.head(3).iter_rows(named=True):
        assert row["headline"] in [c.fact for c in policy_and_service.answer(report).conclusions]
    for section in (policy_and_service.todo, policy_and_service.limit_curve, policy_and_service.levers):
        assert isinstance(section(report), Table)
    assert policy_and_service.todo(report).frame.height == suggested.height
    assert did_it_work.verdicts(report).frame["verdict"].to_list() == judged["verdict"].to_list()
    assert [note.text for note in did_it_work.told(report).items] == judged["headline"].to_list()
    assert did_it_work.evidence(report).frame.height == judged.height
    assert len(policy_and_service.replayed(report).items) == len(REPLAYED)
    assert str(judged.height) in did_it_work.answer(report).headline


def test_what_is_suggested_rests_on_what_was_found(data):
    suggested = data.suggestions("zh")
    listed = {f"product_id={p}" for p in data.problem_products["product_id"]}
    of_products = suggested.filter(pl.col("finding") == "problem_products")
    assert {scope.split(" & ")[0] for scope in of_products["scope"]} <= listed


def test_bad_orders_are_those_a_person_called_bad(data):
    assert set(data.bad_orders["order_id"]) == set(data.order_evidence.filter(pl.col("seller_says"))["order_id"])
    assert issubclass(ShopWeek, AdviceResults)
