"""The course of every refund case: when it is agreed, sent back, refused, looked at by the platform, and over."""

from __future__ import annotations

import numpy as np
import polars as pl

from aftersales_demo.moments import DAY, HOUR, NEVER, Floats, second_of
from aftersales_demo.reasons import MONEY_ONLY
from aftersales_demo.refund_requests import AFTER, CANCEL, LOST_SHARE, REFUSE, STALL
from aftersales_demo.spec import HONEST, WAITING, ShopSpec

# The platform's clocks (reference "d5": unsourced there; the files carry the real ones).
BEFORE_SHIPPING_HOURS, IN_TRANSIT_DAYS, AGREE_DAYS, SEND_BACK_DAYS, CONFIRM_DAYS, EVIDENCE_DAYS = 48, 5, 3, 7, 10, 3
REFUND_ONLY_SHARE = {"质量问题": 0.25, "功能/效果不符": 0.12, "卖家发错货": 0.3, "假冒品牌": 0.5}
WITHDRAWN = {CANCEL: 0.05, STALL: 0.04, REFUSE: 0.0, AFTER: 0.09}
REFUSED_SHARE, INVOLVED_SHARE, SELLER_WINS_SHARE = 0.03, 0.45, 0.4
ASKED_AGAIN_SHARE = 0.3
BEFORE_SHIPPING, IN_TRANSIT, AFTER_RECEIPT = "before_shipping", "in_transit", "after_receipt"


def refund_cases(
    asked: pl.DataFrame, orders: pl.DataFrame, lines: pl.DataFrame, spec: ShopSpec, *, rng: np.random.Generator
) -> pl.DataFrame:
    """One row a refund case, sorted by the time it was asked for, with all that will ever happen to it.

    Times in seconds (`NEVER` where it does not come): applied, agreed (or refused), returned, involved, ended.
    `succeeds` says how it ends; `amount_fen`, `full`, `kind`, `phase`, `reason`, `note` and `fault` as the platform
    will write them.
    """
    cases = asked.with_columns(orders["shipped", "due", "paid", "fate", "shipping_fen"][asked["order"]])
    cases = cases.with_columns(lines["amount_fen", "first_of_order", "only_line"][asked["line"]])
    cases = cases.with_columns(
        arrived=pl.when(pl.col("outcome") == REFUSE).then(NEVER).otherwise("due"),
        phase=pl.when(pl.col("applied") < pl.col("shipped"))
        .then(pl.lit(BEFORE_SHIPPING))
        .when(pl.col("outcome") == AFTER)
        .then(pl.lit(AFTER_RECEIPT))
        .otherwise(pl.lit(IN_TRANSIT)),
    )
    cases = _kinds_and_amounts(cases, rng)
    cases = _times(cases, spec, rng)
    again = _asked_again(cases, rng)
    return pl.concat([cases, again]).sort("applied", "line")


def _kinds_and_amounts(cases: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    count = len(cases)
    share = cases["reason"].replace_strict(REFUND_ONLY_SHARE, default=0.02, return_dtype=pl.Float64).to_numpy()
    share = np.where(cases["reason"].is_in(MONEY_ONLY).to_numpy(), 0.85, share)
    planted = (cases["fate"] != HONEST).to_numpy() & cases["reason"].is_in(["质量问题", "功能/效果不符"]).to_numpy()
    keeps = np.where(planted, 1.0, share) > rng.random(count)
    after = (cases["phase"] == AFTER_RECEIPT).to_numpy()
    only = keeps | ~after
    part = after & keeps & (rng.random(count) < 0.65) & (cases["fate"] == HONEST).to_numpy()
    amount = cases["amount_fen"].to_numpy()
    # a parcel that was never kept gives its shipping fee back too, once an order
    fee = np.where(~after & cases["first_of_order"].to_numpy(), cases["shipping_fen"].to_numpy(), 0)
    partly = np.maximum(100, np.round(amount * rng.uniform(0.1, 0.5, size=count) / 100).astype(np.int64) * 100)
    partly = np.where(cases["reason"] == "退运费", np.minimum(1_200, partly), partly)
    return cases.with_columns(
        kind=pl.Series(np.where(only, "refund_only", "return_refund")),
        amount_fen=pl.Series(np.where(part, np.minimum(partly, amount), amount + fee)),
        full=pl.Series(~part | (partly >= amount)),
    )


def _of_order(values: np.ndarray, cases: pl.DataFrame) -> Floats:
    """The same draw for all lines of an order where the order as a whole was asked about."""
    frame = cases.select("order", "outcome").with_columns(value=pl.Series(values))
    together = pl.when(pl.col("outcome") == AFTER).then("value").otherwise(pl.col("value").first().over("order"))
    return frame.select(together).to_series().to_numpy()


def _times(cases: pl.DataFrame, spec: ShopSpec, rng: np.random.Generator) -> pl.DataFrame:
    count, applied = len(cases), cases["applied"].to_numpy()
    phase, what = cases["phase"].to_numpy(), cases["outcome"].to_numpy()
    honest = (cases["fate"] == HONEST).to_numpy()
    withdrawn = np.select([what == k for k in WITHDRAWN], list(WITHDRAWN.values()), 0.08)
    succeeds = _of_order((rng.random(count) >= withdrawn).astype(float), cases) > 0.5
    succeeds |= ~honest
    returns = (cases["kind"] == "return_refund").to_numpy()
    refused = (rng.random(count) < REFUSED_SHARE) & (phase == AFTER_RECEIPT)
    involved = refused & (rng.random(count) < INVOLVED_SHARE)
    succeeds = np.where(refused, rng.random(count) >= SELLER_WINS_SHARE, succeeds)

    answer = np.minimum(1 + rng.exponential(8 * HOUR, size=count), AGREE_DAYS * DAY - 7_200).astype(np.int64)
    at_once = _of_order((rng.random(count) < 0.35) * 1.0, cases) > 0.5
    quick = _of_order(np.minimum(rng.exponential(4 * HOUR, size=count), 46 * HOUR), cases)
    quick = np.where(at_once, 1, quick + 60).astype(np.int64)
    middle = _of_order(rng.uniform(0.6, 4.8, size=count) * DAY, cases).astype(np.int64)
    money = np.minimum(600 + rng.exponential(22 * HOUR, size=count), (AGREE_DAYS - 0.1) * DAY).astype(np.int64)
    agreed = applied + np.where(returns | refused, answer, NEVER)
    sent = agreed + (np.clip(rng.gamma(2.0, 1.1, size=count), 0.3, 6.8) * DAY).astype(np.int64)
    taken = sent + (np.clip(rng.gamma(4.0, 1.0, size=count), 1.0, 9.5) * DAY).astype(np.int64)
    ended = np.select(
        [refused, returns & succeeds, returns, phase == BEFORE_SHIPPING, phase == IN_TRANSIT],
        [
            agreed + (rng.uniform(2, 12, size=count) * DAY).astype(np.int64),
            taken,
            agreed + SEND_BACK_DAYS * DAY,
            applied + quick,
            applied + middle,
        ],
        applied + money,
    )
    returned = np.where(returns & ~refused & succeeds, sent, NEVER)
    # what is asked on the last two days by planted buyers must still be open: it is what the queue is for
    open_now = (cases["fate"] == WAITING).to_numpy() & (applied > second_of(spec.last_day) - DAY)
    ended = np.where(open_now, np.maximum(ended, second_of(spec.last_day) + DAY + 6 * HOUR), ended)
    looked_at = np.where(involved, agreed + DAY, NEVER)
    return cases.with_columns(
        agreed=pl.Series(np.minimum(agreed, NEVER)),
        returned=pl.Series(returned),
        refused=pl.Series(refused),
        involved=pl.Series(looked_at),
        evidence_due=pl.Series(np.where(involved, looked_at + EVIDENCE_DAYS * DAY, NEVER)),
        ended=pl.Series(np.maximum(ended, np.where(involved, looked_at + 2 * DAY, 0))),
        succeeds=pl.Series(succeeds),
        at_once=pl.Series(at_once & (phase == BEFORE_SHIPPING)),
        lost=pl.Series((what == STALL) & succeeds & (_of_order(rng.random(count), cases) < LOST_SHARE)),
        fault=pl.Series(np.where(involved, np.where(succeeds, "卖家", "买家"), "")),
        attempt=pl.lit(1, pl.Int64),
    )


def _asked_again(cases: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Some cases that the buyer let lapse after receipt are asked for again and then succeed."""
    lapsed = cases.filter(~pl.col("succeeds") & (pl.col("phase") == AFTER_RECEIPT) & ~pl.col("refused"))
    lapsed = lapsed.filter(pl.Series(rng.random(len(lapsed)) < ASKED_AGAIN_SHARE, dtype=pl.Boolean))
    applied = lapsed["ended"] + pl.Series(rng.integers(2 * HOUR, 2 * DAY, size=len(lapsed)))
    ended = applied + pl.Series(rng.integers(3 * DAY, 9 * DAY, size=len(lapsed)))
    returns = pl.col("kind") == "return_refund"
    return lapsed.with_columns(
        applied=applied,
        ended=ended,
        agreed=pl.when(returns).then(applied + 4 * HOUR).otherwise(NEVER),
        returned=pl.when(returns).then(applied + 2 * DAY).otherwise(NEVER),
        succeeds=pl.lit(True),
        attempt=pl.lit(2, pl.Int64),
    )


def settled(orders: pl.DataFrame, lines: pl.DataFrame, cases: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders and lines once the refunds have had their say.

    Orders gain `delivered` (`NEVER` for what was cancelled, lost or refused), `closed` (all lines given back in full
    before the buyer confirmed); their `shipped` and `confirmed` are mended. Lines gain `closed` and `first_asked`.
    """
    count = len(orders)
    order, phase = cases["order"].to_numpy(), cases["phase"].to_numpy()
    good, ended = cases["succeeds"].to_numpy(), cases["ended"].to_numpy()
    stopped, gone = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    stopped[order[(phase == BEFORE_SHIPPING) & good]] = True
    gone[order[(phase == IN_TRANSIT) & good & (cases["lost"].to_numpy() | (cases["arrived"] == NEVER).to_numpy())]] = (
        True
    )
    turned = (phase == IN_TRANSIT) & good & (cases["outcome"] != STALL).to_numpy()
    gone[order[turned]] = True
    shipped = orders["shipped"].to_numpy().copy()
    # an order under request waits: it leaves after the request lapsed
    lapsed = (phase == BEFORE_SHIPPING) & ~good
    np.maximum.at(shipped, order[lapsed], ended[lapsed] + 3 * HOUR)
    shift = shipped - orders["shipped"].to_numpy()
    late = {c: np.where(stopped, NEVER, np.minimum(orders[c].to_numpy() + shift, NEVER)) for c in ("scanned", "due")}
    delivered = np.where(gone, NEVER, late["due"])
    # stalled parcels that came in the end came when the case was about to close
    stalled = (cases["outcome"] == STALL).to_numpy() & ~gone[order] & ~stopped[order]
    np.maximum.at(delivered, order[stalled], ended[stalled] - HOUR)
    confirmed = np.where(gone | stopped, NEVER, orders["confirmed"].to_numpy() + shift)
    confirmed = np.minimum(np.maximum(confirmed, np.where(delivered < NEVER, delivered + 2 * HOUR, 0)), NEVER)
    during = cases["applied"].to_numpy() < confirmed[order]
    np.maximum.at(confirmed, order[during], ended[during] + 60)
    line_closed = np.full(len(lines), NEVER)
    closes = good & cases["full"].to_numpy() & (cases["applied"].to_numpy() < confirmed[order])
    line_closed[cases["line"].to_numpy()[closes]] = ended[closes]
    closed = np.zeros(count, dtype=np.int64)
    np.maximum.at(closed, lines["order"].to_numpy(), line_closed)
    confirmed = np.where(closed < NEVER, NEVER, confirmed)
    orders = orders.with_columns(
        shipped=pl.Series(np.where(stopped, NEVER, np.minimum(shipped, NEVER))),
        scanned=pl.Series(late["scanned"]),
        delivered=pl.Series(delivered),
        confirmed=pl.Series(np.minimum(confirmed, NEVER)),
        closed=pl.Series(closed),
    )
    return orders, lines.with_columns(closed=pl.Series(line_closed))
