"""Imports in portions: the same tables however small the portions, and a week's import leaves all other months alone."""

from __future__ import annotations

import shutil

import pytest
from deltalake import DeltaTable
from polars.testing import assert_frame_equal
from test_importing import HEAD, REFUNDS, order, shop, table

from aftersales.sources import rebuild as composing
from aftersales.sources import record_writer as keeping
from aftersales.sources.importing import import_files
from aftersales.sources.records import KEPT
from aftersales.sources.store import ShopStore

MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10", "2026-11")
BY_MONTH = [name for name, kept in KEPT.items() if kept.month_of]
COMPOSED = ("orders", "refunds", "complaints", "files", "lineage", "order_records", "refund_records")


def year():
    return "".join(order(10 * n + k, at=f"{month}-0{k} 10:00:00") for n, month in enumerate(MONTHS) for k in (1, 2, 3))


def refund(number, of, *, at, paid_at="2026-07-01 10:00:00", amount="20.00"):
    return f"{3515313000000000000 + of},99{number},{paid_at},105.00,杯子,{amount},{at},退款成功,质量问题\n"


def files_of(settings):
    """Every data file of every table that is cut by month."""
    store = ShopStore(settings.store_path, "t")
    return {name: set(DeltaTable(store.path(name)).file_uris()) for name in BY_MONTH}


def test_an_import_of_one_week_touches_the_months_of_its_orders_alone(tmp_path):
    settings, one = shop(tmp_path, a=HEAD + year(), b=REFUNDS + refund(1, 1, at="2026-07-05 12:00:00"))
    import_files(settings, one)
    before = files_of(settings)
    week = HEAD + order(43, at="2026-11-03 10:00:00", status="交易关闭") + order(99, at="2026-11-05 10:00:00")
    # a refund that names an order of August and nothing else of it: its month is looked up
    late = REFUNDS + refund(2, 11, at="2026-11-06 12:00:00") + refund(3, 77_777, at="2026-11-06 13:00:00")
    settings, one = shop(tmp_path, c=week, d=late)
    import_files(settings, one)
    after = files_of(settings)
    changed = {n: {u.split("month=")[1][:7] for u in after[n] ^ before[n]} for n in BY_MONTH}
    assert changed["order_records"] == {"2026-11"}
    assert changed["orders"] == {"2026-11"}
    assert changed["refund_records"] == {"2026-11"}
    assert changed["refunds"] == {"2026-11"}
    known = dict(table(settings, "refunds").select("refund_id", "order_known").iter_rows())
    assert known == {"991": True, "992": True, "993": False}


@pytest.mark.parametrize("size", [1, 3])
def test_tables_are_the_same_however_small_the_portions(tmp_path, monkeypatch, size):
    made = []
    for folder in ("whole", "portions"):
        if folder == "portions":
            monkeypatch.setattr(keeping, "ROWS_HELD", size)
            monkeypatch.setattr(composing, "ORDERS_AT_ONCE", size)
        late = order(2, at="2026-07-02 10:00:00", refund="20.00", net="85.00") + order(31, at="")
        settings, one = shop(
            tmp_path / folder, a=HEAD + year(), b=HEAD + late,
            c=REFUNDS + refund(1, 1, at="2026-08-05 12:00:00") + refund(2, 31, at="2026-10-05 12:00:00"),
            d=REFUNDS + refund(1, 1, at="2026-08-05 12:00:00", amount="25.00") + refund(3, 500, at="2026-08-01 12:00:00"),
        )  # fmt: skip
        if folder == "portions":  # or the same buyer would have another name
            shutil.copy(tmp_path / "whole" / "aftersales.key", tmp_path / folder / "aftersales.key")
        account = import_files(settings, one)
        assert all(f.balanced for f in account.files)
        made.append({name: table(settings, name) for name in COMPOSED} | {"account": account})
    assert made[0].pop("account").files == made[1].pop("account").files
    for name in COMPOSED:
        assert_frame_equal(made[0][name], made[1][name], check_row_order=False)
