"""Slices of order lines against their main effects: what a level of a dimension, or a pair of levels, adds by itself.

The rate of a line is its product's expected rate times one factor a level of courier, province, channel … (a Poisson
log-linear model, each factor with a gamma prior). A slice is then held against what the same lines would have shown
without it: a single level against the other levels on like orders, a pair against its two levels, both as they are
without the pair. A province that buys goods which come back more often is expected to, and names nobody.
Sources: Deming and Stephan 1940, Annals of Mathematical Statistics 11 (proportional fitting); Clayton and Kaldor 1987,
Biometrics 43 (gamma factors).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from aftersales.measures.slice_cells import LEVEL_PRIOR_EVENTS, Codes, Floats, numbered, totals
from aftersales.measures.slices import TIE_SHARE
from aftersales.stats.deviations import error_of_few

# A level that carries nearly everything elsewhere too is no second suspect in a slice that it carries as well.
EVERYWHERE = 0.8
# A dimension that is recorded for less of a slice than this says nothing of it.
KNOWN_SHARE = 0.5
# The fit moves by less than a thousandth after some eight rounds.
ROUNDS, SETTLED = 12, 1e-3
# A named slice has a factor of its own that is hardly held.
NAMED_PRIOR_EVENTS = 0.5
# A slice: dimension and level number of each of its conditions, and of how many weeks it is.
Conditions = tuple[tuple[str, int], ...]
Named = tuple[Conditions, int]
# Expected requests by family and window.
Due = Mapping[tuple[str, ...], Mapping[int, Floats]]

SLICE_COUNTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "first": pl.String, "first_code": pl.Int64, "second": pl.String, "second_code": pl.Int64, "weeks": pl.Int64,
    "orders": pl.Int64, "refunds": pl.Float64, "exposure": pl.Float64, "usual": pl.Float64, "usual_err": pl.Float64,
}  # fmt: skip


@dataclass(frozen=True)
class Family:
    """All slices over one or two dimensions: by window of weeks, each line's slice and the sums of the slices.

    ``sums`` has a row each of lines, requests and exposure, over the slices.
    """

    dimensions: tuple[str, ...]
    code: Mapping[int, Codes]
    sums: Mapping[int, Floats]

    @property
    def size(self) -> int:
        """How many combinations of levels there are."""
        return int(next(iter(self.sums.values())).shape[1])


@dataclass(frozen=True)
class SliceLines:
    """Order lines as arrays: level names by dimension, the families of slices, and groups that are only fitted.

    ``events``: requests of a line; ``exposure``: how much of its time to ask has passed (0..1); ``expected``: requests
    that its product and exposure let expect; ``windows``: by weeks, the longest first, the numbers of their lines.
    ``ties``: levels that hold the same orders as a level.
    """

    levels: Mapping[str, Sequence[str | None]]
    families: Mapping[tuple[str, ...], Family]
    fitted: Sequence[Codes]
    events: Floats
    exposure: Floats
    expected: Floats
    windows: Mapping[int, np.ndarray]
    ties: Mapping[tuple[str, int], Sequence[tuple[str, int]]]

    @property
    def longest(self) -> int:
        """The weeks of the longest window, that of all lines."""
        return next(iter(self.windows))

    def code(self, dimension: str) -> Codes:
        """Each line's level of a dimension."""
        return self.families[dimension,].code[self.longest]

    def known(self, dimension: str) -> np.ndarray:
        """Which levels of a dimension are more than "not recorded"."""
        return np.array([level is not None for level in self.levels[dimension]])


@dataclass(frozen=True)
class Effects:
    """What every line is expected to show under all factors; the factors by dimension; those of the named slices."""

    expected: Floats
    factors: Mapping[str, Floats]
    fitted: Sequence[Floats]
    named: Mapping[Named, float]


def slice_lines(
    frame: pl.DataFrame,
    *,
    dimensions: Sequence[str],
    weeks: Sequence[int],
    paired: Sequence[str] = (),
    fitted: Sequence[str] = (),
) -> SliceLines:
    """Number the levels of a frame of order lines, and count the slices of one level and of two of ``paired``.

    Columns in: the dimensions and the columns ``fitted`` (text; null is a level), ``events``, ``exposure``,
    ``expected`` (`SliceLines`), ``age`` (weeks, the newest 0). ``weeks``: the windows, the longest first. A dimension
    of which fewer than two levels are known is left out.

    >>> frame = pl.DataFrame({"courier": ["A", "B", None], "channel": ["x"] * 3, "events": [1.0, 0.0, 0.0],
    ...     "exposure": 1.0, "expected": 0.1, "age": 0})
    >>> slice_lines(frame, dimensions=["courier", "channel"], weeks=[12, 4]).levels
    {'courier': (None, 'A', 'B')}
    """
    told = {d: numbered(frame[d]) for d in dimensions}
    told = {d: pair for d, pair in told.items() if sum(level is not None for level in pair[0]) > 1}
    levels = {d: names for d, (names, _) in told.items()}
    events, exposure, expected = (frame[c].cast(pl.Float64).to_numpy() for c in ("events", "exposure", "expected"))
    age = frame["age"].to_numpy()
    windows = {n: np.flatnonzero(age < n) for n in weeks}
    weights = (np.ones(len(age)), events, exposure)

    def family(names: tuple[str, ...]) -> Family:
        code, size = np.zeros(len(age), dtype=np.int64), 1
        for d in names:
            code, size = code * len(levels[d]) + told[d][1], size * len(levels[d])
        codes = {n: code[rows] for n, rows in windows.items()}
        sums = {n: np.stack([totals(codes[n], w[rows], size) for w in weights]) for n, rows in windows.items()}
        return Family(names, codes, sums)

    of = [*((d,) for d in levels), *combinations([d for d in paired if d in levels], 2)]
    families = {names: family(names) for names in of}
    groups = [numbered(frame[c])[1] for c in fitted]
    ties = _mutual_ties({d: pair[1] for d, pair in told.items()}, levels, exposure)
    return SliceLines(levels, families, groups, events, exposure, expected, windows, ties)


def rows_of(lines: SliceLines, slice_: Named) -> np.ndarray:
    """The numbers of a slice's lines."""
    conditions, weeks = slice_
    inside = np.ones(len(lines.windows[weeks]), dtype=bool)
    for dimension, level in conditions:
        inside &= lines.families[dimension,].code[weeks] == level
    return lines.windows[weeks][inside]


def main_effects(lines: SliceLines, named: Sequence[Named] = (), *, start: Effects | None = None) -> Effects:
    """Fit a factor a level, and one a named slice, around what the lines' products let expect.

    ``start`` is an earlier fit, of fewer named slices.

    >>> frame = pl.DataFrame({"courier": ["A", "B"] * 50, "events": [1.0, 0.0] * 50, "exposure": 1.0, "expected": 0.5,
    ...     "age": 0})
    >>> main_effects(slice_lines(frame, dimensions=["courier"], weeks=[12])).factors["courier"].round(2).tolist()
    [1.83, 0.17]
    """
    codes = [*(lines.code(d) for d in lines.levels), *lines.fitted]
    before = [*start.factors.values(), *start.fitted] if start else [np.ones(int(c.max(initial=0)) + 1) for c in codes]
    groups = [
        (code, factor.copy(), totals(code, lines.events, len(factor)))
        for code, factor in zip(codes, before, strict=True)
    ]
    expected = (lines.expected if start is None else start.expected).copy()
    inside = [rows_of(lines, one) for one in named]
    own = [start.named.get(one, 1.0) if start else 1.0 for one in named]
    for _ in range(ROUNDS):
        moved = 0.0
        for code, factor, came in groups:
            without = totals(code, expected, len(factor)) / factor
            change = (came + LEVEL_PRIOR_EVENTS) / (without + LEVEL_PRIOR_EVENTS) / factor
            expected *= change[code]
            np.multiply(factor, change, out=factor)
            moved = max(moved, float(np.abs(change - 1).max(initial=0.0)))
        for i, rows in enumerate(inside):
            without_it = float(expected[rows].sum()) / own[i]
            step = (float(lines.events[rows].sum()) + NAMED_PRIOR_EVENTS) / (without_it + NAMED_PRIOR_EVENTS) / own[i]
            expected[rows] *= step
            own[i] *= step
            moved = max(moved, abs(step - 1))
        if moved < SETTLED:
            break
    factors = [factor for _, factor, _ in groups]
    return Effects(
        expected,
        dict(zip(lines.levels, factors, strict=False)),
        factors[len(lines.levels) :],
        dict(zip(named, own, strict=True)),
    )


def slice_counts(lines: SliceLines, effects: Effects) -> pl.DataFrame:
    """Every slice of the families over each window, against what its lines would show without it.

    Columns out: first, first_code, second, second_code (dimensions and level numbers; null where there is no second),
    weeks (of the window), orders (lines), refunds (requests), exposure, usual (the rate that the same lines
    would show without the slice, 0..1), usual_err (of its log odds). Unknown levels make no slice; a pair that holds
    the same orders as one of its levels is left to that level.
    """
    of_window = {weeks: effects.expected[rows] for weeks, rows in lines.windows.items()}
    due: Due = {
        names: {weeks: totals(f.code[weeks], expected, f.size) for weeks, expected in of_window.items()}
        for names, f in lines.families.items()
    }
    parts: list[list[np.ndarray]] = []
    for weeks in lines.windows:
        ratios = {d: _like_the_others(lines, effects, d, due[d,][weeks], weeks) for d in lines.levels}
        for names, family in lines.families.items():
            if len(names) == 1:
                usual, err = _alone(lines, names[0], due[names][weeks], ratios)
            else:
                usual, err = _beside_levels(lines, effects, family, due, weeks)
            parts.append(_counted(lines, family, weeks, usual, err))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    data = [column.tolist() if column.dtype == object else column for column in columns]
    found = pl.DataFrame(dict(zip(SLICE_COUNTS, data, strict=False)), schema_overrides=SLICE_COUNTS)
    return found.with_columns(pl.col("second_code").replace(-1, None)) if parts else pl.DataFrame(schema=SLICE_COUNTS)


def ties_of(lines: SliceLines, conditions: Conditions) -> list[Conditions]:
    """Other slices that hold the same orders: a level equal to it, or it together with a level that carries it whole.

    Lines whose level is not recorded (the courier of what is not shipped yet) are left out of account.

    A courier that alone serves a province: the province's fault may be the courier's there. A level that carries nearly
    everything elsewhere too is not named.
    """
    inside = np.zeros(len(lines.exposure))
    inside[rows_of(lines, (conditions, lines.longest))] = 1.0
    weight, outside = lines.exposure * inside, lines.exposure * (1 - inside)
    found: list[Conditions] = []
    for dimension, names in lines.levels.items():
        if dimension in dict(conditions):
            continue
        known = lines.known(dimension)
        within, elsewhere = (totals(lines.code(dimension), w, len(names)) * known for w in (weight, outside))
        level = int(within.argmax())
        # of the lines whose level is known, where these are more than a few
        if within.sum() < KNOWN_SHARE * weight.sum() or within[level] < TIE_SHARE * within.sum():
            continue
        if within[level] > 0 and within[level] >= TIE_SHARE * (within[level] + elsewhere[level]):
            found.append(((dimension, level),))
        elif elsewhere[level] < EVERYWHERE * elsewhere.sum() and len(conditions) == 1:
            order = list(lines.levels)
            found.append(tuple(sorted([*conditions, (dimension, level)], key=lambda c: order.index(c[0]))))
    return found


def _like_the_others(
    lines: SliceLines, effects: Effects, dimension: str, due: Floats, weeks: int
) -> tuple[Floats, Floats]:
    """For each level: what its lines would show were it like the others, over what they are expected to; and its error.

    The others are the known levels that are not named themselves.
    """
    factor, ordinary = effects.factors[dimension].copy(), lines.known(dimension)
    for (conditions, _), own in effects.named.items():
        if len(conditions) == 1 and conditions[0][0] == dimension:
            factor[conditions[0][1]] *= own
            ordinary[conditions[0][1]] = False
    seen = lines.families[dimension,].sums[weeks][1] * ordinary
    neutral = due / factor * ordinary
    others = seen.sum() - seen
    likewise = (others + LEVEL_PRIOR_EVENTS) / (neutral.sum() - neutral + LEVEL_PRIOR_EVENTS)
    return likewise / factor, error_of_few(others)


def _alone(
    lines: SliceLines, dimension: str, due: Floats, ratios: Mapping[str, tuple[Floats, Floats]]
) -> tuple[Floats, Floats]:
    ratio, err = ratios[dimension]
    usual = due * ratio
    for (d, level), same in lines.ties.items():
        if d == dimension:  # the same orders: their effect lies in the factors of all, and is held back in none
            usual[level] *= np.prod([ratios[other][0][n] for other, n in same])
    return usual, err


def _beside_levels(
    lines: SliceLines,
    effects: Effects,
    family: Family,
    due: Due,
    weeks: int,
) -> tuple[Floats, Floats]:
    """What each pair would show by its two levels, each of them as it is without the pair's lines."""
    of_pair, events = due[family.dimensions][weeks], family.sums[weeks][1]
    usual, variance = of_pair.copy(), np.zeros(family.size)
    for d, level in zip(family.dimensions, _levels(lines, family), strict=True):
        factor, seen = effects.factors[d][level], lines.families[d,].sums[lines.longest][1][level]
        others = np.maximum(seen - events, 0.0)
        neutral = np.maximum(due[d,][lines.longest][level] - of_pair, 0.0) / factor
        usual *= (others + LEVEL_PRIOR_EVENTS) / (neutral + LEVEL_PRIOR_EVENTS) / factor
        variance += error_of_few(others) ** 2
    for (conditions, of), own in effects.named.items():
        if tuple(d for d, _ in conditions) == family.dimensions and of == weeks:
            usual[conditions[0][1] * len(lines.levels[family.dimensions[1]]) + conditions[1][1]] /= own
    return usual, np.sqrt(variance)


def _levels(lines: SliceLines, family: Family) -> tuple[Codes, ...]:
    """The level numbers of each slice of a family."""
    shape = tuple(len(lines.levels[d]) for d in family.dimensions)
    return tuple(np.asarray(level) for level in np.unravel_index(np.arange(family.size), shape))


def _counted(lines: SliceLines, family: Family, weeks: int, usual: Floats, err: Floats) -> list[np.ndarray]:
    orders, events, exposure = family.sums[weeks]
    kept, levels = exposure > 0, _levels(lines, family)
    for d, level in zip(family.dimensions, levels, strict=True):
        kept &= lines.known(d)[level]
    if len(levels) > 1:
        shape = tuple(len(lines.levels[d]) for d in family.dimensions)
        kept &= ~_carried(family.sums[lines.longest][2].reshape(shape), [lines.known(d) for d in family.dimensions])
    at = np.flatnonzero(kept)
    first, second = (*family.dimensions, None)[:2]
    return [
        np.full(len(at), first, dtype=object), levels[0][at], np.full(len(at), second, dtype=object),
        levels[1][at] if second else np.full(len(at), -1), np.full(len(at), weeks), orders[at].astype(np.int64),
        events[at], exposure[at], np.clip(usual[at] / exposure[at], 0.0, 1.0), err[at],
    ]  # fmt: skip


def _carried(held: Floats, known: Sequence[np.ndarray]) -> np.ndarray:
    """Which pairs hold nearly all of what is known of one of their levels."""
    whole = held * np.outer(*known)
    sums = whole.sum(axis=1)[:, None], whole.sum(axis=0)[None, :]
    return ((whole >= TIE_SHARE * sums[0]) | (whole >= TIE_SHARE * sums[1])).ravel()


def _mutual_ties(
    codes: Mapping[str, Codes], levels: Mapping[str, Sequence[str | None]], exposure: Floats
) -> dict[tuple[str, int], list[tuple[str, int]]]:
    """By level: the levels of other dimensions that hold the same orders."""
    found: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for a, b in combinations(codes, 2):
        shape = (len(levels[a]), len(levels[b]))
        held = totals(codes[a] * shape[1] + codes[b], exposure, shape[0] * shape[1]).reshape(shape)
        held *= np.outer(*(np.array([level is not None for level in levels[d]]) for d in (a, b)))
        same = (held > 0) & (held >= TIE_SHARE * held.sum(axis=1)[:, None]) & (held >= TIE_SHARE * held.sum(axis=0))
        for i, j in np.argwhere(same).tolist():
            found.setdefault((a, i), []).append((b, j))
            found.setdefault((b, j), []).append((a, i))
    return found
