"""signals.parquet: each measure in each week, what it will come to, its normal range and the verdict on it.

Three measures meet here through arguments: what was counted (`seen`), what it will come to once the week is mature
(``estimates``), and what is normal (``verdicts``). Without the third nothing is called above or below.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from aftersales.findings.contract import CONTRACT, WORDS
from aftersales.findings.weekly_measures import observed_measures
from aftersales.tables.columns import Frame
from aftersales.words.errors import DataError
from aftersales.words.language import Language, say
from aftersales.words.periods import Week, week_label

_KEYS = ("measure", "scope", "week")
_VALUES = ("value", "value_low", "value_high")
_NORMAL = ("normal_low", "normal_high", "verdict", "since")
_UNSURE = "not_enough_data"


def signals(
    orders: Frame,
    refunds: Frame,
    *,
    week: Week,
    complaints: Frame | None = None,
    estimates: pl.DataFrame | None = None,
    verdicts: pl.DataFrame | None = None,
    by: str | None = None,
    language: Language = "zh",
    currency: str = "CNY",
) -> pl.DataFrame:
    """The rows of signals.parquet for one shop and week: the contract's columns, then unit, part, whole, dated, mature,
    lacking (Bool: it rests on days that the files lack).

    ``estimates`` (measure, scope, week, value, value_low, value_high, and mature where known) and ``verdicts``
    (measure, scope, week, normal_low, normal_high, verdict, since) come from `measures.maturity` and
    `measures.surveillance`; scope may be left out for the whole shop, week may be a Date. A week without an estimate
    has the value counted. A verdict is not_enough_data unless ``verdicts`` says otherwise, its week has a value, the
    files hold refund dates (for refund rates), and the value does lie where the verdict says it does.

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, 9)] * 3
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "paid": [10, 20, 10], "paid_at": at})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["b"], "amount": [20]})
    >>> rows = signals(orders, refunds, week=Week.parse("2026-W46"), language="en")
    >>> rows.select("measure", "value", "verdict").rows()
    [('refund_rate_orders', 0.3333333333333333, 'not_enough_data'), ('refund_rate_money', 0.5, 'not_enough_data')]
    >>> rows["headline"][1]
    'Refund rate by value in the week of 9 Nov: 50.0% so far (¥20 of ¥40), not enough data to judge.'
    """
    rows = judged(
        observed_measures(orders, refunds, complaints=complaints, week=week, by=by),
        estimates=estimates,
        verdicts=verdicts,
    )
    return with_headlines(rows, language=language, currency=currency)


def judged(
    seen: pl.DataFrame,
    *,
    estimates: pl.DataFrame | None = None,
    verdicts: pl.DataFrame | None = None,
    lacking: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The rows of `signals` from what was counted (`observed_measures`), headlines still null: in no language yet.

    Weeks named in ``lacking`` (`damage.lacking_weeks`) show what was counted, immature and without a verdict, and
    nothing at all where a kind of data lacks the whole week: there nothing seen is no nought.
    """
    rows = _without_lost(seen, lacking)
    if estimates is not None:
        more = [*_VALUES, *(["mature"] if "mature" in estimates.columns else [])]
        rows = rows.join(_keyed(estimates, more, "estimates"), on=_KEYS, how="left", maintain_order="left")
    if verdicts is not None:
        rows = rows.join(_keyed(verdicts, list(_NORMAL), "verdicts"), on=_KEYS, how="left", maintain_order="left")
    contract = CONTRACT["signals"]
    kinds = dict(contract) | {"mature": pl.Boolean}
    rows = rows.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items() if name not in rows.columns
    )
    # where the files hold no dates nothing can still be to come that could be known of
    estimated = pl.col("value").is_not_null() & pl.col("dated")
    rows = rows.with_columns(
        pl.when(estimated).then(pl.col(name)).otherwise(pl.col(counted)).alias(name)
        for name, counted in zip(_VALUES, ("seen", "seen_low", "seen_high"), strict=True)
    )
    rows = rows.with_columns(
        verdict=pl.when("lacking").then(pl.lit(_UNSURE)).otherwise(_kept_verdict()),
        mature=pl.when("dated").then(pl.col("mature") & ~pl.col("lacking")),
    )
    rows = rows.with_columns(since=pl.when(pl.col("verdict").is_in(["above", "below"])).then("since"))
    return rows.select(*contract, "unit", "part", "whole", "dated", "mature", "lacking")


def _without_lost(seen: pl.DataFrame, lacking: pl.DataFrame | None) -> pl.DataFrame:
    """The rows counted, with ``lacking`` (Bool), and without what was counted where a whole week is lacking."""
    if lacking is None:
        return seen.with_columns(lacking=pl.lit(value=False))
    rows = seen.join(lacking, on=["measure", "week"], how="left", maintain_order="left")
    lost = pl.col("none_left").fill_null(value=False)
    return rows.with_columns(
        *(pl.when(~lost).then(name).alias(name) for name in ("seen", "seen_low", "seen_high")),
        lacking=pl.col("none_left").is_not_null(),
    ).drop("none_left")


def _kept_verdict() -> pl.Expr:
    """The verdict handed in, where the row bears it out."""
    value, verdict = pl.col("value"), pl.col("verdict")
    holds = (
        (verdict == "routine")
        | ((verdict == "above") & (value > pl.col("normal_high")))
        | ((verdict == "below") & (value < pl.col("normal_low")))
    )
    sure = (holds & pl.col("dated") & value.is_not_null()).fill_null(value=False)
    return pl.when(sure).then(verdict).otherwise(pl.lit(_UNSURE))


def _keyed(frame: pl.DataFrame, columns: list[str], name: str) -> pl.DataFrame:
    """The key and named columns of a frame handed in, one row a key."""
    if "scope" not in frame.columns:
        frame = frame.with_columns(scope=pl.lit("shop"))
    missing = [c for c in (*_KEYS, *columns) if c not in frame.columns]
    if missing:
        raise DataError(f"The {name} lack {', '.join(missing)}", found=", ".join(frame.columns))
    if frame.schema["week"] == pl.Date:
        frame = frame.with_columns(week=week_label("week"))
    kinds = {c: kind for c, kind in CONTRACT["signals"].items() if c in columns}
    frame = frame.select(*_KEYS, *columns).cast(kinds)  # type: ignore[arg-type]
    strange = set(frame["verdict"].drop_nulls()) - set(WORDS["signals", "verdict"]) if "verdict" in columns else set()
    if strange or frame.select(_KEYS).is_duplicated().any():
        found = ", ".join(sorted(strange)) or "a measure, scope and week that stands twice"
        raise DataError(f"The {name} cannot be used", found=found)
    return frame


def with_headlines(rows: pl.DataFrame, *, language: Language, currency: str = "CNY") -> pl.DataFrame:
    """The rows of `signals` with ``headline`` written anew in a language."""
    said = [signal_headline(row, language, currency=currency) for row in rows.iter_rows(named=True)]
    return rows.with_columns(headline=pl.Series(said, dtype=pl.String))


def signal_headline(row: dict[str, Any], language: Language, *, currency: str = "CNY") -> str:
    """The sentence of one row of `signals`; each one is chosen by what the row holds, so that none can be untrue.

    >>> row = {"measure": "refund_rate_orders", "scope": "shop", "week": "2026-W46", "unit": "share_of_orders",
    ...     "seen": 0.2, "value": 0.2, "value_low": 0.15, "value_high": 0.26, "normal_low": 0.05, "normal_high": 0.12,
    ...     "verdict": "above", "since": None, "part": 20, "whole": 100, "dated": True, "mature": True}
    >>> signal_headline(row, "en")
    'Refund rate by week of payment in the week of 9 Nov: 20.0% (20 of 100 orders), above its normal range
    of 5.0%–12.0%.'
    """
    key, values = signal_sentence(row)
    body = say(key, language, currency=currency, **values)
    column, _, group = row["scope"].partition("=")
    if not group:
        return body
    return say("signal.scoped", language, column=f"scope.{column}", group=group, body=body)


def signal_sentence(row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The catalogue key of a row's sentence, and the values that fill it."""
    values = {k: row.get(k) for k in ("week", "value", "normal_low", "normal_high", "since", "part", "whole")}
    words = {"name": f"measure.{row['measure']}", "said": f"verdict.{row['verdict']}"}
    return f"signal.{_sentence(row)}.{row['unit']}", values | words


def is_awaited(row: Mapping[str, Any]) -> bool:
    """Whether more of a row's requests are still to come: its value is what it will come to, not what was counted.

    >>> is_awaited({"value": 0.12, "seen": 0.09}), is_awaited({"value": 0.12, "seen": 0.12})
    (True, False)
    """
    value, seen = row["value"], row["seen"]
    return value is not None and seen is not None and abs(value - seen) > 1e-9


def _sentence(row: dict[str, Any]) -> str:
    """Which sentence is true of a row."""
    if row["value"] is None:
        return "unrecorded" if row["whole"] else "nothing"
    # before enough refunds have come in, what was counted and what it will come to are two numbers
    awaited = is_awaited(row)
    verdict, known = row["verdict"], row["normal_low"] is not None and row["normal_high"] is not None
    if verdict in {"above", "below"}:
        return f"{'estimated_' if awaited else ''}{'outside_since' if row['since'] else 'outside'}"
    inside = known and row["normal_low"] <= row["value"] <= row["normal_high"]
    if verdict == "routine" and inside:
        return "estimated_inside" if awaited else "inside"
    return "estimated_unsure" if awaited else "unsure"
