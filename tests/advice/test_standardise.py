"""A swap of couriers: the same orders, another courier, only where both were tried."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from aftersales.advice.standardise import COLUMNS, swapped_rate
from aftersales.words.errors import DataError, UsageError


def cells(rows):
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def test_like_couriers_in_unlike_provinces_differ_by_nothing():
    """B serves the good provinces more: its raw rate is lower, its standardised one is not."""
    rates = np.linspace(0.04, 0.24, 12)
    weights = np.linspace(100, 2000, 12)
    rows = [("A", f"s{k}", round(r * w), w) for k, (r, w) in enumerate(zip(rates, weights, strict=True))]
    rows += [("B", f"s{k}", round(r * w), w) for k, (r, w) in enumerate(zip(rates, weights[::-1], strict=True))]
    found = swapped_rate(cells(rows), now="A", then="B")
    raw = [sum(r[2] for r in rows if r[0] == o) / sum(r[3] for r in rows if r[0] == o) for o in "AB"]
    assert raw[0] - raw[1] > 0.05
    assert abs(found.change) < 0.01
    assert found.change_low < 0 < found.change_high
    assert found.overlap == pytest.approx(1)


def test_without_overlap_nothing_is_said():
    found = swapped_rate(cells([("A", "x", 9, 100.0), ("B", "y", 2, 100.0)]), now="A", then="B")
    assert (found.overlap, found.change) == (0, None)
    assert found.table.is_empty()


def test_intervals_cover_the_planted_difference():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(40):
        truth = {"A": rng.gamma(20, 0.008, 15), "B": rng.gamma(20, 0.005, 15)}
        sizes = {o: rng.uniform(40, 600, 15) for o in "AB"}
        rows = [(o, f"s{k}", int(rng.poisson(truth[o][k] * sizes[o][k])), sizes[o][k]) for o in "AB" for k in range(15)]
        found = swapped_rate(cells(rows), now="A", then="B")
        change = np.average(truth["B"] - truth["A"], weights=sizes["A"])
        covered += found.change_low <= change <= found.change_high
    assert covered >= 31  # 90 % of forty, less two standard errors and a half


def test_wrong_questions_are_named():
    table = cells([("A", "x", 9, 100.0), ("B", "x", 2, 100.0)])
    with pytest.raises(UsageError):
        swapped_rate(table, now="A", then="C")
    with pytest.raises(UsageError):
        swapped_rate(table, now="A", then="A")
    with pytest.raises(DataError):
        swapped_rate(table.drop("exposure"), now="A", then="B")
