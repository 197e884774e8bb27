"""Decisions enter the store in a commit of their own; an undo of imports does not take them along."""

from datetime import date

import polars as pl
import pytest
from exported import ORDER, T1, table

from aftersales.sources.importing import import_files, undo_import
from aftersales.sources.recording import record
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.words.errors import UsageError


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shops.toml").write_text(
        '[store]\npath = "s"\n[[shops]]\nid = "t"\nname = "店"\nexports = "in"\n', "utf-8"
    )
    settings = load_settings(tmp_path / "shops.toml")
    return settings, settings.shop("t")


def decision(owner):
    return pl.DataFrame({"decision_id": ["d1"], "owner": [owner], "effective_from": [date(2026, 11, 30)]})


def export(number):
    return table(T1, {**ORDER, "订单编号": f"351531300000000000{number}", "店铺名称": "店"})


def test_a_decision_is_entered_and_deciding_again_replaces_it(shop):
    first = record(*shop, "decisions", decision("王敏"), action="decide s1")
    again = record(*shop, "decisions", decision("李强"), action="decide s1")
    store = ShopStore(shop[0].store_path, "t")
    assert again.number == first.number + 1
    assert store.table("decisions").select("decision_id", "owner").collect().rows() == [("d1", "李强")]
    assert store.table("decisions", first).select("owner").collect().item() == "王敏"


def test_neither_does_a_second_undo_reach_behind_a_decision(shop, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(export("1"), "utf-8")
    import_files(*shop)
    record(*shop, "decisions", decision("王敏"), action="decide s1")
    (tmp_path / "in" / "b.csv").write_text(export("2"), "utf-8")
    undone = f"{import_files(*shop).commit:06d}"
    assert undo_import(*shop).action == f"undo {undone}"
    for name in (None, "000001", undone):
        with pytest.raises(UsageError, match=r"is no import|taken back already"):
            undo_import(*shop, import_id=name)
    store = ShopStore(shop[0].store_path, "t")
    assert store.table("decisions").collect().height == store.table("orders").collect().height == 1
    import_files(*shop)  # b.csv again: it can be taken back again
    undo_import(*shop)
    assert store.table("decisions").collect().height == store.table("orders").collect().height == 1


def test_undo_of_imports_does_not_take_a_decision_along(shop):
    record(*shop, "decisions", decision("王敏"), action="decide s1")
    with pytest.raises(UsageError, match="no import"):
        undo_import(*shop)
