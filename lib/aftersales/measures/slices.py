"""Which slices of the orders carry a rise in refunds: courier × province, product × reason, SKU × batch …"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from aftersales.measures.slice_cells import Cells, numbered_cells, totals
from aftersales.measures.slice_lattice import MAX_DIMENSIONS, Lattice, slice_lattice
from aftersales.measures.slice_search import (
    View,
    day_to_day_spread,
    expected_now,
    fitted,
    leftover,
    prior_weight,
    rising_slices,
    view_of,
)
from aftersales.stats.tails import normal_sf

# Of the slices named, at most about one in a hundred is chance (Benjamini and Hochberg 1995). A name on a weekly page
# accuses: at one in twenty a shop would follow two or three wrong ones a year. Chosen over .05 after the planted
# benchmark had shown such names.
FALSE_NAMED_SHARE = 0.01
# Entry on the half that only proposes: a lax level, as the other half decides.
PROPOSAL_P = 0.01
# Slices that share so much of what was expected of either hold the same orders for every practical purpose.
TIE_SHARE = 0.95
WHOLE_SHOP = "all"  # the written form of a rise that sits in no one place

_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "segment": pl.String,
    "conditions": pl.List(pl.Struct([pl.Field("dimension", pl.String), pl.Field("level", pl.String)])),
    "exposure_before": pl.Float64,
    "exposure_after": pl.Float64,
    "events_before": pl.Float64,
    "events_after": pl.Float64,
    "rate_before": pl.Float64,
    "rate_after": pl.Float64,
    "expected": pl.Float64,
    "excess": pl.Float64,
    "lift": pl.Float64,
    "share_of_rise": pl.Float64,
    "p_value": pl.Float64,
    "held_out": pl.Boolean,
    "ties": pl.List(pl.String),
}
SCHEMA = pl.Schema(_COLUMNS)


def driving_slices(
    exposures: pl.DataFrame,
    events: pl.DataFrame,
    *,
    dimensions: Sequence[str],
    event_dimension: str | None = None,
    max_dimensions: int = MAX_DIMENSIONS,
) -> pl.DataFrame:
    """The few slices of one to three conditions that carry a rise, largest excess first; none where none does.

    Tables in: `exposures` with the dimensions, ``after`` (Boolean: the later period or the earlier), ``exposure``
    (orders at risk, or any weight of them), optionally ``day`` (Date) and ``expected`` (events, from a model of the
    caller's); `events` with the dimensions, ``after``, ``events`` (counts, or another additive measure of them),
    optionally ``day`` and `event_dimension`, a column only events have, such as the reason: its slices are counted
    over all orders of the other conditions. One row an order line or any sum of them. Null is a level of its own.

    Expected is what each cell's main effects before lead to, corrected by how the slice stood before, so that a mere
    shift of orders between easy and difficult products names nobody. Without any earlier rows the question is where
    events concentrate now, against the shop's own rate. Where days are known, slices are chosen on odd days and
    tested on even ones and the other way round, at a false discovery share of `FALSE_NAMED_SHARE`; ``held_out`` says
    so. Otherwise the p-value is Bonferroni's over the slices of no more conditions.

    Columns out: segment (written ``courier=A & province=B``; ``all`` for a rise of the whole shop), conditions,
    exposure and events and rate before and after, expected and excess (events; slices that overlap are counted once,
    in the order they were found), lift (events over expected), share_of_rise (excess over the whole shop's excess
    at an unchanged mix; null where the shop as a whole did not rise), p_value, held_out, ties (segments that hold the
    same orders, so that nobody can tell which of them it was).

    Sources: MacroBase DIFF (Abuzaid et al. 2018) and SliceLine (Sagadeeva and Boehm 2021) for the search, with the
    likelihood ratio of two Poisson rates as score.

    >>> parcels = {"courier": ["A", "A", "B", "B"], "after": [False, True, False, True]}
    >>> at_risk = pl.DataFrame({**parcels, "exposure": [1000, 1000, 1000, 1000]})
    >>> refunds = pl.DataFrame({**parcels, "events": [60, 65, 60, 180]})
    >>> driving_slices(at_risk, refunds, dimensions=["courier"]).select("segment", "lift").rows()
    [('courier=B', 3.0...)]
    """
    cells = numbered_cells(exposures, events, dimensions=dimensions, event_dimension=event_dimension)
    if not cells.event_count[cells.event_period == 1].sum() > 0:
        return pl.DataFrame(schema=SCHEMA)
    lattice = slice_lattice(cells, max_dimensions=max_dimensions)
    prior = prior_weight(cells, lattice)
    spread = day_to_day_spread(cells, lattice)
    whole, *halves = (
        view_of(cells, lattice, half=h, prior_events=prior, spread=spread) for h in (None, *range(cells.halves))
    )
    if cells.halves == 2:
        candidates, p_values = _confirmed(halves)
        chosen = rising_slices(whole, candidates=candidates, entry_p=PROPOSAL_P, count_rivals=False)
    else:
        p_values = {}
        chosen = rising_slices(whole, candidates=lattice.supported, entry_p=FALSE_NAMED_SHARE, count_rivals=True)
    return _described(cells, whole, chosen, p_values)


def _confirmed(halves: list[View]) -> tuple[np.ndarray, dict[int, float]]:
    lattice = halves[0].lattice
    found: list[tuple[int, float]] = []
    for propose, test in (halves, halves[::-1]):
        proposed = rising_slices(propose, candidates=lattice.supported, entry_p=PROPOSAL_P, count_rivals=False)
        for i in proposed:
            z, _ = leftover(test, fitted(test, [k for k in proposed if k != i]))
            found.append((i, float(normal_sf(z[i]))))
    candidates = np.zeros(len(lattice.width), dtype=bool)
    p_values: dict[int, float] = {}
    if found:
        adjusted = _adjusted(np.array([p for _, p in found]))
        for (i, p), q in zip(found, adjusted, strict=True):
            if q <= FALSE_NAMED_SHARE:
                candidates[i] = True
                p_values[i] = min(p, p_values.get(i, 1.0))
    return candidates, p_values


def _adjusted(p_values: np.ndarray) -> np.ndarray:
    """P values for a false discovery rate (Benjamini and Hochberg 1995, JRSS B 57).

    >>> _adjusted(np.array([0.04, 0.01, 0.5])).round(3).tolist()
    [0.06, 0.03, 0.5]
    """
    order = np.argsort(p_values)[::-1]
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum.accumulate(p_values[order] * len(p_values) / np.arange(len(p_values), 0, -1))
    return adjusted


def _described(cells: Cells, view: View, chosen: Sequence[int], p_values: dict[int, float]) -> pl.DataFrame:
    lattice = view.lattice
    usual = view.before / view.expected_before
    nothing = fitted(view, [])
    at_first = expected_now(lattice, nothing, view.share) * usual
    rise = float(view.seen[0] - at_first[0])
    rows = []
    for n, i in enumerate(chosen):
        now = expected_now(lattice, fitted(view, chosen[:n]), view.share) * usual
        p = p_values.get(i)
        if p is None:
            z, _ = leftover(view, fitted(view, [k for k in chosen if k != i]))
            p = min(1.0, float(normal_sf(z[i]) * np.exp(lattice.log_rivals[i])))
        family, local, layer = lattice.place(i)
        inside = family.code == local
        exposure = cells.exposure[:, :, inside].sum(axis=(0, 2))
        mine = inside[cells.event_cell] & ((cells.event_layer == layer) | (layer < 0))
        count = totals(cells.event_period[mine], cells.event_count[mine], 2)
        excess = float(view.seen[i] - now[i])
        rows.append(
            {
                "segment": segment_text(_named(cells, lattice.conditions(i))),
                "conditions": [{"dimension": d, "level": v} for d, v in _named(cells, lattice.conditions(i))],
                "exposure_before": exposure[0],
                "exposure_after": exposure[1],
                "events_before": count[0],
                "events_after": count[1],
                "rate_before": count[0] / exposure[0] if exposure[0] > 0 else None,
                "rate_after": count[1] / exposure[1] if exposure[1] > 0 else None,
                "expected": float(now[i]),
                "excess": excess,
                "lift": float(view.seen[i] / now[i]) if now[i] > 0 else None,
                "share_of_rise": excess / rise if rise > 0 and cells.has_before else None,
                "p_value": p,
                "held_out": i in p_values,
                "ties": _ties(cells, view, i),
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA).sort("excess", descending=True, maintain_order=True)


def segment_text(conditions: Sequence[tuple[str, str | None]]) -> str:
    """The written form of a slice: ``courier=A & province=B``; an unknown level reads ``unknown``; all orders ``all``.

    >>> segment_text([("courier", "A"), ("province", None)]), segment_text([])
    ('courier=A & province=unknown', 'all')
    """
    return " & ".join(f"{d}={'unknown' if v is None else v}" for d, v in conditions) or WHOLE_SHOP


def segment_parts(segment: str) -> dict[str, str]:
    """The written form of a slice read back: its dimensions with their levels.

    >>> segment_parts("courier=A & province=B"), segment_parts("all")
    ({'courier': 'A', 'province': 'B'}, {})
    """
    return dict(part.split("=", 1) for part in segment.split(" & ") if "=" in part)


def _named(cells: Cells, conditions: dict[int, int]) -> list[tuple[str, str | None]]:
    order = sorted(conditions, key=lambda d: (d < 0, d))
    return [
        (cells.event_dimension or "", cells.layers[conditions[d]])
        if d < 0
        else (cells.dimensions[d], cells.levels[d][conditions[d]])
        for d in order
    ]


def _ties(cells: Cells, view: View, slice_id: int) -> list[str]:
    lattice: Lattice = view.lattice
    family, local, layer = lattice.place(slice_id)
    inside = family.code == local
    if not family.dims:
        return []
    mine = float(view.base[inside].sum())
    same: list[dict[int, int]] = []
    own = lattice.conditions(slice_id)
    for other in lattice.families[1:]:
        if other.layered or (len(other.dims) + (layer >= 0)) > MAX_DIMENSIONS:
            continue
        codes = other.code[inside]
        within = totals(codes + 1, view.base[inside], len(other.level_of) + 1)[1:]
        for k in np.flatnonzero(within >= TIE_SHARE * mine):
            full = float(view.base[other.code == k].sum())
            conditions = dict(zip(other.dims, other.level_of[k].tolist(), strict=True))
            conditions |= {-1: layer} if layer >= 0 else {}
            shorter = [own, *same]
            if within[k] >= TIE_SHARE * full and not any(s.items() <= conditions.items() for s in shorter):
                same.append(conditions)
    return [segment_text(_named(cells, s)) for s in same]
