"""Write made-up shops as export files."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from aftersales.demo.books import Decision, decision_rows, decisions, money_rows, product_rows, traffic_rows
from aftersales.demo.case_book import case_book
from aftersales.demo.complaints import complaint_rows, complaints
from aftersales.demo.evidence import write_evidence
from aftersales.demo.formats import write_quoted_gb18030, write_utf8
from aftersales.demo.item_file import item_report
from aftersales.demo.moments import DAY, second_of
from aftersales.demo.order_file import order_report
from aftersales.demo.parcels import parcel_events
from aftersales.demo.planted import planted
from aftersales.demo.refund_file import refund_report
from aftersales.demo.seen import seen_orders
from aftersales.demo.shop import Shop, simulate_shop
from aftersales.demo.spec import DEMO_LAST_DAY, DEMO_SEED, ShopSpec, basic_spec, demo_spec
from aftersales.demo.talk import conversations
from aftersales.demo.workbook import write_workbook

WEEKS_AN_EXPORT = 13
OVERLAP_DAYS = 35  # each export reaches so far back into the one before, where orders have moved on since
BASIC_SHARE = 5  # the second shop has a fifth of the first one's orders


def write_demo(
    folder: Path, *, seed: int = DEMO_SEED, last_day: date = DEMO_LAST_DAY, orders: int = 100_000, weeks: int = 110
) -> dict:
    """Write both demo shops under a folder and tell what was written: shop id → folder, files and what was planted.

    ``yunqi/`` has every file a shop can have, ``basic/`` three reports with masked buyers. The same arguments write the
    same bytes. Other files in the folder are left alone.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     wrote = write_demo(Path(place), orders=200, weeks=16)
    >>> sorted(wrote), wrote["basic"]["files"][-1]
    (['basic', 'demo'], '退款报表202611230005.xlsx')
    """
    specs = {
        "yunqi": demo_spec(last_day=last_day, orders=orders, weeks=weeks),
        "basic": basic_spec(last_day=last_day, orders=max(1, orders // BASIC_SHARE), weeks=weeks),
    }
    return {
        spec.shop_id: write_shop(simulate_shop(spec, seed=seed), Path(folder) / name) for name, spec in specs.items()
    }


def write_shop(shop: Shop, folder: Path) -> dict:
    """Write one shop's export files into a folder (made where absent).

    Gives the folder, the files in it by name, and what was planted (also as ``planted.json``).
    """
    folder.mkdir(parents=True, exist_ok=True)
    exports = export_days(shop.spec)
    for number, (since, at) in enumerate(exports):
        _write_reports(shop, folder, since=since, at=at, workbook=number == len(exports) - 1)
    filed, taken = complaints(shop), decisions(shop)
    if not shop.spec.masked:
        _write_books(shop, filed, taken, folder)
    told = planted(shop, filed, taken)
    (folder / "planted.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    return {"folder": folder, "files": files, "planted": told}


def export_days(spec: ShopSpec) -> list[tuple[int, int]]:
    """From when and at what moment each export was made, oldest first; periods overlap."""
    spans, end = [], spec.last_day + timedelta(days=1)
    while end > spec.first_day:
        start = max(spec.first_day, end - timedelta(weeks=WEEKS_AN_EXPORT, days=OVERLAP_DAYS))
        spans.append((second_of(start), second_of(end)))
        end -= timedelta(weeks=WEEKS_AN_EXPORT)
    return spans[::-1]


def _write_reports(shop: Shop, folder: Path, *, since: int, at: int, workbook: bool) -> None:
    stamp = f"{date.fromordinal(date(1970, 1, 1).toordinal() + at // DAY):%Y%m%d}0005"
    orders = seen_orders(shop, since=since, at=at)
    write_quoted_gb18030(order_report(shop, orders, at=at), folder / f"ExportOrderList{stamp}.csv")
    items: pl.DataFrame = item_report(shop, orders, at=at)
    if workbook:
        spaced = items.rename({"商品ID": "商品 ID"})
        write_workbook(spaced, folder / f"ExportItemlList{stamp}.xlsx", sheet="宝贝报表")
    else:
        write_quoted_gb18030(items, folder / f"ExportItemlList{stamp}.csv")
    refunds = refund_report(shop, since=since, at=at)
    write_workbook(refunds, folder / f"退款报表{stamp}.xlsx", sheet="退款报表")


def _write_books(shop: Shop, filed: pl.DataFrame, taken: list[Decision], folder: Path) -> None:
    """All that a shop keeps beside the three reports; templates are UTF-8, the platform's files GB18030."""
    talks = conversations(shop, filed)
    states, members = case_book(shop)
    templates = {
        "投诉登记.csv": complaint_rows(shop, filed),
        "聊天记录.csv": talks,
        "物流轨迹.csv": parcel_events(shop),
        "证据清单.csv": write_evidence(shop, filed, talks, folder),
        "商品资料.csv": product_rows(shop),
        "案件登记.csv": states,
        "案件订单.csv": members,
        "决定登记.csv": decision_rows(taken),
    }
    for name, rows in templates.items():
        write_utf8(rows, folder / name)
    write_quoted_gb18030(traffic_rows(shop), folder / "生意参谋_店铺日报.csv")
    write_quoted_gb18030(money_rows(shop, filed), folder / "千牛动账明细.csv")
