"""A large made-up shop in small: its files are read whole, and its tables written straight are those of its files."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
# what a week's measures read; keys of people are stand-ins in tables written straight, and a refund report does not
# say which of two lines of one product a case is about
COMPARED = {
    "orders": ("line_id", "order_id", "product_id", "province", "courier", "quantity", "amount", "paid", "created_at",
               "paid_at", "shipped_at", "confirmed_at", "status"),
    "refunds": ("refund_id", "order_id", "product_id", "amount", "applied_at", "kind", "status", "reason"),
}  # fmt: skip


@pytest.fixture
def _benchmarks_on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in ("large_shop_files", "large_shop_tables"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("_benchmarks_on_the_path")
def test_the_tables_of_a_large_shop_are_those_its_files_are_read_into(tmp_path):
    from large_shop_files import Size, write_large_shop
    from large_shop_tables import CONFIG, SHOP, write_large_store

    size = Size(6_000)
    write_large_shop(tmp_path / "exports", size)
    (tmp_path / "shops.toml").write_text(CONFIG, "utf-8")
    settings = load_settings(tmp_path / "shops.toml")
    account = import_files(settings, settings.shop(SHOP))
    assert all(f.balanced and not f.rows_set_aside for f in account.files)
    assert sum(f.rows_read for f in account.files if "ItemList" in f.file) == size.lines
    write_large_store(tmp_path / "straight", size)
    read, straight = (
        ShopStore(str(folder / "store"), SHOP, "Asia/Shanghai") for folder in (tmp_path, tmp_path / "straight")
    )
    for name, columns in COMPARED.items():
        first, second = (s.table(name).select(columns).sort(columns[0]).collect() for s in (read, straight))
        different = [c for c in columns if not first[c].eq_missing(second[c]).all()]
        assert not different, first.join(second, on=columns, how="anti", nulls_equal=True).head(3).to_dicts()
        assert first.select(pl.len()).item() > 0
