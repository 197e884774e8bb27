"""Two tidy tables, orders at risk and refunds, as numbered cells that slices can be counted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersales.words.errors import DataError, UsageError

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

# A level is pulled towards "like the rest" with the weight of so many events: fewer raise no alarm either (Noufaily
# et al. 2013 want five in four weeks).
LEVEL_PRIOR_EVENTS = 5.0
# The fit gains less than a thousandth of a rate after a dozen rounds; twice that is spare.
MAIN_EFFECT_ROUNDS = 25


def totals(number: Codes, amount: Floats, size: int) -> Floats:
    """The amounts summed by number, 0 … size − 1.

    >>> totals(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0]), 3).tolist()
    [1.0, 0.0, 5.0]
    """
    return np.bincount(number, weights=amount, minlength=size).astype(np.float64)


@dataclass(frozen=True)
class Cells:
    """The facts by cell, a cell being one combination of levels; arrays over cells end in ``n``.

    ``exposure`` and ``expected`` are indexed [half, period, n] with period 0 before, 1 after. ``expected`` is what the
    main effects of the time before lead one to expect. Events stand as a list of rows, each pointing at its cell.
    """

    dimensions: tuple[str, ...]
    levels: tuple[tuple[str | None, ...], ...]
    codes: tuple[Codes, ...]
    exposure: Floats
    expected: Floats
    event_cell: Codes
    event_half: Codes
    event_period: Codes
    event_count: Floats
    event_layer: Codes
    event_dimension: str | None
    layers: tuple[str | None, ...]
    layer_share: Floats
    has_before: bool

    @property
    def halves(self) -> int:
        """2 where days tell the halves apart, 1 where no day is known."""
        return int(self.exposure.shape[0])


def numbered_cells(
    exposures: pl.DataFrame, events: pl.DataFrame, *, dimensions: Sequence[str], event_dimension: str | None = None
) -> Cells:
    """Number the levels and cells of both tables and expect each cell's events from the time before.

    Columns in as for `driving_slices`. Null is a level of its own; odd and even days make the two halves. Raises
    `UsageError` for a missing column, `DataError` where events happened in a cell that had no exposure.
    """
    dims = tuple(dimensions)
    _check_columns(exposures, {*dims, "after", "exposure"}, "exposures")
    _check_columns(events, {*dims, "after", "events", *([event_dimension] if event_dimension else [])}, "events")
    dated = _both_halves(exposures) and "day" in events.columns
    half = (pl.col("day").dt.epoch("d").fill_null(0) % 2 if dated else pl.lit(0)).cast(pl.Int64).alias("_half")
    at_risk, happened = (
        frame.with_columns(half, pl.col("after").cast(pl.Int64).alias("_period"), *_coded(frame, dims))
        for frame in (exposures, events)
    )
    cells = at_risk.select(dims).unique(maintain_order=True).with_row_index("_cell")
    at_risk = at_risk.join(cells, on=dims, nulls_equal=True, maintain_order="left")
    happened = happened.join(cells, on=dims, how="left", nulls_equal=True, maintain_order="left")
    if happened["_cell"].null_count():
        lost = happened.filter(pl.col("_cell").is_null()).height
        raise DataError(
            "Events happened where nothing was at risk",
            found=f"{lost} rows of events in a cell without exposure",
            hint="build both tables from the same orders",
        )
    named = [numbered(cells[d]) for d in dims]
    layers, layer_of = _layers(happened, event_dimension)
    shape = (2 if dated else 1, 2, cells.height)
    exposure = _summed(at_risk, "exposure", shape)
    cell, half_of, period = (happened[c].to_numpy().astype(np.int64) for c in ("_cell", "_half", "_period"))
    count = happened["events"].cast(pl.Float64).to_numpy()
    has_before = bool(exposure[:, 0].sum() > 0)
    use = period == 0 if has_before else np.ones(len(period), dtype=bool)
    share = totals(layer_of[use], count[use], len(layers)) + 0.5
    codes = tuple(c for _, c in named)
    if "expected" in exposures.columns:
        expected = _summed(at_risk, "expected", shape)
    else:
        at_risk_of_cell = exposure[:, 0 if has_before else 1].sum(axis=0)
        of_cell = totals(cell[use], count[use], cells.height)
        rounds = MAIN_EFFECT_ROUNDS if has_before else 0
        expected = exposure * main_effect_rate(codes, of_cell, at_risk_of_cell, rounds=rounds)
    return Cells(
        dimensions=dims,
        levels=tuple(names for names, _ in named),
        codes=codes,
        exposure=exposure,
        expected=expected,
        event_cell=cell,
        event_half=half_of,
        event_period=period,
        event_count=count,
        event_layer=layer_of,
        event_dimension=event_dimension,
        layers=layers,
        layer_share=share / share.sum(),
        has_before=has_before,
    )


def main_effect_rate(codes: Sequence[Codes], events: Floats, exposure: Floats, *, rounds: int) -> Floats:
    """The rate of every cell from one factor a level, nothing else: a Poisson log-linear model of main effects.

    Fitted by iterative proportional fitting (Deming and Stephan 1940), each factor shrunk towards 1 by
    `LEVEL_PRIOR_EVENTS`. It stands in for the noisy rate of single cells, so that a shift of orders between ordinary
    and difficult products is expected and not blamed on anybody.
    """
    total = exposure.sum()
    rate = np.full(len(events), events.sum() / total if total > 0 else 0.0)
    for _ in range(rounds):
        for code in codes:
            size = int(code.max()) + 1 if len(code) else 0
            seen, fitted = totals(code, events, size), totals(code, exposure * rate, size)
            rate = rate * ((seen + LEVEL_PRIOR_EVENTS) / (fitted + LEVEL_PRIOR_EVENTS))[code]
    return rate


def _check_columns(frame: pl.DataFrame, needed: set[str], name: str) -> None:
    missing = needed - set(frame.columns)
    if missing:
        raise UsageError(f"The table of {name} lacks columns", found=f"missing {', '.join(sorted(missing))}")


def _coded(frame: pl.DataFrame, columns: Sequence[str]) -> list[pl.Expr]:
    """The columns as categories: numbers are quicker to match than texts, and a quarter of the room."""
    known = {c for c in columns if frame.schema[c] == pl.Categorical}
    return [pl.col(c).cast(pl.String).cast(pl.Categorical) for c in columns if c not in known]


def numbered(column: pl.Series) -> tuple[tuple[str | None, ...], Codes]:
    """The levels of a column, sorted by name, and the number of each row's level; null is a level.

    >>> numbered(pl.Series(["b", None, "b"]))
    ((None, 'b'), array([1, 0, 1]))
    """
    there = pl.DataFrame({"level": column.unique()}).with_columns(name=pl.col("level").cast(pl.String))
    levels = there.sort("name").with_row_index("code")
    code = column.to_frame("level").join(levels, on="level", nulls_equal=True, maintain_order="left")["code"]
    return tuple(levels["name"].to_list()), code.to_numpy().astype(np.int64)


def _layers(happened: pl.DataFrame, event_dimension: str | None) -> tuple[tuple[str | None, ...], Codes]:
    if event_dimension is None or not happened.height:
        return (None,), np.zeros(happened.height, dtype=np.int64)
    return numbered(happened[event_dimension].cast(pl.String).cast(pl.Categorical))


def _summed(frame: pl.DataFrame, column: str, shape: tuple[int, int, int]) -> Floats:
    halves, periods, size = shape
    place = (pl.col("_half") * periods + pl.col("_period")) * size + pl.col("_cell").cast(pl.Int64)
    where, value = frame.select(place.alias("at"), pl.col(column).cast(pl.Float64)).get_columns()
    return totals(where.to_numpy(), value.to_numpy(), halves * periods * size).reshape(shape)


def _both_halves(exposures: pl.DataFrame) -> bool:
    if "day" not in exposures.columns:
        return False
    after = exposures.filter("after")["day"].drop_nulls()
    return not after.is_empty() and (after.dt.epoch("d") % 2).n_unique() == 2
