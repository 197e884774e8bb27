"""`aftersales decide`: a suggestion of the week becomes a row of the ledger; anything else is refused."""

import shutil
from datetime import UTC, date, datetime

import pytest

from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.week.loading import load
from aftersales.week.sections.plan import week_plan
from aftersales.words.errors import UsageError
from aftersales_app.deciding import decided, withdrawn

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)


def test_a_decision_keeps_the_suggestions_lever_scope_and_measure(demo, tmp_path):
    shutil.copytree(demo, tmp_path / "demo")
    config = tmp_path / "demo" / "shops.toml"
    with pytest.raises(UsageError, match="no suggestion this week"):
        decided("demo", "suggestion-none", owner="王敏", effective_from=date(2026, 11, 30), config=config, now=NOW)
    rows = load("demo", config=str(config)).data.suggestions("zh")
    if rows.is_empty():
        pytest.skip("this small demo shop gives no suggestion")
    row = rows.row(0, named=True)
    with pytest.raises(UsageError, match="owner"):
        decided("demo", row["suggestion_id"], owner=" ", effective_from=date(2026, 11, 30), config=config, now=NOW)
    said = decided(
        "demo", row["suggestion_id"], owner="王敏", effective_from=date(2026, 11, 30), config=config, now=NOW
    )
    assert "王敏" in said[0]
    # what could be seen at all is told before it is done
    if row["detectable"] is not None:
        assert f"{round(row['detectable'] * 100)}%" in said[1]
    assert len(said) >= 2
    ledger = ShopStore(load_settings(config).store_path, "demo").table("decisions").collect()
    entry = ledger.filter(suggestion_id=row["suggestion_id"]).row(0, named=True)
    assert (entry["lever"], entry["scope"], entry["measure"]) == (row["lever"], row["scope"], row["measure"])
    assert entry["decided_on"] == date(2026, 11, 23)
    # a second time it is not entered again, unless that is what is wanted
    twice = {"owner": "李强", "effective_from": date(2026, 12, 7), "config": config, "now": NOW}
    with pytest.raises(UsageError, match=r"in the ledger already.*王敏, from 2026-11-30.*--change"):
        decided("demo", row["suggestion_id"], **twice)
    decided("demo", row["suggestion_id"], **twice, change=True)
    ledger = ShopStore(load_settings(config).store_path, "demo").table("decisions").collect()
    assert ledger.filter(suggestion_id=row["suggestion_id"])["owner"].to_list() == ["李强"]


def test_a_decision_that_did_harm_is_taken_back_and_the_plan_no_longer_asks_for_it(demo, tmp_path):
    shutil.copytree(demo, tmp_path / "demo")
    config = tmp_path / "demo" / "shops.toml"

    def report():
        return load("demo", config=str(config))

    harmed = report().data.judged_decisions.filter(verdict="harmed")
    assert harmed.height == 1  # planted
    bad = harmed.row(0, named=True)
    asked = [s for s in week_plan(report()) if s.what.startswith("撤回")]
    assert len(asked) == 1
    taken = {"owner": "王敏", "effective_from": date(2026, 11, 22), "config": config}
    sunday = datetime(2026, 11, 22, 4, tzinfo=UTC)
    with pytest.raises(UsageError, match="no decision in the ledger"):
        withdrawn("demo", "decision-none", **taken, now=sunday)
    [said] = withdrawn("demo", bad["decision_id"], **taken, now=sunday)
    assert asked[0].what.partition("（")[0] in said
    with pytest.raises(UsageError, match=r"in the ledger already.*王敏"):
        withdrawn("demo", bad["decision_id"], **taken, now=sunday)
    after = report()
    entry = after.data.ledger.filter(decision_id=f"withdrawal-{bad['decision_id']}").row(0, named=True)
    assert (entry["scope"], entry["measure"], entry["expected_low"]) == (bad["scope"], bad["measure"], None)
    assert not [s for s in week_plan(after) if s.what.startswith("撤回")]
    # it is judged like any other, and does not bring the suggestion back
    judged = after.data.decisions("zh").filter(decision_id=entry["decision_id"]).row(0, named=True)
    assert judged["verdict"] in ("too_early", "cannot_tell")
    assert judged["headline"].startswith("撤回：")
    with pytest.raises(UsageError, match="no decision in the ledger"):
        withdrawn("demo", entry["decision_id"], **taken, now=sunday)
