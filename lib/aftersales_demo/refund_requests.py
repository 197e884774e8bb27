"""Which lines a refund is asked for, when, and for what reason."""

from __future__ import annotations

import numpy as np
import polars as pl

from aftersales_demo.faults import Fault, matches
from aftersales_demo.goods import FRAGILE
from aftersales_demo.moments import DAY, HOUR, NEVER, Flags, Ints, in_working_hours
from aftersales_demo.reasons import (
    AFTER_FRAGILE,
    AFTER_HOME,
    AFTER_WOMEN,
    AT_THE_DOOR,
    BEFORE,
    ON_THE_WAY,
    STALLED,
    some_notes,
    some_reasons,
)
from aftersales_demo.spec import CANCELLED, HONEST, REFUSED, RETURNED, WAITING, ShopSpec

# What becomes of an order on its way, and of a line at home.
NOTHING, CANCEL, TURN_BACK, STALL, REFUSE, AFTER = range(6)
LOST_SHARE = 0.6  # of stalled parcels
LATEST_DAYS_AFTER = 30
ASKED_WHILE_WAITING = 0.4


def outcomes(
    orders: pl.DataFrame,
    lines: pl.DataFrame,
    faults: list[Fault],
    spec: ShopSpec,
    *,
    rng: np.random.Generator,
    fault_rng: np.random.Generator,
) -> tuple[Ints, Ints, np.ndarray, np.ndarray]:
    """What happens to every order on its way and to every line, with the reasons and notes that are not left to chance.

    `lines` has the line's product, category, after_rate, courier, province, shipped. Returns the order's outcome, the
    line's outcome, and reason and note of each line (None: not told).
    """
    fate = orders["fate"].to_numpy()
    rates = [spec.cancel_rate, spec.transit_rate, spec.stalled_rate, spec.refused_rate]
    drawn = np.searchsorted(np.cumsum(rates), rng.random(len(orders)), side="right")
    way = np.array([CANCEL, TURN_BACK, STALL, REFUSE, NOTHING])[drawn]
    way = np.where(fate == HONEST, way, np.where(fate == CANCELLED, CANCEL, np.where(fate == REFUSED, REFUSE, NOTHING)))
    # of the orders that still wait, some are already asked about
    way = np.where((fate == WAITING) & (rng.random(len(orders)) < ASKED_WHILE_WAITING), CANCEL, way)
    order_of = lines["order"].to_numpy()
    reason = orders["reason"].to_numpy()[order_of].astype(object)
    note = orders["note"].to_numpy()[order_of].astype(object)
    asks = rng.random(len(lines)) < lines["after_rate"].to_numpy()
    home = np.where(fate[order_of] == HONEST, asks, fate[order_of] == RETURNED)
    for fault in faults:
        struck = (fault_rng.random(len(lines)) < fault.extra) & _honest_reach(fault, lines, fate[order_of])
        told = np.array([*fault.notes, None, None], dtype=object)
        reason[struck] = fault.reason
        note[struck] = told[fault_rng.integers(0, len(told), size=int(struck.sum()))]
        if fault.in_transit:
            way[order_of[struck & (way[order_of] == NOTHING)]] = STALL
        else:
            home |= struck
    way[orders["unpaid"].to_numpy()] = NOTHING
    line = np.where(way[order_of] != NOTHING, way[order_of], np.where(home, AFTER, NOTHING))
    line[orders["unpaid"].to_numpy()[order_of]] = NOTHING
    return way, line, reason, note


def _honest_reach(fault: Fault, lines: pl.DataFrame, fate: Ints) -> Flags:
    return lines.select(matches(fault)).to_series().to_numpy() & (fate == HONEST)


def requests(
    orders: pl.DataFrame,
    lines: pl.DataFrame,
    *,
    way: Ints,
    line: Ints,
    reason: np.ndarray,
    note: np.ndarray,
    spec: ShopSpec,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """One row a line that is asked about: line, order, outcome, applied (s), reason, note, shipped, due.

    `applied` lies before `shipped` for what is cancelled in time. A lost or refused parcel never arrives: its `arrived`
    is `NEVER`.
    """
    asked = np.flatnonzero(line != NOTHING)
    order = lines["order"].to_numpy()[asked]
    what = line[asked]
    paid, shipped, due = (orders[c].to_numpy() for c in ("paid", "shipped", "due"))
    of_order = _applied_on_the_way(paid, shipped, due, way, rng)
    late = rng.random(len(asked)) < 0.05
    wait = np.where(late, rng.uniform(8, 28, size=len(asked)), 0.15 + rng.gamma(1.25, 2.6, size=len(asked)))
    at_home = due[order] + (np.minimum(wait, LATEST_DAYS_AFTER) * DAY).astype(np.int64)
    # buyers write by day and in the evening
    at_home = in_working_hours(at_home, rng, opens=7, closes=24)
    applied = np.where(what == AFTER, at_home, of_order[order])
    return pl.DataFrame(
        {
            "line": asked,
            "order": order,
            "outcome": what,
            "applied": applied,
            "told_reason": pl.Series(reason[asked].tolist(), dtype=pl.String),
            "told_note": pl.Series(note[asked].tolist(), dtype=pl.String),
            "category": lines["category"].gather(asked),
        }
    ).pipe(_with_reasons, before=applied < shipped[order], spec=spec, rng=rng)


def _applied_on_the_way(paid: Ints, shipped: Ints, due: Ints, way: Ints, rng: np.random.Generator) -> Ints:
    count = len(paid)
    soon = paid + 90 + rng.exponential(4.5 * HOUR, size=count).astype(np.int64)
    underway = shipped + (rng.uniform(0.1, 0.95, size=count) * (due - shipped)).astype(np.int64)
    stalled = np.maximum(due, shipped + 3 * DAY) + (rng.uniform(0.2, 6, size=count) * DAY).astype(np.int64)
    door = due + (rng.uniform(0.2, 20, size=count) * HOUR).astype(np.int64)
    times = np.select([way == CANCEL, way == TURN_BACK, way == STALL, way == REFUSE], [soon, underway, stalled, door])
    return np.where(way == NOTHING, NEVER, times)


def _with_reasons(asked: pl.DataFrame, *, before: Flags, spec: ShopSpec, rng: np.random.Generator) -> pl.DataFrame:
    what, categories = asked["outcome"].to_numpy(), asked["category"].is_in(FRAGILE).to_numpy()
    women = spec.goods == "women"
    groups = [
        (((what == CANCEL) | (what == TURN_BACK)) & before, BEFORE),
        (((what == CANCEL) | (what == TURN_BACK)) & ~before, ON_THE_WAY),
        (what == STALL, STALLED),
        (what == REFUSE, AT_THE_DOOR),
        ((what == AFTER) & categories & (not women), AFTER_FRAGILE),
        ((what == AFTER) & ~categories & (not women), AFTER_HOME),
        ((what == AFTER) & women, AFTER_WOMEN),
    ]
    reason = np.empty(len(asked), dtype=object)
    for members, shares in groups:
        reason[members] = some_reasons(shares, int(members.sum()), rng=rng)
    # lines of one order are cancelled or lost together, for one reason
    reasons = asked.with_columns(drawn=pl.Series(reason.tolist(), dtype=pl.String)).with_columns(
        drawn=pl.when(pl.col("outcome") == AFTER).then("drawn").otherwise(pl.col("drawn").first().over("order"))
    )
    reasons = reasons.with_columns(reason=pl.coalesce("told_reason", "drawn"))
    notes = some_notes(reasons["reason"], rng=rng)
    told = pl.col("told_reason").is_not_null()
    return reasons.with_columns(note=pl.when(told).then("told_note").otherwise(notes)).drop(
        "told_reason", "told_note", "drawn", "category"
    )
