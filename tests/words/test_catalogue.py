"""The catalogue: both languages say the same things with the same numbers, and neither slips into the other."""

from __future__ import annotations

import re
import string
from collections import Counter
from importlib.resources import files

import pytest

from aftersales.words.language import FORMATTERS, LANGUAGES, catalogue, say
from aftersales.words.markets import _registry, markets

HAN = re.compile("[\u3400-\u9fff]+")
# the same moment, with its year or without, wherever a language puts the year
# what the platform's own tools are called stands in Chinese, as a seller looks for it on the screen
TOOLS = ("生意参谋", "千牛", "旺旺")
SAME = {"date": "day", "capital": ""}
# Chinese counts the whole ("等 5 单"), English the rest ("and 4 more")
COUNTED_APART = {"today.orders.many"}


def fields(template: str) -> Counter:
    """What a template takes, and in which form; a noun in its number tells a count, a verb in its number nothing."""
    found = (
        (name, "int" if "|" in (kind or "") else SAME.get(kind, kind))
        for _, name, kind, _ in string.Formatter().parse(template)
        if name is not None and not (kind or "").startswith("=")
    )
    return Counter(set(found))


def test_every_key_has_both_languages_and_nothing_else():
    assert {key: sorted(pair) for key, pair in catalogue().items() if set(pair) != set(LANGUAGES)} == {}
    assert [key for key, pair in catalogue().items() if not all(str(pair[x]).strip() for x in LANGUAGES)] == []


def test_both_languages_take_the_same_values_in_the_same_form():
    apart = {
        k: (fields(p["zh"]), fields(p["en"])) for k, p in catalogue().items() if fields(p["zh"]) != fields(p["en"])
    }
    assert set(apart) <= COUNTED_APART, apart


def test_every_placeholder_names_a_known_form():
    known = {*FORMATTERS, "money", "exact", "word", "note", ""}
    odd = [
        (key, kind)
        for key, pair in catalogue().items()
        for template in pair.values()
        for _, name, kind, _ in string.Formatter().parse(template)
        if name is not None and kind not in known and not re.fullmatch(r"=?[^|]+\|[^|]+", kind)
    ]
    assert odd == []


def test_a_noun_and_its_verb_stand_in_the_number_of_what_they_count():
    key = "reading.note.stray_quotes"
    assert say(key, "en", rows=1, row=7).startswith("1 row holds stray")
    assert say(key, "en", rows=1200, row=7).startswith("1,200 rows hold stray")


def test_english_holds_no_chinese_but_the_headers_of_files():
    layouts = files("aftersales.sources").joinpath("layouts")
    headers = "\n".join(f.read_text("utf-8") for f in layouts.iterdir() if f.name.endswith(".toml"))
    left = {k: [h for h in HAN.findall(p["en"]) if h not in headers and h not in TOOLS] for k, p in catalogue().items()}
    assert {k: h for k, h in left.items() if h} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_share_names_what_it_is_a_share_of(language):
    """“占 51%” or “a share of 51%” alone says nothing: what it is a share of stands in the same template."""
    bare = {
        "zh": re.compile(r"(?<!的)占 ?(约 ?)?\{\w+:pct\d?\}"),
        "en": re.compile(r"\ba share of (about )?\{\w+:pct\d?\}|\bmakes (up )?\{\w+:pct\d?\}(?! of)"),
    }[language]
    named = {"zh": re.compile(r"占[^{，。；]+的 ?(约 ?)?\{"), "en": re.compile(r"% of |:pct\d?\} of ")}[language]
    found = [k for k, p in catalogue().items() if bare.search(p[language]) and not named.search(p[language])]
    assert found == []


def test_every_built_in_layout_has_its_name_on_the_page():
    from aftersales.sources.layout import load_layouts

    assert [one.name for one in load_layouts() if f"data_health.layout.{one.name}" not in catalogue()] == []


def test_every_market_has_its_currency_at_a_price_level_and_a_word_for_its_places():
    for market in markets().values():
        assert f"region.{market.region}" in catalogue()
        assert f"regions.{market.region}" in catalogue()
        assert market.currency in _registry()["price_levels"]
