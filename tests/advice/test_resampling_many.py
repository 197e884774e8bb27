"""Very many cases: the largest are drawn one by one, the rest by their moments; the intervals are those of all drawn."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from aftersales.advice import resampling
from aftersales.advice.resampling import Resampling


def test_many_small_cases_vary_as_if_each_were_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(4)
    cases = 12_000
    loss = draw.pareto(2.2, cases) + 1
    caught = draw.random(cases) < 0.3
    values = np.column_stack([caught * 1.0, np.ones(cases), caught * loss])
    name = pl.Series(np.arange(cases))
    every = Resampling(name, rng=np.random.default_rng(1), weight=loss, draws=4000).of(values)
    monkeypatch.setattr(resampling, "MOST_CASES", 500)
    some = Resampling(name, rng=np.random.default_rng(2), weight=loss, draws=4000).of(values)
    assert some.draws.times.shape == (4000, 500)
    for one, other in (
        (every.interval(0), some.interval(0)), (every.interval(2), some.interval(2)),
        (every.share_interval(0, 1), some.share_interval(0, 1)),
    ):  # fmt: skip
        width = one[1] - one[0]
        assert width > 0
        assert other == pytest.approx(one, abs=0.1 * width)
    assert np.corrcoef(some.drawn(0).totals, some.drawn(2).totals)[0, 1] == pytest.approx(
        np.corrcoef(every.drawn(0).totals, every.drawn(2).totals)[0, 1], abs=0.05
    )
