"""Rows dated where none can be choose no week, stop nothing, and are named."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from aftersales.sources.importing import import_files
from aftersales.sources.impossible_dates import without_impossible
from aftersales.sources.read import read_export
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.week.tables import Tables, week_of

HEAD = "订单编号,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间 ,订单关闭原因,店铺名称,退款金额\n"
ROW = '="35153130000000{n:05d}",10.00,10.00,交易成功,{created},{paid},,a店,0.00\n'
ZONE = "Asia/Shanghai"
NOW = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo(ZONE))


def report(*dates, ordinary=30):
    """An order report of the first days of November, and a row a pair of dates."""
    usual = [(f"2026-11-{1 + n % 15:02d} 10:00:00", f"2026-11-{1 + n % 15:02d} 10:01:00") for n in range(ordinary)]
    rows = (ROW.format(n=n, created=c, paid=p) for n, (c, p) in enumerate([*usual, *dates]))
    return (HEAD + "".join(rows)).encode("gb18030")


def read(content, name="ExportOrderList.csv", now=NOW):
    [one] = read_export(name, content=content, zone=ZONE)
    return without_impossible(one, now=now, zone=ZONE)


@pytest.mark.parametrize(
    ("created", "paid", "reason", "column"),
    [
        ("2062-01-01 10:00:00", "2062-01-01 10:01:00", "dated_late", "created_at"),
        ("2026-11-21 12:00:01", "2026-11-21 12:00:02", "dated_late", "created_at"),
        ("2026-11-10 10:00:00", "2028-11-10 10:01:00", "dated_late", "paid_at"),
        ("1970-01-01 08:00:00", "2026-11-10 10:01:00", "unreadable_value", "订单创建时间"),
        ("1900-01-01 00:00:00", "1900-01-01 00:00:00", "unreadable_value", "订单创建时间"),
        ("2001-01-01 00:00:00", "2026-11-10 10:01:00", "dated_early", "created_at"),
    ],
)
def test_a_row_that_cannot_be_is_set_aside_with_its_date(created, paid, reason, column):
    one = read(report((created, paid)))
    assert one.set_aside.select("row", "reason", "column").rows() == [(32, reason, column)]
    assert json.loads(one.set_aside["cells"][0])[column] == (paid if column == "paid_at" else created)
    assert one.rows_read == one.frame.height + one.set_aside.height == 31


def test_clocks_may_differ_by_a_day():
    assert read(report(("2026-11-21 12:00:00", "2026-11-21 12:00:00"))).set_aside.is_empty()


def test_a_payment_before_there_were_any_is_none():
    one = read(report(("2026-11-10 10:00:00", "2001-01-01 08:00:00")))
    assert one.set_aside.is_empty()
    assert one.frame["paid_at"].null_count() == 1
    assert any("paid_at" in note and "2001-01-01" in note for note in one.notes)


def test_rows_after_their_own_export_are_set_aside_though_the_clock_has_passed_them():
    content = report(("2026-11-18 10:00:00", "2026-11-18 10:01:00"))
    assert read(content, "ExportOrderList202611160900.csv").set_aside["reason"].to_list() == ["dated_late"]
    assert read(content, "ExportOrderList202611180900.csv").set_aside.is_empty()


@pytest.mark.parametrize("name", ["orders_2026-11-01_2026-11-30.csv", "ExportOrderList202611020900.csv",
                                  "ExportOrderList20261101_20261130.csv"])  # fmt: skip
def test_a_name_that_most_rows_contradict_is_a_span_or_a_first_day(name):
    assert read(report(), name).set_aside.is_empty()


def test_a_name_that_lies_ahead_says_nothing_of_the_export():
    assert read(report(), "ExportOrderList209901010900.csv").exported_at is None


def shop_of(tmp_path, **files):
    (tmp_path / "in").mkdir()
    for name, content in files.items():
        (tmp_path / "in" / f"{name}.csv").write_bytes(content)
    (tmp_path / "shops.toml").write_text(
        '[[shops]]\nid = "a"\nname = "a店"\nexports = "in"\nlanguage = "en"\n', "utf-8"
    )
    settings = load_settings(tmp_path / "shops.toml")
    return settings, settings.shop("a")


def test_no_such_row_chooses_the_week_and_the_account_counts_it(tmp_path):
    late, early = ("2062-01-01 10:00:00", "2062-01-01 10:01:00"), ("2001-01-01 08:00:00", "2001-01-01 08:00:00")
    settings, shop = shop_of(tmp_path, orders=report(late, early))
    account = import_files(settings, shop, now=NOW)
    assert dict(account.files[0].reasons) == {"dated_late": 1, "dated_early": 1}
    assert any("1 not imported: " in line and "after" in line for line in account.lines("en"))
    store = ShopStore(settings.store_path, "a", ZONE)
    tables = Tables(store, store.head())
    assert str(week_of("", tables, shop)) == "2026-W46"
    assert str(week_of("", tables, shop, now=datetime(2026, 11, 12))) == "2026-W45"
    assert store.table("orders").collect().height == 30


def test_a_store_of_old_with_such_a_row_is_no_matter(tmp_path, monkeypatch):
    monkeypatch.setattr("aftersales.sources.intake.without_impossible", lambda reading, **_: reading)
    settings, shop = shop_of(tmp_path, orders=report(("2062-01-01 10:00:00", "2062-01-01 10:01:00")))
    import_files(settings, shop, now=NOW)
    store = ShopStore(settings.store_path, "a", ZONE)
    assert str(week_of("", Tables(store, store.head()), shop)) == "2026-W46"
