"""contacts: whom the service team should write to now, about which orders, until when, and how much hangs on it.

What can still be stopped comes first, then the clock, then the money. One line a person, so that nobody is written to
twice; where the platform masks buyers, one line an order. Beside them the other buyers of a bad batch: who has it, has
said nothing yet, and should hear from the shop first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import polars as pl

from aftersales.findings.products import listed
from aftersales.measures.deadlines import deadlines, hours_left
from aftersales.measures.inputs import columns_of, local_time
from aftersales.measures.order_evidence import named_buyer
from aftersales.tables.columns import Frame, known_sum
from aftersales.tables.complaints import Complaints
from aftersales.tables.orders import Orders
from aftersales.tables.refunds import Refunds

# Not shipped yet, on its way, and all the rest; after them what is long overdue (`LONG_OVERDUE`).
STAGE: MappingProxyType[str, int] = MappingProxyType({
    "confirm_many": 1, "cancel_unshipped": 1, "late_unshipped": 1, "ship_late": 1,
    "intercept": 2, "on_its_way": 2, "not_received": 2,
    "platform_evidence": 3, "complaint_seller": 3, "complaint_carrier": 3, "complaint_disputed": 3,
    "complaint_explain": 3, "quality": 3, "damaged": 3, "missing": 3, "not_received_signed": 3, "refused_parcel": 3,
    "return_hold": 3, "return_appeal": 3, "return_in_transit": 3, "return_request": 3, "refund_request": 3,
    "talk_again": 3, "ask_why": 3,
})  # fmt: skip
SITUATIONS = tuple(STAGE)
# Hours: this shift, today, before the weekend is over; within one of these the larger sum goes first.
URGENT_HOURS = (6.0, 24.0, 72.0)
# A deadline missed by more than this comes last: what became of it has to be looked up before anybody is written to.
LONG_OVERDUE_HOURS, LONG_OVERDUE = 72.0, 4
LATER, PASSED = len(URGENT_HOURS), len(URGENT_HOURS) + 1
# A run of orders that ended a week ago is for the week's page, no longer for a message today.
ASK_WITHIN = timedelta(days=7)
# A refund that was paid can be taken up with the platform while the order can be disputed (reference "domain d5").
APPEAL_WITHIN = timedelta(days=15)
# Who has been spoken to is not asked why again; a case that is over needs no first message at all.
SPOKEN_TO = ("contacted", "filed", "appealed")
OVER = ("settled", "won", "partly_won", "lost", "innocent", "dropped")
_OF_REASON = {
    "quality": "quality", "not_as_described": "quality", "counterfeit": "quality", "allergy_food_safety": "quality",
    "damaged": "damaged", "missing_or_empty": "missing", "wrong_item": "missing", "lost_or_stalled": "not_received",
    "refused_parcel": "refused_parcel",
}  # fmt: skip
_OF_FAULT = {"seller": "complaint_seller", "carrier": "complaint_carrier", "buyer": "complaint_explain"}

_TYPES: dict[str, Any] = {
    "who": pl.String, "buyer_key": pl.String, "situation": pl.String, "also": pl.List(pl.String), "stage": pl.Int64,
    "urgency": pl.Int64, "due_at": pl.Datetime("us"), "hours_left": pl.Float64, "from_file": pl.Boolean,
    "step": pl.String, "money": pl.Float64, "orders": pl.List(pl.String), "lead_orders": pl.List(pl.String),
    "ids": pl.List(pl.String), "title": pl.String, "case_id": pl.String, "cause": pl.String, "fault": pl.String,
    "fault_ground": pl.String, "offer_low": pl.Float64, "offer_high": pl.Float64, "offer_cases": pl.Int64,
    "offer_basis": pl.String,
}  # fmt: skip
CONTACTS = pl.Schema(_TYPES)
_MATTER = [
    "id", "order_id", "situation", "step", "due_at", "from_file", "money", "case_id", "cause", "fault",
    "fault_ground", "offer_low", "offer_high", "offer_cases", "offer_basis",
]  # fmt: skip


def contacts(
    orders: Frame,
    refunds: Frame,
    complaints: Frame,
    *,
    now: datetime,
    suspected: pl.DataFrame,
    judged: pl.DataFrame,
    states: Mapping[str, str] | None = None,
    clocks: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The contact queue as of ``now`` (the shop's local time).

    ``suspected`` are rows of `suspicious_orders` (whoever was cleared is not among them), ``judged`` those of
    `judge_complaints`, ``states`` the last state of each case, ``clocks`` those of
    `deadlines` (computed where not handed in). A case that is over is no longer asked about.

    Columns out: who (buyer_key, or order:<id> where the platform masks the buyer), buyer_key (null then), situation
    (the most pressing, `SITUATIONS`), also (further ones of the same person), stage (1 not shipped, 2 on its way, 3 the
    rest), urgency (0..2: due within `URGENT_HOURS`; 3 later or without a clock; 4 passed), due_at, hours_left,
    from_file (false: a usual length, not the file's own), step, money (at risk), orders (all the person's),
    lead_orders (of the situation), ids (refund and complaint ids), title (of the dearest line), case_id (of suspected
    orders), cause, fault, fault_ground and offer columns of the complaint. Sorted by stage, urgency, money (most
    first), due_at, who.

    >>> moment = datetime(2026, 11, 22, 9)
    >>> orders = pl.DataFrame({"order_id": ["a"], "buyer_key": ["x"], "paid": [80.0], "status": ["paid"]})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["a"], "status": ["requested"], "amount": [80.0],
    ...     "phase": ["before_shipping"], "deadline_at": [datetime(2026, 11, 22, 20)]})
    >>> none = pl.DataFrame(schema={"complaint_id": pl.String, "order_id": pl.String})
    >>> suspected = pl.DataFrame(schema={"case_id": pl.String, "order_id": pl.String})
    >>> contacts(orders, refunds, none, now=moment, suspected=suspected, judged=none).select(
    ...     "who", "situation", "stage", "hours_left", "money").rows()
    [('x', 'cancel_unshipped', 1, 11.0, 80.0)]
    """
    if clocks is None:
        clocks = deadlines(orders, refunds, complaints, now=now)
    suspected = _open_cases(suspected, states or {})
    named = pl.concat([clocks["order_id"], suspected["order_id"]]).drop_nulls().unique()
    heads = _heads(orders, named, now=now)
    matters = _refund_matters(clocks, refunds, heads, suspected)
    told = _complaint_matters(clocks, judged)
    disputes = told.select(pl.col("id").str.strip_prefix("refund-"))
    matters = pl.concat([matters.join(disputes, on="id", how="anti"), told])
    of_case = _case_matters(suspected, clocks, matters, heads, states or {}, now=now)
    late = _late_matters(clocks, pl.concat([matters, of_case]), heads, now=now)
    every = pl.concat([matters, of_case, late])
    cases = suspected.select("order_id", _case="case_id").unique("order_id")
    every = every.join(cases, on="order_id", how="left").with_columns(case_id=pl.coalesce("case_id", "_case"))
    return _by_person(every.join(heads, on="order_id", how="left"), now=now)


def _open_cases(suspected: pl.DataFrame, states: Mapping[str, str]) -> pl.DataFrame:
    kinds: dict[str, Any] = {
        "waiting": pl.Boolean,
        "asked": pl.Boolean,
        "created_at": pl.Datetime("us"),
        "money_at_risk": pl.Float64,
        "return_open": pl.Boolean,
        "return_paid_at": pl.Datetime("us"),
    }
    there = _filled(suspected, kinds)
    over = [case for case, state in states.items() if state in OVER]
    rows = there.filter(~pl.col("case_id").is_in(over)).select("case_id", "order_id", *kinds)
    return rows.with_columns(pl.col("money_at_risk").cast(pl.Float64))


def _heads(orders: Frame, wanted: pl.Series, *, now: datetime) -> pl.DataFrame:
    """Of each wanted order: who, what, worth, and whether it has arrived."""
    columns = ["order_id", "buyer_key", "buyer_key_quality", "title", "paid", "amount", "shipped_at", "delivered_at",
               "confirmed_at", "status"]  # fmt: skip
    lines = columns_of(orders, Orders, columns, needed=["order_id"])
    lines = lines.filter(pl.col("order_id").is_in(wanted.implode()))
    dearest = pl.col("title").sort_by(pl.col("amount").cast(pl.Float64), descending=True, nulls_last=True)
    arrived = pl.coalesce(local_time(pl.col("delivered_at", "confirmed_at"))) <= now
    return (
        lines.group_by("order_id")
        .agg(
            buyer_key=named_buyer().first(),
            title=dearest.first(),
            value=known_sum(pl.col("paid").cast(pl.Float64)),
            arrived=arrived.fill_null(value=False).any()
            | (pl.col("status") == "finished").fill_null(value=False).any(),
            on_its_way=(pl.col("status") == "shipped").fill_null(value=False).any(),
        )
        .collect()
    )


def _refund_matters(clocks: pl.DataFrame, refunds: Frame, heads: pl.DataFrame, suspected: pl.DataFrame) -> pl.DataFrame:
    # of a return whose number contradicts the records the refund can be held, whatever step the file names
    doubted = pl.col("order_id").is_in(suspected.filter("return_open")["order_id"].implode())
    open_ = clocks.filter(pl.col("matter") == "refund", (pl.col("step") != "wait_for_return") | doubted)
    columns = ["refund_id", "reason", "amount"]
    cases = columns_of(refunds, Refunds, columns, needed=["refund_id"])
    mine = cases.filter(pl.col("refund_id").is_in(open_["id"].implode())).collect()
    rows = open_.join(mine, left_on="id", right_on="refund_id", how="left")
    rows = rows.join(heads.select("order_id", "arrived"), on="order_id", how="left")
    by_reason = pl.col("reason").replace_strict(_OF_REASON, default=None, return_dtype=pl.String)
    lost = (by_reason == "not_received") & pl.col("arrived").fill_null(value=False)
    by_reason = pl.when(lost).then(pl.lit("not_received_signed")).otherwise(by_reason)
    own_fault = pl.col("reason").is_in(["late_ship", "out_of_stock"]).fill_null(value=False)
    on_the_way = pl.when(by_reason.is_in(["not_received", "not_received_signed", "refused_parcel"])).then(by_reason)
    situation = {
        "give_evidence": pl.lit("platform_evidence"), "check_return": pl.lit("return_in_transit"),
        "talk_again": pl.lit("talk_again"),
        "answer_unshipped": pl.when(own_fault).then(pl.lit("late_unshipped")).otherwise(pl.lit("cancel_unshipped")),
        "answer_in_transit": on_the_way.fill_null("intercept"),
        "answer_return": by_reason.fill_null("return_request"),
    }  # fmt: skip
    chosen = by_reason.fill_null("refund_request")
    for step, value in situation.items():
        chosen = pl.when(pl.col("step") == step).then(value).otherwise(chosen)
    answered = pl.col("step").is_in(["give_evidence", "answer_unshipped"])
    chosen = pl.when(doubted & ~answered).then(pl.lit("return_hold")).otherwise(chosen)
    return _shaped(rows.with_columns(situation=chosen, money=pl.col("amount").cast(pl.Float64), cause="reason"))


def _complaint_matters(clocks: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Open complaints; a dispute of the refund report takes that case's own clock where it has none itself."""
    open_ = clocks.filter(pl.col("matter") == "complaint")
    of_case = clocks.filter(pl.col("matter") == "refund", "from_file").select(
        pl.lit("refund-") + pl.col("id"), case_due="due_at"
    )
    open_ = open_.join(of_case.rename({"literal": "id"}), on="id", how="left")
    own = pl.col("from_file") | pl.col("case_due").is_null()
    open_ = open_.with_columns(
        due_at=pl.when(own).then("due_at").otherwise("case_due"), from_file=pl.col("from_file") | ~own
    )
    known = [c for c in _MATTER if c in judged.columns and c != "order_id"]
    facts = judged.select("complaint_id", *known, *(c for c in ("asked", "value") if c in judged.columns))
    rows = open_.join(facts, left_on="id", right_on="complaint_id", how="left")
    rows = _filled(rows, {"fault": pl.String, "asked": pl.Float64, "value": pl.Float64})
    situation = pl.col("fault").replace_strict(_OF_FAULT, default="complaint_disputed", return_dtype=pl.String)
    return _shaped(
        rows.with_columns(situation=situation, money=pl.when(pl.col("asked") > 0).then("asked").otherwise("value"))
    )


def _case_matters(
    suspected: pl.DataFrame,
    clocks: pl.DataFrame,
    matters: pl.DataFrame,
    heads: pl.DataFrame,
    states: Mapping[str, str],
    *,
    now: datetime,
) -> pl.DataFrame:
    """Orders of open cases about which nothing is asked yet: not shipped, on their way, or lately come to nothing."""
    rows = suspected.join(heads.select("order_id", "on_its_way", "arrived"), on="order_id", how="left")
    rows = rows.join(matters.select("order_id"), on="order_id", how="anti")
    spoken = pl.col("case_id").is_in([case for case, state in states.items() if state in SPOKEN_TO])
    recent = (pl.col("created_at") >= now - ASK_WITHIN) & (pl.col("created_at") <= now)
    coming = pl.col("on_its_way") & ~pl.col("arrived") & ~pl.col("asked")
    paid_back = pl.col("return_paid_at").is_between(now - APPEAL_WITHIN, now).fill_null(value=False)
    situation = (
        pl.when(paid_back & ~spoken)
        .then(pl.lit("return_appeal"))
        .when(pl.col("waiting"))
        .then(pl.lit("confirm_many"))
        .when(coming & ~spoken)
        .then(pl.lit("on_its_way"))
        .when(pl.col("asked") & recent & ~spoken)
        .then(pl.lit("ask_why"))
    )
    ship = clocks.filter(pl.col("matter") == "shipping").select("order_id", "step", "due_at", "from_file")
    rows = rows.with_columns(situation=situation).drop_nulls("situation").join(ship, on="order_id", how="left")
    return _shaped(rows.with_columns(money=pl.col("money_at_risk")))


def _late_matters(clocks: pl.DataFrame, known: pl.DataFrame, heads: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """Orders that should have been shipped by now and about which there is nothing else to say."""
    late = clocks.filter(pl.col("matter") == "shipping", pl.col("due_at") < now)
    late = late.join(known.select("order_id"), on="order_id", how="anti")
    late = late.join(heads.select("order_id", "value"), on="order_id", how="left")
    return _shaped(late.with_columns(situation=pl.lit("ship_late"), money=pl.col("value"), id=None))


def _shaped(rows: pl.DataFrame) -> pl.DataFrame:
    kinds = {c: CONTACTS.get(c, pl.String()) for c in _MATTER}
    return _filled(rows, kinds).select(pl.col(c).cast(t) for c, t in kinds.items())


def _filled(rows: pl.DataFrame, kinds: Mapping[str, Any]) -> pl.DataFrame:
    return rows.with_columns(pl.lit(None, dtype=t).alias(c) for c, t in kinds.items() if c not in rows.columns)


def _by_person(matters: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    left = hours_left(pl.col("due_at"), now=now)
    urgency = pl.lit(LATER)
    for rank, limit in reversed(list(enumerate(URGENT_HOURS))):
        urgency = pl.when(left <= limit).then(rank).otherwise(urgency)
    # a parcel that should have gone out can still go out; an answer that should have been given was given by the clock
    urgency = (
        pl.when(left.fill_null(1.0) >= 0)
        .then(urgency)
        .otherwise(pl.when(pl.col("situation").is_in(["ship_late", "confirm_many"])).then(0).otherwise(PASSED))
    )
    rows = matters.with_columns(
        who=pl.coalesce("buyer_key", pl.lit("order:") + pl.col("order_id"), pl.lit("matter:") + pl.col("id")),
        stage=pl.when(left < -LONG_OVERDUE_HOURS)
        .then(LONG_OVERDUE)
        .otherwise(pl.col("situation").replace_strict(dict(STAGE), return_dtype=pl.Int64)),
        urgency=urgency.cast(pl.Int64),
        hours_left=left,
    ).sort(
        "stage",
        "urgency",
        "money",
        "due_at",
        "order_id",
        descending=[False, False, True, False, False],
        nulls_last=True,
    )
    lead = pl.col("situation") == pl.col("situation").first()
    first = [
        c
        for c in CONTACTS
        if c
        not in (
            "who",
            "also",
            "orders",
            "lead_orders",
            "ids",
            "money",
            "due_at",
            "hours_left",
            "from_file",
            "step",
            "case_id",
            "urgency",
        )
    ]
    soonest = pl.col("hours_left").filter(lead).arg_min()
    people = rows.group_by("who", maintain_order=True).agg(
        pl.col(first).first(),
        pl.col("urgency").filter(lead).min(),
        also=pl.col("situation").filter(~lead).unique(maintain_order=True),
        orders=pl.col("order_id").drop_nulls().unique(maintain_order=True),
        lead_orders=pl.col("order_id").filter(lead).drop_nulls().unique(maintain_order=True),
        ids=pl.col("id").drop_nulls().unique(maintain_order=True),
        money=known_sum(pl.col("money")),
        case_id=pl.col("case_id").drop_nulls().first(),
        **{c: pl.col(c).filter(lead).get(soonest.fill_null(0)) for c in ("due_at", "hours_left", "from_file", "step")},
    )
    people = people.sort(
        "stage", "urgency", "money", "due_at", "who", descending=[False, False, True, False, False], nulls_last=True
    )
    return people.select(list(CONTACTS)).cast(dict(CONTACTS))  # type: ignore[arg-type]


# Whose goods went out longer ago than the list of products looks back has kept them for a season.
WITHIN = timedelta(weeks=12)
_BATCHES: dict[str, Any] = {
    "product_id": pl.String, "batch": pl.String, "title": pl.String, "rate": pl.Float64, "expected_rate": pl.Float64,
    "orders": pl.Int64, "refunds": pl.Int64, "buyers": pl.Int64, "money": pl.Float64,
}  # fmt: skip
_BUYERS: dict[str, Any] = {
    "product_id": pl.String, "batch": pl.String, "order_id": pl.String, "buyer_key": pl.String,
    "title": pl.String, "shipped_at": pl.Datetime("us"), "money": pl.Float64,
}  # fmt: skip
BATCHES, BUYERS = pl.Schema(_BATCHES), pl.Schema(_BUYERS)


def batch_buyers(
    views: pl.DataFrame, orders: Frame, refunds: Frame, complaints: Frame, *, now: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bad batches on the list of problem products, and the orders that hold one and about which nobody has written.

    ``views`` is of `product_views`. Left out are orders with a refund request or complaint of any kind, never shipped,
    closed, or shipped more than twelve weeks before ``now``. First table: product_id, batch, title, rate,
    expected_rate, orders and refunds (of the judgement), buyers (orders to write to), money (paid for the batch's
    lines); most money first. Second: product_id, batch, order_id, buyer_key (null where masked), title, shipped_at
    (local), money; latest shipped first, as they have used it least.

    >>> from aftersales.findings.product_views import VIEWS_SCHEMA
    >>> none = pl.DataFrame(schema={"complaint_id": pl.String, "refund_id": pl.String, "order_id": pl.String})
    >>> [t.height for t in batch_buyers(pl.DataFrame(schema=VIEWS_SCHEMA), none, none, none,
    ...     now=datetime(2026, 11, 22))]
    [0, 0]
    """
    bad = (
        listed(views)
        .filter(pl.col("level") == "batch")
        .select("product_id", "batch", "title", "rate", "expected_rate", "orders", "refunds")
    )
    if bad.is_empty():
        return pl.DataFrame(schema=BATCHES), pl.DataFrame(schema=BUYERS)
    buyers = _silent(bad, orders, refunds, complaints, now=now)
    totals = buyers.group_by("product_id", "batch").agg(
        buyers=pl.len().cast(pl.Int64), money=known_sum(pl.col("money"))
    )
    batches = bad.join(totals, on=["product_id", "batch"], how="left").with_columns(
        pl.when(pl.col("buyers").is_null()).then(0.0).otherwise("money").alias("money"), pl.col("buyers").fill_null(0)
    )
    batches = batches.sort("money", "product_id", "batch", descending=[True, False, False])
    return batches.select(list(BATCHES)).cast(dict(BATCHES)), buyers  # type: ignore[arg-type]


def _silent(bad: pl.DataFrame, orders: Frame, refunds: Frame, complaints: Frame, *, now: datetime) -> pl.DataFrame:
    columns = ["order_id", "product_id", "batch", "buyer_key", "buyer_key_quality", "title", "shipped_at", "paid",
               "status"]  # fmt: skip
    lines = columns_of(orders, Orders, columns, needed=["order_id"])
    lines = lines.with_columns(local_time(pl.col("shipped_at")))
    sent = pl.col("shipped_at").is_between(now - WITHIN, now)
    lines = lines.filter(sent, pl.col("status").is_in(["shipped", "part_shipped", "finished"]))
    mine = lines.join(bad.lazy().select("product_id", "batch"), on=["product_id", "batch"], how="semi")
    asked = columns_of(refunds, Refunds, ["order_id"], needed=[])
    told = columns_of(complaints, Complaints, ["order_id"], needed=[])
    quiet = mine.join(asked, on="order_id", how="anti").join(told, on="order_id", how="anti")
    found = quiet.group_by("product_id", "batch", "order_id").agg(
        buyer_key=named_buyer().first(),
        title=pl.col("title").drop_nulls().first(),
        shipped_at=pl.col("shipped_at").max(),
        money=known_sum(pl.col("paid").cast(pl.Float64)),
    )
    found = found.sort("shipped_at", "order_id", descending=[True, False]).select(list(BUYERS))
    return found.collect().cast(dict(BUYERS))  # type: ignore[arg-type]
