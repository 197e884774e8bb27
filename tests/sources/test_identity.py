"""People are hashed with a mark of how sure their identity is; numbers of people in free text are masked."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from aftersales.sources.identity import keyed_hash, with_person_keys, without_numbers_of_people

PEOPLE = ("buyer", "receiver", "address", "phone", "mobile")


def people(*rows):
    return pl.DataFrame(rows, schema=dict.fromkeys(PEOPLE, pl.String), orient="row")


def keys(*rows, key=b"k"):
    return with_person_keys(people(*rows), key=key)


def test_one_buyer_is_one_key_and_another_key_another():
    found = keys(("tb1", None, None, None, None), (" tb1 ", None, None, None, None), ("tb2", None, None, None, None))
    assert found["buyer_key"][0] == found["buyer_key"][1] != found["buyer_key"][2]
    assert found["buyer_key_quality"].to_list() == ["full"] * 3
    assert keys(("tb1", None, None, None, None), key=b"other")["buyer_key"][0] != found["buyer_key"][0]


def test_a_masked_name_or_phone_alone_is_never_an_identity():
    found = keys(
        ("t**", None, None, None, None),
        ("t**", "王**", "浙江省 杭州市 西湖区 ****", "131****1907", None),
        ("t**", "王**", "****", "131****1907", None),
        (None, None, None, None, None),
    )
    assert found["buyer_key_quality"].to_list() == ["masked", "composite", "masked", "none"]
    assert found["buyer_key"].is_null().to_list() == [True, False, True, True]
    assert found["phone_key"].is_null().all()
    assert found["address_key"].is_null().all()


def test_phones_and_addresses_are_one_in_every_spelling():
    found = keys(
        ("a", None, "浙江省 杭州市 西湖区 文三路1号(310000)", None, "'13900001111"),
        ("b", None, "浙江省杭州市西湖区文三路1号", "86-139 0000 1111", None),
    )
    assert found["phone_key"].n_unique() == 1
    assert found["address_key"].n_unique() == 1
    assert not set(found["phone_key"]) & set(found["address_key"])


def test_free_text_loses_the_numbers_of_people_and_keeps_the_rest():
    said = pl.DataFrame(
        {
            "t": [
                "电话13812345678，或 138-1234-5678",
                "身份证 110101199003071234 谢谢",
                "订单3515313123456789012没收到",
                "寄到浙江省杭州市西湖区文三路478号华星大厦3楼",
                "mail me at a.b@example.com",
                "13812345678 13912345678",
            ]
        }
    )
    shown = said.select(without_numbers_of_people("t")).to_series().to_list()
    assert shown[0] == "电话[手机号]，或 [手机号]"
    assert "110101199003071234" not in shown[1]
    assert "谢谢" in shown[1]
    assert shown[2] == "订单3515313123456789012没收到"
    assert "文三路" not in shown[3]
    assert "example.com" not in shown[4]
    assert shown[5] == "[手机号] [手机号]"


@given(st.lists(st.text(max_size=40) | st.none(), max_size=8))
def test_masking_takes_any_text_and_is_stable(texts):
    frame = pl.DataFrame({"t": texts}, schema={"t": pl.String})
    once = frame.select(without_numbers_of_people("t"))
    assert once.select(without_numbers_of_people("t")).equals(once)
    assert once["t"].is_null().equals(frame["t"].is_null())


@given(st.lists(st.text(min_size=1, max_size=20), max_size=20))
def test_equal_text_gives_equal_hash_only(texts):
    hashed = keyed_hash(pl.Series(texts, dtype=pl.String), key=b"k", purpose="buyer")
    assert hashed.n_unique() == len(set(texts))


def test_a_name_that_the_words_before_it_tell_is_masked_and_other_words_stay():
    told = {
        "收件人丁安，电话见上": "收件人[姓名]，电话见上", "联系人：欧阳雪电话": "联系人：[姓名]电话", "我叫王思涵": "我叫[姓名]",
        "加我微信wx123456谈": "加我微信[账号]谈", "姓名 李强。": "姓名 [姓名]。", "QQ：123456789": "QQ：[账号]",
        "收件人拒收，已退回": "收件人拒收，已退回", "收货人不在家": "收货人不在家", "我叫了三次都没人理": "我叫了三次都没人理",
        "微信支付的": "微信支付的",
    }  # fmt: skip
    said = pl.DataFrame({"t": list(told)})
    assert said.select(without_numbers_of_people("t")).to_series().to_list() == list(told.values())
