"""The sections of 10-case-dossier and the record of past lists: they show something always, and nobody's clear name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import polars as pl
import pytest

import aftersales as asa
from aftersales.sources.read import read_export
from aftersales.week.loading import load
from aftersales.week.sections import case_record
from aftersales.week.sections.case_dossier import CaseDossier
from aftersales.words.language import LANGUAGES
from aftersales_app.cases.recording import recorded

PARTS = ("answer", "facts", "against", "timeline", "evidence", "clauses", "for_buyer", "commands")
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)


def html(thing):
    return "".join(item.html() for item in (thing.items if hasattr(thing, "items") else [thing]))


def people(folder: Path, orders):
    found = set()
    for file in folder.glob("ExportOrderList*.csv"):
        for reading in read_export(file.name, content=file.read_bytes()):
            rows = reading.frame.filter(pl.col("order_id").is_in(list(orders)))
            for column in ("buyer", "receiver", "mobile", "address"):
                found |= {v for v in rows[column].drop_nulls() if "*" not in v}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("shop", ["demo", "basic"])
def test_every_part_shows_something(demo, shop, language):
    report = load(shop, "", language, config=str(demo / "shops.toml"))
    for part in PARTS:
        shown = html(getattr(CaseDossier(report), part)())
        assert "<" in shown
        assert "None" not in shown, part
    assert "<" in html(CaseDossier(report).record())


def test_the_most_urgent_case_is_the_one_whose_evidence_is_due_first(demo):
    data = load("demo", config=str(demo / "shops.toml")).data
    rows = data.suspicious_complaints("zh")
    due = rows.filter(pl.col("evidence_due_at").dt.date() > data.until)
    if due.height:
        assert data.most_urgent_case == due.sort("evidence_due_at")["case_id"][0]
    else:
        assert data.most_urgent_case in [*rows["case_id"], *data.suspicious_orders("zh")["case_id"]]


def test_no_part_of_any_case_holds_a_clear_name_number_or_address(demo):
    report = load("demo", config=str(demo / "shops.toml"))
    data = report.data
    lists = data.suspicious_orders("zh"), data.suspicious_complaints("zh")
    for case in {c for rows in lists for c in rows.unique("pattern", keep="first", maintain_order=True)["case_id"]}:
        shown = "".join(html(getattr(CaseDossier(report, case), part)()) for part in PARTS)
        named = people(demo / "in" / "yunqi", data.case(case).orders)
        assert named
        assert not [value for value in named if value in shown]


def test_the_record_of_past_lists_counts_what_was_recorded_and_only_that(demo, tmp_path):
    copytree(demo, tmp_path / "demo")
    config = tmp_path / "demo" / "shops.toml"
    data = load("demo", config=str(config)).data
    before = data.case_outcomes.filter(pl.col("case_id").str.starts_with("suspect-"))
    cases = data.suspicious_orders("zh")["case_id"].unique(maintain_order=True)
    cases = [case for case in cases if case not in before["case_id"].to_list()]
    ways = {"won": ("filed", "won"), "lost": ("filed", "lost"), "innocent": ("innocent",), "settled": ("settled",)}
    for case, (last, states) in zip(cases, ways.items(), strict=False):
        for hour, state in enumerate(states):
            recorded("demo", case, state=state, note=last, config=config, now=NOW + timedelta(hours=hour))
    report = asa.open("demo", language="en", config=str(config))
    shown = html(case_record.past_orders(report))
    right = int((before["outcome"] == "confirmed").sum())
    wrong = int((before["outcome"] == "refuted").sum())
    added = dict(zip(cases, ways, strict=False)).values()
    right, wrong = right + ("won" in added), wrong + ("lost" in added) + ("innocent" in added)
    settled = int((before["state"] == "settled").sum()) + ("settled" in added)
    assert f"Of {right + wrong} decided cases from past lists, {right} were confirmed" in shown
    assert f"Settled {settled}," in shown
    assert "90% interval" in shown
    assert html(case_record.past_orders(load("basic", config=str(config)))).count("<table") == 0


def test_a_settled_case_is_not_the_most_urgent_one(demo, tmp_path):
    copytree(demo, tmp_path / "demo")
    config = tmp_path / "demo" / "shops.toml"
    first = load("demo", config=str(config)).data.most_urgent_case
    recorded("demo", first, state="settled", note="已退款", config=config, now=NOW)
    assert load("demo", config=str(config)).data.most_urgent_case != first
