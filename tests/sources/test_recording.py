"""Decisions enter the store in a commit of their own; an undo of imports does not take them along."""

from datetime import date

import polars as pl
import pytest

from aftersales.sources.importing import undo_import
from aftersales.sources.recording import record
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.words.errors import QuestionError


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shops.toml").write_text(
        '[store]\npath = "s"\n[[shops]]\nid = "t"\nname = "店"\nexports = "in"\n', "utf-8"
    )
    settings = load_settings(tmp_path / "shops.toml")
    return settings, settings.shop("t")


def decision(owner):
    return pl.DataFrame({"decision_id": ["d1"], "owner": [owner], "effective_from": [date(2026, 11, 30)]})


def test_a_decision_is_entered_and_deciding_again_replaces_it(shop):
    first = record(*shop, "decisions", decision("王敏"), action="decide s1")
    again = record(*shop, "decisions", decision("李强"), action="decide s1")
    store = ShopStore(shop[0].store_path, "t")
    assert again.number == first.number + 1
    assert store.table("decisions").select("decision_id", "owner").collect().rows() == [("d1", "李强")]
    assert store.table("decisions", first).select("owner").collect().item() == "王敏"


def test_undo_of_imports_does_not_take_a_decision_along(shop):
    record(*shop, "decisions", decision("王敏"), action="decide s1")
    with pytest.raises(QuestionError, match="no import"):
        undo_import(*shop)
