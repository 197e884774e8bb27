"""decisions: whether each decision in the ledger worked, as far as can be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import polars as pl

from aftersales.advice.effect import MOST_AFTER, WEEKS_BEFORE, Effect, decision_effect
from aftersales.advice.effect_weeks import EFFECT_WEEKS
from aftersales.advice.levers import LEVERS
from aftersales.advice.suggest import spoken_scope
from aftersales.advice.unit_weeks import SHOP, bad_order_weeks, unit_weeks
from aftersales.findings.contract import contract_of
from aftersales.measures.inputs import columns_of
from aftersales.stats.placebo import LEVEL
from aftersales.tables.columns import Frame
from aftersales.tables.orders import Orders
from aftersales.tables.small import Decisions
from aftersales.tables.values import REASONS
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
# Words by which shops name bad orders: judged by those on record, never by the search for suspects.
BAD_ORDERS = re.compile(r"恶意|拒收|bad.?orders|malicious|suspected orders", re.IGNORECASE)
REFUSED = "拒收"
REFUND_RATE = re.compile(r"退款率|refund.?rate|refund_rate", re.IGNORECASE)
# How the ledger writes the lever of a decision that takes another back, before that one's.
WITHDRAWAL = "withdraw "
_SCOPE_PARTS = re.compile("[;；&]")
WHOLE_SHOP = ("全店", "shop", "整店", "the whole shop")

_COLUMNS: dict[str, Any] = {
    **contract_of("decisions"),
    "lever": pl.String, "scope": pl.String, "owner": pl.String, "effective_from": pl.Date, "measure": pl.String,
    "expected": pl.Float64, "change": pl.Float64, "rate_before": pl.Float64, "rate_after": pl.Float64,
    "weeks_before": pl.Int64, "weeks_after": pl.Int64, "method": pl.String, "controls": pl.Int64,
    "p_value": pl.Float64, "reason": pl.String, "title": pl.String, "weeks": pl.List(pl.Struct(EFFECT_WEEKS)),
    "placebos": pl.List(pl.Float64), "fault_since": pl.Date, "rate_healthy": pl.Float64, "cured": pl.Float64,
    "cured_low": pl.Float64, "cured_high": pl.Float64, "breaks": pl.List(pl.String), "whole": pl.String,
}  # fmt: skip
DECISIONS_SCHEMA = pl.Schema(_COLUMNS)


def decision_verdicts(
    decisions: Frame,
    orders: Frame,
    refunds: Frame,
    *,
    week: Week,
    market: str,
    bad: pl.DataFrame | None = None,
    language: Language = "zh",
) -> pl.DataFrame:
    """The rows of decisions.parquet: `judged_decisions` with their sentences in a language.

    >>> from datetime import datetime
    >>> taken = pl.DataFrame({"decision_id": ["d1"], "scope": ["全店"], "effective_from": [date(2026, 11, 2)]})
    >>> orders = pl.DataFrame({"order_id": ["a"], "paid": [9], "paid_at": [datetime(2026, 11, 3)]})
    >>> refunds = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String, "applied_at": pl.Datetime})
    >>> found = decision_verdicts(taken, orders, refunds, week=Week.parse("2026-W46"), market="cn")
    >>> found["verdict"].to_list()
    ['too_early']
    """
    rows = judged_decisions(decisions, orders, refunds, week=week, market=market, bad=bad)
    return with_decision_headlines(rows, language=language)


def judged_decisions(
    decisions: Frame,
    orders: Frame,
    refunds: Frame,
    *,
    week: Week,
    market: str,
    bad: pl.DataFrame | None = None,
    weeks_after: int = MOST_AFTER,
    level: float = LEVEL,
) -> pl.DataFrame:
    """Each decision in effect or planned, with its effect on the measure fixed for it; in no language yet.

    The unit is what the scope names first among product, province, batch …; units that other decisions touched are
    compared with nothing, and two decisions on one unit whose weeks overlap are not told apart. A measure that names a
    kind of refunds (damage, size …) counts those alone; one that names malicious orders counts those of ``bad`` (as
    `known_bad`, refused parcels only where it names them) over all orders of the shop; any other is not judged here.
    ``expected`` is the smaller end of what the ledger expects, as a share (-0.3: three tenths fewer), 0 where it says
    nothing. At most ``weeks_after`` weeks after it are looked at; intervals hold ``level``.

    Columns out: the contract's (effects are relative changes of the rate, -0.3 is three tenths fewer; headline null);
    lever, scope, owner, effective_from, measure, expected, change, rate_before, rate_after, weeks_before, weeks_after,
    method, controls, p_value, reason (catalogue key, null where there is a verdict), title (of the product), weeks (as
    `effect_weeks`, a list of structs), placebos (relative changes of the units compared with), fault_since,
    rate_healthy, cured, cured_low, cured_high, breaks (as in `Effect`), whole (as of `with_levers`). Newest decision
    first.
    """
    columns = [c for c in Decisions.columns() if c != "suggestion_id"]
    taken = columns_of(decisions, Decisions, columns, needed=["decision_id"]).collect()
    names = columns_of(orders, Orders, ["product_id", "merchant_code", "title"], needed=[]).unique().collect()
    rows = [dict(row) | _unit(row["scope"], names) for row in taken.iter_rows(named=True)]
    weeks: dict[tuple[str | None, tuple[str, ...]], pl.DataFrame] = {}
    judged = []
    by = _Judge(week, market, weeks_after, level)
    for row in rows:
        key = (row["by"], _reasons(row["measure"]))
        if _of_bad_orders(row) and bad is not None:
            key = (None, ("bad", "refused" if REFUSED in (row["measure"] or "") else "malicious"))
        if not _judgeable(row, bad):
            judged.append(_row(row, _effect(row, rows, None, by)))
            continue
        if key not in weeks:
            weeks[key] = (
                bad_order_weeks(orders, _named(bad, key[1][1]), week=week)
                if bad is not None and key[1][:1] == ("bad",)
                else unit_weeks(orders, refunds, week=week, market=market, by=key[0], reasons=key[1])
            )
        judged.append(_row(row, _effect(row, rows, weeks[key], by)))
    titles = dict(names.drop_nulls(["product_id", "title"]).select("product_id", "title").iter_rows())
    for one, row in zip(judged, rows, strict=True):
        one["whole"] = _whole(row["scope"], row, names)
        one["title"] = titles.get(row["unit"]) if row["by"] == "product_id" else None
    return pl.DataFrame(judged, schema=DECISIONS_SCHEMA).sort(
        "effective_from", "decision_id", descending=[True, False], nulls_last=True
    )


class _Judge(NamedTuple):
    week: Week
    market: str
    weeks_after: int
    level: float


def with_decision_headlines(rows: pl.DataFrame, *, language: Language, level: float = LEVEL) -> pl.DataFrame:
    """The rows with their sentences: lever and scope as they are spoken, then the verdict and what it rests on."""
    told = [
        decision_name(row, language) + replace(_effect_of(row), level=level).headline(language)
        for row in rows.iter_rows(named=True)
    ]
    return rows.with_columns(headline=pl.Series(told, dtype=pl.String))


def decision_name(row: Mapping[str, Any], language: Language) -> str:
    """What was decided, as it is spoken: lever and scope in the reader's language where the house has words for them.

    The shop's own words follow where they are in another language, and stand alone where the house has none. ``whole``
    is the scope as suggestions write it (`with_levers`), where it could be read.

    >>> decision_name({"lever": "fix_size_chart", "scope": "shop", "decision_id": "d", "title": None}, "en")
    'Fix the size chart (the whole shop): '
    >>> decision_name({"lever": "withdraw fix_size_chart", "scope": "shop", "decision_id": "w", "title": None}, "en")
    'Withdraw: Fix the size chart (the whole shop): '
    >>> own = {"lever": "限购", "scope": "全店；每天3单", "decision_id": "d", "title": None, "whole": "shop"}
    >>> decision_name(own, "en")
    'Purchase limit “限购” (the whole shop “全店；每天3单”): '
    """
    lever, own = str(row["lever"] or row["decision_id"]), row["scope"] or ""
    plain = lever.removeprefix(WITHDRAWAL)
    known = _lever_ids().get(plain)
    named = plain if known is None else LEVERS[known].said("name", language)
    if known not in (None, plain) and named != plain:
        named = say("advice.own_words", language, named=named, own=plain)
    named = named if plain == lever else say("advice.withdrawal", language, lever=named)
    whole = row.get("whole") or own
    titles = {part.partition("=")[2]: row["title"] for part in whole.split(" & ") if row["title"]}
    scope = spoken_scope(whole, titles, language) if whole else "–"
    if len(_SCOPE_PARTS.split(own)) > len(whole.split(" & ")):  # it names a part that the house has no words for
        scope = say("advice.own_words", language, named=scope, own=own)
    return say("advice.decision", language, lever=named, scope=scope)


@cache
def _lever_ids() -> dict[str, str]:
    """Levers by their ids and their names in every language."""
    return {said: one.name for one in LEVERS.values() for said in (one.name, *(one.said("name", w) for w in LANGUAGES))}


def _effect_of(row: Mapping[str, Any]) -> Effect:
    return Effect(
        "",
        row["method"],
        row["verdict"],
        row["reason"],
        row["change"],
        row["effect_low"],
        row["effect_high"],
        row["p_value"],
        row["controls"],
        row["weeks_before"],
        row["weeks_after"],
        row["rate_before"],
        row["rate_after"],
        what="bad" if _of_bad_orders(row) else "refunds",
        fault_since=row["fault_since"],
        rate_healthy=row["rate_healthy"],
        cured=row["cured"],
        cured_low=row["cured_low"],
        cured_high=row["cured_high"],
        breaks=tuple(row["breaks"]),
    )


def told_apart_from(
    decisions: Frame, orders: Frame, *, scope: str, effective_from: date, decision_id: str
) -> list[str]:
    """Decisions on the same thing whose weeks would overlap with one taken now: their ids, sorted.

    >>> taken = pl.DataFrame({"decision_id": ["d1"], "scope": ["商品=1"], "effective_from": [date(2026, 10, 5)]})
    >>> orders = pl.DataFrame({"product_id": ["1", "2"]})
    >>> told_apart_from(taken, orders, scope="product_id=1", effective_from=date(2026, 11, 2), decision_id="d2")
    ['d1']
    """
    columns = ["decision_id", "scope", "effective_from"]
    rows = columns_of(decisions, Decisions, columns, needed=["decision_id"]).drop_nulls("effective_from").collect()
    names = columns_of(orders, Orders, ["product_id", "merchant_code", "title"], needed=[]).unique().collect()
    unit = _unit(scope, names)
    return sorted(
        row["decision_id"]
        for row in rows.iter_rows(named=True)
        if row["decision_id"] != decision_id
        and unit["unit"]
        and _unit(row["scope"], names) == unit
        and (
            _overlap(effective_from, row["effective_from"], until=date.max - timedelta(days=1))
            or _overlap(row["effective_from"], effective_from, until=date.max - timedelta(days=1))
        )
    )


def taken_back(ledger: pl.DataFrame) -> list[str]:
    """The decisions that later ones withdraw.

    >>> ledger = pl.DataFrame({"lever": ["fix_size_chart", "withdraw fix_size_chart"], "suggestion_id": [None, "d1"]})
    >>> taken_back(ledger)
    ['d1']
    """
    return ledger.filter(pl.col("lever").str.starts_with(WITHDRAWAL))["suggestion_id"].to_list()


def with_levers(decisions: pl.DataFrame, orders: Frame) -> pl.DataFrame:
    """Decisions with what suggestions call them: ``lever_id`` (of `LEVERS`), ``part`` (of a scope) and ``whole``.

    Each is null where the words of a decision do not name it; ``whole`` is the scope, all parts that could be read.

    >>> taken = pl.DataFrame({"decision_id": ["d1"], "lever": ["限购"], "scope": ["商品=1"]})
    >>> with_levers(taken, pl.DataFrame({"product_id": ["1"]})).select("lever_id", "part").row(0)
    ('purchase_limit', 'product_id=1')
    """
    names = columns_of(orders, Orders, ["product_id", "merchant_code", "title"], needed=[]).unique().collect()
    units = [_unit(scope, names) for scope in decisions["scope"]]
    parts = [f"{u['by']}={u['unit']}" if u["by"] else "shop" if u["unit"] else None for u in units]
    whole = [_whole(scope, unit, names) for scope, unit in zip(decisions["scope"], units, strict=True)]
    lever = pl.col("lever").replace_strict(_lever_ids(), default=None, return_dtype=pl.String)
    return decisions.with_columns(
        lever_id=lever, part=pl.Series(parts, dtype=pl.String), whole=pl.Series(whole, dtype=pl.String)
    )


def _parts(scope: str | None, names: pl.DataFrame) -> dict[str, str]:
    """A scope's parts as suggestions write them, by column; none where it has a part that they do not know."""
    columns = {word: column for column, words in DIMENSIONS.items() for word in words}
    found = {}
    for part in _SCOPE_PARTS.split(scope or ""):
        name, _, value = (text.strip() for text in part.partition("="))
        column = columns.get(name.lower())
        if column is None or not value:
            return {}
        found[column] = f"{column}={_product(value, names) if column == 'product_id' else value}"
    return found


def _whole(scope: str | None, unit: Mapping[str, str | None], names: pl.DataFrame) -> str | None:
    """A scope as suggestions write it, as far as they have words for its parts; None where they have none."""
    of_unit = f"{unit['by']}={unit['unit']}" if unit["by"] else unit["unit"]
    return " & ".join(_parts(scope, names).values()) or of_unit


def _unit(scope: str | None, names: pl.DataFrame) -> dict[str, str | None]:
    """What a scope is about: the column that tells units apart (None: the shop is one), and the unit."""
    parts = [p.partition("=") for p in _SCOPE_PARTS.split(scope or "")]
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
    name, _, reason = (measure or "").partition(":")
    if not measure or name == "refund_rate":
        return (reason,) if reason in REASONS else ()
    named = [k.removeprefix("reason.") for k in catalogue() if k.startswith("reason.")]
    exact = [n for n in named if any(catalogue()[f"reason.{n}"][lang].lower() in text for lang in LANGUAGES)]
    found = [r for word, reasons in MEASURED_REASONS.items() if word in text for r in reasons]
    return tuple(dict.fromkeys([*(n for n in exact if n not in ("other", "unknown")), *found]))


def _of_bad_orders(row: Mapping[str, Any]) -> bool:
    measure = row["measure"] or ""
    return BAD_ORDERS.search(measure) is not None and REFUND_RATE.search(measure) is None


def _named(bad: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Bad orders of the kind that a measure names: a refused parcel is not malicious by itself."""
    if kind == "refused" or "source" not in bad.columns:
        return bad
    return bad.filter(pl.col("source") != "refused")


def _judgeable(row: Mapping[str, Any], bad: pl.DataFrame | None) -> bool:
    of_refunds = row["measure"] is None or REFUND_RATE.search(row["measure"]) is not None
    known = of_refunds or (bad is not None and _of_bad_orders(row))
    return known and row["unit"] is not None and row["effective_from"] is not None


def _effect(row: Mapping[str, Any], rows: list[dict[str, Any]], weeks: pl.DataFrame | None, by: _Judge) -> Effect:
    unit, start = row["unit"] or SHOP, row["effective_from"]
    if start is not None and start > by.week.sunday:
        return Effect(unit, None, "too_early", "advice.effect.planned")
    if weeks is None:
        unknown = row["unit"] is None or start is None
        return Effect(unit, None, "cannot_tell", f"advice.effect.{'unknown_unit' if unknown else 'other_measure'}")
    if weeks["unit"].n_unique() == 1 and SHOP in weeks["unit"]:
        unit = SHOP
    if unit not in weeks["unit"]:
        return Effect(unit, None, "cannot_tell", "advice.effect.unknown_unit")
    others = [r for r in rows if r["decision_id"] != row["decision_id"] and r["by"] == row["by"] and r["unit"]]
    same = [r["effective_from"] for r in others if r["unit"] == row["unit"] and r["effective_from"] is not None]
    return decision_effect(
        weeks,
        unit=unit,
        effective_from=start,
        market=by.market,
        expected=_expected(row),
        touched=[r["unit"] for r in others],
        overlapping=any(_overlap(start, other, until=by.week.sunday, weeks_after=by.weeks_after) for other in same),
        weeks_after=by.weeks_after,
        interval=by.level,
    )


def _overlap(start: date, other: date, *, until: date, weeks_after: int = MOST_AFTER) -> bool:
    """Whether another change fell into the weeks that this one is judged by."""
    first, last = start - timedelta(weeks=WEEKS_BEFORE), start + timedelta(weeks=weeks_after)
    return first < other < min(last, until + timedelta(days=1))


def _expected(row: Mapping[str, Any]) -> float:
    ends = [abs(e) for e in (row["expected_low"], row["expected_high"]) if e is not None]
    return -min(*ends, 1.0) if ends else 0.0


def _row(row: Mapping[str, Any], effect: Effect) -> dict[str, Any]:
    placebos = effect.table["change"].to_list() if "change" in effect.table.columns else []
    return {
        "decision_id": row["decision_id"], "effect_low": effect.change_low, "effect_high": effect.change_high,
        "verdict": effect.verdict, "headline": None, "lever": row["lever"], "scope": row["scope"],
        "owner": row["owner"], "effective_from": row["effective_from"], "measure": row["measure"],
        "expected": _expected(row), "change": effect.change, "rate_before": effect.rate_before,
        "rate_after": effect.rate_after, "weeks_before": effect.weeks_before, "weeks_after": effect.weeks_after,
        "method": effect.method, "controls": effect.controls, "p_value": effect.p_value, "reason": effect.reason,
        "weeks": effect.weeks.to_dicts(), "placebos": placebos,
        "fault_since": effect.fault_since, "rate_healthy": effect.rate_healthy, "cured": effect.cured,
        "cured_low": effect.cured_low, "cured_high": effect.cured_high, "breaks": list(effect.breaks),
    }  # fmt: skip
