"""Chances: each finding with the levers that answer it, what they may save a month, and whom they hurt.

A chance is a plain row; `advice.suggest` ranks, cuts and words them. Money is what the finding loses now times the
share that a lever may cure: an assumption, and the range says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from aftersales.advice.levers import LEVERS, Lever
from aftersales.advice.replay import DAYS_A_MONTH, Replay

WEEKS_A_MONTH = DAYS_A_MONTH / 7
# Lists of products and suspects hold what concerns twelve weeks.
LIST_WEEKS = 12
# The rate from which every second sale is undone: nothing short of taking it off sale helps at once.
BEYOND_REPAIR = 0.5
# A replay's interval is whole above zero, but abusers may go round the rule.
REPLAYED = 0.9
# A slice that a second half of the data did not bear out is believed half as much.
NOT_HELD_OUT = 0.5

Chance = dict[str, Any]


def product_chances(products: pl.DataFrame, *, sunday: date, cost_per_refund: float) -> list[Chance]:
    """One chance a lever that answers a row of `problem_products`; the row's own cost of a refund goes first."""
    found: list[Chance] = []
    for row in products.iter_rows(named=True):
        over = row["rate"] - row["expected_rate"]
        if not over > 0 or not row["excess_refunds"] > 0:
            continue
        weeks = _weeks_since(row["since"], sunday)
        cost = row.get("cost_per_refund") or cost_per_refund
        each_month = row["excess_refunds"] / weeks * WEEKS_A_MONTH * float(cost)
        ends = [max(row[c] - row["expected_rate"], 0.0) / over for c in ("rate_low", "rate_high")]
        orders = row["orders"] / LIST_WEEKS
        for one in _answers(row):
            low, high = each_month * one.cures_low * ends[0], each_month * one.cures_high * ends[1]
            hurt = round(orders * WEEKS_A_MONTH * (1 - row["rate"])) if one.stops_selling else 0
            found.append({
                "lever": one.name, "scope": _product_scope(row, one), "finding": "problem_products",
                "low": low, "high": high, "hurt": hurt, "certainty": row["probability_worse"], "threshold": None,
                "rate": row["rate"], "orders_a_week": orders, "expected_change": -one.cures_low * over / row["rate"],
                "title": row["title"],
            })  # fmt: skip
    return found


def driver_chances(drivers: pl.DataFrame, *, cost_per_refund: float) -> list[Chance]:
    """One chance a lever that answers a slice of `drivers`: by the courier, batch, warehouse or reason in it."""
    found: list[Chance] = []
    for row in drivers.iter_rows(named=True):
        parts = dict(p.split("=", 1) for p in row["segment"].split(" & ") if "=" in p)
        if not parts or not row["excess"] > 0 or not row["rate_after"]:
            continue
        each_month = row["excess"] * WEEKS_A_MONTH * cost_per_refund
        certainty = (1 - (row.get("p_value") or 0.0)) * (1.0 if row.get("held_out", True) else NOT_HELD_OUT)
        over = row["rate_after"] - (row["rate_before"] or 0.0)
        for one in LEVERS.values():
            if not (set(parts) & set(one.dimensions) or parts.get("reason") in one.reasons):
                continue
            # a change of courier answers a courier or what happens on the road, never a province's taste
            if one.name == "pull_batch" and "batch" not in parts:
                continue
            sold = row.get("orders") or 0.0
            hurt = round(sold * WEEKS_A_MONTH * (1 - row["rate_after"])) if one.stops_selling else 0
            found.append({
                "lever": one.name, "scope": row["segment"], "finding": "drivers", "low": each_month * one.cures_low,
                "high": each_month * one.cures_high, "hurt": hurt, "certainty": certainty, "threshold": None,
                "rate": row["rate_after"], "orders_a_week": sold,
                "expected_change": -one.cures_low * min(max(over, 0.0) / row["rate_after"], 1.0), "title": None,
            })  # fmt: skip
    return found


def order_chances(suspects: pl.DataFrame, replays: Mapping[str, Replay], *, loss_per_bad: float) -> list[Chance]:
    """Chances against suspected orders: each rule whose replay is worth it, or a look at those not yet shipped.

    Without a replay that says it pays, nothing is refused: people look at what is suspected, that is all.
    """
    if suspects.is_empty():
        return []
    found: list[Chance] = []
    for name, replay in replays.items():
        if replay.answer != "worth" or name not in LEVERS:
            continue
        row, scope = replay.row, f"province={','.join(replay.provinces)}" if replay.provinces else "shop"
        found.append({
            "lever": name, "scope": scope, "finding": "suspicious_orders", "low": row["net_low"],
            "high": row["net_high"], "hurt": round(row["good_hurt_a_month"]),
            "certainty": REPLAYED, "threshold": row["threshold"], "rate": None, "orders_a_week": None,
            "expected_change": None, "title": None,
        })  # fmt: skip
    if found:
        return found
    one = LEVERS["manual_review"]
    expected = float(suspects.unique("order_id")["probability"].sum())
    month = expected / LIST_WEEKS * WEEKS_A_MONTH * loss_per_bad
    certainty = float(suspects["probability"].mean() or 0.0)  # type: ignore[arg-type]
    return [{
        "lever": one.name, "scope": "shop", "finding": "suspicious_orders", "low": month * one.cures_low,
        "high": month * one.cures_high, "hurt": 0, "certainty": certainty, "threshold": 0.5, "rate": None,
        "orders_a_week": None, "expected_change": None, "title": None,
    }]  # fmt: skip


def _weeks_since(since: date | None, sunday: date) -> float:
    """Weeks that the trouble has lasted, 1 to 12; unknown is all twelve."""
    return LIST_WEEKS if since is None else min(max(((sunday - since).days + 1) / 7, 1.0), LIST_WEEKS)


def _answers(row: Mapping[str, Any]) -> list[Lever]:
    """Levers that answer a product's main reason: a batch is pulled; else the supplier is asked."""
    if row["rate_low"] >= BEYOND_REPAIR:
        return [LEVERS["delist"]]
    fitting = [one for one in LEVERS.values() if one.group == "product" and row["main_reason"] in one.reasons]
    if row.get("batch"):
        return [one for one in fitting if one.name != "supplier_claim"]
    return [one for one in fitting if one.name != "pull_batch"]


def _product_scope(row: Mapping[str, Any], one: Lever) -> str:
    scope = f"product_id={row['product_id']}"
    # what stands in the id must not change from week to week: the SKU that leads may, the batch that is pulled may not
    return f"{scope} & batch={row['batch']}" if one.name == "pull_batch" else scope
