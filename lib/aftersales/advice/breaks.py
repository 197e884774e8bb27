"""Days on which law or platform policy changed for all shops of a market: what falls there is nobody's merit."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Break(NamedTuple):
    """``name`` is a catalogue key under advice.break; the change came to ``market`` between ``first`` and ``last``."""

    name: str
    first: date
    last: date
    market: str = "cn"


BREAKS = (
    # five platforms announced the end of refund-only after receipt on 2025-04-22, in steps through July (press)
    Break("refund_only", date(2025, 4, 22), date(2025, 7, 31)),
    # 反不正当竞争法 of 2025, article 13, paragraph 4 (People's Court Daily, 2025-08-14)
    Break("unfair_competition", date(2025, 10, 15), date(2025, 10, 15)),
    # 网络交易平台规则监督管理办法, order 116 of SAMR and CAC, issued 2025-12-18 (press)
    Break("platform_rules", date(2026, 2, 1), date(2026, 2, 1)),
)


def breaks_between(since: date, until: date, market: str) -> tuple[str, ...]:
    """Names of the market's changes that fell, in part at least, into the days from ``since`` to ``until``.

    >>> breaks_between(date(2025, 12, 1), date(2026, 3, 1), "cn")
    ('platform_rules',)
    >>> breaks_between(date(2025, 12, 1), date(2026, 3, 1), "us")
    ()
    """
    return tuple(b.name for b in BREAKS if b.market == market and b.first <= until and b.last >= since)
