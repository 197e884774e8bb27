"""Files of a shop checked against each other: what does not fit is held back, named, confirmed, undone, released."""

from __future__ import annotations

import polars as pl
import pytest
from test_importing import HEAD, REFUNDS, order, shop, table

from aftersales.sources.importing import import_files, undo_import
from aftersales.words.errors import UsageError

ITEMS = "子订单编号,主订单编号,商品标题,购买数量,订单状态,买家应付货款,买家实付金额,退款状态,退款金额,订单创建时间,订单付款时间,商品ID\n"
ORDERS = HEAD + "".join(order(i) for i in range(20))


def number(i):
    return 3515313000000000000 + i


def items(ids, at="2026-10-05 10:00:00"):
    rows = (f"{number(i)}1,{number(i)},杯子,1,交易成功,100.00,105.00,,0.00,{at},{at},77\n" for i in ids)
    return ITEMS + "".join(rows)


def refunds(ids):
    at = "2026-10-06 10:00:00"
    rows = (f"{number(i)},R{i},2026-10-05 10:00:00,105.00,杯子,10.00,{at},退款成功,质量问题\n" for i in ids)
    return REFUNDS + "".join(rows)


def held(settings):
    return dict(table(settings, "held").select("file", "reason").rows())


def counted(settings):
    orders, cases = table(settings, "orders"), table(settings, "refunds")
    return orders.height, cases.filter(pl.col("source") == "refund_report").height


def test_another_shops_items_and_refunds_are_held_back(tmp_path):
    settings, one = shop(tmp_path, a=ORDERS, b=items(range(20)), c=refunds(range(3)))
    import_files(settings, one)
    assert (held(settings), counted(settings)) == ({}, (20, 3))
    shop(tmp_path, x=items(range(5_000, 5_100)), y=refunds(range(5_000, 5_040)))
    account = import_files(settings, one)
    assert held(settings) == {"x.csv": "orders_unknown", "y.csv": "orders_unknown"}
    assert counted(settings) == (20, 3)
    said = account.lines("en")
    assert any("x.csv is held back" in s and "of 100 orders checked" in s and "--confirm x.csv" in s for s in said)
    assert any("y.csv 已暂存" in s for s in account.lines("zh"))


@pytest.mark.parametrize("first", ["items", "refunds", "both"])
def test_all_at_once_or_the_wrong_ones_first(tmp_path, first):
    wrong = {"x": items(range(5_000, 5_100)), "y": refunds(range(5_000, 5_040))}
    wrong = {k: v for k, v in wrong.items() if first in ("both", {"x": "items", "y": "refunds"}[k])}
    settings, one = shop(tmp_path, **wrong)
    import_files(settings, one)
    shop(tmp_path, a=ORDERS, b=items(range(20)), c=refunds(range(3)))
    import_files(settings, one)
    assert set(held(settings)) == {f"{name}.csv" for name in wrong}
    assert counted(settings) == (20, 3)


def test_a_file_held_back_is_counted_once_confirmed_and_that_can_be_undone(tmp_path):
    settings, one = shop(tmp_path, a=ORDERS, y=refunds(range(5_000, 5_040)))
    import_files(settings, one)
    assert counted(settings) == (20, 0)
    account = import_files(settings, one, confirm=["y.csv"])
    assert account.released == ("y.csv",)
    assert counted(settings) == (20, 40)
    assert table(settings, "held")["state"].to_list() == ["confirmed"]
    assert import_files(settings, one).commit is None
    undo_import(settings, one)
    assert counted(settings) == (20, 0)
    assert held(settings) == {"y.csv": "orders_unknown"}
    with pytest.raises(UsageError, match=r"No file 'z.csv' is held back. Found: y.csv"):
        import_files(settings, one, confirm=["z.csv"])


def test_a_refund_report_before_its_orders_is_counted_when_they_arrive(tmp_path):
    settings, one = shop(tmp_path, y=refunds(range(12)))
    import_files(settings, one)
    assert held(settings) == {"y.csv": "orders_unknown"}
    (tmp_path / "in" / "y.csv").unlink()
    shop(tmp_path, a=ORDERS)
    account = import_files(settings, one)
    assert (held(settings), account.released, counted(settings)) == ({}, ("y.csv",), (20, 12))


def test_items_of_a_shop_without_order_reports_are_no_strangers(tmp_path):
    settings, one = shop(tmp_path, b=items(range(20)), c=refunds(range(12)))
    import_files(settings, one)
    assert (held(settings), counted(settings)) == ({}, (20, 12))


def test_a_changed_file_is_looked_at_again(tmp_path):
    settings, one = shop(tmp_path, a=ORDERS, y=refunds(range(5_000, 5_040)))
    import_files(settings, one)
    shop(tmp_path, y=refunds(range(4)))
    import_files(settings, one)
    assert (held(settings), counted(settings)[0]) == ({}, 20)


def test_another_platforms_export_is_held_back(tmp_path):
    settings, one = shop(tmp_path, a=ORDERS)
    one = one.model_copy(update={"platform": "shopify"})
    account = import_files(settings, one)
    assert (held(settings), counted(settings)) == ({"a.csv": "platform"}, (0, 0))
    assert "an export of Taobao" in "\n".join(account.lines("en"))
    import_files(settings, one, confirm=["a.csv"])
    assert counted(settings) == (20, 0)
    other = one.model_copy(update={"platform": "tmall"})
    shop(tmp_path, b=HEAD + "".join(order(i) for i in range(30, 35)))
    import_files(settings, other)
    assert counted(settings) == (25, 0)


def test_days_far_from_every_other_files_are_held_back(tmp_path):
    late = HEAD + "".join(order(i, at="2024-01-05 10:00:00") for i in range(30, 36))
    settings, one = shop(tmp_path, a=ORDERS, z=late)
    import_files(settings, one)
    assert (held(settings), counted(settings)) == ({"z.csv": "days"}, (20, 0))


def test_a_file_in_another_currency_raises_an_alarm(tmp_path):
    settings, one = shop(tmp_path, a=ORDERS)
    (tmp_path / "own.toml").write_text(
        '[[layout]]\nname = "own"\nkind = "order_report"\nsignature = ["order_id"]\ncurrency = "USD"\n'
        '[layout.headers]\norder_id = ["No"]\ncreated_at = ["Day"]\npaid_net = ["Paid"]\n',
        "utf-8",
    )
    (tmp_path / "in" / "u.csv").write_text("No,Day,Paid\n1,2026-10-05,10\n2,2026-10-05,11\n", "utf-8")
    one = one.model_copy(update={"layouts": (str(tmp_path / "own.toml"),)})
    account = import_files(settings, one)
    assert (held(settings), counted(settings)) == ({"u.csv": "currency"}, (20, 0))
    assert "USD 21.00 (2)" in "\n".join(account.lines("en"))
