"""The refund rate by payment cohort: by orders, by units and by money, with its counts and 90 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from aftersales.measures.chunks import Chunks, parts_of, summed
from aftersales.measures.cohorts import paid_lines, period_start, split_by, with_gaps
from aftersales.measures.requests import FURTHEST_FIRST, WITH_MONEY, refund_requests, touched_lines
from aftersales.stats.intervals import effective_size, rate, wilson
from aftersales.tables.columns import MONEY, Frame, known_sum
from aftersales.tables.values import REFUND_PHASE
from aftersales.words.periods import week_start

PHASES = (*REFUND_PHASE, "unknown")
MILLIONTHS = 1_000_000
AFTER_SHIPPING = ("in_transit", "after_receipt")


def refund_rate(
    orders: Chunks, refunds: Frame, *, by: str | Sequence[str] = "week", until: date, since: date | None = None
) -> pl.DataFrame:
    """The refund rate of the orders paid in each cohort, as counted up to and including the day ``until``.

    By orders: orders with a first refund request over paid orders. By units: units with a request over paid units (of
    lines whose quantity is known). By money: refunded money of succeeded or open requests over gross paid, shipping
    included; an order never counts with more than it paid. A cohort too young has not had time to show its refunds:
    the rate is "as counted so far", and `measures.maturity` says how much is still to come.

    ``orders`` may come in parts that hold whole orders, as a large shop's months do; what is counted is added up.
    ``by`` is "day", "week" (of payment, from Monday) or "month", or column names of the orders table, or both together.
    By a column of the line (product_id, courier …) an order counts once in each group it has a line in, and a request
    that names no line and no product counts in each group of its order.

    Columns out, in this order:

    - ``cohort`` (Date, first day; only with a period), columns of ``by``, ``whole`` (the period ended by ``until``);
    - ``paid_orders``, ``refund_orders`` (requested, whatever came of it), ``rate_orders``, ``low``, ``high`` (Wilson);
    - ``paid_units``, ``refund_units``, ``rate_units``, ``units_low``, ``units_high``;
    - ``paid_money``, ``refund_money``, ``rate_money``, ``money_low``, ``money_high`` (Wilson at Kish's effective size);
    - ``orders_before_shipping``, ``orders_in_transit``, ``orders_after_receipt``, ``orders_unknown``: refund orders by
      the phase of their first request (they add up to refund_orders), ``rate_before_shipping``,
      ``rate_after_shipping`` (transit and receipt; over paid orders; null where no request tells its phase);
    - ``money_before_shipping``: the part of refund_money asked for before shipping;
    - ``orders_succeeded``, ``orders_open``, ``orders_refused``, ``orders_closed``: refund orders by how they stand
      (they add up too), ``rate_succeeded``; ``money_succeeded``: the part of refund_money paid out.

    Sorted by cohort, then columns. A period without a paid order is a row of zeros with null rates. Times that
    are null count as not there, amounts that are null stay out of sums; an order that paid nobody knows what is in
    neither part of ``rate_money``; a null group is a group. Source: product definition "what the rates mean".

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [10, 20, 10],
    ...     "paid_at": [datetime(2026, 11, 2), datetime(2026, 11, 3), datetime(2026, 11, 17)]})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["b"], "amount": [20], "status": ["succeeded"],
    ...     "applied_at": [datetime(2026, 11, 5)]})
    >>> refund_rate(orders, refunds, by="week", until=date(2026, 11, 22)).select(
    ...     "cohort", "paid_orders", "refund_orders", "rate_orders", "rate_money").rows()  # doctest: +ELLIPSIS
    [(datetime.date(2026, 11, 2), 2, 1, 0.5, 0.66...), (datetime.date(2026, 11, 9), 0, 0, None, None),
     (datetime.date(2026, 11, 16), 1, 0, 0.0, 0.0)]
    """
    period, columns = split_by(by)
    groups, requests, found = [*(["cohort"] if period else []), *columns], refund_requests(refunds, until=until), []
    for part in parts_of(orders):
        # grouping by a number takes a third of the time of grouping by text; at 100 million orders the chance that any
        # two share one is 1 in 4,000
        lines = paid_lines(part, until=until, since=since, columns=columns).with_columns(
            order=pl.col("order_id").hash()
        )
        asked = _asked(touched_lines(requests, lines), columns)
        joined = _parts(lines, columns).join(asked, on=["order", *columns], how="left", nulls_equal=True)
        if period:
            joined = joined.with_columns(cohort=period_start("day", period))
        found.append(joined.group_by(groups).agg(_counts()).collect(engine="streaming"))
    counts = summed(found, groups)
    counts = with_gaps(counts, period=period, columns=columns, until=until) if period else counts.sort(groups)
    return _with_rates(counts).select(*groups, *(["whole"] if period else []), *_OUT)


def _parts(lines: pl.LazyFrame, columns: Sequence[str]) -> pl.LazyFrame:
    """One row an order and group: its day, units and gross money."""
    return lines.group_by("order", *columns).agg(
        day=pl.col("day").min(),
        units=pl.col("quantity").sum(),
        cents=known_sum((pl.col("paid") * 100).cast(pl.Int64)),
    )


def _asked(touched: pl.LazyFrame, columns: Sequence[str]) -> pl.LazyFrame:
    """One row an order and group with a request: phase of the first one, how it stands, money and units asked back."""
    keys = ["order", *columns]
    units = (
        touched.group_by(*keys, "line_id")
        .agg(units=pl.min_horizontal(pl.col("units").sum(), pl.col("quantity").first()))
        .group_by(keys)
        # parts of units are added as whole millionths: sums of floats differ in the last bit from run to run
        .agg(asked_units=(pl.col("units") * MILLIONTHS).round(0).cast(pl.Int64).sum())
    )
    first = pl.col("phase").fill_null("unknown").sort_by("applied_at", "refund_id", nulls_last=True).first()
    state = pl.col("state")
    of_cases = touched.group_by(keys).agg(
        phase=first,
        # an order counts once, by the request of it that got furthest
        state=pl.coalesce(pl.when((state == s).any()).then(pl.lit(s)) for s in FURTHEST_FIRST),
        asked_cents=known_sum(pl.col("cents")),
        early_cents=known_sum(pl.col("cents").filter(pl.col("phase") == "before_shipping")),
        paid_out_cents=known_sum(pl.col("cents").filter(state == "succeeded")),
    )
    return of_cases.join(units, on=keys, how="left", nulls_equal=True)


def _counts() -> list[pl.Expr]:
    wide = pl.Int128  # squares of cents, added over a hundred million orders, outgrow 64 bits
    return [
        pl.len().cast(pl.Int64).alias("paid_orders"),
        pl.col("state").is_not_null().sum().cast(pl.Int64).alias("refund_orders"),
        pl.col("units").sum().alias("paid_units"),
        pl.col("asked_units").sum(),
        (pl.col("units").cast(wide) * pl.col("units").cast(wide)).sum().alias("squared_units"),
        pl.col("cents").sum().alias("paid_cents"),
        (pl.col("cents").cast(wide) * pl.col("cents").cast(wide)).sum().alias("squared_cents"),
        pl.col("asked_cents").sum(),
        pl.col("asked_cents").filter(pl.col("cents").is_not_null()).sum().alias("rated_cents"),
        pl.col("early_cents").sum(),
        pl.col("paid_out_cents").sum(),
        pl.col("cents").count().cast(pl.Int64).alias("paid_known"),
        pl.col("asked_cents").count().cast(pl.Int64).alias("asked_known"),
        *((pl.col("phase") == p).sum().cast(pl.Int64).alias(f"orders_{p}") for p in PHASES),
        *((pl.col("state") == s).sum().cast(pl.Int64).alias(f"orders_{s}") for s in FURTHEST_FIRST),
    ]


def _with_rates(counts: pl.DataFrame) -> pl.DataFrame:
    part, whole = pl.col("refund_orders"), pl.col("paid_orders")
    counts = counts.with_columns(refund_units=pl.col("asked_units") / MILLIONTHS)
    phased = (part == 0) | (pl.col("orders_unknown") < part)
    # sums of money of which nothing is known are not known, which is not zero
    counts = counts.with_columns(
        pl.when((whole == 0) | (pl.col("paid_known") > 0)).then("paid_cents").alias("paid_cents"),
        pl.when((whole == 0) | (pl.col("paid_units") > 0)).then("paid_units").alias("paid_units"),
        *(
            pl.when((part == 0) | (pl.col("asked_known") > 0)).then(c).alias(c)
            for c in ("asked_cents", "early_cents", "paid_out_cents")
        ),
    )
    frame = counts.with_columns(
        _money("paid_cents").alias("paid_money"),
        _money("asked_cents").alias("refund_money"),
        _money("early_cents").alias("money_before_shipping"),
        _money("paid_out_cents").alias("money_succeeded"),
        rate_orders=rate(part, whole),
        rate_units=rate(pl.col("refund_units"), pl.col("paid_units")),
        # orders of which it is not known what they paid stand in neither part of the share
        rate_money=pl.when(pl.col("asked_cents").is_not_null()).then(rate(pl.col("rated_cents"), pl.col("paid_cents"))),
        rate_before_shipping=pl.when(phased).then(rate(pl.col("orders_before_shipping"), whole)),
        rate_after_shipping=pl.when(phased).then(rate(pl.sum_horizontal(f"orders_{p}" for p in AFTER_SHIPPING), whole)),
        rate_succeeded=rate(pl.col("orders_succeeded"), whole),
    )
    by_orders = wilson(pl.col("rate_orders"), whole)
    by_units = wilson(pl.col("rate_units"), effective_size(pl.col("paid_units"), pl.col("squared_units")))
    by_money = wilson(pl.col("rate_money"), effective_size(pl.col("paid_cents"), pl.col("squared_cents")))
    return frame.with_columns(
        low=by_orders[0],
        high=by_orders[1],
        units_low=by_units[0],
        units_high=by_units[1],
        money_low=by_money[0],
        money_high=by_money[1],
    )


def weeks_without_amounts(orders: Chunks, refunds: Frame, *, until: date) -> pl.DataFrame:
    """The weeks of payment in which a paid order, or a refund asked for of one, has no known amount.

    Columns out: week (Date). Sorted.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b"], "paid": [10, 20], "paid_at": [datetime(2026, 11, 9)] * 2})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["b"], "amount": [None]})
    >>> weeks_without_amounts(orders, refunds, until=date(2026, 11, 15))["week"].to_list()
    [datetime.date(2026, 11, 9)]
    """
    unknown = refund_requests(refunds, until=until).filter(
        pl.col("state").is_in(WITH_MONEY), pl.col("amount").is_null()
    )
    asked = unknown.select(pl.col("order_id").unique()).collect(engine="streaming")["order_id"].implode()
    found = []
    for part in parts_of(orders):
        lines = paid_lines(part, until=until).filter(pl.col("paid").is_null() | pl.col("order_id").is_in(asked))
        found.append(lines.select(week=week_start("day")).unique())
    return pl.concat(pl.collect_all(found, engine="streaming")).unique().drop_nulls().sort("week")


def _money(cents: str) -> pl.Expr:
    """Whole cents as money, exactly."""
    return (pl.col(cents).cast(pl.Decimal(20, 2)) / 100).cast(MONEY)


_OUT = (
    "paid_orders", "refund_orders", "rate_orders", "low", "high",
    "paid_units", "refund_units", "rate_units", "units_low", "units_high",
    "paid_money", "refund_money", "rate_money", "money_low", "money_high",
    *(f"orders_{p}" for p in PHASES), "rate_before_shipping", "rate_after_shipping", "money_before_shipping",
    *(f"orders_{s}" for s in FURTHEST_FIRST), "rate_succeeded", "money_succeeded",
)  # fmt: skip
