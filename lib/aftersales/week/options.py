"""What an analysis may be asked for beside shop and week: the parameters of the pages, their limits and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aftersales.advice.effect import MOST_AFTER
from aftersales.advice.order_rules import ORDER_RULES
from aftersales.advice.suggest import CAPACITY_DAYS
from aftersales.advice.verdicts import WEEKS_AFTER
from aftersales.findings.complaints import PATTERNS as OF_CHECKS
from aftersales.findings.complaints import TIMES_LIKELIER
from aftersales.findings.orders import LIST_WEEKS
from aftersales.findings.product_views import LATE_WEEKS, WINDOW_WEEKS
from aftersales.measures.suspects import PATTERNS
from aftersales.stats.false_discoveries import TARGET
from aftersales.stats.placebo import LEVEL
from aftersales.stats.shrinkage import WORSE
from aftersales.week.span import HALF_YEAR_WEEKS, QUARTER_WEEKS, WEEKS_BACK
from aftersales.week.where import COLUMNS, Where
from aftersales.words.errors import UsageError, unknown

AUTO_APPROVE = "auto_approve"
RULES = (*ORDER_RULES, AUTO_APPROVE)
COMPLAINT_PATTERNS = tuple(dict.fromkeys(OF_CHECKS.get(check, check) for check in TIMES_LIKELIER))
COMPLAINTS_BY = ("channel", "kind")
# whom a page is for
READERS = ("manager", "analyst", "service_lead", "service", "quality")


@dataclass(frozen=True)
class Options:
    """The parameters that change what is computed of a shop's week; the defaults are those of the weekly report.

    ``product_weeks``: payment weeks that products are judged by; ``worse_than``: the ratio to the expected rate from
    which one is listed; ``fdr``: the share of the list that may be ordinary. ``suspect_weeks``: weeks that the list of
    suspected orders looks back to. ``service_weeks``: weeks of complaints and answers. ``weeks_after``, ``level``:
    weeks that decisions are judged by, and the level of their intervals. ``capacity_days``: days of work that
    suggestions may fill. ``rule``, ``thresholds``: a replayed rule, and what is tried of it instead of its own.
    """

    product_weeks: int = WINDOW_WEEKS
    worse_than: float = WORSE
    fdr: float = TARGET
    suspect_weeks: int = LIST_WEEKS
    service_weeks: int = QUARTER_WEEKS
    weeks_after: int = MOST_AFTER
    level: float = LEVEL
    capacity_days: float = CAPACITY_DAYS
    rule: str = ""
    thresholds: tuple[float, ...] = ()


DEFAULTS = Options()


@dataclass(frozen=True)
class Limit:
    """What a parameter may be: a number from ``low`` to ``high``, one of ``names``, or a filter (`Where`)."""

    low: float | None = None
    high: float | None = None
    names: tuple[str, ...] = ()
    filter: bool = False

    def __str__(self) -> str:
        if self.filter:
            return f"column=value, several as a|b, parts joined by ';'; columns are {', '.join(COLUMNS)}"
        return ", ".join(self.names) if self.names else f"{self.low:g} to {self.high:g}"

    def allows(self, value: Any) -> bool:
        """Whether the value, or each of a list, is within the limit; empty text and lists take the default."""
        if isinstance(value, list | tuple):
            return all(self.allows(one) for one in value)
        if self.names:
            return value == "" or value in self.names
        return self.low is None or self.high is None or (self.low <= value <= self.high)


# By page, as its notebook is named; a parameter that is not here is held to its type alone.
LIMITS: Mapping[str, Mapping[str, Limit]] = {
    "start-here": {"reader": Limit(names=READERS), "steps": Limit(1, 20)},
    "weekly-overview": {"top": Limit(1, 100), "reasons": Limit(1, 30), "cases": Limit(1, 50)},
    "data-health": {"weeks": Limit(1, WEEKS_BACK)},
    "refund-trends": {
        "weeks": Limit(2, WEEKS_BACK), "by": Limit(names=tuple(COLUMNS)), "by_weeks": Limit(1, WEEKS_BACK),
        "where": Limit(filter=True),
    },
    "complaint-trends": {
        "weeks": Limit(2, HALF_YEAR_WEEKS), "by": Limit(names=COMPLAINTS_BY), "where": Limit(filter=True),
    },
    "problem-products": {
        "weeks": Limit(LATE_WEEKS, 52), "worse_than": Limit(1.1, 10), "fdr": Limit(0.01, 0.5), "top": Limit(1, 100),
    },
    "malicious-orders": {
        "weeks": Limit(1, 52), "patterns": Limit(names=PATTERNS), "min_likelihood": Limit(0, 1),
    },
    "malicious-complaints": {
        "weeks": Limit(1, QUARTER_WEEKS), "patterns": Limit(names=COMPLAINT_PATTERNS), "min_likelihood": Limit(0, 1),
    },
    "policy-and-service": {
        "capacity_days": Limit(0.1, 100), "lever": Limit(names=RULES), "thresholds": Limit(0, 1_000_000),
    },
    "did-it-work": {"weeks_after": Limit(WEEKS_AFTER, 26), "level": Limit(0.5, 0.95)},
}  # fmt: skip


def checked(page: str, **values: Any) -> None:
    """Refuse a value beyond the limits of a page's parameter: a `UsageError` that names those that are allowed.

    >>> checked("problem-products", worse_than=2.0)
    >>> checked("problem-products", worse_than=0.5)
    Traceback (most recent call last):
        ...
    aftersales.words.errors.UsageError: The parameter 'worse_than' of problem-products is 1.1 to 10. Found: 0.5.
    """
    for name, value in values.items():
        limit = LIMITS.get(page, {}).get(name)
        if limit is None:
            continue
        if limit.filter:
            Where.parse(value)
        elif not limit.allows(value):
            if limit.names and isinstance(value, str):
                raise unknown(f"'{name}' of {page} called", value, limit.names)
            raise UsageError(f"The parameter '{name}' of {page} is {limit}", found=repr(value))
