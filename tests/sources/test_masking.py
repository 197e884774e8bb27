"""What names or reaches a person is masked in however it is written, and numbers of orders, goods and parcels stay.

``seen.tsv`` (a text, and a part of it that must be gone) and ``harmless.txt`` hold what the author of the patterns wrote
and what others wrote without seeing them, once it had been measured. Measured first, a corpus by another hand gave recall
.827 of 214 and .017 of 355 harmless texts changed (2026-11-29); a second one .956 of 180 and .007 of 300. Both are seen data
since: figures on them say nothing about new texts.

A third one (276 texts of several markets with 303 secrets, 401 harmless ones), written blind on 2026-11-30 and measured after
the patterns stood, gave .924 and .007. A fourth (285 texts, 375 harmless ones, ``unseen*``) gave .937 and 0. Missed were pickup
codes, names behind roles, nicknames and numbers behind cues of other languages; the patterns were widened for these kinds since
with 1,200 lines of their author's own, so all of it is seen data too and only guards what was reached.

A fifth (442 texts with 551 secrets, 367 harmless ones, ``fifth*``), written blind and harder, gave .79 and .019 at first sight,
a sixth (320 texts with 392 secrets, 320 harmless ones, ``sixth*``) .925 and .003. Names were then no longer searched for by
pattern but read out of running text by how likely words and names are (``chinese_names``, ``latin_names``): the names missed in
the sixth were found without a rule of their own.

A seventh (360 texts, 198 with 339 secrets, 382 harmless parts) and an eighth (360 texts, 207 with 380 secrets, 406 harmless parts)
were written to be as hard as their authors could make them: names that are words, of rare surnames, of transliteration, accounts
and addresses of many countries. At first sight: the seventh .793 of texts, .870 of secrets, 0 harmless (.631, .770, 0 with the
patterns before); the eighth, after the kinds missed in the seventh were mended, .730, .840, .015. The goal of .97 is not reached
on such texts. Both are seen data since. A ninth (430 texts with 750 secrets, 468 harmless ones), as hard, gave .791, .873, .013 at
first sight: numbers and accounts of it .99, names .80, addresses .89. Fields of logs, heads of chat lines, who takes a parcel and
words alone beside an address were added since, without a name of its own; four of its harmless words were.

A tenth (438 texts with 752 secrets, 483 harmless ones) was written blind in the shares of twelve shops' export files, not to be
hard: .929 of texts, .956 of secrets, .027 at first sight (a third of these were codes that fetch a parcel, which are masked on
purpose and are not in ``tenth.jsonl``). Verbs and possessions behind names, fields of South-East Asia and tax numbers of
companies were seen to since.

An eleventh (435 texts with 301 secrets, 219 harmless ones), a twelfth (427 texts with 310, 199) and a thirteenth (417 texts with
315, 201), written blind in the same way, gave .903 of texts, .927 of secrets, .037; .939, .955, .030; .935, .956, .015 at first
sight, each after the kinds missed before were mended: .97 is not reached, and what is missed are mostly names in Latin letters.
Of the harmless ones changed, names of brands and places that are names of people too were the most.

``addresses.txt`` holds addresses of many countries, each to be masked from its door to its postal code.
"""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.sources.masking import masked, masked_error, masked_name, masked_texts

DATA = Path(__file__).resolve().parents[1] / "data" / "personal"
SEEN = [line.split("\t") for line in (DATA / "seen.tsv").read_text("utf-8").splitlines()]
HARMLESS = (DATA / "harmless.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("around", ["{}", "你好，{}，谢谢"])
def test_what_reaches_a_person_is_masked(around):
    """Alone and in a sentence; a file's name stands alone."""
    texts = {(around.format(t), s) for t, s in SEEN if around == "{}" or not Path(t).suffix[1:].isalpha()}
    assert all(secret in text for text, secret in texts)
    left = [f"{secret} in {masked(text)}" for text, secret in sorted(texts) if secret in masked(text)]
    assert len(left) <= 0.005 * len(texts), "\n".join(left)


def test_what_reaches_nobody_stays():
    changed = [f"{text} -> {masked(text)}" for text in HARMLESS if masked(text) != text]
    assert len(changed) <= 0.002 * len(HARMLESS), "\n".join(changed)


@pytest.mark.parametrize("around", ["{}", "{}; please hurry", "新地址是{}"])
def test_an_address_is_masked_from_its_door_to_its_postal_code(around):
    for address in (DATA / "addresses.txt").read_text("utf-8").splitlines():
        assert masked(around.format(address)) == around.format("[地址]"), address


@pytest.mark.parametrize(("corpus", "least"), [("unseen", 0.99), ("fifth", 0.99), ("sixth", 0.985)])
def test_what_blind_corpora_held_is_masked(corpus, least):
    """Whole texts: .937 of the fourth and .79 of the fifth before the patterns were widened for the kinds missed."""
    secrets: dict[str, list[str]] = {}
    for line in (DATA / f"{corpus}.tsv").read_text("utf-8").splitlines():
        text, secret = line.split("\t")
        secrets.setdefault(text, []).append(secret)
    harmless = (DATA / f"{corpus}_harmless.txt").read_text("utf-8").splitlines()
    whole = [all(secret not in masked(text) for secret in each) for text, each in secrets.items()]
    changed = [masked(text) != text for text in harmless]
    assert sum(whole) / len(whole) >= least
    assert sum(changed) / len(changed) <= 0.01


@pytest.mark.parametrize(
    ("corpus", "texts", "secrets"),
    [
        ("seventh", 0.945, 0.965),
        ("eighth", 0.83, 0.9),
        ("ninth", 0.88, 0.925),
        ("tenth", 0.985, 0.99),
        ("eleventh", 0.99, 0.99),
        ("twelfth", 0.98, 0.985),
        ("thirteenth", 0.975, 0.985),
    ],
)
def test_the_hardest_blind_corpora_are_masked_as_far_as_they_were(corpus, texts, secrets):
    """At first sight .793 of texts and .870 of secrets of the seventh, .730 and .840 of the eighth, .791 and .873 of the ninth."""
    rows = [json.loads(line) for line in (DATA / f"{corpus}.jsonl").read_text("utf-8").splitlines()]
    left = [[s for s in row["secrets"] if s in masked(row["text"])] for row in rows if row["secrets"]]
    lost = [h for row in rows for h in row["harmless"] if h not in masked(row["text"])]
    assert sum(not each for each in left) / len(left) >= texts
    assert 1 - sum(map(len, left)) / sum(len(row["secrets"]) for row in rows) >= secrets
    assert len(lost) / sum(len(row["harmless"]) for row in rows) <= 0.01


def test_a_column_is_masked_as_its_texts_are():
    texts = [t for t, _ in SEEN] + HARMLESS + [None, ""]
    assert len(set(texts)) > 1_000  # enough for a search in all of them together
    assert masked_texts(pl.Series(texts)).to_list() == [masked(t) if t else t for t in texts]


def test_the_words_around_stay_as_they_were_written():
    told = {
        "电话１３８１２３４５６７８，或 138-1234-5678！！": "电话[手机号]，或 [手机号]！！",
        "麻烦改寄到文三路138号3幢，谢谢": "麻烦改寄到[地址]，谢谢",
        "收件人丁安，电话见上": "收件人[姓名]，电话见上",
        "ＶＸ：ａｂｃ_１２３４ 谢谢老板": "ＶＸ：[账号] 谢谢老板",
        "13812345678 13912345678": "[手机号] [手机号]",
        "身份证 110101199003071234 谢谢": "身份证 [证件号] 谢谢",
    }
    assert masked_texts(pl.Series(list(told))).to_list() == list(told.values())


@settings(deadline=None)
@given(st.text(max_size=60) | st.text("138一二三0 -.微信vx：@路号幢张收件人[]", max_size=40))
def test_masking_takes_any_text_and_a_second_time_changes_nothing(text):
    assert masked(masked(text)) == masked(text)


def test_file_names_lose_people_and_stay_apart():
    names = ["张三13800138000退货.csv", "张三13900139000退货.csv", "ExportOrderList202611090900.csv"]
    shown = [masked_name(n, key=b"k") for n in names]
    assert len(set(shown)) == 3
    assert shown[2] == names[2]
    assert not any(secret in name for name in shown for secret in ("张三", "13800138000", "13900139000"))
    assert all(name.endswith(".csv") for name in shown)


def test_errors_of_others_lose_the_cells_they_quote():
    said = masked_error('conversion from `str` to `i64` failed in column \'amount\' for 2 values: ["张三", "文三路"]')
    assert "张三" not in said
    assert "文三路" not in said
    assert "`str`" in said
    assert "'amount'" in said
