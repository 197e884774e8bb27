"""decisions: whether each decision in the ledger worked, as far as can be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl

from aftersales.advice.effect import MOST_AFTER, WEEKS_BEFORE, Effect, decision_effect
from aftersales.advice.unit_weeks import SHOP, unit_weeks
from aftersales.findings.contract import contract_of
from aftersales.measures.inputs import columns_of
from aftersales.tables.columns import Frame
from aftersales.tables.orders import Orders
from aftersales.tables.small import Decisions
from aftersales.words.language import LANGUAGES, Language, catalogue, say
from aftersales.words.periods import Week

# How scopes name what they are about; the first that is there is compared with its like. A courier is changed within
# a province and would vanish as a unit, so the province goes first.
DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "product_id": ("商品", "商品id", "product", "product_id"), "province": ("省份", "地区", "province"),
    "batch": ("批次", "batch"), "sku": ("规格", "sku"), "warehouse": ("仓库", "warehouse"),
    "category": ("类目", "category"), "channel": ("渠道", "channel"), "courier": ("快递", "courier"),
}  # fmt: skip
# Words by which shops name a refund rate of one kind.
MEASURED_REASONS: Mapping[str, tuple[str, ...]] = {
    "破损": ("damaged",), "尺寸": ("size",), "尺码": ("size",), "质量": ("quality",), "描述": ("not_as_described",),
    "物流": ("lost_or_stalled", "damaged", "refused_parcel"), "少件": ("missing_or_empty",), "错发": ("wrong_item",),
    "damage": ("damaged",), "size": ("size",), "quality": ("quality",), "parcel": ("lost_or_stalled",),
}  # fmt: skip
REFUND_RATE = re.compile(r"退款率|refund.?rate|refund_rate", re.IGNORECASE)
WHOLE_SHOP = ("全店", "shop", "整店", "the whole shop")

_COLUMNS: dict[str, Any] = {
    **contract_of("decisions"),
    "lever": pl.String, "scope": pl.String, "owner": pl.String, "effective_from": pl.Date, "measure": pl.String,
    "expected": pl.Float64, "change": pl.Float64, "rate_before": pl.Float64, "rate_after": pl.Float64,
    "weeks_after": pl.Int64, "method": pl.String, "controls": pl.Int64, "p_value": pl.Float64, "reason": pl.String,
}  # fmt: skip
DECISIONS_SCHEMA = pl.Schema(_COLUMNS)


def decision_verdicts(
    decisions: Frame, orders: Frame, refunds: Frame, *, week: Week, language: Language = "zh"
) -> pl.DataFrame:
    """The rows of decisions.parquet: each decision in effect or planned, with its effect on the refund rate.

    The unit is what the scope names first among product, province, batch …; units that other decisions touched are
    compared with nothing, and two decisions on one unit whose weeks overlap are not told apart. A measure that names a
    kind of refunds (damage, size …) counts those alone; one that is no refund rate is not judged here. ``expected`` is
    the smaller end of what the ledger expects, as a share (-0.3: three tenths fewer), 0 where it says nothing.

    Columns out: the contract's (effects are relative changes of the rate, -0.3 is three tenths fewer); lever, scope,
    owner, effective_from, measure, expected, change, rate_before, rate_after, weeks_after, method, controls, p_value,
    reason (catalogue key, null where there is a verdict). Newest decision first.

    >>> from datetime import datetime
    >>> taken = pl.DataFrame({"decision_id": ["d1"], "scope": ["全店"], "effective_from": [date(2026, 11, 2)]})
    >>> orders = pl.DataFrame({"order_id": ["a"], "paid": [9], "paid_at": [datetime(2026, 11, 3)]})
    >>> refunds = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String, "applied_at": pl.Datetime})
    >>> decision_verdicts(taken, orders, refunds, week=Week.parse("2026-W46"))["verdict"].to_list()
    ['too_early']
    """
    columns = [c for c in Decisions.columns() if c != "suggestion_id"]
    taken = columns_of(decisions, Decisions, columns, needed=["decision_id"]).collect()
    names = columns_of(orders, Orders, ["product_id", "merchant_code", "title"], needed=[]).unique().collect()
    rows = [dict(row) | _unit(row["scope"], names) for row in taken.iter_rows(named=True)]
    weeks: dict[tuple[str | None, tuple[str, ...]], pl.DataFrame] = {}
    said = []
    for row in rows:
        key = (row["by"], _reasons(row["measure"]))
        judged = _judgeable(row)
        if judged and key not in weeks:
            weeks[key] = unit_weeks(orders, refunds, week=week, by=key[0], reasons=key[1])
        said.append(_row(row, _effect(row, rows, weeks.get(key), week=week, judged=judged), language))
    return pl.DataFrame(said, schema=DECISIONS_SCHEMA).sort(
        "effective_from", "decision_id", descending=[True, False], nulls_last=True
    )


def _unit(scope: str | None, names: pl.DataFrame) -> dict[str, str | None]:
    """What a scope is about: the column that tells units apart (None: the shop is one), and the unit."""
    parts = [p.partition("=") for p in re.split(r"\s*[;；&]\s*", scope or "")]
    said = {name.strip().lower(): value.strip() for name, equals, value in parts if equals and value.strip()}
    for column, words in DIMENSIONS.items():
        value = next((said[w] for w in words if w in said), None)
        if value is not None:
            return {"by": column, "unit": _product(value, names) if column == "product_id" else value}
    whole = any(part.strip().lower() in WHOLE_SHOP for part, equals, _ in parts if not equals)
    return {"by": None, "unit": SHOP if whole else None}


def _product(value: str, names: pl.DataFrame) -> str:
    """A product by its id, its merchant code, or what only its title holds."""
    for fits in (
        pl.col("product_id") == value,
        pl.col("merchant_code") == value,
        pl.col("title").str.contains(value, literal=True),
    ):
        ids = names.filter(fits)["product_id"].drop_nulls().unique()
        if len(ids) == 1:
            return str(ids[0])
    return value


def _reasons(measure: str | None) -> tuple[str, ...]:
    text = (measure or "").lower()
    if measure in (None, "refund_rate"):
        return ()
    named = [k.removeprefix("reason.") for k in catalogue() if k.startswith("reason.")]
    exact = [n for n in named if any(catalogue()[f"reason.{n}"][lang].lower() in text for lang in LANGUAGES)]
    found = [r for word, reasons in MEASURED_REASONS.items() if word in text for r in reasons]
    return tuple(dict.fromkeys([*(n for n in exact if n not in ("other", "unknown")), *found]))


def _judgeable(row: Mapping[str, Any]) -> bool:
    of_refunds = row["measure"] is None or REFUND_RATE.search(row["measure"]) is not None
    return of_refunds and row["unit"] is not None and row["effective_from"] is not None


def _effect(
    row: Mapping[str, Any], rows: list[dict[str, Any]], weeks: pl.DataFrame | None, *, week: Week, judged: bool
) -> Effect:
    unit, start = row["unit"] or SHOP, row["effective_from"]
    if start is not None and start > week.sunday:
        return Effect(unit, None, "too_early", "advice.effect.planned")
    if not judged or weeks is None:
        of_refunds = row["measure"] is None or REFUND_RATE.search(row["measure"]) is not None
        return Effect(unit, None, "cannot_tell", f"advice.effect.{'unknown_unit' if of_refunds else 'other_measure'}")
    if unit not in weeks["unit"]:
        return Effect(unit, None, "cannot_tell", "advice.effect.unknown_unit")
    others = [r for r in rows if r["decision_id"] != row["decision_id"] and r["by"] == row["by"] and r["unit"]]
    same = [r["effective_from"] for r in others if r["unit"] == unit and r["effective_from"] is not None]
    return decision_effect(
        weeks, unit=unit, effective_from=start, expected=_expected(row), touched=[r["unit"] for r in others],
        overlapping=any(_overlap(start, other, until=week.sunday) for other in same),
    )  # fmt: skip


def _overlap(start: date, other: date, *, until: date) -> bool:
    """Whether another change fell into the weeks that this one is judged by."""
    first, last = start - timedelta(weeks=WEEKS_BEFORE), start + timedelta(weeks=MOST_AFTER)
    return first < other < min(last, until + timedelta(days=1))


def _expected(row: Mapping[str, Any]) -> float:
    ends = [abs(e) for e in (row["expected_low"], row["expected_high"]) if e is not None]
    return -min(*ends, 1.0) if ends else 0.0


def _row(row: Mapping[str, Any], effect: Effect, language: Language) -> dict[str, Any]:
    lead = say("advice.decision", language, lever=row["lever"] or row["decision_id"], scope=row["scope"] or "–")
    return {
        "decision_id": row["decision_id"], "effect_low": effect.change_low, "effect_high": effect.change_high,
        "verdict": effect.verdict, "headline": lead + effect.headline(language), "lever": row["lever"],
        "scope": row["scope"], "owner": row["owner"], "effective_from": row["effective_from"],
        "measure": row["measure"], "expected": _expected(row), "change": effect.change,
        "rate_before": effect.rate_before, "rate_after": effect.rate_after, "weeks_after": effect.weeks_after,
        "method": effect.method, "controls": effect.controls, "p_value": effect.p_value, "reason": effect.reason,
    }  # fmt: skip
