"""`aftersales case --state`: a state enters the store with what the case held; innocent clears the buyers, end to end."""

import shutil
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import aftersales as asa
from aftersales.measures.case_outcomes import win_rates
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.week.loading import load
from aftersales.words.errors import UsageError
from aftersales_app.cases.recording import recorded

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)


@pytest.fixture
def config(demo, tmp_path):
    shutil.copytree(demo, tmp_path / "demo")
    return tmp_path / "demo" / "shops.toml"


def listed(config, shop="demo"):
    return load(shop, config=str(config)).data.suspicious_orders("zh")


def undecided(config):
    """Suspected cases of which nothing was recorded yet: the demo shop's case book has some of them."""
    data = load("demo", config=str(config)).data
    known = data.case_outcomes["case_id"].implode()
    return data.suspicious_orders("zh").filter(~pl.col("case_id").is_in(known))


def test_a_case_goes_its_way_and_what_it_held_is_kept(config):
    case = undecided(config)["case_id"][0]
    before = win_rates(load("demo", config=str(config)).data.case_outcomes)
    before = before.filter(pl.col("pattern").is_null())["decided"][0]
    for hours, state in enumerate(("contacted", "filed", "won")):
        said = recorded("demo", case, state=state, note="x", by="陈雪", config=config, now=NOW + timedelta(hours=hours))
        assert case in said[0]
    data = load("demo", config=str(config)).data
    own = data.case_outcomes.filter(pl.col("case_id") == case)
    assert own.select("state", "outcome", "states").rows() == [("won", "confirmed", 3)]
    orders = set(listed(config).filter(pl.col("case_id") == case)["order_id"])
    assert orders <= set(data.confirmed_orders["order_id"])
    total = win_rates(data.case_outcomes).filter(pl.col("pattern").is_null()).row(0, named=True)
    assert total["decided"] == before + 1
    assert total["win_low"] < total["win_rate"] < total["win_high"] or total["win_rate"] in (0, 1)
    written = data.tables["cases"].filter(pl.col("case_id") == case).collect()
    assert written["by"].to_list() == ["陈雪"] * 3


def test_a_step_that_may_not_follow_writes_nothing(config):
    case = undecided(config)["case_id"][0]
    store = ShopStore(load_settings(config).store_path, "demo")
    before = store.head().number
    with pytest.raises(UsageError, match="record `filed` first"):
        recorded("demo", case, state="won", config=config, now=NOW)
    with pytest.raises(UsageError, match="no case state"):
        recorded("demo", case, state="guilty", config=config, now=NOW)
    with pytest.raises(UsageError, match="no case, order, complaint or refund"):
        recorded("demo", "suspect-none", state="contacted", config=config, now=NOW)
    with pytest.raises(UsageError, match="ahead of its time"):
        recorded("demo", case, state="contacted", at="2027-01-01", config=config, now=NOW)
    assert store.head().number == before


def test_innocent_clears_the_buyers_of_a_ring_and_taking_it_back_lists_them_again(config):
    rows = undecided(config)
    case = rows.filter(pl.col("buyer_key").is_not_null())["case_id"][0]
    already = set(load("demo", config=str(config)).data.cleared_buyers)
    buyers = set(rows.filter(pl.col("case_id") == case)["buyer_key"])
    said = recorded("demo", case, state="innocent", note="公司团购，已核实", config=config, now=NOW)
    assert str(len(buyers)) in said[1]
    data = load("demo", config=str(config)).data
    assert set(data.cleared_buyers) - already == buyers
    assert not set(listed(config)["buyer_key"]) & buyers
    # the case is still known by its id, though no list has it any more
    assert set(data.case(case).orders) >= set(rows.filter(pl.col("case_id") == case)["order_id"])
    recorded("demo", case, state="new", note="认错了人", config=config, now=NOW + timedelta(hours=1))
    assert case in listed(config)["case_id"].to_list()


def test_a_complaint_marked_innocent_leaves_its_list(config):
    data = load("demo", config=str(config)).data
    row = data.suspicious_complaints("zh").row(0, named=True)
    recorded("demo", row["complaint_id"], state="innocent", note="代签，已向驿站核实", config=config, now=NOW)
    after = load("demo", config=str(config)).data.suspicious_complaints("zh")
    assert row["complaint_id"] not in after["complaint_id"].to_list()


def test_masked_buyers_are_cleared_by_their_orders(config):
    rows = listed(config, "basic")
    if rows.is_empty():
        pytest.skip("this small masked shop has no suspected case")
    case = rows["case_id"][0]
    recorded("basic", case, state="innocent", note="直播间同时下单", config=config, now=NOW)
    assert case not in listed(config, "basic")["case_id"].to_list()


def test_a_case_may_be_named_by_order_complaint_or_refund(config):
    data = load("demo", config=str(config)).data
    row = data.suspicious_orders("zh").row(0, named=True)
    assert data.case(row["order_id"]).id == row["case_id"]
    alone = data.case(f"order-{row['order_id']}")
    assert (alone.kind, alone.orders) == ("order", (row["order_id"],))
    refund = data.tables["refunds"].select("refund_id", "order_id").collect().row(0)
    assert refund[1] in data.case(refund[0]).orders
    told = data.tables["complaints"].select("complaint_id").collect()["complaint_id"][0]
    assert data.case(told).complaints[0:1] == (told,) or told in data.case(told).complaints
    assert data.case(data.case(told).id).complaints == data.case(told).complaints


def test_outcomes_recalibrate_the_likelihoods_and_the_page_says_so(config):
    """The demo's case book and the verdicts in its files teach; without them the likelihoods are those of the search."""
    shop = asa.open("demo", language="en", config=str(config))
    for taught, listed, raw, told in (
        (shop.data.order_shifts, shop.suspicious_orders().table, shop.data.ever_suspected, asa.case_record.past_orders),
        (shop.data.complaint_shifts, shop.suspicious_complaints().table, shop.data.ever_suspected_complaints,
         asa.case_record.past_complaints),
    ):  # fmt: skip
        whole = taught.filter(pl.col("pattern").is_null()).row(0, named=True)
        assert whole["decided"] >= 8
        assert whole["right"] / whole["decided"] < whole["stated"]
        assert whole["shift"] < 0
        both = listed.join(raw.select(listed.columns[1], before="probability").unique(), on=listed.columns[1])
        assert both.height == listed.height > 0
        assert (both["probability"] < both["before"]).all()
        said = told(shop).items[1].text
        assert f"{whole['decided']} of them had a stated likelihood, {whole['stated']:.0%}" in said
        assert "lowered for every type" in said
