"""The funnel of a shop with thousands of products: what stands out by itself, the ordinary in groups, a light page."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from aftersales.charts.funnel_plot import MOST_POINTS, funnel_plot

LIMITS = pl.DataFrame({"whole": [10.0, 1e3, 1e5], "low": [0.0] * 3, "high": [0.6, 0.2, 0.15]})


def products(count: int, outside: int) -> pl.DataFrame:
    draws = np.random.default_rng(7)
    whole = 10 ** draws.uniform(1, 5, count)
    rate = np.clip(draws.normal(0.1, 0.02, count), 0, 1)
    rate[:outside] += 0.3
    return pl.DataFrame({
        "name": [f"陶瓷马克杯 {i}" for i in range(count)], "part": (whole * rate).astype(int), "whole": whole,
        "rate": rate, "outside": [i < outside for i in range(count)],
    })  # fmt: skip


def drawn(frame: pl.DataFrame, language: str = "en"):
    return funnel_plot(frame, LIMITS, id="funnel", language=language, what="products", centre=0.1)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_thousands_of_points_stay_a_light_page_and_none_is_lost(language):
    chart = drawn(products(20_000, 12), language)
    *_, groups, alone = chart.figure.data
    assert len(alone.x) == 12 == chart.data.height
    assert len(groups.x) < 300
    counts = [int("".join(c for c in text.split(":")[0].split("：")[0] if c.isdigit())) for text in groups.hovertext]
    assert sum(counts) == 19_988
    assert len(chart.html().encode()) < 60_000
    assert "20,000" in chart.title
    assert "19,988" in chart.caption


def test_a_group_lies_amid_its_points():
    frame = products(5_000, 0)
    groups = drawn(frame).figure.data[-2]
    assert min(frame["whole"]) <= min(groups.x) <= max(groups.x) <= max(frame["whole"])
    assert min(frame["rate"]) - 1e-5 <= min(groups.y) <= max(groups.y) <= max(frame["rate"]) + 1e-5


def test_more_that_stand_out_than_have_room_keep_their_colour():
    chart = drawn(products(1_000, 400))
    groups, alone = chart.figure.data[-2:]
    assert len(alone.x) == MOST_POINTS
    assert len(set(groups.marker.color)) == 2


def test_few_products_have_a_point_each():
    chart = drawn(products(MOST_POINTS, 3))
    assert len(chart.figure.data[-1].x) == MOST_POINTS
    assert chart.data.height == MOST_POINTS
    assert "groups" not in chart.caption


def test_products_all_alike_are_one_group():
    frame = products(400, 0).with_columns(whole=pl.lit(100.0), rate=pl.lit(0.1))
    assert len(drawn(frame).figure.data[-2].x) == 1


def test_names_of_points_close_together_do_not_cover_one_another():
    close = pl.DataFrame({
        "name": ["pillow", "quilt", "mug", "far away"], "part": [1] * 4, "whole": [400.0, 410.0, 405.0, 20.0],
        "rate": [0.30, 0.30, 0.30, 0.55], "outside": [True] * 4,
    })  # fmt: skip
    figure = drawn(close).figure
    notes = [note for note in figure.layout.annotations if note.font.color == figure.data[-1].marker.color[0]]
    shown = {note.text: note.xanchor for note in notes if note.visible is not False}
    assert shown.pop("far away") == "left"  # written to the right of its point
    assert sorted(shown.values()) == ["left", "right"]
    assert len(notes) == 4
