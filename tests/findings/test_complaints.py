"""suspicious_complaints: what is planted is found, nothing is found where all is honest, and nobody is called names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from malicious_complaints import HONEST_WORDS, MALICIOUS_WORDS, WEEK, demo_shop, made_up

from aftersales.findings.complaints import (
    LISTED_FROM,
    PATTERNS,
    PRIOR,
    TIMES_LIKELIER,
    suspicious_complaints,
)
from aftersales.findings.contract import check
from aftersales.measures.contradictions import CHECKS
from aftersales.words.language import LANGUAGES, catalogue, say
from aftersales.words.periods import Week

Made = tuple[dict[str, pl.DataFrame], set[str]]
LAST = Week.parse("2026-W47")


def found_in(frames: dict[str, pl.DataFrame], *, week: Week, **more: Any) -> pl.DataFrame:
    return suspicious_complaints(
        frames["complaints"], frames["refunds"], frames["orders"],
        **({"parcels": frames["parcels"], "messages": frames["messages"], "week": week} | more),
    )  # fmt: skip


@pytest.fixture(scope="module")
def made() -> Made:
    return made_up(seed=77)


@pytest.fixture(scope="module")
def shop() -> Made:
    return demo_shop(seed=78, orders=6_000)


@pytest.fixture(scope="module")
def listed(shop: Made) -> pl.DataFrame:
    return found_in(shop[0], week=LAST)


def test_nine_of_ten_listed_are_right_and_nine_of_ten_are_listed(made: Made) -> None:
    frames, truth = made
    listed = set(found_in(frames, week=WEEK)["complaint_id"])
    assert len(listed & truth) >= 0.9 * len(listed)
    assert len(listed & truth) >= 0.9 * len(truth)


def test_what_is_planted_in_a_demo_shop_is_found(shop: Made, listed: pl.DataFrame) -> None:
    truth = shop[1]
    assert len(set(listed["complaint_id"]) & truth) >= 0.9 * max(len(truth), len(listed))


def test_honest_complaints_alone_make_at_most_one_case_in_fifty(made: Made) -> None:
    frames, truth = made
    honest = frames | {"complaints": frames["complaints"].filter(~pl.col("complaint_id").is_in(list(truth)))}
    assert found_in(honest, week=WEEK).height <= honest["complaints"].height / 50


def test_the_rows_keep_the_contract(listed: pl.DataFrame) -> None:
    assert check("suspicious_complaints", listed).height > 0
    assert listed["probability"].min() >= LISTED_FROM  # type: ignore[operator]
    assert (listed["contradictions"].list.len() == listed["checks"].list.len()).all()
    assert (listed["innocent_explanations"].list.len() > 0).all()


def test_nothing_filed_gives_the_columns_and_no_rows() -> None:
    empty = pl.DataFrame(schema={"complaint_id": pl.String, "order_id": pl.String})
    cases = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String})
    assert check("suspicious_complaints", suspicious_complaints(empty, cases, empty, week=WEEK)).is_empty()


def test_it_works_from_orders_refunds_and_complaints_alone(shop: Made) -> None:
    frames, truth = shop
    listed = found_in(frames, week=LAST, parcels=None, messages=None)
    assert set(listed["complaint_id"]) <= truth


def test_copies_are_one_case_under_the_oldest(listed: pl.DataFrame) -> None:
    copied = listed.filter(pl.col("pattern") == "copied_text")
    assert copied.height > 1
    assert copied["case_id"].n_unique() == 1
    others = listed.filter(pl.col("pattern") != "copied_text")
    assert others["case_id"].is_unique().all()


def test_a_case_keeps_its_id_in_the_next_week(shop: Made, listed: pl.DataFrame) -> None:
    before = found_in(shop[0], week=LAST.shift(-1))
    joined = before.join(listed, on="complaint_id", suffix="_now")
    assert joined.height > 0
    assert (joined["case_id"] == joined["case_id_now"]).all()


def test_only_the_last_twelve_weeks_are_listed(shop: Made) -> None:
    assert found_in(shop[0], week=Week.parse("2027-W30")).is_empty()


def test_no_offer_where_the_buyer_is_at_fault_and_none_above_what_was_paid(listed: pl.DataFrame) -> None:
    assert (
        listed.filter(pl.col("fault") == "buyer")["offer_low"].null_count()
        == listed.filter(pl.col("fault") == "buyer").height
    )
    offers = listed.drop_nulls("offer_high")
    assert (offers["offer_high"].cast(pl.Float64) <= offers["value"] + 0.01).all()


def test_every_sentence_stands_in_both_languages_and_names_no_crime(shop: Made) -> None:
    for language, foul in (
        ("zh", ("骗", "恶意", "敲诈", "{")),
        ("en", ("fraud", "scam", "malicious", "criminal", "{")),
    ):
        frame = found_in(shop[0], week=LAST, language=language)
        sentences = [*frame["contradictions"].explode(), *frame["innocent_explanations"].explode(), *frame["next_step"]]
        for sentence in sentences:
            assert not any(word in sentence for word in foul), sentence


def test_each_check_has_a_weight_a_sentence_and_a_pattern() -> None:
    signs = {*CHECKS, "copied", "copied_pair", "one_product", "sums"}
    assert set(TIMES_LIKELIER) == signs
    for sign in signs:
        pattern = PATTERNS.get(sign, sign)
        assert f"suspected_complaint.against.{sign}" in catalogue()
        for part in ("pattern", "innocent", "proof"):
            assert all(say(f"suspected_complaint.{part}.{pattern}", language) for language in LANGUAGES)


def test_anger_law_and_price_together_do_not_list_anyone() -> None:
    odds = PRIOR / (1 - PRIOR) * TIMES_LIKELIER["far_above_price"] * TIMES_LIKELIER["cites_law"]
    assert odds / (1 + odds) < LISTED_FROM


def test_the_benchmark_words_are_not_the_demos() -> None:
    from aftersales_demo.phrases import HONEST_TEXTS, MALICIOUS_TEXTS

    demo = {t for texts in HONEST_TEXTS.values() for t in texts} | {t for m in MALICIOUS_TEXTS.values() for t in m[1]}
    own = {t for words in (HONEST_WORDS, MALICIOUS_WORDS) for texts in words.values() for t in texts}
    assert not demo & own


def test_hostile_words_change_no_other_row(shop: Made, listed: pl.DataFrame) -> None:
    frames = dict(shop[0])
    hostile = ["<script>alert(1)</script>" * 10, "=cmd|' /C calc'!A0", "\u202e\x00\x1b[31m", "不" * 1_000_000]
    more = pl.DataFrame({
        "complaint_id": [f"h{n}" for n in range(4)], "order_id": [None] * 4, "text": hostile,
        "filed_at": [frames["complaints"]["filed_at"].max()] * 4,
    }, schema_overrides={"order_id": pl.String})  # fmt: skip
    frames["complaints"] = pl.concat([frames["complaints"], more], how="diagonal_relaxed")
    again = found_in(frames, week=LAST)
    assert (
        again.filter(pl.col("complaint_id").str.starts_with("TS"))["complaint_id"].to_list()
        == listed["complaint_id"].to_list()
    )


def test_a_verdict_against_the_shop_is_told_as_what_speaks_for_the_buyer(listed: pl.DataFrame) -> None:
    told = pl.col("innocent_explanations").list.contains(say("suspected_complaint.innocent.judged", "zh"))
    held = (pl.col("fault_ground") == "recorded") & pl.col("fault").is_in(["seller", "carrier"])
    counted = listed.select(told=told, held=held.fill_null(value=False))
    assert counted["held"].any()
    assert counted["told"].to_list() == counted["held"].to_list()
