"""Products are held against their like: by title words where no category is known, honestly wide where none tells."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import expit

from aftersales.measures.kinds import expected_by_kind, title_tokens


def shelf(seed: int, *, titles: bool = True, broken: bool = False) -> tuple[pl.DataFrame, np.ndarray]:
    draw = np.random.default_rng(seed)
    kind = np.repeat(["连衣裙", "运动鞋", "坚果"], 30)
    base = np.repeat([0.42, 0.24, 0.03], 30)
    rate = base.copy()
    if broken:
        rate[0] = 0.9
    events = draw.binomial(300, rate)
    names = [f"{draw.choice(['夏季', '新款', '包邮'])}{k}{draw.integers(100, 999)}" for k in kind]
    return pl.DataFrame({
        "title": names if titles else [None] * 90, "category": pl.Series([None] * 90, dtype=pl.String),
        "price": pl.Series([None] * 90, dtype=pl.Float64), "attributes": pl.Series([[]] * 90, dtype=pl.List(pl.String)),
        "events": events, "exposure": np.full(90, 300.0),
    }), base  # fmt: skip


def test_titles_tell_kinds_apart_where_no_category_does():
    products, base = shelf(1)
    found = expected_by_kind(products)
    assert np.abs(expit(found.log_odds) / base - 1).max() < 0.25
    named = {word for words in found.words for word in words}
    assert named & {"连衣裙", "运动鞋", "坚果"}
    assert not named & {"夏季", "新款", "包邮"}


def test_a_broken_product_is_judged_by_a_model_that_has_not_seen_it():
    products, _ = shelf(2, broken=True)
    found = expected_by_kind(products)
    assert 0.36 < expit(found.log_odds[0]) < 0.48


def test_without_titles_the_width_says_that_kinds_are_not_known():
    known, _ = shelf(3)
    unknown, base = shelf(3, titles=False)
    narrow, wide = expected_by_kind(known), expected_by_kind(unknown)
    assert wide.std_err.min() > 3 * np.median(narrow.std_err)
    far = np.abs(wide.log_odds - np.log(base / (1 - base)))
    assert (far < 3 * wide.std_err).all()


def test_words_of_a_category_are_the_category():
    products, base = shelf(4, titles=False)
    given = products.with_columns(category=pl.Series(np.repeat(["dresses", "shoes", "snacks"], 30)))
    found = expected_by_kind(given)
    assert found.words[0] == ["dresses"]
    assert found.alike[0] == 29
    assert np.abs(expit(found.log_odds) / base - 1).max() < 0.25


def test_english_titles_give_words_and_numbers_give_none():
    assert title_tokens("Women's Dress 2026 M-38 №5") == ["women", "dress"]
    assert title_tokens("") == []


def test_a_category_that_only_some_have_leaves_the_others_to_their_titles():
    products, base = shelf(5)
    given = products.with_columns(category=pl.Series(["dresses"] * 30 + [None] * 60, dtype=pl.String))
    found = expected_by_kind(given)
    assert found.words[0] == ["dresses"]
    assert {word for words in found.words[30:] for word in words} & {"运动鞋", "坚果"}
    assert np.abs(expit(found.log_odds) / base - 1).max() < 0.25
