"""The week's advice on the demo shop: pages and files say the same, and nothing is suggested without a finding."""

from __future__ import annotations

import polars as pl
import pytest

from aftersales.advice.known_bad import SOURCES
from aftersales.charts.suggestion_card import ASKED
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
    assert judged.height == 7
    actions, decisions = policy_and_service.Actions(report), did_it_work.Decisions(report)
    points = actions.answer().conclusions
    assert [p.do for p in points] == actions.to_do()["action"].head(3).to_list()
    for table in (actions.todo(), actions.replayed(), policy_and_service.levers(report)):
        assert isinstance(table, Table)
    assert actions.todo().frame.height == actions.to_do().height
    assert actions.replayed().frame.height == len(REPLAYED) + 1
    assert decisions.verdicts().frame["verdict"].to_list() == judged["verdict"].to_list()
    untold = judged.filter(pl.col("verdict").is_in(["too_early", "cannot_tell"]))["headline"].to_list()
    assert [note.text for note in decisions.told().items] == untold
    assert decisions.evidence().frame.height == judged.height
    assert str(judged.height) in decisions.answer().headline
    assert suggested["suggestion_id"].is_unique().all()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_card_answers_what_a_manager_asks(data, language):
    """Do what, worth how much, hurts whom, who, by when, how to tell, and the command to record it."""
    report = Report(data, language)
    rows = data.suggestions(language)
    cards = policy_and_service.Actions(report).cards().items
    for card, row in zip(cards, rows.iter_rows(named=True), strict=True):
        assert card.title == row["action"]
        assert set(card.answers) == set(ASKED)
        assert all(card.answers[key] for key in ("worth", "hurts", "who", "tell", "watch", "rule", "because"))
        assert row["owner"] in card.answers["who"]
        assert row["disproof"] in card.answers["tell"]
        assert row["suggestion_id"] in card.command


@pytest.mark.parametrize("language", LANGUAGES)
def test_curves_and_pictures_draw_the_rows_they_are_about(data, language):
    report = Report(data, language)
    first = policy_and_service.Actions(report).curves().items[0]
    limit = data.replays["purchase_limit"]
    assert first.data["bad_stopped"].to_list() == limit.table["bad_stopped"].to_list()
    assert limit.headline(language, currency="CNY") in first.title
    judged = data.decisions(language).filter(pl.col("weeks").list.len() > 0).head(6)
    pictures = did_it_work.Decisions(report).pictures().items
    assert [p.title for p in pictures] == judged["headline"].to_list()
    for picture, weeks in zip(pictures, judged["weeks"], strict=True):
        assert picture.data["events"].to_list() == [week["events"] for week in weeks]


def test_what_is_suggested_rests_on_what_was_found(data):
    suggested = data.suggestions("zh")
    listed = {f"product_id={p}" for p in data.problem_products["product_id"]}
    of_products = suggested.filter(pl.col("finding") == "problem_products")
    assert {scope.split(" & ")[0] for scope in of_products["scope"]} <= listed
    assert not suggested.filter(pl.col("finding") == "service").height or data.service_findings("zh").height


def test_bad_orders_are_those_that_somebody_put_on_record(data):
    """Decided cases, the platform, the seller and the courier: never what the search for suspects found."""
    bad = data.bad_orders
    assert set(bad["source"]) <= set(SOURCES)
    members = data.tables["case_members"].collect()
    won = data.case_outcomes.filter(pl.col("outcome") == "confirmed")["case_id"]
    decided = set(members.filter(pl.col("case_id").is_in(won.implode()), kind="order")["member_id"])
    assert decided
    assert set(bad.filter(source="case")["order_id"]) == decided
    lost = set(data.case_outcomes.filter(pl.col("outcome") != "confirmed")["case_id"])
    assert not lost & set(bad.filter(source="case")["case_id"])
    assert {s for s, _ in data.replays["manual_review"].sources} <= set(SOURCES) - {"case"}
    assert issubclass(ShopWeek, AdviceResults)
