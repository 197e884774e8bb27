"""The sections of the page on suspected complaints: each shows something, with and without files, in both languages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from aftersales.tables.complaints import Complaints
from aftersales.tables.conversations import Messages
from aftersales.tables.parcels import Parcels
from aftersales.week.loading import load
from aftersales.week.sections import malicious_complaints as sections
from aftersales.week.suspect_results import ComplaintSuspects
from aftersales.week.where import Where
from aftersales.words.language import say

ALL = ("answer", "innocents", "complaint_list", "told", "unknown")
LANGUAGES = ("zh", "en")
EMPTY = {"complaints": Complaints, "parcels": Parcels, "messages": Messages}


class Results(ComplaintSuspects):
    """A shop's week over frames in memory."""

    results_folder, where = None, Where()

    def __init__(self, data: Any, **others: pl.DataFrame) -> None:
        self.tables: Any = {n: data.tables[n] for n in ("orders", "refunds", "cases", "case_members", *EMPTY)}
        self.tables |= {name: frame.lazy() for name, frame in others.items()}
        self.week, self.shop, self.problem_products = data.week, data.shop, data.problem_products


def report(data: Any, language: str) -> Any:
    return SimpleNamespace(data=data, language=language, say=lambda key, **v: say(key, language, **v))


def page(data: Any, language: str) -> sections.SuspiciousComplaints:
    return sections.SuspiciousComplaints(report(data, language))


def shown(thing: Any) -> str:
    return "".join(item.html() for item in (thing.items if hasattr(thing, "items") else [thing]))


@pytest.fixture(scope="module")
def week(demo):
    return load("demo", "", "zh", config=str(demo / "shops.toml")).data


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_section_shows_something(week, language):
    for name in ALL:
        html = shown(getattr(page(Results(week), language), name)())
        assert html
        assert "{" not in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_file_the_page_says_which(week, language):
    for absent, schema in EMPTY.items():
        found = page(Results(week, **{absent: schema.create_empty()}), language)
        for name in ALL:
            assert shown(getattr(found, name)())
        said = say(f"suspected_complaint.page.no_{absent}", language, weeks=12)
        assert said in [note.text for note in found.unknown().items]


def test_no_complaints_and_none_suspected_are_told_apart(week):
    nobody = page(Results(week, complaints=Complaints.create_empty()), "en")
    assert say("suspected_complaint.page.no_complaints", "en", weeks=12) in shown(nobody.answer())
    calm = week.tables["complaints"].with_columns(text=pl.lit("想问一下进度"), kind=None, demand=None).collect()
    calm = calm.with_columns(amount_demanded=pl.lit(None, dtype=pl.Decimal(18, 2)))
    quiet = Results(week, complaints=calm, messages=Messages.create_empty())
    assert say("suspected_complaint.page.none", "en", weeks=12) in shown(page(quiet, "en").answer())


def test_what_can_still_be_answered_stands_first_by_its_deadline(week):
    data = Results(week)
    rows = page(data, "zh").table
    assert rows["decided"].to_list() == sorted(rows["decided"])
    rows = rows.filter(~pl.col("decided"))
    waits = (rows["evidence_due_at"].dt.date() > data.until).fill_null(value=False).to_list()
    assert waits == sorted(waits, reverse=True)
    due = rows.head(sum(waits))["evidence_due_at"].to_list()
    assert due == sorted(due)


def test_words_of_buyers_cannot_break_the_page(week):
    foul = '<script>alert("x")</script>'
    hostile = week.tables["complaints"].with_columns(complaint_id=pl.lit(foul) + pl.col("complaint_id")).collect()
    data = Results(week, complaints=hostile)
    html = "".join(shown(getattr(page(data, "zh"), name)()) for name in ALL)
    assert "&lt;script&gt;" in html
    assert "<script" not in html


def test_the_list_is_the_same_in_both_languages_but_for_its_words(week):
    data = Results(week)
    one, other = (data.suspicious_complaints(language) for language in LANGUAGES)
    assert one["complaint_id"].to_list() == other["complaint_id"].to_list()
    assert one.height > 0
    assert one["next_step"].to_list() != other["next_step"].to_list()


def test_closed_complaints_are_told_by_their_end_and_counted_as_nothing_to_do(week):
    rows = page(Results(week), "en").table
    closed = week.tables["complaints"].filter(pl.col("closed_at").dt.date() <= week.until).collect()
    fault = dict(closed.select("complaint_id", "fault").iter_rows())
    ends = {"buyer": "won", "seller": "lost", "carrier": "lost"}
    for complaint, state, decided in rows.select("complaint_id", "state", "decided").iter_rows():
        assert decided == (complaint in fault)
        assert state == ends.get(fault.get(complaint), "closed" if decided else "new")
    assert 0 < rows["decided"].sum() < rows.height
    listed = page(Results(week), "en").complaint_list().frame
    assert listed.filter("decided")["probability"].is_null().all()
    told = shown(page(Results(week), "en").told())
    assert not any(complaint in told for complaint in rows.filter("decided")["complaint_id"])


def test_a_card_names_the_listed_product_that_the_complaint_is_about(week):
    rows = page(Results(week), "en").table.filter(~pl.col("decided")).drop_nulls("order_id")
    order = rows["order_id"][0]
    line = week.tables["orders"].filter(pl.col("order_id") == order).head(1).collect()
    listed = week.problem_products.head(1).with_columns(
        product_id=pl.lit(line["product_id"][0]), title=pl.lit("Pillow"), batch=pl.lit(line["batch"][0]),
        sku=pl.lit(None, dtype=pl.String),
    )  # fmt: skip
    data = Results(week)
    data.problem_products = listed
    assert "on the list of products with high refund rates" in shown(page(data, "en").told())
    data.problem_products = listed.with_columns(batch=pl.lit("another"))
    theirs = sections._bad_goods(report(data, "en"), pl.Series([order]))
    assert (order in theirs) == (line["batch"][0] is None)
