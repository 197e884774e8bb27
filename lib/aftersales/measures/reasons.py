"""What refunds are about: how requests split by reason, kind or phase, week by week, and against what is usual."""

from __future__ import annotations

from datetime import date
from typing import Literal

import polars as pl

from aftersales.measures.cohorts import period_start, with_gaps
from aftersales.measures.requests import WITH_MONEY, refund_requests
from aftersales.stats.intervals import rate, wilson
from aftersales.tables.columns import MONEY, Frame, known_sum
from aftersales.words.errors import unknown
from aftersales.words.periods import Week

Split = Literal["reason", "kind", "phase", "source"]
SPLITS = ("reason", "kind", "phase", "source")
# Six weeks before the one looked at: long enough to settle a share, short enough to be the same season (6-12 chart).
USUAL_WEEKS = 6


def refund_mix(refunds: Frame, *, by: Split = "reason", until: date, since: date | None = None) -> pl.DataFrame:
    """How refund requests divide by reason, kind or phase: counts, money and shares of a named whole.

    The whole is all requests asked for up to ``until``; with ``since``, those asked for from that day on, and undated
    requests are left out. Money is that of succeeded or open requests, as asked for.

    Columns out: the split (null as "unknown"), cases, orders, amount, whole_cases, share_cases, low, high (Wilson
    90 %), whole_amount, share_amount, running_share (share_cases added up from the top). Sorted by cases, most first,
    then name. No rows where there are no requests.

    >>> refunds = pl.DataFrame({"refund_id": ["1", "2", "3"], "order_id": ["a", "b", "c"],
    ...     "reason": ["size", "size", None], "status": ["succeeded"] * 3})
    >>> refund_mix(refunds, until=date(2026, 11, 15)).select("reason", "cases", "whole_cases").rows()
    [('size', 2, 3), ('unknown', 1, 3)]
    """
    _check(by)
    requests = refund_requests(refunds, until=until)
    if since is not None:
        requests = requests.filter(pl.col("applied_at").dt.date() >= since)
    counts = requests.group_by(pl.col(by).fill_null("unknown")).agg(_cases()).collect(engine="streaming")
    share = rate(pl.col("cases"), pl.col("whole_cases"))
    low, high = wilson(pl.col("share_cases"), pl.col("whole_cases"))
    return (
        counts.sort(["cases", by], descending=[True, False])
        .with_columns(whole_cases=pl.col("cases").sum(), whole_amount=known_sum(pl.col("amount")).cast(MONEY))
        .with_columns(share_cases=share, share_amount=rate(pl.col("amount"), pl.col("whole_amount")))
        .with_columns(low=low, high=high, running_share=pl.col("cases").cum_sum() / pl.col("whole_cases"))
        .select(
            by,
            "cases",
            "orders",
            "amount",
            "whole_cases",
            "share_cases",
            "low",
            "high",
            "whole_amount",
            "share_amount",
            "running_share",
        )
    )


def weekly_requests(refunds: Frame, *, until: date, by: Split | None = None, since: date | None = None) -> pl.DataFrame:
    """Refund requests by the week they were asked for in: counts, never a rate.

    A count per week of asking has no fair denominator in the orders of that week: after a sales peak the requests come
    later than the orders. Undated requests are in no week and are left out.

    Columns out: week (Date, its Monday), the split where given (null as "unknown"), whole (the week ended by
    ``until``), cases, orders, first_requests (orders that had not asked before), amount (succeeded or open). Sorted by
    week, then split; a week without requests is a row of zeros. No rows where no request has a date.

    >>> from datetime import datetime
    >>> refunds = pl.DataFrame({"refund_id": ["1", "2", "3"], "order_id": ["a", "a", "c"],
    ...     "applied_at": [datetime(2026, 11, 2), datetime(2026, 11, 3), datetime(2026, 11, 17)]})
    >>> weekly_requests(refunds, until=date(2026, 11, 22)).select("week", "cases", "first_requests").rows()
    [(datetime.date(2026, 11, 2), 2, 1), (datetime.date(2026, 11, 9), 0, 0), (datetime.date(2026, 11, 16), 1, 1)]
    """
    columns = [] if by is None else [_check(by)]
    requests = refund_requests(refunds, until=until).filter(pl.col("applied_at").is_not_null())
    requests = requests.sort("applied_at", "refund_id").with_columns(first=pl.col("order_id").is_first_distinct())
    if since is not None:
        requests = requests.filter(pl.col("applied_at").dt.date() >= since)
    counts = (
        requests.with_columns(pl.col(columns).fill_null("unknown"), cohort=period_start("applied_at", "week"))
        .group_by("cohort", *columns)
        .agg(*_cases(), pl.col("first").sum().cast(pl.Int64).alias("first_requests"))
        .collect(engine="streaming")
    )
    gaps = with_gaps(counts, period="week", columns=columns, until=until).rename({"cohort": "week"})
    return gaps.select("week", *columns, "whole", "cases", "orders", "first_requests", "amount")


def mix_against_usual(refunds: Frame, *, by: Split = "reason", week: Week) -> pl.DataFrame:
    """The split of one week's requests against the six weeks before it: which reasons are more than usual.

    Columns out: the split, cases (that week), usual_cases (mean of the weeks before), share, low, high (Wilson 90 %),
    usual_share (pooled over the weeks before), usual_low, usual_high, change (share - usual_share), differs (Bool: the
    two intervals do not meet; a careful reading aid, not a test). Sorted by cases, most first, then name.

    >>> from datetime import datetime
    >>> refunds = pl.DataFrame({"refund_id": ["1", "2", "3"], "order_id": ["a", "b", "c"],
    ...     "applied_at": [datetime(2026, 11, 3), datetime(2026, 11, 10), datetime(2026, 11, 11)],
    ...     "reason": ["size", "quality", "size"]})
    >>> mix_against_usual(refunds, week=Week.parse("2026-W46")).select("reason", "share", "usual_share").rows()
    [('quality', 0.5, 0.0), ('size', 0.5, 1.0)]
    """
    first = week.shift(-USUAL_WEEKS)
    now = refund_mix(refunds, by=by, until=week.sunday, since=week.monday)
    usual = refund_mix(refunds, by=by, until=week.shift(-1).sunday, since=first.monday)
    # the wholes stand in every row, so an absent reason still has its denominator
    wholes = {"n": _whole(now), "usual_n": _whole(usual)}
    both = (
        now.select(by, "cases")
        .join(usual.select(by, usual_all="cases"), on=by, how="full", coalesce=True)
        .with_columns(pl.col("cases", "usual_all").fill_null(0), **{k: pl.lit(v) for k, v in wholes.items()})
        .with_columns(
            share=rate(pl.col("cases"), pl.col("n")), usual_share=rate(pl.col("usual_all"), pl.col("usual_n"))
        )
    )
    low, high = wilson(pl.col("share"), pl.col("n"))
    usual_low, usual_high = wilson(pl.col("usual_share"), pl.col("usual_n"))
    return (
        both.with_columns(low=low, high=high, usual_low=usual_low, usual_high=usual_high)
        .with_columns(
            usual_cases=pl.col("usual_all") / USUAL_WEEKS,
            change=pl.col("share") - pl.col("usual_share"),
            differs=(pl.col("low") > pl.col("usual_high")) | (pl.col("high") < pl.col("usual_low")),
        )
        .select(
            by,
            "cases",
            "usual_cases",
            "share",
            "low",
            "high",
            "usual_share",
            "usual_low",
            "usual_high",
            "change",
            "differs",
        )
        .sort(["cases", by], descending=[True, False])
    )


def _whole(mix: pl.DataFrame) -> int:
    return int(mix["cases"].sum())


def _check(by: str) -> str:
    if by not in SPLITS:
        raise unknown("split of refunds", by, SPLITS)
    return by


def _cases() -> list[pl.Expr]:
    counted = known_sum(pl.col("amount").filter(pl.col("state").is_in(WITH_MONEY))).cast(MONEY).alias("amount")
    return [
        pl.len().cast(pl.Int64).alias("cases"),
        pl.col("order_id").n_unique().cast(pl.Int64).alias("orders"),
        counted,
    ]
