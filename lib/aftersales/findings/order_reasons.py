"""Why a case is on the list, what else it may be, and what to do next: in sentences, from the case's own counts."""

from __future__ import annotations

from typing import Any

from aftersales.words.language import Language, say

# The ordinary explanations that fit a pattern, the likeliest first. Source: reference "methods 5", failure modes.
INNOCENT = {
    "burst": ("bulk", "sizes"),
    "ring": ("household", "bad_goods"),
    "lockstep": ("word_of_mouth", "household"),
    "slow_ring": ("household", "bad_goods"),
    "serial_refunder": ("unlucky", "sizes"),
    "masked_burst": ("strangers", "word_of_mouth", "bad_goods"),
    "masked_returns": ("strangers", "bad_goods", "carrier"),
    "masked_slow_ring": ("strangers", "bad_goods"),
}


# A burst makes its buyer a serial refunder too, and a ring of days is one of weeks: told once.
SAME_STORY = {
    "burst": ("serial_refunder",),
    "ring": ("slow_ring", "serial_refunder", "burst"),
    "lockstep": ("serial_refunder",),
    "masked_burst": ("masked_slow_ring", "masked_returns"),
    "masked_returns": ("masked_slow_ring",),
}
# A waiting group whose refunds alone would surprise nobody stands on the list by its timing.
UNCONFIRMED = 0.01
# Fewer expected orders than this read as none, which nobody can know.
LEAST_EXPECTED = 0.01


def reasons_of(
    case: dict[str, Any],
    groups: list[dict[str, Any]],
    *,
    language: Language,
    currency: str = "CNY",
    market: str = "cn",
) -> tuple[list[str], list[str], str]:
    """Reasons, innocent explanations and the next step of one case.

    ``case`` holds pattern and the counts n, told, waiting, undone, refused, asked of its orders; ``groups`` the rows of
    `suspects` it is made of, surest first. Each pattern is told once, by its surest group.

    >>> case = {"pattern": "serial_refunder", "n": 9, "told": 0, "waiting": 0, "undone": 0, "refused": 0, "asked": 8}
    >>> group = {"pattern": "serial_refunder", "counted": 9, "asked": 8, "expected": 0.7, "undone": 0, "refused": 0,
    ...     "unreturned": 0, "waiting": 0, "p_refund": 1e-5, "orders": 9, "hours": 900.0, "buyers": 1,
    ...     "expected_orders": None, "probability": 0.98}
    >>> reasons_of(case, [group], language="en")[0]
    ["8 of this buyer's 9 orders were closed or refunded; 0.7 would be expected for the same products."]
    """
    told: dict[str, list[str]] = {}
    for group in groups:
        if group["pattern"] not in told:
            told[group["pattern"]] = _of_group(group, language=language, currency=currency, market=market)
    leading = told.pop(case["pattern"], [])
    reasons = leading + [
        more[0] for pattern, more in told.items() if pattern not in SAME_STORY.get(case["pattern"], ())
    ]
    if case["told"]:
        reasons.append(say("suspects.why.seller_says", language, told=case["told"]))
    names = list(INNOCENT[case["pattern"]])
    if case["undone"]:
        names.append("retry")
    innocent = [say(f"suspects.innocent.{name}", language, market=market) for name in names]
    return reasons, innocent, say(f"suspects.next.{_step(case)}", language)


def _of_group(group: dict[str, Any], *, language: Language, currency: str, market: str) -> list[str]:
    due = max(group["expected_orders"] or 0.0, LEAST_EXPECTED)
    values = group | {"span": group["hours"], "expected_orders": due}
    keys = [group["pattern"]]
    if group["waiting"]:
        keys.append("waiting" if group["p_refund"] > UNCONFIRMED else "still_waiting")
    if group["pattern"] != "serial_refunder":
        keys.append("refunds")
    keys += [way for way in ("undone", "refused", "unreturned") if group[way]]
    return [say(f"suspects.why.{key}", language, currency=currency, market=market, **values) for key in keys]


def _step(case: dict[str, Any]) -> str:
    if case["waiting"]:
        return "waiting"
    if case["pattern"].startswith("masked"):
        return "masked"
    # by what most of the orders came to
    return max(("asked", "undone", "refused"), key=lambda way: (case[way] - (case["undone"] + case["refused"]
                                                                             if way == "asked" else 0)))  # fmt: skip
