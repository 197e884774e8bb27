"""Cleaning cells: the quirks of real exports, and on any text at all nothing raises and twice is once."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aftersales.sources import clean
from aftersales.sources.clean import PROVINCES
from aftersales.sources.layout import load_layouts

MAPS = load_layouts()[0].maps
ODD = st.text(
    alphabet=st.sampled_from("= '\"\t-0123456789.,¥￥元Ee+：/:年月日T　０１（）()*%上海广东省内蒙古ANUL\u200b\n"),
    max_size=24,
)
CELLS = st.lists(st.none() | st.text(max_size=30) | ODD, max_size=8).map(
    lambda cells: pl.Series(cells, dtype=pl.String)
)


def one(cleaned: pl.Series) -> object:
    return cleaned.to_list()[0]


@pytest.mark.parametrize(
    ("cell", "id_"),
    [('="123456789"', "123456789"), ("'18618486065", "18618486065"), ("\t6917926768823643751", "6917926768823643751"),
     ("99\t", "99"), ('""', None), ("=", None), ("null", None), ("--", None), ("12345.0", "12345")],
)  # fmt: skip
def test_ids(cell: str, id_: str | None) -> None:
    assert one(clean.identifier(pl.Series([cell]))) == id_


@pytest.mark.parametrize(
    ("cell", "damaged"),
    [("3.5E+18", True), ("1.23457E+17", True), ("4e18", True), ("3,5E+18", True), ("123456789012345678.0", True),
     ("3515313123456789012", False), ("C536365", False), ("E12", False), ("85123A", False), ("12E", False)],
)  # fmt: skip
def test_ids_that_a_spreadsheet_has_rounded(cell: str, damaged: bool) -> None:
    assert one(clean.is_damaged(clean.identifier(pl.Series([cell])))) is damaged


@pytest.mark.parametrize(
    ("cell", "amount"),
    [("0元", "0.00"), ("12.50元", "12.50"), ("¥89.50", "89.50"), ("￥ 89.5", "89.50"), ("1,234.00", "1234.00"),
     ("１２．５", "12.50"), ("-", None), ("--", None), ("null", None), ("无退款申请", None), ("", None), ("-3", "-3.00"),
     ("1,23", None), ("12.5.0", None), ("abc", None), ('="7.00"', "7.00"), ("￥1,234,567.89", "1234567.89")],
)  # fmt: skip
def test_amounts(cell: str, amount: str | None) -> None:
    assert one(clean.amount(pl.Series([cell]))) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("cell", "moment"),
    [("2016/5/23 22:02", "2016-05-23 22:02:00"), ("2016-05-23 22:02:00", "2016-05-23 22:02:00"),
     ("2016-05-23", "2016-05-23 00:00:00"), ("2016.5.3 2:02:09", "2016-05-03 02:02:09"),
     ("2016年5月23日 22:02", "2016-05-23 22:02:00"), ("20160523220209", "2016-05-23 22:02:09"),
     ("2016-05-23T22:02:09", "2016-05-23 22:02:09"), ("2016-05-23 22:02:09.123", "2016-05-23 22:02:09"),
     ("2016-05-23T14:02:09Z", "2016-05-23 22:02:09"), ("2016-05-23 22:02:09+0800", "2016-05-23 22:02:09"),
     ("45000.5", "2023-03-15 12:00:00"), ("\t2016/5/23 22:02", "2016-05-23 22:02:00"), ("null", None), ("soon", None),
     ("0000-00-00 00:00:00", None), ("2016-13-01", None), ("2016-05-23 25:00:00", None), ("1970-01-01 08:00:00", None)],
)  # fmt: skip
def test_moments(cell: str, moment: str | None) -> None:
    for cells in ([cell], ["2020-01-01 00:00:00", cell]):  # alone, and beside one that is read the quick way
        assert (
            clean.moment(pl.Series(cells), zone="Asia/Shanghai").dt.strftime("%Y-%m-%d %H:%M:%S").to_list()[-1]
            == moment
        )


def test_a_doubled_hour_is_its_first_and_an_hour_that_never_was_is_null() -> None:
    doubled = clean.moment(pl.Series(["2026-10-25 01:30:00"]), zone="Europe/London")
    assert doubled.dt.convert_time_zone("UTC").dt.hour().to_list() == [0]
    assert clean.moment(pl.Series(["2026-03-29 01:30:00"]), zone="Europe/London").to_list() == [None]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/London", "America/New_York", "UTC", "Asia/Kathmandu"])
def test_the_quick_way_into_a_zone_gives_what_the_calendar_gives(zone: str) -> None:
    days = pl.Series(pl.datetime_range(pl.datetime(1991, 1, 1, 12), pl.datetime(1999, 12, 31, 12), "1d", eager=True))
    for year in range(1991, 2000):
        naive = days.filter(days.dt.year() == year)
        expected = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").cast(
            pl.Datetime("us", zone)
        )
        assert clean.moment(naive.dt.to_string("%Y-%m-%d %H:%M:%S"), zone=zone).equals(expected)


@pytest.mark.parametrize(
    ("cell", "province"),
    [("上海", "上海市"), ("上海 上海市 浦东新区", "上海市"), ("上海市浦东新区", "上海市"), ("内蒙古自治区", "内蒙古自治区"),
     ("内蒙古 包头市", "内蒙古自治区"), ("湖北省", "湖北省"), ("香港特别行政区 九龙", "香港特别行政区"), ("中国 广东省 深圳市", "广东省"),
     ("广东省广州市天河区", "广东省"), ("河南路5号", None), ("****", None), ("", None), ("California", "California"), ("california ", "California"), ("ca", "CA"), ("12 High St", None), ("新疆 乌鲁木齐市", "新疆维吾尔自治区")],
)  # fmt: skip
def test_provinces(cell: str, province: str | None) -> None:
    assert one(clean.province(pl.Series([cell]))) == province


def test_every_province_by_both_its_names() -> None:
    assert clean.province(pl.Series(list(PROVINCES))).to_list() == list(PROVINCES)
    assert clean.province(pl.Series([f"{short} 某市" for short in PROVINCES.values()])).to_list() == list(PROVINCES)
    assert len(PROVINCES) == 34


@pytest.mark.parametrize(
    ("name", "word", "meaning"),
    [
        ("order_status", "买家已付款，等待卖家发货", "paid"),
        ("order_status", "买家已付款,等待卖家发货", "paid"),
        ("order_status", "卖家已发货，等待买家确认", "shipped"),
        ("refund_status", "买家已经申请退款，等待卖家同意", "requested"),
        ("refund_status", "卖家已经同意退款，等待买家退货", "to_return"),
        ("refund_status", "买家已经退货，等待卖家确认收货", "returned"),
        ("refund_status", "卖家拒绝退款", "refused"),
        ("refund_status", "退款关闭", "closed"),
        ("goods_status", "买家未收到货", "not_received"),
        ("goods_status", "买家已收到货", "received"),
        ("goods_status", "买家已退货", "returned"),
        ("platform_involved", "客服未介入", "false"),
        ("platform_involved", "需要客服介入", "true"),
        ("platform_involved", "客服处理完成", "true"),
        ("reason", "7天无理由退换货", "no_reason"),
        ("reason", "7天无理由/我不想要了", "no_reason"),
        ("reason", "不喜欢/不想要", "no_reason"),
        ("reason", "多拍/拍错/不想要", "wrong_order"),
        ("reason", "信息填写错误,重新拍", "wrong_order"),
        ("reason", "没用/少用优惠", "price_coupon"),
        ("reason", "价格太贵", "price_coupon"),
        ("reason", "未按约定时间发货", "late_ship"),
        ("reason", "商家发货慢", "late_ship"),
        ("reason", "卖家缺货", "out_of_stock"),
        ("reason", "快递/物流一直未送到", "lost_or_stalled"),
        ("reason", "快递/物流无跟踪记录", "lost_or_stalled"),
        ("reason", "货物破损已拒签", "refused_parcel"),
        ("reason", "包装/商品破损", "damaged"),
        ("reason", "空包裹", "missing_or_empty"),
        ("reason", "少件/漏发", "missing_or_empty"),
        ("reason", "卖家发错货", "wrong_item"),
        ("reason", "大小/尺寸不符", "size"),
        ("reason", "颜色/图案/款式与商品描述不符", "not_as_described"),
        ("reason", "功能/效果不符", "not_as_described"),
        ("reason", "质量问题", "quality"),
        ("reason", "假冒品牌", "counterfeit"),
        ("reason", "过敏", "allergy_food_safety"),
        ("reason", "退运费", "invoice_freight"),
        ("reason", "发票问题", "invoice_freight"),
        ("reason", "协商一致退款", "negotiated"),
        ("reason", "其他", "other"),
    ],
)
def test_words(name: str, word: str, meaning: str) -> None:
    assert one(clean.mapped(pl.Series([word]), values=MAPS[name])) == meaning


@given(CELLS)
@example(pl.Series(['="="1""']))
@example(pl.Series(["' \t'x"]))
def test_texts_never_raise_and_twice_is_once(cells: pl.Series) -> None:
    for cleaner in (clean.text, clean.identifier, clean.address, clean.province):
        once = cleaner(cells)
        assert once.len() == cells.len()
        assert once.dtype == pl.String
        assert cleaner(once).equals(once, null_equal=True), cleaner.__name__


@given(CELLS)
def test_values_never_raise_and_survive_being_written_and_read_again(cells: pl.Series) -> None:
    for cleaner in (clean.amount, clean.count, clean.number):
        once = cleaner(cells)
        assert once.len() == cells.len()
        assert cleaner(once.cast(pl.String)).equals(once, null_equal=True), cleaner.__name__
    moments = clean.moment(cells, zone="Asia/Shanghai")
    written = moments.dt.to_string("%Y-%m-%d %H:%M:%S%.f")
    assert clean.moment(written, zone="Asia/Shanghai").equals(moments, null_equal=True)
    assert clean.day(clean.day(cells).dt.to_string("%Y-%m-%d")).equals(clean.day(cells), null_equal=True)


@given(CELLS, st.sampled_from(sorted(MAPS)))
def test_words_never_raise_and_meanings_mean_themselves(cells: pl.Series, name: str) -> None:
    once = clean.mapped(cells, values=MAPS[name])
    assert clean.mapped(once, values=MAPS[name]).equals(once, null_equal=True)


@given(st.lists(st.decimals(0, 10**12, places=2), min_size=1, max_size=5))
def test_the_patient_way_reads_what_the_quick_way_reads(amounts: list[Decimal]) -> None:
    plain = pl.Series([str(a) for a in amounts])
    dressed = pl.Series([f" ¥{a:,}元" for a in amounts])
    assert clean.amount(dressed).equals(clean.amount(plain))


def test_a_date_that_cannot_be_costs_its_neighbours_nothing() -> None:
    whole = clean.moment(pl.Series(["2026-01-01 00:00:00.5", "1970-01-01"]), zone="Asia/Shanghai")
    assert whole[0].microsecond == 500_000
    assert whole[1] is None


def test_signs_that_nobody_sees_and_full_width_digits_do_not_make_another_number() -> None:
    ids = pl.Series(["\ufeff3515", "35\u200b15", "３５１５", "3515\t", "35\ufffd5"])
    assert clean.identifier(ids).to_list() == ["3515"] * 4 + ["35\ufffd5"]
    assert clean.is_damaged(clean.identifier(ids)).to_list() == [False] * 4 + [True]
    assert [str(x) for x in clean.amount(pl.Series(["12\u200b.50", "\u00a012.50", "１２．５０"]))] == ["12.50"] * 3
