"""Files that change under their name, layouts that change, keys that repeat: what the store holds afterwards."""

from __future__ import annotations

import pytest

from aftersales.sources.importing import import_files, nothing_new
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.sources.withdrawing import withdraw
from aftersales.words.errors import UsageError

HEAD = "订单编号,总金额,买家应付货款,买家实际支付金额,订单状态,订单创建时间,订单付款时间 ,宝贝标题 ,退款金额\n"
AT = "2026-11-09 10:00:00"


def order(number, *, status="交易成功", paid="100.00", back="0.00"):
    return f"{number},100.00,100.00,{paid},{status},{AT},{AT},枕头,{back}\n"


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "in").mkdir()
    return Shop(tmp_path)


class Shop:
    """A shop's folder: files are put into it and imported, tables read."""

    def __init__(self, folder):
        self.folder, self.layouts = folder, []

    def put(self, **files):
        for name, text in files.items():
            (self.folder / "in" / f"{name}.csv").write_bytes(text.encode("utf-8-sig"))
        toml = (
            f'[store]\npath = "store"\n[[shops]]\nid = "t"\nname = "测试店"\nexports = "in"\nlayouts = {self.layouts}\n'
        )
        (self.folder / "shops.toml").write_text(toml, "utf-8")
        self.settings = load_settings(self.folder / "shops.toml")
        self.one = self.settings.shops[0]
        return import_files(self.settings, self.one)

    def table(self, name, *columns):
        store = ShopStore(self.settings.store_path, "t")
        frame = store.table(name, store.head()).collect()
        return frame.select(columns).sort(columns).rows()


def test_an_edited_file_replaces_what_it_holds_and_gives_up_rows_only_when_told_to(shop):
    shop.put(a=HEAD + order(1, paid="70.00", back="30.00") + order(2), b=HEAD + order(3))
    account = shop.put(a=HEAD + order(1, status="买家已付款，等待卖家发货"))
    assert "1 row previously in the file is no longer in it, such as 2" in "\n".join(account.lines("en"))
    assert shop.table("orders", "order_id", "status") == [("1", "paid"), ("2", "finished"), ("3", "finished")]
    assert shop.table("refunds", "refund_id") == []
    _, rows = withdraw(shop.settings, shop.one, "a.csv")
    assert rows == 1
    assert shop.table("orders", "order_id", "status") == [("1", "paid"), ("3", "finished")]
    with pytest.raises(UsageError, match=r"no file c\.csv"):
        withdraw(shop.settings, shop.one, "c.csv")


def test_withdrawing_keeps_what_another_file_still_says(shop):
    shop.put(a=HEAD + order(1) + order(2), b=HEAD + order(2, status="买家已付款，等待卖家发货"))
    shop.put(a=HEAD + order(1))
    withdraw(shop.settings, shop.one, "a.csv")
    assert shop.table("orders", "order_id", "status") == [("1", "finished"), ("2", "paid")]


def test_files_are_read_again_when_a_layout_of_the_shop_is_added_or_edited(shop):
    shop.put(a=HEAD + order(1))
    own = (
        '[[layout]]\nname = "own"\nkind = "order_report"\nsignature = ["order_id", "created_at"]\n[layout.headers]\n'
        'order_id = ["订单编号"]\ncreated_at = ["订单创建时间"]\npaid_net = ["总金额"]\ntitle = ["宝贝标题"]\n'
    )
    layout = shop.folder / "own.toml"
    layout.write_text(own, "utf-8")
    shop.layouts = ["own.toml"]
    assert [f.layout for f in shop.put().files] == ["own"]
    assert nothing_new(shop.settings, shop.one)
    layout.write_text(own.replace('title = ["宝贝标题"]\n', ""), "utf-8")
    assert not nothing_new(shop.settings, shop.one)
    assert shop.put().commit is not None
    assert shop.table("orders", "title") == [(None,)]


def test_of_tables_kept_by_hand_the_later_export_wins_and_a_missing_column_is_a_gap(shop):
    first = "统计日期,访客数,支付买家数,体验分\n2026-11-09,100,5,4.8\n2026-11-10,90,4,\n"
    later = "统计日期,访客数,支付买家数\n2026-11-09,120,\n"
    for names in (("traffic202611110900", "traffic202611180900"), ("traffic202611180901", "traffic202611110901")):
        texts = {name: first if "1111" in name else later for name in names}
        for name, text in texts.items():
            shop.put(**{name: text})
    rows = shop.table("traffic", "day", "visitors", "buyers", "score")
    assert [(str(day), *rest) for day, *rest in rows] == [
        ("2026-11-09", 120, None, 4.8), ("2026-11-10", 90, 4, None),
    ]  # fmt: skip


def test_a_day_that_stands_twice_with_different_figures_is_set_aside(shop):
    rows = "2026-11-09,100,5,4.8\n2026-11-09,60,2,4.8\n2026-11-10,90,4,4.9\n2026-11-10,90,4,4.9\n"
    account = shop.put(traffic="统计日期,访客数,支付买家数,体验分\n" + rows)
    assert [str(day) for (day,) in shop.table("traffic", "day")] == ["2026-11-10"]
    [file] = account.files
    assert file.balanced
    assert file.reasons == (("repeated_key", 2),)


def test_copies_count_once_and_states_in_one_file_are_put_in_order(shop):
    rows = order(1) + order(1) + order(2, status="买家已付款，等待卖家发货") + order(2)
    account = shop.put(a=HEAD + rows)
    assert shop.table("orders", "order_id", "status") == [("1", "finished"), ("2", "finished")]
    assert "1 row is a complete copy" in "\n".join(account.lines("en"))


def test_lines_without_a_number_neither_double_nor_vanish_between_overlapping_exports(shop):
    head = "订单编号,标题,价格,购买数量,商品属性,订单状态\n"
    two = "1,枕头,50.00,1,白,交易成功\n1,枕头,50.00,1,白,交易成功\n"
    other = "1,被子,80.00,1,白,交易成功\n"
    shop.put(a=head + two + other, b=head + other + two, c=head + two[: len(two) // 2])
    assert [title for (title,) in shop.table("orders", "title")] == ["枕头", "枕头", "被子"]


def test_order_money_that_stands_on_every_line_counts_once(shop):
    head = "订单编号,商品标题,总金额,买家应付货款,买家应付邮费,买家实付金额,订单创建时间,订单付款时间,退款金额\n"
    rows = [(n, f"商品{k}", 110 + n, 100 + n, 10) for n in range(1, 6) for k in range(2)]
    text = "".join(f"{n},{t},{total},{goods},{fee},{total},{AT},{AT},0\n" for n, t, total, goods, fee in rows)
    account = shop.put(a=head + text)
    paid = [float(p) for (p,) in shop.table("orders", "paid")]
    assert len(paid) == 10
    assert sum(paid) == sum(110 + n for n in range(1, 6))
    assert "the amount is per order" in "\n".join(account.lines("en"))


def test_parts_of_a_refund_and_states_of_a_complaint(shop):
    refunds = "订单编号,退款编号,宝贝标题,买家退款金额,退款的申请时间,退款状态,买家退款原因\n"
    parts = f"1,9,枕头,30.00,{AT},退款成功,质量问题\n1,9,被子,20.00,{AT},退款成功,质量问题\n"
    complaints = "投诉编号,订单编号,投诉时间,投诉内容,完结时间,判责结果\n"
    states = f"5,1,{AT},破了,,\n5,1,{AT},破了,2026-11-12 09:00:00,成立\n"
    shop.put(a=refunds + parts, b=complaints + states)
    assert [float(amount) for (amount,) in shop.table("refunds", "amount")] == [20, 30]
    assert shop.table("complaints", "complaint_id", "verdict") == [("5", "成立")]
