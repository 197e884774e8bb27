"""Levers: what a shop can change, each with what it answers, who owns it, how much work it is and how one will know.

What is said of a lever (when it applies, what it changes, what it costs, the platform's rule it touches, its guard-rail
and what would disprove it) stands in the catalogue under ``advice.lever.<name>``. None denies a buyer a lawful right:
what the law grants, a seven-day return above all, is no lever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import polars as pl

from aftersales.advice.order_rules import ORDER_RULES
from aftersales.words.errors import unknown
from aftersales.words.language import Language, say

Group = Literal["sales", "product", "service"]
Role = Literal["quality", "warehouse", "service", "sales"]
SAID = ("name", "does", "when", "changes", "cost", "platform", "guard", "disproof")


@dataclass(frozen=True)
class Lever:
    """One lever.

    ``role`` owns it · ``effort_days`` of one person to put it in place · ``cures_low``, ``cures_high``: the share of
    the refunds above the usual that it may take away, an assumption that the effect measured later replaces ·
    ``measure``: what is watched (catalogue ``advice.measure``) · ``reasons``: of refunds it answers · ``dimensions``:
    parts of a segment it answers · ``findings``: of service (`findings.service`) that it answers · ``per_order``: what
    it costs on every order it touches (packing, freight, a premium, a minute's work), in yuan ·
    ``weeks_off``: weeks of a month in which what it touches is not sold, so that good orders are hurt as well ·
    ``market``: the only one in which there is such a thing (None: every one).
    """

    name: str
    group: Group
    role: Role
    effort_days: float
    cures_low: float
    cures_high: float
    measure: str
    reasons: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    per_order: float = 0.0
    weeks_off: float = 0.0
    market: str | None = None

    @property
    def replayed(self) -> bool:
        """Whether it can be replayed over the shop's own past orders."""
        return self.name in ORDER_RULES

    def said(self, what: str, language: Language, **values: Any) -> str:
        """One of `SAID` in a language.

        >>> LEVERS["pull_batch"].said("name", "en")
        'Pull the batch'
        """
        return say(f"advice.lever.{self.name}.{what}", language, **values)


_GOODS = ("quality", "counterfeit", "allergy_food_safety")
_LOOKS = ("not_as_described", "no_reason", "price_coupon", "wrong_order")
_PARCEL = ("lost_or_stalled", "damaged", "refused_parcel", "late_ship")

MONTH_WEEKS = 30 / 7

# Efforts are a small team's own reckoning of days; cures are wide on purpose where no past says better; costs an order
# are what such packing, freight and work go for, until the shop's own effect says better.
LEVERS: Mapping[str, Lever] = MappingProxyType({
    lever.name: lever
    for lever in (
        Lever("purchase_limit", "sales", "sales", 0.25, 0.3, 0.9, "bad_orders"),
        Lever("minimum_order", "sales", "sales", 0.25, 0.1, 0.6, "bad_orders"),
        Lever("manual_review", "sales", "service", 1.0, 0.3, 0.7, "bad_orders"),
        Lever("hold_before_shipping", "sales", "warehouse", 0.5, 0.1, 0.5, "shipped_in_vain"),
        Lever("payment_stock", "sales", "sales", 0.1, 0.2, 0.9, "unpaid_orders", findings=("unpaid_locks",)),
        Lever("close_unpaid_sooner", "sales", "sales", 0.1, 0.2, 0.8, "locked_hours"),
        Lever("region_restriction", "sales", "sales", 0.25, 0.3, 0.9, "refund_rate", _PARCEL, ("province",),
              weeks_off=MONTH_WEEKS),
        Lever("signed_delivery", "sales", "warehouse", 0.5, 0.2, 0.6, "refund_rate", ("missing_or_empty",),
              findings=("said_missing",), per_order=1.0),
        Lever("inspect_batch", "product", "quality", 0.5, 0.3, 0.8, "refund_rate", _GOODS, ("batch",), per_order=2.0),
        Lever("pull_batch", "product", "quality", 1.0, 0.6, 1.0, "refund_rate", _GOODS, ("batch",), weeks_off=2.0),
        Lever("fix_size_chart", "product", "quality", 0.5, 0.2, 0.7, "refund_rate", ("size",)),
        Lever("fix_description", "product", "sales", 0.5, 0.1, 0.6, "refund_rate", _LOOKS),
        Lever("better_packing", "product", "warehouse", 1.0, 0.3, 0.8, "refund_rate", ("damaged",), per_order=0.8),
        Lever("pick_check", "product", "warehouse", 1.0, 0.3, 0.8, "refund_rate", ("wrong_item", "missing_or_empty"),
              ("warehouse",), per_order=0.4),
        Lever("supplier_claim", "product", "quality", 2.0, 0.3, 0.8, "refund_rate", _GOODS),
        Lever("delist", "product", "sales", 0.25, 0.9, 1.0, "refund_rate", weeks_off=MONTH_WEEKS),
        Lever("auto_approve", "service", "service", 0.25, 0.0, 0.3, "refund_hours",
              findings=("slow_refunds", "platform_steps_in")),
        Lever("response_staffing", "service", "service", 1.0, 0.1, 0.4, "response_hours",
              findings=("slow_hours", "slow_answers", "more_complaints")),
        Lever("courier_change", "service", "warehouse", 1.0, 0.4, 0.9, "refund_rate", _PARCEL, ("courier",),
              per_order=0.5),
        Lever("freight_insurance", "service", "service", 0.25, 0.1, 0.5, "return_freight", ("invoice_freight",),
              per_order=0.6, market="cn"),
        Lever("instant_refund", "service", "service", 0.25, 0.1, 0.4, "refund_hours",
              findings=("slow_refunds", "platform_steps_in")),
    )
})  # fmt: skip


def lever(name: str) -> Lever:
    """The lever of that name; `UsageError` for one that is none.

    >>> lever("fix_size_chart").role, lever("purchase_limit").replayed
    ('quality', True)
    """
    if name not in LEVERS:
        raise unknown("lever", name, LEVERS)
    return LEVERS[name]


def lever_table(language: Language, market: str = "cn") -> pl.DataFrame:
    """All levers of a market, in words: lever, group, role, effort_days, replayed, then those of `SAID`.

    >>> lever_table("en").select("lever", "group").head(2).rows()
    [('purchase_limit', 'sales'), ('minimum_order', 'sales')]
    """
    rows = [
        {
            "lever": one.name,
            "group": one.group,
            "role": one.role,
            "effort_days": one.effort_days,
            "replayed": one.replayed,
        }
        | {
            what: one.said(what, language, market=market, scope=say("advice.shop", language), threshold="…", than="")
            for what in SAID
        }
        for one in LEVERS.values()
        if one.market in (None, market)
    ]
    return pl.DataFrame(rows)
