"""How often a decision is called "worked": where nothing was done, where the worst was picked, and where it helped.

    .venv/bin/python benchmarks/effect_power.py [--draws 1000]

A draw is a shop of sixty products: rates Beta with mean 12 % and the weight of 60 orders, weekly orders lognormal
around 60; twelve weeks before, four after, whose maturity falls from 95 to 82 %. One product has a decision taken on
it, expected to lower its rate by a fifth or more. It is any of a given size; or the one furthest above the shop's rate,
by its last four weeks (a spike) or by all twelve. The real function is called on a frame of weeks as a shop has it.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta

import numpy as np
import polars as pl

from aftersales.advice.effect import decision_effect

PRODUCTS, BEFORE, BASE = 60, 12, 0.12
MATURITY = np.array([0.95, 0.92, 0.88, 0.82])
MONDAYS = [date(2026, 3, 2) + timedelta(weeks=k) for k in range(BEFORE + len(MATURITY))]
EXPECTED = -0.2


def shop(rng: np.random.Generator, *, chosen: str, size: float, effect: float) -> tuple[pl.DataFrame, str]:
    """One shop's weeks, and the product that something was done about."""
    rate = rng.beta(BASE * 60, (1 - BASE) * 60, PRODUCTS)
    weekly = rng.lognormal(np.log(60), 0.9, PRODUCTS)
    at = 0
    if chosen == "any":
        weekly[0] = size
        rate[0] = BASE if effect else rate[0]
    orders = rng.poisson(weekly[:, None], (PRODUCTS, len(MONDAYS))).astype(float)
    ripe = np.concatenate([np.ones(BEFORE), MATURITY])
    events = rng.binomial(orders.astype(int), rate[:, None] * ripe).astype(float)
    if chosen != "any":
        span = slice(BEFORE - 4, BEFORE) if chosen == "spike" else slice(0, BEFORE)
        due = BASE * orders[:, span].sum(1)
        at = int(np.argmax((events[:, span].sum(1) - due) / np.sqrt(due + 1)))
    later = orders[at, BEFORE:].astype(int)
    events[at, BEFORE:] = rng.binomial(later, rate[at] * (1 + effect) * MATURITY)
    names = [f"p{k}" for k in range(PRODUCTS)]
    weeks = pl.DataFrame({
        "unit": np.repeat(names, len(MONDAYS)), "week": MONDAYS * PRODUCTS, "events": events.ravel(),
        "exposure": (orders * ripe).ravel(), "maturity": np.tile(ripe, PRODUCTS),
    })  # fmt: skip
    return weeks, f"p{at}"


def tried(
    draws: int, *, chosen: str = "any", size: float = 100.0, effect: float = 0.0, seed: int = 1
) -> tuple[float, float]:
    """Shares of draws called "worked", and whose interval holds the truth."""
    rng = np.random.default_rng(seed)
    worked = covered = 0
    for _ in range(draws):
        weeks, unit = shop(rng, chosen=chosen, size=size, effect=effect)
        found = decision_effect(weeks, market="cn", unit=unit, effective_from=MONDAYS[BEFORE], expected=EXPECTED)
        worked += found.verdict == "worked"
        covered += found.change_low is not None and found.change_low <= effect <= found.change_high
    return worked / draws, covered / draws


def main() -> None:
    """The table of all settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    draws = parser.parse_args().draws
    print("no effect                   worked  covered")
    for size in (50, 200):
        print(f"  any, {size:>3} orders a week     {'{:6.1%}  {:6.1%}'.format(*tried(draws, size=size))}")
    for chosen in ("spike", "worst"):
        print(f"  chosen as the {chosen}       {'{:6.1%}  {:6.1%}'.format(*tried(draws, chosen=chosen))}")
    print("three tenths fewer refunds")
    for size in (50, 100, 200, 500):
        print(f"  any, {size:>3} orders a week     {'{:6.1%}  {:6.1%}'.format(*tried(draws, size=size, effect=-0.3))}")


if __name__ == "__main__":
    main()
