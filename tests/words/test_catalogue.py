"""The catalogue: both languages say the same things with the same numbers, and neither slips into the other."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from aftersales.sources.clean import PROVINCES
from aftersales.words.language import FORMATTERS, LANGUAGES, catalogue, names, say
from aftersales.words.markets import _registry, markets

HAN = re.compile("[\u3400-\u9fff]+")
# the same moment, with its year or without, wherever a language puts the year
# what the platform's own tools are called stands in Chinese, as a seller looks for it on the screen
TOOLS = ("生意参谋", "千牛", "旺旺")
SAME = {"date": "day", "capital": ""}
# Chinese counts the whole ("等 5 单"), English the rest ("and 4 more")
COUNTED_APART = {"today.orders.many"}
# versions and progress, not counts of what stands behind them
NUMBERS_THAT_COUNT_NOTHING = {"doctor.unproved", "doctor.damaged", "doctor.whole", "reports.progress.notebooks"}
# quaint or translated phrases, and the platform's or trade's own in their place
REPLACED = (
    r"asked back|asked for\b(?! by)|money asked", r"\bmend(ed|s)?\b", r"beyond the line", r"what is to be done",
    r"hangs on it", r"\bgood orders\b", r"\bbad orders?\b", r"come[s]? back too often", r"drowns in", r"share cured",
    r"counted, not judged", r"too many\b", r"came to nothing", r"store commit", r"\bnought\b", r"\btelephone",
    r"\d% (sure|likely)", r"cannot be told", r"orders at risk", r"set aside", r"\d %",
    "应有", "多出约", "把握", "尚未成熟|已成熟", "同龄", "案子|案卷", "坏单", "误伤", "治好", "半数|九成", "搁置", "说不准",
    "哪句话", "未达预期", "折合", "平和地", "无辜", "突击下单|惯性退款|慢速团伙", "去信", "钟点", "怎么量的", "说不了什么", "伤到谁",
    "变化始于",
)  # fmt: skip


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


# words between a count and what it counts that end the search: "3 of 7 rows", "2 were"
NO_NOUN = {"of", "is", "has", "was", "are", "were", "have", "moved", "this", "less", "plus", "its"}


def plain_plurals(template: str) -> list[str]:
    """Counts followed by a plain plural, which reads "1 orders" of one."""
    found = []
    for words in re.findall(r"\{\w+:int\} ((?:[A-Za-z-]+ ?){1,4})", template):
        for word in words.split():
            if word in NO_NOUN:
                break
            if len(word) > 2 and word.endswith("s") and not word.endswith("ss"):
                found.append(f"{{:int}} {words}")
                break
    return found


def test_a_count_s_noun_takes_its_number():
    assert plain_plurals("{n:int} open cases") == ["{:int} open cases"]
    assert plain_plurals("{n:int} of {m:order|orders} {m:=is|are} late") == []
    plain = {k: plain_plurals(p["en"]) for k, p in catalogue().items()}
    assert {k: v for k, v in plain.items() if v and k not in NUMBERS_THAT_COUNT_NOTHING} == {}


def notebook_words() -> dict[str, str]:
    folder = Path(__file__).resolve().parents[2] / "notebooks"
    books = {book.stem: json.loads(book.read_text("utf-8"))["cells"] for book in folder.glob("*.ipynb")}
    return {k: "\n".join("".join(c["source"]) for c in v if c["cell_type"] == "markdown") for k, v in books.items()}


def test_no_phrase_comes_back_that_the_trade_does_not_use():
    texts = [(k, p[x]) for k, p in catalogue().items() for x in LANGUAGES] + list(notebook_words().items())
    back = [(key, bad) for key, text in texts for bad in REPLACED if re.search(bad, text, re.IGNORECASE)]
    assert back == []


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


def test_no_two_names_of_the_platforms_become_one():
    assert len(set(names("en").values())) == len(names("en"))
    assert names("zh") == {}
    assert set(PROVINCES) <= set(names("en"))


def test_the_help_of_every_command_is_there_in_chinese():
    from aftersales_app.cli import app, chinese

    command = chinese(app)
    told = [x.help for one in (command, *command.commands.values()) for x in (one, *one.params) if x.help]
    assert len(told) > 100
    assert [text for text in told if not HAN.search(text)] == []
