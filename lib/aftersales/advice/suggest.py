"""suggestions: what to do, worth how much, hurting whom, by whom, by when, and how to tell; never without a finding."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from shlex import quote
from typing import Any

import numpy as np
import polars as pl
from scipy.special import ndtri

from aftersales.advice.levers import LEVERS, lever
from aftersales.advice.opportunities import (
    Opportunity,
    driver_opportunities,
    order_opportunities,
    product_opportunities,
    service_opportunities,
)
from aftersales.advice.replay_record import Replay
from aftersales.advice.standardise import Swap
from aftersales.advice.terms import ASSUMED, Terms
from aftersales.findings.contract import contract_of
from aftersales.findings.service import SERVICE_SCHEMA
from aftersales.stats.fault_level import HALF
from aftersales.stats.placebo import LEVEL
from aftersales.tables.columns import MONEY
from aftersales.tables.ledger import finding_id
from aftersales.words.errors import UsageError
from aftersales.words.language import Language, catalogue, number, say
from aftersales.words.periods import Week

# What a small team gets done beside its daily work in a week, in days of one person.
CAPACITY_DAYS = 3.0
# What a refund costs beside the money where the shop has said nothing: freight there and back, handling.
COST_PER_REFUND = 17.0
# A day's work is worth taking up where it comes back within a quarter.
DAY_OF_WORK = 300.0
MONTHS_TO_PAY = 3.0
# A decision is judged within a quarter of the day it took effect; until then the same is not suggested anew.
WEEKS_UNDER_WAY = 12
# A setting of the shop runs until it is taken back; after a year nobody knows.
WEEKS_STANDING = 52
# Each day more goods of a bad batch leave the warehouse.
TODAY = ("pull_batch", "inspect_batch")

_COLUMNS: dict[str, Any] = {
    **contract_of("suggestions"),
    "owner": pl.String, "due": pl.Date, "finding": pl.String, "certainty": pl.Float64, "effort_days": pl.Float64,
    "expected_money": MONEY, "saved_low": MONEY, "saved_high": MONEY, "cost": MONEY, "threshold": pl.Float64,
    "expected_change": pl.Float64, "detectable": pl.Float64, "state": pl.String, "decided_from": pl.Date,
    "action": pl.String, "because": pl.String, "platform": pl.String, "guard": pl.String, "disproof": pl.String,
    "command": pl.String,
}  # fmt: skip
SUGGESTIONS_SCHEMA = pl.Schema(_COLUMNS)


def suggestions(
    products: pl.DataFrame,
    drivers: pl.DataFrame,
    suspects: pl.DataFrame,
    *,
    week: Week,
    shop: str,
    service: pl.DataFrame | None = None,
    people: Mapping[str, str] | None = None,
    replays: Mapping[str, Replay] | None = None,
    swaps: Mapping[str, tuple[str, Swap]] | None = None,
    titles: Mapping[str, str] | None = None,
    prices: Mapping[str, float] | None = None,
    decisions: pl.DataFrame | None = None,
    orders_a_week: float = 0.0,
    terms: Terms = ASSUMED,
    cost_per_refund: float = COST_PER_REFUND,
    loss_per_bad: float = COST_PER_REFUND,
    capacity_days: float = CAPACITY_DAYS,
    language: Language = "zh",
    currency: str = "CNY",
    market: str = "cn",
) -> pl.DataFrame:
    """The rows of suggestions.parquet from the week's `problem_products`, `drivers`, `suspicious_orders` and service.

    One lever a finding: the one of most expected money (middle of the range × certainty, less its cost) a day of work;
    then the best of all, as many as fit into ``capacity_days``. What would not pay for its own work within a quarter is
    left out. ``service`` are `service_findings`; ``people`` names roles; ``replays`` are of `replay`, by lever;
    ``swaps`` as in `driver_opportunities`; ``titles`` name products by id, ``prices`` what an order of each is worth;
    ``decisions`` is the ledger (suggestion_id, effective_from; lever_id and part as of `decisions.with_levers`):
    what was decided within twelve weeks, or a year where it is a setting that runs on, comes last, takes no capacity,
    and is not to be done again.

    Columns out: the contract's (suggestion_id is made of lever and scope alone, so it stays over the weeks; benefits
    are money a month, the lever's own cost taken off; good_orders_hurt a month); then owner, due (`act_by`),
    finding, certainty (0..1), effort_days, expected_money, saved_low, saved_high, cost (money a month),
    threshold, expected_change (least fall hoped for, as a share of the rate, negative), detectable (the least fall that
    four weeks could show; null where unknown), state (of its finding against last week: new, still, better; or
    decided), decided_from, action, because (the finding, null where it has no sentence), platform, guard, disproof,
    command. Best first. No finding, no row.

    >>> from aftersales.findings.contract import empty
    >>> none = [empty(name) for name in ("problem_products", "drivers", "suspicious_orders")]
    >>> suggestions(*none, week=Week.parse("2026-W46"), shop="demo").is_empty()
    True
    """
    named = dict(products.select("product_id", "title").iter_rows()) | dict(titles or {})
    price = float(np.mean(list(prices.values()))) if prices else 0.0
    opportunities = [
        *product_opportunities(
            products, sunday=week.sunday, cost_per_refund=cost_per_refund, prices=prices, terms=terms
        ),
        *driver_opportunities(drivers, cost_per_refund=cost_per_refund, price=price, swaps=swaps, terms=terms),
        *order_opportunities(suspects, replays or {}, week=week, loss_per_bad=loss_per_bad, terms=terms),
        *service_opportunities(
            service if service is not None else pl.DataFrame(schema=SERVICE_SCHEMA), replays or {},
            terms=terms, orders_a_week=orders_a_week,
        ),
    ]  # fmt: skip
    ranked = _one_each([c for c in opportunities if LEVERS[c["lever"]].market in (None, market)])
    under_way = {_id(c): since for c in ranked if (since := _running_since(c, decisions, week))}
    kept = _fitting([c for c in ranked if _id(c) not in under_way], capacity_days)
    rows = [
        _row(
            c,
            week=week,
            shop=shop,
            people=people or {},
            titles=named,
            language=language,
            currency=currency,
            market=market,
        )
        | ({"state": "decided", "decided_from": under_way[_id(c)]} if _id(c) in under_way else {})
        for c in (*kept, *(c for c in ranked if _id(c) in under_way))
    ]
    return pl.DataFrame(rows, schema=SUGGESTIONS_SCHEMA)


def _id(opportunity: Opportunity) -> str:
    return suggestion_id(opportunity["lever"], opportunity["scope"])


def act_by(lever: str, week: Week) -> date:
    """The day by which it is to be done: a bad batch is stopped on Monday, the rest is done by Friday."""
    return week.sunday + timedelta(days=1 if lever in TODAY else 5)


def _running_since(opportunity: Opportunity, decisions: pl.DataFrame | None, week: Week) -> date | None:
    """The day on which a suggestion took effect that was decided and still runs, or waits for its effect."""
    if decisions is None or not {"suggestion_id", "effective_from"} <= set(decisions.columns):
        return None
    standing = LEVERS[opportunity["lever"]].group != "product"
    recent = week.sunday - timedelta(weeks=WEEKS_STANDING if standing else WEEKS_UNDER_WAY)
    same = pl.col("suggestion_id") == _id(opportunity)
    if {"lever_id", "part"} <= set(decisions.columns):
        same = same.fill_null(value=False) | (
            (pl.col("lever_id") == opportunity["lever"]) & pl.col("part").is_in(opportunity["scope"].split(" & "))
        )
    found = decisions.filter(same, pl.col("effective_from") > recent)["effective_from"].max()
    return found if isinstance(found, date) else None


def suggestion_id(lever: str, scope: str) -> str:
    """Stable: made of lever and scope alone.

    >>> suggestion_id("pull_batch", "batch=B1") == suggestion_id("pull_batch", "batch=B1")
    True
    """
    return finding_id("suggestion", f"{lever}|{scope}")


def _money(opportunity: Opportunity) -> float:
    """What is expected to be saved a month, less what is spent for certain."""
    return (opportunity["low"] + opportunity["high"]) / 2 * opportunity["certainty"] - opportunity["cost"]


def _effort(opportunity: Opportunity) -> float:
    return LEVERS[opportunity["lever"]].effort_days


def _one_each(opportunities: list[Opportunity]) -> list[Opportunity]:
    """The best opportunity of each finding and scope, best first; those that do not pay for their work are gone.

    A slice inside a product or batch that is already on the list says the same thing again and is left out, and so
    does a slice within another slice, or around it.
    """
    paying = [c for c in opportunities if _money(c) * MONTHS_TO_PAY >= _effort(c) * DAY_OF_WORK]
    paying.sort(key=lambda c: (-_money(c) / _effort(c), c["lever"], c["scope"]))
    products = {p for c in paying if c["finding"] == "problem_products" for p in c["scope"].split(" & ")}
    seen: set[str] = set()
    slices: list[str] = []
    best = []
    for c in paying:
        about = _about(c)
        of_slice = c["finding"] == "drivers"
        named = products & set(c["scope"].split(" & "))
        if about in seen or (of_slice and (named or any(_nested(about, s) for s in slices))):
            continue
        seen.add(about)
        if of_slice:
            slices.append(about)
        best.append(c)
    return best


def _about(opportunity: Opportunity) -> str:
    """What an opportunity is about: its product where one is named, else its scope."""
    parts = opportunity["scope"].split(" & ")
    return next((p for p in parts if p.startswith("product_id=")), opportunity["scope"])


def _nested(one: str, other: str) -> bool:
    """Whether the orders of one slice are among those of the other, whatever their reasons."""
    first, second = ({p for p in scope.split(" & ") if not p.startswith("reason=")} for scope in (one, other))
    return bool(first and second) and (first <= second or second <= first)


def _fitting(opportunities: list[Opportunity], capacity_days: float) -> list[Opportunity]:
    """As many as the team can do, best first; what does not fit waits for another week."""
    kept: list[Opportunity] = []
    left = capacity_days
    for c in opportunities:
        if _effort(c) <= left:
            kept.append(c)
            left -= _effort(c)
    return kept


def _row(
    opportunity: Opportunity,
    *,
    week: Week,
    shop: str,
    people: Mapping[str, str],
    titles: Mapping[str, str],
    language: Language,
    currency: str,
    market: str,
) -> dict[str, Any]:
    one = lever(opportunity["lever"])
    scope = spoken_scope(opportunity["scope"], titles, language)
    threshold = opportunity.get("threshold")
    limit = number(threshold, language, digits=0 if float(threshold or 0).is_integer() else 1)
    than = say("advice.swap.than", language, courier=opportunity["than"]) if opportunity.get("than") else ""
    values = {"scope": scope, "threshold": limit, "than": than}
    id_ = _id(opportunity)
    owner = people.get(one.role) or say(f"advice.role.{one.role}", language)
    due = act_by(one.name, week)
    action, measure = one.said("does", language, **values), _measure(one.measure, opportunity.get("reason"))
    saved = _cents(opportunity["low"]), _cents(max(opportunity["low"], opportunity["high"]))
    low, high, hurt = (*(s - _cents(opportunity["cost"]) for s in saved), int(opportunity["hurt"]))
    harm = say(f"advice.harm.{'some' if hurt else 'none'}", language, orders=hurt)
    said = say(
        "advice.suggestion",
        language,
        currency=currency,
        action=action,
        low=low,
        high=high,
        harm=harm,
        owner=owner,
        due=due,
        measure=spoken_measure(measure, scope, language),
    )
    return {
        "suggestion_id": id_, "lever": one.name, "scope": opportunity["scope"], "benefit_low": low,
        "benefit_high": high, "good_orders_hurt": hurt, "owner_role": one.role, "measure": measure, "headline": said,
        "owner": owner, "due": due, "finding": opportunity["finding"],
        "certainty": float(np.clip(opportunity["certainty"], 0, 1)), "effort_days": one.effort_days,
        "expected_money": _cents(_money(opportunity)), "saved_low": saved[0], "saved_high": saved[1],
        "cost": _cents(opportunity["cost"]), "threshold": threshold,
        "expected_change": opportunity.get("expected_change"),
        "detectable": _detectable(opportunity), "state": opportunity.get("state") or "new", "decided_from": None,
        "action": action, "because": _because(opportunity, language),
        "platform": one.said("platform", language, market=market),
        "guard": one.said("guard", language), "disproof": one.said("disproof", language),
        "command": f"aftersales decide {shop} {id_} --owner {quote(owner)} --from {due + timedelta(days=1)}",
    }  # fmt: skip


def _measure(measure: str, reason: str | None) -> str:
    """What will be counted: of a refund rate, the requests for the reason that the finding is about."""
    return f"{measure}:{reason}" if measure == "refund_rate" and reason else measure


def spoken_measure(measure: str, scope: str, language: Language) -> str:
    """A measure of the house as it is spoken; one of the shop's own stays as it is.

    >>> spoken_measure("refund_rate:size", "it", "en"), spoken_measure("五星好评", "it", "en")
    ('the refund rate of it for “size”', '五星好评')
    """
    name, _, reason = measure.partition(":")
    if f"advice.measure.{name}" not in catalogue():
        return measure
    if f"reason.{reason}" in catalogue():
        return say("advice.measure.refund_rate_for", language, scope=scope, reason=f"reason.{reason}")
    return say(f"advice.measure.{name}", language, scope=scope)


def _because(opportunity: Opportunity, language: Language) -> str | None:
    """The finding that a suggestion rests on; with a change of courier, how many orders could be compared."""
    said = opportunity.get("said")
    if opportunity.get("overlap") is None:
        return said
    told = say("advice.swap.overlap", language, overlap=opportunity["overlap"], courier=opportunity["than"])
    return f"{said}{'' if language == 'zh' else ' '}{told}" if said else told


def _detectable(opportunity: Opportunity) -> float | None:
    rate, orders = opportunity.get("rate"), opportunity.get("orders_a_week")
    return detectable_effect(rate=min(rate, 1.0), orders_a_week=orders) if rate and orders else None


def _cents(amount: float) -> Decimal:
    return Decimal(str(round(float(amount), 2))).quantize(Decimal("0.01"))


def spoken_scope(scope: str, titles: Mapping[str, str], language: Language) -> str:
    """A scope written ``product_id=1 & batch=B1`` as it is spoken; what is no such thing stays as it is.

    >>> spoken_scope("product_id=1 & batch=B1", {"1": "Pillow"}, "en")
    'product “Pillow”, batch B1'
    """
    if scope == "shop":
        return say("advice.shop", language)
    spoken = []
    for part in scope.split(" & "):
        name, _, value = part.partition("=")
        if not value or (name != "hours" and f"drivers.dimension.{name}" not in catalogue()):
            return scope
        if value == "unknown":
            value = say("drivers.level_unknown", language)
        elif name == "product_id":
            value = titles.get(value, value)
        elif name == "reason":
            value = say(f"reason.{value}", language)
        elif name == "hours":
            spoken.append(say("service.hours", language, hours=value.replace("-", "–")))
            continue
        spoken.append(say(f"drivers.dimension.{name}", language, value=value))
    return ("，" if language == "zh" else ", ").join(spoken)


# The smallest effect that could be told from opportunity at all: shown when a decision is made, not after it.


# The usual opportunity of seeing an effect that is there.
POWER = 0.8
# Each step halves the distance or better; thirty leave nothing to see.
STEPS = 30


def detectable_effect(
    *,
    rate: float,
    orders_a_week: float,
    weeks_before: int = 12,
    weeks_after: int = 4,
    drift: float = 0.0,
    power: float = POWER,
    level: float = LEVEL,
) -> float:
    """The fall of a rate, as a share of it (0..1), that would be told from opportunity with probability ``power``.

    ``rate`` is the rate before (0..1), ``orders_a_week`` matured orders, ``drift`` the standard deviation (log scale)
    by which untouched units' rates move by themselves. An effect of 1 means: not even its vanishing would be seen.
    The two-sided normal formula for a difference of log rates, the later count being that under the effect.

    >>> [round(detectable_effect(rate=0.12, orders_a_week=n), 2) for n in (50, 200)]
    [0.47, 0.26]
    """
    if not (0 < rate <= 1 and orders_a_week > 0 and weeks_before > 0 and weeks_after > 0):
        raise UsageError("A detectable effect needs a rate above 0, orders and weeks", found=f"rate {rate}")
    before = 1 / (rate * orders_a_week * weeks_before + HALF) + drift**2
    later = rate * orders_a_week * weeks_after
    reach, opportunity = -float(ndtri((1 - level) / 2)), float(ndtri(power))
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        shown = -np.log1p(-middle) - reach * np.sqrt(before + 1 / (later + HALF))
        seen = shown >= opportunity * np.sqrt(before + 1 / (later * (1 - middle) + HALF))
        low, high = (low, middle) if seen else (middle, high)
    return high
