"""suspicious_orders: orders suspected to be malicious, with why, what else it may be, and what to do next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from aftersales.findings.contract import contract_of
from aftersales.findings.returns import PATTERN as FORGED_RETURN
from aftersales.findings.returns import return_explanations, return_reasons, return_states, with_returns
from aftersales.measures.inputs import columns_of
from aftersales.measures.order_evidence import key_number, named_buyer, order_evidence, placed_at
from aftersales.measures.recalibration import most_innocent, shifted
from aftersales.measures.refund_tails import beta_binomial_tail
from aftersales.measures.rings import joined
from aftersales.measures.suspects import PATTERNS, by_timing_and_keys, suspects
from aftersales.stats.intervals import wilson
from aftersales.tables.columns import MONEY, Frame
from aftersales.tables.ledger import finding_id
from aftersales.tables.orders import Orders
from aftersales.words.language import Language, say
from aftersales.words.periods import Week

# The list holds what concerns a quarter up to the week of the report.
LIST_WEEKS = 12
# A buyer marked innocent comes back on the list where what followed is no longer like what was marked.
CHANGED = 0.01

_COLUMNS: dict[str, Any] = {
    **contract_of("suspicious_orders"),
    "created_at": pl.Datetime("us"), "product_id": pl.String, "province": pl.String, "asked": pl.Boolean,
    "waiting": pl.Boolean, "seller_says": pl.Boolean, "case_probability": pl.Float64, "case_orders": pl.Int64,
    "expected_innocent": pl.Float64, "return_open": pl.Boolean, "return_paid_at": pl.Datetime("us"),
}  # fmt: skip
ORDERS_SCHEMA = pl.Schema(_COLUMNS)


def suspicious_orders(
    orders: Frame,
    refunds: Frame,
    *,
    week: Week,
    language: Language = "zh",
    currency: str = "CNY",
    market: str = "cn",
    innocent: Mapping[str, date] | None = None,
    innocent_orders: Collection[str] = (),
    evidence: pl.DataFrame | None = None,
    found: tuple[pl.DataFrame, pl.DataFrame] | None = None,
    returns: pl.DataFrame | None = None,
    shifts: pl.DataFrame | None = None,
    weeks: int | None = LIST_WEEKS,
) -> pl.DataFrame:
    """The rows of suspicious_orders.parquet: cases with an order in the ``weeks`` up to ``week`` (None: in any).

    A case is a group of orders that stands out by its timing and, by itself, by its refunds (`measures.suspects`);
    groups that share a buyer, a rare key or an order are one case. ``innocent`` names buyers that were looked at and
    cleared, with the day: their orders up to that day are not listed, later ones only where clearly more of them come
    back than did before; ``innocent_orders`` are never listed, for where buyers are masked nobody can be cleared.
    ``evidence`` (of `order_evidence`) and ``found`` (of `suspects` on it) are computed where they are not handed in;
    ``returns`` (of `return_parcels`) adds orders whose return number contradicts the records, and without it there are
    none of these. ``shifts`` (of `likelihood_shifts`) is what outcomes of past cases taught of the likelihoods.

    Columns out: the contract's (case_id is made of the case's earliest order, so a ring that grows keeps it); then
    created_at (local, no zone), product_id, province, asked (came to nothing or asked back), waiting (not shipped),
    seller_says (closed as malicious by the seller), case_probability, case_orders, expected_innocent (of all cases on
    the list, how many are expected to be innocent), return_open and return_paid_at (of a return with a contradicted
    number: whether the refund can still be held, when it was paid; null of other orders). Surest case first, then most
    orders; within a case by time.

    >>> orders = pl.DataFrame(schema={"order_id": pl.String, "created_at": pl.Datetime})
    >>> refunds = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String})
    >>> suspicious_orders(orders, refunds, week=Week.parse("2026-W46")).columns[:3]
    ['case_id', 'order_id', 'buyer_key']
    """
    if evidence is None:
        evidence = order_evidence(orders, refunds, until=week.sunday)
    groups, members = suspects(evidence) if found is None else found
    if returns is not None:
        groups, members = with_returns(groups, members, returns)
    named = groups.filter(pl.col("pattern") == FORGED_RETURN)["group"]
    members = _without_innocent(members, evidence, innocent or {}, named=named)
    members = members.filter(~pl.col("order_id").is_in(list(innocent_orders)))
    members = joined(members.sort("group", "order_id"), evidence)
    rows = _rows(groups, members, evidence, orders)
    rows = rows if shifts is None else shifted(rows, shifts, "probability", "case_probability")
    if weeks is not None:
        rows = rows.filter(pl.col("created_at").max().over("case") >= week.shift(1 - weeks).monday)
    if rows.is_empty():
        return pl.DataFrame(schema=ORDERS_SCHEMA)
    rows = _with_sentences(rows, groups, members, language=language, currency=currency, market=market)
    cases = rows.group_by("case_id").agg(pl.col("case_probability").first())
    rows = rows.with_columns(expected_innocent=pl.lit(float((1 - cases["case_probability"]).sum())))
    rows = rows.sort(
        "case_probability",
        "case_orders",
        "case_id",
        "created_at",
        "order_id",
        descending=[True, True, False, False, False],
    )
    if returns is not None:
        rows = rows.join(return_states(returns), on="order_id", how="left", maintain_order="left")
    kinds = ORDERS_SCHEMA.items()
    return rows.select((pl.col(c) if c in rows.columns else pl.lit(None).alias(c)).cast(t) for c, t in kinds)


def orders_from_timing_and_keys_alone(
    orders: Frame, refunds: Frame, *, week: Week, evidence: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Orders (order_id, sorted) that stand out by timing and shared keys alone, never by what became of them.

    For ``set_aside`` of `problem_products`: a product's refund rate may leave these out without being bent by it.

    >>> orders = pl.DataFrame(schema={"order_id": pl.String, "created_at": pl.Datetime})
    >>> refunds = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String})
    >>> orders_from_timing_and_keys_alone(orders, refunds, week=Week.parse("2026-W46")).shape
    (0, 1)
    """
    # a trial of sizes is told by its outcome; it counts here like any other orders
    if evidence is None:
        evidence = order_evidence(orders, refunds, until=week.sunday)
    evidence = evidence.with_columns(counts=pl.lit(value=True))
    return by_timing_and_keys(evidence).alias("order_id").to_frame()


def expected_innocent(rows: pl.DataFrame, *, language: Language) -> str:
    """How many of the cases of these rows of the list are expected to be innocent, as a sentence.

    >>> expected_innocent(pl.DataFrame(schema=ORDERS_SCHEMA), language="en")
    'No suspected malicious orders.'
    """
    if rows.is_empty():
        return say("suspects.none", language)
    likely = rows.unique("case_id")["case_probability"]
    return say(
        "suspects.expected_innocent",
        language,
        cases=len(likely),
        innocent=float((1 - likely).sum()),
        most=most_innocent(likely),
    )


def conduct_known(evidence: pl.DataFrame, *, week: Week, weeks: int = LIST_WEEKS) -> pl.DataFrame:
    """What can be known of conduct at all, as one row; ``evidence`` is of `order_evidence`.

    Columns out: told (Int64, orders the seller closed as malicious in the list's weeks), share_masked (0..1 of orders
    whose buyer the platform masks; 0 where there are no orders), with_keys (whether any order has an address or
    telephone key).

    >>> evidence = pl.DataFrame({"at": [0, 1_762_700_000, 1_762_700_000], "buyer": ["a", None, "b"],
    ...     "address": [None] * 3, "phone": ["p", None, None], "seller_says": [True, True, False]})
    >>> conduct_known(evidence, week=Week.parse("2025-W46")).rows()
    [(1, 0.3333333333333333, True)]
    """
    first = week.shift(1 - weeks).monday
    return (
        evidence.lazy()
        .select(
            told=(pl.col("seller_says") & (placed_at() >= first)).sum().cast(pl.Int64),
            share_masked=pl.col("buyer").is_null().mean().fill_null(0.0),
            with_keys=pl.any_horizontal(pl.col("address", "phone").is_not_null().any()),
        )
        .collect()
    )


def seller_agreement(rows: pl.DataFrame, *, told: int) -> dict[str, Any]:
    """Orders the seller closed as malicious in the list's weeks (told), listed ones, and both: a noisy label.

    With both over told (share, share_low, share_high; Wilson, 90 %) and both over listed (of_list …), null over none.

    >>> rows = pl.DataFrame({"order_id": ["a", "b", "c"], "seller_says": [True, False, False]})
    >>> counts = seller_agreement(rows, told=2)
    >>> {name: counts[name] for name in ("told", "both", "listed", "share")}
    {'told': 2, 'both': 1, 'listed': 3, 'share': 0.5}
    """
    of = rows.unique("order_id")
    both = int(of["seller_says"].sum())
    counts = pl.DataFrame(
        {
            "share": [both / told if told else None],
            "told": [told],
            "of_list": [both / of.height if of.height else None],
            "listed": [of.height],
        },
        schema_overrides={"share": pl.Float64, "of_list": pl.Float64},
    )
    ends = {"share": wilson(pl.col("share"), pl.col("told")), "of_list": wilson(pl.col("of_list"), pl.col("listed"))}
    named = [
        end.alias(f"{name}_{side}")
        for name, both_ends in ends.items()
        for side, end in zip(("low", "high"), both_ends, strict=True)
    ]
    return {"both": both} | counts.with_columns(named).row(0, named=True)


def _without_innocent(
    members: pl.DataFrame, evidence: pl.DataFrame, innocent: Mapping[str, date], *, named: pl.Series
) -> pl.DataFrame:
    """Members without the orders of cleared buyers, unless what followed the day is clearly worse than before it.

    In the groups ``named`` a record contradicts the order itself: there later orders stay, whatever the others are.
    """
    if not innocent or members.is_empty():
        return members
    cleared = pl.DataFrame(
        {"buyer": list(innocent), "day": list(innocent.values())}, schema={"buyer": pl.String, "day": pl.Date}
    )
    cleared = cleared.with_columns(buyer=key_number(pl.col("buyer")))
    theirs = (
        evidence.lazy().select("order_id", "buyer", "asked", placed_at()).join(cleared.lazy(), on="buyer").collect()
    )
    theirs = theirs.with_columns(later=pl.col("created_at").dt.date() > pl.col("day"))
    tally = theirs.group_by("buyer").agg(
        n0=(~pl.col("later")).sum().cast(pl.Int64),
        k0=(pl.col("asked") & ~pl.col("later")).sum().cast(pl.Int64),
        n1=pl.col("later").sum().cast(pl.Int64),
        k1=(pl.col("asked") & pl.col("later")).sum().cast(pl.Int64),
    )
    n0, k0, n1, k1 = (tally[c].to_numpy() for c in ("n0", "k0", "n1", "k1"))
    p = np.array(
        [
            beta_binomial_tail(k1[[i]], n1[[i]], n1[[i]] * (k0[i] + 1) / (n0[i] + 2), float(n0[i] + 2))[0]
            for i in range(len(n0))
        ]
    )
    changed = tally["buyer"].filter(pl.Series(p < CHANGED, dtype=pl.Boolean))
    off = theirs.filter(~pl.col("later") | ~pl.col("buyer").is_in(changed.implode()))
    before = off.filter(~pl.col("later"))["order_id"]
    own = pl.col("group").is_in(named.implode())
    gone = (
        pl.when(own)
        .then(pl.col("order_id").is_in(before.implode()))
        .otherwise(pl.col("order_id").is_in(off["order_id"].implode()))
    )
    return members.filter(~gone)


def _rows(groups: pl.DataFrame, members: pl.DataFrame, evidence: pl.DataFrame, orders: Frame) -> pl.DataFrame:
    """One row an order of a case, with the case's name, pattern and probability."""
    rank = {pattern: place for place, pattern in enumerate(PATTERNS)}
    rows = members.join(groups.select("group", "pattern", "probability"), on="group")
    rows = rows.with_columns(rank=pl.col("pattern").replace_strict(rank, return_dtype=pl.Int64))
    rows = rows.with_columns(
        pattern=pl.col("pattern").sort_by("rank").first().over("case"),
        case_probability=pl.col("probability").max().over("case"),
    )
    lone = rows.group_by("case", "order_id").agg(
        pl.col("pattern").first(), pl.col("probability").max(), pl.col("case_probability").first()
    )
    ids = lone["order_id"].unique().implode()
    shown = (
        evidence.lazy()
        .filter(pl.col("order_id").is_in(ids))
        .select(
            "order_id",
            placed_at(),
            pl.col("product_id", "province").cast(pl.String),
            "asked",
            "undone",
            "refused",
            "waiting",
            "seller_says",
            money_at_risk=pl.col("amount").round(2).cast(MONEY),
        )
    )
    lone = (
        lone.join(shown.collect(), on="order_id")
        .join(_buyers(orders, ids), on="order_id", how="left")
        .with_columns(case_orders=pl.len().over("case").cast(pl.Int64))
    )
    names = {case: finding_id("suspect", case) for case in lone["case"].unique()}
    return lone.with_columns(case_id=pl.col("case").replace_strict(names, return_dtype=pl.String))


def _buyers(orders: Frame, ids: pl.Series) -> pl.DataFrame:
    """Who placed these orders: order_id, buyer_key (null where the platform masks it)."""
    columns = columns_of(orders, Orders, ["order_id", "buyer_key", "buyer_key_quality"], needed=["order_id"])
    of = columns.filter(pl.col("order_id").is_in(ids)).group_by("order_id").agg(buyer_key=named_buyer().first())
    return of.collect(engine="streaming")


def _with_sentences(
    rows: pl.DataFrame,
    groups: pl.DataFrame,
    members: pl.DataFrame,
    *,
    language: Language,
    currency: str,
    market: str,
) -> pl.DataFrame:
    """``reasons``, ``innocent_explanations`` and ``next_step``, one set a case."""
    cases = rows["case"].unique().sort()
    of_case = members.select("group", "case").unique().filter(pl.col("case").is_in(cases.implode()))
    facts = of_case.join(groups, on="group").sort("case", "probability", "group", descending=[False, True, False])
    tally = rows.group_by("case").agg(
        pl.col("pattern").first(),
        told=pl.col("seller_says").sum(),
        waiting=pl.col("waiting").sum(),
        undone=pl.col("undone").sum(),
        refused=pl.col("refused").sum(),
        asked=pl.col("asked").sum(),
        n=pl.len(),
    )
    by_case = {key[0]: part for key, part in facts.partition_by("case", as_dict=True).items()}
    said = [
        reasons_of(row, by_case[row["case"]].to_dicts(), language=language, currency=currency, market=market)
        for row in tally.iter_rows(named=True)
    ]
    texts = pl.DataFrame(
        [(row["case"], *told) for row, told in zip(tally.iter_rows(named=True), said, strict=True)],
        schema={
            "case": pl.String,
            "reasons": pl.List(pl.String),
            "innocent_explanations": pl.List(pl.String),
            "next_step": pl.String,
        },
        orient="row",
    )
    return rows.join(texts, on="case", how="left", maintain_order="left")


# Why a case is on the list, what else it may be, and what to do next: in sentences, from the case's own counts.


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
    names = list(INNOCENT.get(case["pattern"], ()))
    if case["undone"]:
        names.append("retry")
    innocent = [say(f"suspects.innocent.{name}", language, market=market) for name in names]
    returns = [row for group in groups for row in group.get("returns") or ()]
    innocent += return_explanations(returns, language=language)
    if case["pattern"] == FORGED_RETURN and not case["waiting"]:
        step = "return_hold" if any(row["open"] for row in returns) else "return_appeal"
        return reasons, innocent, say(f"suspects.next.{step}", language)
    return reasons, innocent, say(f"suspects.next.{_step(case)}", language)


def _of_group(group: dict[str, Any], *, language: Language, currency: str, market: str) -> list[str]:
    if group["pattern"] == FORGED_RETURN:
        return return_reasons(group["returns"], language=language)
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
    return max(
        ("asked", "undone", "refused"),
        key=lambda way: case[way] - (case["undone"] + case["refused"] if way == "asked" else 0),
    )
