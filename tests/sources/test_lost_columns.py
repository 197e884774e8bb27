"""Files of every built-in kind without one of their columns: refused, or read with a note of what is unknown."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from aftersales.sources.layout import normalised
from aftersales.sources.notes import warns

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
try:
    import mislabelled_files as bench
    from platform_exports import PLATFORMS, Export, shop
finally:
    sys.path.pop(0)

KINDS = {report.kind: name for name, p in reversed(PLATFORMS.items()) for report in p[4]}


def whole(kind: str, *, orders: int = 30) -> tuple[str, Export]:
    """A right file of the kind, as text, and the shop it is of."""
    name = KINDS[kind]
    files = [f for f in shop(name, orders=orders).files if f.kind == kind]
    file = bench._joined(files)
    return name, replace(file, name=f"{kind}{Path(file.name).suffix.replace('.xlsx', '.csv')}", encoding="utf-8")


def without(file: Export, header: str) -> Export:
    return bench._moved(file, [i for i, h in enumerate(file.header) if h != header])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_without_any_one_column_no_figure_is_wrong_unsaid(kind):
    name, right = whole(kind)
    layout = next(one for one in bench.LAYOUTS if one.name == kind)
    unread = set(map(normalised, layout.ignored))  # without these nothing changes
    met = {h: bench.met_as_read(bench.Case(0, "column_dropped", name, (), (right,), without(right, h)))
           for h in right.header if normalised(h) not in unread}  # fmt: skip
    assert {h: (m.changed, m.unknown) for h, m in met.items() if m.miss} == {}
    refused = [m.warned[0] for m in met.values() if m.warned and m.warned[0].startswith("refused: ")]
    assert all(text.count("\n") == 0 and "Hint: " in text for text in refused)
    assert refused  # what the kind cannot do without


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "header"),
    [("shopify_orders", "Lineitem sku"), ("woocommerce_orders", "SKU"), ("shopee_indonesia_orders", "Nama Variasi"),
     ("amazon_all_orders", "asin"), ("amazon_fba_returns", "product-name")],
)  # fmt: skip
def test_lines_and_cases_without_numbers_stand_once_beside_a_file_that_lacks_a_column(kind, header, tmp_path):
    name, right = whole(kind, orders=20)
    less = replace(without(right, header), name=f"less-{right.name}")
    beside = () if right.kind != "amazon_fba_returns" else (whole("amazon_all_orders", orders=20)[1],)
    tables = []
    for number, files in enumerate(((right,), (right, less), (less, right))):
        place = tmp_path / str(number)
        bench.put(place, name, (*beside, *files[:1]))
        bench.imported(place)
        for file in files[1:]:
            (place / "in" / file.name).write_bytes(file.content())
            bench.imported(place)
        found = bench.figures(place)
        tables.append([found[t].select(pl.len(), pl.col(m).sum(), pl.col("order_id").n_unique()).row(0)
                       for t, m in (("orders", "paid"), ("refunds", "amount"))])  # fmt: skip
    assert tables[0] == tables[1] == tables[2]


SWAPPED = [
    ("shopee_indonesia_orders", "Status Pembatalan/ Pengembalian", "Nama Penerima"),
    ("douyin_orders", "售后状态", "商家备注"),
    ("lazada_orders", "shippingFee", "refundAmount"),
    ("woocommerce_orders", "Order Subtotal Amount", "Order Refund Amount"),
    ("amazon_india_sales", "Sales Channel ", "B2B"),
    ("template_parcels", "地点", "描述"),
    ("template_parcels", "物流公司", "描述"),
    ("taobao_order_report", "联系手机", "物流单号 "),
    ("pinduoduo_aftersales", "商品规格", "退款原因"),
    ("jd_orders", "应付金额", "发票类型"),
    ("jd_orders", "订单号", "货号"),
    ("shopify_orders", "Shipping Name", "Shipping Street"),
    ("shopee_indonesia_orders", "No. Pesanan", "Harga Awal"),
    ("douyin_aftersales", "用户售后说明", "仲裁状态"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "first", "second"), SWAPPED)
def test_swapped_contents_are_named_without_another_file_of_the_kind(kind, first, second):
    name, right = whole(kind, orders=90)
    order = list(range(len(right.header)))
    a, b = right.header.index(first), right.header.index(second)
    order[a], order[b] = b, a
    bad = replace(bench._moved(right, order), header=right.header)
    assert bench.met_as_read(bench.Case(0, "contents_swapped", name, (), (right,), bad)).warned
    assert [n for r in bench._read(name, right) for n in r.notes if warns(n)] == []


def test_a_refund_without_its_freight_is_said(tmp_path):
    name, right = whole("douyin_aftersales")
    notes = [n for r in bench._read(name, without(right, "退运费金额（元）")) for n in r.notes]
    assert any("sum_lacks" in n for n in notes)


def test_a_price_is_no_payment(tmp_path):
    """Cancelled orders whose file has a price for them count as never paid, where nothing was refunded."""
    for kind in ("lazada_orders", "shopee_indonesia_orders"):
        name, right = whole(kind, orders=60)
        place = tmp_path / kind
        bench.put(place, name, [right])
        bench.imported(place)
        at = right.header.index("status" if kind == "lazada_orders" else "Status Pesanan")
        cancelled = [row for row in right.rows if row[at] in ("canceled", "Batal")]
        orders = bench.figures(place)["orders"].filter(status="closed_unpaid")
        assert orders.height == len(cancelled) > 0
        assert orders["paid"].sum() == 0


def test_a_few_refunds_of_no_known_order_are_named(tmp_path):
    pdd = shop("pinduoduo").files
    orders, back = pdd[0], next(f for f in pdd if f.kind == "pinduoduo_aftersales")
    at = back.header.index("订单编号")
    strange = tuple((*r[:at], f"999999-{n}{r[at][-9:]}", *r[at + 1 :]) for n, r in enumerate(back.rows[:2]))
    bench.put(tmp_path / "s", "pinduoduo", [orders, replace(back, rows=strange)])
    said = "\n".join(bench.imported(tmp_path / "s").lines("en"))
    assert "of 2 orders checked, 2 are not this shop's" in said
