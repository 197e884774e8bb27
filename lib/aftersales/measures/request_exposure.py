"""Orders at risk and first refund requests of two spans of days, so that a rate by request date does not lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersales.measures.chunks import Chunks, parts_of
from aftersales.measures.cohorts import paid_lines
from aftersales.measures.requests import refund_requests, touched_lines
from aftersales.tables.columns import Frame

# The return window closes with fifteen days after confirmation, which comes by itself within weeks of shipping: later
# first requests are too few to learn a delay from.
LAST_AGE_DAYS = 90

Span = tuple[date, date]
Floats = NDArray[np.float64]
EVENT_COLUMNS = ("reason", "kind", "phase")
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class RequestTables:
    """Exposure and events of two spans, and the share of first requests that come by each age in days."""

    exposures: pl.DataFrame
    events: pl.DataFrame
    incidence: Floats


def request_tables(
    orders: Chunks, refunds: Frame, *, before: Span, after: Span, columns: Sequence[str], money: bool = False
) -> RequestTables:
    """Exposure and events of two spans of days (both ends included), ready for `driving_slices` and `change_split`.

    A paid order line is at risk in a span by the share of all first requests that come at the ages it had then: a line
    paid yesterday weighs little, one from a week ago much, so a sales peak raises no rate. The shares are the pooled
    cumulative incidence of both spans. A request that touches several lines counts in parts that sum to one.

    ``orders`` may come in parts that hold whole orders, as a large shop's months do. ``exposures`` has the columns
    (Categorical), ``after``, ``day`` of payment, ``lines`` (order lines alike in all columns and paid on that day) and
    ``exposure`` (their number times the share), one row a kind of line, day and span; ``events`` the columns, reason,
    kind, phase, ``after``, ``day`` of payment, ``asked_on`` and ``events``: first requests, or with `money` the money
    asked for in all requests as Decimal. Requests without a date and orders paid more than `LAST_AGE_DAYS` before are
    left out.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "line_id": ["a", "b", "c"], "paid": [9, 9, 9],
    ...     "paid_at": [datetime(2026, 11, 2), datetime(2026, 11, 3), datetime(2026, 11, 9)]})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["a"], "amount": [9], "status": ["succeeded"],
    ...     "applied_at": [datetime(2026, 11, 4)]})
    >>> tables = request_tables(orders, refunds, columns=[],
    ...     before=(date(2026, 11, 2), date(2026, 11, 8)), after=(date(2026, 11, 9), date(2026, 11, 15)))
    >>> tables.exposures.select("after", "exposure").rows(), tables.events.select("after", "events").rows()
    ([(False, 1.0), (False, 1.0), (True, 1.0)], [(False, 1.0)])
    """
    first, last = before[0], after[1]
    coded = [pl.col(c).cast(pl.String).cast(pl.Categorical) for c in columns]
    counted, requests = [], []
    for part in parts_of(orders):
        lines = paid_lines(part, until=last, since=first - timedelta(days=LAST_AGE_DAYS), columns=columns)
        held = lines.with_columns(coded).collect()
        requests.append(first_requests(held, refunds, first=first, last=last, money=money))
        counted.append(held.group_by(*columns, "day", maintain_order=True).agg(lines=pl.len()))
    kinds, asked = pl.concat(counted), pl.concat(requests)
    curve = cumulative_incidence(kinds, asked, first=first, last=last)
    day = kinds["day"].dt.epoch("d").to_numpy()
    spans = [_exposed(kinds, day, span, curve, later=later) for later, span in ((False, before), (True, after))]
    in_after, in_before = pl.col("asked_on").is_between(*after), pl.col("asked_on").is_between(*before)
    events = asked.filter(in_after | in_before).select(
        *columns, *EVENT_COLUMNS, "day", "asked_on", "events", after=in_after
    )
    exposures = pl.concat(spans)
    return RequestTables(exposures, events, curve)


def daily_exposure(tables: RequestTables, *, days: Sequence[date]) -> Floats:
    """Order lines at risk on each of an unbroken run of days, from the lines of the exposures given.

    The days' exposures sum to the exposure of the whole run.
    """
    lines = tables.exposures.filter(
        ~pl.col("after") | (pl.col("day") > tables.exposures.filter(~pl.col("after"))["day"].max())
    )
    first = days[0] - timedelta(days=LAST_AGE_DAYS)
    at = (lines["day"].dt.epoch("d") - (first - EPOCH).days).to_numpy()
    paid = np.bincount(at[at >= 0], lines["lines"].to_numpy()[at >= 0], minlength=LAST_AGE_DAYS + len(days))
    spread = np.convolve(paid, np.diff(tables.incidence, prepend=0.0))
    return spread[LAST_AGE_DAYS : LAST_AGE_DAYS + len(days)]


def cumulative_incidence(lines: pl.DataFrame, asked: pl.DataFrame, *, first: date, last: date) -> Floats:
    """By age in days (0 … `LAST_AGE_DAYS`): the share of a line's first requests that have come by then.

    ``lines`` has day of payment and number of lines; ``asked`` the requests with asked_on, day and part.
    Events at an age over lines seen at that age, summed up and scaled to 1: right-truncated young cohorts count only at
    the ages they reached, older ones only at the ages they had inside the span (a life table; Kaplan and Meier 1958).
    Without any request all of it comes on the first day.
    """
    paid, size = lines["day"].dt.epoch("d").to_numpy(), LAST_AGE_DAYS + 1
    start, end = ((d - EPOCH).days for d in (first, last))
    youngest = np.clip(start - paid, 0, size)
    oldest = np.clip(end - paid + 1, 0, size)
    many = lines["lines"].to_numpy()
    came_of_age, grew_out = (np.bincount(age, many, minlength=size + 1) for age in (youngest, oldest))
    at_risk = np.cumsum(came_of_age - grew_out)[:size]
    age = (asked["asked_on"] - asked["day"]).dt.total_days().to_numpy()
    came = np.bincount(age, weights=asked["part"].to_numpy(), minlength=size)[:size]
    total = np.cumsum(np.divide(came, at_risk, out=np.zeros(size), where=at_risk > 0))
    return total / total[-1] if total[-1] > 0 else np.ones(size)


def first_requests(
    lines: pl.DataFrame, refunds: Frame, *, first: date, last: date, money: bool = False
) -> pl.DataFrame:
    """First requests on order lines that came from ``first`` to ``last``, one row a line that a request touches.

    Columns out: those of ``lines`` and of `touched_lines`, ``asked_on`` (Date), ``part`` (of a request that touches
    several lines) and ``events``: the part, or with `money` the money asked for, of every request.
    """
    touched = touched_lines(refund_requests(refunds, until=last), lines.lazy()).filter(
        pl.col("applied_at").is_not_null()
    )
    dated = touched.with_columns(asked_on=pl.col("applied_at").dt.date()).with_columns(
        asked_on=pl.max_horizontal("asked_on", "day"), part=1.0 / pl.len().over("refund_id")
    )
    is_first = pl.int_range(pl.len()).over("line_id", order_by=["asked_on", "refund_id"]) == 0
    aged = (pl.col("asked_on") - pl.col("day")).dt.total_days() <= LAST_AGE_DAYS
    counted = dated.with_columns(is_first=is_first).filter(aged, pl.col("asked_on").is_between(first, last))
    asked = (
        counted.with_columns(events=(pl.col("cents").cast(pl.Decimal(18, 2)) / 100).cast(pl.Decimal(18, 2)))
        if money
        else counted.filter("is_first").with_columns(events="part")
    )
    return asked.collect()


def _exposed(lines: pl.DataFrame, day: NDArray[np.int64], span: Span, curve: Floats, *, later: bool) -> pl.DataFrame:
    start, end = ((d - EPOCH).days for d in span)
    upto = np.concatenate([[0.0], curve])  # by the number of days lived through
    lived_before = np.clip(start - day, 0, LAST_AGE_DAYS + 1)
    lived = np.clip(end - day + 1, 0, LAST_AGE_DAYS + 1)
    share = upto[lived] - upto[lived_before]
    exposure = pl.col("lines") * pl.Series(share)
    return lines.with_columns(after=pl.lit(later), exposure=exposure).filter(pl.col("exposure") > 0)
