"""How well after-sales is served: complaints, steps of the platform, and how long buyers wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from aftersales.measures.chunks import Chunks, parts_of, summed
from aftersales.measures.cohorts import paid_lines, period_start, split_by, with_gaps
from aftersales.measures.durations import duration_summary
from aftersales.measures.inputs import columns_of
from aftersales.measures.requests import refund_requests
from aftersales.stats.intervals import rate, wilson
from aftersales.tables.columns import MONEY, Frame, has_hour, known_sum
from aftersales.tables.complaints import Complaints
from aftersales.tables.values import FAULT


def complaint_rate(
    orders: Chunks, complaints: Frame, *, by: str | Sequence[str] = "week", until: date, since: date | None = None
) -> pl.DataFrame:
    """Orders with a complaint over paid orders of the same payment cohort, complaints filed up to ``until``.

    Columns out: cohort, the columns of ``by``, whole, paid_orders, complaint_orders, rate, low, high (Wilson 90 %),
    complaints (all of those orders; one order may complain twice). Sorting and gaps as in `shares.order_share`.
    A complaint whose order is unknown is in no cohort. A young cohort has not had time to complain.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [10, 20, 10],
    ...     "paid_at": [datetime(2026, 11, 2)] * 3})
    >>> complaints = pl.DataFrame({"complaint_id": ["1", "2"], "order_id": ["a", "a"],
    ...     "filed_at": [datetime(2026, 11, 4)] * 2})
    >>> complaint_rate(orders, complaints, until=date(2026, 11, 8)).select("complaint_orders", "complaints").rows()
    [(1, 2)]
    """
    filed = filed_complaints(complaints, until=until, columns=["order_id"])
    marked = filed.group_by("order_id").agg(complaints=pl.len().cast(pl.Int64))
    shares = order_share(orders, marked, by=by, until=until, since=since, totals=["complaints"])
    return shares.rename({"marked_orders": "complaint_orders"})


def weekly_complaints(
    complaints: Frame,
    *,
    until: date,
    by: str | None = None,
    since: date | None = None,
    exposure: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Complaints by the week they were filed in, by kind, channel, verdict, fault or source where asked.

    ``exposure`` (columns week, exposure: paid orders weighted by how likely they are to complain in that week) gives
    the rate its denominator. Without it there are counts alone: the orders paid in the week of filing are not the ones
    that complain in it, and after a sales peak that ratio lies.

    Columns out: week (Date, its Monday), the split (null as "unknown"), whole (the week ended by ``until``),
    complaints, orders, compensation (paid so far); with exposure also exposure, rate, low, high (Wilson 90 %). Sorted
    by week, split; a week without complaints is a row of zeros. Complaints without a date are left out.

    >>> from datetime import datetime
    >>> complaints = pl.DataFrame({"complaint_id": ["1", "2", "3"], "order_id": ["a", "b", "c"],
    ...     "filed_at": [datetime(2026, 11, 4)] * 2 + [datetime(2026, 11, 10)]})
    >>> weekly_complaints(complaints, until=date(2026, 11, 15)).select("week", "complaints").rows()
    [(datetime.date(2026, 11, 2), 2), (datetime.date(2026, 11, 9), 1)]
    """
    columns = [by] if by else []
    filed = filed_complaints(complaints, until=until, columns=["order_id", "compensation", *columns])
    if since is not None:
        filed = filed.filter(pl.col("filed_at").dt.date() >= since)
    counts = (
        filed.drop_nulls("filed_at")
        .with_columns(pl.col(columns).fill_null("unknown"), cohort=period_start("filed_at", "week"))
        .group_by("cohort", *columns)
        .agg(
            pl.len().cast(pl.Int64).alias("complaints"),
            pl.col("order_id").n_unique().cast(pl.Int64).alias("orders"),
            known_sum(pl.col("compensation")).cast(MONEY),
        )
        .collect(engine="streaming")
    )
    weeks = with_gaps(counts, period="week", columns=columns, until=until).rename({"cohort": "week"})
    if exposure is None:
        return weeks
    weeks = weeks.join(exposure.select("week", "exposure"), on="week", how="left", maintain_order="left")
    # more complaints than exposure can only be a very small exposure: a rate stays a rate
    weeks = weeks.with_columns(rate=rate(pl.col("complaints"), pl.col("exposure")).clip(upper_bound=1))
    low, high = wilson(pl.col("rate"), pl.col("exposure"))
    return weeks.with_columns(low=low, high=high)


def complaint_outcomes(complaints: Frame, *, until: date, since: date | None = None) -> pl.DataFrame:
    """How complaints were judged: closed complaints by who was found at fault.

    Columns out: fault (buyer, seller, carrier, disputed, unknown; every one, also with 0), complaints, whole (closed
    complaints), share, low, high (Wilson 90 %), compensation. Looked at are complaints filed from ``since`` to
    ``until`` and closed by then. In the order of the fault values.

    >>> from datetime import datetime
    >>> complaints = pl.DataFrame({"complaint_id": ["1", "2", "3"], "fault": ["seller", "seller", None],
    ...     "filed_at": [datetime(2026, 11, 4)] * 3, "closed_at": [datetime(2026, 11, 5)] * 2 + [None]})
    >>> complaint_outcomes(complaints, until=date(2026, 11, 15)).filter(fault="seller").select("complaints",
    ...     "whole").rows()
    [(2, 2)]
    """
    filed = filed_complaints(complaints, until=until, columns=["fault", "closed_at", "compensation"])
    if since is not None:
        filed = filed.filter(pl.col("filed_at").dt.date() >= since)
    counts = (
        filed.filter(pl.col("closed_at").dt.date() <= until)
        .group_by(pl.col("fault").fill_null("unknown"))
        .agg(complaints=pl.len().cast(pl.Int64), compensation=known_sum(pl.col("compensation")).cast(MONEY))
        .collect(engine="streaming")
    )
    every = pl.DataFrame({"fault": [*FAULT, "unknown"]}).join(counts, on="fault", how="left", maintain_order="left")
    known = pl.when(pl.col("complaints").is_null()).then(0).otherwise("compensation").cast(MONEY)
    every = every.with_columns(pl.col("complaints").fill_null(0), known.alias("compensation"))
    every = every.with_columns(whole=pl.col("complaints").sum())
    every = every.with_columns(share=rate(pl.col("complaints"), pl.col("whole")))
    low, high = wilson(pl.col("share"), pl.col("whole"))
    out = ["fault", "complaints", "whole", "share", "low", "high", "compensation"]
    return every.with_columns(low=low, high=high).select(out)


def platform_involved_rate(
    orders: Chunks,
    refunds: Frame,
    complaints: Frame | None = None,
    *,
    by: str | Sequence[str] = "week",
    until: date,
    since: date | None = None,
) -> pl.DataFrame:
    """How often the platform stepped into a refund or a complaint: over paid orders, and over refund cases.

    Columns out: cohort, the columns of ``by``, whole, paid_orders, involved_orders (with a refund or a complaint that
    it stepped into by ``until``), rate (over paid orders), low, high, cases (refund requests that record it, on those
    orders), involved_cases, rate_of_cases (involved_cases over cases), cases_low, cases_high. Intervals Wilson 90 %;
    sorting and gaps as in `shares.order_share`. Requests that do not record it are in no case count, and rate is null
    where nothing of the cohort does.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [10, 20, 10],
    ...     "paid_at": [datetime(2026, 11, 2)] * 3})
    >>> refunds = pl.DataFrame({"refund_id": ["1", "2"], "order_id": ["a", "b"], "platform_involved": [True, False],
    ...     "applied_at": [datetime(2026, 11, 4)] * 2})
    >>> platform_involved_rate(orders, refunds, until=date(2026, 11, 8)).select("rate", "rate_of_cases").rows()
    [(0.3333333333333333, 0.5)]
    """
    requests = refund_requests(refunds, until=until).drop_nulls("platform_involved")
    cases = requests.group_by("order_id").agg(
        cases=pl.len().cast(pl.Int64), involved_cases=pl.col("platform_involved").sum().cast(pl.Int64)
    )
    if complaints is not None:
        told = columns_of(complaints, Complaints, ["order_id", "platform_involved_at"], needed=["order_id"])
        told = told.drop_nulls("order_id").filter(pl.col("platform_involved_at").dt.date() <= until)
        stepped_in = told.select("order_id", complained=pl.lit(value=True)).unique()
        cases = cases.join(stepped_in, on="order_id", how="full", coalesce=True)
        cases = cases.with_columns(pl.col("cases", "involved_cases").fill_null(0))
    else:
        cases = cases.with_columns(complained=pl.lit(value=False))
    in_either = (pl.col("involved_cases") > 0) | pl.col("complained").fill_null(value=False)
    cases = cases.with_columns(involved_orders=in_either.cast(pl.Int64)).drop("complained")
    totals = ["involved_orders", "cases", "involved_cases"]
    shares = order_share(orders, cases, by=by, until=until, since=since, totals=totals).drop("marked_orders")
    recorded = (pl.col("cases") > 0) | (pl.col("involved_orders") > 0)
    shares = shares.with_columns(
        rate=pl.when(recorded).then(rate(pl.col("involved_orders"), pl.col("paid_orders"))),
        rate_of_cases=rate(pl.col("involved_cases"), pl.col("cases")),
    )
    low, high = wilson(pl.col("rate"), pl.col("paid_orders"))
    cases_low, cases_high = wilson(pl.col("rate_of_cases"), pl.col("cases"))
    first = [c for c in shares.columns if c not in {"rate", "low", "high", "rate_of_cases", *totals}]
    return shares.with_columns(low=low, high=high, cases_low=cases_low, cases_high=cases_high).select(
        *first,
        "involved_orders",
        "rate",
        "low",
        "high",
        "cases",
        "involved_cases",
        "rate_of_cases",
        "cases_low",
        "cases_high",
    )


def handling_hours(
    refunds: Frame, *, by: str | Sequence[str] | None = None, until: date, since: date | None = None
) -> pl.DataFrame:
    """Hours from the request of a refund to its end, by week of request, kind, phase …; open requests run on.

    Columns out: those of `durations.duration_summary`. Requests without a date are left out.

    >>> from datetime import datetime
    >>> refunds = pl.DataFrame({"refund_id": ["1", "2", "3"], "order_id": ["a", "b", "c"],
    ...     "applied_at": [datetime(2026, 11, 9)] * 3, "status": ["succeeded", "succeeded", "requested"],
    ...     "finished_at": [datetime(2026, 11, 9, 6), datetime(2026, 11, 9, 12), None]})
    >>> handling_hours(refunds, until=date(2026, 11, 15)).select("closed", "open", "median_hours").rows()
    [(2, 1, 12.0)]
    """
    requests = refund_requests(refunds, until=until).drop_nulls("applied_at")
    if since is not None:
        requests = requests.filter(pl.col("applied_at").dt.date() >= since)
    # a case that was closed but says not when has no end to count to
    is_open = pl.col("state") == "open"
    return duration_summary(requests, start="applied_at", end="finished_at", is_open=is_open, by=by, until=until)


def first_response_hours(
    complaints: Frame, *, by: str | Sequence[str] | None = None, until: date, since: date | None = None
) -> pl.DataFrame:
    """Hours from the filing of a complaint to the shop's first answer; unanswered ones run on, until they were closed.

    Complaints read off the refund report never record an answer and are left out, and so are those whose filing or
    answer is a day without an hour. Columns out: those of `durations.duration_summary` (closed = answered, open = not
    answered).

    >>> from datetime import datetime
    >>> complaints = pl.DataFrame({"complaint_id": ["1", "2", "3"], "filed_at": [datetime(2026, 11, 9, 8)] * 3,
    ...     "first_response_at": [datetime(2026, 11, 9, 9), datetime(2026, 11, 9, 11), None]})
    >>> first_response_hours(complaints, until=date(2026, 11, 15)).select("closed", "open", "median_hours").rows()
    [(2, 1, 3.0)]
    """
    filed = _waiting(complaints, "first_response_at", by=by, until=until, since=since)
    filed = filed.filter(
        (pl.col("source") != "refund_report").fill_null(value=True),
        has_hour(pl.col("filed_at")),
        has_hour(pl.col("first_response_at")).fill_null(value=True),
    )
    # closed without an answer on record: when it was answered, if it was, nobody wrote down
    is_open = (pl.col("closed_at").is_null() | (pl.col("closed_at").dt.date() > until)).fill_null(value=True)
    return duration_summary(filed, start="filed_at", end="first_response_at", is_open=is_open, by=by, until=until)


def closing_hours(
    complaints: Frame, *, by: str | Sequence[str] | None = None, until: date, since: date | None = None
) -> pl.DataFrame:
    """Hours from the filing of a complaint to its close; complaints that are not closed run on.

    Columns out: those of `durations.duration_summary`.

    >>> from datetime import datetime
    >>> complaints = pl.DataFrame({"complaint_id": ["1", "2", "3"], "filed_at": [datetime(2026, 11, 9)] * 3,
    ...     "closed_at": [datetime(2026, 11, 10), datetime(2026, 11, 11), None]})
    >>> closing_hours(complaints, until=date(2026, 11, 15)).select("closed", "open", "median_hours").rows()
    [(2, 1, 48.0)]
    """
    filed = _waiting(complaints, "closed_at", by=by, until=until, since=since)
    is_open = pl.lit(value=True)
    return duration_summary(filed, start="filed_at", end="closed_at", is_open=is_open, by=by, until=until)


def filed_complaints(complaints: Frame, *, until: date, columns: Sequence[str]) -> pl.LazyFrame:
    """Complaints filed up to a day, lazily; undated ones stay, as no one knows better.

    Columns out: complaint_id, filed_at, and the named columns.

    >>> from datetime import datetime
    >>> complaints = pl.DataFrame({"complaint_id": ["1", "2"], "filed_at": [datetime(2026, 11, 4), None]})
    >>> filed_complaints(complaints, until=date(2026, 11, 3), columns=[]).collect()["complaint_id"].to_list()
    ['2']
    """
    filed = columns_of(complaints, Complaints, ["complaint_id", "filed_at", *columns], needed=["filed_at"])
    return filed.filter(pl.col("filed_at").is_null() | (pl.col("filed_at").dt.date() <= until))


def _waiting(
    complaints: Frame, end: str, *, by: str | Sequence[str] | None, until: date, since: date | None
) -> pl.LazyFrame:
    columns = [c for c in ([by] if isinstance(by, str) else by or []) if c not in {"day", "week", "month"}]
    filed = filed_complaints(complaints, until=until, columns=[end, "closed_at", "source", *columns]).drop_nulls(
        "filed_at"
    )
    return filed if since is None else filed.filter(pl.col("filed_at").dt.date() >= since)


# The share of paid orders that something happened to: the one shape behind complaint and platform rates.


def order_share(
    orders: Chunks,
    marked: pl.LazyFrame,
    *,
    by: str | Sequence[str] = "week",
    until: date,
    since: date | None = None,
    totals: Sequence[str] = (),
) -> pl.DataFrame:
    """Marked orders over paid orders, by payment cohort and columns of the orders table, which may come in parts.

    ``marked`` has one row a marked order: order_id and the columns of ``totals`` (numbers), which are added up.

    Columns out: cohort (Date; only with a period), the columns of ``by``, whole (the period ended by ``until``),
    paid_orders, marked_orders, rate (0-1, null without a paid order), low, high (Wilson 90 %), the totals. Sorted by
    cohort, columns; a period without a paid order is a row of zeros. By a column of the line an order counts once in
    each group it has a line in.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [10, 20, 10],
    ...     "paid_at": [datetime(2026, 11, 2)] * 3})
    >>> marked = pl.LazyFrame({"order_id": ["b"]})
    >>> order_share(orders, marked, until=date(2026, 11, 8)).select("paid_orders", "marked_orders").rows()
    [(3, 1)]
    """
    period, columns = split_by(by)
    hashed = pl.col("order_id").hash().alias("order")
    groups, found = [*(["cohort"] if period else []), *columns], []
    for part in parts_of(orders):
        heads = (
            paid_lines(part, until=until, since=since, columns=columns)
            .group_by(hashed, *columns)
            .agg(day=pl.col("day").min())
            .join(marked.select(hashed, *totals, marked=pl.lit(1)), on="order", how="left")
        )
        if period:
            heads = heads.with_columns(cohort=period_start("day", period))
        counted = heads.group_by(groups).agg(
            pl.len().cast(pl.Int64).alias("paid_orders"),
            pl.col("marked").sum().cast(pl.Int64).alias("marked_orders"),
            *(pl.col(t).sum() for t in totals),
        )
        found.append(counted.collect(engine="streaming"))
    counts = summed(found, groups)
    counts = with_gaps(counts, period=period, columns=columns, until=until) if period else counts.sort(groups)
    counts = counts.with_columns(rate=rate(pl.col("marked_orders"), pl.col("paid_orders")))
    low, high = wilson(pl.col("rate"), pl.col("paid_orders"))
    out = [*groups, *(["whole"] if period else []), "paid_orders", "marked_orders", "rate", "low", "high", *totals]
    return counts.with_columns(low=low, high=high).select(out)
