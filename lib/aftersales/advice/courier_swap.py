"""Which courier to change to: what the same orders' refund rate would have been with each other one serving there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import polars as pl

from aftersales.advice.known_share import known_share
from aftersales.advice.standardise import COLUMNS, LEAST_SUPPORT, Swap, swapped_rate
from aftersales.measures.inputs import columns_of
from aftersales.measures.requests import refund_requests
from aftersales.measures.slices import segment_parts
from aftersales.tables.columns import Frame, steady_sum
from aftersales.tables.orders import Orders

# A comparison that holds for less than half of the orders says little of the rest.
LEAST_OVERLAP = 0.5
# What the courier can be blamed for; of other refunds no courier is better than another.
ON_THE_ROAD = ("lost_or_stalled", "damaged", "refused_parcel", "late_ship", "missing_or_empty")


def courier_swaps(
    orders: Frame, refunds: Frame, drivers: pl.DataFrame, *, since: date, until: date
) -> Mapping[str, tuple[str, Swap]]:
    """By segment of ``drivers`` that names a courier: the best other courier and the swap to it.

    Orders shipped from ``since`` on (those of the segment's own courier from when its trouble began), with the
    segment's other parts (province, product …); strata are the categories and provinces that the segment does not name,
    or all in one where the other courier has hardly carried any. Only refunds for what happens on the road count; young
    orders count by the share of such refunds that is known at their age (`known_share`). A courier is named only where
    half of the orders or more have a like one, and where the whole interval of the change lies below zero.

    >>> none = pl.DataFrame(schema={"segment": pl.String})
    >>> dict(courier_swaps(none, none, none, since=date(2026, 8, 1), until=date(2026, 11, 1)))
    {}
    """
    found: dict[str, tuple[str, Swap]] = {}
    for row in drivers.unique("segment").sort("segment").iter_rows(named=True):
        parts = segment_parts(row["segment"])
        now = parts.pop("courier", None)
        if now is None:
            continue
        reason = parts.pop("reason", None)
        where = {k: v for k, v in parts.items() if k in Orders.columns()}
        reasons = (reason,) if reason in ON_THE_ROAD else ON_THE_ROAD
        began = {now: max(row.get("since") or since, since)}
        rows = _orders(orders, refunds, where, reasons, since=since, until=until, began=began)
        for strata in ([c for c in ("province", "category") if c not in where], []):
            best = _best(_cells(rows, strata, until=until), now)
            if best is not None:
                found[row["segment"]] = best[0], replace(best[1], orders_a_week=_a_week(rows, now, until=until))
                break
    return found


def _a_week(rows: pl.DataFrame, now: str, *, until: date) -> float:
    """Orders of a courier a week over its whole weeks, young ones in full; of less than a week, its days' pace."""
    days = rows.filter(pl.col("option") == now)["shipped_at"].dt.date()
    whole = max(((until - days.min()).days + 1) // 7 * 7, 1)  # type: ignore[operator, union-attr]
    return int((days > until - timedelta(days=whole)).sum()) / whole * 7


def _best(cells: pl.DataFrame, now: str) -> tuple[str, Swap] | None:
    if now not in cells["option"]:
        return None
    enough = (
        cells.group_by("option", maintain_order=True)
        .agg(pl.col("exposure").sum())
        .filter(pl.col("exposure") >= LEAST_SUPPORT)
    )
    options = sorted(o for o in enough["option"] if o != now)
    swaps = [(then, swapped_rate(cells, now=now, then=then)) for then in options]
    sure = [(t, s) for t, s in swaps if s.overlap >= LEAST_OVERLAP and s.change_high is not None and s.change_high < 0]
    return min(sure, key=lambda pair: pair[1].change or 0.0, default=None)


def _orders(
    orders: Frame,
    refunds: Frame,
    where: Mapping[str, str],
    reasons: tuple[str, ...],
    *,
    since: date,
    until: date,
    began: Mapping[str, date],
) -> pl.DataFrame:
    """One row an order: option (courier), shipped_at, province, category, asked; of those in ``began`` later ones."""
    columns = ["order_id", "courier", "shipped_at", "province", "category", *where]
    lines = columns_of(orders, Orders, columns, needed=["order_id"]).filter(
        pl.col("shipped_at").dt.date().is_between(since, until), *(pl.col(k) == v for k, v in where.items())
    )
    heads = lines.group_by("order_id").agg(
        pl.col("shipped_at").min(),
        pl.col("province", "category").first(),
        option=pl.col("courier").drop_nulls().first(),
    )
    asked = refund_requests(refunds, until=until).filter(pl.col("reason").is_in(list(reasons)))
    marked = asked.group_by("order_id").agg(pl.col("applied_at").min()).with_columns(asked=pl.lit(value=True))
    early = pl.any_horizontal(
        (pl.col("option") == courier) & (pl.col("shipped_at").dt.date() < day) for courier, day in began.items()
    )
    rows = heads.drop_nulls("option").filter(~early).join(marked, on="order_id", how="left")
    return rows.with_columns(pl.col("asked").fill_null(value=False)).sort("order_id").collect()


def _cells(rows: pl.DataFrame, strata: list[str], *, until: date) -> pl.DataFrame:
    """Events and exposure by courier and stratum."""
    if rows.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(COLUMNS[:2], pl.String) | dict.fromkeys(COLUMNS[2:], pl.Float64))
    shipped = pl.col("shipped_at").dt.date()
    aged = rows.with_columns(
        age=(pl.lit(until) - shipped).dt.total_days().cast(pl.Float64) + 1,
        delay=(pl.col("applied_at").dt.date() - shipped).dt.total_days().clip(0).cast(pl.Float64),
    )
    told = aged.drop_nulls("delay")
    known = known_share(told["delay"].to_numpy(), told["age"].to_numpy(), aged["age"].to_numpy())
    rows = aged.with_columns(known=pl.Series(known))
    named = [pl.col(c).fill_null("–") for c in strata]
    return (
        rows.group_by("option", stratum=pl.concat_str(named, separator=" · ") if named else pl.lit("all"))
        .agg(events=pl.col("asked").sum().cast(pl.Int64), exposure=steady_sum(pl.col("known")))
        .select(COLUMNS)
        .sort("option", "stratum")
    )
