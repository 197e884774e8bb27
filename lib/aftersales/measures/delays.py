"""Refund delays: how many days or weeks after payment (or delivery) the requests of a cohort of orders arrive.

Two estimates of the same curve stand here. `delay_curve` adds up, age by age, what the latest weeks showed over the
orders that could have shown it (the additive, or incremental loss ratio, method: a period life table). `chain_ladder`
multiplies growth factors and needs no orders. The suite uses the first: on the public reporting-delay data it follows
a changing level far better, because an old cohort's late requests are not blown up by a young cohort's early ones.
Sources: Schmidt and Zocher 2004, Loss reserving and Hofmann axioms; Mack 1993, ASTIN Bulletin 23(2).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from aftersales.measures.triangles import DAYS, Grain
from aftersales.words.errors import DataError

# Delays drift (couriers at Spring Festival, a new return window): the curve comes from the last twelve weeks only.
TRAILING = {"day": 84, "week": 12}
# A small group borrows the pool's curve as if it had shown this many requests itself: some two an age.
BORROWED_REQUESTS = 20.0
# Younger data cannot tell a finished cohort from one that has only begun: delivery and the claim after it take weeks.
LEAST_WEEKS = 4


def _recent(triangle: pl.DataFrame, *, age: Grain, trailing: int | None) -> pl.DataFrame:
    """The cells that were reported in the last so many days or weeks."""
    if trailing is None or triangle.is_empty():
        return triangle
    reported = pl.col("cohort") + pl.duration(days=pl.col("age") * DAYS[age])
    return triangle.filter(reported > reported.max() - pl.duration(days=trailing * DAYS[age]))


def knows_its_end(triangle: pl.DataFrame, *, age: Grain = "week") -> bool:
    """Whether the data are old enough, or their longest age was set short enough, to say how a cohort ends.

    >>> from datetime import date
    >>> knows_its_end(pl.DataFrame({"cohort": [date(2026, 11, 2)] * 2 + [date(2026, 11, 9)], "age": [0, 1, 0]}))
    False
    """
    if triangle.is_empty():
        return False
    reported = pl.col("cohort") + pl.duration(days=pl.col("age") * DAYS[age])
    first, last, longest = triangle.select(
        pl.col("cohort").min(), last=reported.max(), longest=pl.col("age").max()
    ).row(0)
    days = (last - first).days + DAYS[age]
    return days >= 7 * LEAST_WEEKS or (longest + 1) * DAYS[age] < days


def delay_curve(
    triangle: pl.DataFrame,
    *,
    age: Grain = "week",
    by: Sequence[str] = (),
    trailing: int | None = None,
    borrowed: float = BORROWED_REQUESTS,
) -> pl.DataFrame:
    """The share of a group's requests that has arrived by each age, and their cumulative incidence, from latest weeks.

    The incidence at an age is the requests at that age over the orders that had reached it, among the cells reported
    in the last ``trailing`` periods (twelve weeks). A group is pulled towards all groups of the same outcome as by
    ``borrowed`` requests of theirs, at its own level and with the shape it had beside them in all its seasons; so an
    age that it did not show lately (ten weeks after a festival its orders show late ages only) is never taken for
    empty. Data younger than `LEAST_WEEKS` have no share yet. Outcomes compete over the same orders: without
    borrowing, their cumulative incidences add up to that of any request (Aalen and Johansen's estimate under
    follow-up that ends by calendar only).

    Columns out: those of ``by``, ``outcome``, ``age``, ``orders``, ``events`` (of the cells used; 0 where all is
    borrowed), ``incidence`` and
    ``cumulative_incidence`` (requests per order, 0..1), ``share`` (of all requests to come, 0..1; null where the
    outcome was never seen or the data are too young, 1 at the longest age the triangle holds). Sorted by ``by``,
    outcome, age.

    >>> from datetime import date
    >>> triangle = pl.DataFrame({"outcome": ["any"] * 3, "cohort": [date(2026, 10, 5)] * 2 + [date(2026, 11, 9)],
    ...     "age": [0, 1, 0], "orders": [100, 100, 50], "events": [4, 5, 11]})
    >>> delay_curve(triangle, borrowed=0).select("age", "incidence", "share").rows()
    [(0, 0.1, 0.666...), (1, 0.05, 1.0)]
    """
    _need(triangle, [*by, "outcome", "cohort", "age", "orders", "events"])
    recent = _recent(triangle, age=age, trailing=TRAILING[age] if trailing is None else trailing)
    keys = [*by, "outcome"]
    # sorted: floats add up to the same last digit in one order only
    found = _summed(triangle, recent, keys).join(_pooled(triangle, recent), on=["outcome", "age"], how="left")
    found = found.sort(*keys, "age")
    if borrowed > 0:
        # what the pool shows at this age, times how this group stood to the pool at this age in all its seasons
        shape = (pl.col("events_ever") + borrowed) / (pl.col("orders_ever") * pl.col("pooled_ever") + borrowed)
        found = found.with_columns(prior=pl.col("pooled") * shape)
        level = (pl.col("events").sum() + borrowed) / ((pl.col("orders") * pl.col("prior")).sum() + borrowed)
        lent = pl.when(pl.col("pooled").sum() > 0).then(borrowed / pl.col("pooled").sum()).otherwise(0.0)
        found = found.with_columns(prior=pl.col("prior") * level.over(keys), lent=lent.over(keys))
    else:
        found = found.filter("shown_lately").with_columns(prior=pl.lit(0.0), lent=pl.lit(0.0))
    at_risk = pl.col("orders") + pl.col("lent")
    pulled = (pl.col("events") + pl.col("lent") * pl.col("prior")) / at_risk
    found = found.with_columns(incidence=pl.when(at_risk > 0).then(pulled).otherwise(0.0)).with_columns(
        cumulative_incidence=pl.col("incidence").cum_sum().over(keys)
    )
    rate = pl.col("incidence").sum().over(keys)
    known = pl.lit(knows_its_end(triangle, age=age))
    share = pl.when(rate > 0, known).then((pl.col("cumulative_incidence") / rate).clip(0, 1))
    return found.with_columns(share=share).select(
        *keys, "age", "orders", "events", "incidence", "cumulative_incidence", "share"
    )


def _summed(triangle: pl.DataFrame, recent: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Orders and events of each group by age, lately and ever, at every age that any group of its outcome ever had."""
    cells = [*keys, "age"]
    lately = recent.group_by(cells, maintain_order=True).agg(
        pl.col("orders", "events").sum(), shown_lately=pl.lit(value=True)
    )
    ever = triangle.group_by(cells, maintain_order=True).agg(
        orders_ever=pl.col("orders").sum(), events_ever=pl.col("events").sum()
    )
    ages = triangle.select("outcome", "age").unique()
    found = triangle.select(keys).unique().join(ages, on="outcome")
    for sums in (lately, ever):
        found = found.join(sums, on=cells, how="left", nulls_equal=True)
    numbers = ("orders", "events", "orders_ever", "events_ever")
    return found.with_columns(pl.col(numbers).fill_null(0), pl.col("shown_lately").fill_null(value=False))


def _pooled(triangle: pl.DataFrame, recent: pl.DataFrame) -> pl.DataFrame:
    """Incidence by outcome and age of all groups: ``pooled`` lately, ``pooled_ever``; the latter where none is late."""
    keys = ["outcome", "age"]
    rate = pl.col("events").sum() / pl.col("orders").sum()
    ever = triangle.group_by(keys, maintain_order=True).agg(pooled_ever=rate)
    found = ever.join(recent.group_by(keys, maintain_order=True).agg(pooled=rate), on=keys, how="left")
    return found.with_columns(pl.coalesce("pooled", "pooled_ever").fill_nan(0.0), pl.col("pooled_ever").fill_nan(0.0))


def chain_ladder(
    triangle: pl.DataFrame, *, age: Grain = "week", by: Sequence[str] = (), trailing: int | None = None
) -> pl.DataFrame:
    """The share of a cohort's requests that has arrived by each age, by the chain ladder's growth factors.

    The factor into an age is the sum over cohorts of what was in by that age over what was in one age before. Needs no
    orders. The whole triangle is used unless ``trailing`` periods are asked for.

    Columns out: those of ``by``, ``outcome`` (where the triangle has it), ``age``, ``events`` (at that age),
    ``cumulated`` (by that age, same cohorts), ``factor`` (null at the first age and where nothing had come before),
    ``share`` (0..1; 1 at the longest age). Sorted by ``by``, outcome, age. Source: Mack 1993, ASTIN Bulletin 23(2).

    >>> from datetime import date
    >>> triangle = pl.DataFrame({"cohort": [date(2026, 11, 2)] * 2 + [date(2026, 11, 9)], "age": [0, 1, 0],
    ...     "events": [4, 5, 11]})
    >>> chain_ladder(triangle).select("age", "factor", "share").rows()
    [(0, None, 0.444...), (1, 2.25, 1.0)]
    """
    _need(triangle, [*by, "cohort", "age", "events"])
    keys = [*by, *(["outcome"] if "outcome" in triangle.columns else [])]
    sums = triangle.sort("age").with_columns(cumulated=pl.col("events").cum_sum().over(*keys, "cohort"))
    sums = _recent(sums, age=age, trailing=trailing)
    table = sums.group_by(*keys, "age", maintain_order=True).agg(pl.col("events", "cumulated").sum()).sort(*keys, "age")
    before = pl.col("cumulated") - pl.col("events")
    table = table.with_columns(
        factor=pl.when(pl.col("age") > 0, before > 0).then(pl.col("cumulated") / before),
        kept=pl.when(pl.col("age") > 0, pl.col("cumulated") > 0).then(before / pl.col("cumulated")).otherwise(1.0),
    )
    later = pl.col("kept").cum_prod(reverse=True).shift(-1, fill_value=1.0)
    return table.with_columns(share=later.over(keys) if keys else later).drop("kept")


def developed(triangle: pl.DataFrame, curve: pl.DataFrame, *, by: Sequence[str] = ()) -> pl.DataFrame:
    """What each cohort has shown so far, carried to its end by a curve alone: seen over share.

    For a young cohort this divides by almost nothing; `nowcast` is what reports show.

    Columns out: those of ``by``, ``outcome`` (where there), ``cohort``, ``age`` (reached), ``seen``, ``share``,
    ``value`` (null where the share is 0), ``to_come``. Sorted by ``by``, outcome, cohort.

    >>> from datetime import date
    >>> triangle = pl.DataFrame({"cohort": [date(2026, 11, 2)] * 2 + [date(2026, 11, 9)], "age": [0, 1, 0],
    ...     "events": [4, 5, 11]})
    >>> developed(triangle, chain_ladder(triangle))["to_come"].to_list()
    [0.0, 13.75]
    """
    keys = [*by, *(["outcome"] if "outcome" in triangle.columns else [])]
    reached = triangle.group_by(*keys, "cohort", maintain_order=True).agg(
        pl.col("age").max(), seen=pl.col("events").sum()
    )
    value = pl.when(pl.col("share") > 0).then(pl.col("seen") / pl.col("share"))
    return (
        reached.join(curve.select(*keys, "age", "share"), on=[*keys, "age"], how="left", nulls_equal=True)
        .with_columns(value=value)
        .with_columns(to_come=pl.col("value") - pl.col("seen"))
        .sort(*keys, "cohort")
    )


def _need(table: pl.DataFrame, columns: Sequence[str]) -> None:
    absent = [c for c in columns if c not in table.columns]
    if absent:
        raise DataError(f"The triangle lacks {', '.join(absent)}", found=", ".join(table.columns) or "no columns")
