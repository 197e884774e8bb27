"""A large shop's evidence is let go once all that rests on it is kept, and says the same as where it is held."""

from __future__ import annotations

import pytest

from aftersales.week import suspect_results
from aftersales.week.loading import load

KEPT = ("conduct_known", "ever_suspected", "orders_set_aside")


@pytest.mark.slow
def test_what_rests_on_evidence_is_the_same_where_it_is_let_go(demo, monkeypatch):
    monkeypatch.setenv("AFTERSALES_KEEP_RESULTS", "0")
    held = load("demo", config=str(demo / "shops.toml")).data
    listed = held.suspicious_orders("zh")
    assert listed.height
    assert "order_evidence" in vars(held)

    monkeypatch.setattr(suspect_results, "parts_for", lambda rows: 2)
    let_go = load("demo", config=str(demo / "shops.toml")).data
    assert let_go.suspicious_orders("zh").equals(listed)
    assert not {"order_evidence", "suspects"} & vars(let_go).keys()
    assert {*KEPT, "suspicious_orders_en"} <= vars(let_go).keys(), "nothing asks for evidence again"
    for name in KEPT:
        assert getattr(let_go, name).equals(getattr(held, name)), name


@pytest.mark.slow
def test_counts_of_products_end_with_the_list_and_nothing_asks_for_them_again(demo, monkeypatch):
    monkeypatch.setenv("AFTERSALES_KEEP_RESULTS", "0")
    data = load("demo", config=str(demo / "shops.toml")).data
    assert data.problem_products is not None
    assert data.product_views.height
    assert "product_counts" not in vars(data)
    for name in ("gone_products", "unjudged_products", "product_funnel", "problem_product_weeks"):
        getattr(data, name)
    assert "product_counts" not in vars(data)
