"""Opportunities: each finding with the levers that answer it, what they save a month, what they cost, whom they hurt.

An opportunity is a plain row; `advice.suggest` ranks, cuts and words them. What is saved is what the finding loses now
times the share that a lever may cure: an assumption, and the range says so. What it costs is taken off: freight or
packing on every order it touches, and the margin of what is not sold meanwhile, for a product pulled is no cure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict

import polars as pl

from aftersales.advice.levers import LEVERS, MONTH_WEEKS, Lever
from aftersales.advice.replay_record import Replay
from aftersales.advice.standardise import Swap
from aftersales.advice.terms import ASSUMED, Terms
from aftersales.measures.slices import segment_parts
from aftersales.words.periods import Week

# Lists of products and suspects hold what concerns twelve weeks.
LIST_WEEKS = 12
# The rate from which every second sale is undone: nothing short of taking it off sale helps at once.
BEYOND_REPAIR = 0.5
# A replay's interval is whole above zero, but abusers may go round the rule.
REPLAYED = 0.9
# A slice that a second half of the data did not bear out is believed half as much.
NOT_HELD_OUT = 0.5


# What these spare is time or work, not a count that would fall.
_NO_COUNT = ("close_unpaid_sooner", "auto_approve")


class Opportunity(TypedDict, total=False):
    """``low``, ``high``: saved a month · ``cost``: spent or not earned a month · ``hurt``: good orders a month."""

    lever: str
    scope: str
    finding: str
    low: float
    high: float
    cost: float
    hurt: int
    certainty: float
    threshold: float | None
    rate: float | None
    orders_a_week: float | None
    expected_change: float | None
    reason: str | None
    said: str | None
    state: str | None
    than: str | None
    overlap: float | None


def product_opportunities(
    products: pl.DataFrame,
    *,
    sunday: date,
    cost_per_refund: float,
    prices: Mapping[str, float] | None = None,
    terms: Terms = ASSUMED,
) -> list[Opportunity]:
    """One opportunity a lever that answers a row of `problem_products`; the row's own cost of a refund goes first.

    ``prices`` are what an order of each product is worth; where none is known, not selling it is priced by what its
    refunds cost.
    """
    found: list[Opportunity] = []
    for row in products.iter_rows(named=True):
        over = row["rate"] - row["expected_rate"]
        if not over > 0 or not row["excess_refunds"] > 0:
            continue
        first = row.get("first")
        listed = _weeks_since(first, sunday)
        # what came in so far is less than what will: orders count in full, not by what is known of them
        exposure = float(row.get("exposure") or row["orders"])
        matured = max(1.0, row["orders"] / exposure) if exposure > 0 else 1.0
        weeks = min(listed, _weeks_since(row["since"], sunday))
        cost = float(row.get("cost_per_refund") or cost_per_refund)
        each_month = row["excess_refunds"] * matured / weeks * MONTH_WEEKS * cost
        ends = [max(row[c] - row["expected_rate"], 0.0) / over for c in ("rate_low", "rate_high")]
        price = (prices or {}).get(row["product_id"], cost)
        for one in _answers(row):
            orders = row["orders"] / listed
            found.append(
                {
                    "lever": one.name,
                    "scope": _product_scope(row, one),
                    "finding": "problem_products",
                    "low": each_month * one.cures_low * ends[0],
                    "high": each_month * one.cures_high * ends[1],
                    **_price_of(one, orders, row["rate"], price, terms),
                    "certainty": row["probability_worse"],
                    "rate": row["rate"],
                    "orders_a_week": orders,
                    "expected_change": -one.cures_low * over / row["rate"],
                    "reason": row.get("reason"),
                    "said": row["headline"] or None,
                    "state": row.get("state"),
                }
            )
    return found


def driver_opportunities(
    drivers: pl.DataFrame,
    *,
    cost_per_refund: float,
    price: float = 0.0,
    swaps: Mapping[str, tuple[str, Swap]] | None = None,
    terms: Terms = ASSUMED,
) -> list[Opportunity]:
    """One for each lever that answers a slice of `drivers`, by the courier, batch, warehouse, place or reason in it.

    Counts of a persistent slice are of its ``weeks``, those of a change of the week.

    ``price`` is what an order is worth; ``swaps`` name, by segment, the courier to change to and what the same orders'
    rate would have been with it: where there is one, the saving is what that says, not an assumed cure.
    """
    found: list[Opportunity] = []
    for row in drivers.iter_rows(named=True):
        scope = _driver_scope(row)
        parts = segment_parts(scope)
        if not parts or not row["excess"] > 0 or not row["rate_after"]:
            continue
        weeks = row.get("weeks") or 1
        each_month = row["excess"] / weeks * MONTH_WEEKS * cost_per_refund
        over = row["rate_after"] - (row["rate_before"] or 0.0)
        sold = (row.get("orders") or 0.0) / weeks
        for one in LEVERS.values():
            if not _answers_slice(one, parts | _on_the_road(row)):
                continue
            opportunity: Opportunity = {
                "lever": one.name, "scope": scope, "finding": "drivers", "low": each_month * one.cures_low,
                "high": each_month * one.cures_high, **_price_of(one, sold, row["rate_after"], price, terms),
                "certainty": _driver_certainty(row), "rate": row["rate_after"], "orders_a_week": sold,
                "reason": parts.get("reason"), "said": row["headline"] or None, "state": row.get("state"),
                "expected_change": -one.cures_low * min(max(over, 0.0) / row["rate_after"], 1.0),
            }  # fmt: skip
            swap = (swaps or {}).get(row["segment"]) if one.name == "courier_change" else None
            found.append(_swapped(opportunity, *swap, cost_per_refund) if swap else opportunity)
    return found


def _driver_scope(row: Mapping[str, Any]) -> str:
    """The segment; where a courier alone serves it, the courier there: it can be changed, the place cannot."""
    segment = str(row["segment"])
    if row.get("kind") == "persistent" and "courier" not in segment_parts(segment):
        return next((tie for tie in row["ties"] if "courier" in segment_parts(tie)), segment)
    return segment


def _on_the_road(row: Mapping[str, Any]) -> dict[str, str]:
    """The main reason of a persistent slice, where it is one of the road: other reasons are not cured in a slice."""
    reason = row.get("main_reason") if row.get("kind") == "persistent" else None
    return {"reason": reason} if reason in LEVERS["courier_change"].reasons else {}


def _driver_certainty(row: Mapping[str, Any]) -> float:
    if row.get("kind") == "persistent":
        return float(row["probability_worse"])
    return (1 - (row.get("p_value") or 0.0)) * (1.0 if row.get("held_out", True) else NOT_HELD_OUT)


def order_opportunities(
    suspects: pl.DataFrame, replays: Mapping[str, Replay], *, week: Week, loss_per_bad: float, terms: Terms = ASSUMED
) -> list[Opportunity]:
    """Opportunities against suspected orders: each rule whose replay is worth it, or a look at those not yet shipped.

    Without a replay that says it pays, nothing is refused: people look at what is suspected, that is all.
    """
    if suspects.is_empty():
        return []
    made = suspects["created_at"].dt.date().min() if "created_at" in suspects.columns else None
    state = "still" if made is not None and made < week.monday else "new"  # type: ignore[operator]
    found: list[Opportunity] = []
    for name, replay in replays.items():
        if replay.answer != "worth" or name not in LEVERS or LEVERS[name].findings or name == "close_unpaid_sooner":
            continue
        found.append(replayed_opportunity(name, replay, finding="suspicious_orders") | {"state": state})
    if found:
        return found
    one = LEVERS["manual_review"]
    listed = suspects.unique("order_id")
    month = float(listed["probability"].sum()) / LIST_WEEKS * MONTH_WEEKS * loss_per_bad
    looked_at = listed.height / LIST_WEEKS * MONTH_WEEKS
    certainty = float(suspects["probability"].mean() or 0.0)  # type: ignore[arg-type]
    return [{
        "lever": one.name, "scope": "shop", "finding": "suspicious_orders", "low": month * one.cures_low,
        "high": month * one.cures_high, "cost": looked_at * terms.cost_per_review, "hurt": 0, "certainty": certainty,
        "threshold": 0.5, "state": state,
    }]  # fmt: skip


def service_opportunities(
    service: pl.DataFrame, replays: Mapping[str, Replay], *, terms: Terms, orders_a_week: float
) -> list[Opportunity]:
    """Opportunities against what `service_findings` found; where a lever can be replayed, the replay must say it pays.

    Of ``terms``, a complaint or a request that goes wrong costs ``cost_per_complaint`` beside the money in dispute.
    """
    found: list[Opportunity] = []
    for row in service.iter_rows(named=True):
        for one in LEVERS.values():
            if row["kind"] not in one.findings:
                continue
            if one.name in replays:
                if replays[one.name].answer == "worth":
                    found.append(replayed_opportunity(one.name, replays[one.name], finding="service"))
                    found[-1] |= {"said": row["headline"], "state": "still"}
                continue
            # money that is known to be lost on these cases is a quarter's
            month = row["excess_a_month"] * terms.cost_per_complaint + (row["money"] or 0.0) / LIST_WEEKS * MONTH_WEEKS
            found.append(
                {
                    "lever": one.name,
                    "scope": row["scope"],
                    "finding": "service",
                    "low": month * one.cures_low,
                    "high": month * one.cures_high,
                    "hurt": 0,
                    "cost": one.per_order * terms.price_level * _touched(one, row, orders_a_week),
                    "certainty": row["certainty"],
                    "said": row["headline"],
                    "state": "still",
                }
            )
        if (
            row["kind"] == "unpaid_locks"
            and (sooner := replays.get("close_unpaid_sooner"))
            and sooner.answer == "worth"
        ):
            found.append(replayed_opportunity("close_unpaid_sooner", sooner, finding="service"))
            found[-1] |= {"said": row["headline"], "state": "still"}
    return found


def replayed_opportunity(name: str, replay: Replay, *, finding: str) -> Opportunity:
    """A rule at the threshold that its replay chose: saved, lost and hurt as the replay says."""
    row, scope = replay.row, f"province={','.join(replay.provinces)}" if replay.provinces else "shop"
    all_orders = row["bad_orders"] + row["good_orders"]
    days = (replay.until - replay.since).days + 1 if replay.until and replay.since else 0
    return {
        "lever": name, "scope": scope, "finding": finding, "low": row["net_low"] + row["lost"],
        "high": row["net_high"] + row["lost"], "cost": row["lost"], "hurt": round(row["good_hurt_a_month"]),
        "certainty": REPLAYED, "threshold": row["threshold"],
        **({} if name in _NO_COUNT or not (all_orders and days) else {
            "rate": row["bad_orders"] / all_orders, "orders_a_week": all_orders / days * 7,
            "expected_change": -(row["stopped_share_low"] or 0.0),
        }),
    }  # fmt: skip


def _swapped(opportunity: Opportunity, than: str, swap: Swap, cost_per_refund: float) -> Opportunity:
    """The opportunity by what the same orders would have come to with the other courier."""
    if swap.change_low is None or swap.change_high is None or swap.rate_now is None:
        return opportunity
    # one week of a slice is its luck, and not all of it has been asked back: the swap's own weeks say more
    a_week = swap.orders_a_week if swap.orders_a_week is not None else opportunity["orders_a_week"] or 0.0
    a_month = a_week * MONTH_WEEKS * cost_per_refund * swap.overlap
    return opportunity | {
        "low": max(-swap.change_high, 0.0) * a_month,
        "high": max(-swap.change_low, 0.0) * a_month,
        "than": than,
        "overlap": swap.overlap,
        "expected_change": max(-1.0, min(0.0, swap.change_high / swap.rate_now)),
    }


def _price_of(one: Lever, orders_a_week: float, rate: float, price: float, terms: Terms) -> Opportunity:
    """What a lever costs a month on so many orders a week, and how many good ones it does not sell."""
    off = round(orders_a_week * min(one.weeks_off, MONTH_WEEKS) * (1 - rate))
    spent = one.per_order * terms.price_level * orders_a_week * MONTH_WEEKS
    return {"cost": spent + off * price * terms.margin_share, "hurt": off}


def _touched(one: Lever, row: Mapping[str, Any], orders_a_week: float) -> float:
    """Orders a month that a lever against a finding of service touches: dear parcels alone are signed for."""
    if one.name == "signed_delivery":
        # those like the ones in dispute: a twentieth of all, the dearest
        return max(row["excess_a_month"], orders_a_week * MONTH_WEEKS / 20)
    return row["excess_a_month"]


def _weeks_since(since: date | None, sunday: date) -> float:
    """Weeks that the trouble has lasted, 1 to 12; unknown is all twelve."""
    return LIST_WEEKS if since is None else min(max(((sunday - since).days + 1) / 7, 1.0), LIST_WEEKS)


def _answers(row: Mapping[str, Any]) -> list[Lever]:
    """Levers that answer a product's main reason: a batch is inspected or pulled; else the supplier is asked."""
    if row["rate_low"] >= BEYOND_REPAIR:
        return [LEVERS["delist"]]
    fitting = [one for one in LEVERS.values() if one.group == "product" and row["main_reason"] in one.reasons]
    of_batch = ("pull_batch", "inspect_batch")
    if row.get("batch"):
        return [one for one in fitting if one.name != "supplier_claim"]
    return [one for one in fitting if one.name not in of_batch]


def _answers_slice(one: Lever, parts: Mapping[str, str]) -> bool:
    """Whether a lever answers a slice: by what it can change there, or by the reason of its refunds."""
    reason, dimensions = parts.get("reason"), set(parts) & set(one.dimensions)
    if one.name in ("pull_batch", "inspect_batch"):
        return "batch" in parts
    if one.name == "region_restriction":
        # a place is given up only for what happens on the road, and where no courier is named that could be changed
        return bool(dimensions) and reason in one.reasons and "courier" not in parts
    # a courier is never changed for a province's taste: it must be in the slice, or what happens on the road
    return bool(dimensions) or reason in one.reasons


def _product_scope(row: Mapping[str, Any], one: Lever) -> str:
    scope = f"product_id={row['product_id']}"
    # what stands in the id must not change from week to week: the SKU that leads may, the batch that is pulled may not
    return f"{scope} & batch={row['batch']}" if one.name in ("pull_batch", "inspect_batch") else scope
