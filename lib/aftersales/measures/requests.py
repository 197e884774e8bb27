"""Refund requests: which cases ask for money back, how they stood on a day, and which order lines they touch."""

from __future__ import annotations

from datetime import date

import polars as pl

from aftersales.measures.inputs import columns_of
from aftersales.tables.columns import Frame
from aftersales.tables.refunds import Refunds
from aftersales.tables.values import REFUND_OPEN

# Exchanges, repairs and reshipments are after-sales cases but hand no money back; a case of unknown kind may.
REFUNDING_KINDS = ("refund_only", "return_refund")
FURTHEST_FIRST = ("succeeded", "open", "refused", "closed")  # the states of a request
WITH_MONEY = ("open", "succeeded")  # of a request that was refused or withdrawn no money goes back


def has_refund_dates(refunds: Frame) -> bool:
    """Whether any refund case says when it was asked for.

    Order reports alone do not: then no rate can be called mature, and no verdict is given on one.

    >>> has_refund_dates(pl.DataFrame({"applied_at": [None, None, None]}, schema={"applied_at": pl.Datetime}))
    False
    """
    cases = columns_of(refunds, Refunds, ["applied_at"], needed=[])
    return bool(cases.select(pl.col("applied_at").is_not_null().any()).collect(engine="streaming").item())


def state_as_of(until: date) -> pl.Expr:
    """How a case stood at the end of a day: open, succeeded, refused (by the seller) or closed (withdrawn or rejected).

    A case that finished later was still open then. A case of unknown status counts as open.
    """
    later = (pl.col("finished_at").dt.date() > until).fill_null(value=False)
    running = later | pl.col("status").is_null() | pl.col("status").is_in(REFUND_OPEN)
    return pl.when(running).then(pl.lit("open")).otherwise(pl.col("status"))


def refund_requests(refunds: Frame, *, until: date) -> pl.LazyFrame:
    """The cases that ask for money back and were asked for up to ``until`` (undated ones stay), lazily.

    Columns out: refund_id, order_id, line_id, product_id, applied_at, finished_at, kind, phase, reason, amount, full,
    platform_involved, source, and ``state`` as of ``until`` (`state_as_of`).

    >>> refunds = pl.DataFrame({"refund_id": ["1", "2", "3"], "order_id": ["a", "b", "c"],
    ...     "kind": ["refund_only", "exchange", None], "status": ["succeeded", "succeeded", "requested"]})
    >>> refund_requests(refunds, until=date(2026, 11, 15)).select("order_id", "state").collect().rows()
    [('a', 'succeeded'), ('c', 'open')]
    """
    columns = [
        "refund_id", "order_id", "line_id", "product_id", "applied_at", "finished_at", "kind", "phase", "status",
        "reason", "amount", "full", "platform_involved", "source",
    ]  # fmt: skip
    cases = columns_of(refunds, Refunds, columns, needed=["refund_id", "order_id"])
    asked = pl.col("applied_at").is_null() | (pl.col("applied_at").dt.date() <= until)
    refunding = pl.col("kind").is_null() | pl.col("kind").is_in(REFUNDING_KINDS)
    return cases.filter(asked, refunding).with_columns(state=state_as_of(until)).drop("status")


def touched_lines(requests: pl.LazyFrame, lines: pl.LazyFrame) -> pl.LazyFrame:
    """One row a request and paid order line that it touches, with its share of the request's money in whole cents.

    A request touches the line it names; else the lines of its order with the product it names; else, where it names
    neither, all lines of its order. Its money is shared over the lines it touches by what was paid for them, to the
    cent. Within an order money is counted in the order of the requests and never past what the order paid, shipping
    included; refused, withdrawn and rejected requests carry none, and that of a request of unknown amount is null.

    Columns out: those of ``lines`` and of ``requests`` (its line_id and product_id as named_line_id, named_product_id),
    ``tie`` (2 by line, 1 by product, 0 by order), ``units`` (Float64: the line's units, or for a request tied by order
    alone the part that its money makes up), ``cents`` (Int64). Requests on orders not in ``lines`` are left out.

    >>> from datetime import datetime
    >>> from aftersales.measures.cohorts import paid_lines
    >>> orders = pl.DataFrame({"order_id": ["a", "a", "b"], "line_id": ["a1", "a2", "b"], "paid": [10, 20, 5],
    ...     "paid_at": [datetime(2026, 11, 9)] * 3})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["a"], "amount": [25], "status": ["succeeded"]})
    >>> until = date(2026, 11, 15)
    >>> touched_lines(refund_requests(refunds, until=until), paid_lines(orders, until=until)).select(
    ...     "line_id", "cents").collect().rows()
    [('a1', 833), ('a2', 1667)]
    """
    cents = (pl.col("paid") * 100).cast(pl.Int64).fill_null(0)
    known = pl.col("paid").is_not_null().any().over("order_id")
    named = requests.rename({"line_id": "named_line_id", "product_id": "named_product_id"})
    own = lines.with_columns(line_cents=cents)
    own = own.join(requests.select("order_id").unique(), on="order_id", how="semi")
    own = own.with_columns(order_cents=pl.when(known).then(pl.col("line_cents").sum().over("order_id")))
    tie = (
        pl.when((pl.col("line_id") == pl.col("named_line_id")).fill_null(value=False))
        .then(2)
        .when((pl.col("product_id") == pl.col("named_product_id")).fill_null(value=False))
        .then(1)
        .otherwise(0)
    )
    asked = pl.when(pl.col("state").is_in(WITH_MONEY)).then((pl.col("amount") * 100).cast(pl.Int64)).otherwise(0)
    pairs = (
        named.join(own, on="order_id", how="inner")
        .with_columns(tie=tie, asked=asked)
        .filter(pl.col("tie") == pl.col("tie").max().over("refund_id"))
        .sort("order_id", "applied_at", "refund_id", "line_id", nulls_last=True)
    )
    return _counted_cents(_spread_cents(pairs)).with_columns(units=_touched_units()).drop("asked", "line_cents")


def _spread_cents(pairs: pl.LazyFrame) -> pl.LazyFrame:
    """Share each request's cents over its lines: differences of rounded running shares, so that they add up exactly."""
    weight = pl.when(pl.col("line_cents").sum().over("refund_id") > 0).then(pl.col("line_cents")).otherwise(1)
    running = (pl.col("weight").cum_sum() / pl.col("weight").sum()).over("refund_id")
    upto = (pl.col("asked") * pl.col("running")).round(0).cast(pl.Int64)
    return (
        pairs.with_columns(weight=weight)
        .with_columns(running=running)
        .with_columns(upto=upto)
        .with_columns(wanted=pl.col("upto") - pl.col("upto").shift(1, fill_value=0).over("refund_id"))
        .drop("weight", "running", "upto")
    )


def _counted_cents(pairs: pl.LazyFrame) -> pl.LazyFrame:
    """Count cents in the order of the requests, none past what the order paid where that is known."""
    before = pl.col("wanted").cum_sum().over("order_id") - pl.col("wanted")
    left = (pl.col("order_cents") - before).clip(lower_bound=0)
    cents = pl.when(pl.col("wanted").is_not_null()).then(pl.min_horizontal("wanted", left))
    return pairs.with_columns(cents=cents).drop("order_cents", "wanted")


def _touched_units() -> pl.Expr:
    part = (pl.col("cents") / pl.col("line_cents")).clip(0, 1)
    whole = (pl.col("tie") > 0) | pl.col("amount").is_null() | (pl.col("line_cents") == 0)
    return pl.col("quantity") * pl.when(whole).then(1.0).otherwise(part)
