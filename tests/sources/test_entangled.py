"""One line under two orders, one order in two months: only damaged files say so, and no line may stand twice for it."""

from __future__ import annotations

import shutil
from itertools import permutations

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from test_importing import HEAD, order, shop, table

from aftersales.sources.importing import import_files
from aftersales.sources.rebuild import cross_month_orders
from aftersales.sources.store import ShopStore

ITEMS = "子订单编号,主订单编号,商品标题,商品价格,购买数量,订单状态,买家应付货款,买家实付金额,退款状态,退款金额,订单创建时间,订单付款时间\n"
FIRST = 3515313000000000000


def item(line, of, *, at, status="交易成功"):
    return f"{FIRST + line},{FIRST + of},杯子,100.00,1,{status},100.00,100.00,无退款申请,0.00,{at},{at}\n"


def year():
    months = ("2026-07", "2026-08", "2026-09", "2026-10")
    return [(10 * n + k, f"{month}-0{k} 10:00:00") for n, month in enumerate(months) for k in (1, 2, 3)]


ORDERS = HEAD + "".join(order(number, at=at) for number, at in year())
LINES = ITEMS + "".join(item(number, number, at=at) for number, at in year())
# the damaged files: a line of July under an order of October; an order of August with a date of September
UNDER_ANOTHER = ITEMS + item(1, 31, at="2026-10-01 10:00:00", status="卖家已发货")
ANOTHER_DATE = HEAD + order(12, at="2026-09-12 10:00:00", status="交易关闭")
UNDER_A_DATELESS = ITEMS + item(1, 50, at="", status="卖家已发货")
DATELESS = HEAD + order(40, at="")
DATED = ITEMS + item(40, 40, at="2026-10-20 10:00:00")


@pytest.mark.parametrize(
    "late",
    [UNDER_ANOTHER, UNDER_A_DATELESS, ANOTHER_DATE, DATELESS, DATED],
    ids=["line", "dateless line", "date", "none", "dated"],
)
def test_no_line_stands_twice_and_the_order_of_import_does_not_matter(tmp_path, late):
    steps = [{"a": ORDERS, "b": LINES}, {"c": late}] + ([{"d": DATELESS}] if late == DATED else [])
    made = []
    for n, ordered in enumerate(permutations(steps)):
        folder = tmp_path / str(n)
        folder.mkdir()
        if n:  # or the same buyer would have another name
            shutil.copy(tmp_path / "0" / "aftersales.key", folder / "aftersales.key")
        for files in ordered:
            settings, one = shop(folder, **files)
            import_files(settings, one)
        made.append(table(settings, "orders").sort("line_id"))
        assert made[-1]["line_id"].is_unique().all()
        # the order that lost its line is told of by its own row
        assert made[-1]["order_id"].n_unique() == len({str(FIRST + number) for number, _ in year()} | _more(late))
        assert_frame_equal(made[0], made[-1])


def _more(late):
    return {str(FIRST + 40)} if late in (DATELESS, DATED) else set()


def test_where_the_months_numbers_do_not_mix_nothing_is_read(tmp_path, monkeypatch):
    settings, one = shop(tmp_path, a=ORDERS, b=LINES)
    import_files(settings, one)
    store = ShopStore(settings.store_path, "t")
    monkeypatch.setattr(ShopStore, "table", lambda *_, **__: pytest.fail("a table was read"))
    touched = pl.DataFrame({"order_id": [str(FIRST + 1)], "month": ["2026-07"]})
    assert cross_month_orders(store, store.head(), touched).is_empty()


def test_orders_that_share_a_line_are_found_from_either_side(tmp_path):
    settings, one = shop(tmp_path, a=ORDERS, b=LINES, c=UNDER_ANOTHER)
    import_files(settings, one)
    store = ShopStore(settings.store_path, "t")
    for number, month in ((1, "2026-07"), (31, "2026-10")):
        touched = pl.DataFrame({"order_id": [str(FIRST + number)], "month": [month]})
        found = cross_month_orders(store, store.head(), touched).sort("order_id")
        assert found.rows() == [(str(FIRST + 1), "2026-07"), (str(FIRST + 31), "2026-10")]
    alone = pl.DataFrame({"order_id": [str(FIRST + 22)], "month": ["2026-09"]})
    assert cross_month_orders(store, store.head(), alone).is_empty()
