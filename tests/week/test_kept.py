"""Results kept on disk are taken only for what they are."""

from __future__ import annotations

import shutil

import polars as pl

from aftersales.week.cache import cached_bytes, cached_frame


class Week:
    def __init__(self, folder):
        self.results_folder = folder

    @cached_frame
    def sums(self):
        return pl.DataFrame({"sum": [1]})

    @cached_frame
    def counts(self):
        return pl.DataFrame({"count": [2]})


def test_another_results_file_or_another_states_is_computed_anew(tmp_path):
    here, there = tmp_path / "a", tmp_path / "b"
    for folder in (here, there):
        made = Week(folder)
        assert (made.sums.columns, made.counts.columns) == (["sum"], ["count"])
    shutil.copy(here / "sums.kept", here / "counts.kept")
    assert Week(here).counts.columns == ["count"]
    cached_bytes(Week(here), "told", lambda: b"of a")
    cached_bytes(Week(there), "told", lambda: b"of b")
    shutil.copy(here / "told", there / "told")
    assert cached_bytes(Week(there), "told", lambda: b"anew") == b"anew"


def test_what_was_kept_is_read_again(tmp_path):
    first = cached_bytes(Week(tmp_path / "a"), "told", lambda: b"first")
    assert cached_bytes(Week(tmp_path / "a"), "told", lambda: b"second") == first
