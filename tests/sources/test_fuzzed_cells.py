"""A column reads as its cells do one by one; the search steered by coverage is `benchmarks/fuzz_cells.py`."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(scope="module")
def fuzz(root):
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        import fuzz_cells
    finally:
        sys.path.pop(0)
    return fuzz_cells


def test_columns_by_chance(fuzz):
    assert fuzz.by_chance(60) >= 60


@pytest.mark.parametrize(
    "cells",
    [
        ["2026-01-01 00:00:00.5", "1970-01-01"], ["2026-03-29 02:30:00", "2026-01-01"], ["2026-10-25 02:30", "9999-12-31"],
        ["12.345", "x", None], ['="1"', "'2", "3.51E+18"], ["1,234", "1,23"], [None], [], ["", " ", "\u3000"],
    ],
)  # fmt: skip
def test_columns_that_once_read_otherwise_than_their_cells(fuzz, cells):
    fuzz.check(cells)
