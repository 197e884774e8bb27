"""Near copies: found whatever was changed a little, never where texts differ, and quickly whatever the text."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.stats.near_copies import LEAST_CHARS, minhash, near_copies

LETTERS = "商家宣传材质与实际严重不符涉嫌虚假欺诈消费者依据要求退一赔三并保留举报权利物流签收发货质量"


def written(length: int, *, seed: int) -> str:
    return "".join(random.Random(seed).choices(LETTERS, k=length))


def jaccard(one: str, other: str) -> float:
    left, right = ({t[i : i + 3] for i in range(len(t) - 2)} for t in (one, other))
    return len(left & right) / len(left | right)


def test_copies_with_other_signs_and_spaces_are_one_group() -> None:
    text = written(40, seed=1)
    told = near_copies([text, text[:20] + "，  " + text[20:] + "！！", written(40, seed=2), text.replace("商", "商 ")])
    assert told["group"].to_list() == [0, 0, None, 0]
    assert told["copies"].to_list() == [3, 3, 1, 3]


def test_different_texts_are_alone() -> None:
    assert near_copies([written(60, seed=n) for n in range(300)])["group"].null_count() == 300


def test_short_texts_are_never_copies() -> None:
    short = "不想要了退款吧谢谢"
    assert len(short) < LEAST_CHARS
    assert near_copies([short] * 5)["group"].null_count() == 5


def test_empty_and_missing_texts_are_alone() -> None:
    assert near_copies([None, "", "\u202e\x00", "   "])["copies"].to_list() == [1, 1, 1, 1]
    assert near_copies([]).height == 0


def test_the_share_of_equal_minima_is_the_jaccard_similarity() -> None:
    errors = []
    for seed in range(60):
        one = written(120, seed=seed)
        cut = 10 + seed
        other = one[cut:] + written(cut, seed=1_000 + seed)
        signatures = minhash([one, other])
        errors.append(float((signatures[0] == signatures[1]).mean()) - jaccard(one, other))
    # 128 minima: a standard error of at most 1/(2√128) = .044 a pair, .006 on the mean of sixty
    assert abs(np.mean(errors)) < 0.02
    assert np.std(errors) < 0.06


def test_one_text_in_many_guises_is_one_group_among_thousands() -> None:
    text, rng = written(80, seed=5), random.Random(0)
    guises = [text[:k] + rng.choice(LETTERS) + text[k + 1 :] for k in range(40)]
    told = near_copies([written(80, seed=n) for n in range(1_000, 3_000)] + guises)
    assert told["group"].drop_nulls().n_unique() == 1
    assert told["group"].count() == 40


def test_order_of_texts_does_not_change_who_belongs_together() -> None:
    texts = [written(50, seed=n % 20) + "x" * (n % 3) for n in range(60)]
    turned = near_copies(texts[::-1])["copies"].to_list()[::-1]
    assert near_copies(texts)["copies"].to_list() == turned


@given(st.lists(st.text(max_size=80), max_size=12))
@settings(max_examples=60)
def test_a_group_has_as_many_rows_as_it_says(texts: list[str]) -> None:
    told = near_copies(texts)
    assert told.height == len(texts)
    for (group,), rows in told.drop_nulls("group").group_by("group"):
        assert rows["copies"].to_list() == [rows.height] * rows.height
        assert texts[int(str(group))] is not None


@pytest.mark.parametrize("letter", ["不", "a", "\u202e", "𠀀", "🙂"])
def test_a_megabyte_of_anything_is_no_trouble(letter: str) -> None:
    start = time.process_time()
    assert near_copies([letter * 1_000_000] * 3).height == 3
    assert time.process_time() - start < 5
