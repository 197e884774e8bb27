"""A few bombs and broken workbooks and archives, each costing itself only; all are `benchmarks/hostile_workbooks.py`."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(scope="module")
def hostile(root):
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        import hostile_workbooks
    finally:
        sys.path.pop(0)
    return hostile_workbooks


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "sst_count",
        "far_corner",
        "laughs_strings",
        "ole_fat_loop",
        "biff_rectangle",
        "zip_overlapping",
        "gz_cut",
        "zip_locked",
        "rar",
    ],
)
def test_it_costs_itself_only(hostile, name):
    [one] = hostile.met([name])
    # memory is what counts here: a machine busy with other tests takes its time
    assert [fault for fault in one.fault.split(", ") if fault and not fault.endswith(" s")] == [], one.said


def test_there_are_enough(hostile):
    assert len(hostile.HOSTILE) >= 60
