"""Greedy search for the few slices that explain a rise: take the best, subtract it, look again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aftersales.measures.slice_cells import LEVEL_PRIOR_EVENTS, Cells, Floats, totals
from aftersales.measures.slice_lattice import Lattice, event_totals, usual_totals, weight_totals
from aftersales.stats.tails import normal_isf

# A slice must still stand out at this level once the other named ones are accounted for (reference: methods 4).
RESIDUAL_P = 0.01
RESIDUAL_Z = float(normal_isf(RESIDUAL_P))
# A slice that holds this share of another's excess stands for it (reference: methods 4).
STANDS_FOR_SHARE = 0.8
# What is left is not worth another culprit below this share of the rise (reference: methods 4). It ends the search
# where no second half of the days can confirm a slice; a confirmed one is named however small. An allowance for noise
# in what is left was tried as well: on the labelled real cases it let ever smaller culprits in.
NEGLIGIBLE_SHARE = 0.1
# More culprits than a page can carry; the search ends by itself long before.
MAX_SLICES = 12
# Sweeps of the proportional fit over the named slices; overlapping slices settle within a handful.
FIT_SWEEPS = 8
# The median of a squared standard normal: what the median z² is where nothing is left over.
MEDIAN_CHI2 = 0.4549


@dataclass(frozen=True)
class View:
    """One half of the days, or all of them: events and expectation before, by slice; expectation after, by cell.

    ``prior`` is the weight, in events, of the main effects' word on how a slice stood before.
    """

    lattice: Lattice
    seen: Floats  # events after, by slice
    before: Floats  # events before + prior
    expected_before: Floats  # expected before + prior
    base: Floats  # expected after, by cell
    share: Floats  # layers' shares of the events before
    spread: float  # how many times Poisson's variance the counts have
    whole_is_fitted: bool  # without a time before, the shop's own level is fitted, not known


@dataclass(frozen=True)
class Fit:
    """Expectation after, by cell, once the named slices are accounted for; some layers have their own."""

    common: Floats
    special: dict[int, Floats]


def view_of(
    cells: Cells, lattice: Lattice, *, half: int | None, prior_events: Floats | float, spread: float = 1.0
) -> View:
    """Counts and expectations of one half (0, 1) or of all days (None)."""
    halves = range(cells.halves) if half is None else [half]
    rows = np.isin(cells.event_half, list(halves))

    def counted(period: int) -> Floats:
        use = rows & (cells.event_period == period)
        parts = (cells.event_cell[use], cells.event_count[use], cells.event_layer[use])
        return np.concatenate([event_totals(f, *parts) for f in lattice.families])

    usual = cells.expected[list(halves), 0].sum(axis=0)
    expected_before = np.concatenate([usual_totals(f, usual, cells.layer_share) for f in lattice.families])
    return View(
        lattice=lattice,
        seen=counted(1),
        before=counted(0) + prior_events,
        expected_before=expected_before + prior_events,
        base=cells.expected[list(halves), 1].sum(axis=0),
        share=cells.layer_share,
        spread=spread,
        whole_is_fitted=not cells.has_before,
    )


def expected_now(lattice: Lattice, fit: Fit, share: Floats) -> Floats:
    """The expectation of every slice under a fit."""
    return np.concatenate([weight_totals(f, fit.common, fit.special, share) for f in lattice.families])


def prior_weight(cells: Cells, lattice: Lattice) -> Floats:
    """How many events the main effects' word on a slice's time before is worth beside its own events, by slice.

    The word is as uncertain as the levels it is made of (one over the events before of each) and as slices of two and
    more conditions were seen to stand off their main effects beyond chance: τ², by the method of moments (DerSimonian
    and Laird 1986). A slice that makes up most of a level has had its say in that level's effect already, and the word
    counts only for the part that is not its own. Without a time before the expectation is the question: endless weight.
    """
    if not cells.has_before:
        return np.full(len(lattice.width), 1e9)
    view = view_of(cells, lattice, half=None, prior_events=0.0)
    use = lattice.supported & (lattice.width >= 2)
    seen, expected = view.before[use], view.expected_before[use]
    off = max(float(np.sum((seen - expected) ** 2 - expected)), 0.0) / max(float(np.sum(expected**2)), 1e-12)
    least, doubt = _level_events(cells, lattice)
    own_part = np.minimum(view.before / least, 1.0)
    return (1.0 - own_part) / (off + doubt)


def _level_events(cells: Cells, lattice: Lattice) -> tuple[Floats, Floats]:
    """By slice: the fewest events before of any of its levels, and the sum of one over them; priors included."""
    use = cells.event_period == 0
    cell, count, layer = cells.event_cell[use], cells.event_count[use], cells.event_layer[use]
    margins = [totals(code[cell], count, len(names)) for code, names in zip(cells.codes, cells.levels, strict=True)]
    of_layer = totals(layer, count, len(cells.layers)) + LEVEL_PRIOR_EVENTS
    least, doubt = [], []
    for family in lattice.families:
        held = [margins[d][family.level_of[:, at]] + LEVEL_PRIOR_EVENTS for at, d in enumerate(family.dims)]
        held = held or [np.full(len(family.level_of), count.sum() + LEVEL_PRIOR_EVENTS)]
        columns = [np.repeat(h, family.layers) for h in held]
        if family.layered:
            columns.append(np.tile(of_layer, len(family.level_of)))
        least.append(np.minimum.reduce(columns))
        doubt.append(np.add.reduce([1.0 / c for c in columns]))
    return np.concatenate(least), np.concatenate(doubt)


def standing_out(seen: Floats, expected: Floats, before: Floats, expected_before: Floats) -> Floats:
    """Signed root of twice the log-likelihood ratio of "its rate changed" against "it did not".

    Given both counts, the later one is binomial with share expected / (expected + expected before) where nothing
    changed (Przyborowski and Wilenski 1940). About standard normal then; with an endless time before, Poisson.
    """
    total = seen + before
    with np.errstate(divide="ignore", invalid="ignore"):
        usual_after = total * expected / (expected + expected_before)
        usual_before = total - usual_after
        after_part = np.where(seen > 0, seen * np.log(seen / usual_after), 0.0)
        # log1p keeps the difference where the prior is worth a billion events
        before_part = before * np.log1p((before - usual_before) / usual_before)
    gain = np.nan_to_num(np.maximum(after_part + before_part, 0.0))
    return np.sign(seen - usual_after) * np.sqrt(2.0 * gain)


def fitted(view: View, ids: Sequence[int]) -> Fit:
    """The expectation with each named slice raised (or lowered) to what was seen in it, all at once.

    Iterative proportional fitting, so that overlapping slices share what they have in common.
    """
    common, special = view.base.copy(), dict[int, Floats]()
    named = [0, *[i for i in ids if i != 0]] if view.whole_is_fitted else list(ids)
    places = [
        (i, family.rows[family.code[family.rows] == local], layer)
        for i in named
        for family, local, layer in [view.lattice.place(i)]
    ]
    for *_, layer in places:
        if layer >= 0:
            special[layer] = common.copy()
    for _ in range(FIT_SWEEPS if len(places) > 1 else 1):
        for i, rows, layer in places:
            now = _inside(common, special, view.share, rows, layer)
            target = view.seen[i] * view.expected_before[i] / view.before[i]
            factor = max(target, 1e-6) / max(now, 1e-9)
            for weights in [common, *special.values()] if layer < 0 else [special[layer]]:
                weights[rows] *= factor
    return Fit(common, special)


def _inside(common: Floats, special: dict[int, Floats], share: Floats, rows: np.ndarray, layer: int) -> float:
    if layer >= 0:
        return float(special[layer][rows].sum() * share[layer])
    left = 1.0 - sum(share[k] for k in special)
    return float(common[rows].sum() * left + sum(w[rows].sum() * share[k] for k, w in special.items()))


def leftover(view: View, fit: Fit) -> tuple[Floats, Floats]:
    """How far every slice still stands out under a fit, in standard deviations, and its excess in events."""
    now = expected_now(view.lattice, fit, view.share)
    z = standing_out(view.seen, now, view.before, view.expected_before)
    return z / np.sqrt(view.spread), view.seen - now * view.before / view.expected_before


def rising_slices(view: View, *, candidates: np.ndarray, entry_p: float, count_rivals: bool) -> tuple[int, ...]:
    """The slices named, best first: forward by evidence, then those the others explain are dropped again.

    With `count_rivals` (nothing else will confirm them) entry pays for the number of rivals, and the search ends once
    less than `NEGLIGIBLE_SHARE` of the rise is left.

    Evidence is the log-likelihood gained less the log of the number of rivals of no more
    conditions: the length of the shortest description, so a narrow slice must earn its narrowness (Rissanen 1978).
    """
    chosen: tuple[int, ...] = ()
    z, excess = leftover(view, fitted(view, chosen))
    rise = float(excess[0])
    entry_gain = 0.5 * float(normal_isf(entry_p)) ** 2
    open_to_all = candidates.copy()
    while len(chosen) < MAX_SLICES:
        gain = np.where(open_to_all & (z > 0), z**2 / 2 - view.lattice.log_rivals, -np.inf)
        best = int(np.argmax(gain))
        price = 0.0 if count_rivals else float(view.lattice.log_rivals[best])
        if gain[best] + price < entry_gain:
            break
        best = _specialised(view, chosen, _generalised(view, chosen, best, open_to_all), open_to_all)
        open_to_all[best] = False
        chosen = _still_needed(view, (*chosen, best))
        z, excess = leftover(view, fitted(view, chosen))
        if count_rivals and not view.whole_is_fitted and rise > 0 and excess[0] < NEGLIGIBLE_SHARE * rise:
            break
    return _sharpened(view, chosen, candidates)


def _sharpened(view: View, chosen: tuple[int, ...], candidates: np.ndarray) -> tuple[int, ...]:
    """Each named slice narrowed to where its excess sits, now that the others are known; what that explains goes."""
    sharp = list(chosen)
    for at, i in enumerate(sharp[:-1]):
        others = (*sharp[:at], *sharp[at + 1 :])
        narrower = _specialised(view, others, i, candidates)
        sharp[at] = i if narrower in others else narrower
    return tuple(sharp) if tuple(sharp) == chosen else _still_needed(view, tuple(sharp))


def _still_needed(view: View, chosen: tuple[int, ...]) -> tuple[int, ...]:
    kept = list(chosen)
    for i in chosen[:-1]:
        others = [k for k in kept if k != i]
        z, _ = leftover(view, fitted(view, others))
        if z[i] < RESIDUAL_Z:
            kept = others
    return tuple(kept)


def _generalised(view: View, chosen: tuple[int, ...], best: int, candidates: np.ndarray) -> int:
    """The wider slice this one is only a part of, if any; else this one.

    A parent takes the place of a child where the child's siblings went up too (those that stand out, by more than a
    negligible share of the child's own rise, hold most of what was expected beside the child), unless what the child
    has beyond its siblings' pace alone makes up `STANDS_FOR_SHARE` of the parent's excess.
    """
    fit = fitted(view, chosen)
    now = expected_now(view.lattice, fit, view.share)
    z, excess = leftover(view, fit)
    pace = np.where(now > 0, excess / np.maximum(now, 1e-9), 0.0)
    while True:
        wider = []
        for parent in view.lattice.parents(best):
            siblings = view.lattice.siblings(best, parent)
            raised = siblings[(z[siblings] >= RESIDUAL_Z) & (pace[siblings] >= NEGLIGIBLE_SHARE * pace[best])]
            beside = now[parent] - now[best]
            rest_pace = (excess[parent] - excess[best]) / max(beside, 1e-9)
            own = excess[best] - max(rest_pace, 0.0) * now[best]
            together = now[raised].sum() > beside / 2 and own < STANDS_FOR_SHARE * excess[parent]
            if candidates[parent] and together:
                wider.append(parent)
        if not wider:
            return best
        best = max(wider, key=lambda p: float(z[p]))


def _specialised(view: View, chosen: tuple[int, ...], best: int, candidates: np.ndarray) -> int:
    """The narrower slice that this one's excess really sits in, if any; else this one.

    A child stands for its parent where what it has beyond the pace of the rest of the parent makes up
    `STANDS_FOR_SHARE` of the parent's excess, and where it stands out once the parent is named.
    """
    fit = fitted(view, chosen)
    now = expected_now(view.lattice, fit, view.share)
    _, excess = leftover(view, fit)
    while True:
        children = view.lattice.children(best)
        children = children[candidates[children]]
        z, _ = leftover(view, fitted(view, (*chosen, best)))
        beside = np.maximum(now[best] - now[children], 1e-9)
        rest_pace = np.maximum((excess[best] - excess[children]) / beside, 0.0)
        own = excess[children] - rest_pace * now[children]
        fit_in = children[(own >= STANDS_FOR_SHARE * excess[best]) & (z[children] >= RESIDUAL_Z)]
        if not len(fit_in):
            return best
        best = int(fit_in[np.argmax(z[fit_in])])


def day_to_day_spread(cells: Cells, lattice: Lattice) -> float:
    """How many times Poisson's variance the counts show between odd and even days of the time before, at least 1.

    The median z² of all slices over its usual value (genomic control, Devlin and Roeder 1999): a median, so that a few
    slices with a story of their own do not make everything look noisy. 1 where days are not told apart.
    """
    if cells.halves < 2 or not cells.has_before:
        return 1.0
    odd, even = (view_of(cells, lattice, half=h, prior_events=0.0) for h in (1, 0))
    use = lattice.supported & (odd.expected_before > 0) & (even.expected_before > 0)
    z = standing_out(odd.before, odd.expected_before, even.before, even.expected_before)
    return max(1.0, float(np.median(z[use] ** 2)) / MEDIAN_CHI2) if use.any() else 1.0
