"""Bursts: more orders of one buyer, or to one door, within hours or days than their own pace and the shop's allow.

A scan statistic. Every order opens windows of a few lengths; the orders that follow in a window are held against what
the same source (a buyer, a shared key, a product in a province) orders outside the window, as far as one can know that
from little, and against the shop's own traffic in the same hours: on a day of promotion everybody orders more, and
that is no burst. Sources: Naus 1965 and Kulldorff 1997 (scan statistics); Robbins 1956 (empirical Bayes).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from scipy.special import gammaln

from aftersales.measures.chunks import in_parts, parts_for
from aftersales.stats.tails import negative_binomial_sf
from aftersales.words.errors import UsageError

# A lunch hour's spree, a day's, and the two days within which organised orders are placed (reference "methods 5").
LENGTHS_HOURS = (6, 24, 48)
# Before anything is known of sprees: as if of twenty others one had been seen to order again within the window.
SPREE_SOURCES = 20
# Two orders are a second thought, not a burst.
LEAST_ORDERS = 3
_HOUR = 3600
# A count for every second pays where the shop has an order in so many: else it takes more room and time than searching.
_SECONDS_AN_ORDER = 20


def windows(
    evidence: pl.DataFrame,
    *,
    by: str,
    lengths_hours: Sequence[int] = LENGTHS_HOURS,
    within: str | None = None,
    keep: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> pl.DataFrame:
    """Every window with at least three orders of one source, and how surprising it is.

    ``evidence`` is of `order_evidence`; ``by`` names the column of the source (rows where it is null are left out, and
    so are orders that do not count). ``within`` names a wider source (the product of a product-in-province) whose own
    traffic must not explain the window either. ``keep`` chooses among all windows of some sources, where a shop has
    more than can be held.

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
    >>> windows(evidence, by="buyer").filter(pl.col("p_timing") < 1e-4).select(
    ...     pl.col("source").n_unique(), pl.col("orders").max()).row(0)
    (1, 6)
    """
    if not lengths_hours or min(lengths_hours) <= 0:
        raise UsageError("A window has a length above zero hours", found=str(list(lengths_hours)))
    counts = evidence.lazy().filter(pl.col("counts"))
    shop = _Shop(_Traffic(counts.select("at").collect()["at"].to_numpy()), lengths_hours)
    n = parts_for(evidence.height)
    # the wider source's orders lie in one part, and so do the source's own
    cut = list(in_parts(counts.select("at", *{by, within or by}), within or by, n=n))
    held = [_sources(cut[0], by, within)] if n == 1 else None  # a large shop's are sorted twice, never all held

    def sources() -> Iterator[_Sources]:
        yield from held or (_sources(rows, by, within) for rows in cut)

    for part in sources():
        shop.add(part)
    found = [_nothing(evidence.schema[by])]
    for part in sources():
        tests = _tests(part, shop)
        found.append(tests if keep is None else keep(tests))
    return pl.concat(found).sort("source", "start", "hours")


def _nothing(kind: pl.DataType) -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "source": kind,
            "start": pl.Int64,
            "end": pl.Int64,
            "hours": pl.Int64,
            "orders": pl.Int64,
            "expected": pl.Float64,
            "p_timing": pl.Float64,
        }
    )


def _prior(orders_of: Mapping[int, int]) -> tuple[float, float]:
    """Gamma prior of the sources' orders over the whole span, fitted to counts of which no zero is ever seen.

    ``orders_of``: how many sources have so many orders.
    """
    from scipy.optimize import minimize  # half a second to import: only where results are not kept

    counts = np.array(sorted(orders_of))
    times = np.array([orders_of[n] for n in counts])
    mean = (counts * times).sum() / times.sum()

    def loss(x: np.ndarray) -> float:
        a, b = np.exp(x)
        log_p = gammaln(counts + a) - gammaln(a) - gammaln(counts + 1) + a * np.log(b / (1 + b)) - counts * np.log1p(b)
        seen = np.log1p(-np.minimum((b / (1 + b)) ** a, 1 - 1e-12))
        return -float((times * (log_p - seen)).sum())

    start = np.log([1.0, 1.0 / max(mean, 0.5)])
    # beyond these ends the prior no longer changes a tail
    best = minimize(loss, start, method="L-BFGS-B", bounds=[(-3.0, 4.0), (-7.0, 6.0)]).x
    return float(np.exp(best[0])), float(np.exp(best[1]))


class _Wide:
    """Traffic of the wider source each row belongs to: its times on one axis, one stretch a source."""

    def __init__(self, crowd: pl.DataFrame, rows: pl.DataFrame, within: str) -> None:
        both = pl.concat([crowd.select(within, "at", mark=pl.lit(0)), rows.select(within, "at", mark=pl.lit(1))])
        both = both.with_columns(code=_numbered(within, both).rank("dense").cast(pl.Int64).fill_null(0))
        times = both["at"].to_numpy()
        self.base = int(times.min())
        # wider than any window, so that no window reaches into the next source's stretch
        self.stride = int(times.max()) - self.base + 400 * 86_400
        others = both.filter(mark=0)
        self.axis = np.sort(self._place(others["code"].to_numpy(), others["at"].to_numpy()))
        self.code = both.filter(mark=1)["code"].to_numpy()
        self.total = np.bincount(others["code"].to_numpy(), minlength=int(both["code"].to_numpy().max()) + 1)

    def _place(self, code: np.ndarray, at: np.ndarray) -> np.ndarray:
        return code * self.stride + (at - self.base)

    def between(self, rows: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        code = self.code[rows]
        return np.searchsorted(self.axis, self._place(code, end)) - np.searchsorted(self.axis, self._place(code, start))


@dataclass(frozen=True)
class _Sources:
    """Some sources with all their orders: each order's time and source (0, 1, …), each source's name and orders."""

    names: pl.Series
    at: np.ndarray
    source: np.ndarray
    own: np.ndarray
    wide: _Wide | None


class _Traffic:
    """How many of the shop's orders were placed before a moment; in a large shop looked up, for searching millions
    for each of millions of moments takes minutes.
    """

    def __init__(self, at: np.ndarray) -> None:
        self.orders, self.first = len(at), int(at.min()) if len(at) else 0
        span = int(at.max()) - self.first + 1 if len(at) else 0
        self.counted = span <= _SECONDS_AN_ORDER * self.orders
        # by second the orders up to it; else their times
        self.known = np.cumsum(np.bincount(at - self.first), dtype=np.int32) if self.counted else np.sort(at)

    def before(self, moment: np.ndarray) -> np.ndarray:
        if not self.counted or not self.orders:
            return np.searchsorted(self.known, moment)
        second = moment - self.first - 1
        return np.where(second < 0, 0, self.known[np.clip(second, 0, len(self.known) - 1)])


@dataclass
class _Shop:
    """What a window is held against: the shop's traffic, and what all its sources show."""

    traffic: _Traffic
    lengths: Sequence[int]
    rows: int = 0
    several: int = 0
    votes: Counter[int] = field(default_factory=Counter)
    orders_of: Counter[int] = field(default_factory=Counter)

    def add(self, part: _Sources) -> None:
        """Count these sources in."""
        self.rows += len(part.at)
        for orders, times in zip(*np.unique(part.own, return_counts=True), strict=True):
            self.orders_of[int(orders)] += int(times)
        self.several += int((part.own >= 2).sum())
        for hours in self.lengths:
            self.votes[hours] += _votes(*_near(part, self, hours), part).sum()  # type: ignore[assignment]

    @cached_property
    def prior(self) -> tuple[float, float]:
        return _prior(self.orders_of)


def _sources(rows: pl.LazyFrame, by: str, within: str | None) -> _Sources:
    # sorting whole numbers is many times quicker than sorting keys
    named = rows.filter(pl.col(by).is_not_null()).with_columns(code=_numbered(by, rows)).sort("code", "at").collect()
    source = named["code"].rle_id().to_numpy().astype(np.int64)
    first = np.flatnonzero(np.r_[True, source[1:] != source[:-1]][: len(source)])
    wide = _Wide(rows.select(within, "at").collect(), named, within) if within and named.height else None
    return _Sources(named[by].gather(first), named["at"].to_numpy(), source, np.bincount(source), wide)


def _numbered(column: str, rows: pl.LazyFrame | pl.DataFrame) -> pl.Expr:
    """Equal numbers for equal values."""
    if rows.collect_schema()[column].is_integer():
        return pl.col(column)
    return pl.col(column).cast(pl.Categorical).to_physical()


def _near(part: _Sources, shop: _Shop, hours: int) -> tuple[np.ndarray, np.ndarray]:
    """For each order, the source's own orders in the window it opens, and the share of the shop's others in it."""
    at, source = part.at, part.source
    if not len(at):
        return at, at
    stop, each = at + hours * _HOUR, part.own[source]
    axis = source * (int(at.max() - at.min()) + 2 * hours * _HOUR) + (at - at.min())
    count = np.searchsorted(axis, axis + hours * _HOUR) - np.arange(len(axis))
    crowd = shop.traffic.before(stop) - shop.traffic.before(at) - count
    # one more order on both sides: the traffic of a quiet night in a small shop is not known to be nothing
    return count, (np.maximum(crowd, 0) + 1) / (shop.traffic.orders - each + 2)


def _tests(part: _Sources, shop: _Shop) -> pl.DataFrame:
    """All windows of these sources."""
    found = [_of_length(hours, part, shop) for hours in shop.lengths] if shop.rows >= LEAST_ORDERS else []
    none = _nothing(part.names.dtype)
    named = [table.with_columns(source=part.names.gather(table["code"])).select(none.columns) for table in found]
    return pl.concat([none, *named])


def _of_length(hours: int, part: _Sources, shop: _Shop) -> pl.DataFrame:
    """All windows of one length."""
    at, source = part.at, part.source
    count, share = _near(part, shop, hours)
    spree = _sprees(_votes(count, share, part), shop.votes[hours], part.own, shop.several)
    rows = np.flatnonzero(count >= LEAST_ORDERS)
    k, n, share = count[rows], part.own[source[rows]], share[rows]
    if part.wide is not None:
        total = part.wide.total[part.wide.code[rows]]
        near = part.wide.between(rows, at[rows], at[rows] + hours * _HOUR) - k
        share = np.maximum(share, (np.maximum(near, 0) + 1) / (total - n + 2))
    share, (shape, rate) = np.minimum(share, 1.0), shop.prior
    outside, rest = shape + n - k, rate + 1 - share
    tail = negative_binomial_sf(k - 2, outside, rest / (rest + share)) + spree[source[rows]] ** (k - 1)
    return pl.DataFrame(
        {
            "code": source[rows],
            "start": at[rows],
            "end": at[rows] + hours * _HOUR,
            "hours": np.full(len(rows), hours, dtype=np.int64),
            "orders": k,
            "expected": outside / rest * share,
            "p_timing": np.minimum(tail * n * len(shop.lengths), 1.0),
        }
    )


def _votes(count: np.ndarray, share: np.ndarray, part: _Sources) -> np.ndarray:
    """By source: whether it was seen to order again within the window, beyond what chance gives; one vote a source.

    By chance each of a source's other orders falls into the window with the share of the traffic that it holds.
    """
    own = part.own[part.source]
    quiet = np.bincount(part.source, (own - 1) * np.log1p(-np.minimum(share, 0.999)))
    again = np.bincount(part.source, count >= 2) > 0
    return np.where(part.own >= 2, again - (1 - np.exp(quiet)), 0.0)


def _sprees(votes: np.ndarray, all_votes: float, own: np.ndarray, all_several: int) -> np.ndarray:
    """By source: how much more often than by chance the others order again within the window."""
    others = np.maximum(all_votes - votes, 0.0)
    return np.minimum((others + 1) / (all_several - (own >= 2) + SPREE_SOURCES), 1.0)


def surprising(tests: pl.DataFrame, *, tried: int, target: float, p: str = "p_timing") -> pl.DataFrame:
    """The rows that stand after Benjamini and Hochberg's procedure over ``tried`` sources, one p a source.

    A source's p is its smallest; all its rows within the cut stay. Columns and order as they came. Source: Benjamini
    and Hochberg 1995, JRSS B 57.

    >>> tests = pl.DataFrame({"source": ["a", "b", "c"], "p_timing": [0.001, 0.03, 0.5]})
    >>> surprising(tests, tried=3, target=0.05)["source"].to_list()
    ['a', 'b']
    """
    if not 0 < target < 1:
        raise UsageError("A share of false names lies between 0 and 1", found=str(target))
    best = np.sort(tests.group_by("source").agg(pl.col(p).min())[p].to_numpy())
    limits = target * np.arange(1, len(best) + 1) / max(tried, len(best), 1)
    within = np.flatnonzero(best <= limits)
    cut = limits[within[-1]] if len(within) else -1.0
    return tests.filter(pl.col(p) <= cut)
