"""shops.toml: a mistake is named with its line and key."""

import pytest

from aftersales.sources.settings import load_settings, shop_or_only
from aftersales.words.errors import AftersalesError, SetupError, UsageError
from aftersales_app.starting import start

GOOD = """\
[store]
path = "s"

[[shops]]
id = "one"
name = "一号店"
exports = "in"

[[shops]]
id = "two"
name = "二号店"
exports = "s3://bucket/in"
language = ["zh", "en"]
"""


def write(tmp_path, text):
    file = tmp_path / "shops.toml"
    file.write_text(text, "utf-8")
    return file


def test_relative_paths_are_against_the_file_and_urls_stay(tmp_path):
    settings = load_settings(write(tmp_path, GOOD))
    assert settings.store_path == str(tmp_path / "s")
    assert settings.place(settings.shop("one").exports) == str(tmp_path / "in")
    assert settings.place(settings.shop("two").exports) == "s3://bucket/in"
    assert settings.shop("one").language == ("zh",)
    assert settings.shop("two").language == ("zh", "en")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace('exports = "in"\n', ""), ["line 4", "exports", "missing"]),
        (GOOD.replace('name = "二号店"', 'nmae = "二号店"'), ["nmae", "line"]),
        (GOOD.replace('language = ["zh", "en"]', 'language = "fr"'), ["line 13", "language", "'fr'"]),
        (GOOD.replace('id = "two"', 'id = "../two"'), ["line 10", "id", "../two"]),
        (GOOD.replace('id = "two"', 'id = "one"'), ["twice", "one"]),
        (GOOD.replace('path = "s"', "path = s"), ["not valid TOML", "line 2"]),
        (GOOD + 'zone = "Mars/Olympus"\n', ["zone", "Mars/Olympus", "line 14"]),
        ("[store]\npath = 's'\n", ["names no shop"]),
        (GOOD.replace("[store]", "[stroe]"), ["line 1", "stroe"]),
    ],
)
def test_a_mistake_is_one_sentence_with_line_and_key(tmp_path, text, words):
    with pytest.raises(SetupError) as error:
        load_settings(write(tmp_path, text))
    for word in words:
        assert word in str(error.value)
    assert "\n" not in str(error.value)


def test_wrong_encoding_and_missing_file_are_sentences(tmp_path):
    (tmp_path / "shops.toml").write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(SetupError, match="UTF-8"):
        load_settings(tmp_path / "shops.toml")
    with pytest.raises(SetupError, match="aftersales init"):
        load_settings(tmp_path / "other.toml")


def test_an_unknown_shop_is_answered_with_the_nearest(tmp_path):
    settings = load_settings(write(tmp_path, GOOD))
    with pytest.raises(UsageError, match="did you mean 'two'"):
        settings.shop("twoo")
    with pytest.raises(UsageError, match="Which shop"):
        shop_or_only(settings, None)


def test_init_writes_a_file_that_loads_and_overwrites_nothing(tmp_path):
    start(tmp_path, shop_id="my-shop", shop_name='带"引号"的店')
    settings = load_settings(tmp_path / "shops.toml")
    assert settings.shop("my-shop").name == '带"引号"的店'
    with pytest.raises(AftersalesError, match="exists already"):
        start(tmp_path, shop_id="my-shop", shop_name="x")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ('platform = "taobo"', ["platform", "did you mean 'taobao'", "shopify", "other"]),
        ('currency = "RMB"', ["currency", "did you mean 'CNY'"]),
        ('currency = "US"', ["currency", "ISO 4217", "'USD'"]),
        ('zone = "Asia/Shangai"', ["zone", "did you mean 'Asia/Shanghai'"]),
        ('market = "india"', ["market", "cn", "in", "us"]),
        ('language = "cn"', ["language", "'zh' or 'en'"]),
    ],
)
def test_what_is_not_known_is_refused_with_what_is_valid(tmp_path, key, said):
    (tmp_path / "shops.toml").write_text(f'[[shops]]\nid = "s"\nname = "x"\nexports = "in"\n{key}\n', "utf-8")
    with pytest.raises(SetupError) as caught:
        load_settings(tmp_path / "shops.toml")
    assert [words for words in said if words not in str(caught.value)] == []


def test_a_text_where_a_list_is_meant_is_a_list_of_one(tmp_path):
    keys = 'managers = "a@example.com"\nanalysts = "b@example.com"\nlayouts = "own.toml"\nlanguage = "en"\n'
    (tmp_path / "shops.toml").write_text(f'[[shops]]\nid = "s"\nname = "x"\nexports = "in"\n{keys}', "utf-8")
    [one] = load_settings(tmp_path / "shops.toml").shops
    assert (one.managers, one.analysts, one.layouts, one.language) == (
        ("a@example.com",), ("b@example.com",), ("own.toml",), ("en",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('platform = "taobao"', ("cn", "CNY", "Asia/Shanghai")),
        ('platform = "shopify"', ("us", "USD", "America/New_York")),
        ('platform = "amazon"\nmarket = "in"', ("in", "INR", "Asia/Kolkata")),
        ('platform = "shopify"\nzone = "America/Los_Angeles"', ("us", "USD", "America/Los_Angeles")),
    ],
)
def test_a_market_gives_what_is_not_written(tmp_path, keys, expected):
    (tmp_path / "shops.toml").write_text(f'[[shops]]\nid = "s"\nname = "x"\nexports = "in"\n{keys}\n', "utf-8")
    [one] = load_settings(tmp_path / "shops.toml").shops
    assert (one.market, one.currency, one.zone) == expected


def test_costs_not_written_are_assumed_at_the_price_level_of_the_currency(tmp_path):
    text = GOOD.replace('exports = "in"\n', 'exports = "in"\nmarket = "in"\n\n[shops.costs]\nhandling = 21\n')
    settings = load_settings(write(tmp_path, text))
    assert settings.shop("one").costs.model_dump() == {
        "freight_out": 60, "freight_back": 80, "handling": 21, "share_not_resold": 0.2,
    }  # fmt: skip
    assert settings.shop("two").costs.freight_out == 6
