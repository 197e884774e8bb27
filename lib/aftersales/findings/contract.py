"""The findings contract: the seven files that a weekly run leaves for machines, and the check that each keeps to it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from aftersales.tables.columns import MONEY
from aftersales.tables.values import FAULT
from aftersales.words.errors import DataError, unknown

TEXTS = pl.List(pl.String)
MOMENT = pl.Datetime("us", "UTC")  # the zone of the shop stands there

# The weeks that signals.parquet looks back over, at most: a year, and the season's turn to compare it with.
SIGNAL_WEEKS = 60


def _columns(**kinds: pl.DataType | type[pl.DataType]) -> pl.Schema:
    return pl.Schema(kinds)


CONTRACT: Mapping[str, pl.Schema] = MappingProxyType({
    "problem_products": _columns(
        product_id=pl.String, title=pl.String, category=pl.String, orders=pl.Int64, refunds=pl.Int64,
        rate=pl.Float64, expected_rate=pl.Float64, rate_low=pl.Float64, rate_high=pl.Float64,
        probability_worse=pl.Float64, excess_refunds=pl.Float64, money_at_stake=MONEY, since=pl.Date,
        main_reason=pl.String, headline=pl.String,
    ),
    "drivers": _columns(
        kind=pl.String, segment=pl.String, measure=pl.String, rate_before=pl.Float64, rate_after=pl.Float64,
        excess=pl.Float64, share_of_change=pl.Float64, since=pl.Date, headline=pl.String,
    ),
    "suspicious_orders": _columns(
        case_id=pl.String, order_id=pl.String, buyer_key=pl.String, pattern=pl.String,
        probability=pl.Float64, money_at_risk=MONEY, reasons=TEXTS, innocent_explanations=TEXTS,
        next_step=pl.String,
    ),
    "suspicious_complaints": _columns(
        case_id=pl.String, complaint_id=pl.String, order_id=pl.String, pattern=pl.String,
        probability=pl.Float64, contradictions=TEXTS, fault=pl.String, offer_low=MONEY,
        offer_high=MONEY, evidence_due_at=MOMENT, next_step=pl.String,
    ),
    "signals": _columns(
        measure=pl.String, scope=pl.String, week=pl.String, seen=pl.Float64, value=pl.Float64,
        value_low=pl.Float64, value_high=pl.Float64, normal_low=pl.Float64, normal_high=pl.Float64,
        verdict=pl.String, since=pl.Date, headline=pl.String,
    ),
    "suggestions": _columns(
        suggestion_id=pl.String, lever=pl.String, scope=pl.String, benefit_low=MONEY,
        benefit_high=MONEY, good_orders_hurt=pl.Int64, owner_role=pl.String, measure=pl.String,
        headline=pl.String,
    ),
    "decisions": _columns(
        decision_id=pl.String, effect_low=pl.Float64, effect_high=pl.Float64, verdict=pl.String,
        headline=pl.String,
    ),
})  # fmt: skip

# What makes a row: the columns that may not be null and, together, may not stand twice.
ROW: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "problem_products": ("product_id",),
    "drivers": ("kind", "segment", "measure"),
    "suspicious_orders": ("case_id", "order_id"),
    "suspicious_complaints": ("case_id", "complaint_id"),
    "signals": ("measure", "scope", "week"),
    "suggestions": ("suggestion_id",),
    "decisions": ("decision_id",),
})  # fmt: skip

WORDS: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType({
    ("signals", "verdict"): ("above", "below", "routine", "not_enough_data"),
    ("decisions", "verdict"): ("too_early", "worked", "did_not", "harmed", "cannot_tell"),
    ("suspicious_complaints", "fault"): FAULT,
    ("drivers", "kind"): ("change", "persistent"),
})  # fmt: skip

# Numbers that are rates or probabilities wherever they stand; a signal's value may be hours.
_SHARES = ("rate", "expected_rate", "rate_low", "rate_high", "rate_before", "rate_after", "probability",
           "probability_worse")  # fmt: skip
_PAIRS = (("rate_low", "rate_high"), ("value_low", "value_high"), ("normal_low", "normal_high"),
          ("benefit_low", "benefit_high"), ("effect_low", "effect_high"), ("offer_low", "offer_high"))  # fmt: skip


def contract_of(name: str) -> pl.Schema:
    """The columns and types of one findings file; `UsageError` for a name that is none.

    >>> list(contract_of("decisions"))
    ['decision_id', 'effect_low', 'effect_high', 'verdict', 'headline']
    """
    if name not in CONTRACT:
        raise unknown("findings file", name, CONTRACT)
    return CONTRACT[name]


def empty(name: str) -> pl.DataFrame:
    """A findings file with all its columns and nothing found.

    >>> empty("signals").shape
    (0, 12)
    """
    return pl.DataFrame(schema=contract_of(name))


def check(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the contract's columns first and in order; further columns follow as they are.

    Raises `DataError` where a column is missing or of another type (any zone will do), where a row's key is null or
    stands twice, a word is none of the known ones, a share lies outside 0..1, a number is not finite, or a lower end
    lies above its upper end.

    >>> check("decisions", empty("decisions")).is_empty()
    True
    >>> check("decisions", pl.DataFrame({"decision_id": ["d1"]}))
    Traceback (most recent call last):
    aftersales.words.errors.DataError: The findings file decisions lacks effect_low, effect_high, verdict, headline...
    """
    schema = contract_of(name)
    missing = [c for c in schema if c not in frame.columns]
    if missing:
        raise DataError(f"The findings file {name} lacks {', '.join(missing)}", found=", ".join(frame.columns))
    wrong = [f"{c} is {frame.schema[c]}, not {kind}" for c, kind in schema.items() if not _fits(frame.schema[c], kind)]
    wrong = wrong or [*_wrong_keys(name, frame), *_wrong_words(name, frame), *_wrong_numbers(schema, frame)]
    if wrong:
        raise DataError(f"The findings file {name} breaks its contract", found="; ".join(wrong))
    return frame.select(*schema, *(c for c in frame.columns if c not in schema))


def _fits(found: pl.DataType, kind: pl.DataType) -> bool:
    if isinstance(kind, pl.Datetime):
        return isinstance(found, pl.Datetime) and found.time_zone is not None
    if isinstance(kind, pl.Decimal):
        return isinstance(found, pl.Decimal) and found.scale == kind.scale
    return found == kind


def _wrong_keys(name: str, frame: pl.DataFrame) -> list[str]:
    keys = frame.select(ROW[name])
    nulls = [f"{c} is null in {n} rows" for c, n in keys.null_count().row(0, named=True).items() if n]
    twice = keys.height - keys.n_unique() if keys.height else 0
    return nulls + ([f"{twice} rows stand twice by {', '.join(ROW[name])}"] if twice else [])


def _wrong_words(name: str, frame: pl.DataFrame) -> list[str]:
    found = []
    for (file, column), words in WORDS.items():
        if file == name:
            strange = set(frame[column].drop_nulls()) - set(words)
            found += [f"{column} holds '{word}'" for word in sorted(strange)]
    return found


def _wrong_numbers(schema: pl.Schema, frame: pl.DataFrame) -> list[str]:
    found = []
    for column, kind in schema.items():
        if kind == pl.Float64 and not frame[column].is_finite().all(ignore_nulls=True):
            found.append(f"{column} is not finite")
        elif column in _SHARES and not frame[column].is_between(0, 1).all(ignore_nulls=True):
            found.append(f"{column} lies outside 0..1")
    for low, high in _PAIRS:
        if low in schema and not (frame[low] <= frame[high]).all(ignore_nulls=True):
            found.append(f"{low} lies above {high}")
    return found
