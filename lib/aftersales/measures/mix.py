"""Why a figure changed from one period to the next: more orders (volume), other orders (mix), or worse ones (rate)."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from aftersales.words.errors import DataError, UsageError


def change_split(
    exposures: pl.DataFrame, events: pl.DataFrame, *, by: Sequence[str], event_by: Sequence[str] = ()
) -> pl.DataFrame:
    """The change of a count or of money between two periods, split by segment into volume, mix and rate, exactly.

    Tables in: `exposures` with the columns of `by`, ``after`` (Boolean) and ``exposure`` (orders); `events` with the
    columns of `by` and `event_by`, ``after`` and ``events`` (a count, or Decimal money). Columns of `event_by` are
    those only events have, such as the reason: their segments are measured over all orders of the `by` segment. Null
    is a level of its own. `by` may be empty.

    With n orders, w a segment's share of them, r its events an order, R the shop's, bars for the mean of both periods:
    rate = n̄·w̄·Δr, mix = n̄·Δw·(r̄ − R̄), volume = the rest of the segment's change, which sums to Δn·R̄: its own growth
    counted at the shop's ordinary rate. A segment without orders in one period is given the other period's rate.
    Source: Kitagawa (1955), with the volume split off in the same symmetrical way.

    Columns out: `by`, `event_by`, exposure_before, exposure_after, events_before, events_after, rate_before, rate_after
    (null without exposure), change, volume, mix, rate. The three parts sum to the change in every row, and the rows to
    the shop's. Money stays Decimal and every sum holds to the cent. Largest change first.

    >>> shop = {"product": ["mug", "rug", "mug", "rug"], "after": [False, False, True, True]}
    >>> orders = pl.DataFrame({**shop, "exposure": [100, 100, 100, 300]})
    >>> refunds = pl.DataFrame({**shop, "events": [5, 20, 5, 90]})
    >>> parts = change_split(orders, refunds, by=["product"])
    >>> parts.select("product", "change", pl.col("volume", "mix", "rate").round(2)).rows()
    [('rug', 70.0, 46.09, 5.16, 18.75), ('mug', 0.0, -9.84, 9.84, 0.0)]
    """
    segments, whole = _segments(exposures, events, by=by, event_by=event_by)
    parts = _with_parts(segments, whole, event_by=event_by)
    kind = events.schema["events"]
    if isinstance(kind, pl.Decimal):
        parts = parts.with_columns(pl.col("_mix", "_rate").round(kind.scale).cast(pl.Decimal(38, kind.scale)))
    return (
        parts.with_columns((pl.col("events_after") - pl.col("events_before")).alias("change"))
        .with_columns((pl.col("change") - pl.col("_mix") - pl.col("_rate")).alias("volume"))
        .select(*by, *event_by, *_COUNTS, "change", "volume", mix="_mix", rate="_rate")
        .sort(pl.col("change").abs(), *by, *event_by, descending=[True] + [False] * (len(by) + len(event_by)))
    )


def rate_split(
    exposures: pl.DataFrame, events: pl.DataFrame, *, by: Sequence[str], event_by: Sequence[str] = ()
) -> pl.DataFrame:
    """The change of the shop's rate between two periods, split by segment into mix and rate, exactly.

    Tables in as for `change_split`. With w a segment's share of the orders, r its rate, R the shop's, bars for the mean
    of both periods: rate = w̄·Δr, mix = Δw·(r̄ − R̄); over all segments they sum to ΔR (Kitagawa 1955). A pure shift of
    orders to difficult products moves only the mix.

    Columns out: `by`, `event_by`, exposure_before, exposure_after, events_before, events_after, rate_before,
    rate_after, change (mix and rate together), mix, rate, all in rate units (0–1). Largest change first.

    >>> shop = {"product": ["mug", "rug", "mug", "rug"], "after": [False, False, True, True]}
    >>> orders = pl.DataFrame({**shop, "exposure": [100, 100, 50, 150]})
    >>> refunds = pl.DataFrame({**shop, "events": [6, 20, 3, 30]})
    >>> rate_split(orders, refunds, by=["product"]).select(pl.col("mix").sum().round(4), pl.col("rate").sum()).row(0)
    (0.035, 0.0)
    """
    segments, whole = _segments(exposures, events, by=by, event_by=event_by)
    if min(whole) <= 0:
        raise DataError("A rate needs orders in both periods", found=f"{whole[0]:g} before and {whole[1]:g} after")
    orders = (whole[0] + whole[1]) / 2
    return (
        _with_parts(segments, whole, event_by=event_by)
        .select(*by, *event_by, *_COUNTS, mix=pl.col("_mix") / orders, rate=pl.col("_rate") / orders)
        .with_columns(change=pl.col("mix") + pl.col("rate"))
        .select(*by, *event_by, *_COUNTS, "change", "mix", "rate")
        .sort(pl.col("change").abs(), *by, *event_by, descending=[True] + [False] * (len(by) + len(event_by)))
    )


_COUNTS = (
    "exposure_before", "exposure_after", "events_before", "events_after", "rate_before", "rate_after",
)  # fmt: skip


def _segments(
    exposures: pl.DataFrame, events: pl.DataFrame, *, by: Sequence[str], event_by: Sequence[str]
) -> tuple[pl.DataFrame, tuple[float, float]]:
    for name, frame, needed in (
        ("exposures", exposures, {*by, "after", "exposure"}),
        ("events", events, {*by, *event_by, "after", "events"}),
    ):
        missing = needed - set(frame.columns)
        if missing:
            raise UsageError(
                f"The table of {name} lacks columns to split by", found=f"missing {', '.join(sorted(missing))}"
            )
    at_risk = _by_period(exposures, "exposure", [*by])
    counted = _by_period(events, "events", [*by, *event_by])
    if event_by:
        at_risk_each = at_risk.join(counted.select(event_by).unique(), how="cross")
    else:
        at_risk_each = at_risk
    keys = [*by, *event_by]
    if keys:
        joined = at_risk_each.join(counted, on=keys, how="full", coalesce=True, nulls_equal=True)
    else:
        joined = pl.concat([at_risk, counted], how="horizontal")
    filled = joined.with_columns(
        pl.col("exposure_before", "exposure_after", "events_before", "events_after").fill_null(0)
    )
    lost = filled.filter(
        ((pl.col("exposure_before") <= 0) & (pl.col("events_before") != 0))
        | ((pl.col("exposure_after") <= 0) & (pl.col("events_after") != 0))
    )
    if lost.height:
        raise DataError(
            "Events happened in a segment without orders",
            found=f"{lost.height} segments",
            hint="build both tables from the same orders",
        )
    whole = (float(at_risk["exposure_before"].sum()), float(at_risk["exposure_after"].sum()))
    return filled, whole


def _by_period(frame: pl.DataFrame, value: str, by: list[str]) -> pl.DataFrame:
    of = pl.col(value) if frame.schema[value].is_decimal() else pl.col(value).cast(pl.Float64)
    sums = [
        of.filter(~pl.col("after")).sum().alias(f"{value}_before"),
        of.filter(pl.col("after")).sum().alias(f"{value}_after"),
    ]
    return frame.group_by(by, maintain_order=True).agg(sums) if by else frame.select(sums)


def _with_parts(segments: pl.DataFrame, whole: tuple[float, float], *, event_by: Sequence[str]) -> pl.DataFrame:
    n0, n1 = whole
    orders = (n0 + n1) / 2
    seen0, seen1 = pl.col("events_before").cast(pl.Float64), pl.col("events_after").cast(pl.Float64)
    at0, at1 = pl.col("exposure_before"), pl.col("exposure_after")
    shop = [
        (seen.sum().over(event_by) if event_by else seen.sum()) / n for seen, n in ((seen0, n0), (seen1, n1)) if n > 0
    ]
    usual = (shop[0] + shop[-1]) / 2 if shop else pl.lit(0.0)
    share0, share1 = (at0 / n0 if n0 > 0 else pl.lit(0.0)), (at1 / n1 if n1 > 0 else pl.lit(0.0))
    return (
        segments.with_columns(
            rate_before=pl.when(at0 > 0).then(seen0 / at0), rate_after=pl.when(at1 > 0).then(seen1 / at1)
        )
        .with_columns(
            _r0=pl.coalesce("rate_before", "rate_after").fill_null(0.0),
            _r1=pl.coalesce("rate_after", "rate_before").fill_null(0.0),
        )
        .with_columns(
            _mix=orders * (share1 - share0) * ((pl.col("_r0") + pl.col("_r1")) / 2 - usual),
            _rate=orders * (share0 + share1) / 2 * (pl.col("_r1") - pl.col("_r0")),
        )
    )
