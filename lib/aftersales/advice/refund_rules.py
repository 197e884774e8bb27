"""A rule on refunds replayed: approving small refund-only requests at once, up to each of several amounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from aftersales.advice.replay_record import COLUMNS, DAYS_A_MONTH, OLDER_SHARE, Replay, answer_of, with_flat
from aftersales.advice.resampling import Drawn, Resampling
from aftersales.measures.requests import refund_requests
from aftersales.tables.columns import Frame

AMOUNTS = (5.0, 10.0, 20.0, 30.0, 50.0, 80.0)


def replay_auto_approve(
    refunds: Frame,
    *,
    until: date,
    since: date,
    handling: float,
    thresholds: Sequence[float] | None = None,
    seed: int = 1,
) -> Replay:
    """What approving every refund-only request of goods received, up to an amount, would have saved and cost.

    ``handling`` is what a service worker's look at one request costs. Saved: that, of every request that would have
    gone through by itself. Lost: the money of those that ended without a refund, withdrawn or settled otherwise, and
    would now be paid. The same columns as `replay`: bad_stopped counts requests not looked at any more, bad_orders all
    such requests, good_hurt those that would be paid though they were not. Cases are orders. Requests still open and
    those without an amount (``unpriced``) are left out; people who ask for small sums because they are never looked at
    are not in the past, and the headline says so. ``thresholds``: amounts to try, lowest
    first, instead of `AMOUNTS`.

    >>> from datetime import datetime, timedelta
    >>> at = [datetime(2026, 7, 1) + timedelta(days=k) for k in range(120)]
    >>> refunds = pl.DataFrame({"refund_id": [str(k) for k in range(120)], "order_id": [str(k) for k in range(120)],
    ...     "kind": ["refund_only"] * 120, "phase": ["after_receipt"] * 120, "status": ["succeeded"] * 120,
    ...     "amount": [4.0 if k % 2 else 60.0 for k in range(120)], "applied_at": at, "finished_at": at})
    >>> found = replay_auto_approve(refunds, until=date(2026, 11, 1), since=date(2026, 7, 1), handling=3)
    >>> found.answer, found.threshold, found.table["bad_stopped"].to_list()
    ('worth', 80.0, [18, 18, 18, 18, 18, 36])
    """
    asked = refund_requests(refunds, until=until).filter(
        pl.col("kind") == "refund_only",
        pl.col("phase") == "after_receipt",
        pl.col("state") != "open",
        pl.col("applied_at").dt.date() >= since,
    )
    amount, paid = pl.col("amount").cast(pl.Float64), pl.col("state") == "succeeded"
    whole = asked.select("order_id", "applied_at", amount, paid=paid).drop_nulls("applied_at")
    asked_for = whole.sort("applied_at", "order_id").collect()
    rows = asked_for.drop_nulls("amount")
    unpriced = asked_for.height - rows.height
    if rows.is_empty():
        return Replay("auto_approve", "cannot_say", None, 0, with_flat(pl.DataFrame(schema=COLUMNS)), unpriced=unpriced)
    time = rows["applied_at"].dt.epoch("us").to_numpy()
    cut = time[0] + OLDER_SHARE * (time[-1] - time[0])
    new = time > cut
    spans = [max(span / 86_400e6 / DAYS_A_MONTH, 1e-9) for span in (cut - time[0], time[-1] - cut)]
    drawn = Resampling(
        rows["order_id"].filter(pl.Series(new)), rng=np.random.default_rng(seed), weight=rows["amount"].to_numpy()[new]
    )
    part = _Part(rows["amount"].to_numpy(), rows["paid"].to_numpy(), new, spans[0], spans[1])
    table = with_flat(
        pl.DataFrame([_row(t, part, drawn, handling=handling) for t in thresholds or AMOUNTS], schema=COLUMNS)
    )
    flat: list[float] = table.filter("flat")["threshold"].to_list()
    # of amounts about equally good the largest: every one of them leaves less to look at
    chosen = flat[-1] if flat else None
    cases = int(new.sum())
    days = rows["applied_at"].filter(pl.Series(new)).dt.date()
    return Replay(
        "auto_approve",
        answer_of(table, chosen, cases),
        chosen,
        cases,
        table,
        since=days.min(),  # type: ignore[arg-type]
        until=days.max(),  # type: ignore[arg-type]
        unpriced=unpriced,
    )


class _Part(NamedTuple):
    """All requests: amount, whether paid, whether in the newest part; and the months of both parts."""

    amount: np.ndarray
    paid: np.ndarray
    new: np.ndarray
    months_before: float
    months: float


def _row(threshold: float, part: _Part, drawn: Resampling, *, handling: float) -> dict:
    amount, paid, new = part.amount, part.paid, part.new
    met = amount <= threshold
    saved, lost = np.where(met & paid, handling, 0.0), np.where(met & ~paid, amount, 0.0)
    cases = drawn.of(np.column_stack([saved[new], lost[new], (saved - lost)[new], met[new], np.ones(new.sum())]))
    net: Drawn = cases.drawn(2)
    share = cases.share_interval(3, 4)
    row: dict = dict.fromkeys(COLUMNS)
    row |= {
        "threshold": threshold,
        "bad_orders": int(new.sum()),
        "bad_stopped": int((met & new).sum()),
        "stopped_share": float(met[new].mean()),
        "stopped_share_low": share[0],
        "stopped_share_high": share[1],
        "good_orders": int((new & ~paid).sum()),
        "good_hurt": int((met & new & ~paid).sum()),
        "reviews": 0,
        "net_older": (saved - lost)[~new].sum() / part.months_before,
        "known_share": 1.0,
    }
    row["good_hurt_a_month"] = row["good_hurt"] / part.months
    row["good_hurt_share"] = row["good_hurt"] / row["good_orders"] if row["good_orders"] else None
    ends = {
        "saved": (saved[new].sum(), *cases.interval(0)), "lost": (lost[new].sum(), *cases.interval(1)),
        "net": (net.total, *net.interval()),
    }  # fmt: skip
    for name, values in ends.items():
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), (x / part.months for x in values), strict=True))
    return row
