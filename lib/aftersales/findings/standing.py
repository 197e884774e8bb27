"""How a finding stands against last week: new, still, better, gone — under an id that stays the same.

For findings that are tables (signals, drivers): the same rule as `finding.with_states`, a row a finding. Last week's
rows are computed as of then, never read from an old report.
"""

from __future__ import annotations

import polars as pl

from aftersales.findings.finding import BETTER_FROM
from aftersales.tables.ledger import finding_id

OUTSIDE = ("above", "below")


def with_signal_standing(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of `signals` with ``id``, ``state``, ``strength``, ``caveat`` and ``source``.

    Within a measure and scope, week by week: outside its range for the first time is new, again is still — or better,
    where it lies at most four fifths as far out as the week before — and back inside is gone; all else is null. A
    verdict rests on an interval, so it is strong; a value that waits for refunds is weak; what is counted is counted.

    >>> rows = pl.DataFrame({"measure": ["m"] * 4, "scope": ["shop"] * 4, "week": ["2026-W40", "2026-W41", "2026-W42",
    ...     "2026-W43"], "value": [0.1, 0.3, 0.3, 0.1], "normal_low": [0.05] * 4, "normal_high": [0.2] * 4,
    ...     "verdict": ["routine", "above", "above", "routine"], "mature": [True] * 4, "dated": [True] * 4})
    >>> with_signal_standing(rows)["state"].to_list()
    [None, 'new', 'still', 'gone']
    """
    series = ["measure", "scope"]
    beyond = pl.max_horizontal(pl.col("value") - pl.col("normal_high"), pl.col("normal_low") - pl.col("value"))
    out = pl.col("verdict").is_in(OUTSIDE)
    marked = rows.sort(*series, "week").with_columns(_beyond=pl.when(out).then(beyond), _out=out)
    marked = marked.with_columns(
        _was=pl.col("verdict").shift(1).over(series), _far=pl.col("_beyond").shift(1).over(series)
    )
    again = pl.col("_out") & (pl.col("_was") == pl.col("verdict"))
    state = (
        pl.when(again & (pl.col("_beyond") <= BETTER_FROM * pl.col("_far")))
        .then(pl.lit("better"))
        .when(again)
        .then(pl.lit("still"))
        .when("_out")
        .then(pl.lit("new"))
        .when((pl.col("verdict") == "routine") & pl.col("_was").is_in(OUTSIDE))
        .then(pl.lit("gone"))
    )
    strength = (
        pl.when("_out").then(pl.lit("strong")).when(~pl.col("mature").fill_null(False)).then(pl.lit("weak"))
    ).otherwise(pl.lit("counted"))
    caveat = (
        pl.when(~pl.col("dated")).then(pl.lit("undated")).when(~pl.col("mature").fill_null(True)).then(pl.lit("young"))
    )
    marked = marked.with_columns(
        id=_ids("signal", marked["measure"] + "|" + marked["scope"]),
        state=state,
        strength=strength,
        caveat=caveat,
        source=pl.lit("measures.surveillance"),
    )
    keys = [*series, "week"]
    return rows.join(
        marked.select(*keys, "id", "state", "strength", "caveat", "source"), on=keys, maintain_order="left"
    )


def with_driver_standing(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The rows of `drivers` with ``id``, ``state`` (against ``before``, last week's rows), ``strength``, ``source``.

    A segment that was not there last week is new; one whose excess fell to four fifths or less is better; else still.
    Those that went are told by `gone_drivers`. A segment confirmed on the days it was not chosen on is strong.

    >>> now = pl.DataFrame({"segment": ["a", "b"], "excess": [5.0, 5.0], "held_out": [True, None]})
    >>> with_driver_standing(now, pl.DataFrame({"segment": ["b"], "excess": [9.0]})).select("state", "strength").rows()
    [('new', 'strong'), ('better', 'weak')]
    """
    confirmed = pl.col("held_out").fill_null(False)
    return _segment_standing(now, before, pl.col("excess"), "driver", strong=confirmed, source="measures.slices")


def with_persistent_standing(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The rows of `persistent_slices` with ``id``, ``state``, ``strength``, ``source``, by the rule of the drivers.

    Excess is compared a week. A slice whose whole interval lies above the expected is strong.

    >>> now = pl.DataFrame({"segment": ["a"], "excess": [12.0], "weeks": [12], "rate_low": [0.2], "rate_before": [0.1]})
    >>> with_persistent_standing(now, now.with_columns(weeks=4)).select("state", "strength").rows()
    [('better', 'strong')]
    """
    a_week, sure = pl.col("excess") / pl.col("weeks"), pl.col("rate_low") > pl.col("rate_before")
    return _segment_standing(now, before, a_week, "persistent", strong=sure, source="measures.slice_effects")


def _segment_standing(
    now: pl.DataFrame, before: pl.DataFrame, excess: pl.Expr, kind: str, *, strong: pl.Expr, source: str
) -> pl.DataFrame:
    """Rows with id, state (their ``excess`` against that of ``before``), strength and source."""
    joined = now.join(before.select("segment", _then=excess), on="segment", how="left", maintain_order="left")
    new, fell = pl.col("_then").is_null(), excess <= BETTER_FROM * pl.col("_then")
    state = pl.when(new).then(pl.lit("new")).when(fell).then(pl.lit("better")).otherwise(pl.lit("still"))
    strength = pl.when(strong).then(pl.lit("strong")).otherwise(pl.lit("weak"))
    return joined.with_columns(
        id=_ids(kind, now["segment"]), state=state, strength=strength, source=pl.lit(source)
    ).drop("_then")


def gone_drivers(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Last week's segments that carry no rise any more: rows of ``before``, sorted as they were."""
    return before.join(now.select("segment"), on="segment", how="anti")


def _ids(kind: str, scopes: pl.Series) -> pl.Series:
    return pl.Series("id", [finding_id(kind, scope) for scope in scopes], dtype=pl.String)
