"""Planted slices: does the search name exactly the slices that were made worse, and nobody where only the mix moved?

    python benchmarks/planted_drivers.py [SEEDS]

A shop of 200,000 orders with six dimensions over five weeks, base rate 6 % (varying by product, courier and province by
about a quarter). In the last week one to three slices of one to three dimensions get two to five times as many
refunds, at least 60 more each. Kinds: `earlier` compares with the four weeks before, days known (slices chosen on odd
days, tested on even); `undated` the same without days; `level` has no earlier weeks, the whole shop at 6 % and 200,000
orders in the week; `mix` moves the orders between products of very different rates and plants nothing; `nothing`
plants nothing. Reason slices: `reason` plants product × reason.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import polars as pl

from aftersales.measures.slices import driving_slices

SIZES = {"product": 80, "courier": 6, "province": 31, "channel": 4, "warehouse": 5, "batch": 40}
REASONS = ("size", "quality", "damaged", "late_ship", "no_reason", "other")
BASE_RATE, LEAST_EXCESS = 0.06, 60
KINDS = ("earlier", "undated", "level", "reason", "mix", "nothing")


def _rates(draw, codes, kind):
    n = len(codes["product"])
    if kind == "level":
        return np.full(n, BASE_RATE)
    spread = {"product": 0.7} if kind == "mix" else {"product": 0.25, "courier": 0.25, "province": 0.25}
    rate = np.ones(n)
    for d, sd in spread.items():
        rate *= np.exp(draw.normal(0, sd, SIZES[d]))[codes[d]]
    return BASE_RATE * rate / rate.mean()


def _planted(draw, codes, rate, after, reason, with_reason):
    """The slices and the orders whose refund is an extra one."""
    risen, truth, taken = np.zeros(len(rate), dtype=bool), [], np.zeros(len(rate), dtype=bool)
    wanted = int(draw.integers(1, 4))
    for _ in range(2000):
        if len(truth) == wanted:
            break
        dims = draw.choice(
            ["product"] if with_reason else list(SIZES), 1 if with_reason else draw.integers(1, 4), False
        )
        row = int(draw.integers(len(rate)))
        rows = after & np.logical_and.reduce([codes[d] == codes[d][row] for d in dims])
        share = np.full(len(rate), 1.0)
        words = {str(d): f"{d}{codes[d][row]}" for d in dims}
        if with_reason:
            share *= 1 / len(REASONS)
            words["reason"] = REASONS[reason[row]]
        extra = np.minimum((draw.uniform(2, 5) - 1) * rate * share, 0.9)
        if (rows & taken).any() or extra[rows].sum() < LEAST_EXCESS:
            continue
        hit = rows & (draw.random(len(rate)) < extra)
        if with_reason:
            reason[hit] = reason[row]
        risen |= hit
        taken |= rows
        truth.append(frozenset(words.items()))
    return risen, truth


def shop(seed: int, *, kind: str, orders: int = 200_000):
    """Exposures, events, the planted slices and the number of planted refunds."""
    draw = np.random.default_rng([seed, KINDS.index(kind)])
    weeks_before = 0 if kind == "level" else 4
    day = draw.integers(0, 7 * (weeks_before + 1), orders)
    after = day >= 7 * weeks_before
    codes = {}
    for d, size in SIZES.items():
        popularity = np.arange(1, size + 1) ** -0.7
        popularity /= popularity.sum()
        codes[d] = draw.choice(size, orders, p=popularity)
        if kind == "mix" and d == "product":
            codes[d] = np.where(after, draw.choice(size, orders, p=draw.permutation(popularity)), codes[d])
    rate, reason = _rates(draw, codes, kind), draw.integers(0, len(REASONS), orders)
    hit = draw.random(orders) < rate
    risen, truth = np.zeros(orders, dtype=bool), []
    if kind not in ("mix", "nothing"):
        risen, truth = _planted(draw, codes, rate, after, reason, kind == "reason")
    risen &= ~hit | (kind == "reason")
    frame = pl.DataFrame({d: np.char.add(d, c.astype(str)) for d, c in codes.items()}).with_columns(
        after=pl.Series(after),
        day=pl.date(2026, 1, 5) + pl.duration(days=pl.Series(day)),
        reason=pl.Series(np.array(REASONS)[reason]),
        events=pl.Series((hit | risen).astype(float)),
    )
    exposures, events = frame.with_columns(exposure=pl.lit(1.0)), frame.filter(pl.col("events") > 0)
    if kind in ("undated", "level"):
        exposures, events = exposures.drop("day"), events.drop("day")
    return exposures, events, set(truth), int(risen.sum())


def scores(seeds: int, *, kind: str, orders: int = 200_000) -> dict[str, float]:
    """F1 of exact slices, share of planted refunds explained, of cases with a wrong name, seconds a case."""
    hits = named = planted = extra = 0
    wrong_cases, explained, spent = 0, 0.0, 0.0
    for seed in range(seeds):
        exposures, events, truth, risen = shop(seed, kind=kind, orders=orders)
        began = time.perf_counter()
        found = driving_slices(
            exposures, events, dimensions=list(SIZES), event_dimension="reason" if kind == "reason" else None
        )
        spent += time.perf_counter() - began
        slices = {frozenset((c["dimension"], c["level"]) for c in row) for row in found["conditions"]}
        hits, named, planted = hits + len(slices & truth), named + len(slices), planted + len(truth)
        explained, extra = explained + min(found["excess"].sum(), risen), extra + risen
        wrong_cases += bool(slices - truth)
    return {
        "f1": 2 * hits / (named + planted) if planted else float("nan"),
        "precision": hits / named if named else float("nan"),
        "recall": hits / planted if planted else float("nan"),
        "explained": explained / extra if extra else float("nan"),
        "cases_with_a_wrong_name": wrong_cases / seeds,
        "seconds": spent / seeds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="?", type=int, default=30)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    asked = parser.parse_args()
    for kind in asked.kinds:
        line = scores(asked.seeds, kind=kind)
        print(f"{kind:8s} {asked.seeds} seeds  " + "  ".join(f"{k} {v:.3f}" for k, v in line.items()), flush=True)


if __name__ == "__main__":
    main()
