"""Tables of a week in memory, for tests of results and sections."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from aftersales.week.options import DEFAULTS
from aftersales.week.where import Where


class Plain:
    """What a week's results have beside tables where nothing is asked for: default parameters, the whole shop."""

    results_folder = None
    options = DEFAULTS
    where = Where()


class Frames(dict):
    """Frames by name, lazily, each in one part."""

    def __init__(self, tables: Mapping[str, pl.DataFrame]) -> None:
        super().__init__({name: frame.lazy() for name, frame in tables.items()})

    def scan(self, name: str) -> pl.LazyFrame:
        return self[name]

    def parts(self, name: str) -> list[pl.LazyFrame]:
        return [self[name]]
