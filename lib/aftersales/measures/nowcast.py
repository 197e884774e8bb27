"""Nowcast: what the latest cohorts have shown so far, what is still to come, and how sure that is.

Bornhuetter and Ferguson's idea: what is still to come is read off the recent weeks, never off the cohort's own first
days, which are too few to multiply. For each age the requests reported lately are set over the orders that could have
shown them; a cohort's future is its orders times the ages it has not reached. How many weeks "lately" means, and how
wide the interval must be, both come from the same nowcast re-run as of earlier days and compared with what came in.
Sources: Bornhuetter and Ferguson 1972, PCAS 59; Schmidt and Zocher 2004; Johnson et al. 2025, Wellcome Open Research
10.12688/wellcomeopenres.25027 (negative-binomial spread from past nowcasts).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.special import gammaln

from aftersales.measures.delays import BORROWED_REQUESTS, LEAST_WEEKS, TRAILING, knows_its_end
from aftersales.measures.maturity_stages import MATURE_FROM, stage
from aftersales.measures.pace import Expected, stretched, to_come
from aftersales.measures.triangles import DAYS, Grain
from aftersales.stats.tails import negative_binomial_ppf
from aftersales.words.errors import DataError

# The interval of every signal in the findings contract.
LEVEL = 0.90
# How many weeks may count as recent; their nowcasts are averaged by how well each length did in the past.
RECENT_WEEKS = (2, 3, 4, 6, 8, 12)
# By weeks, where each cohort has a pace and level of its own, the common curve may be a long mean.
STEADY_WEEKS = (3, 6, 12, 26, 52)
# Each weekday's own delays are pulled to the common ones as by this many reports a cell. Looked at on reports before
# October 2023 of the public reporting-delay data: 2 to 10 are as good as each other.
BORROWED_REPORTS = 4.0
# Before any past nowcast can be compared: a spread of a third around what is expected, and worth one comparison or two.
FIRST_SIZE, FIRST_SPREAD = 10.0, 1.0
# The most that a variance may be, in squares of what is to come.
MOST_SPREAD = 100.0
SIZES = np.exp(np.linspace(0.0, np.log(2000.0), 20))


class _Reports(NamedTuple):
    """Running sums by report period, weekday class and age: reports and the orders they could have come from."""

    events: np.ndarray  # (periods + 1, classes, ages)
    orders: np.ndarray
    own: np.ndarray  # (cohorts,) orders
    cells: np.ndarray  # (cohorts, ages) reports, 0 where not reached
    weekday: np.ndarray  # (cohorts,)
    told: np.ndarray  # (cohorts, ages) False where the orders or the reports are set aside


class _Span(NamedTuple):
    """The grid of a triangle: its first cohort, days a period, how many periods and ages."""

    first: date
    step: int
    periods: int
    ages: int

    @classmethod
    def of(cls, part: pl.DataFrame, step: int) -> _Span:
        """The span of these cells."""
        first: date = part["cohort"].min()  # type: ignore[assignment]
        last: int = ((part["cohort"] - first).dt.total_days() // step + part["age"]).max()  # type: ignore[assignment]
        oldest: int = part["age"].max()  # type: ignore[assignment]
        return cls(first, step, last + 1, oldest + 1)


class _Lender(NamedTuple):
    """All groups of an outcome together, on the grid of each, and how many requests of theirs a group borrows."""

    pool: _Reports
    borrowed: float


def quantile(to_come: np.ndarray, size: np.ndarray, probability: float) -> np.ndarray:
    """The quantile of a negative-binomial count with mean ``to_come`` and variance to_come + to_come²/size.

    >>> quantile(np.array([0.0, 10.0]), np.array([5.0, 1e6]), 0.95).tolist()
    [0.0, 15.0]
    """
    mean, size = np.maximum(np.asarray(to_come, float), 0.0), np.asarray(size, float)
    found = negative_binomial_ppf(size, size / (size + np.maximum(mean, 1e-12)), below=probability)
    return np.where(mean > 1e-12, found, 0.0)


def nowcast(
    triangle: pl.DataFrame,
    *,
    age: Grain = "week",
    by: Sequence[str] = (),
    level: float = LEVEL,
    trailing: int | None = None,
    unit: float = 1.0,
    set_aside: Collection[date] = (),
    borrowed: float = BORROWED_REQUESTS,
) -> pl.DataFrame:
    """Each cohort's requests so far and in the end, with an interval whose width comes from past nowcasts' errors.

    Takes what `delay_triangle` gives. Each outcome is nowcast by itself; its groups borrow from one another, at every
    age as by ``borrowed`` requests over the whole curve, at the group's own level and with the shape it had beside the
    others in all its seasons (festival orders seen last half a year ago still have a curve). By days, each weekday
    of payment has delays of its own. Weekday patterns and past errors come from the last ``trailing`` periods
    (twelve weeks). On
    the days ``set_aside`` (or in weeks that begin on them: no courier drives at Spring Festival) nothing is learnt,
    neither from their orders nor from their reports; their cohorts are nowcast all the same. ``unit`` is the size of
    one typical event where events are money, so that spread is judged in requests. Where the data are younger than
    `LEAST_WEEKS`, maturity cannot be known and is null.

    Columns out: those of ``by``, ``outcome``, ``cohort``, ``age`` (reached), ``orders``, ``seen``, ``to_come`` (mean),
    ``value`` (seen + to_come), ``low``, ``high`` (central ``level``), ``size`` (of the negative binomial), ``maturity``
    (share of what is expected that can have been seen, 0..1; null where nothing is expected), ``mature`` (Bool),
    ``stage``. Sorted by ``by``, outcome, cohort. Raises `DataError` for columns that are missing.

    >>> from datetime import date
    >>> cells = [(date(2026, 10, 5) + timedelta(weeks=w), a, 100, 4) for w in range(6) for a in range(2) if w + a < 6]
    >>> triangle = pl.DataFrame(cells, schema=["cohort", "age", "orders", "events"], orient="row")
    >>> nowcast(triangle).select("seen", "to_come", "maturity", "stage").tail(2).rows()
    [(8, 0.0, 1.0, 'mature'), (4, 4.0, 0.5, 'young')]
    """
    keys = [*by, *(["outcome"] if "outcome" in triangle.columns else [])]
    absent = [c for c in (*keys, "cohort", "age", "orders", "events") if c not in triangle.columns]
    if absent:
        raise DataError(f"The triangle lacks {', '.join(absent)}", found=", ".join(triangle.columns) or "no columns")
    if triangle.is_empty():
        return _empty(triangle, keys)
    outcomes = [key for key in keys if key not in by]
    done = []
    for alike in triangle.partition_by(outcomes, maintain_order=True) if outcomes else [triangle]:
        span = _Span.of(alike, DAYS[age])
        parts = alike.partition_by(by, maintain_order=True) if by else [alike]
        pool = None
        if len(parts) > 1 and borrowed > 0:
            cells = alike.group_by("cohort", "age", maintain_order=True).agg(pl.col("orders", "events").sum())
            pool = _reports(cells, span, unit=unit, set_aside=set_aside)
        done += [
            _one(
                part,
                keys,
                span if pool else _Span.of(part, DAYS[age]),
                lender=pool and _Lender(pool, borrowed),
                age=age,
                level=level,
                trailing=trailing or TRAILING[age],
                unit=unit,
                set_aside=set_aside,
            )
            for part in parts
        ]
    return pl.concat(done).with_columns(stage=stage("maturity")).sort(*keys, "cohort")


def _empty(triangle: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    numbers = dict.fromkeys(("to_come", "value", "low", "high", "size", "maturity"), pl.Float64)
    whole = triangle.select(*keys, "cohort", "age", "orders", seen="events").clear()
    return whole.with_columns(
        *(pl.lit(None, dtype=kind).alias(name) for name, kind in numbers.items()),
        mature=pl.lit(False),
        stage=pl.lit(""),
    )


def _one(
    part: pl.DataFrame,
    keys: Sequence[str],
    span: _Span,
    *,
    lender: _Lender | None,
    age: Grain,
    level: float,
    trailing: int,
    unit: float,
    set_aside: Collection[date],
) -> pl.DataFrame:
    reports = _reports(part, span, unit=unit, set_aside=set_aside)
    now = len(reports.own) - 1
    rest, size, share = _averaged(reports, now, trailing=trailing, step=DAYS[age], lender=lender)
    seen = reports.cells.sum(1)
    tail = (1 - level) / 2
    low, high = (seen + quantile(rest, size, p) for p in (tail, 1 - tail))
    days = pl.Series("cohort", [span.first + timedelta(days=DAYS[age] * t) for t in range(now + 1)], dtype=pl.Date)
    kinds = {"orders": part.schema["orders"], "seen": part.schema["events"]}
    frame = pl.DataFrame(
        {
            "cohort": days,
            "age": now - np.arange(now + 1),
            "orders": reports.own,
            "seen": seen * unit,
            "to_come": rest * unit,
            "value": (seen + rest) * unit,
            "low": low * unit,
            "high": high * unit,
            "size": size,
            "maturity": share,
        }
    )
    frame = frame.with_columns(pl.col("maturity").fill_nan(None), *(pl.col(c).cast(k) for c, k in kinds.items()))
    if not knows_its_end(part, age=age):
        frame = frame.with_columns(maturity=pl.lit(None, dtype=pl.Float64))
    group = part.select(keys).head(1)
    frame = frame.with_columns(mature=(pl.col("maturity") >= MATURE_FROM).fill_null(value=False))
    frame = frame.filter(pl.col("cohort").is_in(part["cohort"].unique().implode()))
    return group.join(frame, how="cross") if keys else frame


def _reports(part: pl.DataFrame, span: _Span, *, unit: float, set_aside: Collection[date]) -> _Reports:
    """The triangle turned so that a row is a report period: every window of recent reports is then a difference."""
    first, step, periods, ages = span
    row = ((part["cohort"] - first).dt.total_days() // step).to_numpy()
    col = part["age"].to_numpy().astype(int)
    classes = 7 if step == 1 else 1
    weekday = np.arange(periods) % classes
    own, cells = np.zeros(periods), np.zeros((periods, ages))
    own[row] = part["orders"].to_numpy().astype(float)
    cells[row, col] = part["events"].to_numpy().astype(float) / unit
    events, orders = np.zeros((periods + 1, classes, ages)), np.zeros((periods + 1, classes, ages))
    events[row + col + 1, weekday[row], col] = cells[row, col]
    orders[row + col + 1, weekday[row], col] = own[row]
    aside = sorted((day - first).days // step for day in set_aside if first <= day)
    aside = [t for t in aside if t < periods]
    for table in (events, orders):
        table[np.array(aside, int) + 1] = 0
        for t in aside:
            late = np.arange(min(ages, periods - t))
            table[t + late + 1, weekday[t], late] = 0
    shut = np.zeros(periods + ages, bool)
    shut[np.array(aside, int)] = True
    told = ~(shut[:periods, None] | shut[np.arange(periods)[:, None] + np.arange(ages)])
    return _Reports(events.cumsum(0), orders.cumsum(0), own, cells, weekday, told)


def _incidence(reports: _Reports, now: int, *, recent: int, trailing: int, lender: _Lender | None = None) -> np.ndarray:
    """Reports expected per order, (weekday class, age): the weekday's pattern times the recent level of each age."""
    events = reports.events[now + 1] - reports.events[max(0, now + 1 - trailing)]
    orders = reports.orders[now + 1] - reports.orders[max(0, now + 1 - trailing)]
    pattern = np.ones_like(events)
    if len(pattern) > 1:
        common = events.sum(0) / np.maximum(orders.sum(0), 1e-12)
        pattern = (events + BORROWED_REPORTS) / (orders * common + BORROWED_REPORTS)
    late = max(0, now + 1 - recent)
    expected = ((reports.orders[now + 1] - reports.orders[late]) * pattern).sum(0)
    found = (reports.events[now + 1] - reports.events[late]).sum(0)
    # an age that the window did not show (days set aside, a young window) is read off all that was ever seen
    blind = expected <= 0
    expected = np.where(blind, (reports.orders[now + 1] * pattern).sum(0), expected)
    found = np.where(blind, reports.events[now + 1].sum(0), found)
    if lender is not None:
        lent, prior = _lent(reports, lender, now, found=found, expected=expected, recent=recent, trailing=trailing)
        found, expected = found + lent * prior, expected + lent
    return pattern * np.where(expected > 0, found / np.maximum(expected, 1e-12), 0.0)


def _lent(
    reports: _Reports, lender: _Lender, now: int, *, found: np.ndarray, expected: np.ndarray, recent: int, trailing: int
) -> tuple[float, np.ndarray]:
    """Orders a group borrows at every age, and the incidence they bring: the pool's, in the group's shape and level."""
    pool, borrowed = lender
    lately = _incidence(pool, now, recent=recent, trailing=trailing).mean(0)
    events, orders = (each[now + 1].sum(0) for each in (pool.events, pool.orders))
    ever = events / np.maximum(orders, 1e-12)
    whole = lately.sum()
    if whole <= 0:
        return 0.0, lately
    shape = (reports.events[now + 1].sum(0) + borrowed) / (reports.orders[now + 1].sum(0) * ever + borrowed)
    prior = lately * shape
    level = (found.sum() + borrowed) / ((expected * prior).sum() + borrowed)
    return borrowed / whole, prior * level


def _youngest(thens: Sequence[int], *, ages: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The last cohorts up to each day, one an age, oldest first; which are there; when each of their ages reports."""
    cohort = np.array(thens)[:, None] - np.arange(ages)[::-1]
    there = cohort >= 0
    cohort = np.maximum(cohort, 0)
    return cohort, there, cohort[..., None] + np.arange(ages)


def _expected(
    reports: _Reports, tables: Sequence[np.ndarray], thens: Sequence[int], now: int, *, step: int
) -> Expected:
    """What the youngest cohorts of each day in ``thens`` (one table a day) show after it, as far as ``now`` reaches.

    Cohorts are the last as many as there are ages, oldest first. By weeks each has a pace and a level of its own, by
    days a level.
    """
    cohort, there, reported = _youngest(thens, ages=reports.cells.shape[1])
    shown = (reported <= np.array(thens)[:, None, None]) & there[..., None]
    ahead = ~shown & (reported <= now) & there[..., None]
    told = reports.told[cohort]
    if now > max(thens):
        ahead &= told
    own = np.where(there, reports.own[cohort], 0.0)
    if step == DAYS["week"]:
        curves = np.stack([stretched(table[0]) for table in tables])[:, None]
    else:
        curves = np.stack([table[reports.weekday[each]] for table, each in zip(tables, cohort, strict=True)])
        curves = curves[:, :, None]
    return to_come(own[..., None, None] * curves, reports.cells[cohort], shown, shown & told, ahead)


def _averaged(
    reports: _Reports, now: int, *, trailing: int, step: int, lender: _Lender | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """To come, negative-binomial size and share shown so far of each cohort: the mean of all models.

    A model is a length of the recent window and how much weeks differ in pace and level. Each is weighed by how well
    it foretold the past; where models differ, or the past is too short to tell, that is part of the spread.
    """
    ages = reports.cells.shape[1]
    windows = sorted({w * 7 // step for w in (RECENT_WEEKS if step == DAYS["day"] else STEADY_WEEKS)})
    models = [_learnt(reports, now, recent=recent, trailing=trailing, step=step, lender=lender) for recent in windows]
    evidence = np.stack([each for each, _ in models])
    weight = np.exp(evidence - evidence.max())
    weight /= weight.sum()
    tables = [_incidence(reports, now, recent=recent, trailing=trailing, lender=lender) for recent in windows]
    found = _expected(reports, tables, [now] * len(windows), now + ages, step=step)
    week = np.arange(ages)[::-1] // (7 // step)
    size = np.stack([sizes[week] for _, sizes in models])
    each = weight[:, None]
    mean = (each * found.mean).sum((0, 2, 3))
    square = (each * found.mean**2 * (1 + found.relative_variance + 1 / size)).sum((0, 2, 3))
    share = (each * found.reached).sum((0, 2, 3))
    # where next to nothing is to come, models that disagree on it must not make a spread without end
    spread = np.clip(square / np.maximum(mean, 1e-12) ** 2 - 1, 1 / SIZES[-1], MOST_SPREAD)
    shown = np.concatenate([np.zeros(now + 1), np.where(mean > 0, mean, 0.0)])[-now - 1 :]
    sizes = np.concatenate([np.full(now + 1, SIZES[-1]), np.where(mean > 0, 1 / spread, SIZES[-1])])[-now - 1 :]
    known = any(table.sum() > 0 for table in tables)
    shares = np.concatenate([np.ones(now + 1), share])[-now - 1 :] if known else np.full(now + 1, np.nan)
    # beyond these digits sums depend on the machine's order of adding
    return shown.round(6), sizes.round(6), shares.round(9)


def _learnt(
    reports: _Reports, now: int, *, recent: int, trailing: int, step: int, lender: _Lender | None
) -> tuple[np.ndarray, np.ndarray]:
    """Of each model with this window: log evidence of the past, and the negative-binomial size by week of age.

    Misses of one week go together, so that its comparisons at all ages are more than one and fewer than they are: by
    weeks we count the geometric mean of both (so chosen on made-up worlds, between one, the mean and all), by days
    every comparison (so chosen on the public reporting-delay data: a score of 2.45 against 2.70).
    """
    ages = reports.cells.shape[1]
    weeks = -(-ages // (7 // step))
    # a comparison needs a curve
    first = max(now - trailing, min(LEAST_WEEKS * 7 // step, now // 2), 2)
    thens = list(range(first, now))
    prior = -0.5 * (np.log(SIZES / FIRST_SIZE) / FIRST_SPREAD) ** 2
    if thens:
        tables = [_incidence(reports, then, recent=recent, trailing=trailing, lender=lender) for then in thens]
        found = _expected(reports, tables, thens, now, step=step)
        cohort, there, reported = _youngest(thens, ages=ages)
        ahead = (reported > np.array(thens)[:, None, None]) & (reported <= now) & reports.told[cohort]
        came = (reports.cells[cohort] * ahead).sum(-1)
        # where nothing was expected and nothing came there is nothing to learn
        compared = there & ahead.any(-1) & ((came > 0) | (found.mean.max((-1, -2)) > 0.05))
        each = _log_density(came[compared], found.mean[compared], found.relative_variance[compared])
        young = found.reached[..., 0, 0][compared] < MATURE_FROM
        week = np.broadcast_to(np.arange(ages)[::-1] // (7 // step), cohort.shape)[compared]
    else:
        each = np.zeros((0, 1, 1, len(SIZES)))
        young, week = np.zeros(0, bool), np.zeros(0, int)
    counted = 1.0 if step == DAYS["day"] else min(1.0, len(thens) / max(young.sum(), 1)) ** 0.5
    total = counted * each[young].sum(0) + prior
    evidence = np.log(np.exp(total - total.max(-1, keepdims=True)).mean(-1)) + total.max(-1)
    # Nearly mature cohorts miss by a larger share of the little that is still to come, which the young ones cannot
    # tell. A week of age departs from the common size only as far as its own errors carry it
    pooled = np.log(SIZES[total.argmax(-1)])[..., None]
    sizes = []
    for w in range(weeks):
        own = step / 7 * each[week == w].sum(0) - 0.5 * ((np.log(SIZES) - pooled) / FIRST_SPREAD) ** 2
        likely = np.exp(own - own.max(-1, keepdims=True))
        sizes.append(likely.sum(-1) / (likely / SIZES).sum(-1))
    return evidence, np.stack(sizes)


def _log_density(came: np.ndarray, mean: np.ndarray, relative_variance: np.ndarray) -> np.ndarray:
    """Log density of what came under each model and each of `SIZES`; (comparisons, …, sizes).

    By gamma functions, so money will do too.
    """
    y = np.maximum(came, 0.0)[:, None, None, None]
    size = 1 / (1 / SIZES + relative_variance[..., None])
    # an empty expectation that something came into is a miss, not an impossibility
    m = np.maximum(mean, 0.05)[..., None]
    return (
        gammaln(y + size)
        - gammaln(size)
        - gammaln(y + 1)
        + size * np.log(size / (size + m))
        + y * np.log(m / (size + m))
    )
