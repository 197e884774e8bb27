"""Refunds rise by six tenths from a given week: is it said by the third week, and is it ever said to be over?

    .venv/bin/python benchmarks/rise_any_week.py [--every 1] [--orders 700] [--said 0]

A made-up shop of a level rate with both festivals (618 and Double 11: thrice the orders, half again the refunds, a week
later), once for each start week of a year. ``--said N`` also follows every N-th start for eight weeks and counts the
weeks whose sentence says "back to normal", though the rise stays.
"""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from aftersales.findings.estimates import weekly_estimates
from aftersales.findings.headline import week_verdict
from aftersales.findings.request_rate import MEASURE, as_estimates, as_seen, request_rate
from aftersales.findings.signals import judged
from aftersales.findings.weekly_measures import observed_measures
from aftersales.measures.surveillance import surveillance
from aftersales.words.periods import Week
from aftersales.words.promotions import promotion_of_day

HISTORY_WEEKS = 74
YEAR = [Week.parse("2026-W23").shift(i) for i in range(52)]
RATE, FESTIVE_RATE, RISE, FOLLOWED = 0.08, 0.12, 1.6, 8
SALES = ("mid_year_618", "double_11")


def shop(start: Week, *, orders: int, seed: int, rise: float = RISE) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders and refunds of `HISTORY_WEEKS` before ``start`` and the weeks after, whose rates are higher."""
    draw = np.random.default_rng(seed)
    first = start.shift(-HISTORY_WEEKS).monday
    days = [first + timedelta(days=d) for d in range(7 * (HISTORY_WEEKS + FOLLOWED + 1))]
    festive = np.array([promotion_of_day(d, "cn") in SALES for d in days])
    many = draw.poisson(orders / 7 * np.where(festive, 3.0, 1.0))
    day = np.repeat(np.arange(len(days)), many)
    midnight = np.datetime64(datetime.combine(first, datetime.min.time()), "us")
    paid_at = midnight + (day * 86_400 + draw.integers(0, 86_400, len(day))) * 1_000_000
    rate = np.where(festive[day], FESTIVE_RATE, RATE)
    rate *= np.where(day >= 7 * HISTORY_WEEKS, rise, 1.0)
    back = np.flatnonzero(draw.random(len(day)) < rate)
    delay = draw.gamma(1.5, 7.0, len(back)) + 7.0 * festive[day[back]]
    ids = pl.Series([f"o{i}" for i in range(len(day))])
    table = pl.DataFrame({"order_id": ids, "line_id": ids, "paid_at": paid_at, "paid": 100.0})
    asked = table[back].select(
        "order_id", refund_id="order_id", amount="paid", status=pl.lit("succeeded"), kind=pl.lit("refund_only"),
        applied_at=pl.col("paid_at") + pl.Series(delay * 86_400_000_000).cast(pl.Duration("us")),
        finished_at=pl.lit(None, pl.Datetime),
    )  # fmt: skip
    return table, asked


def as_of(orders: pl.DataFrame, refunds: pl.DataFrame, week: Week) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the files of that week would hold."""
    until = pl.col("paid_at").dt.date() <= week.sunday
    return orders.filter(until), refunds.filter(pl.col("applied_at").dt.date() <= week.sunday)


def leading(orders: pl.DataFrame, refunds: pl.DataFrame, week: Week) -> str:
    """The verdict on the refund rate by the week of asking."""
    rates = as_estimates(request_rate(*as_of(orders, refunds, week), market="cn", week=week))
    return surveillance(rates, market="cn", week=week)["verdict"].item()


def sentence(orders: pl.DataFrame, refunds: pl.DataFrame, week: Week) -> str:
    """The catalogue key of the week's sentence."""
    shown = as_of(orders, refunds, week)
    rates = request_rate(*shown, market="cn", week=week)
    seen = pl.concat([as_seen(rates, week=week), observed_measures(*shown, week=week)])
    estimates = pl.concat([as_estimates(rates), weekly_estimates(*shown, market="cn", week=week)])
    verdicts = surveillance(estimates, market="cn", week=week, weeks=FOLLOWED)
    return week_verdict(judged(seen, estimates=estimates, verdicts=verdicts), week=week).key


def found_by_third(start: Week, *, orders: int, seed: int, rise: float = RISE) -> tuple[list[str], tuple]:
    """The verdicts of the first three weeks, and the shop."""
    made = shop(start, orders=orders, seed=seed, rise=rise)
    return [leading(*made, start.shift(i)) for i in range(3)], made


def main() -> None:
    """Print the share found, the start weeks that were missed, and how often the rise was said to be over."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--every", type=int, default=1)
    words.add_argument("--orders", type=int, default=700)
    words.add_argument("--said", type=int, default=0)
    words.add_argument("--seed", type=int, default=1)
    given = words.parse_args()
    starts = YEAR[:: given.every]
    hits, back, weeks = [], 0, 0
    for i, start in enumerate(starts):
        found, made = found_by_third(start, orders=given.orders, seed=given.seed + i)
        hits.append("above" in found)
        if not hits[-1]:
            print(f"{start} missed: {', '.join(found)}")
        if given.said and i % given.said == 0:
            keys = [sentence(*made, start.shift(w)) for w in range(1, FOLLOWED + 1)]
            told = sum("back" in key for key in keys)
            back, weeks = back + told, weeks + len(keys)
            if told:
                print(f"{start}: {', '.join(keys)}")
    print(f"{MEASURE} above by the third week: {sum(hits)} of {len(hits)} start weeks")
    if weeks:
        print(f"falsely back to normal: {back} of {weeks} weeks")


if __name__ == "__main__":
    main()
