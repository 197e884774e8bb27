"""All slices of one to three dimensions that hold enough to be judged, and counting over them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from aftersales.measures.slice_cells import Cells, Codes, Floats, totals

# Below thirty orders, or five events, a rate tells next to nothing (reference: methods 2 and 4; Noufaily 2013).
MIN_EXPOSURE = 30.0
MIN_EVENTS = 5.0
MAX_DIMENSIONS = 3


@dataclass(frozen=True, eq=False)
class Family:
    """All supported slices over one set of dimensions. ``code`` is each cell's slice, −1 where it is in none.

    ``rows`` are the cells that are in any slice and hold orders after: all that a fit ever needs to sum again.
    ``layered`` families have the event dimension besides: slice × layer, numbered slice-major.
    """

    dims: tuple[int, ...]
    layered: bool
    code: Codes
    rows: Codes
    level_of: Codes  # [slice, dimension]
    layers: int

    @property
    def size(self) -> int:
        """How many slices stand in the family."""
        return len(self.level_of) * self.layers


@dataclass(frozen=True)
class Lattice:
    """The families, the first being the whole shop; slices are numbered through all of them."""

    families: tuple[Family, ...]
    start: Codes
    width: Codes  # how many conditions each slice has
    supported: np.ndarray
    log_rivals: Floats  # log of the number of supported slices with no more conditions

    def place(self, slice_id: int) -> tuple[Family, int, int]:
        """The family, the slice's number in it without layer, and its layer (−1 for none)."""
        i = int(np.searchsorted(self.start, slice_id, side="right")) - 1
        family, local = self.families[i], slice_id - int(self.start[i])
        return (family, local // family.layers, local % family.layers) if family.layered else (family, local, -1)

    def conditions(self, slice_id: int) -> dict[int, int]:
        """Dimension number → level number; the event dimension is number −1."""
        family, local, layer = self.place(slice_id)
        found = dict(zip(family.dims, family.level_of[local].tolist(), strict=True))
        return {**found, -1: layer} if layer >= 0 else found

    def find(self, conditions: dict[int, int]) -> int | None:
        """The number of the slice with exactly these conditions, None where it lacks support."""
        dims = tuple(sorted(d for d in conditions if d >= 0))
        for i, family in enumerate(self.families):
            if family.dims == dims and family.layered == (-1 in conditions):
                same = np.flatnonzero((family.level_of == [conditions[d] for d in dims]).all(axis=1))
                return int(self.start[i] + same[0] * family.layers + conditions.get(-1, 0)) if len(same) else None
        return None

    def parents(self, slice_id: int) -> list[int]:
        """The slices with one condition less, the whole shop left out."""
        conditions = self.conditions(slice_id)
        if len(conditions) < 2:
            return []
        shorter = [self.find({d: v for d, v in conditions.items() if d != drop}) for drop in conditions]
        return [p for p in shorter if p is not None]

    def children(self, slice_id: int) -> np.ndarray:
        """The supported slices with one condition more."""
        conditions, wanted = self.conditions(slice_id), set(self.place(slice_id)[0].dims)
        found = [np.zeros(0, dtype=np.int64)]
        for family, start in zip(self.families, self.start, strict=False):
            if len(family.dims) + family.layered != len(conditions) + 1 or not wanted <= set(family.dims):
                continue
            if -1 in conditions and not family.layered:
                continue
            ids = self._local(family, conditions) + int(start)
            found.append(ids[self.supported[ids]])
        return np.concatenate(found)

    def _local(self, family: Family, conditions: dict[int, int]) -> Codes:
        same = np.ones(len(family.level_of), dtype=bool)
        for at, d in enumerate(family.dims):
            if d in conditions:
                same &= family.level_of[:, at] == conditions[d]
        local = np.flatnonzero(same)
        if not family.layered:
            return local
        layers = [conditions[-1]] if -1 in conditions else range(family.layers)
        return np.concatenate([local * family.layers + k for k in layers])

    def siblings(self, slice_id: int, parent: int) -> np.ndarray:
        """The other supported slices of the same family under a parent."""
        family, _, _ = self.place(slice_id)
        ids = self._local(family, self.conditions(parent)) + int(self.start[self.families.index(family)])
        return ids[ids != slice_id]


def slice_lattice(cells: Cells, *, max_dimensions: int = MAX_DIMENSIONS) -> Lattice:
    """Every set of one to three dimensions, level combinations below the support left out.

    Support only falls as conditions are added, so a cell whose parent is unsupported is never counted again
    (Agrawal and Srikant 1994).
    """
    exposure = cells.exposure[:, 1].sum(axis=0)
    after = cells.event_period == 1
    cell, count = cells.event_cell[after], cells.event_count[after]
    events = totals(cell, count, len(exposure))
    layers = len(cells.layers) if len(cells.layers) > 1 else 0
    everywhere = np.zeros(len(exposure), dtype=np.int64)
    whole = Family((), False, everywhere, np.flatnonzero(exposure > 0), np.zeros((1, 0), dtype=np.int64), 1)
    families = [whole]
    alive: dict[tuple[int, ...], np.ndarray] = {(): np.ones(len(exposure), dtype=bool)}
    for width in range(1, max_dimensions + 1):
        for dims in combinations(range(len(cells.codes)), width):
            rows = np.logical_and.reduce([alive[parent] for parent in combinations(dims, width - 1)])
            family = _family(cells, dims, rows, exposure, events)
            alive[dims] = family.code >= 0
            if family.size:
                families.append(family)
    if layers:
        short = [f for f in families if len(f.dims) < max_dimensions]
        families += [Family(f.dims, True, f.code, f.rows, f.level_of, layers) for f in short]
    return _numbered_families(families, cell, count, cells.event_layer[after])


def _family(cells: Cells, dims: tuple[int, ...], rows: np.ndarray, exposure: Floats, events: Floats) -> Family:
    key = np.zeros(int(rows.sum()), dtype=np.int64)
    for d in dims:
        key = key * len(cells.levels[d]) + cells.codes[d][rows]
    held = (
        pl.DataFrame({"key": key, "exposure": exposure[rows], "events": events[rows]})
        .group_by("key")
        .agg(pl.col("exposure").sum(), pl.col("events").sum())
        .filter((pl.col("exposure") >= MIN_EXPOSURE) & (pl.col("events") >= MIN_EVENTS))
        .sort("key")["key"]
        .to_numpy()
    )
    code = np.full(len(rows), -1, dtype=np.int64)
    if len(held):
        near = np.minimum(np.searchsorted(held, key), len(held) - 1)
        code[rows] = np.where(held[near] == key, near, -1)
    level_of, rest = np.zeros((len(held), len(dims)), dtype=np.int64), held.copy()
    for i in range(len(dims) - 1, -1, -1):
        level_of[:, i], rest = rest % len(cells.levels[dims[i]]), rest // len(cells.levels[dims[i]])
    return Family(dims, False, code, np.flatnonzero((code >= 0) & (exposure > 0)), level_of, 1)


def _numbered_families(families: list[Family], cell: Codes, count: Floats, layer: Codes) -> Lattice:
    start = np.cumsum([0, *(f.size for f in families)])
    width = np.concatenate([np.full(f.size, len(f.dims) + f.layered) for f in families])
    supported = np.concatenate([event_totals(f, cell, count, layer) for f in families]) >= MIN_EVENTS
    supported[0] = True
    rivals = np.cumsum(np.bincount(width[supported], minlength=int(width.max()) + 1))
    return Lattice(tuple(families), start, width, supported, np.log(rivals)[width])


def event_totals(family: Family, cell: Codes, count: Floats, layer: Codes) -> Floats:
    """Events in each slice of a family, from rows that point at their cell."""
    code = family.code[cell]
    if not family.layered:
        return totals(code + 1, count, family.size + 1)[1:]
    inside = code >= 0
    return totals(code[inside] * family.layers + layer[inside], count[inside], family.size)


def weight_totals(family: Family, common: Floats, special: dict[int, Floats], share: Floats) -> Floats:
    """A weight of the cells with orders after, summed by slice; layers in `special` have weights of their own."""
    slices, at = len(family.level_of), family.code[family.rows]
    base = totals(at, common[family.rows], slices)
    own = {k: totals(at, w[family.rows], slices) for k, w in special.items()}
    if family.layered:
        total = base[:, None] * share[None, :]
        for k, w in own.items():
            total[:, k] = w * share[k]
        return total.ravel()
    left = 1.0 - sum(share[k] for k in special)
    return base * left + sum((w * share[k] for k, w in own.items()), np.zeros(slices))


def usual_totals(family: Family, weight: Floats, share: Floats) -> Floats:
    """A weight of all cells, summed by slice, layers by their shares."""
    slices = len(family.level_of)
    base = totals(family.code + 1, weight, slices + 1)[1:]
    return (base[:, None] * share[None, :]).ravel() if family.layered else base
