"""Cells that an export writes once for several rows of an order, filled down to the rows below."""

from __future__ import annotations

import polars as pl

from aftersales.sources import clean
from aftersales.sources.recognition import Match


class Filled:
    """Fills the columns that a layout names under ``fill_down``, part after part of a file.

    A row goes on with the order above it where its cell of the order number is empty or the same. Only such rows are
    filled, so that a cell which is empty for the whole order stays empty.
    """

    def __init__(self, match: Match) -> None:
        layout = match.layout
        spelled = [h for name in layout.fill_down for h in layout.headers.get(name, (name,))]
        self._columns = [f"c{place}" for place in match.columns(spelled)]
        self._key = next((f"c{place}" for place in match.columns(layout.headers.get("order_id", ()))), None)
        self._last: pl.DataFrame | None = None

    def below(self, cells: pl.DataFrame) -> pl.DataFrame:
        """The cells of the next part, filled."""
        if not self._columns or self._key is None or not cells.height:
            return cells
        whole = cells if self._last is None else pl.concat([self._last, cells])
        key = clean.identifier(whole[self._key])
        begins = key.is_not_null() & (key.forward_fill().shift(1).ne_missing(key))
        bare = whole.with_columns(clean.text(whole[c]).is_not_null().alias(f"_{c}") for c in self._columns)
        filled = bare.with_columns(_order=begins.cum_sum()).with_columns(
            pl.when(f"_{c}").then(c).forward_fill().over("_order").alias(c) for c in self._columns
        )
        whole = filled.select(cells.columns)
        self._last = whole.tail(1)
        return whole.tail(cells.height)
