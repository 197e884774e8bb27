"""Whether a decision worked: its unit's weeks before and after, against units that nothing was done to.

The way is chosen by what there is to compare with: twenty units or more, difference-in-differences on matched units;
ten to nineteen, a synthetic one; fewer, the unit's own past, which is association and said to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl
from scipy.special import ndtri

from aftersales.advice.breaks import breaks_between
from aftersales.advice.effect_weeks import EFFECT_WEEKS, effect_weeks
from aftersales.advice.verdicts import MATURE_ENOUGH, WEEKS_AFTER, Verdict, verdict
from aftersales.stats.did import compare_change, compare_own, log_rate
from aftersales.stats.fault_level import Levels, cured_share, levels_before
from aftersales.stats.interrupted import OWN_DRIFT, level_change
from aftersales.stats.placebo import LEAST_PLACEBOS, LEVEL, placebo_interval, placebo_p
from aftersales.stats.synthetic import synthetic_effect
from aftersales.words.errors import DataError, UsageError, unknown
from aftersales.words.language import Language, say

Method = Literal["did", "synthetic", "interrupted"]

# Eight to twelve weeks before, four to eight after: long enough to count, short enough for the shop to be the same.
WEEKS_BEFORE = 12
LEAST_BEFORE = 8
MOST_AFTER = 8
# Twenty comparable units make a 90 % interval out of their own moves.
MANY_CONTROLS = 20
# More likely than not: below, the unit's own weeks do not show a fault that could have been cured.
FAULT = 0.5
# A fault may grow by itself: that a decision harmed is said at 99 % instead of 95 % (2.33 errors for 1.64). Chosen.
HARM_LEVEL, HARM_REACH = 0.99, 1.414
COLUMNS = ("unit", "week", "events", "exposure", "maturity")


@dataclass(frozen=True, eq=False)
class Effect:
    """What became of a unit's rate after a decision, as a relative change (−0.3: three tenths fewer refunds).

    ``change_low`` and ``change_high`` are the interval of ``level``; null values where nothing can be said. ``reason``
    is the catalogue key of why a verdict is too_early or cannot_tell; ``p_value`` the share of untouched units that
    moved as much; ``table`` holds one row a unit compared with: unit, in_errors, change (relative, as if it had been
    treated); ``weeks`` the unit's weeks as `effect_weeks` has them; ``what`` is counted: refunds, or bad (orders on
    record).

    Where the unit had a fault when the decision was taken, ``fault_since`` is its first week, ``rate_before`` the rate
    of its weeks, ``rate_healthy`` that of the weeks before, and ``cured`` the share of it that is gone (90 % interval
    ``cured_low`` to ``cured_high``; above 1: better than before the fault). ``breaks`` names changes of law or platform
    policy in these weeks.
    """

    unit: str
    method: Method | None
    verdict: Verdict
    reason: str | None = None
    change: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    p_value: float | None = None
    controls: int = 0
    weeks_before: int = 0
    weeks_after: int = 0
    rate_before: float | None = None
    rate_after: float | None = None
    level: float = LEVEL
    table: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)
    what: str = "refunds"
    fault_since: date | None = None
    rate_healthy: float | None = None
    cured: float | None = None
    cured_low: float | None = None
    cured_high: float | None = None
    breaks: tuple[str, ...] = ()
    weeks: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EFFECT_WEEKS), repr=False)

    def headline(self, language: Language) -> str:
        """The verdict as a sentence, filled from the same numbers."""
        key = self.reason or f"advice.effect.{self.verdict}"
        said = say(
            key,
            language,
            change=self.change,
            low=self.change_low,
            high=self.change_high,
            weeks=self.weeks_after,
            needed=WEEKS_AFTER,
            before=self.rate_before,
            after=self.rate_after,
            controls=self.controls,
            what=f"advice.effect.of.{self.what}",
            level=self.level,
        )
        if self.fault_since is not None and self.cured is not None:
            said += say(
                "advice.effect.fault",
                language,
                since=self.fault_since,
                fault=self.rate_before,
                healthy=self.rate_healthy,
                cured=self.cured,
                low=self.cured_low,
                high=self.cured_high,
                level=self.level,
            )
        if self.breaks:
            named = [say(f"advice.break.{name}", language) for name in self.breaks]
            said += say("advice.effect.breaks", language, breaks=("；" if language == "zh" else "; ").join(named))
        if self.change is None:
            return said
        if self.method == "interrupted":
            return said + say("advice.effect.association", language)
        return said + say("advice.effect.compared", language, controls=self.controls)


def decision_effect(
    weeks: pl.DataFrame,
    *,
    unit: str,
    effective_from: date,
    market: str,
    expected: float = 0.0,
    touched: Sequence[str] = (),
    overlapping: bool = False,
    weeks_after: int = MOST_AFTER,
    interval: float = LEVEL,
) -> Effect:
    """Whether the rate of ``unit`` fell after ``effective_from`` by what was ``expected`` (-0.2: at least a fifth).

    ``weeks`` has one row a unit (product, province …) and week of payment: unit, week (Monday), events (first refund
    requests so far), exposure (orders × maturity), maturity (0..1; null is unknown and left out). Weeks from the first
    Monday on or after the date are after it, up to ``weeks_after`` and only those at least four fifths mature; the
    twelve weeks that ended before the week of the date are before it. ``touched`` are units that something else was
    done to: they are compared with nothing. ``overlapping`` says that another change touched this unit in the same
    weeks; the two are not told apart, and the verdict is cannot_tell. Intervals hold ``interval``.

    A unit whose weeks before show a fault (`levels_before`) is judged against the fault's level, shrunk as far as the
    spike may be chance, not against the mean of sick and healthy weeks. A change of law or platform policy that came to
    ``market`` in these weeks is named; without others to compare with, nothing that it may have done is called the
    decision's.

    Raises `DataError` for absent columns, `UsageError` for a unit that is not there or an expected rise.

    >>> rng = np.random.default_rng(5)
    >>> mondays = [date(2026, 7, 6) + timedelta(weeks=k) for k in range(16)]
    >>> rows = [(f"p{u}", m, int(rng.poisson(30 if u or k < 12 else 12)), 250.0, 1.0)
    ...     for u in range(45) for k, m in enumerate(mondays)]
    >>> weeks = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    >>> found = decision_effect(weeks, unit="p0", effective_from=mondays[12], market="cn", expected=-0.3)
    >>> found.verdict, found.method
    ('worked', 'did')
    """
    _check(weeks, unit, expected)
    monday = effective_from - timedelta(days=effective_from.weekday())
    found = _judged(
        weeks,
        unit=unit,
        effective_from=effective_from,
        expected=expected,
        touched=touched,
        overlapping=overlapping,
        weeks_after=weeks_after,
        interval=interval,
    )
    controls = found.table["unit"].to_list() if "unit" in found.table.columns else []
    since, until = monday - timedelta(weeks=WEEKS_BEFORE), monday + timedelta(weeks=weeks_after)
    fault = None if found.fault_since is None or found.rate_before is None else (found.fault_since, found.rate_before)
    seen = effect_weeks(weeks, unit=unit, controls=controls, since=since, monday=monday, until=until, fault=fault)
    last = min(until, max(weeks["week"].unique().to_list())) + timedelta(days=6)
    found = replace(found, weeks=seen, breaks=breaks_between(since, last, market) if found.change is not None else ())
    if found.breaks and found.method == "interrupted" and found.verdict in ("worked", "harmed"):
        return replace(found, verdict="cannot_tell", reason="advice.effect.law_changed")
    return found


def _judged(
    weeks: pl.DataFrame,
    *,
    unit: str,
    effective_from: date,
    expected: float,
    touched: Sequence[str],
    overlapping: bool,
    weeks_after: int,
    interval: float,
) -> Effect:
    monday = effective_from - timedelta(days=effective_from.weekday())
    first = monday if monday == effective_from else monday + timedelta(weeks=1)
    known = weeks.filter(pl.col("maturity").is_not_null(), pl.col("exposure") > 0)
    before = known.filter(pl.col("week") < monday, pl.col("week") >= monday - timedelta(weeks=WEEKS_BEFORE))
    ripe = known.filter(
        pl.col("week") >= first,
        pl.col("week") < first + timedelta(weeks=weeks_after),
        pl.col("maturity") >= MATURE_ENOUGH,
    )
    own_before, own_after = before.filter(pl.col("unit") == unit), ripe.filter(pl.col("unit") == unit)
    found = _Counted(unit, own_before.height, own_after.height, _rate(own_before), _rate(own_after), interval)
    if overlapping:
        return found.said("cannot_tell", "advice.effect.overlapping")
    # judged by the shop's weeks: a product that sells nothing any more would wait for ever
    if ripe["week"].n_unique() < WEEKS_AFTER:
        return found.said("too_early", "advice.effect.too_early")
    if own_before["week"].n_unique() < LEAST_BEFORE or own_after["exposure"].sum() <= 0:
        return found.said("cannot_tell", "advice.effect.too_little")
    kept = (pl.col("unit") == unit) | ~pl.col("unit").is_in(list(touched))
    past = known.filter(pl.col("unit") == unit, pl.col("week") < monday - timedelta(weeks=WEEKS_BEFORE))
    return _by_what_there_is(found, past, before.filter(kept), ripe.filter(kept), expected)


def _by_what_there_is(
    found: _Counted, past: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame, expected: float
) -> Effect:
    """Judged by the best way that the units left to compare with allow."""
    own_before, own_after = (rows.filter(pl.col("unit") == found.unit) for rows in (before, after))
    counts = _both(before, after)
    levels, firsts = _levels(before, counts["unit"].to_list())
    at = counts["unit"].to_list().index(found.unit)
    faulty = bool(levels.faulty[at] > FAULT)
    if faulty:
        found = found.with_fault(before, own_after, firsts[-int(levels.weeks[at])])
    others = counts.height - 1
    compared = None
    # of many units perhaps few are large enough to show that they moved
    if others >= MANY_CONTROLS or (faulty and others > LEAST_PLACEBOS):
        compared = _compared(found, counts, levels, expected)
    elif others > LEAST_PLACEBOS:
        return _synthetic(found, before, after, counts["unit"].to_list(), expected)
    if compared is not None:
        return compared
    if faulty:
        return _recovered(found, counts, at, levels, expected)
    return _alone(found, past, own_before, own_after, expected)


_KEPT = ("weeks_before", "weeks_after", "rate_before", "rate_after", "level", "fault_since", "rate_healthy")


@dataclass(frozen=True)
class _Counted:
    unit: str
    weeks_before: int
    weeks_after: int
    rate_before: float | None
    rate_after: float | None
    level: float
    fault_since: date | None = None
    rate_healthy: float | None = None

    def with_fault(self, before: pl.DataFrame, after: pl.DataFrame, since: date) -> _Counted:
        own = before.filter(pl.col("unit") == self.unit)
        sick, healthy = (own.filter(w) for w in (pl.col("week") >= since, pl.col("week") < since))
        return replace(self, rate_before=_rate(sick), rate_healthy=_rate(healthy), fault_since=since)

    @property
    def harm_reach(self) -> float:
        """How much further than the interval's end it is to 99 %, in units of the interval's half."""
        return HARM_REACH if self.level == LEVEL else float(ndtri(HARM_LEVEL) / ndtri((1 + self.level) / 2))

    def said(self, word: Verdict, reason: str | None, **more: object) -> Effect:
        kept = {k: getattr(self, k) for k in _KEPT}
        return Effect(self.unit, more.pop("method", None), word, reason, **kept, **more)  # type: ignore[arg-type]

    def judged(self, ends: tuple[float, float, float], expected: float, **more: object) -> Effect:
        if not np.isfinite(ends).all():
            return self.said("cannot_tell", "advice.effect.too_little", **more)
        change, low, high = (float(np.expm1(x)) for x in ends)
        sure_low = low if self.fault_since is None else float(np.expm1(ends[0] - self.harm_reach * (ends[0] - ends[1])))
        word: Verdict = verdict(low, high, expected=expected)
        if word == "harmed" and sure_low <= 0:
            word = "did_not"
        reason = None if word != "cannot_tell" else "advice.effect.cannot_tell"
        return self.said(word, reason, change=change, change_low=low, change_high=high, **more)


def _check(weeks: pl.DataFrame, unit: str, expected: float) -> None:
    absent = [c for c in COLUMNS if c not in weeks.columns]
    if absent:
        raise DataError(f"The weeks lack {', '.join(absent)}", found=", ".join(weeks.columns) or "no columns")
    if unit not in weeks["unit"]:
        raise unknown("unit", unit, weeks["unit"].unique().sort().head(5))
    if not -1 <= expected <= 0:
        raise UsageError(
            "The expected effect must be a fall, between -1 and 0", found=str(expected), hint="-0.2 is a fifth fewer"
        )


def _rate(rows: pl.DataFrame) -> float | None:
    exposure = float(rows["exposure"].sum())
    return float(rows["events"].sum()) / exposure if exposure > 0 else None


def _both(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Counts of each unit that was there before and after, sorted by unit."""
    sums = [pl.col("events").sum().cast(pl.Float64), pl.col("exposure").sum().cast(pl.Float64)]
    past, later = (rows.group_by("unit", maintain_order=True).agg(*sums) for rows in (before, after))
    return past.join(later, on="unit", suffix="_after").sort("unit")


def _levels(before: pl.DataFrame, units: list[str]) -> tuple[Levels, list[date]]:
    """The level each unit stood at when the decision was taken, and the weeks that it was learnt from."""
    weeks = before["week"].unique().sort().to_list()
    grid = pl.DataFrame({"unit": units}).join(pl.DataFrame({"week": weeks}), how="cross")
    filled = grid.join(before.select("unit", "week", "events", "exposure"), on=["unit", "week"], how="left")
    shape = len(units), len(weeks)
    events, exposure = (
        filled.sort("unit", "week")[c].fill_null(0).cast(pl.Float64).to_numpy().reshape(shape)
        for c in ("events", "exposure")
    )
    return levels_before(events, exposure), weeks


def _compared(found: _Counted, counts: pl.DataFrame, levels: Levels, expected: float) -> Effect | None:
    columns = [counts[c].to_numpy() for c in ("events", "exposure", "events_after", "exposure_after")]
    at = counts["unit"].to_list().index(found.unit)
    c = compare_change(*columns, treated=at, level=(levels.mean, levels.unsure), interval=found.level)
    if len(c.placebos) < LEAST_PLACEBOS:
        return None
    units = counts["unit"].gather(c.controls)
    table = pl.DataFrame({"unit": units, "in_errors": c.placebos, "change": np.expm1(c.moves)})
    return found.judged(
        (c.change, c.low, c.high),
        expected,
        method="did",
        p_value=c.p,
        controls=len(c.placebos),
        table=table,
        **_cured(found, counts, at, levels, common=c.common, drift=c.drift),
    )


def _cured(
    found: _Counted, counts: pl.DataFrame, at: int, levels: Levels, *, common: float, drift: float
) -> dict[str, float | None]:
    """The share of the fault that is gone, where there was one."""
    if found.fault_since is None:
        return {}
    events, exposure = counts["events_after"][at], counts["exposure_after"][at]
    share = cured_share(levels, at, events=events, exposure=exposure * common, drift=drift, level=found.level)
    return dict(zip(("cured", "cured_low", "cured_high"), share, strict=True))


def _recovered(found: _Counted, counts: pl.DataFrame, at: int, levels: Levels, expected: float) -> Effect:
    """A fault's level against what came after, with nothing to compare it with."""
    events, exposure = float(counts["events_after"][at]), float(counts["exposure_after"][at])
    ends = compare_own(
        events, levels.mean[at] * exposure, levels.unsure[at] + OWN_DRIFT**2, spread=levels.spread, level=found.level
    )
    return found.judged(
        ends, expected, method="interrupted", **_cured(found, counts, at, levels, common=1.0, drift=OWN_DRIFT**2)
    )


def _synthetic(found: _Counted, before: pl.DataFrame, after: pl.DataFrame, units: list[str], expected: float) -> Effect:
    """One synthetic control a unit, each unit once in the treated one's place."""
    both = pl.concat([before, after]).filter(pl.col("unit").is_in(units))
    spans = both["week"].n_unique() - after["week"].n_unique(), after["week"].n_unique()
    wide = (
        both.pivot("week", index="unit", values=["events", "exposure"], aggregate_function="sum")
        .fill_null(0)
        .sort("unit")
    )
    weeks = [str(w) for w in both["week"].unique().sort()]
    events, exposure = (wide.select(f"{v}_{w}" for w in weeks).to_numpy().astype(float) for v in ("events", "exposure"))
    rates = log_rate(events, exposure)
    errors = _chance(events, exposure, before=spans[0])
    at = wide["unit"].to_list().index(found.unit)
    rest = [k for k in range(len(rates)) if k != at]
    effect = synthetic_effect(rates[at], rates[rest], before=spans[0])
    moved = np.array(
        [synthetic_effect(rates[k], rates[[j for j in rest if j != k]], before=spans[0]).estimate for k in rest]
    )
    scores = moved / errors[rest]
    low, high = placebo_interval(effect.estimate, scores, scale=float(errors[at]), level=found.level)
    p = placebo_p(effect.estimate / float(errors[at]), scores)
    units = [wide["unit"][k] for k in rest]
    table = pl.DataFrame({"unit": units, "in_errors": scores, "change": np.expm1(moved)})
    return found.judged(
        (effect.estimate, low, high), expected, method="synthetic", p_value=p, controls=len(rest), table=table
    )


def _chance(events: np.ndarray, exposure: np.ndarray, *, before: int) -> np.ndarray:
    """Standard error of each unit's change by chance: later counts as the earlier rate would have them."""
    past, later = events[:, :before].sum(1), exposure[:, before:].sum(1)
    expected = (past + 0.5) / (exposure[:, :before].sum(1) + 0.5) * later
    return np.sqrt(1 / (past + 0.5) + 1 / (expected + 0.5))


def _alone(found: _Counted, past: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame, expected: float) -> Effect:
    rows = pl.concat([past, before, after]).sort("week")
    step = level_change(
        rows["events"].to_numpy().astype(float),
        rows["exposure"].to_numpy().astype(float),
        before=before.height,
        earlier=past.height,
        level=found.level,
    )
    if step is None:
        return found.said("cannot_tell", "advice.effect.too_little")
    if step.placebo_break:
        return found.said("cannot_tell", "advice.effect.placebo_break", method="interrupted")
    return found.judged((step.change, step.low, step.high), expected, method="interrupted", controls=0)
