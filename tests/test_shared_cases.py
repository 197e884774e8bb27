"""The real-world inputs of ``../shared/cases``, from raw files to tables and pages; skipped where they are not here.

A test asks for the fixture ``case`` and calls it: ``case("12a-1904")`` copies the case's ``in/`` and ``layouts/``,
writes a shops.toml and imports. Keys of the shop that differ from the usual ones are keyword arguments:
``case("08-shopify-orders", zone="America/Los_Angeles", currency="USD")``. With ``own=False`` the case's own layouts are
left out, so that a built-in one reads its files.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aftersales.sources.account import FileAccount, ImportAccount
from aftersales.sources.importing import import_files
from aftersales.sources.settings import Settings, Shop, load_settings
from aftersales.sources.store import ShopStore
from aftersales.week.loading import Report, load
from aftersales.week.sections import refund_trends, weekly_overview
from aftersales.week.sections.data_health import DataHealth

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"
SHOP = {"id": "s", "name": "测试店铺", "platform": "taobao", "zone": "Asia/Shanghai", "currency": "CNY"}


@dataclass(frozen=True)
class Imported:
    """A case after its import: ``settings``, the ``shop``, the import's ``account``."""

    settings: Settings
    shop: Shop
    account: ImportAccount

    def table(self, name: str) -> pl.DataFrame:
        """A table of the store as it is now: ``orders``, ``refunds``, ``set_aside`` …"""
        store = ShopStore(self.settings.store_path, self.shop.id, self.shop.zone)
        return store.table(name, store.head()).collect()

    def file(self, name: str) -> FileAccount:
        """The account of the only file whose name contains ``name``."""
        [found] = [f for f in self.account.files if name in f.file]
        return found

    @property
    def said(self) -> str:
        """What `aftersales import` prints, in English."""
        return "\n".join(self.account.lines("en"))

    def run(self, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
        """One command of the program on the case's shops.toml, from outside."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("AFTERSALES_")}
        command = [sys.executable, "-m", "aftersales_app.cli", verb, "--config", str(self.settings.file), *words]
        return subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=300)

    def shown(self, week: str = "") -> tuple[Report, str]:
        """The report of a week, and what the overview, the months of refunds and the account of the files say."""
        report = load(self.shop.id, week, "en", config=str(self.settings.file))
        sections = [weekly_overview.answer, weekly_overview.tiles, weekly_overview.routine, refund_trends.months]
        health = DataHealth(report)
        made = [section(report) for section in sections]
        made += [health.answer(), health.files(), health.set_aside(), health.left_out()]
        blocks = [block for one in made for block in _blocks(one)]
        markup = re.sub(r"<(script|svg)\b.*?</\1>", " ", " ".join(b.html() for b in blocks), flags=re.DOTALL)
        return report, re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup)))

    def page(self, name: str = "index.html") -> str:
        """A page of the case's only report."""
        [page] = Path(self.settings.reports_path).glob(f"{self.shop.id}/*/{name}")
        return page.read_text("utf-8")


def _blocks(shown: Any) -> Sequence[Any]:
    return getattr(shown, "items", (shown,))


@pytest.fixture
def case(tmp_path: Path) -> Callable[..., Imported]:
    def imported(name: str, *, own: bool = True, **keys: str) -> Imported:
        source = CASES / name
        if not source.is_dir():
            pytest.skip("the cases in ../shared/cases are not here")
        for part in ("in", "layouts") if own else ("in",):
            if (source / part).is_dir():
                shutil.copytree(source / part, tmp_path / part)
        layouts = sorted(f"layouts/{path.name}" for path in (tmp_path / "layouts").glob("*.toml"))
        shop = "".join(f'{key} = "{value}"\n' for key, value in {**SHOP, "language": "en", **keys}.items())
        (tmp_path / "shops.toml").write_text(
            '[store]\npath = "store"\n[reports]\npath = "reports"\n'
            f'[[shops]]\n{shop}exports = "in"\nlayouts = {layouts!r}\n',
            "utf-8",
        )
        settings = load_settings(tmp_path / "shops.toml")
        return Imported(settings, settings.shops[0], import_files(settings, settings.shops[0]))

    return imported


def test_one_workbook_with_orders_items_and_shipping(case: Callable[..., Imported]) -> None:
    done = case("21-qianniu-three-sheets")
    orders, refunds = done.table("orders"), done.table("refunds")
    assert (orders.height, orders["order_id"].n_unique()) == (192, 160)
    assert float(orders["paid"].sum()) == 42_328
    assert (refunds.height, float(refunds["amount"].sum())) == (16, 4_004)
    assert "the sheet 发货报表 (161 rows) is not a known export and was not read" in done.said


def test_line_breaks_in_two_cells_of_one_row(case: Callable[..., Imported]) -> None:
    done = case("09-two-multiline-cells")
    orders = done.table("orders")
    assert (orders.height, done.table("set_aside").height) == (150, 0)
    assert float(orders["paid"].sum()) == 8_850
    assert done.account.files[0].balanced


def test_an_unquoted_format_in_which_a_quotation_mark_is_a_letter(case: Callable[..., Imported]) -> None:
    done = case("10-amazon-orders", currency="EUR")
    assert done.account.files[0].rows_read == 220
    assert set(done.table("set_aside")["reason"]) == {"other_currency"}  # never for its quotation marks
    assert float(done.table("item_records")["paid_net"].sum()) == 2_250
    assert {'Tasse 12" gross', '"Bestseller Vase blau', 'Lampe "Mond" 30cm'} & set(done.table("item_records")["title"])
    assert "the file does not quote its cells" in done.said


def test_german_names_in_the_encoding_of_windows(case: Callable[..., Imported]) -> None:
    done = case("10b-amazon-cp1252", currency="EUR")
    assert done.table("item_records").height == 220
    assert "Schüssel für Gebäck" in set(done.table("item_records")["title"])
    assert "CP1252" in done.said


def test_notes_of_several_lines_do_not_break_rows(case: Callable[..., Imported]) -> None:
    done = case("08-shopify-orders", zone="America/Los_Angeles", currency="USD")
    assert done.account.files[0].rows_read == 421
    assert done.table("set_aside").height == 0


def test_the_state_of_a_refund_decides_not_the_amount_beside_it(case: Callable[..., Imported]) -> None:
    refunds = case("03-item-refund-state").table("refunds")
    by_status = refunds.group_by("status").agg(pl.len(), pl.col("amount").sum()).sort("status").rows()
    assert [(s, n, float(m)) for s, n, m in by_status] == [
        ("closed", 12, 1200), ("refused", 4, 400), ("requested", 8, 800), ("succeeded", 10, 1000),
    ]  # fmt: skip


def test_a_refund_withdrawn_in_the_later_export_is_withdrawn(case: Callable[..., Imported]) -> None:
    done = case("22-refund-withdrawn-later")
    refunds = done.table("refunds")
    assert refunds["status"].to_list() == ["closed"] * 15
    assert float(done.table("orders")["refunded"].sum()) == 0


def test_words_of_an_orders_status(case: Callable[..., Imported]) -> None:
    orders = case("02-status-words").table("orders")
    counts = dict(orders["status"].value_counts().rows())
    assert counts == {"finished": 60 + 54, "closed_refunded": 8, "closed_unpaid": 6, "paid": 12}


def test_rows_of_one_order_are_its_lines(case: Callable[..., Imported]) -> None:
    done = case("01-rows-per-order")
    orders, refunds = done.table("orders"), done.table("refunds")
    assert (orders.height, orders["order_id"].n_unique()) == (296, 240)
    assert (float(orders["paid"].sum()), float(refunds["amount"].sum())) == (40_574, 2_381)
    [file] = done.account.files
    assert file.balanced
    assert "104 rows are lines of 48 orders" in done.said


def test_a_report_without_money(case: Callable[..., Imported]) -> None:
    done = case("05b-no-money-column")
    orders = done.table("orders")
    assert orders["paid"].null_count() == orders.height > 0


def test_days_counted_from_1904(case: Callable[..., Imported]) -> None:
    orders = case("12a-1904").table("orders")
    assert orders.height == 150
    assert orders["created_at"].dt.date().min() == date(2026, 9, 28)
    assert orders["created_at"].dt.date().max() == date(2026, 11, 4)


def test_a_hidden_sheet_is_named_and_not_counted(case: Callable[..., Imported]) -> None:
    done = case("12b-hidden")
    assert done.table("orders").height == 150
    assert "the sheet test is hidden: its 60 rows were not read" in done.said
    assert "10 filtered or hidden rows were read as well" in done.said


def test_web_pages_and_xml_named_xls(case: Callable[..., Imported]) -> None:
    failed = {f.file: f.error or "" for f in case("12g-html").account.failed}
    assert set(failed) == {"orders.xls", "orders2.xls", "orders3.xls"}
    for name, what in (("orders.xls", "web page"), ("orders2.xls", "web archive"), ("orders3.xls", "XML")):
        assert what in failed[name]
        assert "save it as xlsx" in failed[name]


LAYOUT_1688 = """
[[layout]]
name = "orders_1688"
kind = "order_report"
signature = ["order_id", "货品总价(元)"]
[layout.headers]
order_id = ["订单编号"]
buyer = ["买家会员名"]
payable = ["货品总价(元)"]
shipping_fee = ["运费(元)"]
paid_net = ["实付款(元)"]
status = ["订单状态"]
created_at = ["订单创建时间"]
paid_at = ["订单付款时间"]
title = ["货品标题"]
quantity = ["数量"]
[layout.values]
status = "order_status"
"""


def test_merged_cells_of_an_order_belong_to_all_its_lines(case: Callable[..., Imported], tmp_path: Path) -> None:
    (tmp_path / "layouts").mkdir()
    (tmp_path / "layouts" / "own.toml").write_text(LAYOUT_1688, "utf-8")
    done = case("05-1688-merged")
    orders = done.table("orders")
    assert (orders.height, orders["order_id"].n_unique()) == (210, 150)
    assert float(orders["paid"].sum()) == 17_304
    assert done.table("set_aside").height == 0
    assert "merged cells: " in done.said


def test_rupiah_with_thousands_dots(case: Callable[..., Imported]) -> None:
    done = case("16-shopee-id-thousands")
    orders = done.table("orders")
    assert (orders.height, float(orders["paid"].sum())) == (180, 104_014_700)


def test_decimal_commas_and_days_first(case: Callable[..., Imported]) -> None:
    done = case("16b-decimal-comma", zone="Europe/Berlin", currency="EUR")
    orders = done.table("orders")
    assert (orders.height, float(orders["paid"].sum())) == (180, 74_988.40)
    assert orders["created_at"].null_count() == 0


def test_douyin_by_a_layout_adds_the_freight_to_refunds(case: Callable[..., Imported]) -> None:
    done = case("07b-douyin-layout")
    orders, refunds = done.table("orders"), done.table("refunds")
    assert (orders.height, orders["order_id"].n_unique(), float(orders["paid"].sum())) == (245, 220, 7_080.50)
    succeeded = refunds.filter((pl.col("status") == "succeeded") & (pl.col("source") == "refund_report"))
    assert (refunds.filter(source="refund_report").height, float(succeeded["amount"].sum())) == (50, 1_100.40)


def test_douyin_without_a_layout_is_no_taobao_report(case: Callable[..., Imported]) -> None:
    done = case("07a-douyin-no-layout")
    assert done.table("orders").is_empty()
    assert "an export of Douyin" in done.said


def test_shopify_by_a_layout(case: Callable[..., Imported]) -> None:
    done = case("08c-shopify-clean", zone="America/Los_Angeles", currency="USD")
    orders, refunds = done.table("orders"), done.table("refunds")
    assert (orders.height, orders["order_id"].n_unique()) == (421, 260)
    assert round(float(orders["paid"].sum()), 2) == 27_221.96
    assert round(float(refunds["amount"].sum()), 2) == 3_041.89


def test_currencies_are_never_added_up(case: Callable[..., Imported]) -> None:
    done = case("10-amazon-orders", zone="Europe/Berlin", currency="EUR")
    assert (done.table("orders").height, done.table("set_aside").height) == (100, 120)
    assert "SEK 20,010.00" in done.said
    assert "GBP 1,122.00" in done.said


def test_1688_by_the_built_in_layout(case: Callable[..., Imported]) -> None:
    done = case("05-1688-merged", platform="1688")
    orders = done.table("orders")
    assert (orders.height, orders["order_id"].n_unique()) == (210, 150)
    assert float(orders["paid"].sum()) == 17_304
    assert done.table("set_aside").is_empty()


@pytest.mark.parametrize("name", ["07a-douyin-no-layout", "07b-douyin-layout"])
def test_douyin_by_the_built_in_layouts(case: Callable[..., Imported], name: str) -> None:
    done = case(name, own=False, platform="douyin")
    orders, refunds = done.table("orders"), done.table("refunds")
    assert (orders.height, orders["order_id"].n_unique(), float(orders["paid"].sum())) == (245, 220, 7_080.50)
    reported = refunds.filter(source="refund_report")
    assert (reported.height, float(reported.filter(status="succeeded")["amount"].sum())) == (50, 1_100.40)


@pytest.mark.parametrize("name", ["08-shopify-orders", "08c-shopify-clean"])
def test_shopify_by_the_built_in_layout(case: Callable[..., Imported], name: str) -> None:
    done = case(name, own=False, platform="shopify", zone="America/Los_Angeles", currency="USD")
    orders, refunds = done.table("orders"), done.table("refunds")
    assert (orders.height, orders["order_id"].n_unique()) == (421, 260)
    assert round(float(orders["paid"].sum()), 2) == 27_221.96
    assert (round(float(refunds["amount"].sum()), 2), refunds["order_id"].n_unique()) == (3_041.89, 38)
    assert set(refunds["status"]) == {"succeeded"}
    days = pl.col("created_at").dt.date().is_between(date(2026, 10, 5), date(2026, 10, 11))
    week = orders.filter(days & (pl.col("paid") > 0))
    assert (week["order_id"].n_unique(), round(float(week["paid"].sum()), 2)) == (42, 4_280.27)
    assert orders["province"].null_count() == 0


@pytest.mark.parametrize(("name", "sums"), [("10-amazon-orders", 2_250), ("10b-amazon-cp1252", 5_250)])
def test_amazon_by_the_built_in_layout(case: Callable[..., Imported], name: str, sums: int) -> None:
    done = case(name, own=False, platform="amazon", zone="Europe/Berlin", currency="EUR")
    assert set(done.table("set_aside")["reason"]) <= {"other_currency"}
    assert done.table("item_records").height + done.table("set_aside").height == 220
    assert float(done.table("item_records")["paid_net"].sum()) == sums


def test_shopee_by_the_built_in_layout(case: Callable[..., Imported]) -> None:
    done = case("16-shopee-id-thousands", own=False, platform="shopee", zone="Asia/Jakarta", currency="IDR")
    orders = done.table("orders")
    assert (orders.height, float(orders["paid"].sum())) == (180, 104_014_700)


@pytest.mark.parametrize(
    ("name", "platform"),
    [("05-1688-merged", "1688"), ("07a-douyin-no-layout", "Douyin"), ("08c-shopify-clean", "Shopify"),
     ("10b-amazon-cp1252", "Amazon"), ("16-shopee-id-thousands", "Shopee")],
)  # fmt: skip
def test_another_platforms_export_is_held_back(case: Callable[..., Imported], name: str, platform: str) -> None:
    done = case(name, own=False)
    assert done.table("orders").is_empty()
    assert platform in done.said


def test_words_that_are_not_known_and_states_that_amounts_contradict_are_named(case: Callable[..., Imported]) -> None:
    said = case("03-item-refund-state").said
    assert "6 rows hold a refund amount inconsistent with their refund status" in said


def test_a_report_is_made_of_orders_without_money(case: Callable[..., Imported]) -> None:
    done = case("05b-no-money-column")
    ran = done.run("weekly", "--no-import", "--jobs", "1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "¥0" not in done.page()


# What every case comes to on its pages: orders paid, money paid, money of refunds that succeeded (None: the case says
# nothing of it), over all months of payment; and words that must stand there. `expected.txt` of each case says so.
PACIFIC = {"platform": "shopify", "zone": "America/Los_Angeles", "currency": "USD"}
EUROS = {"platform": "amazon", "zone": "Europe/Berlin", "currency": "EUR"}
RUPIAH = {"platform": "shopee", "zone": "Asia/Jakarta", "currency": "IDR"}
SHOWN: Mapping[str, tuple[dict[str, Any], int | None, float | None, float | None, tuple[str, ...]]] = {
    "01-rows-per-order": ({"week": "2026-W46"}, 240, 40_574, 2_381, ()),
    "02-status-words": ({}, 140 - 6, None, None, ()),
    "03-item-refund-state": ({}, 200, None, 1_000, ("6 rows hold a refund amount inconsistent with their refund status",)),
    "05-1688-merged": ({"platform": "1688"}, 150, 17_304, None, ()),
    "05b-no-money-column": ({}, None, None, None, ("amounts are unknown",)),
    "07a-douyin-no-layout": ({"own": False, "platform": "douyin"}, 220, 7_080.50, None, ()),
    "07b-douyin-layout": ({}, 220, 7_080.50, None, ()),  # some refunds succeed after the last whole week
    "08-shopify-orders": ({"own": False, **PACIFIC}, None, 27_221.96, 3_041.89, ("$",)),
    "08c-shopify-clean": ({"own": False, **PACIFIC}, None, 27_221.96, 3_041.89, ("$",)),
    "09-two-multiline-cells": ({}, 150, 8_850, None, ()),
    "10-amazon-orders": ({"own": False, **EUROS}, None, 2_250, None, ("SEK 20,010.00", "GBP 1,122.00", "€")),
    "10b-amazon-cp1252": ({"own": False, **EUROS}, None, 5_250, None, ("€",)),
    "12a-1904": ({}, 150, None, None, ()),
    "12b-hidden": ({}, 150, None, None, ("the sheet test is hidden: its 60 rows were not read",)),
    "13-zone-any": ({"zone": "America/New_York", "week": "2026-W46"}, None, None, None, ("¥",)),
    "16-shopee-id-thousands": ({"own": False, **RUPIAH}, 180, 104_014_700, None, ()),
    "16b-decimal-comma": ({"zone": "Europe/Berlin", "currency": "EUR"}, 180, 74_988.40, None, ("€",)),
    "18-stray-files": ({}, 150, 8_850, None, ("发货报表.xlsx",)),
    "21-qianniu-three-sheets": ({}, 160, 42_328, 4_004, ()),
    "22-refund-withdrawn-later": ({"week": "2026-W44"}, None, None, 0, ()),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_the_figures_and_the_words_of_a_case_stand_on_its_pages(case: Callable[..., Imported], name: str) -> None:
    keys, *wanted, said = SHOWN[name]
    report, text = case(name, **{k: v for k, v in keys.items() if k != "week"}).shown(keys.get("week", "2026-W45"))
    months = report.data.refund_rate_monthly
    found = [float(months[c].sum()) for c in ("paid_orders", "paid_money", "money_succeeded")]
    assert [(round(f, 2), w) for f, w in zip(found, wanted, strict=True) if w is not None and round(f, 2) != w] == []
    assert [words for words in said if words not in text] == []
    if name == "05b-no-money-column":
        assert months.filter(pl.col("paid_orders") > 0)["paid_money"].null_count() > 0


def test_partial_refunds_by_week_of_payment(case: Callable[..., Imported]) -> None:
    weeks = case("14-partial-refunds").shown("2021-W03")[0].data.refund_rate_weekly
    weeks = weeks.filter(pl.col("cohort").is_between(date(2020, 11, 30), date(2021, 1, 11)))
    money = pl.col("money_succeeded", "paid_money").cast(pl.Float64)
    assert weeks.select("orders_succeeded", "paid_orders", money).rows() == [
        (16, 73, 1479, 8937), (15, 76, 1189.5, 8534), (16, 74, 1614, 9086), (13, 73, 901.25, 8367),
        (16, 76, 1254, 8874), (15, 72, 1279.5, 8488), (13, 74, 996.25, 8536),
    ]  # fmt: skip


def test_a_week_of_one_order_and_a_week_of_none(case: Callable[..., Imported]) -> None:
    done = case("17-tiny-and-empty")
    for week in ("2026-W45", "2026-W43"):
        report, text = done.shown(week)
        assert text
        [row] = report.data.refund_rate_weekly.tail(1).select("paid_orders", "rate_orders").rows()
        assert row == ((1, 0.0) if week == "2026-W45" else (0, None))
