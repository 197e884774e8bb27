"""The text model: what it learns, what it may say, and texts that mean harm."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aftersales.stats.text import (
    UNSURE,
    TextModel,
    model_bytes,
    model_of_bytes,
    normal_texts,
    predict,
    train,
)
from aftersales.words.errors import DataError

LATE = ("还没发货", "一直不发货", "催了也不发货", "怎么还不发", "发货太慢")
BROKEN = ("收到碎了", "全碎了", "杯子碎了", "盘子碎成两半", "碎了一地")


@pytest.fixture(scope="module")
def model() -> TextModel:
    return train([*LATE, *BROKEN], ["late"] * 5 + ["broken"] * 5)


def test_unseen_texts_of_the_same_words_are_told_apart(model: TextModel) -> None:
    assert predict(model, ["都五天了不发货", "灯罩也碎了"])["label"].to_list() == ["late", "broken"]


def test_a_text_of_unknown_letters_is_unsure(model: TextModel) -> None:
    told = predict(model, ["hello", "", None, "\u202e\x00"])
    assert told["label"].to_list() == [UNSURE] * 4
    assert told["best"].to_list() == [None] * 4


def test_the_asker_chooses_how_sure_is_sure(model: TextModel) -> None:
    assert predict(model, ["碎了"], unsure_below=1.01)["label"].to_list() == [UNSURE]
    assert predict(model, ["碎了"], unsure_below=0.0)["label"].to_list() == ["broken"]


def test_a_saved_model_says_the_same_and_holds_no_pickle(model: TextModel) -> None:
    again = model_of_bytes(model_bytes(model))
    texts = ["还不发货吗", "碎片", "碎了还不发货"]
    assert predict(again, texts)["label"].to_list() == predict(model, texts)["label"].to_list()


def test_bytes_that_are_no_model_are_refused(model: TextModel) -> None:
    whole = model_bytes(model)
    for packed in (b"", b"nonsense", pickle.dumps({"labels": ["a"]}), whole[: len(whole) // 2]):
        with pytest.raises(DataError):
            model_of_bytes(packed)


def test_too_little_to_learn_from_is_said() -> None:
    for texts, labels in ((["a", "b"], ["x"]), (["a", "b"], ["x", "x"]), (["a", "b", "c"], ["x", "x", "y"])):
        with pytest.raises(DataError):
            train(texts, labels)
    with pytest.raises(DataError):
        train(["", "", "\x00", None], ["x", "x", "y", "y"])


def test_probabilities_are_as_often_right_as_they_say() -> None:
    # two words each lean to one label four times in five: no model can be surer than that
    texts = ["甲乙丙"] * 100 + ["丁戊己"] * 100
    labels = ["x"] * 80 + ["y"] * 20 + ["y"] * 80 + ["x"] * 20
    told = predict(train(texts, labels), ["甲乙丙", "丁戊己"])
    assert told["best"].to_list() == ["x", "y"]
    assert all(abs(p - 0.8) < 0.08 for p in told["probability"])


def test_width_and_case_and_hidden_letters_do_not_matter(model: TextModel) -> None:
    plain, dressed = predict(model, ["abc 碎了"]), predict(model, ["ＡＢＣ　碎\u200b了\u202e"])
    assert plain.rows() == dressed.rows()


@given(st.lists(st.text(max_size=60), max_size=8))
@example(["0\r\x1f\r0"]).via("a control character between two line breaks leaves two blanks")
@example(["e\u200b\u0301"]).via("a mark joins its letter once nothing stands between them")
@example(["J\u030c"]).via("the lower-case letter takes a mark that its capital does not")
@settings(max_examples=60)
def test_any_text_has_a_normal_form_that_is_its_own(texts: list[str]) -> None:
    once = normal_texts(texts)
    assert len(once) == len(texts)
    assert normal_texts(once).to_list() == once.to_list()


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
@settings(max_examples=40)
def test_any_text_gets_one_row_and_a_share(model: TextModel, texts: list[str]) -> None:
    told = predict(model, texts)
    assert told.height == len(texts)
    assert told["probability"].drop_nulls().is_between(0, 1).all()


def test_a_megabyte_costs_no_more_than_its_reading(model: TextModel) -> None:
    start = time.process_time()
    predict(model, ["碎了" * 500_000, "\u202e" * 1_000_000, "不" * 1_000_000])
    assert time.process_time() - start < 5
