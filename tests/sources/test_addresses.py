"""Members of one household or ring who write their address otherwise still share its key; neighbours do not."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.sources.identity import address_place, with_person_keys

ONE_PLACE = (
    "江苏省 南京市 鼓楼区 中山北路77号12幢3单元1402室",
    "江苏省南京市鼓楼区中山北路７７号１２幢３单元１４０２室",
    "江苏 南京 鼓楼区 中山北路77号12栋3单元1402",
    "江苏省南京市鼓楼区中山北路77号12号楼3单元1402室 门口",
    "江苏省南京市鼓楼区中山北路77号12座3单元1402（放快递柜）",
    "江苏省南京市鼓楼区中山北路七十七号十二幢三单元1402室",
    "江苏省南京市鼓楼区中山北路77号12-3-1402",
    "江苏省南京市鼓楼区中山北路77号12#3单元1402室A",
    "江苏省南京市鼓楼区中山北路77号12幢3单元1402-2",
    "江苏省南京市鼓楼区中山北路77号12幢3单元1402室（210009）",
)
OTHER_PLACES = (
    "江苏省南京市鼓楼区中山北路77号12幢3单元1403室", "江苏省南京市鼓楼区中山北路77号12幢13单元1402室",
    "江苏省南京市鼓楼区中山北路77号2幢3单元1402室", "江苏省南京市鼓楼区中山南路77号12幢3单元1402室",
    "江苏省南京市鼓楼区中山北路71号12幢3单元1402室", "江苏省南京市鼓楼区中山北路77号",
    "江苏省苏州市鼓楼区中山北路77号12幢3单元1402室", "221B Baker Street, London", "221 Baker Street, London",
    "12 High St Apt 4", "12 High St Apt 5", "12 High St Apt 45", "Musterweg 3, 10115 Berlin", "Musterweg 3, 10117 Berlin",
)  # fmt: skip


def keys(addresses):
    people = pl.DataFrame({"address": addresses}, schema={"address": pl.String}).with_columns(
        buyer=pl.format("b{}", pl.int_range(pl.len())), receiver=pl.lit(None, pl.String),
        phone=pl.lit(None, pl.String), mobile=pl.lit("１３８0013 8000"),
    )  # fmt: skip
    return with_person_keys(people, key=b"k" * 32)


def test_an_address_written_in_ten_ways_has_one_key():
    assert keys(ONE_PLACE)["address_key"].n_unique() == 1


def test_neighbours_and_other_streets_have_keys_of_their_own():
    assert keys([ONE_PLACE[0], *OTHER_PLACES])["address_key"].n_unique() == 1 + len(OTHER_PLACES)


def test_a_masked_address_has_none_and_full_width_phones_are_one():
    found = keys(["江苏省南京市鼓楼区****", None])
    assert found["address_key"].to_list() == [None, None]
    plain = keys([None]).select("phone_key")
    assert found["phone_key"].unique().to_list() == plain["phone_key"].to_list()


@given(st.lists(st.one_of(st.none(), st.text(max_size=30)), max_size=5))
def test_any_text_has_a_place_of_its_own_row(texts):
    column = pl.Series(texts, dtype=pl.String)
    assert address_place(column).to_list() == [address_place(column[i : i + 1])[0] for i in range(len(texts))]


@pytest.mark.parametrize("unit", ["1", "a", "号", "1号", "(", "一", "-", "1-", "市", "#"])
def test_a_hostile_address_costs_no_more_than_its_length(unit):
    assert address_place(pl.Series([unit * 50_000])).len() == 1
