"""Is this week above, below or within what was to be expected? A verdict for every weekly measure.

The rung of the ladder follows the history: season, trend and festivals from 104 weeks, trend and festivals from 26, a
rate drawn towards its like from 10, below that "not enough data". Measures that are not counts get an XmR chart, shares
of large numbers Laney's p′.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

from aftersales.measures.baselines import METHODS
from aftersales.measures.count_verdicts import judged_counts, level_since
from aftersales.measures.signal_budget import level_per_test
from aftersales.stats.count_limits import final_value_range
from aftersales.stats.level_shift import level_mean, present_level_start
from aftersales.stats.xmr import ControlChart, individuals, laney_shares
from aftersales.words.errors import DataError
from aftersales.words.periods import Week

Array = NDArray[np.float64]

KINDS = ("count", "share", "value")
VERDICTS = ("above", "below", "routine", "not_enough_data")
# Half of a week's refunds still to come: its nowcast says more about other weeks than about this one
MATURE_ENOUGH = 0.5
# A chart of individuals forgets after a year: older values say little about this one
CHART_WEEKS = 52
SMALLEST_P = 1e-300  # a normal deviate of 37: where floating point ends
# The contract of findings/signals: at most sixty weeks
LOOK_BACK_WEEKS = 60
_NEEDED = {"measure", "scope", "week", "kind", "events", "exposure", "maturity", "value"}
_OPTIONAL = ("maturity_error", "value_low", "value_high")
SCHEMA: dict[str, pl.DataType] = {
    "measure": pl.String(), "scope": pl.String(), "week": pl.Date(), "kind": pl.String(), "method": pl.String(),
    "seen": pl.Float64(), "value": pl.Float64(), "value_low": pl.Float64(), "value_high": pl.Float64(),
    "expected": pl.Float64(), "normal_low": pl.Float64(), "normal_high": pl.Float64(), "p_above": pl.Float64(),
    "p_below": pl.Float64(), "score": pl.Float64(), "verdict": pl.String(), "since": pl.Date(),
}  # fmt: skip


class _Panel(NamedTuple):
    """The table as arrays (S, T): one row a series, one column a week."""

    keys: pl.DataFrame
    weeks: list[Week]
    columns: dict[str, Array]


def surveillance(
    table: pl.DataFrame, *, week: Week, market: str | None, alpha: float | None = None, weeks: int = 1
) -> pl.DataFrame:
    """Verdicts for the latest ``weeks`` (at most 60) up to ``week``, each judged from the weeks before it alone.

    ``table``, one row a measure, scope and week: measure, scope (text), week (Monday, Date), kind (count: events that
    are rare against their exposure · share: events among a number, near to one perhaps · value: anything else), events
    (as counted so far), exposure (matured: orders x F(age), in orders), maturity (F, 0..1; null: unknown), value (for
    kind value; else the nowcast, where the caller has a better one than events / exposure). Optional: maturity_error
    (relative standard error of F), value_low and value_high (0.90 interval of that nowcast). ``alpha`` is the level of
    each side of each test (default: `level_per_test` of the number of series). Weeks that are missing are gaps. The
    festivals allowed for are those of ``market`` (None: none are).

    Returns one row a series and judged week in which the series has a row, by measure, scope, week: measure, scope,
    week, kind, method (seasonal, trend, shrunk_rate, individuals, share; null where there was no baseline), seen (as
    counted so far), value, value_low, value_high (final value and its 90 % interval), expected, normal_low,
    normal_high (null without a baseline; in the value's unit), p_above, p_below, score (the smaller p-value as a normal
    deviate, negative below: surprise in sigmas, for ranking), verdict (above, below, routine, not_enough_data), since
    (Monday of the step to the present level; null unless above or below). A week less than half mature, or of unknown
    maturity, is never judged; nor is a count above its limit with under five events in four weeks.

    Sources: reference methods, section 3; see `farrington`, `baselines`, `xmr`.

    >>> from datetime import date, timedelta
    >>> rows = [("returns", "shop", date(2026, 1, 5) + timedelta(weeks=i), "count", y, 100.0, 1.0, None)
    ...         for i, y in enumerate([5.0, 6, 4, 5, 5, 6, 4, 5, 6, 5, 4, 20])]
    >>> frame = pl.DataFrame(rows, orient="row",
    ...     schema=["measure", "scope", "week", "kind", "events", "exposure", "maturity", "value"])
    >>> found = surveillance(frame, week=Week.parse("2026-W13"), market="cn", alpha=0.01)
    >>> found.select("week", "value", "verdict", "method").rows()
    [(datetime.date(2026, 3, 23), 0.2, 'above', 'shrunk_rate')]
    """
    _check(table)
    table = table.filter(pl.col("week") <= week.monday)
    series = table.select("measure", "scope", "kind").unique().height
    if not series:
        return pl.DataFrame(schema=SCHEMA)
    level = alpha if alpha is not None else level_per_test(series)
    parts = []
    for kind in KINDS:
        rows = table.filter(pl.col("kind") == kind)
        if rows.is_empty():
            continue
        panel = _panel(rows, week)
        for at in range(max(0, len(panel.weeks) - min(weeks, LOOK_BACK_WEEKS)), len(panel.weeks)):
            judge = _judged_values if kind != "count" else _judged_counts
            parts.append(judge(panel, at, kind, level, market))
    if not parts:
        return pl.DataFrame(schema=SCHEMA)
    found = pl.concat(parts).join(table.select("measure", "scope", "week"), on=["measure", "scope", "week"], how="semi")
    return found.sort("measure", "scope", "week")


def _check(table: pl.DataFrame) -> None:
    lacking = _NEEDED - set(table.columns)
    if lacking:
        raise DataError("Weekly measures lack columns", found=", ".join(sorted(lacking)))
    foreign = table.filter(~pl.col("kind").is_in(KINDS) | pl.col("kind").is_null())
    if not foreign.is_empty():
        raise DataError("A measure is a count, a share or a value", found=str(foreign["kind"][0]))
    if table.select("measure", "scope", "week").is_duplicated().any():
        raise DataError("A measure has one row a scope and week", found="the same week twice")


def _panel(rows: pl.DataFrame, week: Week) -> _Panel:
    first = rows["week"].min()
    assert isinstance(first, date)
    weeks = [Week.of(first).shift(i) for i in range(week.since(Week.of(first)) + 1)]
    keys = rows.select("measure", "scope", "kind").unique().sort("measure", "scope").with_row_index("series")
    placed = rows.join(keys, on=["measure", "scope"]).select(
        "series",
        ((pl.col("week") - first).dt.total_days() // 7).alias("place"),
        *(pl.col(name).cast(pl.Float64) for name in ("events", "exposure", "maturity", "value")),
        *(
            pl.col(name).cast(pl.Float64) if name in rows.columns else pl.lit(None, pl.Float64).alias(name)
            for name in _OPTIONAL
        ),
    )
    where = placed["series"].to_numpy(), placed["place"].to_numpy()
    columns = {}
    for name in placed.columns[2:]:
        grid = np.full((len(keys), len(weeks)), np.nan)
        grid[where] = placed[name].to_numpy()
        columns[name] = grid
    return _Panel(keys.drop("series"), weeks, columns)


def _judged_counts(panel: _Panel, at: int, kind: str, alpha: float, market: str | None) -> pl.DataFrame:
    del kind
    column = panel.columns
    usable = np.isfinite(column["events"]) & (column["exposure"] > 0) & (column["maturity"] >= MATURE_ENOUGH)
    counts, exposures = np.nan_to_num(column["events"]), np.where(usable, column["exposure"], 1.0)
    pools = panel.keys["measure"].rank("dense").cast(pl.Int64).to_numpy()
    found = judged_counts(
        counts,
        exposures,
        usable,
        weeks=panel.weeks,
        at=at,
        alpha=alpha,
        exposure_error=column["maturity_error"],
        pools=pools,
        market=market,
    )
    known = np.isfinite(found.p_above)
    over, under = known & (found.p_above <= alpha), known & (found.p_below <= alpha)
    since = np.full(len(known), at)
    flagged = np.flatnonzero((over & found.enough) | under)
    if flagged.size:
        since[flagged] = level_since(
            counts[flagged],
            exposures[flagged],
            usable[flagged],
            weeks=panel.weeks,
            at=at,
            above=over[flagged],
            pools=pools[flagged],
            market=market,
        )
    events, exposure = column["events"][:, at], column["exposure"][:, at]
    maturity = column["maturity"][:, at]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(np.isfinite(column["value"][:, at]), column["value"][:, at], events / exposure)
        seen = np.where(np.isfinite(maturity), events * maturity / exposure, events / exposure)
        low, high = final_value_range(
            events, exposure, maturity, dispersion=found.dispersion, exposure_rse=column["maturity_error"][:, at]
        )
    return _verdicts(
        panel,
        at,
        since=since,
        over=over,
        under=under,
        known=known,
        enough=found.enough,
        method=[METHODS[m] if m else None for m in found.method],
        seen=seen,
        value=value,
        interval=(low, high),
        expected=found.mean / exposures[:, at],
        normal=(found.low / exposures[:, at], found.high / exposures[:, at]),
        p_values=(found.p_above, found.p_below),
    )


def _judged_values(panel: _Panel, at: int, kind: str, alpha: float, market: str | None) -> pl.DataFrame:
    del market
    column = panel.columns
    past, here = slice(max(0, at - CHART_WEEKS), at), slice(max(0, at + 1 - LOOK_BACK_WEEKS), at + 1)
    mature = column["maturity"] >= MATURE_ENOUGH
    if kind == "share":
        usable = mature & (column["exposure"] > 0)
        events, numbers = np.where(usable, column["events"], np.nan), np.where(usable, column["exposure"], np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = events / numbers
            shown = column["events"][:, at] / column["exposure"][:, at]
        chart: ControlChart = laney_shares(
            events[:, past], numbers[:, past], events[:, at], numbers[:, at], alpha=alpha
        )
    else:
        values = np.where(mature, column["value"], np.nan)
        shown = column["value"][:, at]
        chart = individuals(values[:, past], values[:, at], alpha=alpha, error=column["maturity_error"][:, at])
    known = np.isfinite(chart.p_above)
    over, under = known & (chart.p_above <= alpha), known & (chart.p_below <= alpha)
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = (values[:, here] - chart.centre[:, None]) / chart.sigma[:, None]
    name = "share" if kind == "share" else "individuals"
    start = present_level_start(np.where(np.isfinite(residual), residual, np.nan))
    agrees = (start > 0) & ((level_mean(residual, start) > 0) == over)
    return _verdicts(
        panel,
        at,
        since=np.where(agrees, here.start + start, at),
        over=over,
        under=under,
        known=known,
        enough=np.ones_like(known),
        method=[name if k else None for k in known],
        seen=shown,
        value=shown,
        interval=(shown, shown),
        expected=chart.centre,
        normal=(chart.low, chart.high),
        p_values=(chart.p_above, chart.p_below),
    )


def _verdicts(
    panel: _Panel,
    at: int,
    *,
    since: NDArray[np.int64],
    over: NDArray[np.bool_],
    under: NDArray[np.bool_],
    known: NDArray[np.bool_],
    enough: NDArray[np.bool_],
    method: Sequence[str | None],
    seen: Array,
    value: Array,
    interval: tuple[Array, Array],
    expected: Array,
    normal: tuple[Array, Array],
    p_values: tuple[Array, Array],
) -> pl.DataFrame:
    verdict = np.select([~known | (over & ~enough), over, under], ["not_enough_data", "above", "below"], "routine")
    above, below = (np.maximum(p, SMALLEST_P) for p in p_values)
    score = np.where(above <= below, -ndtri(np.minimum(above, 0.5)), ndtri(np.minimum(below, 0.5)))
    given = [panel.columns[name][:, at] for name in ("value_low", "value_high")]
    low, high = (np.where(np.isfinite(own), own, ours) for own, ours in zip(given, interval, strict=True))
    signal = np.isin(verdict, ("above", "below"))
    monday = panel.weeks[at].monday
    numbers = {
        "seen": seen, "value": value, "value_low": low, "value_high": high, "expected": expected,
        "normal_low": normal[0], "normal_high": normal[1], "p_above": p_values[0], "p_below": p_values[1],
        "score": score,
    }  # fmt: skip
    first = panel.weeks[0].monday
    return panel.keys.with_columns(
        pl.lit(monday).alias("week"),
        pl.Series("method", method, dtype=pl.String),
        *(pl.Series(name, np.where(np.isfinite(x), x, np.nan), nan_to_null=True) for name, x in numbers.items()),
        pl.Series("verdict", verdict, dtype=pl.String),
        pl.Series(
            "since",
            [first + timedelta(weeks=int(s)) if is_ else None for s, is_ in zip(since, signal, strict=True)],
            dtype=pl.Date,
        ),
    ).select(*SCHEMA)
