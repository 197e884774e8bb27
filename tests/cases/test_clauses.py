"""Articles are those of the rules in force on the day of the claim, and none is cited beyond what it binds."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from aftersales.cases.dossier import _claimed_on, clauses
from aftersales.cases.records import Records
from aftersales.words.language import say

TYPES = ("malicious_orders", "swapped_return", "extortion", "damaged", "late_ship")


@pytest.mark.parametrize(
    ("rule", "first", "kind", "held"),
    [
        ("platform", date(2025, 8, 15), "damaged", ()),
        ("law", date(2024, 7, 1), "swapped_return", ()),
        ("competition", date(2025, 10, 15), "malicious_orders", ()),
        ("measures", date(2026, 2, 1), "damaged", ("refund_without_return",)),
    ],
)
def test_a_rule_is_cited_from_the_day_it_is_in_force(rule, first, kind, held):
    def cited(on: date, market: str = "cn") -> set[str]:
        given = {"on": on, "held": held, "market": market}
        return {c.rule for internal in (False, True) for c in clauses(kind, internal=internal, **given)}

    assert rule in cited(first)
    assert rule not in cited(date.fromordinal(first.toordinal() - 1))
    assert rule == "platform" or rule not in cited(date(2026, 11, 9), "in")


def test_what_binds_operators_alone_never_stands_in_the_platforms_copy():
    for kind in TYPES:
        shown = {c.rule for c in clauses(kind, on=date(2026, 11, 9), held=("refund_without_return",))}
        assert not shown & {"competition", "measures"}
    assert "competitor" in say("clause.why.competition_13", "en")
    assert "同行" in say("clause.why.competition_13", "zh")


def test_a_case_is_judged_by_the_rules_of_its_claim():
    at = [datetime(2025, 9, 1), datetime(2026, 3, 1)]
    none = pl.DataFrame(schema={"filed_at": pl.Datetime, "applied_at": pl.Datetime, "created_at": pl.Datetime})
    fields = dict.fromkeys(Records.__dataclass_fields__, none)
    orders = pl.DataFrame({"created_at": at[:1]})
    until = datetime(2026, 11, 15)
    assert _claimed_on(Records(**fields), until) == until.date()
    assert _claimed_on(Records(**fields | {"orders": orders}), until) == at[0].date()
    asked = pl.DataFrame({"applied_at": at})
    assert _claimed_on(Records(**fields | {"orders": orders, "refunds": asked}), until) == at[1].date()
