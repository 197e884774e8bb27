"""Bursts: more orders of one buyer, or to one door, within hours or days than their own pace and the shop's allow.

A scan statistic. Every order opens windows of a few lengths; the orders that follow in a window are held against what
the same source (a buyer, a shared key, a product in a province) orders outside the window, as far as one can know that
from little, and against the shop's own traffic in the same hours: on a day of promotion everybody orders more, and
that is no burst. Sources: Naus 1965 and Kulldorff 1997 (scan statistics); Robbins 1956 (empirical Bayes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.optimize import minimize
from scipy.special import gammaln

from aftersales.measures.tails import negative_binomial_above
from aftersales.words.errors import QuestionError

# A lunch hour's spree, a day's, and the two days within which organised orders are placed (reference "methods 5").
LENGTHS_HOURS = (6, 24, 48)
# Before anything is known of sprees: as if of twenty others one had been seen to order again within the window.
SPREE_SOURCES = 20
# Two orders are a second thought, not a burst.
LEAST_ORDERS = 3
_HOUR = 3600


def windows(
    evidence: pl.DataFrame, *, by: str, lengths_hours: Sequence[int] = LENGTHS_HOURS, within: str | None = None
) -> pl.DataFrame:
    """Every window with at least three orders of one source, and how surprising it is.

    ``evidence`` is of `order_evidence`; ``by`` names the column of the source (rows where it is null are left out, and
    so are orders that do not count). ``within`` names a wider source (the product of a product-in-province) whose own
    traffic must not explain the window either.

    Columns out: source (as ``by``), start, end (seconds; the orders lie in start <= at < end), hours (length), orders,
    expected (orders to be expected after the first), p_timing (0..1: chance of as many, times the windows tried for
    the source). Sorted by source, start, hours.

    p is the negative binomial tail of the further orders, given the source's other orders and a Gamma prior fitted to
    all sources, plus the chance that an ordinary spree runs as long: the share of the others seen to order again within
    the window, beyond what chance gives, to the power of the further orders. One vote a source, so that a few busy
    ones do not make bursts ordinary.

    >>> from datetime import date, datetime, timedelta
    >>> from aftersales.measures.order_evidence import order_evidence
    >>> at = [datetime(2026, 11, 9, 9) + timedelta(days=d) for d in range(60)]
    >>> at += [datetime(2026, 11, 20, 9, m) for m in range(6)]
    >>> orders = pl.DataFrame({"order_id": [str(i) for i in range(66)], "created_at": at,
    ...     "buyer_key": [f"b{i}" for i in range(60)] + ["x"] * 6})
    >>> evidence = order_evidence(orders, pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String}),
    ...     until=date(2027, 1, 31))
    >>> windows(evidence, by="buyer").filter(pl.col("p_timing") < 1e-4)["source"].unique().to_list()
    ['x']
    """
    if not lengths_hours or min(lengths_hours) <= 0:
        raise QuestionError("A window has a length above zero hours", found=str(list(lengths_hours)))
    named = evidence.lazy().filter(pl.col("counts"), pl.col(by).is_not_null())
    # sorting whole numbers is many times quicker than sorting keys
    coded = named.select("at", *{by, within or by}, code=pl.col(by).cast(pl.Categorical).to_physical())
    rows = coded.sort("code", "at").collect()
    if rows.height < LEAST_ORDERS:
        return _nothing(evidence.schema[by])
    source = rows["code"].rle_id().to_numpy().astype(np.int64)
    own = np.bincount(source)
    known = _Known(
        at=rows["at"].to_numpy(),
        source=source,
        own=own,
        everything=np.sort(evidence.filter("counts")["at"].to_numpy()),
        prior=_prior(own),
        wide=_Wide(evidence.filter("counts"), rows, within) if within else None,
    )
    found = [_of_length(hours, known, tried=len(lengths_hours)) for hours in lengths_hours]
    table = pl.concat(found)
    names = rows[by].gather(np.flatnonzero(np.r_[True, source[1:] != source[:-1]]))
    return table.with_columns(source=names.gather(table["code"])).select(
        "source", "start", "end", "hours", "orders", "expected", "p_timing"
    ).sort("source", "start", "hours")  # fmt: skip


def _nothing(kind: pl.DataType) -> pl.DataFrame:
    return pl.DataFrame(schema={
        "source": kind, "start": pl.Int64, "end": pl.Int64, "hours": pl.Int64, "orders": pl.Int64,
        "expected": pl.Float64, "p_timing": pl.Float64,
    })  # fmt: skip


def _prior(own: np.ndarray) -> tuple[float, float]:
    """Gamma prior of the sources' orders over the whole span, fitted to counts of which no zero is ever seen."""
    counts, times = np.unique(own, return_counts=True)

    def loss(x: np.ndarray) -> float:
        a, b = np.exp(x)
        log_p = gammaln(counts + a) - gammaln(a) - gammaln(counts + 1) + a * np.log(b / (1 + b)) - counts * np.log1p(b)
        seen = np.log1p(-np.minimum((b / (1 + b)) ** a, 1 - 1e-12))
        return -float((times * (log_p - seen)).sum())

    start = np.log([1.0, 1.0 / max(own.mean(), 0.5)])
    # beyond these ends the prior no longer changes a tail
    best = minimize(loss, start, method="L-BFGS-B", bounds=[(-3.0, 4.0), (-7.0, 6.0)]).x
    return float(np.exp(best[0])), float(np.exp(best[1]))


class _Wide:
    """Traffic of the wider source each row belongs to: its times on one axis, one stretch a source."""

    def __init__(self, evidence: pl.DataFrame, rows: pl.DataFrame, within: str) -> None:
        both = pl.concat([evidence.select(within, "at", mark=pl.lit(0)), rows.select(within, "at", mark=pl.lit(1))])
        both = both.with_columns(code=pl.col(within).rank("dense").cast(pl.Int64).fill_null(0))
        times = both["at"].to_numpy()
        self.base = int(times.min())
        # wider than any window, so that no window reaches into the next source's stretch
        self.stride = int(times.max()) - self.base + 400 * 86_400
        crowd = both.filter(mark=0)
        self.axis = np.sort(self._place(crowd["code"].to_numpy(), crowd["at"].to_numpy()))
        self.code = both.filter(mark=1)["code"].to_numpy()
        self.total = np.bincount(crowd["code"].to_numpy(), minlength=int(both["code"].to_numpy().max()) + 1)

    def _place(self, code: np.ndarray, at: np.ndarray) -> np.ndarray:
        return code * self.stride + (at - self.base)

    def between(self, rows: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        code = self.code[rows]
        return np.searchsorted(self.axis, self._place(code, end)) - np.searchsorted(self.axis, self._place(code, start))


@dataclass(frozen=True)
class _Known:
    """What all lengths of window share: each order's time and source, each source's orders, the shop's traffic."""

    at: np.ndarray
    source: np.ndarray
    own: np.ndarray
    everything: np.ndarray
    prior: tuple[float, float]
    wide: _Wide | None


def _of_length(hours: int, known: _Known, *, tried: int) -> pl.DataFrame:
    """All windows of one length."""
    at, source, everything = known.at, known.source, known.everything
    axis = source * (int(at.max() - at.min()) + 2 * hours * _HOUR) + (at - at.min())
    stop, each = at + hours * _HOUR, known.own[source]
    count = np.searchsorted(axis, axis + hours * _HOUR) - np.arange(len(axis))
    crowd = np.searchsorted(everything, stop) - np.searchsorted(everything, at) - count
    # one more order on both sides: the traffic of a quiet night in a small shop is not known to be nothing
    share = (np.maximum(crowd, 0) + 1) / (len(everything) - each + 2)
    spree = _sprees(count, share, source, each)
    rows = np.flatnonzero(count >= LEAST_ORDERS)
    k, n, share = count[rows], each[rows], share[rows]
    if known.wide is not None:
        total = known.wide.total[known.wide.code[rows]]
        near = known.wide.between(rows, at[rows], stop[rows]) - k
        share = np.maximum(share, (np.maximum(near, 0) + 1) / (total - n + 2))
    share, (shape, rate) = np.minimum(share, 1.0), known.prior
    outside, rest = shape + n - k, rate + 1 - share
    tail = negative_binomial_above(k - 2, outside, rest / (rest + share)) + spree[source[rows]] ** (k - 1)
    return pl.DataFrame({
        "code": source[rows], "start": at[rows], "end": stop[rows], "hours": np.full(len(rows), hours), "orders": k,
        "expected": outside / rest * share, "p_timing": np.minimum(tail * n * tried, 1.0),
    })  # fmt: skip


def _sprees(count: np.ndarray, share: np.ndarray, source: np.ndarray, own: np.ndarray) -> np.ndarray:
    """By source: how much more often than by chance the others order again within the window, one vote a source.

    By chance each of a source's other orders falls into the window with the share of the traffic that it holds.
    """
    quiet = np.bincount(source, (own - 1) * np.log1p(-np.minimum(share, 0.999)))
    again = np.bincount(source, count >= 2) > 0
    several = np.bincount(source) >= 2
    votes = np.where(several, again - (1 - np.exp(quiet)), 0.0)
    others = np.maximum(votes.sum() - votes, 0.0)
    return np.minimum((others + 1) / (several.sum() - several + SPREE_SOURCES), 1.0)


def surprising(tests: pl.DataFrame, *, tried: int, target: float, p: str = "p_timing") -> pl.DataFrame:
    """The rows that stand after Benjamini and Hochberg's procedure over ``tried`` sources, one p a source.

    A source's p is its smallest; all its rows within the cut stay. Columns and order as they came. Source: Benjamini
    and Hochberg 1995, JRSS B 57.

    >>> tests = pl.DataFrame({"source": ["a", "b", "c"], "p_timing": [0.001, 0.03, 0.5]})
    >>> surprising(tests, tried=3, target=0.05)["source"].to_list()
    ['a', 'b']
    """
    if not 0 < target < 1:
        raise QuestionError("A share of false names lies between 0 and 1", found=str(target))
    best = np.sort(tests.group_by("source").agg(pl.col(p).min())[p].to_numpy())
    limits = target * np.arange(1, len(best) + 1) / max(tried, len(best), 1)
    within = np.flatnonzero(best <= limits)
    cut = limits[within[-1]] if len(within) else -1.0
    return tests.filter(pl.col(p) <= cut)
