"""service_findings: where service itself is the trouble: slow hours, slow refunds, parcels said never to have come …

Each row is something that stands out against the shop's own usual, never against a number from outside; a shop where
nothing does has none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from aftersales.measures.inputs import columns_of
from aftersales.tables.columns import Frame, has_hour, known_total
from aftersales.tables.complaints import Complaints
from aftersales.words.language import Language, say
from aftersales.words.periods import Week

LIST_WEEKS = 12
# One week above its range comes about by chance twice a year; two on end hardly ever.
WEEKS_ABOVE = 2
# A measure that was last judged longer ago is no news.
JUDGED_WITHIN_WEEKS = 3
# Hours of the day are looked at in six watches of four; one error in a hundred over all of them.
WATCH_HOURS = 4
LEVEL = 0.01
# Too few to compare, and too small a difference to change a roster for.
LEAST_WAITS = 10
SLOWER = 1.5
# Fewer of a kind in a quarter are no pattern.
LEAST_MISSING, LEAST_UNPAID = 3, 5
# Signals of service, and what each is called here.
SIGNALS = {
    "handling_hours_median": "slow_refunds", "first_response_hours_median": "slow_answers",
    "platform_involved_rate": "platform_steps_in", "complaint_rate": "more_complaints",
}  # fmt: skip

_COLUMNS: dict[str, Any] = {
    "kind": pl.String, "scope": pl.String, "cases": pl.Int64, "value": pl.Float64, "usual": pl.Float64,
    "excess_a_month": pl.Float64, "money": pl.Float64, "certainty": pl.Float64, "headline": pl.String,
}  # fmt: skip
SERVICE_SCHEMA = pl.Schema(_COLUMNS)


def service_findings(
    signals: pl.DataFrame,
    complaints: Frame,
    suspected_complaints: pl.DataFrame,
    suspected_orders: pl.DataFrame,
    unpaid: pl.DataFrame,
    *,
    week: Week,
    language: Language = "zh",
    currency: str = "CNY",
) -> pl.DataFrame:
    """What stands out in service, from the week's `signals`, the complaints, and the lists of suspects.

    ``unpaid`` (order_id, and loss, the money lost on its locked stock) are orders never paid.

    Columns out: kind (slow_hours, slow_refunds, slow_answers, platform_steps_in, more_complaints, said_missing,
    unpaid_locks), scope (shop, or hours=8-11), cases (in twelve weeks; of a signal in its last week), value, usual (in
    the unit of the kind: hours, a rate, or a count; null where nothing is usual), excess_a_month (cases over the usual
    a month), money (lost on these cases as far as it is known; null else), certainty (0..1), headline. By kind, scope.

    >>> from aftersales.findings.contract import empty
    >>> none = [empty(n) for n in ("signals", "suspicious_complaints", "suspicious_orders")]
    >>> complaints = pl.DataFrame({"complaint_id": [], "filed_at": []}, schema_overrides={"filed_at": pl.Datetime})
    >>> unpaid = pl.DataFrame({"order_id": ["a"], "loss": [1.0]})
    >>> service_findings(none[0], complaints, *none[1:], unpaid, week=Week.parse("2026-W46")).is_empty()
    True
    """
    rows = [
        *_signals(signals, week),
        *_slow_hours(complaints, week),
        *_said_missing(suspected_complaints),
        *_unpaid(suspected_orders, unpaid),
    ]
    for row in rows:
        hours = say("service.hours", language, hours=row["scope"].removeprefix("hours=").replace("-", "–"))
        told = row | {"scope": hours}
        row["headline"] = say(f"service.{row['kind']}", language, currency=currency, **told)
    return pl.DataFrame(rows, schema=SERVICE_SCHEMA).sort("kind", "scope")


def _a_month(count: float) -> float:
    return count / LIST_WEEKS * 30 / 7


def _signals(signals: pl.DataFrame, week: Week) -> list[dict[str, Any]]:
    """Measures of service that lay above their range in their last two judged weeks."""
    found = []
    first = str(week.shift(1 - JUDGED_WITHIN_WEEKS - WEEKS_ABOVE))
    for measure, kind in SIGNALS.items():
        seen = signals.filter(measure=measure, scope="shop").filter(pl.col("verdict") != "not_enough_data")
        last = seen.filter(pl.col("week") >= first).sort("week").tail(WEEKS_ABOVE)
        if last.height < WEEKS_ABOVE or not (last["verdict"] == "above").all():
            continue
        row = last.row(-1, named=True)
        # of a rate the cases are counted, of a duration all cases of the week waited longer
        cases = row.get("part") or 0.0
        over = 1 - row["normal_high"] / row["value"] if row["value"] else 0.0
        found.append(
            {
                "kind": kind,
                "scope": "shop",
                "cases": round(cases),
                "value": row["value"],
                "usual": row["normal_high"],
                "excess_a_month": cases * over * 30 / 7,
                "money": None,
                "certainty": 0.9,
            }
        )
    return found


def _slow_hours(complaints: Frame, week: Week) -> list[dict[str, Any]]:
    """Watches of the day in which complaints wait clearly longer for their first answer than in the others."""
    names = ["complaint_id", "filed_at", "first_response_at"]
    filed = columns_of(complaints, Complaints, names, needed=["filed_at"])
    filed = filed.filter(
        pl.col("filed_at").dt.date().is_between(week.shift(1 - LIST_WEEKS).monday, week.sunday),
        has_hour(pl.col("filed_at")),
        has_hour(pl.col("first_response_at")),
    )
    waits = (
        filed.select(
            watch=pl.col("filed_at").dt.hour().cast(pl.Int64) // WATCH_HOURS,
            hours=(pl.col("first_response_at") - pl.col("filed_at")).dt.total_seconds() / 3600,
        )
        .drop_nulls()
        .collect()
    )
    found = []
    for watch in sorted(waits["watch"].unique()):
        of = (waits["watch"] == watch).to_numpy()
        own, rest = waits["hours"].to_numpy()[of], waits["hours"].to_numpy()[~of]
        if min(len(own), len(rest)) < LEAST_WAITS or np.median(own) < SLOWER * np.median(rest):
            continue
        from scipy.stats import mannwhitneyu  # a second to import, and only here

        p = float(mannwhitneyu(own, rest, alternative="greater").pvalue) * (24 // WATCH_HOURS)
        if p < LEVEL:
            first = watch * WATCH_HOURS
            found.append(
                {
                    "kind": "slow_hours",
                    "scope": f"hours={first}-{first + WATCH_HOURS - 1}",
                    "cases": len(own),
                    "value": float(np.median(own)),
                    "usual": float(np.median(rest)),
                    "excess_a_month": _a_month(len(own)),
                    "money": None,
                    "certainty": 1 - p,
                }
            )
    return found


def _said_missing(suspected: pl.DataFrame) -> list[dict[str, Any]]:
    """Complaints that nothing came, of parcels that somebody signed for."""
    said = suspected.filter(pl.col("pattern") == "not_received_but_signed")
    if said.height < LEAST_MISSING:
        return []
    money = known_total(said["value"].cast(pl.Float64)) if "value" in said.columns else None
    return [{
        "kind": "said_missing", "scope": "shop", "cases": said.height, "value": float(said.height), "usual": None,
        "excess_a_month": _a_month(said.height), "money": money, "certainty": _mean(said["probability"]),
    }]  # fmt: skip


def _unpaid(suspected: pl.DataFrame, unpaid: pl.DataFrame) -> list[dict[str, Any]]:
    """Suspected orders that were placed and never paid: meanwhile nobody else could buy the pieces."""
    both = suspected.unique("order_id").join(unpaid.select("order_id", "loss"), on="order_id")
    if both.height < LEAST_UNPAID:
        return []
    return [{
        "kind": "unpaid_locks", "scope": "shop", "cases": both.height, "value": float(both.height), "usual": None,
        "excess_a_month": _a_month(both.height), "money": known_total(both["loss"].cast(pl.Float64)),
        "certainty": _mean(both["probability"]),
    }]  # fmt: skip


def _mean(values: pl.Series) -> float:
    return float(values.mean() or 0.0)  # type: ignore[arg-type]
