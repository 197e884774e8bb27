"""What is said of decisions taken on a fault: useless, half a cure, a complete one; and where there was no fault.

    .venv/bin/python benchmarks/decisions_on_faults.py [--seeds 200]

A shop of products (forty, fourteen, or one alone) whose rates are lognormal around 10 %, with seasons that move all of
them and weekly scatter of 5 % of each; weekly orders Pareto, those of the product in question given. A fault of three
weeks lifts its rate 1.8 to 3 times, then something is decided; eight weeks follow, the last not yet mature. Frames of
weeks as `unit_weeks` makes them go through the real `decision_effect`. Whole shops are the last group: sixty weeks of
one series with slow drift and promotions. Last, a courier's parcels are damaged in one province for five weeks and its
change is priced from order lines by the real `courier_swaps` and `driver_opportunities`.
"""

from __future__ import annotations

import argparse
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from aftersales.advice.courier_swap import courier_swaps
from aftersales.advice.effect import decision_effect
from aftersales.advice.opportunities import driver_opportunities

FIRST, BEFORE, AFTER, FAULT = date(2026, 3, 2), 12, 8, 3
MATURITY = np.array([1, 1, 1, 0.98, 0.95, 0.92, 0.87, 0.7])
EXPECTED = -0.2
COURIER_COST = 20.0


def weeks_of_shop(
    rng: np.random.Generator, *, products: int, orders: float, cure: float, lift: float, history: int = 0
) -> tuple[pl.DataFrame, float]:  # fmt: skip
    """Weeks of a shop whose first product has a fault (``lift`` 1: none) that is cured by a share; the true change."""
    past = BEFORE + history
    span = past + AFTER
    season = np.exp(0.12 * np.sin(np.arange(span) / span * 6.3 + rng.uniform(0, 6.3)) + rng.normal(0, 0.04, span))
    rate = 0.1 * rng.lognormal(0, 0.35, products)
    rate[0] = 0.12
    size = 25 * (1 + rng.pareto(1.6, products))
    size[0] = orders
    scatter = rng.gamma(400, 1 / 400, (products, span))
    chance = rate[:, None] * season * scatter
    chance[0, past - FAULT : past] *= lift
    left = 1 + (lift - 1) * (1 - cure)
    chance[0, past:] *= left
    ripe = np.concatenate([np.ones(past), MATURITY])
    sold = rng.poisson(size[:, None], (products, span))
    events = rng.binomial(sold, np.clip(chance * ripe, 0, 0.95))
    mondays = [FIRST + timedelta(weeks=k - history) for k in range(span)]
    frame = pl.DataFrame({
        "unit": np.repeat([f"p{k}" for k in range(products)], span), "week": mondays * products,
        "events": events.ravel(), "exposure": (sold * ripe).ravel(), "maturity": np.tile(ripe, products),
    })  # fmt: skip
    return frame, left / lift - 1


def told(seeds: int, *, products: int, orders: float, cure: float, fault: bool) -> dict[str, float]:
    """Shares of verdicts; how often the interval of the change, and of the share cured, holds the truth."""
    words, covered, cured, known = [], 0, 0, 0
    for seed in range(seeds):
        rng = np.random.default_rng(1000 + seed)
        lift = rng.uniform(1.8, 3) if fault else 1.0
        weeks, truth = weeks_of_shop(rng, products=products, orders=orders, cure=cure, lift=lift)
        day = FIRST + timedelta(weeks=BEFORE)
        found = decision_effect(weeks, market="cn", unit="p0", effective_from=day, expected=EXPECTED)
        words.append(found.verdict)
        covered += found.change_low is not None and found.change_low <= truth <= found.change_high
        if getattr(found, "cured", None) is not None:
            known += 1
            cured += found.cured_low <= cure <= found.cured_high
    said = {w: words.count(w) / seeds for w in ("worked", "did_not", "harmed", "cannot_tell")}
    return said | {"covered": covered / seeds, "share covered": cured / known if known else float("nan")}


def whole_shop(seeds: int) -> float:
    """How often the 90 % interval of a whole shop's decision holds the truth, of those that have one."""
    covered = known = 0
    for seed in range(seeds):
        rng = np.random.default_rng(7000 + seed)
        effect = rng.choice([0.0, -0.2, -0.4, 0.2])
        span = 60
        walk = np.cumsum(rng.normal(0, 0.03, span))
        promotion = np.where(rng.random(span) < 0.08, 1.25, 1.0)
        chance = 0.1 * np.exp(walk - walk[-AFTER]) * promotion
        chance[-AFTER:] *= 1 + effect
        ripe = np.concatenate([np.ones(span - AFTER), MATURITY])
        sold = rng.poisson(1500, span)
        frame = pl.DataFrame({
            "unit": ["shop"] * span, "week": [date(2026, 3, 2) + timedelta(weeks=k - 10) for k in range(span)],
            "events": rng.binomial(sold, np.clip(chance * ripe, 0, 0.9)), "exposure": sold * ripe, "maturity": ripe,
        })  # fmt: skip
        day = date(2026, 3, 2) + timedelta(weeks=span - AFTER - 10)
        found = decision_effect(frame, market="cn", unit="shop", effective_from=day, expected=EXPECTED)
        if found.change_low is not None:
            known += 1
            covered += found.change_low <= effect <= found.change_high
    return covered / known


def courier_benefit(seed: int, *, until: date = date(2026, 11, 8)) -> tuple[float, float, float] | None:
    """True saving a month of changing the courier, and the range that is said; None where no change is named."""
    rng = np.random.default_rng(seed)
    days = 84
    trouble = until - timedelta(days=int(rng.integers(21, 42)))
    n = int(rng.integers(180, 300)) * days
    age = rng.integers(0, days, n)
    courier = rng.choice(["A", "B", "C"], n, p=[0.5, 0.3, 0.2])
    province = rng.choice(["p1", "p2", "p3", "p4"], n, p=[0.3, 0.3, 0.2, 0.2])
    shipped = [until - timedelta(days=int(a)) for a in age]
    hit = (courier == "A") & (province == "p1") & np.array([d >= trouble for d in shipped])
    extra = rng.uniform(0.08, 0.16)
    asked = rng.random(n) < np.where(hit, 0.03 + extra, 0.03)
    wait = 1 + rng.gamma(2.0, 3.0, n).astype(int)
    seen = asked & (wait <= age)
    ids = [f"o{k}" for k in range(n)]
    at = [datetime(d.year, d.month, d.day, 12) for d in shipped]
    orders = pl.DataFrame({"order_id": ids, "courier": courier, "province": province, "shipped_at": at,
                           "paid_at": at, "category": ["x"] * n})  # fmt: skip
    refunds = pl.DataFrame({
        "refund_id": [f"r{k}" for k in np.flatnonzero(seen)], "order_id": [ids[k] for k in np.flatnonzero(seen)],
        "applied_at": [at[k] + timedelta(days=int(wait[k])) for k in np.flatnonzero(seen)],
        "reason": ["damaged"] * int(seen.sum()),
    })  # fmt: skip
    week = age < 7
    drivers = pl.DataFrame({
        "segment": ["courier=A & province=p1 & reason=damaged"], "since": [trouble], "excess": [20.0],
        "rate_before": [0.03], "rate_after": [0.03 + extra], "p_value": [0.001], "held_out": [True],
        "orders": [float(((courier == "A") & (province == "p1") & week).sum())], "headline": [""], "state": ["new"],
    })  # fmt: skip
    swaps = courier_swaps(orders, refunds, drivers, since=until - timedelta(days=days - 1), until=until)
    chances = driver_opportunities(drivers, cost_per_refund=COURIER_COST, swaps=swaps)
    named = [c for c in chances if c["lever"] == "courier_change" and c.get("than")]
    a_month = n / days * 0.5 * 0.3 * 365.25 / 12 * extra * COURIER_COST
    return (a_month, named[0]["low"], named[0]["high"]) if named else None


def main() -> None:
    """All settings, one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    seeds = parser.parse_args().seeds
    for products in (40, 14, 1):
        for name, cure, fault in (("useless", 0.0, True), ("half", 0.5, True), ("complete", 1.0, True),
                                  ("no fault", 0.0, False)):  # fmt: skip
            said = told(seeds, products=products, orders=200, cure=cure, fault=fault)
            print(f"{products:>3} products, {name:<9}", "  ".join(f"{k} {v:.3f}" for k, v in said.items()), flush=True)
    print(f"whole shop: interval covers {whole_shop(seeds):.3f}")
    named = [b for b in map(courier_benefit, range(max(seeds // 5, 20))) if b is not None]
    covered = np.mean([low <= truth <= high for truth, low, high in named])
    below = np.mean([high < truth for truth, _, high in named])
    print(f"courier change: named {len(named)} times, covers {covered:.3f}, too low {below:.3f}")


if __name__ == "__main__":
    main()
