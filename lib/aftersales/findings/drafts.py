"""What to say to a buyer, and what to do, for each line of the contact queue: calm, polite, without any suspicion."""

from __future__ import annotations

from typing import Any

import polars as pl

from aftersales.words.language import Language, enumerated, run_on, say
from aftersales.words.plain import one_line

# Numbers that are named one by one; more would hide the message behind them.
MOST_NAMED = 3
# Below this sum an offer would read as an insult rather than as one.
LEAST_OFFER = 1.0
LONGEST_TITLE = 40


def with_drafts(people: pl.DataFrame, *, language: Language, currency: str = "CNY", market: str = "cn") -> pl.DataFrame:
    """The rows of `contacts` with ``what`` (the situation in words), ``do``, ``draft`` and ``offer``, in a language.

    A draft names order numbers and nothing else of the buyer; where comparable complaints ended with a compensation it
    offers the lower end of their range, and the range itself stands in ``offer``, for the team (null for what is no
    complaint).

    >>> from aftersales.findings.contacts import CONTACTS
    >>> with_drafts(pl.DataFrame(schema=CONTACTS), language="en").columns[-4:]
    ['what', 'do', 'draft', 'offer']
    """
    rows = list(people.iter_rows(named=True))
    said: dict[str, list[str | None]] = {
        "what": [say(f"today.situation.{row['situation']}", language) for row in rows],
        "do": [say(f"today.do.{row['situation']}", language, market=market) for row in rows],
        "draft": [draft(row, language=language, currency=currency) for row in rows],
        "offer": [_offer(row, language=language, currency=currency) for row in rows],
    }
    return people.with_columns(pl.Series(name, words, dtype=pl.String) for name, words in said.items())


def draft(row: dict[str, Any], *, language: Language, currency: str = "CNY") -> str:
    """The message to the buyer of one row.

    >>> row = {"situation": "intercept", "lead_orders": ["123"], "title": None, "offer_low": None}
    >>> draft(row, language="en").startswith("Hello, we have received your refund request (order 123).")
    True
    """
    offer = row["offer_low"]
    key = row["situation"]
    if key in ("complaint_seller", "complaint_carrier") and offer is not None and offer >= LEAST_OFFER:
        key = f"{key}_offer"
    if key == "confirm_many" and len(row["lead_orders"]) == 1:
        key = "confirm_one"
    title = one_line(row["title"] or "", longest=LONGEST_TITLE)
    return say(
        f"today.draft.{key}",
        language,
        currency=currency,
        orders=order_words(row["lead_orders"], language),
        n=len(row["lead_orders"]),
        title=title,
        offer=offer,
    )


def order_words(orders: list[str], language: Language, *, most: int = MOST_NAMED) -> str:
    """Order numbers in words: all of a few, the first of many.

    >>> order_words(["1"], "en"), order_words(["1", "2", "3", "4"], "en", most=2)
    ('order 1', 'orders 1, 2 and 2 more')
    """
    clean = [one_line(order, longest=60) for order in orders]
    values: dict[str, Any] = {"named": enumerated(clean[:most], language), "n": len(clean), "more": len(clean) - most}
    if not clean:
        return "–"
    if len(clean) == 1:
        return say("today.orders.one", language, first=clean[0])
    return say("today.orders.few" if len(clean) <= most else "today.orders.many", language, **values)


def _offer(row: dict[str, Any], *, language: Language, currency: str) -> str | None:
    if not row["situation"].startswith("complaint"):
        return None
    if row["fault"] == "buyer":
        said = say("today.offer.none_buyer", language)
    elif row["offer_basis"] is None:
        said = say("today.offer.none", language)
    else:
        said = say(
            f"today.offer.{row['offer_basis']}",
            language,
            currency=currency,
            low=row["offer_low"],
            high=row["offer_high"],
            n=row["offer_cases"],
        )
    ground = say(
        "today.offer.ground", language, ground=f"suspected_complaint.ground.{row['fault_ground'] or 'unknown'}"
    )
    return run_on((said, ground), language)
