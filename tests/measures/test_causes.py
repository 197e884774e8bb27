"""Causes: all 18 groups in both languages, and "unsure" where nothing can be known."""

from __future__ import annotations

import time
from pathlib import Path

import polars as pl
import pytest

from aftersales.measures.cause_words import CAUSE_WORDS
from aftersales.measures.causes import causes
from aftersales.stats.text import UNSURE, train
from aftersales.tables.values import REASONS
from aftersales.words.errors import DataError

SENTENCES = Path(__file__).resolve().parents[1] / "data" / "causes.csv"


@pytest.fixture(scope="module")
def sentences() -> pl.DataFrame:
    """Short sentences written for the purpose; no buyer wrote them."""
    return pl.read_csv(SENTENCES)


def test_the_lexicon_knows_every_reason_group_and_no_other() -> None:
    assert set(CAUSE_WORDS) == set(REASONS)


def test_the_labelled_sentences_cover_all_groups_in_both_languages(sentences: pl.DataFrame) -> None:
    counts = sentences.group_by("cause", "language").len()
    assert counts.height == 2 * len(REASONS)
    assert counts["len"].min() >= 5
    assert sentences["text"].is_unique().all()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("付款五天还没发货", "late_ship"), ("THE CUP ARRIVED BROKEN", "damaged"), ("包裹里是空的", "missing_or_empty"),
        ("穿了过敏起红疹", "allergy_food_safety"), ("怀疑是假货", "counterfeit"), ("一直不给开发票", "invoice_freight"),
        ("说没货了", "out_of_stock"), ("拍错了", "wrong_order"), ("The courier was refused delivery, I refused it", "refused_parcel"),
    ],
)  # fmt: skip
def test_plain_words_are_understood(text: str, cause: str) -> None:
    assert causes([text])["cause"].to_list() == [cause]


def test_without_words_it_is_unsure() -> None:
    told = causes(["", None, "嗯嗯", "12345", "\u202e\x00"])
    assert told["cause"].to_list() == [UNSURE] * 5
    assert told["ground"].null_count() == 5


def test_where_the_words_speak_for_two_causes_alike_it_is_unsure() -> None:
    assert causes(["尺码太大，而且发错了，还破损"])["cause"].to_list() == [UNSURE]


def test_a_lexicon_is_wrong_less_often_than_silent_and_a_model_adds_to_it(sentences: pl.DataFrame) -> None:
    words = causes(sentences["text"])["cause"]
    wrong = ((words != sentences["cause"]) & (words != UNSURE)).mean()
    right = (words == sentences["cause"]).mean()
    assert float(right or 0) > 3 * float(wrong or 0)
    seen, unseen = sentences.gather_every(2), sentences.gather_every(2, offset=1)
    model = train(seen["text"], seen["cause"])
    alone = (causes(unseen["text"])["cause"] == unseen["cause"]).mean()
    both = (causes(unseen["text"], model=model)["cause"] == unseen["cause"]).mean()
    assert both >= alone


def test_a_model_of_something_else_is_refused() -> None:
    other = train(["好", "很好", "差", "很差"], ["good", "good", "bad", "bad"])
    with pytest.raises(DataError):
        causes(["好"], model=other)


def test_a_megabyte_of_words_takes_no_longer_than_a_page() -> None:
    start = time.process_time()
    causes(["没有收到快递物流" * 125_000, "broken " * 150_000])
    assert time.process_time() - start < 5
