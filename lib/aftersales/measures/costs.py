"""What refunds cost beside the money handed back: freight, handling, goods that cannot be sold again, compensation."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl

from aftersales.measures.cohorts import paid_lines, period_start, split_by, with_gaps
from aftersales.measures.inputs import columns_of
from aftersales.measures.requests import WITH_MONEY, refund_requests, touched_lines
from aftersales.tables.columns import MONEY, Frame, known_sum
from aftersales.tables.small import Money

# Kinds of ledger lines, as the platforms' own ledgers word them.
COMPENSATION = "赔|补偿|(?i:compensat)"
FREIGHT = "运费|快递费|(?i:freight|shipping)"
RETURN = "退|(?i:return)"
# Premiums of freight insurance are paid for every order, refunded or not: they are no cost of a refund.
INSURANCE = "险|保费|(?i:insur|premium)"
PARTS = ("freight_out", "freight_back", "handling", "goods_not_resold", "goods_kept", "freight_ledger", "compensation")
_OF_LEDGER = ("freight_ledger", "compensation", "recovered")

Number = Decimal | float | int


def refund_costs(
    orders: Frame,
    refunds: Frame,
    *,
    freight_out: Number,
    freight_back: Number,
    handling: Number,
    share_not_resold: float,
    goods_cost_share: float = 1.0,
    money: Frame | None = None,
    by: str = "week",
    until: date,
    since: date | None = None,
) -> pl.DataFrame:
    """The net after-sales loss per day, week or month of the request, with its parts; the refunded money stands apart.

    Costs are those of succeeded requests, from the shop's own numbers, each in the shop's currency:

    - ``freight_out`` once an order whose goods travelled for nothing: refunded in transit, sent back, or refunded in
      full and kept;
    - ``freight_back`` for each parcel that came back: sent back by the buyer, or turned round in transit;
    - ``handling`` for each request;
    - goods: ``share_not_resold`` of those that came back (goods_not_resold), and those refunded in full that did not
      (goods_kept), valued at the price refunded, times ``goods_cost_share`` where the shop knows what goods cost it as
      a share of their price; money given back in part on goods that stay sold is lost as it is (also in goods_kept);
    - with ``money`` (the platform's ledger): an order that the ledger knows bears the return freight that the ledger
      says, none where it names none, and its freight out, where the ledger has it, instead of the assumed ones
      (freight_ledger); compensation paid (compensation) counts, compensation received (recovered) is taken off; all
      in the period of the ledger line. Premiums of freight insurance are left out.

    A request that does not say its phase, or after receipt its kind, bears handling alone (``cases_unpriced``): the
    loss is then a lower bound. A request without a date counts in the period its order was paid in.

    Columns out: cohort (Date), whole, cases (succeeded), cases_unpriced, open_cases, cases_without_amount (succeeded or
    open, and in no sum of money), open_money, refund_money, freight_out, freight_back, handling, goods_not_resold,
    goods_kept, freight_ledger, compensation, recovered, net_loss (the parts from freight_out to compensation, less
    recovered). Sorted by cohort; a period with nothing is a row of zeros.

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, 9)] * 3
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [100, 50, 20], "paid_at": at})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["a"], "amount": [100], "status": ["succeeded"],
    ...     "kind": ["return_refund"], "phase": ["after_receipt"], "applied_at": at[:1]})
    >>> refund_costs(orders, refunds, freight_out=5, freight_back=6, handling=2, share_not_resold=0.1,
    ...     until=date(2026, 11, 15)).select("refund_money", "net_loss").rows()
    [(Decimal('100.00'), Decimal('23.00'))]
    """
    period, _ = split_by(by)
    lines = paid_lines(orders, until=until)
    cases = _priced_cases(
        touched_lines(refund_requests(refunds, until=until), lines),
        freight_out=_cents(freight_out),
        freight_back=_cents(freight_back),
        handling=_cents(handling),
        share_not_resold=share_not_resold,
        goods_cost_share=goods_cost_share,
    )
    if money is not None:
        ledger = _ledger(money, until=until)
        refunded = cases.filter(pl.col("state") == "succeeded").select("order_id").unique()
        cases = _without_assumed_freight(cases, ledger)
        entries = pl.concat([cases, _ledger_parts(ledger, refunded)], how="diagonal")
    else:
        entries = cases
    if since is not None:
        entries = entries.filter(pl.col("day") >= since)
    counts = (
        entries.with_columns(cohort=period_start("day", period or "week"))
        .group_by("cohort")
        .agg(_totals(entries.collect_schema().names()))
        .collect(engine="streaming")
    )
    # a ledger's period without a line is zero; without any ledger nothing is known of it, which is not zero
    told = [p for p in _OF_LEDGER if counts[p].null_count() < counts.height]
    counts = counts.with_columns(pl.col(told).fill_null(0)) if told else counts
    table = with_gaps(counts, period=period or "week", columns=[], until=until)
    in_money = ["open_money", "refund_money", *PARTS, "recovered"]
    table = table.with_columns((pl.col(c).cast(pl.Decimal(20, 2)) / 100).cast(MONEY) for c in in_money)
    loss = pl.sum_horizontal(PARTS) - pl.col("recovered").fill_null(0)
    return table.with_columns(net_loss=loss.cast(MONEY))


def _cents(amount: Number) -> int:
    return int((Decimal(str(amount)) * 100).to_integral_value(ROUND_HALF_EVEN))


def _priced_cases(
    touched: pl.LazyFrame,
    *,
    freight_out: int,
    freight_back: int,
    handling: int,
    share_not_resold: float,
    goods_cost_share: float,
) -> pl.LazyFrame:
    """One row a request: its day, money and assumed costs in cents."""
    cases = touched.group_by("refund_id").agg(
        *(pl.col(c).first() for c in ("order_id", "state", "kind", "phase", "full", "applied_at")),
        paid_day=pl.col("day").min(),
        cents=known_sum(pl.col("cents")),
        line_cents=known_sum(pl.col("paid")) * 100,
    )
    succeeded = pl.col("state") == "succeeded"
    in_transit, received = pl.col("phase") == "in_transit", pl.col("phase") == "after_receipt"
    back = (in_transit | (received & (pl.col("kind") == "return_refund"))).fill_null(value=False)
    kept = (received & (pl.col("kind") == "refund_only")).fill_null(value=False)
    in_full = pl.coalesce("full", pl.col("cents") >= pl.col("line_cents"))
    travelled = succeeded & (back | (kept & in_full))
    goods = pl.col("cents") * goods_cost_share
    unpriced = succeeded & (
        pl.col("cents").is_null() | pl.col("phase").is_null() | (received & pl.col("kind").is_null())
    ).fill_null(value=False)
    way = succeeded & pl.col("phase").is_null()  # nothing says whether anything travelled
    left = pl.when(in_full).then(goods.round(0).cast(pl.Int64)).otherwise(pl.col("cents"))
    return (
        cases.sort("applied_at", "refund_id", nulls_last=True)
        .with_columns(travelled=travelled)
        .with_columns(first=pl.col("travelled") & (pl.col("travelled").cum_sum().over("order_id") == 1))
        .with_columns(
            freight_out=pl.when(~way).then(pl.col("first").cast(pl.Int64) * freight_out),
            freight_back=pl.when(~way).then((succeeded & back).cast(pl.Int64) * freight_back),
            handling=succeeded.cast(pl.Int64) * handling,
            goods_not_resold=pl.when(succeeded & back)
            .then((goods * share_not_resold).round(0).cast(pl.Int64))
            .when(~unpriced)
            .then(0),
            goods_kept=pl.when(succeeded & kept).then(left).when(~unpriced).then(0),
            unpriced=unpriced,
            day=pl.coalesce(pl.col("applied_at").dt.date(), "paid_day"),
        )
        .drop("applied_at", "paid_day", "travelled", "first", "kind", "phase", "full", "line_cents")
    )


def _ledger(money: Frame, *, until: date) -> pl.LazyFrame:
    """Ledger lines up to a day: order_id, day, whether freight or compensation, income and expense in cents."""
    lines = columns_of(money, Money, ["order_id", "at", "kind", "note", "income", "expense"], needed=["at"])
    words = pl.concat_str("kind", "note", separator=" ", ignore_nulls=True)
    insured = words.str.contains(INSURANCE)
    compensation = words.str.contains(COMPENSATION) & ~insured
    freight = words.str.contains(FREIGHT) & ~insured & ~compensation
    in_cents = {c: (pl.col(c) * 100).cast(pl.Int64).fill_null(0) for c in ("income", "expense")}
    return (
        lines.filter(pl.col("at").dt.date() <= until)
        .with_columns(is_compensation=compensation, is_freight=freight, is_return=words.str.contains(RETURN))
        .select("order_id", "is_freight", "is_compensation", "is_return", day=pl.col("at").dt.date(), **in_cents)
    )


def _without_assumed_freight(cases: pl.LazyFrame, ledger: pl.LazyFrame) -> pl.LazyFrame:
    """Assumed freight only where the ledger does not know better."""
    sent = pl.col("is_freight") & ~pl.col("is_return") & (pl.col("expense") > 0)
    known = ledger.drop_nulls("order_id").group_by("order_id").agg(sent=sent.any(), known=pl.lit(value=True))
    # a return later than the ledger's last line may yet have its freight booked
    last = ledger.select(ledger_until=pl.col("day").max())
    booked = pl.col("known").fill_null(value=False) & (pl.col("day") <= pl.col("ledger_until")).fill_null(value=False)
    return (
        cases.join(known, on="order_id", how="left")
        .join(last, how="cross")
        .with_columns(
            freight_out=pl.when(pl.col("sent").fill_null(value=False)).then(0).otherwise("freight_out"),
            freight_back=pl.when(booked).then(0).otherwise("freight_back"),
        )
        .drop("known", "sent", "ledger_until")
    )


def _ledger_parts(ledger: pl.LazyFrame, refunded: pl.LazyFrame) -> pl.LazyFrame:
    freight = (
        ledger.filter("is_freight").join(refunded, on="order_id", how="semi").select("day", freight_ledger="expense")
    )
    compensation = ledger.filter("is_compensation").select("day", compensation="expense", recovered="income")
    return pl.concat([freight, compensation], how="diagonal")


def _totals(there: list[str]) -> list[pl.Expr]:
    state = pl.col("state")
    parts = [
        (known_sum(pl.col(p)) if p in there else pl.lit(None, dtype=pl.Int64)).alias(p) for p in (*PARTS, "recovered")
    ]
    return [
        (state == "succeeded").sum().cast(pl.Int64).alias("cases"),
        pl.col("unpriced").sum().cast(pl.Int64).alias("cases_unpriced"),
        (state == "open").sum().cast(pl.Int64).alias("open_cases"),
        (state.is_in(WITH_MONEY) & pl.col("cents").is_null()).sum().cast(pl.Int64).alias("cases_without_amount"),
        known_sum(pl.col("cents").filter(state == "open")).alias("open_money"),
        known_sum(pl.col("cents").filter(state == "succeeded")).alias("refund_money"),
        *parts,
    ]
