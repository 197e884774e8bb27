"""Maturity: used-up exposure of young cohorts, and what each is still expected to show.

A rate divides by the orders that have had time to show a refund: the sum of orders times the share of delays that has
passed (Cape Cod: Bühlmann and Straub 1983). Plain orders make every young product look good; dividing a first week's
count by its tiny share makes it look like anything at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from aftersales.measures.cohorts import period_end
from aftersales.measures.maturity_stages import MATURE_FROM, stage
from aftersales.measures.nowcast import LEVEL, quantile
from aftersales.measures.triangles import DAYS, Grain
from aftersales.words.errors import DataError


def with_maturity(
    counts: pl.DataFrame, curve: pl.DataFrame, *, until: date, age: Grain = "week", by: Sequence[str] = ()
) -> pl.DataFrame:
    """Counts by ``cohort`` with the share of their delays that has passed by the end of ``until``.

    ``curve`` is that of `delay_curve` (or `chain_ladder`), of one outcome, for the groups ``by``; a group that it does
    not know, and a cohort that is not over, has null. Cohorts older than the curve are wholly mature.

    Columns out: all that came in, ``maturity`` (0..1), ``mature`` (Bool), ``stage`` ("mature"; "young", drawn hollow;
    "too_young", grey). Rows as they came. Raises `DataError` where the curve holds several outcomes.

    >>> curve = pl.DataFrame({"age": [0, 1, 2], "share": [0.1, 0.5, 1.0]})
    >>> counts = pl.DataFrame({"cohort": [date(2026, 10, 5), date(2026, 11, 2), date(2026, 11, 9)]})
    >>> with_maturity(counts, curve, until=date(2026, 11, 15)).select("maturity", "stage").rows()
    [(1.0, 'mature'), (0.5, 'young'), (0.1, 'too_young')]
    """
    if "outcome" in curve.columns and "outcome" not in by and curve["outcome"].n_unique() > 1:
        found = ", ".join(curve["outcome"].unique().sort().to_list())
        raise DataError("The curve holds several outcomes", found=found, hint="keep one of them, or group by outcome")
    keys = [*by]
    shares = curve.select(*keys, "age", _share="share")
    longest = pl.lit(curve["age"].max(), dtype=pl.Int64)
    passed = (pl.lit(until) - period_end("cohort", age)).dt.total_days() // DAYS[age]
    at = counts.with_columns(age_=passed.clip(upper_bound=longest))
    joined = at.join(
        shares, left_on=[*keys, "age_"], right_on=[*keys, "age"], how="left", nulls_equal=True, maintain_order="left"
    )
    return (
        joined.drop("age_")
        .rename({"_share": "maturity"})
        .with_columns(mature=(pl.col("maturity") >= MATURE_FROM).fill_null(value=False), stage=stage("maturity"))
    )


def effective_exposure(
    counts: pl.DataFrame,
    curve: pl.DataFrame,
    *,
    until: date,
    by: Sequence[str],
    age: Grain = "week",
    curve_by: Sequence[str] = (),
) -> pl.DataFrame:
    """Orders and used-up exposure of each group over its cohorts: the denominator of every rate by request date.

    ``counts`` holds one row a group and cohort: ``by``, ``curve_by`` (the curve's own groups, such as category and
    stratum), ``cohort``, ``orders``, and ``seen`` (requests so far; may be absent).

    Columns out: those of ``by``, ``orders``, ``exposure`` (orders × maturity, summed; cohorts of unknown maturity add
    nothing), ``maturity`` (exposure over orders), and where given ``events`` (the sum of ``seen`` over cohorts of known
    maturity). Sorted by ``by``.

    >>> curve = pl.DataFrame({"age": [0, 1], "share": [0.25, 1.0]})
    >>> counts = pl.DataFrame({"product_id": ["p", "p", "q"], "cohort": [date(2026, 11, 2), date(2026, 11, 9),
    ...     date(2026, 11, 9)], "orders": [10, 20, 8], "seen": [2, 1, 0]})
    >>> effective_exposure(counts, curve, until=date(2026, 11, 15), by=["product_id"]).rows()
    [('p', 30, 15.0, 0.5, 3), ('q', 8, 2.0, 0.25, 0)]
    """
    # few cohorts, many rows: the shares are looked up once a cohort and curve group
    keys = [*curve_by, "cohort"]
    shares = with_maturity(counts.select(keys).unique(), curve, until=until, age=age, by=curve_by)
    joined = counts.lazy().join(
        shares.lazy().select(*keys, "maturity"), on=keys, how="left", nulls_equal=True, maintain_order="left"
    )
    sums = [pl.col("orders").sum(), (pl.col("orders") * pl.col("maturity")).sum().alias("exposure")]
    if "seen" in counts.columns:
        sums.append(pl.col("seen").filter(pl.col("maturity").is_not_null()).sum().alias("events"))
    found = joined.group_by(by, maintain_order=True).agg(*sums)
    ratio = pl.when(pl.col("orders") > 0).then(pl.col("exposure") / pl.col("orders"))
    order = [*by, "orders", "exposure", "maturity", *(["events"] if "seen" in counts.columns else [])]
    return found.with_columns(maturity=ratio).select(order).sort(by).collect()


def still_to_come(counts: pl.DataFrame, *, rate: str = "rate", size: float, level: float = LEVEL) -> pl.DataFrame:
    """What each cohort of a product or small group will show in the end, from its shrunk rate and its maturity.

    For groups too small to be nowcast by themselves: ``counts`` holds ``orders``, ``seen``, ``maturity`` (0..1), the
    rate of `shrunk_rates`; ``size`` is the negative-binomial size that `nowcast` learnt on their larger group.

    Columns out: all that came in, ``to_come`` (orders × (1 - maturity) × rate), ``value``, ``low``, ``high``; null
    where rate or maturity is. Rows as they came. Source: Bornhuetter and Ferguson 1972, PCAS 59.

    >>> counts = pl.DataFrame({"orders": [100, 100, 9], "seen": [4, 8, 0], "maturity": [0.5, 1.0, None],
    ...     "rate": [0.08, 0.08, 0.08]})
    >>> still_to_come(counts, size=20.0).select("value", "low", "high").rows()
    [(8.0, 5.0, 12.0), (8.0, 8.0, 8.0), (None, None, None)]
    """
    come = (pl.col("orders") * (1 - pl.col("maturity")) * pl.col(rate)).clip(lower_bound=0.0)
    table = counts.with_columns(to_come=come).with_columns(value=pl.col("seen") + pl.col("to_come"))
    mean = table["to_come"].to_numpy()
    tail = (1 - level) / 2
    ends = [quantile(np.nan_to_num(mean), np.full(len(mean), size), p) for p in (tail, 1 - tail)]
    known = pl.col("to_come").is_not_null()
    low, high = (pl.when(known).then(pl.col("seen") + pl.Series(e)) for e in ends)
    return table.with_columns(low=low, high=high)
