"""The statement to paste into the platform's form: the claim, what stands against it, what is asked for."""

from __future__ import annotations

from aftersales.cases.dossier import Dossier
from aftersales.words.language import run_on, say

# What the platform's form takes (举证说明).
CHARACTERS = 500
_NOT_AGAINST = ("none", "demand")


def filing(told: Dossier) -> str:
    """The statement, no longer than `CHARACTERS`: as many points as fit whole, the strongest first, then the request.

    Points are what records say against the claims; where none stands against them, the facts of the case as they are.
    """
    language, orders = told.language, told.records.orders["order_id"].unique(maintain_order=True).to_list()
    against = told.claims.filter(~told.claims["check"].is_in(list(_NOT_AGAINST)))["record"].unique(maintain_order=True)
    points = [say("dossier.filing.point", language, n=n, point=point) for n, point in enumerate(against, 1)]
    opening = say(
        "dossier.filing.opening" if len(orders) == 1 else "dossier.filing.opening_orders", language,
        type=f"dossier.type.{told.kind}", order=orders[0] if orders else "", orders=len(orders),
    )  # fmt: skip
    end = [say("dossier.filing.proof", language), say(f"dossier.ask.{told.kind}", language, market=told.market)]
    kept = [opening]
    for point in points or [told.statement]:
        if len(run_on([*kept, point, *end], language)) > CHARACTERS:
            break
        kept.append(point)
    return run_on([*kept, *end], language)
